//! Invented deliveries, for demonstration and tests: the same seed gives the same bytes everywhere.
//!
//! They look like the real thing, holes included: growth is S-shaped, small municipalities scatter more, some
//! never deliver, some have gone silent, some fall, and a few rows are dirty the way spreadsheets are. Only
//! addition, multiplication, division and the square root are used, which IEEE 754 gives every machine alike.

mod habit;
mod report;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use chrono::{DateTime, Datelike, Duration, Months, NaiveDate, NaiveTime, Utc};
use utbredt_lake::Table;
use utbredt_model::{Granularity, MeasureId, Period, SolutionId, SourceId};
use utbredt_sources::delimited::Contract;

use self::habit::{SHAPES, Shape, habit};
use self::report::MonthlyReport;
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
    // Three years in days: an older count is no measure of today.
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

/// The first day of a month counted from January 2024.
fn first_day(month: i32) -> Option<NaiveDate> {
    // Far beyond what is drawn, and within what the calendar can hold.
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
        payload: text.into(),
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
