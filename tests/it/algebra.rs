//! How zeros, silence, mergers and splits must behave, on the tiny world changed a little for each question.

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use chrono::NaiveDate;
use utbredt_engine::{Borders, By, Engine, KpiRequest, Policy};
use utbredt_model::{Granularity, Period};
use utbredt_tests::batches::fill;
use utbredt_tests::check::query_files;
use utbredt_tests::days::{day_after, first_day};
use utbredt_tests::tiny::tiny;
use utbredt_tests::world::{Division, MunicipalityPart, World};
use utbredt_tests::worlds::random;

/// Key (none for the nation), numerator, denominator, state, municipalities reported and expected.
type Row = (Option<String>, Option<i64>, Option<i64>, String, i64, i64);

struct Question<'a> {
    kpi: &'a str,
    month: &'a str,
    by: By,
    borders: Borders,
    policy: Policy,
}

const REACH: Question<'static> = Question {
    kpi: "adoption.reach",
    month: "2020-01",
    by: By::Nation,
    borders: Borders::Then,
    policy: Policy::ExactOnly,
};

async fn rows(world: &World, question: &Question<'_>) -> Vec<Row> {
    let folder = tempfile::tempdir().expect("a folder");
    let _lake = fill(world, folder.path());
    let engine = Engine::open(folder.path(), query_files()).expect("the lake opens");
    answered(&engine, "post", question).await
}

async fn answered(engine: &Engine, solution: &str, question: &Question<'_>) -> Vec<Row> {
    let mut request = KpiRequest::new(question.kpi);
    request.params.insert("solution_id".into(), solution.into());
    (request.by, request.borders, request.policy) = (question.by, question.borders, question.policy);
    request.from = Some(first_day(question.month).expect("a month"));
    request.to = Some(day_after(question.month).expect("a month"));
    let answer = engine.run(request).await.expect("an answer");
    let mut rows = Vec::new();
    for batch in &answer.batches {
        let number = |name: &str| {
            let column = batch.column_by_name(name).expect("a column");
            cast(column, &DataType::Int64).expect("a number").as_primitive::<Int64Type>().clone()
        };
        let state = batch.column_by_name("state").expect("a state").as_string::<i32>();
        let key = question.by.columns().and_then(|(key, _)| batch.column_by_name(key));
        let [numerator, denominator, reported, expected] =
            ["numerator", "denominator", "municipalities_reported", "municipalities_expected"].map(number);
        for i in 0..batch.num_rows() {
            let some = |column: &arrow::array::Int64Array| column.is_valid(i).then(|| column.value(i));
            rows.push((
                key.map(|key| key.as_string::<i32>().value(i).to_owned()),
                some(&numerator),
                some(&denominator),
                state.value(i).to_owned(),
                reported.value(i),
                expected.value(i),
            ));
        }
    }
    rows
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

/// Øy, which never delivers, told for January 2020: `Some` is a number, `None` that it is missing.
fn with_island(value: Option<i64>) -> World {
    let mut world = tiny();
    let of_nes = |row: &&utbredt_tests::world::Usage| {
        row.solution_id == "post" && row.municipality_code == "0201" && row.period_start == day("2020-01-01")
    };
    let mut answered: Vec<_> = world.usage.iter().filter(of_nes).cloned().collect();
    for row in &mut answered {
        row.municipality_code = "0202".into();
        row.value = value;
        row.state = if value.is_some() { "ok" } else { "missing" };
    }
    world.usage.extend(answered);
    world
}

/// The nation without Øy is 112 users of 480 (`tests/kpi/adoption/reach.slt`); Øy has 320 grown-ups.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn zero_adds_to_the_denominator_and_missing_makes_the_answer_partial() {
    let zero = rows(&with_island(Some(0)), &REACH).await;
    assert_eq!(zero, [(None, Some(112), Some(800), "ok".to_owned(), 3, 3)]);
    let missing = rows(&with_island(None), &REACH).await;
    assert_eq!(missing, [(None, Some(112), Some(480), "ok".to_owned(), 2, 3)]);
    assert_eq!(rows(&tiny(), &REACH).await, missing, "silence is missing too");
}

