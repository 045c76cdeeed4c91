//! What a live municipality means where a code is kept through a merger: on the tiny world, in which Storby (Aust and Vest)
//! goes on under the code of Vest. Worked out by hand.

use arrow::array::AsArray;
use chrono::NaiveDate;
use utbredt_engine::{Engine, KpiRequest};
use utbredt_tests::batches::fill;
use utbredt_tests::check::query_files;
use utbredt_tests::tiny::tiny;
use utbredt_tests::world::{RolloutEvent, World};

const OLD: &str = "2017-01-01";
const NEW: &str = "2020-01-01";

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

/// A stage of a code, the division it names, and its day.
type Said<'a> = (&'a str, &'a str, &'static str, &'a str);

/// The tiny world with these statements about `post` and none besides; Storby has the code 0102.
fn kept(said: &[Said<'_>]) -> World {
    let mut world = stated(said);
    let codes = (world.municipalities.iter_mut().map(|row| &mut row.code))
        .chain(world.parts.iter_mut().map(|row| &mut row.municipality_code))
        .chain(world.population.iter_mut().map(|row| &mut row.municipality_code))
        .chain(world.usage.iter_mut().map(|row| &mut row.municipality_code))
        .chain(world.network_members.iter_mut().map(|row| &mut row.municipality_code))
        .chain(world.peer_groups.iter_mut().map(|row| &mut row.municipality_code));
    for code in codes.filter(|code| *code == "3001") {
        "0102".clone_into(code);
    }
    world
}

/// The tiny world with these statements about `post` and none besides.
fn stated(said: &[Said<'_>]) -> World {
    let mut world = tiny();
    let row = |(code, division, stage, from): &Said<'_>| RolloutEvent {
        solution_id: "post".into(),
        municipality_code: (*code).into(),
        division_date: day(division),
        stage,
        valid_from: day(from),
        valid_to: None,
        known_at: day(from).and_hms_opt(10, 0, 0).expect("ten o'clock").and_utc(),
    };
    world.rollout_events = said.iter().map(row).collect();
    world
}

/// The municipalities live in a month.
async fn live(world: &World, words: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let _lake = fill(world, folder.path());
    let engine = Engine::open(folder.path(), query_files()).expect("the lake opens");
    let pairs = format!("solution_id=post by=municipality {words}");
    let pairs = pairs.split(' ').map(|word| word.split_once('=').expect("name=value"));
    let request = KpiRequest::parse(engine.catalogue(), "rollout.municipalities_live", pairs);
    let answer = engine.run(request.expect("a question")).await.expect("an answer");
    let mut found = Vec::new();
    for batch in &answer.batches {
        let shown = |name: &str, row: usize| {
            let column = batch.column_by_name(name).expect("a column");
            arrow::util::display::array_value_to_string(column, row).expect("it can be shown")
        };
        for row in (0..batch.num_rows()).filter(|row| shown("numerator", *row) == "1") {
            found.push(shown("municipality_code", row));
        }
    }
    found.join(" ")
}

/// Vest has it since November; of Aust nothing is known. Stavanger (1103) with Rennesøy and Finnøy is such a case.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kept_code_is_about_its_new_territory_from_the_change_on() {
    let world = kept(&[("0102", OLD, "in_production", "2019-11-05")]);
    for (words, expected) in [
        ("merge_rule=all from=2019-12 to=2019-12", "0102"),
        // Before the change nobody spoke for Aust.
        ("merge_rule=all borders=2020-01-01 from=2019-12 to=2019-12", ""),
        ("merge_rule=any borders=2020-01-01 from=2019-12 to=2019-12", "0102"),
        ("merge_rule=all from=2020-01 to=2020-01", "0102"),
        // In the old borders Aust has it from then on.
        ("borders=2019-12-31 policy=population_share from=2020-01 to=2020-01", "0101 0102"),
    ] {
        assert_eq!(live(&world, words).await, expected, "{words}");
    }
}

