//! What deliveries look like in the wild, and what becomes of them.

mod ambiguous;
mod cases;
mod choices;
mod decimals;
mod fill_down;
mod hidden;
mod joined;
mod json;
mod kinds;
mod left_out;
mod lengths;
mod mapped;
mod marks;
mod meaning;
mod nameless;
mod nested;
mod per_cent;
mod propose;
mod shown_numbers;
mod subtotals;
mod sums;
mod time_words;
mod wide;
mod workbooks;

use utbredt_model::{CellState, Marks, ObservedFact, Parsed, Subject};

use super::samples::{ods, row, xlsx};
use super::{Contract, parse};
use crate::conformance::conformance;

const OWN: &str = r#"
source_id = "synthetic-usage"
version = 1
synthetic = true
[subject]
column = "municipality_code"
[period]
column = "period"
[solution]
column = "solution_id"
[measure]
column = "measure_id"
[value]
column = "value"
"#;

const LONG: &[u8] = b"municipality_code,period,solution_id,measure_id,value\n\
    0301,2024-01,digisos,uses,120\n\
    4601,2024-01,digisos,uses,0\n\
    4601,2024-02,digisos,uses,\n";

fn contract(more: &str) -> Contract {
    let least =
        "source_id = \"s\"\nversion = 1\nsolution.fixed = \"digisos\"\nsubject.column = \"kommune\"\n";
    Contract::from_toml(&format!("{least}{more}")).unwrap()
}

const PLAIN: &str = "period.column = \"periode\"\nmeasure.fixed = \"uses\"\nvalue.column = \"antall\"\n";

fn plain(more: &str, bytes: &[u8]) -> Parsed {
    parse(bytes, &contract(&format!("{PLAIN}{more}")))
}

/// `subject period value-or-state` of each observation.
fn shown(parsed: &Parsed) -> Vec<String> {
    let one = |o: &utbredt_model::Observation| {
        let subject = match &o.subject {
            Subject::Municipality(code) => code.to_string(),
            Subject::Organisation(number) => number.to_string(),
        };
        let ObservedFact::Usage { period, value, state, marks, .. } = &o.fact else { panic!("{o:?}") };
        assert_eq!(value.is_some(), *state == CellState::Ok);
        let value = value.map_or(state.as_str().to_owned(), |v| v.to_string());
        let shown = [(Marks::PROVISIONAL, " p"), (Marks::IMPUTED, " e"), (Marks::PERTURBED, " n")];
        let marks: String =
            shown.iter().filter(|(mark, _)| marks.has(*mark)).map(|(_, text)| *text).collect();
        format!("{subject} {period} {value}{marks}")
    };
    parsed.observations.iter().map(one).collect()
}

/// `row: reason` of the only rejection.
fn refused(parsed: &Parsed) -> String {
    assert_eq!(parsed.rejections.len(), 1, "{parsed:?}");
    format!("{}: {}", parsed.rejections[0].row, parsed.rejections[0].reason)
}

#[test]
fn it_keeps_its_promises() {
    let own = Contract::from_toml(OWN).unwrap();
    conformance(|bytes| parse(bytes, &own), &[LONG], true);
    let quoted = "\u{feff}\"kommune\";\"periode\";\"antall\"\r\n\"0301\";\"2024\";\"1 234\"\r\n\"4601\";\"2024\";:\r\n";
    let book = xlsx(&(row(1, &["kommune", "periode", "antall"]) + &row(2, &["1103", "2024", "7"])));
    conformance(|bytes| plain("", bytes), &[quoted.as_bytes()], true);
    conformance(|bytes| plain("", bytes), &[&book], true);
}

#[test]
fn our_own_deliveries_need_no_more_than_column_names() {
    let parsed = parse(LONG, &Contract::from_toml(OWN).unwrap());
    assert_eq!(shown(&parsed), ["0301 2024-01 120", "4601 2024-01 0", "4601 2024-02 missing"]);
    assert_eq!(parsed.rows_in, 3);
    assert_eq!(parsed.observations[2].row, 4);
    assert!(parsed.rejections.is_empty() && parsed.breaches.is_empty());
}

