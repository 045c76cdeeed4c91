//! Rows while they are made: named columns, all of one length.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{Field, Schema};
use arrow::error::ArrowError;

use crate::error::EngineError;

/// Named columns, all of one length.
#[derive(Debug, Default)]
pub(crate) struct Table {
    columns: Vec<(Field, ArrayRef)>,
}

impl Table {
    /// Adds a column.
    pub(crate) fn add(&mut self, name: &str, array: ArrayRef) {
        self.columns.push((Field::new(name, array.data_type().clone(), true), array));
    }

    /// The rows.
    pub(crate) fn batch(self) -> Result<RecordBatch, EngineError> {
        let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = self.columns.into_iter().unzip();
        Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
    }
}

/// A column by name.
pub(crate) fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, EngineError> {
    let found = batch.column_by_name(name);
    let missing = || ArrowError::SchemaError(format!("the cells have no column {name}"));
    Ok(found.ok_or_else(missing)?)
}
