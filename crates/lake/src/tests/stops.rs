//! A writer stopped before any step, or a disk that fails at any step, loses nothing and doubles nothing.

use std::io::Read as _;

use tempfile::tempdir;
use utbredt_model::ReceiptId;

use super::faults::End;
use super::support::{append, files, read_usage, row, sample, table, usage};
use crate::disk::{Disk, TEMPORARY};
use crate::{EditionDraft, Lake, LakeError, Writer};

/// A delivery that corrects another: payload, superseded file, new file, record, two Delta logs.
pub(super) fn deliver(writer: &mut Writer) -> Result<(), LakeError> {
    writer.keep_raw(b"kommune;verdi\n0301;71\n")?;
    let rows = [row("0301", 0, 71, "e"), row("1506", 4, 2, "e")];
    writer.commit(EditionDraft { supersedes: vec![ReceiptId("c".into())], ..append(3, &rows) })?;
    Ok(())
}

/// The same rows as files that were written before, and the payload as it is read.
fn deliver_in_order(writer: &mut Writer) -> Result<(), LakeError> {
    writer.keep_raw_stream(&mut b"kommune;verdi\n0301;71\n".as_slice())?;
    let mut files = writer.sorted_files(table("usage"));
    files.push(&usage(&[row("0301", 0, 71, "e")]))?;
    files.push(&usage(&[row("1506", 4, 2, "e")]))?;
    let files = files.finish()?;
    let draft =
        EditionDraft { supersedes: vec![ReceiptId("c".into())], append: Vec::new(), ..append(3, &[]) };
    let receipts = vec![ReceiptId("e".into())];
    writer.commit_with(EditionDraft { receipts, ..draft }, table("usage"), files)?;
    Ok(())
}

/// What is delivered, in one way or the other.
type Delivering = fn(&mut Writer) -> Result<(), LakeError>;

/// The rows before and after the delivery.
pub(super) fn before_and_after() -> [Vec<(String, i32, i64, String)>; 2] {
    let of = |folder: &std::path::Path, delivered: bool| {
        let lake = sample(folder);
        if delivered {
            deliver(&mut lake.writer().unwrap()).unwrap();
        }
        read_usage(&lake, &lake.latest().unwrap().unwrap())
    };
    let (one, two) = (tempdir().unwrap(), tempdir().unwrap());
    let rows = [of(one.path(), false), of(two.path(), true)];
    assert_ne!(rows[0], rows[1]);
    rows
}

/// Payload 5 steps (create, write, sync, rename, sync folder); the file written anew without receipt c and the new
/// file 4 each (create, sync, rename, sync folder); record 6 (create, write, sync, link, sync folder, remove);
/// one version of a Delta log 5. A payload that is kept as it is read has no step of its own for writing.
const STEPS: usize = 5 + 4 + 4 + 6 + 5 + 5;

/// Runs the delivery with the world ending at step `at`; false when it ran to its end without a fault.
fn run(at: usize, end: End, deliver: Delivering, states: &[Vec<(String, i32, i64, String)>; 2]) -> bool {
    let folder = tempdir().unwrap();
    sample(folder.path());
    let disk = Disk::default();
    let faulty = Lake::open_on(folder.path(), disk.clone()).unwrap();
    let mut writer = faulty.writer().unwrap();
    disk.faults.end_at(at, end);
    let done = deliver(&mut writer);
    let ran = disk.faults.steps();
    let faulted = ran > at;
    disk.faults.end_at(usize::MAX, End::Killed);
    if let Err(LakeError::Unsynced { .. }) = &done {
        assert!(matches!(writer.keep_raw(b"x"), Err(LakeError::Stopped(_))), "step {at}: it must not go on");
    } else if end == End::Hiccup && writer.delta_problem().is_none_or(|p| !p.contains("this writer stops")) {
        // The disk has room again: the same writer finishes without anybody mending anything.
        deliver(&mut writer).unwrap();
    }
    drop(writer);

    let lake = Lake::open(folder.path()).unwrap();
    let rows = read_usage(&lake, &lake.latest().unwrap().unwrap());
    assert!(states.contains(&rows), "step {at}: a mixture: {rows:?}");
    assert!(done.is_err() || rows == states[1], "step {at}: acknowledged and lost");
    let problems = lake.verify().unwrap().problems;
    assert!(
        problems.iter().all(|p| p.contains("_delta_log") && p.contains("missing")),
        "step {at}: {problems:?}"
    );

    let mut writer = lake.writer().unwrap();
    deliver(&mut writer).unwrap();
    assert_eq!(read_usage(&lake, &lake.latest().unwrap().unwrap()), states[1], "step {at}");
    writer.clean_up().unwrap();
    assert!(files(folder.path()).iter().all(|name| !name.contains(TEMPORARY)), "step {at}");
    assert_eq!(lake.verify().unwrap().problems, Vec::<String>::new(), "step {at}");
    faulted
}

