//! Rows that a contract adds up: a sum that lacks a part is no number.

use super::propose::{about, known};
use super::{PLAIN, contract, shown};
use crate::delimited::{Contract, parse, propose};

/// Nothing is said of parts without a row.
const ZERO: &str = "value.absent_parts = \"zero\"\n";

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
    let parsed = read(ZERO, rows);
    assert_eq!(shown(&parsed), ["4601 2024 10"], "{parsed:?}");
    let expected = ["2 part_missing", "3 invalid_number", "4 part_missing", "5 fraction", "6 part_missing"];
    assert_eq!(refusals(&parsed), expected, "{parsed:?}");
    assert!(parsed.rejections[0].reason.contains("row 3, a part of it, was refused"), "{parsed:?}");
    assert_eq!(parsed.rejections[0].raw, "0301;2024;0-17;10");
    let parsed =
        read(&format!("{ZERO}value.max = 100\n"), "0301;2024;0-17;10\n0301;2024;18-;900\n0301;2025;0-17;5\n");
    assert_eq!(shown(&parsed), ["0301 2025 5"], "{parsed:?}");
    // 2^63 - 1 and 1 are no sum, and neither alone is it.
    let parsed = read("", "0301;2024;0-17;9223372036854775807\n0301;2024;18-;1\n");
    assert_eq!(refusals(&parsed), ["2 part_missing", "3 number_too_large"], "{parsed:?}");
}

#[test]
fn the_same_part_twice_is_named_and_every_row_of_the_sum_is_counted() {
    let rows = "0301;2024;0-17;4\n0301;2024;0-17;4\n0301;2024;18-;6\n4601;2024;0-17;1\n";
    let parsed = read(ZERO, rows);
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
    // A part of one municipality alone is one, and one whose number is refused was there; a place that is none has none.
    let rows = "0301;2024;0-17;4\n0301;2024;18-66;6\n1103;2024; 0-17 ;1\n4601;2024;67-;x\n9999;2024;80-;3\n";
    assert_eq!(names(&read("", rows)), ["uses alder `0-17`", "uses alder `18-66`", "uses alder `67-`"]);
    let two = contract(&format!("{PLAIN}value.sum_over = [\"alder\", \"kanal\"]\n"));
    let text = b"kommune;periode;alder;kanal;antall\n0301;2024;0-17;app;4\n0301;2024;0-17;;5\n";
    assert_eq!(names(&parse(text, &two)), ["uses alder `0-17`, kanal `app`"]);
    // Nothing is added where nothing is declared.
    assert!(parse(b"kommune;periode;alder;antall\n0301;2024;0-17;4\n", &contract(PLAIN)).parts.is_empty());
}

#[test]
fn a_sum_without_a_row_that_others_have_is_left_out() {
    // 4601 has no `18-`, and 0301 has it in 2024 only.
    let rows = "0301;2024;0-17;4\n0301;2024;18-;6\n4601;2024;0-17;5\n1103;2024;0-17;1\n1103;2024;18-;2\n0301;2025;0-17;9\n";
    let parsed = read("", rows);
    assert_eq!(shown(&parsed), ["0301 2024 10", "1103 2024 3"], "{parsed:?}");
    assert_eq!(refusals(&parsed), ["4 part_missing", "7 part_missing"]);
    let why = &parsed.rejections[0].reason;
    assert!(why.starts_with("left out: the sum of municipality 4601 in 2024 has no row of `18-`"), "{why}");
    assert!(why.contains("absent_parts = \"zero\"") && parsed.breaches.is_empty(), "{parsed:?}");
    // Nought where the contract says so.
    let parsed = read(ZERO, rows);
    assert_eq!(shown(&parsed), ["0301 2024 10", "4601 2024 5", "1103 2024 3", "0301 2025 9"]);
}

#[test]
fn a_part_that_was_refused_everywhere_is_one_all_the_same() {
    let parsed = read("", "0301;2024;0-17;4\n0301;2024;18-;x\n4601;2024;0-17;5\n");
    assert!(parsed.observations.is_empty(), "{parsed:?}");
    assert_eq!(refusals(&parsed), ["2 part_missing", "3 invalid_number", "4 part_missing"]);
}