#[test]
fn codes_are_checked_and_restored_only_on_request() {
    let bytes = b"kommune;periode;antall\n301;2024;1\n";
    assert!(refused(&plain("", bytes)).starts_with("2: code `301` lost its leading zero"));
    assert_eq!(shown(&plain("subject.restore_zero = true\n", bytes)), ["0301 2024 1"]);
    for (code, word) in
        [("9999", "placeholder"), ("0399", "placeholder"), ("99", "4 digits"), ("030", "zero")]
    {
        let bytes = format!("kommune;periode;antall\n{code};2024;1\n");
        let parsed = plain("subject.restore_zero = true\n", bytes.as_bytes());
        assert!(refused(&parsed).contains(word), "{code}: {parsed:?}");
    }
    let bytes = b"kommune\tperiode\tantall\nK-0301 Oslo\t2024\t1\n";
    assert_eq!(
        shown(&plain("subject.prefix_to_strip = \"K-\"\nsubject.name_follows = true\n", bytes)),
        ["0301 2024 1"]
    );
    let bytes = b"kommune,periode,antall\n0192:920 290 922,2024,1\n";
    let orgs = "subject.kind = \"organisation_number\"\nsubject.prefix_to_strip = \"0192:\"\n";
    assert_eq!(shown(&plain(orgs, bytes)), ["920290922 2024 1"]);
}

#[test]
fn signs_say_why_a_value_is_absent() {
    let bytes = b"kommune;periode;antall\n0301;2020;:\n0301;2021;..\n0301;2022;.\n0301;2023;-\n0301;2024;\n";
    let expected = [
        "0301 2020 suppressed",
        "0301 2021 missing",
        "0301 2022 not_applicable",
        "0301 2023 0",
        "0301 2024 missing",
    ];
    assert_eq!(shown(&plain("", bytes)), expected);
    let bytes = b"kommune;periode;antall;status\n0301;2020;;S\n0301;2021;5;\n0301;2022;5;S\n0301;2023;5;x\n";
    let parsed = plain("state.column = \"status\"\nsymbols = { S = \"suppressed\" }\n", bytes);
    assert_eq!(shown(&parsed), ["0301 2020 suppressed", "0301 2021 5"]);
    assert_eq!(parsed.rejections.iter().map(|r| r.row).collect::<Vec<_>>(), [4, 5]);
}

#[test]
fn provisional_numbers_are_marked() {
    let bytes = b"kommune;periode;antall\n0301;2020;12*\n0301;2021;13\n";
    assert_eq!(shown(&plain("provisional.marker = \"*\"\n", bytes)), ["0301 2020 12 p", "0301 2021 13"]);
    let bytes = b"kommune;periode;antall;merke\n0301;2020;12;P\n0301;2021;13;\n";
    let rule = "provisional = { column = \"merke\", marker = \"p\" }\n";
    assert_eq!(shown(&plain(rule, bytes)), ["0301 2020 12 p", "0301 2021 13"]);
}

#[test]
fn encodings_and_delimiters_are_recognised() {
    let text = "Beskrivelse: bruk pr. måned\n\nkommune\tperiode\tantall\tnavn\n1867\tmars 2024\t1\u{a0}234\tBø i Vesterålen\n";
    let utf16: Vec<u8> = "\u{feff}"
        .chars()
        .chain(text.chars())
        .collect::<String>()
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    for bytes in [text.as_bytes().to_vec(), format!("\u{feff}{text}").into_bytes(), utf16, latin] {
        let parsed = plain("header_row = 3\n", &bytes);
        assert_eq!(shown(&parsed), ["1867 2024-03 1234"], "{parsed:?}");
        assert_eq!(parsed.observations[0].row, 4);
    }
    let old_mac = b"kommune;periode;antall\r0301;2024;1\r4601;2024;2\r";
    assert_eq!(plain("", old_mac).observations.iter().map(|o| o.row).collect::<Vec<_>>(), [2, 3]);
    let parsed = plain(
        "encoding = \"utf-8\"\n",
        b"kommune;periode;antall;navn\n1867;2024;1;B\xF8\n0301;2024;1;Oslo\n",
    );
    assert!(refused(&parsed).contains("2: the row has bytes that are not text"));
    assert_eq!(parsed.observations.len(), 1);
}

