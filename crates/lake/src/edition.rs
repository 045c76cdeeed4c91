//! One state of the whole lake, however its record holds it (`record`).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The format of the lake. That of its records is their own.
pub const FORMAT: u32 = 1;

/// One immutable file of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Its length.
    pub bytes: u64,
    /// Smallest and largest value of each column the table is sorted by; absent when all are NULL.
    pub keys: BTreeMap<String, (String, String)>,
    /// Where, relative to the lake.
    pub path: String,
    /// The receipts its rows came in, sorted; empty for tables whose rows are never superseded.
    pub receipts: Vec<String>,
    /// Its rows.
    pub rows: u64,
    /// The hash of its bytes, also its name.
    pub sha256: String,
    /// Whether any row was invented for demonstration.
    pub synthetic: bool,
}

impl FileEntry {
    /// Whether it may have a row with a value from one to another in a column it is sorted by. Values are compared as texts, as
    /// days written year first may be; a file without keys may hold anything.
    #[must_use]
    pub fn may_hold(&self, column: &str, low: &str, high: &str) -> bool {
        self.keys.get(column).is_none_or(|(least, most)| least.as_str() <= high && low <= most.as_str())
    }
}

/// One state of the whole lake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edition {
    /// Its number, from 1 without gaps.
    pub number: u64,
    /// When it was made; never before the edition before it, unless that one was dated by a wrong clock and this one dates
    /// the lake anew.
    pub recorded_at: DateTime<Utc>,
    /// Why.
    pub reason: String,
    /// The hash of the record before it.
    pub previous_sha256: Option<String>,
    /// The hash of this record's bytes, computed when it is read.
    pub sha256: String,
    /// Every table's files. A table that is not listed is empty.
    pub tables: BTreeMap<String, Vec<FileEntry>>,
    /// The receipts whose facts it holds, sorted.
    pub receipts: Vec<String>,
    /// The receipts this edition put out of force, sorted. One that is in `receipts` too went out of force in part: what
    /// another delivery replaced within its own span.
    pub supersedes: Vec<String>,
    /// Whether any row was invented for demonstration.
    pub synthetic: bool,
    /// How often the list of files of each table has changed: as many versions its Delta log has. `None` where a record of
    /// format 1 holds the edition, which does not count them.
    #[serde(skip)]
    pub(crate) versions: Option<BTreeMap<String, u64>>,
    /// From where its content is read.
    #[serde(skip)]
    pub(crate) reach: Reach,
}

/// The records that hold an edition: a checkpoint and those after it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    /// The edition whose record holds everything.
    pub(crate) checkpoint: u64,
    /// The length of that record.
    pub(crate) checkpoint_bytes: u64,
    /// That of those after it together, this edition's the last.
    pub(crate) later_bytes: u64,
}

impl Edition {
    /// One without rows, of no lake, for what needs tables but no content.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            number: 0,
            recorded_at: DateTime::UNIX_EPOCH,
            reason: String::new(),
            previous_sha256: None,
            sha256: String::new(),
            tables: BTreeMap::new(),
            receipts: Vec::new(),
            supersedes: Vec::new(),
            synthetic: false,
            versions: None,
            reach: Reach::default(),
        }
    }

    /// The lake's path of the record of edition `number`.
    pub(crate) fn path(number: u64) -> String {
        format!("editions/{number}.json")
    }
}
