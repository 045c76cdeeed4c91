//! The invented rows of `datasets/demo`: marked, in the demonstration's lake, and in no other.

use super::*;
use crate::{demo_lake, load_reference};

fn demo_files() -> Vec<(String, String)> {
    let csv = |path: &str| path.starts_with("demo/") && path.ends_with(".csv");
    let files = files().into_iter().filter(|(path, _)| csv(path));
    files.map(|(path, bytes)| (path, String::from_utf8(bytes).unwrap())).collect()
}

/// Rows of a table that hold a word.
fn rows_with(writer: &Writer, table: &'static str, column: &str, word: &str) -> usize {
    let rows = table_of(writer, table);
    text(&rows, column).unwrap().into_iter().flatten().filter(|text| text.contains(word)).count()
}

#[test]
fn every_invented_row_is_marked() {
    let files = demo_files();
    assert_eq!(files.len(), 6);
    for (path, text) in files {
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().unwrap().split(',').collect();
        let flagged = header.last() == Some(&"synthetic");
        for line in lines {
            let marked = if flagged { line.ends_with(",true") } else { line.contains("invented") };
            assert!(marked, "{path}: {line}");
        }
    }
}

#[test]
fn only_the_demonstration_loads_invented_rows() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Lake::init(dir.path()).unwrap().writer().unwrap();
    load_reference(&mut writer, &files(), moment("2026-11-20T00:00:00Z")).unwrap();
    for table in ["waves", "wave_members", "targets", "baselines"] {
        assert_eq!(table_of(&writer, table).num_rows(), 0, "{table}");
    }
    assert_eq!(rows_with(&writer, "prices", "quality", "invented"), 0);
    assert_eq!(rows_with(&writer, "measures", "unit", "invented"), 0);
    drop(writer);

    let dir = tempfile::tempdir().unwrap();
    demo_lake(dir.path(), &files(), moment("2026-11-20T00:00:00Z"), &|_| ()).unwrap();
    let writer = Lake::open(dir.path()).unwrap().writer().unwrap();
    // Two waves of ten, five targets, eight baselines, four prices, one measure.
    let heights =
        ["waves", "wave_members", "targets", "baselines"].map(|table| table_of(&writer, table).num_rows());
    assert_eq!(heights, [2, 20, 5, 8]);
    assert_eq!(rows_with(&writer, "prices", "quality", "invented"), 4);
    assert_eq!(rows_with(&writer, "measures", "unit", "invented"), 1);
    // Reference tables, what is owed, Digisos, usage, the corrected month.
    assert_eq!(writer.lake().latest().unwrap().unwrap().number, 5);
}