#[test]
fn rows_of_another_shape_are_refused_in_place() {
    let parsed = plain(
        "",
        b"kommune;periode;antall\n0301,2024,1\n\n4601;2024;2\n1103;2024;3;4\n5001;2024;5;\n1506;20",
    );
    assert_eq!(shown(&parsed), ["4601 2024 2", "5001 2024 5"]);
    let rows: Vec<_> = parsed.rejections.iter().map(|r| (r.row, r.reason.as_str())).collect();
    assert_eq!(rows[0], (2, "the row has 1 field of 3; it seems delimited by `,`"));
    assert_eq!(rows[1], (5, "the row has 4 fields, the header 3: a delimiter inside a field?"));
    assert_eq!(rows[2], (7, "the row is cut short: 2 fields, the header has 3"));
    assert_eq!(parsed.rows_in, 5);
    assert_eq!(parsed.rejections[2].raw, "1506;20");
    // All that the contract asks for is there, but the row is not whole, so its last number may not be either.
    let parsed = plain("", b"kommune;periode;antall;navn\n0301;2024;12");
    assert_eq!(refused(&parsed), "2: the row is cut short: 3 fields, the header has 4");
}

#[test]
fn an_unclosed_quote_costs_one_row() {
    let parsed = plain("", b"kommune;periode;antall\n0301;2024;\"1\n4601;2024;2\n1103;2024;3\n");
    assert_eq!(shown(&parsed), ["4601 2024 2", "1103 2024 3"]);
    assert_eq!(refused(&parsed), "2: a quoted field is opened and never closed");
    assert_eq!(parsed.observations[1].row, 4);
}

#[test]
fn a_delivery_that_contradicts_itself_loses_those_rows() {
    let parsed = plain("", b"kommune;periode;antall\n0301;2024;1\n0301;2024;1\n4601;2024;2\n4601;2024;3\n");
    assert_eq!(shown(&parsed), ["0301 2024 1"]);
    let why: Vec<_> =
        parsed.rejections.iter().map(|r| format!("{} {} {}", r.row, &r.reason[..10], r.raw)).collect();
    assert_eq!(why, ["3 duplicate  0301;2024;1", "4 contradict 4601;2024;2", "5 contradict 4601;2024;3"]);
}

#[test]
fn values_are_whole_and_within_bounds() {
    for (value, word) in
        [("12,5", "decimal fraction"), ("-1", "below"), ("101", "above"), ("mange", "not a number")]
    {
        let bytes = format!("kommune;periode;antall\n0301;2024;{value}\n");
        let parsed = plain("value.max = 100\n", bytes.as_bytes());
        assert!(refused(&parsed).contains(word) && parsed.breaches.is_empty(), "{parsed:?}");
    }
    let strict = "value.max = 100\nvalue.out_of_range = \"breach\"\n";
    let parsed = plain(strict, b"kommune;periode;antall\n0301;2024;101\n");
    assert_eq!(parsed.breaches, ["row 2: value 101 is above the agreed greatest, 100"]);
}

#[test]
fn breaches_hold_the_delivery_back() {
    let parsed = plain("", b"komune;periode;antall\n0301;2024;1\n");
    assert_eq!(parsed.breaches, ["column `kommune` is missing; nearest in the header is `komune`"]);
    let unit = "value.unit = \"personer\"\nvalue.unit_column = \"enhet\"\n";
    let parsed = plain(
        unit,
        b"kommune;periode;antall;enhet\n0301;2024;1;Personer\n4601;2024;1;tusen\n1103;2024;1;tusen\n",
    );
    assert_eq!(parsed.breaches, ["row 3: the unit is `tusen`, agreed was `personer`"]);
    let parsed = plain(
        "measure.cumulative = true\n",
        b"kommune;periode;antall\n0301;2024-02;4\n0301;2024-01;5\n0301;2024-03;4\n",
    );
    assert_eq!(parsed.breaches.len(), 1);
    assert!(
        parsed.breaches[0]
            .starts_with("row 2: `uses` of municipality 0301 falls from 5 in 2024-01 to 4 in 2024-02")
    );
}

