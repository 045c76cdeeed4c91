//! Several rows about one cell, for whoever brings together the rows of a file that was read piece by piece.

use utbredt_model::{Period, Reason, Subject};

use super::contract::Contract;
use super::series;

/// A row about a cell that other rows are about too.
#[derive(Debug, Clone, Copy)]
pub struct Repeated<'r> {
    /// Its number.
    pub row: u64,
    /// Whom it is about.
    pub subject: &'r Subject,
    /// When.
    pub period: Period,
    /// Its value and state.
    pub content: (Option<i64>, &'r str),
    /// What it has in the columns left out, as `Piece` has it.
    pub rest: u64,
}

/// What becomes of rows about one cell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settled {
    /// Whether the first row stays.
    pub keeps_first: bool,
    /// The rows that do not, with the reason.
    pub rejected: Vec<(u64, Reason)>,
    /// Why the delivery is held, with the row that shows it.
    pub breach: Option<(u64, String)>,
}

/// What becomes of several rows about one cell, in the order of the file, as if it had been read as a whole.
#[must_use]
pub fn settle(contract: &Contract, left_out: &str, rows: &[Repeated<'_>]) -> Settled {
    let Some((first, later)) = rows.split_first() else { return Settled::default() };
    let mut settled = Settled { keeps_first: true, ..Settled::default() };
    for row in later {
        let differs = first.rest != row.rest;
        let same = first.content == row.content;
        if differs && settled.breach.is_none() {
            let period = contract.period.as_ref();
            settled.breach = Some((row.row, series::differ((first.row, row.row), left_out, period)));
        }
        if same && !differs {
            settled.rejected.push((row.row, series::duplicate(first.row, row.subject, row.period)));
            continue;
        }
        let how = if same { "is there too, beside other words" } else { "has another value there" };
        // It is taken back once, by the first row that contradicts it.
        if settled.keeps_first {
            settled.keeps_first = false;
            settled.rejected.push((first.row, series::contradicts(row.row, row.subject, row.period, how)));
        }
        settled.rejected.push((row.row, series::contradicts(first.row, row.subject, row.period, how)));
    }
    settled
}
