//! Registers: what a network decides itself. A file of rows is compared with what is there and with what it was made from, every
//! row is checked, and what is right makes an edition. Nothing is overwritten: editions keep what was, `register_changes` says what
//! became of each row and why.

mod apply;
mod decide;
mod history;
mod places;
mod references;
mod rows;
mod rules;
mod shipped;
mod state;

use std::collections::BTreeMap;

use utbredt_lake::{Edition, Lake};
use utbredt_model::register::{ChangeKind, Refusal, Register};

pub use apply::{Application, Applied, apply};
pub use shipped::{ShippedTable, bring_up_to_date, what_is_shipped};
pub use state::{Proposal, check};

use crate::IngestError;

/// A row of a register: its values by column, as the register writes them; `None` where there is none.
pub type Row = Vec<Option<String>>;

/// What becomes of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowChange {
    /// The row of the file, from 1.
    pub row: u64,
    /// What happens.
    pub kind: ChangeKind,
    /// The values of its key, separated by `|`.
    pub key: String,
    /// As it is.
    pub before: Option<Row>,
    /// As it is to be.
    pub after: Option<Row>,
}

impl RowChange {
    /// The columns whose values differ, each with what it is and what it is to be.
    pub fn fields<'c>(
        &'c self,
        register: &'static Register,
    ) -> impl Iterator<Item = (&'static str, Option<&'c str>, Option<&'c str>)> {
        let value = |row: &'c Option<Row>, at: usize| row.as_ref().and_then(|row| row[at].as_deref());
        let all = register.columns.iter().enumerate();
        all.map(move |(at, column)| (column.name, value(&self.before, at), value(&self.after, at)))
            .filter(|(_, before, after)| before != after)
    }
}

/// The KPIs that a target may be set for, each with whether it is a share.
pub type KnownKpis = BTreeMap<String, bool>;

/// The rows of a register in an edition, in the order of their keys.
///
/// # Errors
/// [`IngestError`] when the lake cannot be read.
pub fn show(lake: &Lake, edition: Option<&Edition>, register: &Register) -> Result<Vec<Row>, IngestError> {
    Ok(rows::read(lake, edition, register)?.into_values().collect())
}

/// The keys of the rows that the network changed itself.
///
/// # Errors
/// [`IngestError`] when the lake cannot be read.
pub fn own(
    lake: &Lake,
    edition: Option<&Edition>,
    register: &Register,
) -> Result<std::collections::BTreeSet<String>, IngestError> {
    history::own_keys(lake, edition, register.table)
}

/// The key of a row, as changes name it.
#[must_use]
pub fn key_of(register: &Register, row: &Row) -> String {
    rows::key(register, row)
}

fn refusal(
    entry: &utbredt_sources::register::Entry,
    column: Option<&str>,
    (reason, fix): (utbredt_model::Reason, String),
) -> Refusal {
    let column = column.map(str::to_owned);
    Refusal { row: entry.row, column, reason, fix, raw: entry.raw.clone() }
}

#[cfg(test)]
mod tests;
