//! Codes that are joined over several rows, and the totals between them.

use super::super::samples::{ods_book, ods_row, row, xlsx, xlsx_book};
use super::propose::{about, known};
use super::{PLAIN, contract, shown};
use crate::delimited::{Contract, parse, propose};

fn read(more: &str, text: &str) -> utbredt_model::Parsed {
    parse(text.as_bytes(), &contract(&format!("{PLAIN}subject.fill_down = true\n{more}")))
}

/// `row code` of each rejection.
fn refusals(parsed: &utbredt_model::Parsed) -> Vec<String> {
    parsed.rejections.iter().map(|r| format!("{} {}", r.row, r.code.as_str())).collect()
}

const SUM: &str = "totals.names = [\"Sum\"]\n";

#[test]
fn the_later_months_of_a_total_are_none_of_the_municipality_above() {
    let cells: [&[&str]; 6] = [
        &["kommune", "periode", "antall"],
        &["1103", "2024-01", "1"],
        &["", "2024-02", "2"],
        &["Sum", "2024-01", "10"],
        &["", "2024-02", "6"],
        &["", "2024-03", "7"],
    ];
    let csv: Vec<String> = cells.iter().map(|row| row.join(";")).collect();
    let rows: String = (1..).zip(cells).map(|(number, cells)| row(number, cells)).collect();
    let ods: String = cells.iter().map(|cells| ods_row("", cells)).collect();
    let rules = contract(&format!("{PLAIN}subject.fill_down = true\n{SUM}"));
    for bytes in [(csv.join("\n") + "\n").into_bytes(), xlsx(&rows), ods_book(&[("Ark1", &ods)])] {
        let parsed = parse(&bytes, &rules);
        assert_eq!(shown(&parsed), ["1103 2024-01 1", "1103 2024-02 2"], "{parsed:?}");
        assert_eq!(refusals(&parsed), ["4 excluded", "5 excluded", "6 excluded"]);
        assert!(parsed.rejections[1].reason.contains("more of total row `Sum`"), "{parsed:?}");
    }
}

#[test]
fn a_code_below_a_total_ends_it() {
    let rows = "kommune;periode;antall\nSum;2024-01;10\n;2024-02;6\n0301;2024-01;1\n;2024-02;2\n";
    let parsed = read(SUM, rows);
    assert_eq!(shown(&parsed), ["0301 2024-01 1", "0301 2024-02 2"], "{parsed:?}");
}

#[test]
fn any_word_in_the_place_of_a_code_is_carried_down() {
    for (word, more, code) in [
        ("46 Vestland", "totals.names = [\"46 Vestland\"]\nsubject.name_follows = true\n", "excluded"),
        ("46 Vestland", "subject.name_follows = true\n", "invalid_code"),
        ("9999", "", "placeholder"),
        ("Ukjent", "", "invalid_code"),
        ("Sum", "", "invalid_code"),
    ] {
        let rows = format!(
            "kommune;periode;antall\n0301;2024-01;1\n{word};2024-01;10\n;2024-02;6\n4601;2024-01;3\n"
        );
        let parsed = read(more, &rows);
        assert_eq!(shown(&parsed), ["0301 2024-01 1", "4601 2024-01 3"], "{word}: {parsed:?}");
        assert_eq!(refusals(&parsed), [format!("3 {code}"), format!("4 {code}")], "{word}: {parsed:?}");
    }
}

