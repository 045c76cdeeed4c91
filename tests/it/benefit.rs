//! What must hold of benefits whatever the numbers are: another reference moves only what is measured up to, and
//! what remains is, with what waits, the whole potential; and money of months adds up to that of their year.

use std::collections::BTreeMap;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Date32Type, Float64Type};
use chrono::{Datelike, Months, NaiveDate, TimeDelta};
use utbredt_engine::{Borders, By, Engine, KpiRequest, Policy};
use utbredt_model::Granularity;
use utbredt_tests::batches::fill;
use utbredt_tests::check::query_files;
use utbredt_tests::tiny;
use utbredt_tests::world::{Baseline, Measure, NetworkMember, Usage, World};
use utbredt_tests::worlds::{random, seeds, window};

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
/// The marks of what is measured up to move with it.
const BESIDE: [&str; 4] = ["state", "coverage", "municipalities_reported", "municipalities_expected"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_reference_changes_only_what_is_measured_up_to() {
    let (mut compared, mut moved) = (0, 0);
    // In few worlds have three others a number to measure up to.
    for seed in (0..4).chain([31, 62, 76]) {
        let mut world = random(seed);
        // Without baselines what is realised is the use itself.
        world.baselines.clear();
        // What is used is worth the value of its month, and what is left, which has no month, the mean of the period's
        // days: only values that never change can be added.
        let begin = window(&world).0;
        for value in &mut world.unit_values {
            (value.valid_from, value.valid_to) = (begin, None);
        }
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
    assert!(compared > 12 && moved > 5, "{compared} cells compared, {moved} moved");
}

/// A day as answers count them.
fn day(since_1970: i32) -> NaiveDate {
    NaiveDate::default() + TimeDelta::days(since_1970.into())
}

/// The question about a whole year of a window, by its months or as one, in today's borders and without anything that is
/// not valid.
fn of_a_year(world: &World, kpi: &str, year: i32, granularity: Granularity) -> KpiRequest {
    let mut question = question(world, kpi, None);
    if kpi == "benefit.membership_contribution" {
        question.params.clear();
    }
    (question.borders, question.policy) = (Borders::Now, Policy::PopulationShare);
    question.from = NaiveDate::from_ymd_opt(year, 1, 1);
    question.to = NaiveDate::from_ymd_opt(year + 1, 1, 1);
    question.granularity = Some(granularity);
    question
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_money_of_months_is_that_of_their_year_to_the_ore() {
    let kpis = ["benefit.cost", "benefit.membership_contribution", "benefit.realised"];
    let mut compared = [0; 3];
    for seed in seeds(3) {
        let world = random(seed);
        let folder = tempfile::tempdir().expect("a folder");
        let _lake = fill(&world, folder.path());
        let engine = Engine::open(folder.path(), query_files()).expect("the lake opens");
        let (from, to) = window(&world);
        for (place, kpi) in kpis.into_iter().enumerate() {
            // A level or a mean has no months that could be added, and a number for a quarter is of no month.
            let solution = &world.solutions[0].solution_id;
            let adds =
                |m: &Measure| m.solution_id == *solution && m.measure_id == "uses" && m.rollup == "sum";
            let by_month = |row: &Usage| {
                let next = row.period_start.with_day(1).expect("a first day") + Months::new(1);
                row.solution_id != *solution || row.measure_id != "uses" || row.period_end <= next
            };
            let months_add_up = world.measures.iter().any(adds) && world.usage.iter().all(by_month);
            if kpi == "benefit.realised" && !months_add_up {
                continue;
            }
            for year in from.year()..=to.year() {
                let months = of_a_year(&world, kpi, year, Granularity::Month);
                let months = rows(&engine, months, &["value"], &["state"]).await;
                for (granularity, long) in [(Granularity::Quarter, 3), (Granularity::Year, 12)] {
                    let whole = of_a_year(&world, kpi, year, granularity);
                    for ((start, code), (ore, words)) in rows(&engine, whole, &["value"], &["state"]).await {
                        let end = day(start) + Months::new(long);
                        let inside = |at: i32, of: &str| of == code && at >= start && day(at) < end;
                        let own: Vec<_> = months.iter().filter(|((at, of), _)| inside(*at, of)).collect();
                        if words[0] != "ok" || own.iter().any(|(_, (_, words))| words[0] == "missing") {
                            continue;
                        }
                        let sum: i64 = own.iter().map(|(_, (ore, _))| ore[0]).sum();
                        assert_eq!(sum, ore[0], "seed {seed}, {kpi} of {code} from {}", day(start));
                        compared[place] += 1;
                    }
                }
            }
        }
    }
    assert!(compared.iter().all(|cells| *cells > 4), "{compared:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_members_pay_does_not_depend_on_the_borders() {
    let mut compared = 0;
    for seed in seeds(3) {
        let world = random(seed);
        let folder = tempfile::tempdir().expect("a folder");
        let _lake = fill(&world, folder.path());
        let engine = Engine::open(folder.path(), query_files()).expect("the lake opens");
        for policy in [Policy::ExactOnly, Policy::PopulationShare, Policy::LargestSuccessor] {
            let mut totals = BTreeMap::new();
            let days = world.divisions.iter().map(|division| Borders::On(division.date));
            for borders in days.chain([Borders::Then, Borders::Now]) {
                let mut question =
                    of_a_year(&world, "benefit.membership_contribution", 2023, Granularity::Year);
                (question.by, question.borders, question.policy) = (By::Nation, borders, policy);
                let answer = engine.run(question).await.expect("an answer");
                let values = answer.batches[0].column_by_name("value").expect("a column");
                totals.insert(
                    format!("{borders:?}"),
                    values.as_primitive::<Float64Type>().iter().next().flatten(),
                );
            }
            let first = totals.values().next().copied().flatten();
            assert!(totals.values().all(|total| *total == first), "seed {seed}, {policy:?}: {totals:?}");
            compared += usize::from(first.is_some_and(|total| total > 0.0));
        }
    }
    assert!(compared > 5, "{compared} totals compared");
}

/// What a solution costs the nation is what the municipalities of the time pay, whatever borders it is shown in; under
/// `exact_only` wherever nothing is left out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_solution_costs_the_nation_does_not_depend_on_the_borders() {
    let (mut compared, mut cut) = (0, 0);
    for seed in seeds(4) {
        let world = random(seed);
        let folder = tempfile::tempdir().expect("a folder");
        let _lake = fill(&world, folder.path());
        let engine = Engine::open(folder.path(), query_files()).expect("the lake opens");
        let (from, to) = window(&world);
        for (policy, year) in [
            (Policy::PopulationShare, from.year()),
            (Policy::PopulationShare, to.year() - 1),
            (Policy::LargestSuccessor, from.year()),
            (Policy::ExactOnly, to.year() - 1),
        ] {
            let mut totals = Vec::new();
            let days = world.divisions.iter().map(|division| Borders::On(division.date));
            for borders in days.chain([Borders::Then, Borders::Now]) {
                let mut question = of_a_year(&world, "benefit.cost", year, Granularity::Quarter);
                (question.borders, question.policy) = (borders, policy);
                let found = rows(&engine, question, &["value"], &["state", "marks"]).await;
                cut += found.values().filter(|(_, words)| words[1].contains("split_by_share")).count();
                let complete = found.values().all(|(_, words)| words[0] != "not_valid");
                let total: i64 = found.values().map(|(ore, _)| ore[0]).sum();
                if complete {
                    totals.push((total, borders));
                }
            }
            let differs = totals.iter().any(|(total, _)| *total != totals[0].0);
            assert!(!differs, "seed {seed}, {policy:?}, {year}: {totals:?}");
            compared += usize::from(totals.len() > 2 && totals[0].0 > 0);
        }
    }
    assert!(compared > 8 && cut > 4, "{compared} totals compared, {cut} cells cut");
}

/// In the tiny world 0101 and 0102 became 3001 in 2020. Who is listed by the old code too, or twice for the same days,
/// pays one base sum: 180000 øre of Nes (0201) and 240000 of Storby (3001), as the expectations of the KPI work out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_with_two_codes_or_two_spans_counts_once() {
    let mut world = tiny::tiny();
    let day = |text: &str| Some(text.parse().expect("a day"));
    let listed = |code: &str, division_date, valid_from, valid_to| NetworkMember {
        network_id: "nord".into(),
        municipality_code: code.into(),
        division_date,
        valid_from,
        valid_to,
    };
    world.network_members = vec![
        listed("3001", None, None, None),
        listed("0101", day("2017-01-01"), None, None),
        listed("0201", None, None, day("2020-09-01")),
        listed("0201", None, day("2020-02-01"), day("2020-05-01")),
        listed("0201", None, day("2020-04-01"), None),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let _lake = fill(&world, folder.path());
    let engine = Engine::open(folder.path(), query_files()).expect("the lake opens");
    let request = of_a_year(&world, "benefit.membership_contribution", 2020, Granularity::Year);
    let found = rows(&engine, request, &["value"], &["state"]).await;
    let ore: BTreeMap<&str, i64> =
        found.iter().map(|((_, code), (ore, _))| (code.as_str(), ore[0])).collect();
    assert_eq!(ore, BTreeMap::from([("0201", 180_000), ("0202", 0), ("3001", 240_000)]));
}

/// A baseline of Storby, whose land was Aust (0101) and Vest (0102) until 2020: in the borders of then nobody knows how much
/// of it is Aust's, and what Aust used in December 2019 is not all above it. By a declared share it is 100 of 400 persons'.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_baseline_that_may_not_be_split_is_not_none() {
    let mut world = tiny::tiny();
    world.baselines.retain(|row| !["0101", "0102"].contains(&row.municipality_code.as_str()));
    let storby = Baseline {
        municipality_code: "3001".into(),
        division_date: NaiveDate::from_ymd_opt(2020, 1, 1).expect("a day"),
        value_a_month: 10,
        ..world.baselines[0].clone()
    };
    world.baselines.push(storby);
    let folder = tempfile::tempdir().expect("a folder");
    let _lake = fill(&world, folder.path());
    let engine = Engine::open(folder.path(), query_files()).expect("the lake opens");
    let day = |year, month| NaiveDate::from_ymd_opt(year, month, 1);
    for (policy, expected) in [(Policy::ExactOnly, "not_valid"), (Policy::PopulationShare, "ok")] {
        for kpi in ["benefit.realised", "benefit.net"] {
            let mut request = question(&world, kpi, None);
            (request.granularity, request.policy) = (Some(Granularity::Month), policy);
            request.borders = Borders::On(day(2019, 6).expect("a day"));
            (request.from, request.to) = (day(2019, 12), day(2020, 1));
            let states: BTreeMap<String, String> = rows(&engine, request, &[], &["state"])
                .await
                .into_iter()
                .map(|((_, code), (_, words))| (code, words[0].clone()))
                .collect();
            assert_eq!(states["0101"], expected, "{kpi}, {policy:?}: {states:?}");
            assert_eq!(states["0201"], "ok", "{kpi}, {policy:?}: {states:?}");
        }
    }
}

/// Baselines are declared of Nes and Øy alone: what Storby realised nobody knows, in kroner or in hours. Of Aust's land
/// alone one is declared: nor of Storby, which is Aust and Vest. Where none is declared all use is a gain, and is marked:
/// 60 and 100 uses in January 2020 at 20 kr.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_baseline_nobody_declared_is_not_0() {
    let month = |month| NaiveDate::from_ymd_opt(2020, month, 1);
    for (kept, storby, nes) in [
        (["0201", "0202"].as_slice(), (0, "not_applicable", ""), (100_000, "ok", "")),
        (&["0101", "0201", "0202"], (0, "not_applicable", ""), (100_000, "ok", "")),
        (&[], (200_000, "ok", "without_baseline"), (120_000, "ok", "without_baseline")),
    ] {
        let mut world = tiny::tiny();
        world.baselines.retain(|row| kept.contains(&row.municipality_code.as_str()));
        let folder = tempfile::tempdir().expect("a folder");
        let _lake = fill(&world, folder.path());
        let engine = Engine::open(folder.path(), query_files()).expect("the lake opens");
        let mut request = question(&world, "benefit.realised", None);
        (request.granularity, request.borders) = (Some(Granularity::Month), Borders::Now);
        (request.from, request.to) = (month(1), month(2));
        let found = rows(&engine, request, &["value", "hours_central"], &["state", "marks"]).await;
        for (code, (ore, state, marks)) in [("3001", storby), ("0201", nes)] {
            let (_, (numbers, words)) =
                found.iter().find(|((_, of), _)| of == code).expect("a row of each municipality");
            assert_eq!((numbers[0], words[0].as_str()), (ore, state), "{code} with {kept:?}");
            assert_eq!(numbers[1] > 0, state == "ok", "{code} with {kept:?}: hours");
            assert_eq!(words[1], marks, "{code} with {kept:?}");
        }
    }
}

/// Storby (3001) is the host: it pays nothing, and neither do the two that its land was until 2020.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_host_pays_nothing_in_whatever_borders() {
    let mut world = tiny::tiny();
    world.membership_fees[0].network_id = Some("nord".into());
    world.membership_fees[0].host_code = Some("3001".into());
    let folder = tempfile::tempdir().expect("a folder");
    let _lake = fill(&world, folder.path());
    let engine = Engine::open(folder.path(), query_files()).expect("the lake opens");
    let old = Borders::On(NaiveDate::from_ymd_opt(2017, 6, 1).expect("a day"));
    for (borders, hosts) in
        [(Borders::Now, &["3001"][..]), (Borders::Then, &["3001"]), (old, &["0101", "0102"])]
    {
        let mut request = of_a_year(&world, "benefit.membership_contribution", 2020, Granularity::Year);
        request.borders = borders;
        let found = rows(&engine, request, &["value"], &["state"]).await;
        for ((_, code), (ore, words)) in found {
            let expected = match code.as_str() {
                "0201" => (180_000, "ok"),
                "0202" => (0, "not_applicable"),
                host if hosts.contains(&host) => (0, "ok"),
                other => panic!("{other} in {borders:?}"),
            };
            assert_eq!((ore[0], words[0].as_str()), expected, "{code} in {borders:?}");
        }
    }
}

