//! What must hold whatever the numbers are: parts sum to the whole in all borders, an edition answers the same for
//! ever, and how rows were delivered changes nothing.

use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{Date32Type, Float64Type, Int64Type};
use chrono::{Days, TimeDelta};
use utbredt_engine::{Answer, AsOf, Borders, By, Engine, KpiRequest, Policy};
use utbredt_formats::{Format, Lang, encode};
use utbredt_lake::Lake;
use utbredt_model::Granularity;
use utbredt_tests::batches::fill;
use utbredt_tests::check::query_files;
use utbredt_tests::tiny::tiny;
use utbredt_tests::world::World;
use utbredt_tests::worlds::random;

/// KPIs whose numerators and denominators add.
const ADDITIVE: [&str; 7] = [
    "rollout.municipalities_live",
    "rollout.population_coverage",
    "adoption.reach",
    "adoption.usage_per_1000",
    "benefit.realised",
    "benefit.potential",
    "quality.completeness",
];

fn engine(world: &World, root: &Path) -> Engine {
    let _lake = fill(world, root);
    Engine::open(root, query_files()).expect("the lake opens")
}

fn question(world: &World, kpi: &str) -> KpiRequest {
    let mut question = KpiRequest::new(kpi);
    question.params.insert("solution_id".into(), world.solutions[0].solution_id.clone());
    let first = world.usage.iter().map(|row| row.period_start).min().expect("there is usage");
    question.from = Some(first);
    question.to = first.checked_add_days(Days::new(420));
    question.granularity = Some(Granularity::Quarter);
    question
}

/// Period, numerator and denominator in hundredths, reported, expected.
type Sum = (i32, i64, i64, i64, i64);

