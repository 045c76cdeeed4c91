//! The two CSV dialects: one for machines, one for a Norwegian Excel.

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use bytes::Bytes;

/// What differs between the dialects. Neither writes a `sep=` line: it breaks every reader but one.
#[derive(Debug)]
pub(super) struct Dialect {
    separator: char,
    decimal: char,
    line_end: &'static str,
    byte_order_mark: bool,
}

/// RFC 4180 with LF, UTF-8 without a mark.
pub(super) const MACHINE: Dialect =
    Dialect { separator: ',', decimal: '.', line_end: "\n", byte_order_mark: false };

/// What Excel with Norwegian settings opens right on a double click.
pub(super) const EXCEL: Dialect =
    Dialect { separator: ';', decimal: ',', line_end: "\r\n", byte_order_mark: true };

/// Writes a header line and the rows.
pub(super) fn write(
    dialect: &Dialect,
    schema: &SchemaRef,
    batches: &[RecordBatch],
) -> Result<Bytes, ArrowError> {
    let mut out = String::new();
    if dialect.byte_order_mark {
        out.push('\u{feff}');
    }
    for (index, field) in schema.fields().iter().enumerate() {
        if index > 0 {
            out.push(dialect.separator);
        }
        text_cell(&mut out, dialect, field.name());
    }
    out.push_str(dialect.line_end);
    for batch in batches {
        rows(&mut out, dialect, batch)?;
    }
    Ok(out.into_bytes().into())
}

fn rows(out: &mut String, dialect: &Dialect, batch: &RecordBatch) -> Result<(), ArrowError> {
    let options = FormatOptions::default().with_null("");
    let columns = batch
        .columns()
        .iter()
        .map(|column| {
            Ok((
                column.data_type().is_numeric(),
                is_text(column.data_type()),
                ArrayFormatter::try_new(column.as_ref(), &options)?,
            ))
        })
        .collect::<Result<Vec<_>, ArrowError>>()?;
    for row in 0..batch.num_rows() {
        for (index, (number, text, cells)) in columns.iter().enumerate() {
            if index > 0 {
                out.push(dialect.separator);
            }
            let cell = cells.value(row).try_to_string()?;
            match (number, text) {
                (true, _) if dialect.decimal != '.' => {
                    plain_cell(out, dialect, &cell.replace('.', &dialect.decimal.to_string()))
                }
                (_, true) => text_cell(out, dialect, &cell),
                _ => plain_cell(out, dialect, &cell),
            }
        }
        out.push_str(dialect.line_end);
    }
    Ok(())
}

/// Whether the cells came from someone's text; a dictionary holds what its values are.
fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

/// Text that a spreadsheet would take for a formula gets an apostrophe before it. Numbers never come here, so a
/// negative number stays one.
fn text_cell(out: &mut String, dialect: &Dialect, cell: &str) {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        plain_cell(out, dialect, &format!("'{cell}"));
    } else {
        plain_cell(out, dialect, cell);
    }
}

fn plain_cell(out: &mut String, dialect: &Dialect, cell: &str) {
    if cell.contains([dialect.separator, '"', '\r', '\n']) {
        out.push('"');
        out.push_str(&cell.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(cell);
    }
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
    fn numbers_are_never_guarded_and_take_the_decimal_sign() {
        let cells: ArrayRef = Arc::new(Float64Array::from(vec![Some(-1.5), Some(0.1 + 0.2), None]));
        assert_eq!(one_column(Arc::clone(&cells), &MACHINE), "c\n-1.5\n0.30000000000000004\n\n");
        assert_eq!(one_column(cells, &EXCEL), "\u{feff}c\r\n-1,5\r\n0,30000000000000004\r\n\r\n");
    }
}
