//! What can go wrong on the way in. Bad data is not among it: that becomes a rejection or a held delivery.

use std::error::Error;
use std::path::{Path, PathBuf};

use arrow::error::ArrowError;
use polars::error::PolarsError;
use utbredt_lake::LakeError;
use utbredt_model::{CodeError, IdError};

use crate::reference::ReferenceError;
use crate::sandbox::SandboxError;

/// Why nothing was delivered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// The lake could not be read or written.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// Nothing came back from the sandbox.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The reference tables could not be made.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// A file could not be fetched.
    #[error("cannot read {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A contract or declaration that is none.
    #[error("{} is no contract", path.display())]
    Contract {
        /// The file.
        path: PathBuf,
        /// Why, with the line.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The file that configures the sources is not as it must be.
    #[error("{}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// Why, with the line or the source.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Settings of a source that do not fit its kind.
    #[error(transparent)]
    Settings(#[from] toml::de::Error),
    /// Settings of a format that do not fit it.
    #[error(transparent)]
    FormatSettings(#[from] serde_json::Error),
    /// A name that is not spelt as ids are.
    #[error(transparent)]
    Id(#[from] IdError),
    /// A code that is not written as codes are.
    #[error(transparent)]
    Code(#[from] CodeError),
    /// The lake has no register of places to check a delivery against.
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
    #[error("rows do not make a table")]
    Rows(#[from] ArrowError),
    /// Rows that cannot be compared: a mistake of ours.
    #[error("rows cannot be compared")]
    Frame(#[from] PolarsError),
}

impl IngestError {
    pub(crate) fn file(path: &Path, source: std::io::Error) -> Self {
        Self::File { path: path.to_path_buf(), source }
    }

    pub(crate) fn contract(path: &Path, error: impl Error + Send + Sync + 'static) -> Self {
        Self::Contract { path: path.to_path_buf(), source: Box::new(error) }
    }

    pub(crate) fn config(path: &Path, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Config { path: path.to_path_buf(), source: error.into() }
    }
}

/// An error and its causes in one line, for reports and logs that keep text. Errors here never repeat their source.
#[must_use]
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
