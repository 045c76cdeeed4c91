//! Files that looked right and gave another number: each kind with an input of its own and what it says.

use super::super::samples::{row, xlsx, xlsx_named};
use super::propose::{about, known, proposed};
use super::{PLAIN, contract, refused, shown};
use crate::delimited::{parse, propose};

fn read(more: &str, text: &str) -> utbredt_model::Parsed {
    parse(text.as_bytes(), &contract(&format!("{PLAIN}{more}")))
}

#[test]
fn a_year_is_no_month() {
    let text = "kommune;periode;antall\n0301;2024;900\n0301;2024-Q1;90\n0301;2024-02-14;3\n";
    let parsed = read("period.granularity = \"month\"\n", text);
    assert_eq!(shown(&parsed), ["0301 2024-02 3"]);
    assert_eq!(parsed.rejections.len(), 2);
    assert!(parsed.rejections[0].reason.contains("longer than a month"), "{parsed:?}");
}

#[test]
fn rows_that_differ_in_a_column_left_out_are_held_or_added() {
    let text = "kommune;periode;alder;antall\n0301;2024;0-17;3\n0301;2024;18-;3\n4601;2024;0-17;5\n4601;2024;18-;2\n";
    let parsed = read("", text);
    assert!(parsed.observations.is_empty(), "{parsed:?}");
    assert!(parsed.breaches[0].contains("`alder`"), "{parsed:?}");
    // 3 + 3 and 5 + 2.
    let added = read("value.sum_over = [\"alder\"]\n", text);
    assert_eq!(shown(&added), ["0301 2024 6", "4601 2024 7"]);
    assert!(added.breaches.is_empty(), "{added:?}");
    // The same part twice is no part of the sum.
    let twice = read("value.sum_over = [\"alder\"]\n", &format!("{text}4601;2024;18-;2\n"));
    assert_eq!(shown(&twice), ["0301 2024 6"]);
}

#[test]
fn days_of_a_month_are_no_repetition_of_each_other() {
    let text = "kommune;periode;antall\n0301;03.01.2024;1\n0301;11.01.2024;1\n4601;03.01.2024;7\n";
    let month = "period.granularity = \"month\"\n";
    let parsed = read(month, text);
    assert_eq!(shown(&parsed), ["4601 2024-01 7"]);
    assert!(parsed.breaches[0].contains("`periode`"), "{parsed:?}");
    // One row a month stands for it, however often it is repeated.
    let parsed = read(month, "kommune;periode;antall\n0301;03.01.2024;1\n0301;03.01.2024;1\n");
    assert_eq!((shown(&parsed), parsed.breaches.len()), (vec!["0301 2024-01 1".to_owned()], 0));
    let why = &read(month, text).breaches[0];
    assert!(why.contains("leave it out") && !why.contains("sum_over"), "{why}");
    // Without the rule days are days.
    assert_eq!(read("", text).observations.len(), 3);
}

#[test]
fn a_mark_alone_is_no_provisional_number() {
    let more = "provisional.marker = \"p\"\n[symbols]\n\"p\" = \"suppressed\"\n";
    let parsed = read(more, "kommune;periode;antall\n0301;2024;12p\n4601;2024;p\n");
    assert_eq!(shown(&parsed), ["0301 2024 12 p", "4601 2024 suppressed"]);
}

#[test]
fn one_fraction_among_ones_is_a_column_of_shares() {
    let text = "kommune;periode;antall\n0301;2024;1\n4601;2024;0,75\n1103;2024;1\n";
    assert!(read("", text).breaches[0].contains("column of fractions"));
    // Among counts it is one wrong row.
    assert!(read("", &text.replace(";1\n", ";31\n")).breaches.is_empty());
}

#[test]
fn a_blank_end_of_a_row_is_no_cut_unless_it_is_the_file_s() {
    let text = "kommune;periode;antall;merknad;ansvarlig\n0301;2024;5\n4601;2024;6;\n1103;2024\n5001;2024;1";
    let parsed = read("", text);
    assert_eq!(shown(&parsed), ["0301 2024 5", "4601 2024 6"]);
    assert_eq!(parsed.rejections.iter().map(|r| r.row).collect::<Vec<_>>(), [4, 5]);
}