#[test]
fn parts_of_two_columns_are_expected_together_and_for_each_measure_alone() {
    let rules = contract(
        "period.column = \"periode\"\nmeasure.column = \"hva\"\nvalue.column = \"antall\"\nvalue.sum_over = [\"alder\", \"kanal\"]\n",
    );
    let rows = "0301;2024;uses;ung;app;1\n0301;2024;uses;ung;nett;2\n0301;2024;uses;eldre;nett;4\n\
                4601;2024;uses;ung;app;1\n4601;2024;uses;eldre;nett;4\n\
                0301;2024;users_active;ung;app;8\n4601;2024;users_active;ung;app;9\n";
    let parsed = parse(format!("kommune;periode;hva;alder;kanal;antall\n{rows}").as_bytes(), &rules);
    // 1 + 2 + 4; users have one part, and all have it.
    assert_eq!(shown(&parsed), ["0301 2024 7", "0301 2024 8", "4601 2024 9"], "{parsed:?}");
    assert_eq!(refusals(&parsed), ["5 part_missing", "6 part_missing"]);
    assert!(parsed.rejections[0].reason.contains("has no row of `ung` with `nett`"), "{parsed:?}");
}

#[test]
fn a_total_among_the_parts_holds_the_delivery() {
    for word in ["Begge", "Totalt", "Alle", "Sum", "i alt", "0-17 og 18-", "Gjennomsnitt"] {
        let rows = format!("0301;2024;{word};10\n0301;2024;0-17;4\n0301;2024;18-;6\n");
        let parsed = read("", &rows);
        assert_eq!(parsed.breaches.len(), 1, "{word}: {parsed:?}");
        let expected =
            format!("row 2: `{word}` in column `alder` is by its name made of others there (`0-17`, `18-`)");
        assert!(parsed.breaches[0].starts_with(&expected), "{parsed:?}");
        assert!(parsed.breaches[0].contains(&format!("`\"alder\" = \"{word}\"` in [filter]")), "{parsed:?}");
    }
    // Left out by a filter or as a total row it adds nothing: 4 + 6.
    let rows = "0301;2024;Begge;10\n0301;2024;0-17;4\n0301;2024;18-;6\n";
    for rule in
        ["filter.alder = [\"0-17\", \"18-\"]\n", "totals = { column = \"alder\", names = [\"Begge\"] }\n"]
    {
        let parsed = read(rule, rows);
        assert_eq!((shown(&parsed), parsed.breaches.len()), (vec!["0301 2024 10".to_owned()], 0), "{rule}");
    }
    // Read alone it is one number.
    let parsed = read("filter.alder = \"Begge\"\n", rows);
    assert_eq!((shown(&parsed), parsed.breaches.len()), (vec!["0301 2024 10".to_owned()], 0), "{parsed:?}");
}

#[test]
fn a_blank_part_leaves_its_sum_out() {
    // A pivot's total line of 0301.
    let rows = "0301;2024;;10\n0301;2024;0-17;4\n0301;2024;18-;6\n4601;2024;0-17;1\n4601;2024;18-;2\n";
    let parsed = read("", rows);
    assert_eq!(shown(&parsed), ["4601 2024 3"], "{parsed:?}");
    assert_eq!(refusals(&parsed), ["2 missing_field", "3 part_missing", "4 part_missing"]);
    assert!(
        parsed.rejections[0].reason.contains("`alder`, which the contract adds over, is blank"),
        "{parsed:?}"
    );
    let parsed = read("", "0301;2024; ;10\n0301;2024;;4\n4601;2024;0-17;1\n");
    assert_eq!(refusals(&parsed), ["2 missing_field", "3 contradiction"], "{parsed:?}");
}

