//! Rows, batches and lakes for the tests.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::Int64Type;
use chrono::{DateTime, Utc};
use utbredt_model::ReceiptId;

use crate::{Edition, EditionDraft, Lake, Table};

/// A row of `usage`: municipality, month counted from 2024-01, value, receipt.
pub(crate) type Row = (&'static str, i32, i64, String);

pub(crate) fn table(name: &str) -> &'static Table {
    Table::named(name).unwrap()
}

pub(crate) fn moment(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_750_000_000 + second, 0).unwrap()
}

pub(crate) fn row(municipality: &'static str, month: i32, value: i64, receipt: &str) -> Row {
    (municipality, month, value, receipt.to_owned())
}

fn text(values: impl Iterator<Item = String>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

pub(crate) fn usage(rows: &[Row]) -> RecordBatch {
    let same = |word: &'static str| text(rows.iter().map(move |_| word.to_owned()));
    let flags = || Arc::new(BooleanArray::from(vec![false; rows.len()])) as ArrayRef;
    let days = |days: Vec<i32>| Arc::new(Date32Array::from(days)) as ArrayRef;
    let columns: Vec<ArrayRef> = vec![
        same("digisos"),
        same("users_active"),
        text(rows.iter().map(|r| r.0.to_owned())),
        days(vec![19723; rows.len()]),
        Arc::new(StringArray::from(vec![None::<&str>; rows.len()])),
        days(rows.iter().map(|r| 19723 + 31 * r.1).collect()),
        days(rows.iter().map(|r| 19723 + 31 * (r.1 + 1)).collect()),
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|r| r.2))),
        same("ok"),
        flags(),
        flags(),
        flags(),
        text(rows.iter().map(|r| r.3.clone())),
        flags(),
    ];
    RecordBatch::try_new(table("usage").schema(), columns).unwrap()
}

/// `receipts` rows: (id, sha256 of the payload).
pub(crate) fn receipts(rows: &[(&str, &str)]) -> RecordBatch {
    receipts_of(table("receipts"), rows)
}

/// The same under the column names of a former definition of `receipts`.
pub(crate) fn receipts_of(table: &Table, rows: &[(&str, &str)]) -> RecordBatch {
    let n = rows.len();
    let same = |word: &'static str| text(rows.iter().map(move |_| word.to_owned()));
    let mut columns: Vec<ArrayRef> = vec![
        text(rows.iter().map(|r| r.0.to_owned())),
        same("source"),
        same("all"),
        Arc::new(TimestampMicrosecondArray::from(vec![1_750_000_000_000_001; n]).with_timezone("UTC")),
        text(rows.iter().map(|r| r.1.to_owned())),
        Arc::new(Int64Array::from(vec![1; n])),
        Arc::new(Int64Array::from(vec![1; n])),
        Arc::new(Int64Array::from(vec![0; n])),
        Arc::new(Int32Array::from(vec![1; n])),
        Arc::new(BooleanArray::from(vec![false; n])),
        same("accepted"),
        Arc::new(StringArray::from(vec![None::<&str>; n])),
        Arc::new(StringArray::from(vec![None::<&str>; n])),
        Arc::new(TimestampMicrosecondArray::from(vec![None::<i64>; n]).with_timezone("UTC")),
        Arc::new(StringArray::from(vec![None::<&str>; n])),
    ];
    // A former definition ends before the columns that were added since.
    columns.truncate(table.columns().count());
    RecordBatch::try_new(table.schema(), columns).unwrap()
}

pub(crate) fn change(second: i64) -> EditionDraft {
    EditionDraft {
        recorded_at: moment(second),
        reason: "test".to_owned(),
        replace: vec![],
        append: vec![],
        supersedes: vec![],
        receipts: vec![],
    }
}

pub(crate) fn append(second: i64, rows: &[Row]) -> EditionDraft {
    let receipts: BTreeSet<&String> = rows.iter().map(|r| &r.3).collect();
    EditionDraft {
        append: vec![(table("usage"), usage(rows))],
        receipts: receipts.into_iter().cloned().map(ReceiptId).collect(),
        ..change(second)
    }
}

/// The rows of `usage`, sorted.
pub(crate) fn read_usage(lake: &Lake, edition: &Edition) -> Vec<(String, i32, i64, String)> {
    let mut rows = Vec::new();
    for batch in lake.read_table(edition, table("usage")).unwrap() {
        let texts = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().clone();
        let (codes, receipts) = (texts("municipality_code"), texts("receipt_id"));
        let starts = batch.column_by_name("period_start").unwrap();
        let starts = starts.as_any().downcast_ref::<Date32Array>().unwrap();
        let values = batch.column_by_name("value").unwrap().as_primitive::<Int64Type>();
        for i in 0..batch.num_rows() {
            let month = (starts.value(i) - 19723) / 31;
            rows.push((codes.value(i).to_owned(), month, values.value(i), receipts.value(i).to_owned()));
        }
    }
    rows.sort();
    rows
}

pub(crate) fn sorted(rows: &[Row]) -> Vec<(String, i32, i64, String)> {
    let mut rows: Vec<_> = rows.iter().map(|r| (r.0.to_owned(), r.1, r.2, r.3.clone())).collect();
    rows.sort();
    rows
}

/// Every file below a folder, relative, sorted.
pub(crate) fn files(root: &Path) -> Vec<String> {
    fn walk(root: &Path, folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, found);
            } else {
                found.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    let mut found = Vec::new();
    walk(root, root, &mut found);
    found.sort();
    found
}

/// A lake of three editions with a payload, a superseded delivery and Delta logs.
pub(crate) fn sample(root: &Path) -> Lake {
    let lake = Lake::init(root).unwrap();
    let mut writer = lake.writer().unwrap();
    let payload = writer.keep_raw(b"kommune;verdi\n0301;7\n").unwrap();
    let mut first = append(0, &[row("0301", 0, 7, "a"), row("4601", 0, 9, "b")]);
    first.append.push((table("receipts"), receipts(&[("a", &payload)])));
    writer.commit(first).unwrap();
    writer.commit(append(1, &[row("0301", 1, 8, "c"), row("5501", 1, 3, "f")])).unwrap();
    let correction =
        EditionDraft { supersedes: vec![ReceiptId("a".to_owned())], ..append(2, &[row("0301", 0, 70, "d")]) };
    writer.commit(correction).unwrap();
    lake
}

/// A small generator of numbers, the same for the same seed.
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % below as u64) as usize
    }
}
