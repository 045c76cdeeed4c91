//! Numbers of a file without a contract that count nothing of their period: of cases, of ages, from a beginning.

use super::choices::request;
use super::propose::{about, all, known};
use crate::delimited::{About, Contract, TO_CHOOSE, parse, propose};

/// What the proposal reads, or why there is none; and the proposal.
fn tried(text: &str, about: &About) -> (Vec<String>, String) {
    match propose(text.as_bytes(), about, &known()) {
        Ok(toml) => (all(&parse(text.as_bytes(), &Contract::from_toml(&toml).unwrap())), toml),
        Err(error) => (Vec::new(), error.text),
    }
}

#[test]
fn case_numbers_and_ages_are_no_counts() {
    for name in [
        "Referanse",
        "Ref.",
        "Løpenummer",
        "Saksnr",
        "saksnummer",
        "ID",
        "sakId",
        "Alder",
        "Fødselsår",
        "Postnr",
        "Sak-id",
        "Referansenummer",
        "Age",
    ] {
        let alone = format!("Kommunenr;Måned;{name}\n0301;2026-10;34\n0301;2026-10;56\n4601;2026-10;41\n");
        let (read, why) = tried(&alone, &request("svarut", "", "uses"));
        assert!(read.is_empty() && why.contains("the file lists cases one by one"), "{name}: {why}");
        let beside = format!("Kommunenr;Måned;{name};Antall\n0301;2026-10;34;7\n4601;2026-10;41;8\n");
        let (read, toml) = tried(&beside, &request("svarut", "", "uses"));
        assert_eq!(read, ["svarut uses 0301 2026-10 7", "svarut uses 4601 2026-10 8"], "{name}: {toml}");
    }
    for name in ["Antall referanser", "Meldinger", "Antall saker", "Refusjoner"] {
        let text = format!("Kommunenr;Måned;{name}\n0301;2026-10;34\n4601;2026-10;41\n");
        assert_eq!(tried(&text, &request("svarut", "", "uses")).0.len(), 2, "{name}");
    }
}

#[test]
fn numbers_that_all_differ_and_rise_by_row_are_to_choose() {
    let of = |numbers: [&str; 3]| {
        let rows: String = ["0301", "4601", "1103"]
            .iter()
            .zip(numbers)
            .map(|(code, number)| format!("{code};2026-10;{number}\n"))
            .collect();
        tried(&format!("Kommunenr;Måned;Henvendelse\n{rows}"), &about("svarut"))
    };
    let (read, toml) = of(["20145", "20147", "20311"]);
    assert!(read.is_empty() && toml.contains("column = \"to-choose\""), "{toml}");
    assert!(toml.contains("By its numbers `Henvendelse` is a case's own number"), "{toml}");
    // Four digits, another order, a number twice, another number of digits.
    for numbers in [
        ["2014", "2017", "2311"],
        ["20147", "20145", "20311"],
        ["20145", "20145", "20311"],
        ["20145", "20311", "104000"],
    ] {
        let (read, toml) = of(numbers);
        assert_eq!(read.len(), 3, "{numbers:?}: {toml}");
    }
}

#[test]
fn names_that_count_from_a_beginning_are_cumulative() {
    for name in [
        "Meldinger YTD",
        "Messages year to date",
        "Meldinger totalt siden oppstart",
        "Meldinger til nå",
        "Meldinger så langt",
        "Meldinger akkumulert",
    ] {
        let text = format!("Kommunenr;Måned;{name}\n0301;2026-01;100\n0301;2026-02;200\n");
        let (_, toml) = tried(&text, &about("svarut"));
        assert!(toml.contains("\ncumulative = true\n") && toml.contains(name), "{name}: {toml}");
        let beside =
            format!("Kommunenr;Måned;{name};Meldinger\n0301;2026-01;100;100\n0301;2026-02;200;100\n");
        let (read, toml) = tried(&beside, &about("svarut"));
        assert_eq!(read, ["svarut uses 0301 2026-01 100", "svarut uses 0301 2026-02 100"], "{name}: {toml}");
        assert!(!toml.contains("cumulative"), "{toml}");
    }
}

#[test]
fn a_number_of_another_year_than_the_periods_is_to_choose() {
    let of = |name: &str, second: &str| {
        let text = format!("Kommunenr;Måned;{name}\n0301;2026-10;7\n4601;{second};8\n");
        tried(&text, &about("svarut"))
    };
    let (read, toml) = of("Meldinger 2025", "2026-10");
    assert!(read.is_empty() && toml.contains("column = \"to-choose\""), "{toml}");
    assert!(toml.contains("By its name `Meldinger 2025` is of another year than the periods"), "{toml}");
    assert!(of("Meldinger 2026", "2025-10").0.is_empty());
    let (read, toml) = of("Meldinger 2026", "2026-11");
    assert_eq!(read, ["svarut uses 0301 2026-10 7", "svarut uses 4601 2026-11 8"], "{toml}");
    assert!(!toml.contains(TO_CHOOSE), "{toml}");
    // Beside the periods' own number it is passed over.
    let text = "Kommunenr;Måned;Meldinger 2025;Meldinger\n0301;2026-10;7;9\n4601;2026-10;8;9\n";
    assert_eq!(tried(text, &about("svarut")).0, ["svarut uses 0301 2026-10 9", "svarut uses 4601 2026-10 9"]);
}
