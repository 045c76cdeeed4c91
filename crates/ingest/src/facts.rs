//! Rows of `usage` and `rollout_events` as values, for the steps that compare them.

use arrow::array::RecordBatch;
use arrow::datatypes::{Date32Type, Int64Type, TimestampMicrosecondType};

use crate::IngestError;
use crate::columns::{numbers, text};

/// A row of `usage`, without what is never compared. Days are numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UsageRow<'b> {
    pub(crate) solution: &'b str,
    pub(crate) measure: &'b str,
    pub(crate) code: &'b str,
    pub(crate) division: i32,
    pub(crate) organisation: Option<&'b str>,
    pub(crate) start: i32,
    pub(crate) end: i32,
    pub(crate) value: Option<i64>,
    pub(crate) state: &'b str,
}

/// A row of `rollout_events`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventRow<'b> {
    pub(crate) solution: &'b str,
    pub(crate) code: &'b str,
    pub(crate) stage: &'b str,
    pub(crate) valid_from: i32,
    /// When the source said so, in microseconds since 1970.
    pub(crate) known_at: i64,
}

/// The rows of a batch of `usage`.
pub(crate) fn usage_rows(usage: &RecordBatch) -> Result<Vec<UsageRow<'_>>, IngestError> {
    let (solutions, measures) = (text(usage, "solution_id")?, text(usage, "measure_id")?);
    let (codes, organisations) = (text(usage, "municipality_code")?, text(usage, "organisation_number")?);
    let states = text(usage, "state")?;
    let divisions = numbers::<Date32Type>(usage, "division_date")?;
    let starts = numbers::<Date32Type>(usage, "period_start")?;
    let ends = numbers::<Date32Type>(usage, "period_end")?;
    let values = numbers::<Int64Type>(usage, "value")?;
    let mut rows = Vec::with_capacity(usage.num_rows());
    for at in 0..usage.num_rows() {
        rows.push(UsageRow {
            solution: solutions[at].unwrap_or_default(),
            measure: measures[at].unwrap_or_default(),
            code: codes[at].unwrap_or_default(),
            division: divisions[at].unwrap_or_default(),
            organisation: organisations[at],
            start: starts[at].unwrap_or_default(),
            end: ends[at].unwrap_or_default(),
            value: values[at],
            state: states[at].unwrap_or_default(),
        });
    }
    Ok(rows)
}

/// The rows of a batch of `rollout_events`.
pub(crate) fn event_rows(events: &RecordBatch) -> Result<Vec<EventRow<'_>>, IngestError> {
    let (solutions, codes) = (text(events, "solution_id")?, text(events, "municipality_code")?);
    let (stages, starts) = (text(events, "stage")?, numbers::<Date32Type>(events, "valid_from")?);
    let moments = numbers::<TimestampMicrosecondType>(events, "known_at")?;
    let mut rows = Vec::with_capacity(events.num_rows());
    for at in 0..events.num_rows() {
        rows.push(EventRow {
            solution: solutions[at].unwrap_or_default(),
            code: codes[at].unwrap_or_default(),
            stage: stages[at].unwrap_or_default(),
            valid_from: starts[at].unwrap_or_default(),
            known_at: moments[at].unwrap_or_default(),
        });
    }
    Ok(rows)
}
