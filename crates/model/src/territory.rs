//! Territory: who lay where, when. Municipal codes come and go; parts of territory stay.
//!
//! The country is cut into *parts*, the smallest pieces no change of borders has ever cut. A division says,
//! for a span of days, which municipality holds each part. Everything about re-expressing a number on other
//! borders follows from that: a municipality maps *exactly* when all its parts lie in one municipality of the
//! other division, whatever detours its codes took meanwhile (1534 lay in 1507 for four years and came out as
//! 1580 whole), and is split in proportion to the persons on its parts when they do not.

pub mod change;
pub mod derive;
pub mod mapping;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::MunicipalityCode;
pub use change::{Change, ChangeKind, classify};
pub use derive::{PartTrack, SplitTarget, apportion, derive};
pub use mapping::{Mapping, Policy, split_by_weight};

/// A piece of territory that was never cut, and who held it in each division.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its key: the oldest code, with the successor's code behind it where that municipality was split.
    pub part_id: String,
    /// The persons it weighs: those living there at the common reference date.
    pub persons: i64,
    /// The municipality holding it, one for each division in order.
    pub codes: Vec<MunicipalityCode>,
}

/// A span of days during which neither codes nor territories changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Division {
    /// First day, the division's key.
    pub date: NaiveDate,
    /// First day of the next; `None` = still.
    pub valid_to: Option<NaiveDate>,
}

/// What keeps parts and divisions from being a territory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TerritoryError {
    /// Divisions out of order or none at all.
    #[error("division dates must be given, each later than the one before; `{0}` is not")]
    Dates(String),
    /// A part without a code in every division.
    #[error("part `{part}` names {got} municipalities where the territory has {expected} divisions")]
    Length {
        /// The part.
        part: String,
        /// How many codes it has.
        got: usize,
        /// How many divisions there are.
        expected: usize,
    },
    /// Two parts of one key.
    #[error("part `{0}` is given twice")]
    Twice(String),
    /// A municipality whose parts have no persons has no weight.
    #[error("municipality `{code}` of {date} has no persons on its parts: give at least one part a weight")]
    Empty {
        /// The municipality.
        code: MunicipalityCode,
        /// Its division.
        date: NaiveDate,
    },
    /// A weight below zero.
    #[error("part `{0}` weighs less than nothing")]
    Negative(String),
    /// A date that is no division's first day.
    #[error("{date} is no division's first day; the divisions begin on {known}")]
    NoDivision {
        /// The date requested.
        date: NaiveDate,
        /// Those there are.
        known: String,
    },
}

/// The country's parts and divisions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Territory {
    divisions: Vec<Division>,
    parts: Vec<Part>,
}

