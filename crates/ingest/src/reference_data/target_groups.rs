//! Whom a solution could reach: the persons of its target group, in the borders of every division.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow::array::RecordBatch;
use arrow::datatypes::{Date32Type, Float64Type, Int32Type, Int64Type};

use super::Tables;
use crate::IngestError;
use crate::columns::{numbers, text};

/// An age band: the youngest age, and the first age outside; `None` = no upper end.
type Band = (i32, Option<i32>);

/// A code in the division that begins on a day.
type Place = (String, i32);

/// The days an age band was counted on, and its persons.
type Counts = Vec<(i32, i64)>;

/// The counts of a place by age band.
type Population = HashMap<Place, BTreeMap<Band, Counts>>;

/// The persons of every solution's target group in every municipality of every division, by the day counted.
#[derive(Debug)]
pub(crate) struct TargetGroups {
    bands: BTreeMap<String, BTreeSet<Band>>,
    population: Population,
    /// By the place mapped to: the places its inhabitants are counted in, and the share of those that live in it.
    shares: HashMap<Place, Vec<(Place, f64)>>,
}

impl TargetGroups {
    pub(super) fn read(tables: &Tables) -> Result<Self, IngestError> {
        let population = population(&tables.read("population")?)?;
        Ok(Self {
            bands: bands(&tables.read("solutions")?, &tables.read("target_groups")?)?,
            shares: shares(&tables.read("municipality_mappings")?, &population)?,
            population,
        })
    }

    /// The target group of a solution in a municipality of a division, by the day counted. Of two publications of a
    /// day, and of two groups, the larger counts: a revision alone should hold nothing back.
    pub(crate) fn persons(&self, solution: &str, code: &str, division: i32) -> BTreeMap<i32, f64> {
        let mut sums: BTreeMap<i32, f64> = BTreeMap::new();
        let Some(bands) = self.bands.get(solution) else { return sums };
        for (place, share) in self.shares.get(&(code.to_owned(), division)).into_iter().flatten() {
            let mut most: BTreeMap<i32, i64> = BTreeMap::new();
            let Some(counts) = self.population.get(place) else { continue };
            for (day, persons) in bands.iter().filter_map(|band| counts.get(band)).flatten() {
                let known = most.entry(*day).or_default();
                *known = (*known).max(*persons);
            }
            for (day, persons) in most {
                #[expect(clippy::cast_precision_loss, reason = "a country's inhabitants fit")]
                let part = persons as f64 * share;
                *sums.entry(day).or_default() += part;
            }
        }
        sums
    }
}

/// Solutions with their groups' age bands. A group that is not declared means all inhabitants.
fn bands(
    solutions: &RecordBatch,
    groups: &RecordBatch,
) -> Result<BTreeMap<String, BTreeSet<Band>>, IngestError> {
    let mut bands: BTreeMap<String, BTreeSet<Band>> = BTreeMap::new();
    for solution in text(solutions, "solution_id")?.into_iter().flatten() {
        bands.entry(solution.to_owned()).or_default();
    }
    let (of, from) = (text(groups, "solution_id")?, numbers::<Int32Type>(groups, "age_from")?);
    let to = numbers::<Int32Type>(groups, "age_to")?;
    for at in 0..groups.num_rows() {
        if let Some(known) = of[at].and_then(|solution| bands.get_mut(solution)) {
            known.insert((from[at].unwrap_or_default(), to[at]));
        }
    }
    for known in bands.values_mut().filter(|known| known.is_empty()) {
        known.insert((0, None));
    }
    Ok(bands)
}

fn population(population: &RecordBatch) -> Result<Population, IngestError> {
    let codes = text(population, "municipality_code")?;
    let divisions = numbers::<Date32Type>(population, "division_date")?;
    let days = numbers::<Date32Type>(population, "reference_date")?;
    let from = numbers::<Int32Type>(population, "age_from")?;
    let to = numbers::<Int32Type>(population, "age_to")?;
    let persons = numbers::<Int64Type>(population, "persons")?;
    let mut counts = Population::new();
    for at in 0..population.num_rows() {
        if let (Some(code), Some(division), Some(day)) = (codes[at], divisions[at], days[at]) {
            let of_place = counts.entry((code.to_owned(), division)).or_default();
            let of_band = of_place.entry((from[at].unwrap_or_default(), to[at])).or_default();
            of_band.push((day, persons[at].unwrap_or_default()));
        }
    }
    Ok(counts)
}

/// The mappings by share of the population, from places whose population is known.
fn shares(
    mappings: &RecordBatch,
    population: &Population,
) -> Result<HashMap<Place, Vec<(Place, f64)>>, IngestError> {
    let policies = text(mappings, "policy_id")?;
    let (from, to) = (text(mappings, "from_code")?, text(mappings, "to_code")?);
    let from_dates = numbers::<Date32Type>(mappings, "from_date")?;
    let to_dates = numbers::<Date32Type>(mappings, "to_date")?;
    let parts = numbers::<Float64Type>(mappings, "share")?;
    let mut shares: HashMap<Place, Vec<(Place, f64)>> = HashMap::new();
    for at in 0..mappings.num_rows() {
        // Only this policy has all parts; the exact one leaves out what was split.
        if policies[at] != Some("population_share") {
            continue;
        }
        let (Some(from), Some(from_date)) = (from[at], from_dates[at]) else { continue };
        let (Some(to), Some(to_date), Some(share)) = (to[at], to_dates[at], parts[at]) else { continue };
        let from = (from.to_owned(), from_date);
        if population.contains_key(&from) {
            shares.entry((to.to_owned(), to_date)).or_default().push((from, share));
        }
    }
    Ok(shares)
}
