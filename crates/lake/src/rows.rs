//! Rows before they become a file and after: made to fit their table, put in the one order, summed up.
//!
//! Every column takes part in the order, the table's own first. So the bytes of a file depend on its rows
//! alone, not on the order they came in, and the same content always gets the same name.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, DynComparator, RecordBatch, StringArray, make_comparator,
    new_null_array,
};
use arrow::compute::{
    SortColumn, SortOptions, concat_batches, filter_record_batch, lexsort_to_indices, max, max_string, min,
    min_string, take_record_batch,
};
use arrow::datatypes::{DataType, Date32Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;
use chrono::{DateTime, NaiveDate, SecondsFormat};

use crate::{FileEntry, LakeError, Table};

/// NULL comes last, as in `ORDER BY` without more words.
pub const ORDER: SortOptions = SortOptions { descending: false, nulls_first: false };

/// Whether a table's rows leave it when their receipt is superseded.
pub(crate) fn supersedable(table: &Table) -> bool {
    !matches!(table.name, "receipts" | "rejections") && table.columns().any(|(name, _)| name == "receipt_id")
}

/// A batch with exactly the table's columns, found by name or former name. Columns that may be NULL may be absent:
/// files written before a column was added or renamed are read through here as well.
pub(crate) fn fit(table: &Table, batch: &RecordBatch) -> Result<RecordBatch, LakeError> {
    let schema = table.schema();
    let former = table.former_schema();
    let given = batch.schema();
    let mut names = given.fields().iter().map(|field| field.name());
    if let Some(stray) = names.find(|n| schema.index_of(n).is_err() && former.index_of(n).is_err()) {
        let known = table.columns().map(|(name, _)| name).collect::<Vec<_>>().join(", ");
        return Err(LakeError::shape(table, format!("it has no column `{stray}`; its columns are {known}")));
    }
    let mut columns = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let former = table.former_name(field.name()).and_then(|name| batch.column_by_name(name));
        columns.push(match batch.column_by_name(field.name()).or(former) {
            Some(column) if column.data_type() == field.data_type() => Arc::clone(column),
            Some(column) => {
                let why =
                    format!("column `{}` is {}, not {}", field.name(), column.data_type(), field.data_type());
                return Err(LakeError::shape(table, why));
            }
            None if field.is_nullable() => new_null_array(field.data_type(), batch.num_rows()),
            None => return Err(LakeError::shape(table, format!("column `{}` is absent", field.name()))),
        });
    }
    RecordBatch::try_new(schema, columns).map_err(|e| LakeError::rows(table, e))
}

/// The rows in the one order. Batches that are in order already, one after the other, are not copied.
pub(crate) fn order(table: &Table, batches: Vec<RecordBatch>) -> Result<Vec<RecordBatch>, ArrowError> {
    // Deliveries mostly come in order, and a sort copies every row.
    let names = order_of(table);
    if in_order(&names, &batches)? {
        return Ok(batches);
    }
    let whole = concat_batches(&table.schema(), &batches)?;
    let columns: Vec<SortColumn> = columns(&names, &whole)
        .map(|values| SortColumn { values: Arc::clone(values), options: Some(ORDER) })
        .collect();
    Ok(vec![take_record_batch(&whole, &lexsort_to_indices(&columns, None)?)?])
}

/// The columns that rows are ordered by: the table's own, then all others.
pub(crate) fn order_of(table: &Table) -> Vec<&'static str> {
    let rest = table.columns().map(|(name, _)| name).filter(|name| !table.sort.contains(name));
    table.sort.iter().copied().chain(rest).collect()
}

fn columns<'a>(names: &'a [&'static str], batch: &'a RecordBatch) -> impl Iterator<Item = &'a ArrayRef> {
    names.iter().filter_map(|name| batch.column_by_name(name))
}

