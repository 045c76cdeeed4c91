//! Numbers that overlap in time and territory are held: added, they would count the same use twice.

use super::*;
use crate::held::{self, HeldError};
use crate::{Report, deliver};

fn bring(writer: &mut Writer, subject: &str, rows: &[&str]) -> Report {
    deliver(writer, &contract(), &delivery(subject, rows)).unwrap()
}

fn reason(report: &Report) -> String {
    report.held.clone().unwrap_or_default().join("\n")
}

fn alone(rows: &[&str]) -> String {
    let (_dir, mut writer) = ready();
    reason(&bring(&mut writer, "a", rows))
}

#[test]
fn months_and_their_year_or_quarter_in_one_delivery_are_held() {
    let months = (1..=12).map(|month| format!("0301;2025-{month:02};uses;100"));
    let mut rows: Vec<String> = months.collect();
    rows.push("0301;2025;uses;1200".to_owned());
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let found = alone(&rows);
    assert!(
        found.starts_with(
            "numbers of it overlap, and some use would be counted twice: uses of 0301 in 2025-01, and of 0301 in 2025; "
        ),
        "{found}"
    );
    assert!(found.contains("and 9 more"), "{found}");
    assert_eq!(alone(&rows[..12]), "");
    let quarter = ["4601;2025-Q1;uses;30", "0301;2025-02;uses;10", "4601;2025-03;uses;10"];
    assert!(
        alone(&quarter).contains("uses of 4601 in 2025-Q1, and of 4601 in 2025-03"),
        "{}",
        alone(&quarter)
    );
    // Another measure, another place, another period, and a month that was not counted.
    let beside = [
        "4601;2025-Q1;uses;30",
        "4601;2025-01;users_active;10",
        "4601;2025-02;uses;..",
        "4601;2025-04;uses;1",
    ];
    assert_eq!(alone(&beside), "");
}

#[test]
fn overlaps_with_other_deliveries_and_sources_are_held_and_not_released() {
    let (_dir, mut writer) = ready();
    let months = bring(&mut writer, "months", &["0301;2025-01;uses;10", "0301;2025-02;uses;10"]);
    assert_eq!(months.held, None);
    let year = bring(&mut writer, "year", &["0301;2025;uses;120", "4601;2025;uses;12"]);
    let found = reason(&year);
    assert!(found.starts_with("numbers of another active delivery overlap it"), "{found}");
    assert!(
        found.contains(&format!(
            "uses of 0301 in 2025, and of 0301 in 2025-01 by receipt {}",
            months.receipt_id.0
        )),
        "{found}"
    );
    // Another source that says the same in weeks.
    let text = CONTRACT.replace("county", "state");
    let state = Delimited(Contract::from_toml(&text).unwrap());
    let mut week = delivery("week", &["0301;2025-W03;uses;3"]);
    week.source_id = SourceId::parse("state").unwrap();
    assert!(reason(&deliver(&mut writer, &state, &week).unwrap()).contains("overlap"));
    let now = moment("2025-11-05T09:30:00Z");
    let refused = held::release(&mut writer, &year.receipt_id.0, "please", now);
    assert!(
        matches!(&refused, Err(HeldError::Errors(reasons)) if reasons[0].contains("overlap")),
        "{refused:?}"
    );
    assert_eq!(bring(&mut writer, "next year", &["0301;2026;uses;120"]).held, None);
}

#[test]
fn an_old_code_beside_its_successor_is_held_unless_it_has_nothing() {
    // Stavanger took in Finnøy (1141) and Rennesøy (1142) in 2020.
    let both = ["1103;2020-03;uses;100", "1141;2020-03;uses;10", "0301;2020-03;uses;50"];
    let found = alone(&both);
    assert!(found.contains("uses of 1103 in 2020-03, and of 1141 in 2020-03"), "{found}");
    let nothing = ["1103;2020-03;uses;100", "1141;2020-03;uses;0", "0301;2020-03;uses;50"];
    assert_eq!(alone(&nothing), "");
    let (_dir, mut writer) = ready();
    let report = bring(&mut writer, "a", &nothing);
    assert_eq!((report.rejected, report.rejected_rows, &report.held), (1, 0, &None));
    // Another list that names it with 0 is held, as is a 0 of the successor beside a number of the code that ceased.
    assert!(reason(&bring(&mut writer, "b", &["1142;2020-03;uses;0"])).contains("overlap"));
    assert!(alone(&["1103;2020-03;uses;0", "1141;2020-03;uses;10"]).contains("1103 in 2020-03"));
    // Each in its own time.
    let before_and_after = ["1141;2019-12;uses;10", "1103;2019-12;uses;90", "1103;2020-01;uses;100"];
    assert_eq!(alone(&before_and_after), "");
}
