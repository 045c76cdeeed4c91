//! The record of an edition: what it holds, and the one way its bytes are written.
//!
//! A record names what its edition changed since the one before. Now and then one is a checkpoint, which holds everything, as
//! what changed since an empty lake: so reading an edition takes its checkpoint and the records after it, and all records
//! together grow as their changes do. A record carries the hash of itself (so the newest edition, which none vouches for yet,
//! is checked too) and of the record before it. Bytes that are not exactly what this module would write are damage.
//!
//! Records of format 1 each hold everything. They are read for ever, and none is written any more.

mod changes;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::edition::Reach;
use crate::{Edition, FileEntry, LakeError, disk};

pub(crate) use self::changes::{Changes, Moved, MovedFiles, changes};
use self::changes::{apply, compare, everything};

/// The format of the records that are written.
const RECORD_FORMAT: u32 = 2;

/// Below this the records after a checkpoint are few enough to be read, however small the checkpoint is.
const LEAST_BYTES: u64 = 64 * 1024;

/// A record as written. Its fields are in alphabetical order.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    changes: Changes,
    /// The edition whose record holds everything: its own number in a checkpoint.
    checkpoint: u64,
    format: u32,
    number: u64,
    previous_sha256: Option<String>,
    reason: String,
    recorded_at: DateTime<Utc>,
    self_sha256: String,
    supersedes: Vec<String>,
    synthetic: bool,
}

/// A record of format 1.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenWhole {
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

/// A record that can put the hash of the others of its fields into itself.
trait Sealed: Serialize {
    fn hash(&mut self) -> &mut String;