#[test]
fn notes_below_a_table_are_no_rows_of_it() {
    let text = "kommune;periode;antall\n0301;2024;5\n\nKilde: journalen\nTall fra 2024\n";
    let parsed = read("", text);
    assert_eq!(shown(&parsed), ["0301 2024 5"]);
    assert!(parsed.rejections.iter().all(|r| r.code == utbredt_model::ReasonCode::Excluded), "{parsed:?}");
    // Without the blank row it is a row that lacks everything.
    let parsed = read("", &text.replace("\n\n", "\n"));
    assert!(parsed.rejections.iter().all(|r| r.code != utbredt_model::ReasonCode::Excluded), "{parsed:?}");
    // A total ends a table as a blank row does; a row of a place that is cut there is no note.
    let totals = "totals.names = [\"Sum\"]\nsubject.name_follows = true\n";
    let rows = "kommune;periode;antall\n0301;2024;5\nSum;2024;5\n";
    let codes = |end: &str| -> Vec<bool> {
        let parsed = read(totals, &format!("{rows}{end}"));
        parsed.rejections.iter().map(|r| r.code == utbredt_model::ReasonCode::Excluded).collect()
    };
    assert_eq!(codes("Kilde: journalen\nTall fra 2024\n"), [true, true, true]);
    assert_eq!(codes("Kilde: journalen\nBergen (4601)\n"), [true, true, false]);
    assert_eq!(codes("Bergen (4601)\nKilde: journalen\n"), [true, false, false]);
}

#[test]
fn codes_as_programs_and_people_write_them() {
    for (more, cell, code) in [
        ("restore_zero = true", "301.0", "0301"),
        ("", "4601,0", "4601"),
        ("", "'0301", "0301"),
        ("", "\u{feff}0301\u{200b}", "0301"),
        ("name_follows = true", "0301 - Oslo", "0301"),
        ("name_follows = true", "0301-Oslo", "0301"),
        ("name_follows = true", "Oslo (0301)", "0301"),
    ] {
        let more = if more.is_empty() { String::new() } else { format!("subject.{more}\n") };
        let parsed = read(&more, &format!("kommune;periode;antall\n{cell};2024;1\n"));
        assert_eq!(shown(&parsed), [format!("{code} 2024 1")], "{cell}: {parsed:?}");
    }
}

#[test]
fn joined_codes_reach_down_where_declared() {
    let text = "kommune;periode;antall\n0301;2024-01;1\n;2024-02;2\n4601;2024-01;3\n";
    assert!(read("", text).rejections[0].reason.contains("fill_down"));
    let parsed = read("subject.fill_down = true\n", text);
    assert_eq!(shown(&parsed), ["0301 2024-01 1", "0301 2024-02 2", "4601 2024-01 3"]);
}

#[test]
fn a_total_or_a_row_behind_a_blank_one_is_none_of_the_municipality_above() {
    let read = |more: &str, rows: &str| {
        let rules = format!("{PLAIN}subject.fill_down = true\n{more}");
        parse(format!("kommune;navn;kjønn;periode;antall\n{rows}").as_bytes(), &contract(&rules))
    };
    let first = "0301;Oslo;Alle;2024-01;1\n;;Alle;2024-02;2\n";
    for (rows, word) in [
        (";Sum;Alle;2024-03;10\n", "is called `Sum`"),
        (";I alt 2 kommuner;Alle;2024-03;10\n", "is called `I alt 2 kommuner`"),
        ("\n;;Alle;2024-03;10\n", "blank"),
        (";;;;\n;;Alle;2024-03;10\n", "blank"),
    ] {
        let parsed = read("", &format!("{first}{rows}"));
        assert_eq!(shown(&parsed), ["0301 2024-01 1", "0301 2024-02 2"], "{rows}");
        assert!(refused(&parsed).contains(word), "{parsed:?}");
    }
    // More of the total stands below it.
    let parsed = read("", &format!("{first};Sum;Alle;2024-03;10\n;;Alle;2024-04;11\n"));
    assert_eq!(parsed.rejections.len(), 2, "{parsed:?}");
    // Where the contract reads the column, `Alle` is a word like others.
    let rows = "0301;Oslo;K;2024-01;1\n;;Alle;2024-01;3\n";
    assert_eq!(shown(&read("filter.\"kjønn\" = \"Alle\"\n", rows)), ["0301 2024-01 3"]);
    // A workbook has no row where it is blank.
    let sheet = row(1, &["kommune", "periode", "antall"])
        + &row(2, &["1103", "2024", "7"])
        + &row(4, &["", "2025", "8"]);
    let parsed = parse(&xlsx(&sheet), &contract(&format!("{PLAIN}subject.fill_down = true\n")));
    assert_eq!(shown(&parsed), ["1103 2024 7"]);
}

