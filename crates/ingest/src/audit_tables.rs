//! The audit tables of the lake: `receipts`, a row for each delivery, and `rejections`, a row for each statement refused.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::compute::concat_batches;
use chrono::{DateTime, Utc};
use utbredt_lake::{Edition, Lake, Table};
use utbredt_model::Rejection;

use crate::columns::{filter, table, text};
use crate::{Delivery, IngestError};

/// Tables of the lake as [`utbredt_lake::EditionDraft::replace`] takes them.
pub(crate) type Tables = Vec<(&'static Table, RecordBatch)>;

/// What `receipts` says of a delivery.
pub(crate) struct ReceiptEntry<'d> {
    pub(crate) delivery: &'d Delivery,
    pub(crate) receipt_id: &'d str,
    pub(crate) received_at: DateTime<Utc>,
    pub(crate) sha256: &'d str,
    pub(crate) rows_in: u64,
    pub(crate) rejections: &'d [Rejection],
    pub(crate) contract_version: i32,
    pub(crate) synthetic: bool,
    /// Why it is held; of a released one, why it was.
    pub(crate) held: Option<&'d str>,
    /// Hash of what it was read by: of a contract, and of any format where the delivery is or was held.
    pub(crate) contract_sha256: Option<&'d str>,
    /// When a person released it, and why.
    pub(crate) release: Option<(DateTime<Utc>, &'d str)>,
}

impl ReceiptEntry<'_> {
    pub(crate) fn row(&self) -> Result<RecordBatch, IngestError> {
        let delivery = self.delivery;
        let rejected: BTreeSet<u64> = self.rejections.iter().map(|rejection| rejection.row).collect();
        let received_at = TimestampMicrosecondArray::from(vec![self.received_at.timestamp_micros()]);
        let is_held = self.held.is_some() && self.release.is_none();
        let released_at = self.release.map(|(moment, _)| moment.timestamp_micros());
        let released_at = TimestampMicrosecondArray::from(vec![released_at]);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(vec![self.receipt_id])),
            Arc::new(StringArray::from(vec![delivery.source_id.as_str()])),
            Arc::new(StringArray::from(vec![delivery.subject.as_str()])),
            Arc::new(received_at.with_timezone("UTC")),
            Arc::new(StringArray::from(vec![self.sha256])),
            Arc::new(Int64Array::from(vec![i64::try_from(delivery.payload.length()).unwrap_or(i64::MAX)])),
            Arc::new(Int64Array::from(vec![i64::try_from(self.rows_in).unwrap_or(i64::MAX)])),
            Arc::new(Int64Array::from(vec![count(rejected.len())])),
            Arc::new(Int32Array::from(vec![self.contract_version])),
            Arc::new(BooleanArray::from(vec![self.synthetic])),
            Arc::new(StringArray::from(vec![if is_held { "held" } else { "accepted" }])),
            Arc::new(StringArray::from(vec![self.held])),
            Arc::new(StringArray::from(vec![self.contract_sha256])),
            Arc::new(released_at.with_timezone("UTC")),
            Arc::new(StringArray::from(vec![self.release.map(|(_, reason)| reason)])),
        ];
        Ok(RecordBatch::try_new(table("receipts")?.schema(), columns)?)
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(crate) fn rejection_rows(receipt: &str, rejections: &[Rejection]) -> Result<RecordBatch, IngestError> {
    let rows: Vec<i64> = rejections.iter().map(|r| i64::try_from(r.row).unwrap_or(i64::MAX)).collect();
    let reasons: Vec<&str> = rejections.iter().map(|r| r.reason.as_str()).collect();
    let codes: Vec<&str> = rejections.iter().map(|r| r.code.as_str()).collect();
    let raws: Vec<&str> = rejections.iter().map(|r| r.raw.as_str()).collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(vec![receipt; rejections.len()])),
        Arc::new(Int64Array::from(rows)),
        Arc::new(StringArray::from(reasons)),
        Arc::new(StringArray::from(raws)),
        Arc::new(StringArray::from(codes)),
    ];
    Ok(RecordBatch::try_new(table("rejections")?.schema(), columns)?)
}

/// New rows of `receipts` or `rejections`: the table as a whole when receipts in it are written anew, and else what is added
/// to it.
pub(crate) fn append_or_replace(
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
    let ids = text(batch, "receipt_id")?;
    let keep: BooleanArray = ids.iter().map(|id| Some(id.is_none_or(|id| !receipts.contains(id)))).collect();
    filter(batch, &keep)
}
