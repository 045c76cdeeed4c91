//! A range of several years is its years added up: each with its own inhabitants.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Float64Type;
use chrono::{Datelike, NaiveDate};
use utbredt_engine::{Borders, By, Engine, KpiRequest, Policy};
use utbredt_tests::batches::fill;
use utbredt_tests::check::query_files;
use utbredt_tests::tiny;
use utbredt_tests::world::World;
use utbredt_tests::worlds::{random, seeds, window};

/// The days from 1 January of the first year to 31 December of the last, as one period.
fn of_years(kpi: &str, first: i32, last: i32) -> KpiRequest {
    let mut request = KpiRequest::new(kpi);
    request.range = true;
    request.by = By::Municipality;
    (request.borders, request.policy) = (Borders::Now, Policy::PopulationShare);
    request.from = NaiveDate::from_ymd_opt(first, 1, 1);
    request.to = NaiveDate::from_ymd_opt(last + 1, 1, 1);
    request
}

/// The request about the first solution of a world, where it is about one.
fn of_solution(world: &World, mut request: KpiRequest) -> KpiRequest {
    if request.kpi == "benefit.cost" {
        request.params.insert("solution_id".into(), world.solutions[0].solution_id.clone());
    }
    request
}

/// Øre and state by municipality.
async fn money(engine: &Engine, request: KpiRequest) -> BTreeMap<String, (i64, String)> {
    let answer = engine.run(request).await.expect("an answer");
    let mut found = BTreeMap::new();
    for batch in &answer.batches {
        let codes = batch.column_by_name("municipality_code").expect("a column").as_string::<i32>();
        let states = batch.column_by_name("state").expect("a column").as_string::<i32>();
        let values = batch.column_by_name("value").expect("a column").as_primitive::<Float64Type>();
        for row in 0..batch.num_rows() {
            let value = if values.is_null(row) { 0.0 } else { values.value(row) };
            found.insert(codes.value(row).to_owned(), (in_ore(value), states.value(row).to_owned()));
        }
    }
    found
}

#[expect(clippy::cast_possible_truncation, reason = "the numbers of a test world are small")]
fn in_ore(kroner: f64) -> i64 {
    (kroner * 100.0).round() as i64
}

fn open(world: &World, folder: &std::path::Path) -> Engine {
    let _lake = fill(world, folder);
    Engine::open(folder, query_files()).expect("the lake opens")
}

/// Nes has 200 inhabitants in 2019 and 250 in 2020. It contributes 600 + 6 x 200 = 1800 kr and 600 + 6 x 250 = 2100 kr.
/// It has post from 9 December 2019: 600 + 1.20 x 200 = 840 kr a year for 23 of 365 days, 84000 øre less the
/// floor(84000 x 342 / 365) = 78706 that had fallen, and 600 + 1.20 x 250 = 900 kr for 2020.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_year_has_its_own_inhabitants() {
    let mut world = tiny::tiny();
    for row in &mut world.population {
        if row.municipality_code == "0201" && row.age_from == 0 && row.reference_date.year() == 2020 {
            row.persons = 250;
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let engine = open(&world, folder.path());
    let members = money(&engine, of_years("benefit.membership_contribution", 2019, 2020)).await;
    assert_eq!(members["0201"], (180_000 + 210_000, "ok".to_owned()));
    let mut request = of_years("benefit.cost", 2019, 2020);
    request.params.insert("solution_id".into(), "post".into());
    let costs = money(&engine, request).await;
    assert_eq!(costs["0201"], (84_000 - 78_706 + 90_000, "ok".to_owned()));
}

/// Nes is counted for 2019 and not for 2020: of the range 2019 to 2020 it is known that 600 + 6 x 200 = 1800 kr fell.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_year_without_inhabitants_leaves_the_others() {
    let mut world = tiny::tiny();
    world.population.retain(|row| row.municipality_code != "0201" || row.reference_date.year() < 2020);
    let folder = tempfile::tempdir().expect("a folder");
    let engine = open(&world, folder.path());
    let members = money(&engine, of_years("benefit.membership_contribution", 2019, 2020)).await;
    assert_eq!(members["0201"], (180_000, "ok".to_owned()));
    let members = money(&engine, of_years("benefit.membership_contribution", 2020, 2020)).await;
    assert_eq!(members["0201"], (0, "not_applicable".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_money_of_years_is_that_of_their_range() {
    let mut compared = BTreeMap::new();
    for seed in seeds(11) {
        let world = random(seed);
        let folder = tempfile::tempdir().expect("a folder");
        let engine = open(&world, folder.path());
        let (from, to) = window(&world);
        let (first, last) = (from.year(), to.year() + 1);
        for kpi in ["benefit.cost", "benefit.membership_contribution"] {
            let whole = money(&engine, of_solution(&world, of_years(kpi, first, last))).await;
            let mut sums: BTreeMap<String, i64> = BTreeMap::new();
            for year in first..=last {
                for (code, (ore, _)) in money(&engine, of_solution(&world, of_years(kpi, year, year))).await {
                    *sums.entry(code).or_default() += ore;
                }
            }
            for (code, (ore, state)) in whole {
                assert_eq!(sums[&code], ore, "seed {seed}, {kpi} of {code}, {first} to {last}, {state}");
                *compared.entry(kpi).or_insert(0) += usize::from(ore > 0);
            }
        }
    }
    assert!(compared.len() == 2 && compared.values().all(|cells| *cells > 4), "{compared:?}");
}
