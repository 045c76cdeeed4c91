//! Rows out of XLSX and ODS. The archive is measured first; cells are then taken one by one, since a sheet with one
//! cell in its far corner would otherwise be laid out in full.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{Data, DataRef, Ods, Reader, SheetVisible, Xlsx};
use csv::StringRecord;
use utbredt_model::{Reason, ReasonCode};

use super::cells::{Rows, Sheet, show};
use super::contract::same_name;
use super::grid::{Line, Look, Sink, fault};
use super::joined::{self, Joined, Reaching};
use super::{Contract, Format, Hidden, archive, hidden, number_signs, raised, tags};

const UNREADABLE: &str = "the workbook is damaged in a way its reader does not survive";

/// Measures the archive and finds what kind of workbook it is.
fn kind(bytes: &[u8], declared: Option<Format>) -> Result<Format, Reason> {
    let names = archive::entries(bytes)?;
    let has = |name: &str| names.iter().any(|n| n == name);
    match declared {
        Some(format) => Ok(format),
        None if has("xl/workbook.xml") => Ok(Format::Xlsx),
        None if has("content.xml") => Ok(Format::Ods),
        None => {
            let text = "the archive is neither an XLSX nor an ODS workbook";
            Err(Reason::new(ReasonCode::Unsupported, text))
        }
    }
}

fn damaged(error: impl std::fmt::Display) -> Reason {
    Reason::because(ReasonCode::Syntax, "the workbook does not read", &error)
}

/// Runs a reader of workbooks: libraries that read what strangers send, and whose panic must not become ours.
fn guarded<T>(read: impl FnOnce() -> Result<T, Reason>) -> Result<T, Reason> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(Reason::new(ReasonCode::Syntax, UNREADABLE)))
}

/// The kind of a workbook and the names of its visible sheets, or of all where none is visible.
pub(super) fn sheets(bytes: &[u8]) -> Result<(Format, Vec<String>), Reason> {
    let format = kind(bytes, None)?;
    let names = guarded(|| match format {
        Format::Ods => Ods::new(Cursor::new(bytes)).map(|book| visible_sheets(&book)).map_err(damaged),
        _ => Xlsx::new(Cursor::new(bytes)).map(|book| visible_sheets(&book)).map_err(damaged),
    })?;
    Ok((format, names))
}

/// Reads the contract's sheet from its header row on.
pub(super) fn each_row(bytes: &[u8], contract: &Contract, sink: Sink<'_>) -> Result<(), Reason> {
    let format = kind(bytes, contract.format)?;
    let Read { rows, hidden_rows, hidden_columns, joined, alike } = guarded(|| match format {
        Format::Ods => ods(bytes, contract),
        _ => xlsx(bytes, contract),
    })?;
    // Shown as a row of CSV, since a workbook's own bytes mean nothing to a reader.
    let delimiter = ";";
    let mut unclear = BTreeSet::new();
    let mut joined = Reaching::new(joined);
    for (row, cells) in rows {
        if row < u64::from(contract.header_row) {
            continue;
        }
        let cells = StringRecord::from(cells);
        let raw = cells.iter().collect::<Vec<_>>().join(delimiter);
        let mut fault = fault(&cells, &raw);
        let below = row >= u64::from(contract.header_row) + u64::from(contract.header_rows);
        if below && hidden_rows.contains(&row) {
            match contract.hidden_rows {
                Some(Hidden::Read) => {}
                Some(Hidden::Skip) => {
                    let text = "a hidden row, left out as the contract declares";
                    fault = Some(Reason::new(ReasonCode::Excluded, text));
                }
                None => drop(unclear.insert(row)),
            }
        }
        let look = Look { hidden: Some(&hidden_columns), joined: joined.at(row) };
        if !sink(&Line { row, cells: &cells, raw: &raw, fault, trimmed: true, ended: true, look }) {
            break;
        }
    }
    if alike.len() > 1 {
        let text = format!(
            "sheets `{}` all have the columns that the contract names, and it reads one: declare `sheet = \"{}\"`, or deliver \
             each sheet by a contract of its own",
            alike.join("`, `"),
            alike[0]
        );
        return Err(Reason::new(ReasonCode::Unsupported, text));
    }
    let Some(first) = unclear.first() else { return Ok(()) };
    let text = format!(
        "{} hidden rows, the first is row {first}: show them, or declare `hidden_rows = \"read\"` or `\"skip\"`",
        unclear.len()
    );
    Err(Reason::new(ReasonCode::Unsupported, text))
}

