//! The same file by another contract: another reading of the same bytes, which is no repetition.

use std::sync::Arc;

use super::*;
use crate::held::{self, HeldError, Released};
use crate::{ChangedCell, DryRunContext, Report, deliver, deliver_all};

/// Three columns of numbers; the last municipality's first number is none.
const FILE: &str = "code;month;svarut;digihelse;moved\n0301;2025-10;1200;40;1201\n4601;2025-10;300;20;300\n\
    1103;2025-10;250;10;250\n5001;2025-10;200;8;200\n1506;2025-10;x;7;90\n";

/// A contract that reads one column for one solution.
fn reads(solution: &str, column: &str, version: u32) -> Delimited {
    Delimited(Contract::from_toml(&text_of(solution, column, version)).unwrap())
}

fn text_of(solution: &str, column: &str, version: u32) -> String {
    format!(
        "source_id = \"county\"\nversion = {version}\nsubject.column = \"code\"\nperiod.column = \"month\"\n\
         solution.fixed = \"{solution}\"\nmeasure.fixed = \"uses\"\nvalue.column = \"{column}\"\n"
    )
}

fn file(subject: &str, at: &str) -> Delivery {
    Delivery { payload: FILE.into(), received_at: moment(at), ..delivery(subject, &[]) }
}

/// Brings the file in as a dry run said it would come in.
fn bring(writer: &mut Writer, format: &dyn Format, one: &Delivery) -> Report {
    let trial = DryRunContext::Lake(writer.lake().clone()).dry_run(format, one).unwrap().report;
    let report = deliver(writer, format, one).unwrap();
    let said = |report: &Report| (report.verdict(), report.receipt_id.clone(), report.held.clone());
    assert_eq!(said(&trial), said(&report));
    if !report.unchanged {
        assert_eq!((trial.loss, trial.diff), (report.loss.clone(), report.diff.clone()));
    }
    report
}

/// Active cells as `solution code value`, in order.
fn active(writer: &Writer) -> Vec<String> {
    cells_of(&table_of(writer, "usage"))
}

fn cells_of(usage: &RecordBatch) -> Vec<String> {
    let rows = usage_rows(usage).unwrap();
    let mut cells: Vec<_> =
        rows.iter().map(|row| format!("{} {} {}", row.solution, row.code, row.value.unwrap_or(-1))).collect();
    cells.sort();
    cells
}

const SVARUT: [&str; 4] = ["svarut 0301 1200", "svarut 1103 250", "svarut 4601 300", "svarut 5001 200"];
const DIGIHELSE: [&str; 5] =
    ["digihelse 0301 40", "digihelse 1103 10", "digihelse 1506 7", "digihelse 4601 20", "digihelse 5001 8"];

/// What `receipts` has of each: state and version of the contract, in the order of the receipts.
fn receipts(writer: &Writer) -> Vec<(String, String, i32)> {
    let table = table_of(writer, "receipts");
    let (ids, states) = (text(&table, "receipt_id").unwrap(), text(&table, "state").unwrap());
    let versions = columns::numbers::<arrow::datatypes::Int32Type>(&table, "contract_version").unwrap();
    let rows = ids.iter().zip(states).zip(versions);
    let mut rows: Vec<_> = rows
        .map(|((id, state), version)| (id.unwrap().to_owned(), state.unwrap().to_owned(), version.unwrap()))
        .collect();
    rows.sort();
    rows
}

fn latest(writer: &Writer) -> u64 {
    writer.lake().latest().unwrap().unwrap().number
}

