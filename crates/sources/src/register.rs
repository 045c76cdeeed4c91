//! A file of a register, CSV or a workbook: its rows with every value checked as far as its column alone says. What a value refers
//! to, and what rows may not say together, is for whoever has the lake.

mod header;
mod value;

use serde::{Deserialize, Serialize};
use utbredt_model::register::{Refusal, Register};
use utbredt_model::{Reason, ReasonCode};

use self::header::{EDITION, Header, REMOVE};
use crate::delimited::{self, Contract};
use crate::text;

/// Rows that are read.
const MOST_ROWS: usize = 100_000;

/// What the reader of tables is told: all it needs to know is that decimals have a dot, and that hidden rows are rows.
const LAYOUT: &str = "source_id = \"register\"\nversion = 1\ndecimal = \".\"\nhidden_rows = \"read\"\n\
    subject.column = \"-\"\nperiod.column = \"-\"\nsolution.column = \"-\"\nmeasure.column = \"-\"\nvalue.column = \"-\"\n";

/// A row that can be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number in the file, from 1.
    pub row: u64,
    /// What it says by column of the register, written as the register writes it; `None` where it is empty.
    pub values: Vec<Option<String>>,
    /// The edition that the row was exported from.
    pub edition: Option<u64>,
    /// Whether the row is to be removed.
    pub remove: bool,
    /// The row as it came.
    pub raw: String,
}

/// What a file says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RegisterFile {
    /// By column of the register: whether the file has it. What it has not, it says nothing about.
    pub has: Vec<bool>,
    /// Rows that can be read.
    pub entries: Vec<Entry>,
    /// Rows that cannot.
    pub refusals: Vec<Refusal>,
    /// Why nothing of it can be read.
    pub breach: Option<Reason>,
}

/// The sheet of a workbook that holds a register: the one with the table's name or title, else the first.
fn layout(bytes: &[u8], register: &Register) -> Result<Contract, Reason> {
    let mut contract = Contract::from_toml(LAYOUT)
        .map_err(|error| Reason::because(ReasonCode::Syntax, "no layout", &error))?;
    if delimited::is_workbook(bytes, &contract) {
        contract.sheet = delimited::sheets(bytes)?
            .into_iter()
            .find(|sheet| header::is_name(sheet, register.table, register.title));
    } else {
        let text = text::decode(bytes, None);
        let first = text.lines().next().unwrap_or_default();
        contract.delimiter = ['\t', ';', ','].into_iter().max_by_key(|sign| first.matches(*sign).count());
    }
    Ok(contract)
}

/// Reads a file of a register.
#[must_use]
pub fn parse(bytes: &[u8], register: &Register) -> RegisterFile {
    let mut file = RegisterFile { has: vec![false; register.columns.len()], ..RegisterFile::default() };
    if let Err(breach) = read(bytes, register, &mut file) {
        file.breach = Some(breach);
    }
    file
}

fn read(bytes: &[u8], register: &Register, file: &mut RegisterFile) -> Result<(), Reason> {
    let contract = layout(bytes, register)?;
    let mut header: Option<Header> = None;
    let mut breach = None;
    delimited::rows(bytes, &contract, &mut |(row, cells, raw, fault)| {
        let cells: Vec<&str> = cells.iter().map(str::trim).collect();
        match (&header, fault) {
            (_, Some(fault)) => {
                let fix = "write the row anew".to_owned();
                file.refusals.push(Refusal {
                    row,
                    column: None,
                    reason: fault.clone(),
                    fix,
                    raw: raw.to_owned(),
                });
            }
            (None, None) => match Header::of(&cells, register) {
                Ok(found) => header = Some(found),
                Err(reason) => breach = Some(reason),
            },
            (Some(header), None) => take(header, register, (row, &cells, raw), file),
        }
        if file.entries.len() > MOST_ROWS {
            let text = format!("the file has more than {MOST_ROWS} rows");
            breach = Some(Reason::new(ReasonCode::SizeLimit, text));
        }
        breach.is_none()
    })?;
    if let Some(breach) = breach {
        return Err(breach);
    }
    let header = header.ok_or_else(|| Reason::new(ReasonCode::Empty, "the file has no row"))?;
    file.has = header.has(register);
    Ok(())
}

/// The beginning of a row, enough to find it again.
fn shortened(raw: &str) -> String {
    raw.chars().take(500).collect()
}

/// Reads one row: an entry where every value can be read, else a refusal for each that cannot.
fn take(
    header: &Header,
    register: &Register,
    (row, cells, raw): (u64, &[&str], &str),
    file: &mut RegisterFile,
) {
    // People leave empty rows, and they mean nothing.
    if cells.iter().all(|cell| cell.is_empty()) {
        return;
    }
    // What has no heading may be the rest of a text that was cut at a semicolon.
    if let Some(beyond) = cells.iter().enumerate().find(|(at, cell)| !cell.is_empty() && !header.names(*at)) {
        let text = format!("`{}` is in column {}, which has no heading", shortened(beyond.1), beyond.0 + 1);
        let reason = Reason::new(ReasonCode::RowWidth, text);
        let fix =
            "put a text with the delimiter in it between quotes, or give the column its heading".to_owned();
        file.refusals.push(Refusal { row, column: None, reason, fix, raw: shortened(raw) });
        return;
    }
    let mut refuse = |column: &str, (reason, fix): (Reason, String)| {
        let column = Some(column.to_owned());
        file.refusals.push(Refusal { row, column, reason, fix, raw: shortened(raw) });
    };
    let cell = |place: Option<usize>| place.and_then(|place| cells.get(place).copied()).unwrap_or_default();
    // All faults of a row are named at once, so that it is mended once.
    let mut values = Vec::with_capacity(register.columns.len());
    let mut is_whole = true;
    for (column, place) in register.columns.iter().zip(&header.places) {
        match value::read(cell(*place), column.kind) {
            Ok(value) => values.push(value),
            Err(fault) => {
                refuse(column.name, fault);
                is_whole = false;
            }
        }
    }
    let edition = value::edition(cell(header.edition)).unwrap_or_else(|fault| {
        refuse(EDITION, fault);
        is_whole = false;
        None
    });
    let remove = value::remove(cell(header.remove)).unwrap_or_else(|fault| {
        refuse(REMOVE, fault);
        is_whole = false;
        false
    });
    if is_whole {
        file.entries.push(Entry { row, values, edition, remove, raw: shortened(raw) });
    }
}

#[cfg(test)]
mod tests;
