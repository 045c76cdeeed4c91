//! Joined cells: a number over several rows is one of all of them, and of none alone.

use super::super::samples::{ods_book, ods_row, row, xlsx_book};
use super::{PLAIN, contract, shown};
use crate::conformance::conformance;
use crate::delimited::parse;

/// A workbook in which some cells are joined: `ranges` as `C2:C4`.
fn xlsx(rows: &[&[&str]], ranges: &[&str]) -> Vec<u8> {
    let rows: String = (1..).zip(rows).map(|(number, cells)| row(number, cells)).collect();
    let ranges: String = ranges.iter().map(|range| format!("<mergeCell ref=\"{range}\"/>")).collect();
    xlsx_book("Ark1", "", &rows, &format!("<mergeCells>{ranges}</mergeCells>"), "")
}

/// `row code` of each rejection.
fn refusals(parsed: &utbredt_model::Parsed) -> Vec<String> {
    parsed.rejections.iter().map(|r| format!("{} {}", r.row, r.code.as_str())).collect()
}

const THREE: &[&[&str]] = &[
    &["kommune", "periode", "antall"],
    &["1103", "2024", "900"],
    &["4601", "2024", ""],
    &["1508", "2024", ""],
    &["5001", "2024", "7"],
];

#[test]
fn a_number_over_three_rows_belongs_to_none_of_them() {
    let rows = [
        ods_row("", THREE[0]),
        ods_row("", &["1103", "2024", "900"]).replace(
            "office:value-type=\"float\" office:value=\"900\"",
            "table:number-rows-spanned=\"3\" table:number-columns-spanned=\"1\" office:value-type=\"float\" office:value=\"900\"",
        ),
        ods_row("", &["4601", "2024"]).replace("</table:table-row>", "<table:covered-table-cell/></table:table-row>"),
        ods_row("", &["1508", "2024"]).replace("</table:table-row>", "<table:covered-table-cell/></table:table-row>"),
        ods_row("", THREE[4]),
    ];
    for bytes in [xlsx(THREE, &["C2:C4"]), ods_book(&[("Ark1", &rows.concat())])] {
        let parsed = parse(&bytes, &contract(PLAIN));
        assert_eq!(shown(&parsed), ["5001 2024 7"], "{parsed:?}");
        assert_eq!(refusals(&parsed), ["2 invalid_field", "3 invalid_field", "4 invalid_field"]);
        for rejection in &parsed.rejections {
            assert!(
                rejection.reason.contains("a joined cell over 3 rows and 1 columns, from row 2"),
                "{rejection:?}"
            );
        }
        conformance(|bytes| parse(bytes, &contract(PLAIN)), &[&bytes], true);
    }
}

#[test]
fn codes_and_periods_may_be_joined_and_a_number_may_be_drawn_wide() {
    let rows: &[&[&str]] = &[
        &["kommune", "navn", "periode", "antall", "merknad"],
        &["1103", "Stavanger", "2023", "5", ""],
        &["", "", "2024", "6", ""],
    ];
    // `D2:E2` is one number over a column that the contract leaves out.
    let bytes = xlsx(rows, &["A2:A3", "B2:B3", "D2:E2"]);
    let parsed = parse(&bytes, &contract(&format!("{PLAIN}subject.fill_down = true\n")));
    assert_eq!(shown(&parsed), ["1103 2023 5", "1103 2024 6"], "{parsed:?}");
}

#[test]
fn a_number_over_two_months_is_of_neither() {
    let rows: &[&[&str]] =
        &[&["kommune", "2024-01", "2024-02", "2024-03"], &["1103", "9", "", "4"], &["4601", "5", "6", "7"]];
    let months = contract("layout = \"wide\"\nmeasure.fixed = \"uses\"\nwide.periods = true\n");
    let parsed = parse(&xlsx(rows, &["B2:C2"]), &months);
    let expected = ["1103 2024-03 4", "4601 2024-01 5", "4601 2024-02 6", "4601 2024-03 7"];
    assert_eq!(shown(&parsed), expected, "{parsed:?}");
    assert_eq!(refusals(&parsed), ["2 invalid_field", "2 invalid_field"]);
    assert!(parsed.rejections[0].reason.contains("over 1 rows and 2 columns"), "{parsed:?}");
}

#[test]
fn a_joined_part_leaves_the_sum_out() {
    let rows: &[&[&str]] = &[
        &["kommune", "periode", "alder", "antall"],
        &["1103", "2024", "0-17", "9"],
        &["1103", "2024", "18-", ""],
        &["4601", "2024", "0-17", "2"],
        &["4601", "2024", "18-", "3"],
    ];
    let added = contract(&format!("{PLAIN}value.sum_over = [\"alder\"]\n"));
    // 2 + 3.
    assert_eq!(shown(&parse(&xlsx(rows, &["D2:D3"]), &added)), ["4601 2024 5"]);
}

#[test]
fn a_mark_over_several_rows_is_not_missing_from_the_second() {
    let rows: &[&[&str]] = &[
        &["kommune", "periode", "antall", "metode"],
        &["1103", "2024", "5", "anslag"],
        &["4601", "2024", "6", ""],
        &["1508", "2024", "7", ""],
    ];
    let rule = contract(&format!("{PLAIN}imputed = {{ column = \"metode\", marker = \"anslag\" }}\n"));
    let parsed = parse(&xlsx(rows, &["D2:D3"]), &rule);
    assert_eq!(shown(&parsed), ["1103 2024 5 e", "1508 2024 7"], "{parsed:?}");
    assert_eq!(refusals(&parsed), ["3 invalid_field"]);
    assert!(
        parsed.rejections[0].reason.contains("`metode` is joined with those above from row 2"),
        "{parsed:?}"
    );
    let one = contract(&format!("{PLAIN}filter.metode = \"anslag\"\n"));
    assert_eq!(refusals(&parse(&xlsx(rows, &["D2:D3"]), &one)), ["3 invalid_field", "4 excluded"]);
}
