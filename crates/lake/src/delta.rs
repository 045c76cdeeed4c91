//! Delta Lake logs over the same files, derived from the editions alone: version k of a table is the k-th
//! edition that changed its list of files, counted from 0. They can be lost and written again.

mod check;
mod checkpoint;

use std::collections::{BTreeMap, BTreeSet};

use arrow::datatypes::{DataType, Schema};
use serde_json::{Value, json};

use crate::record::{Moved, MovedFiles};
use crate::{Edition, FileEntry, Lake, LakeError, Table, chain, disk};

pub(crate) use check::{differences, is_behind, rebuild};
use checkpoint::{Checkpoint, checkpoint, is_due};

/// The lake's path of a version of a table's log.
pub(crate) fn path(table: &str, version: u64) -> String {
    format!("tables/{table}/_delta_log/{version:020}.json")
}

/// The logs of every table, each the text of its versions.
#[derive(Debug, Default)]
pub(crate) struct Logs {
    texts: BTreeMap<&'static str, Vec<String>>,
    lake_id: Option<String>,
    /// Tables whose files have former column names.
    former: BTreeSet<&'static str>,
    /// The checkpoints of every table, in order.
    checkpoints: BTreeMap<&'static str, Vec<Checkpoint>>,
    /// Why a checkpoint could not be made.
    failed: Option<LakeError>,
}

impl Logs {
    /// Adds what the next edition did. A version is a change: editions that leave a table alone make none.
    pub(crate) fn push(&mut self, edition: &Edition, moved: &Moved) {
        let lake_id = self.lake_id.get_or_insert_with(|| edition.sha256.clone());
        for table in crate::TABLES {
            let Some(files) = moved.get(table.name) else { continue };
            let now = edition.tables.get(table.name).map_or(&[][..], Vec::as_slice);
            let is_former = has_former_names(table, now);
            let log = self.texts.entry(table.name).or_default();
            let renamed = !now.is_empty() && self.former.contains(table.name) != is_former;
            let about = (log.is_empty() || renamed).then_some(lake_id.as_str());
            log.push(version(table, edition, files, about));
            match checkpoint(table, (log.len() as u64 - 1, edition), &log[0]) {
                Ok(made) => self.checkpoints.entry(table.name).or_default().extend(made),
                Err(error) => self.failed = Some(error),
            }
            if is_former {
                self.former.insert(table.name);
            } else {
                self.former.remove(table.name);
            }
        }
    }

    /// How many versions each table has.
    pub(crate) fn versions(&self) -> BTreeMap<String, u64> {
        self.texts.iter().map(|(table, log)| ((*table).to_owned(), log.len() as u64)).collect()
    }
}

