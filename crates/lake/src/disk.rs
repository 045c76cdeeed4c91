//! Every change the lake makes to a disk, one function each, so that the order of syncs can be read in one
//! place and a test can stop the world before any of them.
//!
//! A name appears only after its bytes are durable, and no call returns before the name is durable too.

use std::fs::{self, File, FileType};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::identity::hash_pieces;
use crate::{LakeError, access};

pub(crate) use crate::identity::{Stamp, hash_file, is_sha256, sha256};

/// How files begin that are not yet named.
pub(crate) const TEMPORARY: &str = ".tmp-";

/// The steps that change a disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk {
    #[cfg(test)]
    pub(crate) faults: crate::tests::faults::Faults,
}

/// Opens a file of the lake for reading; `name` is relative to the `root`. What is in a file's place and is none is
/// refused before it is opened: a pipe would wait for a writer for ever, and a device may never end.
pub(crate) fn open(root: &Path, name: &str) -> Result<File, LakeError> {
    let path = root.join(name);
    let about = fs::metadata(&path).map_err(LakeError::opening(&path))?;
    if !about.is_file() {
        return Err(LakeError::NotAFile { path: name.to_owned(), what: kind(about.file_type()) });
    }
    File::open(&path).map_err(LakeError::opening(&path))
}

/// All bytes of a file of the lake.
pub(crate) fn read(root: &Path, name: &str) -> Result<Vec<u8>, LakeError> {
    let mut bytes = Vec::new();
    open(root, name)?.read_to_end(&mut bytes).map_err(LakeError::io("read", &root.join(name)))?;
    Ok(bytes)
}

/// What is in a file's place.
pub(crate) fn kind(of: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        if of.is_fifo() {
            return "a pipe";
        }
        if of.is_char_device() || of.is_block_device() {
            return "a device";
        }
        if of.is_socket() {
            return "a socket";
        }
    }
    if of.is_dir() { "a folder" } else { "no ordinary file" }
}

/// The names in a folder, sorted; none when there is no folder.
pub(crate) fn names(folder: &Path) -> Result<Vec<String>, LakeError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
            return Err(LakeError::Denied { path: folder.to_path_buf() });
        }
        Err(e) => return Err(LakeError::io("list", folder)(e)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(LakeError::io("list", folder))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    // The order of a listing is the file system's own, and differs between machines.
    names.sort();
    Ok(names)
}

/// A name no other unnamed file of this process or of another living one has.
pub(crate) fn temporary(folder: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    folder.join(format!("{TEMPORARY}{}-{count}", std::process::id()))
}

