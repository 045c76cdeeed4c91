//! From rows to observations: columns found by name, cells read by the contract, the delivery checked against itself.

mod pieces;

use std::collections::hash_map::{Entry, HashMap};
use std::collections::{BTreeMap, BTreeSet};

use csv::StringRecord;
use utbredt_model::{
    MeasureId, Observation, ObservedFact, Parsed, Period, Reason, Rejection, SolutionId, Subject,
};

use super::another_table::AnotherTable;
use super::contract::Contract;
use super::fill_down::{Above, declared_total, left_out};
use super::filter::Filter;
use super::fractions::Fractions;
use super::grid::Line;
use super::joined;
use super::mapped::MappedWords;
use super::marks::Marked;
use super::parts::{Part, Place};
use super::pick::pick;
use super::places::{Places, ValueColumn};
use super::row_period::{declared, read_period};
use super::series::{self, Notes, decreases};
use super::subject::subject;
use super::sums::Sums;
use super::units::Units;
use super::value::{self, Ranges, Value};

/// At most this many breaches of one kind are listed.
const MAX_LISTED: usize = 20;

/// After so many rejections the rest is not read: no delivery is accepted of which so much is wrong.
const MAX_REJECTED: usize = 100_000;

pub(super) type Key = (Subject, SolutionId, MeasureId, Period);

/// The observation that first has a key, and what its row has in the columns left out.
struct First {
    at: usize,
    rest: u64,
}

pub(super) struct Mapper<'c> {
    contract: &'c Contract,
    header: Vec<StringRecord>,
    hidden: BTreeSet<usize>,
    places: Option<Places>,
    parsed: Parsed,
    /// The observation that first has each key.
    first: HashMap<Key, First>,
    /// What is added up, where the contract adds over a column.
    sums: Option<Sums<'c>>,
    /// The row above, for codes joined over several rows.
    above: Above,
    notes: Notes,
    filter: Filter<'c>,
    marked: Marked<'c>,
    fractions: Fractions,
    mapped: MappedWords<'c>,
    /// Observations that another row contradicts, and why they are taken back.
    contradicted: BTreeMap<usize, Reason>,
    units: Units,
    ranges: Ranges,
    another_table: AnotherTable,
    /// Rows that differ only in a column that is left out were reported.
    differs: bool,
    /// Where the file comes in pieces: what the row of each observation has in the columns left out.
    rests: Option<Vec<u64>>,
}

impl<'c> Mapper<'c> {
    pub(super) fn new(contract: &'c Contract) -> Self {
        Self {
            contract,
            header: Vec::new(),
            hidden: BTreeSet::new(),
            places: None,
            parsed: Parsed::default(),
            first: HashMap::new(),
            sums: Sums::new(&contract.value),
            above: Above::default(),
            notes: Notes::default(),
            filter: Filter::new(&contract.filter),
            marked: Marked::new(contract),
            fractions: Fractions::default(),
            mapped: MappedWords::new(contract),
            contradicted: BTreeMap::new(),
            units: Units::default(),
            ranges: Ranges::default(),
            another_table: AnotherTable::default(),
            differs: false,
            rests: None,
        }
    }

