//! What is owed is looked at as of the time it was owed: which period a question without one is about, who is called, and
//! what one half of a merged municipality may speak for. On the tiny world, recorded on other days: use of a month is due
//! on the 10th of the next.

use std::collections::BTreeSet;

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use chrono::{Days, NaiveTime};
use utbredt_engine::{Borders, By, Engine, KpiRequest};
use utbredt_model::Granularity;
use utbredt_tests::batches::fill;
use utbredt_tests::check::query_files;
use utbredt_tests::days::{day_after, first_day};
use utbredt_tests::oracle::{Grain, default_end};
use utbredt_tests::tiny::tiny;
use utbredt_tests::world::{RolloutEvent, Usage, World};
use utbredt_tests::worlds::{Random, random, seeds, window};

struct Lake {
    _folder: tempfile::TempDir,
    engine: Engine,
}

impl Lake {
    fn of(world: &World) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let _lake = fill(world, folder.path());
        let engine = Engine::open(folder.path(), query_files()).expect("the lake opens");
        Self { _folder: folder, engine }
    }

    /// The tiny world as it was known on a day.
    fn on(day: &str) -> Self {
        Self::of(&World { recorded_at: noon(day), ..tiny() })
    }

    /// First day and first day after of what a question without a period is about.
    async fn default(&self, kpi: &str, granularity: Option<Granularity>) -> (String, String) {
        let request = KpiRequest { granularity, by: By::Municipality, ..question(kpi) };
        let meta = self.engine.run(request).await.expect("an answer").meta;
        (meta.from.to_string(), (meta.to + Days::new(1)).to_string())
    }

    /// A column of a month's rows by municipality: `code value` or `code state reason`, with blanks between the rows.
    async fn column(&self, kpi: &str, month: &str, borders: Borders, name: &str) -> String {
        let mut request = question(kpi);
        (request.by, request.borders) = (By::Municipality, borders);
        request.from = Some(first_day(month).expect("a month"));
        request.to = Some(day_after(month).expect("a month"));
        let answer = self.engine.run(request).await.expect("an answer");
        let mut rows = Vec::new();
        for batch in &answer.batches {
            let text = |name: &str| batch.column_by_name(name).expect("a column").as_string::<i32>().clone();
            let (codes, states, reasons) = (text("municipality_code"), text("state"), text("reason"));
            let numbers =
                cast(batch.column_by_name(name).expect("a column"), &DataType::Int64).expect("whole");
            let numbers = numbers.as_primitive::<Int64Type>();
            for i in 0..batch.num_rows() {
                let shown = if states.value(i) == "ok" && numbers.is_valid(i) {
                    numbers.value(i).to_string()
                } else if reasons.is_valid(i) {
                    reasons.value(i).to_owned()
                } else {
                    states.value(i).to_owned()
                };
                rows.push(format!("{} {shown}", codes.value(i)));
            }
        }
        rows.sort();
        rows.join(", ")
    }
}

fn noon(day: &str) -> chrono::DateTime<chrono::Utc> {
    let day = first_day(day).expect("a day");
    day.and_time(NaiveTime::from_hms_opt(12, 0, 0).expect("noon")).and_utc()
}

