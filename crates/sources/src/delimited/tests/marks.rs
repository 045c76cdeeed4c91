//! Words in a column of marks: those that nobody said the meaning of hold the delivery.

use super::{PLAIN, contract, shown};
use crate::delimited::parse;

fn read(rules: &str, rows: &str) -> utbredt_model::Parsed {
    let rules = contract(&format!("{PLAIN}{rules}"));
    parse(format!("kommune;periode;antall;metode;status\n{rows}").as_bytes(), &rules)
}

const IMPUTED: &str = "[imputed]\ncolumn = \"metode\"\nmarker = [\"anslag\", \"beregnet\"]\n";

#[test]
fn an_unknown_word_holds_the_delivery_and_is_named_once() {
    let rows =
        "0301;2024;1;Anslag;\n4601;2024;2;anslått;\n1103;2024;3;Anslått;\n5001;2024;4;;\n1508;2024;5;telt;\n";
    let parsed = read(IMPUTED, rows);
    let expected = ["0301 2024 1 e", "4601 2024 2", "1103 2024 3", "5001 2024 4", "1508 2024 5"];
    assert_eq!(shown(&parsed), expected);
    assert_eq!(parsed.breaches.len(), 2, "{parsed:?}");
    let first = "row 3: `anslått` in column `metode` is none of the marks there (`anslag`, `beregnet`)";
    assert!(parsed.breaches[0].starts_with(first), "{parsed:?}");
    assert!(parsed.breaches[1].starts_with("row 6: `telt` in column `metode`"), "{parsed:?}");
}

#[test]
fn what_is_declared_as_unmarked_is_read() {
    let rows = "0301;2024;1;Telt ;\n4601;2024;2;endelig;\n1103;2024;3;;\n5001;2024;4;beregnet;\n";
    let parsed = read(&format!("{IMPUTED}unmarked = [\"telt\", \"Endelig\", \"\"]\n"), rows);
    assert_eq!(shown(&parsed), ["0301 2024 1", "4601 2024 2", "1103 2024 3", "5001 2024 4 e"]);
    assert!(parsed.breaches.is_empty(), "{parsed:?}");
}

#[test]
fn several_kinds_of_marks_may_be_in_one_column() {
    let rules = format!("{IMPUTED}[provisional]\ncolumn = \"Metode\"\nmarker = \"foreløpig\"\n");
    let rows = "0301;2024;1;anslag;\n4601;2024;2;foreløpig;\n1103;2024;3;ukjent;\n";
    let parsed = read(&rules, rows);
    assert_eq!(shown(&parsed), ["0301 2024 1 e", "4601 2024 2 p", "1103 2024 3"]);
    assert_eq!(parsed.breaches.len(), 1, "{parsed:?}");
    assert!(parsed.breaches[0].contains("(`anslag`, `beregnet`, `foreløpig`)"), "{parsed:?}");
}

#[test]
fn rows_that_are_left_out_say_nothing_of_marks() {
    let rules = format!("totals.names = [\"Sum\"]\nfilter.status = \"A\"\n{IMPUTED}");
    let rows = "0301;2024;1;anslag;A\n4601;2024;2;ukjent;B\nSum;2024;3;begge;A\n";
    let parsed = read(&rules, rows);
    assert_eq!(shown(&parsed), ["0301 2024 1 e"]);
    assert!(parsed.breaches.is_empty(), "{parsed:?}");
}
