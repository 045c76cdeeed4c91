//! The inbox: an upload is taken exactly once, whatever happens between it and its answer.

use std::sync::Arc;

use utbredt_lake::{Lake, Run, Uploaded};
use utbredt_model::{Upload, Verdict};

use super::*;
use crate::config::IngestConfig;
use crate::deliver;
use crate::fetch::tests::Still;
use crate::inbox::{Inbox, InboxError};

const PLAN: &str = "[[upload]]\ntoken = { env = \"TOKEN\" }\nsources = [\"county\"]\n\
    [[source]]\nid = \"county\"\nkind = \"folder\"\nschedule = \"daily\"\nfolder = \"inbox\"\ncontract = \"county.toml\"\n";

const ROWS: [&str; 2] = ["0301;2025-01;uses;10", "4601;2025-01;uses;20"];

/// A lake, and an inbox for it.
struct Desk {
    lake: TempDir,
    _base: TempDir,
    inbox: Inbox,
}

impl Desk {
    fn new() -> Self {
        Self::with("")
    }

    /// One whose plan begins with more.
    fn with(more: &str) -> Self {
        let (lake, writer) = ready();
        drop(writer);
        let base = tempfile::tempdir().unwrap();
        std::fs::write(base.path().join("county.toml"), CONTRACT).unwrap();
        let config = IngestConfig::parse(&format!("{more}{PLAN}"), Path::new("utbredt.toml")).unwrap();
        let opened = Lake::open(lake.path()).unwrap();
        let clock = Arc::new(Still::at("2025-03-12T06:00:00Z"));
        let inbox = Inbox::open(config, base.path().to_path_buf(), opened, clock).unwrap();
        Self { lake, _base: base, inbox }
    }

    fn lake(&self) -> Lake {
        Lake::open(self.lake.path()).unwrap()
    }

    fn edition(&self) -> u64 {
        self.lake().latest().unwrap().unwrap().number
    }
}

/// An upload under a key; its fingerprint is told by its rows.
fn upload(key: &str, rows: &[&str]) -> Upload {
    Upload {
        source_id: "county".to_owned(),
        subject: "2025-01".to_owned(),
        payload: delivery("2025-01", rows).payload.bytes().to_vec(),
        dry_run: false,
        key: Some(key.to_owned()),
        fingerprint: rows.join("|"),
    }
}

#[test]
fn the_same_upload_gets_the_same_answer() {
    let desk = Desk::new();
    let dry = desk.inbox.accept(Upload { dry_run: true, key: None, ..upload("", &ROWS) }).unwrap();
    assert_eq!((dry.verdict, desk.edition()), (Verdict::Accepted, 1), "nothing is written");
    let first = desk.inbox.accept(upload("key-of-one", &ROWS)).unwrap();
    assert_eq!((first.verdict, desk.edition()), (Verdict::Accepted, 2));
    assert_eq!((&first.report["subject"], &first.report["accepted"]), (&"2025-01".into(), &2.into()));
    assert_eq!((&first.report["rejected"], &first.report["state"]), (&0.into(), &"accepted".into()));
    // Other rows have come in since; the answer is still the first one.
    let corrected = ["0301;2025-01;uses;11", "4601;2025-01;uses;20", "9999;2025-01;uses;1"];
    let second = desk.inbox.accept(upload("key-of-two", &corrected)).unwrap();
    assert_eq!((second.verdict, &second.report["rejected_rows"]), (Verdict::Held, &1.into()));
    assert!(second.report["held"][0].as_str().unwrap().contains("1 of 3 rows"), "{}", second.report);
    assert_eq!(desk.inbox.accept(upload("key-of-one", &ROWS)).unwrap(), first);
    assert_eq!(desk.inbox.accept(upload("key-of-two", &corrected)).unwrap(), second);
    assert_eq!(desk.edition(), 3, "the receipt of what is held, and nothing more");
    // Under another key it is another upload of what is here already.
    let again = desk.inbox.accept(upload("key-of-three", &ROWS)).unwrap();
    assert_eq!((again.verdict, desk.edition()), (Verdict::Unchanged, 3));
    assert!(matches!(desk.inbox.accept(upload("key-of-one", &corrected)), Err(InboxError::KeyReused)));
}

#[test]
fn while_another_writes_the_sender_is_requested_to_come_again() {
    let desk = Desk::new();
    let writer = desk.lake().writer().unwrap();
    assert!(matches!(desk.inbox.accept(upload("key", &ROWS)), Err(InboxError::Busy)));
    drop(writer);
    assert_eq!(desk.inbox.accept(upload("key", &ROWS)).unwrap().verdict, Verdict::Accepted);
    let unknown = Upload { source_id: "count".to_owned(), ..upload("other", &ROWS) };
    let error = desk.inbox.accept(unknown).unwrap_err();
    assert!(error.to_string().contains("did you mean `county`?"), "{error}");
}

/// With no room for held deliveries: what would be held is refused and leaves nothing, what is in order comes in.
#[test]
fn an_upload_that_would_be_held_beyond_the_quota_is_refused() {
    let desk = Desk::with("[held]\nquota_mib = 0\n");
    let bad = ["0301;2025-01;uses;11", "9999;2025-01;uses;1"];
    let refused = desk.inbox.accept(upload("key", &bad)).unwrap_err();
    assert!(matches!(refused, InboxError::Full { held: 0, quota: 0 }), "{refused}");
    assert!(!desk.lake().has_payload(&upload("key", &bad).payload));
    assert_eq!((desk.edition(), desk.lake().runs().unwrap().len()), (1, 0));
    let shown = desk.inbox.accept(Upload { dry_run: true, key: None, ..upload("", &bad) }).unwrap();
    assert_eq!(shown.verdict, Verdict::Held, "a dry run gives the reasons all the same");
    assert_eq!(desk.inbox.accept(upload("other", &ROWS)).unwrap().verdict, Verdict::Accepted);
    // Its key is not used up: the same may be sent when there is room.
    let refused = desk.inbox.accept(upload("key", &bad)).unwrap_err();
    assert!(matches!(refused, InboxError::Full { .. }), "{refused}");
}

/// Whoever took it was stopped: before the edition it comes in, after it it is not brought in again.
#[test]
fn an_upload_whose_taker_was_stopped_comes_in_once() {
    for made in [false, true] {
        let desk = Desk::new();
        let sent = Uploaded {
            key: Some("key".to_owned()),
            fingerprint: ROWS.join("|"),
            verdict: None,
            report: serde_json::Value::Null,
        };
        let begun = Run {
            source_id: "county".to_owned(),
            started_at: moment("2025-03-12T05:59:00Z"),
            edition: 1,
            upload: Some(sent),
            ..Run::default()
        };
        desk.lake().append_run(&begun).unwrap();
        if made {
            let mut writer = desk.lake().writer().unwrap();
            deliver(&mut writer, &contract(), &delivery("2025-01", &ROWS)).unwrap();
        }
        let verdict = desk.inbox.accept(upload("key", &ROWS)).unwrap().verdict;
        let expected = if made { Verdict::Unchanged } else { Verdict::Accepted };
        assert_eq!((verdict, desk.edition()), (expected, 2), "{made}");
    }
}
