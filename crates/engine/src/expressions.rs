//! Expressions of KPI headers over a rolled-up row: `numerator / denominator`. Each is planned once for the columns it
//! is evaluated over, without a query.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, RecordBatch};
use datafusion::common::DFSchema;
use datafusion::physical_plan::PhysicalExpr;
use datafusion::prelude::SessionContext;
use utbredt_kpi::Kpi;

use crate::error::EngineError;

/// The expressions planned so far, by KPI and text.
#[derive(Debug, Default)]
pub(crate) struct Expressions {
    planned: Mutex<HashMap<(String, String), Arc<dyn PhysicalExpr>>>,
}

impl Expressions {
    /// The values of an expression, one for each row.
    pub(crate) fn evaluate(
        &self,
        kpi: &Kpi,
        text: &str,
        rows: &RecordBatch,
    ) -> Result<ArrayRef, EngineError> {
        let key = (kpi.id.clone(), text.to_owned());
        let known = self.planned.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        // The lock is not held while planning; at worst two questions plan the same expression.
        let expression = match known {
            Some(expression) => expression,
            None => {
                let made = plan(kpi, text, rows)?;
                let mut planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
                planned.insert(key, Arc::clone(&made));
                made
            }
        };
        Ok(expression.evaluate(rows)?.into_array(rows.num_rows())?)
    }
}

fn plan(kpi: &Kpi, text: &str, rows: &RecordBatch) -> Result<Arc<dyn PhysicalExpr>, EngineError> {
    let schema = DFSchema::try_from(rows.schema().as_ref().clone())?;
    let context = SessionContext::new();
    crate::functions::register(&context);
    let wrong = |error: datafusion::error::DataFusionError| {
        EngineError::of_query(&kpi.path, format!("`{text}`: {}", error.strip_backtrace()))
    };
    let expression = context.parse_sql_expr(text, &schema).map_err(wrong)?;
    context.create_physical_expr(expression, &schema).map_err(wrong)
}
