//! Facts half-way from one edition to the other: known anew where they were known before, and nothing new beside.
//!
//! What a delivery that takes another's place says of a cell that was known of before is revised; what it says beyond that
//! is new. So a source that sends its whole history each time is not taken to have rewritten it. A count is of the same
//! cell when all but its value is the same. An event is of the known history when it lies no later than the last event
//! known.

use std::sync::Arc;

use arrow::array::{Array, BooleanArray, RecordBatch, StringArray};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;

use super::receipts::Receipts;
use crate::error::EngineError;
use crate::planning::plan_query;

/// What was known before stands as it stands now.
const USAGE: &str = "
    SELECT after.* FROM after
    LEFT ANTI JOIN added ON added.receipt_id = after.receipt_id
    UNION ALL
    SELECT after.* FROM after
    LEFT SEMI JOIN added ON added.receipt_id = after.receipt_id AND added.replaces
    LEFT SEMI JOIN known
        ON known.solution_id = after.solution_id
        AND known.measure_id = after.measure_id
        AND known.municipality_code = after.municipality_code
        AND known.division_date = after.division_date
        AND known.organisation = coalesce(after.organisation_number, '')
        AND known.period_start = after.period_start
        AND known.period_end = after.period_end";

/// The cells known of in deliveries removed out of force, in whole or in part: of the latter, what an added delivery
/// reports is what left, since no cell is active twice.
const KNOWN_USAGE: &str = "
    SELECT DISTINCT before.solution_id, before.measure_id, before.municipality_code, before.division_date,
        coalesce(before.organisation_number, '') AS organisation, before.period_start, before.period_end
    FROM before
    LEFT SEMI JOIN removed ON removed.receipt_id = before.receipt_id";

const EVENTS: &str = "
    SELECT after.* FROM after
    LEFT ANTI JOIN added ON added.receipt_id = after.receipt_id
    UNION ALL
    SELECT after.* FROM after
    LEFT SEMI JOIN added ON added.receipt_id = after.receipt_id AND added.replaces
    LEFT SEMI JOIN known ON known.solution_id = after.solution_id AND known.last_known >= after.valid_from";

/// How far the deliveries removed out of force known each solution's history.
const KNOWN_EVENTS: &str = "
    SELECT before.solution_id, max(before.valid_from) AS last_known
    FROM before
    LEFT SEMI JOIN removed ON removed.receipt_id = before.receipt_id
    GROUP BY before.solution_id";

/// Deliveries that are new are as they were before: not there, or held.
const DELIVERIES: &str = "
    SELECT after.* FROM after
    LEFT ANTI JOIN added ON added.receipt_id = after.receipt_id AND NOT added.replaces
    UNION ALL
    SELECT before.* FROM before
    LEFT SEMI JOIN added ON added.receipt_id = before.receipt_id AND NOT added.replaces";

/// A table of facts with what is revised and without what is new. The `context` is a session of its own: `before` and `after`
/// must not meet the relations of a question.
pub(crate) async fn revised(
    context: SessionContext,
    table: &str,
    receipts: &Receipts,
    before: Arc<dyn TableProvider>,
    after: Arc<dyn TableProvider>,
) -> Result<Arc<dyn TableProvider>, EngineError> {
    let (text, known) = match table {
        "usage" => (USAGE, Some(KNOWN_USAGE)),
        "rollout_events" => (EVENTS, Some(KNOWN_EVENTS)),
        _ => (DELIVERIES, None),
    };
    context.register_table("before", before)?;
    context.register_table("after", after)?;
    let removed = memory(receipts.removed.iter().chain(&receipts.reduced).map(|id| (id, false)))?;
    context.register_table("removed", removed)?;
    let added = memory(receipts.added.iter().map(|(id, replaces)| (id, *replaces)))?;
    context.register_table("added", added)?;
    if let Some(known) = known {
        let frame = plan_query(&context, known).await?;
        context.register_table("known", frame.into_view())?;
    }
    Ok(plan_query(&context, text).await?.into_view())
}

fn memory<'a>(
    rows: impl Iterator<Item = (&'a String, bool)> + Clone,
) -> Result<Arc<dyn TableProvider>, EngineError> {
    let ids: StringArray = rows.clone().map(|(id, _)| Some(id)).collect();
    let replaces: BooleanArray = rows.map(|(_, replaces)| Some(replaces)).collect();
    let columns: [(&str, Arc<dyn Array>); 2] =
        [("receipt_id", Arc::new(ids)), ("replaces", Arc::new(replaces))];
    let batch = RecordBatch::try_from_iter(columns)?;
    let table = MemTable::try_new(batch.schema(), vec![vec![batch]])?;
    Ok(Arc::new(table))
}