fn question(kpi: &str) -> KpiRequest {
    let mut request = KpiRequest::new(kpi);
    request.params.insert("solution_id".into(), "post".into());
    request
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_without_a_period_is_about_the_last_that_is_due() {
    // Nes and Storby have told February before it is due.
    let early = Lake::on("2020-03-09");
    let ends = async |lake: &Lake, kpi: &str| lake.default(kpi, None).await.1;
    assert_eq!(ends(&early, "adoption.usage_per_1000").await, "2020-02-01");
    assert_eq!(ends(&early, "quality.completeness").await, "2020-02-01");
    assert_eq!(early.default("rollout.follow_up", None).await, ("2020-01-01".into(), "2020-02-01".into()));
    // What is late and how old the newest number is are known at the end of every month.
    assert_eq!(ends(&early, "quality.late_deliveries").await, "2020-03-01");
    assert_eq!(ends(&early, "quality.freshness").await, "2020-03-01");
    // Of users no due day is declared: the last month that ended and has a row. A rollout is of every day.
    assert_eq!(ends(&early, "adoption.reach").await, "2020-03-01");
    assert_eq!(ends(&early, "rollout.municipalities_live").await, "2020-03-01");
    // On the day itself nobody is late yet, and the question is still about January.
    let day = Lake::on("2020-03-10");
    assert_eq!(ends(&day, "adoption.usage_per_1000").await, "2020-02-01");
    let due = Lake::on("2020-03-11");
    assert_eq!(ends(&due, "adoption.usage_per_1000").await, "2020-03-01");
    // The first quarter has not ended although its first two months are due.
    let quarter = due.default("adoption.usage_per_1000", Some(Granularity::Quarter)).await;
    assert_eq!(quarter.1, "2020-01-01");
    // Long after the last row it is still the last that is due, and not a month of which nobody told.
    let later = Lake::on("2020-06-15");
    assert_eq!(ends(&later, "adoption.usage_per_1000").await, "2020-03-01");
    assert_eq!(ends(&later, "adoption.reach").await, "2020-03-01");
    assert_eq!(ends(&later, "rollout.municipalities_live").await, "2020-06-01");
    // Who asks from a later month on gets what there is since.
    let mut since = question("adoption.usage_per_1000");
    since.from = Some(first_day("2020-04").expect("a month"));
    assert_eq!(later.engine.run(since).await.expect("an answer").meta.to.to_string(), "2020-05-31");
}

/// The tiny world knows the borders from 2017 on. The window of twelve years, quarters or months begins no earlier.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_without_a_period_does_not_begin_before_the_oldest_division() {
    let lake = Lake::of(&tiny());
    let year = Some(Granularity::Year);
    for kpi in [
        "adoption.reach",
        "adoption.usage_per_1000",
        "adoption.growth_yoy",
        "benefit.cost",
        "rollout.municipalities_live",
        "quality.completeness",
    ] {
        assert_eq!(lake.default(kpi, year).await, ("2017-01-01".into(), "2020-01-01".into()), "{kpi}");
    }
    // The quarter that holds its first day is the first, here of twelve before one that is given.
    let mut quarters = question("benefit.cost");
    (quarters.granularity, quarters.to) = (Some(Granularity::Quarter), first_day("2018-04").ok());
    let meta = lake.engine.run(quarters).await.expect("an answer").meta;
    assert_eq!((meta.from.to_string(), meta.to.to_string()), ("2017-01-01".into(), "2018-03-31".into()));
    // Who asks for an earlier day, or only for days before, is told that nobody knows.
    for (from, to) in [(first_day("2016").ok(), None), (None, first_day("2016").ok())] {
        let mut early = KpiRequest { granularity: year, ..question("benefit.cost") };
        (early.from, early.to) = (from, to);
        let error = lake.engine.run(early).await.expect_err("no borders").to_string();
        assert!(error.contains("are not known"), "{error}");
    }
}

/// Of users no due day is declared. What is said of December 2021 leaves February the last month that has a row.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_of_days_to_come_does_not_move_the_question() {
    let mut world = tiny();
    let of_users = |row: &&Usage| row.measure_id == "users_active" && row.municipality_code == "0201";
    let row = world.usage.iter().find(of_users).cloned().expect("users of Nes");
    for (start, end) in
        [("2021-12-01", "2022-01-01"), ("2020-06-01", "2020-07-01"), ("2020-01-01", "2021-01-01")]
    {
        let (period_start, period_end) = (first_day(start).expect("a day"), first_day(end).expect("a day"));
        world.usage.push(Usage { period_start, period_end, ..row.clone() });
    }
    let lake = Lake::of(&world);
    for (granularity, end) in [
        (Granularity::Month, "2020-03-01"),
        (Granularity::Week, "2020-03-02"),
        (Granularity::Quarter, "2020-04-01"),
        (Granularity::Year, "2020-01-01"),
    ] {
        assert_eq!(lake.default("adoption.reach", Some(granularity)).await.1, end, "{granularity:?}");
    }
    // A rollout is of every day.
    assert_eq!(lake.default("rollout.municipalities_live", None).await.1, "2020-06-01");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_called_before_the_day_is_over_on_which_it_is_due() {
    // Øy tells nothing. February is due on 10 March.
    let days = [("2020-03-02", 0, "nothing_due"), ("2020-03-10", 0, "nothing_due"), ("2020-03-11", 1, "1")];
    for (day, called, missing) in days {
        let lake = Lake::on(day);
        let calls = lake.column("rollout.follow_up", "2020-02", Borders::Then, "not_delivered").await;
        assert_eq!(calls, format!("0201 0, 0202 {called}, 3001 0"), "{day}");
        let lacking =
            lake.column("quality.completeness", "2020-02", Borders::Then, "missing_deliveries").await;
        assert_eq!(lacking, format!("0201 0, 0202 {missing}, 3001 0"), "{day}");
        // What is not due yet and has not come is in no share.
        let due = lake.column("quality.completeness", "2020-02", Borders::Then, "denominator").await;
        assert_eq!(due, format!("0201 1, 0202 {missing}, 3001 1"), "{day}");
    }
    // Of the quarter January is overdue, and the rest is not.
    let mut quarter = question("rollout.follow_up");
    (quarter.by, quarter.granularity) = (By::Municipality, Some(Granularity::Quarter));
    (quarter.from, quarter.to) = (first_day("2020-01-01").ok(), first_day("2020-04-01").ok());
    for (day, called) in [("2020-02-10", 0), ("2020-02-11", 1)] {
        let answer = Lake::on(day).engine.run(quarter.clone()).await.expect("an answer");
        let batch = answer.batches.iter().find(|batch| batch.num_rows() > 0).expect("rows");
        let calls = cast(batch.column_by_name("not_delivered").expect("a column"), &DataType::Int64);
        let calls = calls.expect("whole");
        let sum: i64 = calls.as_primitive::<Int64Type>().iter().flatten().sum();
        assert_eq!(sum, called, "{day}");
    }
}

