//! Tables as a person reads them, in a terminal or a file. The full numbers are in the machine formats (`--format csv`,
//! `json`, `arrow`).

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type, Schema};
use arrow::error::ArrowError;
use arrow::util::display::array_value_to_string;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets};
use utbredt_kpi::Kpi;

use crate::escape::one_line;
pub(crate) use crate::number::{AS_IS, whole};
use crate::number::{POINTS, real};

/// Columns of a table that goes to a file or a pipe; in a terminal it is as wide as that.
const WIDTH: u16 = 100;

/// The unit of a column of a KPI's answer; `None` where it holds no number of one.
pub(crate) fn unit_of<'a>(kpi: &'a Kpi, column: &str) -> Option<&'a str> {
    let unit = kpi.unit.as_str();
    match column {
        "value" => Some(unit),
        // Shares and rates are made of counts.
        "numerator" if unit != "share" && unit != "per_1000" => Some(unit),
        "coverage" | "coverage_of_expected" => Some("share"),
        _ => kpi.columns.iter().find(|extra| extra.name == column).map(|extra| extra.unit.as_str()),
    }
}

/// The columns of a KPI's answer that a person reads, each with its unit. Left out is what others tell as well: the
/// counts that coverage is made of, and the ends of the interval.
pub(crate) fn columns_of<'a>(kpi: &'a Kpi, schema: &'a Schema) -> Vec<(&'a str, Option<&'a str>)> {
    let left_out = [
        "value_low",
        "value_high",
        "coverage_of_expected",
        "municipalities_reported",
        "municipalities_expected",
    ];
    let names = schema.fields().iter().map(|field| field.name().as_str());
    names.filter(|name| !left_out.contains(name)).map(|name| (name, unit_of(kpi, name))).collect()
}

/// The columns of a diff that a person reads, each with its unit: not what the value is made of.
pub(crate) fn columns_of_diff<'a>(unit: &'a str, schema: &'a Schema) -> Vec<(&'a str, Option<&'a str>)> {
    // A difference of two percentages is no percentage.
    let change = if unit == "share" || unit == "growth" { POINTS } else { unit };
    let names = schema.fields().iter().map(|field| field.name().as_str());
    let whole = names.filter(|name| !name.starts_with("numerator_") && !name.starts_with("denominator_"));
    whole.map(|name| (name, Some(if name.starts_with("value_") { unit } else { change }))).collect()
}

/// Every column as it is.
pub(crate) fn all_columns(schema: &Schema) -> Vec<(&str, Option<&str>)> {
    schema.fields().iter().map(|field| (field.name().as_str(), Some(AS_IS))).collect()
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
        DataType::Int64 | DataType::Int32 if unit == Some(AS_IS) => array_value_to_string(column, row)?,
        DataType::Int64 => whole(column.as_primitive::<Int64Type>().value(row)),
        DataType::Int32 => whole(column.as_primitive::<Int32Type>().value(row).into()),
        DataType::Float64 => real(column.as_primitive::<Float64Type>().value(row), unit),
        // Before the table is laid out, which counts characters and breaks lines.
        _ => one_line(&array_value_to_string(column, row)?).into_owned(),
    })
}

