//! The licences of everything the program is built from: permissive ones, each looked at once, listed in `deny.toml`.

use std::process::Command;

use crate::deny::{platform, policy};
use crate::repository::{none, root};

/// Every word of the licences that `deny.toml` allows: of `Apache-2.0 WITH LLVM-exception` both.
fn allowed(policy: &toml::Table) -> Vec<&str> {
    let listed = policy["licenses"]["allow"].as_array().expect("a list of licences");
    listed.iter().filter_map(toml::Value::as_str).flat_map(|one| one.split(" WITH ")).collect()
}

/// The licences of an expression such as `(MIT OR Apache-2.0) AND Unicode-3.0` that are not allowed.
fn refused<'e>(expression: &'e str, allowed: &[&str]) -> Vec<&'e str> {
    let names =
        expression.split([' ', '(', ')', '/']).filter(|word| !["", "OR", "AND", "WITH"].contains(word));
    names.filter(|name| !allowed.contains(name)).collect()
}

/// What cargo knows of every package of the dependency file, on the platform of `deny.toml`.
pub(crate) fn packages(policy: &toml::Table) -> Vec<serde_json::Value> {
    let arguments = ["metadata", "--locked", "--format-version", "1", "--filter-platform", platform(policy)];
    let out =
        Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().expect("cargo answers");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let mut metadata: serde_json::Value = serde_json::from_slice(&out.stdout).expect("JSON");
    let packages = metadata["packages"].as_array_mut().map(std::mem::take).expect("packages");
    assert!(packages.len() > 50, "the dependencies are not listed");
    packages
}

#[test]
fn licences_are_permissive() {
    let policy = policy();
    let allowed = allowed(&policy);
    let mut wrong = Vec::new();
    for package in packages(&policy) {
        let (name, licence) = (&package["name"], package["license"].as_str().unwrap_or("none given"));
        let names = refused(licence, &allowed);
        if !names.is_empty() {
            wrong.push(format!("{name}: {licence}: not looked at: {names:?}"));
        }
    }
    none(&wrong);
}

#[test]
fn every_part_of_an_expression_is_looked_at() {
    let policy = "[licenses]\nallow = [\"MIT\", \"Apache-2.0 WITH LLVM-exception\", \"Unicode-3.0\"]";
    let policy = policy.parse().expect("TOML");
    let allowed = allowed(&policy);
    assert_eq!(allowed, ["MIT", "Apache-2.0", "LLVM-exception", "Unicode-3.0"]);
    assert!(refused("(MIT OR Apache-2.0) AND Unicode-3.0", &allowed).is_empty());
    assert_eq!(refused("Unlicense/MIT", &allowed), ["Unlicense"]);
    assert_eq!(refused("MIT AND GPL-3.0", &allowed), ["GPL-3.0"]);
}
