//! The cell of a value: a number, or a sign in its place, with the source's reservations about it.

use utbredt_model::{CellState, Marks, Reason, ReasonCode};

use super::contract::{Contract, Marker, OutOfRange, Symbol, ValueRules};
use super::fractions::Fractions;
use super::grid::Line;
use super::joined;
use super::number;
use super::places::{Places, ValueColumn};

/// What a cell says.
pub(super) struct Value {
    /// The number; `None` unless the state is `ok`.
    pub(super) number: Option<i64>,
    pub(super) state: CellState,
    pub(super) marks: Marks,
}

/// Reads one.
pub(super) fn read(
    contract: &Contract,
    places: &Places,
    line: &Line<'_>,
    column: &ValueColumn,
    fractions: &mut Fractions,
) -> Result<Value, Reason> {
    joined::check_value(places, line, column.at)?;
    let text = number::visible(line.cells.get(column.at).unwrap_or(""));
    let (text, marks) = marks(contract, places, line, text);
    let stated =
        contract.state.as_ref().map(|s| places.cell(line.cells, &s.column)).filter(|t| !t.is_empty());
    let symbol = match stated {
        Some(word) => match contract.symbols.get(word) {
            Some(symbol) => Some(*symbol),
            None if CellState::parse(word) == Some(CellState::Ok) => Some(Symbol::Ok),
            None => {
                let text = format!("state `{word}` is not among the contract's symbols");
                return Err(Reason::new(ReasonCode::UnknownWord, text));
            }
        },
        None => contract.symbols.get(text).copied().or_else(|| text.is_empty().then_some(Symbol::Missing)),
    };
    let number = match symbol {
        Some(Symbol::Zero) => 0,
        Some(symbol) if symbol != Symbol::Ok => {
            // A value beside a state that has none: one of them is wrong, and it is not known which.
            if stated.is_some() && !text.is_empty() && !contract.symbols.contains_key(text) {
                let state = symbol.state().as_str();
                let text = format!("the state is {state} but there is a value `{text}`");
                return Err(Reason::new(ReasonCode::Contradiction, text));
            }
            return Ok(Value { number: None, state: symbol.state(), marks });
        }
        _ => {
            let decimal = contract.decimal;
            match &contract.value.scale {
                Some(scale) => {
                    let read = number::scaled(text, decimal, scale.factor);
                    fractions.take_scaled(column.at, text, decimal, read.as_ref());
                    read?
                }
                None => {
                    let read = number::whole(text, decimal);
                    fractions.take((column.at, column.of_shares), text, decimal, read.as_ref());
                    read?
                }
            }
        }
    };
    Ok(Value { number: Some(number), state: CellState::Ok, marks })
}

/// At most this many numbers outside their range are listed.
const MAX_LISTED: usize = 20;

/// How many numbers were outside the agreed range.
#[derive(Debug, Default)]
pub(super) struct Ranges(usize);

impl Ranges {
    /// Refuses a number outside it, which may hold the delivery.
    pub(super) fn check(
        &mut self,
        rules: &ValueRules,
        row: u64,
        value: i64,
        breaches: &mut Vec<String>,
    ) -> Result<(), Reason> {
        let Some(reason) = out_of_range(rules, value) else { return Ok(()) };
        // Counted beyond those listed, so that a limit on the list is no limit on the rule.
        self.0 += 1;
        if rules.out_of_range == OutOfRange::Breach && self.0 <= MAX_LISTED {
            breaches.push(format!("row {row}: {reason}"));
        }
        Err(Reason::new(ReasonCode::OutOfRange, reason))
    }
}

/// Why a number is outside the agreed range.
fn out_of_range(rules: &ValueRules, value: i64) -> Option<String> {
    match rules.max {
        _ if value < rules.min => Some(format!("value {value} is below the agreed least, {}", rules.min)),
        Some(max) if value > max => Some(format!("value {value} is above the agreed greatest, {max}")),
        _ => None,
    }
}

/// The reservations about a value, and its text without the marks that end it.
fn marks<'t>(contract: &Contract, places: &Places, line: &Line<'_>, text: &'t str) -> (&'t str, Marks) {
    let (mut text, mut found) = (text, Marks::default());
    let mut at_end: Vec<(Marks, &Marker)> = Vec::new();
    for (mark, rule) in contract.markers() {
        match &rule.column {
            Some(column) if rule.marker.hold(places.cell(line.cells, column)) => found = found.with(mark),
            Some(_) => {}
            None => at_end.push((mark, rule)),
        }
    }
    // Marks of several kinds may follow one number, in any order, each once.
    while !contract.symbols.contains_key(text) {
        let next = at_end.iter().position(|(_, rule)| without_mark(text, rule).is_some());
        let Some((mark, rule)) = next.map(|at| at_end.remove(at)) else { break };
        found = found.with(mark);
        text = without_mark(text, rule).unwrap_or(text);
    }
    (text, found)
}

/// A value without the mark behind it. The mark alone is no number with a reservation, but a sign in its place.
fn without_mark<'t>(text: &'t str, rule: &Marker) -> Option<&'t str> {
    let mut bare = rule.marker.all().iter().filter_map(|mark| text.strip_suffix(mark.as_str()));
    bare.find(|bare| !bare.trim().is_empty()).map(str::trim_end)
}
