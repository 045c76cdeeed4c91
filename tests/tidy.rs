//! The house checks itself: who imports whom, headers, budgets, marks. Needs no query engine.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Crate, and the crates of ours it may import (design: crates/README.md).
const MAY_IMPORT: [(&str, &[&str]); 8] = [
    ("model", &[]),
    ("sources", &["model"]),
    ("kpi", &["model"]),
    ("lake", &["model"]),
    ("ingest", &["model", "sources", "lake"]),
    ("engine", &["model", "lake", "kpi"]),
    ("api", &["model", "kpi", "engine"]),
    ("utbredt", &["model", "sources", "lake", "kpi", "ingest", "engine", "api"]),
];

/// Heavy libraries, and the only crates that may use them.
const ONLY_IN: [(&str, &[&str]); 3] =
    [("datafusion", &["engine"]), ("axum", &["api"]), ("parquet", &["lake"])];

/// Files over 400 lines outside tests. The list may only shrink.
const LONG_FILES: [&str; 1] = ["crates/lake/src/tables.rs"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn tracked() -> Vec<String> {
    let args = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let out = Command::new("git").args(args).current_dir(root()).output().expect("git answers");
    let text = String::from_utf8(out.stdout).expect("names are UTF-8");
    text.lines().filter(|line| root().join(line).is_file()).map(str::to_owned).collect()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).expect("a tracked file can be read")
}

/// The lines before the unit tests begin.
fn product_lines(text: &str) -> usize {
    text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count()
}

fn dependencies(manifest: &str) -> Vec<String> {
    let parsed: toml::Table = manifest.parse().expect("a manifest is TOML");
    let table = parsed.get("dependencies").and_then(|d| d.as_table());
    table.map(|t| t.keys().cloned().collect()).unwrap_or_default()
}

#[test]
fn crates_import_only_what_the_map_allows() {
    let mut wrong = Vec::new();
    for (name, allowed) in MAY_IMPORT {
        for dependency in dependencies(&read(&format!("crates/{name}/Cargo.toml"))) {
            if let Some(ours) = dependency.strip_prefix("utbredt-")
                && !allowed.contains(&ours)
            {
                wrong.push(format!("{name} imports {ours}: not in the map of crates/README.md"));
            }
            for (library, places) in ONLY_IN {
                if dependency == library && !places.contains(&name) {
                    wrong.push(format!("{name} uses {library}, which belongs to {places:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_is_in_it_and_stays_small() {
    let mut wrong = Vec::new();
    for path in tracked().iter().filter(|p| p.ends_with(".rs")) {
        let text = read(path);
        if !text.starts_with("//!") && !text.starts_with("#![doc") {
            wrong.push(format!("{path}: begin with a `//!` line that says what is here and why"));
        }
        let lines = product_lines(&text);
        if path.starts_with("crates/") && lines > 400 && !LONG_FILES.contains(&path.as_str()) {
            wrong.push(format!("{path}: {lines} lines; split it (400 at most)"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_open_marks_and_no_paths_of_a_machine() {
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("/ro", "ot/"),
        concat!("/wo", "rk/"),
        concat!("/ho", "me/"),
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
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_kpi_has_its_expectations_and_the_other_way_round() {
    let files = tracked();
    let names = |prefix: &str, ending: &str| -> Vec<String> {
        let inside = files.iter().filter_map(|p| p.strip_prefix(prefix)?.strip_suffix(ending));
        inside.map(str::to_owned).collect()
    };
    let (kpis, expectations) = (names("queries/kpi/", ".sql"), names("tests/kpi/", ".slt"));
    for kpi in &kpis {
        assert!(expectations.contains(kpi), "queries/kpi/{kpi}.sql has no tests/kpi/{kpi}.slt");
    }
    for expectation in &expectations {
        assert!(kpis.contains(expectation), "tests/kpi/{expectation}.slt tests no KPI");
    }
}

#[test]
fn files_outside_datasets_are_small() {
    for path in tracked().iter().filter(|p| !p.starts_with("datasets/")) {
        let bytes = std::fs::metadata(root().join(path)).expect("a tracked file exists").len();
        assert!(bytes <= 256 * 1024, "{path}: {bytes} bytes; 262144 at most outside datasets/");
    }
}

/// Tidy has its own tests.
#[test]
fn tidy_sees_what_it_should_see() {
    assert_eq!(product_lines("a\nb\n#[cfg(test)]\nc"), 2);
    assert_eq!(dependencies("[dependencies]\nutbredt-model.workspace = true\n"), ["utbredt-model"]);
}
