//! A number of a part of a period: it says so, and nothing compares it with a whole one. The solution `sak` of the tiny
//! world, with other facts: Nes has it from 2018 on and reports 100 uses a month; Aust has it from September 2018.

use arrow::util::pretty::pretty_format_batches;
use chrono::{Datelike, Months, NaiveDate};
use utbredt_engine::{Engine, KpiRequest};
use utbredt_tests::batches::fill;
use utbredt_tests::check::query_files;
use utbredt_tests::tiny::tiny;
use utbredt_tests::world::{Measure, Population, RolloutEvent, Usage, World};

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

/// One row of a month.
fn reported(world: &World, code: &str, month: NaiveDate) -> Usage {
    let own = world.usage.iter().find(|row| row.solution_id == "sak" && row.measure_id == "uses");
    Usage {
        municipality_code: code.into(),
        period_start: month,
        period_end: month + Months::new(1),
        value: Some(100),
        state: "ok",
        ..own.expect("the tiny world has a row").clone()
    }
}

/// Aust and Nes report from when they have it until the end of 2019.
fn world() -> World {
    let mut world = tiny();
    let event = |code: &str, from: &str| RolloutEvent {
        municipality_code: code.into(),
        stage: "in_production",
        valid_from: day(from),
        ..world.rollout_events.iter().find(|event| event.solution_id == "sak").expect("an event").clone()
    };
    let events = [event("0101", "2018-09-03"), event("0201", "2018-01-01")];
    let months = |from: &str| -> Vec<NaiveDate> {
        let all = (0..24).map(|number| day("2018-01-01") + Months::new(number));
        all.filter(|month| *month >= day(from)).collect()
    };
    let mut usage: Vec<Usage> = Vec::new();
    for (code, from) in [("0101", "2018-09-01"), ("0201", "2018-01-01")] {
        usage.extend(months(from).into_iter().map(|month| reported(&world, code, month)));
    }
    world.usage.retain(|row| row.solution_id != "sak");
    world.usage.extend(usage);
    // As many lived there the year before.
    let earlier = world.population.iter().filter(|row| row.reference_date == day("2019-01-01"));
    let earlier = earlier.map(|row| Population { reference_date: day("2018-01-01"), ..row.clone() });
    let earlier: Vec<Population> = earlier.collect();
    world.population.extend(earlier);
    world.rollout_events.retain(|event| event.solution_id != "sak");
    world.rollout_events.extend(events);
    world
}

/// The rows of an answer as a table.
async fn table(world: &World, kpi: &str, words: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let _lake = fill(world, folder.path());
    let engine = Engine::open(folder.path(), query_files()).expect("the lake opens");
    let pairs = words.split(' ').map(|word| word.split_once('=').expect("name=value"));
    let request = KpiRequest::parse(engine.catalogue(), kpi, pairs).expect("a question that is read");
    let answer = engine.run(request).await.expect("an answer");
    pretty_format_batches(&answer.batches).expect("a table").to_string()
}

/// The cells of the row of a municipality, or of the nation.
fn row<'t>(table: &'t str, code: &str) -> Vec<&'t str> {
    let line = table.lines().skip(3).find(|line| code.is_empty() || line.contains(&format!("| {code} ")));
    line.expect("a row").split('|').map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

/// Whether a municipality has rows of both periods and its use fell in none.
fn not_called(calls: &str, code: &str) -> bool {
    let rows: Vec<&str> = calls.lines().filter(|line| line.contains(&format!("| {code} "))).collect();
    rows.len() == 2 && rows.iter().all(|row| !row.contains("use_fell"))
}

