//! Cells rolled up to areas. Only cells whose state is `ok` add anything; the others are counted, so that every row
//! tells how much of its area it speaks for. Ratios are made once, last, from added numerators and denominators.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray, UInt32Array,
};
use arrow::compute::{cast, take, take_record_batch};
use arrow::datatypes::{DataType, Date32Type, Field, Float64Type, Int64Type, Schema, SchemaRef};
use utbredt_kpi::{ColumnFill, ColumnRollup, Kpi, RollupKind, Unit};
use utbredt_model::{CellState, Marks};

use super::cells::Cells;
use super::groups::{Placed, combine};
use super::interval::wilson;
use super::periods::epoch_days;
use super::resolve::ResolvedQuery;
use crate::error::EngineError;
use crate::expressions::Expressions;

/// The rows of an answer while they are made: named columns, all of one length.
#[derive(Debug, Default)]
struct Table {
    columns: Vec<(Field, ArrayRef)>,
}

impl Table {
    fn add(&mut self, name: &str, array: ArrayRef) {
        self.columns.push((Field::new(name, array.data_type().clone(), true), array));
    }

    fn batch(self) -> Result<RecordBatch, EngineError> {
        let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = self.columns.into_iter().unzip();
        Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
    }
}

/// An area in a period: a row of the answer.
#[derive(Debug, Clone, Copy)]
struct Group {
    /// The place of its period among those seen.
    period: usize,
    /// The place of its area among the period's.
    area: usize,
}

/// What the cells of a group have in common.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    state: Option<CellState>,
    marks: i64,
    reported: i64,
    expected: i64,
    not_valid: i64,
    suppressed: i64,
    covered: Option<i64>,
    persons: Option<i64>,
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
    let tallies = tally(groups, &states, marks.as_primitive::<Int64Type>(), &cells.persons);
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

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, EngineError> {
    let found = batch.column_by_name(name);
    let missing = || arrow::error::ArrowError::SchemaError(format!("the cells have no column {name}"));
    Ok(found.ok_or_else(missing)?)
}

/// Counts the cells of every group by state, and the inhabitants they speak for.
fn tally(
    groups: &Groups,
    states: &[Option<CellState>],
    marks: &Int64Array,
    persons: &Int64Array,
) -> Vec<Tally> {
    let mut tallies = vec![Tally::default(); groups.all.len()];
    for Placed { row, group } in &groups.placed {
        let Some(state) = states[*row] else { continue };
        let tally = &mut tallies[*group];
        tally.state = Some(tally.state.map_or(state, |before| CellState::of_area([before, state])));
        let inhabitants = persons.is_valid(*row).then(|| persons.value(*row));
        if state.expected() {
            tally.expected += 1;
            tally.persons = plus(tally.persons, inhabitants);
        }
        match state {
            CellState::Ok => {
                tally.reported += 1;
                tally.covered = plus(tally.covered, inhabitants);
                tally.marks |= if marks.is_valid(*row) { marks.value(*row) } else { 0 };
            }
            CellState::Suppressed => tally.suppressed += 1,
            CellState::NotValid => tally.not_valid += 1,
            CellState::Missing | CellState::NotApplicable => {}
        }
    }
    tallies
}

fn plus(sum: Option<i64>, more: Option<i64>) -> Option<i64> {
    match (sum, more) {
        (Some(sum), Some(more)) => Some(sum + more),
        (sum, more) => sum.or(more),
    }
}

fn add_tallies(table: &mut Table, tallies: &[Tally]) {
    let state = |tally: &Tally| tally.state.unwrap_or(CellState::NotApplicable);
    let states: StringArray = tallies.iter().map(|tally| Some(state(tally).as_str())).collect();
    table.add("state", Arc::new(states));
    table.add("coverage", Arc::new(tallies.iter().map(coverage).collect::<Float64Array>()));
    let numbers: [(&str, fn(&Tally) -> Option<i64>); 7] = [
        ("marks", |tally| Some(tally.marks)),
        ("reported", |tally| Some(tally.reported)),
        ("expected", |tally| Some(tally.expected)),
        ("suppressed", |tally| Some(tally.suppressed)),
        ("not_valid", |tally| Some(tally.not_valid)),
        ("covered", |tally| tally.covered),
        ("persons", |tally| tally.persons),
    ];
    for (name, number) in numbers {
        table.add(name, Arc::new(tallies.iter().map(number).collect::<Int64Array>()));
    }
}

