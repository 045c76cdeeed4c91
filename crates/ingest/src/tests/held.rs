//! Deliveries that would take cells out of force: held with what would be lost, and released by a person.

use super::*;
use crate::held::{self, HeldError, Released};
use crate::{Loss, Report, deliver};

const SEPTEMBER: [&str; 3] = ["0301;2025-09;uses;1209", "4601;2025-09;uses;309", "1103;2025-09;uses;159"];
const OCTOBER: [&str; 3] = ["0301;2025-10;uses;1210", "4601;2025-10;uses;310", "1103;2025-10;uses;160"];

fn own_span() -> Delimited {
    Delimited(Contract::from_toml(&format!("replaces = \"own_span\"\n{CONTRACT}")).unwrap())
}

fn bring(writer: &mut Writer, format: &Delimited, subject: &str, rows: &[&str]) -> Report {
    deliver(writer, format, &delivery(subject, rows)).unwrap()
}

fn accepted(writer: &mut Writer, format: &Delimited, subject: &str, rows: &[&str]) -> Report {
    let report = bring(writer, format, subject, rows);
    assert_eq!(report.held, None, "{subject}");
    report
}

fn loss_of(report: &Report) -> Loss {
    assert!(report.held.is_some(), "{report:?}");
    report.loss.clone().unwrap()
}

/// Active cells as `code period value`, in order.
fn active(writer: &Writer) -> Vec<String> {
    let usage = table_of(writer, "usage");
    let mut rows = Vec::new();
    for row in usage_rows(&usage).unwrap() {
        rows.push(format!("{} {} {}", row.code, day_of(row.start), row.value.unwrap_or(-1)));
    }
    rows.sort();
    rows
}

/// What the receipt of a delivery has in a column of text.
fn of_receipt(writer: &Writer, receipt: &str, column: &str) -> Option<String> {
    let receipts = table_of(writer, "receipts");
    let row = text(&receipts, "receipt_id").unwrap().iter().position(|id| *id == Some(receipt)).unwrap();
    text(&receipts, column).unwrap()[row].map(str::to_owned)
}

#[test]
fn another_month_under_the_same_name_is_held_with_what_would_be_lost() {
    let (_dir, mut writer) = ready();
    accepted(&mut writer, &contract(), "eksport", &SEPTEMBER);
    let report = bring(&mut writer, &contract(), "eksport", &OCTOBER);
    let loss = loss_of(&report);
    assert_eq!((loss.cells, loss.of), (3, 3));
    assert_eq!(loss.periods, ["2025-09"]);
    assert_eq!(loss.municipalities, ["0301", "1103", "4601"]);
    assert_eq!(loss.examples[0], "digihelse uses 0301 2025-09");
    let reason = report.held.clone().unwrap().join("\n");
    assert!(
        reason.starts_with(
            "takes 3 of 3 cells out of force without reporting them again, in 3 municipalities, 2025-09: "
        ),
        "{reason}"
    );
    assert!(reason.contains("--subject") && reason.contains("own_span"), "{reason}");
    assert!(report.releasable && reason.contains("utbredt held release"), "{reason}");
    assert_eq!(active(&writer).len(), 3);
    assert!(active(&writer)[0].contains("2025-09"));
}

#[test]
fn a_cut_file_is_held_and_so_is_an_empty_one() {
    let whole = ["0301", "1103", "4601", "5001", "3401"].map(|code| format!("{code};2025-10;uses;1000"));
    let whole: Vec<&str> = whole.iter().map(String::as_str).collect();
    for (rows, cells) in [(&whole[..2], 3), (&whole[..4], 1), (&whole[..0], 5)] {
        let (_dir, mut writer) = ready();
        accepted(&mut writer, &contract(), "a", &whole);
        let loss = loss_of(&bring(&mut writer, &contract(), "a", rows));
        assert_eq!((loss.cells, loss.of, loss.municipalities.len()), (cells, 5, cells));
        assert_eq!(active(&writer).len(), 5);
    }
}

