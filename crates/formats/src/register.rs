//! A register as a file to edit: a workbook whose columns are explained and whose cells offer what may stand there, or CSV. Each row
//! says which edition it was exported from, so that a change somebody made since is seen when the file comes back.

use std::collections::BTreeMap;

use bytes::Bytes;
use rust_xlsxwriter::{
    DataValidation, ExcelDateTime, Format, Formula, Note, Table, TableColumn, TableStyle, Workbook, Worksheet,
};
use utbredt_kpi::Lang;
use utbredt_model::Text;
use utbredt_model::register::{ColumnKind, Register};

mod about;

use self::about::{COLUMNS, LISTS, write_columns, write_lists};
use crate::EncodeError;

/// A row's values by column of the register.
pub type RegisterRow = Vec<Option<String>>;

/// A register to be written.
#[derive(Debug, Clone)]
pub struct RegisterSheet<'a> {
    /// The register.
    pub register: &'static Register,
    /// Its rows.
    pub rows: &'a [RegisterRow],
    /// The edition they are of.
    pub edition: u64,
    /// By column: the names that may stand there, where the register refers to others.
    pub names: BTreeMap<&'static str, Vec<String>>,
}

const EDITION: Text = Text::new("Utgave", "Utgåve", "Edition");
const EDITION_DOC: Text = Text::new(
    "Utgaven raden er hentet fra. La den stå; tom i nye rader.",
    "Utgåva rada er henta frå. Lat ho stå; tom i nye rader.",
    "The edition the row was exported from. Leave it; empty in new rows.",
);
const REMOVE: Text = Text::new("Fjern", "Fjern", "Remove");
const REMOVE_DOC: Text = Text::new(
    "Skriv ja for å ta raden ut av nyere utgaver. Eldre utgaver beholder den.",
    "Skriv ja for å ta rada ut av nyare utgåver. Eldre utgåver har ho framleis.",
    "Write yes to take the row out of later editions. Earlier ones keep it.",
);
const YES: Text = Text::new("ja", "ja", "yes");
const NO: Text = Text::new("nei", "nei", "no");
const INVALID: Text = Text::new("Ikke i registeret", "Ikkje i registeret", "Not in the register");

/// Rows below the last one in which cells still offer their values.
const ROOM: u32 = 2000;
/// The letters that a column shows.
const WIDTH: f64 = 22.0;

/// Writes CSV: UTF-8 with a byte order mark, so that Excel reads it, semicolons, and the names that programs know.
///
/// # Errors
/// [`EncodeError`] when a line cannot be written.
pub fn csv(sheet: &RegisterSheet<'_>) -> Result<Bytes, EncodeError> {
    let mut writer = csv::WriterBuilder::new().delimiter(b';').from_writer(Vec::from("\u{feff}"));
    let names = sheet.register.columns.iter().map(|column| column.name);
    writer.write_record(names.chain(["edition", "remove"]))?;
    for row in sheet.rows {
        let edition = sheet.edition.to_string();
        let values = row.iter().map(|value| value.as_deref().unwrap_or_default());
        writer.write_record(values.chain([edition.as_str(), ""]))?;
    }
    let bytes = writer.into_inner().map_err(|error| EncodeError::Csv(error.into_error().into()))?;
    Ok(bytes.into_boxed_slice().into())
}

/// Writes the workbook: the register, its columns explained, and the lists that cells offer.
///
/// # Errors
/// [`EncodeError`] when the workbook cannot be written.
pub fn workbook(sheet: &RegisterSheet<'_>, language: Lang) -> Result<Bytes, EncodeError> {
    let mut workbook = Workbook::new();
    // The same rows give the same bytes: no clock.
    let made = ExcelDateTime::parse_from_str("2000-01-01T00:00:00")?;
    let properties = rust_xlsxwriter::DocProperties::new().set_title(sheet.register.title.get(language));
    workbook.set_properties(&properties.set_creation_datetime(&made));
    // First, since the cells of the first sheet name the third.
    let lists = lists(sheet, language);
    let own = workbook.add_worksheet().set_name(sheet.register.table)?;
    write_rows(own, sheet, language)?;
    offer(own, sheet, language, &lists)?;
    write_columns(workbook.add_worksheet().set_name(COLUMNS.get(language))?, sheet, language)?;
    write_lists(workbook.add_worksheet().set_name(LISTS.get(language))?, &lists)?;
    Ok(workbook.save_to_buffer()?.into_boxed_slice().into())
}

