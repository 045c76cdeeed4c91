//! `utbredt register`: a network's own facts, out as files, compared, and in. Numbers are worked out by hand.

mod kit;

use std::path::Path;

use serde_json::Value;

/// A lake with the embedded tables, in a folder of its own.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().expect("a folder"));
        assert_eq!(desk.run(&["init"]).0, 0);
        desk
    }

    fn folder(&self) -> &Path {
        self.0.path()
    }

    /// Runs a command on the lake: exit code, output and messages.
    fn run(&self, words: &[&str]) -> (i32, String, String) {
        let output = kit::command(self.folder(), words).args(["--lake", "lake"]).output().expect("it starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        (output.status.code().expect("it ended"), text(output.stdout), text(output.stderr))
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder().join(name), text).expect("written");
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder().join(name)).expect("a file")
    }

    /// Applies a file of a register; the report.
    fn apply(&self, name: &str, text: &str) -> Value {
        self.write(name, text);
        let (code, out, message) = self.run(&["register", "apply", name, "--reason", "decided", "--json"]);
        assert!(code == 0, "{out}{message}");
        serde_json::from_str(&out).expect("JSON")
    }

    /// The value of a KPI of `digivann` in Bergen in October 2026.
    fn value(&self, kpi: &str, more: &[&str]) -> String {
        let words = ["kpi", "run", kpi, "--param", "solution_id=digivann", "--by", "municipality", "--where"];
        let period = ["municipality_code=4601", "--from", "2026-10", "--to", "2026-10", "--format", "csv"];
        let (_, out, message) = self.run(&[&words[..], &period[..], more].concat());
        let row = out.lines().nth(1).unwrap_or_else(|| panic!("{out}{message}"));
        let at = out.lines().next().and_then(|header| header.split(',').position(|name| name == "value"));
        row.split(',').nth(at.expect("a value")).expect("a field").to_owned()
    }
}

const CONTRACT: &str = "source_id = \"water\"\nversion = 1\nsubject.column = \"kommune\"\n\
    period.column = \"maned\"\nsolution.fixed = \"digivann\"\nmeasure.fixed = \"uses\"\nvalue.column = \"antall\"\n";

/// A solution that never shipped, from its name to its benefit, by files alone. Bergen had 40 orders a month on paper, and has 100 digital
/// ones in October: 60 more at 20 kroner are 1,200; at 25 they are 1,500.
#[test]
fn a_solution_of_ones_own_counts_and_pays() {
    let desk = Desk::new();
    let done = desk.apply(
        "solutions.csv",
        "Løsning;Navn på bokmål;Navn på nynorsk;Navn på engelsk;Nasjonal eier;Tjenesteområde\n\
         digivann;DigiVann;DigiVatn;DigiVann (water);KS;teknisk\n",
    );
    assert_eq!((&done["edition"], &done["changes"][0]["kind"]), (&2.into(), &"added".into()));
    desk.apply(
        "measures.csv",
        "solution_id,measure_id,unit,kind,rollup,stamp,sensitivity,main\ndigivann,uses,orders,flow,sum,start,open,ja\n",
    );
    desk.apply(
        "unit_values.csv",
        "solution_id,measure_id,benefit_kind,unit,low,central,high,valid_from,source,quality,owner\n\
         digivann,uses,avoided_cost,ore,1000,2000,3000,2024-01-01,own count,assumption,Bergen\n",
    );
    desk.apply(
        "baselines.csv",
        "solution_id,measure_id,municipality_code,value_a_month,measured_on,method\ndigivann,uses,4601,40,2023-12-01,count\n",
    );
    desk.write("water.toml", CONTRACT);
    desk.write("october.csv", "kommune;maned;antall\n4601;2026-10;100\n");
    let (code, out, message) = desk.run(&["ingest", "october.csv", "--contract", "water.toml"]);
    assert_eq!(code, 0, "{out}{message}");
    assert_eq!(desk.value("benefit.realised", &[]), "1200.0");

    // Out, changed, looked at, in.
    let (code, _, message) = desk.run(&["register", "export", "unit_values", "-o", "unit_values.csv"]);
    assert!(code == 0 && message.contains("3 rows of edition 6"), "{message}");
    let sheet = desk.read("unit_values.csv");
    let dearer = sheet.replace("1000;2000;3000", "1000;2500;3000");
    desk.write("unit_values.csv", &dearer);
    let (code, out, message) = desk.run(&["register", "check", "unit_values.csv"]);
    assert_eq!(code, 0, "{message}");
    assert!(
        out.contains("unit_values: 0 added, 1 changed, 0 ended, 0 removed, 2 unchanged, 0 refused"),
        "{out}"
    );
    assert!(
        out.contains("row 3 changed: digivann|uses|avoided_cost|2024-01-01: central 2000 -> 2500"),
        "{out}"
    );
    assert!(out.contains("moves benefit.realised digivann: 1 of "), "{out}");
    assert!(out.contains("4601") && out.contains("1\u{a0}200 nok -> 1\u{a0}500 nok"), "{out}");
    assert_eq!(desk.value("benefit.realised", &[]), "1200.0", "a check changes nothing");
    let done = desk.apply("unit_values.csv", &dearer);
    assert_eq!((&done["edition"], &done["unchanged"]), (&7.into(), &2.into()));
    assert_eq!(desk.value("benefit.realised", &[]), "1500.0");
    assert_eq!(desk.value("benefit.realised", &["--as-of", "6"]), "1200.0");
    // An upgrade leaves it as it is.
    let (code, out, _) = desk.run(&["init", "--dry-run"]);
    assert_eq!((code, out.as_str()), (0, "every embedded table is in the lake as it is shipped\n"));
    assert_eq!(desk.run(&["init"]).0, 0);
    assert_eq!(desk.value("benefit.realised", &[]), "1500.0");
    let (_, out, _) = desk.run(&[
        "sql",
        "SELECT register, change FROM register_changes ORDER BY changed_at",
        "--format",
        "csv",
    ]);
    let changes =
        "solutions,added\nmeasures,added\nunit_values,added\nbaselines,added\nunit_values,changed\n";
    assert_eq!(out, format!("register,change\n{changes}"));
    let (code, out, _) = desk.run(&["verify"]);
    assert_eq!(code, 0, "{out}");
}

