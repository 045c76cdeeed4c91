//! The rules of `utbredt_model` as SQL functions, so that a query file states which inputs a cell has and never copies
//! what follows from them. `queries/README.md` documents them; a test here compares its tables with the model.

use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion::common::{DataFusionError, Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::prelude::SessionContext;
use utbredt_model::territory::split_by_weight;
use utbredt_model::{AreaCounts, CellState, Marks};

/// Every function, made once: a session gets a reference.
static FUNCTIONS: LazyLock<Vec<ScalarUDF>> = LazyLock::new(|| {
    Rule::ALL.into_iter().map(|rule| ScalarUDF::new_from_impl(Function::of(rule))).collect()
});

/// Makes the functions known to a session.
pub(crate) fn register(context: &SessionContext) {
    for function in FUNCTIONS.iter() {
        context.register_udf(function.clone());
    }
}

/// The rules there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Rule {
    /// `cell_state(comparable | state, …)`: the state of a cell made of these inputs.
    CellState,
    /// `state_if(condition, state)`: that state when the condition holds, else `ok`.
    StateIf,
    /// `denominator_state(number)`: `missing` when absent, `not_applicable` when 0, else `ok`.
    DenominatorState,
    /// `is_expected(state)`: whether an area should have had a number of a cell in this state.
    IsExpected,
    /// `area_state(reported, expected, suppressed, not_valid)`: the state of an area of so many cells.
    AreaState,
    /// `area_marks(marks, reported, expected, not_valid)`: the marks of an area, `partial` added where it is.
    AreaMarks,
    /// `mark(name [, condition])`: the mark's bit; 0 where the condition does not hold.
    Mark,
    /// `has_mark(marks, name, …)`: whether any of the named marks is set.
    HasMark,
    /// `split_by_weight(value, weight_from, weight_to, weight_total)`: what a part carries of the whole.
    SplitByWeight,
}

