//! How long periods are that a file writes as days or in several lengths: what it does not show, a person chooses.

use super::propose::{about, all, known, proposed};
use crate::delimited::propose;

fn months(rows: &str, name: &str) -> (String, Vec<String>) {
    let (toml, parsed) = proposed(format!("Kommunenr;{name};Antall\n{rows}").as_bytes(), "digihelse.csv");
    (toml, all(&parsed))
}

#[test]
fn days_at_the_edges_of_quarters_are_no_months() {
    for (name, days) in [
        ("Kvartal", "31.03.2025 30.06.2025"),
        ("Periode", "31.03.2025 30.06.2025 30.09.2025"),
        ("Dato", "2025-01-01 2025-04-01"),
        ("Dato", "31.12.2023 31.12.2024"),
        ("År", "31.12.2024 31.12.2024"),
        ("Kvartal", "31.03.2025 30.04.2025"),
        ("Uke", "06.10.2025 13.10.2025"),
        ("Dato", "06.10.2025 20.10.2025"),
        ("Dato", "31.03.2025"),
    ] {
        let rows: Vec<String> =
            days.split(' ').map(|day| format!("1103;{day};300\n4601;{day};200\n")).collect();
        let (toml, read) = months(&rows.concat(), name);
        assert!(read.is_empty(), "{name} {days}: {read:?}\n{toml}");
        assert!(toml.contains("column = \"to-choose\"") && toml.contains("how long each is"), "{toml}");
        assert!(!toml.contains("granularity ="), "{toml}");
    }
    for (name, days, first) in [
        ("Periode", "31.03.2025 30.04.2025", "2025-03"),
        ("Måned", "31.03.2025 30.06.2025", "2025-03"),
        ("Dato", "28.02.2025", "2025-02"),
        ("Dato", "06.10.2025 07.10.2025", "2025-10-06"),
    ] {
        let rows: Vec<String> =
            days.split(' ').map(|day| format!("1103;{day};300\n4601;{day};200\n")).collect();
        let (toml, read) = months(&rows.concat(), name);
        assert_eq!(read[0], format!("digihelse uses 1103 {first} 300"), "{toml}");
    }
}

#[test]
fn days_at_the_edges_of_quarters_in_a_header_are_no_months() {
    let head = "Kommunenr;01.01.2025;01.04.2025;01.07.2025";
    let (toml, parsed) = proposed(format!("{head}\n1103;1;2;3\n4601;4;5;6\n").as_bytes(), "digihelse.csv");
    assert!(toml.contains("How long each is") && toml.contains("fixed = \"to-choose\""), "{toml}");
    assert!(all(&parsed).iter().all(|read| read.contains("to-choose")), "{toml}");
    let head = "Kommunenr;01.01.2025;01.02.2025;01.04.2025";
    let (toml, parsed) = proposed(format!("{head}\n1103;1;2;3\n4601;4;5;6\n").as_bytes(), "digihelse.csv");
    assert_eq!(all(&parsed)[0], "digihelse to-choose 1103 2025-01 1", "{toml}");
}

#[test]
fn two_columns_of_one_name_are_one_period_together() {
    let text = "Knr;Periode;Periode;Bruk\n0301;2026;10;5\n4601;2026;10;6\n";
    let why = propose(text.as_bytes(), &about("digihelse.csv"), &known()).unwrap_err().text;
    assert!(why.contains("`Periode#1` and column `Periode#2` are one period together"), "{why}");
}

#[test]
fn of_two_columns_of_periods_the_one_that_lies_in_the_other_is_read() {
    for (head, cells, read) in [
        ("År;Måned", "2025;2025-01", "2025-01"),
        ("Periode;Periode", "2025;2025-01", "2025-01"),
        ("År;Måned", "2025;januar 2025", "2025-01"),
        ("År;Måned", "2025;01.01.2025", "2025-01"),
        ("År;Kvartal", "2025;2025-Q1", "2025-Q1"),
        ("Måned;År", "2025-01;2025", "2025-01"),
        ("Måned;Uke", "2025-03;2025-W11", "2025-W11"),
        // The year's first day beside it says no more than the year.
        ("År;Fra dato", "2025;01.01.2025", "2025"),
    ] {
        let text = format!("Kommunenr;{head};Antall\n3301;{cells};10\n4601;{cells};20\n");
        let (toml, parsed) = proposed(text.as_bytes(), "digihelse.csv");
        let first = format!("3301 {read} 10");
        assert!(all(&parsed).first().is_some_and(|fact| fact.ends_with(&first)), "{head} {cells}: {toml}");
    }
}

#[test]
fn whether_an_end_is_a_last_day_is_proposed_where_the_file_shows_it() {
    for (rows, inclusive) in [
        // Monday to Friday.
        ("05.10.2026;09.10.2026 12.10.2026;16.10.2026", None),
        ("05.10.2026;11.10.2026", Some(true)),
        ("05.10.2026;12.10.2026", Some(false)),
        ("01.10.2026;31.10.2026", Some(true)),
        ("01.10.2026;01.11.2026", Some(false)),
        ("06.10.2026;09.10.2026 09.10.2026;12.10.2026", Some(false)),
        ("06.10.2026;08.10.2026 09.10.2026;12.10.2026", Some(true)),
        ("15.10.2026;20.11.2026", None),
    ] {
        let rows: Vec<String> =
            rows.split(' ').map(|days| format!("1103;{days};300\n4601;{days};200\n")).collect();
        let (toml, parsed) =
            proposed(format!("Kommunenr;Fra;Til;Antall\n{}", rows.concat()).as_bytes(), "digihelse.csv");
        match inclusive {
            Some(inclusive) => {
                assert!(toml.contains(&format!("end_inclusive = {inclusive}\n")), "{rows:?}\n{toml}")
            }
            None => {
                assert!(toml.contains("end = \"to-choose\"") && all(&parsed).is_empty(), "{rows:?}\n{toml}");
            }
        }
    }
}

#[test]
fn lengths_of_which_one_holds_another_are_to_choose() {
    let text = "Kommunenr;Periode;Antall\n3301;1. halvår 2024;11\n3301;2. halvår 2024;15\n3301;2024;26\n";
    let (toml, parsed) = proposed(text.as_bytes(), "digihelse.csv");
    assert!(all(&parsed).is_empty() && toml.contains("column = \"to-choose\""), "{toml}");
    assert!(toml.contains("1 year, ") || toml.contains(", 1 year"), "{toml}");
    assert!(toml.contains("of which the longer hold the shorter"), "{toml}");
    // A year beside the months of another counts nothing twice.
    let text = "Kommunenr;Periode;Antall\n3301;2024-01;11\n3301;2024-02;15\n3301;2023;26\n";
    assert_eq!(all(&proposed(text.as_bytes(), "digihelse.csv").1).len(), 3);
    // Nor do the quarter of one and the half-year of another municipality.
    let text = "Kommunenr;Periode;Antall\n3301;3. kvartal 2025;5\n3303;2. halvår 2025;6\n";
    assert_eq!(all(&proposed(text.as_bytes(), "digihelse.csv").1).len(), 2);
}
