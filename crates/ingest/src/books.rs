//! The books of the lake: `receipts`, a row for each delivery, and `rejections`, a row for each statement refused.

use std::collections::BTreeSet;

use arrow::array::{BooleanArray, RecordBatch, StringArray};
use arrow::compute::{concat_batches, filter_record_batch};
use polars::prelude::{Column, DataFrame};
use utbredt_lake::{Edition, Lake, Table};
use utbredt_model::Rejection;

use crate::bridge::{table, to_batch};
use crate::{Delivery, IngestError};

/// Tables of the lake as [`EditionDraft::replace`] takes them.
pub(crate) type Tables = Vec<(&'static Table, RecordBatch)>;

/// What the book of receipts says of a delivery.
pub(crate) struct Entry<'d> {
    pub(crate) delivery: &'d Delivery,
    pub(crate) sha256: &'d str,
    pub(crate) rows_in: u64,
    pub(crate) rejections: &'d [Rejection],
    pub(crate) contract_version: i32,
    pub(crate) synthetic: bool,
    pub(crate) held: Option<&'d str>,
}

impl Entry<'_> {
    pub(crate) fn row(&self) -> Result<RecordBatch, IngestError> {
        let delivery = self.delivery;
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let refused: BTreeSet<u64> = self.rejections.iter().map(|r| r.row).collect();
        let text = |name: &str, value: &str| Column::new(name.into(), [value]);
        let frame = DataFrame::new_infer_height(vec![
            text("receipt_id", &delivery.receipt_id().0),
            text("source_id", delivery.source_id.as_str()),
            text("subject", &delivery.asked),
            Column::new("received_at".into(), [delivery.received_at.timestamp_micros()]),
            text("sha256", self.sha256),
            Column::new("bytes".into(), [count(delivery.payload.len())]),
            Column::new("rows_in".into(), [i64::try_from(self.rows_in).unwrap_or(i64::MAX)]),
            Column::new("rows_rejected".into(), [count(refused.len())]),
            Column::new("contract_version".into(), [self.contract_version]),
            Column::new("synthetic".into(), [self.synthetic]),
            text("state", if self.held.is_some() { "held" } else { "accepted" }),
            Column::new("reason".into(), [self.held]),
        ])?;
        to_batch(table("receipts")?, &frame)
    }
}

pub(crate) fn rejection_rows(receipt: &str, rejections: &[Rejection]) -> Result<RecordBatch, IngestError> {
    let rows: Vec<i64> = rejections.iter().map(|r| i64::try_from(r.row).unwrap_or(i64::MAX)).collect();
    let reasons: Vec<&str> = rejections.iter().map(|r| r.reason.as_str()).collect();
    let raws: Vec<&str> = rejections.iter().map(|r| r.raw.as_str()).collect();
    let frame = DataFrame::new_infer_height(vec![
        Column::new("receipt_id".into(), vec![receipt; rejections.len()]),
        Column::new("row".into(), rows),
        Column::new("reason".into(), reasons),
        Column::new("raw".into(), raws),
    ])?;
    to_batch(table("rejections")?, &frame)
}

/// New rows of a book, `receipts` or `rejections`: the book as a whole when receipts in it are written anew, and else what
/// is added to it.
pub(crate) fn book(
    lake: &Lake,
    latest: Option<&Edition>,
    name: &'static str,
    rows: &[RecordBatch],
    again: &BTreeSet<String>,
) -> Result<(Tables, Tables), IngestError> {
    let table = table(name)?;
    let rows = concat_batches(&table.schema(), rows)?;
    if again.is_empty() {
        let more = (rows.num_rows() > 0).then_some((table, rows));
        return Ok((Tables::new(), more.into_iter().collect()));
    }
    let mut all = latest.map(|edition| lake.read_table(edition, table)).transpose()?.unwrap_or_default();
    for batch in &mut all {
        *batch = without(batch, again)?;
    }
    Ok((all.into_iter().chain([rows]).map(|batch| (table, batch)).collect(), Tables::new()))
}

fn without(batch: &RecordBatch, receipts: &BTreeSet<String>) -> Result<RecordBatch, IngestError> {
    let ids = batch.column_by_name("receipt_id").and_then(|c| c.as_any().downcast_ref::<StringArray>());
    let Some(ids) = ids else { return Ok(batch.clone()) };
    let keep: BooleanArray = ids.iter().map(|id| Some(id.is_none_or(|id| !receipts.contains(id)))).collect();
    Ok(filter_record_batch(batch, &keep)?)
}
