//! The numbers of every row: numerator, denominator, and the value made of them once, last.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch, StringArray, UInt32Array};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Float64Type};
use utbredt_kpi::{Kpi, RollupKind, Unit};
use utbredt_model::CellState;

use super::interval::wilson;
use super::table::{Table, column};
use crate::error::EngineError;
use crate::expressions::Expressions;

/// Numerator, denominator, value, state and its reasons of every row.
#[derive(Debug)]
pub(crate) struct Numbers {
    pub(crate) value: ArrayRef,
    pub(crate) numerator: ArrayRef,
    pub(crate) denominator: ArrayRef,
    pub(crate) state: ArrayRef,
    /// NULL where the state needs no reason.
    pub(crate) reason: ArrayRef,
}

impl Numbers {
    /// From rolled-up rows.
    pub(crate) fn of(
        kpi: &Kpi,
        rolled: &RecordBatch,
        expressions: &Expressions,
    ) -> Result<Self, EngineError> {
        let (state, reason) = split(column(rolled, "state")?)?;
        let mut own = Self {
            value: Arc::new(Float64Array::new_null(rolled.num_rows())),
            numerator: divided(column(rolled, "numerator")?, kpi.rollup.divide_by)?,
            denominator: divided(column(rolled, "denominator")?, kpi.rollup.divide_denominator_by)?,
            state,
            reason,
        };
        if kpi.rollup.kind == RollupKind::Area {
            own.value = cast(column(rolled, "value")?, &DataType::Float64)?;
            // A KPI that makes its areas' rows itself has made their values too: nothing is left to divide.
            return Ok(own);
        }
        if let Some(condition) = &kpi.rollup.ok_when {
            let holds = expressions.evaluate(kpi, condition, &own.beside(rolled)?)?;
            own.keep_where(&holds)?;
        }
        own.value = match &kpi.rollup.value {
            Some(text) => cast(&expressions.evaluate(kpi, text, &own.beside(rolled)?)?, &DataType::Float64)?,
            None => quotient(kpi, &own.numerator, &own.denominator)?,
        };
        Ok(own)
    }

    /// A row that is `ok` and does not meet the condition has no number: the question does not arise.
    fn keep_where(&mut self, holds: &ArrayRef) -> Result<(), EngineError> {
        let holds = holds.as_boolean();
        let keeps = |row: usize| holds.is_valid(row) && holds.value(row);
        // An index that is null takes a null: numerator and denominator vanish together.
        let kept: UInt32Array =
            (0..holds.len()).map(|row| u32::try_from(row).ok().filter(|_| keeps(row))).collect();
        let states = self.state.as_string::<i32>();
        let state: StringArray = (0..states.len())
            .map(|row| match states.value(row) {
                "ok" if !keeps(row) => Some(CellState::NotApplicable.as_str()),
                state => Some(state),
            })
            .collect();
        let reasons = self.reason.as_string::<i32>();
        let reason: StringArray = (0..states.len())
            .map(|row| match states.value(row) {
                "ok" if !keeps(row) => Some(NO_DENOMINATOR),
                _ => reasons.is_valid(row).then(|| reasons.value(row)),
            })
            .collect();
        self.state = Arc::new(state);
        self.reason = Arc::new(reason);
        self.numerator = take(&self.numerator, &kept, None)?;
        self.denominator = take(&self.denominator, &kept, None)?;
        Ok(())
    }

    /// The rolled-up row as expressions see it.
    pub(crate) fn beside(&self, rolled: &RecordBatch) -> Result<RecordBatch, EngineError> {
        let mut table = Table::default();
        for (name, array) in
            [("numerator", &self.numerator), ("denominator", &self.denominator), ("state", &self.state)]
        {
            table.add(name, Arc::clone(array));
        }
        for (field, array) in rolled.schema().fields().iter().zip(rolled.columns()) {
            // These three may have been divided or emptied above; the rolled-up ones would hide that.
            if !matches!(field.name().as_str(), "numerator" | "denominator" | "state") {
                table.add(field.name(), Arc::clone(array));
            }
        }
        table.batch()
    }
}

