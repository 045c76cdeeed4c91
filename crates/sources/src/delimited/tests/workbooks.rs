//! What a workbook holds beside its cells: sheets that look alike, hidden rows, formulas nobody computed.

use super::super::samples::{ods_book, ods_row};
use super::propose::{about, known};
use crate::delimited::{TO_CHOOSE, propose};

#[test]
fn sheets_that_nothing_tells_apart_are_of_no_period() {
    let rows = ods_row("", &["Kommunenr", "Antall meldinger"]) + &ods_row("", &["1103", "7"]);
    let book = |names: [&str; 3]| ods_book(&names.map(|name| (name, rows.as_str())));
    let tried = |names| propose(&book(names), &about("svarut 2025"), &known()).unwrap();
    for names in [["1", "2", "3"], ["Uke 1", "Uke 2", "Uke 3"], ["A", "B", "C"]] {
        let toml = tried(names);
        assert!(toml.contains("fixed = \"1900\"") && toml.contains("Nothing says when"), "{toml}");
    }
    // Months and quarters in the names of the sheets, and solutions there, tell them apart.
    assert!(tried(["K1", "K2", "K3"]).contains("fixed = \"2025-Q1\""));
    assert!(tried(["Jan", "Feb", "Mars"]).contains("fixed = \"2025-01\""));
    assert!(
        propose(&book(["SvarUt", "Digisos", "DigiHelse"]), &about("2025"), &known())
            .unwrap()
            .contains("fixed = \"2025\"")
    );
    // One sheet alone is about the year.
    let one = propose(&ods_book(&[("1", &rows), ("Om", "")]), &about("svarut 2025"), &known()).unwrap();
    assert!(one.contains("fixed = \"2025\"") && !one.contains(TO_CHOOSE), "{one}");
}