/// The named columns of the first rows, each with its unit, as a table: numbers to the right, no wider than the terminal.
/// A column that an answer lacks is left out. Where there is no room, columns that hold the same in every row stand in a
/// line above instead, and a single row is written one column below the other.
///
/// # Errors
/// [`ArrowError`] when a column cannot be shown.
pub(crate) fn table(
    batches: &[RecordBatch],
    columns: &[(&str, Option<&str>)],
    rows: usize,
) -> Result<String, ArrowError> {
    let mut shown = Vec::new();
    for (name, unit) in columns {
        shown.extend(Shown::of(batches, name, *unit, rows)?);
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    // Without a terminal there is no width to ask for.
    if !table.is_tty() {
        table.set_width(WIDTH);
    }
    let room = usize::from(table.width().unwrap_or(WIDTH));
    let mut above = String::new();
    let fits = shown.iter().map(Shown::width).sum::<usize>() <= room;
    if !fits && shown.first().is_some_and(|column| column.cells.len() == 1) {
        return Ok(one_below_the_other(&shown));
    }
    if !fits {
        let (same, varied): (Vec<_>, Vec<_>) = shown.into_iter().partition(Shown::is_the_same_in_every_row);
        let shared = same.iter().filter(|column| !column.cells[0].is_empty());
        let shared: Vec<String> =
            shared.map(|column| format!("{} {}", column.name, column.cells[0])).collect();
        above =
            if shared.is_empty() { String::new() } else { format!("in every row: {}\n", shared.join(", ")) };
        shown = varied;
    }
    if table.is_tty() {
        let left_out = leave_out(&mut shown, room);
        if !left_out.is_empty() {
            above.push_str(&format!("no room for {} (--format csv has all)\n", left_out.join(", ")));
        }
    }
    table.set_header(shown.iter().map(|column| column.name));
    let rows = shown.first().map_or(0, |column| column.cells.len());
    for row in 0..rows {
        table.add_row(shown.iter().map(|column| &column.cells[row]));
    }
    for (place, column) in shown.iter().enumerate() {
        let Some(drawn) = table.column_mut(place) else { continue };
        // A line is broken between words: rather a table that is too wide than a number on two lines.
        drawn.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(column.longest_word())));
        if column.is_number {
            drawn.set_cell_alignment(CellAlignment::Right);
        }
    }
    Ok(format!("{above}{table}"))
}

/// Leaves out columns, the last first, until a row has room; gives their names. What a row is about, its value, its state and why
/// are never left out, and nothing is of a table without a value.
fn leave_out<'a>(shown: &mut Vec<Shown<'a>>, room: usize) -> Vec<&'a str> {
    let Some(value) = shown.iter().position(|column| column.name == "value") else { return Vec::new() };
    let mut left_out = Vec::new();
    let mut last = shown.len();
    while last > value + 1
        && shown.iter().map(|column| usize::from(column.longest_word())).sum::<usize>() > room
    {
        last -= 1;
        if !["state", "reason", "marks"].contains(&shown[last].name) {
            left_out.push(shown.remove(last).name);
        }
    }
    left_out.reverse();
    left_out
}

/// A single row, a line for each column that holds something.
fn one_below_the_other(row: &[Shown<'_>]) -> String {
    let filled = row.iter().filter(|column| !column.cells[0].is_empty());
    let width = row.iter().map(|column| column.name.chars().count()).max().unwrap_or_default();
    let lines: Vec<String> =
        filled.map(|column| format!(" {:<width$}  {}", column.name, column.cells[0])).collect();
    lines.join("\n")
}

/// A column as it is shown.
struct Shown<'a> {
    name: &'a str,
    is_number: bool,
    cells: Vec<String>,
}

impl<'a> Shown<'a> {
    /// The first rows of a column; none where the answer lacks it.
    fn of(
        batches: &[RecordBatch],
        name: &'a str,
        unit: Option<&str>,
        rows: usize,
    ) -> Result<Option<Self>, ArrowError> {
        let mut cells = Vec::new();
        let mut is_number = false;
        for batch in batches {
            let Some(column) = batch.column_by_name(name) else { return Ok(None) };
            is_number = column.data_type().is_numeric();
            for row in 0..batch.num_rows().min(rows - cells.len()) {
                cells.push(cell(column, row, unit)?);
            }
        }
        Ok(Some(Self { name, is_number, cells }))
    }

    /// Characters it takes, with a blank on each side.
    fn width(&self) -> usize {
        // Characters, not bytes: `æ` takes one place.
        let cells = self.cells.iter().map(|cell| cell.chars().count());
        cells.chain([self.name.chars().count()]).max().unwrap_or_default() + 2
    }

