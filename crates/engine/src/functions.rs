//! The rules of `utbredt_model` as SQL functions, so that a query file states which inputs a cell has and never copies
//! what follows from them. `queries/README.md` documents them; a test here compares its tables with the model.

mod arithmetic;
mod compute;
mod sum;

use std::sync::{Arc, LazyLock};

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::prelude::SessionContext;

use self::compute::{
    amounts_over_days, area_marks, area_states, cell_states, denominator_states, has_marks, is_expected,
    mark_named, marks, oslo_days, splits, state_if, state_named,
};

/// Every function, made once: a session gets a reference.
static FUNCTIONS: LazyLock<Vec<ScalarUDF>> = LazyLock::new(|| {
    Rule::ALL.into_iter().map(|rule| ScalarUDF::new_from_impl(Function::of(rule))).collect()
});

/// Makes the functions known to a session.
pub(crate) fn register(context: &SessionContext) {
    for function in FUNCTIONS.iter() {
        context.register_udf(function.clone());
    }
    context.register_udaf(sum::SUM.clone());
    // Cannot fail: a session takes every planner it is given.
    _ = context.state_ref().write().register_expr_planner(Arc::new(arithmetic::CheckedPlanner));
}

/// The rules there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Rule {
    /// `cell_state(comparable | state, …)`: the state of a cell made of these inputs.
    CellState,
    /// `state_if(condition, state)`: that state when the condition holds, else `ok`.
    StateIf,
    /// `denominator_state(number)`: `not_applicable/no_denominator` when absent or 0, else `ok`.
    DenominatorState,
    /// `is_expected(state)`: whether an area should have had a number of a cell in this state.
    IsExpected,
    /// `area_state(reported, expected, suppressed, not_valid, states)`: the state of an area of so many cells, with the
    /// reasons of those that decide it; `states` are the cells' states, each once, commas between them.
    AreaState,
    /// `area_marks(marks, reported, expected, not_valid)`: the marks of an area, `partial` added where it is.
    AreaMarks,
    /// `mark(name [, condition])`: the mark's bit; 0 where the condition does not hold.
    Mark,
    /// `has_mark(marks, name, …)`: whether any of the named marks is set.
    HasMark,
    /// `split_by_weight(value, weight_from, weight_to, weight_total)`: what a part carries of the whole.
    SplitByWeight,
    /// `oslo_day(moment)`: the calendar day in Oslo, which is what every day of a period is.
    OsloDay,
    /// `over_days(a_year, start, end)`: what of a yearly amount falls on the days from `start` up to, not including, `end`.
    OverDays,
}

