//! What a delivery is checked against: places, organisations, what is counted, and whom it could reach.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow::array::RecordBatch;
use arrow::datatypes::{Date32Type, Float64Type, Int32Type, Int64Type};
use utbredt_lake::{Edition, Lake, Table};

use crate::IngestError;
use crate::columns::{self, numbers, text};

/// A division that holds a code, and the first day after it. Days are numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Division {
    pub(crate) date: i32,
    pub(crate) valid_to: Option<i32>,
}

/// A span of days during which an organisation belongs to a municipality.
#[derive(Debug)]
struct Ownership {
    code: String,
    valid_from: i32,
    valid_to: Option<i32>,
}

/// The reference tables, ready for look-ups.
#[derive(Debug)]
pub(crate) struct ReferenceData {
    /// By code, the divisions it existed in, the earliest first.
    divisions: HashMap<String, Vec<Division>>,
    organisations: HashMap<String, Vec<Ownership>>,
    /// Every measure by its solution.
    pub(crate) measures: BTreeMap<String, BTreeSet<String>>,
    /// By the day it ceased and the old code: what to write instead, with its name.
    pub(crate) successors: BTreeMap<(i32, String), BTreeSet<String>>,
    tables: Tables,
    /// Made when somebody needs to know: most deliveries count no persons, and the mappings are a large table.
    groups: OnceCell<TargetGroups>,
}

