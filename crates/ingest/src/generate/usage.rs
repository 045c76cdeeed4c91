//! A delivery of generated counts: as the text that is its evidence, and as the rows that are its facts.

use std::fmt::Write as _;
use std::iter::repeat_n;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Builder, Int64Builder, RecordBatch, StringArray, StringBuilder,
    new_null_array,
};
use arrow::datatypes::DataType;
use utbredt_model::Period;

use super::adoption::Solution;
use super::nation::{Nation, Row};
use super::plan::Part;
use crate::IngestError;
use crate::columns::table;

/// The text of a delivery and the number of its rows, in the form of `datasets/contracts/synthetic-usage.toml`.
pub(super) fn payload(nation: &Nation, periods: &[Period], part: &Part) -> (Vec<u8>, u64) {
    let names: Vec<String> = periods.iter().map(Period::to_string).collect();
    let mut text = String::from("municipality_code,period,solution_id,measure_id,value\n");
    let mut rows = 0;
    for solution in &nation.solutions {
        nation.rows(solution, part, &mut |row| {
            rows += 1;
            let (code, period, measure) = (row.code, &names[row.period], row.measure);
            let _ = write!(text, "{code},{period},{},{measure},", solution.id);
            // A blank cell is a month that was reported without a number.
            if let Some(value) = row.value {
                let _ = write!(text, "{value}");
            }
            text.push('\n');
        });
    }
    (text.into_bytes(), rows)
}

/// The rows of `usage` of a solution in a delivery: those that the pipeline reads from the text.
pub(super) fn facts(
    nation: &Nation,
    solution: &Solution,
    part: &Part,
    receipt: &str,
) -> Result<RecordBatch, IngestError> {
    let mut columns = Columns::default();
    nation.rows(solution, part, &mut |row| columns.add(nation, &row));
    columns.finish(&solution.id, receipt)
}

/// The columns that differ from row to row.
#[derive(Default)]
struct Columns {
    measures: StringBuilder,
    codes: StringBuilder,
    divisions: Date32Builder,
    starts: Date32Builder,
    ends: Date32Builder,
    values: Int64Builder,
    states: StringBuilder,
}

impl Columns {
    fn add(&mut self, nation: &Nation, row: &Row<'_>) {
        let period = &nation.periods[row.period];
        self.measures.append_value(row.measure);
        self.codes.append_value(row.code);
        self.divisions.append_value(row.division);
        self.starts.append_value(period.start);
        self.ends.append_value(period.end);
        self.values.append_option(row.value);
        self.states.append_value(if row.value.is_some() { "ok" } else { "missing" });
    }

    fn finish(mut self, solution: &str, receipt: &str) -> Result<RecordBatch, IngestError> {
        // Finished first, since its length is the number of rows.
        let values = self.values.finish();
        let rows = arrow::array::Array::len(&values);
        let columns: Vec<ArrayRef> = vec![
            repeated(solution, rows),
            Arc::new(self.measures.finish()),
            Arc::new(self.codes.finish()),
            Arc::new(self.divisions.finish()),
            new_null_array(&DataType::Utf8, rows),
            Arc::new(self.starts.finish()),
            Arc::new(self.ends.finish()),
            Arc::new(values),
            Arc::new(self.states.finish()),
            flag(false, rows),
            flag(false, rows),
            flag(true, rows),
            repeated(receipt, rows),
            flag(false, rows),
        ];
        Ok(RecordBatch::try_new(table("usage")?.schema(), columns)?)
    }
}

fn repeated(text: &str, rows: usize) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(repeat_n(text, rows)))
}

fn flag(value: bool, rows: usize) -> ArrayRef {
    Arc::new(BooleanArray::from(vec![value; rows]))
}
