//! Damage is refused by name: no byte of a lake can change unseen.

use std::fs;

use tempfile::tempdir;

use super::support::{Rng, append, files, read_usage, row, sample};
use crate::{Lake, LakeError};

#[test]
fn every_change_of_a_byte_is_reported_by_name() {
    let folder = tempdir().unwrap();
    let lake = sample(folder.path());
    let mut rng = Rng(7);
    let names: Vec<String> = files(folder.path()).into_iter().filter(|name| name != "LOCK").collect();
    for trial in 0..220 {
        let name = &names[trial % names.len()];
        let path = folder.path().join(name);
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        let at = rng.roll(bad.len());
        match trial / names.len() % 4 {
            0 | 1 => bad[at] ^= 1 << rng.roll(8),
            2 => bad.truncate(at),
            _ => bad.push(0),
        }
        fs::write(&path, &bad).unwrap();
        let problems = lake.verify().unwrap().problems;
        assert!(problems.iter().any(|p| p.contains(name.as_str())), "{name} at {at}: {problems:?}");
        fs::write(&path, good).unwrap();
    }
    assert_eq!(lake.verify().unwrap().problems, Vec::<String>::new());
}

#[test]
fn every_bit_of_the_newest_record_counts() {
    let folder = tempdir().unwrap();
    sample(folder.path());
    let path = folder.path().join("editions/3.json");
    let good = fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        fs::write(&path, bad).unwrap();
        let lake = Lake::open(folder.path()).unwrap();
        let refused = lake.latest().unwrap_err();
        assert!(
            matches!(refused, LakeError::Damaged { .. } | LakeError::UnknownFormat { .. }),
            "byte {at}: {refused}"
        );
        assert!(refused.to_string().contains("editions/3.json"), "byte {at}: {refused}");
    }
}

#[test]
fn a_damaged_file_is_refused_before_it_is_read() {
    let folder = tempdir().unwrap();
    let lake = sample(folder.path());
    let edition = lake.latest().unwrap().unwrap();
    for entry in edition.tables.values().flatten() {
        let path = folder.path().join(&entry.path);
        let good = fs::read(&path).unwrap();
        lake.check_file(entry).unwrap();
        for bad in [
            good[..good.len() - 1].to_vec(),
            [good.as_slice(), &[0]].concat(),
            good.iter().map(|b| !b).collect(),
        ] {
            fs::write(&path, bad).unwrap();
            let error = Lake::open(folder.path()).unwrap().check_file(entry).unwrap_err();
            assert_eq!(error.damaged_file(), Some(entry.path.as_str()));
        }
        fs::remove_file(&path).unwrap();
        assert_eq!(lake.check_file(entry).unwrap_err().damaged_file(), Some(entry.path.as_str()));
        fs::write(&path, good).unwrap();
    }
}

#[test]
fn with_a_damaged_newest_edition_the_last_good_one_is_served_and_nothing_is_written() {
    let folder = tempdir().unwrap();
    sample(folder.path());
    let path = folder.path().join("editions/3.json");
    let good = fs::read(&path).unwrap();
    fs::write(&path, &good[..good.len() / 2]).unwrap();
    let lake = Lake::open(folder.path()).unwrap();
    assert_eq!(lake.latest().unwrap_err().damaged_file(), Some("editions/3.json"));
    let served = lake.latest_good().unwrap();
    assert_eq!(served.edition.unwrap().number, 2);
    assert!(served.damage[0].contains("editions/3.json"));
    assert_eq!(lake.edition(2).unwrap().number, 2);
    let mut writer = lake.writer().unwrap();
    assert!(writer.commit(append(9, &[row("0301", 9, 1, "x")])).is_err());
    assert!(writer.clean_up().is_err());
    assert!(!folder.path().join("editions/4.json").exists());
    fs::write(&path, good).unwrap();
    assert!(writer.commit(append(9, &[row("0301", 9, 1, "x")])).is_ok());
}

