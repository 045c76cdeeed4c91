//! The parts of territory and the persons each weighs.
//!
//! Persons are counted on one day, 1 January 2019, the last before the great reform, on the municipalities as
//! they stood. Those that had merged by then are divided by their populations of 1 January 2017, and those that
//! were ever cut by the shares in `split_shares.csv`: the one place where somebody's estimate is used.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use utbredt_model::MunicipalityCode;
use utbredt_model::territory::{Change, Part, PartTrack, SplitTarget, Territory, apportion, derive};

use super::ReferenceError;
use super::rows::{self, Csv};

/// The persons of a municipality, by code.
pub(super) type Persons = BTreeMap<MunicipalityCode, i64>;

const TARGETS: &str = "reference/split_targets.csv";
const SHARES: &str = "reference/split_shares.csv";

/// The hand-kept knowledge the register lacks.
#[derive(Debug)]
pub(super) struct Knowledge {
    targets: Vec<SplitTarget>,
    /// By part: the weight chosen and whose it is.
    shares: BTreeMap<String, (i64, String)>,
}

impl Knowledge {
    pub(super) fn read(targets: &[u8], shares: &[u8]) -> Result<Self, ReferenceError> {
        let target = |row: &BTreeMap<String, String>| {
            Ok(SplitTarget {
                date: field(TARGETS, row, "change_date")?
                    .parse()
                    .map_err(|error| ReferenceError::value(TARGETS, error))?,
                part_id: field(TARGETS, row, "part_id")?.to_owned(),
                new: MunicipalityCode::parse(field(TARGETS, row, "new_code")?)
                    .map_err(|error| ReferenceError::value(TARGETS, error))?,
            })
        };
        let targets: Result<_, ReferenceError> =
            rows::read(TARGETS, targets, "change_date")?.iter().map(target).collect();
        let mut chosen = BTreeMap::new();
        for row in rows::read(SHARES, shares, "within_code")? {
            // All estimates are kept with their source; only the chosen one counts.
            if field(SHARES, &row, "chosen")? != "true" {
                continue;
            }
            let weight = field(SHARES, &row, "weight")?
                .parse()
                .map_err(|error| ReferenceError::value(SHARES, error))?;
            let basis = field(SHARES, &row, "basis_id")?.to_owned();
            let part = field(SHARES, &row, "part_id")?.to_owned();
            if chosen.insert(part.clone(), (weight, basis)).is_some() {
                return Err(ReferenceError::content(SHARES, format!("part {part} is chosen twice")));
            }
        }
        Ok(Self { targets: targets?, shares: chosen })
    }
}

fn field<'r>(file: &str, row: &'r BTreeMap<String, String>, name: &str) -> Result<&'r str, ReferenceError> {
    row.get(name)
        .map(String::as_str)
        .ok_or_else(|| ReferenceError::content(file, format!("column `{name}` is missing")))
}

/// The territory, and beside it what each part's weight rests on.
pub(super) fn territory(
    from: NaiveDate,
    start: &BTreeSet<MunicipalityCode>,
    changes: &[Change],
    knowledge: &Knowledge,
    (persons_2017, persons_2019): (&Persons, &Persons),
) -> Result<(Territory, BTreeMap<String, String>), ReferenceError> {
    let (dates, tracks) = derive(from, start, changes, &knowledge.targets);
    let (in_2017, in_2019) = (on(&dates, 2017)?, on(&dates, 2019)?);
    let mut places: BTreeMap<&MunicipalityCode, BTreeMap<&MunicipalityCode, Vec<&PartTrack>>> =
        BTreeMap::new();
    // By the municipality of 2019, then by that of 2017: the two days on which persons are known.
    for track in &tracks {
        let (new, old) = (&track.codes[in_2019], &track.codes[in_2017]);
        places.entry(new).or_default().entry(old).or_default().push(track);
    }
    let (mut parts, mut basis) = (Vec::new(), BTreeMap::new());
    for (code, olds) in places {
        let weights: Result<Vec<_>, _> = olds.keys().map(|old| persons(persons_2017, old, 2017)).collect();
        // Shared as whole persons, so that the parts of a municipality add up to its count.
        let shared = apportion(persons(persons_2019, code, 2019)?, &weights?);
        for (tracks, persons) in olds.values().zip(shared) {
            let shares = shares(tracks, knowledge)?;
            let weights: Vec<_> = shares.iter().map(|(weight, _)| *weight).collect();
            for ((track, persons), (_, by)) in tracks.iter().zip(apportion(persons, &weights)).zip(shares) {
                let merged = if olds.len() > 1 { " by 2017" } else { "" };
                basis.insert(track.part_id.clone(), format!("SSB 07459{merged}{by}"));
                parts.push(Part { part_id: track.part_id.clone(), persons, codes: track.codes.clone() });
            }
        }
    }
    Ok((Territory::new(&dates, parts)?, basis))
}

fn on(dates: &[NaiveDate], year: i32) -> Result<usize, ReferenceError> {
    use chrono::Datelike;
    dates
        .iter()
        .position(|date| date.year() == year)
        .ok_or_else(|| ReferenceError::content("131_changes", format!("no change of borders in {year}")))
}

fn persons(of: &Persons, code: &MunicipalityCode, year: i32) -> Result<i64, ReferenceError> {
    of.get(code).copied().ok_or_else(|| {
        ReferenceError::content("population", format!("{code} has no population on 1 January {year}"))
    })
}

fn shares(tracks: &[&PartTrack], knowledge: &Knowledge) -> Result<Vec<(i64, String)>, ReferenceError> {
    // A part that is all of the municipality needs no estimate.
    if let [_] = tracks {
        return Ok(vec![(1, String::new())]);
    }
    let share = |track: &&PartTrack| {
        let (weight, basis) = knowledge.shares.get(&track.part_id).ok_or_else(|| {
            ReferenceError::content(SHARES, format!("no share is chosen for part {}", track.part_id))
        })?;
        Ok((*weight, format!(" by {basis}")))
    };
    tracks.iter().map(share).collect()
}

/// The file `load` reads: one row a part, one column a division.
pub(super) fn csv(territory: &Territory, basis: &BTreeMap<String, String>) -> Csv {
    let dates: Vec<_> = territory.divisions().iter().map(|division| division.date.to_string()).collect();
    let header: Vec<_> =
        ["part_id", "persons", "basis"].into_iter().chain(dates.iter().map(String::as_str)).collect();
    let mut csv = Csv::new(&header);
    for part in territory.parts() {
        let basis = basis.get(&part.part_id).cloned().unwrap_or_default();
        let mut fields = vec![part.part_id.clone(), part.persons.to_string(), basis];
        fields.extend(part.codes.iter().map(ToString::to_string));
        csv.push(&fields);
    }
    csv
}
