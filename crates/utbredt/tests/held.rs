//! `utbredt held`: what is held is listed, shown and released.

use std::process::Command;

const CONTRACT: &str = "source_id = \"county\"\nversion = 1\nsubject.column = \"Kommunenummer\"\n\
    period.column = \"Maaned\"\nsolution.fixed = \"digihelse\"\nmeasure.fixed = \"uses\"\n\
    value.column = \"Antall\"\n";

/// Twenty municipalities of January 2024.
fn january() -> String {
    let codes = [
        "0301", "1101", "1103", "1106", "1108", "1111", "1112", "1114", "1119", "1120", "1121", "1122",
        "1124", "1127", "1130", "1133", "1134", "1135", "1144", "1145",
    ];
    let rows = codes.map(|code| format!("{code};2024-01;200\n"));
    format!("Kommunenummer;Maaned;Antall\n{}", rows.concat())
}

/// A lake with reference tables, and a contract.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().expect("a folder"));
        std::fs::write(desk.0.path().join("county.toml"), CONTRACT).expect("written");
        let (status, _, message) = desk.run(&["init"]);
        assert_eq!(status, 0, "{message}");
        desk
    }

    /// Runs a command on the lake: exit code, output and messages.
    fn run(&self, words: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_utbredt"));
        let output = command.current_dir(self.0.path()).args(words).args(["--lake", "lake"]).output();
        let output = output.expect("the command starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8").replace("\r\n", "\n");
        (output.status.code().expect("it ended"), text(output.stdout), text(output.stderr))
    }

    fn deliver(&self, file: &str) -> (i32, String) {
        std::fs::write(self.0.path().join("export.csv"), file).expect("written");
        let (status, out, _) = self.run(&["ingest", "export.csv", "--contract", "county.toml", "--json"]);
        (status, out)
    }

    fn sql(&self, question: &str) -> String {
        self.run(&["sql", question, "--format", "csv"]).1
    }
}

/// The same name next month: held, shown with what would be lost, and released once.
#[test]
fn a_person_releases_what_is_held() {
    let desk = Desk::new();
    assert_eq!(desk.deliver(&january()).0, 0);
    let (status, message) = desk.deliver(&january().replace("2024-01", "2024-02"));
    let message: serde_json::Value = serde_json::from_str(&message).expect("JSON");
    let delivery = &message["deliveries"][0];
    assert_eq!(delivery["releasable"], true);
    assert_eq!((status, &delivery["loss"]["cells"], &delivery["loss"]["of"]), (3, &20.into(), &20.into()));
    let receipt = delivery["receipt_id"].as_str().expect("a receipt").to_owned();
    let held = |words: &[&str]| desk.run(&[&["held"], words].concat());
    let (status, listed, _) = held(&["list"]);
    assert!(status == 0 && listed.contains(&receipt) && listed.contains("takes 20 of 20 cells"), "{listed}");
    let (status, shown, _) = held(&["show", &receipt]);
    assert!(status == 0 && shown.contains("periods: 2024-01\n") && shown.contains("and 8 more"), "{shown}");
    assert!(shown.contains("cells: 20 added, 20 removed, 0 changed"), "{shown}");
    assert_eq!(held(&["release", &receipt]).0, 2, "a reason is required");
    for nothing in [" ", "\u{200b}", "..."] {
        let (status, _, message) = held(&["release", &receipt, "--reason", nothing]);
        assert!(status == 2 && message.contains("a letter or a digit"), "{nothing:?}: {message}");
    }
    assert_eq!(held(&["release", "0123", "--reason", "why"]).0, 2);
    assert_eq!(desk.sql("SELECT DISTINCT period_start FROM usage"), "period_start\n2024-01-01\n");
    let (status, done, message) = held(&["release", &receipt, "--reason", "one month a file"]);
    assert!(status == 0 && done.contains("20 facts are active; edition 4 is the newest"), "{done}{message}");
    assert_eq!(desk.sql("SELECT DISTINCT period_start FROM usage"), "period_start\n2024-02-01\n");
    let why = desk.sql("SELECT state, release_reason FROM receipts WHERE release_reason IS NOT NULL");
    assert_eq!(why, "state,release_reason\naccepted,one month a file\n");
    let (status, again, _) = held(&["release", &receipt, "--reason", "twice", "--json"]);
    assert!(
        status == 0 && again.contains("\"already\":true") && again.contains("one month a file"),
        "{again}"
    );
    assert_eq!(held(&["list"]).1, "no delivery is held\n");
}

