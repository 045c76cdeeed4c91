//! The embedded datasets as a lake, without the binary: what the demo builds, minus its synthetic deliveries.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray, new_null_array};
use arrow::datatypes::DataType;
use chrono::DateTime;
use utbredt_ingest::{deliver, load_reference, rollout};
use utbredt_lake::{EditionDraft, Lake, Table};

use crate::world::Day;

/// Municipality, its division, first day, first day after, value.
pub type Count<'a> = (&'a str, Day, Day, Day, i64);

/// The files of `datasets/`, by path below it.
#[must_use]
pub fn datasets() -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../datasets");
    let mut files = Vec::new();
    for folder in ["demo", "reference", "rollout"] {
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

/// A lake of the reference tables, the Digisos events and the usage given; says how many events were refused.
pub fn real_lake(root: &Path, usage: Option<RecordBatch>) -> u64 {
    let recorded_at = DateTime::parse_from_rfc3339("2026-11-01T00:00:00Z").expect("a moment").to_utc();
    let files = datasets();
    let mut writer = Lake::init(root).expect("a lake").writer().expect("the lock");
    load_reference(&mut writer, &files, recorded_at).expect("the reference tables");
    let (source, delivery) = rollout::digisos(&files, recorded_at).expect("the shipped list");
    let report = deliver(&mut writer, &source, &delivery).expect("a delivery");
    if let Some(rows) = usage {
        let append = vec![(Table::named("usage").expect("a table"), rows)];
        let reason = "counts of a test".to_owned();
        let change = EditionDraft {
            recorded_at,
            reason,
            append,
            replace: vec![],
            supersedes: vec![],
            receipts: vec![],
        };
        writer.commit(change).expect("an edition");
    }
    report.rejected
}

/// Counts of one solution and measure: municipality, its division, period, value.
#[must_use]
pub fn usage(solution: &str, measure: &str, rows: &[Count<'_>]) -> RecordBatch {
    let schema = Table::named("usage").expect("a table").schema();
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
        flag(),
    ];
    RecordBatch::try_new(schema, columns).expect("rows of usage")
}
