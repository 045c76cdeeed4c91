//! What differs between the Delta logs on disk and those that the editions make, and its mending.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Checkpoint, Logs, all, path};
use crate::{Lake, LakeError, disk};

/// Path, what, and what is right there; `None` where nothing is.
type Difference<'a> = (String, &'static str, Option<&'a [u8]>);

/// Why a version differs that was written before its table grew a column. Readers find the column's values to be NULL
/// either way; the next commit writes the log anew.
const OLDER: &str = "it was written before the table grew a column";

/// Why a checkpoint differs that was never written, or is named no longer: readers begin earlier.
const NO_CHECKPOINT: &str = "readers of the log begin before it";

/// Whether a difference only says that an earlier version, or a writer that was stopped, left a log that is right all the same.
pub(crate) fn is_behind(why: &str) -> bool {
    why == OLDER || why == NO_CHECKPOINT
}

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

/// What is wrong with the logs.
pub(crate) fn differences<'a>(lake: &Lake, logs: &'a Logs) -> Result<Vec<Difference<'a>>, LakeError> {
    let mut found = Vec::new();
    let mut known = BTreeSet::new();
    for (table, log) in &logs.texts {
        for (version, text) in (0..).zip(log) {
            let path = path(table, version);
            known.insert(path.clone());
            let why = match disk::read(lake.root(), &path) {
                Ok(bytes) if bytes == text.as_bytes() => continue,
                Ok(bytes) if lacks_columns_only(&bytes, text) => OLDER,
                read => different(&read),
            };
            found.push((path, why, Some(text.as_bytes())));
        }
    }
    for checkpoints in logs.checkpoints.values() {
        check_checkpoints(lake, checkpoints, (&mut known, &mut found));
    }
    for table in disk::names(&lake.root().join("tables"))? {
        for name in disk::names(&lake.root().join(format!("tables/{table}/_delta_log")))? {
            let path = format!("tables/{table}/_delta_log/{name}");
            if !name.starts_with(disk::TEMPORARY) && !known.contains(&path) {
                found.push((path, "no edition made it", None));
            }
        }
    }
    Ok(found)
}

fn different(read: &Result<Vec<u8>, LakeError>) -> &'static str {
    match read {
        Ok(_) => "it is not what the editions say",
        Err(error) if error.is_missing() => "it is missing",
        Err(_) => "it cannot be read",
    }
}

/// Checks the checkpoints of a table, and what names the last.
fn check_checkpoints<'a>(
    lake: &Lake,
    checkpoints: &'a [Checkpoint],
    (known, found): (&mut BTreeSet<String>, &mut Vec<Difference<'a>>),
) {
    for Checkpoint { file: (path, right), .. } in checkpoints {
        known.insert(path.clone());
        let read = disk::read(lake.root(), path);
        // Those of a lake that an earlier version wrote are not there.
        let is_missing = read.as_ref().is_err_and(LakeError::is_missing);
        if read.as_ref().ok() != Some(right) {
            let why = if is_missing { NO_CHECKPOINT } else { different(&read) };
            found.push((path.clone(), why, Some(right)));
        }
    }
    let Some(Checkpoint { last: (path, right), .. }) = checkpoints.last() else { return };
    known.insert(path.clone());
    let read = disk::read(lake.root(), path);
    if read.as_ref().ok() == Some(right) {
        return;
    }
    let names_another = |made: &Checkpoint| {
        read.as_ref().ok() == Some(&made.last.1) && lake.root().join(&made.file.0).exists()
    };
    let is_behind = read.as_ref().is_err_and(LakeError::is_missing) || checkpoints.iter().any(names_another);
    found.push((path.clone(), if is_behind { NO_CHECKPOINT } else { different(&read) }, Some(right)));
}

/// Rewrites every log that differs from the editions.
pub(crate) fn rebuild(lake: &Lake) -> Result<usize, LakeError> {
    let logs = all(lake)?;
    let wrong = differences(lake, &logs)?;
    for (path, _, right) in &wrong {
        let full = lake.root().join(path);
        match right {
            Some(bytes) => {
                lake.disk().make_folder(full.parent().unwrap_or(lake.root()))?;
                lake.disk().write_atomic(&full, bytes)?;
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