/// Sums by period. Money has hundredths: whole numbers add the same in every order.
#[expect(clippy::cast_possible_truncation, reason = "the numbers of a test world are small")]
fn sums(answer: &Answer) -> Vec<Sum> {
    let mut rows: Vec<Sum> = Vec::new();
    for batch in &answer.batches {
        let column = |name: &str| {
            arrow::compute::cast(
                batch.column_by_name(name).expect("a column"),
                &arrow::datatypes::DataType::Float64,
            )
            .expect("a number")
        };
        let (numerators, denominators) = (column("numerator"), column("denominator"));
        let count =
            |name: &str| batch.column_by_name(name).expect("a column").as_primitive::<Int64Type>().clone();
        let (reported, expected) = (count("municipalities_reported"), count("municipalities_expected"));
        let starts = batch.column_by_name("period_start").expect("a column").as_primitive::<Date32Type>();
        for i in 0..batch.num_rows() {
            let number = |array: &ArrayRef| {
                let array = array.as_primitive::<Float64Type>();
                if array.is_null(i) { 0 } else { (array.value(i) * 100.0).round() as i64 }
            };
            let row = (
                starts.value(i),
                number(&numerators),
                number(&denominators),
                reported.value(i),
                expected.value(i),
            );
            match rows.last_mut().filter(|last| last.0 == row.0) {
                None => rows.push(row),
                Some(last) => *last = (row.0, last.1 + row.1, last.2 + row.2, last.3 + row.3, last.4 + row.4),
            }
        }
    }
    rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn municipalities_sum_to_counties_and_to_the_nation_in_all_borders() {
    for seed in 0..2 {
        let world = random(seed);
        let folder = tempfile::tempdir().expect("a folder");
        let engine = engine(&world, folder.path());
        let borders = [Borders::Then, Borders::Now, Borders::On(world.divisions[0].date)];
        let policies = [Policy::ExactOnly, Policy::PopulationShare, Policy::LargestSuccessor];
        for kpi in ADDITIVE {
            for borders in borders {
                for policy in policies {
                    let mut request = question(&world, kpi);
                    (request.borders, request.policy) = (borders, policy);
                    let mut answered = Vec::new();
                    for by in [By::Municipality, By::County, By::Nation] {
                        request.by = by;
                        answered.push(sums(&engine.run(request.clone()).await.expect("an answer")));
                    }
                    assert_eq!(answered[0], answered[1], "seed {seed} {kpi} {borders} {policy:?}");
                    assert_eq!(answered[1], answered[2], "seed {seed} {kpi} {borders} {policy:?}");
                }
            }
        }
    }
}

fn bytes(answer: &Answer) -> Vec<u8> {
    let meta = serde_json::json!({ "edition": answer.meta.edition });
    encode(Format::Json, Lang::Nb, &answer.schema, &answer.batches, &meta).expect("encoded").to_vec()
}

async fn everything(engine: &Engine, world: &World, as_of: AsOf) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for kpi in ADDITIVE {
        for borders in [Borders::Then, Borders::Now] {
            let mut request = question(world, kpi);
            (request.by, request.borders, request.as_of) = (By::Municipality, borders, as_of);
            all.push(bytes(&engine.run(request).await.expect("an answer")));
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edition_answers_the_same_bytes_for_ever() {
    let world = random(11);
    let folder = tempfile::tempdir().expect("a folder");
    let before = engine(&world, folder.path());
    let number = before.edition().number;
    let first = everything(&before, &world, AsOf::Edition(number)).await;
    // A later edition without the last delivery, and one with its files put together.
    let lake = Lake::open(folder.path()).expect("the lake opens");
    let mut writer = lake.writer().expect("the lock");
    let later = world.recorded_at + TimeDelta::days(400);
    let change = utbredt_lake::EditionDraft {
        recorded_at: later,
        reason: "the last delivery is withdrawn".into(),
        replace: vec![],
        append: vec![],
        supersedes: before.edition().receipts.iter().map(|r| utbredt_model::ReceiptId(r.clone())).collect(),
        receipts: vec![],
    };
    writer.commit(change).expect("an edition");
    writer.compact(later).expect("compacted");
    drop(writer);
    let after = Engine::open(folder.path(), query_files()).expect("the lake opens");
    assert!(after.edition().number > number);
    assert_eq!(everything(&after, &world, AsOf::Edition(number)).await, first);
    assert_ne!(everything(&after, &world, AsOf::Latest).await, first);
    let on = AsOf::Date(world.recorded_at.date_naive());
    assert_eq!(everything(&after, &world, on).await, first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_order_rows_came_in_changes_no_byte() {
    let world = random(5);
    let mut turned = world.clone();
    turned.usage.reverse();
    turned.population.reverse();
    turned.rollout_events.reverse();
    turned.municipalities.reverse();
    let (one, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let straight = everything(&engine(&world, one.path()), &world, AsOf::Latest).await;
    let reversed = everything(&engine(&turned, other.path()), &world, AsOf::Latest).await;
    assert!(straight == reversed, "an answer depends on the order of rows");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_threads_nor_files_change_a_byte() {
    let world = random(7);
    let folder = tempfile::tempdir().expect("a folder");
    let plain = engine(&world, folder.path());
    let answered = everything(&plain, &world, AsOf::Latest).await;
    // The second computes a few periods of a shared relation by a query each.
    for (partitions, rows) in [(2, 150_000), (5, 150)] {
        let cut = plain.clone().in_partitions(partitions).computing_at_once(rows);
        assert!(everything(&cut, &world, AsOf::Latest).await == answered, "{partitions} partitions");
    }
    // The same rows, some of them in files of their own.
    let other = tempfile::tempdir().expect("a folder");
    let mut first = world.clone();
    let rest = first.usage.split_off(world.usage.len() / 3);
    let lake = fill(&first, other.path());
    let mut writer = lake.writer().expect("the lock");
    for rows in rest.chunks(rest.len() / 4 + 1) {
        let append = vec![utbredt_tests::batches::usage(rows, utbredt_tests::world::RECEIPT)];
        let change = utbredt_lake::EditionDraft {
            recorded_at: world.recorded_at,
            reason: "more".into(),
            replace: vec![],
            append,
            supersedes: vec![],
            receipts: vec![],
        };
        writer.commit(change).expect("an edition");
    }
    drop(writer);
    let many = Engine::open(other.path(), query_files()).expect("the lake opens");
    assert!(many.edition().tables["usage"].len() > plain.edition().tables["usage"].len());
    let rows = |bytes: &Vec<u8>| {
        let body: serde_json::Value = serde_json::from_slice(bytes).expect("json");
        body["data"].to_string()
    };
    let all = everything(&many, &world, AsOf::Latest).await;
    assert!(all.iter().map(rows).eq(answered.iter().map(rows)), "an answer depends on the files");
}

/// Half past ten in the evening of 31 August, UTC, is 1 September in Oslo; the edition an hour before is of 31 August.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edition_is_of_its_day_in_oslo() {
    let mut world = tiny();
    world.recorded_at = "2020-08-31T22:30:00Z".parse().expect("a moment");
    let folder = tempfile::tempdir().expect("a folder");
    let engine = engine(&world, folder.path());
    let mut ends = Vec::new();
    for (day, edition) in [("2020-08-31", 1), ("2020-09-01", 2)] {
        let mut request = KpiRequest::new("rollout.municipalities_live");
        request.params.insert("solution_id".into(), "post".into());
        request.as_of = AsOf::Date(day.parse().expect("a day"));
        let answer = engine.run(request).await.expect("an answer");
        assert_eq!(answer.meta.edition, edition, "{day}");
        ends.push(answer.meta.to + Days::new(1));
    }
    assert_eq!(ends[1], Granularity::Month.next(ends[0]), "a month more is over: {ends:?}");
}
