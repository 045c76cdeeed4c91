//! How long periods are that a file writes as days or in several lengths: what it does not show, a person chooses.

use super::propose::{all, proposed};

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
