//! `sum` of whole numbers, which is an error when it does not fit 64 bits: that of the query engine would wrap to another
//! number, and nobody would see it.

use std::mem::size_of_val;
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array};
use arrow::datatypes::{DataType, FieldRef, Int64Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature,
};

use super::arithmetic::overflow;

/// `sum`, which takes the place of the query engine's own.
pub(super) static SUM: LazyLock<AggregateUDF> =
    LazyLock::new(|| AggregateUDF::new_from_impl(CheckedSum { signature: sum_udaf().signature().clone() }));

/// The query engine's sum, with its own way of adding whole numbers.
#[derive(Debug, PartialEq, Eq, Hash)]
struct CheckedSum {
    signature: Signature,
}

/// Whether the numbers added are whole, each of them counted.
fn is_whole(args: &AccumulatorArgs<'_>) -> bool {
    !args.is_distinct && *args.return_field.data_type() == DataType::Int64
}

impl AggregateUDFImpl for CheckedSum {
    fn name(&self) -> &str {
        "sum"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        sum_udaf().return_type(given)
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        sum_udaf().state_fields(args)
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        if is_whole(&args) { Ok(Box::new(Added::default())) } else { sum_udaf().accumulator(args) }
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        if is_whole(&args) {
            Ok(Box::new(Added::default()))
        } else {
            sum_udaf().create_sliding_accumulator(args)
        }
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        sum_udaf().groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        if is_whole(&args) {
            Ok(Box::new(AddedByGroup::default()))
        } else {
            sum_udaf().create_groups_accumulator(args)
        }
    }
}

/// The sum of one group. In a window values leave it again.
#[derive(Debug, Default)]
struct Added {
    sum: i64,
    values: usize,
}

impl Accumulator for Added {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for value in values[0].as_primitive::<Int64Type>().iter().flatten() {
            self.sum = self.sum.checked_add(value).ok_or_else(|| overflow("a sum"))?;
            self.values += 1;
        }
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for value in values[0].as_primitive::<Int64Type>().iter().flatten() {
            self.sum = self.sum.checked_sub(value).ok_or_else(|| overflow("a sum"))?;
            self.values -= 1;
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Int64((self.values > 0).then_some(self.sum)))
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.evaluate()?])
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}

/// The sums of all groups; none where a group has had no value.
#[derive(Debug, Default)]
struct AddedByGroup {
    sums: Vec<Option<i64>>,
}

impl GroupsAccumulator for AddedByGroup {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total_groups: usize,
    ) -> Result<()> {
        self.sums.resize(total_groups, None);
        let values = values[0].as_primitive::<Int64Type>();
        for (row, group) in groups.iter().enumerate() {
            let passes = filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
            if passes && values.is_valid(row) {
                let sum = &mut self.sums[*group];
                let added = sum.unwrap_or(0).checked_add(values.value(row));
                *sum = Some(added.ok_or_else(|| overflow("a sum"))?);
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        Ok(Arc::new(Int64Array::from(emit_to.take_needed(&mut self.sums))))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.evaluate(emit_to)?])
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total_groups: usize) -> Result<()> {
        self.update_batch(states, groups, None, total_groups)
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let own = values[0].as_primitive::<Int64Type>();
        let Some(filter) = filter else { return Ok(vec![Arc::new(own.clone())]) };
        let passes = |row: usize| filter.is_valid(row) && filter.value(row);
        let kept: Int64Array =
            own.iter().enumerate().map(|(row, value)| value.filter(|_| passes(row))).collect();
        Ok(vec![Arc::new(kept)])
    }

    fn size(&self) -> usize {
        self.sums.capacity() * size_of::<Option<i64>>()
    }
}
