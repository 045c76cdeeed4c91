//! The rules, computed row by row over constants and columns.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Date32Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Date32Type, Int64Type, TimestampMicrosecondType};
use chrono::{DateTime, NaiveDate};
use datafusion::common::{DataFusionError, Result, ScalarValue, exec_err};
use datafusion::logical_expr::ColumnarValue;
use utbredt_model::territory::split_by_weight;
use utbredt_model::{AreaCounts, CellState, Marks, ReasonedState, oslo, over_days};

/// An argument read row by row: a constant, or a column.
enum Argument<'a> {
    Constant(&'a ScalarValue),
    Numbers(&'a Int64Array),
    Texts(&'a StringArray),
    Flags(&'a BooleanArray),
    Days(&'a Date32Array),
}

impl<'a> Argument<'a> {
    fn of(value: &'a ColumnarValue) -> Result<Self> {
        match value {
            ColumnarValue::Scalar(scalar) => Ok(Self::Constant(scalar)),
            ColumnarValue::Array(array) => match array.data_type() {
                DataType::Int64 => Ok(Self::Numbers(array.as_primitive::<Int64Type>())),
                DataType::Utf8 => Ok(Self::Texts(array.as_string())),
                DataType::Boolean => Ok(Self::Flags(array.as_boolean())),
                DataType::Date32 => Ok(Self::Days(array.as_primitive::<Date32Type>())),
                other => exec_err!("an argument has the type {other}, which no function here takes"),
            },
        }
    }

    fn all(values: &'a [ColumnarValue]) -> Result<Vec<Self>> {
        values.iter().map(Self::of).collect()
    }

    const fn is_flag(&self) -> bool {
        matches!(self, Self::Flags(_) | Self::Constant(ScalarValue::Boolean(_)))
    }

    fn number(&self, row: usize) -> Option<i64> {
        match self {
            Self::Constant(ScalarValue::Int64(number)) => *number,
            Self::Numbers(numbers) if numbers.is_valid(row) => Some(numbers.value(row)),
            _ => None,
        }
    }

    fn day(&self, row: usize) -> Option<NaiveDate> {
        match self {
            Self::Constant(ScalarValue::Date32(Some(days))) => Date32Type::to_naive_date_opt(*days),
            Self::Days(days) => days.is_valid(row).then(|| days.value_as_date(row)).flatten(),
            _ => None,
        }
    }

    fn text(&self, row: usize) -> Option<&'a str> {
        match self {
            Self::Constant(ScalarValue::Utf8(text)) => text.as_deref(),
            Self::Texts(texts) if texts.is_valid(row) => Some(texts.value(row)),
            _ => None,
        }
    }

    /// A flag that is absent does not hold.
    fn holds(&self, row: usize) -> bool {
        match self {
            Self::Constant(ScalarValue::Boolean(flag)) => flag.unwrap_or(false),
            Self::Flags(flags) => flags.is_valid(row) && flags.value(row),
            _ => false,
        }
    }
}

pub(super) fn state_named(text: &str) -> Result<ReasonedState<'_>> {
    ReasonedState::parse(text).ok_or_else(|| {
        let known = CellState::ALL.map(CellState::as_str).join(", ");
        DataFusionError::Execution(format!(
            "`{text}` is no state of a cell; write one of {known}, and its reason after a slash"
        ))
    })
}

pub(super) fn mark_named(text: &str) -> Result<Marks> {
    Marks::named(text).ok_or_else(|| {
        let known = Marks::all().map(|(_, name)| name).join(", ");
        DataFusionError::Execution(format!("`{text}` is no mark; the marks are {known}"))
    })
}

fn states<'s>(rows: usize, of: impl Fn(usize) -> Result<ReasonedState<'s>>) -> Result<ArrayRef> {
    let states = (0..rows).map(|row| of(row).map(|state| Some(state.to_string())));
    Ok(Arc::new(states.collect::<Result<StringArray>>()?))
}

/// The state of an input that does not exist.
const ABSENT: ReasonedState<'static> =
    ReasonedState { state: CellState::NotApplicable, reasons: Cow::Borrowed("no_measure") };

pub(super) fn cell_states(values: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let inputs = Argument::all(values)?;
    states(rows, |row| {
        let mut found = Vec::with_capacity(inputs.len());
        for input in &inputs {
            found.push(match input.text(row) {
                Some(text) => state_named(text)?,
                // First, since a state that is absent would look like a flag that does not hold.
                None if !input.is_flag() => ABSENT,
                None if input.holds(row) => CellState::Ok.into(),
                None => CellState::NotValid.into(),
            });
        }
        Ok(ReasonedState::of_inputs(&found))
    })
}

pub(super) fn state_if(values: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let arguments = Argument::all(values)?;
    states(rows, |row| match arguments[1].text(row) {
        Some(state) if arguments[0].holds(row) => state_named(state),
        _ => Ok(CellState::Ok.into()),
    })
}

const NO_DENOMINATOR: ReasonedState<'static> =
    ReasonedState { state: CellState::NotApplicable, reasons: Cow::Borrowed("no_denominator") };

pub(super) fn denominator_states(values: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let denominator = Argument::of(&values[0])?;
    states(rows, |row| {
        // A denominator that nobody knows is no number that was not delivered: nothing comes if one waits.
        Ok(match denominator.number(row) {
            None | Some(0) => NO_DENOMINATOR,
            Some(_) => CellState::Ok.into(),
        })
    })
}

pub(super) fn is_expected(values: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let state = Argument::of(&values[0])?;
    let expected = (0..rows).map(|row| {
        let known = state.text(row).map(state_named).transpose()?;
        // A cell without a state is not expected: no report is demanded for it.
        Ok(Some(known.is_some_and(|known| known.state.expected())))
    });
    Ok(Arc::new(expected.collect::<Result<BooleanArray>>()?))
}

pub(super) fn area_states(values: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let arguments = Argument::all(values)?;
    states(rows, |row| {
        let [reported, expected, suppressed, not_valid] =
            [0, 1, 2, 3].map(|at| arguments[at].number(row).unwrap_or(0));
        let state = AreaCounts { reported, expected, suppressed, not_valid }.state();
        let cells = arguments[4].text(row).unwrap_or_default().split(',').filter(|text| !text.is_empty());
        let cells = cells.map(state_named).collect::<Result<Vec<_>>>()?;
        Ok(ReasonedState::with_reasons(state, &cells))
    })
}

pub(super) fn area_marks(values: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let counts = Argument::all(values)?;
    let marks = (0..rows).map(|row| {
        let [marks, reported, expected, not_valid] =
            [0, 1, 2, 3].map(|at| counts[at].number(row).unwrap_or(0));
        // Suppressed cells do not change the marks of an area, so the function does not take their number.
        Marks(marks).of_area(AreaCounts { reported, expected, suppressed: 0, not_valid }).0
    });
    Ok(Arc::new(Int64Array::from_iter_values(marks)))
}

pub(super) fn marks(values: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let arguments = Argument::all(values)?;
    let bits = (0..rows).map(|row| {
        let holds = arguments.get(1).is_none_or(|condition| condition.holds(row));
        let named = arguments[0].text(row).map(mark_named).transpose()?;
        Ok(named.filter(|_| holds).map_or(Some(0), |mark| Some(mark.0)))
    });
    Ok(Arc::new(bits.collect::<Result<Int64Array>>()?))
}

pub(super) fn has_marks(values: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let arguments = Argument::all(values)?;
    let found = (0..rows).map(|row| {
        let mut sought = Marks::default();
        for name in arguments[1..].iter().filter_map(|name| name.text(row)) {
            sought = sought.with(mark_named(name)?);
        }
        Ok(Some(Marks(arguments[0].number(row).unwrap_or(0)).has_any(sought)))
    });
    Ok(Arc::new(found.collect::<Result<BooleanArray>>()?))
}

pub(super) fn splits(values: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let arguments = Argument::all(values)?;
    let [value, from, to, total] = arguments.as_slice() else {
        return exec_err!("split_by_weight takes 4 arguments");
    };
    let parts = (0..rows).map(|row| {
        Some(split_by_weight(value.number(row)?, from.number(row)?, to.number(row)?, total.number(row)?))
    });
    Ok(Arc::new(parts.collect::<Int64Array>()))
}

pub(super) fn oslo_days(values: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let moments = values[0].to_array(rows)?;
    let moments = moments.as_primitive::<TimestampMicrosecondType>().iter();
    let days = moments.map(|moment| moment.and_then(DateTime::from_timestamp_micros).map(oslo::day));
    let days = days.map(|day| day.map(Date32Type::from_naive_date));
    Ok(Arc::new(days.collect::<Date32Array>()))
}

pub(super) fn amounts_over_days(values: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let arguments = Argument::all(values)?;
    let [a_year, start, end] = arguments.as_slice() else {
        return exec_err!("over_days takes 3 arguments");
    };
    let amounts = (0..rows).map(|row| Some(over_days(a_year.number(row)?, start.day(row)?, end.day(row)?)));
    Ok(Arc::new(amounts.collect::<Int64Array>()))
}