#[test]
fn a_second_contract_on_the_same_file_is_held_and_comes_in_under_its_own_subject() {
    let (_dir, mut writer) = ready();
    let (svarut, digihelse) = (reads("svarut", "svarut", 1), reads("digihelse", "digihelse", 1));
    let first = bring(&mut writer, &svarut, &file("2025-10", "2025-11-03T06:00:00Z"));
    assert_eq!((first.accepted, first.rejected, first.held.clone()), (4, 1, None));
    let second = bring(&mut writer, &digihelse, &file("2025-10", "2025-11-04T06:00:00Z"));
    let reason = second.held.clone().unwrap().join("\n");
    assert!(reason.starts_with("takes 4 of 4 cells out of force"), "{reason}");
    assert!(reason.contains("a second contract") && reason.contains("(`--subject`)"), "{reason}");
    assert!(second.releasable && !second.unchanged);
    // What is active stays so, under a receipt that says by what it was read.
    assert_eq!(active(&writer), SVARUT);
    let mut expected = vec![
        (first.receipt_id.0.clone(), "accepted".to_owned(), 1),
        (second.receipt_id.0.clone(), "held".to_owned(), 1),
    ];
    expected.sort();
    assert_eq!(receipts(&writer), expected);
    // Neither says anything new when it comes again.
    for (format, report) in [(&svarut, &first), (&digihelse, &second)] {
        let again = bring(&mut writer, format, &file("2025-10", "2025-11-05T06:00:00Z"));
        assert_eq!(
            (again.unchanged, again.edition, again.receipt_id),
            (true, second.edition, report.receipt_id.clone())
        );
    }
    // The way out that it names.
    let other = bring(&mut writer, &digihelse, &file("2025-10 digihelse", "2025-11-05T06:00:00Z"));
    assert_eq!((other.accepted, other.held), (5, None));
    assert_eq!(active(&writer), [&DIGIHELSE[..], &SVARUT[..]].concat());
}

#[test]
fn a_second_contract_that_replaces_its_own_span_has_the_same_way_out() {
    let (_dir, mut writer) = ready();
    let own_span = |solution: &str| {
        let text = format!("replaces = \"own_span\"\n{}", text_of(solution, solution, 1));
        Delimited(Contract::from_toml(&text).unwrap())
    };
    bring(&mut writer, &own_span("svarut"), &file("2025-10", "2025-11-03T06:00:00Z"));
    let second = bring(&mut writer, &own_span("digihelse"), &file("2025-10", "2025-11-04T06:00:00Z"));
    let reason = second.held.unwrap().join("\n");
    assert!(reason.starts_with("takes 4 of 4 cells") && reason.contains("`--subject`"), "{reason}");
    assert_eq!(active(&writer), SVARUT);
    let other = bring(&mut writer, &own_span("digihelse"), &file("other", "2025-11-04T06:00:00Z"));
    assert_eq!(other.held, None);
    assert_eq!(active(&writer), [&DIGIHELSE[..], &SVARUT[..]].concat());
}

#[test]
fn a_corrected_contract_replaces_what_the_wrong_one_read() {
    let (_dir, mut writer) = ready();
    let first = bring(&mut writer, &reads("svarut", "svarut", 1), &file("2025-10", "2025-11-03T06:00:00Z"));
    assert_eq!(table_of(&writer, "rejections").num_rows(), 1);
    let corrected = reads("svarut", "moved", 2);
    let second = bring(&mut writer, &corrected, &file("2025-10", "2025-11-04T06:00:00Z"));
    assert_eq!((second.held.clone(), second.unchanged, second.edition), (None, false, first.edition + 1));
    assert_eq!(second.receipt_id, first.receipt_id);
    let diff = second.diff.unwrap();
    let oslo = ChangedCell {
        key: "svarut uses 0301 2025-10".to_owned(),
        old: "1200".to_owned(),
        new: "1201".to_owned(),
    };
    assert_eq!((diff.added, diff.removed, diff.changed), (1, 0, vec![oslo]));
    let now = ["svarut 0301 1201", "svarut 1103 250", "svarut 1506 90", "svarut 4601 300", "svarut 5001 200"];
    assert_eq!(active(&writer), now);
    // The receipt and the rejections are those of the reading that counts, and what it was read by is kept.
    assert_eq!(receipts(&writer), [(first.receipt_id.0, "accepted".to_owned(), 2)]);
    assert_eq!(table_of(&writer, "rejections").num_rows(), 0);
    let table = table_of(&writer, "receipts");
    let kept = writer.lake().raw(text(&table, "contract_sha256").unwrap()[0].unwrap()).unwrap();
    assert!(String::from_utf8(kept).unwrap().contains("\"moved\""));
    // The edition before still says what it said.
    let before = writer.lake().edition(first.edition).unwrap();
    assert_eq!(cells_of(&read(writer.lake(), Some(&before), "usage").unwrap()), SVARUT);
    let again = bring(&mut writer, &corrected, &file("2025-10", "2025-11-05T06:00:00Z"));
    assert_eq!((again.unchanged, again.edition), (true, second.edition));
}

