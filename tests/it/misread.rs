//! Numbers that are right for what they were computed from and that a reader would take for something else: a fall that is
//! a silence, a zero that is ignorance, a rate of one land by the persons of another.

use arrow::util::pretty::pretty_format_batches;
use chrono::{Months, NaiveDate};
use utbredt_engine::{Engine, KpiRequest};
use utbredt_tests::batches::fill;
use utbredt_tests::check::query_files;
use utbredt_tests::tiny::tiny;
use utbredt_tests::world::{Usage, World};

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

/// The rows of an answer, each by the names of its columns.
async fn rows(world: &World, kpi: &str, words: &str) -> Vec<Vec<(String, String)>> {
    let folder = tempfile::tempdir().expect("a folder");
    let lake = fill(world, folder.path());
    let engine = Engine::open(lake.root(), query_files()).expect("a lake");
    let pairs = words.split(' ').map(|word| word.split_once('=').expect("name=value"));
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let request = KpiRequest::parse(engine.catalogue(), kpi, pairs).expect("a right question");
    let answer = engine.run(request).await.expect("an answer");
    let table = pretty_format_batches(&answer.batches).expect("a table").to_string();
    let mut lines = table.lines().filter(|line| line.starts_with('|'));
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let names = cells(lines.next().expect("names"));
    lines.map(|line| names.iter().cloned().zip(cells(line)).collect()).collect()
}

/// One cell of the row that has a code, or of the only one.
fn cell(rows: &[Vec<(String, String)>], code: &str, column: &str) -> String {
    let row = rows.iter().find(|row| code.is_empty() || row.iter().any(|(_, cell)| cell == code));
    let cell = row.and_then(|row| row.iter().find(|(name, _)| name == column));
    cell.map(|(_, cell)| cell.clone()).unwrap_or_else(|| panic!("no {column} of {code}: {rows:?}"))
}

/// Users of the post in 2020: Storby (320 could), Øy (320) and Nes (160).
fn users(counts: &[(&str, &str, Option<i64>)]) -> World {
    let mut world = tiny();
    let row =
        world.usage.iter().find(|row| row.municipality_code == "3001" && row.measure_id == "users_active");
    let row = row.expect("a row of Storby").clone();
    world.usage.retain(|row| row.solution_id != "post" || row.period_start < day("2020-02-01"));
    for (code, month, value) in counts {
        let period_start = day(&format!("{month}-01"));
        world.usage.push(Usage {
            municipality_code: (*code).into(),
            period_start,
            period_end: period_start + Months::new(1),
            value: *value,
            state: if value.is_some() { "ok" } else { "missing" },
            ..row.clone()
        });
    }
    world
}

/// Storby rises from 96 to 128 and Øy from 64 to 96 of 320 each, from the end of February to that of May: 64 of 640 in 92 days
/// of 30.4375 a month. Nes had 120 of 160 and fell silent. With it the nation would have stood still at 0.35.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_falls_silent_does_not_slow_the_pace() {
    let known = [
        ("3001", "2020-02", Some(96)),
        ("0202", "2020-02", Some(64)),
        ("0201", "2020-02", Some(120)),
        ("3001", "2020-05", Some(128)),
        ("0202", "2020-05", Some(96)),
    ];
    let words = "solution_id=post metric=adoption.reach from=2020-05 to=2020-05";
    for last in [Some(("0201", "2020-05", None)), None] {
        let world = users(&known.iter().copied().chain(last).collect::<Vec<_>>());
        let answer = rows(&world, "targets.target_progress", words).await;
        let pace: f64 = cell(&answer, "", "current_share_a_month").parse().expect("a pace");
        assert!((pace - 64.0 / 640.0 * 30.4375 / 92.0).abs() < 1e-12, "{pace}: {answer:?}");
    }
    // Without Øy, home to two in five, too few are known at both ends.
    let world = users(&known[..4]);
    let answer = rows(&world, "targets.target_progress", words).await;
    assert_eq!(cell(&answer, "", "current_share_a_month"), "", "{answer:?}");
}

/// Nobody says who has `sak`. Nes and Aust report it, so a fall of theirs would be seen; of Vest and Øy nothing is known.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_known_is_nothing_to_follow_up_and_not_0() {
    let mut world = tiny();
    world.rollout_events.retain(|event| event.solution_id != "sak");
    world
        .usage
        .retain(|row| row.solution_id != "sak" || ["0201", "0101"].contains(&row.municipality_code.as_str()));
    let words = "solution_id=sak by=municipality from=2019-03 to=2019-03";
    let answer = rows(&world, "rollout.follow_up", words).await;
    let of = |code: &str| {
        ["state", "reason", "numerator", "coverage"].map(|column| cell(&answer, code, column)).join(" ")
    };
    for code in ["0201", "0101"] {
        assert!(of(code).starts_with("ok "), "{code}: {answer:?}");
    }
    for code in ["0102", "0202"] {
        assert_eq!(of(code), "not_applicable not_followed  0.0", "{code}: {answer:?}");
    }
}

