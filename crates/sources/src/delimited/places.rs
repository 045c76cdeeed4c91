//! Where the columns a contract names stand in this delivery's header.

use std::collections::BTreeMap;

use csv::StringRecord;
use utbredt_model::{MeasureId, Period};

use super::contract::Contract;
use super::grid::Line;
use super::number;

/// Column names agree when they differ in case and outer blanks only.
pub(super) fn same_name(wanted: &str, have: &str) -> bool {
    wanted.trim().to_lowercase() == have.trim().to_lowercase()
}

/// A value column and what its name decides.
pub(super) struct ValueColumn {
    pub(super) at: usize,
    pub(super) measure: Option<MeasureId>,
    pub(super) period: Option<Period>,
}

/// The declared columns' places in this delivery's header.
pub(super) struct Places {
    by_name: BTreeMap<String, usize>,
    pub(super) values: Vec<ValueColumn>,
    width: usize,
}

impl Places {
    pub(super) fn find(contract: &Contract, header: &StringRecord) -> Result<Self, Vec<String>> {
        let mut by_name = BTreeMap::new();
        let mut breaches = Vec::new();
        for wanted in contract.columns() {
            let mut at =
                header.iter().enumerate().filter(|(_, have)| same_name(wanted, have)).map(|(i, _)| i);
            match (at.next(), at.next()) {
                (Some(at), None) => {
                    by_name.insert(wanted.to_owned(), at);
                }
                (Some(_), Some(_)) => breaches.push(format!("column `{wanted}` stands twice in the header")),
                (None, _) => breaches.push(missing(wanted, header)),
            }
        }
        let mut values = Vec::new();
        for at in contract.value.column.iter().filter_map(|name| by_name.get(name)) {
            values.push(ValueColumn { at: *at, measure: None, period: None });
        }
        let wide = contract.wide.clone().unwrap_or_default();
        for (name, measure) in &wide.measures {
            if let Some(at) = by_name.get(name) {
                values.push(ValueColumn { at: *at, measure: Some(measure.clone()), period: None });
            }
        }
        if wide.periods {
            let prefix = wide.prefix_to_strip.as_deref().unwrap_or_default();
            let taken: Vec<usize> = by_name.values().copied().collect();
            for (at, name) in header.iter().enumerate().filter(|(at, _)| !taken.contains(at)) {
                let name = name.trim();
                if let Ok(period) = number::period(name.strip_prefix(prefix).unwrap_or(name)) {
                    values.push(ValueColumn { at, measure: None, period: Some(period) });
                }
            }
        }
        if values.is_empty() && breaches.is_empty() {
            breaches.push("no column of the header is named by a period".to_owned());
        }
        if breaches.is_empty() { Ok(Self { by_name, values, width: header.len() }) } else { Err(breaches) }
    }

    /// A cell by its column's declared name; empty when the row is too short.
    pub(super) fn cell<'r>(&self, cells: &'r StringRecord, column: &str) -> &'r str {
        self.by_name.get(column).and_then(|at| cells.get(*at)).unwrap_or("").trim()
    }

    /// Refuses rows that are too short or too long for the header.
    pub(super) fn check_width(&self, line: &Line<'_>) -> Result<(), String> {
        let (have, want) = (line.cells.len(), self.width);
        let surplus = line.cells.iter().skip(want).any(|cell| !cell.trim().is_empty());
        // A spreadsheet leaves out trailing blanks; delimited text does not.
        if !surplus && (have >= want || line.trimmed) {
            return Ok(());
        }
        let other = [';', '\t', ','].into_iter().find(|d| have == 1 && want > 1 && line.raw.contains(*d));
        Err(match other {
            Some(d) => {
                format!("the row has 1 field of {want}; it seems delimited by `{}`", d.escape_default())
            }
            None if surplus => {
                format!("the row has {have} fields, the header {want}: a delimiter inside a field?")
            }
            None => format!("the row is cut short: {have} fields, the header has {want}"),
        })
    }
}

fn missing(wanted: &str, header: &StringRecord) -> String {
    let distance =
        |have: &&str| strsim::damerau_levenshtein(&wanted.to_lowercase(), &have.trim().to_lowercase());
    let short = |have: &&str| have.len() <= 100 && !have.trim().is_empty();
    match header.iter().filter(short).min_by_key(distance) {
        Some(nearest) => {
            format!("column `{wanted}` is missing; nearest in the header is `{}`", nearest.trim())
        }
        None => format!("column `{wanted}` is missing; the header names no column"),
    }
}
