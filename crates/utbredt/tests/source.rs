//! `source new` and `source try` as a stranger meets them: a file nobody described is described, tried, and nothing is
//! written before it is delivered.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The command in a folder of its own, where no lake is.
fn utbredt(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_utbredt"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_remove("UTBREDT_LAKE")
        .output()
        .expect("the command starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is UTF-8")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it ended by itself")
}

fn datasets() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets")
}

fn put(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> String {
    std::fs::write(folder.join(name), content).expect("written");
    name.to_owned()
}

/// Proposes a contract for a file and keeps it beside it.
fn proposed(folder: &Path, file: &str, more: &[&str]) -> (String, String) {
    let output = utbredt(folder, &[&["source", "new", file], more].concat());
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    put(folder, "contract.toml", &output.stdout);
    (text(&output.stdout), text(&output.stderr))
}

fn tried(folder: &Path, file: &str, more: &[&str]) -> (i32, Value) {
    let words = [&["source", "try", file, "--contract", "contract.toml", "--json"], more].concat();
    let output = utbredt(folder, &words);
    let said = text(&output.stdout);
    (code(&output), serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}{}", text(&output.stderr))))
}

#[test]
fn every_sample_is_read_whole_by_the_contract_proposed_for_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut read = 0;
    for entry in std::fs::read_dir(datasets().join("samples")).expect("the samples are there") {
        let path = entry.expect("an entry").path();
        let stem = path.file_stem().expect("a name").to_str().expect("plain").to_owned();
        if !datasets().join("contracts").join(&stem).with_extension("toml").is_file() {
            continue;
        }
        let file = path.to_str().expect("plain");
        // One sample names no solution: that is a person's to say.
        let (contract, message) = proposed(folder.path(), file, &[]);
        let chosen = contract.contains("to-choose");
        assert_eq!(chosen, message.contains("to-choose"), "{message}");
        let more: &[&str] = if chosen { &["--solution", "svarut"] } else { &[] };
        proposed(folder.path(), file, more);
        let (ended, shown) = tried(folder.path(), file, &[]);
        assert_eq!(ended, 0, "{stem}: {shown}");
        assert_eq!((&shown["state"], &shown["against"]), (&"accepted".into(), &"reference".into()));
        assert_eq!(shown["rejected_rows"], 0, "{stem}: {shown}");
        let total = |r: &Value| r["reason"].as_str().is_some_and(|reason| reason.starts_with("total row "));
        assert!(shown["rejections"].as_array().expect("a list").iter().all(total), "{shown}");
        assert!(shown["usage"].as_array().expect("a list").len() > 2);
        read += 1;
    }
    assert!(read >= 2);
}

#[test]
fn a_trial_against_a_lake_shows_what_would_change_and_writes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    assert_eq!(code(&utbredt(here, &["init", "--lake", "own"])), 0);
    let first =
        put(here, "2025-01.csv", "Kommunenr;Måned;Meldinger\n301;januar 2025;1 000\n4601;januar 2025;20\n");
    proposed(here, &first, &["--solution", "digihelse"]);
    let lake = ["--lake", "own"];
    let (ended, shown) = tried(here, &first, &lake);
    assert_eq!(
        (ended, &shown["state"], &shown["against"], &shown["edition"]),
        (0, &"accepted".into(), &"lake".into(), &1.into())
    );
    let delivered = utbredt(here, &["ingest", &first, "--contract", "contract.toml", "--lake", "own"]);
    assert_eq!(code(&delivered), 0, "{}", text(&delivered.stderr));
    assert_eq!(tried(here, &first, &lake).1["state"], "unchanged");

    put(
        here,
        "2025-01.csv",
        "Kommunenr;Måned;Meldinger\n301;januar 2025;1 001\n4601;januar 2025;20\n1103;januar 2025;5\n",
    );
    let said = utbredt(here, &["source", "try", &first, "--contract", "contract.toml", "--lake", "own"]);
    let (shown, message) = (text(&said.stdout), text(&said.stderr));
    assert!(shown.contains("would be accepted") && shown.contains("takes the place of receipt"), "{shown}");
    assert!(shown.contains("cells: 1 added, 0 removed, 1 changed"), "{shown}");
    assert!(shown.contains("digihelse uses 0301 2025-01: 1000 -> 1001"), "{shown}");
    assert!(message.contains("edition 2 is still the newest: nothing was written"), "{message}");
    let editions = std::fs::read_dir(here.join("own/editions")).expect("editions").count();
    assert_eq!(editions, 2);
    let raw = std::fs::read_dir(here.join("own/raw")).expect("payloads").count();
    assert_eq!(raw, 2, "only the delivered file and its contract are kept");
}

