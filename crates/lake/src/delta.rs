//! Delta Lake logs over the same files, derived from the editions alone: version k of a table is the k-th
//! edition that changed its list of files, counted from 0. They can be lost and written again.

use std::collections::BTreeMap;

use arrow::datatypes::DataType;
use serde_json::{Value, json};

use crate::{Edition, FileEntry, Lake, LakeError, Table, disk};

/// A table's log: the text of each version.
pub(crate) type Log = Vec<String>;

/// The lake's path of a version of a table's log.
pub(crate) fn path(table: &str, version: usize) -> String {
    format!("tables/{table}/_delta_log/{version:020}.json")
}

/// The logs of every table, from the editions in order.
pub(crate) fn derive<'a>(editions: impl IntoIterator<Item = &'a Edition>) -> BTreeMap<&'static str, Log> {
    let mut logs: BTreeMap<&'static str, Log> = BTreeMap::new();
    let mut before: BTreeMap<&str, &[FileEntry]> = BTreeMap::new();
    let mut first = None;
    for edition in editions {
        let lake_id: &str = first.get_or_insert(edition.sha256.as_str());
        for table in crate::TABLES {
            let now = edition.tables.get(table.name).map_or(&[][..], Vec::as_slice);
            let then = before.insert(table.name, now).unwrap_or_default();
            // A version is a change: editions that leave a table alone make none.
            if now != then {
                let log = logs.entry(table.name).or_default();
                let renamed =
                    !now.is_empty() && has_former_names(table, then) != has_former_names(table, now);
                let about = (log.is_empty() || renamed).then_some(lake_id);
                log.push(version(table, edition, then, now, about));
            }
        }
    }
    logs
}

/// One version: one action a line. `about` is the lake's id where the version describes the table: its first, and
/// one whose files have other column names.
fn version(
    table: &Table,
    edition: &Edition,
    then: &[FileEntry],
    now: &[FileEntry],
    about: Option<&str>,
) -> String {
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
    for removed in then.iter().filter(|file| !now.contains(file)) {
        actions.push(json!({"remove": {"path": name(removed), "deletionTimestamp": at, "dataChange": true}}));
    }
    for new in now.iter().filter(|file| !then.contains(file)) {
        actions.push(json!({"add": {
            "path": name(new),
            "partitionValues": {},
            "size": new.bytes,
            "modificationTime": at,
            "dataChange": true,
            // No key ranges: given those of some columns, one common reader takes the others to be NULL and a
            // filter on them finds nothing, without a word. Readers skip by the ranges in the files themselves.
            "stats": json!({"numRecords": new.rows}).to_string(),
        }}));
    }
    actions.iter().map(|action| format!("{action}\n")).collect()
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

/// Writes the versions that are missing. A log that begins otherwise (a table has grown a column since) is
/// written anew.
pub(crate) fn catch_up(lake: &Lake) -> Result<(), LakeError> {
    let editions = lake.chain()?.whole()?;
    for (table, log) in derive(editions.iter().map(AsRef::as_ref)) {
        let first = disk::read(lake.root(), &path(table, 0)).ok();
        // The first version has the schema. When it differs, the log is of an older definition of the table.
        let begins_otherwise =
            first.is_some_and(|first| log.first().is_some_and(|text| text.as_bytes() != first));
        // Only what is missing: reading every version back would make each commit slower.
        for (version, text) in log.iter().enumerate() {
            if begins_otherwise || !lake.root().join(path(table, version)).exists() {
                put(lake, table, version, text)?;
            }
        }
    }
    Ok(())
}

fn put(lake: &Lake, table: &str, version: usize, text: &str) -> Result<(), LakeError> {
    lake.disk().make_folder(&lake.root().join(format!("tables/{table}/_delta_log")))?;
    lake.disk().write_atomic(&lake.root().join(path(table, version)), text.as_bytes())
}

/// Path, what, the right text.
type Difference<'a> = (String, &'static str, Option<&'a str>);

/// Why a version differs that was written before its table grew a column. Readers find the column's values to be NULL
/// either way; the next commit writes the log anew.
pub(crate) const OLDER: &str = "it was written before the table grew a column";

/// Whether a version says what is right but for columns that may be NULL, which its schema lacks.
fn lacks_columns_only(stored: &[u8], right: &str) -> bool {
    let Ok(stored) = std::str::from_utf8(stored) else { return false };
    let lines =
        |text: &str| text.lines().map(|line| serde_json::from_str(line).ok()).collect::<Vec<Option<Value>>>();
    let (stored, right) = (lines(stored), lines(right));
    stored.len() == right.len()
        && stored.iter().zip(&right).all(|pair| matches!(pair, (Some(a), Some(b)) if fits(a, b)))
}

/// Whether an action is the right one, or describes the table with fewer columns.
fn fits(stored: &Value, right: &Value) -> bool {
    let fields = |action: &Value| -> Option<Vec<Value>> {
        let text = action.pointer("/metaData/schemaString")?.as_str()?;
        serde_json::from_str::<Value>(text).ok()?.get("fields")?.as_array().cloned()
    };
    let (Some(had), Some(has)) = (fields(stored), fields(right)) else { return stored == right };
    // All but the schema must be the same to the letter.
    let mut same = stored.clone();
    same["metaData"]["schemaString"] = right["metaData"]["schemaString"].clone();
    let grown = has.iter().filter(|field| !had.contains(field));
    same == *right
        && had.iter().all(|field| has.contains(field))
        && grown.clone().all(|field| field["nullable"] == true)
}

/// What is wrong with the logs: (path, what, the right text).
pub(crate) fn differences<'a>(
    lake: &Lake,
    logs: &'a BTreeMap<&'static str, Log>,
) -> Result<Vec<Difference<'a>>, LakeError> {
    let mut found = Vec::new();
    for (table, log) in logs {
        for (version, text) in log.iter().enumerate() {
            let path = path(table, version);
            match disk::read(lake.root(), &path) {
                Ok(bytes) if bytes == text.as_bytes() => {}
                Ok(bytes) if lacks_columns_only(&bytes, text) => {
                    found.push((path, OLDER, Some(text.as_str())))
                }
                Ok(_) => found.push((path, "it is not what the editions say", Some(text.as_str()))),
                Err(error) if error.is_missing() => found.push((path, "it is missing", Some(text.as_str()))),
                Err(_) => found.push((path, "it cannot be read", Some(text.as_str()))),
            }
        }
    }
    for table in disk::names(&lake.root().join("tables"))? {
        let versions = logs.get(table.as_str()).map_or(0, Vec::len);
        let known: Vec<String> = (0..versions).map(|version| path(&table, version)).collect();
        for name in disk::names(&lake.root().join(format!("tables/{table}/_delta_log")))? {
            let path = format!("tables/{table}/_delta_log/{name}");
            if !name.starts_with(disk::TEMPORARY) && !known.contains(&path) {
                found.push((path, "no edition made it", None));
            }
        }
    }
    Ok(found)
}

