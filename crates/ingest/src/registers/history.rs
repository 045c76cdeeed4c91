//! What became of rows: the table `register_changes`.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use utbredt_lake::{Edition, Lake, Table};
use utbredt_model::register::Register;

use super::{Row, RowChange};
use crate::IngestError;
use crate::columns::{self, table, text};

/// The keys of the rows of a register that somebody changed: what is shipped does not stand over them.
pub(super) fn own_keys(
    lake: &Lake,
    edition: Option<&Edition>,
    register: &str,
) -> Result<BTreeSet<String>, IngestError> {
    let changes = columns::read(lake, edition, "register_changes")?;
    let rows = text(&changes, "register")?.into_iter().zip(text(&changes, "row_key")?);
    // Whatever the change was: who decided once decides.
    let own = rows.filter(|(of, _)| *of == Some(register));
    Ok(own.filter_map(|(_, key)| key.map(str::to_owned)).collect())
}

/// Changes as the table has them.
pub(super) fn batch(
    register: &'static Register,
    changes: &[RowChange],
    (changed_at, reason, receipt): (DateTime<Utc>, &str, &str),
) -> Result<(&'static Table, RecordBatch), IngestError> {
    let moments = TimestampMicrosecondArray::from(vec![changed_at.timestamp_micros(); changes.len()]);
    let table = table("register_changes")?;
    let columns = vec![
        texts(changes, &|_| Some(register.table.to_owned())),
        texts(changes, &|change| Some(change.key.clone())),
        texts(changes, &|change| Some(change.kind.as_str().to_owned())),
        Arc::new(moments.with_timezone("UTC")),
        texts(changes, &|_| Some(reason.to_owned())),
        texts(changes, &|_| Some(receipt.to_owned())),
        texts(changes, &|change| change.before.as_ref().map(|row| to_json(register, row))),
        texts(changes, &|change| change.after.as_ref().map(|row| to_json(register, row))),
    ];
    Ok((table, RecordBatch::try_new(table.schema(), columns)?))
}

/// A column of texts.
fn texts(changes: &[RowChange], of: &dyn Fn(&RowChange) -> Option<String>) -> ArrayRef {
    Arc::new(changes.iter().map(of).collect::<StringArray>())
}

/// A row as a JSON object of texts.
fn to_json(register: &Register, row: &Row) -> String {
    let values = register.columns.iter().zip(row);
    let object: Map<String, Value> =
        values.map(|(column, value)| (column.name.to_owned(), Value::from(value.clone()))).collect();
    Value::Object(object).to_string()
}
