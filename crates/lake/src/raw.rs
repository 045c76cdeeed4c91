//! Payloads as received. A file holds the payload as one zstd frame, then a frame that zstd skips and that
//! holds the hash of the first: so no byte of the file can change unseen, and `zstd -d` still reads it.

use std::path::Path;

use crate::LakeError;
use crate::disk::{self, Disk};

const LEVEL: i32 = 9;
const SKIPPED: [u8; 8] = [0x50, 0x2a, 0x4d, 0x18, 64, 0, 0, 0];

/// The lake's path of a payload.
pub(crate) fn path(sha256: &str) -> String {
    format!("raw/{sha256}.zst")
}

fn pack(payload: &[u8]) -> std::io::Result<Vec<u8>> {
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
        Err(error) if error.is_missing() => Err(LakeError::NoRaw(sha256.to_owned())),
        Err(error) => Err(error),
    }
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
    Ok(sha256)
}
