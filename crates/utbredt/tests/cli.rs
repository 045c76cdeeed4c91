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
    assert!(said.contains("rollout.population_coverage") && said.contains("rejected"), "{said}");
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
    let live = ["rollout.municipalities_live", "--param", "solution_id=digisos"];
    for option in ["--from", "--to", "--borders", "--as-of"] {
        for day in ["9999-12-31", "+262142-12-31", "1899-12-31"] {
            let (code, message) = run(&[&live[..], &[option, day]].concat());
            assert_eq!(code, 2, "{option} {day}: {message}");
            assert!(message.contains("years are read from 1900 to 2199"), "{option} {day}: {message}");
        }
    }
    let (code, message) = run(&[&live[..], &["--granularity", "day", "--from=2024", "--to=2025"]].concat());
    assert!(code == 2 && message.contains("at most 392 periods"), "357 x 731: {message}");
    let wrong: [(&[&str], &str); 7] = [
        (&["rollout.municipalitys_live"], "rollout.municipalities_live"),
        (&["rollout.municipalities_live", "--param", "solution_id=digsos"], "digisos"),
        (&["rollout.municipalities_live", "--param", "solution=digisos"], "solution_id"),
        (&["rollout.municipalities_live", "--param", "solution_id=digisos", "--by", "kounty"], "county"),
        (
            &["rollout.municipalities_live", "--param", "solution_id=digisos", "--borders", "yesterday"],
            "then",
        ),
        (&["rollout.municipalities_live", "--param", "solution_id=digisos", "--from", "2020-13"], "2020-12"),
        (&["rollout.municipalities_live", "--param", "solution_id=digisos", "--format", "cvs"], "csv"),
    ];
    for (words, nearest) in wrong {
        let (code, message) = run(words);
        assert_eq!(code, 2, "{words:?}: {message}");
        assert!(message.contains(nearest), "{words:?} does not name {nearest}: {message}");
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
    let elsewhere = utbredt(&["check", "--queries", "no-such-folder"]);
    assert_eq!(code(&elsewhere), 1);
    assert!(text(&elsewhere.stderr).contains("no-such-folder"));
    assert_eq!(code(&utbredt(&["no-such-command"])), 2);
    let missing = utbredt(&["verify", "--lake", "no-such-folder"]);
    assert_eq!(code(&missing), 1);
    assert!(text(&missing.stderr).contains("no-such-folder"));
}

/// A KPI of one's own needs no build: the program's files, with one more column wrong in one of them.
#[test]
fn query_files_of_a_folder_take_the_place_of_the_programs_own() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("queries");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../queries");
    let mut folders = vec![shipped.clone()];
    while let Some(from) = folders.pop() {
        let to = own.join(from.strip_prefix(&shipped).unwrap());
        std::fs::create_dir_all(&to).unwrap();
        for entry in std::fs::read_dir(&from).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
            }
        }
    }
    let words = ["check", "--queries", own.to_str().unwrap()];
    assert_eq!(code(&utbredt(&words)), 0);
    let reach = own.join("kpi/adoption/reach.sql");
    let mine = std::fs::read_to_string(&reach).unwrap();
    std::fs::write(own.join("kpi/adoption/mine.sql"), &mine).unwrap();
    let listed = utbredt(&["kpi", "list", "--queries", own.to_str().unwrap()]);
    assert!(text(&listed.stdout).contains("adoption.mine"));
    std::fs::write(&reach, mine.replace("FROM spine", "FROM spinne")).unwrap();
    let wrong = utbredt(&words);
    assert_eq!(code(&wrong), 1);
    assert!(text(&wrong.stderr).contains("adoption/reach.sql"), "{}", text(&wrong.stderr));
}

const CONTRACT: &str = "source_id = \"county\"\nversion = 1\nsubject.column = \"Kommunenummer\"\n\
    period.column = \"M\u{e5}ned\"\nsolution.fixed = \"digihelse\"\nmeasure.fixed = \"uses\"\n\
    value.column = \"Antall\"\n";

/// Twenty municipalities of 2024, as they should be delivered.
const GOOD: [&str; 20] = [
    "0301", "1101", "1103", "1106", "1108", "1111", "1112", "1114", "1119", "1120", "1121", "1122", "1124",
    "1127", "1130", "1133", "1134", "1135", "1144", "1145",
];

