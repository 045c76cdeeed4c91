//! What came of a pull: a report, or why it could not go on.

use utbredt_lake::LakeError;

use crate::fetch::{FetchError, Refusal, TokenError};
use crate::{IngestError, Report};

/// What a pull did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PullReport {
    /// Questions that were answered.
    pub requests: u64,
    /// Bytes that came: none where the source said that nothing changed.
    pub bytes: u64,
    /// What became of each delivery.
    pub reports: Vec<Report>,
    /// Why it stopped before everything was here; what came before that is in.
    pub stopped: Option<String>,
}

/// Why a pull could not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PullError {
    /// The lake could not be read or written.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// The source did not answer: it may the next time.
    #[error(transparent)]
    Fetch(FetchError),
    /// No token for the source was given.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The address is not one that may be asked: that is for the operator to correct.
    #[error(transparent)]
    Refused(Refusal),
    /// The source does not have what is declared.
    #[error("{0}")]
    Undeclared(String),
    /// The source is not as it was.
    #[error("{0}")]
    Changed(String),
}

impl From<FetchError> for PullError {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Refused(refusal) => Self::Refused(refusal),
            passing => Self::Fetch(passing),
        }
    }
}

impl From<LakeError> for PullError {
    fn from(error: LakeError) -> Self {
        Self::Ingest(error.into())
    }
}

impl PullError {
    /// Whether it may be otherwise the next time, without anybody's doing.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Fetch(_) | Self::Changed(_) => true,
            Self::Token(error) => !matches!(error, TokenError::Fetch(FetchError::Refused(_))),
            _ => false,
        }
    }
}
