//! How the sources fare, from the lake's log of runs.

use utbredt_lake::Run;

use crate::error::EngineError;
use crate::read::lake_error;
use crate::run::Engine;

impl Engine {
    /// Every look at a source, oldest first.
    ///
    /// # Errors
    /// When the log is there and cannot be read.
    pub fn runs(&self) -> Result<Vec<Run>, EngineError> {
        self.lake.runs().map_err(|error| lake_error(&self.lake, &error))
    }
}
