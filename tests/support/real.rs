//! The embedded datasets as a lake, without the binary: what the demo builds, minus its synthetic deliveries.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray, new_null_array};
use arrow::datatypes::DataType;
use chrono::DateTime;
use utbredt_ingest::{reference, rollout};
use utbredt_lake::{Change, Lake, Table};

use crate::world::Day;

/// Municipality, its division, first day, first day after, value.
pub type Count<'a> = (&'a str, Day, Day, Day, i64);

/// The files of `datasets/`, by path below it.
#[must_use]
pub fn datasets() -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../datasets");
    let mut files = Vec::new();
    for folder in ["reference", "rollout"] {
        for entry in std::fs::read_dir(root.join(folder)).expect("the datasets are there") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if name.ends_with(".csv") {
                files
                    .push((format!("{folder}/{name}"), std::fs::read(&path).expect("a dataset can be read")));
            }
        }
    }
    files.sort();
    files
}

fn file<'a>(files: &'a [(String, Vec<u8>)], path: &str) -> &'a [u8] {
    &files.iter().find(|(name, _)| name == path).expect("the dataset is there").1
}

fn table(name: &str) -> &'static Table {
    Table::named(name).expect("a table of the lake")
}

/// A lake of the reference tables, the Digisos events and the usage given; says how many events were refused.
pub fn real_lake(root: &Path, usage: Option<RecordBatch>) -> usize {
    let files = datasets();
    let territory = reference::territory(&files).expect("the territory");
    let mut replace = reference::load(&files).expect("the reference tables");
    replace.push((table("municipality_parts"), rollout::municipality_parts(&territory).expect("the parts")));
    let parsed = utbredt_sources::digisos::parse(file(&files, "rollout/digisos_events.csv"));
    let notes = rollout::notes(file(&files, "rollout/digisos_notes.csv"));
    let conformed = rollout::conform(&parsed, &territory, &notes, "r-digisos").expect("facts");
    replace.push((table("rollout_events"), conformed.events));
    replace.push((table("rejections"), conformed.rejections));
    replace.extend(usage.map(|rows| (table("usage"), rows)));
    let change = Change {
        recorded_at: DateTime::parse_from_rfc3339("2026-11-01T00:00:00Z").expect("a moment").to_utc(),
        reason: "test".into(),
        replace,
        append: vec![],
        supersedes: vec![],
        receipts: vec![],
    };
    let lake = Lake::init(root).expect("a lake");
    lake.writer().expect("the lock").commit(change).expect("an edition");
    conformed.refused
}

/// Counts of one solution and measure: municipality, its division, period, value.
#[must_use]
pub fn usage(solution: &str, measure: &str, rows: &[Count<'_>]) -> RecordBatch {
    let schema = table("usage").schema();
    let days = |of: &dyn Fn(&Count<'_>) -> Day| {
        let days =
            rows.iter().map(|row| i32::try_from((of(row) - Day::default()).num_days()).expect("a near day"));
        Arc::new(Date32Array::from_iter_values(days))
    };
    let same = |text: &str| Arc::new(StringArray::from(vec![text; rows.len()]));
    let flag = || Arc::new(BooleanArray::from(vec![false; rows.len()]));
    let columns: Vec<arrow::array::ArrayRef> = vec![
        same(solution),
        same(measure),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.0))),
        days(&|row| row.1),
        new_null_array(&DataType::Utf8, rows.len()),
        days(&|row| row.2),
        days(&|row| row.3),
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.4))),
        same("ok"),
        flag(),
        flag(),
        flag(),
        same("r-usage"),
    ];
    RecordBatch::try_new(schema, columns).expect("rows of usage")
}
