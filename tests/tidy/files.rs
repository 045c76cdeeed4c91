//! What every file keeps to: a header, a size, no open marks, no paths of one machine.

use crate::repository::{is_test, none, product_lines, read, root, texts, tracked};

/// Files over 400 lines outside tests. The list may only shrink.
const LONG_FILES: [&str; 0] = [];

/// The most lines of a file, and those that nine files of ten stay below.
const LONGEST: usize = 400;
const NINE_OF_TEN: usize = 250;
const NINE_OF_TEN_GOAL: usize = 250;

#[test]
fn every_file_begins_with_its_purpose_and_stays_small() {
    let mut wrong = Vec::new();
    let mut lengths = Vec::new();
    for (path, text) in texts("", ".rs") {
        if !text.starts_with("//!") && !text.starts_with("#![doc") {
            wrong.push(format!("{path}: begin with a `//!` line: what is here and why"));
        }
        let lines = product_lines(&text).count();
        if path.starts_with("crates/") && lines > LONGEST && !LONG_FILES.contains(&path.as_str()) {
            wrong.push(format!("{path}: {lines} lines; split it ({LONGEST} at most)"));
        }
        if !is_test(&path) {
            lengths.push(lines);
        }
    }
    lengths.sort_unstable();
    let p90 = lengths[lengths.len() * 9 / 10];
    println!(
        "files: {}, p90 {p90} lines (goal {NINE_OF_TEN_GOAL}), all {} lines",
        lengths.len(),
        lengths.iter().sum::<usize>()
    );
    if p90 > NINE_OF_TEN {
        wrong.push(format!("nine files of ten have up to {p90} lines; {NINE_OF_TEN} at most"));
    }
    none(&wrong);
}

#[test]
fn no_open_marks_and_no_paths_of_a_machine() {
    // Written in two pieces, so that this file does not find itself.
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("#[ign", "ore"),
        concat!("/ro", "ot/"),
        concat!("/wo", "rk/"),
        concat!("/ho", "me/"),
        concat!("/tmp/", "bash_jobs"),
    ];
    let mut wrong = Vec::new();
    for path in tracked().iter().filter(|p| !p.ends_with(".lock") && !p.ends_with(".csv")) {
        let Ok(text) = std::fs::read_to_string(root().join(path)) else { continue };
        for (number, line) in text.lines().enumerate() {
            for mark in marks.iter().filter(|mark| line.contains(**mark)) {
                wrong.push(format!("{path}:{}: `{mark}`", number + 1));
            }
        }
    }
    none(&wrong);
}

#[test]
fn files_outside_datasets_are_small() {
    let mut wrong = Vec::new();
    for path in tracked().iter().filter(|p| !p.starts_with("datasets/")) {
        let bytes = std::fs::metadata(root().join(path)).expect("a tracked file exists").len();
        if bytes > 256 * 1024 {
            wrong.push(format!("{path}: {bytes} bytes; 262144 at most outside datasets/"));
        }
    }
    none(&wrong);
}

#[test]
fn the_dependency_file_names_one_version_of_the_query_core() {
    let lock = read("Cargo.lock");
    for name in ["arrow", "datafusion", "parquet", "object_store"] {
        let count = lock.lines().filter(|line| *line == format!("name = \"{name}\"")).count();
        assert_eq!(count, 1, "{name}: two versions cannot exchange batches; bump them together");
    }
}
