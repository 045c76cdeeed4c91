//! The two CSV dialects: one for machines, one for a Norwegian Excel.

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use bytes::Bytes;
use csv::{QuoteStyle, Terminator, Writer, WriterBuilder};

use crate::EncodeError;

/// What differs between the dialects. Neither writes a `sep=` line: it breaks every reader but one.
#[derive(Debug)]
pub(crate) struct Dialect {
    separator: u8,
    decimal: char,
    line_end: Terminator,
    byte_order_mark: bool,
}

/// RFC 4180 with LF, UTF-8 without a mark.
pub(crate) const MACHINE: Dialect =
    Dialect { separator: b',', decimal: '.', line_end: Terminator::Any(b'\n'), byte_order_mark: false };

/// What Excel with Norwegian settings opens right on a double click.
pub(crate) const EXCEL: Dialect =
    Dialect { separator: b';', decimal: ',', line_end: Terminator::CRLF, byte_order_mark: true };

/// Writes a header line and the rows.
pub(crate) fn write(
    dialect: &Dialect,
    schema: &SchemaRef,
    batches: &[RecordBatch],
) -> Result<Bytes, EncodeError> {
    let mut out: Vec<u8> = Vec::new();
    if dialect.byte_order_mark {
        out.extend_from_slice("\u{feff}".as_bytes());
        // Excel takes a file without the mark for the local code page, and breaks its `æøå`.
    }
    let mut writer = WriterBuilder::new()
        .delimiter(dialect.separator)
        .terminator(dialect.line_end)
        .quote_style(QuoteStyle::Necessary)
        .from_writer(out);
    // Column names come from query files and SELECTs, so they are guarded like cells.
    writer.write_record(schema.fields().iter().map(|field| guarded(field.name())))?;
    for batch in batches {
        write_rows(&mut writer, dialect, batch)?;
    }
    let out = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(out.into_boxed_slice().into())
}

/// One column on its way out: how its cells are shown, and what they are.
struct Column<'a> {
    cells: ArrayFormatter<'a>,
    number: bool,
    text: bool,
}

fn write_rows(
    writer: &mut Writer<Vec<u8>>,
    dialect: &Dialect,
    batch: &RecordBatch,
) -> Result<(), EncodeError> {
    let options = FormatOptions::default().with_null("");
    let mut columns = Vec::with_capacity(batch.num_columns());
    for column in batch.columns() {
        columns.push(Column {
            cells: ArrayFormatter::try_new(column.as_ref(), &options)?,
            number: column.data_type().is_numeric(),
            text: is_text(column.data_type()),
        });
    }
    for row in 0..batch.num_rows() {
        for column in &columns {
            writer.write_field(shown(column, dialect, row)?)?;
        }
        // Ends the line: fields were written one by one.
        writer.write_record(None::<&[u8]>)?;
    }
    Ok(())
}

/// One cell as text.
fn shown(column: &Column<'_>, dialect: &Dialect, row: usize) -> Result<String, ArrowError> {
    let cell = column.cells.value(row).try_to_string()?;
    Ok(match (column.number, column.text) {
        (true, _) if dialect.decimal != '.' => cell.replace('.', &dialect.decimal.to_string()),
        (_, true) => guarded(&cell),
        _ => cell,
    })
}

/// Whether the cells came from someone's text; a dictionary holds what its values are.
fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

/// What begins a formula, with the wide forms that some spreadsheets take for the same.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// Text that a spreadsheet would take for a formula gets an apostrophe before it. Numbers never come here, so a
/// negative number stays one.
fn guarded(cell: &str) -> String {
    let seen = cell.trim_start_matches(is_unseen);
    let is_formula = seen.starts_with(FORMULA) || cell.starts_with(char::is_control);
    if is_formula { format!("'{cell}") } else { cell.to_owned() }
}

/// What nobody sees before a text, and what some spreadsheets drop when they read it.
fn is_unseen(c: char) -> bool {
    let has_no_width = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    has_no_width || c.is_whitespace() || c.is_control()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Float64Array, StringArray};

    use super::*;

    fn one_column(column: ArrayRef, dialect: &Dialect) -> String {
        let batch = RecordBatch::try_from_iter([("c", column)]).unwrap();
        String::from_utf8(write(dialect, &batch.schema(), &[batch]).unwrap().to_vec()).unwrap()
    }

    #[test]
    fn every_formula_start_is_guarded_and_quotes_are_doubled() {
        let cells: ArrayRef =
            Arc::new(StringArray::from(vec!["=1", "+1", "-1", "@a", "\ta", "\ra", "a=1", "a,\"b\"", "Bø\n"]));
        assert_eq!(
            one_column(cells, &MACHINE),
            "c\n'=1\n'+1\n'-1\n'@a\n'\ta\n\"'\ra\"\na=1\n\"a,\"\"b\"\"\"\n\"Bø\n\"\n"
        );
    }

    #[test]
    fn what_hides_before_a_formula_hides_nothing() {
        let hidden =
            [" ", "\0", "\u{b}", "\u{a0}", "\u{200b}", "\u{feff}", "\u{2003}\u{ad}", "\u{202e}", "\u{2060}"];
        for before in hidden {
            for sign in FORMULA {
                let cell = format!("{before}{sign}1");
                assert_eq!(guarded(&cell), format!("'{cell}"), "{cell:?}");
            }
            assert_eq!(
                guarded(&format!("{before}Oslo")).starts_with('\''),
                before.starts_with(char::is_control)
            );
        }
        for plain in ["", " ", "a=1", "1-2", "Å", "−1", "–"] {
            assert_eq!(guarded(plain), plain);
        }
    }

    #[test]
    fn numbers_are_never_guarded_and_take_the_decimal_sign() {
        let cells: ArrayRef = Arc::new(Float64Array::from(vec![Some(-1.5), Some(0.1 + 0.2), None]));
        // A line of one empty field is quoted, since an empty line is no record.
        assert_eq!(one_column(Arc::clone(&cells), &MACHINE), "c\n-1.5\n0.30000000000000004\n\"\"\n");
        assert_eq!(one_column(cells, &EXCEL), "\u{feff}c\r\n-1,5\r\n0,30000000000000004\r\n\"\"\r\n");
    }
}
