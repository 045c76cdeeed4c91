//! Where facts land: codes that ceased, codes to come, codes that never were, organisations.

use super::*;
use crate::conform::{Conformed, conform};
use crate::connectors::StageList;
use crate::facts::event_rows;
use crate::reference_data::ReferenceData;
use crate::{deliver, demo_lake};
use utbredt_model::ReasonCode;

fn conformed(format: &dyn Format, rows: &[&str]) -> Conformed {
    let reference = ReferenceData::of_tables(tables()).unwrap();
    conform(format, &delivery("x", rows), &reference).unwrap()
}

fn placed(found: &Conformed) -> Vec<String> {
    let rows = usage_rows(&found.usage).unwrap();
    rows.into_iter().map(|row| format!("{} {}", row.code, day_of(row.division))).collect()
}

fn reasons(found: &Conformed) -> Vec<&str> {
    found.rejections.iter().map(|rejection| rejection.reason.as_str()).collect()
}

#[test]
fn a_code_gets_the_division_it_was_measured_in() {
    let rows = [
        "0301;2016-06;uses;1",
        "0301;2025-06;uses;1",
        "3811;2023-12;uses;1",
        // Ceased on 2024-01-01; for a year a source may lag behind.
        "3811;2024-12;uses;1",
        "3911;2024-01;uses;1",
    ];
    let found = conformed(&contract(), &rows);
    let placed = placed(&found);
    assert_eq!(
        placed,
        ["0301 2015-01-01", "0301 2024-01-01", "3811 2020-01-01", "3811 2020-01-01", "3911 2024-01-01"]
    );
    assert!(found.rejections.is_empty());
}

#[test]
fn a_code_out_of_its_time_is_refused_with_what_to_write() {
    let rows = [
        "3811;2025-01;uses;1",
        "3911;2023-12;uses;1",
        "0703;2024-01;uses;1",
        "1507;2025-06;uses;1",
        "0301;2014-06;uses;1",
    ];
    let found = conformed(&contract(), &rows);
    let reasons = reasons(&found);
    assert_eq!(reasons[0], "municipality code 3811 ceased on 2024-01-01, use 3911 Færder");
    assert_eq!(
        reasons[1],
        "municipality code 3911 exists from 2024-01-01 only, and the period begins on 2023-12-01"
    );
    assert_eq!(reasons[2], "municipality code 0703 does not exist in any division since 2015-01-01");
    assert_eq!(reasons[3], "municipality code 1507 ceased on 2024-01-01, use 1508 Ålesund or 1580 Haram");
    // The lake does not know of then: no fault of the code, nor of one that never was.
    assert!(reasons[4].contains("the lake's divisions begin on 2015-01-01"), "{}", reasons[4]);
    assert_eq!(found.rejections[4].code, ReasonCode::OutsideDivisions);
    assert_eq!(found.usage.num_rows(), 0);
    // The row as received and its number are kept: the header is row 1.
    assert_eq!((found.rejections[2].row, found.rejections[2].raw.as_str()), (4, "0703;2024-01;uses;1"));
}

#[test]
fn what_to_write_is_a_code_of_the_day() {
    // 3005, 3030, 5405, 3805 and 3002 took their places in 2020 and ceased in 2024.
    let codes = ["0602", "0231", "2003", "0709", "0104"];
    let instead = ["3301 Drammen", "3205 Lillestrøm", "5607 Vadsø", "3909 Larvik", "3103 Moss"];
    let rows = codes.map(|code| format!("{code};2025-03;uses;1"));
    let found = conformed(&contract(), &rows.each_ref().map(String::as_str));
    let expected: Vec<String> = instead.iter().map(|named| format!("use {named}")).collect();
    for (reason, expected) in reasons(&found).iter().zip(&expected) {
        assert!(reason.ends_with(expected), "{reason}, not {expected}");
    }
    assert_eq!(found.rejections.len(), 5);
    // In 2022 the first successor was in force.
    let found = conformed(&contract(), &["0602;2022-03;uses;1"]);
    assert!(reasons(&found)[0].ends_with("use 3005 Drammen"), "{:?}", reasons(&found));
}

