//! The shared relations of `queries/views`: computed once for an edition, borders and period length, kept, and handed
//! to every KPI that reads them.
//!
//! Relations are computed for whole years (for days: whole months), so that questions about other spans of the same
//! years find them. A relation's row depends on its own period alone; that is what `View::kept` stands for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::{SortColumn, cast, concat_batches, lexsort_to_indices, take_record_batch};
use arrow::datatypes::{DataType, Date32Type, SchemaRef};
use chrono::{Datelike, NaiveDate};
use utbredt_kpi::View;
use utbredt_model::{Granularity, Period};

use super::periods::{Scope, epoch_days};
use crate::error::EngineError;

/// What a kept relation was computed from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct RelationKey {
    /// The opened edition.
    pub(crate) edition: u64,
    /// The catalogue.
    pub(crate) catalogue: u64,
    /// The view's name.
    pub(crate) view: String,
    /// The periods, borders and policy.
    pub(crate) scope: Scope,
    /// The one solution it holds; all when absent.
    pub(crate) solution: Option<String>,
}

/// The rows of a relation, by solution where it has any, each part in the order of periods.
#[derive(Debug, Clone)]
pub(crate) struct Relation {
    pub(crate) schema: SchemaRef,
    pub(crate) parts: BTreeMap<Option<String>, RecordBatch>,
}

