//! The command as a stranger meets it: what it prints where, how it ends, and that a kill at any moment costs nothing.

use std::path::Path;
use std::process::{Command, Output};

fn utbredt(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_utbredt")).args(arguments).output().expect("the command starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is UTF-8")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it ended by itself")
}

fn demo(dir: &Path) -> Output {
    utbredt(&["demo", "--no-serve", "--dir", dir.to_str().expect("a plain path")])
}

#[test]
fn the_demo_answers_and_its_lake_verifies() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("demo");
    let first = demo(&dir);
    assert_eq!(code(&first), 0, "{}", text(&first.stderr));
    let said = text(&first.stdout);
    assert!(said.contains("Population coverage") && said.contains("refused"), "{said}");
    assert!(!said.contains('\u{1b}'), "no colours outside a terminal");
    let lake = dir.to_str().expect("a plain path");
    let verified = utbredt(&["verify", "--lake", lake, "--json"]);
    assert_eq!(code(&verified), 0);
    assert!(text(&verified.stdout).contains("\"problems\":[]"), "{}", text(&verified.stdout));

    let refused = utbredt(&[
        "sql",
        "--lake",
        lake,
        "--format",
        "csv",
        "SELECT DISTINCT raw FROM rejections ORDER BY raw",
    ]);
    assert!(text(&refused.stdout).contains("0703"), "{}", text(&refused.stdout));
    wrong_words_are_answered_with_the_right_ones(lake);
    a_damaged_file_is_named(&dir);
}

fn wrong_words_are_answered_with_the_right_ones(lake: &str) {
    let run = |words: &[&str]| {
        let mut all = vec!["kpi", "run", "--lake", lake];
        all.extend_from_slice(words);
        let output = utbredt(&all);
        assert!(output.stdout.is_empty(), "messages belong on standard error");
        (code(&output), text(&output.stderr))
    };
    let wrong: [(&[&str], &str); 7] = [
        (&["rollout.municipalitys_live"], "rollout.municipalities_live"),
        (&["rollout.municipalities_live", "--param", "solution_id=digsos"], "digisos"),
        (&["rollout.municipalities_live", "--param", "solution=digisos"], "solution_id"),
        (&["rollout.municipalities_live", "--param", "solution_id=digisos", "--by", "kounty"], "county"),
        (
            &["rollout.municipalities_live", "--param", "solution_id=digisos", "--borders", "yesterday"],
            "then",
        ),
        (&["rollout.municipalities_live", "--param", "solution_id=digisos", "--from", "2020-13"], "2026-10"),
        (&["rollout.municipalities_live", "--param", "solution_id=digisos", "--format", "cvs"], "csv"),
    ];
    for (words, nearest) in wrong {
        let (code, told) = run(words);
        assert_eq!(code, 2, "{words:?}: {told}");
        assert!(told.contains(nearest), "{words:?} does not name {nearest}: {told}");
    }
}

fn a_damaged_file_is_named(dir: &Path) {
    let folder = dir.join("tables/municipalities");
    let file = std::fs::read_dir(&folder)
        .expect("the table is there")
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.extension().is_some_and(|e| e == "parquet"))
        .expect("a file");
    let mut bytes = std::fs::read(&file).expect("its bytes");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).expect("written");
    let lake = dir.to_str().expect("a plain path");
    let words =
        ["kpi", "run", "rollout.municipalities_live", "--param", "solution_id=digisos", "--lake", lake];
    for words in [&words[..], &["verify", "--lake", lake][..]] {
        let output = utbredt(words);
        let name = file.file_name().expect("a name").to_str().expect("hex");
        assert_eq!(code(&output), 1);
        assert!(output.stdout.is_empty() || !text(&output.stdout).contains("value"), "nothing is summed");
        assert!(text(&output.stderr).contains(name), "{}", text(&output.stderr));
    }
}

#[test]
fn catalogue_and_completions_need_no_lake() {
    for words in
        [&["check"][..], &["kpi", "list"], &["kpi", "show", "adoption.reach"], &["completions", "bash"]]
    {
        let output = utbredt(words);
        assert_eq!(code(&output), 0, "{words:?}: {}", text(&output.stderr));
        assert!(!output.stdout.is_empty());
    }
    assert_eq!(code(&utbredt(&["no-such-command"])), 2);
    let missing = utbredt(&["verify", "--lake", "no-such-folder"]);
    assert_eq!(code(&missing), 1);
    assert!(text(&missing.stderr).contains("no-such-folder"));
}
