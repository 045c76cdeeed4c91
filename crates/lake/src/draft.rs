//! What an edition would be, without making it: a lake in a folder of its own whose files are those of the real one, and in which
//! the draft is committed. Nothing is written in the real lake.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::head::{HEAD, Head};
use crate::{Edition, EditionDraft, Lake, LakeError};

/// A lake that holds the newest edition of another and one that a draft would make of it. Gone when dropped.
#[derive(Debug)]
pub struct DraftLake {
    /// Removed with it.
    _folder: TempDir,
    root: PathBuf,
    /// The edition drafted on, and the one that the draft makes; the same where it changes nothing.
    editions: (u64, u64),
}

impl DraftLake {
    /// Its folder: a lake like any other.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The newest edition, and the one that the draft makes.
    #[must_use]
    pub const fn editions(&self) -> (u64, u64) {
        self.editions
    }
}

impl Lake {
    /// Opens what a commit of a draft would make.
    ///
    /// # Errors
    /// As [`Writer::commit`](crate::Writer::commit), when there is no edition, or when no folder can be made for it.
    pub fn draft(&self, draft: EditionDraft) -> Result<DraftLake, LakeError> {
        let latest = self.latest()?.ok_or_else(|| LakeError::NoEdition("the lake is empty".to_owned()))?;
        let folder = tempfile::tempdir().map_err(LakeError::io("make folder", &std::env::temp_dir()))?;
        let lake = Self::init(&folder.path().join("lake"))?;
        let records = (latest.reach.checkpoint..=latest.number).map(Edition::path);
        let files = latest.tables.values().flatten().map(|file| file.path.clone());
        for name in records.chain(files) {
            stand_in(self.root(), lake.root(), &name)?;
        }
        let head = Head::of(&latest).text();
        lake.disk().write_atomic(&lake.root().join(HEAD), head.as_bytes())?;
        // The new files lie in the draft alone.
        let made = lake.writer()?.commit(draft)?.edition().number;
        let root = lake.root().to_path_buf();
        Ok(DraftLake { _folder: folder, root, editions: (latest.number, made) })
    }
}

/// Puts a file of one lake in its place in another, where it is only read.
fn stand_in(from: &Path, to: &Path, name: &str) -> Result<(), LakeError> {
    let place = to.join(name);
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder).map_err(LakeError::io("make folder", folder))?;
    }
    // A link that is relative would be looked for beside itself.
    let file: PathBuf = fs::canonicalize(from.join(name)).map_err(LakeError::opening(&from.join(name)))?;
    #[cfg(unix)]
    std::os::unix::fs::symlink(&file, &place).map_err(LakeError::io("link", &place))?;
    #[cfg(not(unix))]
    fs::copy(&file, &place).map(|_| ()).map_err(LakeError::io("copy", &place))?;
    Ok(())
}
