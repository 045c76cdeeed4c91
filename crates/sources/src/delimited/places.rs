//! The columns a contract names, found in this delivery's header.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

use csv::StringRecord;
use utbredt_model::{MeasureId, Period, Reason, ReasonCode};

use super::by_period::{by_period, leave_hidden, narrowed, unfit};
use super::contract::{Contract, same_name};
use super::fractions::names_shares;
use super::grid::Line;
use super::number;

/// A value column and what its name decides.
pub(super) struct ValueColumn {
    pub(super) at: usize,
    /// Its name says that it holds shares.
    pub(super) of_shares: bool,
    pub(super) measure: Option<MeasureId>,
    pub(super) period: Option<Period>,
}

/// The names above one column, the topmost first.
pub(super) struct Head<'h> {
    /// The cells of the column itself.
    pub(super) own: Vec<&'h str>,
    /// The same, where a blank cell above the last row repeats its left neighbour, as cells joined into one do.
    pub(super) spread: Vec<&'h str>,
}

impl Head<'_> {
    pub(super) fn names_shares(&self) -> bool {
        self.spread.iter().any(|part| names_shares(part))
    }

    fn is(&self, name: &str) -> bool {
        self.own.iter().any(|part| same_name(name, part)) || same_name(name, &self.own.join(" "))
    }
}

/// The names above each column.
pub(super) fn heads(header: &[StringRecord]) -> Vec<Head<'_>> {
    let width = header.iter().map(StringRecord::len).max().unwrap_or(0);
    let mut left = vec![""; header.len()];
    let mut heads = Vec::with_capacity(width);
    for at in 0..width {
        let mut head = Head { own: Vec::new(), spread: Vec::new() };
        for (row, cells) in header.iter().enumerate() {
            let cell = number::visible(cells.get(at).unwrap_or(""));
            // A cell joined over several columns has its text in the first.
            if !cell.is_empty() || row + 1 == header.len() {
                left[row] = cell;
            }
            head.own.extend(Some(cell).filter(|part| !part.is_empty()));
            head.spread.extend(Some(left[row]).filter(|part| !part.is_empty()));
        }
        heads.push(head);
    }
    heads
}

/// The declared columns' places in this delivery's header.
pub(super) struct Places {
    by_name: BTreeMap<String, usize>,
    pub(super) values: Vec<ValueColumn>,
    /// Columns that the contract leaves out, by name and place.
    left_out: Vec<(String, usize)>,
    /// The headings of each column that is read, the one of the subject first.
    headings: Vec<(usize, Vec<String>)>,
    /// The last column that is read.
    last_used: usize,
    width: usize,
}

