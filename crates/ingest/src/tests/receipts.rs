//! Receipts are whole hashes; those that an earlier version gave, the first 16 digits, stay what they are.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array as _, StringArray};
use utbredt_model::ReceiptId;

use super::*;
use crate::held::{self, HeldError, Released};
use crate::{Report, deliver};

const FEBRUARY: [&str; 2] = ["0301;2025-02;uses;1210", "4601;2025-02;uses;310"];
const CORRECTED: [&str; 2] = ["0301;2025-02;uses;1300", "4601;2025-02;uses;320"];
const JANUARY: [&str; 2] = ["0301;2025-01;uses;1209", "4601;2025-01;uses;309"];

fn bring(writer: &mut Writer, subject: &str, rows: &[&str]) -> Report {
    deliver(writer, &contract(), &delivery(subject, rows)).unwrap()
}

/// Receipts and whether they are active.
fn receipts(writer: &Writer) -> BTreeMap<String, bool> {
    let active = writer.lake().latest().unwrap().unwrap().receipts;
    let table = table_of(writer, "receipts");
    let ids = text(&table, "receipt_id").unwrap().into_iter().flatten();
    ids.map(|id| (id.to_owned(), active.iter().any(|one| one == id))).collect()
}

/// The lake as a version wrote it that cut receipts; with other bytes behind them when `of_others`.
fn as_before(writer: &mut Writer, of_others: bool) {
    let latest = writer.lake().latest().unwrap().unwrap();
    let replaced = |batch: &RecordBatch, name: &str, to: &dyn Fn(&str) -> String| {
        let mut columns = batch.columns().to_vec();
        let at = batch.schema().index_of(name).unwrap();
        let values: StringArray = text(batch, name).unwrap().into_iter().map(|value| value.map(to)).collect();
        assert_eq!(values.len(), batch.num_rows());
        columns[at] = Arc::new(values);
        RecordBatch::try_new(batch.schema(), columns).unwrap()
    };
    let cut = |id: &str| id[..16].to_owned();
    let mut replace = Vec::new();
    for name in ["receipts", "rejections", "usage"] {
        let mut batch = replaced(&table_of(writer, name), "receipt_id", &cut);
        if of_others && name == "receipts" {
            batch = replaced(&batch, "sha256", &|_| "ab".repeat(32));
        }
        replace.push((columns::table(name).unwrap(), batch));
    }
    let change = EditionDraft {
        recorded_at: latest.recorded_at,
        reason: "an earlier version".to_owned(),
        replace,
        append: Vec::new(),
        supersedes: latest.receipts.iter().cloned().map(ReceiptId).collect(),
        receipts: latest.receipts.iter().map(|id| ReceiptId(cut(id))).collect(),
    };
    writer.commit(change).unwrap();
}

#[test]
fn a_receipt_is_a_whole_hash_and_its_first_digits_name_it() {
    let (_dir, mut writer) = ready();
    let report = bring(&mut writer, "eksport", &FEBRUARY);
    assert!(report.receipt_id.0.len() == 64 && report.receipt_id.0.bytes().all(|b| b.is_ascii_hexdigit()));
    let id = bring(&mut writer, "eksport", &JANUARY).receipt_id.0;
    assert_eq!(held::show(writer.lake(), &id[..8]).unwrap().0.receipt_id, id);
    assert!(matches!(held::show(writer.lake(), &id[..7]), Err(HeldError::Unknown { .. })), "too few");
    assert!(matches!(held::show(writer.lake(), ""), Err(HeldError::Unknown { .. })));
}

#[test]
fn what_an_earlier_version_received_is_known_and_is_replaced_by_its_receipt() {
    let (_dir, mut writer) = ready();
    let first = bring(&mut writer, "eksport", &FEBRUARY).receipt_id.0;
    let waits = bring(&mut writer, "eksport", &JANUARY).receipt_id.0;
    as_before(&mut writer, false);
    let before = BTreeMap::from([(first[..16].to_owned(), true), (waits[..16].to_owned(), false)]);
    assert_eq!(receipts(&writer), before);
    // The same again changes nothing, and says under which receipt it is here.
    let again = bring(&mut writer, "eksport", &FEBRUARY);
    assert!(again.unchanged && again.held.is_none() && again.receipt_id.0 == first[..16], "{again:?}");
    let again = bring(&mut writer, "eksport", &JANUARY);
    assert!(again.unchanged && again.held.is_some() && again.receipt_id.0 == waits[..16], "{again:?}");
    assert_eq!(receipts(&writer), before);
    // A correction has a receipt of today, and takes the place of the old one.
    let corrected = bring(&mut writer, "eksport", &CORRECTED);
    assert_eq!(
        (corrected.receipt_id.0.len(), corrected.superseded),
        (64, Some(ReceiptId(first[..16].to_owned())))
    );
    // What was held then is released under its receipt.
    let at = moment("2025-05-01T00:00:00Z");
    let released = held::release(&mut writer, &waits[..16], "it is right", at).unwrap();
    assert!(matches!(released, Released::Now(report) if report.receipt_id.0 == waits[..16]));
    assert_eq!(writer.lake().verify().unwrap().problems, Vec::<String>::new());
}

/// Two deliveries whose hashes begin alike are two: a part of a hash is no proof of the rest.
#[test]
fn a_receipt_that_begins_alike_is_not_taken_for_the_same() {
    let (_dir, mut writer) = ready();
    let id = bring(&mut writer, "eksport", &FEBRUARY).receipt_id.0;
    as_before(&mut writer, true);
    let report = bring(&mut writer, "eksport", &FEBRUARY);
    assert_eq!((report.unchanged, &report.receipt_id.0), (false, &id));
    assert_eq!(report.superseded, Some(ReceiptId(id[..16].to_owned())));
    assert_eq!(receipts(&writer), BTreeMap::from([(id[..16].to_owned(), false), (id, true)]));
}
