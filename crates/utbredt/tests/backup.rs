//! `utbredt backup`: copied while another process delivers, killed in between, restored.

mod kit;

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::kit::command;

const CONTRACT: &str = "source_id = \"county\"\nversion = 1\nsubject.column = \"Kommunenummer\"\n\
    period.column = \"Maaned\"\nsolution.fixed = \"digihelse\"\nmeasure.fixed = \"uses\"\n\
    value.column = \"Antall\"\n";

/// Exit code, output and messages.
fn run(folder: &Path, words: &[&str]) -> (i32, String, String) {
    let output = command(folder, words).output().expect("it starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("it ended"), text(output.stdout), text(output.stderr))
}

/// Delivers a month; every other one replaces the one before.
fn deliver(folder: &Path, at: usize) {
    let (year, month) = (2021 + at / 2 / 12, at / 2 % 12 + 1);
    let rows = ["0301", "1103", "4601"].map(|code| format!("{code};{year}-{month:02};{}\n", 200 + at));
    let file = folder.join(format!("{year}-{month:02}.csv"));
    fs::write(&file, format!("Kommunenummer;Maaned;Antall\n{}", rows.concat())).expect("written");
    let file = file.to_str().expect("a name");
    let (status, out, message) = run(folder, &["ingest", file, "--contract", "county.toml"]);
    assert_eq!(status, 0, "{out}{message}");
}

fn new_lake(folder: &Path) {
    fs::write(folder.join("county.toml"), CONTRACT).expect("written");
    let (status, _, message) = run(folder, &["init"]);
    assert_eq!(status, 0, "{message}");
    deliver(folder, 0);
}

/// What a lake answers as of an edition.
fn answer(folder: &Path, lake: &str, edition: u64) -> String {
    let as_of = edition.to_string();
    let question = ["kpi", "run", "adoption.usage_per_1000", "--param", "solution_id=digihelse"];
    let rest = ["--by", "municipality", "--from", "2021-01", "--to", "2021-12", "--format", "json"];
    let words = [&question[..], &rest, &["--as-of", &as_of, "--lake", lake]].concat();
    let (status, out, message) = run(folder, &words);
    assert_eq!(status, 0, "{message}");
    out
}

/// Ends the other thread, also when this one panics.
struct AtEnd<'d>(&'d AtomicBool);

impl Drop for AtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_copy_made_while_another_process_delivers_answers_as_the_lake_did() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    new_lake(here);
    let done = AtomicBool::new(false);
    let mut editions = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for at in 1.. {
                deliver(here, at);
                if done.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        let _at_end = AtEnd(&done);
        let head = || fs::read_to_string(here.join("lake/HEAD")).unwrap_or_default();
        for at in 0..4 {
            // So that each copy is of another edition, and the next delivery is under way.
            let (before, start) = (head(), Instant::now());
            while head() == before {
                assert!(start.elapsed() < Duration::from_secs(120), "nothing is delivered");
                std::thread::sleep(Duration::from_millis(2));
            }
            let copy = format!("copy-{at}");
            let (status, out, message) = run(here, &["backup", &copy, "--json"]);
            assert_eq!(status, 0, "{message}");
            let report: serde_json::Value = serde_json::from_str(&out).expect("JSON");
            editions.push(report["edition"].as_u64().expect("a number"));
        }
    });
    assert!(editions.is_sorted_by(|a, b| a < b), "{editions:?}");
    for (at, edition) in editions.iter().enumerate() {
        let copy = format!("copy-{at}");
        let (status, _, message) = run(here, &["verify", "--lake", &copy]);
        assert_eq!(status, 0, "{message}");
        let answered = answer(here, &copy, *edition);
        assert!(answered.contains("\"0301\""), "{answered}");
        assert_eq!(answered, answer(here, "lake", *edition), "edition {edition}");
    }
    // A copy is a lake: it takes the place of one that was lost, and goes on.
    fs::remove_dir_all(here.join("lake")).expect("lost");
    fs::rename(here.join("copy-3"), here.join("lake")).expect("restored");
    deliver(here, 40);
    assert_eq!(run(here, &["verify"]).0, 0);
}

#[test]
fn a_copy_that_was_killed_is_refused_and_one_over_something_else_is_not_begun() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    new_lake(here);
    let mut cut_short = 0;
    for at in 0..8 {
        let copy = format!("killed-{at}");
        let mark = here.join(&copy).join("INCOMPLETE");
        let mut child = command(here, &["backup", &copy]);
        let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        while !mark.exists() && child.try_wait().expect("a child").is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(4 * at));
        child.kill().expect("sent, or too late");
        child.wait().expect("it ended");
        let was_cut_short = mark.exists();
        cut_short += usize::from(was_cut_short);
        for words in [&["verify"][..], &["init"], &["held", "list"]] {
            let words = [words, &["--lake", &copy]].concat();
            let (status, _, message) = run(here, &words);
            assert_eq!(status != 0, was_cut_short, "{words:?}: {message}");
            let named = format!("error: {copy} is an incomplete copy of a lake: ");
            assert!(!was_cut_short || message.starts_with(&named), "{words:?}: {message}");
        }
    }
    assert!(cut_short > 0, "none of the kills came in time");

    let (status, out, message) = run(here, &["backup", "whole"]);
    assert!(status == 0 && out.contains("edition ") && out.contains("--lake whole"), "{out}{message}");
    let (status, _, message) = run(here, &["backup", "whole"]);
    assert!(status == 1 && message.contains("choose a folder that is empty or not there yet"), "{message}");
    let (status, _, message) = run(here, &["backup", "lake/copy"]);
    assert!(status == 1 && message.contains("it is in the lake itself"), "{message}");
    assert!(!here.join("lake/copy").exists());
}