#[test]
fn what_is_counted_must_be_known_and_a_count() {
    let over = format!("0301;2025-01;uses;{}", (1_i64 << 40) + 1);
    let most = format!("4601;2025-01;uses;{}", 1_i64 << 40);
    let found = conformed(&contract(), &["0301;2025-01;users_activ;1", &over, &most]);
    assert_eq!(placed(&found), ["4601 2024-01-01"]);
    let reasons = reasons(&found);
    assert_eq!(reasons[0], "measure `users_activ` is unknown; did you mean `users_active`?");
    assert!(reasons[1].contains("cannot be a count"), "{}", reasons[1]);
    let text = CONTRACT.replace("\"digihelse\"", "\"digihels\"");
    let found = conformed(&Delimited(Contract::from_toml(&text).unwrap()), &["0301;2025-01;uses;1"]);
    assert_eq!(found.rejections[0].reason, "solution `digihels` is unknown; did you mean `digihelse`?");
}

#[test]
fn an_organisation_becomes_its_municipality_of_the_day() {
    let by_organisation = CONTRACT.replace(
        "subject.column = \"code\"",
        "subject.column = \"code\"\nsubject.kind = \"organisation_number\"",
    );
    let source = Delimited(Contract::from_toml(&by_organisation).unwrap());
    // Færder; and a number of nobody in the register.
    let rows = ["817263992;2023-12;uses;1", "817263992;2024-01;uses;2", "991825827;2024-01;uses;3"];
    let found = conformed(&source, &rows);
    assert_eq!(placed(&found), ["3811 2020-01-01", "3911 2024-01-01"]);
    let numbers = text(&found.usage, "organisation_number").unwrap();
    assert_eq!(numbers, [Some("817263992"); 2]);
    assert_eq!(
        reasons(&found),
        ["organisation number 991825827 belongs to no municipality known on 2024-01-01"]
    );
}

#[test]
fn absent_values_keep_their_state() {
    let found = conformed(&contract(), &["0301;2025-01;uses;", "4601;2025-01;uses;:", "1103;2025-01;uses;0"]);
    let states: Vec<_> = text(&found.usage, "state").unwrap().into_iter().flatten().collect();
    assert_eq!(states, ["missing", "suppressed", "ok"]);
    assert_eq!(counts_of(&found.usage, "value"), [None, None, Some(0)]);
}

/// `day code division stage note` of the real list's events on some days.
fn events(batch: &RecordBatch, requested: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let divisions = days_of(batch, "division_date");
    let notes = text(batch, "note").unwrap();
    let mut rows = Vec::new();
    for ((row, division), note) in event_rows(batch).unwrap().into_iter().zip(divisions).zip(notes) {
        let when = day_of(row.valid_from).to_string();
        let noted = if note.is_some() { " noted" } else { "" };
        if requested(&when, row.code) {
            rows.push(format!("{when} {} {division} {}{noted}", row.code, row.stage));
        }
    }
    rows.sort();
    rows
}

#[test]
fn the_digisos_list_is_read_with_what_must_be_known() {
    let (dir, writer) = ready_at("2026-01-01T00:00:00Z");
    drop(writer);
    let report = demo_lake(dir.path(), &files(), moment("2026-11-20T00:00:00Z"), &|_| ()).unwrap();
    let digisos = &report.sources["nav-digisos-list"];
    // Each of the two codes that never were came and went.
    assert_eq!((digisos.rows_in, digisos.accepted, digisos.refused), (413, 409, 4));
    let refused: Vec<_> = digisos.reasons.keys().map(String::as_str).collect();
    assert_eq!(
        refused,
        [
            "municipality code 0703 does not exist in any division since 2015-01-01",
            "municipality code 0717 does not exist in any division since 2015-01-01",
        ]
    );
    let writer = Lake::open(dir.path()).unwrap().writer().unwrap();
    let frame = table_of(&writer, "rollout_events");
    let real = text(&frame, "solution_id").unwrap().into_iter().map(|id| Some(id == Some("digisos")));
    let frame = columns::filter(&frame, &real.collect()).unwrap();
    assert_eq!(frame.num_rows(), 409);
    assert_eq!(flags_of(&frame, "synthetic"), [Some(false); 409]);
    // Bergen left the list on 2020-05-26 and was still in production.
    assert_eq!(
        events(&frame, |_, code| code == "4601"),
        ["2020-01-02 4601 2020-01-01 in_production", "2020-05-26 4601 2020-01-01 in_production noted"]
    );
    the_turn_of_2020(&frame);
    whole_demo_states_what_it_should(dir.path(), &writer, &report);
    drop(writer);
    let again = demo_lake(dir.path(), &files(), moment("2026-11-21T00:00:00Z"), &|_| ()).unwrap();
    assert_eq!(again.edition, report.edition);
    assert!(again.sources.values().all(|source| source.unchanged == source.deliveries));
}