impl Territory {
    /// Puts divisions and parts together.
    ///
    /// # Errors
    /// [`TerritoryError`] when they do not fit: see its variants.
    pub fn new(dates: &[NaiveDate], mut parts: Vec<Part>) -> Result<Self, TerritoryError> {
        if dates.is_empty() {
            return Err(TerritoryError::Dates("nothing".to_owned()));
        }
        if let Some(pair) = dates.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(TerritoryError::Dates(pair[1].to_string()));
        }
        // A division ends where the next begins; the last is still valid.
        let ends = dates.iter().skip(1).copied().map(Some).chain([None]);
        let divisions: Vec<_> =
            dates.iter().zip(ends).map(|(&date, valid_to)| Division { date, valid_to }).collect();
        // Mappings and their bytes must not depend on the order parts came in.
        parts.sort_by(|a, b| a.part_id.cmp(&b.part_id));
        if let Some(pair) = parts.windows(2).find(|pair| pair[0].part_id == pair[1].part_id) {
            return Err(TerritoryError::Twice(pair[0].part_id.clone()));
        }
        for part in &parts {
            if part.codes.len() != divisions.len() {
                return Err(TerritoryError::Length {
                    part: part.part_id.clone(),
                    got: part.codes.len(),
                    expected: divisions.len(),
                });
            }
            if part.persons < 0 {
                return Err(TerritoryError::Negative(part.part_id.clone()));
            }
        }
        let territory = Self { divisions, parts };
        for (at, division) in territory.divisions.iter().enumerate() {
            // A value is divided by weights: a municipality without any cannot be divided.
            if let Some((code, _)) = territory.holdings(at).iter().find(|(_, parts)| weight(parts) == 0) {
                return Err(TerritoryError::Empty { code: (*code).clone(), date: division.date });
            }
        }
        Ok(territory)
    }

    /// The divisions in order.
    #[must_use]
    pub fn divisions(&self) -> &[Division] {
        &self.divisions
    }

    /// The parts by key.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The division that holds `day`; `None` before the first.
    #[must_use]
    pub fn division_on(&self, day: NaiveDate) -> Option<Division> {
        self.divisions.iter().rev().find(|division| division.date <= day).copied()
    }

    /// The municipalities of the division that begins on `date`.
    ///
    /// # Errors
    /// [`TerritoryError::NoDivision`] when none begins then.
    pub fn municipalities(&self, date: NaiveDate) -> Result<BTreeSet<&MunicipalityCode>, TerritoryError> {
        let at = self.position(date)?;
        Ok(self.parts.iter().map(|part| &part.codes[at]).collect())
    }

    fn position(&self, date: NaiveDate) -> Result<usize, TerritoryError> {
        self.divisions.iter().position(|division| division.date == date).ok_or_else(|| {
            let known: Vec<_> = self.divisions.iter().map(|division| division.date.to_string()).collect();
            TerritoryError::NoDivision { date, known: known.join(", ") }
        })
    }

    /// The parts of each municipality of one division.
    fn holdings(&self, at: usize) -> BTreeMap<&MunicipalityCode, Vec<&Part>> {
        let mut out: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for part in &self.parts {
            out.entry(&part.codes[at]).or_default().push(part);
        }
        out
    }
}

fn weight(parts: &[&Part]) -> i64 {
    parts.iter().map(|part| part.persons).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(id: &str, persons: i64, codes: &[&str]) -> Part {
        let codes = codes.iter().map(|code| MunicipalityCode::parse(code).unwrap()).collect();
        Part { part_id: id.into(), persons, codes }
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_finds_its_division_and_a_part_must_lie_somewhere_in_each() {
        let dates = [day("2017-01-01"), day("2020-01-01")];
        let territory = Territory::new(&dates, vec![part("0219", 9, &["0219", "3024"])]).unwrap();
        assert_eq!(territory.division_on(day("2019-12-31")).unwrap().date, dates[0]);
        assert_eq!(territory.division_on(day("2020-01-01")).unwrap().date, dates[1]);
        assert_eq!(territory.division_on(day("2016-12-31")), None);
        assert_eq!(territory.divisions()[0].valid_to, Some(dates[1]));
        let error = Territory::new(&dates, vec![part("0219", 9, &["0219"])]).unwrap_err();
        assert!(matches!(error, TerritoryError::Length { got: 1, expected: 2, .. }));
    }

    #[test]
    fn what_cannot_be_weighed_is_refused() {
        let dates = [day("2017-01-01")];
        let none = Territory::new(&dates, vec![part("0219", 0, &["0219"])]);
        assert!(matches!(none, Err(TerritoryError::Empty { .. })));
        let twice = Territory::new(&dates, vec![part("a", 1, &["0219"]), part("a", 1, &["0219"])]);
        assert_eq!(twice, Err(TerritoryError::Twice("a".into())));
        assert!(matches!(Territory::new(&[], vec![]), Err(TerritoryError::Dates(_))));
        let territory = Territory::new(&dates, vec![part("a", 1, &["0219"])]).unwrap();
        let error = territory.municipalities(day("2018-01-01")).unwrap_err().to_string();
        assert!(error.contains("begin on 2017-01-01"), "{error}");
    }
}
