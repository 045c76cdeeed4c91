//! A kept relation as a table that queries scan: of a question about one solution only that solution's rows are
//! touched.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::scalar::ScalarValue;

/// The column whose value leads to a part.
const PART: &str = "solution_id";

/// The rows of a relation for one question, by solution.
pub(crate) struct StoredTable {
    schema: SchemaRef,
    parts: BTreeMap<Option<String>, Vec<RecordBatch>>,
}

impl StoredTable {
    pub(crate) const fn new(schema: SchemaRef, parts: BTreeMap<Option<String>, Vec<RecordBatch>>) -> Self {
        Self { schema, parts }
    }

    /// The rows that can pass the filters.
    fn rows(&self, filters: &[Expr]) -> Vec<RecordBatch> {
        let solution = filters.iter().find_map(part_named);
        let parts = self.parts.iter().filter(|(part, _)| match (part, &solution) {
            (Some(part), Some(solution)) => part == solution,
            _ => true,
        });
        parts.flat_map(|(_, batches)| batches.iter().cloned()).collect()
    }
}

impl fmt::Debug for StoredTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredTable").field("parts", &self.parts.len()).finish_non_exhaustive()
    }
}

/// The solution a filter `solution_id = 'x'` asks for.
fn part_named(filter: &Expr) -> Option<String> {
    let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) = filter else { return None };
    let (column, value) = match (left.as_ref(), right.as_ref()) {
        (Expr::Column(column), Expr::Literal(value, _)) | (Expr::Literal(value, _), Expr::Column(column)) => {
            (column, value)
        }
        _ => return None,
    };
    match value {
        ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)) if column.name == PART => {
            Some(text.clone())
        }
        _ => None,
    }
}

type Scan<'a> = Pin<Box<dyn Future<Output = Result<Arc<dyn ExecutionPlan>, DataFusionError>> + Send + 'a>>;

/// Scans the chosen rows as a table in memory does.
fn scan<'a>(table: MemTable, state: &'a dyn Session, projection: Option<&'a Vec<usize>>) -> Scan<'a> {
    Box::pin(async move { table.scan(state, projection, &[], None).await })
}

// Written out by hand: the macro for async traits makes every build of the engine seconds slower.
impl TableProvider for StoredTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn scan<'own, 'state, 'columns, 'filters, 'scan>(
        &'own self,
        state: &'state dyn Session,
        projection: Option<&'columns Vec<usize>>,
        filters: &'filters [Expr],
        _limit: Option<usize>,
    ) -> Scan<'scan>
    where
        'own: 'scan,
        'state: 'scan,
        'columns: 'scan,
        'filters: 'scan,
        Self: 'scan,
    {
        match MemTable::try_new(Arc::clone(&self.schema), vec![self.rows(filters)]) {
            Ok(table) => scan(table, state, projection),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>, DataFusionError> {
        // A part holds one solution alone; the filter still runs, over few rows.
        let inexact = |filter: &&Expr| match part_named(filter) {
            Some(_) => TableProviderFilterPushDown::Inexact,
            None => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(inexact).collect())
    }
}