#[test]
fn a_total_named_in_a_column_of_its_own_is_carried_down_too() {
    let named = "totals = { column = \"navn\", names = [\"Sum\"] }\n";
    let head = "kommune;navn;periode;antall\n0301;Oslo;2024-01;1\n;;2024-02;2\n";
    let parsed = read(named, &format!("{head};Sum;2024-01;10\n;;2024-02;6\n"));
    assert_eq!(shown(&parsed), ["0301 2024-01 1", "0301 2024-02 2"], "{parsed:?}");
    assert_eq!(refusals(&parsed), ["4 excluded", "5 excluded"]);
    // Another total in that column is declared nowhere.
    let parsed = read(named, &format!("{head};Hele landet;2024-01;10\n;;2024-02;6\n"));
    assert_eq!(shown(&parsed), ["0301 2024-01 1", "0301 2024-02 2"], "{parsed:?}");
    assert_eq!(refusals(&parsed), ["4 missing_field", "5 missing_field"]);
    // Nothing says whether a remark goes on below.
    let remark = "totals = { column = \"merk\", names = [\"Sum\"] }\n";
    let parsed = read(
        remark,
        "kommune;merk;periode;antall\n0301;;2024-01;1\n;Sum;2024-01;10\n;;2024-02;6\n4601;;2024-01;3\n",
    );
    assert_eq!(shown(&parsed), ["0301 2024-01 1", "4601 2024-01 3"], "{parsed:?}");
    assert_eq!(refusals(&parsed), ["3 excluded", "4 missing_field"]);
}

#[test]
fn a_total_of_the_municipality_itself_is_followed_by_its_parts() {
    let rules = "totals = { column = \"navn\", names = [\"Sum\"] }\nvalue.sum_over = [\"navn\"]\n";
    // 1 + 2 and 3 + 4; the sums themselves are left out, before their parts or behind them.
    let behind = "0301;Menn;2024-01;1\n;Kvinner;2024-01;2\n;Sum;2024-01;3\n;Menn;2024-02;3\n;Kvinner;2024-02;4\n;Sum;2024-02;7\n";
    let before = "4601;Sum;2024-01;9\n;Menn;2024-01;1\n;Kvinner;2024-01;2\n0301;Sum;2024-02;9\n;Menn;2024-02;3\n;Kvinner;2024-02;4\n";
    for (rows, expected) in
        [(behind, ["0301 2024-01 3", "0301 2024-02 7"]), (before, ["4601 2024-01 3", "0301 2024-02 7"])]
    {
        let parsed = read(rules, &format!("kommune;navn;periode;antall\n{rows}"));
        assert_eq!(shown(&parsed), expected, "{parsed:?}");
        assert!(parsed.breaches.is_empty(), "{parsed:?}");
    }
}

#[test]
fn a_row_that_is_refused_has_a_code_for_those_below() {
    // The row of 4601 is cut short: what is below it is not of Oslo.
    let parsed = read("", "kommune;periode;antall\n0301;2024-01;1\n4601;2024-01\n;2024-02;2\n");
    assert_eq!(shown(&parsed), ["0301 2024-01 1", "4601 2024-02 2"], "{parsed:?}");
    assert_eq!(refusals(&parsed), ["3 row_width"]);
}

#[test]
fn blank_cells_below_a_total_do_not_make_its_codes_joined() {
    // Each municipality has one month more, and 1103 has none: the blank cell is the total's.
    let text =
        "Kommunenr;Måned;Antall\n0301;2024-01;1\n;2024-02;2\n1103;2024-01;5\nSum;2024-01;6\n;2024-02;2\n";
    let toml = propose(text.as_bytes(), &about("svarut"), &known()).unwrap();
    assert!(!toml.contains("fill_down = true\n"), "{toml}");
    let text = text.replace("Sum;", ";2024-02;4\nSum;");
    let toml = propose(text.as_bytes(), &about("svarut"), &known()).unwrap();
    let parsed = parse(text.as_bytes(), &Contract::from_toml(&toml).unwrap());
    let expected = ["0301 2024-01 1", "0301 2024-02 2", "1103 2024-01 5", "1103 2024-02 4"];
    assert_eq!(shown(&parsed), expected, "{toml}");
}

