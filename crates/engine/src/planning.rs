//! Planning of texts that may only read.

use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::prelude::{DataFrame, SessionContext};

/// Neither tables nor settings may be changed.
pub(crate) fn read_only() -> SQLOptions {
    SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false)
}

/// Plans a text that may only read.
pub(crate) async fn plan_query(context: &SessionContext, text: &str) -> Result<DataFrame, DataFusionError> {
    context.sql_with_options(text, read_only()).await
}
