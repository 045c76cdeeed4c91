//! The health of each source, from the lake's log of runs.

use utbredt_lake::RunSummary;

use crate::engine::Engine;
use crate::error::EngineError;

impl Engine {
    /// What the log of runs comes to, source by source. It reads what was added since the last call.
    ///
    /// # Errors
    /// When the log is there and cannot be read.
    pub fn run_summary(&self) -> Result<RunSummary, EngineError> {
        self.lake.run_summary().map_err(|error| EngineError::of_lake(&self.lake, error))
    }
}
