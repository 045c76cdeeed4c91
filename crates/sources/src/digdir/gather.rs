//! Points added up to the numbers of organisations and periods.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Map, Value};
use utbredt_model::{
    CellState, Granularity, Marks, MeasureId, MeasureKind, Observation, ObservedFact, OrganisationNumber,
    Parsed, Period, Reason, ReasonCode, Rejection, Stamp, Subject,
};

use super::{Distance, Series};
use utbredt_model::oslo;

type Key = (OrganisationNumber, MeasureId, Period);

/// What is gathered about one organisation, measure and period.
#[derive(Default)]
struct Cell {
    row: u64,
    at: BTreeMap<DateTime<Utc>, i64>,
}

/// A point that may be counted.
struct Point {
    at: DateTime<Utc>,
    period: Period,
    organisation: OrganisationNumber,
    values: Vec<(MeasureId, i64)>,
}

/// What is gathered of an answer's points.
pub(super) struct Gather<'s> {
    series: &'s Series,
    cells: BTreeMap<Key, Cell>,
    /// Hours with any point.
    hours: BTreeSet<DateTime<Utc>>,
    /// Organisations' periods that miss a refused point.
    spoiled: BTreeSet<(OrganisationNumber, Period)>,
    /// Measurement ids met for the first time.
    new: BTreeSet<String>,
}

impl<'s> Gather<'s> {
    pub(super) const fn new(series: &'s Series) -> Self {
        Self {
            series,
            cells: BTreeMap::new(),
            hours: BTreeSet::new(),
            spoiled: BTreeSet::new(),
            new: BTreeSet::new(),
        }
    }

    /// Takes one point; what is wrong with it goes to `reasons`.
    pub(super) fn take(&mut self, row: u64, point: &Value, reasons: &mut Vec<Reason>) {
        // A rejected point still shows that its hour was delivered.
        if let Some(at) = self.window(point) {
            self.hours.insert(at);
        }
        let read = match self.point(point, reasons) {
            Ok(Some(read)) => read,
            Ok(None) => return,
            Err(reason) => return reasons.push(reason),
        };
        let Point { at, period, organisation, values } = read;
        for (measure, value) in values {
            let cell = self.cells.entry((organisation.clone(), measure, period)).or_default();
            // Of several rows the first is named, where a reader begins to look.
            if cell.row == 0 {
                cell.row = row;
            }
            let sum = cell.at.entry(at).or_insert(0);
            match sum.checked_add(value) {
                Some(more) => *sum = more,
                // The period lacks these users, so its number is not final.
                None => {
                    self.spoiled.insert((organisation.clone(), period));
                    let text = "the sum of the points is too large a number";
                    reasons.push(Reason::new(ReasonCode::NumberTooLarge, text));
                }
            }
        }
    }

    /// The beginning of a point's window, near enough to lie in the right hour, day or month.
    fn window(&self, point: &Value) -> Option<DateTime<Utc>> {
        let stamp = DateTime::parse_from_rfc3339(point.get("timestamp")?.as_str()?).ok()?.to_utc();
        let back = match (self.series.stamp, self.series.distance) {
            (Stamp::Start, _) => TimeDelta::zero(),
            (Stamp::End, Distance::Hours) => TimeDelta::hours(1),
            // Half a day back lies in the right day, whether the source cut days in Oslo or in UTC.
            (Stamp::End, _) => TimeDelta::hours(12),
        };
        stamp.checked_sub_signed(back)
    }

    fn point(&mut self, point: &Value, reasons: &mut Vec<Reason>) -> Result<Option<Point>, Reason> {
        let Some(at) = self.window(point) else {
            let text = "`timestamp` is missing or not a time with an offset";
            return Err(Reason::new(ReasonCode::InvalidDate, text));
        };
        let empty = Map::new();
        let categories = match point.get("categories") {
            None => &empty,
            Some(Value::Object(categories)) => categories,
            Some(_) => return Err(Reason::new(ReasonCode::InvalidField, "`categories` is not an object")),
        };
        if !self.is_chosen(categories)? {
            return Ok(None);
        }
        let organisation = self.organisation(categories)?;
        let granularity =
            // Points of days may be cut in UTC: they are still days.
            if self.series.distance == Distance::Months { Granularity::Month } else { Granularity::Day };
        let period = Period::holding(oslo::day(at), granularity);
        let Some(measurements) = point.get("measurements").and_then(Value::as_object) else {
            self.spoiled.insert((organisation, period));
            let text = "`measurements` is missing or not an object";
            return Err(Reason::new(ReasonCode::MissingField, text));
        };
        let mut values = Vec::new();
        for (name, value) in measurements {
            // A new measurement is reported once, not in every one of its thousand points.
            let Some(measure) = self.series.measures.get(name) else {
                if !self.series.ignore.contains(name) && self.new.insert(name.clone()) {
                    let text = format!("new measurement id `{name}`: map it to a measure or ignore it");
                    reasons.push(Reason::new(ReasonCode::UnknownWord, text));
                }
                continue;
            };
            // Numbers with decimals are no counts; rounding them would invent users.
            match value.as_i64().filter(|n| *n >= 0) {
                Some(value) => values.push((measure.clone(), value)),
                None => {
                    let text = format!("`{name}` is {value}, not a whole number from 0");
                    reasons.push(Reason::new(ReasonCode::InvalidNumber, text));
                    self.spoiled.insert((organisation.clone(), period));
                }
            }
        }
        Ok(Some(Point { at, period, organisation, values }))
    }