#[test]
fn a_broken_chain_is_named() {
    let (folder, other) = (tempdir().unwrap(), tempdir().unwrap());
    sample(folder.path());
    let stranger = Lake::init(other.path()).unwrap();
    stranger.writer().unwrap().commit(append(0, &[row("1101", 0, 1, "q")])).unwrap();
    let path = folder.path().join("editions/1.json");
    let good = fs::read(&path).unwrap();
    // A record that is whole, of another lake.
    fs::copy(other.path().join("editions/1.json"), &path).unwrap();
    let lake = Lake::open(folder.path()).unwrap();
    let error = lake.latest().unwrap_err();
    assert_eq!(error.damaged_file(), Some("editions/2.json"));
    assert!(error.to_string().contains("editions/1.json"));
    assert_eq!(lake.latest_good().unwrap().edition.unwrap().number, 1);
    // A record that is gone: what follows changes what it made, and cannot be known.
    fs::write(&path, good).unwrap();
    fs::remove_file(folder.path().join("editions/2.json")).unwrap();
    let lake = Lake::open(folder.path()).unwrap();
    assert_eq!(lake.latest().unwrap_err().damaged_file(), Some("editions/2.json"));
    let served = lake.latest_good().unwrap().edition.unwrap();
    assert_eq!(served.number, 1);
    assert_eq!(read_usage(&lake, &served).len(), 2);
}

#[test]
fn a_newest_record_that_vanished_is_missed_and_what_it_names_stays() {
    let folder = tempdir().unwrap();
    let lake = sample(folder.path());
    let newest = lake.latest().unwrap().unwrap();
    let path = folder.path().join("editions/3.json");
    let good = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let lake = Lake::open(folder.path()).unwrap();
    let refused = lake.latest().unwrap_err();
    assert_eq!(refused.damaged_file(), Some("editions/3.json"));
    assert!(refused.to_string().contains("HEAD names it"), "{refused}");
    assert_eq!(lake.latest_good().unwrap().edition.unwrap().number, 2);
    assert!(lake.verify().unwrap().problems.iter().any(|problem| problem.contains("editions/3.json")));
    let mut writer = lake.writer().unwrap();
    assert!(writer.commit(append(9, &[row("0301", 9, 1, "x")])).is_err());
    assert!(writer.clean_up().is_err());
    // From a backup it is as before.
    fs::write(&path, good).unwrap();
    assert_eq!(lake.latest().unwrap().unwrap(), newest);
    assert_eq!(read_usage(&lake, &newest).len(), 4);
}

#[test]
fn a_lake_without_a_head_is_read_by_its_records_and_gets_one() {
    let folder = tempdir().unwrap();
    sample(folder.path());
    let head = folder.path().join("HEAD");
    let good = fs::read_to_string(&head).unwrap();
    assert!(good.starts_with("3 "), "{good}");
    fs::remove_file(&head).unwrap();
    let lake = Lake::open(folder.path()).unwrap();
    assert_eq!(lake.latest().unwrap().unwrap().number, 3);
    lake.writer().unwrap().commit(append(9, &[row("0301", 9, 1, "x")])).unwrap();
    assert!(fs::read_to_string(&head).unwrap().starts_with("4 "));
    // One that is behind by more, as after a backup of it alone, is gone beyond too.
    fs::write(&head, good).unwrap();
    assert_eq!(Lake::open(folder.path()).unwrap().latest().unwrap().unwrap().number, 4);
}

#[test]
fn a_payload_is_as_received_or_refused_or_repaired_by_delivering_it_again() {
    let folder = tempdir().unwrap();
    let lake = Lake::init(folder.path()).unwrap();
    let mut writer = lake.writer().unwrap();
    let payload: Vec<u8> = (0..9999_u32).flat_map(u32::to_le_bytes).collect();
    let sha256 = writer.keep_raw(&payload).unwrap();
    assert_eq!(lake.raw(&sha256).unwrap(), payload);
    assert!(matches!(lake.raw("../FORMAT"), Err(LakeError::NoRaw(_))));
    let path = folder.path().join(format!("raw/{sha256}.zst"));
    // Others read it too: the trailing frame is skipped.
    assert_eq!(zstd::decode_all(fs::read(&path).unwrap().as_slice()).unwrap(), payload);
    fs::write(&path, b"half").unwrap();
    assert!(matches!(lake.raw(&sha256), Err(LakeError::Damaged { .. })));
    assert_eq!(writer.keep_raw(&payload).unwrap(), sha256);
    assert_eq!(lake.raw(&sha256).unwrap(), payload);
}
