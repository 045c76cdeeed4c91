//! What a commit does and does not do.

use tempfile::tempdir;
use utbredt_model::ReceiptId;

use super::support::{
    append, change, files, moment, read_usage, receipts, row, sample, sorted, table, usage,
};
use crate::{EditionDraft, Lake, LakeError, Outcome};

#[test]
fn what_was_committed_is_read_back() {
    let folder = tempdir().unwrap();
    let lake = Lake::init(folder.path()).unwrap();
    assert!(lake.latest().unwrap().is_none());
    let rows = [row("4601", 1, 9, "a"), row("0301", 0, 7, "a"), row("0301", 2, 8, "b")];
    let Outcome::Committed(edition) = lake.writer().unwrap().commit(append(0, &rows)).unwrap() else {
        panic!()
    };
    assert_eq!(edition.number, 1);
    assert_eq!(edition.receipts, ["a", "b"]);
    assert!(edition.previous_sha256.is_none() && !edition.synthetic);
    let file = &edition.tables["usage"][0];
    assert_eq!((file.rows, file.receipts.as_slice()), (3, &["a".to_owned(), "b".to_owned()][..]));
    assert_eq!(file.keys["municipality_code"], ("0301".to_owned(), "4601".to_owned()));
    assert_eq!(file.keys["period_start"], ("2024-01-01".to_owned(), "2024-03-03".to_owned()));

    let again = Lake::open(folder.path()).unwrap();
    let read = again.latest().unwrap().unwrap();
    assert_eq!(read, edition);
    assert_eq!(read_usage(&again, &read), sorted(&rows));
    assert!(again.verify().unwrap().problems.is_empty());
}

#[test]
fn the_same_delivery_twice_changes_nothing() {
    let folder = tempdir().unwrap();
    let lake = Lake::init(folder.path()).unwrap();
    let mut writer = lake.writer().unwrap();
    let (a, b) = (row("0301", 0, 7, "a"), row("4601", 0, 9, "a"));
    writer.commit(append(0, &[a.clone(), b.clone()])).unwrap();
    // In another order, at another time: the same rows are the same file.
    assert!(matches!(writer.commit(append(9, &[b, a])).unwrap(), Outcome::Unchanged(e) if e.number == 1));
    let whole =
        || EditionDraft { replace: vec![(table("usage"), usage(&[row("1101", 0, 1, "z")]))], ..change(10) };
    assert!(matches!(writer.commit(whole()).unwrap(), Outcome::Committed(e) if e.number == 2));
    assert!(matches!(writer.commit(whole()).unwrap(), Outcome::Unchanged(e) if e.number == 2));
}

#[test]
fn superseding_drops_exactly_the_rows_of_that_receipt() {
    let folder = tempdir().unwrap();
    let lake = Lake::init(folder.path()).unwrap();
    let mut writer = lake.writer().unwrap();
    let kept = [row("0301", 0, 7, "b"), row("4601", 3, 2, "c")];
    let mut first =
        append(0, &[kept[0].clone(), row("0301", 0, 5, "a"), row("5501", 1, 5, "a"), kept[1].clone()]);
    first.append.push((table("receipts"), receipts(&[("a", "00"), ("b", "01")])));
    writer.commit(first).unwrap();
    let correction = [row("0301", 0, 6, "d")];
    let correct = || EditionDraft { supersedes: vec![ReceiptId("a".into())], ..append(1, &correction) };
    let edition = writer.commit(correct()).unwrap().edition().clone();
    assert_eq!(read_usage(&lake, &edition), sorted(&[kept.as_slice(), &correction].concat()));
    assert_eq!(edition.receipts, ["b", "c", "d"]);
    assert_eq!(edition.supersedes, ["a"]);
    assert_eq!(edition.tables["receipts"][0].rows, 2, "the evidence stays");
    assert_eq!(read_usage(&lake, &lake.edition(1).unwrap()).len(), 4, "history stays");
    assert!(matches!(writer.commit(correct()).unwrap(), Outcome::Unchanged(_)));
}

#[test]
fn two_writers_are_refused() {
    let folder = tempdir().unwrap();
    let lake = Lake::init(folder.path()).unwrap();
    let first = lake.writer().unwrap();
    assert!(matches!(Lake::open(folder.path()).unwrap().writer(), Err(LakeError::Locked(_))));
    drop(first);
    assert!(lake.writer().is_ok());
}

