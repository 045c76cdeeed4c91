//! The parts of territory that municipalities are made of: two codes share land when they share a part.

use std::collections::HashMap;

use arrow::datatypes::Date32Type;

use super::Tables;
use crate::IngestError;
use crate::columns::{numbers, text};

/// The parts of territory each municipality of a division is made of.
#[derive(Debug, Default)]
pub(crate) struct Parts(HashMap<(String, i32), Vec<String>>);

impl Parts {
    pub(super) fn read(tables: &Tables) -> Result<Self, IngestError> {
        let rows = tables.read("municipality_parts")?;
        let (codes, parts) = (text(&rows, "municipality_code")?, text(&rows, "part_id")?);
        let divisions = numbers::<Date32Type>(&rows, "division_date")?;
        let mut found = Self::default();
        for at in 0..rows.num_rows() {
            if let (Some(code), Some(division), Some(part)) = (codes[at], divisions[at], parts[at]) {
                found.0.entry((code.to_owned(), division)).or_default().push(part.to_owned());
            }
        }
        Ok(found)
    }

    /// The parts of a municipality; none for a code that is not of the division.
    pub(crate) fn of(&self, code: &str, division: i32) -> impl Iterator<Item = &str> {
        self.0.get(&(code.to_owned(), division)).into_iter().flatten().map(String::as_str)
    }
}