/// Where the reference tables are.
#[derive(Debug)]
enum Tables {
    Lake(Lake, Option<Edition>),
    Batches(Vec<(&'static Table, RecordBatch)>),
}

impl Tables {
    fn read(&self, name: &'static str) -> Result<RecordBatch, IngestError> {
        match self {
            Self::Lake(lake, edition) => columns::read(lake, edition.as_ref(), name),
            Self::Batches(tables) => of_tables(tables, name),
        }
    }
}

impl ReferenceData {
    /// The reference data of an edition.
    pub(crate) fn of_lake(lake: &Lake, edition: Option<&Edition>) -> Result<Self, IngestError> {
        Self::read(Tables::Lake(lake.clone(), edition.cloned()))
    }

    /// The reference data of tables that are not in a lake yet.
    pub(crate) fn of_tables(tables: &[(&'static Table, RecordBatch)]) -> Result<Self, IngestError> {
        Self::read(Tables::Batches(tables.to_vec()))
    }

    fn read(tables: Tables) -> Result<Self, IngestError> {
        let divisions = divisions(&tables.read("divisions")?, &tables.read("municipality_parts")?)?;
        if divisions.is_empty() {
            return Err(IngestError::NotReady("divisions and municipality_parts"));
        }
        Ok(Self {
            divisions,
            organisations: organisations(&tables.read("organisations")?)?,
            measures: measures(&tables.read("solutions")?, &tables.read("measures")?)?,
            successors: successors(&tables.read("municipality_changes")?)?,
            tables,
            groups: OnceCell::new(),
        })
    }

    /// The divisions a code existed in, the earliest first; none for a code that never was.
    pub(crate) fn divisions_of(&self, code: &str) -> &[Division] {
        self.divisions.get(code).map_or(&[], Vec::as_slice)
    }

    /// The first day of the earliest division.
    pub(crate) fn first_day(&self) -> Option<i32> {
        self.divisions.values().filter_map(|all| all.first()).map(|first| first.date).min()
    }

    /// The first day of the newest division that begins on or before a day.
    pub(crate) fn division_on(&self, day: i32) -> Option<i32> {
        let dates = self.divisions.values().flatten().map(|division| division.date);
        dates.filter(|date| *date <= day).max()
    }

    /// The codes of the division that begins on a day, in order.
    pub(crate) fn codes_in(&self, division: i32) -> BTreeSet<&str> {
        let holds = |all: &[Division]| all.iter().any(|one| one.date == division);
        self.divisions.iter().filter(|(_, all)| holds(all)).map(|(code, _)| code.as_str()).collect()
    }

    /// The municipality an organisation belongs to on a day.
    pub(crate) fn owner(&self, organisation: &str, day: i32) -> Option<&str> {
        let owned = self.organisations.get(organisation)?.iter();
        let alive = owned.filter(|own| own.valid_from <= day && own.valid_to.is_none_or(|end| day < end));
        alive.map(|own| own.code.as_str()).max()
    }

    /// Checks that a measure exists, naming the nearest that does.
    pub(crate) fn check(&self, solution: &str, measure: Option<&str>) -> Result<(), IngestError> {
        let Some(measures) = self.measures.get(solution) else {
            return Err(unknown("solution", solution, self.measures.keys()));
        };
        match measure {
            Some(measure) if !measures.contains(measure) => Err(unknown("measure", measure, measures)),
            _ => Ok(()),
        }
    }

    /// How many persons a solution could reach in each municipality.
    pub(crate) fn target_groups(&self) -> Result<&TargetGroups, IngestError> {
        if let Some(groups) = self.groups.get() {
            return Ok(groups);
        }
        let groups = TargetGroups::read(&self.tables)?;
        Ok(self.groups.get_or_init(|| groups))
    }
}

fn unknown<'n>(kind: &'static str, name: &str, known: impl IntoIterator<Item = &'n String>) -> IngestError {
    IngestError::Unknown { kind, name: name.to_owned(), nearest: nearest(name, known) }
}

/// One of some tables that are in no lake.
pub(crate) fn of_tables(
    tables: &[(&'static Table, RecordBatch)],
    name: &'static str,
) -> Result<RecordBatch, IngestError> {
    let own = tables.iter().filter(|(table, _)| table.name == name);
    let batches: Vec<_> = own.map(|(_, batch)| batch.clone()).collect();
    columns::concat(&columns::table(name)?.schema(), &batches)
}

/// The known name most like the one given.
pub(crate) fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n String>) -> Option<String> {
    known.into_iter().min_by_key(|have| strsim::damerau_levenshtein(name, have)).cloned()
}

fn divisions(
    divisions: &RecordBatch,
    parts: &RecordBatch,
) -> Result<HashMap<String, Vec<Division>>, IngestError> {
    let starts = numbers::<Date32Type>(divisions, "division_date")?;
    let ends = numbers::<Date32Type>(divisions, "valid_to")?;
    let spans: HashMap<Option<i32>, Option<i32>> = starts.into_iter().zip(ends).collect();
    let mut by_code: HashMap<String, Vec<Division>> = HashMap::new();
    let codes = text(parts, "municipality_code")?;
    for (code, date) in codes.into_iter().zip(numbers::<Date32Type>(parts, "division_date")?) {
        if let (Some(code), Some(start), Some(valid_to)) = (code, date, spans.get(&date)) {
            by_code.entry(code.to_owned()).or_default().push(Division { date: start, valid_to: *valid_to });
        }
    }
    for held in by_code.values_mut() {
        held.sort_unstable();
        held.dedup();
    }
    Ok(by_code)
}

fn organisations(organisations: &RecordBatch) -> Result<HashMap<String, Vec<Ownership>>, IngestError> {
    let numbers_ = text(organisations, "organisation_number")?;
    let codes = text(organisations, "municipality_code")?;
    let starts = numbers::<Date32Type>(organisations, "valid_from")?;
    let ends = numbers::<Date32Type>(organisations, "valid_to")?;
    let mut by_number: HashMap<String, Vec<Ownership>> = HashMap::new();
    for at in 0..organisations.num_rows() {
        if let (Some(number), Some(code), Some(valid_from)) = (numbers_[at], codes[at], starts[at]) {
            let own = Ownership { code: code.to_owned(), valid_from, valid_to: ends[at] };
            by_number.entry(number.to_owned()).or_default().push(own);
        }
    }
    Ok(by_number)
}

fn measures(
    solutions: &RecordBatch,
    measures: &RecordBatch,
) -> Result<BTreeMap<String, BTreeSet<String>>, IngestError> {
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for solution in text(solutions, "solution_id")?.into_iter().flatten() {
        known.entry(solution.to_owned()).or_default();
    }
    let pairs = text(measures, "solution_id")?.into_iter().zip(text(measures, "measure_id")?);
    for (solution, measure) in pairs {
        if let (Some(solution), Some(measure)) = (solution, measure) {
            known.entry(solution.to_owned()).or_default().insert(measure.to_owned());
        }
    }
    Ok(known)
}

fn successors(changes: &RecordBatch) -> Result<BTreeMap<(i32, String), BTreeSet<String>>, IngestError> {
    let days = numbers::<Date32Type>(changes, "change_date")?;
    let (old, new) = (text(changes, "old_code")?, text(changes, "new_code")?);
    let names = text(changes, "new_name")?;
    let mut successors: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for at in 0..changes.num_rows() {
        if let (Some(day), Some(old), Some(new)) = (days[at], old[at], new[at])
            && old != new
        {
            let successor = format!("{new} {}", names[at].unwrap_or_default());
            let instead = successors.entry((day, old.to_owned())).or_default();
            instead.insert(successor.trim_end().to_owned());
        }
    }
    Ok(successors)
}

/// An age band: the youngest age, and the first age outside; `None` = no upper end.
type Band = (i32, Option<i32>);

/// A code in the division that begins on a day.
type Place = (String, i32);

/// Persons of an age band on a day.
#[derive(Debug)]
struct Count {
    reference_date: i32,
    band: Band,
    persons: i64,
}

/// The persons of every solution's target group in every municipality of every division, by the day counted.
#[derive(Debug)]
pub(crate) struct TargetGroups {
    bands: BTreeMap<String, BTreeSet<Band>>,
    population: HashMap<Place, Vec<Count>>,
    /// By the place mapped to: the places its inhabitants are counted in, and the share of those that live in it.
    shares: HashMap<Place, Vec<(Place, f64)>>,
}

impl TargetGroups {
    fn read(tables: &Tables) -> Result<Self, IngestError> {
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
            let counts = self.population.get(place).into_iter().flatten();
            for count in counts.filter(|count| bands.contains(&count.band)) {
                let known = most.entry(count.reference_date).or_default();
                *known = count.persons.max(*known);
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

fn population(population: &RecordBatch) -> Result<HashMap<Place, Vec<Count>>, IngestError> {
    let codes = text(population, "municipality_code")?;
    let divisions = numbers::<Date32Type>(population, "division_date")?;
    let days = numbers::<Date32Type>(population, "reference_date")?;
    let from = numbers::<Int32Type>(population, "age_from")?;
    let to = numbers::<Int32Type>(population, "age_to")?;
    let persons = numbers::<Int64Type>(population, "persons")?;
    let mut counts: HashMap<Place, Vec<Count>> = HashMap::new();
    for at in 0..population.num_rows() {
        if let (Some(code), Some(division), Some(reference_date)) = (codes[at], divisions[at], days[at]) {
            counts.entry((code.to_owned(), division)).or_default().push(Count {
                reference_date,
                band: (from[at].unwrap_or_default(), to[at]),
                persons: persons[at].unwrap_or_default(),
            });
        }
    }
    Ok(counts)
}

/// The mappings by share of the population, from places whose population is known.
fn shares(
    mappings: &RecordBatch,
    population: &HashMap<Place, Vec<Count>>,
) -> Result<HashMap<Place, Vec<(Place, f64)>>, IngestError> {
    let policies = text(mappings, "policy_id")?;
    let (from, to) = (text(mappings, "from_code")?, text(mappings, "to_code")?);
    let from_dates = numbers::<Date32Type>(mappings, "from_date")?;
    let to_dates = numbers::<Date32Type>(mappings, "to_date")?;
    let parts = numbers::<Float64Type>(mappings, "share")?;
    let mut shares: HashMap<Place, Vec<(Place, f64)>> = HashMap::new();
    for at in 0..mappings.num_rows() {
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

#[cfg(test)]
mod tests;
