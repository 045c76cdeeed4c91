//! Checkpoints of the Delta logs: what readers take in place of the versions before.

use std::collections::BTreeMap;
use std::fs::{self, File};

use arrow::json::LineDelimitedWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};
use tempfile::tempdir;

use super::support::{append, row};
use crate::Lake;
use crate::delta;

/// The actions of a text, one a line.
fn actions(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Name, length and rows of each file that a log has, as a reader goes through its versions.
fn replayed(lake: &Lake, versions: u64) -> BTreeMap<String, (Value, Value)> {
    let mut files = BTreeMap::new();
    for version in 0..versions {
        for action in actions(&fs::read_to_string(lake.root().join(delta::path("usage", version))).unwrap()) {
            let path = |kind: &str| action[kind]["path"].as_str().map(str::to_owned);
            files.extend(
                path("add")
                    .map(|path| (path, (action["add"]["size"].clone(), action["add"]["stats"].clone()))),
            );
            path("remove").map(|path| files.remove(&path));
        }
    }
    files
}

#[test]
fn every_hundredth_version_has_a_checkpoint_equal_to_its_versions() {
    let folder = tempdir().unwrap();
    let lake = Lake::init(folder.path()).unwrap();
    for number in 0..=201 {
        let rows = [row("0301", i32::try_from(number).unwrap(), number, &format!("r{number}"))];
        lake.writer().unwrap().commit(append(number, &rows)).unwrap();
    }
    let log = folder.path().join("tables/usage/_delta_log");
    let checkpoint = |version: u64| log.join(format!("{version:020}.checkpoint.parquet"));
    let last = log.join("_last_checkpoint");
    for version in [100, 200] {
        let reader =
            ParquetRecordBatchReaderBuilder::try_new(File::open(checkpoint(version)).unwrap()).unwrap();
        let mut text = LineDelimitedWriter::new(Vec::new());
        reader.build().unwrap().for_each(|batch| text.write(&batch.unwrap()).unwrap());
        let stated = actions(&String::from_utf8(text.into_inner()).unwrap());
        let first = actions(&fs::read_to_string(log.join(format!("{:020}.json", 0))).unwrap());
        assert_eq!(stated[0], first[1]);
        assert_eq!(stated[1], first[2]);
        let files: BTreeMap<String, (Value, Value)> = stated[2..]
            .iter()
            .map(|action| &action["add"])
            .map(|add| {
                (add["path"].as_str().unwrap().to_owned(), (add["size"].clone(), add["stats"].clone()))
            })
            .collect();
        assert_eq!(files, replayed(&lake, version + 1));
        assert_eq!(stated.len(), files.len() + 2);
        let about: Value = serde_json::from_slice(&fs::read(&last).unwrap()).unwrap();
        assert!(version != 200 || about == json!({"version": 200, "size": stated.len()}), "{about}");
    }
    let problems = || lake.verify().unwrap().problems;
    let rebuild = || lake.writer().unwrap().rebuild_delta().unwrap();
    assert_eq!(problems(), Vec::<String>::new());
    let right = [100, 200].map(|version| fs::read(checkpoint(version)).unwrap());
    // Lakes of before have none, and a writer may be killed between the file and what names it: both are right as they are.
    fs::write(&last, fs::read_to_string(&last).unwrap().replace("200", "100")).unwrap();
    fs::remove_file(checkpoint(200)).unwrap();
    assert_eq!(problems().len(), 1, "another size: {:?}", problems());
    fs::remove_file(&last).unwrap();
    assert_eq!(problems(), Vec::<String>::new());
    assert_eq!(rebuild(), 2);
    // What a reader would believe is looked at.
    fs::write(checkpoint(100), b"junk").unwrap();
    fs::write(&last, br#"{"version":300,"size":3}"#).unwrap();
    assert_eq!(problems().len(), 2);
    assert_eq!(rebuild(), 2);
    fs::remove_dir_all(&log).unwrap();
    assert_eq!(rebuild(), 202 + 3);
    assert_eq!([100, 200].map(|version| fs::read(checkpoint(version)).unwrap()), right);
    assert_eq!(problems(), Vec::<String>::new());
}
