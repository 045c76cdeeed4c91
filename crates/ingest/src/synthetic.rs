//! Invented deliveries, for demonstration and tests: the same seed gives the same bytes everywhere.
//!
//! They look like the real thing, holes included: growth is S-shaped, small municipalities scatter more, some
//! never deliver, some have gone silent, some fall, and a few rows are dirty the way spreadsheets are. Only
//! addition, multiplication, division and the square root are used, which IEEE 754 gives every machine alike.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use chrono::{DateTime, Datelike, Duration, Months, NaiveDate, NaiveTime, Utc};
use utbredt_lake::Table;
use utbredt_model::{Granularity, MeasureId, Period, SolutionId, SourceId};
use utbredt_sources::delimited::Contract;

use crate::columns::day_number;
use crate::connectors::{Delimited, StageList};
use crate::expect::ExpectedDelivery;
use crate::format::Format;
use crate::reference_data::ReferenceData;
use crate::{Delivery, IngestError};

/// The source of the invented counts.
pub const USAGE: &str = "synthetic-usage";

/// The source of the invented rollouts.
pub const ROLLOUT: &str = "synthetic-rollout";

/// How a solution spreads. Months count from January 2024.
struct Shape {
    solution: &'static str,
    /// The month half of the municipalities have it.
    middle: f64,
    /// The share of the target group that will use it.
    ceiling: f64,
    /// Uses per active user and month.
    uses: f64,
}

const SHAPES: [Shape; 6] = [
    Shape { solution: "digihelse", middle: 4.0, ceiling: 0.12, uses: 2.5 },
    Shape { solution: "digihelsestasjon", middle: 10.0, ceiling: 0.45, uses: 1.2 },
    Shape { solution: "digisos", middle: -30.0, ceiling: 0.03, uses: 1.1 },
    Shape { solution: "kjernejournal", middle: -6.0, ceiling: 0.08, uses: 1.6 },
    Shape { solution: "minside", middle: 24.0, ceiling: 0.35, uses: 3.0 },
    Shape { solution: "svarut", middle: -60.0, ceiling: 0.6, uses: 1.8 },
];

/// Splitmix64: every number follows from the one before it. Own code, so that the same seed gives the same bytes
/// whatever version of a library is at hand.
struct Rng(u64);

impl Rng {
    /// The numbers of one thing, independent of what else is drawn.
    fn of(seed: u64, parts: &[&str]) -> Self {
        let mut rng = Self(seed);
        for byte in parts.iter().flat_map(|part| part.bytes().chain([0])) {
            rng.0 = rng.0.wrapping_add(u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
            rng.next();
        }
        rng
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to below 1, in steps every machine has.
    fn share(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).unwrap_or_default()) / 4_294_967_296.0
    }

    /// From `low` to below `high`.
    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.share()
    }
}

/// One municipality's way with one solution.
struct Habit {
    /// Months from January 2024 to production.
    live: i32,
    /// Its own ceiling, in persons.
    ceiling: f64,
    uses: f64,
    never: bool,
    silent_at_the_end: bool,
    /// The month it loses a third, if it does.
    falls: Option<i32>,
    scatter: f64,
}

fn habit(seed: u64, shape: &Shape, code: &str, persons: f64) -> Habit {
    let mut rng = Rng::of(seed, &[shape.solution, code]);
    let spread = rng.between(-14.0, 14.0) + rng.between(-6.0, 6.0);
    let fate = rng.share();
    let ceiling = (shape.ceiling * rng.between(0.5, 1.4)).min(0.9) * persons;
    #[expect(clippy::cast_possible_truncation, reason = "months are few")]
    let live = (shape.middle + spread).floor() as i32;
    Habit {
        live,
        ceiling,
        uses: shape.uses * rng.between(0.8, 1.2),
        never: fate < 0.03,
        silent_at_the_end: (0.03..0.08).contains(&fate),
        falls: (0.08..0.13).contains(&fate).then_some(live.max(0) + 14),
        scatter: (8.0 / persons.max(1.0).sqrt()).min(0.3),
    }
}