    /// Takes the rows of column names, then every row. Returns whether to go on.
    pub(super) fn take(&mut self, line: &Line<'_>) -> bool {
        if self.places.is_none() {
            if let Some(fault) = &line.fault {
                self.parsed.breaches.push(fault.text.clone());
                return false;
            }
            let last = u64::from(self.contract.header_row) + u64::from(self.contract.header_rows) - 1;
            // Without anything below it, the last row of names may have been skipped as blank.
            if self.header.is_empty() || line.row <= last {
                self.header.push(line.cells.clone());
                self.hidden.extend(line.look.hidden.into_iter().flatten());
                if line.row < last && self.contract.header_rows > 1 {
                    return true;
                }
                return self.find_places();
            }
            if !self.find_places() {
                return false;
            }
        }
        // Taken out while the row is read, since the row changes everything else of the mapper.
        let Some(places) = self.places.take() else { return false };
        let note = self.notes.take(line, |cell| subject(&self.contract.subject, cell).is_ok());
        if declared_total(self.contract, &places, line.cells).is_some() {
            self.notes.pass_total();
        }
        if self.notes.after_blank() {
            self.above.end();
        }
        // A blank row is no row, as in spreadsheets.
        if line.fault.is_some() || line.cells.iter().any(|cell| !cell.trim().is_empty()) {
            self.parsed.rows_in += 1;
            if let Err(reason) = if note { Err(series::note()) } else { self.row(&places, line) } {
                if let Some(sums) = &mut self.sums {
                    sums.refuse_row(line.row, &reason);
                }
                self.refuse(line, reason);
            }
        }
        self.places = Some(places);
        let goes_on = self.parsed.rejections.len() < self.most_rejected();
        if !goes_on {
            self.parsed.breaches.push(format!(
                "{MAX_REJECTED} refusals until row {}: what is behind it is not read",
                line.row
            ));
        }
        goes_on
    }

    fn find_places(&mut self) -> bool {
        match Places::find(self.contract, &self.header, &self.hidden) {
            Ok(places) => self.places = Some(places),
            Err(breaches) => self.parsed.breaches.extend(breaches),
        }
        self.places.is_some()
    }

    fn refuse(&mut self, line: &Line<'_>, mut reason: Reason) {
        if !line.trimmed && (line.raw.contains('\n') || line.raw.contains('\r')) {
            reason.text += " (the row runs over several lines: a closing quote may be missing)";
        }
        self.parsed.rejections.push(Rejection::new(line.row, reason, line.raw));
    }

    /// Reads one row; `Err` refuses all of it. Cells of a wide row are refused one by one.
    fn row(&mut self, places: &Places, line: &Line<'_>) -> Result<(), Reason> {
        if let Some(fault) = &line.fault {
            self.above.end();
            return Err(fault.clone());
        }
        self.another_table.take(places, line, &mut self.parsed.breaches)?;
        let contract = self.contract;
        self.above.note_period(contract, places, line.cells);
        let code = if contract.subject.fill_down {
            self.above.take(contract, places, line.cells)?
        } else if let Some(total) = declared_total(contract, places, line.cells) {
            return Err(left_out(total));
        } else {
            places.cell(line.cells, &contract.subject.column)
        };
        // After the totals, since a total row is often shorter and is left out anyway; after the code, since a row that is cut
        // short has one too, which the rows below repeat.
        places.check_width(line)?;
        joined::check_words(contract, places, line)?;
        // After the code, which the rows below may repeat.
        self.filter.take(places, line.cells)?;
        let subject = subject(&contract.subject, code)?;
        let solution = SolutionId::parse(&pick(&contract.solution, places, line.cells)?)?;
        let measure = match &contract.measure {
            Some(m) => Some(MeasureId::parse(&pick(m, places, line.cells)?)?),
            None => None,
        };
        let mut period = None;
        if let Some(rules) = &contract.period {
            match declared(rules, read_period(rules, places, line.cells, self.above.period())?) {
                Ok(whole) => period = Some(whole),
                // Refused here: it is known to be no part of what the contract adds up.
                Err(longer) => {
                    self.refuse(line, longer);
                    return Ok(());
                }
            }
        }
        self.parsed.breaches.extend(self.units.take(&contract.value, places, line));
        self.marked.take(places, line.cells, line.row);
        let keys = places.values.iter().filter_map(|column| {
            let (own, of_column) = (column.measure.clone(), column.period);
            let (measure, period) = (own.or(measure.clone())?, of_column.or(period)?);
            Some((column, (subject.clone(), solution.clone(), measure, period)))
        });
        self.cells(places, line, keys.collect());
        Ok(())
    }

