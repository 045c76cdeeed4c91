//! By what a delivery was read: a registered format and its settings, as they are kept beside the payloads. Who releases a
//! held delivery means that reading, and the same file by another contract is another answer.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use utbredt_lake::Lake;

use crate::IngestError;
use crate::connectors;
use crate::format::Format;

/// As it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    format: String,
    settings: Value,
}

/// What a delivery is read by. Comments and the order of lines in a contract are no part of it.
#[derive(Debug)]
pub(crate) struct ReadBy {
    kept: Kept,
    /// As it is kept.
    pub(crate) bytes: Vec<u8>,
    /// The hash of that.
    pub(crate) sha256: String,
    /// Whether it is a contract, and not a format that comes with the program.
    pub(crate) is_contract: bool,
}

impl ReadBy {
    pub(crate) fn of(format: &dyn Format) -> Result<Self, IngestError> {
        let kept = Kept { format: format.name().to_owned(), settings: format.settings()? };
        let bytes = serde_json::to_vec(&kept)?;
        let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { kept, bytes, sha256, is_contract: format.source_id().is_some() })
    }

    /// Whether a receipt names the same, by its `contract_sha256`. One that names none was read by a format without a
    /// contract, or before contracts were recorded: that only a format without one takes for its own.
    pub(crate) fn is(&self, named: Option<&str>, lake: Option<&Lake>) -> bool {
        match named {
            None => !self.is_contract,
            // Kept by another version of the program the same contract may be written otherwise.
            Some(named) => named == self.sha256 || lake.is_some_and(|lake| self.is_equal_to(named, lake)),
        }
    }

    /// One that is not kept, or cannot be read any more, is another: the facts then decide.
    fn is_equal_to(&self, named: &str, lake: &Lake) -> bool {
        let settings = kept_format(lake, named).and_then(|format| Ok((format.name(), format.settings()?)));
        settings.is_ok_and(|(name, settings)| name == self.kept.format && settings == self.kept.settings)
    }
}

/// How a delivery was read, by the hash in its receipt.
pub(crate) fn kept_format(lake: &Lake, sha256: &str) -> Result<Arc<dyn Format>, IngestError> {
    let Kept { format, settings } = serde_json::from_slice(&lake.raw(sha256)?)?;
    connectors::format(&format, settings)
}
