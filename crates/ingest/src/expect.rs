//! What a source owes, and when: without it, nobody can tell late from nothing to tell.

use chrono::{DateTime, Months, NaiveDate, Utc};
use polars::prelude::{Column, DataFrame, IntoLazy, UnionArgs, UniqueKeepStrategy, concat};
use utbredt_lake::{EditionDraft, Writer};
use utbredt_model::{Granularity, MeasureId, SolutionId, SourceId};

use crate::IngestError;
use crate::bridge::{day_number, read, table, to_batch};
use crate::world::World;

/// A measure owed every month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
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

impl Expected {
    /// Rows of `expected_deliveries`.
    pub(crate) fn rows(&self) -> Result<DataFrame, IngestError> {
        let months = Granularity::Month.periods(self.from, self.to);
        let due = |start: NaiveDate| {
            let next = start + Months::new(1);
            if !(1..=28).contains(&self.due_day) {
                return Err(IngestError::Invalid(format!(
                    "a delivery cannot be due on day {} of every month: choose 1 to 28",
                    self.due_day
                )));
            }
            Ok(day_number(next) + i32::try_from(self.due_day).unwrap_or(1) - 1)
        };
        let dues: Result<Vec<i32>, _> = months.iter().map(|month| due(month.start)).collect();
        Ok(DataFrame::new_infer_height(vec![
            Column::new("source_id".into(), vec![self.source_id.as_str(); months.len()]),
            Column::new("solution_id".into(), vec![self.solution_id.as_str(); months.len()]),
            Column::new("measure_id".into(), vec![self.measure_id.as_str(); months.len()]),
            Column::new(
                "period_start".into(),
                months.iter().map(|m| day_number(m.start)).collect::<Vec<_>>(),
            ),
            Column::new("period_end".into(), months.iter().map(|m| day_number(m.end)).collect::<Vec<_>>()),
            Column::new("due".into(), dues?),
        ])?)
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
    expected: &[Expected],
) -> Result<u64, IngestError> {
    let lake = writer.lake().clone();
    let latest = lake.latest()?;
    let world = World::of_lake(&lake, latest.as_ref())?;
    let mut frames = vec![read(&lake, latest.as_ref(), "expected_deliveries")?.lazy()];
    for one in expected {
        world.check(one.solution_id.as_str(), Some(one.measure_id.as_str()))?;
        frames.push(one.rows()?.lazy());
    }
    let key = ["source_id", "solution_id", "measure_id", "period_start", "period_end"];
    let all = concat(frames, UnionArgs::default())?.collect()?;
    let all = all.unique_stable(Some(&key.map(str::to_owned)), UniqueKeepStrategy::Last, None)?;
    let table = table("expected_deliveries")?;
    let change = EditionDraft {
        recorded_at,
        reason: "what sources owe".to_owned(),
        replace: vec![(table, to_batch(table, &all)?)],
        append: Vec::new(),
        supersedes: Vec::new(),
        receipts: Vec::new(),
    };
    Ok(writer.commit(change)?.edition().number)
}
