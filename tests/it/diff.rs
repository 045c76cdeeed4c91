//! What changed between two editions: each part is where it belongs, the parts sum to the change, whatever is asked.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use chrono::{Days, TimeDelta};
use utbredt_engine::{
    Answer, AsOf, By, Cause, DiffAnswer, DiffRequest, Engine, EngineError, KpiRequest, RequestError,
};
use utbredt_lake::{EditionDraft, Lake};
use utbredt_model::{Granularity, Period, ReceiptId};
use utbredt_tests::batches::{Batches, delivery, fill, reference, usage};
use utbredt_tests::check::{query_files, to_engine};
use utbredt_tests::tiny::tiny;
use utbredt_tests::world::{Day, RECEIPT, World};
use utbredt_tests::worlds::{KPIS, Random, random, request};

/// A lake and what happens to it.
struct Story {
    folder: tempfile::TempDir,
    lake: Lake,
}

/// One edition of a story.
#[derive(Default)]
struct Step {
    replace: Batches,
    append: Batches,
    supersedes: Vec<&'static str>,
    receipts: Vec<&'static str>,
    /// Days after the story's beginning.
    later: u64,
}

impl Story {
    /// The tiny world with the events of its rollout and the usage of January 2020.
    fn begin() -> Self {
        let world = tiny();
        let folder = tempfile::tempdir().expect("a folder");
        let lake = Lake::init(folder.path()).expect("a lake");
        let story = Self { folder, lake };
        let mut events = world.clone();
        events.usage.clear();
        let mut append = delivery(&events, "r-events", "events");
        append.extend(delivery(&usage_of(&world, "2020-01"), "r-jan", "2020-01"));
        let receipts = vec!["r-events", "r-jan"];
        story.then(Step { replace: reference(&world), append, receipts, ..Step::default() });
        story
    }

    fn then(&self, step: Step) {
        let ids = |of: Vec<&str>| of.into_iter().map(|id| ReceiptId(id.to_owned())).collect();
        let change = EditionDraft {
            recorded_at: tiny().recorded_at + Days::new(step.later),
            reason: "the story goes on".into(),
            replace: step.replace,
            append: step.append,
            supersedes: ids(step.supersedes),
            receipts: ids(step.receipts),
        };
        let mut writer = self.lake.writer().expect("the lock");
        let before = self.lake.latest().expect("read").map_or(0, |edition| edition.number);
        let edition = writer.commit(change).expect("an edition").edition().number;
        assert_eq!(edition, before + 1, "something changed");
    }

    fn engine(&self) -> Engine {
        Engine::open(self.folder.path(), query_files()).expect("the lake opens")
    }

    /// What changed from edition 1 to the newest.
    async fn diff(&self, question: KpiRequest) -> Vec<DiffRow> {
        let request = DiffRequest::new(question, AsOf::Edition(1), AsOf::Latest);
        rows_of(&self.engine().diff(request).await.expect("a diff"))
    }
}

fn day(text: &str) -> Day {
    text.parse().expect("a day")
}

/// A world's usage of `post` in one month, and nothing else that is delivered.
fn usage_of(world: &World, month: &str) -> World {
    let start = Period::parse(month).expect("a month").start;
    let mut of_month = world.clone();
    of_month.usage.retain(|row| row.solution_id == "post" && row.period_start == start);
    of_month.rollout_events.clear();
    of_month.receipts.clear();
    of_month
}

/// Sets what one municipality reported of a measure.
fn report(world: &mut World, code: &str, measure: &str, value: i64) {
    let rows =
        world.usage.iter_mut().filter(|row| row.municipality_code == code && row.measure_id == measure);
    rows.for_each(|row| row.value = Some(value));
}

/// Sets the uses that one municipality reported of the month that begins on a day.
fn report_in(world: &mut World, code: &str, start: &str, value: i64) {
    let start = day(start);
    let rows = world.usage.iter_mut().filter(|row| row.municipality_code == code && row.measure_id == "uses");
    rows.filter(|row| row.period_start == start).for_each(|row| row.value = Some(value));
}

/// A row of a diff.
#[derive(Debug)]
struct DiffRow {
    key: String,
    numbers: BTreeMap<String, Option<f64>>,
    before: Option<String>,
    after: Option<String>,
    causes: String,
}

impl DiffRow {
    fn number(&self, name: &str) -> Option<f64> {
        self.numbers[name]
    }

