//! The municipalities of every division, and which of them are one territory in the end.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::RecordBatch;
use arrow::datatypes::{Date32Type, Int64Type};

use crate::IngestError;
use crate::columns::{numbers, text};

/// Persons by home: a municipality of the newest division, by its place among them. A code of an older division has
/// several where it was split since.
pub(super) type Persons = Vec<(usize, i64)>;

/// A code, and whose it was in each division.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) code: String,
    /// By division; `None` where the code did not exist.
    pub(super) persons: Vec<Option<Persons>>,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Places {
    /// The first day of each division, in order.
    pub(super) divisions: Vec<i32>,
    /// In order of their codes.
    pub(super) places: Vec<Place>,
    /// The codes of the newest division, in order.
    pub(super) homes: Vec<String>,
}

impl Places {
    /// From `municipality_parts`.
    pub(super) fn read(parts: &RecordBatch) -> Result<Self, IngestError> {
        let (codes, ids) = (text(parts, "municipality_code")?, text(parts, "part_id")?);
        let dates = numbers::<Date32Type>(parts, "division_date")?;
        let persons = numbers::<Int64Type>(parts, "persons")?;
        let divisions: Vec<i32> =
            dates.iter().flatten().copied().collect::<BTreeSet<_>>().into_iter().collect();
        let newest = divisions.last().copied();
        // Land that is one municipality today spreads a solution as one, whatever borders ran through it.
        let mut home_of = BTreeMap::new();
        for ((code, id), date) in codes.iter().zip(&ids).zip(&dates) {
            if let (Some(code), Some(id)) = (code, id)
                && *date == newest
            {
                home_of.insert(*id, *code);
            }
        }
        let homes: BTreeSet<&str> = home_of.values().copied().collect();
        let homes: Vec<String> = homes.into_iter().map(str::to_owned).collect();
        let mut by_code: BTreeMap<&str, Vec<Option<Persons>>> = BTreeMap::new();
        for at in 0..parts.num_rows() {
            let (Some(code), Some(date), Some(id), Some(count)) =
                (codes[at], dates[at], ids[at], persons[at])
            else {
                continue;
            };
            let home =
                home_of.get(id).and_then(|home| homes.binary_search_by(|have| have.as_str().cmp(home)).ok());
            let (Some(home), Ok(division)) = (home, divisions.binary_search(&date)) else { continue };
            let of_code = by_code.entry(code).or_insert_with(|| vec![None; divisions.len()]);
            let own = of_code[division].get_or_insert_default();
            match own.iter_mut().find(|(known, _)| *known == home) {
                Some((_, persons)) => *persons += count,
                None => own.push((home, count)),
            }
        }
        let places = by_code.into_iter().map(|(code, persons)| Place { code: code.to_owned(), persons });
        Ok(Self { divisions, places: places.collect(), homes })
    }

    /// The division of a day, by its place; the first for days before it.
    pub(super) fn division_on(&self, day: i32) -> usize {
        self.divisions.partition_point(|first| *first <= day).saturating_sub(1)
    }

    /// The codes that a home had in a division; its own code of the newest where one of them had other homes too.
    pub(super) fn codes_of(&self, home: usize, division: usize) -> Vec<&str> {
        let mut codes = Vec::new();
        for place in &self.places {
            let Some(persons) = place.persons.get(division).and_then(Option::as_ref) else { continue };
            match persons[..] {
                [(only, _)] if only == home => codes.push(place.code.as_str()),
                // A code of several homes speaks for neither alone.
                _ if persons.iter().any(|(one, _)| *one == home) => return vec![&self.homes[home]],
                _ => {}
            }
        }
        codes
    }

    /// The inhabitants of a home.
    pub(super) fn persons(&self, home: usize) -> i64 {
        let code = &self.homes[home];
        let place =
            self.places.binary_search_by(|place| place.code.cmp(code)).ok().map(|at| &self.places[at]);
        let persons = place.and_then(|place| place.persons.last()?.as_ref());
        persons.map_or(0, |persons| persons.iter().map(|(_, count)| count).sum())
    }
}