#[test]
fn total_rows_are_left_out_and_counted() {
    let parsed = plain(
        "totals.names = [\"Hele landet\"]\n",
        b"kommune;periode;antall\n0301;2024;1\nhele landet;2024;1\n",
    );
    assert_eq!(refused(&parsed), "3: total row `Hele landet`, left out as the contract declares");
    assert_eq!((parsed.rows_in, parsed.observations.len()), (2, 1));
}

#[test]
fn wide_tables_give_a_value_a_column() {
    let months = "layout = \"wide\"\nmeasure.fixed = \"uses\"\nwide = { periods = true, prefix_to_strip = \"Bruk \" }\n";
    let parsed = parse(b"kommune;navn;Bruk 2024-01;Bruk 2024-02\n0301;Oslo;1;:\n", &contract(months));
    assert_eq!(shown(&parsed), ["0301 2024-01 1", "0301 2024-02 suppressed"]);
    let measures = "layout = \"wide\"\nperiod.fixed = \"2024\"\nwide.measures = { BankID = \"bankid\", MinID = \"minid\" }\n";
    let parsed = parse(b"kommune,MinID,BankID\n0301,1,x\n", &contract(measures));
    assert_eq!(shown(&parsed), ["0301 2024 1"]);
    assert!(refused(&parsed).contains("`x` is not a number"));
}

#[test]
fn a_pair_of_days_bounds_a_period() {
    let days = "measure.fixed = \"uses\"\nvalue.column = \"n\"\nperiod = { start = \"fra\", end = \"til\", end_inclusive = true }\n";
    let parsed = parse(
        b"kommune;fra;til;n\n0301;01.01.2024;31.01.2024;1\n4601;2024-02-01;2024-01-01;1\n",
        &contract(days),
    );
    assert_eq!(shown(&parsed), ["0301 2024-01 1"]);
    assert!(refused(&parsed).contains("must end after it starts"));
    let months = "period.granularity = \"month\"\n";
    assert_eq!(shown(&plain(months, b"kommune;periode;antall\n0301;2024-03-01;1\n")), ["0301 2024-03 1"]);
}

#[test]
fn workbooks_are_read_as_tables_are() {
    let rows = row(1, &["Uttrekk"])
        + &row(3, &["kommune", "periode", "antall"])
        + &row(4, &["301", "2024", "12"])
        + &row(6, &["4601", "2024", "1.5"])
        + &row(7, &["1103", "2024-02", "12345.678"]);
    let parsed = plain("header_row = 3\nsubject.restore_zero = true\n", &xlsx(&rows));
    assert_eq!(shown(&parsed), ["0301 2024 12"]);
    assert_eq!(parsed.rejections.iter().map(|r| r.row).collect::<Vec<_>>(), [6, 7]);
    assert!(parsed.rejections.iter().all(|r| r.reason.contains("decimal fraction")), "{parsed:?}");
    let parsed = plain("sheet = \"Data\"\n", &xlsx(&rows));
    assert_eq!(parsed.breaches[0], "sheet `Data` is missing; the workbook has `Ark1`");
}

#[test]
fn an_open_document_is_read_too() {
    let bytes = ods(&[&["kommune", "periode", "antall"], &["1103", "2024-01", "7"], &["301", "2024", "8"]]);
    let parsed = plain("", &bytes);
    assert_eq!(shown(&parsed), ["1103 2024-01 7"], "{parsed:?}");
    assert!(refused(&parsed).starts_with("3: code `301` lost its leading zero"));
    conformance(|bytes| plain("", bytes), &[&bytes], true);
}

#[test]
fn a_cell_in_the_far_corner_is_refused() {
    let rows = row(1, &["kommune"]) + "<row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c></row>";
    let parsed = plain("", &xlsx(&rows));
    assert!(parsed.breaches.iter().any(|b| b.contains("column 16384")), "{parsed:?}");
}

