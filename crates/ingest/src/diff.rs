//! What a corrected delivery changed, cell by cell.

use std::collections::BTreeMap;

use polars::prelude::DataFrame;
use utbredt_model::Period;

use crate::IngestError;
use crate::bridge::day_of;

/// A cell that says something else than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedCell {
    /// Which: solution, measure or `stage`, municipality and period or day.
    pub key: String,
    /// The count, state or stage before.
    pub old: String,
    /// The one now.
    pub new: String,
}

/// What a correction changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diff {
    /// Cells that were not there.
    pub added: usize,
    /// Cells that are there no longer.
    pub removed: usize,
    /// Cells that say something else, by key.
    pub changed: Vec<ChangedCell>,
}

type Cells = BTreeMap<String, String>;

/// The facts of a delivery by key.
pub(crate) fn cells(usage: &DataFrame, events: &DataFrame) -> Result<Cells, IngestError> {
    let mut cells = Cells::new();
    if usage.height() > 0 {
        let text = |name| Ok::<_, IngestError>(usage.column(name)?.str()?);
        let day = |name| Ok::<_, IngestError>(usage.column(name)?.i32()?);
        let (solutions, measures, states) = (text("solution_id")?, text("measure_id")?, text("state")?);
        let (codes, organisations) = (text("municipality_code")?, text("organisation_number")?);
        let (starts, ends) = (day("period_start")?, day("period_end")?);
        let values = usage.column("value")?.i64()?;
        for at in 0..usage.height() {
            let whom = [codes.get(at), organisations.get(at)].into_iter().flatten().collect::<Vec<_>>();
            let days = (starts.get(at).unwrap_or_default(), ends.get(at).unwrap_or_default());
            let period = Period { start: day_of(days.0), end: day_of(days.1) };
            let what = [solutions.get(at).unwrap_or_default(), measures.get(at).unwrap_or_default()];
            let state = || states.get(at).unwrap_or_default().to_owned();
            let key = format!("{} {} {period}", what.join(" "), whom.join(" "));
            cells.insert(key, values.get(at).map_or_else(state, |value| value.to_string()));
        }
    }
    if events.height() > 0 {
        let text = |name| Ok::<_, IngestError>(events.column(name)?.str()?);
        let (solutions, codes, stages) = (text("solution_id")?, text("municipality_code")?, text("stage")?);
        let days = events.column("valid_from")?.i32()?;
        for at in 0..events.height() {
            let day = day_of(days.get(at).unwrap_or_default());
            let [solution, code, stage] = [solutions, codes, stages].map(|c| c.get(at).unwrap_or_default());
            cells
                .entry(format!("{solution} stage {code} {day}"))
                .and_modify(|all| *all = format!("{all} then {stage}"))
                .or_insert_with(|| stage.to_owned());
        }
    }
    Ok(cells)
}

/// What became of the old cells.
pub(crate) fn diff(old: &Cells, new: &Cells) -> Diff {
    let changed = |(key, now): (&String, &String)| {
        let before = old.get(key).filter(|before| *before != now)?;
        Some(ChangedCell { key: key.clone(), old: before.clone(), new: now.clone() })
    };
    Diff {
        added: new.keys().filter(|key| !old.contains_key(*key)).count(),
        removed: old.keys().filter(|key| !new.contains_key(*key)).count(),
        changed: new.iter().filter_map(changed).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_is_added_removed_changed_or_the_same() {
        let cells = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        let found = diff(
            &cells(&[("a", "1"), ("b", "2"), ("c", "missing")]),
            &cells(&[("b", "2"), ("c", "7"), ("d", "4"), ("e", "5")]),
        );
        let changed = vec![ChangedCell { key: "c".into(), old: "missing".into(), new: "7".into() }];
        assert_eq!(found, Diff { added: 2, removed: 1, changed });
    }
}