#[test]
fn parts_that_differ_in_case_blanks_or_strokes_are_one() {
    let rows = "0301;2024;Menn;4\n0301;2024;0-17;6\n4601;2024;menn ;1\n4601;2024;0 – 17;2\n";
    let parsed = read("", rows);
    // 4 + 6 and 1 + 2: nobody lacks a part.
    assert_eq!(shown(&parsed), ["0301 2024 10", "4601 2024 3"], "{parsed:?}");
    assert!(parsed.breaches.is_empty() && parsed.rejections.is_empty(), "{parsed:?}");
    let twice = read("", "0301;2024;M;4\n0301;2024;m;6\n4601;2024;M;1\n");
    assert_eq!(shown(&twice), ["4601 2024 1"], "{twice:?}");
    assert_eq!(refusals(&twice), ["2 part_missing", "3 contradiction"]);
    assert!(
        twice.breaches[0].starts_with("rows 2 and 3 are the same part of one sum but for case"),
        "{twice:?}"
    );
}

#[test]
fn a_total_known_by_its_name_or_its_letters_holds_the_delivery() {
    for words in [
        "Menn Kvinner Totalsum",
        "M K T",
        "M K MK",
        "M K M+K",
        "Menn Kvinner Samtlige",
        "0-17 18-66 0-120",
        "0-17 67+ 0åreller_eldre",
    ] {
        let words: Vec<String> = words.split(' ').map(|word| word.replace('_', " ")).collect();
        let rows = format!("0301;2024;{};4\n0301;2024;{};6\n0301;2024;{};11\n", words[0], words[1], words[2]);
        let parsed = read("", &rows);
        let expected = format!("row 4: `{}` in column `alder` is by its name made of others there", words[2]);
        assert!(parsed.breaches.len() == 1 && parsed.breaches[0].starts_with(&expected), "{parsed:?}");
    }
}

#[test]
fn a_part_that_is_as_much_as_all_others_in_every_sum_holds_the_delivery() {
    // 5 + 6 = 11, 7 + 8 = 15, 9 + 1 = 10; noughts and a sum with a hidden part say nothing.
    let three = "0301;2024;a;5\n0301;2024;b;6\n0301;2024;c;11\n4601;2024;a;7\n4601;2024;c;15\n4601;2024;b;8\n\
                 1103;2024;c;10\n1103;2024;a;9\n1103;2024;b;1\n";
    let silent = "1108;2024;a;0\n1108;2024;b;0\n1108;2024;c;0\n1106;2024;a;:\n1106;2024;b;3\n1106;2024;c;9\n";
    let parsed = read("", &format!("{three}{silent}"));
    assert_eq!(parsed.breaches.len(), 1, "{parsed:?}");
    let expected = "row 4: `c` in column `alder` is as much as all others there together (`a`, `b`) in each of 3 sums with \
        numbers, and `sum_over` would add it to them: read it alone by `\"alder\" = \"c\"` in [filter], or list the others there";
    assert_eq!(parsed.breaches[0], expected);
    // One sum in which it is not; two sums only; two words only; a sum without it, where that is nought.
    let two: Vec<&str> = three.split_inclusive('\n').take(6).collect();
    let pairs = "0301;2024;a;5\n0301;2024;b;5\n4601;2024;a;7\n4601;2024;b;7\n1103;2024;a;9\n1103;2024;b;9\n";
    for (more, rows) in [
        ("", format!("{three}1106;2024;a;1\n1106;2024;b;1\n1106;2024;c;3\n")),
        ("", two.concat()),
        ("", pairs.to_owned()),
        (ZERO, format!("{three}1106;2024;a;1\n1106;2024;b;1\n")),
        (ZERO, format!("{three}1106;2024;c;1\n")),
    ] {
        let parsed = read(more, &rows);
        assert!(parsed.breaches.is_empty(), "{rows}: {parsed:?}");
    }
}

