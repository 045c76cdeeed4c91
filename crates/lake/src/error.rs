//! What can go wrong with a lake: which file, what, and how to mend it.

use std::path::{Path, PathBuf};

/// Why the lake did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// Reading or writing a file failed.
    #[error("{action} {path}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The folder holds no lake.
    #[error("{0} is not a lake (no FORMAT file); make one with `utbredt init`")]
    NotALake(PathBuf),
    /// A file is not what was committed.
    #[error("{path} is damaged: {why}")]
    Damaged {
        /// The file, relative to the lake.
        path: String,
        /// What differs.
        why: String,
    },
    /// Another writer is at work.
    #[error("another writer holds {0}; wait until it has finished")]
    Locked(PathBuf),
    /// No edition of that number or day.
    #[error("there is no edition {0}")]
    NoEdition(String),
    /// A batch does not fit its table.
    #[error("table {table}: {why}")]
    Shape {
        /// The table.
        table: String,
        /// What does not fit.
        why: String,
    },
    /// Parquet or Arrow failed.
    #[error("table file {path}: {why}")]
    Format {
        /// The file.
        path: String,
        /// The cause.
        why: String,
    },
}

impl LakeError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_path_buf();
        move |source| Self::Io { action, path, source }
    }

    pub(crate) fn format(path: &str) -> impl Fn(&dyn std::fmt::Display) -> Self + use<> {
        let path = path.to_owned();
        move |why| Self::Format { path: path.clone(), why: why.to_string() }
    }
}
