//! What only many rows together show: counters that fall, notes below a table, parts of a sum.

use std::collections::BTreeMap;

use utbredt_model::{CellState, Observation, ObservedFact, Period, Reason, ReasonCode, Subject};

use super::contract::PeriodColumns;
use super::grid::Line;

/// At most this many breaches of one kind are listed.
const MAX_LISTED: usize = 20;

/// Tells the notes below a table from its rows.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// The last row, and the first line behind it.
    next: u64,
    /// A blank row or a total was passed, and no row of a table has come since.
    below: bool,
    /// The last line was blank, or blank ones stand before it.
    blank: bool,
}

impl Notes {
    /// Whether a row is a note: below a blank row or a total, with a text in one cell that is no place, and nothing else.
    pub(super) fn take(&mut self, line: &Line<'_>, is_place: impl Fn(&str) -> bool) -> bool {
        let mut filled = line.cells.iter().filter(|cell| !cell.trim().is_empty());
        let (first, second) = (filled.next(), filled.next());
        let lines = line.raw.matches('\n').count().max(line.raw.matches('\r').count());
        let gap = self.next > 0 && line.row > self.next;
        self.next = line.row + 1 + lines as u64;
        self.blank = gap || first.is_none();
        self.below |= self.blank;
        let is_text = |text: &str| text.contains(char::is_alphabetic) && !is_place(text);
        let note = second.is_none() && first.is_some_and(is_text);
        self.below &= note || first.is_none();
        self.below && note
    }

    /// A total was passed, which ends a table as a blank row does.
    pub(super) fn pass_total(&mut self) {
        self.below = true;
    }

    /// Whether blank rows were passed with the last row taken.
    pub(super) fn after_blank(&self) -> bool {
        self.blank
    }
}

/// The reason a note is left out.
pub(super) fn note() -> Reason {
    Reason::new(ReasonCode::Excluded, "a note below the table: one text behind a blank row or a total")
}

/// Adds a part to the sum; a part without a value leaves the sum without one.
pub(super) fn add(fact: &mut ObservedFact, part: Option<i64>, part_state: CellState) -> Result<(), Reason> {
    let ObservedFact::Usage { value, state, .. } = fact else { return Ok(()) };
    match (*value, part) {
        (Some(sum), Some(part)) => {
            let too_large =
                || Reason::new(ReasonCode::NumberTooLarge, "the sum of the rows is too large a number");
            *value = Some(sum.checked_add(part).ok_or_else(too_large)?);
        }
        (Some(_), None) => (*value, *state) = (None, part_state),
        // A sum with a hidden part hides it.
        (None, None) if part_state == CellState::Suppressed => *state = part_state,
        (None, _) => {}
    }
    Ok(())
}

/// Counters that are agreed never to fall, and did.
pub(super) fn decreases(observations: &[Observation]) -> Vec<String> {
    let mut counters: BTreeMap<_, Vec<(Period, i64, u64)>> = BTreeMap::new();
    for o in observations {
        if let ObservedFact::Usage { solution_id, measure_id, period, value: Some(value), .. } = &o.fact {
            let counter = counters.entry((&o.subject, solution_id, measure_id)).or_default();
            counter.push((*period, *value, o.row));
        }
    }
    let mut breaches = Vec::new();
    for ((subject, _, measure), mut points) in counters {
        // A delivery need not be in order of time.
        points.sort();
        for pair in points.windows(2) {
            let [(before, high, _), (after, low, row)] = pair else { continue };
            if low < high && breaches.len() < MAX_LISTED {
                let subject = show(subject);
                breaches.push(format!(
                    "row {row}: `{measure}` of {subject} falls from {high} in {before} to {low} in {after}, \
                     but it is agreed never to fall"
                ));
            }
        }
    }
    breaches
}

/// Why a delivery without rows is held. `names` is the row of column names that it does not reach.
pub(super) fn no_rows(names: Option<u32>, rows: u64) -> Option<String> {
    match names {
        Some(row) => Some(format!("the delivery ends before row {row}, where the column names should be")),
        None if rows == 0 => Some("there are no rows below the column names".to_owned()),
        None => None,
    }
}

/// Why rows that a column left out tells apart hold the delivery.
pub(super) fn differ((first, second): (u64, u64), left_out: &str, period: Option<&PeriodColumns>) -> String {
    let floored = period.filter(|period| period.granularity.is_some());
    if floored.is_some_and(|period| {
        [&period.column, &period.start].into_iter().flatten().any(|name| name == left_out)
    }) {
        return format!(
            "rows {first} and {second} are of the same municipality and period, which `granularity` in [period] makes of the days in \
             `{left_out}`: leave it out, and longer periods are added up from the days that came"
        );
    }
    format!(
        "rows {first} and {second} are of the same municipality and period and differ in a column that the contract leaves out \
         (`{left_out}`): declare `sum_over` in [value] to add them, or filter the file"
    )
}

/// The reason of a row that says the same again.
pub(super) fn duplicate(first: u64, subject: &Subject, period: Period) -> Reason {
    let text = format!("duplicate of row {first}: {} in {period} again, with the same value", show(subject));
    Reason::new(ReasonCode::Duplicate, text)
}

/// The reason of a row that says something else of a cell than another row.
pub(super) fn contradicts(row: u64, subject: &Subject, period: Period, how: &str) -> Reason {
    let text = format!("contradicts row {row}: {} in {period} {how}", show(subject));
    Reason::new(ReasonCode::Contradiction, text)
}

pub(super) fn show(subject: &Subject) -> String {
    match subject {
        Subject::Municipality(code) => format!("municipality {code}"),
        Subject::Organisation(number) => format!("organisation {number}"),
    }
}