#[test]
fn what_is_too_large_is_refused_with_the_reason() {
    let row = |middle: &str| format!("kommune;periode;antall;navn\n0301;2024;1;{middle}\n4601;2024;2;x\n");
    for (middle, word) in [
        ("x".repeat(65 << 10), "a field is"),
        (";".repeat(2100), "2104 columns"),
        ("x;".repeat(600_000), "bytes long"),
    ] {
        let parsed = plain("", row(&middle).as_bytes());
        assert!(refused(&parsed).contains(word), "{}", refused(&parsed));
        assert_eq!(shown(&parsed), ["4601 2024 2"]);
    }
}

#[test]
fn a_line_without_end_is_stepped_over() {
    let long = "x".repeat(2 << 20);
    let rows = format!("kommune;periode;antall\n0301;2024;\"1\n{long}\r\n\n4601;2024;2\n{long}");
    let parsed = plain("", rows.as_bytes());
    assert_eq!(shown(&parsed), ["4601 2024 2"]);
    assert_eq!(parsed.observations[0].row, 5);
    let why: Vec<_> = parsed.rejections.iter().map(|r| (r.row, r.reason.as_str())).collect();
    let too_long = "the row is 2097152 bytes long; at most 1048576 are read";
    assert_eq!(why, [(2, "a quoted field is opened and never closed"), (3, too_long), (6, too_long)]);
    assert_eq!(plain("", long.as_bytes()).breaches, [too_long]);
}

#[test]
fn a_table_without_rows_is_held() {
    for rows in ["", "\n\n\n", ";;\n"] {
        let parsed = plain("", format!("kommune;periode;antall\n{rows}").as_bytes());
        assert_eq!(parsed.breaches, ["there are no rows below the column names"], "{rows:?}");
    }
}

#[test]
fn whoever_is_wrong_too_often_is_not_read_on() {
    let rows = "0301;2024;x\n".repeat(100_002);
    let parsed = plain("", format!("kommune;periode;antall\n{rows}").as_bytes());
    assert_eq!((parsed.rows_in, parsed.rejections.len()), (100_000, 100_000));
    assert_eq!(parsed.breaches, ["100000 refusals until row 100001: what is behind it is not read"]);
}

#[test]
fn cells_that_fill_too_much_are_refused() {
    // 2,000 columns of 24 bytes in each of 6,000 rows are 275 MiB, and the file is small.
    let rows: String =
        (2..6_002).map(|at| format!("<row r=\"{at}\"><c r=\"BXX{at}\"><v>1</v></c></row>")).collect();
    let parsed = plain("", &xlsx(&(row(1, &["kommune", "periode", "antall"]) + &rows)));
    assert!(parsed.breaches[0].contains("fill more than 256 MiB"), "{:?}", parsed.breaches);
}

#[test]
fn the_shapes_of_one_table_are_read() {
    let files: [(&[u8], u32, &str); 4] = [
        (include_bytes!("../../tests/data/ssb07459-2017-2018.csv"), 1, "1103 2017 10"),
        (include_bytes!("../../tests/data/ssb07459-2019.csv"), 1, "1103 2019 13"),
        (include_bytes!("../../tests/data/ssb07459-2020.csv"), 1, "1103 2020 14"),
        (include_bytes!("../../tests/data/ssb07459-2021.csv"), 3, "1103 2021 15"),
    ];
    for (bytes, header, first) in files {
        let contract = Contract::from_toml(&format!(
            "source_id = \"ssb\"\nversion = 1\nheader_row = {header}\nlayout = \"wide\"\nsolution.fixed = \"none\"\n\
             subject = {{ column = \"region\", prefix_to_strip = \"K-\", name_follows = true }}\n\
             measure = {{ column = \"age\", map = {{ \"0 years\" = \"age_0\" }} }}\n\
             wide = {{ periods = true, prefix_to_strip = \"Persons \" }}\n"
        ))
        .unwrap();
        let parsed = parse(bytes, &contract);
        assert!(parsed.breaches.is_empty(), "{:?}", parsed.breaches);
        assert_eq!(shown(&parsed)[0], first);
    }
}