/// The share of the expected inhabitants that the reported cells speak for.
#[expect(clippy::cast_precision_loss, reason = "inhabitants are far below 2^53")]
fn coverage(tally: &Tally) -> Option<f64> {
    let persons = tally.persons.filter(|persons| *persons != 0)?;
    Some(tally.covered.unwrap_or(0) as f64 / persons as f64)
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
    if kpi.rollup.kind == RollupKind::Ratio && kpi.unit == Unit::Share && kpi.rollup.value.is_none() {
        let (low, high) = intervals(&numbers)?;
        table.add("value_low", Arc::new(low));
        table.add("value_high", Arc::new(high));
    }
    let visible = numbers.beside(rolled)?;
    for own in kpi.columns.iter().filter(|own| !own.hidden) {
        let shown = match &own.fill {
            ColumnFill::After(text) => expressions.evaluate(kpi, text, &visible)?,
            ColumnFill::Rolled(_) | ColumnFill::Selected => Arc::clone(column(rolled, &own.name)?),
        };
        table.add(&own.name, divided(&shown, own.divide_by)?);
    }
    table.batch()
}

/// Numerator, denominator, value and state of every row.
#[derive(Debug)]
struct Numbers {
    value: ArrayRef,
    numerator: ArrayRef,
    denominator: ArrayRef,
    state: ArrayRef,
}

impl Numbers {
    fn of(kpi: &Kpi, rolled: &RecordBatch, expressions: &Expressions) -> Result<Self, EngineError> {
        let mut own = Self {
            value: Arc::new(Float64Array::new_null(rolled.num_rows())),
            numerator: divided(column(rolled, "numerator")?, kpi.rollup.divide_by)?,
            denominator: Arc::clone(column(rolled, "denominator")?),
            state: cast(column(rolled, "state")?, &DataType::Utf8)?,
        };
        if kpi.rollup.kind == RollupKind::Area {
            own.value = cast(column(rolled, "value")?, &DataType::Float64)?;
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
        let kept: UInt32Array =
            (0..holds.len()).map(|row| u32::try_from(row).ok().filter(|_| keeps(row))).collect();
        let states = self.state.as_string::<i32>();
        let state: StringArray = (0..states.len())
            .map(|row| match states.value(row) {
                "ok" if !keeps(row) => Some(CellState::NotApplicable.as_str()),
                state => Some(state),
            })
            .collect();
        self.state = Arc::new(state);
        self.numerator = take(&self.numerator, &kept, None)?;
        self.denominator = take(&self.denominator, &kept, None)?;
        Ok(())
    }

    /// The rolled-up row as expressions see it.
    fn beside(&self, rolled: &RecordBatch) -> Result<RecordBatch, EngineError> {
        let mut table = Table::default();
        for (name, array) in
            [("numerator", &self.numerator), ("denominator", &self.denominator), ("state", &self.state)]
        {
            table.add(name, Arc::clone(array));
        }
        for (field, array) in rolled.schema().fields().iter().zip(rolled.columns()) {
            if !matches!(field.name().as_str(), "numerator" | "denominator" | "state") {
                table.add(field.name(), Arc::clone(array));
            }
        }
        table.batch()
    }
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
        .map(|(over, under)| Some(scale * over? / under.filter(|n| *n != 0.0)?))
        .collect();
    Ok(Arc::new(values))
}

/// Øre to kroner, seconds to hours: divided once, at the very edge.
fn divided(column: &ArrayRef, by: i64) -> Result<ArrayRef, EngineError> {
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
fn intervals(numbers: &Numbers) -> Result<(Float64Array, Float64Array), EngineError> {
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