impl Rule {
    const ALL: [Self; 11] = [
        Self::CellState,
        Self::StateIf,
        Self::DenominatorState,
        Self::IsExpected,
        Self::AreaState,
        Self::AreaMarks,
        Self::Mark,
        Self::HasMark,
        Self::SplitByWeight,
        Self::OsloDay,
        Self::OverDays,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::CellState => "cell_state",
            Self::StateIf => "state_if",
            Self::DenominatorState => "denominator_state",
            Self::IsExpected => "is_expected",
            Self::AreaState => "area_state",
            Self::AreaMarks => "area_marks",
            Self::Mark => "mark",
            Self::HasMark => "has_mark",
            Self::SplitByWeight => "split_by_weight",
            Self::OsloDay => "oslo_day",
            Self::OverDays => "over_days",
        }
    }

    const fn returns(self) -> DataType {
        match self {
            Self::CellState | Self::StateIf | Self::DenominatorState | Self::AreaState => DataType::Utf8,
            Self::IsExpected | Self::HasMark => DataType::Boolean,
            Self::AreaMarks | Self::Mark | Self::SplitByWeight | Self::OverDays => DataType::Int64,
            Self::OsloDay => DataType::Date32,
        }
    }

    /// The types the arguments must have, or `None` when there are too few or too many of them.
    fn takes(self, given: &[DataType]) -> Option<Vec<DataType>> {
        let (number, text) = (DataType::Int64, DataType::Utf8);
        let types = match self {
            Self::CellState => given.iter().map(flag_or_state).collect(),
            Self::StateIf => vec![DataType::Boolean, text],
            Self::DenominatorState => vec![number],
            Self::OsloDay => vec![DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))],
            Self::IsExpected => vec![text],
            Self::AreaState => vec![number.clone(), number.clone(), number.clone(), number, text],
            Self::AreaMarks | Self::SplitByWeight => vec![number; 4],
            Self::OverDays => vec![number, DataType::Date32, DataType::Date32],
            Self::Mark if given.len() == 1 => vec![text],
            Self::Mark => vec![text, DataType::Boolean],
            Self::HasMark if given.len() < 2 => return None,
            Self::HasMark => {
                std::iter::once(number).chain(std::iter::repeat_n(text, given.len() - 1)).collect()
            }
        };
        (types.len() == given.len() && !given.is_empty()).then_some(types)
    }

    fn compute(self, values: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
        match self {
            Self::CellState => cell_states(values, rows),
            Self::StateIf => state_if(values, rows),
            Self::DenominatorState => denominator_states(values, rows),
            Self::IsExpected => is_expected(values, rows),
            Self::AreaState => area_states(values, rows),
            Self::AreaMarks => area_marks(values, rows),
            Self::Mark => marks(values, rows),
            Self::HasMark => has_marks(values, rows),
            Self::SplitByWeight => splits(values, rows),
            Self::OsloDay => oslo_days(values, rows),
            Self::OverDays => amounts_over_days(values, rows),
        }
    }
}

/// An input of a cell is a flag or a state, in any order: its type says which.
fn flag_or_state(kind: &DataType) -> DataType {
    match kind {
        DataType::Boolean => DataType::Boolean,
        _ => DataType::Utf8,
    }
}

/// One rule as DataFusion calls it.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Function {
    rule: Rule,
    signature: Signature,
}

impl Function {
    fn of(rule: Rule) -> Self {
        // Immutable: a call with constants is computed once, while planning.
        Self { rule, signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Function {
    fn name(&self) -> &str {
        self.rule.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.rule.returns())
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let name = self.name();
        let Some(types) = self.rule.takes(given) else {
            return plan_err!("{name} does not take {} arguments; see queries/README.md", given.len());
        };
        if let Some(at) = (0..types.len()).find(|at| !fits(&given[*at], &types[*at])) {
            return plan_err!("argument {} of {name} is {}, not {}", at + 1, given[at], types[at]);
        }
        Ok(types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        // A misspelt constant is found while planning, not when the first row comes along.
        for value in args.scalar_arguments.iter().flatten() {
            match (self.rule, value) {
                (Rule::Mark | Rule::HasMark, ScalarValue::Utf8(Some(text))) => _ = mark_named(text)?,
                (Rule::AreaState, _) => {}
                (_, ScalarValue::Utf8(Some(text))) => _ = state_named(text)?,
                _ => {}
            }
        }
        Ok(Arc::new(Field::new(self.name(), self.rule.returns(), true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
        // The same input gives the same output, so a constant is worked out once and not for every row.
        let rows = if constant { 1 } else { args.number_rows };
        let array = self.rule.compute(&args.args, rows)?;
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?));
        }
        Ok(ColumnarValue::Array(array))
    }
}

/// Whether a value of the type given may be cast to the one needed without a change of meaning.
fn fits(given: &DataType, needed: &DataType) -> bool {
    match (given, needed) {
        (DataType::Null, _)
        | (DataType::Boolean, DataType::Boolean)
        | (DataType::Date32, DataType::Date32) => true,
        (given, DataType::Int64) => given.is_integer(),
        (given, DataType::Utf8) => given.is_string(),
        // A moment without a zone is not one: nobody knows which day it is in Oslo.
        (DataType::Timestamp(_, zone), DataType::Timestamp(..)) => zone.is_some(),
        _ => false,
    }
}

#[cfg(test)]
#[path = "functions_tests.rs"]
mod tests;
