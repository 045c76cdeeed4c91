//! A file that is too large to be read as a whole: it comes in through the sandbox piece by piece, and a process that is killed in
//! the middle of it leaves the lake as it was.

mod kit;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use utbredt_lake::Lake;

use crate::kit::command;

const CONTRACT: &str = "source_id = \"county\"\nversion = 1\nformat = \"csv\"\ndelimiter = \";\"\nsubject.column = \"code\"\n\
    period.column = \"day\"\nsolution.fixed = \"svarut\"\nmeasure.fixed = \"uses\"\nvalue.column = \"n\"\n";

/// Municipalities of the file, and days from 2025-01-01 on.
const CODES: [&str; 4] = ["0301", "1103", "4601", "5001"];
const DAYS: usize = 365;

/// Bytes of a file from which it is read piece by piece.
const LARGE: u64 = 32 << 20;

/// How often the delivery is killed.
fn kills() -> u32 {
    std::env::var("UTBREDT_KILLS").ok().and_then(|text| text.parse::<u32>().ok()).map_or(4, |all| all.min(60))
}

/// A file just large enough of so many days: rows with a long note, one of them with a code that nobody knows.
fn write_file(path: &Path, days: usize) {
    let mut text = "code;day;n;note\n".to_owned();
    let note = "x".repeat(usize::try_from(LARGE).expect("as set up") / (CODES.len() * days) + 20);
    let first = chrono::NaiveDate::from_ymd_opt(2025, 1, 1).expect("as set up");
    for day in first.iter_days().take(days) {
        for code in CODES {
            writeln!(text, "{code};{day};7;{note}").expect("as set up");
        }
    }
    text += "9991;2025-01-01;7;\n";
    std::fs::write(path, text).expect("as set up");
}

fn usage_rows(lake: &Lake) -> u64 {
    let edition = lake.latest().expect("as set up").expect("as set up");
    edition.tables.get("usage").into_iter().flatten().map(|file| file.rows).sum()
}

#[test]
fn a_large_file_comes_in_whole_or_not_at_all() {
    let folder = tempfile::tempdir().expect("as set up");
    let here = folder.path();
    write_file(&here.join("year.csv"), DAYS);
    assert!(std::fs::metadata(here.join("year.csv")).expect("as set up").len() > LARGE);
    std::fs::write(here.join("county.toml"), CONTRACT).expect("as set up");
    assert!(command(here, &["init"]).stderr(Stdio::null()).status().expect("as set up").success());
    let deliver = ["ingest", "year.csv", "--contract", "county.toml"];

    // Killed at moments all over the time that it takes.
    let whole = here.join("timed");
    std::fs::create_dir(&whole).expect("as set up");
    assert!(command(&whole, &["init"]).stderr(Stdio::null()).status().expect("as set up").success());
    let started = Instant::now();
    let timed = ["ingest", "../year.csv", "--contract", "../county.toml"];
    let output = command(&whole, &timed).output().expect("as set up");
    let took = started.elapsed();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("1461 rows in, 1460 accepted, 1 rejected"), "{said}");
    for kill in 0..kills() {
        let mut process =
            command(here, &deliver).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("as set up");
        std::thread::sleep(took * kill / kills() + Duration::from_millis(20));
        process.kill().expect("as set up");
        process.wait().expect("as set up");
        let lake = Lake::open(&here.join("lake")).expect("as set up");
        let mut problems = lake.verify().expect("as set up").problems;
        // The kill may come after the edition and before the Delta logs, which the next writer makes.
        problems.retain(|problem| !problem.contains("it is derived"));
        assert_eq!(problems, Vec::<String>::new());
        let rows = usage_rows(&lake);
        assert!(rows == 0 || rows == 1460, "{rows} of a delivery that was killed");
    }
    let output = command(here, &deliver).output().expect("as set up");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lake = Lake::open(&here.join("lake")).expect("as set up");
    assert_eq!((usage_rows(&lake), lake.verify().expect("as set up").problems), (1460, Vec::<String>::new()));
    // Nothing of the killed ones is left, and the same file again changes nothing.
    let again = command(here, &deliver).output().expect("as set up");
    let said = String::from_utf8_lossy(&again.stdout).into_owned();
    assert!(again.status.success() && said.contains("unchanged"), "{said}");
    let left = |name: std::ffi::OsString| name.to_string_lossy().starts_with('.');
    for below in ["", "raw", "tables/usage"] {
        let names = std::fs::read_dir(here.join("lake").join(below)).expect("as set up");
        assert!(names.map(|entry| entry.expect("as set up").file_name()).all(|name| !left(name)), "{below}");
    }
    what_is_held_is_released(here);
}

/// The same year without its last five days is held, and comes in by the decision of a person: read piece by piece once more.
fn what_is_held_is_released(here: &Path) {
    write_file(&here.join("cut.csv"), DAYS - 5);
    let cut = ["ingest", "cut.csv", "--contract", "county.toml", "--subject", "year"];
    let held = command(here, &cut).output().expect("as set up");
    let said = String::from_utf8_lossy(&held.stdout).into_owned();
    assert_eq!(held.status.code(), Some(3), "{said}");
    assert!(said.contains("takes 20 of 1460 cells out of force"), "{said}");
    let receipt =
        said.split("receipt ").nth(1).and_then(|rest| rest.get(..16)).expect("a receipt").to_owned();
    let run = |words: &[&str]| {
        let output = command(here, words).output().expect("as set up");
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        assert!(output.status.success(), "{words:?}: {said:?}");
        said.concat()
    };
    let listed = run(&["held", "list"]);
    assert!(listed.contains(&receipt[..8]) && !listed.contains("cannot be released"), "{listed}");
    run(&["held", "show", &receipt]);
    run(&["held", "release", &receipt, "--reason", "the days were never real"]);
    let lake = Lake::open(&here.join("lake")).expect("as set up");
    assert_eq!((usage_rows(&lake), lake.verify().expect("as set up").problems), (1440, Vec::<String>::new()));
}
