//! Rows with numbers that are no municipality's, in files nobody described: a contract proposed for them leaves them out.

use super::propose::{all, proposed};
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
