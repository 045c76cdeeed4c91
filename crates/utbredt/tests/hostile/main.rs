//! Files that would do harm, tried and delivered as a stranger's would be: each is refused with the reason, in time, within
//! memory, and what stands in the lake stays.
//!
//! `cargo test --workspace --test hostile -- --nocapture` shows what each file took.
#![expect(clippy::print_stdout, reason = "what each file took")]

mod files;
#[path = "../../../sources/src/delimited/samples.rs"]
mod samples;
#[cfg(unix)]
mod terminal;
mod watch;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use utbredt_lake::{FileEntry, Lake};

use files::{ARCHIVES, HEAD, Hostile, TEXTS, bytes, utf16};
use watch::{Ended, watched};

/// Memory any process of the family may fill.
const MEMORY: u64 = 512 << 20;

/// Far more time of processors than any of them takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A contract for `kommune;periode;antall`.
const CONTRACT: &str = "source_id = \"x\"\nversion = 1\nsubject.column = \"kommune\"\nperiod.column = \"periode\"\n\
    solution.fixed = \"digihelse\"\nmeasure.fixed = \"uses\"\nvalue.column = \"antall\"\n";

/// The files of `usage` that are in force.
fn facts(lake: &Path) -> Vec<FileEntry> {
    let edition = Lake::open(lake).expect("a lake").latest().expect("whole").expect("an edition exists");
    edition.tables["usage"].clone()
}

/// A folder with a contract and a lake in which three numbers stand.
fn prepared() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    bytes(&here.join("contract.toml"), CONTRACT);
    bytes(&here.join("good.csv"), format!("{HEAD}0301;2025-01;10\n4601;2025-01;20\n1103;2025-01;30\n"));
    for words in [
        &["init", "--lake", "lake"][..],
        &["ingest", "good.csv", "--contract", "contract.toml", "--lake", "lake"],
    ] {
        let ended = watched(here, words);
        assert_eq!(ended.code, Some(0), "{}", ended.said);
    }
    let lake = here.join("lake");
    (folder, lake)
}

/// Whether a command took no more time and memory than it may.
fn bounded(name: &str, what: &str, ended: &Ended) {
    let (took, own, reader) = (ended.took, ended.own, ended.reader);
    let (ms, own_mib, reader_mib) = (took.as_millis(), own >> 20, reader >> 20);
    println!("{name:12} {what:8} {ms:>5} ms, {own_mib:>3} MiB and its reader {reader_mib:>3} MiB");
    assert!(took < PATIENCE, "{name} {what}: {took:?}");
    assert!(own < MEMORY && reader < MEMORY, "{name} {what}: {own} and {reader}");
}

/// Tries, looks at and delivers each, and looks at what stands.
fn refused<'f>(files: impl Iterator<Item = &'f Hostile>) {
    let (folder, lake) = prepared();
    let (here, current) = (folder.path(), facts(&lake));
    for (name, make, code, why) in files {
        make(&here.join(name));
        let by = ["--contract", "contract.toml", "--lake", "lake"];
        let before = Lake::open(&lake).expect("a lake").latest().expect("whole").expect("one exists").number;
        for words in [&["source", "try", name], &["ingest", name][..]] {
            let ended = watched(here, &[words, &by].concat());
            bounded(name, words[0], &ended);
            let answer = ended.said.chars().take(2_000).collect::<String>();
            assert_eq!(ended.code, Some(*code), "{words:?}: {answer}");
            assert!(ended.said.contains(why), "{words:?}: {answer}");
            assert_eq!(facts(&lake), current, "{words:?}");
        }
        // Whatever contract may be seen in it, or none: looking is bounded too.
        let ended = watched(here, &["source", "new", name]);
        bounded(name, "new", &ended);
        assert!(ended.code.is_some(), "{name}: {}", ended.said.chars().take(2_000).collect::<String>());
        let after = Lake::open(&lake).expect("a lake").latest().expect("whole").expect("one exists").number;
        // What is held has a receipt that says so, and what is too large to be taken has none.
        assert_eq!(after, before + u64::from(*code == 3), "{name}");
        fs::remove_file(here.join(name)).expect("removed");
    }
    assert_eq!(Lake::open(&lake).expect("a lake").verify().expect("listed").problems, Vec::<String>::new());
}

#[test]
fn archives_that_would_do_harm_are_refused() {
    refused(ARCHIVES.iter());
}

// Two tests of the texts, each every other one, since one after the other they take as long as all other tests of files.
#[test]
fn texts_that_would_do_harm_are_refused() {
    refused(TEXTS.iter().step_by(2));
}

#[test]
fn the_other_texts_that_would_do_harm_are_refused() {
    refused(TEXTS.iter().skip(1).step_by(2));
}

/// Zeros between letters are no NULs where two bytes are a letter.
#[test]
fn two_bytes_a_letter_are_read_with_a_mark_and_without() {
    let (folder, lake) = prepared();
    let current = facts(&lake);
    for (at, mark) in ["", "\u{feff}"].into_iter().enumerate() {
        let name = format!("letters-{at}.csv");
        let days = chrono::NaiveDate::from_ymd_opt(2021, 1, 1).expect("a day").iter_days().take(1000);
        let rows: String =
            days.map(|day| format!("1867;{day};7;{}\n", "Bø i Vesterålen ".repeat(80))).collect();
        let text = utf16(&format!("{mark}kommune;periode;antall;navn\n{rows}"));
        assert!(text.len() > 2 << 20, "it is parsed in the sandbox");
        bytes(&folder.path().join(&name), text);
        let ended = watched(
            folder.path(),
            &["source", "try", &name, "--contract", "contract.toml", "--lake", "lake"],
        );
        assert_eq!(ended.code, Some(0), "{}", ended.said);
        assert!(ended.said.contains("1000 rows in, 1000 facts read, 0 rejected"), "{}", ended.said);
    }
    assert_eq!(facts(&lake), current);
}