    /// Whether a point has the category values that are read.
    fn is_chosen(&self, categories: &Map<String, Value>) -> Result<bool, Reason> {
        for (category, chosen) in &self.series.filter {
            match categories.get(category).and_then(Value::as_str) {
                Some(value) if value == chosen => {}
                Some(_) => return Ok(false),
                None => {
                    let text =
                        format!("category `{category}` is missing, so the point may be any of its values");
                    return Err(Reason::new(ReasonCode::MissingField, text));
                }
            }
        }
        Ok(true)
    }

    /// Whose point it is, when every category is one we know how to treat.
    fn organisation(&self, categories: &Map<String, Value>) -> Result<OrganisationNumber, Reason> {
        let Series { organisation_category, sum_categories, filter, .. } = self.series;
        let mut names = categories.keys();
        // Adding over a category nobody knows may count the same users twice.
        let new = names.find(|c| {
            *c != organisation_category && !sum_categories.contains(*c) && !filter.contains_key(*c)
        });
        if let Some(category) = new {
            let text = format!("category `{category}` is new: say whether its values may be added");
            return Err(Reason::new(ReasonCode::UnknownWord, text));
        }
        match categories.get(organisation_category).and_then(Value::as_str).map(str::trim) {
            None | Some("") => {
                let text =
                    format!("`{organisation_category}` is empty: the source does not say whose point it is");
                Err(Reason::new(ReasonCode::MissingField, text))
            }
            Some(number) => Ok(OrganisationNumber::parse(number)?),
        }
    }

    /// The numbers of whole periods.
    pub(super) fn finish(self, parsed: &mut Parsed) {
        // An answer without a number takes no earlier one's place.
        if let (true, Some(new)) = (self.cells.is_empty(), self.new.first()) {
            parsed
                .breaches
                .push(format!("the answer has none of the measurements that are read, and `{new}` is new"));
        }
        let mut delivered: BTreeMap<NaiveDate, BTreeSet<i64>> = BTreeMap::new();
        // Counted in UTC, so that the hour that occurs twice in October is two.
        for at in self.hours {
            delivered.entry(oslo::day(at)).or_default().insert(at.timestamp().div_euclid(3600));
        }
        let by_hour = self.series.distance == Distance::Hours;
        for ((organisation, measure_id, period), cell) in self.cells {
            let value = match self.series.kind {
                MeasureKind::Flow => cell.at.values().try_fold(0i64, |sum, value| sum.checked_add(*value)),
                // The map is in the order of time, so the last is the newest.
                MeasureKind::Stock | MeasureKind::Status | MeasureKind::Share => {
                    cell.at.values().last().copied()
                }
            };
            let Some(value) = value else {
                let reason =
                    format!("`{measure_id}` of {organisation} in {period} adds up to too large a number");
                parsed.rejections.push(Rejection::new(
                    cell.row,
                    Reason::new(ReasonCode::NumberTooLarge, reason),
                    "",
                ));
                continue;
            };
            let hours = delivered.get(&period.start).map_or(0, BTreeSet::len);
            let may_change = (by_hour && hours < oslo::hours_in(period.start))
                || self.spoiled.contains(&(organisation.clone(), period));
            parsed.observations.push(Observation {
                row: cell.row,
                subject: Subject::Organisation(organisation),
                fact: ObservedFact::Usage {
                    solution_id: self.series.solution_id.clone(),
                    measure_id,
                    period,
                    value: Some(value),
                    state: CellState::Ok,
                    marks: if may_change { Marks::PROVISIONAL } else { Marks::default() },
                },
            });
        }
    }
}
