//! Reading a lake: its editions, its checked files, whole small tables, payloads.

use std::collections::{HashMap, VecDeque};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::RecordBatch;
use chrono::{DateTime, Utc};

use crate::chain::{self, LatestGood};
use crate::disk::{self, Disk, Stamp};
use crate::head::Head;
use crate::history::{EditionNote, History};
use crate::lock::Lock;
use crate::{
    BackupReport, Edition, FORMAT, FileEntry, LakeError, Table, VerifyReport, Writer, access, backup, file,
    raw, runs, verify,
};

/// The folders of a lake.
pub(crate) const FOLDERS: [&str; 3] = ["raw", "tables", "editions"];

/// The file that is in a copy of a lake until all of it is there.
pub(crate) const INCOMPLETE: &str = "INCOMPLETE";

/// How many editions beside the newest are kept when they were read: questions about a day come in series.
const RECENT: usize = 8;

/// A lake opened for reading. Cheap to clone; clones share what was checked.
#[derive(Debug, Clone)]
pub struct Lake {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    root: PathBuf,
    disk: Disk,
    /// The newest edition read, with the stamp of its record.
    newest: Mutex<Option<(Option<Stamp>, Edition)>>,
    /// Others that were read, the last one first.
    recent: Mutex<VecDeque<(Stamp, Edition)>>,
    history: Mutex<History>,
    checked: Mutex<HashMap<String, Stamp>>,
    /// What was read of the log of runs.
    runs: Mutex<Option<runs::Known>>,
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere leaves a cache that is at worst too small.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the folder holds a lake, and not the beginning of a copy of one.
fn check_complete(root: &Path) -> Result<(), LakeError> {
    if root.join(INCOMPLETE).exists() {
        return Err(LakeError::Incomplete(root.to_path_buf()));
    }
    check_format(root)
}

/// Writes the file that makes a folder a lake; gives its length.
pub(crate) fn write_format(disk: &Disk, root: &Path) -> Result<u64, LakeError> {
    let text = format!("{FORMAT}\n");
    disk.write_atomic(&root.join("FORMAT"), text.as_bytes())?;
    Ok(text.len() as u64)
}

/// Whether the folder holds a lake that this version reads.
pub(crate) fn check_format(root: &Path) -> Result<(), LakeError> {
    let mut found = Vec::new();
    // More than a number is none, and need not be read to its end.
    let read = disk::open(root, "FORMAT").and_then(|file| {
        file.take(64).read_to_end(&mut found).map_err(LakeError::io("read", &root.join("FORMAT")))
    });
    match read {
        Ok(_) => {}
        Err(error) if error.is_missing() || !root.is_dir() => {
            let why = "it has no FORMAT file".to_owned();
            return Err(LakeError::NotALake { path: root.to_path_buf(), why });
        }
        Err(error) => return Err(error),
    }
    let text = String::from_utf8_lossy(&found);
    let number = text.strip_suffix('\n').and_then(|number| number.parse::<u32>().ok());
    match number {
        Some(number) if text == format!("{number}\n") && number == FORMAT => Ok(()),
        Some(number) if text == format!("{number}\n") => {
            let found = format!("`{number}`");
            Err(LakeError::UnknownFormat { path: "FORMAT".to_owned(), found, known: FORMAT })
        }
        // Lost by an editor or a copy through a text field: the lake is of this format, its file is not whole.
        _ if text == FORMAT.to_string() => {
            let why =
                format!("it has `{FORMAT}` without the end of the line (`echo {FORMAT}` writes it whole)");
            Err(LakeError::damaged("FORMAT", why))
        }
        _ => {
            let why = format!("it holds {text:?} and not the number of a format and the end of the line");
            Err(LakeError::damaged("FORMAT", why))
        }
    }
}

impl Lake {
    /// Makes an empty lake, or opens the one that is there.
    ///
    /// # Errors
    /// [`LakeError::NotALake`] when the folder holds something else; or when a folder cannot be made.
    pub fn init(root: &Path) -> Result<Self, LakeError> {
        Self::init_on(root, Disk::default())
    }

