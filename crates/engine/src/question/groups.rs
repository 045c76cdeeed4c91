//! Columns added up by group. Whole numbers are added exactly, and a sum that does not fit is an error.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Float64Array, Int64Array, StringArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type};
use utbredt_kpi::ColumnRollup;

use crate::error::EngineError;

/// A row of cells and the group it is added to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placed {
    pub(crate) row: usize,
    pub(crate) group: usize,
}

/// Combines the values of one column by group; rows without a value add nothing, a group without any has none. None is
/// given when a sum overflows.
pub(crate) fn combine(
    column: &ArrayRef,
    placed: &[Placed],
    groups: usize,
    rollup: ColumnRollup,
) -> Result<Option<ArrayRef>, EngineError> {
    if rollup == ColumnRollup::Median {
        return Ok(Some(Arc::new(medians(column, placed, groups)?)));
    }
    let made: ArrayRef = match column.data_type() {
        DataType::Float64 | DataType::Float32 => {
            let column = cast(column, &DataType::Float64)?;
            let column = column.as_primitive::<Float64Type>();
            let values =
                fold(column, placed, groups, |row| column.value(row), |a, b| Some(floats(rollup, a, b)));
            // Only whole numbers can overflow: here there always are values.
            Arc::new(Float64Array::from(values.unwrap_or_default()))
        }
        DataType::Date32 => {
            let column = column.as_primitive::<Date32Type>();
            let values =
                fold(column, placed, groups, |row| column.value(row), |a, b| Some(either(rollup, a, b)));
            Arc::new(Date32Array::from(values.unwrap_or_default()))
        }
        DataType::Boolean => {
            let column = column.as_boolean();
            let values =
                fold(column, placed, groups, |row| column.value(row), |a, b| Some(either(rollup, a, b)));
            Arc::new(BooleanArray::from(values.unwrap_or_default()))
        }
        DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => {
            let column = cast(column, &DataType::Utf8)?;
            let column = column.as_string::<i32>();
            let values =
                fold(column, placed, groups, |row| column.value(row), |a, b| Some(either(rollup, a, b)));
            Arc::new(StringArray::from(values.unwrap_or_default()))
        }
        _ => {
            let column = cast(column, &DataType::Int64)?;
            let column = column.as_primitive::<Int64Type>();
            match fold(column, placed, groups, |row| column.value(row), |a, b| whole(rollup, a, b)) {
                Some(values) => Arc::new(Int64Array::from(values)),
                None => return Ok(None),
            }
        }
    };
    Ok(Some(made))
}

/// The middle value of every group; of an even number the mean of the two in the middle.
fn medians(column: &ArrayRef, placed: &[Placed], groups: usize) -> Result<Float64Array, EngineError> {
    let column = cast(column, &DataType::Float64)?;
    let column = column.as_primitive::<Float64Type>();
    let mut values: Vec<Vec<f64>> = vec![Vec::new(); groups];
    for Placed { row, group } in placed.iter().filter(|placed| column.is_valid(placed.row)) {
        values[*group].push(column.value(*row));
    }
    for of_group in &mut values {
        // `total_cmp` orders every float, NaN included; `partial_cmp` would have to be unwrapped.
        of_group.sort_by(f64::total_cmp);
    }
    Ok(values.iter().map(|of_group| middle(of_group)).collect())
}

/// The middle of sorted numbers; none when there are none.
fn middle(sorted: &[f64]) -> Option<f64> {
    match (sorted.len() / 2, sorted.len() % 2) {
        // First, since the next arm subtracts one.
        (_, _) if sorted.is_empty() => None,
        (half, 0) => Some(f64::midpoint(sorted[half - 1], sorted[half])),
        (half, _) => Some(sorted[half]),
    }
}

