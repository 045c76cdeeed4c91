//! Words and columns that a contract gives one meaning: rows told apart by nothing else are different rows all the same, and
//! two of them in one cell are neither a duplicate nor a contradiction.

use std::collections::hash_map::{DefaultHasher, Entry, HashMap};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

use csv::StringRecord;

use super::contract::{Contract, Pick};
use super::mapper::Key;
use super::parts::compared;
use super::places::{Places, ValueColumn};
use super::series::show;

/// At most this many pairs of words are listed.
const MAX_LISTED: usize = 20;

/// A column whose words a contract maps.
#[derive(Debug)]
struct Mapped<'c> {
    /// `solution` or `measure`.
    what: &'static str,
    column: &'c str,
}

/// What tells the rows of one cell apart: a row's words in the mapped columns, then the column of its value.
type Words = Vec<String>;

/// What was met in each cell first, by the cell's hash: its row, and the place of its words among those known.
#[derive(Debug)]
pub(super) struct MappedWords<'c> {
    contract: &'c Contract,
    mapped: Vec<Mapped<'c>>,
    /// Two columns of a wide table are one measure.
    columns: bool,
    first: HashMap<u64, (u64, usize)>,
    places: BTreeMap<Words, usize>,
    known: Vec<Words>,
    /// The pairs that were named.
    named: BTreeSet<(usize, String, String)>,
    breaches: Vec<String>,
}

impl<'c> MappedWords<'c> {
    pub(super) fn new(contract: &'c Contract) -> Self {
        let solution = mapped("solution", &contract.solution, contract);
        let measure = contract.measure.as_ref().and_then(|pick| mapped("measure", pick, contract));
        // Columns that are found by their periods are checked by these.
        let measures =
            contract.wide.iter().filter(|wide| !wide.periods).flat_map(|wide| wide.measures.values());
        let measures: Vec<_> = measures.collect();
        Self {
            contract,
            mapped: solution.into_iter().chain(measure).collect(),
            columns: measures.iter().collect::<BTreeSet<_>>().len() < measures.len(),
            first: HashMap::new(),
            places: BTreeMap::new(),
            known: Vec::new(),
            named: BTreeSet::new(),
            breaches: Vec::new(),
        }
    }

    /// Compares no cells: the contract has no two words of one meaning, and there are more cells than fit the memory.
    pub(super) fn forget_cells(&mut self) {
        (self.mapped, self.columns) = (Vec::new(), false);
    }

    /// Notes what a row says of a cell; gives the earlier row that says the same cell in other words.
    pub(super) fn take(
        &mut self,
        places: &Places,
        cells: &StringRecord,
        column: &ValueColumn,
        key: &Key,
        row: u64,
    ) -> Option<u64> {
        if self.mapped.is_empty() && !self.columns {
            return None;
        }
        let mut words: Words =
            self.mapped.iter().map(|own| places.cell(cells, own.column).to_owned()).collect();
        if self.columns {
            words.push(self.column_name(places, column));
        }
        // Case and blanks are no other word.
        let alike: Words = words.iter().map(|word| compared(word)).collect();
        let next = self.known.len();
        let own = *self.places.entry(alike).or_insert(next);
        if own == next {
            self.known.push(words.clone());
        }
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let (first, met) = match self.first.entry(hasher.finish()) {
            Entry::Vacant(free) => {
                free.insert((row, own));
                return None;
            }
            Entry::Occupied(taken) => *taken.get(),
        };
        if met == own {
            return None;
        }
        let before = self.known.get(met).cloned().unwrap_or_default();
        for (at, pair) in before.into_iter().zip(words).enumerate() {
            self.name(at, pair, key, (first, row));
        }
        Some(first)
    }

    /// Names two words, or two columns, that met in a cell.
    fn name(&mut self, at: usize, (before, own): (String, String), key: &Key, (first, row): (u64, u64)) {
        let full = self.breaches.len() >= MAX_LISTED;
        if full
            || compared(&before) == compared(&own)
            || !self.named.insert((at, before.clone(), own.clone()))
        {
            return;
        }
        let (subject, solution, measure, period) = key;
        let subject = show(subject);
        let Some(Mapped { what, column }) = self.mapped.get(at) else {
            self.breaches.push(format!(
                "row {row}: columns `{before}` and `{own}` are both measure `{measure}` by [wide.measures]: leave one of them \
                 out there, or give each a measure of its own"
            ));
            return;
        };
        let id = if *what == "solution" { solution.as_str() } else { measure.as_str() };
        self.breaches.push(format!(
            "rows {first} and {row}: `{before}` and `{own}` in column `{column}` are both {what} `{id}` by [{what}.map], and \
             both are there of {subject} in {period}: declare `sum_over = [\"{column}\"]` in [value] to add them, or read one of \
             them by `\"{column}\" = \"{before}\"` in [filter]"
        ));
    }

    /// The name by which the contract has a value's column.
    fn column_name(&self, places: &Places, column: &ValueColumn) -> String {
        let names = self.contract.wide.iter().flat_map(|wide| wide.measures.keys());
        let own = names.into_iter().find(|name| places.at(name) == Some(column.at));
        own.cloned().unwrap_or_default()
    }

    /// Why the delivery is held.
    pub(super) fn breaches(&self) -> impl Iterator<Item = String> {
        self.breaches.iter().cloned()
    }
}

/// A column whose words get a meaning, unless the contract adds over it.
fn mapped<'c>(what: &'static str, pick: &'c Pick, contract: &Contract) -> Option<Mapped<'c>> {
    let column = pick.column.as_deref()?;
    let added = contract.value.sum_over.iter().any(|name| name == column);
    (!pick.map.is_empty() && !added).then_some(Mapped { what, column })
}
