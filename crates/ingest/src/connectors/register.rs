//! What the lake knows of places, people and organisations, for a pull that holds an answer against it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Date32Type, Int32Type, Int64Type};
use chrono::{Datelike, NaiveDate};
use utbredt_lake::{Edition, Lake};
use utbredt_model::MunicipalityCode;
use utbredt_model::territory::Change;

use crate::IngestError;
use crate::columns::{day_number, day_of, numbers, read, table, text};

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

fn days(batch: &RecordBatch, name: &str) -> Result<Vec<Option<NaiveDate>>, IngestError> {
    Ok(numbers::<Date32Type>(batch, name)?.into_iter().map(|day| day.map(day_of)).collect())
}

/// A code of the lake; what is none is a fault of the tables and passed over.
fn code(text: Option<&str>) -> Option<MunicipalityCode> {
    MunicipalityCode::parse(text?).ok()
}

impl Register {
    pub(super) fn read(lake: &Lake, edition: Option<&Edition>) -> Result<Self, IngestError> {
        let batch = read(lake, edition, "municipalities")?;
        let (codes, names) = (text(&batch, "municipality_code")?, text(&batch, "name")?);
        let (from, to) = (days(&batch, "valid_from")?, days(&batch, "valid_to")?);
        let mut spans = Vec::new();
        for at in 0..batch.num_rows() {
            if let (Some(code), Some(from)) = (code(codes[at]), from[at]) {
                let name = names[at].unwrap_or_default().to_owned();
                spans.push(Span { code, name, from, to: to[at] });
            }
        }
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
    let batch = read(lake, edition, "population")?;
    let (codes, day) = (text(&batch, "municipality_code")?, days(&batch, "reference_date")?);
    let from = numbers::<Int32Type>(&batch, "age_from")?;
    let to = numbers::<Int32Type>(&batch, "age_to")?;
    let persons = numbers::<Int64Type>(&batch, "persons")?;
    let mut years: BTreeMap<i32, Counted> = BTreeMap::new();
    for at in 0..batch.num_rows() {
        let (Some(code), Some(day), Some(from), Some(persons)) =
            (code(codes[at]), day[at], from[at], persons[at])
        else {
            continue;
        };
        // Persons are counted on 1 January.
        if (day.month(), day.day()) == (1, 1) {
            years.entry(day.year()).or_default().insert(((from, to[at]), code), persons);
        }
    }
    Ok(years)
}

/// Rows of `population`.
pub(super) fn population_rows(
    rows: &Counted,
    (division, day): (NaiveDate, NaiveDate),
    vintage: &str,
) -> Result<RecordBatch, IngestError> {
    let codes: Vec<&str> = rows.keys().map(|(_, code)| code.as_str()).collect();
    let from: Vec<i32> = rows.keys().map(|((from, _), _)| *from).collect();
    let to: Vec<Option<i32>> = rows.keys().map(|((_, to), _)| *to).collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(codes)),
        Arc::new(Date32Array::from(vec![day_number(division); rows.len()])),
        Arc::new(Date32Array::from(vec![day_number(day); rows.len()])),
        Arc::new(Int32Array::from(from)),
        Arc::new(Int32Array::from(to)),
        Arc::new(Int64Array::from_iter_values(rows.values().copied())),
        Arc::new(StringArray::from(vec![vintage; rows.len()])),
    ];
    Ok(RecordBatch::try_new(table("population")?.schema(), columns)?)
}

/// The changes of the division that the lake knows.
pub(super) fn changes(lake: &Lake, edition: Option<&Edition>) -> Result<Vec<Change>, IngestError> {
    let batch = read(lake, edition, "municipality_changes")?;
    let day = days(&batch, "change_date")?;
    let (old, new) = (text(&batch, "old_code")?, text(&batch, "new_code")?);
    let (old_name, new_name) = (text(&batch, "old_name")?, text(&batch, "new_name")?);
    let mut changes = Vec::new();
    for at in 0..batch.num_rows() {
        let Some(date) = day[at] else { continue };
        changes.push(Change {
            date,
            old: code(old[at]),
            new: code(new[at]),
            old_name: old_name[at].unwrap_or_default().to_owned(),
            new_name: new_name[at].unwrap_or_default().to_owned(),
        });
    }
    Ok(changes)
}

/// The municipalities' own organisations of a day: number, code and name.
pub(super) fn organisations(
    lake: &Lake,
    edition: Option<&Edition>,
    on: NaiveDate,
) -> Result<BTreeMap<String, (String, String)>, IngestError> {
    let batch = read(lake, edition, "organisations")?;
    let (numbers, names) = (text(&batch, "organisation_number")?, text(&batch, "name")?);
    let (codes, roles) = (text(&batch, "municipality_code")?, text(&batch, "role")?);
    let (from, to) = (days(&batch, "valid_from")?, days(&batch, "valid_to")?);
    let mut own = BTreeMap::new();
    for at in 0..batch.num_rows() {
        let alive = from[at].is_some_and(|from| from <= on) && to[at].is_none_or(|to| on < to);
        if alive && roles[at] == Some("municipality") {
            let [number, code, name] = [numbers[at], codes[at], names[at]].map(Option::unwrap_or_default);
            own.insert(number.to_owned(), (code.to_owned(), name.to_owned()));
        }
    }
    Ok(own)
}

/// The bands of some years.
pub(super) fn bands(years: &BTreeMap<i32, Counted>) -> BTreeSet<Band> {
    let message = years.values().flat_map(|counted| counted.keys().map(|(band, _)| *band));
    message.chain([(0, None)]).collect()
}
