//! What the lake knows of places, people and organisations, for a pull that holds an answer against it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};
use polars::prelude::{Column, DataFrame};
use utbredt_lake::{Edition, Lake};
use utbredt_model::MunicipalityCode;
use utbredt_model::territory::Change;

use crate::IngestError;
use crate::bridge::{day_number, day_of, read};

/// An age band: the youngest age, and the first age outside.
pub(super) type Band = (i32, Option<i32>);

/// A municipality in a span.
#[derive(Debug, Clone)]
struct Span {
    code: MunicipalityCode,
    name: String,
    from: NaiveDate,
    to: Option<NaiveDate>,
}

/// The population of a year that the lake has, by band and code.
pub(super) type Counted = BTreeMap<(Band, MunicipalityCode), i64>;

/// The register of places of one edition.
#[derive(Debug, Default)]
pub(super) struct Register {
    spans: Vec<Span>,
    divisions: Vec<NaiveDate>,
}

fn days(frame: &DataFrame, name: &str) -> Result<Vec<Option<NaiveDate>>, IngestError> {
    Ok(frame.column(name)?.i32()?.iter().map(|day| day.map(day_of)).collect())
}

fn texts<'f>(frame: &'f DataFrame, name: &str) -> Result<Vec<Option<&'f str>>, IngestError> {
    Ok(frame.column(name)?.str()?.iter().collect())
}

/// A code of the lake; what is none is a fault of the tables and passed over.
fn code(text: Option<&str>) -> Option<MunicipalityCode> {
    MunicipalityCode::parse(text?).ok()
}

impl Register {
    pub(super) fn read(lake: &Lake, edition: Option<&Edition>) -> Result<Self, IngestError> {
        let frame = read(lake, edition, "municipalities")?;
        let (codes, names) = (texts(&frame, "municipality_code")?, texts(&frame, "name")?);
        let (from, to) = (days(&frame, "valid_from")?, days(&frame, "valid_to")?);
        let span = |at: usize| {
            let name = names[at].unwrap_or_default().to_owned();
            Some(Span { code: code(codes[at])?, name, from: from[at]?, to: to[at] })
        };
        let spans: Vec<Span> = (0..frame.height()).filter_map(span).collect();
        let mut divisions: Vec<NaiveDate> =
            days(&read(lake, edition, "divisions")?, "division_date")?.into_iter().flatten().collect();
        divisions.sort_unstable();
        if spans.is_empty() || divisions.is_empty() {
            return Err(IngestError::NotReady("municipalities"));
        }
        Ok(Self { spans, divisions })
    }

    /// The municipalities of a day, with their names.
    pub(super) fn on(&self, day: NaiveDate) -> BTreeMap<MunicipalityCode, &str> {
        let alive = |span: &&Span| span.from <= day && span.to.is_none_or(|to| day < to);
        self.spans.iter().filter(alive).map(|span| (span.code.clone(), span.name.as_str())).collect()
    }

    /// The division that holds a day.
    pub(super) fn division(&self, day: NaiveDate) -> Option<NaiveDate> {
        self.divisions.iter().rev().find(|division| **division <= day).copied()
    }
}

/// The population the lake has, by year.
pub(super) fn population(
    lake: &Lake,
    edition: Option<&Edition>,
) -> Result<BTreeMap<i32, Counted>, IngestError> {
    let frame = read(lake, edition, "population")?;
    let (codes, day) = (texts(&frame, "municipality_code")?, days(&frame, "reference_date")?);
    let from = frame.column("age_from")?.i32()?;
    let (to, persons) = (frame.column("age_to")?.i32()?, frame.column("persons")?.i64()?);
    let mut years: BTreeMap<i32, Counted> = BTreeMap::new();
    for at in 0..frame.height() {
        let (Some(code), Some(day), Some(from), Some(persons)) =
            (code(codes[at]), day[at], from.get(at), persons.get(at))
        else {
            continue;
        };
        // Persons are counted on 1 January.
        if (day.month(), day.day()) == (1, 1) {
            years.entry(day.year()).or_default().insert(((from, to.get(at)), code), persons);
        }
    }
    Ok(years)
}

/// Rows of `population`.
pub(super) fn population_rows(
    rows: &Counted,
    (division, day): (NaiveDate, NaiveDate),
    vintage: &str,
) -> Result<DataFrame, IngestError> {
    let many = |value: NaiveDate| vec![day_number(value); rows.len()];
    let codes: Vec<&str> = rows.keys().map(|(_, code)| code.as_str()).collect();
    let from: Vec<i32> = rows.keys().map(|((from, _), _)| *from).collect();
    let to: Vec<Option<i32>> = rows.keys().map(|((_, to), _)| *to).collect();
    Ok(DataFrame::new_infer_height(vec![
        Column::new("municipality_code".into(), codes),
        Column::new("division_date".into(), many(division)),
        Column::new("reference_date".into(), many(day)),
        Column::new("age_from".into(), from),
        Column::new("age_to".into(), to),
        Column::new("persons".into(), rows.values().copied().collect::<Vec<i64>>()),
        Column::new("vintage".into(), vec![vintage; rows.len()]),
    ])?)
}

/// The changes of the division that the lake knows.
pub(super) fn changes(lake: &Lake, edition: Option<&Edition>) -> Result<Vec<Change>, IngestError> {
    let frame = read(lake, edition, "municipality_changes")?;
    let day = days(&frame, "change_date")?;
    let (old, new) = (texts(&frame, "old_code")?, texts(&frame, "new_code")?);
    let (old_name, new_name) = (texts(&frame, "old_name")?, texts(&frame, "new_name")?);
    let own = |name: Option<&str>| name.unwrap_or_default().to_owned();
    let change = |at: usize| {
        Some(Change {
            date: day[at]?,
            old: code(old[at]),
            new: code(new[at]),
            old_name: own(old_name[at]),
            new_name: own(new_name[at]),
        })
    };
    Ok((0..frame.height()).filter_map(change).collect())
}

/// The municipalities' own organisations of a day: number, code and name.
pub(super) fn organisations(
    lake: &Lake,
    edition: Option<&Edition>,
    on: NaiveDate,
) -> Result<BTreeMap<String, (String, String)>, IngestError> {
    let frame = read(lake, edition, "organisations")?;
    let (numbers, names) = (texts(&frame, "organisation_number")?, texts(&frame, "name")?);
    let (codes, roles) = (texts(&frame, "municipality_code")?, texts(&frame, "role")?);
    let (from, to) = (days(&frame, "valid_from")?, days(&frame, "valid_to")?);
    let own = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let there = |at: &usize| {
        let alive = from[*at].is_some_and(|from| from <= on) && to[*at].is_none_or(|to| on < to);
        alive && roles[*at] == Some("municipality")
    };
    let row = |at: usize| (own(numbers[at]), (own(codes[at]), own(names[at])));
    Ok((0..frame.height()).filter(there).map(row).collect())
}

/// The bands of some years.
pub(super) fn bands(years: &BTreeMap<i32, Counted>) -> BTreeSet<Band> {
    let told = years.values().flat_map(|counted| counted.keys().map(|(band, _)| *band));
    told.chain([(0, None)]).collect()
}
