//! The quarterly invoice of the Fiks platform, which every customer receives: each line names an organisation, a month
//! and a service, and some lines count use. What counts as what is declared in TOML (`invoice.toml` is the usual map).

mod line;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use csv::StringRecord;
use serde::{Deserialize, Serialize};
use utbredt_model::{
    CellState, Granularity, Marks, MeasureId, Observation, ObservedFact, OrganisationNumber, Parsed, Period,
    Reason, ReasonCode, Rejection, SolutionId, SourceId, Subject,
};

use crate::delimited::{self, Contract, ContractError};
use line::{Pattern, same_text, split_line};

const USUAL: &str = include_str!("invoice.toml");

/// Why a declaration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvoiceError {
    /// Not TOML, or a key no declaration has.
    #[error("the declaration of the invoice does not read: {0}")]
    Syntax(toml::de::Error),
    /// Nobody is named whose numbers these are.
    #[error(
        "the declaration of the invoice names no organisation: give the column `organisation`, or names and numbers \
         in [organisations]"
    )]
    NoOrganisation,
    /// A line that does not declare exactly one of a count and a reason to leave it out.
    #[error(
        "the declaration of the invoice needs `solution_id` and `measure_id`, or `leave_out` with a reason, at line \
         `{0}`"
    )]
    Line(String),
    /// The file cannot be read with its layout.
    #[error("the declaration of the invoice cannot be read by: {0}")]
    Layout(ContractError),
}

/// What a customer's invoices are agreed to look like.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invoice {
    /// Whose deliveries these are.
    pub source_id: SourceId,
    /// Raised whenever the declaration changes.
    pub version: u32,
    /// The column of the line's text.
    pub text: String,
    /// The column of how many.
    pub count: String,
    /// The column of the organisation number, where there is one.
    pub organisation: Option<String>,
    /// The names lines begin with, and whose they are; names are declared, never guessed.
    #[serde(default)]
    pub organisations: BTreeMap<String, OrganisationNumber>,
    /// The row of column names, counted from 1.
    #[serde(default = "first_row")]
    pub header_row: u32,
    /// The sheet of a workbook; the first when absent.
    pub sheet: Option<String>,
    /// The lines known; the usual ones when none are given.
    #[serde(default, rename = "line")]
    pub lines: Vec<Line>,
    #[serde(skip)]
    patterns: Vec<Pattern>,
    #[serde(skip)]
    table: Option<Contract>,
}

/// A line text and what it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// The text after the month; `{…}` is any text.
    pub text: String,
    /// The solution used.
    pub solution_id: Option<SolutionId>,
    /// What is counted.
    pub measure_id: Option<MeasureId>,
    /// Why it is left out, when it is.
    pub leave_out: Option<String>,
}

#[derive(Deserialize)]
struct Usual {
    line: Vec<Line>,
}

fn first_row() -> u32 {
    1
}

impl Invoice {
    /// Reads a declaration.
    ///
    /// # Errors
    /// [`InvoiceError`] when it is not TOML, or a line declares neither what it counts nor why it is left out, or nobody is
    /// named whose numbers these are.
    pub fn from_toml(text: &str) -> Result<Self, InvoiceError> {
        toml::from_str::<Self>(text).map_err(InvoiceError::Syntax)?.checked()
    }

    /// A declaration whose fields were read, made ready to read by.
    ///
    /// # Errors
    /// As [`Self::from_toml`].
    pub fn checked(mut self) -> Result<Self, InvoiceError> {
        if self.organisation.is_none() && self.organisations.is_empty() {
            return Err(InvoiceError::NoOrganisation);
        }
        if self.lines.is_empty() {
            self.lines = toml::from_str::<Usual>(USUAL).map_err(InvoiceError::Syntax)?.line;
        }
        for line in &self.lines {
            match (&line.solution_id, &line.measure_id, &line.leave_out) {
                (Some(_), Some(_), None) | (None, None, Some(_)) => {}
                _ => return Err(InvoiceError::Line(line.text.clone())),
            }
        }
        self.patterns = self.lines.iter().map(|line| Pattern::new(&line.text)).collect();
        self.table = Some(self.as_table().map_err(InvoiceError::Layout)?);
        Ok(self)
    }

