//! Population by municipality, day and age band.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use utbredt_model::MunicipalityCode;
use utbredt_model::territory::{Policy, Territory};
use utbredt_sources::reference::population::Count;

use super::ReferenceError;
use super::parts::Persons;
use super::rows::{Csv, or_empty};

/// The age bands kept: all ages first, which every year has; the others need single years of age.
const BANDS: [(i32, Option<i32>); 7] =
    [(0, None), (0, Some(6)), (6, Some(16)), (16, None), (16, Some(67)), (67, None), (80, None)];

/// The first and last year whose all-age file on the codes of 2024 is believed. In 2022 and 2023 the municipal
/// codes were others but each of 2024 lay within one of them, so the numbers go back exactly.
const ALL_AGES: std::ops::RangeInclusive<i32> = 2022..=2026;

/// The persons of all ages on 1 January of `year`.
pub(super) fn total(by_age: &[Count], year: i32) -> Persons {
    let mut out = Persons::new();
    for count in by_age.iter().filter(|count| count.year == year) {
        *out.entry(count.code.clone()).or_default() += count.persons;
    }
    out
}

/// The population table. A code that is not of its year's division is an error, never a row; a municipality the
/// file lacks is simply absent.
pub(super) fn population(
    by_age: &[Count],
    all_ages: &[Count],
    territory: &Territory,
) -> Result<Csv, ReferenceError> {
    type Key = ((i32, Option<i32>), NaiveDate, MunicipalityCode);
    let mut rows: BTreeMap<Key, (NaiveDate, i64, &str)> = BTreeMap::new();
    let mut years = BTreeMap::new();
    for count in by_age {
        let Year { day, division, codes } = known(&mut years, territory, count.year)?;
        let (day, division) = (*day, *division);
        if !codes.contains_key(&count.code) {
            let reason = format!("{} is not a municipality on 1 January {}", count.code, count.year);
            return Err(ReferenceError::content("population", reason));
        }
        for band in BANDS {
            let age = count.age.unwrap_or_default();
            let inside = band.0 <= age && band.1.is_none_or(|to| age < to);
            let row = rows.entry((band, day, count.code.clone())).or_insert((division, 0, "ssb-07459"));
            row.1 += if inside { count.persons } else { 0 };
        }
    }
    for count in all_ages.iter().filter(|count| ALL_AGES.contains(&count.year)) {
        let Year { day, division, codes } = known(&mut years, territory, count.year)?;
        let holder =
            codes.iter().find(|(_, newest)| newest.contains(&count.code)).map(|(code, _)| code.clone());
        let code = holder.ok_or_else(|| {
            let reason = format!("{} does not lie in one municipality of {division}", count.code);
            ReferenceError::content("population", reason)
        })?;
        let row = rows.entry(((0, None), *day, code)).or_insert((*division, 0, "ssb-07459-2024"));
        row.1 += count.persons;
    }
    let mut csv = Csv::new(&[
        "municipality_code",
        "division_date",
        "reference_date",
        "age_from",
        "age_to",
        "persons",
        "vintage",
    ]);
    for (((age_from, age_to), day, code), (division, persons, vintage)) in rows {
        csv.push(&[
            code.to_string(),
            division.to_string(),
            day.to_string(),
            age_from.to_string(),
            or_empty(age_to.as_ref()),
            persons.to_string(),
            vintage.to_owned(),
        ]);
    }
    Ok(csv)
}

/// What is known of a year: its first day, the division that holds it, and that division's municipalities, each
/// with those of the newest division that lie in it whole.
struct Year {
    day: NaiveDate,
    division: NaiveDate,
    codes: BTreeMap<MunicipalityCode, BTreeSet<MunicipalityCode>>,
}

fn known<'y>(
    years: &'y mut BTreeMap<i32, Year>,
    territory: &Territory,
    year: i32,
) -> Result<&'y Year, ReferenceError> {
    match years.entry(year) {
        Entry::Occupied(entry) => Ok(entry.into_mut()),
        Entry::Vacant(entry) => Ok(entry.insert(Year::of(territory, year)?)),
    }
}

impl Year {
    fn of(territory: &Territory, year: i32) -> Result<Self, ReferenceError> {
        let day = NaiveDate::from_ymd_opt(year, 1, 1);
        let (day, division) =
            day.and_then(|day| Some((day, territory.division_on(day)?.date))).ok_or_else(|| {
                ReferenceError::content("population", format!("no division holds 1 January {year}"))
            })?;
        let newest = territory.divisions().last().map_or(division, |newest| newest.date);
        let mut codes: BTreeMap<_, BTreeSet<_>> = territory
            .municipalities(division)?
            .into_iter()
            .map(|code| (code.clone(), BTreeSet::new()))
            .collect();
        for mapping in territory.mappings(Policy::ExactOnly, newest, division)? {
            if let Some(holder) = mapping.to_code.and_then(|code| codes.get_mut(&code)) {
                holder.insert(mapping.from_code);
            }
        }
        Ok(Self { day, division, codes })
    }
}
