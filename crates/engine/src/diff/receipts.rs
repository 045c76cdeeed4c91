//! The deliveries in force in two editions: which were removed, in whole or in part, which were added, and which of these
//! took another's place.
//!
//! A delivery takes another's place when it answers the question (source and subject) that a removed one answered, or when
//! it reports cells that one of its source reported before and reports no longer: a contract may say that a delivery
//! replaces its own span, whatever its subject, and what lies outside stays under the receipt it came in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;
use utbredt_lake::{Edition, Lake, Table};

use crate::edition::open::OpenEdition;
use crate::error::EngineError;
use crate::planning::plan_query;

/// The receipts by what became of them. Their lists in an edition are sorted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Receipts {
    /// In force before, and no longer.
    pub(crate) removed: BTreeSet<String>,
    /// In force before and after, and not with as many cells.
    pub(crate) reduced: BTreeSet<String>,
    /// Not in force before; with whether it took the place of one removed.
    pub(crate) added: BTreeMap<String, bool>,
    /// The source of each removed, reduced or added one.
    sources: BTreeMap<String, String>,
}

/// By receipt, the question it answers: source and subject.
type Questions = BTreeMap<String, (String, String)>;

impl Receipts {
    pub(crate) async fn read(
        lake: &Lake,
        before: &OpenEdition,
        after: &OpenEdition,
    ) -> Result<Self, EngineError> {
        let known = [questions(lake, &before.edition)?, questions(lake, &after.edition)?];
        let mut receipts =
            Self::classify((&before.edition.receipts, &known[0]), (&after.edition.receipts, &known[1]));
        if let (Some(usage_before), Some(usage)) = (before.tables.get("usage"), after.tables.get("usage")) {
            let context = after.bare_session();
            receipts.compare_cells(&context, Arc::clone(usage_before), Arc::clone(usage)).await?;
        }
        Ok(receipts)
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
        let of_source = |id: &String| Some((id.clone(), question_of(id, after.1, before.1)?.0.clone()));
        let sources = before.0.iter().chain(found.keys()).filter_map(of_source).collect();
        Self { removed, reduced: BTreeSet::new(), added: found, sources }
    }

    /// Finds what the questions do not say: deliveries that were removed in part, and those that took the place of others
    /// cell by cell. `before` and `after` are the usage of both editions.
    async fn compare_cells(
        &mut self,
        context: &SessionContext,
        before: Arc<dyn TableProvider>,
        after: Arc<dyn TableProvider>,
    ) -> Result<(), EngineError> {
        if self.added.values().all(|replaces| *replaces) {
            return Ok(());
        }
        context.register_table("before", before)?;
        context.register_table("after", after)?;
        self.reduced = ids(context, REDUCED).await?;
        if self.removed.is_empty() && self.reduced.is_empty() {
            return Ok(());
        }
        let removed = self.removed.iter().chain(&self.reduced);
        context.register_table("removed", self.with_sources(removed)?)?;
        context.register_table("added", self.with_sources(self.added.keys())?)?;
        for id in ids(context, REPLACING).await? {
            self.added.insert(id, true);
        }
        Ok(())
    }

    /// Receipts and their sources as a table.
    fn with_sources<'a>(
        &self,
        receipts: impl Iterator<Item = &'a String> + Clone,
    ) -> Result<Arc<dyn TableProvider>, EngineError> {
        let ids: StringArray = receipts.clone().map(Some).collect();
        let sources: StringArray = receipts.map(|id| self.sources.get(id)).collect();
        let columns: [(&str, Arc<dyn Array>); 2] =
            [("receipt_id", Arc::new(ids)), ("source_id", Arc::new(sources))];
        let batch = RecordBatch::try_from_iter(columns)?;
        Ok(Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?))
    }
}

/// Receipts that are in both editions with another number of cells.
const REDUCED: &str = "
    SELECT before.receipt_id
    FROM (SELECT receipt_id, count(*) AS cells FROM before GROUP BY receipt_id) AS before
    JOIN (SELECT receipt_id, count(*) AS cells FROM after GROUP BY receipt_id) AS after
        ON after.receipt_id = before.receipt_id
    WHERE after.cells <> before.cells";

/// Added receipts with a cell that one of the same source had and that left it.
const REPLACING: &str = "
    SELECT DISTINCT added.receipt_id
    FROM after
    JOIN added ON added.receipt_id = after.receipt_id
    JOIN before
        ON before.solution_id = after.solution_id
        AND before.measure_id = after.measure_id
        AND before.municipality_code = after.municipality_code
        AND before.division_date = after.division_date
        AND coalesce(before.organisation_number, '') = coalesce(after.organisation_number, '')
        AND before.period_start = after.period_start
        AND before.period_end = after.period_end
    JOIN removed ON removed.receipt_id = before.receipt_id AND removed.source_id = added.source_id";

/// The first column of a query's rows.
async fn ids(context: &SessionContext, query: &str) -> Result<BTreeSet<String>, EngineError> {
    let mut found = BTreeSet::new();
    for batch in plan_query(context, query).await?.collect().await? {
        let texts = arrow::compute::cast(batch.column(0), &arrow::datatypes::DataType::Utf8)?;
        found.extend(texts.as_string::<i32>().iter().flatten().map(str::to_owned));
    }
    Ok(found)
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
        assert!(none.removed.is_empty() && none.added.is_empty(), "{none:?}");
        // One that came and was held.
        let mut known = question_of.clone();
        known.extend([question("held", "county", "2024-03")]);
        let held = Receipts::classify((&after, &question_of), (&after, &known));
        assert_eq!(held.added, [("held".to_owned(), false)].into());
    }
}