/// Nobody says who has the post. It is not known then what it costs, so neither what is left of its benefit; nor is anybody
/// known to stand still, to owe a delivery, to wait, or to have begun.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_follows_is_not_followed_whatever_the_question() {
    let mut world = tiny();
    world.rollout_events.retain(|event| event.solution_id != "post");
    for kpi in [
        "adoption.cohort_curve",
        "benefit.cost",
        "benefit.net",
        "benefit.pay_back",
        "quality.completeness",
        "quality.freshness",
        "quality.late_deliveries",
        "rollout.municipalities_live",
        "rollout.stalled",
        "rollout.time_in_stage",
    ] {
        let words = "solution_id=post by=municipality granularity=month from=2020-01 to=2020-01";
        let answer = rows(&world, kpi, words).await;
        let known = ["state", "reason", "value"].map(|column| cell(&answer, "3001", column));
        assert_eq!(known, ["not_applicable", "not_followed", ""], "{kpi}: {answer:?}");
    }
}

/// Storby's 80 users of January 2020 are all Vest's under `largest_successor` in the borders of 2019. So are Storby's 320 persons, and
/// 80 of 320 is a rate of one land. By Vest's own 240 they are not divided, nor Vest's own users by the 320.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_is_divided_by_the_persons_of_the_same_land() {
    let words = |policy: &str| {
        format!("solution_id=post by=municipality borders=2019-06-01 from=2020-01 to=2020-01 policy={policy}")
    };
    let states = |reach: &[Vec<(String, String)>]| ["0101", "0102"].map(|code| cell(reach, code, "state"));
    let both_moved = rows(&tiny(), "adoption.reach", &words("largest_successor")).await;
    assert_eq!(
        (cell(&both_moved, "0102", "value"), states(&both_moved)[0].as_str()),
        ("0.25".into(), "not_valid")
    );

    let mut users_moved = tiny();
    users_moved.population.retain(|row| row.reference_date < day("2020-01-01"));
    let reach = rows(&users_moved, "adoption.reach", &words("largest_successor")).await;
    assert_eq!(states(&reach), ["not_valid", "not_valid"], "{reach:?}");
    // By share Vest has 60 of the 80.
    let reach = rows(&users_moved, "adoption.reach", &words("population_share")).await;
    assert_eq!(cell(&reach, "0102", "value"), "0.25", "{reach:?}");

    let mut persons_moved = tiny();
    let old =
        persons_moved.usage.iter().find(|row| row.municipality_code == "0101").expect("a row").division_date;
    let of_storby = persons_moved.usage.iter_mut().filter(|row| row.municipality_code == "3001");
    for row in of_storby {
        (row.municipality_code, row.division_date) = ("0102".into(), old);
    }
    for kpi in ["adoption.reach", "adoption.usage_per_1000", "spread.peer_comparison"] {
        let answer = rows(&persons_moved, kpi, &words("largest_successor")).await;
        assert_eq!(cell(&answer, "0102", "state"), "not_valid", "{kpi}: {answer:?}");
        assert_eq!(cell(&answer, "0201", "state"), "ok", "{kpi}: {answer:?}");
    }
    let nation = words("largest_successor").replace("by=municipality", "by=nation");
    let reach = rows(&persons_moved, "adoption.reach", &nation).await;
    assert_eq!(cell(&reach, "", "numerator"), "32", "Nes alone is of one land: {reach:?}");
}

/// `sak` with these numbers alone, and nobody who says who has it.
fn of_sak(counts: &[(&str, &str, i64)]) -> World {
    let mut world = tiny();
    let row = world.usage.iter().find(|row| row.solution_id == "sak" && row.measure_id == "uses");
    let row = row.expect("a row").clone();
    world.usage.retain(|row| row.solution_id != "sak");
    world.rollout_events.retain(|event| event.solution_id != "sak");
    for (code, month, value) in counts {
        let period_start = day(&format!("{month}-01"));
        world.usage.push(Usage {
            municipality_code: (*code).into(),
            division_date: if *code == "3001" { day("2020-01-01") } else { row.division_date },
            period_start,
            period_end: period_start + Months::new(1),
            value: Some(*value),
            ..row.clone()
        });
    }
    world
}