    /// The same, and those of the folder's group may read the lake, but not what was delivered. Of a lake that is there
    /// nothing changes.
    ///
    /// # Errors
    /// As [`Lake::init`], and when the folder cannot be made.
    pub fn init_for_group(root: &Path) -> Result<Self, LakeError> {
        if !root.exists() {
            access::make_group_folder(root).map_err(LakeError::io("make folder", root))?;
        }
        Self::init(root)
    }

    pub(crate) fn init_on(root: &Path, disk: Disk) -> Result<Self, LakeError> {
        // FORMAT is written last: a lake with it is whole.
        if !root.join("FORMAT").exists() && !root.join(INCOMPLETE).exists() {
            // A lake whose making was cut short holds only names of ours, and is made whole here.
            let ours =
                |name: &str| FOLDERS.contains(&name) || name == "LOCK" || name.starts_with(disk::TEMPORARY);
            if let Some(stray) = disk::names(root)?.into_iter().find(|name| !ours(name)) {
                let why = format!("it holds `{stray}` and no FORMAT file; choose an empty folder");
                return Err(LakeError::NotALake { path: root.to_path_buf(), why });
            }
            if !disk::names(&root.join("editions"))?.is_empty() {
                let why = "it holds editions and no FORMAT file; restore FORMAT from a backup".to_owned();
                return Err(LakeError::NotALake { path: root.to_path_buf(), why });
            }
            disk.make_folder_by(access::make_private_folder, root)?;
            for folder in FOLDERS {
                let path = root.join(folder);
                // What was delivered is for whoever runs the lake; the rest for those who may enter the lake's folder.
                let make = if folder == "raw" { access::make_private_folder } else { access::make_folder };
                disk.make_folder_by(make, &path)?;
            }
            write_format(&disk, root)?;
        }
        Self::open_on(root, disk)
    }

    /// Opens a lake. A damaged chain of editions is no error here, but in [`Lake::latest`].
    ///
    /// # Errors
    /// [`LakeError::NotALake`], [`LakeError::Incomplete`] or [`LakeError::UnknownFormat`].
    pub fn open(root: &Path) -> Result<Self, LakeError> {
        Self::open_on(root, Disk::default())
    }

    pub(crate) fn open_on(root: &Path, disk: Disk) -> Result<Self, LakeError> {
        check_complete(root)?;
        Ok(Self::unchecked(root, disk))
    }

    /// One of which nothing is known yet: a copy that is being made.
    pub(crate) fn unchecked(root: &Path, disk: Disk) -> Self {
        Self { inner: Arc::new(Inner { root: root.to_path_buf(), disk, ..Inner::default() }) }
    }

    /// Its folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.inner.root
    }

    pub(crate) fn disk(&self) -> &Disk {
        &self.inner.disk
    }

    /// The editions in order, every record and the chain of hashes checked. All of them at once take much memory;
    /// [`Lake::history`] says what each did.
    ///
    /// # Errors
    /// [`LakeError::Damaged`] naming the first record that is not as it was made.
    pub fn editions(&self) -> Result<Vec<Edition>, LakeError> {
        let mut editions = Vec::new();
        chain::whole(self.root(), |edition, _| editions.push(edition.clone()))?;
        Ok(editions)
    }

    /// What each edition up to `newest` did, in order. Records never change, so each is read once.
    ///
    /// # Errors
    /// [`LakeError::Damaged`] naming the first record that is not as it was made.
    pub fn history(&self, newest: u64) -> Result<Vec<Arc<EditionNote>>, LakeError> {
        lock(&self.inner.history).up_to(self.root(), newest)
    }

