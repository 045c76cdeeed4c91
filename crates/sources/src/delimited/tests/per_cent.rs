//! Numbers that a workbook shows in per cent are shares, though some of them read as 0 and 1.

use super::super::samples::{ods_book, ods_row, row, xlsx_book};
use super::propose::{about, known};
use super::{PLAIN, contract, plain, shown};
use crate::delimited::{parse, propose};

const STYLES: &str = "<numFmts><numFmt numFmtId=\"170\" formatCode=\"0&quot; %&quot;\"/></numFmts>\
    <cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"9\"/><xf numFmtId=\"170\"/></cellXfs>";

/// A workbook whose third column has a style of `STYLES` in the rows below the names.
fn xlsx(head: [&str; 3], values: &[&str], style: u32) -> Vec<u8> {
    let codes = ["1103", "4601", "1508", "5001"];
    let rows = (2..).zip(codes).zip(values).map(|((number, code), value)| {
        row(number, &[code, "2024", value])
            .replace(&format!("r=\"C{number}\""), &format!("r=\"C{number}\" s=\"{style}\""))
    });
    xlsx_book("Ark1", "", &(row(1, &head) + &rows.collect::<String>()), "", STYLES)
}

/// The same as an open document.
fn ods(head: [&str; 3], values: &[&str]) -> Vec<u8> {
    let codes = ["1103", "4601", "1508", "5001"];
    let rows = codes.iter().zip(values).map(|(code, value)| {
        let share = format!("\"percentage\" office:value=\"{value}\"");
        ods_row("", &[code, "2024", value]).replace(&format!("\"float\" office:value=\"{value}\""), &share)
    });
    ods_book(&[("Ark1", &(ods_row("", &head) + &rows.collect::<String>()))])
}

const HEAD: [&str; 3] = ["kommune", "periode", "antall"];

#[test]
fn a_number_shown_in_per_cent_is_no_count() {
    let values = ["0.45", "1", "0"];
    for bytes in [xlsx(HEAD, &values, 1), ods(HEAD, &values)] {
        let parsed = parse(&bytes, &contract(PLAIN));
        assert!(parsed.observations.is_empty(), "{parsed:?}");
        let why: Vec<&str> = parsed.rejections.iter().map(|r| r.reason.as_str()).collect();
        assert_eq!(why.len(), 3);
        for (why, share) in why.iter().zip(["`45 %`", "`100 %`", "`0 %`"]) {
            assert!(why.starts_with(&format!("{share} is a share in per cent")), "{why}");
        }
        assert!(parsed.rejections.iter().all(|r| r.code.as_str() == "fraction"), "{parsed:?}");
    }
    // A sign that is only drawn behind 45 says the same.
    let parsed = parse(&xlsx(HEAD, &["45", "7"], 2), &contract(PLAIN));
    assert!(
        parsed.observations.is_empty() && parsed.rejections[0].reason.starts_with("`45 %`"),
        "{parsed:?}"
    );
    // Plain numbers beside such styles are counts.
    assert_eq!(
        shown(&parse(&xlsx(HEAD, &["45", "7"], 0), &contract(PLAIN))),
        ["1103 2024 45", "4601 2024 7"]
    );
}

#[test]
fn one_share_among_ones_holds_the_delivery() {
    let rows = row(1, &HEAD)
        + &row(2, &["1103", "2024", "1"])
        + &row(3, &["4601", "2024", "0.45"]).replace("r=\"C3\"", "r=\"C3\" s=\"1\"");
    let parsed = parse(&xlsx_book("Ark1", "", &rows, "", STYLES), &contract(PLAIN));
    assert!(parsed.breaches[0].contains("column of fractions"), "{parsed:?}");
}

#[test]
fn a_text_in_per_cent_is_no_count_either() {
    let parsed =
        plain("", "kommune;periode;antall\n0301;2024;45 %\n4601;2024;45,5%\n1103;2024;7\n".as_bytes());
    assert_eq!(shown(&parsed), ["1103 2024 7"]);
    assert_eq!(parsed.rejections.len(), 2);
    assert!(parsed.rejections.iter().all(|r| r.reason.contains("is a share in per cent")), "{parsed:?}");
}

#[test]
fn a_number_shown_as_money_is_no_count() {
    let styles = "<numFmts><numFmt numFmtId=\"171\" formatCode=\"&quot;kr&quot; #,##0\"/></numFmts>\
        <cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"44\"/><xf numFmtId=\"171\"/></cellXfs>";
    let book = |head: [&str; 3], style: u32| {
        let rows = row(1, &head) + &row(2, &["1103", "2024", "10"]) + &row(3, &["4601", "2024", "12"]);
        let styled = rows.replace("r=\"C2\"", &format!("r=\"C2\" s=\"{style}\""));
        xlsx_book("Ark1", "", &styled.replace("r=\"C3\"", &format!("r=\"C3\" s=\"{style}\"")), "", styles)
    };
    let amount = |value: &str| {
        let money = "\"currency\" office:currency=\"NOK\" office:value=";
        ods_row("", &["1103", "2024", value])
            .replace(&format!("\"float\" office:value=\"{value}"), &format!("{money}\"{value}"))
    };
    let open = |head: [&str; 3]| {
        ods_book(&[("Ark1", &(ods_row("", &head) + &amount("10") + &amount("12").replace("1103", "4601")))])
    };
    for bytes in [book(HEAD, 1), book(HEAD, 2), open(HEAD)] {
        let parsed = parse(&bytes, &contract(PLAIN));
        assert!(parsed.observations.is_empty(), "{parsed:?}");
        assert!(parsed.rejections[0].reason.starts_with("`10 kr` is an amount of money"), "{parsed:?}");
        assert!(parsed.rejections[1].reason.starts_with("`12 kr` is an amount of money"), "{parsed:?}");
        // 10 * 100 and 12 * 100 øre.
        let scale = contract(&format!("{PLAIN}value.scale = {{ factor = 100, unit = \"NOK\" }}\n"));
        assert_eq!(shown(&parse(&bytes, &scale)), ["1103 2024 1000", "4601 2024 1200"]);
    }
    assert_eq!(shown(&parse(&book(HEAD, 0), &contract(PLAIN))), ["1103 2024 10", "4601 2024 12"]);
    let head = ["Kommunenr", "År", "Antall"];
    for bytes in [book(head, 1), book(head, 2), open(head)] {
        let why = propose(&bytes, &about("svarut"), &known()).unwrap_err();
        assert!(why.text.contains("`Antall` holds amounts of money"), "{why:?}");
    }
}

#[test]
fn a_declared_scale_reads_the_number_itself() {
    let scale = contract(&format!("{PLAIN}value.scale = {{ factor = 100, unit = \"per cent\" }}\n"));
    for bytes in [xlsx(HEAD, &["0.45", "1"], 1), ods(HEAD, &["0.45", "1"])] {
        // 0.45 * 100 and 1 * 100.
        assert_eq!(shown(&parse(&bytes, &scale)), ["1103 2024 45", "4601 2024 100"]);
    }
}

#[test]
fn a_column_in_per_cent_is_not_proposed() {
    let head = ["Kommunenr", "År", "Antall"];
    for bytes in [xlsx(head, &["1", "1", "0"], 1), ods(head, &["1", "1", "0"])] {
        let why = propose(&bytes, &about("svarut"), &known()).unwrap_err();
        assert!(why.text.contains("`Antall` holds fractions"), "{why:?}");
    }
}