/// With Øy in a group of its own nobody has three others in its group: all are measured up to the country, which is the
/// same four, and the answers say so. The amounts are those of the expectations of the KPI.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_a_group_is_too_small_the_country_is_measured_up_to() {
    let mut world = tiny::tiny();
    for row in world.peer_groups.iter_mut().filter(|row| row.municipality_code == "0202") {
        row.group_code = "EKG02".into();
    }
    let folder = tempfile::tempdir().expect("a folder");
    let _lake = fill(&world, folder.path());
    let engine = Engine::open(folder.path(), query_files()).expect("the lake opens");
    let (june, july) = (NaiveDate::from_ymd_opt(2019, 6, 1), NaiveDate::from_ymd_opt(2019, 7, 1));
    let mut request = KpiRequest::new("benefit.potential");
    request.params.insert("solution_id".into(), "torg".into());
    (request.from, request.to, request.by) = (june, july, By::Municipality);
    let found =
        rows(&engine, request, &["value", "reference_municipalities", "wider_references"], &["state"]).await;
    let found: BTreeMap<&str, &[i64]> =
        found.iter().map(|((_, code), (numbers, _))| (code.as_str(), numbers.as_slice())).collect();
    // Numbers are in hundredths here.
    let expected = [("0101", 48_000), ("0102", 96_000), ("0201", 32_000), ("0202", 0)];
    let expected: Vec<(&str, [i64; 3])> =
        expected.into_iter().map(|(code, ore)| (code, [ore, 300, 100])).collect();
    assert_eq!(found, expected.iter().map(|(code, numbers)| (*code, numbers.as_slice())).collect());
}
