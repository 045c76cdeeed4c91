//! Hidden columns: nobody who looks at the workbook sees what they say.

use super::super::samples::{ods_book, ods_row, row, xlsx_book};
use super::propose::{all, proposed};
use super::{PLAIN, contract, shown};
use crate::delimited::parse;

/// A workbook of some rows whose columns from `first` to `last`, from 1, are hidden.
fn xlsx(rows: &[&[&str]], (first, last): (u32, u32)) -> Vec<u8> {
    let columns = format!(
        "<cols><col min=\"1\" max=\"1\" width=\"9\"/><col min=\"{first}\" max=\"{last}\" width=\"9\" hidden=\"1\"/></cols>"
    );
    let rows: String = (1..).zip(rows).map(|(number, cells)| row(number, cells)).collect();
    xlsx_book("Ark1", &columns, &rows, "", "")
}

/// The same as an open document: the hidden columns as one piece, the others before them as another.
fn ods(rows: &[&[&str]], (first, last): (u32, u32)) -> Vec<u8> {
    let columns = format!(
        "<table:table-column table:number-columns-repeated=\"{}\"/><table:table-column table:visibility=\"collapse\" \
         table:number-columns-repeated=\"{}\"/><table:table-column/>",
        first - 1,
        last - first + 1
    );
    let rows: String = rows.iter().map(|cells| ods_row("", cells)).collect();
    ods_book(&[("Gammel", ""), ("Ark1", &(columns + &rows))])
}

fn both(rows: &[&[&str]], hidden: (u32, u32)) -> [Vec<u8>; 2] {
    [xlsx(rows, hidden), ods(rows, hidden)]
}

#[test]
fn a_hidden_column_is_proposed_as_nothing_and_named() {
    let values: &[&[&str]] = &[
        &["Kommunenr", "Måned", "Antall meldinger", "Brev"],
        &["1103", "2024-01", "700", "7"],
        &["4601", "2024-01", "800", "8"],
    ];
    for bytes in both(values, (3, 3)) {
        let (toml, parsed) = proposed(&bytes, "svarut");
        assert_eq!(all(&parsed), ["svarut uses 1103 2024-01 7", "svarut uses 4601 2024-01 8"], "{toml}");
        assert!(
            toml.contains("# Hidden column `Antall meldinger` is left out: show it, or name it"),
            "{toml}"
        );
        assert!(!toml.contains("hidden_columns"), "{toml}");
    }
    let periods: &[&[&str]] = &[
        &["Kommunenr", "Periode", "Tjeneste", "Dato", "Antall"],
        &["1103", "2023-12", "Digisos", "2024-01", "7"],
    ];
    for bytes in both(periods, (2, 3)) {
        let (toml, parsed) = proposed(&bytes, "svarut");
        assert_eq!(all(&parsed), ["svarut uses 1103 2024-01 7"], "{toml}");
        assert!(toml.contains("`Periode` is left out") && toml.contains("`Tjeneste` is left out"), "{toml}");
    }
}

#[test]
fn a_hidden_column_that_a_contract_names_is_read() {
    let rows: &[&[&str]] = &[&["kommune", "periode", "antall", "sum"], &["1103", "2024", "7", "9"]];
    for bytes in both(rows, (2, 3)) {
        let parsed = parse(&bytes, &contract(&format!("sheet = \"Ark1\"\n{PLAIN}")));
        assert_eq!(shown(&parsed), ["1103 2024 7"], "{parsed:?}");
        assert!(parsed.breaches.is_empty(), "{parsed:?}");
    }
}

#[test]
fn a_hidden_column_of_codes_is_taken_where_no_other_has_any() {
    let rows: &[&[&str]] = &[&["Måned", "Kommunenr", "Antall"], &["2024-01", "1103", "7"]];
    for bytes in both(rows, (2, 2)) {
        let (toml, parsed) = proposed(&bytes, "svarut");
        assert_eq!(all(&parsed), ["svarut uses 1103 2024-01 7"], "{toml}");
        assert!(toml.contains("# This column is hidden in the workbook"), "{toml}");
    }
}

#[test]
fn a_hidden_column_that_distinguishes_rows_holds_the_delivery() {
    let rows: &[&[&str]] = &[
        &["kommune", "periode", "alder", "antall"],
        &["1103", "2024", "0-17", "7"],
        &["1103", "2024", "18-", "9"],
    ];
    for bytes in both(rows, (3, 3)) {
        let parsed = parse(&bytes, &contract(&format!("sheet = \"Ark1\"\n{PLAIN}")));
        assert!(parsed.observations.is_empty() && parsed.breaches[0].contains("`alder`"), "{parsed:?}");
    }
}

#[test]
fn hidden_months_hold_a_delivery_until_the_contract_decides() {
    let rows: &[&[&str]] = &[&["Kommunenr", "2023-11", "2023-12", "2024-01"], &["1103", "5", "6", "7"]];
    let months = "layout = \"wide\"\nmeasure.fixed = \"uses\"\nwide.periods = true\n";
    for bytes in both(rows, (2, 3)) {
        let read = |more: &str| {
            let mut rules = contract(&format!("sheet = \"Ark1\"\n{months}{more}"));
            rules.subject.column = "Kommunenr".to_owned();
            parse(&bytes, &rules)
        };
        let held = read("");
        assert!(
            held.breaches[0].starts_with("2 hidden columns are named by a period (`2023-11`, `2023-12`)"),
            "{held:?}"
        );
        assert!(held.observations.is_empty());
        assert_eq!(shown(&read("hidden_columns = \"skip\"\n")), ["1103 2024-01 7"]);
        let all_three = ["1103 2023-11 5", "1103 2023-12 6", "1103 2024-01 7"];
        assert_eq!(shown(&read("hidden_columns = \"read\"\n")), all_three);
        let (toml, parsed) = proposed(&bytes, "svarut");
        assert_eq!(all(&parsed), ["svarut to-choose 1103 2024-01 7"], "{toml}");
        assert!(
            toml.contains("\nhidden_columns = \"skip\"\n") && toml.contains("`2023-12` is left out"),
            "{toml}"
        );
        assert!(parsed.breaches.is_empty(), "{parsed:?}");
    }
}

#[test]
fn columns_are_hidden_in_other_ways_too() {
    let rows = row(1, &["kommune", "2024-01", "2024-02"]) + &row(2, &["1103", "7", "8"]);
    let months = contract(
        "layout = \"wide\"\nmeasure.fixed = \"uses\"\nwide.periods = true\nhidden_columns = \"skip\"\n",
    );
    for columns in [
        "<cols><col min='2' max='2' width='0' customWidth='1'/></cols>",
        "<x:cols><x:col min=\"2\" max=\"2\" hidden=\"true\"/></x:cols>",
    ] {
        let book = xlsx_book("Ark1", columns, &rows, "", "");
        assert_eq!(shown(&parse(&book, &months)), ["1103 2024-02 8"], "{columns}");
    }
    let rows = ods_row("", &["kommune", "2024-01", "2024-02"]) + &ods_row("", &["1103", "7", "8"]);
    for columns in [
        "<table:table-column/><table:table-column table:visibility=\"filter\"/>",
        "<table:table-column/><table:table-column-group table:display=\"false\"><table:table-header-columns>\
         <table:table-column/></table:table-header-columns></table:table-column-group><table:table-column/>",
    ] {
        let book = ods_book(&[("Ark1", &format!("{columns}{rows}"))]);
        assert_eq!(shown(&parse(&book, &months)), ["1103 2024-02 8"], "{columns}");
    }
}
