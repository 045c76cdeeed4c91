//! The cells of a group, counted by state, with the inhabitants they speak for.

use std::sync::Arc;

use arrow::array::{Array, Float64Array, Int64Array, StringArray};
use utbredt_model::{CellState, ReasonedState};

use super::groups::Placed;
use super::table::Table;

/// What the cells of a group have in common.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally<'a> {
    state: Option<ReasonedState<'a>>,
    marks: i64,
    reported: i64,
    expected: i64,
    not_valid: i64,
    suppressed: i64,
    covered: Option<i64>,
    persons: Option<i64>,
    persons_expected: Option<i64>,
}

/// Counts the cells of every group by state, and the inhabitants they speak for.
pub(crate) fn tally<'a>(
    groups: usize,
    placed: &[Placed],
    states: &[Option<ReasonedState<'a>>],
    marks: &Int64Array,
    persons: &Int64Array,
) -> Vec<Tally<'a>> {
    let mut tallies = vec![Tally::default(); groups];
    for Placed { row, group } in placed {
        let Some(reasoned) = &states[*row] else { continue };
        let tally = &mut tallies[*group];
        let state = reasoned.state;
        tally.state = Some(match tally.state.take() {
            Some(before) => ReasonedState::of_area(&[before, reasoned.clone()]),
            None => reasoned.clone(),
        });
        let inhabitants = persons.is_valid(*row).then(|| persons.value(*row));
        // Coverage is a share of all who live in the area: whoever is left out lowers it, whatever the reason.
        tally.persons = plus(tally.persons, inhabitants);
        if state.expected() {
            tally.expected += 1;
            tally.persons_expected = plus(tally.persons_expected, inhabitants);
        }
        match state {
            CellState::Ok => {
                tally.reported += 1;
                tally.covered = plus(tally.covered, inhabitants);
                // Only what was added marks the sum: a mark of a cell without a number would be misleading.
                tally.marks |= if marks.is_valid(*row) { marks.value(*row) } else { 0 };
            }
            CellState::Suppressed => tally.suppressed += 1,
            CellState::NotValid => tally.not_valid += 1,
            CellState::Missing | CellState::NotApplicable => {}
        }
    }
    tallies
}

fn plus(sum: Option<i64>, more: Option<i64>) -> Option<i64> {
    match (sum, more) {
        (Some(sum), Some(more)) => Some(sum + more),
        (sum, more) => sum.or(more),
    }
}

/// A number of a tally.
type Number = fn(&Tally<'_>) -> Option<i64>;

/// Adds the columns of tallies.
pub(crate) fn add_tallies(table: &mut Table, tallies: &[Tally<'_>]) {
    let states = tallies.iter().map(|tally| match &tally.state {
        Some(state) => state.to_string(),
        // A group without a cell in any state is one the question does not arise for.
        None => CellState::NotApplicable.as_str().to_owned(),
    });
    let states = StringArray::from_iter_values(states);
    table.add("state", Arc::new(states));
    let of_all = tallies.iter().map(|tally| covered_share(tally, tally.persons));
    table.add("coverage", Arc::new(of_all.collect::<Float64Array>()));
    let of_expected = tallies.iter().map(|tally| covered_share(tally, tally.persons_expected));
    table.add("coverage_of_expected", Arc::new(of_expected.collect::<Float64Array>()));
    let numbers: [(&str, Number); 7] = [
        ("marks", |tally| Some(tally.marks)),
        ("reported", |tally| Some(tally.reported)),
        ("expected", |tally| Some(tally.expected)),
        ("suppressed", |tally| Some(tally.suppressed)),
        ("not_valid", |tally| Some(tally.not_valid)),
        ("covered", |tally| tally.covered),
        ("persons", |tally| tally.persons),
    ];
    for (name, number) in numbers {
        table.add(name, Arc::new(tallies.iter().map(number).collect::<Int64Array>()));
    }
}

/// The share of so many inhabitants that the reported cells speak for.
#[expect(clippy::cast_precision_loss, reason = "inhabitants are far below 2^53")]
fn covered_share(tally: &Tally<'_>, persons: Option<i64>) -> Option<f64> {
    let persons = persons.filter(|persons| *persons != 0)?;
    Some(tally.covered.unwrap_or(0) as f64 / persons as f64)
}
