//! Laws of the definitions, whatever they are in detail: what must and must not change when the facts are stated otherwise.
//! The oracle repeats the definitions; these tests do not. 4 worlds each; `UTBREDT_WORLDS=500` is the long form.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Float64Type};
use chrono::{Datelike, Days, Months, NaiveDate};
use utbredt_engine::{Borders, By, Engine, KpiRequest};
use utbredt_model::Granularity;
use utbredt_tests::batches::fill;
use utbredt_tests::check::query_files;
use utbredt_tests::world::{Usage, World};
use utbredt_tests::worlds::{random, seeds, window};

/// Worlds when nobody asks for more.
const WORLDS: u64 = 4;

/// A cell of an answer.
#[derive(Debug, Clone, PartialEq)]
struct Cell {
    state: String,
    reason: Option<String>,
    numerator: Option<f64>,
    denominator: Option<f64>,
    is_partial: bool,
}

impl Cell {
    fn is_ok(&self) -> bool {
        self.state == "ok"
    }
}

/// The cells of an answer by the first day of the period and municipality.
type Cells = BTreeMap<(NaiveDate, String), Cell>;

fn texts(batch: &RecordBatch, name: &str) -> Vec<Option<String>> {
    let column = cast(batch.column_by_name(name).expect("a column"), &DataType::Utf8).expect("a text");
    column.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect()
}

fn numbers(batch: &RecordBatch, name: &str) -> Vec<Option<f64>> {
    let column = cast(batch.column_by_name(name).expect("a column"), &DataType::Float64).expect("a number");
    column.as_primitive::<Float64Type>().iter().collect()
}

/// A world as a lake, and the engine over it.
struct Lake {
    engine: Engine,
    _folder: tempfile::TempDir,
}

impl Lake {
    fn of(world: &World) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let _lake = fill(world, folder.path());
        let engine = Engine::open(folder.path(), query_files()).expect("the lake opens").for_few_questions();
        Self { engine, _folder: folder }
    }

    /// Every municipality's cells of a KPI about one solution, for the same whole years of every form of a world,
    /// whatever usage it still has.
    async fn cells(&self, kpi: &str, solution: &str, granularity: Granularity, borders: Borders) -> Cells {
        let years = [2021, 2026].map(|year| NaiveDate::from_ymd_opt(year, 1, 1).expect("a day"));
        self.cells_of(years, kpi, solution, Some(granularity), borders).await
    }

    /// The same from a day up to another, as one period where no granularity is named.
    async fn cells_of(
        &self,
        [from, to]: [NaiveDate; 2],
        kpi: &str,
        solution: &str,
        granularity: Option<Granularity>,
        borders: Borders,
    ) -> Cells {
        let mut request = KpiRequest::new(kpi);
        request.params.insert("solution_id".into(), solution.to_owned());
        (request.granularity, request.range) = (granularity, granularity.is_none());
        (request.borders, request.by) = (borders, By::Municipality);
        (request.from, request.to) = (Some(from), Some(to));
        let answer = self.engine.run(request).await.expect("an answer");
        let mut found = Cells::new();
        for batch in &answer.batches {
            let starts = batch.column_by_name("period_start").expect("a column").as_primitive::<Date32Type>();
            let (areas, states) = (texts(batch, "municipality_code"), texts(batch, "state"));
            let (reasons, marks) = (texts(batch, "reason"), texts(batch, "marks"));
            let (numerators, denominators) = (numbers(batch, "numerator"), numbers(batch, "denominator"));
            for row in 0..batch.num_rows() {
                let cell = Cell {
                    state: states[row].clone().expect("a state"),
                    reason: reasons[row].clone(),
                    numerator: numerators[row],
                    denominator: denominators[row],
                    is_partial: marks[row].as_deref().is_some_and(|marks| marks.contains("partial")),
                };
                let start = starts.value_as_date(row).expect("a day");
                found.insert((start, areas[row].clone().expect("an area")), cell);
            }
        }
        assert!(!found.is_empty(), "{kpi} of {solution} has cells");
        found
    }
}

/// Whether a row lies within one calendar month. A number for a longer span says nothing about its months.
fn within_a_month(row: &Usage) -> bool {
    row.period_end <= Granularity::Month.next(Granularity::Month.floor(row.period_start))
}

