//! What a workbook holds beside its cells: sheets that look alike, hidden rows, formulas nobody computed.

use super::super::samples::{ods_book, ods_row, row, xlsx};
use super::propose::{about, known};
use super::{PLAIN, contract, refused, shown};
use crate::delimited::{Contract, TO_CHOOSE, parse, propose};

#[test]
fn sheets_without_a_difference_are_of_no_period() {
    let rows = ods_row("", &["Kommunenr", "Antall meldinger"]) + &ods_row("", &["1103", "7"]);
    let book = |names: [&str; 3]| ods_book(&names.map(|name| (name, rows.as_str())));
    let tried = |names| propose(&book(names), &about("svarut 2025"), &known()).unwrap();
    for names in [["1", "2", "3"], ["Del 1", "Del 2", "Del 3"], ["A", "B", "C"]] {
        let toml = tried(names);
        assert!(toml.contains("fixed = \"1900\"") && toml.contains("Nothing gives the period"), "{toml}");
    }
    // Months and quarters in the names of the sheets, and solutions there, tell them apart.
    assert!(tried(["K1", "K2", "K3"]).contains("fixed = \"2025-Q1\""));
    assert!(tried(["Uke 1", "Uke 2", "Uke 3"]).contains("fixed = \"2025-W01\""));
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

#[test]
fn rows_that_an_open_document_hides_are_hidden() {
    let head = ods_row("", &["kommune", "periode", "antall"]);
    let at = |attributes: &str, code: &str| ods_row(attributes, &[code, "2024", "7"]);
    let group =
        format!("<table:table-row-group table:display=\"false\">{}</table:table-row-group>", at("", "5001"));
    let rows = head.clone()
        + &at("", "1103")
        // Two rows at once, and blank ones that nobody misses.
        + &at(" table:visibility=\"filter\"", "4601")
        + "<table:table-row table:number-rows-repeated=\"3\" table:visibility=\"collapse\"><table:table-cell/></table:table-row>"
        + &at(" table:visibility=\"collapse\"", "1508")
        + &group
        + &at(" table:visibility=\"visible\"", "1860");
    let other = head + &at(" table:visibility=\"filter\"", "1103");
    let book = ods_book(&[("Gammel", &other), ("Ark1", &rows)]);
    let read = |more: &str| parse(&book, &contract(&format!("sheet = \"Ark1\"\n{more}{PLAIN}")));
    assert!(read("").breaches[0].starts_with("3 hidden rows, the first is row 3"), "{:?}", read(""));
    let skipped = read("hidden_rows = \"skip\"\n");
    assert_eq!(shown(&skipped), ["1103 2024 7", "1860 2024 7"]);
    assert_eq!(skipped.rejections.iter().map(|r| r.row).collect::<Vec<_>>(), [3, 7, 8]);
    assert_eq!(read("hidden_rows = \"read\"\n").observations.len(), 5);
}

#[test]
fn a_formula_that_an_open_document_did_not_compute_is_no_blank() {
    let rows = ods_row("", &["kommune", "periode", "antall"])
        + &ods_row("", &["4601", "2024", "=SUM(A1)"])
        + &ods_row("", &["1103", "2024", "7"])
        + &ods_row("", &["1508", "2024", ""])
        + &ods_row("", &["5001", "=B2", "8"]);
    let parsed = parse(&ods_book(&[("Ark1", &rows)]), &contract(PLAIN));
    assert_eq!(shown(&parsed), ["1103 2024 7", "1508 2024 missing"], "{parsed:?}");
    assert_eq!(parsed.rejections.iter().map(|r| r.row).collect::<Vec<_>>(), [2, 5]);
    assert!(parsed.rejections[0].reason.contains("formula without a value"), "{parsed:?}");
    let last = ods_row("", &["kommune", "periode", "antall"]) + &ods_row("", &["4601", "2024", "=A1"]);
    assert!(refused(&parse(&ods_book(&[("Ark1", &last)]), &contract(PLAIN))).contains("formula without"));
}

#[test]
fn a_row_of_no_height_is_hidden() {
    for attributes in ["ht=\"0\" customHeight=\"1\"", "ht='0.0'"] {
        let rows = row(1, &["kommune", "periode", "antall"])
            + &row(2, &["1103", "2024", "7"])
            + &row(3, &["4601", "2024", "8"]).replace("<row ", &format!("<row {attributes} "));
        let parsed = parse(&xlsx(&rows), &contract(PLAIN));
        assert!(parsed.breaches[0].starts_with("1 hidden rows, the first is row 3"), "{parsed:?}");
    }
}

#[test]
fn a_code_or_a_period_that_nobody_computed_has_its_own_reason() {
    let formula = "<c r=\"A3\"><f>\"4601\"</f></c>";
    let cells = row(3, &["4601", "2024", "2"]);
    let (begin, end) = (cells.find("<c ").unwrap(), cells.find("<c r=\"B3\"").unwrap());
    let cells = format!("{}{formula}{}", &cells[..begin], &cells[end..]);
    let rows = row(1, &["kommune", "periode", "antall"]) + &row(2, &["1103", "2024", "1"]) + &cells;
    let parsed = parse(&xlsx(&rows), &contract(PLAIN));
    assert_eq!(shown(&parsed), ["1103 2024 1"], "{parsed:?}");
    assert!(refused(&parsed).contains("3: `=\"4601\"` is a formula without a value"), "{parsed:?}");
    let parsed = parse(b"kommune;periode;antall\n1103;=A1;1\n", &contract(PLAIN));
    assert!(refused(&parsed).contains("`=A1` is a formula without a value"), "{parsed:?}");
    let why = propose(b"Kommunenr;Antall\n=A1;1\n=A2;2\n", &about("x"), &known()).unwrap_err().text;
    assert!(why.contains("column `Kommunenr` holds formulas without values"), "{why}");
}

#[test]
fn nan_is_a_sign_to_choose_beside_numbers_with_a_point() {
    let text = "kommunenr,måned,antall\n301.0,2026-10,12.0\n4601.0,2026-10,nan\n1103.0,2026-10,14.0\n";
    let toml = propose(text.as_bytes(), &about("svarut"), &known()).unwrap();
    assert!(toml.contains("In place of numbers the file has nan: choose"), "{toml}");
    let parsed = parse(text.as_bytes(), &Contract::from_toml(&toml).unwrap());
    assert_eq!(shown(&parsed), ["0301 2026-10 12", "4601 2026-10 missing", "1103 2026-10 14"], "{toml}");
}

#[test]
fn a_raised_digit_is_no_digit_of_the_number() {
    let runs = "<r><t>12</t></r><r><rPr><vertAlign val=\"superscript\"/></rPr><t>1</t></r>";
    let head = row(1, &["kommune", "periode", "antall"]);
    let at = |number: u32, cell: &str| {
        row(number, &["1103", &format!("202{number}")]).replace("</row>", &format!("{cell}</row>"))
    };
    let rows = head
        + &at(2, &format!("<c r=\"C2\" t=\"inlineStr\"><is>{runs}</is></c>"))
        // Runs of which none is raised.
        + &at(3, "<c r=\"C3\" t=\"inlineStr\"><is><r><t>1</t></r><r><t>21</t></r></is></c>");
    let parsed = parse(&xlsx(&rows), &contract(PLAIN));
    assert_eq!(shown(&parsed), ["1103 2023 121"], "{parsed:?}");
    assert!(refused(&parsed).starts_with("2: `12¹` has a raised digit"), "{parsed:?}");
    let cell = "<table:table-cell office:value-type=\"string\"><text:p>12<text:span text:style-name=\"T1\">1</text:span>\
                </text:p></table:table-cell>";
    let style = |position: &str| {
        format!(
            "<style:style style:name=\"T1\"><style:text-properties style:text-position=\"{position}\"/></style:style>"
        )
    };
    let rows = ods_row("", &["kommune", "periode", "antall"])
        + &ods_row("", &["1103", "2024"]).replace("</table:table-row>", &format!("{cell}</table:table-row>"));
    for (position, raised) in [("super 58%", true), ("33% 58%", true), ("0% 100%", false)] {
        let parsed = parse(&ods_book(&[("Ark1", &rows), ("Stil", &style(position))]), &contract(PLAIN));
        assert_eq!(parsed.observations.is_empty(), raised, "{position}: {parsed:?}");
        assert_eq!(
            raised,
            parsed.rejections.iter().any(|r| r.reason.contains("`12¹`")),
            "{position}: {parsed:?}"
        );
    }
}

#[test]
fn a_number_is_read_as_spreadsheets_show_it() {
    let book = xlsx(
        &(row(1, &["kommune", "periode", "antall"])
            + &row(2, &["1103", "2024", "12.000000000000002"])
            + &row(3, &["4601", "2024", "11.999999999999998"])
            + &row(4, &["1508", "2024", "12.00000000001"])),
    );
    let parsed = parse(&book, &contract(PLAIN));
    assert_eq!(shown(&parsed), ["1103 2024 12", "4601 2024 12"], "{parsed:?}");
    assert!(refused(&parsed).starts_with("4: `12,00000000001` has a decimal fraction"), "{parsed:?}");
    let open = ods_book(&[(
        "Ark1",
        &(ods_row("", &["kommune", "periode", "antall"])
            + &ods_row("", &["1103", "2024", "12.000000000000002"])),
    )]);
    assert_eq!(shown(&parse(&open, &contract(PLAIN))), ["1103 2024 12"]);
}

#[test]
fn of_sheets_that_are_alike_a_contract_names_one() {
    let rows = ods_row("", &["kommune", "periode", "antall"]) + &ods_row("", &["1103", "2024", "7"]);
    let notes = ods_row("", &["Om tallene"]);
    let parsed = parse(&ods_book(&[("Jan", &rows), ("Om", &notes), ("Feb", &rows)]), &contract(PLAIN));
    assert!(parsed.breaches[0].contains("sheets `Jan`, `Feb` all have the columns"), "{parsed:?}");
    let named = contract(&format!("sheet = \"Feb\"\n{PLAIN}"));
    assert!(parse(&ods_book(&[("Jan", &rows), ("Feb", &rows)]), &named).breaches.is_empty());
    let parsed = parse(&ods_book(&[("Jan", &rows), ("Om", &notes)]), &contract(PLAIN));
    assert!(parsed.breaches.is_empty() && shown(&parsed) == ["1103 2024 7"], "{parsed:?}");
}