/// Rewrites every log that differs from the editions.
pub(crate) fn rebuild(lake: &Lake) -> Result<usize, LakeError> {
    let editions = lake.chain()?.whole()?;
    let logs = derive(editions.iter().map(AsRef::as_ref));
    let wrong = differences(lake, &logs)?;
    for (path, _, right) in &wrong {
        let full = lake.root().join(path);
        match right {
            Some(text) => {
                lake.disk().make_folder(full.parent().unwrap_or(lake.root()))?;
                lake.disk().write_atomic(&full, text.as_bytes())?;
            }
            // A version that no edition made would be read as the newest.
            None => lake.disk().remove(&full)?,
        }
    }
    Ok(wrong.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_without_a_column_that_may_be_null_is_older_and_no_damage() {
        let log = |fields: &Value| {
            let schema = json!({"type": "struct", "fields": fields}).to_string();
            format!("{}\n{}\n", json!({"commitInfo": {}}), json!({"metaData": {"schemaString": schema}}))
        };
        let field = |name: &str, nullable: bool| json!({"name": name, "type": "long", "nullable": nullable});
        let (code, count, note) = (field("code", false), field("count", false), field("note", true));
        let today = log(&json!([code, count, note]));
        assert!(lacks_columns_only(log(&json!([code, count])).as_bytes(), &today));
        // A column that is never NULL cannot have been absent, and another type is another column.
        assert!(!lacks_columns_only(log(&json!([code, note])).as_bytes(), &today));
        assert!(!lacks_columns_only(log(&json!([code, field("count", true)])).as_bytes(), &today));
        assert!(!lacks_columns_only(b"", &today));
        assert!(!lacks_columns_only(today.replace("commitInfo", "other").as_bytes(), &today));
    }
}