    /// Reads the values of a row, each with what it is about.
    fn cells(&mut self, places: &Places, line: &Line<'_>, keys: Vec<(&ValueColumn, Key)>) {
        let mut part = None;
        if let Some(sums) = &mut self.sums {
            match Part::of(places, line.cells, &self.contract.value.sum_over) {
                Ok(own) => part = Some(own),
                Err(blank) => {
                    let reason = sums.refuse_blank(keys.into_iter().map(|(_, key)| key), blank, line.row);
                    return self.refuse(line, reason);
                }
            }
        }
        for (column, key) in keys {
            let before = self.mapped.take(places, line.cells, column, &key, line.row);
            let place = match (&mut self.sums, &part) {
                (Some(sums), Some(part)) => Some(sums.place(&key, part, line.row)),
                _ => None,
            };
            let sum = self.sums.is_some().then(|| key.clone());
            let read = match before {
                Some(before) => Err(self.reported_twice(&key, (before, line.row))),
                None => self.cell(places, line, column, key, place),
            };
            if let Err(reason) = read {
                if let (Some(sums), Some(key)) = (&mut self.sums, sum) {
                    sums.refuse(key, line.row);
                }
                self.refuse(line, reason);
            }
        }
    }

    fn cell(
        &mut self,
        places: &Places,
        line: &Line<'_>,
        column: &ValueColumn,
        key: Key,
        part: Option<Place>,
    ) -> Result<(), Reason> {
        let Value { number: value, state, marks: own_marks } =
            value::read(self.contract, places, line, column, &mut self.fractions)?;
        if let Some(value) = value {
            self.ranges.check(&self.contract.value, line.row, value, &mut self.parsed.breaches)?;
        }
        let own_rest = places.rest(line.cells, self.above.joined_period(self.contract, places));
        let index = self.parsed.observations.len();
        let (subject, solution_id, measure_id, period) = key.clone();
        let fact = ObservedFact::Usage { solution_id, measure_id, period, value, state, marks: own_marks };
        if let Some(rests) = &mut self.rests {
            rests.push(own_rest);
            self.parsed.observations.push(Observation { row: line.row, subject, fact });
            return Ok(());
        }
        match self.first.entry(key) {
            Entry::Vacant(free) => {
                if let (Some(sums), Some(part)) = (&mut self.sums, part) {
                    sums.add(index, part, line.row, value);
                }
                free.insert(First { at: index, rest: own_rest });
            }
            Entry::Occupied(taken) => {
                let First { at, rest } = *taken.get();
                let Some(first) = self.parsed.observations.get_mut(at) else { return Ok(()) };
                let differs = rest != own_rest;
                if let ObservedFact::Usage { marks, .. } = &mut first.fact {
                    // A reservation about a part, or about the same number elsewhere, is one about the whole.
                    *marks = marks.with(own_marks);
                }
                if let (Some(sums), Some(part), false) = (&mut self.sums, part, differs) {
                    let Some(same) = sums.add(at, part, line.row, value) else {
                        return series::add(&mut first.fact, value, state)
                            .inspect_err(|_| sums.take_out(at, part));
                    };
                    return Err(self.contradict(
                        Some(at),
                        (same, line.row),
                        &subject,
                        period,
                        "has the same part of the sum",
                    ));
                }
                let same = matches!(first.fact, ObservedFact::Usage { value: v, state: s, .. } if (v, s) == (value, state));
                if differs && !self.differs {
                    self.differs = true;
                    let (rows, period) = ((first.row, line.row), self.contract.period.as_ref());
                    self.parsed.breaches.push(series::differ(rows, &places.left_out(), period));
                }
                if same && !differs {
                    return Err(series::duplicate(first.row, &subject, period));
                }
                let other = if same { "is there too, beside other words" } else { "has another value there" };
                let rows = (first.row, line.row);
                return Err(self.contradict(Some(at), rows, &subject, period, other));
            }
        }
        self.parsed.observations.push(Observation { row: line.row, subject, fact });
        Ok(())
    }

