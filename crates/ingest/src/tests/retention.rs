//! What is kept of held deliveries: nothing that waits is removed, nothing is removed in silence, and evidence stays.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use utbredt_lake::{LakeError, Run};

use super::*;
use crate::held::{self, HeldDelivery, HeldError, HeldLimits};
use crate::{Report, deliver};

const JANUARY: [&str; 2] = ["0301;2025-01;uses;1209", "4601;2025-01;uses;309"];
const FEBRUARY: [&str; 2] = ["0301;2025-02;uses;1210", "4601;2025-02;uses;310"];

fn bring(writer: &mut Writer, subject: &str, rows: &[&str], day: i64) -> Report {
    let mut delivery = delivery(subject, rows);
    delivery.received_at += TimeDelta::days(day);
    deliver(writer, &contract(), &delivery).unwrap()
}

fn sweep(writer: &mut Writer, limits: HeldLimits, day: i64) -> u64 {
    held::remove_settled(writer, limits, moment("2025-03-12T06:00:00Z") + TimeDelta::days(day), 0).unwrap()
}

fn ids(list: &[HeldDelivery]) -> Vec<String> {
    list.iter().map(|one| one.receipt_id.clone()).collect()
}

fn waiting(writer: &Writer) -> Vec<String> {
    ids(&held::list(writer.lake()).unwrap())
}

fn removed(writer: &Writer) -> Vec<String> {
    ids(&held::removed(writer.lake()).unwrap())
}

fn is_kept(writer: &Writer, subject: &str, rows: &[&str]) -> bool {
    writer.lake().has_payload(delivery(subject, rows).payload.bytes())
}

/// What the log of runs says was removed.
fn logged(writer: &Writer) -> Vec<String> {
    let text = std::fs::read_to_string(writer.lake().root().join("runs.jsonl")).unwrap_or_default();
    let runs = text.lines().map(|line| serde_json::from_str::<Run>(line).unwrap());
    runs.flat_map(|run| run.removed).collect()
}

/// A lake where `january` is held as a loss of what is active under its subject, since `day` days.
fn with_held(day: i64) -> (TempDir, Writer, Report) {
    let (dir, mut writer) = ready();
    assert_eq!(bring(&mut writer, "eksport", &FEBRUARY, 0).held, None);
    let report = bring(&mut writer, "eksport", &JANUARY, day);
    assert!(report.held.is_some() && report.releasable);
    (dir, writer, report)
}

#[test]
fn what_waits_is_kept_however_old_it_is_and_what_a_later_answer_settled_for_its_days() {
    let (_dir, mut writer, report) = with_held(1);
    let limits = HeldLimits { keep_days: 30, ..HeldLimits::default() };
    assert!(sweep(&mut writer, limits, 5000) > 0);
    assert_eq!((waiting(&writer), removed(&writer)), (vec![report.receipt_id.0.clone()], vec![]));

    // A later answer to the same question: nobody has to decide any more.
    let corrected = ["0301;2025-02;uses;1300", "4601;2025-02;uses;320"];
    assert_eq!(bring(&mut writer, "eksport", &corrected, 2).held, None);
    sweep(&mut writer, limits, 30);
    assert!(is_kept(&writer, "eksport", &JANUARY) && logged(&writer).is_empty());
    assert_eq!(sweep(&mut writer, limits, 31), 0);
    assert!(!is_kept(&writer, "eksport", &JANUARY));
    let id = report.receipt_id.0.clone();
    assert_eq!((waiting(&writer), removed(&writer)), (vec![], vec![id.clone()]));
    let why = "a later answer is active; it is kept 30 days";
    assert_eq!(logged(&writer), [format!("{id} `eksport`, 66 bytes: {why}")]);
    let error = held::release(&mut writer, &id, "it is right", moment("2025-05-01T00:00:00Z")).unwrap_err();
    assert!(matches!(&error, HeldError::Removed(removed) if removed.reason == why), "{error}");
    assert_eq!(error.to_string(), format!("its payload was removed on 2025-04-12: {why}; deliver it again"));
    let (shown, release) = held::show(writer.lake(), &id).unwrap();
    assert!(shown.removed.is_some() && release.is_none());
    // It is no run of the source, and no damage.
    let runs = writer.lake().run_summary().unwrap();
    assert_eq!((runs.sources.len(), runs.removed_payloads), (0, 1));
    assert_eq!(writer.lake().verify().unwrap().problems, Vec::<String>::new());
    // What is active, and what was, is evidence.
    for rows in [&corrected, &FEBRUARY] {
        assert!(is_kept(&writer, "eksport", rows));
    }
    // Delivered again it is held again, and its payload is there.
    assert!(bring(&mut writer, "eksport", &JANUARY, 40).held.is_some());
    assert!(is_kept(&writer, "eksport", &JANUARY) && removed(&writer).is_empty());
    assert_eq!(writer.lake().verify().unwrap().problems, Vec::<String>::new());
}

