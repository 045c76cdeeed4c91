//! Cells rolled up to areas. Only cells whose state is `ok` add anything; the others are counted, so that every row
//! tells how much of its area it speaks for. Ratios are made once, last, from added numerators and denominators.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray, UInt32Array,
};
use arrow::compute::{cast, take, take_record_batch};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, SchemaRef};
use utbredt_kpi::{ColumnFill, ColumnRollup, Kpi, RollupKind};
use utbredt_model::{CellState, Marks, ReasonedState};

use super::cells::Cells;
use super::groups::{Placed, combine};
use super::numbers::{Numbers, divided, intervals};
use super::periods::epoch_days;
use super::place::{Group, Groups};
use super::resolve::ResolvedQuery;
use super::table::{Table, column};
use super::tally::{add_tallies, tally};
use crate::error::EngineError;
use crate::expressions::Expressions;

/// The answer's rows of one set of parameters.
pub(crate) fn roll_up(
    query: &ResolvedQuery<'_>,
    cells: &Cells,
    expressions: &Expressions,
) -> Result<RecordBatch, EngineError> {
    let groups = Groups::place(query, &cells.batch)?;
    let rolled = if query.kpi.rollup.kind == RollupKind::Area {
        own_rows(query, cells, &groups)?
    } else {
        added(query.kpi, cells, &groups)?
    };
    let shown = show(query, &groups, &rolled, expressions)?;
    in_order(query.kpi, shown)
}

/// The rows of a solution that has no cells: in every area the question does not arise.
pub(crate) fn no_cells(
    query: &ResolvedQuery<'_>,
    columns: &SchemaRef,
    reason: &str,
) -> Result<RecordBatch, EngineError> {
    let mut all = Vec::new();
    // Periods that are only compared with come first in the scope, and get no rows.
    for period in query.unshown()..query.scope.periods.len() {
        let areas = (0..query.areas[period].areas.len()).filter(|area| query.shows_area(period, *area));
        all.extend(areas.map(|area| Group { period, area }));
    }
    let mut table = Table::default();
    for field in columns.fields() {
        let name = field.name().as_str();
        let keys = query.request.by.columns();
        table.add(
            name,
            match name {
                "period_start" => starts(query, &all),
                "state" => texts(&all, |_| CellState::NotApplicable.as_str()),
                "reason" => texts(&all, |_| reason),
                "marks" => texts(&all, |_| ""),
                "municipalities_reported" | "municipalities_expected" => {
                    Arc::new(Int64Array::from(vec![0; all.len()]))
                }
                // A number that is not there speaks for nobody.
                "coverage" => Arc::new(Float64Array::from(vec![0.0; all.len()])),
                key if keys.is_some_and(|(own, _)| own == key) => {
                    texts(&all, |group| &query.area_of(group).code)
                }
                name if keys.is_some_and(|(_, own)| own == name) => {
                    texts(&all, |group| &query.area_of(group).name)
                }
                _ => arrow::array::new_null_array(field.data_type(), all.len()),
            },
        );
    }
    table.batch()
}

/// The first days of the groups' periods.
fn starts(query: &ResolvedQuery<'_>, groups: &[Group]) -> ArrayRef {
    let days = groups.iter().map(|group| epoch_days(query.scope.periods[group.period].start));
    Arc::new(Date32Array::from_iter_values(days))
}

/// A text of each group.
fn texts<'g>(groups: &'g [Group], of: impl Fn(&'g Group) -> &'g str) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(groups.iter().map(of)))
}