/// What nobody is going to release is discarded with a reason, listed as removed, and comes in again when it is delivered.
#[test]
fn a_person_discards_what_is_held() {
    let desk = Desk::new();
    assert_eq!(desk.deliver(&january()).0, 0);
    let february = january().replace("2024-01", "2024-02");
    let (_, message) = desk.deliver(&february);
    let message: serde_json::Value = serde_json::from_str(&message).expect("JSON");
    let receipt = message["deliveries"][0]["receipt_id"].as_str().expect("a receipt").to_owned();
    let held = |words: &[&str]| desk.run(&[&["held"], words].concat());
    assert_eq!(held(&["discard", &receipt]).0, 2, "a reason is required");
    let (status, out, message) = held(&["discard", &receipt, "--reason", "another month by mistake"]);
    assert!(status == 0 && out.contains(&format!("{receipt}: discarded, ")), "{out}{message}");
    let (_, listed, _) = held(&["list"]);
    assert!(listed.starts_with("no delivery is held\n") && listed.contains(&receipt), "{listed}");
    assert!(listed.contains("discarded: another month by mistake; deliver it again"), "{listed}");
    let listed: serde_json::Value = serde_json::from_str(&held(&["list", "--json"]).1).expect("JSON");
    assert_eq!(listed["held"], serde_json::json!([]));
    assert_eq!(listed["removed"][0]["removed"]["reason"], "discarded: another month by mistake");
    for again in [["discard", &receipt, "--reason", "twice"], ["release", &receipt, "--reason", "twice"]] {
        let (status, _, message) = held(&again);
        assert!(status == 2 && message.contains("its payload was removed on "), "{message}");
    }
    assert!(held(&["show", &receipt]).1.contains("its payload was removed on "));
    assert_eq!(desk.run(&["verify"]).0, 0);
    assert_eq!(desk.deliver(&february).0, 3);
    assert!(held(&["list"]).1.contains("takes 20 of 20 cells"));
}

/// A report says how to release what can be, that what would count twice cannot be, and how many numbers are
/// none any more.
#[test]
fn a_report_names_the_way_out() {
    let desk = Desk::new();
    assert_eq!(desk.deliver(&january()).0, 0);
    let file = |name: &str, text: &str| {
        std::fs::write(desk.0.path().join(name), text).expect("written");
        desk.run(&["ingest", name, "--contract", "county.toml"])
    };
    let cut: String = january().lines().take(20).map(|line| format!("{line}\n")).collect();
    let (status, out, _) = file("export.csv", &cut);
    assert!(status == 3 && out.contains("takes 1 of 20 cells"), "{out}");
    assert!(out.contains("`utbredt held release ") && out.contains("--reason TEXT`"), "{out}");
    let (status, out, _) = file("quarter.csv", &january().replace("2024-01", "2024-Q1"));
    assert!(
        status == 3 && out.contains("uses of 0301 in 2024-Q1, and of 0301 in 2024-01 by receipt "),
        "{out}"
    );
    assert!(
        out.contains("nobody can release it as it is") && !out.contains("`utbredt held release "),
        "{out}"
    );
    // The list says of the quarter alone that a decision does not help, and that one helps the cut file.
    let listed = desk.run(&["held", "list"]).1;
    let of_each: Vec<bool> = listed
        .split("received ")
        .skip(1)
        .map(|one| one.contains("  cannot be released: ") && one.contains("of 0301 in 2024-01"))
        .collect();
    assert_eq!(of_each, [false, true], "{listed}");
    assert!(listed.contains("makes active what can be released"), "{listed}");
    let (status, out, _) = file("export.csv", &january().replace("1145;2024-01;200", "1145;2024-01;"));
    assert!(status == 0 && out.contains("1 changed, 1 of them from a number to none"), "{out}");
    assert!(out.contains("1145 2024-01: 200 -> missing"), "{out}");
}
