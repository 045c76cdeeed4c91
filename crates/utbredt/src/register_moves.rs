//! Which values of KPIs a file of a register would move: what a commit would make is opened as a draft, and each KPI that reads the
//! register is compared before and after, by municipality, in its usual periods.

use std::collections::BTreeSet;

use arrow::array::{Array as _, AsArray as _};
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
    let rows = || proposal.changes.iter().flat_map(|change| change.before.iter().chain(&change.after));
    let value =
        |register: &Register, row: &Row, name: &str| register.column(name).and_then(|at| row[at].clone());
    if register.column("solution_id").is_some() {
        return Ok(rows().filter_map(|row| value(register, row, "solution_id")).collect());
    }
    let latest = lake.latest()?;
    let other = if register.column("wave_id").is_some() { "waves" } else { "measures" };
    let Some(other) = Register::named(other) else { return Ok(BTreeSet::new()) };
    let waves: BTreeSet<String> = rows().filter_map(|row| value(register, row, "wave_id")).collect();
    let named = registers::show(lake, latest.as_ref(), other)?.into_iter();
    let named = named.filter(|row| value(other, row, "wave_id").is_none_or(|wave| waves.contains(&wave)));
    Ok(named.filter_map(|row| value(other, &row, "solution_id")).collect())
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
    let number = |name: &str| -> anyhow::Result<Vec<Option<f64>>> {
        let column = batch.column_by_name(name).ok_or_else(|| anyhow::anyhow!("a diff has no `{name}`"))?;
        Ok(cast(column, &DataType::Float64)?.as_primitive::<Float64Type>().iter().collect())
    };
    let text = |name: &str, row: usize| {
        let column = batch.column_by_name(name)?.as_string_opt::<i32>()?;
        column.is_valid(row).then(|| column.value(row).to_owned())
    };
    let (before, after) = (number("value_before")?, number("value_after")?);
    let days = batch.column_by_name("period_start").and_then(|days| days.as_primitive_opt::<Date32Type>());
    let mut most: Vec<Cell> = (0..batch.num_rows())
        .map(|row| Cell {
            municipality: [text("municipality_code", row), text("municipality_name", row)]
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
    let size = |cell: &Cell| (cell.after.unwrap_or_default() - cell.before.unwrap_or_default()).abs();
    most.sort_by(|one, other| size(other).total_cmp(&size(one)));
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

/// A value with its unit.
fn shown_in(value: f64, unit: &str) -> String {
    let number = real(value, Some(unit));
    if unit == "share" { number } else { format!("{number} {unit}") }
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
                let shown = |value: Option<f64>| {
                    value.map_or("no number".to_owned(), |value| shown_in(value, &one.unit))
                };
                lines.push(format!(
                    "    {} {}: {} -> {}",
                    cell.municipality,
                    cell.period,
                    shown(cell.before),
                    shown(cell.after)
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
        let cell = |cell: &Cell| {
            json!({
                "municipality": cell.municipality,
                "period_start": cell.period,
                "value_before": cell.before,
                "value_after": cell.after,
            })
        };
        let moved = self.moved.iter().map(|one| {
            json!({
                "kpi": one.kpi,
                "solution_id": one.solution,
                "unit": one.unit,
                "values": one.cells.0,
                "compared": one.cells.1,
                "most": one.most.iter().map(cell).collect::<Vec<_>>(),
            })
        });
        json!({ "moved": moved.collect::<Vec<_>>(), "unmoved": self.unmoved, "not_asked": self.left_out })
    }
}
