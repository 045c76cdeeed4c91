//! The unit that rows state, compared with the one agreed.

use std::collections::BTreeSet;

use super::contract::{ValueRules, same_name};
use super::grid::Line;
use super::places::Places;

/// At most this many units are listed: a wrong one is usually wrong in every row.
const MAX_LISTED: usize = 20;

/// The units met that are not the one agreed.
#[derive(Debug, Default)]
pub(super) struct Units {
    others: BTreeSet<String>,
}

impl Units {
    /// Why a row holds the delivery, said once for each other unit.
    pub(super) fn take(&mut self, rules: &ValueRules, places: &Places, line: &Line<'_>) -> Option<String> {
        let (Some(unit), Some(column)) = (&rules.unit, &rules.unit_column) else { return None };
        let stated = places.cell(line.cells, column);
        let new = !same_name(unit, stated)
            && self.others.len() < MAX_LISTED
            && self.others.insert(stated.to_owned());
        new.then(|| format!("row {}: the unit is `{stated}`, agreed was `{unit}`", line.row))
    }
}