/// One version: one action a line. `about` is the lake's id where the version describes the table: its first, and
/// one whose files have other column names.
fn version(table: &Table, edition: &Edition, files: &MovedFiles, about: Option<&str>) -> String {
    // The edition's moment, never the clock: a log written anew must be the same.
    let at = edition.recorded_at.timestamp_millis();
    let mut actions = vec![json!({"commitInfo": {
        "timestamp": at,
        "operation": "WRITE",
        "operationParameters": {"reason": edition.reason},
        "engineInfo": "utbredt",
        "edition": edition.number,
    }})];
    if let Some(lake_id) = about {
        let now = edition.tables.get(table.name).map_or(&[][..], Vec::as_slice);
        // The lowest versions: the tables use no feature that an old reader lacks.
        actions.push(json!({"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}));
        actions.push(json!({"metaData": {
            "id": id(lake_id, table),
            "name": table.name,
            "description": table.doc,
            "format": {"provider": "parquet", "options": {}},
            "schemaString": schema(table, now).to_string(),
            "partitionColumns": [],
            "configuration": {},
            "createdTime": at,
        }}));
    }
    for removed in &files.removed {
        actions.push(json!({"remove": {"path": name(removed), "deletionTimestamp": at, "dataChange": true}}));
    }
    actions.extend(files.added.iter().map(|new| add(new, at)));
    actions.iter().map(|action| format!("{action}\n")).collect()
}

/// A file that a table has, since a moment in milliseconds.
fn add(file: &FileEntry, since: i64) -> Value {
    json!({"add": {
        "path": name(file),
        "partitionValues": {},
        "size": file.bytes,
        "modificationTime": since,
        "dataChange": true,
        // No key ranges: given those of some columns, one common reader takes the others to be NULL and a
        // filter on them finds nothing, without a word. Readers skip by the ranges in the files themselves.
        "stats": json!({"numRecords": file.rows}).to_string(),
    }})
}

fn name(file: &FileEntry) -> &str {
    file.path.rsplit('/').next().unwrap_or(&file.path)
}

/// The shape of a UUID, always the same for a table of a lake.
fn id(lake_id: &str, table: &Table) -> String {
    let mut digits = disk::sha256(format!("{lake_id} {}", table.name).as_bytes());
    // Readers compare ids only: it must be the same each time, not random.
    digits.truncate(32);
    // From behind, so that one dash does not move the place of the next.
    for dash in [20, 16, 12, 8] {
        digits.insert(dash, '-');
    }
    digits
}

fn has_former_names(table: &Table, files: &[FileEntry]) -> bool {
    files.iter().any(|file| table.has_former_names(file))
}

/// The schema with the column names that the files have.
fn schema(table: &Table, files: &[FileEntry]) -> Value {
    let schema = if has_former_names(table, files) { table.former_schema() } else { table.schema() };
    fields(&schema)
}

fn fields(schema: &Schema) -> Value {
    let fields = schema.fields().iter().map(|field| {
        let kind = match field.data_type() {
            DataType::Int32 => "integer",
            DataType::Int64 => "long",
            DataType::Float64 => "double",
            DataType::Boolean => "boolean",
            DataType::Date32 => "date",
            DataType::Timestamp(..) => "timestamp",
            _ => "string",
        };
        json!({"name": field.name(), "type": kind, "nullable": field.is_nullable(), "metadata": {}})
    });
    json!({"type": "struct", "fields": fields.collect::<Vec<_>>()})
}

/// Writes the versions of the newest edition, and all that are missing where one before them is: a commit before this one
/// may have failed to write its logs. A log that begins otherwise (a table has grown a column since) is written anew.
pub(crate) fn catch_up(lake: &Lake, edition: &Edition, moved: &Moved) -> Result<(), LakeError> {
    let Some(versions) = &edition.versions else { return write_missing(lake) };
    for table in crate::TABLES {
        let Some(count) = versions.get(table.name).copied().filter(|count| *count > 0) else { continue };
        let is_there = |version: u64| lake.root().join(path(table.name, version)).exists();
        let Some(files) = moved.get(table.name) else {
            if is_there(count - 1) {
                continue;
            }
            return write_missing(lake);
        };
        if count > 1
            && (!is_there(count - 2) || !is_described(lake, table) || is_renamed(table, edition, files))
        {
            return write_missing(lake);
        }
        // The first version names the lake by its first edition.
        let lake_id = if count == 1 { Some(chain::read(lake.root(), 1)?.sha256().to_owned()) } else { None };
        put(lake, table.name, count - 1, &version(table, edition, files, lake_id.as_deref()))?;
        if is_due(count - 1) {
            let first = disk::read(lake.root(), &path(table.name, 0))?;
            let made = checkpoint(table, (count - 1, edition), &String::from_utf8_lossy(&first))?;
            made.iter().try_for_each(|made| put_checkpoint(lake, made))?;
        }
    }
    Ok(())
}

/// Whether the first version of a log has the columns of the table, by the names of today or of then.
fn is_described(lake: &Lake, table: &Table) -> bool {
    let Ok(first) = disk::read(lake.root(), &path(table.name, 0)) else { return false };
    let text = String::from_utf8_lossy(&first);
    let mut actions = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let found = actions.find_map(|action| {
        action.pointer("/metaData/schemaString").and_then(Value::as_str).map(str::to_owned)
    });
    [table.schema(), table.former_schema()].iter().any(|schema| found == Some(fields(schema).to_string()))
}

/// Whether the files had other column names before.
fn is_renamed(table: &Table, edition: &Edition, files: &MovedFiles) -> bool {
    let now = edition.tables.get(table.name).into_iter().flatten();
    let kept = now.filter(|file| !files.added.contains(file));
    let had_former = kept.chain(&files.removed).any(|file| table.has_former_names(file));
    had_former != files.added.iter().any(|file| table.has_former_names(file))
}

/// Writes every version that is missing, and every log that begins otherwise, from all editions.
fn write_missing(lake: &Lake) -> Result<(), LakeError> {
    let logs = all(lake)?;
    for (table, log) in &logs.texts {
        let first = disk::read(lake.root(), &path(table, 0)).ok();
        // The first version has the schema. When it differs, the log is of an older definition of the table.
        let begins_otherwise =
            first.is_some_and(|first| log.first().is_some_and(|text| text.as_bytes() != first));
        // Only what is missing: reading every version back would make it slower.
        for (version, text) in (0..).zip(log) {
            if begins_otherwise || !lake.root().join(path(table, version)).exists() {
                put(lake, table, version, text)?;
            }
        }
        for made in logs.checkpoints.get(table).into_iter().flatten() {
            if begins_otherwise || !lake.root().join(&made.file.0).exists() {
                put_checkpoint(lake, made)?;
            }
        }
    }
    Ok(())
}

/// The file first: what names it must never name what is not there.
fn put_checkpoint(lake: &Lake, made: &Checkpoint) -> Result<(), LakeError> {
    for (path, bytes) in [&made.file, &made.last] {
        lake.disk().write_atomic(&lake.root().join(path), bytes)?;
    }
    Ok(())
}

/// The logs as the editions say they are.
pub(crate) fn all(lake: &Lake) -> Result<Logs, LakeError> {
    let mut logs = Logs::default();
    chain::whole(lake.root(), |edition, moved| logs.push(edition, moved))?;
    logs.failed.take().map_or(Ok(logs), Err)
}

fn put(lake: &Lake, table: &str, version: u64, text: &str) -> Result<(), LakeError> {
    lake.disk().make_folder(&lake.root().join(format!("tables/{table}/_delta_log")))?;
    lake.disk().write_atomic(&lake.root().join(path(table, version)), text.as_bytes())
}