/// So many formulas are looked at; a blank beyond them is a blank.
const MAX_FORMULAS: usize = 200_000;

/// A sheet as it was read.
struct Read {
    rows: Rows,
    hidden_rows: BTreeSet<u64>,
    hidden_columns: BTreeSet<usize>,
    joined: Vec<Joined>,
    /// The visible sheets with the columns that the contract names, where it names no sheet.
    alike: Vec<String>,
}

/// So many sheets are compared with the first.
const MAX_COMPARED: usize = 50;

/// The visible sheets with the columns of a contract that names no sheet; `names_of` gives the column names of one.
fn alike(
    sheets: Vec<String>,
    contract: &Contract,
    mut names_of: impl FnMut(&str) -> Result<Vec<String>, Reason>,
) -> Result<Vec<String>, Reason> {
    if contract.sheet.is_some() || sheets.len() < 2 {
        return Ok(Vec::new());
    }
    let columns = contract.columns();
    let mut alike = Vec::new();
    for sheet in sheets.into_iter().take(MAX_COMPARED) {
        let names = names_of(&sheet)?;
        // Of columns of one name a contract says which.
        let has = |column: &&str| {
            let bare = column.rsplit_once('#').map_or(*column, |(name, _)| name);
            bare.is_empty() || names.iter().any(|name| same_name(column, name) || same_name(bare, name))
        };
        if columns.iter().all(has) {
            alike.push(sheet);
        }
    }
    Ok(alike)
}

/// Whether a row, from 0, is one of column names.
fn is_of_names(row: u32, contract: &Contract) -> bool {
    let first = contract.header_row.saturating_sub(1);
    (first..first.saturating_add(contract.header_rows)).contains(&row)
}

/// What is hidden is mostly old, and nobody who looks at the file sees it.
fn visible_sheets<R: std::io::Read + std::io::Seek>(book: &impl Reader<R>) -> Vec<String> {
    let seen = book.sheets_metadata().iter().filter(|sheet| sheet.visible == SheetVisible::Visible);
    let seen: Vec<String> = seen.map(|sheet| sheet.name.clone()).collect();
    if seen.is_empty() { book.sheet_names() } else { seen }
}

fn pick_sheet<R: std::io::Read + std::io::Seek>(
    book: &impl Reader<R>,
    contract: &Contract,
) -> Result<String, Reason> {
    let names = book.sheet_names();
    let Some(declared) = &contract.sheet else {
        let empty = || Reason::new(ReasonCode::Empty, "the workbook has no sheet");
        return visible_sheets(book).first().cloned().ok_or_else(empty);
    };
    let exactly = names.iter().find(|name| *name == declared);
    if let Some(name) = exactly.or_else(|| names.iter().find(|name| same_name(declared, name))) {
        return Ok(name.clone());
    }
    let text = format!("sheet `{declared}` is missing; the workbook has `{}`", names.join("`, `"));
    Err(Reason::new(ReasonCode::MissingField, text))
}