#[test]
fn what_nobody_can_release_is_kept_for_its_days() {
    let (_dir, mut writer) = ready();
    let unreadable = ["9999;2025-01;uses;1", "9998;2025-01;uses;2"];
    let half = ["9999;2025-01;uses;1", "4601;2025-01;uses;2"];
    let ids = [&unreadable, &half].map(|rows| {
        let report = bring(&mut writer, &format!("of {}", rows[1]), rows, 0);
        assert!(report.held.is_some());
        report.receipt_id.0
    });
    sweep(&mut writer, HeldLimits::default(), 89);
    assert_eq!(removed(&writer), Vec::<String>::new());
    sweep(&mut writer, HeldLimits::default(), 90);
    assert_eq!((removed(&writer), waiting(&writer)), (vec![ids[0].clone()], vec![ids[1].clone()]));
    assert!(
        logged(&writer)[0]
            .ends_with("nobody can release it, since nothing of it is readable; it is kept 90 days")
    );
}

#[test]
fn over_its_quota_what_is_settled_makes_room_oldest_first_and_what_waits_stays() {
    let (_dir, mut writer) = ready();
    let held = |writer: &mut Writer, code: &str, day: i64| {
        let report = bring(writer, code, &[&format!("{code};2025-01;uses;1")], day);
        assert!(report.held.is_some(), "{code}");
        report.receipt_id.0
    };
    let older = held(&mut writer, "9991", 0);
    let newer = held(&mut writer, "9992", 1);
    assert_eq!(bring(&mut writer, "eksport", &FEBRUARY, 2).held, None);
    let waits = bring(&mut writer, "eksport", &JANUARY, 3).receipt_id.0;
    let limits = HeldLimits { quota_mib: 1, keep_days: 90 };
    let now = moment("2025-03-16T06:00:00Z");
    let total = held::bytes(writer.lake()).unwrap();
    assert_eq!(held::remove_settled(&mut writer, limits, now, (1 << 20) - total).unwrap(), total);
    // A byte more, and one has to go.
    let one = delivery("9991", &["9991;2025-01;uses;1"]).payload.length();
    assert_eq!(held::remove_settled(&mut writer, limits, now, (1 << 20) - total + 1).unwrap(), total - one);
    assert_eq!(removed(&writer), std::slice::from_ref(&older));
    assert_eq!(held::remove_settled(&mut writer, limits, now, 1 << 20).unwrap(), total - 2 * one);
    let mut both = removed(&writer);
    both.sort();
    let mut expected = vec![older, newer];
    expected.sort();
    assert_eq!((both, waiting(&writer)), (expected, vec![waits]));
    assert!(logged(&writer).iter().all(|line| line.ends_with("; the quota of 1 MiB is used up")));
}

