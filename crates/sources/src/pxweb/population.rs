//! Counts of persons out of an answer: table 07459 requested over the network instead of taken from a file.

use std::collections::BTreeMap;

use utbredt_model::{MunicipalityCode, Reason, ReasonCode, Rejection};

use super::is_aggregated;
use crate::jsonstat::Table;
use crate::reference::Read;
use crate::reference::population::Count;

/// The places of the dimensions that decide a count.
struct Places {
    region: usize,
    year: usize,
    age: Option<usize>,
}

/// Counts by municipality, year and age. Sexes are added. Codes that add up others are on the division of
/// `aggregated_since`: the number of such a code for an earlier year was carried back, not counted, and is refused.
#[must_use]
pub fn population(table: &Table, aggregated_since: i32) -> Read<Count> {
    let mut read = Read { rows: Vec::new(), rejections: table.rejections.clone() };
    read.rejections.extend(table.breaches.iter().map(|breach| Rejection::new(1, breach, "")));
    let places = match places(table) {
        Ok(places) => places,
        Err(reason) => {
            if table.breaches.is_empty() {
                read.rejections.push(Rejection::new(1, reason, &table.label));
            }
            return read;
        }
    };
    let mut counts: BTreeMap<(MunicipalityCode, i32, Option<i32>), Result<i64, ()>> = BTreeMap::new();
    for row in table.rows() {
        let outcome = key(&row.codes, &places, aggregated_since).and_then(|key| {
            let persons = row.cell.whole().filter(|persons| *persons >= 0);
            // A sum that lacks a part is no sum.
            let sum = counts.entry(key).or_insert(Ok(0));
            let added = persons.and_then(|persons| sum.ok()?.checked_add(persons));
            *sum = added.ok_or(());
            let symbol = row.cell.symbol.map_or("no number", |symbol| symbol.as_str());
            added.map(drop).ok_or_else(|| {
                let text = format!("`{symbol}` is where persons are counted");
                Reason::new(ReasonCode::InvalidNumber, text)
            })
        });
        if let Err(reason) = outcome {
            read.rejections.push(Rejection::new(row.cell.at as u64 + 1, reason, row.codes.join(" ")));
        }
    }
    read.rows = counts
        .into_iter()
        .filter_map(|((code, year, age), persons)| Some(Count { code, year, age, persons: persons.ok()? }))
        .collect();
    read
}

fn places(table: &Table) -> Result<Places, Reason> {
    let mut found = Places { region: usize::MAX, year: usize::MAX, age: None };
    for (at, dimension) in table.dimensions.iter().enumerate() {
        match dimension.id.as_str() {
            "Region" => found.region = at,
            "Tid" => found.year = at,
            "Alder" => found.age = Some(at),
            // Men and women add up to persons.
            "Kjonn" => {}
            "ContentsCode" if dimension.categories.len() == 1 => {}
            "ContentsCode" => {
                let text = "`ContentsCode` has several contents; request persons alone";
                return Err(Reason::new(ReasonCode::UnknownWord, text));
            }
            other => {
                let text = format!("dimension `{other}` is unknown: say whether it may be added over");
                return Err(Reason::new(ReasonCode::UnknownWord, text));
            }
        }
    }
    if found.region == usize::MAX || found.year == usize::MAX {
        let text = "a population needs the dimensions `Region` and `Tid`";
        return Err(Reason::new(ReasonCode::MissingField, text));
    }
    Ok(found)
}

type Key = (MunicipalityCode, i32, Option<i32>);

fn key(codes: &[&str], places: &Places, aggregated_since: i32) -> Result<Key, Reason> {
    let year = codes.get(places.year).copied().unwrap_or_default();
    let year: i32 =
        year.parse().map_err(|_| Reason::new(ReasonCode::InvalidDate, format!("`{year}` is not a year")))?;
    let region = codes.get(places.region).copied().unwrap_or_default();
    if is_aggregated(region) && year < aggregated_since {
        let text = format!(
            "`{region}` adds up to the borders of {aggregated_since}: its number for {year} was carried back, not \
             counted; query {year} on the codes of that year"
        );
        return Err(Reason::new(ReasonCode::CarriedBack, text));
    }
    let code = MunicipalityCode::parse(region.strip_prefix("K-").unwrap_or(region))?;
    let age = places.age.and_then(|at| codes.get(at)).map(|age| years(age)).transpose()?;
    Ok((code, year, age))
}

/// A single year of age; the last one, open upwards, ends in a plus sign.
fn years(age: &str) -> Result<i32, Reason> {
    age.strip_suffix('+').unwrap_or(age).parse().map_err(|_| {
        let text = format!("`{age}` is not a single year of age such as `017`");
        Reason::new(ReasonCode::InvalidNumber, text)
    })
}
