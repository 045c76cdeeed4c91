//! Names use standard terms: words that mean something else here than elsewhere are refused in identifiers.

use std::collections::{BTreeMap, BTreeSet};

use crate::repository::{none, part_of, texts, within_allowance};
use crate::rust_text::{code, identifiers, words};

/// Refused in identifiers of Rust and SQL, a word a line; `held` stays, it is in the glossary of `crates/README.md`.
const DIALECT: &str = include_str!("dialect.txt");

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
    let dialect: BTreeSet<&str> = DIALECT.lines().collect();
    let named =
        identifiers(code).filter(|name| words(name).iter().any(|word| dialect.contains(word.as_str())));
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
    for (path, code) in rust.chain(sql) {
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
    let [one, two, ..] = *DIALECT.lines().collect::<Vec<_>>() else { panic!("the list has words") };
    let capital = format!("{}{}", two[..1].to_uppercase(), &two[1..]);
    let rust = format!("let is_{one} = {capital}::of(\"{one}\"); // {two}");
    assert_eq!(refused(&code(&rust)), [format!("is_{one}"), capital]);
    // Only whole words count.
    assert!(refused(&format!("let in{one}s = re{two}; out{one}_sales(x)")).is_empty());
    let sql = format!("/* {one} */ SELECT {two} AS a, '{one}' FROM b -- {one}\n");
    assert_eq!(refused(&sql_code(&sql)), [two]);
}