/// Aust's 40 and Vest's 60 of January and December 2019 are Storby's 100 of January 2020: nothing grew and nothing fell. In the
/// borders of 2019 `largest_successor` gives Vest all 100, which are not Vest's 60 grown by two thirds; and Storby's 40 of
/// February are no fall of Vest from its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_is_compared_with_one_of_the_same_land() {
    let before = ["2019-01", "2019-12"].map(|month| [("0101", month, 40), ("0102", month, 60)]).concat();
    let words = |month: &str, by: &str, policy: &str| {
        format!("solution_id=sak by={by} borders=2019-06-01 from={month} to={month} policy={policy}")
    };
    let grown = of_sak(&[before.clone(), vec![("3001", "2020-01", 100)]].concat());
    let answer =
        rows(&grown, "adoption.growth_yoy", &words("2020-01", "municipality", "largest_successor")).await;
    let of_vest = ["state", "numerator", "value"].map(|column| cell(&answer, "0102", column));
    assert_eq!(of_vest, ["not_valid", "", ""], "{answer:?}");
    let answer = rows(&grown, "adoption.growth_yoy", &words("2020-01", "nation", "largest_successor")).await;
    assert_eq!(
        (cell(&answer, "", "value"), cell(&answer, "", "unmatched_growth")),
        (String::new(), String::new())
    );
    let answer = rows(&grown, "adoption.growth_yoy", &words("2020-01", "nation", "population_share")).await;
    assert_eq!(
        (cell(&answer, "", "value"), cell(&answer, "", "unmatched_growth")),
        ("0.0".into(), "0.0".into())
    );

    // 40 of 60 would be less than 80 %, and beyond chance: 400 exceeds 3.8416 times 100.
    let fallen = of_sak(&[before, vec![("3001", "2020-01", 40)]].concat());
    let answer =
        rows(&fallen, "rollout.follow_up", &words("2020-01", "municipality", "largest_successor")).await;
    assert_eq!(cell(&answer, "0102", "use_fell"), "0", "{answer:?}");
    // By share Vest has 30 of the 40: half of its own 60, and an estimate.
    let answer =
        rows(&fallen, "rollout.follow_up", &words("2020-01", "municipality", "population_share")).await;
    let of_vest = ["use_fell", "marks"].map(|column| cell(&answer, "0102", column));
    assert_eq!(of_vest, ["1", "split_by_share"], "{answer:?}");
    assert!(!cell(&answer, "0201", "marks").contains("imputed"), "{answer:?}");
}

/// Nes has 100 in December, estimated, and 50 in January: the fall rests on the estimate.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fall_from_an_estimate_is_marked() {
    let mut world = of_sak(&[("0201", "2019-12", 100), ("0201", "2020-01", 50)]);
    for row in world.usage.iter_mut().filter(|row| row.solution_id == "sak" && row.value == Some(100)) {
        row.imputed = true;
    }
    let words = "solution_id=sak by=municipality from=2020-01 to=2020-01";
    let answer = rows(&world, "rollout.follow_up", words).await;
    let of_nes = ["use_fell", "marks"].map(|column| cell(&answer, "0201", column));
    assert_eq!(of_nes, ["1", "imputed"], "{answer:?}");
}

/// Vest had 10 a month before the post. All 40 of Storby are Vest's in the borders of 2019 under `largest_successor`, and its own 10
/// are not what Storby had before. Nor is Aust, whose land is Storby's, without the post: what it pays is Vest's there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_baseline_and_a_cost_are_of_the_same_land_as_the_use() {
    let mut world = tiny();
    for row in world.baselines.iter_mut().filter(|row| row.municipality_code == "0102") {
        row.value_a_month = 10;
    }
    let words = |policy: &str| {
        format!("solution_id=post by=municipality borders=2019-06-01 from=2020-01 to=2020-01 policy={policy}")
    };
    let answer = rows(&world, "benefit.realised", &words("largest_successor")).await;
    assert_eq!(cell(&answer, "0102", "state"), "not_valid", "{answer:?}");
    let answer = rows(&world, "benefit.realised", &words("population_share")).await;
    assert_eq!(cell(&answer, "0102", "state"), "ok", "{answer:?}");
    // A baseline of nothing is of any land.
    let answer = rows(&tiny(), "benefit.realised", &words("largest_successor")).await;
    assert_eq!(cell(&answer, "0102", "state"), "ok", "{answer:?}");
    let answer = rows(&world, "benefit.cost", &words("largest_successor")).await;
    let reasons = ["0101", "0102"].map(|code| cell(&answer, code, "reason"));
    assert_eq!(reasons, ["paid_by_the_largest", ""], "{answer:?}");
}