#[test]
fn a_contract_that_reads_the_same_changes_nothing() {
    let (_dir, mut writer) = ready();
    let text = text_of("svarut", "svarut", 1);
    let first = bring(&mut writer, &reads("svarut", "svarut", 1), &file("2025-10", "2025-11-03T06:00:00Z"));
    // A comment and the order of lines are no part of a contract.
    let mut lines: Vec<&str> = text.lines().collect();
    lines.reverse();
    let commented = format!("# As agreed in October.\n{}\n", lines.join("\n"));
    let commented = Delimited(Contract::from_toml(&commented).unwrap());
    let again = bring(&mut writer, &commented, &file("2025-10", "2025-11-04T06:00:00Z"));
    assert_eq!((again.unchanged, again.edition), (true, first.edition));
    // Another version with the same facts is unchanged too; its receipt names it, so that it is read for it once.
    let raised = reads("svarut", "svarut", 2);
    let noted = bring(&mut writer, &raised, &file("2025-10", "2025-11-05T06:00:00Z"));
    assert_eq!((noted.unchanged, noted.held, noted.diff), (true, None, None));
    assert_eq!(receipts(&writer), [(first.receipt_id.0, "accepted".to_owned(), 2)]);
    assert_eq!(active(&writer), SVARUT);
    assert_eq!(table_of(&writer, "rejections").num_rows(), 1);
    assert_eq!(received(&writer), [moment("2025-11-03T06:00:00Z")]);
    let edition = latest(&writer);
    let last = bring(&mut writer, &raised, &file("2025-10", "2025-11-06T06:00:00Z"));
    assert_eq!((last.unchanged, last.edition), (true, edition));
}

/// When each receipt came.
fn received(writer: &Writer) -> Vec<DateTime<Utc>> {
    use arrow::datatypes::TimestampMicrosecondType;
    let moments =
        columns::numbers::<TimestampMicrosecondType>(&table_of(writer, "receipts"), "received_at").unwrap();
    moments.into_iter().flatten().filter_map(DateTime::from_timestamp_micros).collect()
}

/// Makes the receipts what they were before contracts were recorded.
fn forget_contracts(writer: &mut Writer) {
    let receipts = table_of(writer, "receipts");
    let mut columns = receipts.columns().to_vec();
    let at = receipts.schema().index_of("contract_sha256").unwrap();
    columns[at] = Arc::new(arrow::array::StringArray::new_null(receipts.num_rows()));
    let receipts = RecordBatch::try_new(receipts.schema(), columns).unwrap();
    let change = EditionDraft {
        recorded_at: moment("2025-11-03T07:00:00Z"),
        reason: "before contracts were recorded".to_owned(),
        replace: vec![(columns::table("receipts").unwrap(), receipts)],
        append: Vec::new(),
        supersedes: Vec::new(),
        receipts: Vec::new(),
    };
    writer.commit(change).unwrap();
}

#[test]
fn a_receipt_without_a_contract_is_compared_by_its_facts_once() {
    let (_dir, mut writer) = ready();
    let svarut = reads("svarut", "svarut", 1);
    bring(&mut writer, &svarut, &file("2025-10", "2025-11-03T06:00:00Z"));
    forget_contracts(&mut writer);
    let first = bring(&mut writer, &svarut, &file("2025-10", "2025-11-04T06:00:00Z"));
    assert_eq!((first.unchanged, first.held, first.superseded, first.diff), (true, None, None, None));
    assert_eq!(
        (active(&writer), received(&writer)),
        (SVARUT.map(str::to_owned).to_vec(), vec![moment("2025-11-03T06:00:00Z")])
    );
    let edition = latest(&writer);
    assert_eq!(first.edition, edition);
    let again = bring(&mut writer, &svarut, &file("2025-10", "2025-11-05T06:00:00Z"));
    assert_eq!((again.unchanged, again.edition, again.rows_in), (true, edition, 0));
    // What another contract reads is taken for what it is.
    forget_contracts(&mut writer);
    let corrected =
        bring(&mut writer, &reads("svarut", "moved", 2), &file("2025-10", "2025-11-06T06:00:00Z"));
    assert_eq!((corrected.unchanged, corrected.diff.unwrap().changed.len()), (false, 1));
    forget_contracts(&mut writer);
    let other =
        bring(&mut writer, &reads("digihelse", "digihelse", 1), &file("2025-10", "2025-11-07T06:00:00Z"));
    assert!(other.held.unwrap().join("\n").contains("`--subject`"));
}