    /// The parts of the value that are not 0, by cause.
    fn parts(&self) -> BTreeMap<&'static str, f64> {
        let part = |cause: Cause| Some((cause.as_str(), self.number(cause.as_str())?));
        Cause::ALL.into_iter().filter_map(part).filter(|(_, part)| *part != 0.0).collect()
    }
}

fn rows_of(answer: &DiffAnswer) -> Vec<DiffRow> {
    let batch = concat_batches(&answer.schema, &answer.batches).expect("of one schema");
    assert_eq!(batch.num_rows(), answer.meta.rows);
    let text = |name: &str, row: usize| {
        let column = batch.column_by_name(name)?.as_string::<i32>();
        column.is_valid(row).then(|| column.value(row).to_owned())
    };
    let key = By::ALL.iter().filter_map(|by| by.key());
    let key = { key }.find(|name| batch.column_by_name(name).is_some());
    let numeric = |kind: &DataType| matches!(kind, DataType::Int64 | DataType::Float64);
    let names: Vec<String> =
        answer.schema.fields().iter().filter(|f| numeric(f.data_type())).map(|f| f.name().clone()).collect();
    let number = |name: &String, row: usize| {
        let column =
            cast(batch.column_by_name(name).expect("a column"), &DataType::Float64).expect("a number");
        column.is_valid(row).then(|| column.as_primitive::<Float64Type>().value(row))
    };
    (0..batch.num_rows())
        .map(|row| DiffRow {
            key: key.and_then(|key| text(key, row)).unwrap_or_default(),
            numbers: names.iter().map(|name| (name.clone(), number(name, row))).collect(),
            before: text("state_before", row),
            after: text("state_after", row),
            causes: text("causes", row).expect("never NULL"),
        })
        .collect()
}

/// A question about `post` in the first quarter of 2020, or a part of it.
fn question(kpi: &str, by: By, period: &str, granularity: Granularity) -> KpiRequest {
    let mut question = KpiRequest::new(kpi);
    question.params.insert("solution_id".into(), "post".into());
    let period = Period::parse(period).expect("a period");
    (question.by, question.from, question.to) = (by, Some(period.start), Some(period.end));
    question.granularity = Some(granularity);
    question
}

/// A value is a quotient: it is right to the last digits.
fn near(rows_of: Option<f64>, expected: f64) -> bool {
    rows_of.is_some_and(|rows_of| (rows_of - expected).abs() <= 1e-9 * expected.abs().max(1.0))
}

/// The one row of a key, whose whole change has one cause.
fn only(rows_of: &[DiffRow], key: &str, cause: Cause, before: f64, after: f64) {
    let rows: Vec<&DiffRow> = rows_of.iter().filter(|row| row.key == key).collect();
    let [row] = rows.as_slice() else { panic!("{key} in {rows_of:?}") };
    assert!(near(row.number("value_before"), before) && near(row.number("value_after"), after), "{row:?}");
    assert!(near(row.number("change"), after - before), "{row:?}");
    let parts = row.parts();
    assert!(parts.len() == 1 && near(parts.get(cause.as_str()).copied(), after - before), "{row:?}");
    assert_eq!(row.causes, cause.as_str());
}

/// Øy delivers January: 20 uses for its 400 inhabitants. The nation had 160 for 600, and has 180 for 1000. February comes
/// too; in months it had no value before, and so no change in numbers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_reported_before_is_new_data() {
    let story = Story::begin();
    let mut island = usage_of(&tiny(), "2020-01");
    island.usage.retain(|row| row.municipality_code == "0201");
    island.usage.iter_mut().for_each(|row| row.municipality_code = "0202".into());
    report(&mut island, "0202", "uses", 20);
    let mut append = delivery(&usage_of(&tiny(), "2020-02"), "r-feb", "2020-02");
    append.extend(delivery(&island, "r-island", "2020-01 Øy"));
    story.then(Step { append, receipts: vec!["r-feb", "r-island"], later: 3, ..Step::default() });
    let nation = question("adoption.usage_per_1000", By::Nation, "2020-01", Granularity::Month);
    let rows_of = story.diff(nation).await;
    assert_eq!(rows_of.len(), 1, "{rows_of:?}");
    only(&rows_of, "", Cause::NewData, 800.0 / 3.0, 180.0);
    assert_eq!(rows_of[0].number("numerator_new_data"), Some(20.0), "{rows_of:?}");
    assert_eq!(rows_of[0].number("numerator_change"), Some(20.0), "{rows_of:?}");

    let months = question("adoption.usage_per_1000", By::Municipality, "2020-Q1", Granularity::Month);
    let rows_of = story.diff(months).await;
    assert_eq!(rows_of.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), ["0202", "0201", "3001"]);
    for row in rows_of {
        assert_eq!((row.before.as_deref(), row.after.as_deref()), (Some("missing"), Some("ok")), "{row:?}");
        assert_eq!((row.number("change"), row.parts().len()), (None, 0), "{row:?}");
        assert_eq!(row.causes, "new_data");
    }
}

