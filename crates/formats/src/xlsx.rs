//! A workbook: the rows as a table with filters, and a sheet about the numbers. Codes are text, numbers are numbers, and no text is
//! ever a formula, because a cell of text is written as such. Excel shows numbers and dates as its reader's settings have them.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, Float64Type, SchemaRef};
use arrow::util::display::array_value_to_string;
use bytes::Bytes;
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, Table, TableColumn, TableStyle, Workbook, Worksheet,
};
use serde_json::Value;
use utbredt_kpi::Lang;
use utbredt_model::CellState;

use crate::EncodeError;
use crate::headings::{ABOUT, FACTS, NUMBERS, STATES, SYNTHETIC, of_column, of_state};

/// The row of the column names; above it are the title and what must be known.
const HEADER: u32 = 3;
/// What a sheet has room for below the column names.
const MOST_ROWS: usize = 1_048_576 - 1 - HEADER as usize;
/// Whole numbers above lose digits as a cell, so they are written as text.
const LARGEST: i64 = 999_999_999_999_999;
/// The letters that a column shows.
const WIDTHS: std::ops::RangeInclusive<usize> = 9..=40;

/// Writes the workbook.
pub(crate) fn write(
    language: Lang,
    schema: &SchemaRef,
    batches: &[RecordBatch],
    meta: &Value,
) -> Result<Bytes, EncodeError> {
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    if rows > MOST_ROWS {
        return Err(EncodeError::TooManyRows { rows, most: MOST_ROWS });
    }
    let mut workbook = Workbook::new();
    // The same answer gives the same bytes: the moment of the edition, and no clock.
    let made = ExcelDateTime::parse_from_str(text(meta, "as_of").get(..19).unwrap_or("2000-01-01T00:00:00"))?;
    let properties = DocProperties::new().set_title(text(meta, "title")).set_creation_datetime(&made);
    workbook.set_properties(&properties);
    let sheet = workbook.add_worksheet().set_name(NUMBERS.get(language))?;
    write_above(sheet, language, meta)?;
    write_rows(sheet, &Columns::new(language, schema, text(meta, "unit")), batches)?;
    let about = workbook.add_worksheet().set_name(ABOUT.get(language))?;
    write_about(about, language, meta)?;
    Ok(workbook.save_to_buffer()?.into_boxed_slice().into())
}

fn text<'a>(meta: &'a Value, key: &str) -> &'a str {
    meta[key].as_str().unwrap_or_default()
}

/// The title, the period, and that numbers are invented where they are.
fn write_above(sheet: &mut Worksheet, language: Lang, meta: &Value) -> Result<(), EncodeError> {
    let title = Format::new().set_bold().set_font_size(14);
    sheet.write_string_with_format(0, 0, text(meta, "title"), &title)?;
    if meta["from"].is_string() {
        let period = format!("{} – {}", text(meta, "from"), text(meta, "to"));
        sheet.write_string(1, 0, period)?;
    }
    if meta["synthetic"] == true {
        let warning = Format::new().set_bold().set_font_color("#B00020");
        sheet.write_string_with_format(2, 0, SYNTHETIC.get(language), &warning)?;
    }
    Ok(())
}

/// What the columns are called and how their numbers are shown.
struct Columns {
    names: Vec<String>,
    formats: Vec<Shown>,
}

/// How the cells of a column are shown.
struct Shown {
    whole: Format,
    /// Numbers with decimals; `0.###` would leave a whole one its decimal sign.
    part: Format,
}

impl Columns {
    fn new(language: Lang, schema: &SchemaRef, unit: &str) -> Self {
        let mut names: Vec<String> = Vec::new();
        for field in schema.fields() {
            let shown = of_column(field.name(), language);
            // A table has no two columns of one name, whatever their letters' case.
            let is_taken = names.iter().any(|name| name.to_lowercase() == shown.to_lowercase());
            names.push(if is_taken { format!("{shown} ({})", names.len() + 1) } else { shown.to_owned() });
        }
        let formats = schema.fields().iter().map(|field| {
            let (whole, part) = match field.data_type() {
                DataType::Date32 => ("yyyy-mm-dd", "yyyy-mm-dd"),
                _ => number_formats(field.name(), unit),
            };
            Shown { whole: Format::new().set_num_format(whole), part: Format::new().set_num_format(part) }
        });
        Self { formats: formats.collect(), names }
    }
}

/// How Excel shows a whole number and one with decimals: `#` and `0` are digits, the separators those of the reader's settings.
fn number_formats(column: &str, unit: &str) -> (&'static str, &'static str) {
    let is_value = ["value", "value_low", "value_high"].contains(&column);
    let is_share = column.starts_with("coverage") || column.ends_with("_share");
    match unit {
        _ if is_share => ("0.0%", "0.0%"),
        "share" if is_value => ("0.0%", "0.0%"),
        "per_1000" if is_value => ("#,##0.0", "#,##0.0"),
        _ => ("#,##0", "#,##0.0#####"),
    }
}