#[test]
fn a_writer_that_is_away_lets_others_write() {
    let folder = tempdir().unwrap();
    let lake = Lake::init(folder.path()).unwrap();
    let mut first = lake.writer().unwrap();
    first.commit(append(0, &[row("0301", 0, 7, "a")])).unwrap();
    let other = || {
        let mut second = Lake::open(folder.path()).unwrap().writer().unwrap();
        second.commit(append(1, &[row("4601", 0, 8, "b")])).unwrap().edition().number
    };
    assert_eq!(first.with_lock_released(other).unwrap(), 2);
    assert!(matches!(lake.writer(), Err(LakeError::Locked(_))), "it is back");
    let edition = first.commit(append(2, &[row("1103", 0, 9, "c")])).unwrap().edition().clone();
    assert_eq!((edition.number, read_usage(&lake, &edition).len()), (3, 3));
    // Whoever writes when it comes back is waited for.
    let held = std::sync::Barrier::new(2);
    std::thread::scope(|scope| {
        first
            .with_lock_released(|| {
                scope.spawn(|| {
                    let mut second = lake.writer().unwrap();
                    held.wait();
                    std::thread::sleep(std::time::Duration::from_millis(50));
                    second.commit(append(3, &[row("5001", 0, 10, "d")])).unwrap();
                });
                held.wait();
            })
            .unwrap();
    });
    assert_eq!(first.commit(append(4, &[row("3301", 0, 11, "e")])).unwrap().edition().number, 5);
}

#[test]
fn a_table_can_be_emptied_and_a_batch_must_fit() {
    let folder = tempdir().unwrap();
    let lake = Lake::init(folder.path()).unwrap();
    let mut writer = lake.writer().unwrap();
    writer.commit(append(0, &[row("0301", 0, 7, "a")])).unwrap();
    let emptied = EditionDraft { replace: vec![(table("usage"), usage(&[]))], ..change(1) };
    let edition = writer.commit(emptied).unwrap().edition().clone();
    assert!(!edition.tables.contains_key("usage"));
    assert!(read_usage(&lake, &edition).is_empty());
    let wrong =
        EditionDraft { append: vec![(table("waves"), usage(&[row("0301", 0, 7, "a")]))], ..change(2) };
    let error = writer.commit(wrong).unwrap_err();
    assert!(matches!(&error, LakeError::Shape { table, .. } if table == "waves"), "{error}");
    assert_eq!(lake.latest().unwrap().unwrap().number, 2);
}

