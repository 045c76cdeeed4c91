//! What an answer rests on: the sources of the deliveries it was computed from, and how much of its area it covers.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use arrow::array::{Array, Float64Array, RecordBatch};
use datafusion::prelude::SessionContext;
use utbredt_kpi::{Catalogue, Kpi, ParamValue};
use utbredt_model::Period;

use crate::error::EngineError;
use crate::read::texts;
use crate::request::By;
use crate::session::Tables;

/// How many such answers are kept: planning one costs as much as a small KPI.
const REMEMBERED: usize = 1000;

/// The tables whose rows came in deliveries, and the column that says from when a row counts. The deliveries
/// themselves are rows a KPI can be about, too.
const FACTS: [(&str, &str); 3] =
    [("usage", "period_start"), ("rollout_events", "valid_from"), ("receipts", "received_at")];

/// The sources whose deliveries hold rows this KPI reads: of its solution and measure, begun before the answer ends.
/// For all solutions at once the files say which deliveries they hold, and no row is read.
pub(crate) async fn sources(
    context: &SessionContext,
    catalogue: &Catalogue,
    tables: &Tables,
    (kpi, bound): (&Kpi, &[(String, ParamValue)]),
    periods: &[Period],
) -> Result<Vec<String>, EngineError> {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let given = |wanted: &str| match bound.iter().find(|(name, _)| name == wanted) {
        Some((_, ParamValue::Text(text))) if text != "*" => Some(quoted(text)),
        _ => None,
    };
    let read = tables_read(catalogue, kpi);
    let mut parts = Vec::new();
    for (table, from) in FACTS.iter().filter(|(table, _)| read.contains(table)) {
        let narrowed: &[&str] = match *table {
            "usage" => &["solution_id", "measure_id"],
            "receipts" => &["source_id"],
            _ => &["solution_id"],
        };
        if *table != "receipts" && given("solution_id").is_none() {
            let entries = tables.edition.tables.get(*table).into_iter().flatten();
            let receipts: BTreeSet<&String> = entries.flat_map(|entry| &entry.receipts).collect();
            parts.extend(receipts.iter().map(|id| format!("SELECT {} AS receipt_id", quoted(id))));
            continue;
        }
        let end = periods.last().map(|last| format!("{table}.{from} < DATE '{}'", last.end));
        let narrow = narrowed.iter().filter_map(|name| Some(format!("{table}.{name} = {}", given(name)?)));
        let all: Vec<String> = narrow.chain(end).collect();
        parts.push(format!("SELECT {table}.receipt_id FROM {table} WHERE {}", all.join(" AND ")));
    }
    if parts.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT DISTINCT receipts.source_id FROM receipts WHERE receipts.receipt_id IN ({}) ORDER BY 1",
        parts.join(" UNION ALL ")
    );
    remembered(tables, text.clone(), texts(context, &text)).await
}

/// What was found before under the same key, or what is found now.
pub(crate) async fn remembered(
    tables: &Tables,
    key: String,
    find: impl Future<Output = Result<Vec<String>, EngineError>>,
) -> Result<Vec<String>, EngineError> {
    let memory = || tables.memory.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = memory().get(&key) {
        return Ok(known.clone());
    }
    let found = find.await?;
    let mut memory = memory();
    if memory.len() >= REMEMBERED {
        memory.clear();
    }
    memory.insert(key, found.clone());
    Ok(found)
}

/// Which tables of facts the KPI's text and the relations below it read.
fn tables_read(catalogue: &Catalogue, kpi: &Kpi) -> BTreeSet<&'static str> {
    let mut open = vec![kpi.sql.as_str()];
    let mut seen = BTreeSet::new();
    let mut found = BTreeSet::new();
    while let Some(text) = open.pop() {
        for name in relations(text) {
            found.extend(FACTS.iter().map(|(table, _)| *table).filter(|table| *table == name));
            let view = catalogue.views().iter().find(|view| view.name == name);
            open.extend(view.filter(|view| seen.insert(view.name.as_str())).map(|view| view.sql.as_str()));
        }
    }
    found
}

/// The names after FROM and JOIN; a column or an alias of the same name reads nothing.
fn relations(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    let before = words.clone();
    before.zip(words.skip(1)).filter(|(before, _)| matches!(*before, "FROM" | "JOIN")).map(|(_, name)| name)
}

/// How much of the nation the last row speaks for. Rows of several areas have no coverage in common.
pub(crate) fn coverage(by: By, batches: &[RecordBatch]) -> Option<f64> {
    let last = batches.iter().rfind(|batch| batch.num_rows() > 0).filter(|_| by == By::Nation)?;
    let column = last.column_by_name("coverage")?.as_any().downcast_ref::<Float64Array>()?;
    let at = last.num_rows() - 1;
    column.is_valid(at).then(|| column.value(at))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::ArrayRef;

    use super::*;

    #[test]
    fn what_is_read_stands_after_from_and_join() {
        let text = "SELECT usage.value, receipts AS usage FROM usage_cells AS usage LEFT JOIN\n    spine ON true WHERE EXISTS (SELECT 1 FROM (receipts))";
        assert_eq!(relations(text).collect::<Vec<_>>(), ["usage_cells", "spine", "receipts"]);
    }

    #[test]
    fn coverage_is_the_last_rows_and_only_the_nations() {
        let batch = |cells: Vec<Option<f64>>| {
            let column: ArrayRef = Arc::new(Float64Array::from(cells));
            RecordBatch::try_from_iter([("coverage", column)]).expect("a batch")
        };
        let rows = [batch(vec![Some(0.1), Some(0.6)]), batch(vec![])];
        assert_eq!(coverage(By::Nation, &rows), Some(0.6));
        assert_eq!(coverage(By::County, &rows), None);
        assert_eq!(coverage(By::Nation, &[batch(vec![Some(0.1), None])]), None);
        assert_eq!(coverage(By::Nation, &[]), None);
    }
}