#[test]
fn a_period_that_is_joined_reaches_over_codes_where_declared() {
    let rows = "0301;2024-01;1\n4601;;2\nSum;;3\n0301;2024-02;4\n4601;;5\n";
    let text = format!("kommune;periode;antall\n{rows}\n1103;;6\n");
    let of = |more: &str| parse(text.as_bytes(), &contract(&format!("{PLAIN}{SUM}{more}")));
    let parsed = of("period.fill_down = true\n");
    let expected = ["0301 2024-01 1", "4601 2024-01 2", "0301 2024-02 4", "4601 2024-02 5"];
    assert_eq!(shown(&parsed), expected, "{parsed:?}");
    // Nothing reaches over the blank row.
    assert_eq!(refusals(&parsed), ["4 excluded", "8 missing_field"]);
    let parsed = of("");
    assert_eq!(shown(&parsed), ["0301 2024-01 1", "0301 2024-02 4"]);
    assert!(parsed.rejections[0].reason.contains("declare `fill_down = true` in [period]"), "{parsed:?}");
    // A total's period, and a word that is none, are carried down too.
    let text = "kommune;periode;antall\n0301;2024-01;1\nSum;2024-02;9\n4601;;2\n0301;I alt;3\n4601;;4\n";
    let parsed = parse(text.as_bytes(), &contract(&format!("{PLAIN}{SUM}period.fill_down = true\n")));
    assert_eq!(shown(&parsed), ["0301 2024-01 1", "4601 2024-02 2"], "{parsed:?}");
    assert_eq!(refusals(&parsed), ["3 excluded", "5 invalid_date", "6 invalid_date"]);
    let error = Contract::from_toml(
        "source_id = \"s\"\nversion = 1\nsubject.column = \"k\"\nperiod = { fixed = \"2024\", fill_down = true }\n\
         solution.fixed = \"x\"\nmeasure.fixed = \"uses\"\nvalue.column = \"n\"\n",
    );
    assert!(error.unwrap_err().to_string().contains("[period] has `fill_down`"));
}

#[test]
fn the_parts_of_a_sum_may_share_a_joined_period() {
    let rules = format!(
        "{PLAIN}period.fill_down = true\nperiod.granularity = \"month\"\nvalue.sum_over = [\"kjønn\"]\n"
    );
    // 1 + 2 of one day; 4 and 5 are of two days of one month, which are no parts of one number.
    let text = "kommune;periode;kjønn;antall\n0301;01.01.2024;K;1\n0301;;M;2\n";
    let parsed = parse(text.as_bytes(), &contract(&rules));
    assert_eq!((shown(&parsed), parsed.breaches.len()), (vec!["0301 2024-01 3".to_owned()], 0), "{parsed:?}");
    let text = "kommune;periode;kjønn;antall\n0301;01.01.2024;K;4\n0301;15.01.2024;M;5\n";
    let parsed = parse(text.as_bytes(), &contract(&rules));
    assert_eq!((shown(&parsed).len(), parsed.breaches.len()), (0, 1), "{parsed:?}");
}

#[test]
fn a_workbook_that_joins_its_periods_is_read_so() {
    let cells: [&[&str]; 5] = [
        &["Kommunenr", "Måned", "Antall"],
        &["1103", "2024-01", "1"],
        &["4601", "", "2"],
        &["1103", "2024-02", "4"],
        &["4601", "", "5"],
    ];
    let rows: String = (1..).zip(cells).map(|(number, cells)| row(number, cells)).collect();
    let joins = "<mergeCells><mergeCell ref=\"B2:B3\"/><mergeCell ref=\"B4:B5\"/></mergeCells>";
    let tried = |joins: &str| {
        let bytes = xlsx_book("Ark1", "", &rows, joins, "");
        let toml = propose(&bytes, &about("svarut"), &known()).unwrap();
        (shown(&parse(&bytes, &Contract::from_toml(&toml).unwrap())), toml)
    };
    let (read, toml) = tried(joins);
    assert_eq!(read, ["1103 2024-01 1", "4601 2024-01 2", "1103 2024-02 4", "4601 2024-02 5"], "{toml}");
    assert!(toml.contains("column = \"Måned\"\n# Its cells are joined over several rows"), "{toml}");
    let (read, toml) = tried("");
    assert_eq!(read, ["1103 2024-01 1", "1103 2024-02 4"], "{toml}");
}
