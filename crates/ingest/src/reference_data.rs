//! What a delivery is checked against: places, organisations, what is counted, and whom it could reach.

mod parts;
mod target_groups;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow::array::RecordBatch;
use arrow::datatypes::Date32Type;
use utbredt_lake::{Edition, Lake, Table};

use self::parts::Parts;
pub(crate) use self::target_groups::TargetGroups;
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
    /// The first day of the earliest of them.
    first_day: Option<i32>,
    organisations: HashMap<String, Vec<Ownership>>,
    /// Every measure by its solution.
    pub(crate) measures: BTreeMap<String, BTreeSet<String>>,
    /// By the day it ceased and the old code: what to write instead, with its name.
    pub(crate) successors: BTreeMap<(i32, String), BTreeSet<String>>,
    /// By solution and measure, what is counted.
    units: HashMap<(String, String), String>,
    /// How a measure of a solution adds up over time.
    rollups: HashMap<(String, String), String>,
    tables: Tables,
    /// Made when somebody needs to know: most deliveries count no persons, and the mappings are a large table.
    groups: OnceCell<TargetGroups>,
    parts: OnceCell<Parts>,
}

/// Where the reference tables are.
#[derive(Debug)]
enum Tables {
    Lake(Lake, Box<Option<Edition>>),
    Batches(Vec<(&'static Table, RecordBatch)>),
}

impl Tables {
    fn read(&self, name: &'static str) -> Result<RecordBatch, IngestError> {
        match self {
            Self::Lake(lake, edition) => columns::read(lake, (**edition).as_ref(), name),
            Self::Batches(tables) => of_tables(tables, name),
        }
    }
}

impl ReferenceData {
    /// The reference data of an edition.
    pub(crate) fn of_lake(lake: &Lake, edition: Option<&Edition>) -> Result<Self, IngestError> {
        Self::read(Tables::Lake(lake.clone(), Box::new(edition.cloned())))
    }

    /// The reference data of tables that are not in a lake yet.
    pub(crate) fn of_tables(tables: &[(&'static Table, RecordBatch)]) -> Result<Self, IngestError> {
        Self::read(Tables::Batches(tables.to_vec()))
    }

    fn read(tables: Tables) -> Result<Self, IngestError> {
        let divisions = divisions(&tables.read("divisions")?, &tables.read("municipality_parts")?)?;
        // Without places every row would be rejected, and the source would be blamed.
        if divisions.is_empty() {
            return Err(IngestError::NotReady("divisions and municipality_parts"));
        }
        let known = tables.read("measures")?;
        let first_day = divisions.values().flatten().map(|division| division.date).min();
        Ok(Self {
            divisions,
            first_day,
            organisations: organisations(&tables.read("organisations")?)?,
            measures: measures(&tables.read("solutions")?, &known)?,
            units: by_measure(&known, "unit")?,
            rollups: by_measure(&known, "rollup")?,
            successors: successors(&tables.read("municipality_changes")?)?,
            tables,
            groups: OnceCell::new(),
            parts: OnceCell::new(),
        })
    }

    /// The divisions a code existed in, the earliest first; none for a code that never was.
    pub(crate) fn divisions_of(&self, code: &str) -> &[Division] {
        self.divisions.get(code).map_or(&[], Vec::as_slice)
    }

    /// The first day of the earliest division.
    pub(crate) fn first_day(&self) -> Option<i32> {
        self.first_day
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
        // Where two claim it the result must not depend on the order of rows.
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

    /// The unit a measure of a solution is counted in.
    pub(crate) fn unit(&self, solution: &str, measure: &str) -> Option<&str> {
        self.units.get(&(solution.to_owned(), measure.to_owned())).map(String::as_str)
    }

    /// Whether the numbers of a measure are those of a moment, so that the last of a period stands for it.
    pub(crate) fn is_level(&self, solution: &str, measure: &str) -> bool {
        let rollup = self.rollups.get(&(solution.to_owned(), measure.to_owned()));
        rollup.is_some_and(|rollup| rollup == "last")
    }

    /// What to write instead of a code that ceased on a day.
    pub(crate) fn instead(&self, ceased: i32, code: &str) -> Vec<String> {
        self.successors.get(&(ceased, code.to_owned())).into_iter().flatten().cloned().collect()
    }

    /// What to write instead of it on a later day: successors that have ceased by then give way to their own.
    pub(crate) fn instead_on(&self, ceased: i32, code: &str, day: i32) -> Vec<String> {
        let mut found = BTreeSet::new();
        let mut open: Vec<(String, i32)> =
            self.instead(ceased, code).into_iter().map(|named| (named, ceased)).collect();
        // A code that was given away and taken back leads back to itself, but on a later day.
        while let Some((named, since)) = open.pop() {
            let own = named.split(' ').next().unwrap_or_default();
            let later =
                self.successors.keys().filter(|(end, code)| code == own && since < *end && *end <= day);
            match later.map(|(end, _)| *end).min() {
                Some(end) => open.extend(self.instead(end, own).into_iter().map(|named| (named, end))),
                None => drop(found.insert(named)),
            }
        }
        found.into_iter().collect()
    }

    /// How many persons a solution could reach in each municipality.
    // `get_or_init` cannot fail; reading can, so it is done before.
    pub(crate) fn target_groups(&self) -> Result<&TargetGroups, IngestError> {
        if let Some(groups) = self.groups.get() {
            return Ok(groups);
        }
        let groups = TargetGroups::read(&self.tables)?;
        Ok(self.groups.get_or_init(|| groups))
    }

    /// The parts of territory of each municipality.
    pub(crate) fn parts(&self) -> Result<&Parts, IngestError> {
        if let Some(parts) = self.parts.get() {
            return Ok(parts);
        }
        let parts = Parts::read(&self.tables)?;
        Ok(self.parts.get_or_init(|| parts))
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
    // An open end is `Some(None)` here, a division that is not known `None`.
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

/// A column of the measures, by solution and measure.
fn by_measure(
    measures: &RecordBatch,
    column: &str,
) -> Result<HashMap<(String, String), String>, IngestError> {
    let (solutions, names) = (text(measures, "solution_id")?, text(measures, "measure_id")?);
    let rows = solutions.into_iter().zip(names).zip(text(measures, column)?);
    let known = rows.filter_map(|((solution, measure), value)| Some(((solution?, measure?), value?)));
    Ok(known
        .map(|((solution, measure), value)| ((solution.to_owned(), measure.to_owned()), value.to_owned()))
        .collect())
}

fn successors(changes: &RecordBatch) -> Result<BTreeMap<(i32, String), BTreeSet<String>>, IngestError> {
    let days = numbers::<Date32Type>(changes, "change_date")?;
    let (old, new) = (text(changes, "old_code")?, text(changes, "new_code")?);
    let names = text(changes, "new_name")?;
    let mut successors: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for at in 0..changes.num_rows() {
        if let (Some(day), Some(old), Some(new)) = (days[at], old[at], new[at])
            // A change of name alone keeps the code, and has no successor.
            && old != new
        {
            let successor = format!("{new} {}", names[at].unwrap_or_default());
            let instead = successors.entry((day, old.to_owned())).or_default();
            instead.insert(successor.trim_end().to_owned());
        }
    }
    Ok(successors)
}

#[cfg(test)]
mod tests;