/// Cells added up by group: `numerator`, `denominator`, the KPI's own columns, and the tally of the group.
fn added(kpi: &Kpi, cells: &Cells, groups: &Groups) -> Result<RecordBatch, EngineError> {
    let states = cast(column(&cells.batch, "state")?, &DataType::Utf8)?;
    let states: Vec<Option<ReasonedState<'_>>> =
        states.as_string::<i32>().iter().map(|state| ReasonedState::parse(state?)).collect();
    let marks = cast(column(&cells.batch, "marks")?, &DataType::Int64)?;
    let tallies =
        tally(groups.all.len(), &groups.placed, &states, marks.as_primitive::<Int64Type>(), &cells.persons);
    // A cell in another state has no number; adding it as zero would invent a report.
    let is_ok = |row: usize| states[row].as_ref().is_some_and(|own| own.state == CellState::Ok);
    let counted: Vec<Placed> = groups.placed.iter().filter(|placed| is_ok(placed.row)).copied().collect();
    let of_numerators = match kpi.rollup.kind {
        RollupKind::Max => ColumnRollup::Max,
        RollupKind::Min => ColumnRollup::Min,
        _ => ColumnRollup::Sum,
    };
    let mut table = Table::default();
    let sums = Sums { kpi, cells: &cells.batch, groups: groups.all.len() };
    table.add("numerator", sums.of("numerator", of_numerators, &counted)?);
    table.add("denominator", sums.of("denominator", ColumnRollup::Sum, &counted)?);
    for own in &kpi.columns {
        let placed = if own.every_state { &groups.placed } else { &counted };
        match &own.fill {
            ColumnFill::Rolled(rollup) => table.add(&own.name, sums.of(&own.name, *rollup, placed)?),
            // One cell, one row: there is nothing to combine.
            ColumnFill::Selected => table.add(&own.name, sums.of(&own.name, ColumnRollup::Max, placed)?),
            ColumnFill::After(_) => {}
        }
    }
    add_tallies(&mut table, &tallies);
    table.batch()
}

/// Columns of cells, combined by group.
struct Sums<'a> {
    kpi: &'a Kpi,
    cells: &'a RecordBatch,
    /// How many groups there are.
    groups: usize,
}

impl Sums<'_> {
    /// The values of one column by group.
    fn of(&self, name: &str, rollup: ColumnRollup, placed: &[Placed]) -> Result<ArrayRef, EngineError> {
        let made = combine(column(self.cells, name)?, placed, self.groups, rollup)?;
        // None means that the sum does not fit 64 bits.
        made.ok_or_else(|| EngineError::Overflow { kpi: self.kpi.id.clone(), column: name.to_owned() })
    }
}

/// Rows a KPI made for areas itself, one for each group.
fn own_rows(query: &ResolvedQuery<'_>, cells: &Cells, groups: &Groups) -> Result<RecordBatch, EngineError> {
    let mut rows = vec![0_u32; groups.all.len()];
    for Placed { row, group } in &groups.placed {
        rows[*group] = u32::try_from(*row).unwrap_or_default();
    }
    let rows = UInt32Array::from(rows);
    let mut table = Table::default();
    let fixed = [
        ("value", "value"),
        ("numerator", "numerator"),
        ("denominator", "denominator"),
        ("state", "state"),
        ("coverage", "coverage"),
        ("coverage_of_expected", "coverage_of_expected"),
        ("marks", "marks"),
        ("municipalities_reported", "reported"),
        ("municipalities_expected", "expected"),
    ];
    for (selected, name) in fixed {
        table.add(name, take(column(&cells.batch, selected)?, &rows, None)?);
    }
    for own in query.kpi.columns.iter().filter(|own| !matches!(own.fill, ColumnFill::After(_))) {
        table.add(&own.name, take(column(&cells.batch, &own.name)?, &rows, None)?);
    }
    // `marks` reads this column of every KPI; one that makes its own rows does not select it.
    let none = Int64Array::from(vec![0; rows.len()]);
    table.add("not_valid", Arc::new(none));
    table.batch()
}