/// Nes delivered its uses of January and February 2020 in rows of other lengths.
fn delivered_by(rows: &[(&str, &str, &'static str)]) -> Lake {
    let mut world = tiny();
    let of_nes = |row: &Usage| {
        row.solution_id == "post" && row.measure_id == "uses" && row.municipality_code == "0201"
    };
    let row = world.usage.iter().rfind(|row| of_nes(row)).cloned().expect("uses of Nes");
    let day = |text: &str| first_day(text).expect("a day");
    world.usage.retain(|row| !of_nes(row) || row.period_start < day("2020-01-01"));
    for (start, end, state) in rows {
        let (period_start, period_end) = (day(start), day(end));
        let value = (*state == "ok").then_some(90);
        world.usage.push(Usage { period_start, period_end, state, value, ..row.clone() });
    }
    Lake::of(&world)
}

/// A quarter's row is no number of a month, and it was delivered: the answer for the middle month is that for the
/// others, and Nes is called of none. Øy tells nothing from 20 January on, and nobody but Nes tells anything of March.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_delivered_longer_periods_is_not_called() {
    let lake = delivered_by(&[("2020-01-01", "2020-04-01", "ok")]);
    for (month, called) in [("2020-01", 0), ("2020-02", 0), ("2020-03", 1)] {
        let uses = lake.column("adoption.usage_per_1000", month, Borders::Then, "numerator").await;
        assert!(uses.starts_with("0201 incomplete_period, 0202 not_delivered"), "{month}: {uses}");
        let calls = lake.column("rollout.follow_up", month, Borders::Then, "not_delivered").await;
        assert_eq!(calls, format!("0201 0, 0202 1, 3001 {called}"), "{month}");
        if month != "2020-03" {
            // What is owed of a month came with its quarter.
            let came = lake.column("quality.completeness", month, Borders::Then, "numerator").await;
            assert_eq!(came, "0201 1, 0202 0, 3001 1", "{month}");
        }
    }
    // Weeks from 27 January to 1 March are about every day of February, and one of them less is not.
    let weeks = [
        ("2020-01-27", "2020-02-03", "ok"),
        ("2020-02-03", "2020-02-10", "ok"),
        ("2020-02-10", "2020-02-17", "ok"),
        ("2020-02-17", "2020-02-24", "ok"),
        ("2020-02-24", "2020-03-02", "ok"),
    ];
    for (rows, called) in [(&weeks[..], 0), (&weeks[1..], 1)] {
        let lake = delivered_by(rows);
        let uses = lake.column("adoption.usage_per_1000", "2020-02", Borders::Then, "numerator").await;
        assert!(uses.starts_with("0201 incomplete_period, "), "{uses}");
        let calls = lake.column("rollout.follow_up", "2020-02", Borders::Then, "not_delivered").await;
        assert_eq!(calls, format!("0201 {called}, 0202 1, 3001 0"), "{} weeks", rows.len());
        let came = lake.column("quality.completeness", "2020-02", Borders::Then, "numerator").await;
        assert_eq!(came, format!("0201 {}, 0202 0, 3001 1", 1 - called), "{} weeks", rows.len());
    }
    // A row which says that there is no number is no delivery.
    let lake = delivered_by(&[("2020-01-01", "2020-04-01", "missing")]);
    for month in ["2020-01", "2020-02"] {
        let uses = lake.column("adoption.usage_per_1000", month, Borders::Then, "numerator").await;
        assert!(uses.starts_with("0201 not_delivered, 0202 not_delivered"), "{month}: {uses}");
        let calls = lake.column("rollout.follow_up", month, Borders::Then, "not_delivered").await;
        assert_eq!(calls, "0201 1, 0202 1, 3001 0", "{month}");
        let came = lake.column("quality.completeness", month, Borders::Then, "numerator").await;
        assert_eq!(came, "0201 0, 0202 0, 3001 1", "{month}");
    }
}

/// Vest has it from November 2019 as Aust does, and tells nothing.
fn two_halves() -> World {
    let mut world = tiny();
    let of_aust = |event: &&RolloutEvent| {
        event.solution_id == "post" && event.municipality_code == "0101" && event.stage == "in_production"
    };
    let vest = world.rollout_events.iter().find(of_aust).cloned().expect("Aust goes live");
    world.rollout_events.push(RolloutEvent { municipality_code: "0102".into(), ..vest });
    world
}

/// February is due on 10 March. January's due day passed on 10 February: on 11 March, which ends with the 10th, that is 29
/// days ago.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_late_before_its_due_day_in_a_period_under_way() {
    for (today, late, days) in [("2020-03-05", 1, 23), ("2020-03-10", 1, 28), ("2020-03-11", 2, 29)] {
        let lake = Lake::on(today);
        let column =
            async |name| lake.column("quality.late_deliveries", "2020-03", Borders::Then, name).await;
        assert_eq!(column("numerator").await, format!("0201 0, 0202 {late}, 3001 0"), "{today}");
        assert_eq!(column("days_late").await, format!("0201 ok, 0202 {days}, 3001 ok"), "{today}");
    }
}

