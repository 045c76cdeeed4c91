//! Joined cells of a workbook: the first of them has the text, and the others are blank though a person sees the text
//! over all of them. A number over several rows is one of all of them, and nobody knows how much is of each.

use utbredt_model::{Reason, ReasonCode};

use super::contract::Contract;
use super::grid::Line;
use super::places::{Places, ValueColumn};
use super::tags::{attribute, cell_at, count, each_ods_cell, named};

/// Cells that are joined into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Joined {
    /// The first and the last row, from 1.
    rows: (u64, u64),
    /// The first and the last column, from 0.
    columns: (usize, usize),
}

impl Joined {
    fn has(&self, column: usize) -> bool {
        (self.columns.0..=self.columns.1).contains(&column)
    }

    /// Its first row and its columns, where it reaches over several rows.
    pub(super) fn over_several_rows(&self) -> Option<(u64, (usize, usize))> {
        (self.over_rows() > 1).then_some((self.rows.0, self.columns))
    }

    fn over_rows(&self) -> u64 {
        self.rows.1 - self.rows.0 + 1
    }
}

/// The joined cells of an XLSX sheet.
pub(super) fn xlsx(text: &str) -> Vec<Joined> {
    let mut found = Vec::new();
    for tag in named(text, "mergeCell") {
        let ends = attribute(tag, "ref").and_then(|range| range.split_once(':'));
        let ends = ends.and_then(|(first, last)| cell_at(first).zip(cell_at(last)));
        let Some(((top, left), (bottom, right))) = ends else { continue };
        if top > bottom || left > right {
            continue;
        }
        let columns = usize::try_from(left).ok().zip(usize::try_from(right).ok());
        let rows = (u64::from(top) + 1, u64::from(bottom) + 1);
        found.extend(columns.map(|columns| Joined { rows, columns }));
    }
    found
}

/// The joined cells of an ODS sheet.
pub(super) fn ods(text: &str, sheet: &str) -> Vec<Joined> {
    let mut found = Vec::new();
    each_ods_cell(text, sheet, &mut |piece, tag| {
        let rows = attribute(tag, "table:number-rows-spanned").and_then(|rows| rows.parse().ok());
        let rows: u64 = rows.unwrap_or(1).max(1);
        let columns = count(tag, "table:number-columns-spanned").unwrap_or(1).max(1);
        if rows > 1 || columns > 1 {
            let (top, left) = (piece.rows.0.saturating_add(1), piece.columns.0);
            found.push(Joined {
                rows: (top, top.saturating_add(rows - 1)),
                columns: (left, left.saturating_add(columns - 1)),
            });
        }
    });
    found
}

/// The joined cells of a sheet, asked for row by row from the top.
#[derive(Debug)]
pub(super) struct Reaching {
    /// Those of rows below, the topmost last.
    below: Vec<Joined>,
    /// Those that reach into the row.
    here: Vec<Joined>,
}

impl Reaching {
    pub(super) fn new(mut joined: Vec<Joined>) -> Self {
        joined.sort_by_key(|joined| std::cmp::Reverse(joined.rows.0));
        Self { below: joined, here: Vec::new() }
    }

    /// Those that reach into a row, which is below every row asked for before.
    pub(super) fn at(&mut self, row: u64) -> &[Joined] {
        while let Some(next) = self.below.pop_if(|next| next.rows.0 <= row) {
            self.here.push(next);
        }
        self.here.retain(|joined| joined.rows.1 >= row);
        &self.here
    }
}

/// Refuses a value that is joined with another row's, with another value, or with a cell that is none.
pub(super) fn check_value(places: &Places, line: &Line<'_>, column: usize) -> Result<(), Reason> {
    for joined in line.look.joined.iter().filter(|joined| joined.has(column)) {
        // A cell that is only drawn wide, over columns of no value, is one number of one row.
        let others = |value: &ValueColumn| value.at != column && joined.has(value.at);
        if joined.over_rows() == 1 && joined.columns.0 == column && !places.values.iter().any(others) {
            continue;
        }
        let (over, from) = (joined.over_rows(), joined.rows.0);
        let wide = joined.columns.1 - joined.columns.0 + 1;
        let text = format!(
            "the value is in a joined cell over {over} rows and {wide} columns, from row {from}: how much of its number \
             belongs to each is not known; split the cell and give each its own number"
        );
        return Err(Reason::new(ReasonCode::InvalidField, text));
    }
    Ok(())
}

/// Refuses a row whose word about its number, as a mark or a state, is in a joined cell that begins above: the row's own
/// cell is blank, and blank has another meaning there.
pub(super) fn check_words(contract: &Contract, places: &Places, line: &Line<'_>) -> Result<(), Reason> {
    if line.look.joined.is_empty() {
        return Ok(());
    }
    let marks = contract.markers().filter_map(|(_, rule)| rule.column.as_ref());
    let states = contract.state.iter().map(|state| &state.column);
    for name in marks.chain(states).chain(contract.filter.keys()) {
        let Some(at) = places.at(name) else { continue };
        let above = line.look.joined.iter().find(|joined| joined.has(at) && joined.rows.0 < line.row);
        if let Some(joined) = above {
            let text = format!(
                "the cell in `{name}` is joined with those above from row {}: split it, so that each row has its own word",
                joined.rows.0
            );
            return Err(Reason::new(ReasonCode::InvalidField, text));
        }
    }
    Ok(())
}