/// January is delivered again with 120 uses in Storby for 100: 300 for each 1000 inhabitants, not 250.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_reported_again_is_revised_data() {
    let story = Story::begin();
    let mut january = usage_of(&tiny(), "2020-01");
    report(&mut january, "3001", "uses", 120);
    let append = delivery(&january, "r-jan-2", "2020-01");
    story.then(Step { append, supersedes: vec!["r-jan"], receipts: vec!["r-jan-2"], ..Step::default() });
    let month = question("adoption.usage_per_1000", By::Municipality, "2020-01", Granularity::Month);
    let rows_of = story.diff(month.clone()).await;
    assert_eq!(rows_of.len(), 1, "{rows_of:?}");
    only(&rows_of, "3001", Cause::RevisedData, 250.0, 300.0);

    // What is withdrawn and not told again is revised too.
    story.then(Step { supersedes: vec!["r-jan-2"], ..Step::default() });
    let rows_of = story.diff(month).await;
    assert_eq!(rows_of.len(), 2, "{rows_of:?}");
    for row in rows_of {
        assert_eq!((row.before.as_deref(), row.after.as_deref()), (Some("ok"), Some("missing")), "{row:?}");
        assert_eq!(row.causes, "revised_data");
    }
}

/// A source that sends all it has each time: January again with 120 uses in Storby, and with it February's 140 and 40.
/// Of a delivery that takes another's place only what was told before is revised.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_longer_history_in_place_of_a_shorter_is_new_beyond_it() {
    let story = Story::begin();
    let mut all = usage_of(&tiny(), "2020-01");
    report(&mut all, "3001", "uses", 120);
    all.usage.extend(usage_of(&tiny(), "2020-02").usage);
    let append = delivery(&all, "r-all", "2020-01");
    story.then(Step { append, supersedes: vec!["r-jan"], receipts: vec!["r-all"], ..Step::default() });
    let months = question("adoption.usage_per_1000", By::Municipality, "2020-Q1", Granularity::Month);
    let rows_of = story.diff(months).await;
    // January: Storby's 100 of 400 are 120. February had no number before.
    assert_eq!(rows_of.len(), 3, "{rows_of:?}");
    only(&rows_of[..1], "3001", Cause::RevisedData, 250.0, 300.0);
    for row in &rows_of[1..] {
        assert_eq!((row.before.as_deref(), row.after.as_deref()), (Some("missing"), Some("ok")), "{row:?}");
        assert_eq!(row.causes, "new_data", "{row:?}");
    }

    // The same for events: Øy was planned for nothing and goes live in January; a longer list adds Nes's pause.
    let mut events = tiny();
    events.usage.clear();
    events.receipts.clear();
    let pause = events.rollout_events.iter().find(|event| event.municipality_code == "0201").expect("Nes");
    let mut pause = pause.clone();
    (pause.stage, pause.valid_from, pause.division_date) = ("paused", day("2020-02-10"), day("2020-01-01"));
    pause.known_at += TimeDelta::days(200);
    events.rollout_events.push(pause);
    events.rollout_events.retain(|event| event.municipality_code != "0202");
    let append = delivery(&events, "r-events-2", "events");
    story.then(Step {
        append,
        supersedes: vec!["r-events"],
        receipts: vec!["r-events-2"],
        ..Step::default()
    });
    let rows_of =
        story.diff(question("rollout.municipalities_live", By::Nation, "2020-02", Granularity::Month)).await;
    // Three were live. Øy was never live after all, and Nes pauses since.
    let parts = [("new_data", -1.0), ("revised_data", -1.0)];
    assert_eq!(rows_of[0].parts(), parts.into(), "{rows_of:?}");
}