#[test]
fn what_is_reported_again_in_any_state_is_no_loss() {
    let (_dir, mut writer) = ready();
    accepted(
        &mut writer,
        &contract(),
        "a",
        &["0301;2025-10;uses;10", "4601;2025-10;uses;..", "1103;2025-10;uses;:"],
    );
    // Oslo is reported as not known, and of Bergen nothing was.
    accepted(&mut writer, &contract(), "a", &["0301;2025-10;uses;..", "1103;2025-10;uses;7"]);
    // That a number is suppressed is known, and would be lost.
    accepted(&mut writer, &contract(), "b", &["4601;2025-11;uses;:", "5001;2025-11;uses;1"]);
    let loss = loss_of(&bring(&mut writer, &contract(), "b", &["5001;2025-11;uses;1"]));
    assert_eq!((loss.cells, loss.of, loss.examples), (1, 2, vec!["digihelse uses 4601 2025-11".to_owned()]));
}

#[test]
fn a_number_that_is_reported_as_none_is_no_loss_and_is_counted() {
    let (_dir, mut writer) = ready();
    let before =
        ["0301;2025-10;uses;10", "4601;2025-10;uses;0", "1103;2025-10;uses;30", "5001;2025-10;uses;.."];
    accepted(&mut writer, &contract(), "a", &before);
    let now = ["0301;2025-10;uses;..", "4601;2025-10;uses;:", "1103;2025-10;uses;.", "5001;2025-10;uses;7"];
    let report = accepted(&mut writer, &contract(), "a", &now);
    let diff = report.diff.clone().unwrap();
    assert_eq!((report.loss.clone(), diff.changed.len(), diff.withdrawn), (None, 4, 3));
    assert_eq!((diff.changed[0].old.as_str(), diff.changed[0].new.as_str()), ("10", "missing"));
    assert_eq!(report.to_json()["cells"]["withdrawn"], 3);
    // 4601 is suppressed, 1103 not applicable: neither is the number it was, and neither is gone.
    let of_october = |code: &str, value: i64| format!("{code} 2025-10-01 {value}");
    let expected = [("0301", -1), ("1103", -1), ("4601", -1), ("5001", 7)];
    assert_eq!(active(&writer), expected.map(|(code, value)| of_october(code, value)));
    // Within a span of its own, and together with a cell that is not reported at all: the one is held, the other counted.
    let (_dir, mut writer) = ready();
    let months = ["0301;2025-01;uses;1", "0301;2025-02;uses;2", "4601;2025-02;uses;3"];
    accepted(&mut writer, &own_span(), "first", &months);
    let held = bring(&mut writer, &own_span(), "second", &["0301;2025-02;uses;.."]);
    let loss = loss_of(&held);
    assert_eq!((loss.cells, loss.of, loss.examples), (1, 2, vec!["digihelse uses 4601 2025-02".to_owned()]));
    let released =
        held::release(&mut writer, &held.receipt_id.0, "Bergen left", moment("2025-11-05T09:30:00Z"));
    let Ok(Released::Now(report)) = released else { panic!("{released:?}") };
    let diff = report.diff.unwrap();
    assert_eq!((diff.added, diff.removed, diff.changed.len(), diff.withdrawn), (0, 1, 1, 1));
    assert_eq!(active(&writer), ["0301 2025-01-01 1", "0301 2025-02-01 -1"]);
}

#[test]
fn an_answer_that_was_put_back_gives_way_to_the_next_again() {
    let (_dir, mut writer) = ready();
    let older = ["0301;2025-01;uses;1", "0301;2025-02;uses;2", "0301;2025-03;uses;3"];
    let newer = ["0301;2025-03;uses;33", "0301;2025-04;uses;4"];
    let mut bring_on = |rows: &[&str], day: u32| {
        let mut again = delivery(rows[0], rows);
        again.received_at = moment(&format!("2025-05-{day:02}T06:00:00Z"));
        let report = deliver(&mut writer, &own_span(), &again).unwrap();
        let march = active(&writer).into_iter().find(|row| row.contains("2025-03")).unwrap();
        (report.unchanged, march, active(&writer).len())
    };
    let of_march = |value: &str| format!("0301 2025-03-01 {value}");
    assert_eq!(bring_on(&older, 1), (false, of_march("3"), 3));
    assert_eq!(bring_on(&newer, 2), (false, of_march("33"), 4));
    assert_eq!(bring_on(&older, 3), (false, of_march("3"), 4));
    assert_eq!(bring_on(&newer, 4), (false, of_march("33"), 4));
    assert_eq!(bring_on(&newer, 5), (true, of_march("33"), 4));
}