/// By column, the values it offers.
fn lists(sheet: &RegisterSheet<'_>, language: Lang) -> BTreeMap<&'static str, Vec<String>> {
    let offered = sheet.register.columns.iter().filter_map(|column| {
        let values = match column.kind {
            ColumnKind::OneOf(words) => words.iter().map(|word| (*word).to_owned()).collect(),
            ColumnKind::Flag(_) => vec![YES.get(language).to_owned(), NO.get(language).to_owned()],
            _ => sheet.names.get(column.name)?.clone(),
        };
        Some((column.name, values))
    });
    offered.filter(|(_, values)| !values.is_empty()).collect()
}

fn place(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}

fn row_of(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn write_rows(own: &mut Worksheet, sheet: &RegisterSheet<'_>, language: Lang) -> Result<(), EncodeError> {
    let columns = sheet.register.columns;
    for (at, row) in sheet.rows.iter().enumerate() {
        let number = row_of(at) + 1;
        for (column, (about, value)) in columns.iter().zip(row).enumerate() {
            if let Some(value) = value {
                write_value(own, (number, place(column)), value, about.kind, language)?;
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a cell is a float, and editions are few")]
        own.write_number(number, place(columns.len()), sheet.edition as f64)?;
    }
    let titles = columns.iter().map(|column| column.title.get(language));
    let titles = titles.chain([EDITION.get(language), REMOVE.get(language)]);
    let heads: Vec<TableColumn> = titles.map(|title| TableColumn::new().set_header(title)).collect();
    let last = place(heads.len().saturating_sub(1));
    let table = Table::new().set_style(TableStyle::Light9).set_columns(&heads);
    own.add_table(0, 0, row_of(sheet.rows.len()).max(1), last, &table)?;
    // The names stay in sight however far one scrolls.
    own.set_freeze_panes(1, 0)?;
    for column in 0..=last {
        own.set_column_width(column, WIDTH)?;
    }
    Ok(())
}

fn write_value(
    own: &mut Worksheet,
    (row, column): (u32, u16),
    value: &str,
    kind: ColumnKind,
    language: Lang,
) -> Result<(), EncodeError> {
    let day = Format::new().set_num_format("yyyy-mm-dd");
    match kind {
        ColumnKind::Day | ColumnKind::Division => match ExcelDateTime::parse_from_str(value) {
            Ok(date) => drop(own.write_datetime_with_format(row, column, &date, &day)?),
            Err(_) => drop(own.write_string(row, column, value)?),
        },
        ColumnKind::Whole(..) | ColumnKind::Real(..) | ColumnKind::KpiValue => match value.parse::<f64>() {
            Ok(number) if number.abs() < 1e15 => drop(own.write_number(row, column, number)?),
            _ => drop(own.write_string(row, column, value)?),
        },
        ColumnKind::Flag(_) => {
            let word = if value == "true" { YES } else { NO };
            own.write_string(row, column, word.get(language))?;
        }
        _ => drop(own.write_string(row, column, value)?),
    }
    Ok(())
}

/// Explains each column where its name is, and lets its cells offer what may stand there.
fn offer(
    own: &mut Worksheet,
    sheet: &RegisterSheet<'_>,
    language: Lang,
    lists: &BTreeMap<&'static str, Vec<String>>,
) -> Result<(), EncodeError> {
    let last = row_of(sheet.rows.len()).saturating_add(ROOM);
    // Nobody asked for an author, and Excel would show its own.
    let note = |doc: Text| Note::new(doc.get(language)).set_author("").add_author_prefix(false);
    let code = Format::new().set_num_format("@");
    for (at, column) in sheet.register.columns.iter().enumerate() {
        own.insert_note(0, place(at), &note(column.doc))?;
        if let Some((list, values)) = lists
            .iter()
            .enumerate()
            .find_map(|(place, (name, values))| (*name == column.name).then_some((place, values)))
        {
            let letter = rust_xlsxwriter::column_number_to_name(place(list));
            let range = format!("='{}'!${letter}$2:${letter}${}", LISTS.get(language), values.len() + 1);
            let validation = DataValidation::new()
                .allow_list_formula(Formula::new(range))
                .set_error_title(INVALID.get(language))?
                .set_error_style(rust_xlsxwriter::DataValidationErrorStyle::Warning);
            own.add_data_validation(1, place(at), last, place(at), &validation)?;
        }
        // A code typed into a cell of numbers loses its zero.
        if matches!(column.kind, ColumnKind::Municipality | ColumnKind::Counties | ColumnKind::Id) {
            own.set_column_format(place(at), &code)?;
        }
    }
    let columns = sheet.register.columns.len();
    own.insert_note(0, place(columns), &note(EDITION_DOC))?;
    own.insert_note(0, place(columns + 1), &note(REMOVE_DOC))?;
    Ok(())
}
