//! Deliveries that are held, and what stays in force meanwhile.

use super::*;
use crate::{Report, deliver};

const GOOD: [&str; 2] = ["0301;2025-01;uses;1500", "4601;2025-01;uses;500"];

/// Delivers `rows` after a good January and gives what came of it.
fn after_good(subject: &str, rows: &[&str]) -> (Report, Vec<String>) {
    let (_dir, mut writer) = ready();
    assert_eq!(deliver(&mut writer, &contract(), &delivery("2025-01", &GOOD)).unwrap().held, None);
    let report = deliver(&mut writer, &contract(), &delivery(subject, rows)).unwrap();
    (report, usage_of(&writer))
}

fn reason(report: &Report) -> String {
    report.held.clone().unwrap_or_default().join("\n")
}

#[test]
fn a_breach_holds_the_delivery_and_the_last_good_stays() {
    let (_dir, mut writer) = ready();
    deliver(&mut writer, &contract(), &delivery("2025-01", &GOOD)).unwrap();
    let mut broken = delivery("2025-01", &[]);
    broken.payload =
        b"code;month;measure;antall\n0301;2025-01;uses;1600\n4601;2025-01;uses;500\n".as_slice().into();
    let report = deliver(&mut writer, &contract(), &broken).unwrap();
    assert!(reason(&report).contains("column `n` is missing"), "{report:?}");
    assert_eq!((report.superseded.as_ref(), report.edition), (None, 3));
    assert_eq!(usage_of(&writer), ["0301 2024-01-01 1500", "4601 2024-01-01 500"]);
    let receipts = table_of(&writer, "receipts");
    let states = text(&receipts, "state").unwrap();
    let held = states.iter().position(|state| *state == Some("held")).unwrap();
    let of_held = |name: &str| text(&receipts, name).unwrap()[held].unwrap().to_owned();
    assert_eq!(of_held("receipt_id"), report.receipt_id.0);
    assert!(of_held("reason").contains("column `n` is missing"));
    assert_eq!(writer.lake().raw(&of_held("sha256")).unwrap(), broken.payload.bytes());
    assert!(!writer.lake().latest().unwrap().unwrap().receipts.contains(&report.receipt_id.0));
    // Held again for the same reason is nothing new.
    let again = deliver(&mut writer, &contract(), &broken).unwrap();
    assert!(again.unchanged && again.held.is_some());
    assert_eq!(again.edition, 3);
    // A contract that fits brings it in, under the receipt it has.
    let Delimited(mut fitting) = contract();
    fitting.value.column = Some("antall".to_owned());
    let read = deliver(&mut writer, &Delimited(fitting), &broken).unwrap();
    assert_eq!((read.held, read.accepted), (None, 2));
    let receipts = table_of(&writer, "receipts");
    assert_eq!(text(&receipts, "state").unwrap(), [Some("accepted"); 2]);
}

#[test]
fn more_users_than_persons_are_held() {
    // Nobody in Oslo is that many: 67 and over were well below 200 000.
    let (report, usage) = after_good("2025-01 users", &["0301;2025-01;users_active;200000"]);
    assert!(reason(&report).contains("200000 in 0301"), "{report:?}");
    assert_eq!(usage.len(), 2);
    let (report, usage) = after_good("2025-01 users", &["0301;2025-01;users_active;20000"]);
    assert_eq!((report.held, usage.len()), (None, 3));
}

#[test]
fn a_tenfold_leap_is_held() {
    let rows = |n: u32| [format!("0301;2025-02;uses;{n}")];
    for (n, held) in [(20_000, false), (20_001, true), (200, false), (199, true)] {
        let [row] = rows(n);
        let (report, _) = after_good("2025-02", &[&row]);
        assert_eq!(report.held.is_some(), held, "{n}: {report:?}");
    }
}

#[test]
fn a_counter_that_falls_is_held() {
    let text = CONTRACT.replace("measure.column", "measure.cumulative = true\nmeasure.column");
    let counter = Delimited(Contract::from_toml(&text).unwrap());
    let (_dir, mut writer) = ready();
    let january = ["0301;2025-01;users_active;1500", "4601;2025-01;users_active;500"];
    deliver(&mut writer, &counter, &delivery("2025-01", &january)).unwrap();
    let fallen = ["0301;2025-02;users_active;1499", "4601;2025-02;users_active;501"];
    let report = deliver(&mut writer, &counter, &delivery("2025-02", &fallen)).unwrap();
    assert!(
        reason(&report).contains("0301 has 1499 where the period from 2025-01-01 has 1500"),
        "{report:?}"
    );
    let risen = ["0301;2025-02;users_active;1500", "4601;2025-02;users_active;501"];
    assert_eq!(deliver(&mut writer, &counter, &delivery("2025-02", &risen)).unwrap().held, None);
    // A correction of January is held against February.
    let above = ["0301;2025-01;users_active;1501", "4601;2025-01;users_active;500"];
    let report = deliver(&mut writer, &counter, &delivery("2025-01", &above)).unwrap();
    assert!(
        reason(&report).contains("0301 has 1501 where the period from 2025-02-01 has 1500"),
        "{report:?}"
    );
}

/// 100, 200, 300 ever since: added up over a quarter they would be 600, and 300 is right.
#[test]
fn a_counter_of_a_measure_that_is_added_up_is_held() {
    let text = CONTRACT.replace("measure.column", "measure.cumulative = true\nmeasure.column");
    let counter = Delimited(Contract::from_toml(&text).unwrap());
    let (_dir, mut writer) = ready();
    let rows = ["0301;2025-01;uses;100", "0301;2025-02;uses;200", "0301;2025-03;uses;300"];
    let report = deliver(&mut writer, &counter, &delivery("2025-Q1", &rows)).unwrap();
    assert!(reason(&report).contains("deliver what each period adds"), "{report:?}");
    assert!(!report.releasable, "no release makes differences of it");
}

#[test]
fn cells_reported_twice_are_held() {
    let (report, usage) =
        after_good("the whole of 2025", &["0301;2025-01;uses;1500", "0301;2025-02;uses;1500"]);
    assert!(reason(&report).contains("uses of 0301 in 2025-01 by receipt "), "{report:?}");
    assert_eq!(usage.len(), 2);
}

#[test]
fn too_many_rejected_rows_hold_the_rest() {
    let good = ["0301", "4601", "1103", "5001"].map(|code| format!("{code};2025-02;uses;500"));
    let mut rows: Vec<&str> = good.iter().map(String::as_str).collect();
    rows.push("9999;2025-02;uses;1");
    let (report, _) = after_good("2025-02", &rows);
    assert_eq!((report.held, report.accepted, report.rejected), (None, 4, 1), "one of five is not too many");
    rows.push("0703;2025-02;uses;1");
    let (report, usage) = after_good("2025-02", &rows);
    assert!(reason(&report).contains("2 of 6 rows"), "{report:?}");
    assert_eq!(usage.len(), 2);
}

#[test]
fn notes_below_a_table_do_not_make_its_rejected_rows_few() {
    let rows = ["0301;2025-02;uses;500", "4601;2025-02;uses;500", "9999;2025-02;uses;1", ""];
    let notes = ["Kilde: journalen", "Tall fra mars", "Uten testbrukere", "Etter avtale"];
    let (report, _) = after_good("2025-02", &[&rows[..], &notes[..]].concat());
    // One of three, and not one of seven.
    assert!(reason(&report).contains("1 of 3 rows"), "{report:?}");
    let (report, _) = after_good("2025-02", &[&rows[..2], &[""], &notes[..]].concat());
    assert_eq!((report.held, report.accepted, report.rejected), (None, 2, 4));
}