fn rows(codes: &[&str]) -> String {
    let rows = codes.iter().map(|code| format!("{code};2024-01;200\n"));
    format!("Kommunenummer;M\u{e5}ned;Antall\n{}", rows.collect::<String>())
}

/// A lake with reference tables, a contract and what is delivered to it.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().expect("a folder"));
        std::fs::write(desk.0.path().join("county.toml"), CONTRACT).expect("written");
        let made = utbredt(&["init", "--lake", &desk.path("lake")]);
        assert_eq!(code(&made), 0, "{}", text(&made.stderr));
        assert!(text(&made.stderr).contains("edition 1"), "{}", text(&made.stderr));
        desk
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("a plain path").to_owned()
    }

    /// Delivers bytes as the answer for January.
    fn deliver(&self, bytes: &[u8], more: &[&str]) -> (i32, String) {
        std::fs::write(self.path("2024-01.csv"), bytes).expect("written");
        let (file, contract, lake) = (self.path("2024-01.csv"), self.path("county.toml"), self.path("lake"));
        let mut words = vec!["ingest", &file, "--contract", &contract, "--lake", &lake];
        words.extend_from_slice(more);
        let output = utbredt(&words);
        assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
        (code(&output), text(&output.stdout))
    }

    fn sql(&self, question: &str) -> String {
        let output = utbredt(&["sql", question, "--format", "csv", "--lake", &self.path("lake")]);
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
        text(&output.stdout).replace("\r\n", "\n")
    }
}

#[test]
fn the_same_facts_in_other_bytes_change_nothing() {
    let desk = Desk::new();
    let (code, message) = desk.deliver(rows(&GOOD).as_bytes(), &[]);
    assert_eq!(code, 0, "{message}");
    assert!(message.contains("20 rows in, 20 accepted, 0 rejected"), "{message}");
    assert!(message.contains("edition 2 is the newest"), "{message}");
    let (code, message) = desk.deliver(rows(&GOOD).as_bytes(), &[]);
    assert!(code == 0 && message.contains("unchanged"), "{message}");
    assert!(message.contains("edition 2 is the newest"), "{message}");

    let latin1: Vec<u8> = rows(&GOOD).chars().map(|c| u8::try_from(u32::from(c)).expect("latin-1")).collect();
    let tabs = rows(&GOOD).replace(';', "\t");
    let bom = format!("\u{feff}{}", rows(&GOOD).replace('\n', "\r\n"));
    for bytes in [latin1, tabs.into_bytes(), bom.into_bytes()] {
        let (code, message) = desk.deliver(&bytes, &[]);
        assert_eq!(code, 0, "{message}");
        assert!(message.contains("takes the place of receipt"), "{message}");
        assert!(message.contains("cells: 0 added, 0 removed, 0 changed"), "{message}");
    }

    let corrected = rows(&GOOD)
        .replace("1103;2024-01;200", "1103;2024-01;250")
        .replace("1145;2024-01;200\n", "1145;2024-01;..\n");
    let (code, message) = desk.deliver(corrected.as_bytes(), &[]);
    assert_eq!(code, 0, "{message}");
    assert!(message.contains("cells: 0 added, 0 removed, 2 changed"), "{message}");
    assert!(message.contains("digihelse uses 1103 2024-01: 200 -> 250"), "{message}");
    // 18 municipalities of 200 and one of 250.
    assert_eq!(desk.sql("SELECT count(*) AS n, sum(value) AS total FROM usage"), "n,total\n20,3850\n");
}