/// A third division, of which Storby was parted again into what it was made of.
fn parted_again() -> World {
    let mut world = tiny();
    let again = day("2020-03-01");
    world.divisions.last_mut().expect("a division").valid_to = Some(again);
    world.divisions.push(Division { date: again, valid_to: None });
    let old: Vec<MunicipalityPart> =
        world.parts.iter().filter(|part| part.division_date == world.divisions[0].date).cloned().collect();
    world.parts.extend(old.into_iter().map(|part| MunicipalityPart { division_date: again, ..part }));
    for town in world.municipalities.clone() {
        match town.code.as_str() {
            "3001" => {
                world
                    .municipalities
                    .iter_mut()
                    .filter(|m| m.code == "3001")
                    .for_each(|m| m.valid_to = Some(again));
            }
            "0101" | "0102" => {
                world.municipalities.push(utbredt_tests::world::Municipality {
                    valid_from: again,
                    valid_to: None,
                    ..town
                });
            }
            _ => {}
        }
    }
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parted_and_merged_back_is_the_original() {
    let world = parted_again();
    // Told of the old division and asked for in the newest, which is the same land: number for number, by every policy.
    for policy in [Policy::ExactOnly, Policy::PopulationShare, Policy::LargestSuccessor] {
        let question = |borders| Question {
            kpi: "adoption.usage_per_1000",
            month: "2019-12",
            by: By::Municipality,
            borders,
            policy,
        };
        let then = rows(&world, &question(Borders::Then)).await;
        assert_eq!(rows(&world, &question(Borders::Now)).await, then, "{policy:?}");
        assert_eq!(then.iter().filter(|row| row.3 == "ok").count(), 2);
    }
    // Told of Storby, asked for in its parts: nothing is guessed; or a declared share whose pieces are the whole.
    let uses = |policy| Question {
        kpi: "adoption.usage_per_1000",
        month: "2020-01",
        by: By::Municipality,
        borders: Borders::Now,
        policy,
    };
    let exact = rows(&world, &uses(Policy::ExactOnly)).await;
    let of = |rows: &[Row], code: &str| rows.iter().find(|row| row.0.as_deref() == Some(code)).cloned();
    assert_eq!(of(&exact, "0101").map(|row| row.3), Some("not_valid".to_owned()));
    assert_eq!(of(&exact, "0102").map(|row| row.3), Some("not_valid".to_owned()));
    // 100 uses of Storby: Aust has 100 of its 400 inhabitants.
    let shared = rows(&world, &uses(Policy::PopulationShare)).await;
    assert_eq!(of(&shared, "0101").and_then(|row| row.1), Some(25));
    assert_eq!(of(&shared, "0102").and_then(|row| row.1), Some(75));
    let successor = rows(&world, &uses(Policy::LargestSuccessor)).await;
    assert_eq!(of(&successor, "0102").and_then(|row| row.1), Some(100));
}

/// Whether municipalities are counted and then merged, or merged and then counted: where one of the last division is
/// made of whole ones that all reported, its count is theirs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counting_and_merging_may_change_places() {
    let (mut worlds, mut compared) = (0, 0);
    for world in (0..1000).map(random) {
        let Some((month, solution, mergers)) = mergers(&world) else { continue };
        let folder = tempfile::tempdir().expect("a folder");
        let _lake = fill(&world, folder.path());
        let engine = Engine::open(folder.path(), query_files()).expect("the lake opens");
        let last = world.divisions.last().expect("a division").date;
        let month = month.format("%Y-%m").to_string();
        let question = |borders| Question {
            kpi: "adoption.usage_per_1000",
            month: &month,
            by: By::Municipality,
            borders,
            policy: Policy::PopulationShare,
        };
        let then = answered(&engine, &solution, &question(Borders::Then)).await;
        let now = answered(&engine, &solution, &question(Borders::On(last))).await;
        for (code, made_of) in mergers {
            let one = now.iter().find(|row| row.0.as_ref() == Some(&code)).expect("it exists");
            let mine = |row: &&Row| row.0.as_ref().is_some_and(|code| made_of.contains(code));
            let earlier: Vec<&Row> = then.iter().filter(mine).collect();
            if earlier.iter().any(|row| row.3 != "ok") {
                continue;
            }
            compared += 1;
            let sum = |of: fn(&Row) -> Option<i64>| earlier.iter().filter_map(|row| of(row)).sum::<i64>();
            assert_eq!((one.1, one.2), (Some(sum(|row| row.1)), Some(sum(|row| row.2))), "{code} {month}");
        }
        worlds += 1;
        if worlds == 12 {
            break;
        }
    }
    assert!(compared >= 4, "{compared} mergers in {worlds} worlds");
}