#[test]
fn carriage_returns_end_rows_though_a_cell_holds_a_line_feed() {
    let parsed = read(
        "header_row = 3\n",
        "Rapport\r\rkommune;periode;antall;merk\r0301;2024;1;\"a\nb\"\r4601;2024;2;\r",
    );
    assert_eq!(shown(&parsed), ["0301 2024 1", "4601 2024 2"]);
}

#[test]
fn one_object_a_line_is_json() {
    let text = "{\"kommune\":\"0301\",\"periode\":\"2024\",\"antall\":7}\n{\"kommune\":\"4601\",\"periode\":\"2024\",\"antall\":8}\n";
    assert_eq!(shown(&read("", text)), ["0301 2024 7", "4601 2024 8"]);
    // Cut in the second line, and in a later one behind a blank one.
    for (cut, line) in [(&text[..70], 2), (&format!("{text}\n{{\"kommune\":"), 4)] {
        let parsed = read("", cut);
        let words = format!("JSON lines, and line {line} does not read");
        assert!(parsed.breaches[0].contains(&words) && parsed.observations.is_empty(), "{parsed:?}");
        let why = propose(cut.as_bytes(), &about("x"), &known()).unwrap_err().text;
        assert!(why.contains(&words), "{why}");
    }
}

#[test]
fn below_five_is_hidden_without_being_declared() {
    assert_eq!(shown(&read("", "kommune;periode;antall\n0301;2024;<5\n")), ["0301 2024 suppressed"]);
}

#[test]
fn a_formula_nobody_computed_is_no_blank() {
    let formula = |number: u32, code: &str, cell: &str| {
        row(number, &[code, "2024"])
            .replace("</row>", &format!("<c r=\"C{number}\"><f>2*3</f>{cell}</c></row>"))
    };
    let rows =
        row(1, &["kommune", "periode", "antall"]) + &formula(2, "1103", "<v>6</v>") + &formula(3, "4601", "");
    let parsed = parse(&xlsx(&rows), &contract(PLAIN));
    assert_eq!(shown(&parsed), ["1103 2024 6"]);
    assert!(refused(&parsed).contains("formula without a value"), "{parsed:?}");
}

/// Why no contract is proposed.
fn no_proposal(text: &str, file_name: &str) -> String {
    propose(text.as_bytes(), &about(file_name), &known()).unwrap_err().text
}

#[test]
fn what_counts_nothing_is_proposed_as_no_count() {
    for (text, word) in [
        (
            "Postnr;Kommunenr;Dato\n0150;0301;2024-01-03\n5003;4601;2024-01-04\n4006;1103;2024-01-05\n",
            "no column holds counts",
        ),
        (
            "Kommunenr;Trinn;Dato\n0301;1;2024-01-03\n4601;2;2024-01-04\n1103;2;2024-01-05\n",
            "no column holds counts",
        ),
        ("Kommunenr;Dekning\n0301;0,125\n4601;0,500\n1103;0,075\n", "`Dekning` holds fractions"),
        ("Kommune;Antall\nOslo;3\nBergen;4\n", "names are no codes"),
        ("Kommunenr;DigiHelse;Digisos\n0301;3;4\n4601;5;6\n", "named by solutions"),
    ] {
        let why = no_proposal(text, "svarut 2024-01");
        assert!(why.contains(word), "{why}");
    }
}

