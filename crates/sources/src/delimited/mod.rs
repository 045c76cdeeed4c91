//! Any table in CSV, XLSX, ODS or JSON, read by a contract: which column holds whom, when, what and how much.

mod adds_some;
mod adds_up;
mod another_table;
mod archive;
mod branches;
mod by_period;
mod cells;
mod check;
mod contract;
mod days;
mod delimiter;
mod fill_down;
mod filter;
mod fractions;
mod grid;
mod hidden;
mod joined;
mod json;
mod json_fields;
mod json_lines;
mod line_ends;
mod mapped;
mod mapper;
mod marks;
mod number;
mod number_format;
mod number_signs;
mod part_breaches;
mod parts;
mod pick;
mod places;
mod propose;
mod raised;
mod row_period;
#[cfg(test)]
mod samples;
mod series;
mod settle;
mod shown_text;
mod spans;
mod stream;
mod subject;
mod sums;
mod tags;
#[cfg(test)]
mod tests;
mod time_words;
mod totals;
mod units;
mod value;
mod whole_rows;
mod words;
mod workbook;
mod written_period;

use std::borrow::Cow;
use std::collections::BTreeMap;

use csv::StringRecord;
use utbredt_model::{Parsed, Reason, ReasonCode, Rejection};

pub use contract::{
    Contract, ContractError, Format, Hidden, Layout, Marker, OutOfRange, PeriodColumns, Pick, Replaces,
    Scale, StateColumn, SubjectColumn, SubjectKind, Symbol, Totals, ValueRules, Wide,
};
pub use propose::{About, Known, TO_CHOOSE, propose};
pub use settle::{Repeated, Settled, settle};
pub use stream::{Ending, Piece, Stream, is_streamable};
pub use sums::AbsentParts;
pub use whole_rows::whole_rows;
pub use words::Words;

pub(crate) use number::whole;

use crate::text;

/// Reads a delivery by its contract.
#[must_use]
pub fn parse(bytes: &[u8], contract: &Contract) -> Parsed {
    let mut mapper = mapper::Mapper::new(contract);
    let read = each_row(bytes, contract, &mut |line| mapper.take(line));
    let (mut parsed, contradicted) = mapper.finish(read.err());
    // Only a payload that contradicts itself is read twice, for the rows as received.
    if !contradicted.is_empty() {
        let mut raws: BTreeMap<u64, String> =
            contradicted.iter().map(|(row, _)| (*row, String::new())).collect();
        let _ = each_row(bytes, contract, &mut |line| {
            if let Some(raw) = raws.get_mut(&line.row) {
                *raw = line.raw.chars().take(500).collect();
            }
            true
        });
        for (row, why) in contradicted {
            let raw = raws.get(&row).map_or("", String::as_str);
            parsed.rejections.push(Rejection::new(row, why, raw));
        }
        parsed.rejections.sort_by_key(|r| r.row);
    }
    parsed
}

/// A row for [`rows`]: its number, its cells, the row as received, and why it cannot be read.
pub(crate) type Row<'r> = (u64, &'r StringRecord, &'r str, Option<&'r Reason>);

/// The rows of a table, header first, for a parser whose cells hold more than a contract can describe; of the contract only
/// the file's layout counts. `false` stops the reading.
pub(crate) fn rows(
    bytes: &[u8],
    contract: &Contract,
    take: &mut dyn FnMut(Row<'_>) -> bool,
) -> Result<(), Reason> {
    each_row(bytes, contract, &mut |line| take((line.row, line.cells, line.raw, line.fault.as_ref())))
}

/// The names of a workbook's visible sheets.
pub(crate) fn sheets(bytes: &[u8]) -> Result<Vec<String>, Reason> {
    workbook::sheets(bytes).map(|(_, names)| names)
}

/// Whether a delivery is a workbook, as declared or by its first bytes.
#[must_use]
pub fn is_workbook(bytes: &[u8], contract: &Contract) -> bool {
    match contract.format {
        Some(format) => matches!(format, Format::Xlsx | Format::Ods),
        None => bytes.starts_with(b"PK\x03\x04"),
    }
}

/// The lines of a delivery whose rows are lines, so that a row can be shown as received. `None` for workbooks and JSON.
#[must_use]
pub fn lines<'b>(bytes: &'b [u8], contract: &Contract) -> Option<Cow<'b, str>> {
    match file(bytes, contract) {
        File::Csv(text) => Some(text),
        File::Workbook | File::Json(_) => None,
    }
}

enum File<'b> {
    Workbook,
    Json(Cow<'b, str>),
    Csv(Cow<'b, str>),
}

/// What a delivery is: as declared, or by its first bytes.
fn file<'b>(bytes: &'b [u8], contract: &Contract) -> File<'b> {
    if is_workbook(bytes, contract) {
        return File::Workbook;
    }
    let text = text::decode(bytes, contract.encoding);
    let is_json = contract.format.map_or_else(|| json::is_json(&text), |format| format == Format::Json);
    if is_json { File::Json(text) } else { File::Csv(text) }
}

/// Gives every row, its cells as they are seen.
fn each_row(bytes: &[u8], contract: &Contract, sink: grid::Sink<'_>) -> Result<(), Reason> {
    each_raw_row(bytes, contract, &mut |line| as_seen(line, sink))
}

/// Gives a row, its cells as they are seen.
fn as_seen(line: &grid::Line<'_>, sink: grid::Sink<'_>) -> bool {
    let text = line.cells.as_slice();
    if matches!(text::as_seen(text), Cow::Borrowed(_)) {
        return sink(line);
    }
    let cells: StringRecord = line.cells.iter().map(text::as_seen).collect();
    sink(&grid::Line { cells: &cells, fault: line.fault.clone(), ..*line })
}

fn each_raw_row(bytes: &[u8], contract: &Contract, sink: grid::Sink<'_>) -> Result<(), Reason> {
    // The container of old Office files, which Excel also encrypts workbooks into.
    if bytes.starts_with(b"\xD0\xCF\x11\xE0") {
        let text = "the delivery is an old XLS or an encrypted workbook; save it as XLSX without a password";
        return Err(Reason::new(ReasonCode::Unsupported, text));
    }
    match file(bytes, contract) {
        File::Workbook => workbook::each_row(bytes, contract, sink),
        File::Json(text) => json::each_row(&json::lines_as_array(text)?, contract, sink),
        File::Csv(text) => {
            grid::each_row(&text, contract, sink);
            Ok(())
        }
    }
}