    /// The newest edition; `None` in an empty lake. It is never quietly an older one: a record after the last checkpoint that
    /// is not as it was made, or a newest one that is gone, is an error. Records before that are read by what needs them.
    ///
    /// # Errors
    /// [`LakeError::Damaged`] naming the record; [`Lake::latest_good`] is then what can still be served.
    pub fn latest(&self) -> Result<Option<Edition>, LakeError> {
        let mut known = lock(&self.inner.newest);
        let head = Head::read(self.root())?;
        let Some(number) = chain::newest(self.root(), head.as_ref())? else { return Ok(None) };
        let stamp = self.stamp(number);
        let is_known = |(seen, edition): &&(Option<Stamp>, Edition)| {
            stamp.is_some()
                && *seen == stamp
                && edition.number == number
                && head.as_ref().is_none_or(|head| head.number < number || head.sha256 == edition.sha256)
        };
        if let Some((_, edition)) = known.as_ref().filter(is_known) {
            return Ok(Some(edition.clone()));
        }
        let latest = chain::latest(self.root(), known.take().map(|(_, edition)| edition))?;
        *known = latest.clone().map(|edition| (stamp, edition));
        Ok(latest)
    }

    /// By which the record of an edition is known to be the one that was read.
    fn stamp(&self, number: u64) -> Option<Stamp> {
        std::fs::metadata(self.root().join(Edition::path(number))).ok().as_ref().map(Stamp::of)
    }

    /// The newest edition that can be relied on, with what is wrong beside it.
    ///
    /// # Errors
    /// Only when the lake cannot be listed.
    pub fn latest_good(&self) -> Result<LatestGood, LakeError> {
        chain::latest_good(self.root())
    }

    /// Edition `number`, whatever has happened to those before its checkpoint and after it.
    ///
    /// # Errors
    /// [`LakeError::NoEdition`], or [`LakeError::Damaged`] when a record it is read from is.
    pub fn edition(&self, number: u64) -> Result<Edition, LakeError> {
        let stamp = self.stamp(number);
        let is_known = |(seen, edition): &&(Stamp, Edition)| edition.number == number && Some(*seen) == stamp;
        if let Some((_, edition)) = lock(&self.inner.recent).iter().find(is_known) {
            return Ok(edition.clone());
        }
        match chain::edition(self.root(), number, None) {
            Ok(edition) => {
                let mut recent = lock(&self.inner.recent);
                recent.truncate(RECENT - 1);
                if let Some(stamp) = stamp {
                    recent.push_front((stamp, edition.clone()));
                }
                Ok(edition)
            }
            // The commonest mistake is a number too high: name the newest.
            Err(error) if error.is_missing() => {
                let newest = self.latest_good()?.edition.map(|e| e.number);
                let hint = newest.map_or("the lake is empty".to_owned(), |n| format!("the newest is {n}"));
                Err(LakeError::NoEdition(format!("{number}; {hint}")))
            }
            Err(other) => Err(other),
        }
    }

    /// The newest edition made at or before `moment`.
    ///
    /// # Errors
    /// [`LakeError::NoEdition`], or [`LakeError::Damaged`] naming a record that was read.
    pub fn as_of(&self, moment: DateTime<Utc>) -> Result<Edition, LakeError> {
        let newest = self.latest()?.map_or(0, |latest| latest.number);
        let mut first = "the lake is empty".to_owned();
        for number in (1..=newest).rev() {
            let recorded_at = chain::record_of(self.root(), number, newest)?.recorded_at();
            if recorded_at <= moment {
                return self.edition(number);
            }
            first = format!("the first was made {recorded_at}");
        }
        Err(LakeError::NoEdition(format!("made at or before {moment}; {first}")))
    }

    /// Takes the writer's lock.
    ///
    /// # Errors
    /// [`LakeError::Locked`] while another holds it.
    pub fn writer(&self) -> Result<Writer, LakeError> {
        Ok(Writer::with(Lock::take(self.root())?, self.clone()))
    }

    /// Takes the writer's lock as soon as nobody else holds it: for those of one process that write one after the other.
    ///
    /// # Errors
    /// When the lock cannot be taken at all.
    pub fn writer_in_turn(&self) -> Result<Writer, LakeError> {
        Ok(Writer::with(Lock::take_in_turn(self.root())?, self.clone()))
    }

