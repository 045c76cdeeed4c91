//! What must hold of benefits whatever the numbers are: another reference moves only what is measured up to, and
//! what remains is, with what waits, the whole potential.

use std::collections::BTreeMap;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Date32Type, Float64Type};
use utbredt_engine::{By, Engine, KpiRequest};
use utbredt_model::Granularity;
use utbredt_tests::batches::fill;
use utbredt_tests::check::query_files;
use utbredt_tests::world::World;
use utbredt_tests::worlds::{random, window};

/// Numbers in øre and the words beside them, by period and municipality.
type Rows = BTreeMap<(i32, String), (Vec<i64>, Vec<String>)>;

#[expect(clippy::cast_possible_truncation, reason = "the numbers of a test world are small")]
async fn rows(engine: &Engine, request: KpiRequest, numbers: &[&str], words: &[&str]) -> Rows {
    let answer = engine.run(request).await.expect("an answer");
    let mut rows = Rows::new();
    for batch in &answer.batches {
        let as_kind = |name: &str, kind: &DataType| {
            arrow::compute::cast(batch.column_by_name(name).expect("a column"), kind).expect("of that kind")
        };
        let starts = batch.column_by_name("period_start").expect("a column").as_primitive::<Date32Type>();
        let codes = batch.column_by_name("municipality_code").expect("a column").as_string::<i32>();
        for i in 0..batch.num_rows() {
            let number = |name: &&str| {
                let column = as_kind(name, &DataType::Float64);
                let column = column.as_primitive::<Float64Type>();
                if arrow::array::Array::is_null(column, i) {
                    0
                } else {
                    (column.value(i) * 100.0).round() as i64
                }
            };
            let word = |name: &&str| as_kind(name, &DataType::Utf8).as_string::<i32>().value(i).to_owned();
            let key = (starts.value(i), codes.value(i).to_owned());
            rows.insert(key, (numbers.iter().map(number).collect(), words.iter().map(word).collect()));
        }
    }
    rows
}

fn question(world: &World, kpi: &str, reference: Option<&str>) -> KpiRequest {
    let mut question = KpiRequest::new(kpi);
    question.params.insert("solution_id".into(), world.solutions[0].solution_id.clone());
    if let Some(reference) = reference {
        question.params.insert("reference".into(), reference.into());
    }
    let (from, to) = window(world);
    (question.from, question.to) = (Some(from), Some(to));
    (question.by, question.granularity) = (By::Municipality, Some(Granularity::Quarter));
    question
}

const PARTS: [&str; 3] = ["now_nok", "blocked_nok", "beyond_nok"];
const BESIDE: [&str; 5] =
    ["state", "coverage", "marks", "municipalities_reported", "municipalities_expected"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_reference_changes_only_what_is_measured_up_to() {
    let (mut compared, mut moved) = (0, 0);
    for seed in 0..6 {
        let mut world = random(seed);
        // Without baselines what is realised is the use itself.
        world.baselines.clear();
        let folder = tempfile::tempdir().expect("a folder");
        let _lake = fill(&world, folder.path());
        let engine = Engine::open(folder.path(), query_files()).expect("the lake opens");
        let mut answered = Vec::new();
        for reference in ["median", "p75", "best"] {
            let request = question(&world, "benefit.remaining", Some(reference));
            answered.push(rows(&engine, request, &PARTS, &BESIDE).await);
        }
        let used = rows(&engine, question(&world, "benefit.realised", None), &["value"], &["state"]).await;
        let potential =
            rows(&engine, question(&world, "benefit.potential", None), &["value"], &["state"]).await;
        for (key, (p75, beside)) in &answered[1] {
            assert_eq!(
                p75[0] + p75[1],
                potential[key].0[0],
                "seed {seed} {key:?}: the parts are the potential"
            );
            let up_to: Vec<i64> = answered
                .iter()
                .map(|rows| {
                    let (parts, words) = &rows[key];
                    assert_eq!(words, beside, "seed {seed} {key:?}: only the amounts may move");
                    assert!(
                        parts[2] == 0 || parts[0] + parts[1] == 0,
                        "seed {seed} {key:?}: short and beyond"
                    );
                    // What is left plus what is used is what is measured up to.
                    parts[0] + parts[1] - parts[2] + used[key].0[0]
                })
                .collect();
            if beside[0] == "ok" {
                assert!(up_to[0] >= 0 && up_to.is_sorted(), "seed {seed} {key:?}: {up_to:?}");
                compared += 1;
                moved += usize::from(up_to[0] < up_to[2]);
            }
        }
    }
    assert!(compared > 20 && moved > 5, "{compared} cells compared, {moved} moved");
}
