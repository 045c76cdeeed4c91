#![doc = include_str!("../README.md")]

mod access;
mod backup;
mod chain;
mod clean_up;
mod dating;
mod delta;
mod disk;
mod edition;
mod error;
mod evidence;
mod export;
mod file;
mod head;
mod history;
mod identity;
mod keys;
mod lake;
mod lines;
mod merge;
mod raw;
mod record;
mod rows;
mod runs;
mod scan;
mod sorted;
pub mod tables;
#[cfg(test)]
mod tests;
mod verify;
mod writer;

pub use backup::BackupReport;
pub use chain::LatestGood;
pub use clean_up::CleanUp;
pub use edition::{Edition, FORMAT, FileEntry};
pub use error::LakeError;
pub use history::EditionNote;
pub use keys::{KeyFile, KeyFileError};
pub use lake::Lake;
pub use raw::{RawReader, RemovedPayload};
pub use runs::{Look, Run, RunSummary, SourceRuns, Uploaded};
pub use sorted::SortedFiles;
pub use tables::{TABLES, Table};
pub use verify::VerifyReport;
pub use writer::{EditionDraft, Outcome, Writer};