/// From 0 to 1, steepest in the middle.
fn s_curve(months: f64) -> f64 {
    let x = (months - 12.0) / 6.0;
    0.5 + 0.5 * x / (1.0 + x.abs())
}

impl Habit {
    /// Users and uses in a month after January 2024.
    fn counts(&self, month: i32, rng: &mut Rng, persons: f64) -> (i64, i64) {
        let grown = self.ceiling * s_curve(f64::from(month - self.live));
        let left = if self.falls.is_some_and(|at| month >= at) { 0.65 } else { 1.0 };
        let users = grown * left * (1.0 + self.scatter * rng.between(-1.0, 1.0));
        let users = users.clamp(0.0, persons * 0.95).floor();
        let uses = (users * self.uses * (1.0 + self.scatter * rng.between(-1.0, 1.0))).floor();
        (whole(users), whole(uses))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "at most a country's inhabitants")]
fn whole(number: f64) -> i64 {
    number as i64
}

/// The month counted from January 2024.
fn month_number(day: NaiveDate) -> i32 {
    (day.year() - 2024) * 12 + i32::try_from(day.month0()).unwrap_or_default()
}

/// By solution and code, of the division that holds a day: the fewest persons its target group has been
/// counted to since the last count by age. A number below it is possible by every count.
type Persons = BTreeMap<(String, String), f64>;

fn persons(world: &ReferenceData, day: NaiveDate) -> Result<Persons, IngestError> {
    let number = day_number(day);
    let division = world.division_on(number).unwrap_or_default();
    let recent = number - 1096;
    let (codes, groups) = (world.codes_in(division), world.target_groups()?);
    let mut persons = Persons::new();
    for shape in shapes(world) {
        for code in &codes {
            let by_day = groups.persons(shape.solution, code, division);
            let newest = by_day.last_key_value().map(|(newest, _)| *newest);
            let counted = by_day.iter().filter(|(day, _)| **day >= recent || Some(**day) == newest);
            if let Some(fewest) = counted.map(|(_, persons)| *persons).min_by(f64::total_cmp) {
                persons.insert((shape.solution.to_owned(), (*code).to_owned()), fewest.floor());
            }
        }
    }
    Ok(persons)
}

/// From how many municipalities on a solution's source reports.
const FEWEST_MUNICIPALITIES: usize = 20;

/// Whether a solution is in production in enough municipalities in a month for its source to report.
fn reports(seed: u64, shape: &Shape, month: NaiveDate, persons: &Persons) -> bool {
    let own = persons.iter().filter(|((solution, _), _)| solution == shape.solution);
    let live = own.filter(|((_, code), count)| habit(seed, shape, code, **count).live <= month_number(month));
    live.count() >= FEWEST_MUNICIPALITIES
}

