//! Reading, and what goes wrong at it: a text that may only read is planned, its first column told as texts.

use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::prelude::{DataFrame, SessionContext};
use utbredt_lake::{Edition, Lake, LakeError};

use crate::error::EngineError;

/// A damaged file keeps its name on the way out.
pub(crate) fn lake_error(lake: &Lake, error: &LakeError) -> EngineError {
    match error {
        LakeError::Damaged { path, .. } => EngineError::Damaged { file: path.clone() },
        other => EngineError::Lake { path: lake.root().to_path_buf(), why: other.with_causes() },
    }
}

/// The engine's own failures, without its stack.
pub(crate) fn internal(error: &DataFusionError) -> EngineError {
    EngineError::Internal(error.strip_backtrace())
}

/// Plans a text that may only read.
pub(crate) async fn query(context: &SessionContext, text: &str) -> Result<DataFrame, String> {
    let options = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    context.sql_with_options(text, options).await.map_err(|e| e.strip_backtrace())
}

/// The first column of an answer as texts.
pub(crate) async fn texts(context: &SessionContext, text: &str) -> Result<Vec<String>, EngineError> {
    let frame = query(context, text).await.map_err(EngineError::Internal)?;
    let mut all: Vec<String> = Vec::new();
    for batch in frame.collect().await.map_err(|e| internal(&e))? {
        let column = batch.column(0).as_any().downcast_ref::<arrow::array::StringArray>().cloned();
        all.extend(column.iter().flatten().flatten().map(str::to_owned));
    }
    Ok(all)
}

/// A file changed since its edition was opened must not be read by the next question either. Files that have not
/// changed are only looked at, not read.
pub(crate) fn still_whole(lake: &Lake, edition: &Edition) -> Result<(), EngineError> {
    for entry in edition.tables.values().flatten() {
        lake.check_file(entry).map_err(|e| lake_error(lake, &e))?;
    }
    Ok(())
}
