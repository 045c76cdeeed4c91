//! What a workbook shows of a number decides what is read: a text beside it, a sign in its place, or nothing.

use super::super::samples::{ods_book, ods_row, row, xlsx_book};
use super::{PLAIN, contract, refused, shown};
use crate::delimited::{Contract, parse};

/// A workbook whose number has a format.
fn book(value: &str, format: &str) -> Vec<u8> {
    let code = format.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;");
    let styles = format!(
        "<numFmts><numFmt numFmtId=\"170\" formatCode=\"{code}\"/></numFmts><cellXfs><xf numFmtId=\"0\"/>\
         <xf numFmtId=\"170\"/></cellXfs>"
    );
    styled(value, &styles)
}

fn styled(value: &str, styles: &str) -> Vec<u8> {
    let rows = row(1, &["kommune", "periode", "antall"])
        + &row(2, &["1103", "2024", value]).replace("r=\"C2\"", "r=\"C2\" s=\"1\"");
    xlsx_book("Ark1", "", &rows, "", styles)
}

/// An open document whose number has a text that is seen.
fn open(value: &str, seen: &str) -> Vec<u8> {
    let note = "<office:annotation><text:p>se 3</text:p></office:annotation>";
    let cell = format!("office:value=\"{value}\">{note}<text:p>{seen}</text:p></table:table-cell>");
    let row = ods_row("", &["1103", "2024", value])
        .replace(&format!("office:value=\"{value}\"/>"), &cell)
        .replace("office:value=\"2024\"/>", "office:value=\"2024\"><text:p>2024</text:p></table:table-cell>");
    ods_book(&[("Ark1", &(ods_row("", &["kommune", "periode", "antall"]) + &row))])
}

fn read(bytes: &[u8], rules: &Contract) -> String {
    let parsed = parse(bytes, rules);
    let number = shown(&parsed).pop().map(|number| number.replace("1103 2024 ", ""));
    number.unwrap_or_else(|| refused(&parsed))
}

const MARK: &str = "provisional.marker = \"*\"\n";

#[test]
fn a_text_beside_a_number_and_one_in_its_place_are_read_as_they_are_seen() {
    let rules = contract(&format!(
        "{MARK}{PLAIN}symbols = {{ \":\" = \"suppressed\", \"<5\" = \"suppressed\", \"-\" = \"zero\" }}\n"
    ));
    for (value, format, seen, expected) in [
        ("120", "0\" tusen\"", "120 tusen", "2: `120 tusen` is not a number"),
        ("120", "#,##0\" tusen\"", "120 tusen", "2: `120 tusen` is not a number"),
        ("120", "0\"k\"", "120k", "2: `120k` is not a number"),
        ("120", "0\\k", "120k", "2: `120k` is not a number"),
        ("7", "0\" mill.\"", "7 mill.", "2: `7 mill.` is not a number"),
        ("120", "0\"000\"", "120000", "120000"),
        ("120", "0\"*\"", "120*", "120 p"),
        ("3", "[<5]\"<5\";0", "&lt;5", "suppressed"),
        ("2", "[<5]\":\";0", ":", "suppressed"),
        ("7", "[<5]\":\";0", "7", "7"),
        ("3", ";;;", "", "missing"),
        ("0", "0;-0;", "", "missing"),
        ("120000", "0,", "120", "2: `120 × 1000` is shown as `120` in the workbook"),
        ("120000", "#,##0,", "120", "2: `120 × 1000` is shown as `120` in the workbook"),
        ("10", "0\",-\"", "10,-", "2: `10,-` is an amount of money"),
        // A dash is nought in accounts, and hides another number.
        ("0", "0;-0;\"-\"", "-", "0"),
        ("3", "[<5]\"-\";0", "-", "2: `\"-\"` is not a number"),
    ] {
        for bytes in [book(value, format), open(value, seen)] {
            let read = read(&bytes, &rules);
            assert!(read.starts_with(expected), "{value} as {format}: {read}");
        }
    }
    assert!(read(&book("120", "0\"*\""), &contract(PLAIN)).starts_with("2: `120*` is not a number"));
    // Without a symbol of that name a dash is how accounts write nought.
    let other = contract(&format!("{PLAIN}symbols = {{ \":\" = \"suppressed\" }}\n"));
    assert_eq!(read(&book("0", "0;-0;\"-\""), &other), "0");
}

#[test]
fn formats_that_only_group_or_colour_change_nothing() {
    for format in [
        "#,##0;[Red]-#,##0",
        "0_ ;-0 ",
        "# ##0",
        "#,##0&#160;",
        "General",
        "0.0",
        "@",
        "_-* #,##0_-;-* #,##0_-;_-* \"-\"??_-;_-@_-",
        "[>=1000]#,##0;0",
    ] {
        for value in ["120", "0", "12000"] {
            assert_eq!(
                read(&book(value, &format.replace("&#160;", "\u{a0}")), &contract(PLAIN)),
                value,
                "{format}"
            );
        }
    }
    for id in [0, 1, 2, 3, 4, 37, 38, 39, 40, 41, 43, 48, 49] {
        let styles = format!("<cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"{id}\"/></cellXfs>");
        for value in ["120", "0"] {
            assert_eq!(read(&styled(value, &styles), &contract(PLAIN)), value, "{id}");
        }
    }
    for (value, seen) in [("12000", "12\u{a0}000"), ("120", "120,00"), ("0", "0")] {
        assert_eq!(read(&open(value, seen), &contract(PLAIN)), value, "{seen}");
    }
}

#[test]
fn a_declared_scale_reads_the_number_and_what_hides_it() {
    let rules = contract(&format!(
        "{MARK}{PLAIN}value.scale = {{ factor = 1000, unit = \"meldinger\" }}\nsymbols = {{ \"<5\" = \"suppressed\" }}\n"
    ));
    for (value, format, seen, expected) in [
        ("120", "0\" tusen\"", "120 tusen", "120000"),
        ("120", "0\"*\"", "120*", "120000 p"),
        ("3", "[<5]\"<5\";0", "&lt;5", "suppressed"),
        // Shown in thousands and declared so: 120 * 1000.
        ("120000", "0,", "120", "120000"),
        ("120000000", "0,,", "120", "2: `120 × 1000000` is shown as `120` in the workbook"),
    ] {
        for bytes in [book(value, format), open(value, seen)] {
            let read = read(&bytes, &rules);
            assert!(read.starts_with(expected), "{value} as {format}: {read}");
        }
    }
}
