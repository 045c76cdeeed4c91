//! Pulling: what of a source is not here yet is asked for, piece by piece, and each piece is a delivery of its own.
//!
//! Nothing is remembered beside the lake. Which pieces are here is read from its receipts, so a pull that was stopped
//! anywhere goes on where it stood, and ends with the same editions as one that was not.

mod brreg;
mod digdir;
mod fiks;
mod kartverket;
mod klass;
mod land;
mod register;
mod ssb;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, StringArray, TimestampMicrosecondArray};
use chrono::{DateTime, Utc};
use utbredt_lake::Lake;
use utbredt_model::SourceId;

use crate::columns::table;
use crate::fetch::{Answer, FetchError, Refusal};
use crate::{IngestError, Report};

pub use brreg::{BrregOrganisations, pull as pull_organisations};
pub use digdir::{Digdir, pull as pull_digdir};
pub use fiks::{FiksActivation, pull as pull_fiks};
pub use kartverket::{KartverketMunicipalities, pull as pull_municipalities};
pub use klass::{KlassChanges, pull as pull_changes};
pub use ssb::{SsbPopulation, pull as pull_population};

/// What a pull did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pulled {
    /// Questions that were answered.
    pub requests: u64,
    /// Bytes that came: none where the source said that nothing changed.
    pub bytes: u64,
    /// What became of each delivery.
    pub reports: Vec<Report>,
    /// Why it stopped before everything was here; what came before that is in.
    pub stopped: Option<String>,
}

impl Pulled {
    /// Counts an answer and gives its bytes.
    fn take(&mut self, answer: Answer) -> Vec<u8> {
        self.requests += 1;
        self.bytes += answer.received;
        answer.body
    }
}

/// Why a pull could not even begin, or the lake could not take what came.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PullError {
    /// The lake could not be read or written.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// The address is not one that is asked.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The source does not have what is declared.
    #[error("{0}")]
    Undeclared(String),
}

impl From<utbredt_lake::LakeError> for PullError {
    fn from(error: utbredt_lake::LakeError) -> Self {
        Self::Ingest(error.into())
    }
}

/// An address that is refused is for the operator to mend; everything else may be better the next time.
fn stopped(error: FetchError) -> Result<String, PullError> {
    match error {
        FetchError::Refused(refusal) => Err(refusal.into()),
        passing => Ok(passing.to_string()),
    }
}

/// What a source was asked whose answer is in force, and when that came.
fn answered(lake: &Lake, source_id: &SourceId) -> Result<BTreeMap<String, DateTime<Utc>>, IngestError> {
    let Some(edition) = lake.latest()? else { return Ok(BTreeMap::new()) };
    let live: BTreeSet<&str> = edition.receipts.iter().map(String::as_str).collect();
    let mut all = BTreeMap::new();
    for batch in lake.read_table(&edition, table("receipts")?)? {
        let text =
            |name: &str| batch.column_by_name(name).and_then(|c| c.as_any().downcast_ref::<StringArray>());
        let moments = batch.column_by_name("received_at");
        let moments = moments.and_then(|c| c.as_any().downcast_ref::<TimestampMicrosecondArray>());
        let (Some(ids), Some(sources), Some(asked), Some(moments)) =
            (text("receipt_id"), text("source_id"), text("asked"), moments)
        else {
            continue;
        };
        for row in 0..batch.num_rows() {
            if sources.value(row) == source_id.as_str()
                && live.contains(ids.value(row))
                && asked.is_valid(row)
            {
                let received = DateTime::from_timestamp_micros(moments.value(row)).unwrap_or_default();
                all.insert(asked.value(row).to_owned(), received);
            }
        }
    }
    Ok(all)
}
