//! A payload that is no evidence can be removed, and a note is left: killed at any step there is the one or the other.

use std::collections::BTreeMap;
use std::fs;

use tempfile::tempdir;

use super::faults::End;
use super::support::{files, moment, sample};
use crate::disk::{Disk, sha256};
use crate::{Lake, LakeError, Writer};

const PAYLOAD: &[u8] = b"kommune;verdi\n9999;1\n";

fn remove(writer: &mut Writer, payload: &[u8]) -> Result<Vec<String>, LakeError> {
    writer.remove_payloads(&BTreeMap::from([(sha256(payload), "a test".to_owned())]), moment(9))
}

#[test]
fn a_removal_that_is_stopped_leaves_the_payload_or_a_note() {
    let hash = sha256(PAYLOAD);
    let mut steps = 0;
    for at in 0.. {
        let folder = tempdir().unwrap();
        drop(sample(folder.path()));
        let disk = Disk::default();
        let lake = Lake::open_on(folder.path(), disk.clone()).unwrap();
        let mut writer = lake.writer().unwrap();
        writer.keep_raw(PAYLOAD).unwrap();
        disk.faults.end_at(at, End::Killed);
        let done = remove(&mut writer, PAYLOAD);
        disk.faults.end_at(usize::MAX, End::Killed);
        drop(writer);
        let lake = Lake::open(folder.path()).unwrap();
        match lake.raw(&hash) {
            Ok(payload) => {
                assert!(payload == PAYLOAD && done.is_err(), "step {at}");
                assert_eq!(lake.removed_payload(&hash).unwrap(), None, "step {at}");
            }
            Err(LakeError::RemovedRaw { removed, .. }) => {
                assert_eq!((removed.reason.as_str(), removed.removed_at), ("a test", moment(9)));
            }
            Err(other) => panic!("step {at}: {other}"),
        }
        assert_eq!(lake.verify().unwrap().problems, Vec::<String>::new(), "step {at}");
        // Kept again it is there, and nothing says otherwise.
        let mut writer = lake.writer().unwrap();
        writer.clean_up().unwrap();
        writer.keep_raw(PAYLOAD).unwrap();
        assert_eq!(lake.raw(&hash).unwrap(), PAYLOAD);
        remove(&mut writer, PAYLOAD).unwrap();
        writer.keep_raw(PAYLOAD).unwrap();
        assert!(files(folder.path()).iter().all(|name| !name.ends_with(".removed")), "step {at}");
        if done.is_ok() {
            break;
        }
        steps += 1;
    }
    // The note: created, written, synced, named, its folder; the payload removed, and its folder.
    assert_eq!(steps, 5 + 2);
}

#[test]
fn what_a_receipt_accepted_stays_and_what_is_not_there_is_not_removed() {
    let folder = tempdir().unwrap();
    let lake = sample(folder.path());
    let mut writer = lake.writer().unwrap();
    // The payload of receipt `a`, which a later edition put out of force.
    assert_eq!(remove(&mut writer, b"kommune;verdi\n0301;7\n").unwrap(), Vec::<String>::new());
    assert_eq!(remove(&mut writer, PAYLOAD).unwrap(), Vec::<String>::new());
    assert_eq!(lake.verify().unwrap().problems, Vec::<String>::new());
    assert!(files(folder.path()).iter().all(|name| !name.ends_with(".removed")));
}

#[test]
fn a_copy_has_the_notes_too() {
    let (folder, other) = (tempdir().unwrap(), tempdir().unwrap());
    let lake = sample(folder.path());
    let mut writer = lake.writer().unwrap();
    writer.keep_raw(PAYLOAD).unwrap();
    assert_eq!(remove(&mut writer, PAYLOAD).unwrap(), [sha256(PAYLOAD)]);
    // A note whose payload is there again, as a kill between the two leaves it, is not copied.
    let stale = sha256(b"kommune;verdi\n0301;7\n");
    let note = fs::read(folder.path().join(format!("raw/{}.removed", sha256(PAYLOAD)))).unwrap();
    fs::write(folder.path().join(format!("raw/{stale}.removed")), note).unwrap();
    let to = other.path().join("copy");
    lake.backup(&to, false).unwrap();
    let copy = Lake::open(&to).unwrap();
    assert_eq!(copy.removed_payload(&sha256(PAYLOAD)).unwrap().unwrap().reason, "a test");
    assert!(copy.has_raw(&stale) && !to.join(format!("raw/{stale}.removed")).exists());
}