#[test]
fn history_is_found_by_number_and_by_day() {
    let folder = tempdir().unwrap();
    let lake = sample(folder.path());
    assert_eq!(lake.editions().unwrap().iter().map(|e| e.number).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(lake.as_of(moment(1)).unwrap().number, 2);
    assert_eq!(lake.as_of(moment(500)).unwrap().number, 3);
    assert!(lake.as_of(moment(-1)).unwrap_err().to_string().contains("the first was made"));
    let error = lake.edition(4).unwrap_err();
    assert_eq!(error.to_string(), "there is no edition 4; the newest is 3");
    // A clock set back does not break the order of history.
    let late = lake.writer().unwrap().commit(append(-999, &[row("0301", 9, 1, "e")])).unwrap();
    assert_eq!(late.edition().recorded_at, moment(2));
}

#[test]
fn the_same_rows_make_the_same_lake() {
    let (one, two) = (tempdir().unwrap(), tempdir().unwrap());
    sample(one.path());
    sample(two.path());
    let names = files(one.path());
    assert_eq!(names, files(two.path()));
    for name in names {
        assert_eq!(
            std::fs::read(one.path().join(&name)).unwrap(),
            std::fs::read(two.path().join(&name)).unwrap(),
            "{name}"
        );
    }
}

#[test]
fn compaction_merges_files_and_changes_no_row() {
    let folder = tempdir().unwrap();
    let lake = sample(folder.path());
    let mut writer = lake.writer().unwrap();
    let before = lake.latest().unwrap().unwrap();
    assert!(before.tables["usage"].len() > 1);
    let after = writer.compact(moment(9)).unwrap().edition().clone();
    assert_eq!(after.tables["usage"].len(), 1);
    assert_eq!(read_usage(&lake, &after), read_usage(&lake, &before));
    assert_eq!(after.receipts, before.receipts);
    assert!(matches!(writer.compact(moment(10)).unwrap(), Outcome::Unchanged(_)));
    assert!(lake.verify().unwrap().problems.is_empty());
}

#[test]
fn clean_up_takes_leftovers_only() {
    let folder = tempdir().unwrap();
    let lake = sample(folder.path());
    let before = files(folder.path());
    let stray = format!("tables/usage/{}.parquet", "0".repeat(64));
    for leftover in [&stray, "raw/.tmp-1-1", "editions/.tmp-1-2", "tables/usage/.tmp-1-3", ".tmp-1-4"] {
        std::fs::write(folder.path().join(leftover), b"half").unwrap();
    }
    let swept = lake.writer().unwrap().clean_up().unwrap();
    assert_eq!((swept.removed.len(), swept.bytes), (5, 20));
    assert_eq!(files(folder.path()), before);
    assert!(lake.verify().unwrap().problems.is_empty());
}

#[test]
fn what_a_writer_left_is_looked_for_after_a_kill_or_a_failure_only() {
    let folder = tempdir().unwrap();
    let lake = sample(folder.path());
    let (left, lock) = (folder.path().join("raw/.tmp-1-1"), folder.path().join("LOCK"));
    let leave = || std::fs::write(&left, b"half").unwrap();
    let has_left = || left.exists();
    // Nothing is read after a writer that ended by itself, and nothing swept.
    leave();
    lake.writer().unwrap().recover().unwrap();
    assert!(has_left());
    // One that was killed leaves its note, also to a writer that mends nothing.
    let mut killed = lake.writer().unwrap();
    let note = std::fs::read(&lock).unwrap();
    assert!(!note.is_empty());
    killed.with_lock_released(|| assert_eq!(std::fs::read(&lock).unwrap(), b"")).unwrap();
    drop(killed);
    std::fs::write(&lock, &note).unwrap();
    drop(lake.writer().unwrap());
    lake.writer().unwrap().recover().unwrap();
    assert!(!has_left() && std::fs::read(&lock).unwrap().is_empty());
    // One whose work failed leaves it too.
    leave();
    let mut failed = lake.writer().unwrap();
    let draft =
        EditionDraft { replace: vec![(table("usage"), receipts(&[("a", "accepted")]))], ..change(20) };
    assert!(failed.commit(draft).is_err());
    drop(failed);
    lake.writer().unwrap().recover().unwrap();
    assert!(!has_left());
}

#[test]
fn a_folder_of_something_else_is_no_lake() {
    let folder = tempdir().unwrap();
    assert!(matches!(Lake::open(folder.path()), Err(LakeError::NotALake { .. })));
    std::fs::write(folder.path().join("photo.jpg"), b"x").unwrap();
    assert!(Lake::init(folder.path()).unwrap_err().to_string().contains("photo.jpg"));
    let lake = tempdir().unwrap();
    Lake::init(lake.path()).unwrap();
    Lake::init(lake.path()).unwrap();
    std::fs::write(lake.path().join("FORMAT"), "2\n").unwrap();
    assert!(matches!(Lake::open(lake.path()), Err(LakeError::UnknownFormat { .. })));
}

#[test]
fn a_delta_log_holds_the_history_of_one_table() {
    let folder = tempdir().unwrap();
    let lake = sample(folder.path());
    let read = |k: u64| std::fs::read_to_string(folder.path().join(crate::delta::path("usage", k))).unwrap();
    let count =
        |text: &str, action: &str| text.lines().filter(|l| l.starts_with(&format!("{{\"{action}\""))).count();
    assert!(!folder.path().join(crate::delta::path("usage", 3)).exists());
    let (first, last) = (read(0), read(2));
    assert_eq!((count(&first, "protocol"), count(&first, "metaData"), count(&first, "add")), (1, 1, 1));
    // The correction wrote the first file anew without receipt a, and added a file.
    assert_eq!((count(&last, "remove"), count(&last, "add"), count(&last, "metaData")), (1, 2, 0));
    std::fs::remove_dir_all(folder.path().join("tables/usage/_delta_log")).unwrap();
    assert_eq!(lake.verify().unwrap().problems.len(), 3);
    assert_eq!(lake.writer().unwrap().rebuild_delta().unwrap(), 3);
    assert_eq!(read(0), first);
    assert!(lake.verify().unwrap().problems.is_empty());
}