#[test]
fn a_total_of_one_of_two_columns_is_found_within_the_other() {
    let rules = contract(&format!("{PLAIN}value.sum_over = [\"alder\", \"kanal\"]\n"));
    // x is app and nett of each age: 1 + 2, 4 + 3, 2 + 2.
    let rows = "0301;2024;ung;app;1\n0301;2024;ung;nett;2\n0301;2024;ung;x;3\n0301;2024;eldre;app;4\n\
                0301;2024;eldre;nett;3\n0301;2024;eldre;x;7\n4601;2024;ung;app;2\n4601;2024;ung;nett;2\n4601;2024;ung;x;4\n\
                4601;2024;eldre;app;0\n4601;2024;eldre;nett;0\n4601;2024;eldre;x;0\n";
    let parsed = parse(format!("kommune;periode;alder;kanal;antall\n{rows}").as_bytes(), &rules);
    assert_eq!(parsed.breaches.len(), 1, "{parsed:?}");
    assert!(
        parsed.breaches[0].starts_with("row 4: `x` in column `kanal` is as much as all others"),
        "{parsed:?}"
    );
}

#[test]
fn a_proposal_names_the_word_that_adds_up_the_others() {
    let head = "Kommunenr;Måned;Gruppe;Antall\n";
    let rows = |words: [&str; 3]| -> String {
        let of = |code: &str, numbers: [u32; 3]| -> String {
            words.iter().zip(numbers).map(|(word, n)| format!("{code};2024-01;{word};{n}\n")).collect()
        };
        of("0301", [5, 6, 11]) + &of("4601", [7, 8, 15]) + &of("1103", [9, 1, 10])
    };
    for words in [["Menn", "Kvinner", "Totalsum"], ["M", "K", "T"], ["0-17", "67+", "0-120"]] {
        let text = format!("{head}{}", rows(words));
        let toml = propose(text.as_bytes(), &about("svarut"), &known()).unwrap();
        let parsed = parse(text.as_bytes(), &Contract::from_toml(&toml).unwrap());
        assert_eq!(shown(&parsed), ["0301 2024-01 11", "4601 2024-01 15", "1103 2024-01 10"], "{toml}");
    }
    // Known by its numbers alone, it is for a person to read.
    let text = format!("{head}{}", rows(["a", "b", "x"]));
    let toml = propose(text.as_bytes(), &about("svarut"), &known()).unwrap();
    assert!(
        toml.contains("`x` seems to add up others") && toml.contains("\"Gruppe\" = \"to-choose\""),
        "{toml}"
    );
}

#[test]
fn what_is_a_part_of_another_or_the_whole_of_the_others_holds_the_delivery() {
    // A total by its code, of which one is rounded: 10 = 4 + 6, 11 = 4 + 6 but for one, 20 = 9 + 11.
    let coded = "0301;2024;0;10\n0301;2024;1;4\n0301;2024;2;6\n1103;2024;0;11\n1103;2024;1;4\n1103;2024;2;6\n\
        4601;2024;0;20\n4601;2024;1;9\n4601;2024;2;11\n";
    for (rows, word) in [
        (
            "0301;2024;Alle brukere;10\n0301;2024;herav menn;4\n".replace("Alle brukere", "Brukere"),
            "herav menn",
        ),
        ("0301;2024;Brukere;10\n0301;2024;- Derav: menn;4\n".to_owned(), "Derav: menn"),
        ("0301;2024;under 18;10\n0301;2024;0-12;4\n0301;2024;18 år og over;7\n".to_owned(), "under 18"),
        ("0301;2024;over 66;10\n0301;2024;80 år+;4\n".to_owned(), "over 66"),
        (coded.to_owned(), "`0`"),
        (coded.replace(";0;", ";T;"), "`T`"),
    ] {
        let parsed = read("", &rows);
        assert!(parsed.breaches.iter().any(|breach| breach.contains(word)), "{rows}: {parsed:?}");
    }
    // Codes whose numbers add nothing up, and ages that follow each other.
    let other = coded.replace(";0;10", ";0;1").replace(";0;11", ";0;3").replace(";0;20", ";0;2");
    let ages = "0301;2024;under 18;10\n0301;2024;18 år eller mer;4\n";
    for rows in [&other, ages] {
        let parsed = read("", rows);
        assert!(parsed.breaches.is_empty(), "{rows}: {parsed:?}");
    }
}