#[test]
fn what_would_be_refused_or_held_is_said_with_rows_and_reasons() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let file = put(
        here,
        "svarut 2025-01.json",
        r#"{"rader":[{"kommune":"0301","antall":5},{"kommune":"4601","antall":5.5},{"kommune":"1103","antall":"mange"}]}"#,
    );
    let (contract, _) = proposed(here, &file, &[]);
    assert!(contract.contains("rows = \"rader\"") && contract.contains("fixed = \"svarut\""), "{contract}");
    let (ended, shown) = tried(here, &file, &[]);
    assert_eq!((ended, &shown["state"], &shown["rejected_rows"]), (3, &"held".into(), &2.into()), "{shown}");
    let said = utbredt(here, &["source", "try", &file, "--contract", "contract.toml"]);
    let shown = text(&said.stdout);
    assert_eq!(code(&said), 3);
    for part in
        ["would be held", "`mange` is not a number", "row 3: {\"kommune\":\"1103\"", "held: 2 of 3 rows"]
    {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
    assert!(text(&said.stderr).contains("no lake here"), "{}", text(&said.stderr));
    assert_eq!(std::fs::read_dir(here).expect("a folder").count(), 2, "nothing was written beside the file");
}

#[test]
fn wrong_words_are_answered_with_the_right_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let file = put(here, "a.csv", "Kommunenr;Måned;Antall\n0301;2025-01;5\n");
    let empty = put(here, "b.csv", "navn;antall\nOslo;1\n");
    put(here, "wrong.toml", "source_id = \"x\"\n");
    for (words, ended, part) in [
        (&["source", "new", &file, "--solution", "digihels"][..], 2, "digihelse"),
        (&["source", "new", &file, "--measure", "usess"], 2, "uses"),
        (&["source", "new", &file, "--source-id", "A B"], 2, "county-reports"),
        (&["source", "new", "missing.csv"], 1, "missing.csv"),
        (&["source", "new", &empty], 1, "no column holds codes of municipalities"),
        (&["source", "new", &file, "--lake", "nowhere"], 1, "nowhere"),
        (&["source", "try", &file], 2, "--contract"),
        (&["source", "try", &file, "--contract", "wrong.toml"], 2, "version"),
        (&["source", "try", "missing.csv", "--source", "stages"], 1, "missing.csv"),
    ] {
        let output = utbredt(here, words);
        assert_eq!(code(&output), ended, "{words:?}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(part), "{words:?}: {}", text(&output.stderr));
        assert!(output.stdout.is_empty(), "messages belong on standard error");
    }
    let stages = put(
        here,
        "stages.csv",
        "municipality_code,solution_id,stage,valid_from\n0301,digihelse,pilot,2025-01-01\n",
    );
    let said = utbredt(here, &["source", "try", &stages, "--source", "stages"]);
    assert_eq!(code(&said), 0, "{}", text(&said.stderr));
    assert!(text(&said.stdout).contains("pilot"), "{}", text(&said.stdout));
}

/// A contract for `kommune;periode;antall`.
const PLAIN: &str = "source_id = \"x\"\nversion = 1\nsubject.column = \"kommune\"\nperiod.column = \"periode\"\n\
    solution.fixed = \"digihelse\"\nmeasure.fixed = \"uses\"\nvalue.column = \"antall\"\n";

#[test]
fn a_large_file_is_read_in_the_sandbox_with_the_same_result() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    put(here, "contract.toml", PLAIN);
    let days = chrono::NaiveDate::from_ymd_opt(2021, 1, 1).expect("a day").iter_days().take(1000);
    let mut rows = String::from("kommune;periode;antall;merknad\n");
    for day in days {
        for code in ["0301", "1103", "4601", "5001", "9999"] {
            rows += &format!("{code};{day};1;{}\n", "x".repeat(220));
        }
    }
    assert!(rows.len() > 1 << 20, "small files are read at home");
    let (_, shown) = tried(here, &put(here, "large.csv", rows), &[]);
    assert_eq!(
        (&shown["rows_in"], &shown["accepted"], &shown["rejected"]),
        (&5000.into(), &4000.into(), &1000.into())
    );
    assert_eq!(shown["rejections"][0]["row"], 6);
}