/// Four months of 2018 are no year to grow from: 1,200 by 400 would read as threefold. Nes alone grows, by nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_months_are_not_compared_with_twelve() {
    let world = world();
    let year = "solution_id=sak by=municipality granularity=year from=2019 to=2019";
    let growth = table(&world, "adoption.growth_yoy", year).await;
    assert!(row(&growth, "0101").contains(&"part_of_period"), "{growth}");
    assert_eq!(row(&growth, "0201")[3..6], ["0.0", "1200", "1200"], "{growth}");
    // The nation's growth is that of Nes, unmatched too: nothing of Aust's four months stands against its twelve.
    let nation = table(&world, "adoption.growth_yoy", &year.replace("by=municipality ", "")).await;
    assert_eq!(row(&nation, "")[1..4], ["0.0", "1200", "1200"], "{nation}");
    assert!(!row(&nation, "").contains(&"0.5"), "{nation}");
    // 400 uses of 2018 by 100 inhabitants: a number, of a part of the year.
    let before = table(&world, "adoption.usage_per_1000", &year.replace("2019", "2018")).await;
    let aust = row(&before, "0101");
    assert_eq!(aust[3..6], ["4000.0", "400", "100"], "{before}");
    assert!(aust.contains(&"partial") && !row(&before, "0201").contains(&"partial"), "{before}");
    // In the spread of 2018 only Nes has a place: 1,200 by 200.
    let spread = "solution_id=sak granularity=year from=2018 to=2018";
    let spread = table(&world, "spread.inequality", spread).await;
    assert!(spread.contains("6000.0") && !spread.contains("4000.0"), "{spread}");
}

/// A source that says of November that it does not apply leaves two months of the last quarter: no fall from three.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_months_of_three_are_no_fall() {
    for state in ["not_applicable", "absent"] {
        let mut world = world();
        let november = |row: &Usage| {
            row.solution_id == "sak"
                && row.municipality_code == "0201"
                && row.period_start == day("2019-11-01")
        };
        if state == "absent" {
            // On no list, so it owes what it reports.
            world
                .rollout_events
                .retain(|event| event.solution_id != "sak" || event.municipality_code == "0101");
            world.usage.retain(|row| !november(row));
        } else {
            let row = world.usage.iter_mut().find(|row| november(row)).expect("November");
            (row.value, row.state) = (None, "not_applicable");
        }
        let quarters = "solution_id=sak by=municipality granularity=quarter from=2019-Q3 to=2019-Q4";
        let calls = table(&world, "rollout.follow_up", quarters).await;
        assert!(not_called(&calls, "0201"), "{state}: {calls}");
        let growth = table(&world, "adoption.growth_yoy", &quarters.replace("Q3", "Q4")).await;
        assert!(row(&growth, "0201").contains(&"part_of_period"), "{state}: {growth}");
        let uses = table(&world, "adoption.usage_per_1000", &quarters.replace("Q3", "Q4")).await;
        let nes = row(&uses, "0201");
        assert_eq!((nes[4], nes[nes.len() - 2], nes[nes.len() - 1]), ("200", "2", "2"), "{state}: {uses}");
        assert!(nes.contains(&"partial"), "{state}: {uses}");
    }
}

/// Who leaves in the middle of a quarter is not called for using it less.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_left_is_not_called() {
    let mut world = world();
    let left = day("2019-11-15");
    let event =
        world.rollout_events.iter().find(|event| event.solution_id == "sak").expect("an event").clone();
    world.rollout_events.push(RolloutEvent {
        municipality_code: "0201".into(),
        stage: "withdrawn",
        valid_from: left,
        ..event
    });
    world.usage.retain(|row| {
        row.solution_id != "sak"
            || row.municipality_code != "0201"
            || row.period_start.month() != 12
            || row.period_start.year() != 2019
    });
    let quarters = "solution_id=sak by=municipality granularity=quarter from=2019-Q3 to=2019-Q4";
    let calls = table(&world, "rollout.follow_up", quarters).await;
    assert!(not_called(&calls, "0201"), "{calls}");
}

/// Aust uses the post in October 2019, before it has it: 7 uses at 20 kr are 140 kr, for which nothing is paid yet. With the
/// 348.72 kr of November (benefit.net) that is 488.72 kr.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn use_before_the_introduction_costs_nothing_in_months_and_ranges_alike() {
    let mut world = tiny();
    let november = |row: &&Usage| row.municipality_code == "0101" && row.period_start == day("2019-11-01");
    let november =
        world.usage.iter().filter(|row| row.solution_id == "post" && row.measure_id == "uses").find(november);
    let early = Usage {
        period_start: day("2019-10-01"),
        period_end: day("2019-11-01"),
        value: Some(7),
        ..november.expect("a row of Aust").clone()
    };
    world.usage.push(early);
    let october = "solution_id=post measure_id=uses by=municipality from=2019-10 to=2019-10";
    let net = table(&world, "benefit.net", october).await;
    assert!(row(&net, "0101").contains(&"140.0"), "{net}");
    let both = "solution_id=post measure_id=uses by=municipality granularity=range from=2019-10 to=2019-11";
    let net = table(&world, "benefit.net", both).await;
    assert!(row(&net, "0101").contains(&"488.72"), "{net}");
}