/// The old code of Aust goes on being listed and is taken off when nobody has it any more; Trondheim's Klæbu (5030).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removal_of_a_code_that_had_ceased_is_no_withdrawal() {
    let had = ("0101", OLD, "in_production", "2019-11-05");
    let vest = ("0102", OLD, "in_production", "2019-11-12");
    let removed = ("0101", OLD, "paused", "2020-02-10");
    let month = "merge_rule=all from=2020-02 to=2020-02";
    assert_eq!(live(&kept(&[had, vest, removed]), month).await, "0102");
    // Where the code is a new one of which nothing is said, Aust still has it.
    assert_eq!(live(&stated(&[had, removed]), "from=2020-02 to=2020-02").await, "3001");
    // Taken off while it existed, it is off.
    let before = ("0101", OLD, "paused", "2019-12-30");
    assert_eq!(live(&stated(&[had, before]), "from=2020-02 to=2020-02").await, "");
    assert_eq!(live(&kept(&[had, vest, before]), "from=2019-12 to=2019-12").await, "0102");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merger_takes_a_solution_from_nobody() {
    let aust = ("0101", OLD, "in_production", "2019-11-05");
    let month = "from=2020-02 to=2020-02";
    // What was planned or paused in Vest is not said of Aust.
    for stage in ["planned", "paused", "withdrawn"] {
        let world = kept(&[aust, ("0102", OLD, stage, "2019-11-12")]);
        assert_eq!(live(&world, month).await, "0102", "{stage}");
        assert_eq!(live(&world, &format!("merge_rule=all {month}")).await, "", "{stage}");
    }
    // Nor does a pause bring anything to land of which nothing is known.
    let paused = [("0102", OLD, "in_production", "2019-11-05"), ("0102", OLD, "paused", "2019-12-02")];
    assert_eq!(live(&kept(&paused), month).await, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_made_after_the_change_is_about_all_of_it() {
    let aust = ("0101", OLD, "in_production", "2019-11-05");
    let month = "merge_rule=all from=2020-02 to=2020-02";
    for division in [OLD, NEW] {
        // Whichever division the source names: the code is the same.
        let off = kept(&[aust, ("0102", division, "paused", "2020-02-03")]);
        assert_eq!(live(&off, "from=2020-02 to=2020-02").await, "", "{division}");
        let on = kept(&[("0102", division, "in_production", "2020-02-03")]);
        assert_eq!(live(&on, month).await, "0102", "{division}");
    }
    // A file that names every code in the newest division: a pause of 2019 was one of a code that existed.
    let back_cast = [("0102", NEW, "in_production", "2019-10-01"), ("0102", NEW, "paused", "2019-12-02")];
    assert_eq!(live(&kept(&back_cast), "borders=2020-01-01 from=2019-11 to=2019-11").await, "0102");
    assert_eq!(live(&kept(&back_cast), "borders=2020-01-01 from=2019-12 to=2019-12").await, "");
}

/// Nes gives post up on 15 February 2020. January, with 32 users of 160 grown-up, is the last month that owes a level; that
/// its file of February says "not in use" is no level, and does not take January's away from the quarter.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_without_a_number_is_no_later_level() {
    let mut world =
        stated(&[("0201", NEW, "in_production", "2019-12-09"), ("0201", NEW, "withdrawn", "2020-02-15")]);
    world.usage.retain(|row| row.measure_id == "users_active");
    let of_february = |row: &&mut utbredt_tests::world::Usage| {
        row.municipality_code == "0201" && row.period_start == day("2020-02-01")
    };
    for row in world.usage.iter_mut().filter(of_february) {
        (row.value, row.state) = (None, "not_applicable");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let _lake = fill(&world, folder.path());
    let engine = Engine::open(folder.path(), query_files()).expect("the lake opens");
    let words = "solution_id=post municipality_code=0201 granularity=quarter from=2020-01 to=2020-03";
    let pairs = words.split(' ').map(|word| word.split_once('=').expect("name=value"));
    let request = KpiRequest::parse(engine.catalogue(), "adoption.reach", pairs).expect("a question");
    let answer = engine.run(request).await.expect("an answer");
    let value = answer.batches[0].column_by_name("value").expect("a column");
    assert_eq!(value.as_primitive::<arrow::datatypes::Float64Type>().iter().collect::<Vec<_>>(), [Some(0.2)]);
}
