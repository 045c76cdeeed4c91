//! From rows to observations: columns found by name, cells read by the contract, the delivery checked against itself.

use std::collections::hash_map::{Entry, HashMap};
use std::collections::{BTreeMap, BTreeSet};

use csv::StringRecord;
use utbredt_model::{
    CellState, CodeError, MeasureId, MunicipalityCode, Observation, ObservedFact, OrganisationNumber, Parsed,
    Period, Reason, ReasonCode, Rejection, SolutionId, Subject,
};

use super::contract::{Contract, OutOfRange, PeriodColumns, Pick, SubjectKind, Symbol, same_name};
use super::grid::Line;
use super::number;
use super::places::{Places, ValueColumn};

/// At most this many breaches of one kind are listed.
const MAX_LISTED: usize = 20;

/// After so many rejections the rest is not read: no delivery is accepted of which so much is wrong.
const MAX_REJECTED: usize = 100_000;

type Key = (Subject, SolutionId, MeasureId, Period);

pub(super) struct Mapper<'c> {
    contract: &'c Contract,
    /// The rows of column names.
    header: Vec<StringRecord>,
    places: Option<Places>,
    parsed: Parsed,
    /// The observation that first has each key.
    first: HashMap<Key, usize>,
    /// Observations that another row contradicts, and that row.
    contradicted: BTreeMap<usize, u64>,
    units: BTreeSet<String>,
    out_of_range: usize,
}