/// A workbook comes back as it went out, in every language, and asks for nothing.
#[test]
fn a_workbook_comes_back_unchanged() {
    let desk = Desk::new();
    desk.apply("waves.csv", "wave_id,solution_id,network_id,name\nhost,digihelse,digi-vestland,Høst\n");
    desk.apply(
        "wave_members.csv",
        "wave_id,municipality_code,planned_date\nhost,4601,2027-01-01\nhost,0301,\n",
    );
    desk.apply(
        "targets.csv",
        "metric;solution_id;scope;value;baseline_period;baseline_value;path;due;owner\n\
         adoption.reach;digihelse;network:digi-vestland;60 %;2026-01-01;0,125;straight;2028-01-01;KS\n",
    );
    for language in ["nb", "nn", "en"] {
        for (table, rows) in [
            ("solutions", 9),
            ("measures", 18),
            ("target_groups", 7),
            ("unit_values", 2),
            ("prices", 11),
            ("baselines", 0),
            ("networks", 10),
            ("network_members", 356),
            ("membership_fees", 1),
            ("waves", 1),
            ("wave_members", 2),
            ("targets", 1),
        ] {
            let file = format!("{table}.xlsx");
            let (code, _, message) =
                desk.run(&["register", "export", table, "-o", &file, "--lang", language]);
            assert_eq!(code, 0, "{message}");
            let (code, out, message) = desk.run(&["register", "check", &file]);
            let expected =
                format!("{table}: 0 added, 0 changed, 0 ended, 0 removed, {rows} unchanged, 0 refused");
            assert!(code == 0 && out.starts_with(&expected), "{language} {table}: {out}{message}");
        }
    }
}

/// What is refused is said with its place and how to mend it, and the exit code says so too.
#[test]
fn a_wrong_row_is_named_and_nothing_is_written() {
    let desk = Desk::new();
    desk.write("waves.csv", "wave_id,solution_id,name\nhost,digihels,Høst\n");
    let (code, out, _) = desk.run(&["register", "apply", "waves.csv", "--reason", "plan"]);
    assert_eq!(code, 3);
    let expected = "refused: row 2, column `solution_id`: `digihels` is not among `solutions`. To mend it: did you mean `digihelse`?";
    assert!(out.contains(expected) && out.contains("nothing is applied"), "{out}");
    let (code, out, message) = desk.run(&["register", "export", "wave", "-o", "w.csv"]);
    assert!(code == 2 && message.contains("waves"), "{out}{message}");
    let (code, _, message) = desk.run(&["register", "apply", "waves.csv", "--reason", "…"]);
    assert!(code == 2 && message.contains("--reason"), "{message}");
    let (code, _, message) = desk.run(&["register", "export", "waves", "-o", "w.pdf"]);
    assert!(code == 2 && message.contains(".xlsx or .csv"), "{message}");
    let (_, out, _) = desk.run(&["register", "list"]);
    assert!(out.contains("solutions") && out.contains("9 rows,    0 of one's own"), "{out}");
    let (_, out, _) = desk.run(&["register", "show", "waves", "--columns", "--lang", "nb"]);
    assert!(out.contains("Pulje") && out.contains("wave_id"), "{out}");
    let (_, out, _) = desk.run(&["register", "show", "networks", "--format", "csv"]);
    assert!(out.lines().any(|line| line.starts_with("digi-vestland,")), "{out}");
}
