//! A folder that is looked at again and again, beside answers that come another way; and when it is looked at.

use utbredt_lake::{Lake, Run, Uploaded};
use utbredt_model::Verdict;

use super::*;
use crate::config::IngestConfig;
use crate::fetch::tests::Still;
use crate::fetch::{Client, Guard, Limits};
use crate::{Context, deliver, due, run};

const PLAN: &str = "[[source]]\nid = \"county\"\nkind = \"folder\"\nschedule = \"daily at 07:00\"\nfolder = \"inbox\"\n\
    contract = \"county.toml\"\n";

const FIRST: [&str; 2] = ["0301;2025-01;uses;10", "4601;2025-01;uses;20"];
const SECOND: [&str; 2] = ["0301;2025-01;uses;11", "4601;2025-01;uses;20"];

fn plan() -> IngestConfig {
    IngestConfig::parse(PLAN, Path::new("utbredt.toml")).unwrap()
}

/// A lake, and a folder beside it.
struct Desk {
    _lake: TempDir,
    writer: Writer,
    base: TempDir,
}

impl Desk {
    fn new() -> Self {
        let (lake, writer) = ready();
        let base = tempfile::tempdir().unwrap();
        std::fs::create_dir(base.path().join("inbox")).unwrap();
        let desk = Self { _lake: lake, writer, base };
        desk.put("county.toml", CONTRACT.as_bytes());
        desk
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.base.path().join(name), bytes).unwrap();
    }

    fn look(&mut self, at: &str) -> Run {
        let clock = Still::at(at);
        let client = Client::new(Guard::new([]), Limits::default(), &clock);
        let base = self.base.path();
        let means = Context { client: &client, base, maskinporten: None, environment: &|_| None };
        run(&mut self.writer, &means, plan().source("county").unwrap()).unwrap()
    }

    /// An answer that does not come by the folder.
    fn sent(&mut self, at: &str, rows: &[&str]) -> u64 {
        let delivery = Delivery { received_at: moment(at), ..delivery("2025-01", rows) };
        let report = deliver(&mut self.writer, &contract(), &delivery).unwrap();
        assert_eq!((report.unchanged, report.held), (false, None));
        report.edition
    }

    /// Oslo's number in force.
    fn oslo(&self) -> String {
        usage_of(&self.writer).first().cloned().unwrap_or_default()
    }
}

#[test]
fn a_file_left_lying_never_puts_an_older_answer_back() {
    let mut desk = Desk::new();
    let file = delivery("2025-01", &FIRST).payload.bytes().to_vec();
    desk.put("inbox/2025-01.csv", &file);
    let first = desk.look("2025-03-12T06:00:00Z");
    assert_eq!((first.accepted, first.edition), (2, 2));
    assert_eq!(desk.sent("2025-03-12T09:00:00Z", &SECOND), 3);
    for at in ["2025-03-13T06:00:00Z", "2025-03-14T06:00:00Z"] {
        let again = desk.look(at);
        assert!(again.is_healthy());
        assert_eq!((again.requests, again.bytes, again.deliveries), (1, file.len() as u64, 1));
        assert_eq!((again.rows_in, again.accepted, again.edition), (0, 0, 3));
        assert_eq!(desk.oslo(), "0301 2024-01-01 11");
    }
    // Other bytes are another answer, and the newest.
    desk.put(
        "inbox/2025-01.csv",
        delivery("2025-01", &["0301;2025-01;uses;12", "4601;2025-01;uses;20"]).payload.bytes(),
    );
    assert_eq!(
        (desk.look("2025-03-15T06:00:00Z").edition, desk.oslo()),
        (4, "0301 2024-01-01 12".to_owned())
    );
    // What was replaced comes back when somebody says so.
    assert_eq!(
        (desk.sent("2025-03-15T09:00:00Z", &FIRST), desk.oslo()),
        (5, "0301 2024-01-01 10".to_owned())
    );
    assert_eq!(
        (desk.look("2025-03-16T06:00:00Z").edition, desk.oslo()),
        (5, "0301 2024-01-01 10".to_owned())
    );
}

#[test]
fn two_files_of_one_name_do_not_take_turns() {
    let mut desk = Desk::new();
    desk.put("inbox/2025-01.csv", delivery("2025-01", &FIRST).payload.bytes());
    desk.put("inbox/2025-01.txt", delivery("2025-01", &SECOND).payload.bytes());
    // The first is replaced by the second, by name; that is the last word.
    for at in ["2025-03-12T06:00:00Z", "2025-03-13T06:00:00Z"] {
        let look = desk.look(at);
        assert_eq!((look.requests, look.edition, desk.oslo()), (2, 3, "0301 2024-01-01 11".to_owned()));
    }
}

