//! The same delivery again, a corrected one, and the way back.

use std::sync::Arc;

use super::*;
use crate::diff::ChangedCell;
use crate::{IngestError, deliver, deliver_all};

const FIRST: [&str; 3] = ["0301;2025-01;uses;10", "4601;2025-01;uses;20", "1103;2025-01;uses;30"];
// Nothing is known of 5001, so that the first may come back without a loss.
const SECOND: [&str; 4] =
    ["0301;2025-01;uses;11", "4601;2025-01;uses;20", "1103;2025-01;uses;30", "5001;2025-01;uses;.."];

#[test]
fn the_same_delivery_twice_changes_nothing() {
    let (_dir, mut writer) = ready();
    let first = deliver(&mut writer, &contract(), &delivery("2025-01", &FIRST)).unwrap();
    assert_eq!((first.rows_in, first.accepted, first.rejected, first.edition), (3, 3, 0, 2));
    assert!(!first.unchanged && first.held.is_none() && first.superseded.is_none());
    let mut later = delivery("2025-01", &FIRST);
    later.received_at = moment("2025-04-01T00:00:00Z");
    let again = deliver(&mut writer, &contract(), &later).unwrap();
    assert!(again.unchanged);
    assert_eq!((again.receipt_id, again.edition), (first.receipt_id, 2));
    assert_eq!(writer.lake().editions().unwrap().len(), 2);
    assert_eq!(table_of(&writer, "receipts").num_rows(), 1);
}

#[test]
fn a_correction_takes_the_place_of_the_first_and_states_what_changed() {
    let (_dir, mut writer) = ready();
    let first = deliver(&mut writer, &contract(), &delivery("2025-01", &FIRST)).unwrap();
    let second = deliver(&mut writer, &contract(), &delivery("2025-01", &SECOND)).unwrap();
    assert_eq!(second.superseded, Some(first.receipt_id.clone()));
    let diff = second.diff.unwrap();
    let cell = ChangedCell {
        key: "digihelse uses 0301 2025-01".to_owned(),
        old: "10".to_owned(),
        new: "11".to_owned(),
    };
    assert_eq!((diff.added, diff.removed, diff.changed), (1, 0, vec![cell]));
    assert_eq!(
        usage_of(&writer),
        ["0301 2024-01-01 11", "1103 2024-01-01 30", "4601 2024-01-01 20", "5001 2024-01-01 -"]
    );
    let edition = writer.lake().latest().unwrap().unwrap();
    assert_eq!(edition.supersedes, std::slice::from_ref(&first.receipt_id.0));
    assert_eq!(edition.receipts, std::slice::from_ref(&second.receipt_id.0));
    // What was withdrawn may come back; its receipt is the one it had.
    let back = deliver(&mut writer, &contract(), &delivery("2025-01", &FIRST)).unwrap();
    assert_eq!((back.unchanged, back.receipt_id), (false, first.receipt_id));
    assert_eq!(usage_of(&writer), ["0301 2024-01-01 10", "1103 2024-01-01 30", "4601 2024-01-01 20"]);
    assert_eq!(table_of(&writer, "receipts").num_rows(), 2);
    // Earlier editions still say what they said.
    let lake = writer.lake();
    let old = read(lake, Some(&lake.edition(3).unwrap()), "usage").unwrap();
    assert_eq!(counts_of(&old, "value").into_iter().flatten().sum::<i64>(), 61);
}

#[test]
fn two_answers_to_one_question_in_a_batch_leave_the_later() {
    let (_dir, mut writer) = ready();
    let batch = [delivery("2025-01", &FIRST), delivery("2025-01", &SECOND)]
        .map(|delivery| (Arc::new(contract()) as Arc<dyn Format>, delivery));
    let reports = deliver_all(&mut writer, moment("2025-03-12T07:00:00Z"), &batch).unwrap();
    assert_eq!(reports[1].superseded.as_ref(), Some(&reports[0].receipt_id));
    assert_eq!(reports[1].diff.as_ref().map(|diff| diff.changed.len()), Some(1));
    assert_eq!(
        usage_of(&writer),
        ["0301 2024-01-01 11", "1103 2024-01-01 30", "4601 2024-01-01 20", "5001 2024-01-01 -"]
    );
    assert_eq!(writer.lake().editions().unwrap().len(), 2);
}

#[test]
fn another_question_adds() {
    let (_dir, mut writer) = ready();
    deliver(&mut writer, &contract(), &delivery("2025-01", &FIRST)).unwrap();
    let next = deliver(&mut writer, &contract(), &delivery("2025-02", &["0301;2025-02;uses;12"])).unwrap();
    assert_eq!((next.superseded, next.held), (None, None));
    assert_eq!(usage_of(&writer).len(), 4);
}

#[test]
fn a_contract_of_another_source_is_refused() {
    let (_dir, mut writer) = ready();
    let mut foreign = delivery("2025-01", &FIRST);
    foreign.source_id = SourceId::parse("state").unwrap();
    let error = deliver(&mut writer, &contract(), &foreign).unwrap_err();
    assert!(matches!(&error, IngestError::WrongContract { .. }), "{error}");
    assert!(error.to_string().contains("`state`") && error.to_string().contains("`county`"));
}

#[test]
fn an_empty_lake_states_what_it_lacks() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Lake::init(dir.path()).unwrap().writer().unwrap();
    let error = deliver(&mut writer, &contract(), &delivery("2025-01", &FIRST)).unwrap_err();
    assert!(error.to_string().contains("load the reference tables"), "{error}");
}
