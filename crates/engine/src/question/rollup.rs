//! Cells rolled up to areas. Only cells whose state is `ok` add anything; the others are counted, so that every row
//! tells how much of its area it speaks for. Ratios are made once, last, from added numerators and denominators.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Int64Array, RecordBatch, StringArray, UInt32Array,
};
use arrow::compute::{cast, take, take_record_batch};
use arrow::datatypes::{DataType, Date32Type, Int64Type, SchemaRef};
use utbredt_kpi::{ColumnFill, ColumnRollup, Kpi, RollupKind};
use utbredt_model::{CellState, Marks};

use super::cells::Cells;
use super::groups::{Placed, combine};
use super::numbers::{Numbers, divided, intervals};
use super::periods::epoch_days;
use super::resolve::ResolvedQuery;
use super::table::{Table, column};
use super::tally::{add_tallies, tally};
use crate::error::EngineError;
use crate::expressions::Expressions;

/// An area in a period: a row of the answer.
#[derive(Debug, Clone, Copy)]
struct Group {
    /// The place of its period among those seen.
    period: usize,
    /// The place of its area among the period's.
    area: usize,
}

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
pub(crate) fn no_cells(query: &ResolvedQuery<'_>, columns: &SchemaRef) -> Result<RecordBatch, EngineError> {
    let mut all = Vec::new();
    for period in query.unshown()..query.scope.periods.len() {
        let shown = |area: &usize| query.shows_area(period, *area);
        all.extend((0..query.areas[period].areas.len()).filter(shown).map(|area| Group { period, area }));
    }
    let mut table = Table::default();
    for field in columns.fields() {
        let name = field.name().as_str();
        let area = |group: &Group| &query.areas[group.period].areas[group.area];
        let texts = |of: &dyn Fn(&Group) -> String| -> ArrayRef {
            Arc::new(all.iter().map(|group| Some(of(group))).collect::<StringArray>())
        };
        let keys = query.request.by.columns();
        table.add(
            name,
            match name {
                "period_start" => {
                    let start = |group: &Group| Some(epoch_days(query.scope.periods[group.period].start));
                    Arc::new(all.iter().map(start).collect::<Date32Array>())
                }
                "state" => texts(&|_| CellState::NotApplicable.as_str().to_owned()),
                "marks" => texts(&|_| String::new()),
                "municipalities_reported" | "municipalities_expected" => {
                    Arc::new(Int64Array::from(vec![0; all.len()]))
                }
                key if keys.is_some_and(|(own, _)| own == key) => texts(&|group| area(group).code.clone()),
                name if keys.is_some_and(|(_, own)| own == name) => texts(&|group| area(group).name.clone()),
                _ => arrow::array::new_null_array(field.data_type(), all.len()),
            },
        );
    }
    table.batch()
}

/// The groups that have cells, in the order of period and area, and the cells of each.
#[derive(Debug)]
struct Groups {
    all: Vec<Group>,
    placed: Vec<Placed>,
}

impl Groups {
    /// Finds the group of every cell that the filter chooses.
    fn place(query: &ResolvedQuery<'_>, cells: &RecordBatch) -> Result<Self, EngineError> {
        let starts = cast(cells.column(0), &DataType::Date32)?;
        let starts = starts.as_primitive::<Date32Type>();
        let keys = cast(cells.column(1), &DataType::Utf8)?;
        let keys = keys.as_string::<i32>();
        let days: Vec<i32> = query.scope.starts().into_iter().map(epoch_days).collect();
        let mut number_of: Vec<Vec<Option<usize>>> =
            query.areas.iter().map(|areas| vec![None; areas.areas.len()]).collect();
        let mut found: Vec<(usize, Group)> = Vec::with_capacity(cells.num_rows());
        for row in 0..cells.num_rows() {
            let Ok(period) = days.binary_search(&starts.value(row)) else { continue };
            for area in query.areas_of_row(period, keys.value(row)) {
                number_of[period][area] = Some(0);
                found.push((row, Group { period, area }));
            }
        }
        let mut all = Vec::new();
        for (period, areas) in number_of.iter_mut().enumerate() {
            for (area, number) in areas.iter_mut().enumerate().filter(|(_, number)| number.is_some()) {
                *number = Some(all.len());
                all.push(Group { period, area });
            }
        }
        let group_of = |group: Group| number_of[group.period][group.area].unwrap_or_default();
        let placed = found.into_iter().map(|(row, group)| Placed { row, group: group_of(group) }).collect();
        Ok(Self { all, placed })
    }
}

impl ResolvedQuery<'_> {
    /// Whether an area has municipalities that the filter chooses.
    fn shows_area(&self, period: usize, area: usize) -> bool {
        let (areas, by) = (&self.areas[period], self.request.by);
        let code = areas.areas[area].code.as_str();
        self.chosen.as_ref().is_none_or(|chosen| {
            let mut members = areas.pairs().filter(|(_, of)| of.code == code);
            chosen.shows(by, code) && members.any(|(municipality, _)| chosen.holds(period, municipality))
        })
    }

    /// The areas a row of cells is added to: those of its municipality, or the one it is about itself.
    fn areas_of_row(&self, period: usize, key: &str) -> Vec<usize> {
        let areas = &self.areas[period];
        if self.kpi.rollup.kind == RollupKind::Area {
            return areas.areas.binary_search_by(|area| area.code.as_str().cmp(key)).into_iter().collect();
        }
        let places = areas.of(key);
        match &self.chosen {
            None => places.to_vec(),
            Some(chosen) if !chosen.holds(period, key) => Vec::new(),
            Some(chosen) => {
                let shown = |place: &usize| chosen.shows(self.request.by, &areas.areas[*place].code);
                places.iter().copied().filter(shown).collect()
            }
        }
    }
}