/// An export of the last two months, each under its own name: the one of March replaces February and leaves January under
/// the receipt it came in. Then all of it comes once more under a third name, with another January.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_delivery_replaces_within_its_own_span_is_revised_data() {
    let story = Story::begin();
    let (january, february) = (usage_of(&tiny(), "2020-01"), usage_of(&tiny(), "2020-02"));
    let mut march = february.clone();
    for row in &mut march.usage {
        (row.period_start, row.period_end) = (day("2020-03-01"), day("2020-04-01"));
    }
    let together = |months: [&World; 2]| {
        let mut all = months[0].clone();
        all.usage.extend(months[1].usage.clone());
        all
    };
    let both = together([&january, &february]);
    let append = delivery(&both, "r-both", "export in February");
    story.then(Step { append, supersedes: vec!["r-jan"], receipts: vec!["r-both"], ..Step::default() });
    let mut rolled = together([&february, &march]);
    report_in(&mut rolled, "3001", "2020-02-01", 150);
    let mut append = delivery(&rolled, "r-rolled", "export in March");
    // What stays of the first; its receipt is there already.
    append.push(usage(&january.usage, "r-both"));
    let receipts = vec!["r-both", "r-rolled"];
    story.then(Step { append, supersedes: vec!["r-both"], receipts, ..Step::default() });
    let mut again = together([&january, &rolled]);
    report_in(&mut again, "3001", "2020-01-01", 120);
    let append = delivery(&again, "r-all", "export in April");
    let supersedes = vec!["r-both", "r-rolled"];
    story.then(Step { append, supersedes, receipts: vec!["r-all"], ..Step::default() });

    let months = question("adoption.usage_per_1000", By::Municipality, "2020-Q1", Granularity::Month);
    let engine = story.engine();
    let diff = |before, after| {
        let request = DiffRequest::new(months.clone(), AsOf::Edition(before), AsOf::Edition(after));
        engine.diff(request)
    };
    // February: Storby's 140 of 400 are 150. March had no number before.
    let answer = diff(2, 3).await.expect("a diff");
    let rows = rows_of(&answer);
    assert_eq!(rows.len(), 3, "{rows:?}");
    only(&rows[..1], "3001", Cause::RevisedData, 350.0, 375.0);
    assert!(rows[1..].iter().all(|row| row.causes == "new_data"), "{rows:?}");
    assert_eq!((answer.meta.corrections, answer.meta.superseded), (vec!["r-rolled".to_owned()], vec![]));
    // January: 100 are 120, and nothing else is another.
    let answer = diff(3, 4).await.expect("a diff");
    let rows = rows_of(&answer);
    assert_eq!(rows.len(), 1, "{rows:?}");
    only(&rows, "3001", Cause::RevisedData, 250.0, 300.0);
    assert_eq!(answer.meta.corrections, ["r-all"]);
}

/// What a use avoids is worth twice as much. Nes does not count the 10 a month it had before. And whoever is in the
/// target group: Storby's 80 users are of 320 grown-up, then of all 400.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_worth_or_target_group_is_another_definition() {
    let story = Story::begin();
    let mut world = tiny();
    for worth in world.unit_values.iter_mut().filter(|worth| worth.benefit_kind == "avoided_cost") {
        (worth.low, worth.central, worth.high) = (worth.low * 2, worth.central * 2, worth.high * 2);
    }
    world.target_groups.iter_mut().for_each(|group| group.age_from = 0);
    story.then(Step { replace: reference(&world), ..Step::default() });
    // 100 uses of 2000 øre in Storby, 50 above the baseline in Nes; in NOK.
    let rows_of =
        story.diff(question("benefit.realised", By::Municipality, "2020-01", Granularity::Month)).await;
    assert_eq!(rows_of.len(), 2, "{rows_of:?}");
    only(&rows_of, "3001", Cause::Definition, 2000.0, 4000.0);
    only(&rows_of, "0201", Cause::Definition, 1000.0, 2000.0);
    let rows_of =
        story.diff(question("adoption.reach", By::Municipality, "2020-01", Granularity::Month)).await;
    only(&rows_of, "3001", Cause::Definition, 0.25, 0.2);
    assert_eq!(rows_of[1].number("numerator_change"), Some(0.0), "{rows_of:?}");
}