#[test]
fn a_release_of_a_second_reading_reads_by_its_contract_in_place_of_the_first() {
    let (_dir, mut writer) = ready();
    let (svarut, digihelse) = (reads("svarut", "svarut", 1), reads("digihelse", "digihelse", 2));
    let first = bring(&mut writer, &svarut, &file("2025-10", "2025-11-03T06:00:00Z"));
    let second = bring(&mut writer, &digihelse, &file("2025-10", "2025-11-04T06:00:00Z"));
    let listed = held::list(writer.lake()).unwrap();
    assert_eq!(listed.iter().map(|one| one.receipt_id.as_str()).collect::<Vec<_>>(), [&second.receipt_id.0]);
    let shown = held::show(writer.lake(), &second.receipt_id.0).unwrap().1.unwrap();
    assert_eq!((shown.held, shown.loss, &shown.receipt_id), (None, second.loss.clone(), &second.receipt_id));
    let now = moment("2025-11-05T06:00:00Z");
    let of_first = held::release(&mut writer, &first.receipt_id.0, "the first", now);
    assert!(matches!(of_first, Err(HeldError::NotHeld(_))), "{of_first:?}");
    let released = held::release(&mut writer, &second.receipt_id.0, "the other column was meant", now);
    let Ok(Released::Now(report)) = released else { panic!("{released:?}") };
    assert_eq!((&report.receipt_id, report.accepted), (&second.receipt_id, 5));
    assert_eq!(report.superseded.as_ref(), Some(&first.receipt_id));
    assert_eq!(active(&writer), DIGIHELSE);
    // Every fact names the receipt that says what it was read by and who released it.
    let usage = table_of(&writer, "usage");
    assert!(text(&usage, "receipt_id").unwrap().iter().all(|id| *id == Some(second.receipt_id.0.as_str())));
    assert_eq!(writer.lake().latest().unwrap().unwrap().receipts, std::slice::from_ref(&second.receipt_id.0));
    let again = bring(&mut writer, &digihelse, &file("2025-10", "2025-11-06T06:00:00Z"));
    assert_eq!((again.unchanged, again.receipt_id, again.edition), (true, second.receipt_id, report.edition));
    // The first reading would take out of force what was released: now it is the one that waits.
    let back = bring(&mut writer, &svarut, &file("2025-10", "2025-11-07T06:00:00Z"));
    assert_eq!((back.receipt_id, back.loss.map(|loss| loss.cells)), (first.receipt_id, Some(5)));
    assert_eq!(active(&writer), DIGIHELSE);
}

#[test]
fn of_two_contracts_on_one_file_in_a_batch_the_later_counts() {
    let (_dir, mut writer) = ready();
    let batch = [reads("svarut", "svarut", 1), reads("svarut", "moved", 2)]
        .map(|format| (Arc::new(format) as Arc<dyn Format>, file("2025-10", "2025-11-03T06:00:00Z")));
    let reports = deliver_all(&mut writer, moment("2025-11-03T06:00:00Z"), &batch).unwrap();
    assert_eq!(reports[1].diff.as_ref().map(|diff| diff.changed.len()), Some(1));
    assert_eq!(active(&writer)[0], "svarut 0301 1201");
    assert_eq!(active(&writer).len(), 5);
    assert_eq!(receipts(&writer), [(reports[1].receipt_id.0.clone(), "accepted".to_owned(), 2)]);
}
