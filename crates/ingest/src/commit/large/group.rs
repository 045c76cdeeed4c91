//! The rows of one measure of a large delivery, as many as are compared with each other: repetitions and contradictions are
//! settled as where a file is read as a whole, and what is left becomes facts.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use arrow::array::{AsArray as _, RecordBatch};
use arrow::compute::{SortColumn, concat_batches, lexsort_to_indices, take_record_batch};
use utbredt_lake::ROW_ORDER;
use utbredt_model::{Marks, Observation};
use utbredt_sources::delimited::{Contract, Repeated, settle};

use super::read::{Faults, ReadRows};
use super::statements::Statements;
use crate::IngestError;
use crate::columns::{table, text};
use crate::conform::Conforming;

/// Statements that become facts at once.
const PART_ROWS: usize = 50_000;

/// What tells one cell of `usage` from another, in the order of the lake.
const CELL: [&str; 7] = [
    "solution_id",
    "measure_id",
    "municipality_code",
    "period_start",
    "division_date",
    "organisation_number",
    "period_end",
];

/// The facts of a measure.
pub(super) struct Group {
    /// Rows of `usage`, in the order of the lake.
    pub(super) usage: RecordBatch,
    /// Rows that are no facts.
    pub(super) faults: Faults,
    /// Why the delivery is held, with the row that shows it.
    pub(super) breach: Option<(u64, String)>,
}

/// Gives the facts of one measure after the other.
pub(super) fn each_group(
    rows: &mut ReadRows,
    contract: &Contract,
    conforming: &Conforming<'_>,
    take: &mut dyn FnMut(Group) -> Result<(), IngestError>,
) -> Result<(), IngestError> {
    let left_out = rows.left_out.clone();
    let mut merged = rows.sorted.merged()?;
    let mut open: Vec<RecordBatch> = Vec::new();
    while let Some(batch) = merged.next_rows()? {
        for part in by_measure(&batch)? {
            if open.last().is_some_and(|before| measure(before) != measure(&part)) {
                take(group(std::mem::take(&mut open), (contract, &left_out), conforming)?)?;
            }
            open.push(part);
        }
    }
    if open.is_empty() { Ok(()) } else { take(group(open, (contract, &left_out), conforming)?) }
}

/// The solution and the measure of the first row.
pub(super) fn measure(batch: &RecordBatch) -> Option<(&str, &str)> {
    if batch.num_rows() == 0 {
        return None;
    }
    let name = |column: &str| Some(batch.column_by_name(column)?.as_string_opt::<i32>()?.value(0));
    Some((name("solution_id")?, name("measure_id")?))
}

/// A sorted batch cut where the measure changes.
fn by_measure(batch: &RecordBatch) -> Result<Vec<RecordBatch>, IngestError> {
    let (solutions, measures) = (text(batch, "solution_id")?, text(batch, "measure_id")?);
    let (mut parts, mut from) = (Vec::new(), 0);
    for row in 1..=batch.num_rows() {
        if row == batch.num_rows()
            || (solutions[row], measures[row]) != (solutions[row - 1], measures[row - 1])
        {
            parts.push(batch.slice(from, row - from));
            from = row;
        }
    }
    Ok(parts)
}

fn group(
    parts: Vec<RecordBatch>,
    settling: (&Contract, &str),
    conforming: &Conforming<'_>,
) -> Result<Group, IngestError> {
    let schema = parts.first().map(RecordBatch::schema);
    let schema = schema.ok_or_else(|| IngestError::Invalid("a measure without rows".to_owned()))?;
    let whole = concat_batches(&schema, &parts)?;
    // Twice the measure would be in memory.
    drop(parts);
    let statements = Statements::of(&whole);
    let mut settled = Settling::default();
    let mut from = 0;
    for at in 1..=statements.len() {
        if at == statements.len() || statements.cell(at) != statements.cell(from) {
            settled.take(&statements, from..at, settling)?;
            from = at;
        }
    }
    let Settling { stays, marks, mut faults, breach } = settled;
    // Codes with a number: beside its successor the 0 of a code that has ceased says nothing.
    let mut counted = HashSet::new();
    for at in stays.iter().filter(|at| statements.value(**at).is_some()) {
        let (is_organisation, code, start, end) = statements.cell(*at);
        if !is_organisation {
            counted.insert((code, start, end));
        }
    }
    let mut usage = Vec::new();
    for part in stays.chunks(PART_ROWS) {
        let mut observations: Vec<Observation> = Vec::with_capacity(part.len());
        for at in part {
            let own = marks.get(at).copied().unwrap_or_else(|| statements.marks(*at));
            observations.push(statements.observation(*at, own)?);
        }
        let (facts, faulty) =
            conforming.usage(&observations, &|code, period| counted.contains(&(code, period.0, period.1)))?;
        usage.push(facts);
        faults.extend(faulty);
    }
    let all = concat_batches(&table("usage")?.schema(), &usage)?;
    drop(usage);
    Ok(Group { usage: in_order(&all)?, faults, breach })
}

/// The facts in the order of the lake: an organisation's municipality is known now.
fn in_order(usage: &RecordBatch) -> Result<RecordBatch, IngestError> {
    let columns: Vec<SortColumn> = CELL
        .iter()
        .filter_map(|name| usage.column_by_name(name))
        .map(|values| SortColumn { values: Arc::clone(values), options: Some(ROW_ORDER) })
        .collect();
    Ok(take_record_batch(usage, &lexsort_to_indices(&columns, None)?)?)
}

/// What becomes of the statements about each cell.
#[derive(Default)]
struct Settling {
    /// The places of the statements that stay.
    stays: Vec<usize>,
    /// Their marks, where others said the same with a reservation: one about a part is one about the number.
    marks: BTreeMap<usize, Marks>,
    faults: Faults,
    breach: Option<(u64, String)>,
}

impl Settling {
    /// Takes the statements about one cell, in the order of the file.
    fn take(
        &mut self,
        statements: &Statements<'_>,
        places: std::ops::Range<usize>,
        (contract, left_out): (&Contract, &str),
    ) -> Result<(), IngestError> {
        let first = places.start;
        // Nearly all of them.
        if places.len() == 1 {
            self.stays.push(first);
            return Ok(());
        }
        let (subject, period) = (statements.subject(first)?, statements.period(first));
        let repeated: Vec<Repeated<'_>> = places
            .clone()
            .map(|at| Repeated {
                row: statements.row(at),
                subject: &subject,
                period,
                content: statements.content(at),
                rest: statements.rest(at),
            })
            .collect();
        let settled = settle(contract, left_out, &repeated);
        if settled.keeps_first {
            self.stays.push(first);
            let all = places.map(|at| statements.marks(at)).fold(Marks::default(), Marks::with);
            self.marks.insert(first, all);
        }
        self.faults.extend(settled.rejected);
        self.breach = self.breach.take().into_iter().chain(settled.breach).min();
        Ok(())
    }
}
