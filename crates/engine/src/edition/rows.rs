//! Columns of a small table as plain values. The lake gives batches in exactly the table's schema.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Int32Type};
use chrono::NaiveDate;

/// One row of a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    batch: &'a RecordBatch,
    at: usize,
}

impl<'a> Row<'a> {
    /// The text of a column; empty where it is NULL or there is no such column.
    pub(crate) fn text(self, name: &str) -> String {
        self.optional_text(name).unwrap_or_default().to_owned()
    }

    /// The text of a column, when there is one.
    pub(crate) fn optional_text(self, name: &str) -> Option<&'a str> {
        let column = self.batch.column_by_name(name)?.as_string_opt::<i32>()?;
        column.is_valid(self.at).then(|| column.value(self.at))
    }

    /// The day of a column, when there is one.
    pub(crate) fn day(self, name: &str) -> Option<NaiveDate> {
        let column = self.batch.column_by_name(name)?.as_primitive_opt::<Date32Type>()?;
        if column.is_valid(self.at) { column.value_as_date(self.at) } else { None }
    }

    /// The small whole number of a column, when there is one.
    pub(crate) fn small(self, name: &str) -> Option<i32> {
        let column = self.batch.column_by_name(name)?.as_primitive_opt::<Int32Type>()?;
        column.is_valid(self.at).then(|| column.value(self.at))
    }

    /// Whether the flag of a column is set.
    pub(crate) fn flag(self, name: &str) -> bool {
        let column = self.batch.column_by_name(name).and_then(|column| column.as_boolean_opt());
        column.is_some_and(|column| column.is_valid(self.at) && column.value(self.at))
    }
}

/// Every row of some batches.
pub(crate) fn rows(batches: &[RecordBatch]) -> impl Iterator<Item = Row<'_>> {
    batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |at| Row { batch, at }))
}
