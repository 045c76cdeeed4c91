//! What an edition changes in the one before it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Edition, FileEntry};

/// What an edition changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Changes {
    receipts: ReceiptChanges,
    tables: BTreeMap<String, TableChanges>,
}

/// Receipts whose facts came in or went out, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReceiptChanges {
    added: Vec<String>,
    removed: Vec<String>,
}

/// Files that came in, behind those that stay, and the paths of those that went out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TableChanges {
    added: Vec<FileEntry>,
    removed: Vec<String>,
    versions: u64,
}

/// What an edition did to the list of files of each table it changed.
pub(crate) type Moved = BTreeMap<String, MovedFiles>;

/// Files that came into a table and that went out of it, each in the order of its list.
#[derive(Debug, Default)]
pub(crate) struct MovedFiles {
    pub(crate) removed: Vec<FileEntry>,
    pub(crate) added: Vec<FileEntry>,
}

/// Changes an edition from what the one before it was.
pub(super) fn apply(edition: &mut Edition, changes: Changes) -> Result<Moved, String> {
    let versions = edition.versions.as_mut().ok_or("the record before it is of format 1")?;
    let mut moved = Moved::new();
    for (name, change) in changes.tables {
        let files = edition.tables.entry(name.clone()).or_default();
        let left: BTreeSet<&String> = change.removed.iter().collect();
        let removed: Vec<FileEntry> = files.extract_if(.., |file| left.contains(&file.path)).collect();
        if removed.len() != change.removed.len() {
            return Err(format!("it removes files of {name} that are not there"));
        }
        files.extend(change.added.iter().cloned());
        if files.is_empty() {
            edition.tables.remove(&name);
        }
        versions.insert(name.clone(), change.versions);
        moved.insert(name, MovedFiles { removed, added: change.added });
    }
    for receipt in changes.receipts.removed {
        let at = edition.receipts.binary_search(&receipt);
        let at = at.map_err(|_| format!("it removes receipt {receipt}, which is not there"))?;
        edition.receipts.remove(at);
    }
    for receipt in changes.receipts.added {
        match edition.receipts.binary_search(&receipt) {
            Ok(_) => return Err(format!("it adds receipt {receipt}, which is there")),
            Err(at) => edition.receipts.insert(at, receipt),
        }
    }
    Ok(moved)
}

/// What became of the files between two lists.
pub(super) fn compare(
    before: BTreeMap<String, Vec<FileEntry>>,
    now: &BTreeMap<String, Vec<FileEntry>>,
) -> Moved {
    let mut before = before;
    let mut moved = Moved::new();
    for (name, files) in now {
        let then = before.remove(name).unwrap_or_default();
        if then != *files {
            let added = files.iter().filter(|file| !then.contains(file)).cloned().collect();
            let removed = then.into_iter().filter(|file| !files.contains(file)).collect();
            moved.insert(name.clone(), MovedFiles { removed, added });
        }
    }
    // What is not named any more is empty.
    for (name, removed) in before {
        moved.insert(name, MovedFiles { removed, added: Vec::new() });
    }
    moved
}

/// Puts the files of each table in the order in which its record gives them back: those that stay, then the new ones. Gives
/// what changed; nothing when it is the same content.
pub(crate) fn changes(
    before: Option<&Edition>,
    tables: &mut BTreeMap<String, Vec<FileEntry>>,
    receipts: &[String],
) -> Changes {
    let none = BTreeMap::new();
    let then = before.map_or(&none, |before| &before.tables);
    let mut found = Changes::default();
    for name in then.keys().chain(tables.keys()).cloned().collect::<BTreeSet<String>>() {
        let had = then.get(&name).map_or(&[][..], Vec::as_slice);
        let mut has = tables.remove(&name).unwrap_or_default();
        let added: Vec<FileEntry> =
            has.extract_if(.., |file| !had.iter().any(|old| old.path == file.path)).collect();
        let stays: BTreeSet<&str> = has.iter().map(|file| file.path.as_str()).collect();
        let (kept, left): (Vec<&FileEntry>, Vec<&FileEntry>) =
            had.iter().partition(|file| stays.contains(file.path.as_str()));
        let mut files: Vec<FileEntry> = kept.into_iter().cloned().collect();
        files.extend(added.iter().cloned());
        let removed: Vec<String> = left.into_iter().map(|file| file.path.clone()).collect();
        if !files.is_empty() {
            tables.insert(name.clone(), files);
        }
        if !added.is_empty() || !removed.is_empty() {
            found.tables.insert(name, TableChanges { added, removed, versions: 0 });
        }
    }
    let had: BTreeSet<&String> = before.iter().flat_map(|before| &before.receipts).collect();
    let has: BTreeSet<&String> = receipts.iter().collect();
    found.receipts.added = has.difference(&had).copied().cloned().collect();
    found.receipts.removed = had.difference(&has).copied().cloned().collect();
    found
}

impl Changes {
    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The files that came in, and those of the edition before that went out.
    pub(super) fn moved(&self, before: Option<&Edition>) -> Moved {
        let mut moved = Moved::new();
        for (name, change) in &self.tables {
            let had = before.and_then(|before| before.tables.get(name)).into_iter().flatten();
            let removed = had.filter(|file| change.removed.contains(&file.path)).cloned().collect();
            moved.insert(name.clone(), MovedFiles { removed, added: change.added.clone() });
        }
        moved
    }

    /// Notes how often the list of files of each table has changed.
    pub(super) fn count(&mut self, edition: &Edition) {
        for (name, change) in &mut self.tables {
            let versions = edition.versions.as_ref().and_then(|versions| versions.get(name));
            change.versions = versions.copied().unwrap_or(0);
        }
    }

    /// The tables whose list of files changed.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &String> {
        self.tables.keys()
    }
}

/// An edition as what changed since an empty lake.
pub(super) fn everything(edition: &Edition) -> Changes {
    let mut tables = BTreeMap::new();
    // A table that is empty today has a log all the same.
    for (name, versions) in edition.versions.iter().flatten() {
        let added = edition.tables.get(name).cloned().unwrap_or_default();
        tables.insert(name.clone(), TableChanges { added, removed: Vec::new(), versions: *versions });
    }
    Changes { receipts: ReceiptChanges { added: edition.receipts.clone(), removed: Vec::new() }, tables }
}
