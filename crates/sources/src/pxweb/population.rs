//! Counts of persons out of an answer: table 07459 asked for over the network instead of taken from a file.

use std::collections::BTreeMap;

use utbredt_model::{MunicipalityCode, Rejection};

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

/// Counts by municipality, year and age. Sexes are added. Codes that add up others stand on the division of
/// `aggregated_since`: what such a code says of an earlier year was carried back, not counted, and is refused.
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
            added.map(drop).ok_or_else(|| format!("`{symbol}` stands where persons are counted"))
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

fn places(table: &Table) -> Result<Places, String> {
    let mut found = Places { region: usize::MAX, year: usize::MAX, age: None };
    for (at, dimension) in table.dimensions.iter().enumerate() {
        match dimension.id.as_str() {
            "Region" => found.region = at,
            "Tid" => found.year = at,
            "Alder" => found.age = Some(at),
            "Kjonn" => {}
            "ContentsCode" if dimension.categories.len() == 1 => {}
            "ContentsCode" => {
                return Err("`ContentsCode` has several contents; ask for persons alone".to_owned());
            }
            other => return Err(format!("dimension `{other}` is unknown: say whether it may be added over")),
        }
    }
    if found.region == usize::MAX || found.year == usize::MAX {
        return Err("a population needs the dimensions `Region` and `Tid`".to_owned());
    }
    Ok(found)
}

type Key = (MunicipalityCode, i32, Option<i32>);

fn key(codes: &[&str], places: &Places, aggregated_since: i32) -> Result<Key, String> {
    let code_at = |at: usize| codes.get(at).copied().unwrap_or_default();
    let year: i32 =
        code_at(places.year).parse().map_err(|_| format!("`{}` is not a year", code_at(places.year)))?;
    let region = code_at(places.region);
    if is_aggregated(region) && year < aggregated_since {
        return Err(format!(
            "`{region}` adds up to the borders of {aggregated_since}: its number for {year} was carried back, not \
             counted; ask for {year} on the codes of that year"
        ));
    }
    let code =
        MunicipalityCode::parse(region.strip_prefix("K-").unwrap_or(region)).map_err(|e| e.to_string())?;
    let age = match places.age {
        None => None,
        Some(at) => {
            let age = code_at(at);
            let years = age.strip_suffix('+').unwrap_or(age);
            Some(years.parse().map_err(|_| format!("`{age}` is not a single year of age such as `017`"))?)
        }
    };
    Ok((code, year, age))
}
