//! What one row of a file comes to: the row as it is to be, beside the row as it is and the row the file was made from.

use std::collections::BTreeMap;

use utbredt_model::register::{ChangeKind, ColumnKind, Refusal, Register};
use utbredt_model::{Reason, ReasonCode};
use utbredt_sources::register::Entry;

use super::places::Places;
use super::{Row, RowChange, refusal, rows};

/// The rows of an edition by key.
pub(super) type Rows = BTreeMap<String, Row>;

/// What a row is compared with.
pub(super) struct Beside<'b> {
    pub(super) register: &'static Register,
    /// By column: whether the file has it.
    pub(super) has: &'b [bool],
    pub(super) current: &'b Rows,
    /// Of the edition that the row was exported from, if it says one.
    pub(super) base: Option<&'b Rows>,
    pub(super) places: &'b Places,
}

impl Beside<'_> {
    /// The change that a row asks for; none where all is as it says, or where it says nothing new.
    pub(super) fn decide(&self, entry: &Entry) -> Result<Option<RowChange>, Refusal> {
        let key = self.key(entry)?;
        let current = self.current.get(&key);
        let base = self.base.map(|base| base.get(&key));
        // What the file leaves out is not asked to change.
        let after = if entry.remove { None } else { Some(self.whole(entry, current)?) };
        if current == after.as_ref() {
            return Ok(None);
        }
        match base {
            // As it was exported: somebody else's change is kept.
            Some(base) if base == after.as_ref() => return Ok(None),
            // An exported row whose key is another now: the row it was would stay beside it.
            Some(None) if current.is_none() => return Err(self.renamed(entry)),
            Some(base) if base == current => {}
            Some(_) => return Err(self.changed_since(entry, current)),
            None if current.is_none() => {}
            None => return Err(self.known_already(entry, current, after.as_ref())),
        }
        let kind = self.kind(current, after.as_ref());
        Ok(Some(RowChange { row: entry.row, kind, key, before: current.cloned(), after }))
    }

    fn key(&self, entry: &Entry) -> Result<String, Refusal> {
        for at in self.register.key_columns() {
            let column = &self.register.columns[at];
            if column.required && entry.values[at].is_none() {
                return Err(missing(entry, column.name));
            }
        }
        Ok(rows::key(self.register, &entry.values))
    }

    /// The row with what the file leaves out: what is there already, and what the register puts in.
    fn whole(&self, entry: &Entry, current: Option<&Row>) -> Result<Row, Refusal> {
        let mut row = entry.values.clone();
        for (at, column) in self.register.columns.iter().enumerate() {
            // A column that the file lacks keeps what is there.
            if !self.has[at]
                && let Some(current) = current
            {
                row[at].clone_from(&current[at]);
            }
            if row[at].is_none() {
                row[at] = match column.kind {
                    ColumnKind::Flag(given) => given.map(|given| given.to_string()),
                    ColumnKind::Division => self.division(entry),
                    _ => None,
                };
            }
            if row[at].is_none() && column.required {
                return Err(missing(entry, column.name));
            }
        }
        Ok(row)
    }

    /// The newest division with the row's code; where no division has it, the newest, so that the code is what is refused.
    fn division(&self, entry: &Entry) -> Option<String> {
        let code = self.register.column("municipality_code").and_then(|at| entry.values[at].as_deref())?;
        let newest = self.places.divisions.keys().next_back().copied();
        self.places.newest_with(code).or(newest).map(|day| day.to_string())
    }

    fn has_end(&self, row: &Row) -> bool {
        self.register.end().is_some_and(|at| row[at].is_some())
    }

    fn kind(&self, before: Option<&Row>, after: Option<&Row>) -> ChangeKind {
        match (before, after) {
            (None, _) => ChangeKind::Added,
            (_, None) => ChangeKind::Removed,
            (Some(before), Some(after)) if !self.has_end(before) && self.has_end(after) => ChangeKind::Ended,
            _ => ChangeKind::Changed,
        }
    }

    fn renamed(&self, entry: &Entry) -> Refusal {
        let text = "the row says an edition that had no such row: its key was changed after it was exported";
        let fix = "leave `edition` empty in a new row; to rename one, add the new row so and write `ja` as `remove` in the old one";
        let column = self.register.key.last().copied();
        refusal(entry, column, (Reason::new(ReasonCode::NotRegistered, text), fix.to_owned()))
    }

    fn changed_since(&self, entry: &Entry, current: Option<&Row>) -> Refusal {
        let now = match current {
            Some(row) => format!("it is now {}", self.shown(row)),
            None => "it is removed".to_owned(),
        };
        let text = format!("somebody else changed the row since the file was exported: {now}");
        let fix = "export the register again, and change the row there";
        refusal(entry, None, (Reason::new(ReasonCode::ChangedSince, text), fix.to_owned()))
    }

    /// A row that is there, and a file that does not say what it was made from.
    fn known_already(&self, entry: &Entry, current: Option<&Row>, after: Option<&Row>) -> Refusal {
        let differing = self.register.columns.iter().enumerate().find(|(at, _)| match (current, after) {
            (Some(current), Some(after)) => current[*at] != after[*at],
            _ => false,
        });
        let column = differing.map(|(_, column)| column.name);
        let now = current.map(|row| self.shown(row)).unwrap_or_default();
        let text = format!("the register has this row already: {now}");
        let fix =
            "export the register and change the row there, or say by --edition which edition you saw it in";
        refusal(entry, column, (Reason::new(ReasonCode::ChangedSince, text), fix.to_owned()))
    }

    fn shown(&self, row: &Row) -> String {
        let named = self.register.columns.iter().zip(row);
        let values =
            named.filter_map(|(column, value)| Some(format!("{} {}", column.name, value.as_deref()?)));
        values.collect::<Vec<_>>().join(", ")
    }
}

fn missing(entry: &Entry, column: &str) -> Refusal {
    let reason = Reason::new(ReasonCode::MissingField, "the field is empty");
    refusal(entry, Some(column), (reason, "fill it in".to_owned()))
}