    /// The path of a file after its length and hash were checked. A file that has not changed since is not
    /// read again.
    ///
    /// # Errors
    /// [`LakeError::Damaged`] naming the file.
    pub fn check_file(&self, entry: &FileEntry) -> Result<PathBuf, LakeError> {
        let path = self.root().join(&entry.path);
        let mut file = disk::open(self.root(), &entry.path).map_err(|error| match error {
            missing if missing.is_missing() => LakeError::damaged(&entry.path, "it is missing"),
            other => other,
        })?;
        let stamp = Stamp::of(&file.metadata().map_err(LakeError::io("look at", &path))?);
        // Files are never changed, so an unchanged stamp means unchanged bytes.
        if lock(&self.inner.checked).get(&entry.path) == Some(&stamp) {
            return Ok(path);
        }
        let (bytes, sha256) =
            disk::hash_file(&mut file).map_err(|e| LakeError::unreadable(&entry.path, e))?;
        // Length first: a file that was cut off gets another message than one that was changed.
        if bytes != entry.bytes {
            let why = format!("it has {bytes} bytes, not {}", entry.bytes);
            return Err(LakeError::damaged(&entry.path, why));
        }
        if sha256 != entry.sha256 {
            return Err(LakeError::damaged(&entry.path, "its bytes are not those that were committed"));
        }
        // Only what was read and found right is remembered.
        lock(&self.inner.checked).insert(entry.path.clone(), stamp);
        Ok(path)
    }

    pub(crate) fn known_runs(&self) -> MutexGuard<'_, Option<runs::Known>> {
        lock(&self.inner.runs)
    }

    pub(crate) fn forget_checked(&self) {
        lock(&self.inner.checked).clear();
        *lock(&self.inner.newest) = None;
        lock(&self.inner.recent).clear();
        *lock(&self.inner.history) = History::default();
    }

    /// A payload as received.
    ///
    /// # Errors
    /// [`LakeError::NoRaw`] when none of that hash is kept, [`LakeError::RemovedRaw`] when it was removed,
    /// [`LakeError::Damaged`] when it has changed.
    pub fn raw(&self, sha256: &str) -> Result<Vec<u8>, LakeError> {
        raw::read(self.root(), sha256)
    }

    /// A whole table, for small ones. Rows are in order within each file.
    ///
    /// # Errors
    /// A damaged or unreadable file.
    pub fn read_table(
        &self,
        edition: &Edition,
        table: &'static Table,
    ) -> Result<Vec<RecordBatch>, LakeError> {
        self.read_files(edition.tables.get(table.name).into_iter().flatten(), table)
    }

    pub(crate) fn read_files<'a>(
        &self,
        entries: impl IntoIterator<Item = &'a FileEntry>,
        table: &'static Table,
    ) -> Result<Vec<RecordBatch>, LakeError> {
        let mut batches = Vec::new();
        for entry in entries {
            batches.extend(file::read(&self.check_file(entry)?, entry, table)?);
        }
        Ok(batches)
    }

    /// Reads everything again and reports what is not as it was written: every edition, every file of every
    /// edition, every payload, every Delta log.
    ///
    /// # Errors
    /// None for what is damaged: that is in the report. Only when the lake cannot be listed.
    pub fn verify(&self) -> Result<VerifyReport, LakeError> {
        verify::verify(self)
    }

    /// Copies the lake into a folder that is empty or not there yet, also while others write: the newest edition with all
    /// before it, every payload, and the log of runs; the keys of a server only `with_keys`. The copy is verified before it can
    /// be opened; one that was cut short is refused as [`LakeError::Incomplete`].
    ///
    /// # Errors
    /// [`LakeError::Copy`] when the folder cannot take it, [`LakeError::Damaged`] naming a file of the lake that is not as it
    /// was made.
    pub fn backup(&self, to: &Path, with_keys: bool) -> Result<BackupReport, LakeError> {
        backup::backup(self, to, with_keys)
    }
}