/// The KPI's own text changes: reach is then of two for each person.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_text_is_another_definition() {
    let story = Story::begin();
    let mut files = query_files();
    let reach = files.iter_mut().find(|(path, _)| path == "kpi/adoption/reach.sql").expect("reach");
    reach.1 = reach.1.replace("usage.value AS numerator", "2 * usage.value AS numerator");
    let question = question("adoption.reach", By::Municipality, "2020-01", Granularity::Month);
    let mut request = DiffRequest::new(question, AsOf::Edition(1), AsOf::Edition(1));
    request.files_before = Some(files);
    let answer = story.engine().diff(request).await.expect("a diff");
    only(&rows_of(&answer), "3001", Cause::Definition, 0.5, 0.25);
    only(&rows_of(&answer), "0201", Cause::Definition, 0.4, 0.2);
}

/// Nes moves to Storby's county: 160 uses of 600 for 100 of 400. Its old county keeps only Øy, which never delivers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_county_is_other_borders() {
    let story = Story::begin();
    let mut world = tiny();
    world.municipalities.iter_mut().filter(|m| m.code == "0201").for_each(|m| m.county_code = "30".into());
    story.then(Step { replace: reference(&world), ..Step::default() });
    let rows_of =
        story.diff(question("adoption.usage_per_1000", By::County, "2020-01", Granularity::Month)).await;
    assert_eq!(rows_of.len(), 2, "{rows_of:?}");
    only(&rows_of, "30", Cause::Borders, 250.0, 160_000.0 / 600.0);
    assert_eq!(rows_of[1].number("numerator_borders"), Some(60.0));
    let coast = &rows_of[0];
    assert_eq!((coast.before.as_deref(), coast.after.as_deref()), (Some("ok"), Some("missing")), "{coast:?}");
    assert_eq!((coast.number("change"), coast.causes.as_str()), (None, "borders"), "{coast:?}");
}

/// Storby and Nes become one, 3002 Storenes, on 1 February 2020: of borders now, January is told of it alone. Its
/// new code had no value before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merger_is_other_borders() {
    let story = Story::begin();
    let mut world = tiny();
    let merger = day("2020-02-01");
    world.divisions[1].valid_to = Some(merger);
    world.divisions.push(utbredt_tests::world::Division { date: merger, valid_to: None });
    let abolished = |m: &&mut utbredt_tests::world::Municipality| ["3001", "0201"].contains(&m.code.as_str());
    world.municipalities.iter_mut().filter(abolished).for_each(|m| m.valid_to = Some(merger));
    let mut storenes = world.municipalities.iter().find(|m| m.code == "3001").expect("Storby").clone();
    (storenes.code, storenes.name) = ("3002".into(), "Storenes".into());
    (storenes.valid_from, storenes.valid_to) = (merger, None);
    world.municipalities.push(storenes);
    let newest: Vec<_> =
        world.parts.iter().filter(|p| p.division_date == day("2020-01-01")).cloned().collect();
    for mut part in newest {
        part.division_date = merger;
        if part.municipality_code != "0202" {
            part.municipality_code = "3002".into();
        }
        world.parts.push(part);
    }
    story.then(Step { replace: reference(&world), ..Step::default() });
    let mut question = question("adoption.usage_per_1000", By::Municipality, "2020-01", Granularity::Month);
    question.borders = utbredt_engine::Borders::Now;
    let rows_of = story.diff(question.clone()).await;
    let states: Vec<_> =
        rows_of.iter().map(|t| (t.key.as_str(), t.before.as_deref(), t.after.as_deref())).collect();
    let expected = [("0201", Some("ok"), None), ("3001", Some("ok"), None), ("3002", None, Some("ok"))];
    assert_eq!(states, expected);
    assert!(
        rows_of.iter().all(|row| row.causes == "borders" && row.number("change").is_none()),
        "{rows_of:?}"
    );
    assert!(near(rows_of[2].number("value_after"), 160_000.0 / 600.0), "{rows_of:?}");
    // The nation is the same in all borders.
    question.by = By::Nation;
    assert!(story.diff(question).await.is_empty());
}