fn in_order(names: &[&'static str], batches: &[RecordBatch]) -> Result<bool, ArrowError> {
    for batch in batches {
        let rows = comparators(names, batch, batch)?;
        if (1..batch.num_rows()).any(|row| compare(&rows, row - 1, row) == Ordering::Greater) {
            return Ok(false);
        }
    }
    // Batches that are in order may still overlap each other.
    for (left, right) in batches.iter().zip(batches.iter().skip(1)) {
        let border = comparators(names, left, right)?;
        if left.num_rows() == 0
            || right.num_rows() == 0
            || compare(&border, left.num_rows() - 1, 0) == Ordering::Greater
        {
            return Ok(false);
        }
    }
    Ok(true)
}

fn comparators(
    names: &[&'static str],
    left: &RecordBatch,
    right: &RecordBatch,
) -> Result<Vec<DynComparator>, ArrowError> {
    columns(names, left).zip(columns(names, right)).map(|(l, r)| make_comparator(l, r, ORDER)).collect()
}

fn compare(columns: &[DynComparator], left: usize, right: usize) -> Ordering {
    columns.iter().map(|column| column(left, right)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// What the record of an edition has about a file's rows, while they pass.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    pub(crate) rows: u64,
    ranges: BTreeMap<&'static str, (Key, Key, DataType)>,
    receipts: BTreeSet<String>,
    pub(crate) synthetic: bool,
}

impl Summary {
    /// Of some rows.
    pub(crate) fn of(table: &Table, batches: &[RecordBatch]) -> Self {
        let mut summary = Self::default();
        batches.iter().for_each(|batch| summary.take(table, batch));
        summary
    }

    /// Takes more rows.
    pub(crate) fn take(&mut self, table: &Table, batch: &RecordBatch) {
        self.rows += batch.num_rows() as u64;
        for name in table.sort {
            let Some(column) = batch.column_by_name(name) else { continue };
            let Some((low, high)) = range(column) else { continue };
            let range = match self.ranges.remove(name) {
                Some((least, most, kind)) => (least.min(low), most.max(high), kind),
                None => (low, high, column.data_type().clone()),
            };
            self.ranges.insert(name, range);
        }
        if let Some(column) = receipt_column(batch).filter(|_| supersedable(table)) {
            // Rows of one receipt mostly follow each other: the set is looked up at a change only.
            let mut before = None;
            for receipt in column.iter().flatten().filter(|r| before.replace(*r) != Some(*r)) {
                if !self.receipts.contains(receipt) {
                    self.receipts.insert(receipt.to_owned());
                }
            }
        }
        let flags = batch.column_by_name("synthetic").and_then(|column| column.as_boolean_opt());
        self.synthetic |= flags.is_some_and(|flags| flags.true_count() > 0);
    }

    /// The entry of a file that holds them.
    pub(crate) fn entry(self, table: &Table, bytes: u64, sha256: String) -> FileEntry {
        let mut keys = BTreeMap::new();
        for (name, (low, high, kind)) in self.ranges {
            if let (Some(low), Some(high)) = (low.text(&kind), high.text(&kind)) {
                keys.insert(name.to_owned(), (low, high));
            }
        }
        let path = format!("tables/{}/{sha256}.parquet", table.name);
        let (rows, synthetic) = (self.rows, self.synthetic);
        FileEntry {
            bytes,
            keys,
            path,
            receipts: self.receipts.into_iter().collect(),
            rows,
            sha256,
            synthetic,
        }
    }
}

/// Whether rows are in the one order, and come after a row that was there before.
pub(crate) fn follow(
    table: &Table,
    before: Option<&RecordBatch>,
    batch: &RecordBatch,
) -> Result<bool, ArrowError> {
    let batches: Vec<RecordBatch> = before.into_iter().chain([batch]).cloned().collect();
    in_order(&order_of(table), &batches)
}

/// A value of a column that files are sorted by.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Number(i64),
    Text(String),
}

impl Key {
    /// As text: ISO 8601 for days and moments.
    fn text(self, kind: &DataType) -> Option<String> {
        match (self, kind) {
            (Self::Text(text), _) => Some(text),
            (Self::Number(days), DataType::Date32) => {
                let epoch = NaiveDate::from_ymd_opt(1970, 1, 1)?;
                Some(epoch.checked_add_signed(chrono::Duration::try_days(days)?)?.to_string())
            }
            (Self::Number(micros), DataType::Timestamp(..)) => {
                Some(DateTime::from_timestamp_micros(micros)?.to_rfc3339_opts(SecondsFormat::Micros, true))
            }
            (Self::Number(number), _) => Some(number.to_string()),
        }
    }
}

fn range(column: &ArrayRef) -> Option<(Key, Key)> {
    match column.data_type() {
        DataType::Utf8 => {
            let texts = column.as_string::<i32>();
            Some((Key::Text(min_string(texts)?.to_owned()), Key::Text(max_string(texts)?.to_owned())))
        }
        DataType::Int64 => {
            let values = column.as_primitive::<Int64Type>();
            Some((Key::Number(min(values)?), Key::Number(max(values)?)))
        }
        DataType::Int32 => {
            let values = column.as_primitive::<Int32Type>();
            Some((Key::Number(min(values)?.into()), Key::Number(max(values)?.into())))
        }
        DataType::Date32 => {
            let values = column.as_primitive::<Date32Type>();
            Some((Key::Number(min(values)?.into()), Key::Number(max(values)?.into())))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let values = column.as_primitive::<TimestampMicrosecondType>();
            Some((Key::Number(min(values)?), Key::Number(max(values)?)))
        }
        _ => None,
    }
}

fn receipt_column(batch: &RecordBatch) -> Option<&StringArray> {
    batch.column_by_name("receipt_id")?.as_string_opt::<i32>()
}

/// The rows that did not come in one of these receipts.
pub(crate) fn without(batch: &RecordBatch, superseded: &BTreeSet<String>) -> Result<RecordBatch, ArrowError> {
    // A table without receipts keeps all its rows.
    let Some(column) = receipt_column(batch) else { return Ok(batch.clone()) };
    let keep: BooleanArray = column.iter().map(|r| Some(r.is_none_or(|r| !superseded.contains(r)))).collect();
    filter_record_batch(batch, &keep)
}
