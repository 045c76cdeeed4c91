//! The health of each source, from the lake's log of runs.

use utbredt_lake::Run;

use crate::engine::Engine;
use crate::error::EngineError;

impl Engine {
    /// Every run of a source, oldest first.
    ///
    /// # Errors
    /// When the log is there and cannot be read.
    pub fn runs(&self) -> Result<Vec<Run>, EngineError> {
        self.lake.runs().map_err(|error| EngineError::of_lake(&self.lake, error))
    }
}
