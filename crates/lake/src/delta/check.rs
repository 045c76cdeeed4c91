//! What differs between the Delta logs on disk and those that the editions make, and its mending.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Logs, all, path};
use crate::{Lake, LakeError, disk};

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
pub(crate) fn differences<'a>(lake: &Lake, logs: &'a Logs) -> Result<Vec<Difference<'a>>, LakeError> {
    let mut found = Vec::new();
    for (table, log) in &logs.texts {
        for (version, text) in (0..).zip(log) {
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
        let versions = logs.texts.get(table.as_str()).map_or(0, |log| log.len() as u64);
        let known: BTreeSet<String> = (0..versions).map(|version| path(&table, version)).collect();
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
    let logs = all(lake)?;
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
    use serde_json::json;

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
