//! Who imports whom, which dependencies are declared for nothing, and which crates do no input or output.

use crate::repository::{is_test, none, product_lines, read, texts};
use crate::rust_text::code;

/// Crate, and the crates of ours it may import (the map in `crates/README.md`).
const MAY_IMPORT: [(&str, &[&str]); 10] = [
    ("model", &[]),
    ("sources", &["model"]),
    ("kpi", &["model"]),
    ("lake", &["model"]),
    ("ingest", &["model", "sources", "lake"]),
    ("answer", &["model", "kpi"]),
    ("engine", &["model", "lake", "kpi", "answer"]),
    ("formats", &["model", "kpi", "answer"]),
    ("api", &["model", "kpi", "answer", "engine", "formats"]),
    ("utbredt", &["model", "sources", "lake", "kpi", "ingest", "answer", "engine", "formats", "api"]),
];

/// Heavy libraries, and the only crates that may use them.
const ONLY_IN: [(&str, &[&str]); 5] = [
    ("datafusion", &["engine"]),
    ("axum", &["api"]),
    ("parquet", &["lake"]),
    ("polars", &["ingest"]),
    ("arrow", &["lake", "ingest", "answer", "engine", "formats", "utbredt"]),
];

/// Crates whose answers follow from their arguments alone.
const PURE: [&str; 3] = ["model", "sources", "kpi"];

/// What a pure crate does not touch.
const IMPURE: [&str; 5] = ["std::fs", "std::env", "std::net", "std::thread", "std::process"];

/// Declared and not yet used, with the reason. The list may only shrink.
const NOT_YET_USED: [(&str, &str); 0] = [];

/// The dependencies of a manifest under every heading that ends in one of `headings`.
fn dependencies(manifest: &toml::Table, headings: &[&str]) -> Vec<String> {
    let mut names = Vec::new();
    for (key, value) in manifest {
        match value.as_table() {
            Some(table) if headings.contains(&key.as_str()) => names.extend(table.keys().cloned()),
            Some(table) if key == "target" => {
                for target in table.values().filter_map(toml::Value::as_table) {
                    names.extend(dependencies(target, headings));
                }
            }
            _ => {}
        }
    }
    names
}

fn manifest(text: &str) -> toml::Table {
    text.parse().expect("a manifest is TOML")
}

/// Whether code names a crate: in a path, or alone in a `use`.
fn uses(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let (before, after) = (&code[..at], code[at + name.len()..].trim_start());
        let begins = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let imported =
            before.trim_end().ends_with("use") && (after.starts_with(';') || after.starts_with("as "));
        begins && (after.starts_with("::") || imported)
    })
}

/// The manifests of the workspace, as folder and table.
fn manifests() -> Vec<(String, toml::Table)> {
    let named = texts("", "/Cargo.toml").into_iter().filter(|(path, _)| !path.contains("/fuzz/"));
    named.map(|(path, text)| (path.trim_end_matches("/Cargo.toml").to_owned(), manifest(&text))).collect()
}

#[test]
fn crates_import_only_what_the_map_allows() {
    let mut wrong = Vec::new();
    for (folder, manifest) in manifests() {
        let Some(name) = folder.strip_prefix("crates/") else { continue };
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(of, _)| *of == name) else {
            wrong.push(format!("{folder}: not in the map of tests/tidy/imports.rs and crates/README.md"));
            continue;
        };
        for dependency in dependencies(&manifest, &["dependencies"]) {
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
    none(&wrong);
}

#[test]
fn every_declared_dependency_is_used() {
    let mut wrong = Vec::new();
    let mut inherited = Vec::new();
    for (folder, manifest) in manifests() {
        let mut files = texts(&format!("{folder}/"), ".rs");
        // The package of these checks lies inside another's folder.
        files.retain(|(path, _)| folder == "tests/tidy" || !path.starts_with("tests/tidy/"));
        let sources: String = files.iter().map(|(_, text)| code(text)).collect();
        for dependency in dependencies(&manifest, &["dependencies", "dev-dependencies", "build-dependencies"])
        {
            let used = uses(&sources, &dependency.replace('-', "_"));
            let expected = NOT_YET_USED.contains(&(folder.as_str(), dependency.as_str()));
            if !used && !expected {
                wrong.push(format!("{folder}/Cargo.toml: {dependency} is declared and not used"));
            }
            if used && expected {
                wrong.push(format!("{folder} uses {dependency} by now: take it off NOT_YET_USED"));
            }
            inherited.push(dependency);
        }
    }
    let workspace = manifest(&read("Cargo.toml"));
    let shared = workspace.get("workspace").and_then(toml::Value::as_table).expect("a workspace");
    for dependency in dependencies(shared, &["dependencies"]) {
        if !inherited.contains(&dependency) {
            wrong.push(format!("Cargo.toml: no crate inherits {dependency}"));
        }
    }
    none(&wrong);
}

#[test]
fn pure_crates_do_no_input_or_output() {
    let mut wrong = Vec::new();
    for name in PURE {
        for (path, text) in texts(&format!("crates/{name}/src/"), ".rs") {
            if is_test(&path) {
                continue;
            }
            let product: Vec<&str> = product_lines(&text).collect();
            for (number, line) in code(&product.join("\n")).lines().enumerate() {
                for module in IMPURE.iter().filter(|module| touches(line, module)) {
                    wrong.push(format!("{path}:{}: {name} does not touch {module}", number + 1));
                }
            }
        }
    }
    none(&wrong);
}

/// Whether a line names a module of the standard library, alone or in a list: `use std::{fs, io}`.
fn touches(line: &str, module: &str) -> bool {
    let Some((_, last)) = module.split_once("::") else { return false };
    let listed = line.split_once("std::{").is_some_and(|(_, list)| {
        list.split(['}', ',']).any(|item| item.trim().split("::").next() == Some(last))
    });
    let direct = line.match_indices(module).any(|(at, _)| {
        let after = line[at + module.len()..].chars().next();
        !after.is_some_and(|c| c.is_alphanumeric() || c == '_')
    });
    listed || direct
}

#[test]
fn a_crate_is_used_by_a_path_and_not_by_a_variable_of_its_name() {
    assert!(
        uses("use bytes::Bytes;", "bytes")
            && uses("let x: ::url :: Url", "url")
            && uses("use arrow as a;", "arrow")
    );
    assert!(!uses("let bytes = my_bytes::of(x)", "bytes") && !uses("url.host()", "url"));
}

#[test]
fn what_is_impure_is_seen() {
    for line in
        ["use std::fs::File;", "use std::{fs, io};", "std::env::var(x)", "use std::{io, net::TcpStream};"]
    {
        assert!(IMPURE.iter().any(|module| touches(line, module)), "{line}");
    }
    for line in ["use std::fmt;", "use std::{fmt, io};", "std::environment()", "use crate::fs;"] {
        assert!(!IMPURE.iter().any(|module| touches(line, module)), "{line}");
    }
}

#[test]
fn dependencies_are_read_under_every_heading() {
    let text = "[dependencies]\na.workspace = true\n[target.'cfg(unix)'.dependencies]\nb = \"1\"\n[dev-dependencies]\nc = \"1\"";
    let table = manifest(text);
    assert_eq!(dependencies(&table, &["dependencies"]), ["a", "b"]);
    assert_eq!(dependencies(&table, &["dev-dependencies"]), ["c"]);
}
