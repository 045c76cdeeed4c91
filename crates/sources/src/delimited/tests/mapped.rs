//! Words and columns of one meaning that stand beside each other.

use super::propose::{about, all, known};
use super::shown;
use crate::delimited::{Contract, TO_CHOOSE, parse, propose};

fn contract(more: &str) -> Contract {
    let least = "source_id = \"s\"\nversion = 1\nsubject.column = \"kommune\"\nperiod.column = \"periode\"\n";
    Contract::from_toml(&format!("{least}{more}")).unwrap()
}

const SOLUTIONS: &str = "measure.fixed = \"uses\"\nvalue.column = \"antall\"\n\
    solution = { column = \"tjeneste\", map = { SvarUt = \"svarut\", SvarInn = \"svarut\", \"svar ut\" = \"svarut\" } }\n";

fn read(more: &str, rows: &str) -> utbredt_model::Parsed {
    let text = format!("kommune;periode;tjeneste;antall\n{rows}");
    parse(text.as_bytes(), &contract(&format!("{SOLUTIONS}{more}")))
}

#[test]
fn two_words_of_one_solution_hold_the_delivery_whether_their_numbers_are_equal_or_not() {
    for number in ["5", "6", "", "2,5"] {
        let rows = format!("0301;2024;SvarUt;5\n0301;2024;SvarInn;{number}\n4601;2024;SvarUt;7\n");
        let parsed = read("", &rows);
        // Neither row of Oslo is its number.
        assert_eq!(shown(&parsed), ["4601 2024 7"], "{parsed:?}");
        assert_eq!((parsed.rejections.len(), parsed.breaches.len()), (2, 1), "{parsed:?}");
        let breach = &parsed.breaches[0];
        for part in [
            "rows 2 and 3: `SvarUt` and `SvarInn` in column `tjeneste` are both solution `svarut`",
            "municipality 0301 in 2024",
            "`sum_over = [\"tjeneste\"]`",
            "`\"tjeneste\" = \"SvarUt\"` in [filter]",
        ] {
            assert!(breach.contains(part), "{breach}");
        }
    }
    // Of a pair one line is enough, and a number that was refused was there.
    let rows = "0301;2024;SvarUt;x\n0301;2024;SvarInn;6\n4601;2024;SvarUt;7\n4601;2024;SvarInn;7\n";
    let parsed = read("", rows);
    assert!(parsed.observations.is_empty() && parsed.breaches.len() == 1, "{parsed:?}");
}

#[test]
fn the_two_ways_out_and_spellings_that_never_meet() {
    let rows = "0301;2024;SvarUt;5\n0301;2024;SvarInn;6\n4601;2024;SvarUt;7\n4601;2024;SvarInn;7\n";
    // 5 + 6 and 7 + 7.
    let parsed = read("value.sum_over = [\"tjeneste\"]\n", rows);
    assert_eq!(
        (shown(&parsed), parsed.breaches.len()),
        (vec!["0301 2024 11".into(), "4601 2024 14".into()], 0)
    );
    let parsed = read("filter.tjeneste = \"SvarUt\"\n", rows);
    assert_eq!(
        (shown(&parsed), parsed.breaches.len()),
        (vec!["0301 2024 5".into(), "4601 2024 7".into()], 0)
    );
    let parsed = read("", "0301;2024;SvarUt;5\n0301;2025;SvarInn;6\n4601;2024;SvarInn;7\n");
    assert_eq!(shown(&parsed), ["0301 2024 5", "0301 2025 6", "4601 2024 7"]);
    assert!(parsed.breaches.is_empty(), "{parsed:?}");
    // One word in two spellings is a duplicate as ever.
    let parsed = read("", "0301;2024;SvarUt;5\n0301;2024;svar ut;5\n");
    assert_eq!((shown(&parsed), parsed.breaches.len()), (vec!["0301 2024 5".into()], 0), "{parsed:?}");
}

#[test]
fn adding_over_another_column_adds_no_two_words() {
    let text = "kommune;periode;tjeneste;alder;antall\n0301;2024;SvarUt;0-17;5\n0301;2024;SvarInn;18-;6\n";
    let parsed = parse(text.as_bytes(), &contract(&format!("{SOLUTIONS}value.sum_over = [\"alder\"]\n")));
    assert!(parsed.observations.is_empty() && parsed.breaches.len() == 1, "{parsed:?}");
}

#[test]
fn two_words_of_one_measure_hold_the_delivery() {
    let rules = "solution.fixed = \"svarut\"\nvalue.column = \"antall\"\n\
        measure = { column = \"type\", map = { sendt = \"uses\", mottatt = \"uses\" } }\n";
    let text = "kommune;periode;type;antall\n0301;2024;sendt;0\n0301;2024;mottatt;0\n";
    let parsed = parse(text.as_bytes(), &contract(rules));
    assert!(parsed.observations.is_empty(), "{parsed:?}");
    assert!(
        parsed.breaches[0].contains("`sendt` and `mottatt` in column `type` are both measure `uses`"),
        "{parsed:?}"
    );
}

#[test]
fn two_columns_of_one_measure_hold_the_delivery() {
    for (numbers, more) in [("5;5", ""), ("5;6", ""), ("5;", ""), ("5;6", "value.sum_over = [\"alder\"]\n")] {
        let rules = format!(
            "solution.fixed = \"svarut\"\nlayout = \"wide\"\nwide.measures = {{ Sendte = \"uses\", Mottatte = \"uses\" }}\n{more}"
        );
        let text = format!("kommune;periode;alder;Sendte;Mottatte\n0301;2024;0-17;{numbers}\n");
        let parsed = parse(text.as_bytes(), &contract(&rules));
        assert!(parsed.observations.is_empty(), "{numbers}: {parsed:?}");
        let expected = "row 2: columns `Mottatte` and `Sendte` are both measure `uses`";
        assert!(parsed.breaches[0].starts_with(expected), "{parsed:?}");
    }
}

#[test]
fn a_proposal_gives_two_words_beside_each_other_no_one_meaning() {
    let tried = |rows: &str| {
        let text = format!("Kommunenr;Måned;Tjeneste;Antall\n{rows}");
        let toml = propose(text.as_bytes(), &about("x"), &known()).unwrap();
        (all(&parse(text.as_bytes(), &Contract::from_toml(&toml).unwrap())), toml)
    };
    let (read, toml) = tried("0301;2024-01;SvarUt;5\n0301;2024-01;SvarUt app;5\n0301;2024-01;Digisos;7\n");
    for line in ["\"SvarUt\" = \"to-choose\"", "\"SvarUt app\" = \"to-choose\"", "\"Digisos\" = \"digisos\""]
    {
        assert!(toml.contains(line), "{toml}");
    }
    assert!(toml.contains("beside each other in one period: SvarUt, SvarUt app."), "{toml}");
    assert_eq!(read, ["digisos uses 0301 2024-01 7"], "{toml}");
    // Two spellings of two months are one solution.
    let (read, toml) = tried("0301;2024-01;SvarUt;5\n0301;2024-02;SvarUt app;6\n");
    assert_eq!(read, ["svarut uses 0301 2024-01 5", "svarut uses 0301 2024-02 6"], "{toml}");
    assert!(!toml.contains(TO_CHOOSE), "{toml}");
}
