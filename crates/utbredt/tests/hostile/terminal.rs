//! Texts that would command a terminal, or make a line of a log read as another: in cells, in the names of files, in a
//! reason. The command shows them.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::files::{HEAD, bytes};
use crate::prepared;

/// A file whose name sets the title of a window.
const NAME: &str = "export \u{1b}]0;x\u{7}.csv";

/// Clears the screen; colours it by a character of C1; turns the order of reading; returns to the start of the line.
const CELLS: [&str; 4] = ["9999\u{1b}[2J", "\u{9b}31m", "\u{202e}7\u{2066}", "a\rb"];

fn is_shown(c: char) -> bool {
    c == '\n'
        || !(c.is_control()
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c))
}

/// Runs a command: its exit code, output and messages, in which nothing acts.
fn run(folder: &Path, words: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_utbredt"));
    command.current_dir(folder).args(words).env_remove("UTBREDT_LAKE").env_remove("UTBREDT_LOG");
    let output = command.output().expect("the command starts");
    let [out, messages] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).expect("UTF-8"));
    for text in [&out, &messages] {
        assert!(text.chars().all(is_shown), "{words:?}: {text:?}");
    }
    (output.status.code(), out, messages)
}

fn rows(rows: &[&str]) -> String {
    format!("{HEAD}{}", rows.concat())
}

/// A delivery whose rejected rows hold every one of the cells, under the name that acts.
fn delivered() -> (tempfile::TempDir, String) {
    let (folder, _) = prepared();
    let rejected: String =
        CELLS.iter().map(|cell| format!("1103;2025-02;{cell}\n{cell};2025-02;1\n")).collect();
    bytes(&folder.path().join(NAME), rows(&["0301;2025-02;8\n", "4601;2025-02;9\n", &rejected]));
    (folder, rejected)
}

const BY: [&str; 4] = ["--contract", "contract.toml", "--lake", "lake"];

#[test]
fn a_delivery_is_tried_described_and_reported_without_commanding_the_terminal() {
    let (folder, _) = delivered();
    let here = folder.path();
    let (_, shown, _) = run(here, &[&["source", "try", NAME], &BY[..]].concat());
    // Its name, and the first row of a reason as it came.
    assert!(shown.contains(r"export \u{1b}]0;x\u{7}"), "{shown}");
    assert!(shown.contains(r"9999\u{1b}[2J"), "{shown}");
    let (_, shown, _) = run(here, &[&["source", "try", NAME, "--json"], &BY[..]].concat());
    let tried: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(tried["file"], NAME, "in JSON an escape is the character itself");
    let raws: Vec<&str> = tried["rejections"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one["raw"].as_str())
        .collect();
    for cell in &CELLS[..3] {
        assert!(raws.iter().any(|raw| raw.contains(cell)), "{cell:?}: {raws:?}");
    }
    run(here, &["source", "new", NAME]);
    let (_, shown, _) = run(here, &[&["ingest", NAME], &BY[..]].concat());
    assert!(shown.contains(r"`export \u{1b}]0;x\u{7}`"), "{shown}");

    let select = "SELECT raw, reason FROM rejections";
    let (_, shown, _) = run(here, &["sql", select, "--lake", "lake"]);
    for cell in [r"9999\u{1b}[2J", r"\u{9b}31m", r"\u{202e}7\u{2066}"] {
        assert!(shown.contains(cell), "{cell}: {shown}");
    }
    let (_, shown, _) = run(here, &["sql", select, "--lake", "lake", "--format", "json"]);
    let answer: Value = serde_json::from_str(&shown).expect("JSON");
    assert!(answer["data"].to_string().contains("\u{202e}7\u{2066}"), "{shown}");
}

#[test]
fn what_is_held_is_listed_and_its_release_is_logged_without_commanding_anything() {
    let (folder, _) = prepared();
    let here = folder.path();
    // The same name again, about another month: held, since all that is active would leave.
    for month in ["2025-02", "2025-03"] {
        let of_month = ["0301", "4601", "1103"].map(|code| format!("{code};{month};8\n"));
        bytes(&here.join(NAME), rows(&[&of_month.concat()]));
        run(here, &[&["ingest", NAME], &BY[..]].concat());
    }
    let (code, listed, _) = run(here, &["held", "list", "--lake", "lake"]);
    assert!(code == Some(0) && listed.contains(r"x `export \u{1b}]0;x\u{7}`"), "{listed}");
    let (_, as_json, _) = run(here, &["held", "list", "--lake", "lake", "--json"]);
    let held: Value = serde_json::from_str(&as_json).expect("JSON");
    let receipt = held["held"][0]["receipt_id"].as_str().expect("one is held");
    run(here, &["held", "show", receipt, "--lake", "lake"]);
    let reason = "right\u{9b}2J\u{202e}\nand a line";
    let release = ["held", "release", receipt, "--reason", reason, "--lake", "lake", "--log", "info"];
    let (code, _, log) = run(here, &release);
    assert_eq!(code, Some(0), "{log}");
    let event: Value = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .find(|event: &Value| event["message"] == "a held delivery is released")
        .unwrap_or_else(|| panic!("no such event: {log}"));
    assert_eq!(event["reason"], reason);
}

#[test]
fn errors_and_the_names_of_files_in_a_lake_are_shown() {
    let (folder, lake) = prepared();
    let here = folder.path();
    let (code, _, message) = run(here, &["verify", "--lake", "no\u{1b}[31mlake"]);
    assert!(code == Some(1) && message.contains(r"no\u{1b}[31mlake is not a lake"), "{message}");
    let (code, _, message) = run(here, &["kpi", "run", "no.\u{9b}31m", "--lake", "lake"]);
    assert!(code == Some(2) && message.contains(r"no.\u{9b}31m"), "{message}");
    bytes(&lake.join("tables/usage/\u{1b}[8mhidden"), "x");
    let (code, _, message) = run(here, &["verify", "--lake", "lake"]);
    assert!(
        code == Some(1) && message.contains(r"tables/usage/\u{1b}[8mhidden is of no edition"),
        "{message}"
    );
    let (_, report, _) = run(here, &["verify", "--lake", "lake", "--json"]);
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert!(report["problems"][0].as_str().expect("a problem").contains("\u{1b}[8mhidden"), "{report}");
}
