//! Deliveries that say nothing: what a lake and a server take on for each.

use std::sync::Arc;

use anyhow::Context as _;
use arrow::array::{ArrayRef, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::DataType;
use chrono::{DateTime, Utc};
use utbredt_lake::{EditionDraft, Table};
use utbredt_model::ReceiptId;

/// As many as there are municipalities.
pub const ROWS: usize = 357;

/// Invented uses of one day of every municipality, as an edition.
///
/// # Errors
/// When the number is of no day.
pub fn usage_of_a_day(number: usize, recorded_at: DateTime<Utc>) -> anyhow::Result<EditionDraft> {
    let table = Table::named("usage").context("a table of uses")?;
    let receipt = format!("{number:064x}");
    let day = 18_000 + i32::try_from(number)?;
    let schema = table.schema();
    let columns = schema.fields().iter().map(|field| column(field.name(), field.data_type(), day, &receipt));
    let rows = RecordBatch::try_new(table.schema(), columns.collect())?;
    Ok(EditionDraft {
        recorded_at,
        reason: "a delivery".to_owned(),
        replace: Vec::new(),
        append: vec![(table, rows)],
        supersedes: Vec::new(),
        receipts: vec![ReceiptId(receipt)],
    })
}

fn column(name: &str, kind: &DataType, day: i32, receipt: &str) -> ArrayRef {
    let texts = |of: &dyn Fn(usize) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values((0..ROWS).map(of)))
    };
    match (name, kind) {
        ("municipality_code", _) => texts(&|row| format!("{:04}", 1000 + row)),
        ("receipt_id", _) => texts(&|_| receipt.to_owned()),
        ("state", _) => texts(&|_| "ok".to_owned()),
        ("synthetic", _) => Arc::new(BooleanArray::from(vec![true; ROWS])),
        ("period_end", _) => Arc::new(Date32Array::from(vec![day + 1; ROWS])),
        (_, DataType::Date32) => Arc::new(Date32Array::from(vec![day; ROWS])),
        (_, DataType::Int64) => {
            let uses = (0_i64..).take(ROWS).map(|row| (row * 37 + i64::from(day) * 11) % 900);
            Arc::new(Int64Array::from_iter_values(uses))
        }
        (_, DataType::Boolean) => Arc::new(BooleanArray::from(vec![false; ROWS])),
        _ => texts(&|_| "invented".to_owned()),
    }
}