fn xlsx(bytes: &[u8], contract: &Contract) -> Result<Read, Reason> {
    let mut book = Xlsx::new(Cursor::new(bytes)).map_err(damaged)?;
    let sheet = pick_sheet(&book, contract)?;
    let mut formulas = BTreeMap::new();
    {
        let mut reader = book.worksheet_cells_reader(&sheet).map_err(damaged)?;
        while let Some(cell) = reader.next_formula().map_err(damaged)? {
            if !cell.get_value().is_empty() && formulas.len() < MAX_FORMULAS {
                formulas.insert(cell.get_position(), cell.get_value().clone());
            }
        }
    }
    let alike = alike(visible_sheets(&book), contract, |sheet| {
        let mut reader = book.worksheet_cells_reader(sheet).map_err(damaged)?;
        let mut names = Vec::new();
        while let Some(cell) = reader.next_cell().map_err(damaged)? {
            let row = cell.get_position().0;
            if is_of_names(row, contract) {
                names.push(Data::from(cell.get_value().clone()).to_string());
            } else if row >= contract.header_row {
                break;
            }
        }
        Ok(names)
    })?;
    let text = tags::xlsx_sheet(bytes, &sheet);
    let signs = number_signs::xlsx(&text, &tags::xlsx_styles(bytes));
    let raised = raised::xlsx(&text, &tags::xlsx_shared(bytes));
    let mut reader = book.worksheet_cells_reader(&sheet).map_err(damaged)?;
    let mut placed = Sheet::default();
    while let Some(cell) = reader.next_cell().map_err(damaged)? {
        let text = match cell.get_value() {
            // A formula that no spreadsheet has computed yet has no value, which is not a blank.
            DataRef::Empty => match formulas.get(&cell.get_position()) {
                Some(formula) => format!("={formula}"),
                None => continue,
            },
            DataRef::SharedString(text) => (*text).to_owned(),
            other => show(&Data::from(other.clone()), signs.get(&cell.get_position()), contract),
        };
        let text = raised.get(&cell.get_position()).cloned().unwrap_or(text);
        placed.place(cell.get_position(), text)?;
    }
    Ok(Read {
        rows: placed.rows,
        hidden_rows: hidden::rows(&text),
        hidden_columns: hidden::columns(&text),
        joined: joined::xlsx(&text),
        alike,
    })
}

fn ods(bytes: &[u8], contract: &Contract) -> Result<Read, Reason> {
    let mut book = Ods::new(Cursor::new(bytes)).map_err(damaged)?;
    let sheet = pick_sheet(&book, contract)?;
    let range = book.worksheet_range(&sheet).map_err(damaged)?;
    let formulas = book.worksheet_formula(&sheet).map_err(damaged)?;
    let alike = alike(visible_sheets(&book), contract, |sheet| {
        let range = book.worksheet_range(sheet).map_err(damaged)?;
        let cells = range.used_cells().map(|(row, column, value)| (place(range.start(), row, column), value));
        Ok(cells.filter(|(at, _)| is_of_names(at.0, contract)).map(|(_, value)| value.to_string()).collect())
    })?;
    let mut cells: Vec<((u32, u32), String)> = Vec::new();
    for (row, column, formula) in formulas.used_cells().take(MAX_FORMULAS) {
        let at = place(formulas.start(), row, column);
        // A formula that no spreadsheet has computed yet has no value, which is not a blank.
        if range.get_value(at).is_none_or(|value| *value == Data::Empty) {
            cells.push((at, format!("={}", formula.trim_start_matches("of:").trim_start_matches('='))));
        }
    }
    let text = tags::ods_sheets(bytes);
    let signs = range.end().map(|last| number_signs::ods(&text, &sheet, last)).unwrap_or_default();
    let raised = range.end().map(|last| raised::ods(&text, &sheet, last)).unwrap_or_default();
    let mut uncomputed = cells.into_iter().peekable();
    let mut placed = Sheet::default();
    for (row, column, value) in range.used_cells() {
        let at = place(range.start(), row, column);
        while let Some((before, formula)) = uncomputed.next_if(|(before, _)| *before < at) {
            placed.place(before, formula)?;
        }
        let text = raised.get(&at).filter(|_| matches!(value, Data::String(_))).cloned();
        placed.place(at, text.unwrap_or_else(|| show(value, signs.get(&at), contract)))?;
    }
    uncomputed.try_for_each(|(at, formula)| placed.place(at, formula))?;
    let last = placed.rows.last().map_or(0, |(row, _)| *row);
    Ok(Read {
        rows: placed.rows,
        hidden_rows: hidden::ods_rows(&text, &sheet, last),
        hidden_columns: hidden::ods_columns(&text, &sheet),
        joined: joined::ods(&text, &sheet),
        alike,
    })
}

/// The place in the sheet of a cell of a range.
fn place(start: Option<(u32, u32)>, row: usize, column: usize) -> (u32, u32) {
    let (top, left) = start.unwrap_or_default();
    let at = u32::try_from(row).ok().zip(u32::try_from(column).ok());
    at.map_or((u32::MAX, u32::MAX), |(row, column)| (top.saturating_add(row), left.saturating_add(column)))
}
