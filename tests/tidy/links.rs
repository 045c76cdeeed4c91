//! The README's list of what links C is complete, and lists nothing else.

use std::collections::BTreeSet;

use crate::deny::{built, policy};
use crate::licences::packages;
use crate::repository::read;

/// Packages with a `links` key that bring no C along: the key alone keeps a second copy out.
const NO_C: [&str; 1] = ["rayon-core"];

/// The names in the first column of the table below a heading.
fn first_column(text: &str, heading: &str) -> BTreeSet<String> {
    let after = text.lines().skip_while(|line| *line != heading).skip(1);
    let section = after.take_while(|line| !line.starts_with("## "));
    section.filter_map(|line| line.strip_prefix("| `")?.split('`').next()).map(str::to_owned).collect()
}

/// Packages of the program that compile C or assembly, or link a library that is not Rust.
fn linking_c() -> BTreeSet<String> {
    let policy = policy();
    let program = ["-p", "utbredt-utbredt", "-e", "normal,build"];
    let inside = built(&policy, &program);
    let linked: Vec<String> = packages(&policy)
        .iter()
        .filter(|package| !package["links"].is_null())
        .filter_map(|package| package["name"].as_str().map(str::to_owned))
        .collect();
    // The first line of an inverted tree is the package itself: the C compiler's driver.
    let compiling = built(&policy, &[&program[..], &["-i", "cc", "--depth", "1"]].concat());
    let named = compiling.into_keys().filter(|name| name != "cc").chain(linked);
    named.filter(|name| inside.contains_key(name) && !NO_C.contains(&name.as_str())).collect()
}

#[test]
fn the_list_of_what_links_c_is_true() {
    assert_eq!(first_column(&read("README.md"), "## What links C"), linking_c());
}

#[test]
fn a_table_is_read_from_its_heading_to_the_next() {
    let text = "## A\n| `x` | y |\n## B\n| package | why |\n|---|---|\n| `z` | w |\n## C\n| `v` | u |";
    assert_eq!(first_column(text, "## B").into_iter().collect::<Vec<_>>(), ["z"]);
    assert!(first_column(text, "## D").is_empty());
}