impl Disk {
    #[cfg(test)]
    fn step(&self, action: &'static str, path: &Path, to: Option<&Path>) -> io::Result<()> {
        self.faults.step(action, path, to)
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "tests stop the world here")]
    fn step(&self, _: &'static str, _: &Path, _: Option<&Path>) -> io::Result<()> {
        Ok(())
    }

    /// Creates an unnamed file to write into. One left by a writer that was stopped is unlinked first, never
    /// truncated: it may be the second name of an edition.
    pub(crate) fn create(&self, path: &Path) -> Result<File, LakeError> {
        let made = self.step("create", path, None).and_then(|()| match access::create(path) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                fs::remove_file(path).and_then(|()| access::create(path))
            }
            made => made,
        });
        made.map_err(LakeError::io("create", path))
    }

    /// Copies bytes into a new file that `create` makes, durably but for its name; gives their length and hash.
    pub(crate) fn copy(
        &self,
        create: access::Create,
        from: impl Read,
        to: &Path,
    ) -> Result<(u64, String), LakeError> {
        let made = self.step("create", to, None).and_then(|()| create(to));
        let mut file = made.map_err(LakeError::io("create", to))?;
        let copied =
            self.step("write", to, None).and_then(|()| hash_pieces(from, |piece| file.write_all(piece)));
        let copied = copied.map_err(LakeError::io("copy", to))?;
        self.sync_file(&file, to)?;
        Ok(copied)
    }

    /// Says that the bytes written so far are all there are.
    pub(crate) fn sync_file(&self, file: &File, path: &Path) -> Result<(), LakeError> {
        let synced = self.step("sync", path, None).and_then(|()| file.sync_all());
        synced.map_err(LakeError::unsynced("sync", path))
    }

    /// Makes the names in a folder durable.
    pub(crate) fn sync_folder(&self, folder: &Path) -> Result<(), LakeError> {
        let synced = self.step("sync folder", folder, None).and_then(|()| File::open(folder)?.sync_all());
        synced.map_err(LakeError::unsynced("sync folder", folder))
    }

    /// Makes a folder and its missing parents, each durable in its own parent and open to those to whom that one is.
    pub(crate) fn make_folder(&self, folder: &Path) -> Result<(), LakeError> {
        self.make_folder_by(access::make_folder, folder)
    }

    /// The same by one of [`access`]'s ways to make it.
    pub(crate) fn make_folder_by(&self, make: access::Make, folder: &Path) -> Result<(), LakeError> {
        if folder.is_dir() {
            return Ok(());
        }
        let parent = folder.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if parent != Path::new(".") {
            self.make_folder(parent)?;
        }
        match self.step("make folder", folder, None).and_then(|()| make(folder)) {
            // Made by another process in between, it is as good.
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
                Err(LakeError::io("make folder", folder)(e))
            }
            _ => self.sync_folder(parent),
        }
    }

    /// Writes bytes to an unnamed file in `folder`, durably, and gives its path.
    pub(crate) fn write(&self, folder: &Path, bytes: &[u8]) -> Result<PathBuf, LakeError> {
        let path = temporary(folder);
        let mut file = self.create(&path)?;
        let written = self.step("write", &path, None).and_then(|()| file.write_all(bytes));
        let synced =
            written.map_err(LakeError::io("write", &path)).and_then(|()| self.sync_file(&file, &path));
        // A full disk must not be kept full by what did not fit on it.
        synced.inspect_err(|_| self.remove_if_exists(&path))?;
        Ok(path)
    }

    /// Names a durable file, in place of what had the name; the name is durable afterwards.
    pub(crate) fn name(&self, from: &Path, to: &Path) -> Result<(), LakeError> {
        self.rename(from, to).inspect_err(|_| self.remove_if_exists(from))?;
        self.sync_folder(to.parent().unwrap_or(Path::new(".")))
    }

    /// Gives a file another name, which is not durable yet.
    pub(crate) fn rename(&self, from: &Path, to: &Path) -> Result<(), LakeError> {
        let renamed = self.step("rename", from, Some(to)).and_then(|()| fs::rename(from, to));
        renamed.map_err(LakeError::io("name", to))
    }

    /// Writes a whole file for its owner alone, in place of what had the name. Until then it has a name of its own, which
    /// nobody else writes or sweeps.
    pub(crate) fn replace_private(&self, unnamed: &Path, path: &Path, bytes: &[u8]) -> Result<(), LakeError> {
        match fs::remove_file(unnamed) {
            // Left by one that was stopped.
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(LakeError::io("remove", unnamed)(error));
            }
            _ => {}
        }
        self.copy(access::create_private, bytes, unnamed).inspect_err(|_| self.remove_if_exists(unnamed))?;
        self.name(unnamed, path)
    }

    /// Names a durable file unless the name is taken (`Ok(false)`): a link, unlike a rename, never overwrites.
    pub(crate) fn link_new(&self, from: &Path, to: &Path) -> Result<bool, LakeError> {
        // Of two writers that link the same name one fails: the file system decides who made the edition.
        let linked = match self.step("link", from, Some(to)).and_then(|()| fs::hard_link(from, to)) {
            Ok(()) => true,
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => false,
            Err(e) => {
                self.remove_if_exists(from);
                return Err(LakeError::io("link", to)(e));
            }
        };
        if linked {
            self.sync_folder(to.parent().unwrap_or(Path::new(".")))?;
        }
        self.remove_if_exists(from);
        Ok(linked)
    }

    /// Writes a whole file, in place of what had the name.
    pub(crate) fn write_atomic(&self, path: &Path, bytes: &[u8]) -> Result<(), LakeError> {
        let unnamed = self.write(path.parent().unwrap_or(Path::new(".")), bytes)?;
        self.name(&unnamed, path)
    }

    /// Removes a file that nothing names.
    pub(crate) fn remove(&self, path: &Path) -> Result<(), LakeError> {
        let removed = self.step("remove", path, None).and_then(|()| fs::remove_file(path));
        removed.map_err(LakeError::io("remove", path))
    }

    /// Removes an unnamed file; one that stays is harmless and swept by the next clean-up.
    pub(crate) fn remove_if_exists(&self, path: &Path) {
        let _ = self.remove(path);
    }
}
