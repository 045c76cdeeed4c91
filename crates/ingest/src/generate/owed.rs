//! What a generated nation's source owes.

use chrono::NaiveDate;
use utbredt_model::{MeasureId, SolutionId, SourceId};

use super::adoption::MEASURES;
use super::nation::Nation;
use crate::synthetic::USAGE;
use crate::{ExpectedDelivery, IngestError};

/// The day of the next month that a month is due.
const DUE_DAY: u32 = 16;

/// What is owed each month: two measures of each solution.
pub(super) fn expected(
    nation: &Nation,
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Vec<ExpectedDelivery>, IngestError> {
    let mut expected = Vec::new();
    for solution in &nation.solutions {
        for measure in MEASURES {
            expected.push(ExpectedDelivery {
                source_id: SourceId::parse(USAGE)?,
                solution_id: SolutionId::parse(&solution.id)?,
                measure_id: MeasureId::parse(measure)?,
                from,
                to,
                due_day: DUE_DAY,
            });
        }
    }
    Ok(expected)
}