#[test]
fn a_rolling_export_replaces_its_own_span_only() {
    let (_dir, mut writer) = ready();
    let first = accepted(
        &mut writer,
        &own_span(),
        "eksport",
        &["0301;2025-01;uses;1", "0301;2025-02;uses;2", "0301;2025-03;uses;3"],
    );
    let mut rolled =
        delivery("eksport", &["0301;2025-02;uses;22", "0301;2025-03;uses;3", "0301;2025-04;uses;4"]);
    rolled.received_at = moment("2025-05-12T06:00:00Z");
    let second = deliver(&mut writer, &own_span(), &rolled).unwrap();
    assert_eq!(second.held, None);
    assert_eq!(
        active(&writer),
        ["0301 2025-01-01 1", "0301 2025-02-01 22", "0301 2025-03-01 3", "0301 2025-04-01 4"]
    );
    assert_eq!((second.superseded, second.superseded_within), (None, vec![first.receipt_id.clone()]));
    let diff = second.diff.unwrap();
    assert_eq!((diff.added, diff.removed, diff.changed.len()), (1, 0, 1));
    // January still leads to the delivery it came in.
    let edition = writer.lake().latest().unwrap().unwrap();
    assert_eq!(edition.receipts.len(), 2);
    let usage = table_of(&writer, "usage");
    let receipts = text(&usage, "receipt_id").unwrap();
    let january = usage_rows(&usage).unwrap().iter().position(|row| row.value == Some(1)).unwrap();
    assert_eq!(receipts[january], Some(first.receipt_id.0.as_str()));
    // A month missing within the span is a loss as any.
    let hole = ["0301;2025-03;uses;3", "0301;2025-05;uses;5"];
    let held = bring(&mut writer, &own_span(), "eksport", &hole);
    let reason = held.held.clone().unwrap().join("\n");
    // The way it has declared is no way out.
    assert!(reason.contains("deliver it whole") && !reason.contains("has `replaces"), "{reason}");
    let loss = loss_of(&held);
    assert_eq!((loss.cells, loss.of, loss.periods), (1, 2, vec!["2025-04".to_owned()]));
    // The first once more, because somebody says so: February is as it was then.
    accepted(
        &mut writer,
        &own_span(),
        "eksport",
        &["0301;2025-01;uses;1", "0301;2025-02;uses;2", "0301;2025-03;uses;3"],
    );
    assert_eq!(
        active(&writer),
        ["0301 2025-01-01 1", "0301 2025-02-01 2", "0301 2025-03-01 3", "0301 2025-04-01 4"]
    );
}

#[test]
fn a_whole_history_under_a_new_name_each_month_comes_in_and_is_held_when_it_shrank() {
    let (_dir, mut writer) = ready();
    let august = ["0301;2025-08;uses;1000", "4601;2025-08;uses;300"];
    let both = [&august[..], &["0301;2025-09;uses;1010", "4601;2025-09;uses;310"]].concat();
    accepted(&mut writer, &own_span(), "uttrekk 2025-09-05", &august);
    accepted(&mut writer, &own_span(), "uttrekk 2025-10-05", &both);
    assert_eq!(active(&writer).len(), 4);
    assert_eq!(writer.lake().latest().unwrap().unwrap().receipts.len(), 1);
    let shrunk = ["0301;2025-08;uses;1000", "0301;2025-09;uses;1010", "0301;2025-10;uses;1020"];
    let loss = loss_of(&bring(&mut writer, &own_span(), "uttrekk 2025-11-05", &shrunk));
    assert_eq!((loss.cells, loss.of, loss.municipalities), (2, 4, vec!["4601".to_owned()]));
    // Without the declaration the second is held, and the reason names the ways out.
    let (_dir, mut writer) = ready();
    accepted(&mut writer, &contract(), "uttrekk 2025-09-05", &august);
    let reason = bring(&mut writer, &contract(), "uttrekk 2025-10-05", &both).held.unwrap().join("\n");
    assert!(reason.contains("--subject") && reason.contains("own_span"), "{reason}");
}