/// Why a row that `ok_when` leaves out has no number.
const NO_DENOMINATOR: &str = "no_denominator";

/// States as cells carry them, cut into the state and its reasons.
fn split(states: &ArrayRef) -> Result<(ArrayRef, ArrayRef), EngineError> {
    let states = cast(states, &DataType::Utf8)?;
    let parts = states.as_string::<i32>().iter().map(|text| {
        let (state, reasons) = text?.split_once('/').unwrap_or((text?, ""));
        Some((state, (!reasons.is_empty()).then_some(reasons)))
    });
    let parts: Vec<Option<(&str, Option<&str>)>> = parts.collect();
    let state: StringArray = parts.iter().map(|part| part.map(|(state, _)| state)).collect();
    let reason: StringArray = parts.iter().map(|part| part.and_then(|(_, reason)| reason)).collect();
    Ok((Arc::new(state), Arc::new(reason)))
}

/// The value of a row: its numerator, or a ratio of the unit's scale.
fn quotient(kpi: &Kpi, numerator: &ArrayRef, denominator: &ArrayRef) -> Result<ArrayRef, EngineError> {
    let scale = match (kpi.rollup.kind, &kpi.unit) {
        (RollupKind::Ratio, _) => Some(kpi.rollup.scale),
        // A single municipality's rate: its unit tells what it is a rate of.
        (RollupKind::None, Unit::Per1000) => Some(1000),
        (RollupKind::None, Unit::Share) => Some(1),
        _ => None,
    };
    let numerator = cast(numerator, &DataType::Float64)?;
    let Some(scale) = scale else { return Ok(numerator) };
    let denominator = cast(denominator, &DataType::Float64)?;
    let (over, under) = (numerator.as_primitive::<Float64Type>(), denominator.as_primitive::<Float64Type>());
    #[expect(clippy::cast_precision_loss, reason = "a scale is a small whole number")]
    let scale = scale as f64;
    let values: Float64Array = over
        .iter()
        .zip(under.iter())
        // A division by zero would be infinite, which no format can write.
        .map(|(over, under)| Some(scale * over? / under.filter(|n| *n != 0.0)?))
        .collect();
    Ok(Arc::new(values))
}

/// Øre to kroner, seconds to hours: divided once, at the very edge.
pub(crate) fn divided(column: &ArrayRef, by: i64) -> Result<ArrayRef, EngineError> {
    if by == 1 {
        return Ok(Arc::clone(column));
    }
    let column = cast(column, &DataType::Float64)?;
    #[expect(clippy::cast_precision_loss, reason = "a divisor is a small whole number")]
    let divisor = by as f64;
    let quotients: Float64Array =
        column.as_primitive::<Float64Type>().iter().map(|number| Some(number? / divisor)).collect();
    Ok(Arc::new(quotients))
}

/// The ends of the interval of every share that was reported.
pub(crate) fn intervals(numbers: &Numbers) -> Result<(Float64Array, Float64Array), EngineError> {
    let over = cast(&numbers.numerator, &DataType::Float64)?;
    let under = cast(&numbers.denominator, &DataType::Float64)?;
    let states = numbers.state.as_string::<i32>();
    let pairs = over.as_primitive::<Float64Type>().iter().zip(under.as_primitive::<Float64Type>().iter());
    let ends: Vec<Option<(f64, f64)>> = pairs
        .enumerate()
        .map(|(row, (over, under))| wilson(over?, under?).filter(|_| states.value(row) == "ok"))
        .collect();
    Ok((
        ends.iter().map(|ends| ends.map(|(low, _)| low)).collect(),
        ends.iter().map(|ends| ends.map(|(_, high)| high)).collect(),
    ))
}
