//! Checkpoints of the logs: the files of a table at a version as Parquet, so that a reader takes up the log there and not at its
//! beginning (Delta Lake protocol, "Checkpoints", version 1). Removed files are left out: they matter to those who delete
//! files, which nobody but the lake may.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use arrow::json::ReaderBuilder;
use parquet::arrow::ArrowWriter;
use serde_json::{Value, json};

use super::{add, fields, has_former_names};
use crate::{Edition, LakeError, Table};

/// Versions from one checkpoint to the next.
const EVERY: u64 = 100;

/// A checkpoint of a table.
#[derive(Debug, Clone)]
pub(super) struct Checkpoint {
    /// Its file, by the lake's path.
    pub(super) file: (String, Vec<u8>),
    /// What names it to readers, while no later one is there.
    pub(super) last: (String, Vec<u8>),
}

/// Whether a version has a checkpoint.
pub(super) const fn is_due(version: u64) -> bool {
    version > 0 && version.is_multiple_of(EVERY)
}

/// The checkpoint of a version, where there is one: `first` is the text of version 0, which describes the table.
pub(super) fn checkpoint(
    table: &Table,
    (version, edition): (u64, &Edition),
    first: &str,
) -> Result<Option<Checkpoint>, LakeError> {
    let files = edition.tables.get(table.name).map_or(&[][..], Vec::as_slice);
    if !is_due(version) || has_former_names(table, files) {
        return Ok(None);
    }
    let actions: Vec<Value> = first.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let of_kind = |kind: &str| actions.iter().find(|action| action.get(kind).is_some());
    let (Some(protocol), Some(about)) = (of_kind("protocol"), of_kind("metaData")) else { return Ok(None) };
    // A table whose columns had other names in its first files is described by a later version.
    if about.pointer("/metaData/schemaString").and_then(Value::as_str)
        != Some(&fields(&table.schema()).to_string())
    {
        return Ok(None);
    }
    let added: Vec<Value> =
        files.iter().map(|file| add(file, edition.recorded_at.timestamp_millis())).collect();
    let rows: Vec<&Value> = [protocol, about].into_iter().chain(&added).collect();
    let folder = format!("tables/{}/_delta_log", table.name);
    let path = format!("{folder}/{version:020}.checkpoint.parquet");
    let parquet = to_parquet(&rows).map_err(|error| LakeError::unreadable(&path, error))?;
    let last = json!({"version": version, "size": rows.len()}).to_string();
    let last = (format!("{folder}/_last_checkpoint"), last.into_bytes());
    Ok(Some(Checkpoint { file: (path, parquet), last }))
}

/// The same actions make the same bytes.
fn to_parquet(actions: &[&Value]) -> std::io::Result<Vec<u8>> {
    let schema = Arc::clone(&SCHEMA);
    let mut decoder =
        ReaderBuilder::new(Arc::clone(&schema)).build_decoder().map_err(std::io::Error::other)?;
    decoder.serialize(actions).map_err(std::io::Error::other)?;
    let rows = decoder.flush().map_err(std::io::Error::other)?;
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, schema, None)?;
    if let Some(rows) = &rows {
        writer.write(rows)?;
    }
    writer.close()?;
    Ok(bytes)
}

/// The actions of a checkpoint: of each row one column has a value.
static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let (text, long, int) = (DataType::Utf8, DataType::Int64, DataType::Int32);
    let format = of([("provider", text.clone()), ("options", map())]);
    let protocol = of([("minReaderVersion", int.clone()), ("minWriterVersion", int)]);
    let about = of([
        ("id", text.clone()),
        ("name", text.clone()),
        ("description", text.clone()),
        ("format", format),
        ("schemaString", text.clone()),
        ("partitionColumns", DataType::List(Arc::new(Field::new("element", text.clone(), true)))),
        ("configuration", map()),
        ("createdTime", long.clone()),
    ]);
    let add = of([
        ("path", text.clone()),
        ("partitionValues", map()),
        ("size", long.clone()),
        ("modificationTime", long),
        ("dataChange", DataType::Boolean),
        ("stats", text),
    ]);
    Arc::new(Schema::new(columns([("protocol", protocol), ("metaData", about), ("add", add)])))
});

fn of<const N: usize>(of: [(&str, DataType); N]) -> DataType {
    DataType::Struct(columns(of))
}

fn columns<const N: usize>(of: [(&str, DataType); N]) -> Fields {
    of.into_iter().map(|(name, kind)| Field::new(name, kind, true)).collect()
}

/// Texts by text.
fn map() -> DataType {
    let entry = [Field::new("key", DataType::Utf8, false), Field::new("value", DataType::Utf8, true)];
    let entries = Field::new("key_value", DataType::Struct(Fields::from(entry.to_vec())), false);
    DataType::Map(Arc::new(entries), false)
}