#[test]
fn killed_before_any_step() {
    let states = before_and_after();
    let steps = (0..500).take_while(|at| run(*at, End::Killed, deliver, &states)).count();
    assert_eq!(steps, STEPS);
    let in_order = (0..500).take_while(|at| run(*at, End::Killed, deliver_in_order, &states)).count();
    assert_eq!(in_order, STEPS - 1);
}

#[test]
fn the_disk_fails_at_any_step() {
    let states = before_and_after();
    let steps = (0..500).take_while(|at| run(*at, End::Hiccup, deliver, &states)).count();
    assert_eq!(steps, STEPS);
    let in_order = (0..500).take_while(|at| run(*at, End::Hiccup, deliver_in_order, &states)).count();
    assert_eq!(in_order, STEPS - 1);
}

#[test]
fn making_a_lake_can_be_cut_short_and_done_again() {
    for at in 0..20 {
        let folder = tempdir().unwrap();
        let root = folder.path().join("new/lake");
        let disk = Disk::default();
        disk.faults.end_at(at, End::Killed);
        let _ = Lake::init_on(&root, disk);
        let lake = Lake::init(&root).unwrap();
        assert!(lake.latest().unwrap().is_none());
        assert!(lake.verify().unwrap().problems.is_empty());
    }
}

#[test]
fn a_leftover_of_the_same_name_is_not_written_through() {
    // A stopped writer may leave the second name of an edition; the next process may get its number.
    let folder = tempdir().unwrap();
    let lake = sample(folder.path());
    let leftover = folder.path().join("editions/.tmp-1-1");
    std::fs::hard_link(folder.path().join("editions/3.json"), &leftover).unwrap();
    drop(lake.disk().create(&leftover).unwrap());
    assert_eq!(lake.verify().unwrap().problems, Vec::<String>::new());
}

#[test]
fn rows_that_come_in_order_are_files_of_their_own() {
    let folder = tempdir().unwrap();
    let lake = sample(folder.path());
    let mut writer = lake.writer().unwrap();
    let before = lake.latest().unwrap().unwrap();
    let mut files = writer.sorted_files(table("usage"));
    files.push(&usage(&[row("0301", 0, 1, "f"), row("0301", 1, 2, "f")])).unwrap();
    let error = files.push(&usage(&[row("0301", 0, 3, "f")])).unwrap_err();
    assert!(error.to_string().contains("do not come in its order"), "{error}");
    files.push(&usage(&[row("1506", 0, 3, "f")])).unwrap();
    let written = files.finish().unwrap();
    assert_eq!((written.len(), written[0].rows), (1, 3));
    // The same bytes as where all rows are there at once.
    let rows = [row("1506", 0, 3, "f"), row("0301", 0, 1, "f"), row("0301", 1, 2, "f")];
    let known = writer.write(table("usage"), vec![usage(&rows)]).unwrap().unwrap();
    assert_eq!(known, written[0]);
    // Nobody committed them, so they are swept up.
    assert_eq!(lake.latest().unwrap().unwrap(), before);
    writer.clean_up().unwrap();
    assert!(!folder.path().join(&known.path).exists());
}

#[test]
fn a_payload_kept_as_it_is_read_is_the_same_evidence() {
    let folder = tempdir().unwrap();
    let lake = sample(folder.path());
    let mut writer = lake.writer().unwrap();
    let payload: Vec<u8> = (0..900_000_u32).flat_map(u32::to_le_bytes).collect();
    let (sha256, bytes) = writer.keep_raw_stream(&mut payload.as_slice()).unwrap();
    assert_eq!((bytes, &sha256), (payload.len() as u64, &writer.keep_raw(&payload).unwrap()));
    assert_eq!(lake.raw(&sha256).unwrap(), payload);
    let mut read = Vec::new();
    lake.open_raw(&sha256).unwrap().read_to_end(&mut read).unwrap();
    assert_eq!(read, payload);
    // A byte that was changed shows before the first is given.
    let path = folder.path().join(format!("raw/{sha256}.zst"));
    let mut packed = std::fs::read(&path).unwrap();
    packed[1000] ^= 1;
    std::fs::write(&path, packed).unwrap();
    assert!(matches!(lake.open_raw(&sha256), Err(LakeError::Damaged { .. })));
    assert!(matches!(lake.open_raw("../secret"), Err(LakeError::NoRaw(_))));
}
