//! The places that rows name: municipalities by division, and counties.

use std::collections::{BTreeMap, BTreeSet};

use arrow::datatypes::Date32Type;
use chrono::NaiveDate;
use utbredt_lake::{Edition, Lake};

use crate::IngestError;
use crate::columns::{self, day_of, numbers, text};

/// Municipalities by the division they belong to, and counties.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// By the first day of a division, its codes.
    pub(super) divisions: BTreeMap<NaiveDate, BTreeSet<String>>,
    pub(super) counties: BTreeSet<String>,
}

impl Places {
    pub(super) fn read(lake: &Lake, edition: Option<&Edition>) -> Result<Self, IngestError> {
        let parts = columns::read(lake, edition, "municipality_parts")?;
        let mut places = Self::default();
        let days = numbers::<Date32Type>(&parts, "division_date")?;
        for (code, day) in text(&parts, "municipality_code")?.into_iter().zip(days) {
            if let (Some(code), Some(day)) = (code, day) {
                places.divisions.entry(day_of(day)).or_default().insert(code.to_owned());
            }
        }
        let counties = columns::read(lake, edition, "counties")?;
        places.counties.extend(text(&counties, "county_code")?.into_iter().flatten().map(str::to_owned));
        // Without places every code would be refused, and its writer be blamed.
        if places.divisions.is_empty() {
            return Err(IngestError::NotReady("divisions and municipality_parts"));
        }
        Ok(places)
    }

    /// The newest division that has a code.
    pub(super) fn newest_with(&self, code: &str) -> Option<NaiveDate> {
        let with = self.divisions.iter().rev().find(|(_, codes)| codes.contains(code));
        with.map(|(day, _)| *day)
    }

    /// Every code there ever was.
    pub(super) fn codes(&self) -> impl Iterator<Item = &str> {
        self.divisions.values().flatten().map(String::as_str)
    }
}