#[test]
fn a_diff_shows_what_a_correction_changed() {
    let desk = Desk::new();
    assert_eq!(desk.deliver(rows(&GOOD).as_bytes(), &[]).0, 0);
    let corrected = rows(&GOOD)
        .replace("1103;2024-01;200", "1103;2024-01;250")
        .replace("1145;2024-01;200\n", "1145;2024-01;..\n");
    assert_eq!(desk.deliver(corrected.as_bytes(), &[]).0, 0);
    let lake = desk.path("lake");
    let diff = |words: &[&str]| {
        let mut all = vec!["diff", "--kpi", "adoption.usage_per_1000", "--param", "solution_id=digihelse"];
        all.extend(["--from", "2024-01", "--to", "2024-01", "--lake", &lake]);
        all.extend_from_slice(words);
        let output = utbredt(&all);
        (code(&output), text(&output.stdout), text(&output.stderr))
    };
    let (code, csv, message) = diff(&["2", "3", "--by", "municipality", "--format", "csv"]);
    assert_eq!(code, 0, "{message}");
    let mut lines = csv.lines();
    let names: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let cells: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    let cell = |row: usize, name: &str| cells[row][names.iter().position(|n| *n == name).expect("a column")];
    assert_eq!(cells.len(), 2, "{csv}");
    let changed =
        ["municipality_code", "numerator_before", "numerator_after", "numerator_revised_data", "causes"];
    assert_eq!(changed.map(|name| cell(0, name)), ["1103", "200", "250", "50", "revised_data"]);
    assert_eq!((cell(0, "change"), cell(0, "new_data")), (cell(0, "revised_data"), "0.0"), "{csv}");
    // What is no longer told has no change in numbers.
    let removed =
        ["municipality_code", "numerator_before", "numerator_after", "change", "state_before", "causes"];
    assert_eq!(removed.map(|name| cell(1, name)), ["1145", "200", "", "", "ok", "revised_data"]);

    let (code, table, message) = diff(&["2", "3"]);
    assert!(code == 0 && table.contains("revised_data") && !table.contains("numerator"), "{table}");
    assert_eq!(message, "edition 2 to 3, 1 of 1 rows: revised_data 1\n");
    let (code, json, _) = diff(&["3", "3", "--format", "json"]);
    let message: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert!(code == 0 && message["data"].as_array().is_some_and(Vec::is_empty), "{json}");
    assert_eq!((&message["meta"]["rows"], &message["meta"]["compared"]), (&0.into(), &1.into()));
    for (words, named) in
        [(["2", "7"], "`3`"), (["3", "2"], "older edition first"), (["2", "newest"], "number")]
    {
        let (code, out, message) = diff(&words);
        assert!(code == 2 && out.is_empty() && message.contains(named), "{words:?}: {message}");
    }
}

/// Where the machine thinks it is changes no day: the Digisos list has moments near midnight, and a file has months.
#[test]
fn the_machines_time_zone_changes_nothing() {
    let message = ["UTC", "Pacific/Kiritimati", "America/Los_Angeles"].map(|zone| {
        let folder = tempfile::tempdir().expect("a folder");
        let lake = folder.path().join("lake");
        let run = |words: &[&str]| {
            let output = Command::new(env!("CARGO_BIN_EXE_utbredt"))
                .args(words)
                .args(["--lake", lake.to_str().expect("a plain path")])
                .env("TZ", zone)
                .output()
                .expect("the command starts");
            assert_eq!(code(&output), 0, "{words:?}: {}", text(&output.stderr));
            text(&output.stdout)
        };
        let (csv, contract) = (folder.path().join("2024-01.csv"), folder.path().join("county.toml"));
        std::fs::write(&csv, rows(&GOOD)).expect("written");
        std::fs::write(&contract, CONTRACT).expect("written");
        let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/rollout/digisos_events.csv");
        run(&["init"]);
        run(&["ingest", csv.to_str().expect("plain"), "--contract", contract.to_str().expect("plain")]);
        run(&["ingest", list.to_str().expect("plain"), "--source", "digisos"]);
        let facts = run(&["sql", "SELECT * FROM usage ORDER BY municipality_code", "--format", "csv"]);
        let events = "SELECT * FROM rollout_events ORDER BY municipality_code, valid_from, known_at";
        let events = run(&["sql", events, "--format", "csv"]);
        assert!(facts.lines().count() == 21 && events.lines().count() == 410, "{facts}");
        let kpi = ["kpi", "run", "rollout.municipalities_live", "--param", "solution_id=digisos"];
        let more = ["--from", "2018-04", "--to", "2020-12", "--granularity", "week", "--format", "csv"];
        (facts, events, run(&[kpi.as_slice(), more.as_slice()].concat()))
    });
    assert!(
        message[0] == message[1] && message[1] == message[2],
        "an answer depends on the machine's time zone"
    );
}