/// Storby is found to have had 500 inhabitants: 100 uses are 200 for each 1000, not 250.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_inhabitants_are_another_denominator() {
    let story = Story::begin();
    let mut world = tiny();
    more_people(&mut world);
    story.then(Step { replace: reference(&world), ..Step::default() });
    let rows_of = story
        .diff(question("adoption.usage_per_1000", By::Municipality, "2020-01", Granularity::Month))
        .await;
    assert_eq!(rows_of.len(), 1, "{rows_of:?}");
    only(&rows_of, "3001", Cause::Denominator, 250.0, 200.0);
    let persons = (rows_of[0].number("denominator_before"), rows_of[0].number("denominator_after"));
    assert_eq!(persons, (Some(400.0), Some(500.0)));
}

/// 500 persons of all ages in Storby.
fn more_people(world: &mut World) {
    let storby = |p: &&mut utbredt_tests::world::Population| p.municipality_code == "3001" && p.age_from == 0;
    world.population.iter_mut().filter(storby).for_each(|p| p.persons = 500);
}

/// Everything at once, in January, in Storby's county. 80 of its 320 grown-up are users.
/// Borders: Nes joins it with 32 of 160: 112/480. Definition: all ages count: 112/600. Denominator: Storby has 500:
/// 112/700. Revised: Storby had 108 users, not 80: 140/700. New: an organisation in Nes reports 70 more: 210/700.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_of_everything_at_once_sum_to_the_change() {
    let story = Story::begin();
    let mut world = tiny();
    world.municipalities.iter_mut().filter(|m| m.code == "0201").for_each(|m| m.county_code = "30".into());
    world.target_groups.iter_mut().for_each(|group| group.age_from = 0);
    more_people(&mut world);
    let mut january = usage_of(&tiny(), "2020-01");
    report(&mut january, "3001", "users_active", 108);
    let mut late = usage_of(&tiny(), "2020-01");
    late.usage.retain(|row| row.municipality_code == "0201" && row.measure_id == "users_active");
    late.usage.iter_mut().for_each(|row| row.organisation_number = Some("974760673".into()));
    report(&mut late, "0201", "users_active", 70);
    let mut append = delivery(&january, "r-jan-2", "2020-01");
    append.extend(delivery(&late, "r-late", "2020-01 from the organisation"));
    let receipts = vec!["r-jan-2", "r-late"];
    let replace = reference(&world);
    story.then(Step { replace, append, supersedes: vec!["r-jan"], receipts, later: 40 });
    let rows_of = story.diff(question("adoption.reach", By::County, "2020-01", Granularity::Month)).await;
    let row = rows_of.iter().find(|row| row.key == "30").expect("Storby's county");
    for (name, expected) in [
        ("value_before", 80.0 / 320.0),
        ("borders", 112.0 / 480.0 - 80.0 / 320.0),
        ("definition", 112.0 / 600.0 - 112.0 / 480.0),
        ("denominator", 112.0 / 700.0 - 112.0 / 600.0),
        ("revised_data", 140.0 / 700.0 - 112.0 / 700.0),
        ("new_data", 210.0 / 700.0 - 140.0 / 700.0),
        ("value_after", 210.0 / 700.0),
        ("change", 0.05),
        ("numerator_before", 80.0),
        ("numerator_borders", 32.0),
        ("numerator_definition", 0.0),
        ("numerator_denominator", 0.0),
        ("numerator_revised_data", 28.0),
        ("numerator_new_data", 70.0),
        ("numerator_change", 130.0),
        ("numerator_after", 210.0),
        ("denominator_before", 320.0),
        ("denominator_after", 700.0),
    ] {
        assert!(near(row.number(name), expected), "{name} is not {expected}: {row:?}");
    }
    assert_eq!(row.causes, "borders definition denominator revised_data new_data");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edition_does_not_differ_from_itself_and_names_are_checked() {
    let story = Story::begin();
    let append = delivery(&usage_of(&tiny(), "2020-02"), "r-feb", "2020-02");
    story.then(Step { append, receipts: vec!["r-feb"], ..Step::default() });
    let engine = story.engine();
    let question = question("adoption.reach", By::Municipality, "2020-Q1", Granularity::Month);
    let diff = |question: &KpiRequest, before, after| {
        let request = DiffRequest::new(question.clone(), AsOf::Edition(before), AsOf::Edition(after));
        engine.diff(request)
    };
    let same = diff(&question, 2, 2).await.expect("a diff");
    assert_eq!((same.meta.rows, same.meta.compared), (0, 9));
    // Nor from one that holds the same rows in other files.
    let compacted = story.lake.writer().expect("the lock").compact(tiny().recorded_at).expect("compacted");
    assert_eq!(compacted.edition().number, 3, "files were put together");
    assert_eq!(diff(&question, 2, 3).await.expect("a diff").meta.rows, 0);
    let wrong = diff(&question, 1, 9).await.expect_err("there is no edition 9");
    assert!(
        wrong.is_usage() && wrong.hint().is_some_and(|hint| hint.contains("`2`")),
        "2 is served: {wrong:?}"
    );
    assert!(wrong.to_string().contains("edition `9`"), "{wrong}");
    let wrong = diff(&question, 2, 1).await.expect_err("the wrong way round");
    assert!(wrong.is_usage() && wrong.to_string().contains("after edition 1"), "{wrong}");
    let mut unknown = question.clone();
    unknown.params.insert("solution_id".into(), "posts".into());
    let wrong = diff(&unknown, 1, 2).await.expect_err("no such solution");
    assert!(wrong.hint().is_some_and(|hint| hint.contains("`post`")), "{wrong:?}");
    unknown = question;
    unknown.filter.insert(By::Municipality, vec!["0302".into()]);
    let wrong = diff(&unknown, 1, 2).await.expect_err("no such municipality");
    assert!(
        matches!(wrong, EngineError::Request(RequestError::Unknown { kind: "municipality", .. })),
        "{wrong:?}"
    );
}