#[test]
fn a_held_file_is_tried_again_until_a_later_answer_is_in_force() {
    let late = CONTRACT.replace("column = \"code\"", "column = \"kode\"");
    let mut desk = Desk::new();
    desk.put("county.toml", late.as_bytes());
    desk.put("inbox/2025-01.csv", delivery("2025-01", &FIRST).payload.bytes());
    let look = desk.look("2025-03-12T06:00:00Z");
    assert!(!look.is_healthy() && look.held[0].contains("kode"), "{look:?}");
    desk.put("county.toml", CONTRACT.as_bytes());
    let look = desk.look("2025-03-13T06:00:00Z");
    assert!(look.is_healthy());
    assert_eq!((look.accepted, desk.oslo()), (2, "0301 2024-01-01 10".to_owned()));

    let mut desk = Desk::new();
    desk.put("county.toml", late.as_bytes());
    desk.put("inbox/2025-01.csv", delivery("2025-01", &FIRST).payload.bytes());
    desk.look("2025-03-12T06:00:00Z");
    desk.sent("2025-03-12T09:00:00Z", &SECOND);
    desk.put("county.toml", CONTRACT.as_bytes());
    let look = desk.look("2025-03-13T06:00:00Z");
    assert!(look.is_healthy());
    assert_eq!((look.accepted, desk.oslo()), (0, "0301 2024-01-01 11".to_owned()));
}

#[test]
fn what_was_sent_to_us_is_no_look_at_the_source() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::init(folder.path()).unwrap();
    let is_due = |now: &str| !due(&plan(), &lake, moment(now)).unwrap().is_empty();
    let run = |at: &str| Run { source_id: "county".into(), started_at: moment(at), ..Run::default() };
    let uploaded = Uploaded {
        key: None,
        fingerprint: "f".to_owned(),
        verdict: Some(Verdict::Accepted),
        report: "a report".into(),
    };
    let sent = |at: &str| lake.append_run(&Run { upload: Some(uploaded.clone()), ..run(at) }).unwrap();
    // In March 07:00 in Oslo is 06:00 UTC.
    sent("2025-03-11T05:00:00Z");
    assert!(is_due("2025-03-11T05:30:00Z"), "it was never looked at");
    lake.append_run(&run("2025-03-11T06:00:00Z")).unwrap();
    sent("2025-03-12T06:30:00Z");
    assert!(!is_due("2025-03-12T05:59:00Z"));
    assert!(is_due("2025-03-12T07:00:00Z"));
    // One that failed is looked at again an hour later, whatever was sent meanwhile, and not before.
    lake.append_run(&Run { error: Some("away".into()), ..run("2025-03-12T07:00:00Z") }).unwrap();
    sent("2025-03-12T07:30:00Z");
    assert!(!is_due("2025-03-12T07:59:00Z"));
    assert!(is_due("2025-03-12T08:00:00Z"));
}

/// A file that is larger than is taken keeps none of the others back, and is told at every look.
#[test]
fn a_file_that_cannot_be_taken_keeps_no_other_back() {
    let mut desk = Desk::new();
    desk.put("inbox/2025-01.csv", delivery("2025-01", &FIRST).payload.bytes());
    let mut large = std::fs::File::create(desk.base.path().join("inbox/2024-12.csv")).unwrap();
    // A workbook under a wrong name: text would be read piece by piece.
    std::io::Write::write_all(&mut large, b"PK\x03\x04").unwrap();
    large.set_len((256 << 20) + 1).unwrap();
    let next = delivery("2025-02", &["0301;2025-02;uses;12", "4601;2025-02;uses;20"]);
    desk.put("inbox/2025-02.csv", next.payload.bytes());
    let look = desk.look("2025-03-01T06:00:00Z");
    assert_eq!((look.deliveries, look.accepted), (2, 4));
    let message = look.error.unwrap();
    assert!(message.contains("2024-12.csv is larger than 256 MiB"), "{message}");
}

#[test]
fn what_a_corrected_contract_reads_replaces_what_lies_there_once() {
    let mut desk = Desk::new();
    desk.put("inbox/2025-01.csv", b"code;month;measure;n;all\n0301;2025-01;uses;10;15\n");
    desk.look("2025-02-01T06:00:00Z");
    assert_eq!(desk.oslo(), "0301 2024-01-01 10");
    desk.put("county.toml", CONTRACT.replace("\"n\"", "\"all\"").as_bytes());
    let corrected = desk.look("2025-02-02T06:00:00Z");
    assert_eq!(desk.oslo(), "0301 2024-01-01 15");
    assert_eq!(desk.look("2025-02-03T06:00:00Z").edition, corrected.edition);
}
