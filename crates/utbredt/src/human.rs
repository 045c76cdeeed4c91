//! Numbers as a person reads them: shares as percent, counts with their thousands set off, money in whole kroner. The
//! full numbers are in the machine formats (`--format csv`, `json`, `arrow`).

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type};
use arrow::error::ArrowError;
use arrow::util::display::array_value_to_string;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use utbredt_kpi::Kpi;

/// Between thousands and before the percent sign: a line is never broken there.
const SPACE: char = '\u{a0}';

/// Columns of a table that goes to a file or a pipe; in a terminal it is as wide as that.
const WIDTH: u16 = 100;

/// A whole number with its thousands set off: `1 234 567`.
pub(crate) fn whole(number: i64) -> String {
    grouped(&number.to_string())
}

/// A number of a unit of the catalogue (`share`, `per_1000`, `nok`, `hours`, or a plural noun); without one, at most
/// three decimals.
pub(crate) fn real(number: f64, unit: Option<&str>) -> String {
    if !number.is_finite() {
        return number.to_string();
    }
    match unit {
        Some("share" | "chances" | "growth") => percent(number),
        Some("nok") => grouped(&decimals(number, 0)),
        Some("per_1000" | "hours") => grouped(&decimals(number, 1)),
        Some(_) if number.fract() == 0.0 => grouped(&decimals(number, 0)),
        // A coefficient or a few days need their decimals, a hundred days do not.
        Some(_) => grouped(&decimals(number, if number.abs() < 10.0 { 2 } else { 1 })),
        None => {
            let text = decimals(number, 3);
            grouped(text.trim_end_matches('0').trim_end_matches('.'))
        }
    }
}

/// One decimal, two below one percent: a beginning is no zero.
fn percent(share: f64) -> String {
    let number = share * 100.0;
    let places = if number != 0.0 && number.abs() < 1.0 { 2 } else { 1 };
    format!("{}{SPACE}%", grouped(&decimals(number, places)))
}

fn decimals(number: f64, places: usize) -> String {
    let text = format!("{number:.places$}");
    // What rounds to zero has no sign.
    let zero = text.trim_start_matches('-').bytes().all(|byte| byte == b'0' || byte == b'.');
    if zero { text.trim_start_matches('-').to_owned() } else { text }
}

/// Sets off the thousands of a plain decimal number.
fn grouped(number: &str) -> String {
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |digits| ("-", digits));
    let (whole, fraction) =
        digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let mut out = String::from(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(SPACE);
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// The unit of a column of a KPI's answer; `None` where it holds no number of one.
pub(crate) fn unit_of<'a>(kpi: &'a Kpi, column: &str) -> Option<&'a str> {
    let unit = kpi.unit.as_str();
    match column {
        "value" => Some(unit),
        // Shares and rates are made of counts.
        "numerator" if unit != "share" && unit != "per_1000" => Some(unit),
        "coverage" => Some("share"),
        _ => kpi.columns.iter().find(|extra| extra.name == column).map(|extra| extra.unit.as_str()),
    }
}

/// One cell; empty where there is none.
///
/// # Errors
/// [`ArrowError`] when a column of another type cannot be shown.
pub(crate) fn cell(column: &dyn Array, row: usize, unit: Option<&str>) -> Result<String, ArrowError> {
    if column.is_null(row) {
        return Ok(String::new());
    }
    Ok(match column.data_type() {
        DataType::Int64 => whole(column.as_primitive::<Int64Type>().value(row)),
        DataType::Int32 => whole(column.as_primitive::<Int32Type>().value(row).into()),
        DataType::Float64 => real(column.as_primitive::<Float64Type>().value(row), unit),
        _ => array_value_to_string(column, row)?,
    })
}

/// The named columns of the first rows, each with its unit, as a table: numbers to the right, no wider than the terminal.
/// A column that an answer lacks is left out.
///
/// # Errors
/// [`ArrowError`] when a column cannot be shown.
pub(crate) fn table(
    batches: &[RecordBatch],
    columns: &[(&str, Option<&str>)],
    rows: usize,
) -> Result<Table, ArrowError> {
    let schema = batches.first().map(RecordBatch::schema);
    let known = |name: &str| schema.as_ref().and_then(|schema| schema.index_of(name).ok());
    let shown: Vec<_> =
        columns.iter().filter_map(|(name, unit)| Some((*name, known(name)?, *unit))).collect();
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    if !table.is_tty() {
        table.set_width(WIDTH);
    }
    table.set_header(shown.iter().map(|(name, ..)| *name));
    let places = batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |row| (batch, row)));
    for (batch, row) in places.take(rows) {
        let cells = shown.iter().map(|(_, at, unit)| cell(batch.column(*at), row, *unit));
        table.add_row(cells.collect::<Result<Vec<_>, _>>()?);
    }
    if let Some(schema) = schema {
        for (place, (_, at, _)) in shown.iter().enumerate() {
            if schema.field(*at).data_type().is_numeric()
                && let Some(column) = table.column_mut(place)
            {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};

    use super::*;

    /// With plain spaces, as one types them.
    fn plain(text: &str) -> String {
        text.replace(SPACE, " ")
    }

    #[test]
    fn thousands_are_set_off() {
        let cases = [(0, "0"), (999, "999"), (1000, "1 000"), (-1_234_567, "-1 234 567"), (-100, "-100")];
        for (number, text) in cases {
            assert_eq!(plain(&whole(number)), text);
        }
    }

    #[test]
    fn a_number_is_written_by_its_unit() {
        let cases = [
            (0.233_333_333_333_333_34, Some("share"), "23.3 %"),
            (1.0, Some("share"), "100.0 %"),
            (0.0, Some("share"), "0.0 %"),
            (0.000_42, Some("share"), "0.04 %"),
            (-0.5, Some("chances"), "-50.0 %"),
            (-0.000_001, Some("share"), "0.00 %"),
            (1_234_567.5, Some("nok"), "1 234 568"),
            (1234.56, Some("per_1000"), "1 234.6"),
            (7.25, Some("hours"), "7.2"),
            (12.0, Some("days"), "12"),
            (12.5, Some("days"), "12.5"),
            (0.234_5, Some("gini"), "0.23"),
            (0.5, None, "0.5"),
            (1234.0, None, "1 234"),
            (2.000_4, None, "2"),
            (f64::INFINITY, Some("share"), "inf"),
        ];
        for (number, unit, text) in cases {
            assert_eq!(plain(&real(number, unit)), text, "{number} {unit:?}");
        }
    }

    #[test]
    fn a_table_has_its_numbers_to_the_right_and_absent_ones_empty() {
        let columns: [(&str, ArrayRef); 3] = [
            ("name", Arc::new(StringArray::from(vec!["Bergen", "Os"]))),
            ("persons", Arc::new(Int64Array::from(vec![Some(291_189), None]))),
            ("value", Arc::new(Float64Array::from(vec![Some(0.5), Some(0.25)]))),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let columns = [("name", None), ("persons", None), ("value", Some("share")), ("no_such", None)];
        let drawn = plain(&table(&[batch], &columns, 9).unwrap().to_string());
        let lines: Vec<&str> = drawn.lines().map(str::trim_end).collect();
        assert_eq!(
            lines,
            [" name    persons   value", " Bergen  291 189  50.0 %", " Os               25.0 %"]
        );
    }
}