#[test]
fn a_release_makes_it_active_under_its_receipt_with_the_reason() {
    let (_dir, mut writer) = ready();
    accepted(&mut writer, &contract(), "eksport", &SEPTEMBER);
    let held = bring(&mut writer, &contract(), "eksport", &OCTOBER);
    let (receipt, edition) = (held.receipt_id.0.as_str(), held.edition);
    let listed = held::list(writer.lake()).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].receipt_id.as_str(), listed[0].subject.as_str()), (receipt, "eksport"));
    assert_eq!(Some(&listed[0].reasons), held.held.as_ref());
    let (_, shown) = held::show(writer.lake(), receipt).unwrap();
    assert_eq!(shown.unwrap().loss, held.loss);
    let now = moment("2025-11-05T09:30:00Z");
    // Spaces, a zero-width space and joiner, and punctuation: nobody who reads the receipt learns why.
    for nothing in ["", " \n", "\u{200b}\u{200d}", "...", " \u{2014}!? "] {
        let refused = held::release(&mut writer, receipt, nothing, now);
        assert!(matches!(refused, Err(HeldError::NoReason)), "{nothing:?}: {refused:?}");
        assert!(refused.unwrap_err().to_string().contains("a letter or a digit"));
    }
    let released = held::release(&mut writer, receipt, "the county counts anew from October", now).unwrap();
    let Released::Now(report) = released else { panic!("{released:?}") };
    assert_eq!((report.edition, report.accepted, report.held), (edition + 1, 3, None));
    assert_eq!(report.loss, held.loss);
    assert!(active(&writer).iter().all(|row| row.contains("2025-10")));
    // The receipt is the one it had, with what it was held for and who decided why; the bytes are those received.
    assert_eq!(of_receipt(&writer, receipt, "state").as_deref(), Some("accepted"));
    assert_eq!(of_receipt(&writer, receipt, "reason"), held.held.map(|reasons| reasons.join("\n")));
    let why = of_receipt(&writer, receipt, "release_reason");
    assert_eq!(why.as_deref(), Some("the county counts anew from October"));
    assert_eq!(days_of(&released_days(&writer), "day"), ["2025-11-05"]);
    let sha256 = of_receipt(&writer, receipt, "sha256").unwrap();
    assert_eq!(writer.lake().raw(&sha256).unwrap(), delivery("eksport", &OCTOBER).payload.bytes());
    // Once more: it is done, and nothing changes. So does the same file.
    let again = held::release(&mut writer, receipt, "twice", moment("2025-11-06T09:30:00Z")).unwrap();
    let Released::Before { at, reason, .. } = again else { panic!("{again:?}") };
    assert_eq!((at, reason.as_str()), (now, "the county counts anew from October"));
    assert!(bring(&mut writer, &contract(), "eksport", &OCTOBER).unchanged);
    assert_eq!(writer.lake().latest().unwrap().unwrap().number, edition + 1);
    assert!(held::list(writer.lake()).unwrap().is_empty());
}

/// The days of the releases there are, as a column `day`.
fn released_days(writer: &Writer) -> RecordBatch {
    use arrow::array::{ArrayRef, Date32Array};
    use arrow::datatypes::TimestampMicrosecondType;
    let receipts = table_of(writer, "receipts");
    let moments = columns::numbers::<TimestampMicrosecondType>(&receipts, "released_at").unwrap();
    let days = moments.into_iter().flatten().map(|micros| i32::try_from(micros / 86_400_000_000).unwrap());
    let days: ArrayRef = std::sync::Arc::new(Date32Array::from_iter_values(days));
    RecordBatch::try_from_iter([("day", days)]).unwrap()
}