    /// Characters of its longest word, with a blank on each side.
    fn longest_word(&self) -> u16 {
        let words = self.cells.iter().flat_map(|cell| cell.split(' ')).chain([self.name]);
        let longest = words.map(|word| word.chars().count()).max().unwrap_or_default() + 2;
        u16::try_from(longest).unwrap_or(u16::MAX)
    }

    fn is_the_same_in_every_row(&self) -> bool {
        self.cells.len() > 1 && self.cells.iter().all(|cell| *cell == self.cells[0])
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};

    use super::*;
    use crate::number::SPACE;

    /// With plain spaces, as one types them.
    fn plain(text: &str) -> String {
        text.replace(SPACE, " ")
    }

    #[test]
    fn what_has_no_room_is_left_out_from_behind_and_named() {
        let column = |name, cell: &str| Shown { name, is_number: false, cells: vec![cell.to_owned()] };
        let row = || {
            vec![
                column("county_name", "Møre og Romsdal"),
                column("value", "54.6 %"),
                column("numerator", "1 234"),
                column("state", "ok"),
                column("marks", "imputed split"),
                column("coverage", "94.0 %"),
            ]
        };
        // By their longest words, each with two blanks: 13, 7, 11, 7, 9 and 10.
        for (room, left_out) in [
            (57, vec![]),
            (56, vec!["coverage"]),
            (47, vec!["coverage"]),
            (46, vec!["numerator", "coverage"]),
            (1, vec!["numerator", "coverage"]),
        ] {
            let mut shown = row();
            assert_eq!(leave_out(&mut shown, room), left_out, "{room}");
            assert_eq!(shown.len() + left_out.len(), 6);
        }
        let mut without_value = vec![column("reason", "unknown"), column("rejected", "7")];
        assert!(leave_out(&mut without_value, 1).is_empty());
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
        let drawn = plain(&table(&[batch], &columns, 9).unwrap());
        let lines: Vec<&str> = drawn.lines().map(str::trim_end).collect();
        assert_eq!(
            lines,
            [" name    persons   value", " Bergen  291 189  50.0 %", " Os               25.0 %"]
        );
    }

    #[test]
    fn without_room_what_is_the_same_in_every_row_is_above() {
        let long =
            "a mark that is the same in every row of the answer, and so long that nothing else has room";
        let columns: [(&str, ArrayRef); 4] = [
            ("day", Arc::new(StringArray::from(vec!["2026-10-01"; 2]))),
            ("name", Arc::new(StringArray::from(vec!["Bergen", "Os"]))),
            ("marks", Arc::new(StringArray::from(vec![long; 2]))),
            ("reason", Arc::new(StringArray::from(vec![None::<&str>; 2]))),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let columns = ["day", "name", "marks", "reason"].map(|name| (name, None));
        let drawn = table(std::slice::from_ref(&batch), &columns, 9).unwrap();
        let lines: Vec<&str> = drawn.lines().map(str::trim_end).collect();
        assert_eq!(
            lines,
            [&*format!("in every row: day 2026-10-01, marks {long}"), " name", " Bergen", " Os"]
        );
        // One row has nothing in common with another.
        let one = table(&[batch], &columns, 1).unwrap();
        let lines: Vec<&str> = one.lines().collect();
        assert_eq!(lines, [" day     2026-10-01", " name    Bergen", &*format!(" marks   {long}")]);
    }

    #[test]
    fn what_a_select_computed_has_six_digits() {
        let shown = |number| plain(&real(number, Some(AS_IS)));
        assert_eq!(shown(4591.333), "4591.33");
        assert_eq!(shown(2026.0), "2026");
        assert_eq!(shown(0.000_123_456_7), "0.000123457");
        assert_eq!(shown(-1_234_567.8), "-1234568");
        assert_eq!(shown(0.0), "0");
        assert_eq!(plain(&real(-0.0136, Some(POINTS))), "-1.4 pp");
    }
}
