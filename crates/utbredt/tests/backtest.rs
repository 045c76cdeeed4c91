//! The back-test as anyone runs it: no lake, the same for a seed, and saying that its numbers are invented.

use std::process::{Command, Output};

fn backtest(more: &[&str]) -> Output {
    let command = &mut Command::new(env!("CARGO_BIN_EXE_utbredt"));
    command.arg("backtest").args(more).output().expect("the command starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is UTF-8")
}

#[test]
fn a_back_test_needs_no_lake_and_is_marked_as_invented() {
    let small = ["--seed", "3", "--municipalities", "60", "--months", "60"];
    let said = text(&backtest(&small).stdout);
    assert_eq!(said, text(&backtest(&small).stdout));
    assert!(said.starts_with("SYNTHETIC: 60 invented municipalities, 60 months, seed 3"), "{said}");
    for word in [
        "bounded_growth",
        "last_value",
        "straight_line",
        "refused, break",
        "dates: ",
        "below",
        "above",
        "5 such nations",
        "turns in between",
    ] {
        assert!(said.contains(word), "{said}");
    }
    let json = text(&backtest(&[&small[..], &["--json"]].concat()).stdout);
    assert!(json.starts_with("{\"synthetic\":true,\"seed\":3,"), "{json}");
    assert_eq!(backtest(&["--months", "12"]).status.code(), Some(2));
}

/// The nation anyone gets who names no seed: the intervals are as sure as they say.
#[test]
fn the_back_test_of_the_first_seed_ends_well() {
    assert_eq!(backtest(&[]).status.code(), Some(0));
}

/// A history of four years, and a nation of a few municipalities, keep what they say or tell what is lacking.
#[test]
fn short_histories_and_few_municipalities_end_well() {
    let said = backtest(&["--months", "48"]);
    assert_eq!(said.status.code(), Some(0));
    let said = text(&said.stdout);
    assert!(said.contains("dates: refused, short_history: of less than 60 months"), "{said}");
    let said = backtest(&["--municipalities", "6", "--json"]);
    assert_eq!(said.status.code(), Some(0));
    let said = text(&said.stdout);
    assert!(said.contains("\"nations\":59,") && said.contains("\"kind\":\"campaign\""), "{said}");
}
