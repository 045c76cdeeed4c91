//! Whether a year's answers are believed: they answer what was asked, every municipality is in them, they add up to the
//! source's own total, and they do not contradict what stands.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use utbredt_model::{MunicipalityCode, Rejection};
use utbredt_sources::jsonstat::{self, Table};
use utbredt_sources::pxweb::{AGGREGATED_SINCE, Query, Values, population};

use super::super::register::{Band, Counted};
use crate::phrases::first_few;

/// What was answered about a year.
#[derive(Debug, Default)]
pub(super) struct Responses {
    parts: Vec<(Query, Table)>,
    total: Option<(Query, Table)>,
    bodies: Vec<Vec<u8>>,
}

impl Responses {
    pub(super) fn add(&mut self, question: Query, body: Vec<u8>) {
        self.parts.push((question, jsonstat::parse(&body)));
        self.bodies.push(body);
    }

    pub(super) fn add_total(&mut self, question: Query, body: Vec<u8>) {
        self.total = Some((question, jsonstat::parse(&body)));
        self.bodies.push(body);
    }

    fn all(&self) -> impl Iterator<Item = &(Query, Table)> {
        self.parts.iter().chain(&self.total)
    }

    /// When the source made what it answered.
    pub(super) fn published(&self) -> Option<DateTime<Utc>> {
        self.all().find_map(|(_, table)| table.updated)
    }

    /// The answers as one payload: an array of them, byte for byte as they came.
    pub(super) fn payload(&self) -> Vec<u8> {
        [&b"["[..], &self.bodies.join(&b","[..]), b"]"].concat()
    }
}

/// A year and what is known of it.
pub(super) struct Year<'b> {
    pub(super) year: i32,
    pub(super) day: NaiveDate,
    pub(super) division: NaiveDate,
    /// The municipalities of the day.
    pub(super) codes: Vec<MunicipalityCode>,
    /// The age bands the lake keeps.
    pub(super) bands: &'b BTreeSet<Band>,
    /// What the lake has of the year.
    pub(super) have: Counted,
    /// The nearest other year and how many persons the lake has of it.
    pub(super) near: Option<(i32, i64)>,
}

/// What is made of the answers.
#[derive(Debug, Default)]
pub(super) struct Evaluation {
    pub(super) rows_in: u64,
    /// The rows the lake lacks.
    pub(super) rows: Counted,
    pub(super) rejections: Vec<Rejection>,
    /// Why nothing of it is believed.
    pub(super) held: Vec<String>,
}

/// How many hundredths the country's persons differ at most from those of the nearest year, for each year between.
const MOST_A_YEAR: i64 = 5;

/// Checks a year.
pub(super) fn evaluate(answers: &Responses, year: &Year<'_>) -> Evaluation {
    let mut found = Evaluation::default();
    for (question, table) in answers.all() {
        found.held.extend(other_question(question, table));
    }
    let made: BTreeSet<_> = answers.all().map(|(_, table)| table.updated).collect();
    if made.len() > 1 {
        found.held.push("the table was published anew between two questions".to_owned());
    }
    let mut ages: BTreeMap<(MunicipalityCode, i32), i64> = BTreeMap::new();
    for (_, table) in &answers.parts {
        found.rows_in += (table.cells.len() + table.rejections.len()) as u64;
        let read = population(table, AGGREGATED_SINCE);
        found.rejections.extend(read.rejections);
        for count in read.rows {
            if let (year, Some(age)) = (count.year == year.year, count.age)
                && year
            {
                ages.insert((count.code, age), count.persons);
            }
        }
    }
    if let Some(first) = found.rejections.first() {
        let count = found.rejections.len();
        found.held.push(format!("{count} cells cannot be believed, the first: {}", first.reason));
    }
    let counted = banded(&ages, year.bands);
    if found.held.is_empty() {
        found.held.extend(missing(&counted, year));
        found.held.extend(answers.total.as_ref().and_then(|(_, total)| unequal(total, &counted, year)));
        found.held.extend(contradicted(&counted, year));
        found.held.extend(unlikely(&counted, year));
    }
    found.rows = counted.into_iter().filter(|(key, _)| !year.have.contains_key(key)).collect();
    found
}

/// Whether an answer is to another question: a page that came twice, or a variable that went away.
fn other_question(question: &Query, table: &Table) -> Option<String> {
    if !table.breaches.is_empty() {
        return Some(table.breaches.join("; "));
    }
    for variable in &question.variables {
        let Values::Items(requested) = &variable.values else { continue };
        let found = table.dimension(&variable.code).map(|(_, dimension)| &dimension.categories);
        let found: BTreeSet<&str> = found.into_iter().flatten().map(|(code, _)| code.as_str()).collect();
        let requested: BTreeSet<&str> = requested.iter().map(String::as_str).collect();
        if found != requested {
            let lacks: Vec<String> = requested.difference(&found).map(|code| (*code).to_owned()).collect();
            let more: Vec<String> = found.difference(&requested).map(|code| (*code).to_owned()).collect();
            return Some(format!(
                "the answer is not to the question: of `{}` it lacks [{}] and has [{}] that were not requested",
                variable.code,
                first_few(&lacks),
                first_few(&more)
            ));
        }
    }
    None
}