/// A world some time later: people moved, counties too, and it was decided what is counted and what it is worth.
fn later(world: &World, rng: &mut Random) -> World {
    let mut later = world.clone();
    for row in &mut later.population {
        row.persons += rng.between(0, 40);
    }
    let counties: Vec<String> = later.counties.iter().map(|county| county.code.clone()).collect();
    for row in &mut later.municipalities {
        if rng.chance(30) {
            row.county_code.clone_from(rng.pick(&counties));
        }
    }
    later.network_members.retain(|_| rng.chance(80));
    later.peer_groups.retain(|_| rng.chance(90));
    later.target_groups.retain(|_| rng.chance(50));
    later.expected_deliveries.retain(|_| rng.chance(80));
    for worth in &mut later.unit_values {
        worth.high += rng.between(0, 100);
        worth.central = worth.high;
    }
    for price in &mut later.prices {
        price.ore_a_year += rng.between(0, 5000);
    }
    for target in &mut later.targets {
        target.value /= 2.0;
    }
    later
}

/// A world, and in the same lake what came of it: its tables some time later, or those another world has; the first
/// delivery in force no longer, one in its place, and one beside.
fn one_after_the_other(seed: u64, folder: &std::path::Path) -> (World, Engine) {
    let first = random(seed);
    let lake = fill(&first, folder);
    let mut rng = Random::new(seed ^ 0xD1FF);
    let other = seed % 4 == 3;
    let mut replace = reference(&if other { random(seed + 1000) } else { later(&first, &mut rng) });
    let share = *rng.pick(&[70, 100]);
    replace.retain(|_| rng.chance(share));
    let (mut again, mut beside) = (first.clone(), first.clone());
    for world in [&mut again, &mut beside] {
        world.usage.retain(|_| rng.chance(60));
        world.rollout_events.retain(|_| rng.chance(60));
        for row in &mut world.usage {
            row.value = row.value.map(|value| value + rng.between(0, 5));
        }
    }
    beside.usage.iter_mut().for_each(|row| row.organisation_number = Some("999999999".into()));
    let mut append = delivery(&again, "r-again", RECEIPT);
    append.extend(delivery(&beside, "r-beside", "beside"));
    let ids = |of: &[&str]| of.iter().map(|id| ReceiptId((*id).to_owned())).collect();
    let change = EditionDraft {
        recorded_at: first.recorded_at + TimeDelta::days(rng.between(0, 200)),
        reason: "some time later".into(),
        replace,
        append,
        supersedes: ids(&[RECEIPT]),
        receipts: ids(&["r-again", "r-beside"]),
    };
    lake.writer().expect("the lock").commit(change).expect("an edition");
    (first, Engine::open(folder, query_files()).expect("the lake opens").for_few_questions())
}

