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
use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveTime, Utc};
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
    Shape { solution: "minside", middle: 12.0, ceiling: 0.35, uses: 3.0 },
    Shape { solution: "svarut", middle: -60.0, ceiling: 0.6, uses: 1.8 },
];

/// Splitmix64: every number follows from the one before it.
struct Dice(u64);

impl Dice {
    /// The dice of one thing, independent of what else is thrown.
    fn of(seed: u64, parts: &[&str]) -> Self {
        let mut dice = Self(seed);
        for byte in parts.iter().flat_map(|part| part.bytes().chain([0])) {
            dice.0 = dice.0.wrapping_add(u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
            dice.next();
        }
        dice
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
    let mut dice = Dice::of(seed, &[shape.solution, code]);
    let spread = dice.between(-14.0, 14.0) + dice.between(-6.0, 6.0);
    let fate = dice.share();
    let ceiling = (shape.ceiling * dice.between(0.5, 1.4)).min(0.9) * persons;
    #[expect(clippy::cast_possible_truncation, reason = "months are few")]
    let live = (shape.middle + spread).floor() as i32;
    Habit {
        live,
        ceiling,
        uses: shape.uses * dice.between(0.8, 1.2),
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
    fn counts(&self, month: i32, dice: &mut Dice, persons: f64) -> (i64, i64) {
        let grown = self.ceiling * s_curve(f64::from(month - self.live));
        let left = if self.falls.is_some_and(|at| month >= at) { 0.65 } else { 1.0 };
        let users = grown * left * (1.0 + self.scatter * dice.between(-1.0, 1.0));
        let users = users.clamp(0.0, persons * 0.95).floor();
        let uses = (users * self.uses * (1.0 + self.scatter * dice.between(-1.0, 1.0))).floor();
        #[expect(clippy::cast_possible_truncation, reason = "at most a country's inhabitants")]
        let whole = |number: f64| number as i64;
        (whole(users), whole(uses))
    }
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
        let left = month_number(to) - month_number(month.start);
        for shape in shapes(&world) {
            out.push(usage(seed, shape, month, left, &persons)?);
        }
    }
    Ok(out)
}

/// The shapes of the solutions that the reference tables know.
fn shapes(world: &ReferenceData) -> impl Iterator<Item = &'static Shape> {
    SHAPES.iter().filter(|shape| {
        world.measures.get(shape.solution).is_some_and(|m| m.contains("users_active") && m.contains("uses"))
    })
}

fn usage(
    seed: u64,
    shape: &Shape,
    month: &Period,
    left: i32,
    persons: &Persons,
) -> Result<Delivery, IngestError> {
    let number = month_number(month.start);
    let mut text = String::from("municipality_code,period,solution_id,measure_id,value\n");
    let mut row = |code: &str, measure: &str, value: i64| {
        let _ = writeln!(text, "{code},{month},{},{measure},{value}", shape.solution);
    };
    let mut oslo_lost_its_zero = Dice::of(seed, &["zero", shape.solution, &month.to_string()]);
    let oslo_lost_its_zero = oslo_lost_its_zero.share() < 0.02;
    for ((solution, code), persons) in persons {
        if solution != shape.solution {
            continue;
        }
        let habit = habit(seed, shape, code, *persons);
        let silent = habit.silent_at_the_end && left <= 2;
        if habit.never || silent || number < habit.live {
            continue;
        }
        let mut dice = Dice::of(seed, &[shape.solution, code, &month.to_string()]);
        let (users, uses) = habit.counts(number, &mut dice, *persons);
        let code = if code == "0301" && oslo_lost_its_zero { "301" } else { code };
        row(code, "users_active", users);
        row(code, "uses", uses);
    }
    let mut dirt = Dice::of(seed, &["dirt", shape.solution, &month.to_string()]);
    if dirt.share() < 0.25 {
        row("9999", "uses", 1 + i64::try_from(dirt.next() % 40).unwrap_or_default());
    }
    if dirt.share() < 0.1 {
        row("0703", "uses", 1 + i64::try_from(dirt.next() % 9).unwrap_or_default());
    }
    delivery(USAGE, &format!("{} {month}", shape.solution), text, month.end + Duration::days(11))
}

fn rollouts(
    seed: u64,
    last: &Period,
    persons: &Persons,
    world: &ReferenceData,
) -> Result<Delivery, IngestError> {
    let mut text = String::from("municipality_code,solution_id,stage,valid_from\n");
    let day = |month: i32| {
        let month = month.clamp(-1200, 1200);
        NaiveDate::from_ymd_opt(2024 + month.div_euclid(12), month.rem_euclid(12).unsigned_abs() + 1, 1)
    };
    for shape in shapes(world).filter(|shape| shape.solution != "digisos") {
        let own = persons.iter().filter(|((solution, _), _)| solution == shape.solution);
        for ((_, code), persons) in own {
            let habit = habit(seed, shape, code, *persons);
            let stages =
                [(habit.live - 12, "planned"), (habit.live - 3, "pilot"), (habit.live, "in_production")];
            for (month, stage) in stages {
                // What has not happened yet is not known, apart from plans.
                if let Some(day) = day(month).filter(|day| *day < last.end || stage == "planned") {
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
