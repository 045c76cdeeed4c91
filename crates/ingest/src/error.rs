//! What can go wrong on the way in. Bad data is not among it: that becomes a rejection or a held delivery.

use std::path::PathBuf;

use arrow::error::ArrowError;
use utbredt_lake::LakeError;

use crate::reference::ReferenceError;

/// Why nothing was delivered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// The lake could not be read or written.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The reference tables could not be made.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// A file could not be fetched.
    #[error("cannot read {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The lake has no register of places to hold a delivery against.
    #[error("the lake has no {0}: load the reference tables before anything is delivered")]
    NotReady(&'static str),
    /// A name the reference tables do not know.
    #[error("{kind} `{name}` is unknown{}", nearest.as_ref().map_or(String::new(), |near| format!("; did you mean `{near}`?")))]
    Unknown {
        /// What it should name.
        kind: &'static str,
        /// The name given.
        name: String,
        /// The known name most like it.
        nearest: Option<String>,
    },
    /// A delivery handed over with the contract of another source.
    #[error(
        "the delivery is from `{delivered}` but the contract is with `{contract}`; choose the contract of that source"
    )]
    WrongContract {
        /// Who delivered.
        delivered: String,
        /// Whose contract it is.
        contract: String,
    },
    /// Something that is asked of the ingest itself makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// Rows that do not make a table: a mistake of ours.
    #[error("rows do not make a table: {0}")]
    Rows(#[from] ArrowError),
}
