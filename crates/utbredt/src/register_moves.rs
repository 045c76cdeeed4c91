//! Which values of KPIs a file of a register would move: what a commit would make is opened as a draft, and each KPI that reads the
//! register is compared before and after, by municipality, in its usual periods.

use std::collections::BTreeSet;

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Date32Type, Float64Type};
use serde_json::{Value, json};
use utbredt_engine::{AsOf, By, DiffAnswer, DiffRequest, Engine, EngineError, KpiRequest, RequestError};
use utbredt_ingest::registers::{self, Proposal, Row};
use utbredt_kpi::Kpi;
use utbredt_lake::Lake;
use utbredt_model::register::Register;

use crate::assets::Queries;
use crate::number::real;
use crate::{clock, runtime};

/// Questions that are asked at most: each is answered twice.
const MOST: usize = 60;
/// Cells that are named of a KPI.
const NAMED: usize = 3;

/// What moves of one KPI.
pub(crate) struct Moved {
    pub(crate) kpi: String,
    pub(crate) solution: Option<String>,
    pub(crate) unit: String,
    /// Cells that differ, and those that were compared.
    pub(crate) cells: (usize, usize),
    /// Those that move most.
    pub(crate) most: Vec<Cell>,
}

/// A cell that moves.
pub(crate) struct Cell {
    pub(crate) municipality: String,
    pub(crate) period: String,
    pub(crate) before: Option<f64>,
    pub(crate) after: Option<f64>,
}

/// What a file would move.
#[derive(Default)]
pub(crate) struct Moves {
    pub(crate) moved: Vec<Moved>,
    /// Questions whose answers stay as they are.
    pub(crate) unmoved: usize,
    /// Questions that were not asked: there are too many.
    pub(crate) left_out: usize,
}