/// On 20 February there are rows of all February: they are of today, and not older than that. Øy reports nothing of
/// January, which was due on the 10th, and this is the 51st day since it began.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_about_days_to_come_is_of_today() {
    let lake = Lake::on("2020-02-20");
    let ages = lake.column("quality.freshness", "2020-02", Borders::Then, "numerator").await;
    assert_eq!(ages, "0201 0, 0202 51, 3001 0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_half_of_a_merged_municipality_does_not_make_it_whole() {
    let lake = Lake::of(&two_halves());
    let then = lake.column("quality.completeness", "2019-12", Borders::Then, "numerator").await;
    assert_eq!(then, "0101 1, 0102 0, 0201 1, 0202 not_introduced");
    // Aust's row is not Storby's delivery, nor are its 16 users those of Storby's 400 inhabitants.
    let now = lake.column("quality.completeness", "2019-12", Borders::Now, "numerator").await;
    assert_eq!(now, "0201 1, 0202 not_introduced, 3001 0");
    let reach = lake.column("adoption.reach", "2019-12", Borders::Now, "numerator").await;
    assert_eq!(reach, "0201 16, 0202 not_introduced, 3001 incomplete_territory");
    // November was due on 10 December and December on 10 January.
    let late = lake.column("quality.late_deliveries", "2020-01", Borders::Then, "numerator").await;
    assert_eq!(late, "0201 0, 0202 nothing_due, 3001 2");
    // Nothing of it came: 61 days since 1 November.
    let fresh = lake.column("quality.freshness", "2019-12", Borders::Now, "numerator").await;
    assert_eq!(fresh, "0201 0, 0202 not_introduced, 3001 61");
    // While Vest owed nothing, Aust's row was all there was to come.
    let alone = Lake::of(&tiny()).column("quality.completeness", "2019-12", Borders::Now, "numerator").await;
    assert_eq!(alone, "0201 1, 0202 not_introduced, 3001 1");
}

/// Random worlds, each recorded on some day while it still reports: the default period is the oracle's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_default_period_is_that_of_plain_loops() {
    let grains = [
        (Grain::Month, Granularity::Month),
        (Grain::Quarter, Granularity::Quarter),
        (Grain::Week, Granularity::Week),
    ];
    let mut ends = BTreeSet::new();
    for seed in seeds(5) {
        let (mut world, mut numbers) = (random(seed), Random::new(seed));
        let (first, end) = window(&world);
        let days = usize::try_from((end - first).num_days()).expect("a window") + 40;
        let day = first + Days::new(u64::try_from(numbers.below(days)).expect("few days"));
        world.recorded_at = noon(&day.to_string());
        let lake = Lake::of(&world);
        for solution in &world.solutions {
            for (kpi, measure) in [("adoption.usage_per_1000", Some("uses")), ("quality.completeness", None)]
            {
                for (grain, granularity) in grains {
                    let mut request = KpiRequest::new(kpi);
                    request.params.insert("solution_id".into(), solution.solution_id.clone());
                    request.params.extend(measure.map(|measure| ("measure_id".into(), measure.into())));
                    // It may end before the oldest division that is known.
                    (request.granularity, request.borders) = (Some(granularity), Borders::Now);
                    let answer = lake.engine.run(request).await.expect("an answer");
                    let expected = default_end(&world, &solution.solution_id, measure, grain);
                    assert_eq!(
                        answer.meta.to + Days::new(1),
                        expected,
                        "seed {seed}, {day}: {kpi} of {solution:?}, {grain:?}"
                    );
                    ends.insert((expected - day).num_days());
                }
            }
        }
    }
    // Some end right before the day and some long before it: a test that sees one kind only proves nothing.
    assert!(ends.iter().any(|days| *days > -10) && ends.iter().any(|days| *days < -35), "{ends:?}");
}
