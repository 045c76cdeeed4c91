//! The tracked files, and how a check reports what it found.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Paths of all tracked files, and of new ones that are not ignored, below the root.
pub(crate) fn tracked() -> Vec<String> {
    let args = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let out = Command::new("git").args(args).current_dir(root()).output().expect("git answers");
    let text = String::from_utf8(out.stdout).expect("names are UTF-8");
    text.lines().filter(|line| root().join(line).is_file()).map(str::to_owned).collect()
}

/// The tracked files below a folder with an ending, as path and text.
pub(crate) fn texts(folder: &str, ending: &str) -> Vec<(String, String)> {
    let inside = tracked().into_iter().filter(|path| path.starts_with(folder) && path.ends_with(ending));
    inside.map(|path| (path.clone(), read(&path))).collect()
}

/// The text of a tracked file.
pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Fails with every problem found, not only the first.
pub(crate) fn none(problems: &[String]) {
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Whether a path holds tests only: nothing of it is in the program.
pub(crate) fn is_test(path: &str) -> bool {
    !path.contains("/src/")
        || path.contains("/tests/")
        || path.ends_with("tests.rs")
        || path.ends_with("/population/real.rs")
}

/// The lines before the unit tests begin.
pub(crate) fn product_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().take_while(|line| !line.starts_with("#[cfg(test)]"))
}

/// The crate, or the top folder, that a path belongs to.
pub(crate) fn part_of(path: &str) -> &str {
    path.strip_prefix("crates/").unwrap_or(path).split('/').next().unwrap_or(path)
}

/// A limit by part that may only shrink: what is over it is a problem; what could shrink is printed.
#[expect(clippy::print_stdout, reason = "the test runner shows it on request")]
pub(crate) fn within_allowance(
    what: &str,
    found: &[(String, usize)],
    allowed: &[(&str, usize)],
) -> Vec<String> {
    let mut problems = Vec::new();
    for (part, count) in found {
        let limit = allowed.iter().find(|(name, _)| name == part).map_or(0, |(_, limit)| *limit);
        if *count > limit {
            problems.push(format!("{part}: {count} {what}; {limit} at most"));
        } else if *count < limit {
            println!("{part}: {count} {what}; the allowance of {limit} can shrink");
        }
    }
    problems
}

#[test]
fn an_allowance_holds_back_what_is_new_and_only_that() {
    let found = [("api".to_owned(), 2), ("kpi".to_owned(), 1), ("lake".to_owned(), 3)];
    let problems = within_allowance("words", &found, &[("api", 2), ("lake", 2)]);
    assert_eq!(problems, ["kpi: 1 words; 0 at most", "lake: 3 words; 2 at most"]);
}

#[test]
fn unit_tests_and_test_files_are_not_the_program() {
    assert_eq!(product_lines("a\nb\n#[cfg(test)]\nc").count(), 2);
    assert!(is_test("crates/lake/src/tests.rs") && is_test("crates/utbredt/tests/cli.rs"));
    assert!(!is_test("crates/lake/src/lake.rs"));
    assert_eq!((part_of("crates/api/src/ops.rs"), part_of("queries/views/spine.sql")), ("api", "queries"));
}