/// Single years of age as age bands.
fn banded(ages: &BTreeMap<(MunicipalityCode, i32), i64>, bands: &BTreeSet<Band>) -> Counted {
    let mut counted = Counted::new();
    for ((code, age), persons) in ages {
        for band in bands {
            let inside = band.0 <= *age && band.1.is_none_or(|to| *age < to);
            let sum = counted.entry((*band, code.clone())).or_default();
            *sum = sum.saturating_add(if inside { *persons } else { 0 });
        }
    }
    counted
}

const ALL_AGES: Band = (0, None);

fn persons(counted: &Counted, band: Band) -> i64 {
    counted
        .iter()
        .filter(|((of, _), _)| *of == band)
        .fold(0, |sum, (_, persons)| sum.saturating_add(*persons))
}

/// Municipalities of the division in which nobody is counted: the interface fills what a code does not say with noughts.
fn missing(counted: &Counted, year: &Year<'_>) -> Option<String> {
    let mut empty = Vec::new();
    for code in &year.codes {
        if counted.get(&(ALL_AGES, code.clone())).is_none_or(|persons| *persons <= 0) {
            empty.push(code.to_string());
        }
    }
    (!empty.is_empty()).then(|| {
        format!(
            "{} municipalities of the division of {} have no inhabitants in it: {}",
            empty.len(),
            year.division,
            first_few(&empty)
        )
    })
}

/// Whether the municipalities add up to the source's own row for the country, in every band.
fn unequal(total: &Table, counted: &Counted, year: &Year<'_>) -> Option<String> {
    let Some((place, _)) = total.dimension("Alder") else {
        return Some("its total row has no ages".to_owned());
    };
    let mut sums: BTreeMap<Band, i64> = year.bands.iter().map(|band| (*band, 0)).collect();
    let mut cells = 0;
    for row in total.rows() {
        let age = row.codes.get(place).copied().unwrap_or_default();
        let age = age.strip_suffix('+').unwrap_or(age).parse::<i32>();
        let (Ok(age), Some(persons)) = (age, row.cell.whole()) else {
            return Some("its total row has cells without a number".to_owned());
        };
        cells += 1;
        for (band, sum) in &mut sums {
            if band.0 <= age && band.1.is_none_or(|to| age < to) {
                *sum = sum.saturating_add(persons);
            }
        }
    }
    let size: usize = total.dimensions.iter().map(|dimension| dimension.categories.len()).product();
    if cells != size {
        return Some(format!("its total row has {cells} of {size} cells"));
    }
    let mut off = Vec::new();
    for (band, sum) in &sums {
        let ours = persons(counted, *band);
        if ours != *sum {
            let ages = named(*band);
            off.push(format!("{ours} by the municipalities and {sum} by its own total row ({ages})"));
        }
    }
    (!off.is_empty()).then(|| format!("the country has persons {}", first_few(&off)))
}

fn named((from, to): Band) -> String {
    match to {
        None if from == 0 => "all ages".to_owned(),
        None => format!("{from} years and older"),
        Some(to) => format!("{from} to {} years", to - 1),
    }
}

/// What stands is never written over: an answer that says otherwise is held.
fn contradicted(counted: &Counted, year: &Year<'_>) -> Option<String> {
    let mut other = Vec::new();
    for (key, have) in &year.have {
        if let Some(reported) = counted.get(key).filter(|reported| *reported != have) {
            other.push(format!("{} {reported} (the tables have {have}, {})", key.1, named(key.0)));
        }
    }
    (!other.is_empty())
        .then(|| format!("{} numbers differ from those in the tables: {}", other.len(), first_few(&other)))
}

/// A country does not grow by a twentieth in a year.
fn unlikely(counted: &Counted, year: &Year<'_>) -> Option<String> {
    let (near, before) = year.near.filter(|(_, before)| *before > 0)?;
    let now = persons(counted, ALL_AGES);
    let years = i64::from(near.abs_diff(year.year)).min(10);
    (now.abs_diff(before) > (before / 100 * MOST_A_YEAR * years).unsigned_abs()).then(|| {
        format!("the country has {now} persons, and had {before} in {near}: that is more than {MOST_A_YEAR} % a year")
    })
}
