//! A copy of a lake that is a lake itself, made while others write. Files of editions and payloads never change, so the copy
//! holds one edition whole: the newest there was when it began, with all before it.
//!
//! The log of runs is copied first: what it says of an upload is then of an edition that is copied too. A copy that says
//! "accepted" of a delivery it does not hold would send away whoever delivers it again.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use crate::chain::Walk;
use crate::head::{HEAD, Head};
use crate::lake::{FOLDERS, INCOMPLETE, write_format};
use crate::{Edition, KeyFile, Lake, LakeError, access, delta, disk, raw, runs, verify};

/// What a backup copied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BackupReport {
    /// The newest edition of the copy; `None` of an empty lake.
    pub edition: Option<u64>,
    /// Files of the copy.
    pub files: u64,
    /// Their length together.
    pub bytes: u64,
}

impl BackupReport {
    fn count(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes += bytes;
    }
}

/// A file to be copied, as the editions say it is.
struct Expected {
    bytes: u64,
    sha256: String,
}

pub(crate) fn backup(lake: &Lake, to: &Path, with_keys: bool) -> Result<BackupReport, LakeError> {
    check_target(lake, to)?;
    let disk = lake.disk();
    // A folder that is there keeps its rights; a new one has those of the lake's.
    let make = if access::is_open_to_group(lake.root()) {
        access::make_group_folder
    } else {
        access::make_private_folder
    };
    disk.make_folder_by(make, to)?;
    let mark = to.join(INCOMPLETE);
    disk.write_atomic(&mark, b"A copy of a lake was begun here and has not ended.\n")?;
    let copy = Lake::unchecked(to, disk.clone());
    let report = fill(lake, &copy, with_keys)?;
    let problems = verify::verify(&copy)?.problems;
    if !problems.is_empty() {
        return Err(LakeError::copy(to, format!("what was copied is not whole: {}", problems.join("; "))));
    }
    // Last: without the mark it is a lake.
    disk.remove(&mark)?;
    disk.sync_folder(to)?;
    Ok(report)
}

/// That a copy can be made there without touching anything else.
fn check_target(lake: &Lake, to: &Path) -> Result<(), LakeError> {
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let resolve = |path: &Path| fs::canonicalize(path).map_err(LakeError::opening(path));
    // Not made here: a disk that is not mounted would be taken for an empty one.
    let Ok(parent) = fs::canonicalize(parent) else {
        return Err(LakeError::copy(to, "the folder it would be in does not exist; make it first"));
    };
    let full = if to.exists() { resolve(to)? } else { parent.join(to.file_name().unwrap_or_default()) };
    if full.starts_with(resolve(lake.root())?) {
        return Err(LakeError::copy(to, "it is in the lake itself; choose a folder elsewhere"));
    }
    if to.exists() && !to.is_dir() {
        return Err(LakeError::copy(to, "it is no folder; choose one that is empty or not there yet"));
    }
    let names = disk::names(to)?;
    if names.iter().any(|name| name == INCOMPLETE) {
        let why = "a backup that was stopped left an incomplete copy there; remove that folder first";
        return Err(LakeError::copy(to, why));
    }
    match names.first() {
        Some(name) => {
            let why = format!("it holds `{name}`; choose a folder that is empty or not there yet");
            Err(LakeError::copy(to, why))
        }
        None => Ok(()),
    }
}