#[test]
fn a_release_reads_by_the_contract_it_was_held_by() {
    let (_dir, mut writer) = ready();
    accepted(&mut writer, &contract(), "a", &["0301;2025-09;uses;10", "4601;2025-09;uses;20"]);
    let held = bring(&mut writer, &contract(), "a", &["0301;2025-09;uses;11"]);
    // Read in another way and held for the same: the newer reading is the one to release.
    let text = CONTRACT
        .replace("measure.column = \"measure\"", "measure.fixed = \"uses\"")
        .replace("version = 3", "version = 4");
    let newer = Delimited(Contract::from_toml(&text).unwrap());
    let again = bring(&mut writer, &newer, "a", &["0301;2025-09;uses;11"]);
    assert_eq!((again.unchanged, again.edition), (false, held.edition + 1));
    let released =
        held::release(&mut writer, &held.receipt_id.0, "4601 left", moment("2025-11-05T09:30:00Z"));
    assert!(matches!(released, Ok(Released::Now(_))), "{released:?}");
    let receipts = table_of(&writer, "receipts");
    let versions = columns::numbers::<arrow::datatypes::Int32Type>(&receipts, "contract_version").unwrap();
    assert!(versions.contains(&Some(4)), "{versions:?}");
    assert_eq!(active(&writer), ["0301 2025-09-01 11"]);
}

#[test]
fn what_would_count_twice_or_is_unreadable_cannot_be_released() {
    let (_dir, mut writer) = ready();
    accepted(&mut writer, &contract(), "september", &SEPTEMBER);
    let twice = bring(&mut writer, &contract(), "again", &SEPTEMBER);
    let mut broken = delivery("september", &[]);
    broken.payload = b"kode;month;measure;n\n0301;2025-09;uses;1600\n".as_slice().into();
    let broken = deliver(&mut writer, &contract(), &broken).unwrap();
    let latest = writer.lake().latest().unwrap().unwrap().number;
    let now = moment("2025-11-05T09:30:00Z");
    for (held, reason) in [(&twice, "has the same cells"), (&broken, "nothing of it is readable")] {
        let refused = held::release(&mut writer, &held.receipt_id.0, "please", now);
        let Err(HeldError::Errors(reasons)) = refused else { panic!("{refused:?}") };
        assert!(reasons.join("\n").contains(reason) && !held.releasable, "{reasons:?}");
    }
    assert_eq!(writer.lake().latest().unwrap().unwrap().number, latest);
    assert_eq!(held::list(writer.lake()).unwrap().len(), 2);
    let unknown = held::release(&mut writer, "0123", "please", now);
    assert!(matches!(unknown, Err(HeldError::Unknown { .. })), "{unknown:?}");
    let id = delivery("september", &SEPTEMBER).receipt_id().0;
    let active = held::release(&mut writer, &id, "please", now);
    assert!(matches!(active, Err(HeldError::NotHeld(_))), "{active:?}");
}

#[test]
fn a_held_delivery_that_a_later_answer_made_history_is_not_listed() {
    let (_dir, mut writer) = ready();
    accepted(&mut writer, &contract(), "a", &["0301;2025-09;uses;10", "4601;2025-09;uses;20"]);
    let cut = bring(&mut writer, &contract(), "a", &["0301;2025-09;uses;11"]);
    let mut whole = delivery("a", &["0301;2025-09;uses;11", "4601;2025-09;uses;21"]);
    whole.received_at = moment("2025-03-13T06:00:00Z");
    assert_eq!(deliver(&mut writer, &contract(), &whole).unwrap().held, None);
    assert_eq!(held::list(writer.lake()).unwrap(), []);
    assert!(held::show(writer.lake(), &cut.receipt_id.0).unwrap().0.outdated);
}
