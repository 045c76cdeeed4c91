//! The writer's lock, and what it says of the writer before.

use std::fs::{File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::{LakeError, access, disk};

/// What `LOCK` holds while a writer is at work. One that is killed leaves it there, and one that ends takes it away.
const AT_WORK: &[u8] = b"a writer is at work, or was killed\n";

/// The lock, held; let go when dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    path: PathBuf,
    is_after_a_kill: bool,
    has_failed: bool,
}

impl Lock {
    /// Takes it, unless another has it.
    ///
    /// # Errors
    /// [`LakeError::Locked`] while another has it.
    pub(crate) fn take(root: &Path) -> Result<Self, LakeError> {
        let (file, path) = open(root)?;
        match file.try_lock() {
            Ok(()) => Self::held(file, path),
            Err(TryLockError::WouldBlock) => Err(LakeError::Locked(path)),
            Err(TryLockError::Error(error)) => Err(LakeError::io("lock", &path)(error)),
        }
    }

    /// Takes it as soon as no other has it.
    pub(crate) fn take_in_turn(root: &Path) -> Result<Self, LakeError> {
        let (file, path) = open(root)?;
        file.lock().map_err(LakeError::io("lock", &path))?;
        Self::held(file, path)
    }

    fn held(file: File, path: PathBuf) -> Result<Self, LakeError> {
        let mut lock = Self { file, path, is_after_a_kill: false, has_failed: false };
        lock.note_begin()?;
        Ok(lock)
    }

    /// Lets others have it during some work.
    pub(crate) fn released<T>(&mut self, work: impl FnOnce() -> T) -> Result<T, LakeError> {
        self.note_end();
        // The file stays open: deleting and making it again would let two writers hold two files.
        self.file.unlock().map_err(LakeError::io("unlock", &self.path))?;
        let done = work();
        self.file.lock().map_err(LakeError::io("lock", &self.path))?;
        self.note_begin()?;
        Ok(done)
    }

    /// Whether a writer before this one was killed or failed, and may have left files behind.
    pub(crate) fn is_after_a_kill(&self) -> bool {
        self.is_after_a_kill
    }

    /// Notes that what was left behind is mended.
    pub(crate) fn note_repair(&mut self) {
        self.is_after_a_kill = false;
    }

    /// Notes that something failed, which may have left files behind.
    pub(crate) fn note_failure(&mut self) {
        self.has_failed = true;
    }

    /// A disk that does not take the note takes nothing else either.
    fn note_begin(&mut self) -> Result<(), LakeError> {
        if self.file.metadata().is_ok_and(|about| about.len() > 0) {
            self.is_after_a_kill = true;
            return Ok(());
        }
        self.file
            .write_all(AT_WORK)
            .inspect_err(|_| self.has_failed = true)
            .map_err(LakeError::io("write", &self.path))
    }

    /// What nobody mended is for the next writer. A note that stays makes that one look for nothing.
    fn note_end(&self) {
        if !self.has_failed && !self.is_after_a_kill && !std::thread::panicking() {
            let _noted = self.file.set_len(0);
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.note_end();
        // Closing is not enough: a process that another thread is just starting has the file too until it runs its program.
        let _unlocked = self.file.unlock();
    }
}

fn open(root: &Path) -> Result<(File, PathBuf), LakeError> {
    let path = root.join("LOCK");
    // A pipe in its place would wait for a reader for ever.
    if let Some(about) = std::fs::metadata(&path).ok().filter(|about| !about.is_file()) {
        return Err(LakeError::NotAFile { path: "LOCK".to_owned(), what: disk::kind(about.file_type()) });
    }
    // Never truncated when opened: another writer may hold it.
    let file =
        access::shared(&path).create(true).append(true).open(&path).map_err(LakeError::io("open", &path))?;
    Ok((file, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_free_though_another_process_still_has_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let lock = Lock::take(folder.path()).unwrap();
        let in_a_child = lock.file.try_clone().unwrap();
        assert!(matches!(Lock::take(folder.path()), Err(LakeError::Locked(_))));
        drop(lock);
        assert!(!Lock::take(folder.path()).unwrap().is_after_a_kill());
        drop(in_a_child);
    }
}