impl Relation {
    /// Sorts and cuts the rows of a view.
    pub(crate) fn new(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Self, EngineError> {
        let all = concat_batches(schema, batches)?;
        let mut order = Vec::new();
        for name in ["solution_id", "period_start", "municipality_code", "measure_id"] {
            if let Some(column) = all.column_by_name(name) {
                order.push(SortColumn { values: Arc::clone(column), options: None });
            }
        }
        let sorted = if order.is_empty() || all.num_rows() == 0 {
            all
        } else {
            take_record_batch(&all, &lexsort_to_indices(&order, None)?)?
        };
        Ok(Self { schema: Arc::clone(schema), parts: cut_by_solution(&sorted)? })
    }

    /// The bytes its columns take.
    pub(crate) fn bytes(&self) -> usize {
        self.parts.values().map(RecordBatch::get_array_memory_size).sum()
    }

    /// Its rows of some periods, of one solution where one is named.
    pub(crate) fn rows(
        &self,
        starts: &BTreeSet<i32>,
        solution: Option<&str>,
    ) -> Result<Vec<RecordBatch>, EngineError> {
        let mut found = Vec::new();
        for (own, batch) in &self.parts {
            if let (Some(own), Some(solution)) = (own, solution)
                && own != solution
            {
                continue;
            }
            found.extend(rows_of_periods(batch, starts)?);
        }
        Ok(found)
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

/// The runs of rows whose period is wanted; the rows are in the order of periods.
fn rows_of_periods(batch: &RecordBatch, starts: &BTreeSet<i32>) -> Result<Vec<RecordBatch>, EngineError> {
    let Some(column) = batch.column_by_name("period_start") else { return Ok(vec![batch.clone()]) };
    let column = cast(column, &DataType::Date32)?;
    let days = column.as_primitive::<Date32Type>();
    let mut runs: Vec<RecordBatch> = Vec::new();
    let mut at = 0;
    while at < days.len() {
        let wanted = starts.contains(&days.value(at));
        let mut end = at + 1;
        while end < days.len() && (days.value(end) == days.value(at) || starts.contains(&days.value(end)) == wanted)
        {
            end += 1;
        }
        if wanted {
            runs.push(batch.slice(at, end - at));
        }
        at = end;
    }
    Ok(runs)
}

/// The scopes relations are computed for, so that those of other questions can be shared: whole years, whole months for
/// days, and the very span where one period is made of it.
pub(crate) fn chunks(scope: &Scope) -> Vec<Scope> {
    let Some(granularity) = scope.granularity else { return vec![scope.clone()] };
    let firsts: BTreeSet<NaiveDate> =
        scope.periods.iter().map(|period| chunk_start(granularity, period.start)).collect();
    firsts.into_iter().map(|first| Scope { periods: grid(granularity, first).into(), ..scope.clone() }).collect()
}

fn chunk_start(granularity: Granularity, day: NaiveDate) -> NaiveDate {
    if granularity == Granularity::Day { Granularity::Month.floor(day) } else { Granularity::Year.floor(day) }
}

/// The periods that begin in the chunk that begins on `first`.
fn grid(granularity: Granularity, first: NaiveDate) -> Vec<Period> {
    let whole = if granularity == Granularity::Day { Granularity::Month } else { Granularity::Year };
    let mut periods = granularity.periods(first, whole.next(first));
    periods.retain(|period| period.start.year() == first.year() && period.start >= first);
    periods
}

/// The first days of a scope's periods, as the relations have them.
pub(crate) fn start_days(scope: &Scope) -> BTreeSet<i32> {
    scope.starts().into_iter().map(epoch_days).collect()
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
    use utbredt_kpi::{Borders, Policy};

    use super::*;

    fn scope(granularity: Option<Granularity>, from: &str, to: &str) -> Scope {
        let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
        let periods = granularity
            .map_or_else(|| vec![Period { start: from, end: to }], |granularity| granularity.periods(from, to));
        let day = "2026-11-01".parse().unwrap();
        Scope {
            borders: Borders::Then,
            policy: Policy::ExactOnly,
            day,
            periods: periods.into(),
            granularity,
            year_ago: false,
        }
    }

    fn spans(scope: &Scope) -> Vec<(usize, String, String)> {
        let span = |chunk: &Scope| {
            let (first, last) = (chunk.periods.first().unwrap(), chunk.periods.last().unwrap());
            (chunk.periods.len(), first.start.to_string(), last.end.to_string())
        };
        chunks(scope).iter().map(span).collect()
    }

    fn span(count: usize, from: &str, to: &str) -> (usize, String, String) {
        (count, from.to_owned(), to.to_owned())
    }

    #[test]
    fn relations_are_computed_for_whole_years() {
        let months = scope(Some(Granularity::Month), "2025-11-01", "2026-02-01");
        assert_eq!(spans(&months), [span(12, "2025-01-01", "2026-01-01"), span(12, "2026-01-01", "2027-01-01")]);
        let days = scope(Some(Granularity::Day), "2026-01-30", "2026-02-02");
        assert_eq!(spans(&days), [span(31, "2026-01-01", "2026-02-01"), span(28, "2026-02-01", "2026-03-01")]);
        // The weeks that begin in 2026: Monday 5 January to Monday 28 December.
        let weeks = scope(Some(Granularity::Week), "2026-03-02", "2026-03-09");
        assert_eq!(spans(&weeks), [span(52, "2026-01-05", "2027-01-04")]);
        let whole = scope(None, "2026-01-01", "2026-11-01");
        assert_eq!(spans(&whole), [span(1, "2026-01-01", "2026-11-01")]);
    }

    #[test]
    fn a_question_touches_its_own_rows_only() {
        let columns: [(&str, ArrayRef); 3] = [
            ("period_start", Arc::new(Date32Array::from(vec![2, 1, 1, 3]))),
            ("solution_id", Arc::new(StringArray::from(vec!["b", "b", "a", "b"]))),
            ("n", Arc::new(StringArray::from(vec!["b2", "b1", "a1", "b3"]))),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let relation = Relation::new(&batch.schema(), &[batch]).unwrap();
        let named = |starts: &[i32], solution| {
            let rows = relation.rows(&starts.iter().copied().collect(), solution).unwrap();
            let texts = rows.iter().flat_map(|batch| batch.column(2).as_string::<i32>().iter().flatten());
            texts.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(named(&[1, 3], Some("b")), ["b1", "b3"]);
        assert_eq!(named(&[1, 2], None), ["a1", "b1", "b2"]);
        assert!(named(&[9], None).is_empty());
    }
}
