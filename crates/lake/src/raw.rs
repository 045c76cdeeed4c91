//! Payloads as received. A file holds the payload as one zstd frame, then a frame that zstd skips and that
//! holds the hash of the first: so no byte of the file can change unseen, and `zstd -d` still reads it.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::disk::{self, Disk};
use crate::evidence::Payloads;
use crate::{Lake, LakeError, Writer, lines};

pub(crate) const LEVEL: i32 = 9;
pub(crate) const SKIPPED: [u8; 8] = [0x50, 0x2a, 0x4d, 0x18, 64, 0, 0, 0];

/// How the note ends that is in the place of a payload that was removed.
pub(crate) const REMOVED: &str = ".removed";

/// A payload that is not kept any more, of a delivery that never was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovedPayload {
    /// When it was removed.
    pub removed_at: DateTime<Utc>,
    /// Why.
    pub reason: String,
}

/// The lake's path of the note about a payload that was removed.
pub(crate) fn note_path(sha256: &str) -> String {
    format!("raw/{sha256}{REMOVED}")
}

/// The lake's path of a payload.
pub(crate) fn path(sha256: &str) -> String {
    format!("raw/{sha256}.zst")
}

fn pack(payload: &[u8]) -> io::Result<Vec<u8>> {
    // The hash behind the frame covers its header too, where a changed byte might not show.
    let mut packed = zstd::encode_all(payload, LEVEL)?;
    let hash = disk::sha256(&packed);
    packed.extend(SKIPPED);
    packed.extend(hash.as_bytes());
    Ok(packed)
}

fn unpack(sha256: &str, packed: &[u8]) -> Result<Vec<u8>, LakeError> {
    let name = path(sha256);
    let Some(cut) = packed.len().checked_sub(SKIPPED.len() + 64) else {
        return Err(LakeError::damaged(&name, "it is cut short"));
    };
    let (frame, trailer) = packed.split_at(cut);
    if trailer.strip_prefix(&SKIPPED) != Some(disk::sha256(frame).as_bytes()) {
        return Err(LakeError::damaged(&name, "its bytes are not those that were kept"));
    }
    let payload = zstd::decode_all(frame).map_err(|e| LakeError::unreadable(&name, e))?;
    if disk::sha256(&payload) != sha256 {
        return Err(LakeError::damaged(&name, "the payload does not hash to its name"));
    }
    Ok(payload)
}

/// Reads a payload and checks it.
pub(crate) fn read(root: &Path, sha256: &str) -> Result<Vec<u8>, LakeError> {
    // The text may come from a request: only a hash can be part of a path.
    if !disk::is_sha256(sha256) {
        return Err(LakeError::NoRaw(sha256.to_owned()));
    }
    match disk::read(root, &path(sha256)) {
        Ok(packed) => unpack(sha256, &packed),
        Err(error) if error.is_missing() => Err(match removed(root, sha256)? {
            Some(removed) => LakeError::RemovedRaw { sha256: sha256.to_owned(), removed },
            None => LakeError::NoRaw(sha256.to_owned()),
        }),
        Err(error) => Err(error),
    }
}

/// Whether a payload is kept.
pub(crate) fn is_kept(root: &Path, sha256: &str) -> bool {
    disk::is_sha256(sha256) && root.join(path(sha256)).exists()
}

/// When and why a payload was removed, where it is not kept again.
pub(crate) fn removed(root: &Path, sha256: &str) -> Result<Option<RemovedPayload>, LakeError> {
    if !disk::is_sha256(sha256) || is_kept(root, sha256) {
        return Ok(None);
    }
    let name = note_path(sha256);
    match disk::read(root, &name) {
        Ok(note) => match lines::open(note.trim_ascii_end()) {
            Ok(note) => Ok(Some(note)),
            Err(_) => Err(LakeError::damaged(&name, "it is not the note that was written")),
        },
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(error),
    }
}

impl Lake {
    /// Whether a payload is kept, by its hash.
    #[must_use]
    pub fn has_raw(&self, sha256: &str) -> bool {
        is_kept(self.root(), sha256)
    }

    /// Whether a payload is kept, by its bytes.
    #[must_use]
    pub fn has_payload(&self, payload: &[u8]) -> bool {
        self.has_raw(&disk::sha256(payload))
    }

    /// When and why a payload was removed that is not kept any more.
    ///
    /// # Errors
    /// [`LakeError::Damaged`] when the note about it cannot be read.
    pub fn removed_payload(&self, sha256: &str) -> Result<Option<RemovedPayload>, LakeError> {
        removed(self.root(), sha256)
    }
}

impl Writer {
    /// Keeps a payload and gives its hash.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_raw(&mut self, payload: &[u8]) -> Result<String, LakeError> {
        self.guarded(|writer| keep(writer.lake().disk(), writer.lake().root(), payload))
    }

    /// Removes payloads of deliveries that are held, each for its reason, and gives the hashes of those removed. What an edition
    /// ever accepted, and what anything was read by, is evidence and stays.
    ///
    /// # Errors
    /// A damaged chain, or a file that cannot be removed; then some may be removed and others not.
    pub fn remove_payloads(
        &mut self,
        payloads: &BTreeMap<String, String>,
        now: DateTime<Utc>,
    ) -> Result<Vec<String>, LakeError> {
        if payloads.is_empty() {
            return Ok(Vec::new());
        }
        self.guarded(|writer| {
            let evidence = Payloads::of_lake(writer.lake())?.evidence;
            let mut removed = Vec::new();
            for (sha256, reason) in payloads {
                if !evidence.contains(sha256) && writer.lake().has_raw(sha256) {
                    let note = RemovedPayload { removed_at: now, reason: reason.clone() };
                    remove(writer.lake().disk(), writer.lake().root(), sha256, &note)?;
                    removed.push(sha256.clone());
                }
            }
            Ok(removed)
        })
    }
}

/// Removes a payload that is kept, and leaves a note. The note comes first: whoever is stopped in between leaves both, and the
/// payload counts.
pub(crate) fn remove(disk: &Disk, root: &Path, sha256: &str, note: &RemovedPayload) -> Result<(), LakeError> {
    let (path, folder) = (root.join(path(sha256)), root.join("raw"));
    let mut text = lines::seal(note).map_err(|error| LakeError::format(&note_path(sha256), error))?;
    text.push(b'\n');
    disk.write_atomic(&root.join(note_path(sha256)), &text)?;
    disk.remove(&path)?;
    disk.sync_folder(&folder)
}

/// Keeps a payload and gives its hash. One that is kept and reads well is left alone; a damaged one is replaced.
pub(crate) fn keep(disk: &Disk, root: &Path, payload: &[u8]) -> Result<String, LakeError> {
    let sha256 = disk::sha256(payload);
    let full = root.join(path(&sha256));
    if read(root, &sha256).is_ok() {
        // The name may be there without being durable, when a writer was stopped just after giving it.
        disk.sync_folder(&root.join("raw"))?;
        return Ok(sha256);
    }
    let packed = pack(payload).map_err(LakeError::io("pack", &full))?;
    disk.write_atomic(&full, &packed)?;
    let note = root.join(note_path(&sha256));
    if note.exists() {
        disk.remove_if_exists(&note);
    }
    Ok(sha256)
}
