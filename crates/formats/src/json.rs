//! JSON: the rows go straight from Arrow to text, no tree of values between.

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use arrow::json::writer::{JsonArray, WriterBuilder};
use bytes::Bytes;
use serde_json::Value;

/// `{"data": […], "meta": {…}}`.
pub(crate) fn write(batches: &[RecordBatch], meta: &Value) -> Result<Bytes, ArrowError> {
    let mut out = b"{\"data\":".to_vec();
    // A null is written: a field that is sometimes missing is a trap for readers.
    let mut rows = WriterBuilder::new().with_explicit_nulls(true).build::<_, JsonArray>(&mut out);
    rows.write_batches(&batches.iter().collect::<Vec<_>>())?;
    rows.finish()?;
    drop(rows);
    out.extend_from_slice(b",\"meta\":");
    out.extend_from_slice(meta.to_string().as_bytes());
    out.push(b'}');
    Ok(out.into_boxed_slice().into())
}
