//! What each edition did, without the files and receipts it holds: that of ten thousand editions fits in memory.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::chain::Walk;
use crate::{Edition, LakeError};

/// What an edition is and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditionNote {
    /// Its number, from 1 without gaps.
    pub number: u64,
    /// When it was made.
    pub recorded_at: DateTime<Utc>,
    /// Why.
    pub reason: String,
    /// The hash of the record before it.
    pub previous_sha256: Option<String>,
    /// The hash of its record.
    pub sha256: String,
    /// The receipts it put out of force, sorted.
    pub supersedes: Vec<String>,
    /// Whether any row it holds was invented for demonstration.
    pub synthetic: bool,
    /// The rows of each table that has any.
    pub rows: BTreeMap<String, u64>,
    /// The tables whose list of files it changed, sorted.
    pub changed: Vec<String>,
}

impl EditionNote {
    /// `rows`: those of the edition before it.
    fn of(edition: &Edition, mut rows: BTreeMap<String, u64>, changed: Vec<String>) -> Self {
        for table in &changed {
            let count: u64 = edition.tables.get(table).into_iter().flatten().map(|file| file.rows).sum();
            rows.insert(table.clone(), count);
        }
        rows.retain(|table, _| edition.tables.contains_key(table));
        Self {
            number: edition.number,
            recorded_at: edition.recorded_at,
            reason: edition.reason.clone(),
            previous_sha256: edition.previous_sha256.clone(),
            sha256: edition.sha256.clone(),
            supersedes: edition.supersedes.clone(),
            synthetic: edition.synthetic,
            rows,
            changed,
        }
    }
}

/// What was read of the editions so far.
#[derive(Debug, Default)]
pub(crate) struct History {
    walk: Walk,
    notes: Vec<Arc<EditionNote>>,
}

impl History {
    /// The notes up to an edition; reads those that are new.
    pub(crate) fn up_to(&mut self, root: &Path, newest: u64) -> Result<Vec<Arc<EditionNote>>, LakeError> {
        for number in self.notes.len() as u64 + 1..=newest {
            // A record that cannot be read today may be mended tomorrow: begin anew then.
            let moved = self.walk.next(root, number).inspect_err(|_| *self = Self::default())?;
            let Some(edition) = &self.walk.edition else { continue };
            let rows = self.notes.last().map(|note| note.rows.clone()).unwrap_or_default();
            let note = EditionNote::of(edition, rows, moved.into_keys().collect());
            self.notes.push(Arc::new(note));
        }
        let count = usize::try_from(newest).unwrap_or(usize::MAX);
        Ok(self.notes.iter().take(count).cloned().collect())
    }
}