const OF_USE: [&str; 2] = ["adoption.usage_per_1000", "adoption.reach"];

/// Whether all that was reported of the land of a municipality of today on some days is nothing.
fn only_zeros(world: &World, solution: &str, code: &str, days: Range<NaiveDate>) -> bool {
    let newest = world.divisions.last().expect("a division").date;
    let parts_of = |code: &str, division: NaiveDate| -> BTreeSet<&str> {
        let own = world.parts.iter().filter(|part| part.municipality_code == code);
        own.filter(|part| part.division_date == division).map(|part| part.part_id.as_str()).collect()
    };
    let land = parts_of(code, newest);
    let reported = world.usage.iter().filter(|row| {
        row.solution_id == solution
            && row.measure_id == "uses"
            && row.period_start < days.end
            && row.period_end > days.start
            && !parts_of(&row.municipality_code, row.division_date).is_disjoint(&land)
    });
    reported.into_iter().all(|row| row.value.unwrap_or(0) == 0)
}

/// What was compared of periods and the shorter ones they are made of.
#[derive(Default)]
struct Compared {
    added: i32,
    incomplete: i32,
    unplaced: i32,
}

impl Compared {
    /// Compares a cell with those of its months. `placed`: a month that cannot be placed may be placed with others, since some
    /// rows are on codes of a later division than their day's, or since there is nothing to place.
    fn take(&mut self, cell: &Cell, months: &[&Cell], placed: bool, place: &str) {
        let place = format!("{place}: {cell:?}, {months:?}");
        let any = |state: &str| months.iter().any(|month| month.state == state);
        if any("missing") || any("suppressed") {
            assert!(!cell.is_ok(), "one month is not known: {place}");
            self.incomplete += 1;
        } else if any("not_valid") {
            // Where nothing was owed in that month the number is one of the others, and marked. A month goes by the
            // division of its own days, and refuses a restated row that a period up to the later division can place.
            assert!(!cell.is_ok() || cell.is_partial || placed, "one month cannot be placed: {place}");
            self.unplaced += 1;
        } else if cell.is_ok() && months.iter().all(|month| month.is_ok()) {
            let sum: f64 = months.iter().filter_map(|month| month.numerator).sum();
            assert!((sum - cell.numerator.expect("a number")).abs() < 1e-6, "{sum}: {place}");
            self.added += 1;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_coarser_period_is_the_sum_of_its_months_or_has_no_number() {
    let flow = "adoption.usage_per_1000";
    let (mut inside_borders, mut over_borders) = (Compared::default(), Compared::default());
    for seed in seeds(WORLDS) {
        let mut world = random(seed);
        world.usage.retain(within_a_month);
        let lake = Lake::of(&world);
        for solution in &world.solutions {
            let id = &solution.solution_id;
            let months = lake.cells(flow, id, Granularity::Month, Borders::Now).await;
            let months_of = |start: NaiveDate, end: NaiveDate, code: &str| -> Vec<&Cell> {
                let inside = |(day, area): &(NaiveDate, String)| area == code && *day >= start && *day < end;
                months.iter().filter(|(key, _)| inside(key)).map(|(_, cell)| cell).collect()
            };
            for coarse in [Granularity::Quarter, Granularity::Year] {
                for ((start, code), cell) in lake.cells(flow, id, coarse, Borders::Now).await {
                    let months = months_of(start, coarse.next(start), &code);
                    let place = format!("seed {seed}, {id}, {code}, {coarse:?} from {start}");
                    inside_borders.take(&cell, &months, false, &place);
                }
            }
            for division in &world.divisions[1..] {
                // The month before the change and the one after.
                let change = division.date.with_day(1).expect("a first day");
                let (from, to) = (change - Months::new(1), change + Months::new(1));
                let of_later = |row: &&Usage| row.division_date > row.period_start && row.solution_id == *id;
                let restated = world
                    .usage
                    .iter()
                    .filter(of_later)
                    .any(|row| row.period_end > from && row.period_start < to);
                for ((start, code), cell) in lake.cells_of([from, to], flow, id, None, Borders::Now).await {
                    let place = format!("seed {seed}, {id}, {code}, from {start} to {to}");
                    let nothing = only_zeros(&world, id, &code, from..change);
                    over_borders.take(&cell, &months_of(from, to, &code), restated || nothing, &place);
                }
            }
        }
    }
    let Compared { added, incomplete, .. } = inside_borders;
    assert!(added > 20 && incomplete > 20, "too little was compared: {added}, {incomplete}");
    let Compared { added, unplaced, .. } = over_borders;
    assert!(added > 5 && unplaced > 0, "too little was compared over borders: {added}, {unplaced}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_delivered_for_later_periods_changes_no_earlier_one() {
    let mut compared = 0;
    for seed in seeds(WORLDS) {
        let world = random(seed);
        let (first, end) = window(&world);
        let day = Granularity::Quarter.floor(first + (end - first) / 2);
        let mut before = world.clone();
        // A week over that day is about days before it too.
        before.usage.retain(|row| row.period_start < day);
        let (lake, earlier) = (Lake::of(&world), Lake::of(&before));
        for kpi in OF_USE.into_iter().chain(["benefit.realised"]) {
            for granularity in [Granularity::Month, Granularity::Quarter] {
                let id = &world.solutions[0].solution_id;
                let early = earlier.cells(kpi, id, granularity, Borders::Then).await;
                for (key, cell) in lake.cells(kpi, id, granularity, Borders::Then).await {
                    if granularity.next(key.0) <= day && key.0 >= first {
                        assert_eq!(
                            early.get(&key),
                            Some(&cell),
                            "seed {seed}, {kpi}, {granularity:?}, {key:?}"
                        );
                        compared += 1;
                    }
                }
            }
        }
    }
    assert!(compared > 50, "too little was compared: {compared}");
}

/// A row as two statements, of the first and of the other days of its period.
fn halves(row: &Usage) -> [Usage; 2] {
    let days = (row.period_end - row.period_start).num_days();
    let middle = row.period_start + Days::new(u64::try_from(days / 2).expect("a period is not negative"));
    let half = row.value.map(|value| value / 2);
    let rest = row.value.map(|value| value - value / 2);
    let first = Usage { period_end: middle, value: half, ..row.clone() };
    [first, Usage { period_start: middle, value: rest, ..row.clone() }]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_reported_once_more_in_finer_periods_is_never_added() {
    let mut overlapping = 0;
    for seed in seeds(WORLDS) {
        let world = random(seed);
        let mut twice = world.clone();
        let reported = world.usage.iter().filter(|row| row.state == "ok" && within_a_month(row));
        twice.usage.extend(reported.flat_map(halves));
        let (lake, doubled) = (Lake::of(&world), Lake::of(&twice));
        for kpi in OF_USE {
            for granularity in [Granularity::Month, Granularity::Quarter] {
                let id = &world.solutions[0].solution_id;
                let once = lake.cells(kpi, id, granularity, Borders::Then).await;
                for (key, cell) in doubled.cells(kpi, id, granularity, Borders::Then).await {
                    let place = format!("seed {seed}, {kpi}, {granularity:?}, {key:?}: {cell:?}");
                    assert!(
                        !cell.is_ok() || once.get(&key) == Some(&cell),
                        "{place}, once {:?}",
                        once.get(&key)
                    );
                    overlapping += usize::from(cell.reason.as_deref() == Some("overlapping_reports"));
                }
            }
        }
    }
    assert!(overlapping > 20, "too little was reported twice: {overlapping}");
}

/// What is left out of a world must show: as a cell without a number, or as one of a part of the period where those who
/// report are on no list of the rollout and owe what they report.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_is_owed_and_absent_always_shows() {
    let (mut unlisted, mut shown) = (false, [0, 0]);
    for seed in seeds(WORLDS) {
        let mut world = random(seed);
        unlisted = !unlisted;
        if !unlisted {
            // Whose rollout nobody follows is expected from everybody.
            world.rollout_events.clear();
        }
        let place_of = |row: &Usage| {
            let code = row.municipality_code.clone();
            (row.solution_id.clone(), row.measure_id.clone(), code, row.period_start, row.period_end)
        };
        let alone = |row: &Usage| {
            row.state == "ok"
                && world.usage.iter().filter(|other| place_of(other) == place_of(row)).count() == 1
        };
        // Who begins or ends within a month owes the days from the first or to the last that was reported.
        let is_long = |row: &Usage| (row.period_end - row.period_start).num_days() >= 28;
        let id = world.solutions[0].solution_id.clone();
        let owed: Vec<usize> = (0..world.usage.len())
            .filter(|at| world.usage[*at].solution_id == id && alone(&world.usage[*at]))
            .filter(|at| !unlisted || is_long(&world.usage[*at]))
            .collect();
        let Some(at) = owed.get(owed.len() / 2) else { continue };
        let mut short = world.clone();
        let row = short.usage.remove(*at);
        let (lake, lacking) = (Lake::of(&world), Lake::of(&short));
        for kpi in OF_USE {
            for granularity in [Granularity::Month, Granularity::Quarter, Granularity::Year] {
                let full = lake.cells(kpi, &id, granularity, Borders::Then).await;
                for (key, cell) in lacking.cells(kpi, &id, granularity, Borders::Then).await {
                    let whole = full.get(&key);
                    // Of two reports about the same land and days one is enough.
                    let reported_twice =
                        whole.is_some_and(|cell| cell.reason.as_deref() == Some("overlapping_reports"));
                    if whole != Some(&cell) && !reported_twice {
                        let shows = !cell.is_ok() || (unlisted && cell.is_partial);
                        assert!(
                            shows,
                            "seed {seed}, {kpi}, {granularity:?}, {key:?}: {cell:?} without {row:?}"
                        );
                        shown[usize::from(unlisted)] += 1;
                    }
                }
            }
        }
    }
    assert!(
        shown.iter().sum::<i32>() > 5 && shown.iter().all(|shown| *shown > 2),
        "too little was absent: {shown:?}"
    );
}

/// The world with one border change some days earlier, and every fact as it was.
fn with_border_moved(world: &World, from: NaiveDate, to: NaiveDate) -> World {
    let mut world = world.clone();
    let divisions = world.divisions.iter_mut().map(|row| &mut row.date);
    let facts = (world.usage.iter_mut().map(|row| &mut row.division_date))
        .chain(world.parts.iter_mut().map(|row| &mut row.division_date))
        .chain(world.population.iter_mut().map(|row| &mut row.division_date))
        .chain(world.peer_groups.iter_mut().map(|row| &mut row.division_date))
        .chain(world.rollout_events.iter_mut().map(|row| &mut row.division_date))
        .chain(world.baselines.iter_mut().map(|row| &mut row.division_date))
        .chain(world.wave_members.iter_mut().map(|row| &mut row.division_date))
        .chain(world.municipalities.iter_mut().map(|row| &mut row.valid_from));
    for day in divisions.chain(facts).filter(|day| **day == from) {
        *day = to;
    }
    let ends = (world.divisions.iter_mut().map(|row| &mut row.valid_to))
        .chain(world.municipalities.iter_mut().map(|row| &mut row.valid_to));
    for day in ends.filter(|day| **day == Some(from)) {
        *day = Some(to);
    }
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_date_of_a_border_change_is_of_no_matter_to_periods_away_from_it() {
    let mut compared = 0;
    for seed in seeds(WORLDS) {
        let world = random(seed);
        let (first, end) = window(&world);
        let changed = |day: &NaiveDate| *day > first && *day < end;
        let Some(day) = world.divisions.iter().map(|row| row.date).find(changed) else { continue };
        let earlier = day - Days::new(14);
        // A statement between the two days is about another municipality once the border has moved.
        let between = |at: NaiveDate| at >= earlier && at < day;
        if world.rollout_events.iter().any(|row| between(row.valid_from)) {
            continue;
        }
        let (lake, moved) = (Lake::of(&world), Lake::of(&with_border_moved(&world, day, earlier)));
        for kpi in OF_USE.into_iter().chain(["rollout.municipalities_live", "rollout.population_coverage"]) {
            let id = &world.solutions[0].solution_id;
            let after = moved.cells(kpi, id, Granularity::Month, Borders::Then).await;
            for (key, cell) in lake.cells(kpi, id, Granularity::Month, Borders::Then).await {
                let touched = key.0 < day && Granularity::Month.next(key.0) > earlier;
                if !touched {
                    assert_eq!(after.get(&key), Some(&cell), "seed {seed}, {kpi}, {key:?}, border of {day}");
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 100, "too little was compared: {compared}");
}
