//! What a corrected delivery changed, cell by cell.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use utbredt_model::Period;

use crate::IngestError;
use crate::columns::day_of;
use crate::facts::{event_rows, usage_rows};

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
    /// Of those changed, the ones that had a number and are reported without one now: missing, suppressed or not
    /// applicable. That is reported, so it is no loss, and nothing else shows it.
    pub withdrawn: usize,
}

impl Diff {
    /// Adds what changed elsewhere.
    pub(crate) fn add(&mut self, other: Self) {
        self.added += other.added;
        self.removed += other.removed;
        self.withdrawn += other.withdrawn;
        self.changed.extend(other.changed);
    }
}

type Cells = BTreeMap<String, String>;

/// The facts of a delivery by key.
pub(crate) fn cells(usage: &RecordBatch, events: &RecordBatch) -> Result<Cells, IngestError> {
    let mut cells = Cells::new();
    for row in usage_rows(usage)? {
        let period = Period { start: day_of(row.start), end: day_of(row.end) };
        // Organisations of one municipality report their own counts of the same measure.
        let owner = row.organisation.map_or(String::new(), |number| format!(" {number}"));
        let key = format!("{} {} {}{owner} {period}", row.solution, row.measure, row.code);
        cells.insert(key, row.value.map_or_else(|| row.state.to_owned(), |value| value.to_string()));
    }
    for row in event_rows(events)? {
        // Several stages may begin on one day, and each counts.
        cells
            .entry(format!("{} stage {} {}", row.solution, row.code, day_of(row.valid_from)))
            .and_modify(|all| *all = format!("{all} then {}", row.stage))
            .or_insert_with(|| row.stage.to_owned());
    }
    Ok(cells)
}

/// What became of the old cells.
pub(crate) fn diff(old: &Cells, new: &Cells) -> Diff {
    let mut changed = Vec::new();
    for (key, now) in new {
        if let Some(before) = old.get(key).filter(|before| *before != now) {
            changed.push(ChangedCell { key: key.clone(), old: before.clone(), new: now.clone() });
        }
    }
    let is_number = |text: &str| text.parse::<i64>().is_ok();
    let withdrawn = changed.iter().filter(|cell| is_number(&cell.old) && !is_number(&cell.new)).count();
    Diff {
        withdrawn,
        added: new.keys().filter(|key| !old.contains_key(*key)).count(),
        removed: old.keys().filter(|key| !new.contains_key(*key)).count(),
        changed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_is_added_removed_changed_or_the_same() {
        let cells = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        let found = diff(
            &cells(&[
                ("a", "1"),
                ("b", "2"),
                ("c", "missing"),
                ("f", "0"),
                ("g", "suppressed"),
                ("h", "pilot"),
            ]),
            &cells(&[
                ("b", "2"),
                ("c", "7"),
                ("d", "4"),
                ("e", "5"),
                ("f", "suppressed"),
                ("g", "missing"),
                ("h", "paused"),
            ]),
        );
        let changed = [("c", "missing", "7"), ("f", "0", "suppressed"), ("g", "suppressed", "missing")];
        let changed = changed.into_iter().chain([("h", "pilot", "paused")]);
        let changed = changed
            .map(|(key, old, new)| ChangedCell { key: key.into(), old: old.into(), new: new.into() })
            .collect();
        // Only `f` had a number; a number of 0 is one.
        assert_eq!(found, Diff { added: 2, removed: 1, changed, withdrawn: 1 });
    }
}
