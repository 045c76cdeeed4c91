//! READMEs are true: every path, test target, module and package they name exists.

use crate::repository::{none, read, texts, tracked};

/// Made at run time, so not in the repository.
const MADE_LATER: [&str; 5] = ["utbredt.toml", "demo/tables", "answers", "W", ".slt"];

/// Endings that make a word without a slash a file's name.
const ENDINGS: [&str; 9] = [".rs", ".sql", ".csv", ".toml", ".md", ".slt", ".py", ".json", ".txt"];

/// The inline code of a text.
fn code_spans(text: &str) -> Vec<&str> {
    text.lines()
        .filter(|line| !line.starts_with("```"))
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .collect()
}

/// The path that a code span names, if it names one of the repository.
fn path_of(span: &str) -> Option<&str> {
    let shaped = span.contains('/') || ENDINGS.iter().any(|ending| span.ends_with(ending));
    let pattern = span
        .contains([' ', '<', '*', '{', '$', '|', '>', '(', '=', '?', '#', '\u{2026}', ':', '[', '^', '"']);
    // A state with its reason, `missing/not_delivered`.
    let state =
        ["missing/", "not_applicable/"].iter().any(|state| span.trim_start_matches('\'').starts_with(state));
    let outside = state || span.starts_with('/') || span.starts_with("../") || span.starts_with("./");
    (shaped && !pattern && !outside).then(|| span.trim_end_matches('/'))
}

/// Whether a path, or the end of one, is tracked: a file, or a folder with files.
fn exists(files: &[String], path: &str) -> bool {
    let (inside, below) = (format!("/{path}"), format!("/{path}/"));
    files.iter().any(|file| {
        let file = format!("/{file}");
        file.ends_with(&inside) || file.contains(&below)
    })
}

#[test]
fn paths_in_readmes_exist() {
    let files = tracked();
    let mut wrong = Vec::new();
    for (readme, text) in texts("", ".md") {
        for path in code_spans(&text).into_iter().filter_map(path_of) {
            if !MADE_LATER.contains(&path) && !exists(&files, path) {
                wrong.push(format!("{readme}: `{path}` does not exist"));
            }
        }
    }
    none(&wrong);
}

/// What a `cargo` command in a text refers to: option and name.
fn cargo_targets(line: &str) -> Vec<(&str, &str)> {
    let mut out = Vec::new();
    for command in line.split("cargo ").skip(1) {
        let command = command.split(['`', '|', ';', '#']).next().unwrap_or_default();
        let words: Vec<&str> = command.split_whitespace().collect();
        for pair in words.windows(2) {
            if ["--test", "--bench", "-p", "--package", "--example"].contains(&pair[0]) {
                out.push((pair[0], pair[1]));
            }
        }
    }
    out
}

/// The names that manifests give to packages, or to targets of a kind.
fn names(heading: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (_, text) in texts("", "Cargo.toml") {
        let mut inside = false;
        for line in text.lines() {
            inside = if line.starts_with('[') { line == heading } else { inside };
            let name = line.strip_prefix("name = \"").and_then(|rest| rest.strip_suffix('"'));
            out.extend(name.filter(|_| inside).map(str::to_owned));
        }
    }
    out
}

/// Names of integration tests that cargo finds by itself: files, or folders with a `main.rs`, in a crate's `tests`.
fn found_tests(files: &[String]) -> Vec<String> {
    let inside = files.iter().filter_map(|file| file.strip_prefix("crates/")?.split_once("/tests/"));
    inside
        .filter_map(|(_, file)| file.strip_suffix("/main.rs").or_else(|| file.strip_suffix(".rs")))
        .map(str::to_owned)
        .collect()
}

#[test]
fn cargo_commands_in_readmes_name_targets_that_exist() {
    let files = tracked();
    let mut tests = names("[[test]]");
    tests.extend(found_tests(&files));
    let (packages, benches) = (names("[package]"), names("[[bench]]"));
    let mut wrong = Vec::new();
    for (readme, text) in texts("", ".md") {
        for (option, name) in text.lines().flat_map(cargo_targets) {
            let known = match option {
                "--test" => &tests,
                "--bench" => &benches,
                _ => &packages,
            };
            // A placeholder is in capitals: NAME.
            if !known.iter().any(|one| one == name) && name.to_uppercase() != name {
                wrong.push(format!("{readme}: `{option} {name}`: there is no such target"));
            }
        }
    }
    none(&wrong);
}

/// The tests' README lists every module and target, so that nobody has to look for one.
#[test]
fn the_readme_of_the_tests_is_complete() {
    let readme = read("tests/README.md");
    let mut wrong = Vec::new();
    for path in tracked() {
        let module =
            path.strip_prefix("tests/").filter(|rest| rest.starts_with("it/") && rest.ends_with(".rs"));
        if let Some(module) =
            module.filter(|module| *module != "it/main.rs" && module.matches('/').count() == 1)
            && !readme.contains(module)
        {
            wrong.push(format!("tests/README.md does not mention {module}"));
        }
    }
    none(&wrong);
}

#[test]
fn what_a_readme_names_is_recognised() {
    assert_eq!(code_spans("a `b/c.rs` and `d`"), ["b/c.rs", "d"]);
    assert_eq!(
        (path_of("b/c/"), path_of("c.rs"), path_of("d"), path_of("/v1/x")),
        (Some("b/c"), Some("c.rs"), None, None)
    );
    let files = ["crates/api/src/ops.rs".to_owned()];
    assert!(exists(&files, "api/src") && exists(&files, "ops.rs") && exists(&files, "src/ops.rs"));
    assert!(!exists(&files, "ps.rs") && !exists(&files, "pi/src"));
    assert_eq!(cargo_targets("run `cargo test --workspace --test it kpi` now"), [("--test", "it")]);
}