#[test]
fn evidence_is_never_removed() {
    let (_dir, mut writer) = ready();
    // Active once, and held when the same was delivered again after the reference tables had changed: the older edition's.
    let report = bring(&mut writer, "eksport", &FEBRUARY, 0);
    assert_eq!(report.held, None);
    let sha256 = delivery("eksport", &FEBRUARY).sha256();
    let receipts = table_of(&writer, "receipts");
    let mut columns = receipts.columns().to_vec();
    let state = receipts.schema().index_of("state").unwrap();
    columns[state] = std::sync::Arc::new(arrow::array::StringArray::from(vec!["held"]));
    let receipts = RecordBatch::try_new(receipts.schema(), columns).unwrap();
    let change = EditionDraft {
        recorded_at: moment("2025-03-13T06:00:00Z"),
        reason: "test".to_owned(),
        replace: vec![(columns::table("receipts").unwrap(), receipts)],
        append: Vec::new(),
        supersedes: vec![report.receipt_id.clone()],
        receipts: Vec::new(),
    };
    writer.commit(change).unwrap();
    let chosen = BTreeMap::from([(sha256.clone(), "test".to_owned())]);
    assert_eq!(
        writer.remove_payloads(&chosen, moment("2026-01-01T00:00:00Z")).unwrap(),
        Vec::<String>::new()
    );
    assert!(is_kept(&writer, "eksport", &FEBRUARY));
    let error =
        held::discard(&mut writer, &report.receipt_id.0, "test", moment("2026-01-01T00:00:00Z")).unwrap_err();
    assert!(matches!(error, HeldError::Evidence(_)), "{error}");
    // Whoever removes it all the same is found out, whatever note he leaves.
    let raw = writer.lake().root().join("raw");
    std::fs::rename(raw.join(format!("{sha256}.zst")), raw.join("elsewhere")).unwrap();
    std::fs::remove_file(raw.join("elsewhere")).unwrap();
    let note = "{\"removed_at\":\"2026-01-01T00:00:00Z\",\"reason\":\"test\"}\n";
    std::fs::write(raw.join(format!("{sha256}.removed")), note).unwrap();
    let problems = writer.lake().verify().unwrap().problems;
    assert!(problems.len() == 1 && problems[0].contains(&sha256), "{problems:?}");
}

#[test]
fn a_person_discards_what_is_of_no_use() {
    let (_dir, mut writer, report) = with_held(1);
    let (id, now) = (report.receipt_id.0.clone(), moment("2025-04-01T00:00:00Z"));
    assert!(matches!(held::discard(&mut writer, &id, " ", now), Err(HeldError::NoReason)));
    assert!(matches!(held::discard(&mut writer, "0123", "why", now), Err(HeldError::Unknown { .. })));
    let done = held::discard(&mut writer, &id, "a test file", now).unwrap();
    assert_eq!((done.receipt_id, done.bytes), (id.clone(), 66));
    assert_eq!(logged(&writer), [format!("{id} `eksport`, 66 bytes: discarded: a test file")]);
    assert_eq!((waiting(&writer), removed(&writer)), (vec![], vec![id.clone()]));
    assert!(matches!(held::discard(&mut writer, &id, "twice", now), Err(HeldError::Removed(_))));
    let sha256 = delivery("eksport", &JANUARY).sha256();
    assert!(matches!(writer.lake().raw(&sha256), Err(LakeError::RemovedRaw { .. })));
    // What is active is not for this.
    let active = delivery("eksport", &FEBRUARY).receipt_id().0;
    assert!(matches!(held::discard(&mut writer, &active, "why", now), Err(HeldError::NotHeld(_))));
}

#[test]
fn a_note_that_was_changed_is_damage() {
    let (_dir, mut writer, report) = with_held(1);
    held::discard(&mut writer, &report.receipt_id.0, "a test file", moment("2025-04-01T00:00:00Z")).unwrap();
    let sha256 = delivery("eksport", &JANUARY).sha256();
    let path = writer.lake().root().join(format!("raw/{sha256}.removed"));
    let note = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, note.replace("a test", "a TEST")).unwrap();
    let problems = writer.lake().verify().unwrap().problems;
    assert!(
        problems.len() == 1 && problems[0].starts_with(&format!("raw/{sha256}.removed is damaged")),
        "{problems:?}"
    );
}
