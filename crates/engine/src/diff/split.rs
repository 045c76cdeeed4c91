//! A cell on its way from one edition to the other, and the parts of its change.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Sub;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type};
use arrow::error::ArrowError;

use utbredt_answer::diff::Cause;
use utbredt_kpi::By;

/// The answer before the first step and after each.
pub(crate) const SNAPSHOTS: usize = Cause::STEPS.len() + 1;

/// A number that is exact where the KPI's is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    Int(i64),
    Float(f64),
}

impl Number {
    #[expect(clippy::cast_precision_loss, reason = "only where another number is not exact either")]
    pub(crate) const fn real(self) -> f64 {
        match self {
            Self::Int(number) => number as f64,
            Self::Float(number) => number,
        }
    }

    /// The number where it is whole.
    pub(crate) const fn whole(self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(number),
            Self::Float(_) => None,
        }
    }
}

impl Default for Number {
    fn default() -> Self {
        Self::Int(0)
    }
}

impl Sub for Number {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        match (self, other) {
            // Saturating: a difference beyond 64 bits is shown as the largest there is, not wrapped.
            (Self::Int(a), Self::Int(b)) => Self::Int(a.saturating_sub(b)),
            (a, b) => Self::Float(a.real() - b.real()),
        }
    }
}

/// One row of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cell {
    pub(crate) value: Option<f64>,
    pub(crate) numerator: Option<Number>,
    pub(crate) denominator: Option<Number>,
    pub(crate) state: String,
}

/// The period and the key of a row.
pub(crate) type Key = (i32, String);

/// The rows of one answer by key, and the names of keys.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    pub(crate) rows: BTreeMap<Key, Cell>,
    pub(crate) names: BTreeMap<Key, String>,
    /// The columns whose numbers are not whole.
    pub(crate) real: BTreeSet<&'static str>,
    /// Whether any row rests on what was invented for demonstration.
    pub(crate) synthetic: bool,
}

impl Cells {
    /// Reads the rows of an answer.
    pub(crate) fn read(by: By, rows: &RecordBatch) -> Result<Self, ArrowError> {
        let mut cells = Self::default();
        let numerators = Numbers::of(rows, "numerator")?;
        let denominators = Numbers::of(rows, "denominator")?;
        for (name, numbers) in [("numerator", &numerators), ("denominator", &denominators)] {
            if !numbers.whole {
                cells.real.insert(name);
            }
        }
        let values = Numbers::of(rows, "value")?;
        let starts = cast(column(rows, "period_start")?, &DataType::Date32)?;
        let states = texts(rows, "state")?;
        let marks = texts(rows, "marks")?;
        let mut names = marks.iter().flatten().flat_map(|marks| marks.split(' '));
        cells.synthetic = names.any(|mark| mark == "synthetic");
        let keys =
            by.columns().map(|(key, name)| Ok::<_, ArrowError>((texts(rows, key)?, texts(rows, name)?)));
        let keys = keys.transpose()?;
        for row in 0..rows.num_rows() {
            // The nation has no key column: all its rows have the empty key.
            let area = keys.as_ref().map(|(key, _)| key.value(row)).unwrap_or_default();
            let key = (starts.as_primitive::<Date32Type>().value(row), area.to_owned());
            if let Some((_, names)) = &keys {
                cells.names.insert(key.clone(), names.value(row).to_owned());
            }
            let cell = Cell {
                value: values.get(row).map(Number::real),
                numerator: numerators.get(row),
                denominator: denominators.get(row),
                state: states.value(row).to_owned(),
            };
            cells.rows.insert(key, cell);
        }
        Ok(cells)
    }
}

fn column<'a>(rows: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, ArrowError> {
    let missing = || ArrowError::SchemaError(format!("the answer has no column {name}"));
    rows.column_by_name(name).ok_or_else(missing)
}

fn texts(rows: &RecordBatch, name: &str) -> Result<StringArray, ArrowError> {
    Ok(cast(column(rows, name)?, &DataType::Utf8)?.as_string::<i32>().clone())
}