impl Places {
    /// Finds them in the rows of column names.
    pub(super) fn find(
        contract: &Contract,
        header: &[StringRecord],
        hidden: &BTreeSet<usize>,
    ) -> Result<Self, Vec<String>> {
        let heads = heads(header);
        let mut by_name = BTreeMap::new();
        let mut breaches = Vec::new();
        for name in contract.columns() {
            let mut at = heads.iter().enumerate().filter(|(_, head)| head.is(name)).map(|(i, _)| i);
            match (at.next(), at.next()) {
                (Some(at), None) => {
                    by_name.insert(name.to_owned(), at);
                }
                // Choosing one would be a guess.
                (Some(_), Some(_)) => breaches.push(format!(
                    "column `{name}` occurs twice in the header; write `{name}#1` or `{name}#2` for one of them"
                )),
                (None, _) => match numbered(name, &heads) {
                    Some(at) => drop(by_name.insert(name.to_owned(), at)),
                    None => breaches.push(missing(name, &heads)),
                },
            }
        }
        let mut values = Vec::new();
        for at in contract.value.column.iter().filter_map(|name| by_name.get(name)) {
            values.push(ValueColumn {
                at: *at,
                of_shares: heads[*at].names_shares(),
                measure: None,
                period: None,
            });
        }
        match &contract.wide {
            Some(wide) if wide.periods => {
                let taken: Vec<usize> = by_name.values().copied().collect();
                let found = by_period(wide, &heads, &taken);
                breaches.extend(narrowed(&found, &heads));
                values.extend(found.into_iter().map(|(column, _)| column));
                breaches.extend(leave_hidden(contract.hidden_columns, &heads, hidden, &mut values));
                breaches.extend(unfit(wide, &values));
            }
            Some(wide) => values.extend(wide.measures.iter().filter_map(|(name, measure)| {
                let at = *by_name.get(name)?;
                let of_shares = heads[at].names_shares();
                Some(ValueColumn { at, of_shares, measure: Some(measure.clone()), period: None })
            })),
            None => {}
        }
        if !breaches.is_empty() {
            return Err(breaches);
        }
        let used: BTreeSet<usize> = by_name.values().copied().chain(values.iter().map(|v| v.at)).collect();
        let named = names(&heads).into_iter().enumerate();
        // Of a filter with several words the column still tells rows apart, unless they are added over it; and so do days
        // that stand for their month.
        let floored = contract.period.iter().filter(|period| period.granularity.is_some());
        let floored = floored.flat_map(|period| [&period.column, &period.start]).flatten();
        let open: BTreeSet<usize> = contract
            .filter_left_open()
            .chain(floored)
            .filter_map(|name| by_name.get(name).copied())
            .collect();
        let left_out = named.filter(|(at, _)| !used.contains(at) || open.contains(at));
        let left_out = left_out.map(|(at, name)| (name, at)).collect();
        let last_used = used.last().copied().unwrap_or_default();
        let subject = by_name.get(&contract.subject.column);
        let others = used.iter().filter(|at| Some(*at) != subject);
        let headings = subject.into_iter().chain(others);
        let headings = headings
            .map(|at| (*at, heads[*at].own.iter().map(|part| (*part).to_owned()).collect()))
            .collect();
        Ok(Self { by_name, values, left_out, headings, last_used, width: heads.len() })
    }

