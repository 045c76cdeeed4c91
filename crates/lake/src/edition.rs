//! The record of an edition.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The record format this code writes and the newest it reads.
pub const FORMAT: u32 = 1;

/// One immutable file of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Where, relative to the lake.
    pub path: String,
    /// The hash of its bytes, also its name.
    pub sha256: String,
    /// Its length.
    pub bytes: u64,
    /// Its rows.
    pub rows: u64,
    /// The receipts its rows point to, sorted.
    pub receipts: Vec<String>,
}

/// One state of the whole lake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edition {
    /// Record format.
    pub format: u32,
    /// Its number, from 1 without gaps.
    pub number: u64,
    /// When it was made.
    pub recorded_at: DateTime<Utc>,
    /// Why.
    pub reason: String,
    /// The hash of the record before it.
    pub previous_sha256: Option<String>,
    /// Every table's files.
    pub tables: BTreeMap<String, Vec<FileEntry>>,
    /// The receipts whose facts it holds, sorted.
    pub receipts: Vec<String>,
    /// The receipts this edition put out of force.
    pub supersedes: Vec<String>,
    /// The hash of this record's bytes.
    #[serde(skip)]
    pub sha256: String,
}
