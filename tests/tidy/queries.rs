//! The query files: each KPI has its expectations, rules of states and marks are left to `model`, and texts to headers.

use crate::repository::{none, texts, tracked};
use crate::words::sql_code;

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
        found.extend(
            magic_marks(&sql_code(&text))
                .into_iter()
                .map(|place| format!("{path}: `{place}`: write mark('partial') or has_mark(…)")),
        );
    }
    none(&found);
}

/// What a line of SQL should leave to the functions made from `model`, or to the texts of codes.
fn copied_rules(line: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let rules = ["comparable THEN 'not_valid'", "THEN 'suppressed'", "IN ('ok', 'missing'"];
    if rules.iter().any(|rule| line.contains(rule)) {
        faults.push("a copied rule of states; use cell_state, area_state or is_expected".to_owned());
    }
    for literal in line.split('\'').skip(1).step_by(2) {
        let pair: Vec<&str> = literal.split(' ').collect();
        if pair.windows(2).any(|two| two.iter().all(|word| word.starts_with(char::is_alphabetic))) {
            faults.push(format!("prose in SQL, '{literal}'; answer a code and give its text in the header"));
        }
    }
    faults
}

#[test]
fn queries_leave_rules_to_the_model_and_texts_to_headers() {
    let mut wrong = Vec::new();
    // The views of areas are replaced by the engine's own.
    for (path, text) in texts("queries/", ".sql").iter().filter(|(path, _)| !path.contains("/areas_")) {
        let header = text.find("*/").map_or(0, |at| text[..at].lines().count());
        for (at, line) in text.lines().enumerate().skip(header) {
            let code = line.split("--").next().unwrap_or_default();
            wrong.extend(copied_rules(code).iter().map(|fault| format!("{path}:{}: {fault}", at + 1)));
        }
    }
    none(&wrong);
}

#[test]
fn a_copied_rule_is_seen() {
    for line in [
        "WHEN NOT spine.comparable THEN 'not_valid'",
        "count(CASE WHEN x.state IN ('ok', 'missing') THEN 1 END)",
        "concat(x.solution_id, ': nothing delivered')",
    ] {
        assert_eq!(copied_rules(line).len(), 1, "{line}: {:?}", copied_rules(line));
    }
    for line in
        ["x.marks | mark('partial')", "sum(x.a) + 1", "day + INTERVAL '1 month'", "concat_ws(' ', x.a)"]
    {
        assert_eq!(copied_rules(line), Vec::<String>::new(), "{line}");
    }
}

#[test]
fn a_mark_written_as_a_number_is_seen() {
    assert_eq!(magic_marks("a.marks | 16"), ["| 16 "]);
    assert_eq!(magic_marks("CASE WHEN (b.marks & 2) = 2 THEN 64 ELSE 0 END"), ["& 2 =", "THEN 64 ELSE"]);
    assert!(magic_marks("a || b, 12 * 16, mark('partial') | c, CASE WHEN d THEN 1 END").is_empty());
}