#[test]
fn a_year_beside_counts_is_none_whether_a_measure_is_given_or_not() {
    let text = b"kommunenr;innf\xc3\xb8rings\xc3\xa5r;Forsendelser;m\xc3\xa5ned\n0301;2018;12;2024-01\n4601;2021;3;2024-01\n1103;2022;4;2024-01\n";
    let mut about = about("svarut");
    for measure in [None, Some("uses".parse().unwrap())] {
        about.measure = measure;
        let toml = propose(text, &about, &known()).unwrap();
        assert!(toml.contains("column = \"Forsendelser\""), "{toml}");
    }
}

#[test]
fn the_next_row_separates_last_days_from_days_after() {
    for (ends, inclusive) in [(["14.01.2024", "28.01.2024"], true), (["15.01.2024", "29.01.2024"], false)] {
        let [first, second] = ends;
        let text =
            format!("Kommunenr;Fra;Til;Antall\n0301;01.01.2024;{first};7\n0301;15.01.2024;{second};8\n");
        let (toml, _) = proposed(text.as_bytes(), "svarut");
        assert!(toml.contains(&format!("end_inclusive = {inclusive}")), "{toml}");
    }
}

#[test]
fn single_days_end_on_themselves() {
    let text = "Kommunenr;Fra;Til;Antall\n0301;03.03.2025;03.03.2025;7\n0301;04.03.2025;04.03.2025;8\n";
    let (toml, parsed) = proposed(text.as_bytes(), "svarut");
    assert_eq!(shown(&parsed), ["0301 2025-03-03 7", "0301 2025-03-04 8"], "{toml}");
}

#[test]
fn a_proposal_reads_its_own_file() {
    for (text, read) in [
        ("Kommune;Periode;Antall\nBergen (4601);2024-01;3\nOslo (0301);2024-01;4\n", 2),
        (
            "Region;Periode;Antall\nEAK Hele landet;2024-01;7\nEKG02 KOSTRA-gruppe 2;2024-01;7\n4601 Bergen;2024-01;3\n0301 Oslo;2024-01;4\n",
            2,
        ),
        (
            "Region;Periode;Antall\nEAKUO Landet uten Oslo;2024-01;3\n0 Hele landet;2024-01;7\n46 Vestland;2024-01;3\n4601 Bergen;2024-01;3\n\
             0301 Oslo;2024-01;4\n9999 Uoppgitt;2024-01;1\n",
            2,
        ),
        (
            "Kommunenr;Navn;Periode;Antall\n0000;Landet;2024-01;7\n4600;Vestland;2024-01;3\n4601;Bergen;2024-01;3\n0301;Oslo;2024-01;4\n",
            2,
        ),
        (
            "Kommunenr;Periode;Antall\n0301;2024-01;500\n4601;2024-01;færre enn fem\n1103;2024-01;1 til 4\n5001;2024-01;\u{2212}\n",
            4,
        ),
        ("kommune;kommune;Periode;Antall\n4601;Bergen;2024-01;3\n0301;Oslo;2024-01;4\n", 2),
        ("kommunenr,Periode,Antall\n301.0,2024-01,3.0\n4601.0,2024-01,4.0\n", 2),
        (
            "Kommunenr;Periode;Antall\n0301;2024-01;500\n4601;2024-01;under 10\n1103;2024-01;2-9\n5001;2024-01;\u{2014}\n",
            4,
        ),
    ] {
        let (toml, parsed) = proposed(text.as_bytes(), "svarut");
        assert_eq!(parsed.observations.len(), read, "{toml}");
        assert!(parsed.breaches.is_empty(), "{toml}");
        assert!(parsed.rejections.iter().all(|r| r.code == utbredt_model::ReasonCode::Excluded), "{toml}");
    }
}

#[test]
fn names_agree_however_their_letters_are_composed() {
    let more = "[totals]\ncolumn = \"Område\"\nnames = [\"Hele Tromsø\", \"Måsøy i alt\"]\n";
    let text = "kommune;periode;antall;Omra\u{30a}de\n0301;2024;1;x\n4601;2024;2;Ma\u{30a}søy i alt\n";
    let parsed = read(more, text);
    assert_eq!(shown(&parsed), ["0301 2024 1"]);
    assert!(refused(&parsed).contains("total row"), "{parsed:?}");
}