/// Municipalities of the last division, each with the whole ones it was made of.
type Mergers = Vec<(String, Vec<String>)>;

/// A month, a solution, and mergers after that month of which all reported.
fn mergers(world: &World) -> Option<(NaiveDate, String, Mergers)> {
    let last = world.divisions.last()?.date;
    let reports = |row: &&utbredt_tests::world::Usage| {
        let month = Period::holding(row.period_start, Granularity::Month);
        row.measure_id == "uses"
            && row.state == "ok"
            && (row.period_start, row.period_end) == (month.start, month.end)
            && row.period_end <= last
    };
    let answered: Vec<_> = world.usage.iter().filter(reports).collect();
    let mut found = None;
    for row in &answered {
        let native = world.divisions.iter().rfind(|division| division.date < row.period_end)?.date;
        if native != row.division_date {
            continue;
        }
        let all: Mergers = world
            .parts
            .iter()
            .filter(|part| part.division_date == last)
            .map(|part| part.municipality_code.clone())
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .filter_map(|code| Some((code.clone(), whole_ones(world, &code, last, native)?)))
            .filter(|(_, made_of)| {
                made_of.iter().all(|code| {
                    answered.iter().any(|other| {
                        (&other.municipality_code, &other.solution_id, other.period_start)
                            == (code, &row.solution_id, row.period_start)
                    })
                })
            })
            .collect();
        if !all.is_empty() {
            found = Some((row.period_start, row.solution_id.clone(), all));
        }
    }
    found
}

/// The municipalities of an earlier division a later one was made of: two or more, and all of each.
fn whole_ones(world: &World, code: &str, date: NaiveDate, earlier: NaiveDate) -> Option<Vec<String>> {
    let of = |date: NaiveDate, code: &str| -> Vec<&str> {
        let lies = |part: &&MunicipalityPart| part.division_date == date && part.municipality_code == code;
        world.parts.iter().filter(lies).map(|part| part.part_id.as_str()).collect()
    };
    let ids = of(date, code);
    let mut codes: Vec<String> = world
        .parts
        .iter()
        .filter(|part| part.division_date == earlier && ids.contains(&part.part_id.as_str()))
        .map(|part| part.municipality_code.clone())
        .collect();
    codes.sort_unstable();
    codes.dedup();
    let whole = codes.iter().all(|code| of(earlier, code).iter().all(|id| ids.contains(id)));
    (codes.len() > 1 && whole).then_some(codes)
}

/// The tiny world counts everybody and those of 16 and over. Whoever declares another target group is shown which ages lack,
/// and no share.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ages_that_nobody_has_counted_are_named() {
    let mut world = tiny();
    for group in &mut world.target_groups {
        (group.age_from, group.age_to) = (18, Some(67));
    }
    let reach = rows(&world, &REACH).await;
    assert_eq!(reach, [(None, None, None, "missing".to_owned(), 0, 1)]);
    let folder = tempfile::tempdir().expect("a folder");
    let _lake = fill(&world, folder.path());
    let engine = Engine::open(folder.path(), query_files()).expect("the lake opens");
    let named = async |kpi: &str| {
        let mut request = KpiRequest::new(kpi);
        request.params.insert("solution_id".into(), "post".into());
        let meta = engine.run(request).await.expect("an answer").meta;
        let ages: Vec<String> = meta.uncounted_ages.iter().map(ToString::to_string).collect();
        (ages.join(", "), meta.denominators.len())
    };
    assert_eq!(named("adoption.reach").await, ("18 to 66 years".to_owned(), 0));
    // Everybody is counted, in 2019 and in 2020.
    assert_eq!(named("adoption.usage_per_1000").await, (String::new(), 2));
    assert_eq!(named("rollout.municipalities_live").await, (String::new(), 0));
}