    /// A cell by its column's declared name; empty when the row is too short.
    pub(super) fn cell<'r>(&self, cells: &'r StringRecord, column: &str) -> &'r str {
        number::visible(self.by_name.get(column).and_then(|at| cells.get(*at)).unwrap_or(""))
    }

    /// The place of a column by its declared name.
    pub(super) fn at(&self, column: &str) -> Option<usize> {
        self.by_name.get(column).copied()
    }

    /// Whether a row names the columns of another table: no number where the codes are, the heading of a column that is read
    /// in its place, and another one in the place of another.
    pub(super) fn begins_another_table(&self, cells: &StringRecord) -> bool {
        let Some((at, _)) = self.headings.first() else { return false };
        let code = number::visible(cells.get(*at).unwrap_or(""));
        // A code has digits, which tells nearly all rows from a line of names at once.
        if !code.contains(char::is_alphabetic) || code.contains(|c: char| c.is_ascii_digit()) {
            return false;
        }
        let (mut repeats, mut differs) = (false, false);
        for (at, headings) in &self.headings {
            let cell = number::visible(cells.get(*at).unwrap_or(""));
            let same =
                headings.iter().any(|own| same_name(own, cell)) || same_name(&headings.join(" "), cell);
            repeats |= same && !cell.is_empty();
            differs |= !same && cell.contains(char::is_alphanumeric);
        }
        repeats && differs
    }

    /// The columns that the contract leaves out.
    pub(super) fn left_out(&self) -> String {
        let names: Vec<&str> = self.left_out.iter().take(5).map(|(name, _)| name.as_str()).collect();
        names.join("`, `")
    }

    /// The cells of a row in the columns that the contract leaves out, with their places.
    pub(super) fn left_out_cells<'r>(
        &self,
        cells: &'r StringRecord,
    ) -> impl Iterator<Item = (usize, &'r str)> {
        self.left_out.iter().map(|(_, at)| (*at, number::visible(cells.get(*at).unwrap_or(""))))
    }

    /// The cell of a row in a column by its declared name, with its place.
    pub(super) fn with_place<'r>(&self, cells: &'r StringRecord, column: &str) -> Option<(usize, &'r str)> {
        Some((self.at(column)?, self.cell(cells, column)))
    }

    /// What a row has in the columns that the contract leaves out, as a number to compare. `joined` is what a blank cell of
    /// one column repeats.
    pub(super) fn rest(&self, cells: &StringRecord, joined: Option<(usize, &str)>) -> u64 {
        let mut hasher = DefaultHasher::new();
        for (at, cell) in self.left_out_cells(cells) {
            let above = joined.filter(|(column, _)| *column == at && cell.is_empty());
            above.map_or(cell, |(_, above)| above).hash(&mut hasher);
        }
        hasher.finish()
    }

    /// Refuses rows that are too short or too long for the header.
    pub(super) fn check_width(&self, line: &Line<'_>) -> Result<(), Reason> {
        let (have, expected) = (line.cells.len(), self.width);
        let surplus = line.cells.iter().skip(expected).any(|cell| !cell.trim().is_empty());
        // A spreadsheet leaves out trailing blanks; delimited text does not.
        // A spreadsheet's CSV leaves out the last delimiters of blocks of rows that are blank there.
        let blank_end = line.ended && have > self.last_used;
        if !surplus && (have >= expected || line.trimmed || blank_end) {
            return Ok(());
        }
        // One field of many is mostly another delimiter than declared.
        let other = [';', '\t', ','].into_iter().find(|d| have == 1 && expected > 1 && line.raw.contains(*d));
        let text = match other {
            Some(d) => {
                format!("the row has 1 field of {expected}; it seems delimited by `{}`", d.escape_default())
            }
            None if surplus => {
                format!("the row has {have} fields, the header {expected}: a delimiter inside a field?")
            }
            None => format!("the row is cut short: {have} fields, the header has {expected}"),
        };
        Err(Reason::new(ReasonCode::RowWidth, text))
    }
}

/// What a contract calls each column: by its name, and one without by its place among those, as `#1`.
pub(super) fn names(heads: &[Head<'_>]) -> Vec<String> {
    let mut nameless = 0;
    let mut names = Vec::with_capacity(heads.len());
    for head in heads {
        let name = head.own.join(" ");
        nameless += usize::from(name.is_empty());
        names.push(if name.is_empty() { format!("#{nameless}") } else { name });
    }
    names
}

/// What a contract calls a column: of those of one name by its place among them, as `region#2`.
pub(super) fn among_same(names: &[String], at: usize) -> String {
    let is_same = names.iter().map(|name| same_name(name, &names[at]));
    let (before, all) =
        (is_same.clone().take(at).filter(|same| *same).count(), is_same.filter(|same| *same).count());
    if names[at].is_empty() || all < 2 { names[at].clone() } else { format!("{}#{}", names[at], before + 1) }
}

/// The place of `region#2`, the second of the columns called `region`, or of `#1`, the first without a name.
fn numbered(name: &str, heads: &[Head<'_>]) -> Option<usize> {
    let (name, number) = name.rsplit_once('#')?;
    let number: usize = number.parse().ok()?;
    let mut same = heads.iter().enumerate().filter(|(_, head)| head.is(name)).map(|(at, _)| at);
    same.nth(number.checked_sub(1)?)
}

fn missing(name: &str, heads: &[Head<'_>]) -> String {
    let lower = name.to_lowercase();
    let names = heads.iter().map(|head| head.own.join(" "));
    // A long name is an explanation, and comparing it takes long.
    let short = names.filter(|have| have.len() <= 100 && !have.is_empty());
    match short.min_by_key(|have| strsim::damerau_levenshtein(&lower, &have.to_lowercase())) {
        Some(nearest) => format!("column `{name}` is missing; nearest in the header is `{nearest}`"),
        None => format!("column `{name}` is missing; the header names no column"),
    }
}
