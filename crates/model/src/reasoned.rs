//! A state with the codes of its reasons, as cells carry it: `missing/not_delivered`; several codes have blanks between
//! them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use crate::CellState;

/// A state, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReasonedState<'a> {
    /// The state.
    pub state: CellState,
    /// Codes, each once and in alphabetical order, blanks between them; empty for none.
    pub reasons: Cow<'a, str>,
}

impl<'a> ReasonedState<'a> {
    /// Reads `state` or `state/code code`.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let (state, reasons) = text.split_once('/').unwrap_or((text, ""));
        Some(Self { state: CellState::parse(state)?, reasons: Cow::Borrowed(reasons) })
    }

    /// The state of a cell made of several inputs, by [`CellState::of_inputs`], with the reasons of all inputs that have
    /// it.
    #[must_use]
    pub fn of_inputs(inputs: &[Self]) -> Self {
        Self::with_reasons(CellState::of_inputs(inputs.iter().map(|input| input.state)), inputs)
    }

    /// The state of an area made of cells, by [`CellState::of_area`], with the reasons of all cells that have it.
    #[must_use]
    pub fn of_area(cells: &[Self]) -> Self {
        Self::with_reasons(CellState::of_area(cells.iter().map(|cell| cell.state)), cells)
    }

    /// A state with the reasons that any of `all` has for it.
    #[must_use]
    pub fn with_reasons(state: CellState, all: &[Self]) -> Self {
        let mut reasons: Cow<'a, str> = Cow::Borrowed("");
        for one in all.iter().filter(|one| one.state == state) {
            if reasons.is_empty() {
                reasons = one.reasons.clone();
            } else if one.reasons != reasons {
                reasons = joined(&reasons, &one.reasons).into();
            }
        }
        Self { state, reasons }
    }
}

impl From<CellState> for ReasonedState<'_> {
    fn from(state: CellState) -> Self {
        Self { state, reasons: Cow::Borrowed("") }
    }
}

impl fmt::Display for ReasonedState<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.state.as_str())?;
        if self.reasons.is_empty() { Ok(()) } else { write!(f, "/{}", self.reasons) }
    }
}

fn joined(a: &str, b: &str) -> String {
    let codes: BTreeSet<&str> = a.split(' ').chain(b.split(' ')).filter(|code| !code.is_empty()).collect();
    codes.into_iter().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_has_the_reasons_of_the_inputs_that_decide() {
        let cell = |texts: &[&str]| {
            let states: Vec<_> = texts.iter().map(|text| ReasonedState::parse(text).unwrap()).collect();
            ReasonedState::of_inputs(&states).to_string()
        };
        assert_eq!(
            cell(&["ok", "not_applicable/no_denominator", "missing/not_delivered"]),
            "missing/not_delivered"
        );
        assert_eq!(
            cell(&["missing/not_delivered", "missing/incomplete_period", "ok"]),
            "missing/incomplete_period not_delivered"
        );
        assert_eq!(cell(&["missing/not_delivered", "suppressed"]), "suppressed");
        assert_eq!(cell(&["ok", "ok"]), "ok");
        assert_eq!(cell(&["missing/a c", "missing/b c"]), "missing/a b c");
    }

    #[test]
    fn an_area_has_the_reasons_of_the_cells_that_decide() {
        let area = |texts: &[&str]| {
            let states: Vec<_> = texts.iter().map(|text| ReasonedState::parse(text).unwrap()).collect();
            ReasonedState::of_area(&states).to_string()
        };
        assert_eq!(area(&["ok", "missing/not_delivered"]), "ok");
        assert_eq!(
            area(&["not_applicable/not_introduced", "missing/not_delivered"]),
            "missing/not_delivered"
        );
        assert_eq!(
            area(&["not_applicable/no_target", "not_applicable/not_introduced"]),
            "not_applicable/no_target not_introduced"
        );
        assert_eq!(area(&[]), "not_valid");
    }

    #[test]
    fn a_text_that_is_no_state_is_none() {
        assert_eq!(ReasonedState::parse("missing/late").unwrap().reasons, "late");
        assert_eq!(ReasonedState::parse("late"), None);
    }
}
