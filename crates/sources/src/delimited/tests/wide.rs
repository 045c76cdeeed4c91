//! Tables with a column per month, per measure, or per both, under one header row or several.

use super::{contract, refused, shown};
use crate::delimited::parse;

const MONTHS: &str = "layout = \"wide\"\nmeasure.fixed = \"uses\"\nwide.periods = true\n";
const BOTH: &str = "layout = \"wide\"\nwide = { periods = true, measures = { Brukere = \"users_active\", \"Besøk\" = \"uses\" } }\n";

/// `measure subject period value`.
fn with_measure(parsed: &utbredt_model::Parsed) -> Vec<String> {
    let measure = |o: &utbredt_model::Observation| match &o.fact {
        utbredt_model::ObservedFact::Usage { measure_id, .. } => measure_id.to_string(),
        utbredt_model::ObservedFact::Rollout { .. } => String::new(),
    };
    parsed
        .observations
        .iter()
        .map(measure)
        .zip(shown(parsed))
        .map(|(m, rest)| format!("{m} {rest}"))
        .collect()
}

#[test]
fn months_over_measures_in_two_rows_of_joined_cells() {
    let bytes = "Rapport;;;;;\n;;2024-01;;2024-02;\nKommune;Navn;Brukere;Besøk;Brukere;Besøk\n\
                 0301;Oslo;1;2;3;4\n4601;Bergen;5;:;;8\n";
    let parsed = parse(bytes.as_bytes(), &contract(&format!("{BOTH}header_row = 2\nheader_rows = 2\n")));
    let expected = [
        "users_active 0301 2024-01 1",
        "uses 0301 2024-01 2",
        "users_active 0301 2024-02 3",
        "uses 0301 2024-02 4",
        "users_active 4601 2024-01 5",
        "uses 4601 2024-01 suppressed",
        "users_active 4601 2024-02 missing",
        "uses 4601 2024-02 8",
    ];
    assert_eq!(with_measure(&parsed), expected, "{parsed:?}");
    assert_eq!((parsed.rows_in, parsed.observations[4].row), (2, 5));
}

#[test]
fn measures_over_months_and_both_in_one_name() {
    let over = "Kommune;Brukere;;Besøk;\n;jan 2024;feb 2024;jan 2024;feb 2024\n0301;1;2;3;4\n";
    let parsed = parse(over.as_bytes(), &contract(&format!("{BOTH}header_rows = 2\n")));
    let expected = [
        "users_active 0301 2024-01 1",
        "users_active 0301 2024-02 2",
        "uses 0301 2024-01 3",
        "uses 0301 2024-02 4",
    ];
    assert_eq!(with_measure(&parsed), expected, "{parsed:?}");
    let one = "Kommune;Brukere 2024-01;brukere: feb 2024;2024M01 (Besøk);Besøk_02.2024\n0301;1;2;3;4\n";
    assert_eq!(with_measure(&parse(one.as_bytes(), &contract(BOTH))), expected);
}

#[test]
fn a_year_over_its_months_and_months_without_a_year() {
    let bytes = b";2023;;2024;\nKommune;nov;des;jan;Sum\n0301;1;2;3;6\n";
    let rules = format!("{MONTHS}wide.granularity = \"month\"\nheader_rows = 2\n");
    let parsed = parse(bytes, &contract(&rules));
    assert_eq!(shown(&parsed), ["0301 2023-11 1", "0301 2023-12 2", "0301 2024-01 3"]);
    let bytes = b"Kommune;Jan;Feb;Sum\n0301;1;2;3\n";
    let parsed = parse(bytes, &contract(&format!("{MONTHS}wide.year = 2024\n")));
    assert_eq!(shown(&parsed), ["0301 2024-01 1", "0301 2024-02 2"]);
}

