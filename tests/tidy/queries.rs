//! The query files: each KPI has its expectations, and no mark is written as a number.

use crate::repository::{none, texts, tracked, within_allowance};
use crate::words::sql_code;

/// Marks written as numbers in `queries/`. May only shrink; the goal is 0: `mark('partial')` and `has_mark(…)` name them.
const MAGIC_MARKS: [(&str, usize); 1] = [("queries", 30)];

/// The bits of marks that nothing else in a query is likely to be.
const BITS: [&str; 5] = ["8", "16", "32", "64", "128"];

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

/// The places of a statement where a mark is written as a number: beside a bit operator, or a bit after THEN.
fn magic_marks(sql: &str) -> Vec<String> {
    let spaced = sql.replace('|', " | ").replace('&', " & ").replace(['(', ')', ','], " ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let (before, after) =
            (at.checked_sub(1).map_or("", |i| tokens[i]), tokens.get(at + 1).copied().unwrap_or(""));
        let number = token.bytes().all(|byte| byte.is_ascii_digit());
        let operator = ["|", "&"].contains(&before) || ["|", "&"].contains(&after);
        let chosen = BITS.contains(token) && ["THEN", "ELSE"].contains(&before);
        if number && *token != "0" && (operator || chosen) {
            found.push(format!("{before} {token} {after}"));
        }
    }
    found
}

#[test]
fn marks_have_names() {
    let mut found = Vec::new();
    for (path, text) in texts("queries/", ".sql") {
        found.extend(magic_marks(&sql_code(&text)).into_iter().map(|place| format!("  {path}: {place}")));
    }
    println!("marks written as numbers in queries: {} (goal 0)", found.len());
    let mut wrong =
        within_allowance("marks written as numbers", &[("queries".to_owned(), found.len())], &MAGIC_MARKS);
    if !wrong.is_empty() {
        wrong.extend(found);
    }
    none(&wrong);
}

#[test]
fn a_mark_written_as_a_number_is_seen() {
    assert_eq!(magic_marks("a.marks | 16"), ["| 16 "]);
    assert_eq!(magic_marks("CASE WHEN (b.marks & 2) = 2 THEN 64 ELSE 0 END"), ["& 2 =", "THEN 64 ELSE"]);
    assert!(magic_marks("a || b, 12 * 16, mark('partial') | c, CASE WHEN d THEN 1 END").is_empty());
}
