//! A cell on its way from one edition to the other, and the parts of its change.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Sub;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, Schema};
use arrow::error::ArrowError;

use super::cause::Cause;
use crate::request::By;

/// The answer before the first step and after each.
pub(crate) const STATIONS: usize = Cause::STEPS.len() + 1;

/// A number that is exact where the KPI's is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    Whole(i64),
    Real(f64),
}

impl Number {
    #[expect(clippy::cast_precision_loss, reason = "only where another number is not exact either")]
    pub(crate) const fn real(self) -> f64 {
        match self {
            Self::Whole(number) => number as f64,
            Self::Real(number) => number,
        }
    }
}

impl Default for Number {
    fn default() -> Self {
        Self::Whole(0)
    }
}

impl Sub for Number {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => Self::Whole(a.saturating_sub(b)),
            (a, b) => Self::Real(a.real() - b.real()),
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
    pub(crate) fn read(by: By, schema: &Schema, batches: &[RecordBatch]) -> Result<Self, ArrowError> {
        let mut cells = Self::default();
        for name in ["numerator", "denominator"] {
            if schema.field_with_name(name)?.data_type() != &DataType::Int64 {
                cells.real.insert(name);
            }
        }
        for batch in batches {
            let column = |name: &str| {
                let found = batch.column_by_name(name);
                found.ok_or_else(|| ArrowError::SchemaError(format!("the answer has no column {name}")))
            };
            let numbers = |name: &str| {
                let column = column(name)?;
                let whole = column.data_type() == &DataType::Int64;
                let real = cast(column, &DataType::Float64)?;
                let number = |row| {
                    if whole {
                        Number::Whole(column.as_primitive::<Int64Type>().value(row))
                    } else {
                        Number::Real(real.as_primitive::<Float64Type>().value(row))
                    }
                };
                let all = (0..batch.num_rows()).map(|row| column.is_valid(row).then(|| number(row)));
                Ok::<Vec<Option<Number>>, ArrowError>(all.collect())
            };
            let texts = |name: &str| cast(column(name)?, &DataType::Utf8);
            let starts = cast(column("period_start")?, &DataType::Date32)?;
            let states = texts("state")?;
            let marks = texts("marks")?;
            let mut words = marks.as_string::<i32>().iter().flatten().flat_map(|marks| marks.split(' '));
            cells.synthetic |= words.any(|mark| mark == "synthetic");
            let keys = by.columns().map(|(key, name)| Ok::<_, ArrowError>((texts(key)?, texts(name)?)));
            let keys = keys.transpose()?;
            let (values, numerators, denominators) =
                (numbers("value")?, numbers("numerator")?, numbers("denominator")?);
            for row in 0..batch.num_rows() {
                let start = starts.as_primitive::<Date32Type>().value(row);
                let text = |array: &dyn Array| array.as_string::<i32>().value(row).to_owned();
                let key = (start, keys.as_ref().map(|(key, _)| text(key)).unwrap_or_default());
                if let Some((_, names)) = &keys {
                    cells.names.insert(key.clone(), text(names));
                }
                let cell = Cell {
                    value: values[row].map(Number::real),
                    numerator: numerators[row],
                    denominator: denominators[row],
                    state: text(&states),
                };
                cells.rows.insert(key, cell);
            }
        }
        Ok(cells)
    }
}

/// A change and its parts, in the order of the steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Split<T> {
    pub(crate) change: T,
    pub(crate) parts: [T; Cause::STEPS.len()],
}

/// The parts of a change: what each step moved the number. A station without a number says nothing: the next one that
/// has it takes the whole way from the last. No change in numbers where there is none at either end.
pub(crate) fn split<T>(stations: [Option<T>; STATIONS]) -> Option<Split<T>>
where
    T: Copy + Default + Sub<Output = T>,
{
    let (mut last, end) = (stations[0]?, stations[STATIONS - 1]?);
    let change = end - last;
    let mut parts = [T::default(); Cause::STEPS.len()];
    for (part, station) in parts.iter_mut().zip(&stations[1..]) {
        if let Some(number) = station {
            *part = *number - last;
            last = *number;
        }
    }
    Some(Split { change, parts })
}

/// The steps at which something about the cell is not as it was before the step.
pub(crate) fn causes(stations: [Option<&Cell>; STATIONS]) -> Vec<Cause> {
    let moved = stations.windows(2).map(|pair| pair[0] != pair[1]);
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
    fn whole_numbers_stay_whole_beyond_what_a_float_can_tell_apart() {
        let large = 1 << 60;
        assert_eq!(Number::Whole(large + 1) - Number::Whole(large), Number::Whole(1));
        assert_eq!(Number::Whole(3) - Number::Real(0.5), Number::Real(2.5));
    }

    #[test]
    fn the_step_that_took_a_value_away_is_a_cause() {
        let cell =
            |value, state: &str| Cell { value, numerator: None, denominator: None, state: state.into() };
        let (ok, missing) = (cell(Some(1.0), "ok"), cell(None, "missing"));
        let way = [Some(&ok), Some(&ok), Some(&ok), Some(&ok), Some(&missing), None];
        assert_eq!(causes(way), [Cause::RevisedData, Cause::NewData]);
    }
}
