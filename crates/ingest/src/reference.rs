//! The reference tables: places, people, organisations, networks and what solutions are worth.
//!
//! [`build`] makes `datasets/reference/*.csv` from the public originals; it runs when an original changes.
//! [`load`] turns those small files into lake tables; it runs whenever a lake is made, and computes the
//! tables too large to keep as text: `divisions`, `municipality_parts` and `municipality_mappings`.

mod build;
mod load;
mod parts;
mod people;
mod places;
mod rows;

use std::path::PathBuf;

use utbredt_model::territory::TerritoryError;

pub use build::{BuildReport, build};
pub use load::{load, territory};

/// What keeps reference tables from being built or loaded.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    /// A file could not be read or written.
    #[error("cannot use {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file that is needed was not among those given.
    #[error("{0} is missing: the reference tables cannot be made without it")]
    Missing(String),
    /// A file that belongs to no table.
    #[error("{path} belongs to no table{}", nearest.as_ref().map_or(String::new(), |name| format!("; did you mean {name}?")))]
    Unknown {
        /// The file.
        path: String,
        /// The table of the nearest name.
        nearest: Option<String>,
    },
    /// A file whose content is not what its table needs.
    #[error("{file}: {reason}")]
    Content {
        /// The file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// A file with a value that cannot be read.
    #[error("{file}")]
    Value {
        /// The file, and the row where that is known.
        file: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Parts and divisions that do not fit together.
    #[error("reference/territory_parts.csv")]
    Territory(#[from] TerritoryError),
}

impl ReferenceError {
    fn content(file: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Content { file: file.into(), reason: reason.into() }
    }

    fn value(file: impl Into<String>, error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Value { file: file.into(), source: Box::new(error) }
    }
}
