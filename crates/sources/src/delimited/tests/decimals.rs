//! Decimals that would be read as thousands, and shares that would be read as counts.

use super::super::samples::{row, xlsx};
use super::propose::{about, known, proposed};
use super::{PLAIN, contract, shown};
use crate::delimited::{parse, propose};

/// A table of one value for each month of municipalities, the values given.
fn table(name: &str, values: &[&str]) -> String {
    let rows = values.iter().enumerate().map(|(at, value)| format!("0301;{};{value}\n", 2001 + at));
    format!("kommune;periode;{name}\n{}", rows.collect::<String>())
}

fn read(more: &str, values: &[&str]) -> utbredt_model::Parsed {
    parse(table("antall", values).as_bytes(), &contract(&format!("{PLAIN}{more}")))
}

#[test]
fn one_cell_shows_that_the_groups_are_fractions() {
    for (decimal, values, shows) in [
        (',', vec!["1.100", "2.137", "3.210", "0.512"], "`0.512`"),
        (',', vec!["1.100", "12.5"], "`12.5`"),
        ('.', vec!["1,100", "2,137", "0,512"], "`0,512`"),
        ('.', vec!["1,100", "3,5"], "`3,5`"),
        // Thousands of an English file, whose round ones read as small numbers.
        (',', vec!["12,000", "5,000", "1,250"], "`1,250`"),
        (',', vec!["12,000", "1,234,567"], "`1,234,567`"),
    ] {
        let parsed = read(&format!("decimal = \"{decimal}\"\n"), &values);
        let breach = parsed.breaches.first().map_or("", String::as_str);
        assert!(breach.starts_with("column 3 holds ") && breach.contains(shows), "{values:?}: {parsed:?}");
    }
    let scaled = read("value.scale = { factor = 1000, unit = \"NOK\" }\n", &["1.100", "0.512"]);
    assert!(scaled.breaches[0].contains("`0.512`"), "{scaled:?}");
}

#[test]
fn groups_among_groups_and_fractions_among_counts_are_no_breach() {
    let parsed = read("", &["1.100", "12.345", "1.234.567", "1 000", "7"]);
    assert!(parsed.breaches.is_empty(), "{parsed:?}");
    assert_eq!(shown(&parsed)[..2], ["0301 2001 1100", "0301 2002 12345"]);
    // A row or two is wrong, the others can mean one thing only.
    for values in [["31", "12,5", "1.234,0"], ["31", "12.5", "1 234"]] {
        let parsed = read("", &values);
        assert!(parsed.breaches.is_empty() && parsed.rejections.len() == 1, "{parsed:?}");
    }
    let fractions = read("", &["1", "0.75", "1"]);
    assert!(fractions.breaches[0].contains("a column of fractions: 1 fractions"), "{fractions:?}");
    let scaled = read("value.scale = { factor = 1000, unit = \"NOK\" }\n", &["1,5", "2,125", "1.250"]);
    assert!(scaled.breaches.is_empty(), "{scaled:?}");
    assert_eq!(shown(&scaled), ["0301 2001 1500", "0301 2002 2125", "0301 2003 1250000"]);
}

#[test]
fn a_column_named_as_shares_with_fractions_is_held() {
    let rules = contract(&PLAIN.replace("antall", "Andel (%)"));
    for (values, held) in
        [(&["100", "100", "87,5"][..], true), (&["2.125", "3.450"], true), (&["100", "100", "87"], false)]
    {
        let parsed = parse(table("Andel (%)", values).as_bytes(), &rules);
        assert_eq!(!parsed.breaches.is_empty(), held, "{values:?}: {parsed:?}");
    }
    let book = xlsx(
        &(row(1, &["kommune", "periode", "Andel (%)"])
            + &row(2, &["1103", "2024", "100"])
            + &row(3, &["4601", "2024", "87.5"])),
    );
    assert!(parse(&book, &rules).breaches[0].contains("named as one of shares"));
}

#[test]
fn the_sign_proposed_is_the_one_that_every_cell_allows() {
    // One municipality a row, as files have it.
    let file = |name: &str, values: &[&str]| {
        let codes = ["0301", "1103", "4601", "5001", "1508"];
        let rows = codes.iter().zip(values).map(|(code, value)| format!("{code};2024-01;{value}\n"));
        format!("Kommunenr;Måned;{name}\n{}", rows.collect::<String>())
    };
    let (toml, parsed) = proposed(file("Antall", &["1.100", "2.137", "31", "1.234,0"]).as_bytes(), "svarut");
    assert_eq!(shown(&parsed)[0], "0301 2024-01 1100", "{toml}");
    let (_, parsed) = proposed(file("Antall", &["1,100", "2,137", "31", "12.0"]).as_bytes(), "svarut");
    assert_eq!(shown(&parsed)[0], "0301 2024-01 1100", "{parsed:?}");
    for (name, values) in [
        ("Antall", &["1.100", "2.137", "3.210", "4.150", "0.512"][..]),
        ("Antall", &["1,100", "2,137", "3,210", "4,150", "3,5"]),
        ("Andel", &["2,125", "3,450", "12,345"]),
        ("Andel (%)", &["100", "100", "100", "100", "87,5"]),
        ("Andel (%)", &["100", "93", "88"]),
    ] {
        let why = propose(file(name, values).as_bytes(), &about("svarut"), &known()).unwrap_err().text;
        assert!(why.contains(&format!("column `{name}` holds")), "{values:?}: {why}");
    }
}

#[test]
fn commas_before_three_digits_are_to_choose_where_nothing_shows_what_they_are() {
    let file = |values: &[&str]| {
        let rows: Vec<String> = ["0301", "1103", "4601"]
            .iter()
            .zip(values)
            .map(|(code, value)| format!("{code};2026-10;{value}\n"))
            .collect();
        format!("Knr;Periode;Bruk\n{}", rows.concat())
    };
    let unclear = file(&["1,512", "2,733", "1,100"]);
    for text in [unclear.clone(), unclear.replace(';', "\t")] {
        let why = propose(text.as_bytes(), &about("digihelse.csv"), &known()).unwrap_err().text;
        assert!(why.contains("`1,512`, which may be a fraction or thousands"), "{why}");
    }
    for (values, first) in [(&["1,512", "2,733", "1,512,000"], 1512), (&["1,512", "2,733", "871"], 1512)] {
        let (toml, parsed) = proposed(file(values).as_bytes(), "digihelse.csv");
        assert_eq!(shown(&parsed)[0], format!("0301 2026-10 {first}"), "{toml}");
    }
    // Shares: 0,995 and the whole of it.
    let why = propose(file(&["0,995", "1,000", "0,871"]).as_bytes(), &about("digihelse.csv"), &known());
    let why = why.unwrap_err().text;
    assert!(why.contains("column `Bruk` holds fractions"), "{why}");
}
