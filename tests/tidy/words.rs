//! Names use standard terms: words that mean something else here than elsewhere are refused in identifiers.

use std::collections::BTreeMap;

use crate::repository::{none, part_of, texts, within_allowance};
use crate::rust_text::{code, identifiers, words};

/// Refused in identifiers of Rust and SQL; `held` stays, it is in the glossary of `crates/README.md`.
const DIALECT: [&str; 29] = [
    "told",
    "asked",
    "dice",
    "says",
    "stands",
    "wanted",
    "judged",
    "door",
    "doors",
    "apart",
    "gone",
    "heirs",
    "heir",
    "mend",
    "heard",
    "station",
    "stations",
    "yardstick",
    "yardsticks",
    "speaks",
    "fares",
    "house",
    "houses",
    "judge",
    "mended",
    "restless",
    "ask",
    "asks",
    "owing",
];

/// Hits by part that are known. May only shrink; the goal is an empty list.
const ALLOWED: [(&str, usize); 12] = [
    ("api", 0),
    ("answer", 0),
    ("engine", 0),
    ("formats", 0),
    ("ingest", 0),
    ("kpi", 0),
    ("lake", 0),
    ("model", 0),
    ("sources", 0),
    ("utbredt", 0),
    ("queries", 0),
    ("tests", 0),
];

/// Finds the refused words of a text's identifiers, as written.
fn refused(code: &str) -> Vec<String> {
    let named =
        identifiers(code).filter(|name| words(name).iter().any(|word| DIALECT.contains(&word.as_str())));
    named.map(str::to_owned).collect()
}

/// SQL without its header, comments and texts.
pub(crate) fn sql_code(text: &str) -> String {
    let body = text.split_once("*/").map_or(text, |(_, body)| body);
    let lines = body.lines().map(|line| line.split_once("--").map_or(line, |(code, _)| code));
    let joined = lines.collect::<Vec<_>>().join("\n");
    joined.split('\'').step_by(2).collect::<Vec<_>>().join("''")
}

#[test]
fn identifiers_are_standard_terms() {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    let rust = texts("", ".rs").into_iter().map(|(path, text)| (path, code(&text)));
    let sql = texts("queries/", ".sql").into_iter().map(|(path, text)| (path, sql_code(&text)));
    // This package has to name what it refuses.
    for (path, code) in rust.chain(sql).filter(|(path, _)| !path.starts_with("tests/tidy/")) {
        for name in refused(&code) {
            *found.entry(part_of(&path).to_owned()).or_default() += 1;
            *names.entry(format!("{} {name}", part_of(&path))).or_default() += 1;
        }
    }
    println!("dialect in identifiers: {} (goal 0)", found.values().sum::<usize>());
    let mut wrong = within_allowance("dialect identifiers", &found.into_iter().collect::<Vec<_>>(), &ALLOWED);
    if !wrong.is_empty() {
        wrong.extend(names.iter().map(|(name, count)| format!("  {name} x{count}")));
    }
    none(&wrong);
}

#[test]
fn the_dialect_is_found_in_names_only() {
    assert_eq!(refused(&code("let is_told = Asked::of(\"told\"); // asked")), ["is_told", "Asked"]);
    assert!(refused("let indoors = retold; outdoor_sales(x)").is_empty());
    assert_eq!(refused(&sql_code("/* told */ SELECT heard AS a, 'asked' FROM b -- gone\n")), ["heard"]);
}