/// A column of numbers, exact where it is whole.
struct Numbers {
    whole: bool,
    exact: Int64Array,
    real: Float64Array,
}

impl Numbers {
    fn of(rows: &RecordBatch, name: &str) -> Result<Self, ArrowError> {
        let column = column(rows, name)?;
        let whole = column.data_type() == &DataType::Int64;
        let exact = if whole {
            column.as_primitive::<Int64Type>().clone()
        } else {
            Int64Array::new_null(rows.num_rows())
        };
        // Beside the exact numbers: the column may have fractions in the other edition.
        let real = cast(column, &DataType::Float64)?.as_primitive::<Float64Type>().clone();
        Ok(Self { whole, exact, real })
    }

    fn get(&self, row: usize) -> Option<Number> {
        if self.real.is_null(row) {
            return None;
        }
        Some(if self.whole {
            Number::Int(self.exact.value(row))
        } else {
            Number::Float(self.real.value(row))
        })
    }
}

/// A change and its parts, in the order of the steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Split<T> {
    pub(crate) change: T,
    pub(crate) parts: [T; Cause::STEPS.len()],
}

/// The parts of a change: what each step moved the number. A snapshot without a number is passed over: the next one that
/// has it takes the whole way from the last. No change in numbers where there is none at either end.
pub(crate) fn split<T>(snapshots: [Option<T>; SNAPSHOTS]) -> Option<Split<T>>
where
    T: Copy + Default + Sub<Output = T>,
{
    let (mut last, end) = (snapshots[0]?, snapshots[SNAPSHOTS - 1]?);
    let change = end - last;
    let mut parts = [T::default(); Cause::STEPS.len()];
    for (part, snapshot) in parts.iter_mut().zip(&snapshots[1..]) {
        if let Some(number) = snapshot {
            *part = *number - last;
            last = *number;
        }
    }
    Some(Split { change, parts })
}

/// The steps at which something about the cell is not as it was before the step.
pub(crate) fn causes(snapshots: [Option<&Cell>; SNAPSHOTS]) -> Vec<Cause> {
    let moved = snapshots.windows(2).map(|pair| pair[0] != pair[1]);
    Cause::STEPS.into_iter().zip(moved).filter(|(_, moved)| *moved).map(|(cause, _)| cause).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_what_each_step_moved() {
        let found = split([Some(10), Some(10), Some(4), Some(4), Some(9), Some(20)]).expect("numbers");
        assert_eq!(found, Split { change: 10, parts: [0, -6, 0, 5, 11] });
    }

    #[test]
    fn a_step_without_a_number_leaves_its_part_to_the_next_with_one() {
        let found = split([Some(10), None, None, Some(12), None, Some(9)]).expect("numbers");
        assert_eq!(found, Split { change: -1, parts: [0, 0, 2, 0, -3] });
    }

    #[test]
    fn without_a_number_at_one_end_there_is_no_change_in_numbers() {
        assert_eq!(split([None, Some(3), Some(4), Some(4), Some(4), Some(4)]), None);
        assert_eq!(split([Some(3), Some(3), Some(4), Some(4), Some(4), None]), None);
    }

    #[test]
    fn whole_numbers_stay_whole_beyond_the_precision_of_a_float() {
        let large = 1 << 60;
        assert_eq!(Number::Int(large + 1) - Number::Int(large), Number::Int(1));
        assert_eq!(Number::Int(3) - Number::Float(0.5), Number::Float(2.5));
    }

    #[test]
    fn the_step_that_took_a_value_away_is_a_cause() {
        let cell =
            |value, state: &str| Cell { value, numerator: None, denominator: None, state: state.into() };
        let (ok, missing) = (cell(Some(1.0), "ok"), cell(None, "missing"));
        let states = [Some(&ok), Some(&ok), Some(&ok), Some(&ok), Some(&missing), None];
        assert_eq!(causes(states), [Cause::RevisedData, Cause::NewData]);
    }
}
