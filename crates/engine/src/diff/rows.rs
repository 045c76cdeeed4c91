//! The rows of a diff as a record batch.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;

use utbredt_answer::diff::Cause;
use utbredt_kpi::By;

use super::split::{Cell, Cells, Key, Number, SNAPSHOTS, Split, causes, split};

/// One cell of both editions, and what led from one to the other.
#[derive(Debug)]
pub(crate) struct Row {
    key: Key,
    name: Option<String>,
    before: Option<Cell>,
    after: Option<Cell>,
    value: Option<Split<f64>>,
    numerator: Option<Split<Number>>,
    pub(crate) causes: Vec<Cause>,
}

impl Row {
    /// The causes as one text, blanks between them.
    fn cause_words(&self) -> String {
        self.causes.iter().map(|cause| cause.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Whether it is not as it was, or came back to it by steps that cancel out.
    pub(crate) fn changed(&self) -> bool {
        self.before != self.after
            || self.value.is_some_and(|split| moved(&split.parts))
            || self.numerator.is_some_and(|split| moved(&split.parts.map(Number::real)))
    }
}

/// Whether any step moved a number.
fn moved(parts: &[f64]) -> bool {
    parts.iter().any(|part| *part != 0.0)
}

/// Every cell that either edition has, in the order of period and key.
pub(crate) fn rows(snapshots: &[Arc<Cells>; SNAPSHOTS]) -> Vec<Row> {
    let [before, .., after] = snapshots;
    let keys: BTreeSet<&Key> = before.rows.keys().chain(after.rows.keys()).collect();
    let mut rows = Vec::with_capacity(keys.len());
    for key in keys {
        let cells: [Option<&Cell>; SNAPSHOTS] = std::array::from_fn(|at| snapshots[at].rows.get(key));
        let [first, .., last] = cells;
        rows.push(Row {
            key: key.clone(),
            // The newer name is the one readers know; an area that no longer exists has only its old one.
            name: after.names.get(key).or_else(|| before.names.get(key)).cloned(),
            before: first.cloned(),
            after: last.cloned(),
            value: split(cells.map(|cell| cell?.value)),
            numerator: split(cells.map(|cell| cell?.numerator)),
            causes: causes(cells),
        });
    }
    rows
}

/// The columns of an answer while they are put together.
struct Columns<'a> {
    rows: &'a [Row],
    columns: Vec<(Field, ArrayRef)>,
}

impl Columns<'_> {
    fn add(&mut self, name: &str, array: ArrayRef, nullable: bool) {
        self.columns.push((Field::new(name, array.data_type().clone(), nullable), array));
    }

    fn texts(&mut self, name: &str, of: impl Fn(&Row) -> Option<&str>) {
        self.add(name, Arc::new(self.rows.iter().map(of).collect::<StringArray>()), true);
    }

    fn reals(&mut self, name: &str, of: impl Fn(&Row) -> Option<f64>) {
        self.add(name, Arc::new(self.rows.iter().map(of).collect::<Float64Array>()), true);
    }

    /// Whole numbers where all are.
    fn numbers(&mut self, name: &str, kind: &DataType, of: impl Fn(&Row) -> Option<Number>) {
        let array: ArrayRef = if *kind == DataType::Int64 {
            Arc::new(self.rows.iter().map(|row| of(row)?.whole()).collect::<Int64Array>())
        } else {
            Arc::new(self.rows.iter().map(|row| of(row).map(Number::real)).collect::<Float64Array>())
        };
        self.add(name, array, true);
    }
}

/// The rows under the columns of a diff.
pub(crate) fn batch(
    by: By,
    rows: &[Row],
    snapshots: &[Arc<Cells>; SNAPSHOTS],
) -> Result<RecordBatch, ArrowError> {
    let mut table = Columns { rows, columns: Vec::new() };
    table.add(
        "period_start",
        Arc::new(rows.iter().map(|row| Some(row.key.0)).collect::<Date32Array>()),
        false,
    );
    if let Some((key, name)) = by.columns() {
        table.texts(key, |row| Some(&row.key.1));
        table.texts(name, |row| row.name.as_deref());
    }
    table.reals("value_before", |row| row.before.as_ref()?.value);
    table.reals("value_after", |row| row.after.as_ref()?.value);
    table.reals("change", |row| Some(row.value?.change));
    for cause in Cause::ALL {
        table.reals(cause.as_str(), |row| Some(part(&row.value?, cause)));
    }
    let numerators = kind_of(snapshots, "numerator");
    table.numbers("numerator_before", &numerators, |row| row.before.as_ref()?.numerator);
    table.numbers("numerator_after", &numerators, |row| row.after.as_ref()?.numerator);
    table.numbers("numerator_change", &numerators, |row| Some(row.numerator?.change));
    for cause in Cause::ALL {
        let name = format!("numerator_{}", cause.as_str());
        table.numbers(&name, &numerators, |row| Some(part(&row.numerator?, cause)));
    }
    let denominators = kind_of(snapshots, "denominator");
    table.numbers("denominator_before", &denominators, |row| row.before.as_ref()?.denominator);
    table.numbers("denominator_after", &denominators, |row| row.after.as_ref()?.denominator);
    table.texts("state_before", |row| row.before.as_ref().map(|cell| cell.state.as_str()));
    table.texts("state_after", |row| row.after.as_ref().map(|cell| cell.state.as_str()));
    let causes: StringArray = rows.iter().map(|row| Some(row.cause_words())).collect();
    table.add("causes", Arc::new(causes), false);
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = table.columns.into_iter().unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
}

/// The type of a column of numbers in all answers of a diff.
fn kind_of(snapshots: &[Arc<Cells>; SNAPSHOTS], name: &str) -> DataType {
    // One answer with fractions is enough: the difference to another is not whole either.
    let real = snapshots.iter().any(|cells| cells.real.contains(name));
    if real { DataType::Float64 } else { DataType::Int64 }
}

fn part<T: Copy + Default>(split: &Split<T>, cause: Cause) -> T {
    let at = Cause::STEPS.iter().position(|step| *step == cause);
    at.map_or_else(T::default, |at| split.parts[at])
}