/// The values of an answer by period and key.
fn values(answer: &Answer) -> BTreeMap<(i64, String), Option<f64>> {
    let batch = concat_batches(&Arc::clone(&answer.schema), &answer.batches).expect("of one schema");
    let key = ["municipality_code", "county_code", "network_id", "group_code"];
    let keys = key.iter().find_map(|name| batch.column_by_name(name));
    let starts = cast(batch.column_by_name("period_start").expect("there"), &DataType::Int64).expect("days");
    let values = batch.column_by_name("value").expect("there").as_primitive::<Float64Type>();
    let row = |row: usize| {
        let key = keys.map_or("", |keys| keys.as_string::<i32>().value(row)).to_owned();
        let value = values.is_valid(row).then(|| values.value(row));
        ((starts.as_primitive::<Int64Type>().value(row), key), value)
    };
    (0..batch.num_rows()).map(row).collect()
}

/// An answer of one edition; nothing where the edition does not know what is named.
async fn at(engine: &Engine, question: &KpiRequest, number: u64) -> BTreeMap<(i64, String), Option<f64>> {
    let question = KpiRequest { as_of: AsOf::Edition(number), ..question.clone() };
    match engine.run(question).await {
        Ok(answer) => values(&answer),
        Err(EngineError::Request(RequestError::Unknown { .. })) => BTreeMap::new(),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happened_the_parts_sum_to_the_change() {
    let pairs: u64 = std::env::var("UTBREDT_PAIRS").map_or(3, |text| text.parse().expect("a number"));
    let (mut split, mut causes) = (0, BTreeMap::<&str, usize>::new());
    for seed in 0..pairs {
        let folder = tempfile::tempdir().expect("a folder");
        let (world, engine) = one_after_the_other(seed, folder.path());
        // Each KPI has dice and a turn of its own, whatever others there are.
        for kpi in KPIS {
            let own = kpi.0.bytes().fold(seed, |sum, byte| sum + u64::from(byte));
            if own % 5 != 0 {
                continue;
            }
            let mut rng = Random::new(own);
            let question = to_engine(&request(&world, kpi, &mut rng));
            let (before, after) = (at(&engine, &question, 2).await, at(&engine, &question, 3).await);
            let mut diff = DiffRequest::new(question.clone(), AsOf::Edition(2), AsOf::Edition(3));
            diff.all = true;
            let answer = match engine.diff(diff).await {
                Ok(answer) => answer,
                Err(EngineError::Request(RequestError::Unknown { .. }))
                    if before.is_empty() && after.is_empty() =>
                {
                    continue;
                }
                Err(other) => panic!("seed {seed} {question:?}: {other}"),
            };
            let rows = rows_of(&answer);
            let all: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
            assert_eq!(rows.len(), all.len(), "seed {seed} {question:?}");
            for (row, key) in rows.iter().zip(all) {
                let ends = (before.get(key).copied().flatten(), after.get(key).copied().flatten());
                let rows_of = (row.number("value_before"), row.number("value_after"));
                assert_eq!(rows_of, ends, "seed {seed} {question:?} {row:?}");
                sums_up(row, &format!("seed {seed} {question:?}"));
                split += usize::from(row.parts().len() > 1);
                for cause in row.parts().into_keys() {
                    *causes.entry(cause).or_default() += 1;
                }
            }
        }
    }
    assert!(split > 3 && causes.len() == 5, "too little happened: {split} {causes:?}");
}

fn sums_up(row: &DiffRow, context: &str) {
    let parts = |before: &str| -> Vec<f64> {
        Cause::ALL.iter().filter_map(|cause| row.number(&format!("{before}{}", cause.as_str()))).collect()
    };
    let (values, numerators) = (parts(""), parts("numerator_"));
    match row.number("change") {
        None => assert!(values.is_empty(), "{context} {row:?}"),
        Some(change) => {
            let size = values.iter().map(|part| part.abs()).fold(1.0, f64::max);
            assert!((values.iter().sum::<f64>() - change).abs() <= 1e-9 * size, "{context} {row:?}");
        }
    }
    match row.number("numerator_change") {
        None => assert!(numerators.is_empty(), "{context} {row:?}"),
        // Money is told in hundredths; all other numerators are whole.
        Some(change) => {
            let hundredths = |number: f64| (number * 100.0).round();
            let sum: f64 = numerators.iter().map(|part| hundredths(*part)).sum();
            assert!((sum - hundredths(change)).abs() < 0.5, "{context} {row:?}");
        }
    }
}
