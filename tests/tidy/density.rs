//! How dense the code is: named closures and comments by the thousand lines, outside tests.

use crate::repository::{is_test, none, product_lines, texts};

/// Named closures (`let x = |…|`) by 10,000 lines: a closure is a function without a signature, a doc or a test.
/// May only shrink, to the goal.
const CLOSURES: usize = 30;
const CLOSURES_GOAL: usize = 40;

/// Lines of `//` comments, which give reasons, by 10,000 lines. May only grow, to the goal.
const COMMENTS: usize = 150;
const COMMENTS_GOAL: usize = 150;

fn is_named_closure(line: &str) -> bool {
    let Some(bound) = line.trim_start().strip_prefix("let ") else { return false };
    let Some((_, value)) = bound.split_once(" = ") else { return false };
    value.starts_with('|') || value.starts_with("move |")
}

fn is_reason(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("//") && !line.starts_with("///") && !line.starts_with("//!")
}

#[test]
fn closures_are_few_and_reasons_are_given() {
    let (mut lines, mut closures, mut reasons) = (0, 0, 0);
    for (_, text) in texts("crates/", ".rs").iter().filter(|(path, _)| !is_test(path)) {
        for line in product_lines(text) {
            lines += 1;
            closures += usize::from(is_named_closure(line));
            reasons += usize::from(is_reason(line));
        }
    }
    let (closures_in_10_000, reasons_in_10_000) = (closures * 10_000 / lines, reasons * 10_000 / lines);
    println!(
        "named closures: {closures} in {lines} lines, {closures_in_10_000} in 10,000 (goal {CLOSURES_GOAL})"
    );
    println!("comments: {reasons} in {lines} lines, {reasons_in_10_000} in 10,000 (goal {COMMENTS_GOAL})");
    let mut wrong = Vec::new();
    if closures_in_10_000 > CLOSURES {
        wrong.push(format!("{closures_in_10_000} named closures in 10,000 lines; {CLOSURES} at most"));
    }
    if reasons_in_10_000 < COMMENTS {
        wrong.push(format!("{reasons_in_10_000} comment lines in 10,000; {COMMENTS} at least"));
    }
    none(&wrong);
}

#[test]
fn closures_and_reasons_are_recognised() {
    for line in ["let f = |x| x", "    let f = move || y;", "let f: fn() = |x| x"] {
        assert!(is_named_closure(line), "{line}");
    }
    assert!(!is_named_closure("let y = xs.map(|x| x)") && !is_named_closure("f(|x| x)"));
    assert!(
        is_reason("    // because")
            && !is_reason("/// a doc")
            && !is_reason("//! a header")
            && !is_reason("a(); // b")
    );
}