/// A text whose letters are in two pieces, as a Macintosh writes them.
fn decomposed(text: &str) -> String {
    text.replace('å', "a\u{30a}").replace('Å', "A\u{30a}").replace('ö', "o\u{308}")
}

#[test]
fn a_contract_and_a_file_may_compose_their_letters_differently() {
    let rules = "source_id = \"s\"\nversion = 1\nsheet = \"Målinger\"\nlayout = \"wide\"\nsubject.column = \"kommune\"\n\
        solution.column = \"Lösning\"\nperiod.column = \"Måned\"\nwide.measures = { \"Åpnede må\" = \"uses\" }\n\
        [solution.map]\n\"På nett\" = \"digisos\"\n[symbols]\n\"få\" = \"suppressed\"\n";
    let rows = [
        row(1, &["kommune", "Måned", "Lösning", "Åpnede må"]),
        row(2, &["1103", "2024-01", "På nett", "få"]),
        row(3, &["4601", "2024-01", "På nett", "7"]),
    ]
    .concat();
    for (rules, rows, sheet) in [
        (rules.to_owned(), decomposed(&rows), decomposed("Målinger")),
        (decomposed(rules), rows, "Målinger".to_owned()),
    ] {
        let contract = crate::delimited::Contract::from_toml(&rules).unwrap();
        let parsed = parse(&xlsx_named(&sheet, &rows), &contract);
        assert_eq!(shown(&parsed), ["1103 2024-01 suppressed", "4601 2024-01 7"], "{parsed:?}");
    }
    let months = contract(
        "layout = \"wide\"\nmeasure.fixed = \"uses\"\nwide = { periods = true, prefix_to_strip = \"Målt \" }\n",
    );
    let parsed = parse(decomposed("kommune;Målt 2024-01\n0301;7\n").as_bytes(), &months);
    assert_eq!(shown(&parsed), ["0301 2024-01 7"], "{parsed:?}");
    let json = contract(&format!("rows = \"målt.på\"\n{PLAIN}"));
    let text = decomposed("{\"målt\":{\"på\":[{\"kommune\":\"0301\",\"periode\":\"2024\",\"antall\":7}]}}");
    assert_eq!(shown(&parse(text.as_bytes(), &json)), ["0301 2024 7"]);
}

#[test]
fn signs_that_nobody_sees_are_in_no_code_number_or_name() {
    let text = "kommune;per\u{ad}iode;antall\n03\u{200b}01;2024-\u{2060}01;12\u{180e}00\n46\u{200d}01;2024-01;\u{202a}7\n";
    let parsed = read("", text);
    assert_eq!(shown(&parsed), ["0301 2024-01 1200", "4601 2024-01 7"], "{parsed:?}");
}

#[test]
fn days_of_a_workbook_counted_from_1904_are_its_own() {
    use calamine::{ExcelDateTime, ExcelDateTimeType};
    // 1 September 2026 is day 46266 of 1900 and, 1,462 days later begun, 44804 of 1904.
    for (day, of_1904) in [(46266.0, false), (44804.0, true)] {
        let date = ExcelDateTime::new(day, ExcelDateTimeType::DateTime, of_1904);
        assert_eq!(crate::delimited::cells::date_text(&date), "2026-09-01");
    }
}

#[test]
fn hidden_rows_hold_a_delivery_until_the_contract_decides() {
    let data = [row(2, &["4601", "2024", "6"]), row(3, &["1103", "2024", "7"])];
    let rows = row(1, &["kommune", "periode", "antall"])
        + &data.concat().replace("<row r=\"3\"", "<row r=\"3\" hidden=\"1\"");
    let read = |more: &str| parse(&xlsx(&rows), &contract(&format!("{more}{PLAIN}")));
    assert!(read("").breaches[0].starts_with("1 hidden rows, the first is row 3"), "{:?}", read(""));
    assert_eq!(shown(&read("hidden_rows = \"read\"\n")), ["4601 2024 6", "1103 2024 7"]);
    let skipped = read("hidden_rows = \"skip\"\n");
    assert_eq!(shown(&skipped), ["4601 2024 6"]);
    assert!(refused(&skipped).contains("a hidden row"), "{skipped:?}");
}