    /// How the file itself is to be read: a contract whose statements are never used.
    fn as_table(&self) -> Result<Contract, ContractError> {
        let sheet =
            self.sheet.as_deref().map_or(String::new(), |sheet| format!("sheet = {}\n", quoted(sheet)));
        let (text, count) = (quoted(&self.text), quoted(&self.count));
        let contract = format!(
            "source_id = {}\nversion = {}\nheader_row = {}\n{sheet}[subject]\ncolumn = {text}\n\
             [period]\nfixed = \"2000\"\n[solution]\nfixed = \"x\"\n[measure]\nfixed = \"x\"\n[value]\ncolumn = {count}\n",
            quoted(self.source_id.as_str()),
            self.version,
            self.header_row
        );
        Contract::from_toml(&contract)
    }
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// The columns of this delivery.
struct Columns {
    text: usize,
    count: usize,
    organisation: Option<usize>,
}

impl Columns {
    fn find(invoice: &Invoice, header: &StringRecord) -> Result<Self, Reason> {
        let organisation = invoice.organisation.as_deref().map(|name| column(header, name));
        Ok(Self {
            text: column(header, &invoice.text)?,
            count: column(header, &invoice.count)?,
            organisation: organisation.transpose()?,
        })
    }
}

fn column(header: &StringRecord, name: &str) -> Result<usize, Reason> {
    header.iter().position(|have| same_text(have, name)).ok_or_else(|| {
        let have = header.iter().take(20).collect::<Vec<_>>().join("`, `");
        let text = format!("column `{name}` is missing; the header has `{have}`");
        Reason::new(ReasonCode::MissingField, text)
    })
}

type Key = (OrganisationNumber, SolutionId, MeasureId, Period);

/// A line that counts something, accepted or not.
struct Counted {
    row: u64,
    raw: String,
    key: Key,
    /// The service in full, account and all: the same twice is not two counts.
    service: String,
    count: Result<i64, Reason>,
}

/// Reads an invoice. Lines about different accounts of one service are added; the same line twice counts once, and not
/// at all when its counts differ. Lines that count no use are refused with the reason the declaration gives.
#[must_use]
pub fn parse(bytes: &[u8], invoice: &Invoice) -> Parsed {
    let mut parsed = Parsed::default();
    let mut columns = None;
    let mut counted = Vec::new();
    let mut stop = None;
    let Some(table) = &invoice.table else {
        parsed.breaches.push("the declaration was not read by `Invoice::from_toml`".to_owned());
        return parsed;
    };
    let outcome = delimited::rows(bytes, table, &mut |(row, cells, raw, fault)| {
        let Some(columns) = &columns else {
            match fault.map_or_else(|| Columns::find(invoice, cells), |fault| Err(fault.clone())) {
                Ok(found) => columns = Some(found),
                Err(breach) => stop = Some(breach),
            }
            return stop.is_none();
        };
        if fault.is_none() && cells.iter().all(|cell| cell.trim().is_empty()) {
            return true;
        }
        parsed.rows_in += 1;
        let line = match fault {
            Some(fault) => Err(fault.clone()),
            None => read(row, raw, cells, columns, invoice),
        };
        match line {
            Ok(line) => counted.push(line),
            Err(reason) => parsed.rejections.push(Rejection::new(row, reason, raw)),
        }
        true
    });
    parsed.breaches.extend(outcome.err().or(stop).map(|reason| reason.text));
    if columns.is_none() && parsed.breaches.is_empty() {
        parsed.breaches.push("the delivery is empty: not even a header row".to_owned());
    }
    add_up(counted, &mut parsed);
    parsed.rejections.sort_by_key(|rejection| rejection.row);
    parsed
}

fn read(
    row: u64,
    raw: &str,
    cells: &StringRecord,
    columns: &Columns,
    invoice: &Invoice,
) -> Result<Counted, Reason> {
    let [text, count] = [columns.text, columns.count].map(|at| cells.get(at).unwrap_or_default().trim());
    let (name, month, service) = split_line(text)?;
    // Several known texts may fit: the one with most fixed text is meant.
    let fits = invoice.lines.iter().zip(&invoice.patterns).filter(|(_, pattern)| pattern.fits(service));
    let Some((known, _)) = fits.max_by_key(|(_, pattern)| pattern.weight()) else {
        let near = nearest(invoice.lines.iter().map(|line| line.text.as_str()), service);
        let text = format!("the line text `{service}` is unknown{near}");
        return Err(Reason::new(ReasonCode::UnknownWord, text));
    };
    if let Some(why) = &known.leave_out {
        return Err(Reason::new(ReasonCode::Excluded, format!("left out as declared: {why}")));
    }
    let (Some(solution_id), Some(measure_id)) = (known.solution_id.clone(), known.measure_id.clone()) else {
        let text = format!("the line text `{}` is declared to count nothing", known.text);
        return Err(Reason::new(ReasonCode::Excluded, text));
    };
    let organisation = match columns.organisation {
        Some(at) => {
            let number = cells.get(at).unwrap_or_default().trim();
            OrganisationNumber::parse(&number.replace([' ', '\u{a0}'], ""))?
        }
        None => {
            let found = invoice.organisations.iter().find(|(have, _)| same_text(have, name));
            found.map(|(_, number)| number.clone()).ok_or_else(|| {
                let near = nearest(invoice.organisations.keys().map(String::as_str), name);
                let text = format!("whose line it is is not declared: `{name}`{near}");
                Reason::new(ReasonCode::UnknownWord, text)
            })?
        }
    };
    let count = delimited::whole(count, ',').and_then(|count| {
        let text = format!("a credit of {count}: deliver the corrected count of the month instead");
        if count < 0 { Err(Reason::new(ReasonCode::OutOfRange, text)) } else { Ok(count) }
    });
    let key = (organisation, solution_id, measure_id, Period::holding(month, Granularity::Month));
    Ok(Counted { row, raw: raw.to_owned(), key, service: line::plain(service), count })
}

/// A hint at the known text that is most like another.
fn nearest<'k>(known: impl Iterator<Item = &'k str>, text: &str) -> String {
    let near = known.max_by(|a, b| line::likeness(a, text).total_cmp(&line::likeness(b, text)));
    near.map_or(String::new(), |near| format!("; the nearest known is `{near}`"))
}