impl Rule {
    const ALL: [Self; 9] = [
        Self::CellState,
        Self::StateIf,
        Self::DenominatorState,
        Self::IsExpected,
        Self::AreaState,
        Self::AreaMarks,
        Self::Mark,
        Self::HasMark,
        Self::SplitByWeight,
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
        }
    }

    const fn returns(self) -> DataType {
        match self {
            Self::CellState | Self::StateIf | Self::DenominatorState | Self::AreaState => DataType::Utf8,
            Self::IsExpected | Self::HasMark => DataType::Boolean,
            Self::AreaMarks | Self::Mark | Self::SplitByWeight => DataType::Int64,
        }
    }

    /// The types the arguments must have, or `None` when there are too few or too many of them.
    fn takes(self, given: &[DataType]) -> Option<Vec<DataType>> {
        let (number, text) = (DataType::Int64, DataType::Utf8);
        let types = match self {
            Self::CellState => given.iter().map(flag_or_state).collect(),
            Self::StateIf => vec![DataType::Boolean, text],
            Self::DenominatorState => vec![number],
            Self::IsExpected => vec![text],
            Self::AreaState | Self::AreaMarks | Self::SplitByWeight => vec![number; 4],
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
                (_, ScalarValue::Utf8(Some(text))) => _ = state_named(text)?,
                _ => {}
            }
        }
        Ok(Arc::new(Field::new(self.name(), self.rule.returns(), true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
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
        (DataType::Null, _) | (DataType::Boolean, DataType::Boolean) => true,
        (given, DataType::Int64) => given.is_integer(),
        (given, DataType::Utf8) => given.is_string(),
        _ => false,
    }
}

/// An argument read row by row: a constant, or a column.
enum Argument<'a> {
    Constant(&'a ScalarValue),
    Numbers(&'a Int64Array),
    Texts(&'a StringArray),
    Flags(&'a BooleanArray),
}

impl<'a> Argument<'a> {
    fn of(value: &'a ColumnarValue) -> Result<Self> {
        match value {
            ColumnarValue::Scalar(scalar) => Ok(Self::Constant(scalar)),
            ColumnarValue::Array(array) => match array.data_type() {
                DataType::Int64 => Ok(Self::Numbers(array.as_primitive::<Int64Type>())),
                DataType::Utf8 => Ok(Self::Texts(array.as_string())),
                DataType::Boolean => Ok(Self::Flags(array.as_boolean())),
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

fn state_named(text: &str) -> Result<CellState> {
    CellState::parse(text).ok_or_else(|| {
        let known = CellState::ALL.map(CellState::as_str).join(", ");
        DataFusionError::Execution(format!("`{text}` is no state of a cell; the states are {known}"))
    })
}

fn mark_named(text: &str) -> Result<Marks> {
    Marks::named(text).ok_or_else(|| {
        let known = Marks::all().map(|(_, name)| name).join(", ");
        DataFusionError::Execution(format!("`{text}` is no mark; the marks are {known}"))
    })
}

fn states(rows: usize, of: impl Fn(usize) -> Result<CellState>) -> Result<ArrayRef> {
    let states = (0..rows).map(|row| of(row).map(|state| Some(state.as_str())));
    Ok(Arc::new(states.collect::<Result<StringArray>>()?))
}

fn cell_states(values: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let inputs = Argument::all(values)?;
    states(rows, |row| {
        let mut found = Vec::with_capacity(inputs.len());
        for input in &inputs {
            found.push(match input.text(row) {
                Some(text) => state_named(text)?,
                None if !input.is_flag() => CellState::NotApplicable,
                None if input.holds(row) => CellState::Ok,
                None => CellState::NotValid,
            });
        }
        Ok(CellState::of_inputs(found))
    })
}

fn state_if(values: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let arguments = Argument::all(values)?;
    states(rows, |row| match arguments[1].text(row) {
        Some(state) if arguments[0].holds(row) => state_named(state),
        _ => Ok(CellState::Ok),
    })
}

fn denominator_states(values: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let denominator = Argument::of(&values[0])?;
    states(rows, |row| {
        Ok(match denominator.number(row) {
            None => CellState::Missing,
            Some(0) => CellState::NotApplicable,
            Some(_) => CellState::Ok,
        })
    })
}

fn is_expected(values: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let state = Argument::of(&values[0])?;
    let expected = (0..rows).map(|row| {
        let known = state.text(row).map(state_named).transpose()?;
        Ok(Some(known.is_some_and(CellState::expected)))
    });
    Ok(Arc::new(expected.collect::<Result<BooleanArray>>()?))
}

fn area_states(values: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let counts = Argument::all(values)?;
    states(rows, |row| {
        let [reported, expected, suppressed, not_valid] =
            [0, 1, 2, 3].map(|at| counts[at].number(row).unwrap_or(0));
        Ok(AreaCounts { reported, expected, suppressed, not_valid }.state())
    })
}

fn area_marks(values: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let counts = Argument::all(values)?;
    let marks = (0..rows).map(|row| {
        let [marks, reported, expected, not_valid] =
            [0, 1, 2, 3].map(|at| counts[at].number(row).unwrap_or(0));
        Marks(marks).of_area(AreaCounts { reported, expected, suppressed: 0, not_valid }).0
    });
    Ok(Arc::new(Int64Array::from_iter_values(marks)))
}

fn marks(values: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let arguments = Argument::all(values)?;
    let bits = (0..rows).map(|row| {
        let holds = arguments.get(1).is_none_or(|condition| condition.holds(row));
        let named = arguments[0].text(row).map(mark_named).transpose()?;
        Ok(named.filter(|_| holds).map_or(Some(0), |mark| Some(mark.0)))
    });
    Ok(Arc::new(bits.collect::<Result<Int64Array>>()?))
}

fn has_marks(values: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
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

fn splits(values: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let arguments = Argument::all(values)?;
    let [value, from, to, total] = arguments.as_slice() else {
        return exec_err!("split_by_weight takes 4 arguments");
    };
    let parts = (0..rows).map(|row| {
        Some(split_by_weight(value.number(row)?, from.number(row)?, to.number(row)?, total.number(row)?))
    });
    Ok(Arc::new(parts.collect::<Int64Array>()))
}

#[cfg(test)]
#[path = "functions_tests.rs"]
mod tests;
