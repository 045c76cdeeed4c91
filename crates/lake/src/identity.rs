//! By which bytes and files are known to be the same: hashes, and the stamps of files.

use std::fs::{self, File};
use std::io::{self, Read};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

/// By which a file is known to be the one that was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
    inode: u64,
}

impl Stamp {
    pub(crate) fn of(about: &fs::Metadata) -> Self {
        #[cfg(unix)]
        // A file put in place of another may have the same length and time.
        let inode = std::os::unix::fs::MetadataExt::ino(about);
        #[cfg(not(unix))]
        let inode = 0;
        Self { bytes: about.len(), modified: about.modified().ok(), inode }
    }

    /// Whether it is of the same file, which may have grown since.
    pub(crate) fn is_same_file(&self, other: &Self) -> bool {
        self.inode == other.inode
    }
}

/// The hash of some bytes in lower-case hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Whether a text can be a hash, and so the stem of a file's name.
pub(crate) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// The length and hash of a file, read in pieces.
pub(crate) fn hash_file(file: &mut File) -> io::Result<(u64, String)> {
    hash_pieces(file, |_| Ok(()))
}

/// The length and hash of some bytes, shown piece by piece: a table's file may be larger than memory.
pub(crate) fn hash_pieces(
    mut from: impl Read,
    mut show: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<(u64, String)> {
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; 1 << 18];
    let mut bytes = 0;
    loop {
        let read = from.read(&mut chunk)?;
        if read == 0 {
            return Ok((bytes, hex::encode(hasher.finalize())));
        }
        let piece = chunk.get(..read).unwrap_or_default();
        show(piece)?;
        hasher.update(piece);
        bytes += read as u64;
    }
}