fn add_up(counted: Vec<Counted>, parsed: &mut Parsed) {
    let mut same: BTreeMap<(Key, String), Vec<Counted>> = BTreeMap::new();
    for line in counted {
        // Accounts of one service are different lines; the same line twice is not.
        same.entry((line.key.clone(), line.service.clone())).or_default().push(line);
    }
    let mut sums: BTreeMap<Key, (u64, i64)> = BTreeMap::new();
    let mut spoiled: BTreeSet<Key> = BTreeSet::new();
    for ((key, _), lines) in same {
        let first = lines.first().map(|line| (line.row, line.count.clone()));
        let differs = lines.iter().any(|line| Some(&line.count) != first.as_ref().map(|(_, count)| count));
        for (at, line) in lines.into_iter().enumerate() {
            let row = first.as_ref().map_or(0, |(row, _)| *row);
            let reason = match line.count {
                Err(reason) => Some(reason),
                Ok(_) if differs => {
                    let text =
                        format!("the line occurs more than once (first in row {row}) with different counts");
                    Some(Reason::new(ReasonCode::Contradiction, text))
                }
                Ok(_) if at > 0 => {
                    let reason = Reason::new(ReasonCode::Duplicate, format!("the same line as row {row}"));
                    parsed.rejections.push(Rejection::new(line.row, reason, line.raw));
                    continue;
                }
                Ok(count) => {
                    let sum = sums.entry(key.clone()).or_insert((line.row, 0));
                    sum.0 = sum.0.min(line.row);
                    match sum.1.checked_add(count) {
                        Some(more) => {
                            sum.1 = more;
                            None
                        }
                        None => {
                            let text = "the sum of the lines is too large a number";
                            Some(Reason::new(ReasonCode::NumberTooLarge, text))
                        }
                    }
                }
            };
            if let Some(reason) = reason {
                spoiled.insert(key.clone());
                parsed.rejections.push(Rejection::new(line.row, reason, line.raw));
            }
        }
    }
    for (key, (row, sum)) in sums {
        // What one of its lines could not add is missing from the sum.
        let marks = if spoiled.contains(&key) { Marks::PROVISIONAL } else { Marks::default() };
        let (organisation, solution_id, measure_id, period) = key;
        let (value, state) = (Some(sum), CellState::Ok);
        let fact = ObservedFact::Usage { solution_id, measure_id, period, value, state, marks };
        parsed.observations.push(Observation { row, subject: Subject::Organisation(organisation), fact });
    }
}
