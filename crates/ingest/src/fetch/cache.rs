//! Answers kept with the source's own tag, so that a source may say that nothing changed instead of saying it all again
//! (RFC 9110, conditional requests). They are a convenience: without them everything is asked for in full.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use ureq::http::HeaderMap;

/// How long a tag is believed: a source that forgets to change it is asked in full once a week.
const BELIEVED: TimeDelta = TimeDelta::days(7);

/// A folder of answers.
#[derive(Debug, Clone)]
pub struct HttpCache {
    folder: PathBuf,
    /// Those kept or given since [`HttpCache::settle`].
    used: Arc<Mutex<BTreeSet<PathBuf>>>,
}

/// What stands before the bytes of an answer.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    etag: Option<String>,
    last_modified: Option<String>,
    answered_at: DateTime<Utc>,
    sha256: String,
}

/// An answer that is here.
#[derive(Debug)]
pub(super) struct Kept {
    head: Head,
    pub(super) body: Vec<u8>,
}

impl Kept {
    /// What is said with the question, so that it need not be answered again.
    pub(super) fn conditions(&self) -> impl Iterator<Item = (&str, &str)> {
        let etag = self.head.etag.as_deref().map(|tag| ("if-none-match", tag));
        let date = self.head.last_modified.as_deref().map(|day| ("if-modified-since", day));
        etag.into_iter().chain(date)
    }
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl HttpCache {
    /// Answers in a folder, which is made when the first one is kept.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self { folder: folder.to_path_buf(), used: Arc::default() }
    }

    fn path(&self, address: &str) -> PathBuf {
        self.folder.join(hex(address.as_bytes()))
    }

    /// The answer to an address, if it is here, whole and not too old.
    pub(super) fn find(&self, address: &str, now: DateTime<Utc>) -> Option<Kept> {
        let path = self.path(address);
        let bytes = fs::read(&path).ok()?;
        // Noted before it is checked: what is damaged is to be removed as well.
        self.use_of(path);
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let head: Head = serde_json::from_slice(bytes.get(..end)?).ok()?;
        let body = bytes.get(end + 1..)?.to_vec();
        // A moment in the future comes from a clock that was set back, and would be believed too long.
        let fresh = head.answered_at <= now && now - head.answered_at < BELIEVED;
        (fresh && hex(&body) == head.sha256).then_some(Kept { head, body })
    }

    /// Keeps an answer that has a tag or a date; an old one to the same question is replaced or goes.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub(super) fn keep(
        &self,
        address: &str,
        headers: &HeaderMap,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> io::Result<()> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (etag, last_modified) = (text("etag"), text("last-modified"));
        let path = self.path(address);
        // Without either the source cannot be asked for changes, and an old tag would be wrong.
        if etag.is_none() && last_modified.is_none() {
            return fs::remove_file(path).or_else(|error| match error.kind() {
                io::ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            });
        }
        let head = Head { etag, last_modified, answered_at: now, sha256: hex(body) };
        let mut bytes = serde_json::to_vec(&head)?;
        bytes.push(b'\n');
        bytes.extend_from_slice(body);
        self.make_folder()?;
        self.use_of(path.clone());
        // Whole or not at all; what a crash leaves of it does not fit its hash.
        let half = path.with_extension("half");
        fs::write(&half, bytes)?;
        fs::rename(half, path)
    }

    /// For its owner alone: answers hold what sources report.
    fn make_folder(&self) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(&self.folder)
    }

    fn use_of(&self, path: PathBuf) {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(path);
    }

    /// Those kept or given since the last time stay where they were believed, and are forgotten else: a page that is no
    /// answer may bear a later day than the answer, which the source would then not give again.
    pub fn commit_or_rollback(&self, believed: bool) {
        let used = std::mem::take(&mut *self.used.lock().unwrap_or_else(PoisonError::into_inner));
        for path in used.iter().filter(|_| !believed) {
            if let Err(error) = fs::remove_file(path)
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(%error, "an answer that was not believed is still kept");
            }
        }
    }

    /// Removes answers too old to be believed.
    ///
    /// # Errors
    /// When the folder is there and cannot be read.
    pub fn tidy(&self, now: DateTime<Utc>) -> io::Result<()> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let path = entry?.path();
            // The file's own time: what is damaged has no readable head.
            let written: DateTime<Utc> = fs::metadata(&path)?.modified()?.into();
            if now - written >= BELIEVED {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}
