//! Rows with numbers that are no municipality's, in files nobody described: a contract proposed for them leaves them out.

use super::propose::{all, proposed};
use super::{plain, shown};
use crate::delimited::parse;

/// The numbers that a proposal reads and whether its file would be held, without what is to choose.
fn read(text: &str) -> (String, Vec<String>, usize) {
    let (toml, _) = proposed(text.as_bytes(), "digihelse 2024-03.csv");
    let chosen = toml.replace("to-choose", "messages");
    let parsed = parse(text.as_bytes(), &crate::delimited::Contract::from_toml(&chosen).unwrap());
    let rejected = parsed.rejections.iter().filter(|r| r.code != utbredt_model::ReasonCode::Excluded).count();
    (toml, all(&parsed), rejected + parsed.breaches.len())
}

#[test]
fn a_county_without_a_municipality_is_a_total() {
    let text = "fylke;kommune;navn;antall\n46;4601;Bergen;20\n46;4602;Kinn;40\n46;;Vestland;60\n";
    let (toml, numbers, refused) = read(text);
    assert!(toml.contains("[totals]\ncolumn = \"navn\"\nnames = [\"Vestland\"]"), "{toml}");
    assert_eq!((numbers.len(), refused), (2, 0), "{toml}");
    // A word that only says whose part a number is names no total, wherever codes are not repeated.
    let sexes = "fylke;kommune;kjønn;antall\n46;4601;Menn;20\n46;;Kvinner;21\n46;4602;Menn;40\n";
    let (toml, numbers, refused) = read(sexes);
    assert!(!toml.contains("[totals]"), "{toml}");
    assert_eq!((numbers.len(), refused), (2, 1), "{toml}");
}

#[test]
fn a_district_is_left_out_beside_its_municipality_alone() {
    let text = "kommune;antall\n0301 Oslo;60\n030101 Gamle Oslo;20\n030102 Grünerløkka;40\n4601 Bergen;5\n";
    let (toml, numbers, refused) = read(text);
    assert!(toml.contains("Parts of municipalities that have a row of their own are left out too"), "{toml}");
    assert_eq!((numbers.len(), refused), (2, 0), "{toml}");
    // Without it nothing would stand for the municipality, so that its districts are refused.
    let (toml, numbers, refused) = read(&text.replace("0301 Oslo;60\n", ""));
    assert!(!toml.contains("[totals]"), "{toml}");
    assert_eq!((numbers.len(), refused), (1, 2), "{toml}");
}

#[test]
fn a_note_directly_below_the_total_does_not_hold_the_file() {
    let text = "kommune;antall\n0301;60\n4601;5\nTotalt;65\nKilde: KS\n";
    let (toml, numbers, refused) = read(text);
    assert_eq!((numbers.len(), refused), (2, 0), "{toml}");
}

#[test]
fn another_table_below_holds_the_delivery() {
    let head = "kommune;periode;antall\n0301;2026-10;7\n";
    for (again, held) in [
        ("kommune;periode;Prognose", true),
        ("Kommune ;uke;antall", true),
        ("Sted;periode;Brukere", true),
        ("kommune;periode;antall", false),
        ("KOMMUNE; periode;Antall", false),
        ("kommune;;", false),
    ] {
        let parsed = plain("", format!("{head}{again}\n4601;2026-10;900\n").as_bytes());
        assert_eq!(shown(&parsed).len(), if held { 1 } else { 2 }, "{again}: {parsed:?}");
        assert_eq!(
            parsed.breaches.iter().any(|b| b.contains("begins at row 3")),
            held,
            "{again}: {parsed:?}"
        );
        assert_eq!(parsed.rejections.len(), if held { 2 } else { 1 }, "{again}: {parsed:?}");
    }
    let wide = super::contract("layout = \"wide\"\nmeasure.fixed = \"uses\"\nwide.periods = true\n");
    let parsed = parse(b"kommune;2025-01;2025-02\n0301;1;2\nkommune;2026-01;2026-02\n0301;3;4\n", &wide);
    assert_eq!(shown(&parsed), ["0301 2025-01 1", "0301 2025-02 2"], "{parsed:?}");
    assert!(parsed.breaches[0].contains("begins at row 3"), "{parsed:?}");
}