/// Combines by group; none as soon as two values cannot be combined.
fn fold<T: Copy>(
    column: &dyn Array,
    placed: &[Placed],
    groups: usize,
    value: impl Fn(usize) -> T,
    join: impl Fn(T, T) -> Option<T>,
) -> Option<Vec<Option<T>>> {
    let mut out = vec![None; groups];
    for Placed { row, group } in placed.iter().copied().filter(|placed| column.is_valid(placed.row)) {
        let next = value(row);
        out[group] = match out[group] {
            None => Some(next),
            Some(before) => Some(join(before, next)?),
        };
    }
    Some(out)
}

fn whole(rollup: ColumnRollup, a: i64, b: i64) -> Option<i64> {
    // Checked: in a release build an overflow would wrap to a wrong number.
    if rollup == ColumnRollup::Sum { a.checked_add(b) } else { Some(either(rollup, a, b)) }
}

fn floats(rollup: ColumnRollup, a: f64, b: f64) -> f64 {
    match rollup {
        ColumnRollup::Sum => a + b,
        ColumnRollup::Min => a.min(b),
        ColumnRollup::Max | ColumnRollup::Any | ColumnRollup::Median => a.max(b),
    }
}

/// The smaller or the greater; of flags, `true` is greater, so that any one that is set sets the group's.
fn either<T: PartialOrd>(rollup: ColumnRollup, a: T, b: T) -> T {
    let smaller = if a <= b { Smaller::First } else { Smaller::Second };
    match (rollup, smaller) {
        (ColumnRollup::Min, Smaller::First) => a,
        (ColumnRollup::Min, Smaller::Second) => b,
        (_, Smaller::First) => b,
        (_, Smaller::Second) => a,
    }
}

enum Smaller {
    First,
    Second,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(groups: &[usize]) -> Vec<Placed> {
        groups.iter().enumerate().map(|(row, group)| Placed { row, group: *group }).collect()
    }

    fn whole_numbers(values: Vec<Option<i64>>, rollup: ColumnRollup) -> Option<Vec<Option<i64>>> {
        let column: ArrayRef = Arc::new(Int64Array::from(values));
        let made = combine(&column, &placed(&[0, 1, 0, 1]), 3, rollup).unwrap()?;
        Some(made.as_primitive::<Int64Type>().iter().collect())
    }

    #[test]
    fn absent_values_add_nothing_and_a_group_of_none_has_none() {
        let values = vec![Some(5), None, Some(7), Some(2)];
        assert_eq!(whole_numbers(values.clone(), ColumnRollup::Sum), Some(vec![Some(12), Some(2), None]));
        assert_eq!(whole_numbers(values.clone(), ColumnRollup::Min), Some(vec![Some(5), Some(2), None]));
        assert_eq!(whole_numbers(values, ColumnRollup::Max), Some(vec![Some(7), Some(2), None]));
    }

    #[test]
    fn a_sum_that_does_not_fit_is_none_and_never_wraps() {
        assert_eq!(whole_numbers(vec![Some(i64::MAX), None, Some(1), None], ColumnRollup::Sum), None);
    }

    #[test]
    fn a_median_is_the_middle_one_or_the_mean_of_two() {
        let column: ArrayRef =
            Arc::new(Int64Array::from(vec![Some(9), Some(4), None, Some(1), Some(2), Some(7)]));
        let made = combine(&column, &placed(&[0, 0, 0, 0, 1, 1]), 3, ColumnRollup::Median).unwrap().unwrap();
        let middle: Vec<Option<f64>> = made.as_primitive::<Float64Type>().iter().collect();
        assert_eq!(middle, [Some(4.0), Some(4.5), None]);
    }

    #[test]
    fn any_flag_that_is_set_sets_the_groups() {
        let column: ArrayRef = Arc::new(BooleanArray::from(vec![false, false, true, false]));
        let made = combine(&column, &placed(&[0, 1, 0, 1]), 2, ColumnRollup::Any).unwrap().unwrap();
        assert_eq!(made.as_boolean().iter().collect::<Vec<_>>(), [Some(true), Some(false)]);
    }
}