/// Sandnes was 1102 until 2020 and is 1108 since; the list took in the new code and put out the old later.
fn the_turn_of_2020(frame: &RecordBatch) {
    let both = events(frame, |when, code| when >= "2018" && matches!(code, "1102" | "1108"));
    assert!(both.contains(&"2020-01-02 1108 2020-01-01 in_production".to_owned()), "{both:?}");
    let old: Vec<_> = both.iter().filter(|row| row.contains(" 1102 ")).collect();
    assert!(!old.is_empty() && old.iter().all(|row| !row.contains(" 2020-01-01 ")), "{both:?}");
}

fn whole_demo_states_what_it_should(root: &Path, writer: &Writer, report: &crate::DemoReport) {
    assert_eq!(report.held, Vec::<String>::new());
    for (name, source) in &report.sources {
        assert_eq!(source.rows_in, source.accepted + source.refused, "{name}");
    }
    let usage = &report.sources["synthetic-usage"];
    // The last month of each solution came twice; Minside is reported from November 2024 on, ten months after the others.
    assert_eq!((usage.deliveries, usage.synthetic), (6 * 34 + 6 - 10, true));
    assert!(usage.accepted > 60_000, "{usage:?}");
    let placeholder = "code `9999` is a placeholder for an unknown place, not a municipality";
    assert!(usage.reasons[placeholder] > 10, "{usage:?}");
    assert!(usage.reasons.keys().any(|reason| reason.contains("0703")), "{usage:?}");
    assert!(usage.reasons.keys().any(|reason| reason.contains("lost its leading zero")), "{usage:?}");
    let frame = table_of(writer, "usage");
    // What a correction superseded was accepted too, and is not active.
    assert!((frame.num_rows() as u64) < usage.accepted, "{usage:?}");
    assert!(flags_of(&frame, "synthetic").into_iter().all(|flag| flag == Some(true)));
    assert_eq!(table_of(writer, "expected_deliveries").num_rows(), 6 * 2 * 34);
    assert!(Lake::open(root).unwrap().latest().unwrap().unwrap().synthetic);
}

#[test]
fn a_later_list_of_the_rollout_states_which_stages_changed() {
    let (_dir, mut writer) = ready();
    let list = |rows: &str| Delivery {
        source_id: SourceId::parse("secretariat").unwrap(),
        subject: "all".to_owned(),
        payload: format!("municipality_code,solution_id,stage,valid_from\n{rows}").into(),
        received_at: moment("2025-01-02T00:00:00Z"),
        synthetic: false,
    };
    let first = list("0301,svarut,pilot,2024-03-01\n4601,svarut,planned,2024-03-01\n");
    deliver(&mut writer, &StageList, &first).unwrap();
    // A municipality that is not on the list any more is a loss, one whose day was corrected is not.
    let short = list("0301,svarut,in_production,2024-03-01\n");
    let held = deliver(&mut writer, &StageList, &short).unwrap();
    let loss = held.loss.unwrap();
    assert!(held.held.is_some());
    assert_eq!(
        (loss.cells, loss.of, loss.examples),
        (1, 2, vec!["svarut stage 4601 planned 2024-03-01".to_owned()])
    );
    let second = list("0301,svarut,in_production,2024-03-01\n4601,svarut,planned,2024-05-01\n");
    let diff = deliver(&mut writer, &StageList, &second).unwrap().diff.unwrap();
    assert_eq!((diff.added, diff.removed, diff.changed.len()), (1, 1, 1));
    assert_eq!((diff.changed[0].old.as_str(), diff.changed[0].new.as_str()), ("pilot", "in_production"));
    assert_eq!(table_of(&writer, "rollout_events").num_rows(), 2);
}