fn fill(lake: &Lake, copy: &Lake, with_keys: bool) -> Result<BackupReport, LakeError> {
    let mut report = BackupReport::default();
    for folder in FOLDERS {
        let make = if folder == "raw" { access::make_private_folder } else { access::make_folder };
        copy.disk().make_folder_by(make, &copy.root().join(folder))?;
    }
    runs::each_file(lake, |name, log| {
        report.count(copy_file(copy, name, log, access::create_private)?.0);
        Ok(())
    })?;
    if with_keys {
        copy_keys(lake, copy, &mut report)?;
    }
    let newest = lake.latest()?;
    if let Some(newest) = &newest {
        copy_editions(lake, copy, newest, &mut report)?;
    }
    copy_payloads(lake, copy, &mut report)?;
    for folder in FOLDERS {
        copy.disk().sync_folder(&copy.root().join(folder))?;
    }
    if let Some(newest) = &newest {
        report.edition = Some(newest.number);
        let head = Head::of(newest).text();
        copy.disk().write_atomic(&copy.root().join(HEAD), head.as_bytes())?;
        report.count(head.len() as u64);
        // Derived from the editions, also where the lake's own are behind.
        delta::rebuild(copy)?;
    }
    report.count(write_format(copy.disk(), copy.root())?);
    Ok(report)
}

/// Copies the records up to an edition and every file that one of them names.
fn copy_editions(
    lake: &Lake,
    copy: &Lake,
    newest: &Edition,
    report: &mut BackupReport,
) -> Result<(), LakeError> {
    let mut named: BTreeMap<String, Expected> = BTreeMap::new();
    let mut walk = Walk::default();
    for number in 1..=newest.number {
        for file in walk.next(lake.root(), number)?.into_values().flat_map(|files| files.added) {
            named.insert(file.path, Expected { bytes: file.bytes, sha256: file.sha256 });
        }
        let path = Edition::path(number);
        report.count(copy_file(copy, &path, disk::open(lake.root(), &path)?, access::create)?.0);
    }
    for (path, expected) in &named {
        let folder = copy.root().join(path);
        copy.disk().make_folder(folder.parent().unwrap_or(copy.root()))?;
        let (bytes, sha256) = copy_file(copy, path, disk::open(lake.root(), path)?, access::create)?;
        if (bytes, &sha256) != (expected.bytes, &expected.sha256) {
            return Err(LakeError::damaged(path, "its bytes are not those that were committed"));
        }
        report.count(bytes);
    }
    for table in disk::names(&copy.root().join("tables"))? {
        copy.disk().sync_folder(&copy.root().join("tables").join(table))?;
    }
    Ok(())
}

/// Copies every payload there is, those of deliveries that are held too. One that came after the newest edition copied is
/// of no receipt yet, and harmless.
fn copy_payloads(lake: &Lake, copy: &Lake, report: &mut BackupReport) -> Result<(), LakeError> {
    let names = |ending: &str| -> Result<Vec<String>, LakeError> {
        let names = disk::names(&lake.root().join("raw"))?;
        let stems = names.iter().filter_map(|name| name.strip_suffix(ending));
        Ok(stems.filter(|stem| disk::is_sha256(stem)).map(str::to_owned).collect())
    };
    for sha256 in names(".zst")? {
        let path = raw::path(&sha256);
        match disk::open(lake.root(), &path) {
            Ok(payload) => report.count(copy_file(copy, &path, payload, access::create)?.0),
            // Removed meanwhile: its note is copied below, and one that is needed is missed when the copy is verified.
            Err(error) if error.is_missing() => {}
            Err(error) => return Err(error),
        }
    }
    // Listed after: a note is written before its payload is removed.
    for sha256 in names(raw::REMOVED)?.into_iter().filter(|sha256| !copy.has_raw(sha256)) {
        let path = raw::note_path(&sha256);
        report.count(copy_file(copy, &path, disk::open(lake.root(), &path)?, access::create)?.0);
    }
    Ok(())
}

fn copy_keys(lake: &Lake, copy: &Lake, report: &mut BackupReport) -> Result<(), LakeError> {
    let path = KeyFile::of_lake(lake.root()).path().to_path_buf();
    if path.exists() {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        report.count(copy_file(copy, &name, disk::open(lake.root(), &name)?, access::create_private)?.0);
    }
    Ok(())
}

/// Copies one file, which `create` makes.
fn copy_file(
    copy: &Lake,
    name: &str,
    from: impl Read,
    create: access::Create,
) -> Result<(u64, String), LakeError> {
    copy.disk().copy(create, from, &copy.root().join(name))
}
