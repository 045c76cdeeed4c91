//! The shared relations of `queries/views`: computed once for an edition, borders and period, kept, and handed to every
//! KPI that reads them.
//!
//! They are kept period by period, and those that a question lacks are computed in one query, so that questions about
//! other spans find what they have in common. A row depends on its own period alone; that is what `View::kept` means.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::{SortColumn, cast, concat_batches, lexsort_to_indices, take, take_record_batch};
use arrow::datatypes::{DataType, Date32Type, SchemaRef};
use utbredt_kpi::View;
use utbredt_model::{Granularity, Period};

use super::scope::Scope;
use crate::error::EngineError;

/// What a kept relation was computed from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct RelationKey {
    /// The relation, without its period.
    pub(crate) family: FamilyKey,
    /// The period shown.
    pub(crate) period: Period,
}

/// The relations of one view that differ in their periods alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct FamilyKey {
    /// The opened edition.
    pub(crate) edition: u64,
    /// The catalogue.
    pub(crate) catalogue: u64,
    /// The view's name.
    pub(crate) view: String,
    /// How facts are mapped; it has no periods.
    pub(crate) mapping: Scope,
    /// The one solution it holds; all when absent.
    pub(crate) solution: Option<String>,
}

/// The rows of a relation in one period, by solution where it has any.
#[derive(Debug, Clone)]
pub(crate) struct Relation {
    pub(crate) schema: SchemaRef,
    pub(crate) parts: BTreeMap<Option<String>, RecordBatch>,
}

impl Relation {
    /// All rows of a view that depends on the edition alone: a `period_start` of theirs is no period of a question.
    pub(crate) fn timeless(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Self, EngineError> {
        let all = concat_batches(schema, batches)?;
        Ok(Self { schema: Arc::clone(schema), parts: BTreeMap::from([(None, all)]) })
    }

    /// Cuts the rows of a view into those of each period, given by the first days of the facts.
    pub(crate) fn of_periods(
        schema: &SchemaRef,
        batches: &[RecordBatch],
        starts: &[i32],
    ) -> Result<Vec<Self>, EngineError> {
        let all = concat_batches(schema, batches)?;
        let mut order = Vec::new();
        // The solution right after the period, so that its rows lie together and can be cut out as slices.
        for name in ["period_start", "solution_id", "municipality_code", "measure_id"] {
            if let Some(column) = all.column_by_name(name) {
                order.push(SortColumn { values: Arc::clone(column), options: None });
            }
        }
        let Some(first) = all.column_by_name("period_start").filter(|_| all.num_rows() > 0) else {
            // Rows without a period are those of every period; and no rows are none of each.
            let whole = Self { schema: Arc::clone(schema), parts: BTreeMap::from([(None, all)]) };
            return Ok(vec![whole; starts.len()]);
        };
        let sorted = lexsort_to_indices(&order, None)?;
        let days = cast(&take(first, &sorted, None)?, &DataType::Date32)?;
        let days = days.as_primitive::<Date32Type>().values();
        let mut relations = Vec::with_capacity(starts.len());
        for start in starts {
            let from = days.partition_point(|day| day < start);
            let to = days.partition_point(|day| day <= start);
            // Taken, not sliced: what is kept then holds its own rows alone.
            let rows = take_record_batch(&all, &sorted.slice(from, to - from))?;
            relations.push(Self { schema: Arc::clone(schema), parts: cut_by_solution(&rows)? });
        }
        Ok(relations)
    }

    /// The bytes its columns take.
    pub(crate) fn bytes(&self) -> usize {
        // Parts are slices of one batch: the first counts for all.
        self.parts.values().next().map_or(0, RecordBatch::get_array_memory_size)
    }
}

/// One batch for each solution; one in all where the relation has none.
fn cut_by_solution(sorted: &RecordBatch) -> Result<BTreeMap<Option<String>, RecordBatch>, EngineError> {
    let mut parts = BTreeMap::new();
    let Some(column) = sorted.column_by_name("solution_id") else {
        parts.insert(None, sorted.clone());
        return Ok(parts);
    };
    let column = cast(column, &DataType::Utf8)?;
    let solutions = column.as_string::<i32>();
    let mut start = 0;
    while start < sorted.num_rows() {
        let solution = solutions.value(start);
        let mut end = start + 1;
        while end < sorted.num_rows() && solutions.value(end) == solution {
            end += 1;
        }
        parts.insert(Some(solution.to_owned()), sorted.slice(start, end - start));
        start = end;
    }
    Ok(parts)
}

/// Whether all solutions of a relation over this scope fit into `bytes`, at a guess of a hundred bytes a row.
pub(crate) fn fits(scope: &Scope, municipalities: usize, measures: usize, bytes: usize) -> bool {
    let fine = matches!(scope.granularity, Some(Granularity::Day | Granularity::Week));
    let rows = scope.periods.len() * municipalities * measures.max(1);
    !fine && rows * 100 <= bytes
}

/// Whether a view has rows of solutions, as far as its text tells: a relation of one solution is kept apart only then.
pub(crate) fn has_solutions(view: &View) -> bool {
    view.sql.contains("solution_id")
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Date32Array, StringArray};

    use super::*;

    #[test]
    fn a_question_touches_its_own_rows_only() {
        let columns: [(&str, ArrayRef); 3] = [
            ("period_start", Arc::new(Date32Array::from(vec![2, 1, 1, 3]))),
            ("solution_id", Arc::new(StringArray::from(vec!["b", "b", "a", "b"]))),
            ("n", Arc::new(StringArray::from(vec!["b2", "b1", "a1", "b3"]))),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let relations = Relation::of_periods(&batch.schema(), &[batch], &[1, 2, 4]).unwrap();
        let named = |period: usize, solution: &str| -> Vec<String> {
            let rows = relations[period].parts.get(&Some(solution.to_owned()));
            let texts =
                rows.into_iter().flat_map(|batch| batch.column(2).as_string::<i32>().iter().flatten());
            texts.map(str::to_owned).collect()
        };
        assert_eq!((named(0, "a"), named(0, "b")), (vec!["a1".to_owned()], vec!["b1".to_owned()]));
        assert_eq!((named(1, "a"), named(1, "b")), (vec![], vec!["b2".to_owned()]));
        assert!(relations[2].parts.is_empty(), "a period without rows is known to have none");
    }
}
