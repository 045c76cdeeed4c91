//! What a crate brings along through others, as `cargo tree` lists it.

use std::collections::BTreeSet;
use std::process::Command;

use crate::repository::{none, root};

/// Crate, and what it must not bring along: neither itself nor through another.
const NEVER_IN: [(&str, &[&str]); 4] = [
    ("utbredt-kpi", &["arrow", "datafusion", "axum", "polars"]),
    ("utbredt-formats", &["datafusion", "axum", "hyper", "polars"]),
    ("utbredt-engine", &["axum", "hyper", "ureq", "polars"]),
    ("utbredt-ingest", &["datafusion", "axum", "hyper"]),
];

/// The names of all packages a crate is built from.
fn packages(name: &str) -> BTreeSet<String> {
    let arguments = ["tree", "--locked", "-p", name, "-e", "normal", "--prefix", "none", "--format", "{p}"];
    let out =
        Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().expect("cargo answers");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8(out.stdout).expect("text");
    text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn crates_bring_along_only_what_the_map_allows() {
    let mut wrong = Vec::new();
    for (name, never) in NEVER_IN {
        let found = packages(name);
        assert!(found.contains("utbredt-model"), "the packages of {name} are listed: {found:?}");
        let brought = never.iter().filter(|package| found.contains(**package));
        wrong.extend(brought.map(|package| format!("{name} brings {package} along")));
    }
    none(&wrong);
}