/// Compares the KPIs that read a register, before and after a file.
pub(crate) fn moves(
    lake: &Lake,
    register: &'static Register,
    proposal: &Proposal,
    queries: Queries,
) -> anyhow::Result<Moves> {
    if proposal.changes.is_empty() || lake.latest()?.is_none() {
        return Ok(Moves::default());
    }
    // In a lake of its own: a look leaves no trace.
    let draft = lake.draft(proposal.draft(register, clock::now())?)?;
    let engine = Engine::open(draft.root(), queries)?.for_few_questions();
    let readers = engine.catalogue().kpis().filter(|kpi| kpi.tables.contains(register.table));
    let solutions = solutions(lake, register, proposal)?;
    let questions: Vec<KpiRequest> = readers.flat_map(|kpi| questions(kpi, &solutions)).collect();
    let mut moves = Moves { left_out: questions.len().saturating_sub(MOST), ..Moves::default() };
    let (before, after) = draft.editions();
    let runtime = runtime()?;
    for question in questions.into_iter().take(MOST) {
        let solution = question.params.get("solution_id").cloned();
        let request = DiffRequest::new(question, AsOf::Edition(before), AsOf::Edition(after));
        match runtime.block_on(engine.diff(request)) {
            Ok(answer) if answer.meta.rows > 0 => moves.moved.push(moved(&answer, solution)?),
            Ok(_) => moves.unmoved += 1,
            // What the file adds, nobody could ask about before.
            Err(EngineError::Request(RequestError::Unknown { .. })) => moves.unmoved += 1,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(moves)
}

/// The solutions whose numbers a change may move: those its rows name, those of the waves they name, else all with measures.
fn solutions(
    lake: &Lake,
    register: &'static Register,
    proposal: &Proposal,
) -> anyhow::Result<BTreeSet<String>> {
    let value =
        |register: &Register, row: &Row, name: &str| register.column(name).and_then(|at| row[at].clone());
    if register.column("solution_id").is_some() {
        return Ok(changed_rows(proposal).filter_map(|row| value(register, row, "solution_id")).collect());
    }
    let latest = lake.latest()?;
    let other = if register.column("wave_id").is_some() { "waves" } else { "measures" };
    let Some(other) = Register::named(other) else { return Ok(BTreeSet::new()) };
    // Members name a wave, and the wave its solution.
    let waves: BTreeSet<String> =
        changed_rows(proposal).filter_map(|row| value(register, row, "wave_id")).collect();
    let named = registers::show(lake, latest.as_ref(), other)?.into_iter();
    let named = named.filter(|row| value(other, row, "wave_id").is_none_or(|wave| waves.contains(&wave)));
    Ok(named.filter_map(|row| value(other, &row, "solution_id")).collect())
}

/// The rows that change, as they are and as they are to be.
fn changed_rows(proposal: &Proposal) -> impl Iterator<Item = &Row> {
    proposal.changes.iter().flat_map(|change| change.before.iter().chain(&change.after))
}

/// The questions about a KPI: one for each solution where it takes one. One that needs more to be named is not asked.
fn questions(kpi: &Kpi, solutions: &BTreeSet<String>) -> Vec<KpiRequest> {
    let mut question = KpiRequest::new(&kpi.id);
    question.by = By::Municipality;
    if !kpi.params.iter().any(|param| param.name == "solution_id") {
        return if kpi.bind(&question.params).is_ok() { vec![question] } else { Vec::new() };
    }
    let of = |solution: &String| {
        let mut question = question.clone();
        question.params.insert("solution_id".to_owned(), solution.clone());
        question
    };
    solutions.iter().map(of).filter(|question| kpi.bind(&question.params).is_ok()).collect()
}

fn moved(answer: &DiffAnswer, solution: Option<String>) -> anyhow::Result<Moved> {
    let batch = concat_batches(&answer.schema, &answer.batches)?;
    let (before, after) = (number(&batch, "value_before")?, number(&batch, "value_after")?);
    let days = batch.column_by_name("period_start").and_then(|days| days.as_primitive_opt::<Date32Type>());
    let mut most: Vec<Cell> = (0..batch.num_rows())
        .map(|row| Cell {
            municipality: [text(&batch, "municipality_code", row), text(&batch, "municipality_name", row)]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" "),
            period: days
                .and_then(|days| days.value_as_date(row))
                .map_or(String::new(), |day| day.to_string()),
            before: before[row],
            after: after[row],
        })
        .collect();
    // The ones that somebody will ask about first.
    most.sort_by(|one, other| size_of(other).total_cmp(&size_of(one)));
    most.truncate(NAMED);
    let meta = &answer.meta;
    Ok(Moved {
        kpi: meta.kpi_id.clone(),
        solution,
        unit: meta.unit.clone(),
        cells: (meta.rows, meta.compared),
        most,
    })
}

fn number(batch: &RecordBatch, name: &str) -> anyhow::Result<Vec<Option<f64>>> {
    let column = batch.column_by_name(name).ok_or_else(|| anyhow::anyhow!("a diff has no `{name}`"))?;
    Ok(cast(column, &DataType::Float64)?.as_primitive::<Float64Type>().iter().collect())
}

fn text(batch: &RecordBatch, name: &str, row: usize) -> Option<String> {
    let column = batch.column_by_name(name)?.as_string_opt::<i32>()?;
    column.is_valid(row).then(|| column.value(row).to_owned())
}

/// How far a cell moves.
fn size_of(cell: &Cell) -> f64 {
    (cell.after.unwrap_or_default() - cell.before.unwrap_or_default()).abs()
}

/// A value with its unit.
fn shown_in(value: Option<f64>, unit: &str) -> String {
    let Some(value) = value else { return "no number".to_owned() };
    let number = real(value, Some(unit));
    if unit == "share" { number } else { format!("{number} {unit}") }
}

impl Cell {
    fn to_json(&self) -> Value {
        json!({
            "municipality": self.municipality,
            "period_start": self.period,
            "value_before": self.before,
            "value_after": self.after,
        })
    }
}

impl Moves {
    /// As a person reads it.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for one in &self.moved {
            let solution = one.solution.as_deref().unwrap_or_default();
            let (cells, compared) = one.cells;
            lines.push(format!(
                "  moves {} {solution}: {cells} of {compared} values by municipality",
                one.kpi
            ));
            for cell in &one.most {
                lines.push(format!(
                    "    {} {}: {} -> {}",
                    cell.municipality,
                    cell.period,
                    shown_in(cell.before, &one.unit),
                    shown_in(cell.after, &one.unit)
                ));
            }
        }
        if self.moved.is_empty() {
            lines.push(format!("  no value of {} KPI questions moves", self.unmoved));
        } else {
            lines.push(format!("  {} other KPI questions give the same", self.unmoved));
        }
        if self.left_out > 0 {
            lines.push(format!(
                "  {} more questions were not asked: `utbredt diff` after it is applied",
                self.left_out
            ));
        }
        lines
    }

    pub(crate) fn to_json(&self) -> Value {
        let moved = self.moved.iter().map(|one| {
            json!({
                "kpi": one.kpi,
                "solution_id": one.solution,
                "unit": one.unit,
                "values": one.cells.0,
                "compared": one.cells.1,
                "most": one.most.iter().map(Cell::to_json).collect::<Vec<_>>(),
            })
        });
        json!({ "moved": moved.collect::<Vec<_>>(), "unmoved": self.unmoved, "not_asked": self.left_out })
    }
}
