//! Arrow's IPC stream, with the meta in the schema, so that a file keeps its evidence.

use std::collections::HashMap;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use bytes::Bytes;
use serde_json::Value;

/// Where the meta is kept among the schema's metadata.
const META_KEY: &str = "utbredt";

/// The rows as a stream.
pub(crate) fn write(schema: &SchemaRef, batches: &[RecordBatch], meta: &Value) -> Result<Bytes, ArrowError> {
    // A stream has no other place for the meta.
    let mut metadata: HashMap<String, String> = schema.metadata().clone();
    metadata.insert(META_KEY.to_owned(), meta.to_string());
    let described = Schema::new_with_metadata(schema.fields().clone(), metadata);
    let mut writer = StreamWriter::try_new(Vec::new(), &described)?;
    for batch in batches {
        writer.write(batch)?;
    }
    Ok(writer.into_inner()?.into_boxed_slice().into())
}