    /// Its bytes, once it carries the hash of itself.
    fn seal(&mut self) -> serde_json::Result<Vec<u8>> {
        // A record cannot hash its own hash: the field is empty while it is computed.
        self.hash().clear();
        let sha256 = disk::sha256(&serde_json::to_vec(self)?);
        *self.hash() = sha256;
        let mut bytes = serde_json::to_vec(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

impl Sealed for Written {
    fn hash(&mut self) -> &mut String {
        &mut self.self_sha256
    }
}

impl Sealed for WrittenWhole {
    fn hash(&mut self) -> &mut String {
        &mut self.self_sha256
    }
}

/// A record that was read.
#[derive(Debug)]
pub(crate) struct Record {
    /// The edition it holds; without the content where it holds changes only.
    edition: Edition,
    /// What changed since the edition before, unless it holds everything.
    changes: Option<Changes>,
    bytes: u64,
}

/// Reads the record of edition `number`.
pub(crate) fn decode(number: u64, bytes: &[u8]) -> Result<Record, LakeError> {
    let path = Edition::path(number);
    // The format first: a record of a later version must not be called damaged.
    let any: AnyRecord = serde_json::from_slice(bytes).map_err(|e| LakeError::unreadable(&path, e))?;
    let record = match any.format.as_u64() {
        Some(1) => serde_json::from_slice(bytes).map(|written| whole(written, bytes)),
        Some(2) => serde_json::from_slice(bytes).map(|written| changed(written, bytes)),
        _ => {
            let (found, known) = (any.format.to_string(), RECORD_FORMAT);
            return Err(LakeError::UnknownFormat { path, found, known });
        }
    };
    let record = record.map_err(|e| LakeError::unreadable(&path, e))?;
    // Written anew it must be the same bytes: nothing in it is unread, and no byte can change unseen.
    let record =
        record.ok_or_else(|| LakeError::damaged(&path, "its bytes do not hash to the hash in it"))?;
    if record.edition.number != number {
        let why = format!("it is the record of edition {}", record.edition.number);
        return Err(LakeError::damaged(&path, why));
    }
    if record.edition.previous_sha256.is_none() != (number == 1) {
        return Err(LakeError::damaged(&path, "the first edition, and it alone, has none before it"));
    }
    let checkpoint = record.checkpoint();
    if checkpoint > number || checkpoint == 0 {
        return Err(LakeError::damaged(&path, format!("no checkpoint of it can be edition {checkpoint}")));
    }
    Ok(record)
}

fn whole(mut written: WrittenWhole, bytes: &[u8]) -> Option<Record> {
    let sealed = written.seal().ok()?;
    let length = bytes.len() as u64;
    let reach = Reach { checkpoint: written.number, checkpoint_bytes: length, later_bytes: 0 };
    let edition = Edition {
        number: written.number,
        recorded_at: written.recorded_at,
        reason: written.reason,
        previous_sha256: written.previous_sha256,
        sha256: disk::sha256(bytes),
        tables: written.tables,
        receipts: written.receipts,
        supersedes: written.supersedes,
        synthetic: written.synthetic,
        versions: None,
        reach,
    };
    (sealed == bytes).then_some(Record { edition, changes: None, bytes: length })
}

fn changed(mut written: Written, bytes: &[u8]) -> Option<Record> {
    let sealed = written.seal().ok()?;
    let length = bytes.len() as u64;
    let is_checkpoint = written.checkpoint == written.number;
    let reach = Reach { checkpoint: written.checkpoint, checkpoint_bytes: length, later_bytes: 0 };
    let mut edition = Edition {
        number: written.number,
        recorded_at: written.recorded_at,
        reason: written.reason,
        previous_sha256: written.previous_sha256,
        sha256: disk::sha256(bytes),
        tables: BTreeMap::new(),
        receipts: Vec::new(),
        supersedes: written.supersedes,
        synthetic: written.synthetic,
        versions: Some(BTreeMap::new()),
        reach,
    };
    let mut changes = Some(written.changes);
    if is_checkpoint {
        // From an empty lake everything is a change.
        apply(&mut edition, changes.take()?).ok()?;
    }
    (sealed == bytes).then_some(Record { edition, changes, bytes: length })
}

impl Record {
    /// When its edition was made.
    pub(crate) fn recorded_at(&self) -> DateTime<Utc> {
        self.edition.recorded_at
    }

    /// The hash of its bytes.
    pub(crate) fn sha256(&self) -> &str {
        &self.edition.sha256
    }

    /// The edition whose record holds everything.
    pub(crate) fn checkpoint(&self) -> u64 {
        self.edition.reach.checkpoint
    }

    /// Whether the record before it is the one of these bytes.
    pub(crate) fn follows(&self, before: &str) -> bool {
        self.edition.previous_sha256.as_deref() == Some(before)
    }

    /// The edition, from the one before it, and what it did to the files. `None` without the one before it where that is
    /// needed.
    ///
    /// # Errors
    /// [`LakeError::Damaged`] where it changes what the edition before it does not have.
    pub(crate) fn edition(self, before: Option<Edition>) -> Result<Option<(Edition, Moved)>, LakeError> {
        let mut edition = self.edition;
        let Some(changes) = self.changes else {
            let tables = before.map(|before| before.tables).unwrap_or_default();
            let moved = compare(tables, &edition.tables);
            return Ok(Some((edition, moved)));
        };
        let Some(before) = before else { return Ok(None) };
        edition.tables = before.tables;
        edition.receipts = before.receipts;
        edition.versions = before.versions;
        let later_bytes = before.reach.later_bytes + self.bytes;
        edition.reach = Reach { later_bytes, ..before.reach };
        let moved = apply(&mut edition, changes)
            .map_err(|why| LakeError::damaged(&Edition::path(edition.number), why))?;
        Ok(Some((edition, moved)))
    }
}

/// The bytes of the record of an edition whose content is set, and what it does to the files; sets its `sha256` and `reach`.
/// It is a checkpoint where none can be continued, or where the records after the last one have grown as large as that one.
pub(crate) fn encode(
    edition: &mut Edition,
    before: Option<&Edition>,
    changes: Changes,
) -> Result<(Vec<u8>, Moved), LakeError> {
    let moved = changes.moved(before);
    let continued = before.filter(|before| before.versions.is_some()).map(|before| before.reach);
    if let Some(reach) = continued {
        let bytes = seal(edition, changes, reach.checkpoint)?;
        let later_bytes = reach.later_bytes + bytes.len() as u64;
        if later_bytes < reach.checkpoint_bytes.max(LEAST_BYTES) {
            edition.reach = Reach { later_bytes, ..reach };
            return Ok((bytes, moved));
        }
    }
    let everything = everything(edition);
    let bytes = seal(edition, everything, edition.number)?;
    edition.reach =
        Reach { checkpoint: edition.number, checkpoint_bytes: bytes.len() as u64, later_bytes: 0 };
    Ok((bytes, moved))
}

fn seal(edition: &mut Edition, mut changes: Changes, checkpoint: u64) -> Result<Vec<u8>, LakeError> {
    changes.count(edition);
    let mut record = Written {
        changes,
        checkpoint,
        format: RECORD_FORMAT,
        number: edition.number,
        previous_sha256: edition.previous_sha256.clone(),
        reason: edition.reason.clone(),
        recorded_at: edition.recorded_at,
        self_sha256: String::new(),
        supersedes: edition.supersedes.clone(),
        synthetic: edition.synthetic,
    };
    let bytes = record.seal().map_err(|e| LakeError::format(&Edition::path(edition.number), e))?;
    edition.sha256 = disk::sha256(&bytes);
    Ok(bytes)
}

/// The bytes of a record of format 1.
#[cfg(test)]
pub(crate) fn encode_whole(edition: &Edition) -> Vec<u8> {
    let mut record = WrittenWhole {
        format: 1,
        number: edition.number,
        previous_sha256: edition.previous_sha256.clone(),
        reason: edition.reason.clone(),
        receipts: edition.receipts.clone(),
        recorded_at: edition.recorded_at,
        self_sha256: String::new(),
        supersedes: edition.supersedes.clone(),
        synthetic: edition.synthetic,
        tables: edition.tables.clone(),
    };
    record.seal().expect("a record is JSON")
}
