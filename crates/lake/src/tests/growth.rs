//! A lake of many deliveries: what is read and written grows with what changes, and lakes of before are carried over.

use std::fs;
use std::path::Path;

use tempfile::tempdir;

use super::support::{append, change, read_usage, row, sample, sorted};
use crate::{Edition, Lake, disk, record};

const CODES: [&str; 4] = ["0301", "1506", "4601", "5501"];

/// The bytes below a folder of the lake.
fn bytes(folder: &Path) -> u64 {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
}

#[test]
fn records_and_files_of_many_deliveries_are_few_and_small() {
    let folder = tempdir().unwrap();
    let lake = Lake::init(folder.path()).unwrap();
    let mut writer = lake.writer().unwrap();
    let (mut made, mut plain, mut sizes): (Vec<Edition>, _, Vec<u64>) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..400_i64 {
        let month = i32::try_from(number / 4).unwrap();
        let own = row(CODES[usize::try_from(number % 4).unwrap()], month, number, &format!("r{number}"));
        made.push(writer.commit(append(number, std::slice::from_ref(&own))).unwrap().edition().clone());
        plain.push(own);
        if (number + 1) % 100 == 0 {
            sizes.push(bytes(&folder.path().join("editions")));
        }
    }
    // Few files for many deliveries, and no row is lost or doubled by merging them.
    let newest = Lake::open(folder.path()).unwrap().latest().unwrap().unwrap();
    assert!(newest.tables["usage"].len() <= 24, "{}", newest.tables["usage"].len());
    assert_eq!(read_usage(&lake, &newest), sorted(&plain));
    // Each record that held everything would make the last hundred seven times as large as the first.
    let (first, last) = (sizes[0], sizes[3] - sizes[2]);
    assert!(last < 3 * first, "{sizes:?}");
    assert!(made.iter().filter(|edition| edition.reach.checkpoint == edition.number).count() > 2);
    // Whatever it is read from, an edition is what it was made as.
    for edition in made.iter().step_by(37).chain(&made[398..]) {
        assert_eq!(&lake.edition(edition.number).unwrap(), edition);
    }
    let history = lake.history(400).unwrap();
    assert_eq!((history.len(), history[399].rows["usage"], history[0].rows["usage"]), (400, 400, 1));
    assert_eq!(lake.verify().unwrap().problems, Vec::<String>::new());
}

#[test]
fn a_lake_with_whole_records_is_carried_over() {
    let folder = tempdir().unwrap();
    let lake = sample(folder.path());
    // As a version before this one left it: whole records, and no HEAD.
    let mut editions = lake.editions().unwrap();
    let mut previous: Option<String> = None;
    for edition in &mut editions {
        edition.previous_sha256.clone_from(&previous);
        let bytes = record::encode_whole(edition);
        previous = Some(disk::sha256(&bytes));
        fs::write(folder.path().join(Edition::path(edition.number)), bytes).unwrap();
    }
    fs::remove_file(folder.path().join("HEAD")).unwrap();
    let old = Lake::open(folder.path()).unwrap();
    let rows = |lake: &Lake| -> Vec<_> {
        lake.editions().unwrap().iter().map(|edition| read_usage(lake, edition)).collect()
    };
    let before = rows(&old);
    assert_eq!(before.len(), 3);
    let mut writer = old.writer().unwrap();
    // The logs name the lake by its first edition, which has another hash now.
    writer.rebuild_delta().unwrap();
    writer.commit(change(9)).unwrap();
    let next = writer.commit(append(10, &[row("0301", 9, 1, "x")])).unwrap().edition().clone();
    assert_eq!((next.number, next.reach.checkpoint), (4, 4));
    assert_eq!(next.versions.as_ref().unwrap()["usage"], 4);
    assert_eq!(rows(&old)[..3], before);
    assert_eq!(old.verify().unwrap().problems, Vec::<String>::new());
}
