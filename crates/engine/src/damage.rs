//! What of the lake is damaged: it is served on without what needs it, and whoever runs the server is shown what that is.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::PoisonError;

use utbredt_lake::{Lake, LakeError};

use crate::engine::Engine;
use crate::error::EngineError;

/// What is known to be damaged.
#[derive(Debug, Default)]
pub(crate) struct Damage {
    /// Of the records of editions and of `HEAD`, each naming its file.
    records: Vec<String>,
    /// Files of the edition served.
    files: BTreeSet<String>,
}

impl Engine {
    /// Opens a lake with the query files below `queries/` at the newest edition that can be relied on. Where that is an older
    /// one, [`Engine::damage`] says why; a newer one is served as soon as it can be read.
    ///
    /// # Errors
    /// As [`Engine::open`], and a damaged record when no edition is whole.
    pub fn open_last_good(root: &Path, files: Vec<(String, String)>) -> Result<Self, EngineError> {
        let lake =
            Lake::open(root).map_err(|source| EngineError::Lake { path: root.to_path_buf(), source })?;
        match lake.latest() {
            Err(error @ LakeError::Damaged { .. }) => {
                let good = lake.latest_good().map_err(|error| EngineError::of_lake(&lake, error))?;
                let Some(edition) = good.edition else { return Err(EngineError::of_lake(&lake, error)) };
                let engine = Self::of_edition(lake, edition, files)?;
                engine.note_damage(|damage| damage.records = good.damage);
                Ok(engine)
            }
            // What else went wrong no older edition mends.
            _ => Self::open(root, files),
        }
    }

    /// What is damaged of the lake, each naming its file: records, and files of the edition served that a question needed.
    #[must_use]
    pub fn damage(&self) -> Vec<String> {
        let damage = self.damage.read().unwrap_or_else(PoisonError::into_inner);
        // The file's name alone: where the lake lies is nobody's business.
        let files =
            damage.files.iter().map(|file| format!("{file}: questions that read it are not answered"));
        damage.records.iter().cloned().chain(files).collect()
    }

    /// Notes what an attempt to read a file came to.
    pub(crate) fn note_file(&self, error: &EngineError) {
        if let EngineError::Damaged { file } = error.plain() {
            self.note_damage(|damage| {
                damage.files.insert(file.clone());
            });
        }
    }

    /// Looks at what was damaged once more: a file may have been put back, or is none of the edition served now. `records` is
    /// what is wrong with the newest record.
    pub(crate) fn look_at_damage(&self, records: Vec<String>) {
        let edition = self.edition();
        // Read whole each time: only files that were found right are remembered.
        let is_damaged = |file: &String| {
            let mut entries = edition.tables.values().flatten();
            entries.any(|entry| entry.path == *file && self.lake.check_file(entry).is_err())
        };
        self.note_damage(|damage| {
            damage.records = records;
            damage.files.retain(is_damaged);
        });
    }

    fn note_damage(&self, note: impl FnOnce(&mut Damage)) {
        note(&mut self.damage.write().unwrap_or_else(PoisonError::into_inner));
    }
}
