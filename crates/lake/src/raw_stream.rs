//! Payloads of any size: kept as they are read, and read as they are unpacked.

use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read, Seek as _, Take, Write as _};
use std::path::Path;

use crate::disk::{self, Disk};
use crate::file::Hashing;
use crate::raw::{LEVEL, SKIPPED, note_path, path};
use crate::{Lake, LakeError, Writer, identity};

/// A payload of any size, read as it is unpacked. The bytes on the disk were checked before the first is given.
pub struct RawReader {
    payload: zstd::Decoder<'static, BufReader<Take<File>>>,
}

impl fmt::Debug for RawReader {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("RawReader").finish_non_exhaustive()
    }
}

impl Read for RawReader {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.payload.read(into)
    }
}

/// Opens a payload to be read bit by bit.
fn open(root: &Path, sha256: &str) -> Result<RawReader, LakeError> {
    let name = path(sha256);
    if !disk::is_sha256(sha256) {
        return Err(LakeError::NoRaw(sha256.to_owned()));
    }
    let mut file = disk::open(root, &name)?;
    let unreadable = |error| LakeError::unreadable(&name, error);
    let length = file.metadata().map_err(unreadable)?.len();
    // Checked before the first byte is given: who reads on has no way back.
    let trailer = (SKIPPED.len() + 64) as u64;
    let Some(cut) = length.checked_sub(trailer) else {
        return Err(LakeError::damaged(&name, "it is cut short"));
    };
    let (_, hash) = identity::hash_pieces((&mut file).take(cut), |_| Ok(())).map_err(unreadable)?;
    let mut stated = Vec::new();
    file.read_to_end(&mut stated).map_err(unreadable)?;
    if stated.strip_prefix(&SKIPPED) != Some(hash.as_bytes()) {
        return Err(LakeError::damaged(&name, "its bytes are not those that were kept"));
    }
    file.rewind().map_err(unreadable)?;
    let payload = zstd::Decoder::with_buffer(BufReader::new(file.take(cut))).map_err(unreadable)?;
    Ok(RawReader { payload })
}

/// Keeps a payload of any size as it comes, and gives its hash and length.
pub(crate) fn keep_stream(
    disk: &Disk,
    root: &Path,
    payload: &mut dyn Read,
) -> Result<(String, u64), LakeError> {
    let folder = root.join("raw");
    let unnamed = disk::temporary(&folder);
    let packed = pack_stream(disk, &unnamed, payload).inspect_err(|_| disk.remove_if_exists(&unnamed))?;
    let (bytes, sha256) = packed;
    disk.name(&unnamed, &root.join(path(&sha256)))?;
    let note = root.join(note_path(&sha256));
    if note.exists() {
        disk.remove_if_exists(&note);
    }
    Ok((sha256, bytes))
}

fn pack_stream(disk: &Disk, to: &Path, payload: &mut dyn Read) -> Result<(u64, String), LakeError> {
    let io = LakeError::io("pack", to);
    let packed = zstd::Encoder::new(Hashing::create(disk, to)?, LEVEL).and_then(|mut encoder| {
        let counted = identity::hash_pieces(payload, |piece| encoder.write_all(piece))?;
        let (mut file, hash) = encoder.finish()?.finish();
        file.write_all(&SKIPPED)?;
        file.write_all(hash.as_bytes())?;
        Ok((file, counted))
    });
    let (file, counted) = packed.map_err(io)?;
    disk.sync_file(&file, to)?;
    Ok(counted)
}

impl Lake {
    /// Opens a payload of any size, to be read as it is unpacked.
    ///
    /// # Errors
    /// As [`Lake::raw`], but for a payload that does not hash to its name, which shows at its end only.
    pub fn open_raw(&self, sha256: &str) -> Result<RawReader, LakeError> {
        open(self.root(), sha256)
    }
}

impl Writer {
    /// Keeps a payload of any size as it is read, and gives its hash and its length.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn keep_raw_stream(&mut self, payload: &mut dyn Read) -> Result<(String, u64), LakeError> {
        self.guarded(|writer| keep_stream(writer.lake().disk(), writer.lake().root(), payload))
    }
}
