//! The licences of everything the program is built from: permissive ones, each looked at once.

use std::process::Command;

use crate::repository::{none, root};

/// Licences that ask for no more than their text and notices. Another one is a decision, not an addition to this list.
const ALLOWED: [&str; 14] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "LLVM-exception",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// The licences of an expression such as `(MIT OR Apache-2.0) AND Unicode-3.0` that are not allowed.
fn refused(expression: &str) -> Vec<&str> {
    let names =
        expression.split([' ', '(', ')', '/']).filter(|word| !["", "OR", "AND", "WITH"].contains(word));
    names.filter(|name| !ALLOWED.contains(name)).collect()
}

/// This machine's platform: the packages of others are not downloaded.
fn platform() -> String {
    let out = Command::new("rustc").arg("-vV").current_dir(root()).output().expect("the compiler answers");
    let text = String::from_utf8(out.stdout).expect("text");
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("the compiler names its host").to_owned()
}

#[test]
fn licences_are_permissive() {
    let arguments = ["metadata", "--locked", "--format-version", "1", "--filter-platform", &platform()];
    let out =
        Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().expect("cargo answers");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&out.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    assert!(packages.len() > 50, "the dependencies are not listed");
    let mut wrong = Vec::new();
    for package in packages {
        let (name, licence) = (&package["name"], package["license"].as_str().unwrap_or("none given"));
        let names = refused(licence);
        if !names.is_empty() {
            wrong.push(format!("{name}: {licence}: not looked at: {names:?}"));
        }
    }
    none(&wrong);
}

#[test]
fn every_part_of_an_expression_is_looked_at() {
    assert!(refused("(MIT OR Apache-2.0) AND Unicode-3.0").is_empty() && refused("Unlicense/MIT").is_empty());
    assert_eq!(refused("MIT AND GPL-3.0"), ["GPL-3.0"]);
}