/// Invented deliveries for the months in `[from, to)`, one a solution and month, and the rollouts behind them
/// (Digisos' own is real and not invented again). `reference` holds the reference tables.
///
/// # Errors
/// [`IngestError`] when the reference tables lack places.
pub fn deliveries(
    seed: u64,
    from: NaiveDate,
    to: NaiveDate,
    reference: &[(&'static Table, RecordBatch)],
) -> Result<Vec<Delivery>, IngestError> {
    let world = ReferenceData::of_tables(reference)?;
    let months = Granularity::Month.periods(from, to);
    let mut out = Vec::new();
    if let Some(last) = months.last() {
        out.push(rollouts(seed, last, &persons(&world, last.start)?, &world)?);
    }
    for month in &months {
        let persons = persons(&world, month.start)?;
        for shape in shapes(&world) {
            // A source reports from when its solution has spread a little: totals of a handful jump tenfold in a month.
            if !reports(seed, shape, month.start, &persons) {
                continue;
            }
            let report = MonthlyReport { seed, shape, month, to, world: &world, again: false };
            out.push(report.delivery(&persons)?);
        }
    }
    Ok(out)
}

/// The last month before `to` delivered once more, a few days later, by every solution: some numbers are corrected, and
/// some municipalities that were silent report. They take the place of what [`deliveries`] gives for that month.
///
/// # Errors
/// [`IngestError`] when the reference tables lack places.
pub fn corrections(
    seed: u64,
    to: NaiveDate,
    reference: &[(&'static Table, RecordBatch)],
) -> Result<Vec<Delivery>, IngestError> {
    let world = ReferenceData::of_tables(reference)?;
    let Some(month) = Granularity::Month.periods(to - Months::new(1), to).pop() else {
        return Ok(Vec::new());
    };
    let persons = persons(&world, month.start)?;
    shapes(&world)
        .filter(|shape| reports(seed, shape, month.start, &persons))
        .map(|shape| {
            MonthlyReport { seed, shape, month: &month, to, world: &world, again: true }.delivery(&persons)
        })
        .collect()
}

/// The shapes of the solutions that the reference tables know.
fn shapes(world: &ReferenceData) -> impl Iterator<Item = &'static Shape> {
    SHAPES.iter().filter(|shape| {
        world.measures.get(shape.solution).is_some_and(|m| m.contains("users_active") && m.contains("uses"))
    })
}

/// What one solution reports of one month.
struct MonthlyReport<'a> {
    seed: u64,
    shape: &'static Shape,
    month: &'a Period,
    /// The first day after the last month of all.
    to: NaiveDate,
    world: &'a ReferenceData,
    /// Whether the month is delivered for the second time, corrected.
    again: bool,
}

impl MonthlyReport<'_> {
    fn delivery(&self, persons: &Persons) -> Result<Delivery, IngestError> {
        let (shape, month) = (self.shape, self.month.to_string());
        let mut text = String::from("municipality_code,period,solution_id,measure_id,value\n");
        let oslo_lost_its_zero = Rng::of(self.seed, &["zero", shape.solution, &month]).share() < 0.02;
        let own = persons.iter().filter(|((solution, _), _)| solution == shape.solution);
        for ((_, code), persons) in own {
            let Some((users, uses)) = self.counts(code, *persons) else { continue };
            let shown = if code == "0301" && oslo_lost_its_zero { "301" } else { code };
            self.row(&mut text, shown, "users_active", users);
            self.row(&mut text, shown, "uses", uses);
            if let Some(cases) = self.cases(code, uses) {
                self.row(&mut text, shown, "cases", cases);
            }
        }
        let mut dirt = Rng::of(self.seed, &["dirt", shape.solution, &month]);
        if dirt.share() < 0.25 {
            self.row(&mut text, "9999", "uses", 1 + i64::try_from(dirt.next() % 40).unwrap_or_default());
        }
        if dirt.share() < 0.1 {
            self.row(&mut text, "0703", "uses", 1 + i64::try_from(dirt.next() % 9).unwrap_or_default());
        }
        let subject = format!("{} {month}", shape.solution);
        delivery(USAGE, &subject, text, self.month.end + Duration::days(self.days_after(&month)))
    }

    fn row(&self, text: &mut String, code: &str, measure: &str, value: i64) {
        let _ = writeln!(text, "{code},{},{},{measure},{value}", self.month, self.shape.solution);
    }

    /// Days from the month's end to the delivery: the 16th of the next is due, and some are late.
    fn days_after(&self, month: &str) -> i64 {
        let late = Rng::of(self.seed, &["late", self.shape.solution, month]).share() < 0.06;
        match (self.again, late) {
            (true, _) => 19,
            (false, true) => 17,
            (false, false) => 11,
        }
    }

    /// Active users and uses of a municipality that reports; `None` when it does not.
    fn counts(&self, code: &str, persons: f64) -> Option<(i64, i64)> {
        let number = month_number(self.month.start);
        let habit = habit(self.seed, self.shape, code, persons);
        let month = self.month.to_string();
        let mut change = Rng::of(self.seed, &["again", self.shape.solution, code, &month]);
        let left = month_number(self.to) - number;
        // Half of those that fell silent report when they are reminded.
        let reminded = self.again && change.share() < 0.5;
        let silent = habit.silent_at_the_end && left <= 2 && !reminded;
        if habit.never || silent || number < habit.live {
            return None;
        }
        let mut rng = Rng::of(self.seed, &[self.shape.solution, code, &month]);
        let (users, uses) = habit.counts(number, &mut rng, persons);
        if self.again && change.share() < 0.08 {
            return Some((corrected(users, &mut change), corrected(uses, &mut change)));
        }
        Some((users, uses))
    }

    /// Letters sent in all, where they are counted: somewhat more than went digitally.
    fn cases(&self, code: &str, uses: i64) -> Option<i64> {
        let counted = self.world.measures.get(self.shape.solution).is_some_and(|m| m.contains("cases"));
        let mut rng = Rng::of(self.seed, &["cases", self.shape.solution, code]);
        #[expect(clippy::cast_precision_loss, reason = "at most a country's letters")]
        counted.then(|| uses.saturating_add(whole(uses as f64 * rng.between(0.05, 0.6)).max(1)))
    }
}

/// A count that is found to be up to a tenth too high.
fn corrected(count: i64, rng: &mut Rng) -> i64 {
    #[expect(clippy::cast_precision_loss, reason = "at most a country's inhabitants")]
    let count = count as f64;
    whole(count * rng.between(0.9, 1.0))
}

/// The first day of a month counted from January 2024.
fn first_day(month: i32) -> Option<NaiveDate> {
    let month = month.clamp(-1200, 1200);
    NaiveDate::from_ymd_opt(2024 + month.div_euclid(12), month.rem_euclid(12).unsigned_abs() + 1, 1)
}

fn rollouts(
    seed: u64,
    last: &Period,
    persons: &Persons,
    world: &ReferenceData,
) -> Result<Delivery, IngestError> {
    let mut text = String::from("municipality_code,solution_id,stage,valid_from\n");
    for shape in shapes(world).filter(|shape| shape.solution != "digisos") {
        let own = persons.iter().filter(|((solution, _), _)| solution == shape.solution);
        for ((_, code), persons) in own {
            let habit = habit(seed, shape, code, *persons);
            let stages = [
                (habit.live - 12, "planned"),
                (habit.live - 8, "agreed"),
                (habit.live - 3, "pilot"),
                (habit.live, "in_production"),
            ];
            for (month, stage) in stages {
                // What has not happened yet is not known, apart from plans.
                if let Some(day) = first_day(month).filter(|day| *day < last.end || stage == "planned") {
                    let _ = writeln!(text, "{code},{},{stage},{day}", shape.solution);
                }
            }
        }
    }
    delivery(ROLLOUT, "all", text, last.end + Duration::days(11))
}

fn delivery(source: &str, subject: &str, text: String, day: NaiveDate) -> Result<Delivery, IngestError> {
    let morning = NaiveTime::from_hms_opt(6, 0, 0).unwrap_or_default();
    Ok(Delivery {
        source_id: SourceId::parse(source)?,
        subject: subject.to_owned(),
        payload: text.into_bytes(),
        received_at: DateTime::from_naive_utc_and_offset(day.and_time(morning), Utc),
        synthetic: true,
    })
}

/// How an invented delivery is read.
///
/// # Errors
/// [`IngestError::Contract`] when the contract shipped with the program does not read.
pub fn format(delivery: &Delivery) -> Result<Arc<dyn Format>, IngestError> {
    if delivery.source_id.as_str() == ROLLOUT {
        return Ok(Arc::new(StageList));
    }
    let contract = Contract::from_toml(include_str!("../../../datasets/contracts/synthetic-usage.toml"));
    let contract =
        contract.map_err(|error| IngestError::contract(Path::new("synthetic-usage.toml"), error))?;
    Ok(Arc::new(Delimited(contract)))
}

/// What the invented source of counts owes for the months in `[from, to)`: due on the 16th of the next.
///
/// # Errors
/// None that can happen with the names used here.
pub fn expected(from: NaiveDate, to: NaiveDate) -> Result<Vec<ExpectedDelivery>, IngestError> {
    let mut out = Vec::new();
    for shape in &SHAPES {
        for measure in ["users_active", "uses"] {
            out.push(ExpectedDelivery {
                source_id: SourceId::parse(USAGE)?,
                solution_id: SolutionId::parse(shape.solution)?,
                measure_id: MeasureId::parse(measure)?,
                from,
                to,
                due_day: 16,
            });
        }
    }
    Ok(out)
}
