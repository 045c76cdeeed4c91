//! What a source owes, and when: without it, nobody can tell late from nothing to tell.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, RecordBatch, StringArray, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::Date32Type;
use chrono::{DateTime, Months, NaiveDate, Utc};
use utbredt_lake::{EditionDraft, Writer};
use utbredt_model::{Granularity, MeasureId, SolutionId, SourceId};

use crate::IngestError;
use crate::columns::{day_number, numbers, read, table, text};
use crate::reference_data::ReferenceData;

/// The days that every month has.
pub(crate) const DUE_DAYS: RangeInclusive<u32> = 1..=28;

/// A measure owed every month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedDelivery {
    /// Who owes it.
    pub source_id: SourceId,
    /// The solution.
    pub solution_id: SolutionId,
    /// The measure.
    pub measure_id: MeasureId,
    /// Months from the one that holds this day …
    pub from: NaiveDate,
    /// … to the one before this day.
    pub to: NaiveDate,
    /// The day of the next month it is due, 1-28.
    pub due_day: u32,
}

impl ExpectedDelivery {
    /// Rows of `expected_deliveries`.
    pub(crate) fn rows(&self) -> Result<RecordBatch, IngestError> {
        if !DUE_DAYS.contains(&self.due_day) {
            return Err(IngestError::Invalid(format!(
                "a delivery cannot be due on day {} of every month: choose {} to {}",
                self.due_day,
                DUE_DAYS.start(),
                DUE_DAYS.end()
            )));
        }
        let months = Granularity::Month.periods(self.from, self.to);
        let day = i32::try_from(self.due_day).unwrap_or(1);
        let (mut starts, mut ends, mut dues) = (Vec::new(), Vec::new(), Vec::new());
        for month in &months {
            starts.push(day_number(month.start));
            ends.push(day_number(month.end));
            dues.push(day_number(month.start + Months::new(1)) + day - 1);
        }
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(vec![self.source_id.as_str(); months.len()])),
            Arc::new(StringArray::from(vec![self.solution_id.as_str(); months.len()])),
            Arc::new(StringArray::from(vec![self.measure_id.as_str(); months.len()])),
            Arc::new(Date32Array::from(starts)),
            Arc::new(Date32Array::from(ends)),
            Arc::new(Date32Array::from(dues)),
        ];
        Ok(RecordBatch::try_new(table("expected_deliveries")?.schema(), columns)?)
    }
}

/// Adds to `expected_deliveries` what is owed; what stood already for the same month gets the new due day.
/// Gives the edition that stands.
///
/// # Errors
/// [`IngestError::Unknown`] for a solution or measure that is not known, [`IngestError::Invalid`] for an
/// impossible day, or what the lake says.
pub fn expect(
    writer: &mut Writer,
    recorded_at: DateTime<Utc>,
    expected: &[ExpectedDelivery],
) -> Result<u64, IngestError> {
    let lake = writer.lake().clone();
    let latest = lake.latest()?;
    let reference = ReferenceData::of_lake(&lake, latest.as_ref())?;
    let mut batches = vec![read(&lake, latest.as_ref(), "expected_deliveries")?];
    for one in expected {
        reference.check(one.solution_id.as_str(), Some(one.measure_id.as_str()))?;
        batches.push(one.rows()?);
    }
    let table = table("expected_deliveries")?;
    let all = latest_of_each(&concat_batches(&table.schema(), &batches)?)?;
    let change = EditionDraft {
        recorded_at,
        reason: "what sources owe".to_owned(),
        replace: vec![(table, all)],
        append: Vec::new(),
        supersedes: Vec::new(),
        receipts: Vec::new(),
    };
    Ok(writer.commit(change)?.edition().number)
}

/// Of rows that tell of the same month, the last one.
fn latest_of_each(all: &RecordBatch) -> Result<RecordBatch, IngestError> {
    let (sources, solutions) = (text(all, "source_id")?, text(all, "solution_id")?);
    let measures = text(all, "measure_id")?;
    let starts = numbers::<Date32Type>(all, "period_start")?;
    let ends = numbers::<Date32Type>(all, "period_end")?;
    let mut last = HashMap::new();
    for (row, at) in (0_u32..).zip(0..all.num_rows()) {
        last.insert((sources[at], solutions[at], measures[at], starts[at], ends[at]), row);
    }
    let mut rows: Vec<u32> = last.into_values().collect();
    rows.sort_unstable();
    Ok(take_record_batch(all, &UInt32Array::from(rows))?)
}
