//! What `deny.toml` says of bans, duplicates and origins is true, without cargo-deny and without a network.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use crate::repository::{none, read, root};

/// Names and the versions of each that are built.
type Built = BTreeMap<String, BTreeSet<String>>;

/// The file.
pub(crate) fn policy() -> toml::Table {
    read("deny.toml").parse().expect("deny.toml is TOML")
}

/// The platform it speaks of. One and the same everywhere, since each platform has its own packages.
pub(crate) fn platform(policy: &toml::Table) -> &str {
    policy["graph"]["targets"][0].as_str().expect("a platform")
}

/// The packages that `cargo tree` lists with these arguments.
pub(crate) fn built(policy: &toml::Table, arguments: &[&str]) -> Built {
    let fixed = ["tree", "--locked", "--target", platform(policy), "--prefix", "none", "--format", "{p}"];
    let out = Command::new(env!("CARGO")).args(fixed).args(arguments).current_dir(root()).output();
    let out = out.expect("cargo answers");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    listed(&String::from_utf8(out.stdout).expect("text"))
}

/// The packages of lines such as `syn v2.0.1 (proc-macro)`.
fn listed(text: &str) -> Built {
    let mut built = Built::new();
    for line in text.lines() {
        if let [name, version, ..] = *line.split(' ').collect::<Vec<_>>() {
            let version = version.trim_start_matches('v').to_owned();
            built.entry(name.to_owned()).or_default().insert(version);
        }
    }
    built
}

/// The entries of a list of `[bans]`: what each names, whether it is about a second version only, whether it has a reason.
fn entries<'p>(policy: &'p toml::Table, list: &str) -> Vec<(&'p str, bool, bool)> {
    let entries = policy["bans"][list].as_array().expect("a list");
    let read = entries.iter().map(|entry| {
        let name = entry["crate"].as_str().expect("a name");
        let second = entry.get("deny-multiple-versions").is_some();
        (name, second, entry.get("reason").and_then(toml::Value::as_str).is_some_and(|text| !text.is_empty()))
    });
    read.collect()
}

/// Whether an entry such as `rand@0.8` names that version.
fn covers(entry: &str, name: &str, version: &str) -> bool {
    let Some((named, line)) = entry.split_once('@') else { return entry == name };
    named == name && version.strip_prefix(line).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// What is built and banned.
fn banned(policy: &toml::Table, built: &Built) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, second, reason) in entries(policy, "deny") {
        let versions = built.get(name).map_or(0, BTreeSet::len);
        if versions > usize::from(second) {
            wrong.push(format!("{name}: banned, and built in {versions} versions"));
        }
        if !reason {
            wrong.push(format!("deny {name}: give the reason"));
        }
    }
    wrong
}

/// Duplicates that are not declared, and declared ones that are not there.
fn duplicates(policy: &toml::Table, built: &Built) -> Vec<String> {
    let mut wrong = Vec::new();
    let skipped = entries(policy, "skip");
    for (name, versions) in built.iter().filter(|(_, versions)| versions.len() > 1) {
        let declared = |version: &&String| skipped.iter().any(|(entry, ..)| covers(entry, name, version));
        if versions.iter().filter(declared).count() + 1 != versions.len() {
            wrong.push(format!("{name}: versions {versions:?}: declare all but one, each with its reason"));
        }
    }
    for (entry, _, reason) in skipped {
        let needed = built.iter().any(|(name, versions)| {
            versions.len() > 1 && versions.iter().any(|version| covers(entry, name, version))
        });
        if !needed {
            wrong.push(format!("skip {entry}: there is no such duplicate any more"));
        }
        if !reason {
            wrong.push(format!("skip {entry}: give the reason"));
        }
    }
    wrong
}

/// Packages from elsewhere than the one registry.
fn foreign(lock: &str) -> Vec<String> {
    let sources = lock.lines().filter(|line| line.starts_with("source = "));
    let registry = sources.clone().find(|line| line.starts_with("source = \"registry+"));
    let others = sources.filter(|line| Some(*line) != registry);
    others.map(|line| format!("Cargo.lock: {line}: not from the registry")).collect()
}

#[test]
fn bans_duplicates_and_origins_are_as_declared() {
    let policy = policy();
    let built = built(&policy, &["--workspace"]);
    assert!(built.len() > 50, "the dependencies are not listed");
    let mut wrong = banned(&policy, &built);
    wrong.extend(duplicates(&policy, &built));
    wrong.extend(foreign(&read("Cargo.lock")));
    none(&wrong);
}

#[test]
fn what_is_not_as_declared_is_found() {
    let policy = "[bans]\ndeny = [{ crate = \"openssl\", reason = \"r\" }, { crate = \"arrow\", deny-multiple-versions = true }]\n\
        skip = [{ crate = \"rand@0.8\", reason = \"r\" }, { crate = \"syn@2\", reason = \"\" }]";
    let policy: toml::Table = policy.parse().expect("TOML");
    let fine = listed("arrow v59.1.0\nrand v0.8.1\nrand v0.9.0 (*)\nsyn v2.1.0 (proc-macro)\nsyn v3.0.0");
    assert_eq!(banned(&policy, &fine), ["deny arrow: give the reason"]);
    assert_eq!(duplicates(&policy, &fine), ["skip syn@2: give the reason"]);
    let wrong =
        listed("arrow v59.1.0\narrow v60.0.0\nopenssl v0.10.1\nrand v0.80.0\nrand v0.9.0\nsyn v3.0.0");
    assert_eq!(
        banned(&policy, &wrong)[..2],
        ["openssl: banned, and built in 1 versions", "arrow: banned, and built in 2 versions"]
    );
    let found = duplicates(&policy, &wrong).join("\n");
    for part in ["arrow: versions", "rand: versions", "skip rand@0.8: there is no", "skip syn@2: there is no"]
    {
        assert!(found.contains(part), "{part}: {found}");
    }
    let (registry, other) = ("source = \"registry+a\"", "source = \"git+https://example.no/a\"");
    assert!(foreign(&format!("{registry}\n{registry}")).is_empty());
    assert_eq!(foreign(&format!("{registry}\n{other}\nsource = \"registry+b\"")).len(), 2);
}