/// The table, from the row of its names on.
fn write_rows(sheet: &mut Worksheet, columns: &Columns, batches: &[RecordBatch]) -> Result<(), EncodeError> {
    let mut widths: Vec<usize> = columns.names.iter().map(|name| name.chars().count() + 3).collect();
    let mut row = HEADER;
    for batch in batches {
        for at in 0..batch.num_rows() {
            row += 1;
            for (column, (values, width)) in batch.columns().iter().zip(&mut widths).enumerate() {
                if values.is_valid(at) {
                    let letters = write_cell(sheet, (row, column), values, at, &columns.formats[column])?;
                    *width = letters.max(*width);
                }
            }
        }
    }
    for (column, width) in (0_u16..).zip(widths) {
        let width = width.clamp(*WIDTHS.start(), *WIDTHS.end());
        sheet.set_column_width(column, u32::try_from(width).unwrap_or_default())?;
    }
    sheet.set_freeze_panes(HEADER + 1, 0)?;
    sheet.set_landscape().set_print_fit_to_pages(1, 0);
    let Some(last) = columns.names.len().checked_sub(1).and_then(|last| u16::try_from(last).ok()) else {
        return Ok(());
    };
    // A table needs a row below its names: without one it has an empty row.
    let heads: Vec<TableColumn> =
        columns.names.iter().map(|name| TableColumn::new().set_header(name)).collect();
    let table = Table::new().set_style(TableStyle::Light9).set_columns(&heads);
    sheet.add_table(HEADER, 0, row.max(HEADER + 1), last, &table)?;
    Ok(())
}

/// Writes a value that is there; how many letters it takes.
fn write_cell(
    sheet: &mut Worksheet,
    (row, column): (u32, usize),
    values: &dyn Array,
    at: usize,
    format: &Shown,
) -> Result<usize, EncodeError> {
    let column = u16::try_from(column).unwrap_or(u16::MAX);
    let shown = array_value_to_string(values, at)?;
    let letters = shown.chars().count();
    match values.data_type() {
        DataType::Date32 => {
            let days = values.as_primitive::<Date32Type>().value(at);
            match excel_date(days) {
                Some(date) => drop(sheet.write_datetime_with_format(row, column, &date, &format.whole)?),
                // Excel has no day before 1900.
                None => drop(sheet.write_string(row, column, shown)?),
            }
        }
        DataType::Float64 if values.as_primitive::<Float64Type>().value(at).is_finite() => {
            let number = values.as_primitive::<Float64Type>().value(at);
            let format = if number.fract() == 0.0 { &format.whole } else { &format.part };
            sheet.write_number_with_format(row, column, number, format)?;
        }
        kind if kind.is_integer() => match shown.parse::<i64>() {
            Ok(number) if number.abs() <= LARGEST => {
                #[expect(clippy::cast_precision_loss, reason = "15 digits fit")]
                sheet.write_number_with_format(row, column, number as f64, &format.whole)?;
            }
            _ => drop(sheet.write_string(row, column, shown)?),
        },
        DataType::Boolean => drop(sheet.write_boolean(row, column, values.as_boolean().value(at))?),
        _ => drop(sheet.write_string(row, column, shown)?),
    }
    Ok(letters)
}

/// A day, by days since 1970-01-01; none of those that Excel has not.
fn excel_date(days: i32) -> Option<ExcelDateTime> {
    // Excel counts from the day before 1900, and has a 29 February 1900 that was none.
    const DAY_OF_1970: i32 = 25_569;
    const FIRST_OF_MARCH_1900: i32 = 61;
    let serial = days.checked_add(DAY_OF_1970).filter(|serial| *serial >= FIRST_OF_MARCH_1900)?;
    ExcelDateTime::from_serial_datetime(serial).ok()
}

/// Facts about the answer, a line each; then what its states mean.
fn write_about(sheet: &mut Worksheet, language: Lang, meta: &Value) -> Result<(), EncodeError> {
    let bold = Format::new().set_bold().set_align(FormatAlign::Top);
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    sheet.set_column_width(0, 30)?;
    sheet.set_column_width(1, 90)?;
    let mut row = 0;
    let mut line = |name: &str, shown: &str| -> Result<(), EncodeError> {
        sheet.write_string_with_format(row, 0, name, &bold)?;
        sheet.write_string_with_format(row, 1, shown, &wrapped)?;
        row += 1;
        Ok(())
    };
    if meta["synthetic"] == true {
        line("!", SYNTHETIC.get(language))?;
    }
    for (key, name) in FACTS {
        let shown = lines(&meta[key]);
        if !shown.is_empty() {
            line(name.get(language), &shown)?;
        }
    }
    let states = CellState::ALL.map(|state| format!("{}: {}", state.as_str(), of_state(state, language)));
    line(STATES.get(language), &states.join("\n"))
}

/// A value of the meta as a person reads it: a list a line each, pairs by their names.
fn lines(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(pairs).collect::<Vec<_>>().join("\n"),
        other => pairs(other),
    }
}

fn pairs(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(pairs).collect::<Vec<_>>().join(", "),
        Value::Object(pairs_of) => {
            let shown = pairs_of.iter().filter(|(_, value)| !value.is_null());
            shown.map(|(name, value)| format!("{name}: {}", pairs(value))).collect::<Vec<_>>().join(", ")
        }
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