/// Aust counts its digital ones of August and September 2018 and all of September: 200 over 250 is no share of the quarter.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_share_is_of_the_same_months_above_and_below() {
    let mut world = world();
    let uses = world.measures.iter().find(|row| row.solution_id == "sak" && row.measure_id == "uses");
    let cases = Measure { measure_id: "cases".into(), ..uses.expect("a measure").clone() };
    world.measures.push(cases);
    let august = reported(&world, "0101", day("2018-08-01"));
    let september = reported(&world, "0101", day("2018-09-01"));
    let all = Usage { measure_id: "cases".into(), value: Some(250), ..september };
    world.usage.extend([august, all]);
    let share = "solution_id=sak measure_id=uses by=municipality from=2018-09 to=2018-09";
    let month = table(&world, "adoption.digital_share", share).await;
    assert_eq!(row(&month, "0101")[3..6], ["0.4", "100", "250"], "{month}");
    let quarter =
        "solution_id=sak measure_id=uses by=municipality granularity=quarter from=2018-Q3 to=2018-Q3";
    let quarter = table(&world, "adoption.digital_share", quarter).await;
    assert!(row(&quarter, "0101").contains(&"incomplete_period"), "{quarter}");
}

/// Nes reports 300 of the first quarter of 2019. That another list has January without a number takes nothing from it; that
/// an organisation of Nes is silent does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blank_beside_the_number_that_covers_it_is_no_gap() {
    let quarter = "solution_id=sak by=municipality granularity=quarter from=2019-Q1 to=2019-Q1";
    for (organisation, shown) in [(None, "300"), (Some("974760673"), "incomplete_period")] {
        let mut world = world();
        let first = day("2019-01-01")..day("2019-04-01");
        world.usage.retain(|row| row.municipality_code != "0201" || !first.contains(&row.period_start));
        let january = reported(&world, "0201", first.start);
        let whole = Usage { period_end: first.end, value: Some(300), ..january.clone() };
        let organisation_number = organisation.map(str::to_owned);
        world.usage.extend([whole, Usage { organisation_number, value: None, state: "missing", ..january }]);
        let uses = table(&world, "adoption.usage_per_1000", quarter).await;
        assert!(row(&uses, "0201").contains(&shown), "{organisation:?}: {uses}");
    }
}

/// Aust is Storby's since January 2020. What names it beside Storby's 140 of February would count some use twice, or
/// contradicts it; a delivery that says so is not taken in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_ceased_beside_its_successor_overlaps_it() {
    let february = "solution_id=post measure_id=uses by=municipality from=2020-02 to=2020-02";
    for (value, shown) in [(0, "overlapping_reports"), (5, "overlapping_reports")] {
        let mut world = tiny();
        let of_aust = |row: &&Usage| row.municipality_code == "0101" && row.measure_id == "uses";
        let aust = world.usage.iter().find(of_aust).expect("a row of Aust").clone();
        let (period_start, period_end) = (day("2020-02-01"), day("2020-03-01"));
        world.usage.push(Usage { period_start, period_end, value: Some(value), ..aust });
        let uses = table(&world, "adoption.usage_per_1000", february).await;
        assert!(row(&uses, "3001").contains(&shown), "{value}: {uses}");
    }
}

/// Aust has the post from November 2019: with use of October in the range the net of a day would be too high.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn use_of_a_month_without_the_solution_pays_nothing_back() {
    let range = "solution_id=post measure_id=uses by=municipality granularity=range to=2019-11";
    for (from, value, reason) in [("2019-11", 7, false), ("2019-10", 7, true), ("2019-10", 0, false)] {
        let mut world = tiny();
        let of_aust = |row: &&Usage| row.municipality_code == "0101" && row.measure_id == "uses";
        let aust = world.usage.iter().find(of_aust).expect("a row of Aust").clone();
        let (period_start, period_end) = (day("2019-10-01"), day("2019-11-01"));
        world.usage.push(Usage { period_start, period_end, value: Some(value), ..aust });
        let answer = table(&world, "benefit.pay_back", &format!("{range} from={from}")).await;
        assert_eq!(
            row(&answer, "0101").contains(&"use_without_solution"),
            reason,
            "{from} {value}: {answer}"
        );
    }
}