#[test]
fn rows_that_cannot_be_believed_are_refused_by_row_and_reason() {
    let desk = Desk::new();
    let damaged = rows(&GOOD).replace("0301;", "301;").replace("1101;", "9999;");
    let cut = damaged.strip_suffix("45;2024-01;200\n").expect("the end of the last row");
    let (code, message) = desk.deliver(cut.as_bytes(), &["--json"]);
    let message: serde_json::Value = serde_json::from_str(&message).expect("JSON");
    let delivery = &message["deliveries"][0];
    assert_eq!(code, 0, "3 of 20 are fewer than the fifth that is borne: {message}");
    assert_eq!(
        (&delivery["rows_in"], &delivery["accepted"], &delivery["rejected"]),
        (&20.into(), &17.into(), &3.into())
    );
    let reasons = delivery["reasons"].to_string();
    assert!(reasons.contains("leading zero") && reasons.contains("9999"), "{reasons}");
    let refused = desk.sql("SELECT row, raw FROM rejections ORDER BY row");
    assert_eq!(refused, "row,raw\n2,301;2024-01;200\n3,9999;2024-01;200\n21,11\n");

    let (code, message) = desk.deliver(format!("{cut}\n").as_bytes(), &["--max-rejected", "10"]);
    assert!(code == 3 && message.contains("17 accepted, 3 rejected"), "{message}");
}

#[test]
fn a_held_delivery_leaves_the_last_good_one_in_force() {
    let desk = Desk::new();
    assert_eq!(desk.deliver(rows(&GOOD).as_bytes(), &[]).0, 0);
    // Half of the rows with another delimiter than the header.
    let mixed = rows(&GOOD[..10]) + &rows(&GOOD[10..]).split_once('\n').expect("rows").1.replace(';', ",");
    for _ in 0..2 {
        let (code, message) = desk.deliver(mixed.as_bytes(), &[]);
        assert_eq!(code, 3, "{message}");
        assert!(
            message.contains("`2024-01`: held") && message.contains("held: 10 of 20 rows were rejected"),
            "{message}"
        );
        assert!(message.contains("edition 3 is the newest"), "the receipt is kept once: {message}");
    }
    assert_eq!(desk.sql("SELECT count(*) AS n FROM usage"), "n\n20\n");
    let (code, message) = desk.deliver(b"Kommunenummer;Antall\n0301;5\n", &[]);
    assert!(code == 3 && message.contains("M\u{e5}ned"), "the missing column is named: {message}");
}

#[test]
fn what_is_typed_wrong_is_distinguished_from_what_fails() {
    let desk = Desk::new();
    let (lake, contract) = (desk.path("lake"), desk.path("county.toml"));
    std::fs::write(desk.path("a.csv"), rows(&GOOD)).expect("written");
    std::fs::write(desk.path("wrong.toml"), "source_id = 1").expect("written");
    let (a, wrong, bare) = (desk.path("a.csv"), desk.path("wrong.toml"), desk.path("bare"));
    utbredt_lake::Lake::init(bare.as_ref()).expect("an empty lake");
    let cases: [(&[&str], i32, &str); 7] = [
        (&[&a, "--lake", &lake], 2, "--contract"),
        (&["--contract", &contract, "--lake", &lake], 2, "FILE"),
        (&[&a, &a, "--subject", "2024-01", "--contract", &contract, "--lake", &lake], 2, "--subject"),
        (&[&a, "--contract", &wrong, "--lake", &lake], 2, "wrong.toml"),
        (&["no.csv", "--contract", &contract, "--lake", &lake], 1, "no.csv"),
        (&[&a, "--contract", &contract, "--lake", "no-lake"], 1, "utbredt init"),
        (&[&a, "--contract", &contract, "--lake", &bare], 1, "utbredt init --lake"),
    ];
    for (words, expected, named) in cases {
        let mut all = vec!["ingest"];
        all.extend_from_slice(words);
        let output = utbredt(&all);
        let message = text(&output.stderr);
        assert_eq!(code(&output), expected, "{words:?}: {message}");
        assert!(message.contains(named), "{words:?} does not name {named}: {message}");
    }

    let digisos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/rollout/digisos_events.csv");
    let digisos = digisos.to_str().expect("a plain path");
    let output = utbredt(&["ingest", digisos, "--source", "digisos", "--asked", "all", "--lake", &lake]);
    let message = text(&output.stdout);
    assert_eq!(code(&output), 0, "{message}");
    assert!(message.contains("413 rows in") && message.contains("0703"), "{message}");
}