    /// The reason of a row that says a cell in other words than an earlier one, which is taken back with it.
    fn reported_twice(&mut self, key: &Key, rows: (u64, u64)) -> Reason {
        let (subject, _, _, period) = key;
        let first = self.first.get(key).map(|first| first.at);
        self.contradict(first, rows, subject, *period, "is there too, in other words of one meaning")
    }

    /// The reason of a row that contradicts an earlier one, which is taken back at the end, when all that contradict it
    /// are known.
    fn contradict(
        &mut self,
        at: Option<usize>,
        rows: (u64, u64),
        subject: &Subject,
        period: Period,
        how: &str,
    ) -> Reason {
        let why = |row: u64| series::contradicts(row, subject, period, how);
        // A sum lacks the part that this row is, which is noted where the row is refused.
        if let (None, Some(at)) = (&self.sums, at) {
            self.contradicted.entry(at).or_insert_with(|| why(rows.1));
        }
        why(rows.0)
    }

    /// The words of the column added over that by their numbers add up the others.
    pub(super) fn totals_by_numbers(&self) -> Vec<String> {
        self.sums.iter().flat_map(|sums| sums.totals_by_numbers(0, &self.parsed.observations)).collect()
    }

    /// What was read, and the rows taken back because another row contradicts them, with the reason. `broken` is why
    /// the reading ended early.
    pub(super) fn finish(mut self, broken: Option<Reason>) -> (Parsed, Vec<(u64, Reason)>) {
        self.parsed.breaches.extend(broken.map(|reason| reason.text));
        if self.parsed.breaches.is_empty() {
            let row = self.contract.header_row;
            let short = series::no_rows(self.places.is_none().then_some(row), self.parsed.rows_in);
            self.parsed.breaches.extend(short);
        }
        self.parsed.breaches.extend(self.fractions.breaches(self.contract.decimal).take(MAX_LISTED));
        self.parsed.breaches.extend(self.filter.breaches());
        self.parsed.breaches.extend(self.marked.breaches());
        self.parsed.breaches.extend(self.mapped.breaches());
        let sums = self.sums.iter().flat_map(|sums| sums.breaches(&self.parsed.observations));
        self.parsed.breaches.extend(sums.collect::<Vec<String>>());
        let taken_back = self.take_back();
        // After the rows taken back, which would look like falls.
        let cumulative = self.contract.measure.as_ref().is_some_and(|m| m.cumulative);
        if cumulative {
            self.parsed.breaches.extend(decreases(&self.parsed.observations));
        }
        self.parsed.parts = self.sums.iter().flat_map(Sums::named).collect();
        (self.parsed, taken_back)
    }

    /// Takes back what another row contradicts and sums that lack a part; gives the rows and why.
    fn take_back(&mut self) -> Vec<(u64, Reason)> {
        for (key, reason) in self.sums.iter().flat_map(Sums::incomplete) {
            if let Some(First { at, .. }) = self.first.get(key) {
                self.contradicted.entry(*at).or_insert(reason);
            }
        }
        for (key, First { at, .. }) in &self.first {
            if let Some(reason) = self.sums.as_ref().and_then(|sums| sums.lacks(key, *at)) {
                self.contradicted.entry(*at).or_insert(reason);
            }
        }
        let mut rows = Vec::new();
        // Of a sum every row, else the one row.
        if let Some(sums) = &self.sums {
            rows.extend(sums.rows_of(|at| self.contradicted.contains_key(&at)));
        }
        let observations = std::mem::take(&mut self.parsed.observations);
        for (index, observation) in observations.into_iter().enumerate() {
            if !self.contradicted.contains_key(&index) {
                self.parsed.observations.push(observation);
            } else if self.sums.is_none() {
                rows.push((index, observation.row));
            }
        }
        rows.sort_unstable();
        rows.into_iter().filter_map(|(at, row)| Some((row, self.contradicted.get(&at)?.clone()))).collect()
    }
}
