//! Rows that a contract adds up: a sum that lacks a part is no number.

use super::{PLAIN, contract, shown};
use crate::delimited::parse;

fn read(more: &str, rows: &str) -> utbredt_model::Parsed {
    let rules = contract(&format!("{PLAIN}{more}value.sum_over = [\"alder\"]\n"));
    parse(format!("kommune;periode;alder;antall\n{rows}").as_bytes(), &rules)
}

/// `row code` of each rejection.
fn refusals(parsed: &utbredt_model::Parsed) -> Vec<String> {
    parsed.rejections.iter().map(|r| format!("{} {}", r.row, r.code.as_str())).collect()
}

#[test]
fn a_sum_of_which_a_part_was_refused_is_left_out_whole() {
    // The refused part last, first, and in the middle; 4601 is whole: 4 + 6.
    let rows = "0301;2024;0-17;10\n0301;2024;18-66;x\n0301;2024;67-;3\n1103;2024;0-17;2,5\n1103;2024;18-66;20\n\
                4601;2024;0-17;4\n4601;2024;18-66;6\n";
    let parsed = read("", rows);
    assert_eq!(shown(&parsed), ["4601 2024 10"], "{parsed:?}");
    let expected = ["2 part_missing", "3 invalid_number", "4 part_missing", "5 fraction", "6 part_missing"];
    assert_eq!(refusals(&parsed), expected, "{parsed:?}");
    assert!(parsed.rejections[0].reason.contains("row 3, a part of it, was refused"), "{parsed:?}");
    assert_eq!(parsed.rejections[0].raw, "0301;2024;0-17;10");
    let parsed = read("value.max = 100\n", "0301;2024;0-17;10\n0301;2024;18-;900\n0301;2025;0-17;5\n");
    assert_eq!(shown(&parsed), ["0301 2025 5"], "{parsed:?}");
    // 2^63 - 1 and 1 are no sum, and neither alone is it.
    let parsed = read("", "0301;2024;0-17;9223372036854775807\n0301;2024;18-;1\n");
    assert_eq!(refusals(&parsed), ["2 part_missing", "3 number_too_large"], "{parsed:?}");
}

#[test]
fn the_same_part_twice_is_named_and_every_row_of_the_sum_is_counted() {
    let rows = "0301;2024;0-17;4\n0301;2024;0-17;4\n0301;2024;18-;6\n4601;2024;0-17;1\n";
    let parsed = read("", rows);
    assert_eq!(shown(&parsed), ["4601 2024 1"]);
    assert_eq!(refusals(&parsed), ["2 part_missing", "3 contradiction", "4 part_missing"]);
    let texts: Vec<&str> = parsed.rejections.iter().map(|r| r.reason.as_str()).collect();
    assert_eq!(
        texts[0],
        "left out of the sum of municipality 0301 in 2024: row 3, a part of it, was refused"
    );
    assert_eq!(texts[1], "contradicts row 2: municipality 0301 in 2024 has the same part of the sum");
    assert_eq!(parsed.rows_in, 4);
}

#[test]
fn a_row_that_may_be_a_part_of_any_sum_holds_the_delivery() {
    let whole = "0301;2024;0-17;4\n0301;2024;18-;6\n";
    for (row, held) in [
        // The period, the code or the row itself cannot be read.
        ("0301;2O24;67-;3\n", true),
        ("301;2024;67-;3\n", true),
        (";2024;67-;3\n", true),
        ("0301;2024;67-\n", true),
        // These are of no municipality.
        ("9999;2024;67-;3\n", false),
        ("Hele landet;2024;67-;3\n", false),
    ] {
        let parsed = read("", &format!("{whole}{row}"));
        assert_eq!(shown(&parsed), ["0301 2024 10"]);
        assert_eq!(!parsed.breaches.is_empty(), held, "{row}: {parsed:?}");
    }
    // A year among months is no month's part.
    let parsed = read("period.granularity = \"month\"\n", "0301;2024-01;0-17;4\n0301;2024;0-17;40\n");
    assert!(parsed.breaches.is_empty(), "{parsed:?}");
}

#[test]
fn the_parts_that_were_added_are_listed() {
    let names = |parsed: &utbredt_model::Parsed| -> Vec<String> {
        parsed.parts.iter().map(|part| format!("{} {}", part.measure_id, part.name)).collect()
    };
    // A part of one municipality alone is one; a refused row, a total and a place that is none have none.
    let rows = "0301;2024;0-17;4\n0301;2024;18-66;6\n1103;2024; 0-17 ;1\n4601;2024;67-;x\n9999;2024;80-;3\n";
    assert_eq!(names(&read("", rows)), ["uses alder `0-17`", "uses alder `18-66`"]);
    let two = contract(&format!("{PLAIN}value.sum_over = [\"alder\", \"kanal\"]\n"));
    let text = b"kommune;periode;alder;kanal;antall\n0301;2024;0-17;app;4\n0301;2024;0-17;;5\n";
    assert_eq!(names(&parse(text, &two)), ["uses alder `0-17`, kanal ``", "uses alder `0-17`, kanal `app`"]);
    // Nothing is added where nothing is declared.
    assert!(parse(b"kommune;periode;alder;antall\n0301;2024;0-17;4\n", &contract(PLAIN)).parts.is_empty());
}
