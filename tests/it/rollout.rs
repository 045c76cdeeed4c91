//! The real rollout of Digisos 2018-2020, from the embedded datasets, held against what is known of it.

use std::path::Path;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Float64Type, Int64Type};
use chrono::DateTime;
use utbredt_engine::{By, Engine, KpiAnswer, KpiRequest};
use utbredt_ingest::{reference, rollout};
use utbredt_lake::{Change, Lake, Table};
use utbredt_model::Period;
use utbredt_tests::check::query_files;

fn datasets() -> Vec<(String, Vec<u8>)> {
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
    files
}

fn file<'a>(files: &'a [(String, Vec<u8>)], path: &str) -> &'a [u8] {
    &files.iter().find(|(name, _)| name == path).expect("the dataset is there").1
}

/// A lake of the reference tables and the Digisos events, and how many rows were refused.
fn digisos(root: &Path) -> usize {
    let files = datasets();
    let territory = reference::territory(&files).expect("the territory");
    let mut replace = reference::load(&files).expect("the reference tables");
    let parts = rollout::municipality_parts(&territory).expect("the parts");
    replace.push((Table::named("municipality_parts").expect("a table"), parts));
    let parsed = utbredt_sources::digisos::parse(file(&files, "rollout/digisos_events.csv"));
    let notes = rollout::notes(file(&files, "rollout/digisos_notes.csv"));
    let conformed = rollout::conform(&parsed, &territory, &notes, "r-digisos").expect("facts");
    replace.push((Table::named("rollout_events").expect("a table"), conformed.events));
    replace.push((Table::named("rejections").expect("a table"), conformed.rejections));
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

async fn monthly(engine: &Engine, kpi: &str) -> Vec<(String, i64, i64, f64)> {
    let mut asked = KpiRequest::new(kpi);
    asked.params.insert("solution_id".into(), "digisos".into());
    asked.by = By::Nation;
    asked.from = Some(Period::parse("2018-04").expect("a month").start);
    asked.to = Some(Period::parse("2020-12").expect("a month").end);
    rows(&engine.run(asked).await.expect("an answer"))
}

fn rows(answer: &KpiAnswer) -> Vec<(String, i64, i64, f64)> {
    let mut rows = Vec::new();
    for batch in &answer.batches {
        let column = |name: &str| batch.column_by_name(name).expect("a fixed column");
        let (numerator, denominator) = (
            column("numerator").as_primitive::<Int64Type>(),
            column("denominator").as_primitive::<Int64Type>(),
        );
        let value = column("value").as_primitive::<Float64Type>();
        let start = column("period_start").as_primitive::<arrow::datatypes::Date32Type>();
        for i in 0..batch.num_rows() {
            assert!(value.is_valid(i), "every month is known");
            let month = start.value_as_date(i).expect("a day").format("%Y-%m").to_string();
            rows.push((month, numerator.value(i), denominator.value(i), value.value(i)));
        }
    }
    rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn digisos_rises_without_a_false_fall() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = digisos(folder.path());
    let engine = Engine::open(folder.path(), query_files()).expect("the lake opens");
    let live = monthly(&engine, "rollout.municipalities_live").await;
    let covered = monthly(&engine, "rollout.population_coverage").await;
    assert_eq!(live.len(), 33, "April 2018 to December 2020");
    // 0703 and 0717 never existed.
    assert_eq!(refused, 2);
    let at = |month: &str| live.iter().find(|row| row.0 == month).expect("a month").1;
    let share = |month: &str| covered.iter().find(|row| row.0 == month).expect("a month").3;
    // The list names 131 codes in December 2019 and 119 in January 2020; no municipality left.
    assert!(at("2020-01") > 0 && share("2020-01") >= share("2019-12") - 0.005, "{covered:?}");
    // A forced jump in March 2020: from 124 municipalities to 190.
    assert!(at("2020-03") - at("2020-02") >= 60, "{live:?}");
    assert_eq!((at("2020-02"), at("2020-03")), (124, 190));
    // Bergen is off the list from May 2020 and still in production: no fall of its 5 % of the people.
    assert!(share("2020-05") >= share("2020-04") - 0.005, "{covered:?}");
    let denominators: Vec<i64> = live.iter().map(|row| row.2).collect();
    assert!(denominators[..9].iter().all(|d| *d == 422) && denominators[21..].iter().all(|d| *d == 356));
}
