//! The record of an edition: its content, and the one way its bytes are written.
//!
//! The record carries the hash of itself (so the newest edition, which none vouches for yet, is checked too)
//! and of the record before it. Bytes that are not exactly what this module would write are damage.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{LakeError, disk};

/// The format of the lake and its records.
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
}

/// The record as written. Its fields are in alphabetical order.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    format: u32,
    number: u64,
    previous_sha256: Option<String>,
    reason: String,
    receipts: Vec<String>,
    recorded_at: DateTime<Utc>,
    self_sha256: String,
    supersedes: Vec<String>,
    synthetic: bool,
    tables: BTreeMap<String, Vec<FileEntry>>,
}

/// Enough of a record of any format to find its format.
#[derive(Deserialize)]
struct AnyRecord {
    format: serde_json::Value,
}

impl Edition {
    /// The lake's path of edition `number`.
    pub(crate) fn path(number: u64) -> String {
        format!("editions/{number}.json")
    }

    /// The bytes of its record; sets `sha256` to their hash.
    pub(crate) fn encode(&mut self) -> Result<Vec<u8>, LakeError> {
        let record = Record {
            format: FORMAT,
            number: self.number,
            previous_sha256: self.previous_sha256.clone(),
            reason: self.reason.clone(),
            receipts: self.receipts.clone(),
            recorded_at: self.recorded_at,
            self_sha256: String::new(),
            supersedes: self.supersedes.clone(),
            synthetic: self.synthetic,
            tables: self.tables.clone(),
        };
        let bytes = seal(record).map_err(|e| LakeError::format(&Self::path(self.number), e))?;
        self.sha256 = disk::sha256(&bytes);
        Ok(bytes)
    }

    /// Reads the record of edition `number`.
    pub(crate) fn decode(number: u64, bytes: &[u8]) -> Result<Self, LakeError> {
        let path = Self::path(number);
        // The format first: a record of a later version must not be called damaged.
        let any: AnyRecord = serde_json::from_slice(bytes).map_err(|e| LakeError::unreadable(&path, e))?;
        let record: Record = match serde_json::from_slice(bytes) {
            Ok(record) => record,
            Err(_) if any.format != FORMAT => {
                return Err(LakeError::UnknownFormat { path, found: any.format.to_string(), known: FORMAT });
            }
            Err(e) => return Err(LakeError::unreadable(&path, e)),
        };
        if record.format != FORMAT {
            return Err(LakeError::UnknownFormat { path, found: record.format.to_string(), known: FORMAT });
        }
        let edition = Self {
            number: record.number,
            recorded_at: record.recorded_at,
            reason: record.reason.clone(),
            previous_sha256: record.previous_sha256.clone(),
            sha256: disk::sha256(bytes),
            tables: record.tables.clone(),
            receipts: record.receipts.clone(),
            supersedes: record.supersedes.clone(),
            synthetic: record.synthetic,
        };
        // Written anew it must be the same bytes: nothing in it is unread, and no byte can change unseen.
        if seal(record).ok().as_deref() != Some(bytes) {
            return Err(LakeError::damaged(&path, "its bytes do not hash to the hash in it"));
        }
        if edition.number != number {
            return Err(LakeError::damaged(&path, format!("it is the record of edition {}", edition.number)));
        }
        if edition.previous_sha256.is_none() != (number == 1) {
            return Err(LakeError::damaged(&path, "the first edition, and it alone, has none before it"));
        }
        Ok(edition)
    }
}

/// Puts the hash of the record without a hash into it.
fn seal(mut record: Record) -> serde_json::Result<Vec<u8>> {
    // A record cannot hash its own hash: the field is empty while it is computed.
    record.self_sha256.clear();
    record.self_sha256 = disk::sha256(&serde_json::to_vec(&record)?);
    let mut bytes = serde_json::to_vec(&record)?;
    bytes.push(b'\n');
    Ok(bytes)
}
