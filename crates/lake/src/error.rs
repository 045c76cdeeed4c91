//! What can go wrong with a lake: which file, what, and what to do about it.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use crate::{RemovedPayload, Table};

/// A cause from a library.
type Cause = Box<dyn Error + Send + Sync>;

/// Why an operation on the lake failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LakeError {
    /// Reading or writing a file failed. Nothing was committed and the writer may go on.
    #[error("cannot {action} {}; the lake is as it was", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The operating system does not let this user read a file or folder. Its bytes are not in doubt.
    #[error("{} may not be read: permission denied; let the user that runs utbredt read it", path.display())]
    Denied {
        /// The file or folder.
        path: PathBuf,
    },
    /// In the place of a file there is something else, of which nothing was read.
    #[error("{path} is {what} and not a file, and was not read; put the file from a backup in its place")]
    NotAFile {
        /// The place, relative to the lake.
        path: String,
        /// What is there.
        what: &'static str,
    },
    /// A sync failed: what the disk holds is not known, so this writer must not go on.
    #[error(
        "cannot {action} {}: what the disk holds is not known and this writer stops; check the disk, open the \
         lake again and deliver again",
        path.display()
    )]
    Unsynced {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The writer stopped earlier.
    #[error("this writer stopped at an earlier error ({0}); open the lake again")]
    Stopped(String),
    /// The folder holds no lake.
    #[error("{} is not a lake: {why}; make one with `utbredt init`", path.display())]
    NotALake {
        /// The folder.
        path: PathBuf,
        /// What is missing or in the way.
        why: String,
    },
    /// The folder holds a copy of a lake that was not finished.
    #[error(
        "{} is an incomplete copy of a lake: the backup that made it was stopped; remove the folder and make the copy again",
        .0.display()
    )]
    Incomplete(PathBuf),
    /// A copy of the lake cannot be made there.
    #[error("cannot copy the lake to {}: {why}", path.display())]
    Copy {
        /// Where it was to be.
        path: PathBuf,
        /// What is in the way, and what to do.
        why: String,
    },
    /// The lake or a record was written in a format this code does not know.
    #[error("{path} has format {found} and this version reads format {known}; use the version that wrote it")]
    UnknownFormat {
        /// The file, relative to the lake.
        path: String,
        /// Its format.
        found: String,
        /// The format known here.
        known: u32,
    },
    /// A file is not what was committed.
    #[error(
        "{path} is damaged: {why}; restore that file from a backup (`utbredt verify` lists every bad file)"
    )]
    Damaged {
        /// The file, relative to the lake.
        path: String,
        /// What differs.
        why: String,
        /// The cause, when a library found it.
        #[source]
        source: Option<Cause>,
    },
    /// Another writer is at work.
    #[error("another writer holds {}; wait until it has finished", .0.display())]
    Locked(PathBuf),
    /// Another writer made the edition that was about to be made.
    #[error(
        "edition {0} was made by a writer that did not take the lock; open the lake again and deliver again"
    )]
    EditionExists(u64),
    /// The clock contradicts the lake: nothing is dated by it.
    #[error(
        "the clock shows {now}, {days} days {side} edition {number} of {newest}, and no more than {slack} are believed; \
         set the clock, or, if it is right, `utbredt init --trust-clock` dates the lake by it"
    )]
    Clock {
        /// The newest edition.
        number: u64,
        /// Its date.
        newest: String,
        /// What the clock says.
        now: String,
        /// How far they are apart.
        days: i64,
        /// On which side of the edition the clock is.
        side: &'static str,
        /// How far they may be apart.
        slack: i64,
    },
    /// No edition of that number or day; the text names those there are.
    #[error("there is no edition {0}")]
    NoEdition(String),
    /// No payload of that hash is kept.
    #[error("no payload {0} is kept in raw/")]
    NoRaw(String),
    /// The payload of that hash was removed.
    #[error("payload {sha256} was removed from raw/ on {}: {}; deliver it again", removed.removed_at.date_naive(), removed.reason)]
    RemovedRaw {
        /// Its hash.
        sha256: String,
        /// When, and why.
        removed: RemovedPayload,
    },
    /// A batch does not fit its table.
    #[error("a batch does not fit table {table}: {why}")]
    Shape {
        /// The table.
        table: String,
        /// What does not fit.
        why: String,
    },
    /// Arrow or Parquet failed on rows of a table.
    #[error("rows of table {table} cannot be sorted, filtered or written")]
    Rows {
        /// The table.
        table: String,
        /// The cause.
        #[source]
        source: Cause,
    },
    /// A library failed on a file whose bytes are as committed, or on the record of an edition.
    #[error("cannot read or write {path}")]
    Format {
        /// The file, relative to the lake.
        path: String,
        /// The cause.
        #[source]
        source: Cause,
    },
}

impl LakeError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_path_buf();
        move |source| Self::Io { action, path, source }
    }

    /// An error of opening a file to read it.
    pub(crate) fn opening(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_path_buf();
        move |source| match source.kind() {
            io::ErrorKind::PermissionDenied => Self::Denied { path },
            _ => Self::Io { action: "open", path, source },
        }
    }

    /// Whether the file that was to be read is not there.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    pub(crate) fn unsynced(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_path_buf();
        move |source| Self::Unsynced { action, path, source }
    }

    pub(crate) fn copy(to: &Path, why: impl Into<String>) -> Self {
        Self::Copy { path: to.to_path_buf(), why: why.into() }
    }

    pub(crate) fn damaged(path: &str, why: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), why: why.into(), source: None }
    }

    pub(crate) fn unreadable(path: &str, cause: impl Into<Cause>) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            why: "it cannot be read".to_owned(),
            source: Some(cause.into()),
        }
    }

    pub(crate) fn format(path: &str, cause: impl Into<Cause>) -> Self {
        Self::Format { path: path.to_owned(), source: cause.into() }
    }

    pub(crate) fn rows(table: &Table, cause: impl Into<Cause>) -> Self {
        Self::Rows { table: table.name.to_owned(), source: cause.into() }
    }

    pub(crate) fn shape(table: &Table, why: impl Into<String>) -> Self {
        Self::Shape { table: table.name.to_owned(), why: why.into() }
    }

    /// The error and its causes in one line, for reports that keep text.
    #[must_use]
    pub fn with_causes(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }

    /// The damaged file, relative to the lake, when that is what is wrong.
    #[cfg(test)]
    pub(crate) fn damaged_file(&self) -> Option<&str> {
        if let Self::Damaged { path, .. } = self { Some(path) } else { None }
    }
}