/// Cells added up by group: `numerator`, `denominator`, the KPI's own columns, and the tally of the group.
fn added(kpi: &Kpi, cells: &Cells, groups: &Groups) -> Result<RecordBatch, EngineError> {
    let states = cast(column(&cells.batch, "state")?, &DataType::Utf8)?;
    let states: Vec<Option<CellState>> =
        states.as_string::<i32>().iter().map(|state| CellState::parse(state?)).collect();
    let marks = cast(column(&cells.batch, "marks")?, &DataType::Int64)?;
    let tallies =
        tally(groups.all.len(), &groups.placed, &states, marks.as_primitive::<Int64Type>(), &cells.persons);
    let stands = |placed: &&Placed| states[placed.row] == Some(CellState::Ok);
    let standing: Vec<Placed> = groups.placed.iter().filter(stands).copied().collect();
    let of_numerators = match kpi.rollup.kind {
        RollupKind::Max => ColumnRollup::Max,
        RollupKind::Min => ColumnRollup::Min,
        _ => ColumnRollup::Sum,
    };
    let mut table = Table::default();
    let mut sum = |name: &str, rollup, placed: &[Placed]| {
        let made = combine(column(&cells.batch, name)?, placed, groups.all.len(), rollup)?;
        let made = made.ok_or_else(|| overflow(kpi, name))?;
        table.add(name, made);
        Ok::<_, EngineError>(())
    };
    sum("numerator", of_numerators, &standing)?;
    sum("denominator", ColumnRollup::Sum, &standing)?;
    for own in &kpi.columns {
        let placed = if own.every_state { &groups.placed } else { &standing };
        match &own.fill {
            ColumnFill::Rolled(rollup) => sum(&own.name, *rollup, placed)?,
            // One cell, one row: there is nothing to combine.
            ColumnFill::Selected => sum(&own.name, ColumnRollup::Max, placed)?,
            ColumnFill::After(_) => {}
        }
    }
    add_tallies(&mut table, &tallies);
    table.batch()
}

fn overflow(kpi: &Kpi, column: &str) -> EngineError {
    EngineError::Overflow { kpi: kpi.id.clone(), column: column.to_owned() }
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
    let start = |group: &Group| epoch_days(query.scope.periods[group.period].start);
    table.add("period_start", Arc::new(groups.all.iter().map(start).map(Some).collect::<Date32Array>()));
    if let Some((key, name)) = query.request.by.columns() {
        let area = |group: &Group| &query.areas[group.period].areas[group.area];
        let codes: StringArray = groups.all.iter().map(|group| Some(area(group).code.as_str())).collect();
        let names: StringArray = groups.all.iter().map(|group| Some(area(group).name.as_str())).collect();
        table.add(key, Arc::new(codes));
        table.add(name, Arc::new(names));
    }
    table.add("value", Arc::clone(&numbers.value));
    table.add("numerator", Arc::clone(&numbers.numerator));
    table.add("denominator", Arc::clone(&numbers.denominator));
    table.add("state", Arc::clone(&numbers.state));
    table.add("coverage", cast(column(rolled, "coverage")?, &DataType::Float64)?);
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

/// The names of every row's marks. An area is `partial` when a municipality that was expected did not report, or cannot
/// be compared; its period is incomplete while it is not over.
fn marks(
    query: &ResolvedQuery<'_>,
    groups: &Groups,
    rolled: &RecordBatch,
) -> Result<StringArray, EngineError> {
    let number = |name: &str| Ok::<_, EngineError>(cast(column(rolled, name)?, &DataType::Int64)?);
    let (marks, reported) = (number("marks")?, number("reported")?);
    let (expected, not_valid) = (number("expected")?, number("not_valid")?);
    let of = |array: &ArrayRef, row: usize| {
        let array = array.as_primitive::<Int64Type>();
        if array.is_valid(row) { array.value(row) } else { 0 }
    };
    let names = groups.all.iter().enumerate().map(|(row, group)| {
        let mut set = Marks(of(&marks, row));
        let any = of(&reported, row) > 0;
        if any && (of(&reported, row) < of(&expected, row) || of(&not_valid, row) > 0) {
            set = Marks(set.0 | Marks::PARTIAL.0);
        }
        if any && query.scope.periods[group.period].end > query.scope.day {
            set = Marks(set.0 | Marks::INCOMPLETE_PERIOD.0);
        }
        Some(set.names().join(" "))
    });
    Ok(names.collect())
}

/// A KPI that ranks is read from the top of each period.
fn in_order(kpi: &Kpi, rows: RecordBatch) -> Result<RecordBatch, EngineError> {
    if !kpi.columns.iter().any(|column| column.name == "rank") {
        return Ok(rows);
    }
    let starts = rows.column(0).as_primitive::<Date32Type>();
    let ranks = cast(column(&rows, "rank")?, &DataType::Int64)?;
    let ranks = ranks.as_primitive::<Int64Type>();
    let rank = |row: usize| ranks.is_valid(row).then(|| ranks.value(row));
    let mut order: Vec<u32> = (0..rows.num_rows()).filter_map(|row| u32::try_from(row).ok()).collect();
    // The sort is stable: rows without a rank come last, in the order of their keys.
    order.sort_by_key(|row| {
        let row = *row as usize;
        (starts.value(row), rank(row).is_none(), rank(row))
    });
    Ok(take_record_batch(&rows, &UInt32Array::from(order))?)
}
