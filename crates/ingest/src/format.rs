//! How the payloads of a source become statements. Formats are registered with their connectors.

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use utbredt_model::{Parsed, SourceId};
use utbredt_sources::delimited::Contract;

use crate::rollout::Note;
use crate::{Delivery, IngestError};

/// How the payloads of a source are parsed, and what was agreed about them.
pub trait Format: fmt::Debug + Send + Sync {
    /// The name it is registered by.
    fn name(&self) -> &'static str;

    /// What another process must be given to parse by it, as its registration decodes it.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    fn settings(&self) -> Result<Value, serde_json::Error> {
        Ok(Value::Null)
    }

    /// Bytes in, statements out, in this process.
    fn parse(&self, bytes: &[u8], received_at: DateTime<Utc>) -> Parsed;

    /// Whether some bytes are a workbook, which is far larger inside than out.
    fn is_workbook(&self, _bytes: &[u8]) -> bool {
        false
    }

    /// The one source whose deliveries are parsed by it, where a contract says so.
    fn source_id(&self) -> Option<&SourceId> {
        None
    }

    /// What must be known to read an absence right.
    fn notes(&self) -> &[Note] {
        &[]
    }

    /// Whether it was agreed that the numbers never fall.
    fn is_cumulative(&self) -> bool {
        false
    }

    /// A day in whose division every code is, where a series was laid on the borders of one day.
    fn division(&self) -> Option<NaiveDate> {
        None
    }

    /// The unit that numbers were scaled to, which must be the measure's.
    fn unit(&self) -> Option<&str> {
        None
    }

    /// Whether a delivery takes the place of whatever its source delivered within the days it reaches over, and not of
    /// the delivery for the same subject.
    fn replaces_own_span(&self) -> bool {
        false
    }

    /// The version of the contract.
    fn contract_version(&self) -> i32 {
        1
    }

    /// Whether everything parsed by it is invented.
    fn is_synthetic(&self) -> bool {
        false
    }

    /// The contract of delimited text, which may be read piece by piece.
    fn contract(&self) -> Option<&Contract> {
        None
    }

    /// The text of a payload in which a row's number is the number of its line.
    fn lines<'p>(&self, _payload: &'p [u8]) -> Option<Cow<'p, str>> {
        None
    }
}

/// Refuses a contract of another source.
pub(crate) fn check_contract(format: &dyn Format, delivery: &Delivery) -> Result<(), IngestError> {
    match format.source_id() {
        Some(agreed) if *agreed != delivery.source_id => Err(IngestError::WrongContract {
            delivered: delivery.source_id.to_string(),
            contract: agreed.to_string(),
        }),
        _ => Ok(()),
    }
}
