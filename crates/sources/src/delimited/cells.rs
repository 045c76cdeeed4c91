//! The cells of a sheet, laid out row by row and shown as a person would have typed them.

use calamine::{Data, ExcelDateTime};
use chrono::NaiveDate;
use utbredt_model::{Reason, ReasonCode};

use super::contract::Contract;
use super::grid::MAX_COLUMNS;
use super::number_signs::{self, Sign};

/// Rows with their numbers, from 1.
pub(super) type Rows = Vec<(u64, Vec<String>)>;

/// Memory the cells of a sheet may fill: a text that is once in the file may be shown in a million cells.
const MAX_CELLS: usize = 256 << 20;

/// The cells so far, and what they fill.
#[derive(Default)]
pub(super) struct Sheet {
    pub(super) rows: Rows,
    bytes: usize,
}

impl Sheet {
    /// Puts a cell in its place; cells come in reading order.
    pub(super) fn place(&mut self, (row, column): (u32, u32), text: String) -> Result<(), Reason> {
        let (number, column) = (u64::from(row) + 1, usize::try_from(column).unwrap_or(usize::MAX));
        if column >= MAX_COLUMNS {
            let text =
                format!("row {number} has a cell in column {}; at most {MAX_COLUMNS} are read", column + 1);
            return Err(Reason::new(ReasonCode::SizeLimit, text));
        }
        if self.rows.last().is_none_or(|(last, _)| *last < number) {
            self.rows.push((number, Vec::new()));
        }
        let Some((_, cells)) = self.rows.last_mut() else { return Ok(()) };
        // What counts is memory: a blank cell costs a String too.
        let more = (column + 1).saturating_sub(cells.len());
        self.bytes += more * size_of::<String>() + text.len();
        if self.bytes > MAX_CELLS {
            let text = format!("the cells until row {number} fill more than {} MiB", MAX_CELLS >> 20);
            return Err(Reason::new(ReasonCode::SizeLimit, text));
        }
        if more > 0 {
            cells.resize(column + 1, String::new());
        }
        cells[column] = text;
        Ok(())
    }
}

/// A cell as a person would have typed it, with what the workbook shows beside its number or in its place.
pub(super) fn show(value: &Data, sign: Option<&Sign>, contract: &Contract) -> String {
    if let (Data::Float(number), Some(sign)) = (value, sign)
        && let Some(text) = number_signs::text(*number, sign, contract)
    {
        return text;
    }
    match value {
        Data::Empty => String::new(),
        Data::Int(n) => n.to_string(),
        Data::Float(f) => number_text(*f).replace('.', &contract.decimal.to_string()),
        Data::DateTime(date) if date.is_duration() => duration_text(date),
        Data::DateTime(date) => date_text(date),
        Data::DateTimeIso(text) => text.strip_suffix("T00:00:00").unwrap_or(text).to_owned(),
        other => other.to_string(),
    }
}

/// A number with a dot for its decimal sign.
pub(super) fn number_text(number: f64) -> String {
    // Beyond this a spreadsheet no longer holds every whole number.
    if number.fract() == 0.0 && number.abs() < 9.0e15 {
        return format!("{number:.0}");
    }
    as_shown(number).to_string()
}

/// A number at the fifteen digits that spreadsheets show: the sum of 0.1 and 0.2 is 0.30000000000000004 to a computer.
fn as_shown(number: f64) -> f64 {
    format!("{number:.14e}").parse().unwrap_or(number)
}

/// Hours and minutes as they are shown: `120:00`. They are no count.
fn duration_text(duration: &ExcelDateTime) -> String {
    let minutes = (duration.as_f64() * 1440.0).round();
    format!("{:.0}:{:02.0}", (minutes / 60.0).floor(), minutes % 60.0)
}

/// A day as text, whatever day the workbook counts from.
pub(super) fn date_text(date: &ExcelDateTime) -> String {
    // Day 60 is 29 February 1900, which never was; no delivery is that old.
    let day = date.as_f64();
    let whole = day.fract() == 0.0 && (61.0..2_958_466.0).contains(&day);
    // Knows the workbooks whose days are counted from 1904.
    let (year, month, of_month, ..) = date.to_ymd_hms_milli();
    let shown = NaiveDate::from_ymd_opt(year.into(), month.into(), of_month.into()).filter(|_| whole);
    shown.map_or_else(|| day.to_string(), |d| d.to_string())
}