/// The columns of the answer, in order.
fn show(
    query: &ResolvedQuery<'_>,
    groups: &Groups,
    rolled: &RecordBatch,
    expressions: &Expressions,
) -> Result<RecordBatch, EngineError> {
    let kpi = query.kpi;
    let numbers = Numbers::of(kpi, rolled, expressions)?;
    let mut table = Table::default();
    table.add("period_start", starts(query, &groups.all));
    if let Some((key, name)) = query.request.by.columns() {
        table.add(key, texts(&groups.all, |group| &query.area_of(group).code));
        table.add(name, texts(&groups.all, |group| &query.area_of(group).name));
    }
    table.add("value", Arc::clone(&numbers.value));
    table.add("numerator", Arc::clone(&numbers.numerator));
    table.add("denominator", Arc::clone(&numbers.denominator));
    table.add("state", Arc::clone(&numbers.state));
    table.add("reason", Arc::clone(&numbers.reason));
    for name in ["coverage", "coverage_of_expected"] {
        let shares = cast(column(rolled, name)?, &DataType::Float64)?;
        table.add(
            name,
            if kpi.rollup.kind == RollupKind::Area { shares } else { covered(&shares, &numbers.state) },
        );
    }
    table.add("marks", Arc::new(marks(query, groups, rolled)?));
    table.add("municipalities_reported", cast(column(rolled, "reported")?, &DataType::Int64)?);
    table.add("municipalities_expected", cast(column(rolled, "expected")?, &DataType::Int64)?);
    if kpi.has_interval() {
        let (low, high) = intervals(&numbers)?;
        table.add("value_low", Arc::new(low));
        table.add("value_high", Arc::new(high));
    }
    let visible = numbers.beside(rolled)?;
    for own in kpi.shown_columns() {
        let shown = match &own.fill {
            ColumnFill::After(text) => expressions.evaluate(kpi, text, &visible)?,
            ColumnFill::Rolled(_) | ColumnFill::Selected => Arc::clone(column(rolled, &own.name)?),
        };
        table.add(&own.name, divided(&shown, own.divide_by)?);
    }
    table.batch()
}

/// The shares of rows with a number; a number that is not there covers nobody.
fn covered(shares: &ArrayRef, states: &ArrayRef) -> ArrayRef {
    let states = states.as_string::<i32>().iter();
    let shares = shares.as_primitive::<Float64Type>().iter().zip(states);
    let known = shares
        .map(|(share, state)| if state == Some(CellState::Ok.as_str()) { share } else { share.map(|_| 0.0) });
    Arc::new(known.collect::<Float64Array>())
}

/// The names of every row's marks. An area is `partial` when a municipality that was expected did not report, or cannot
/// be compared; its number may still change while the period is not over.
fn marks(
    query: &ResolvedQuery<'_>,
    groups: &Groups,
    rolled: &RecordBatch,
) -> Result<StringArray, EngineError> {
    let (marks, reported) = (whole(rolled, "marks")?, whole(rolled, "reported")?);
    let (expected, not_valid) = (whole(rolled, "expected")?, whole(rolled, "not_valid")?);
    let names = groups.all.iter().enumerate().map(|(row, group)| {
        let cut = query.is_cut(group.period, group.area);
        let mut set = Marks(or_zero(&marks, row));
        // An area from which nothing was reported is missing, not partial.
        let (reported, expected) = (or_zero(&reported, row), or_zero(&expected, row));
        let any = reported > 0;
        if any && (reported < expected || or_zero(&not_valid, row) > 0) {
            set = Marks(set.0 | Marks::PARTIAL.0);
        }
        if any && query.scope.periods[group.period].end > query.scope.day {
            set = set.with(Marks::PROVISIONAL);
        }
        if any && cut {
            set = set.with(Marks::FILTERED);
        }
        Some(set.names().join(" "))
    });
    Ok(names.collect())
}

/// A column as whole numbers.
fn whole(rolled: &RecordBatch, name: &str) -> Result<Int64Array, EngineError> {
    let column = cast(column(rolled, name)?, &DataType::Int64)?;
    Ok(column.as_primitive::<Int64Type>().clone())
}

/// The number of a row; none counts as none reported.
fn or_zero(numbers: &Int64Array, row: usize) -> i64 {
    if numbers.is_valid(row) { numbers.value(row) } else { 0 }
}

/// A KPI that ranks is read from the top of each period.
fn in_order(kpi: &Kpi, rows: RecordBatch) -> Result<RecordBatch, EngineError> {
    if !kpi.columns.iter().any(|column| column.name == "rank") {
        return Ok(rows);
    }
    let starts = rows.column(0).as_primitive::<Date32Type>();
    let ranks = cast(column(&rows, "rank")?, &DataType::Int64)?;
    let ranks = ranks.as_primitive::<Int64Type>();
    let mut order: Vec<u32> = (0..rows.num_rows()).filter_map(|row| u32::try_from(row).ok()).collect();
    // The sort is stable: rows without a rank come last, in the order of their keys.
    order.sort_by_key(|row| {
        let row = *row as usize;
        let rank = ranks.is_valid(row).then(|| ranks.value(row));
        (starts.value(row), rank.is_none(), rank)
    });
    Ok(take_record_batch(&rows, &UInt32Array::from(order))?)
}