impl<'c> Mapper<'c> {
    pub(super) fn new(contract: &'c Contract) -> Self {
        Self {
            contract,
            header: Vec::new(),
            places: None,
            parsed: Parsed::default(),
            first: HashMap::new(),
            contradicted: BTreeMap::new(),
            units: BTreeSet::new(),
            out_of_range: 0,
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
        // A blank row is no row, as in spreadsheets.
        if line.fault.is_some() || line.cells.iter().any(|cell| !cell.trim().is_empty()) {
            self.parsed.rows_in += 1;
            if let Err(reason) = self.row(&places, line) {
                self.refuse(line, reason);
            }
        }
        self.places = Some(places);
        let goes_on = self.parsed.rejections.len() < MAX_REJECTED;
        if !goes_on {
            self.parsed.breaches.push(format!(
                "{MAX_REJECTED} refusals until row {}: what is behind it is not read",
                line.row
            ));
        }
        goes_on
    }

    fn find_places(&mut self) -> bool {
        match Places::find(self.contract, &self.header) {
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
            return Err(fault.clone());
        }
        let contract = self.contract;
        let total_column = contract.totals.column.as_ref().unwrap_or(&contract.subject.column);
        let name = places.cell(line.cells, total_column);
        if let Some(total) = contract.totals.names.iter().find(|t| same_name(t, name)) {
            let text = format!("total row `{total}`, left out as the contract declares");
            return Err(Reason::new(ReasonCode::Excluded, text));
        }
        // After the totals: a total row is often shorter, and is left out anyway.
        places.check_width(line)?;
        let subject = self.subject(places.cell(line.cells, &contract.subject.column))?;
        let solution = SolutionId::parse(&pick(&contract.solution, places, line.cells)?)?;
        let measure = match &contract.measure {
            Some(m) => Some(MeasureId::parse(&pick(m, places, line.cells)?)?),
            None => None,
        };
        let period = contract.period.as_ref().map(|p| read_period(p, places, line.cells)).transpose()?;
        if let (Some(unit), Some(column)) = (&contract.value.unit, &contract.value.unit_column) {
            let stated = places.cell(line.cells, column);
            if !same_name(unit, stated)
                // Listed to a limit: a wrong unit is usually wrong in every row.
                && self.units.len() < MAX_LISTED
                && self.units.insert(stated.to_owned())
            {
                let breach = format!("row {}: the unit is `{stated}`, agreed was `{unit}`", line.row);
                self.parsed.breaches.push(breach);
            }
        }
        for column in &places.values {
            let key = (column.measure.clone().or(measure.clone()), column.period.or(period));
            let (Some(measure), Some(period)) = key else { continue };
            let key = (subject.clone(), solution.clone(), measure, period);
            if let Err(reason) = self.cell(places, line, column, key) {
                self.refuse(line, reason);
            }
        }
        Ok(())
    }

    fn subject(&self, text: &str) -> Result<Subject, Reason> {
        let rules = &self.contract.subject;
        let text = text.trim();
        let text = rules.prefix_to_strip.as_deref().and_then(|p| text.strip_prefix(p)).unwrap_or(text);
        let text = if rules.name_follows { text.split_whitespace().next().unwrap_or("") } else { text };
        if rules.kind == SubjectKind::OrganisationNumber {
            // Organisation numbers are written in groups of three.
            let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
            return Ok(Subject::Organisation(OrganisationNumber::parse(&digits)?));
        }
        let code = match MunicipalityCode::parse(text) {
            // No county is numbered 00, so three digits that begin with a zero lost something else.
            Err(CodeError::LostZero(digits)) if rules.restore_zero && !digits.starts_with('0') => {
                MunicipalityCode::parse(&format!("0{digits}"))
            }
            Err(CodeError::LostZero(digits)) => {
                let text = format!(
                    "code `{digits}` lost its leading zero; deliver codes as text, or declare `restore_zero = true`"
                );
                return Err(Reason::new(ReasonCode::LostZero, text));
            }
            read => read,
        };
        Ok(Subject::Municipality(code?))
    }

    fn cell(
        &mut self,
        places: &Places,
        line: &Line<'_>,
        column: &ValueColumn,
        key: Key,
    ) -> Result<(), Reason> {
        let (value, state, provisional) = self.value(places, line, column)?;
        let index = self.parsed.observations.len();
        let (subject, solution_id, measure_id, period) = key.clone();
        match self.first.entry(key) {
            Entry::Vacant(free) => {
                free.insert(index);
            }
            Entry::Occupied(taken) => {
                let at = *taken.get();
                let Some(first) = self.parsed.observations.get(at) else { return Ok(()) };
                let same = matches!(first.fact, ObservedFact::Usage { value: v, state: s, .. } if (v, s) == (value, state));
                let (subject, period) = (show(&subject), period);
                if same {
                    let text = format!(
                        "duplicate of row {}: {subject} in {period} again, with the same value",
                        first.row
                    );
                    return Err(Reason::new(ReasonCode::Duplicate, text));
                }
                let text =
                    format!("contradicts row {}: {subject} in {period} has another value there", first.row);
                // The earlier row is taken back at the end, when all that contradict it are known.
                self.contradicted.entry(at).or_insert(line.row);
                return Err(Reason::new(ReasonCode::Contradiction, text));
            }
        }
        let fact = ObservedFact::Usage { solution_id, measure_id, period, value, state, provisional };
        self.parsed.observations.push(Observation { row: line.row, subject, fact });
        Ok(())
    }

    fn value(
        &mut self,
        places: &Places,
        line: &Line<'_>,
        column: &ValueColumn,
    ) -> Result<(Option<i64>, CellState, bool), Reason> {
        let contract = self.contract;
        let mut text = line.cells.get(column.at).unwrap_or("").trim();
        // The marker may follow the number, which must still be readable.
        let mut provisional = false;
        if let Some(rule) = &contract.provisional {
            match &rule.column {
                Some(name) => provisional = same_name(&rule.marker, places.cell(line.cells, name)),
                None => {
                    if let Some(bare) = text.strip_suffix(rule.marker.as_str()) {
                        (text, provisional) = (bare.trim_end(), true);
                    }
                }
            }
        }
        let stated =
            contract.state.as_ref().map(|s| places.cell(line.cells, &s.column)).filter(|t| !t.is_empty());
        let symbol = match stated {
            Some(word) => match contract.symbols.get(word) {
                Some(symbol) => Some(*symbol),
                None if CellState::parse(word) == Some(CellState::Ok) => Some(Symbol::Ok),
                None => {
                    let text = format!("state `{word}` is not among the contract's symbols");
                    return Err(Reason::new(ReasonCode::UnknownWord, text));
                }
            },
            None => {
                contract.symbols.get(text).copied().or_else(|| text.is_empty().then_some(Symbol::Missing))
            }
        };
        let value = match symbol {
            Some(Symbol::Zero) => 0,
            Some(symbol) if symbol != Symbol::Ok => {
                // A value beside a state that has none: one of them is wrong, and it is not known which.
                if stated.is_some() && !text.is_empty() && !contract.symbols.contains_key(text) {
                    let state = symbol.state().as_str();
                    let text = format!("the state says {state} but a value `{text}` stands");
                    return Err(Reason::new(ReasonCode::Contradiction, text));
                }
                return Ok((None, symbol.state(), provisional));
            }
            _ => number::whole(text, contract.decimal)?,
        };
        self.check_range(line.row, value)?;
        Ok((Some(value), CellState::Ok, provisional))
    }

    fn check_range(&mut self, row: u64, value: i64) -> Result<(), Reason> {
        let rules = &self.contract.value;
        let reason = match rules.max {
            _ if value < rules.min => format!("value {value} is below the agreed least, {}", rules.min),
            Some(max) if value > max => format!("value {value} is above the agreed greatest, {max}"),
            _ => return Ok(()),
        };
        // Counted beyond those listed, so that a limit on the list is no limit on the rule.
        self.out_of_range += 1;
        if rules.out_of_range == OutOfRange::Breach && self.out_of_range <= MAX_LISTED {
            self.parsed.breaches.push(format!("row {row}: {reason}"));
        }
        Err(Reason::new(ReasonCode::OutOfRange, reason))
    }

    /// What was read, and the rows taken back because another row contradicts them, with the reason. `broken` is why
    /// the reading ended early.
    pub(super) fn finish(mut self, broken: Option<Reason>) -> (Parsed, Vec<(u64, Reason)>) {
        self.parsed.breaches.extend(broken.map(|reason| reason.text));
        if self.places.is_none() && self.parsed.breaches.is_empty() {
            let row = self.contract.header_row;
            self.parsed
                .breaches
                .push(format!("the delivery ends before row {row}, where the column names should be"));
        }
        if self.parsed.rows_in == 0 && self.parsed.breaches.is_empty() {
            self.parsed.breaches.push("there are no rows below the column names".to_owned());
        }
        let mut taken_back = Vec::new();
        let observations = std::mem::take(&mut self.parsed.observations);
        for (index, observation) in observations.into_iter().enumerate() {
            match self.contradicted.get(&index) {
                None => self.parsed.observations.push(observation),
                Some(other) => {
                    let subject = show(&observation.subject);
                    let why = format!(
                        "contradicts row {other}: {subject} has another value there for the same period"
                    );
                    taken_back.push((observation.row, Reason::new(ReasonCode::Contradiction, why)));
                }
            }
        }
        // After the rows taken back, which would look like falls.
        let cumulative = self.contract.measure.as_ref().is_some_and(|m| m.cumulative);
        if cumulative {
            self.parsed.breaches.extend(falls(&self.parsed.observations));
        }
        (self.parsed, taken_back)
    }
}

/// Counters that are agreed never to fall, and did.
fn falls(observations: &[Observation]) -> Vec<String> {
    let mut counters: BTreeMap<_, Vec<(Period, i64, u64)>> = BTreeMap::new();
    for o in observations {
        if let ObservedFact::Usage { solution_id, measure_id, period, value: Some(value), .. } = &o.fact {
            let counter = counters.entry((&o.subject, solution_id, measure_id)).or_default();
            counter.push((*period, *value, o.row));
        }
    }
    let mut breaches = Vec::new();
    for ((subject, _, measure), mut points) in counters {
        // A delivery need not be in order of time.
        points.sort();
        for pair in points.windows(2) {
            let [(before, high, _), (after, low, row)] = pair else { continue };
            if low < high && breaches.len() < MAX_LISTED {
                let subject = show(subject);
                breaches.push(format!(
                    "row {row}: `{measure}` of {subject} falls from {high} in {before} to {low} in {after}, \
                     but it is agreed never to fall"
                ));
            }
        }
    }
    breaches
}

fn show(subject: &Subject) -> String {
    match subject {
        Subject::Municipality(code) => format!("municipality {code}"),
        Subject::Organisation(number) => format!("organisation {number}"),
    }
}

fn pick(pick: &Pick, places: &Places, cells: &StringRecord) -> Result<String, Reason> {
    let Some(column) = &pick.column else { return Ok(pick.fixed.clone().unwrap_or_default()) };
    let text = places.cell(cells, column);
    if text.is_empty() {
        return Err(Reason::new(ReasonCode::MissingField, format!("column `{column}` is empty")));
    }
    Ok(pick.map.get(text).map_or(text, String::as_str).to_owned())
}

fn read_period(rules: &PeriodColumns, places: &Places, cells: &StringRecord) -> Result<Period, Reason> {
    let period = match (&rules.column, &rules.start, &rules.end) {
        (Some(column), ..) => number::period(places.cell(cells, column))?,
        (None, Some(start), Some(end)) => {
            let last = number::day(places.cell(cells, end))?;
            // Ours are half-open: a last day becomes the day after.
            let end = if rules.end_inclusive { last.succ_opt().unwrap_or(last) } else { last };
            Period::new(number::day(places.cell(cells, start))?, end)?
        }
        _ => number::period(rules.fixed.as_deref().unwrap_or_default())?,
    };
    Ok(rules.granularity.map_or(period, |g| Period::holding(period.start, g)))
}