#[test]
fn a_column_that_adds_up_the_months_is_no_month() {
    let bytes = b"Kommune;2024-01;2024-02;2024;2024-03-01 00:00:00\n0301;1;2;3;9\n";
    let parsed = parse(bytes, &contract(&format!("{MONTHS}wide.granularity = \"month\"\n")));
    assert_eq!(shown(&parsed), ["0301 2024-01 1", "0301 2024-02 2", "0301 2024-03 9"]);
}

#[test]
fn a_remark_beside_joined_months_is_no_value() {
    let bytes = b"Kommune;2024-01;\n;Antall;Merknad\n0301;1;ny\n";
    let parsed = parse(bytes, &contract(&format!("{MONTHS}header_rows = 2\n")));
    assert_eq!(shown(&parsed), ["0301 2024-01 1"], "{parsed:?}");
}

#[test]
fn what_the_header_lacks_or_has_twice_holds_the_delivery() {
    for (header, word) in [
        ("Kommune;Brukere 2024-01", "no column of the header is named by `Besøk` and a period"),
        ("Kommune;Brukere;Besøk", "no column of the header is named by a period"),
        (
            "Kommune;Brukere 2024-01;Brukere jan 2024;Besøk 2024",
            "columns 2 and 3 of the header both mean 2024-01",
        ),
        ("Komune;Brukere 2024-01;Besøk 2024", "nearest in the header is `Komune`"),
    ] {
        let parsed = parse(format!("{header}\n0301;1;2;3\n").as_bytes(), &contract(BOTH));
        assert!(
            parsed.observations.is_empty() && parsed.breaches.iter().any(|b| b.contains(word)),
            "{parsed:?}"
        );
    }
}

#[test]
fn a_second_header_row_that_is_blank_or_absent_is_understood() {
    let rules = contract(&format!("{MONTHS}header_rows = 2\n"));
    let parsed = parse(b"Kommune;2024-01\n\n0301;7\n", &rules);
    assert_eq!(shown(&parsed), ["0301 2024-01 7"]);
    assert!(!parse(b"Kommune;2024-01\n", &rules).breaches.is_empty());
    let far = contract(&format!("{MONTHS}header_row = 4294967295\nheader_rows = 2\n"));
    assert!(!parse(b"Kommune;2024-01\n0301;7\n", &far).breaches.is_empty());
}

#[test]
fn a_cell_of_a_wide_row_is_refused_alone() {
    let parsed = parse(b"Kommune;2024-01;2024-02\n0301;1;mange\n", &contract(MONTHS));
    assert_eq!(shown(&parsed), ["0301 2024-01 1"]);
    assert!(refused(&parsed).contains("`mange` is not a number"));
}

#[test]
fn columns_named_by_the_last_days_of_longer_periods_need_their_length() {
    for days in ["31.03.2025;30.06.2025", "2025-01-01;2025-02-01", "06.10.2025;13.10.2025", "31.12.2025"] {
        let text = format!("Kommune;{days}\n0301;1{}\n", ";2".repeat(days.matches(';').count()));
        let parsed = parse(text.as_bytes(), &contract(MONTHS));
        let why = parsed.breaches.concat();
        assert!(why.contains("declare `granularity` in [wide]"), "{days}: {parsed:?}");
        assert_eq!(shown(&parsed), [""; 0], "{days}");
    }
    let quarters = "Kommune;31.03.2025;30.06.2025\n0301;1;2\n";
    for (length, expected) in [
        ("quarter", ["0301 2025-Q1 1", "0301 2025-Q2 2"]),
        ("day", ["0301 2025-03-31 1", "0301 2025-06-30 2"]),
    ] {
        let more = format!("{MONTHS}wide.granularity = \"{length}\"\n");
        assert_eq!(shown(&parse(quarters.as_bytes(), &contract(&more))), expected);
    }
    // Days that are nothing but days are read as such.
    let days = "Kommune;06.10.2025;07.10.2025\n0301;1;2\n";
    assert_eq!(shown(&parse(days.as_bytes(), &contract(MONTHS))), ["0301 2025-10-06 1", "0301 2025-10-07 2"]);
}
