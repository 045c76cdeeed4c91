//! A table with a damaged file. It stops what reads it and nothing else: every reading of its rows is an error that names the
//! file, so that nothing takes it for a table without rows.

use std::pin::Pin;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;

type Scan<'a> = Pin<Box<dyn Future<Output = Result<Arc<dyn ExecutionPlan>, DataFusionError>> + Send + 'a>>;

/// The error of every reading of such a table.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the file {file} is damaged")]
pub(crate) struct DamagedFile {
    /// The file, relative to the lake.
    pub(crate) file: String,
}

impl DamagedFile {
    /// The file whose damage a query failed by, if that is why.
    pub(crate) fn of(error: &DataFusionError) -> Option<&Self> {
        match error.find_root() {
            DataFusionError::External(source) => source.downcast_ref(),
            _ => None,
        }
    }
}

/// The table.
#[derive(Debug)]
pub(crate) struct DamagedTable {
    pub(crate) schema: SchemaRef,
    pub(crate) damage: DamagedFile,
}

// Written out by hand, as for every table of ours: the macro for async traits makes each build slower.
impl TableProvider for DamagedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn scan<'own, 'state, 'columns, 'filters, 'scan>(
        &'own self,
        _state: &'state dyn Session,
        _projection: Option<&'columns Vec<usize>>,
        _filters: &'filters [Expr],
        _limit: Option<usize>,
    ) -> Scan<'scan>
    where
        'own: 'scan,
        'state: 'scan,
        'columns: 'scan,
        'filters: 'scan,
        Self: 'scan,
    {
        let damage = Box::new(self.damage.clone());
        Box::pin(std::future::ready(Err(DataFusionError::External(damage))))
    }
}