/// Calls of a week that begins in June and ends in July: the source has delivered, and neither month can be said from it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_week_over_the_end_of_a_month_leaves_both_incomplete() {
    for followed in [true, false] {
        let mut world = tiny();
        let calls = world.usage.iter().find(|row| row.measure_id == "calls").expect("a row").clone();
        world.usage.retain(|row| row.solution_id != "torg");
        world.rollout_events.retain(|event| followed || event.solution_id != "torg");
        let (period_start, period_end) = (day("2019-05-27"), day("2019-06-03"));
        world.usage.push(Usage { municipality_code: "0201".into(), period_start, period_end, ..calls });
        for month in ["2019-05", "2019-06"] {
            let words = format!("solution_id=torg measure_id=calls by=municipality from={month} to={month}");
            let uses = table(&world, "adoption.usage_per_1000", &words).await;
            assert!(row(&uses, "0201").contains(&"incomplete_period"), "{followed} {month}: {uses}");
        }
    }
}

/// Storby reports 100 of January 2020. In the borders of 2019 all of it is Vest's under `largest_successor`; of December and
/// January together Aust, with 30 of December, has no number: some of January's is its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_lies_with_the_largest_successor_is_lacking_at_the_others() {
    let words =
        "solution_id=post measure_id=uses by=municipality borders=2019-06-01 policy=largest_successor";
    let months = format!("{words} granularity=range to=2020-01");
    let january = table(&tiny(), "adoption.usage_per_1000", &format!("{months} from=2020-01")).await;
    assert!(
        row(&january, "0102").contains(&"100") && row(&january, "0101").contains(&"not_valid"),
        "{january}"
    );
    let both = table(&tiny(), "adoption.usage_per_1000", &format!("{months} from=2019-12")).await;
    assert!(row(&both, "0101").contains(&"not_valid"), "{both}");
    // Nothing divides into nothing.
    let mut world = tiny();
    for row in world.usage.iter_mut().filter(|row| row.municipality_code == "3001") {
        row.value = Some(0);
    }
    for policy in ["largest_successor", "population_share"] {
        let words = months.replace("largest_successor", policy);
        let both = table(&world, "quality.estimated_share", &format!("{words} from=2019-12")).await;
        let aust = row(&both, "0101");
        assert!(aust.contains(&"30") && aust.contains(&"ok") && !both.contains("split"), "{policy}: {both}");
    }
}

/// Nes reports 300 of a quarter. That February alone is withheld hides nothing of it, and February stays withheld.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suppressed_month_hides_no_number_that_was_published() {
    let mut world = world();
    let first = day("2019-01-01")..day("2019-04-01");
    world.usage.retain(|row| row.municipality_code != "0201" || !first.contains(&row.period_start));
    let february = reported(&world, "0201", day("2019-02-01"));
    let whole =
        Usage { period_start: first.start, period_end: first.end, value: Some(300), ..february.clone() };
    world.usage.extend([whole, Usage { value: None, state: "suppressed", ..february }]);
    let words = "solution_id=sak by=municipality granularity=quarter from=2019-Q1 to=2019-Q1";
    let quarter = table(&world, "adoption.usage_per_1000", words).await;
    assert!(row(&quarter, "0201").contains(&"300"), "{quarter}");
    let words = "solution_id=sak by=municipality from=2019-02 to=2019-02";
    let month = table(&world, "adoption.usage_per_1000", words).await;
    assert!(row(&month, "0201").contains(&"suppressed"), "{month}");
}

/// Nes has 32 active users on the last day of February 2020, a level. A row of the month without a number takes nothing of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blank_month_leaves_the_level_of_its_last_day() {
    let mut world = tiny();
    let of_nes = |row: &&mut Usage| {
        row.municipality_code == "0201"
            && row.measure_id == "users_active"
            && row.period_start == day("2020-02-01")
    };
    let level = world.usage.iter_mut().find(of_nes).expect("a row of Nes");
    let month = Usage { value: None, state: "missing", ..level.clone() };
    level.period_start = day("2020-02-29");
    world.usage.push(month);
    let words = "solution_id=post measure_id=users_active by=municipality from=2020-02 to=2020-02";
    let reach = table(&world, "adoption.reach", words).await;
    assert!(row(&reach, "0201").contains(&"ok"), "{reach}");
}
