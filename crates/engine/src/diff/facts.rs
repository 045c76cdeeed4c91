//! Facts half-way from one edition to the other: known anew where they were known before, and nothing new beside.
//!
//! A delivery that answers a question (source and subject) which a delivery removed out of force answered takes that
//! one's place. What it says of a cell that was known of before is revised; what it says beyond that is new. So a
//! source that sends its whole history each time is not taken to have rewritten it. A count is of the same cell when
//! all but its value is the same. An event is of the known history when it lies no later than the last event known.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, BooleanArray, RecordBatch, StringArray};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;
use utbredt_lake::{Edition, Lake, Table};

use crate::error::EngineError;
use crate::planning::plan_query;

/// The receipts by what became of them. Their lists in an edition are sorted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Receipts {
    /// In force before, and no longer.
    pub(crate) removed: BTreeSet<String>,
    /// Not in force before; with whether it took the place of one removed.
    pub(crate) added: BTreeMap<String, bool>,
}

/// By receipt, the question it answers: source and subject.
type Questions = BTreeMap<String, (String, String)>;

impl Receipts {
    pub(crate) fn read(lake: &Lake, before: &Edition, after: &Edition) -> Result<Self, EngineError> {
        let (known_before, known_after) = (questions(lake, before)?, questions(lake, after)?);
        Ok(Self::classify((&before.receipts, &known_before), (&after.receipts, &known_after)))
    }

    /// From the receipts in force and those known, before and after.
    fn classify(before: (&[String], &Questions), after: (&[String], &Questions)) -> Self {
        let removed: BTreeSet<String> =
            before.0.iter().filter(|id| after.0.binary_search(id).is_err()).cloned().collect();
        let answered: BTreeSet<_> =
            removed.iter().filter_map(|id| question_of(id, after.1, before.1)).collect();
        // What was held before and is held still has not added.
        let held = after.1.keys().filter(|id| !before.1.contains_key(*id));
        let added = after.0.iter().chain(held).filter(|id| before.0.binary_search(id).is_err());
        let mut found = BTreeMap::new();
        for id in added {
            let question = question_of(id, after.1, before.1);
            found.insert(id.clone(), question.is_some_and(|question| answered.contains(question)));
        }
        Self { removed, added: found }
    }
}

/// The question of a receipt; a receipt that was removed may be known to the older edition alone.
fn question_of<'q>(id: &str, after: &'q Questions, before: &'q Questions) -> Option<&'q (String, String)> {
    after.get(id).or_else(|| before.get(id))
}

fn questions(lake: &Lake, edition: &Edition) -> Result<Questions, EngineError> {
    let mut found = Questions::new();
    let Some(table) = Table::named("receipts") else { return Ok(found) };
    let batches = lake.read_table(edition, table).map_err(|error| EngineError::of_lake(lake, error))?;
    for batch in batches {
        let column =
            |name: &str| batch.column_by_name(name).and_then(|c| c.as_any().downcast_ref::<StringArray>());
        let columns = (column("receipt_id"), column("source_id"), column("subject"));
        let (Some(ids), Some(sources), Some(subjects)) = columns else { continue };
        for row in 0..batch.num_rows() {
            let question = (sources.value(row).to_owned(), subjects.value(row).to_owned());
            found.insert(ids.value(row).to_owned(), question);
        }
    }
    Ok(found)
}

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

/// The cells known of in deliveries removed out of force.
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

/// A table of facts with what is revised and without what is new.
pub(crate) async fn revised(
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
    // A session of its own: `before` and `after` must not meet the relations of a question.
    let context = SessionContext::new();
    context.register_table("before", before)?;
    context.register_table("after", after)?;
    let removed = memory(receipts.removed.iter().map(|id| (id, false)))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(of: &[&str]) -> Vec<String> {
        of.iter().map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn a_receipt_takes_the_place_of_a_superseded_one_when_it_answers_the_same() {
        let question = |id: &str, source: &str, question_of: &str| {
            (id.to_owned(), (source.to_owned(), question_of.to_owned()))
        };
        let question_of: Questions = [
            question("old", "county", "2024-01"),
            question("between", "county", "2024-01"),
            question("corrected", "county", "2024-01"),
            question("next", "county", "2024-02"),
            question("elsewhere", "register", "2024-01"),
            question("stays", "county", "2023-12"),
            question("withdrawn", "county", "2023-11"),
        ]
        .into();
        let before = ids(&["old", "stays", "withdrawn"]);
        let after = ids(&["corrected", "elsewhere", "next", "stays"]);
        let found = Receipts::classify((&before, &question_of), (&after, &question_of));
        assert_eq!(found.removed, ids(&["old", "withdrawn"]).into_iter().collect());
        let expected = [("corrected", true), ("elsewhere", false), ("next", false)];
        assert_eq!(found.added, expected.map(|(id, replaces)| (id.to_owned(), replaces)).into());
        // From the edition between to the last the correction is of the one between.
        let between = ids(&["between", "stays"]);
        let found = Receipts::classify((&between, &question_of), (&after, &question_of));
        assert_eq!(found.added.get("corrected"), Some(&true));
        let none = Receipts::classify((&after, &question_of), (&after, &question_of));
        assert_eq!(none, Receipts::default());
        // One that came and was held.
        let mut known = question_of.clone();
        known.extend([question("held", "county", "2024-03")]);
        let held = Receipts::classify((&after, &question_of), (&after, &known));
        assert_eq!(held.added, [("held".to_owned(), false)].into());
    }
}
