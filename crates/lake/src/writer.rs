//! The one writer: keeps payloads, writes files, makes editions.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::RecordBatch;
use chrono::{DateTime, Utc};
use utbredt_model::ReceiptId;

use crate::edition::Reach;
use crate::head::{HEAD, Head};
use crate::lock::Lock;
use crate::record::{self, Moved};
use crate::{CleanUp, Edition, FileEntry, Lake, LakeError, Table, clean_up, dating, delta, file, rows};

/// What an edition changes. Applied in this order: `supersedes`, `replace`, `append`.
#[derive(Debug)]
pub struct EditionDraft {
    /// When. An edition is never dated before the one it follows: an earlier moment becomes that one's. One that is more than
    /// 400 days from it, either way, is refused ([`LakeError::Clock`]).
    pub recorded_at: DateTime<Utc>,
    /// Why.
    pub reason: String,
    /// Tables that get new content as a whole.
    pub replace: Vec<(&'static Table, RecordBatch)>,
    /// Rows added to tables: one file a table.
    pub append: Vec<(&'static Table, RecordBatch)>,
    /// Receipts whose facts leave every table of facts (`receipts` and `rejections` keep theirs).
    pub supersedes: Vec<ReceiptId>,
    /// Receipts whose facts come in.
    pub receipts: Vec<ReceiptId>,
}

/// What a commit came to.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// A new edition.
    Committed(Edition),
    /// Nothing differs from the latest edition, which is this.
    Unchanged(Edition),
}

impl Outcome {
    /// The latest edition now.
    #[must_use]
    pub fn edition(&self) -> &Edition {
        match self {
            Self::Committed(edition) | Self::Unchanged(edition) => edition,
        }
    }
}

type Files = BTreeMap<String, Vec<FileEntry>>;

/// The holder of the writer's lock; released when dropped.
#[derive(Debug)]
pub struct Writer {
    lake: Lake,
    stopped: Option<String>,
    delta_problem: Option<String>,
    lock: Lock,
}

impl Writer {
    /// A writer, whose turn it is.
    pub(crate) fn with(lock: Lock, lake: Lake) -> Self {
        Self { lake, stopped: None, delta_problem: None, lock }
    }

    /// The lake written to.
    #[must_use]
    pub fn lake(&self) -> &Lake {
        &self.lake
    }

    /// Runs long work that needs nothing of the lake, such as a request to a source, while others may write. What was
    /// read of the lake before may have changed after.
    ///
    /// # Errors
    /// When the lock cannot be released or acquired again; a holder at that time is waited for.
    pub fn with_lock_released<T>(&mut self, work: impl FnOnce() -> T) -> Result<T, LakeError> {
        self.lock.released(work)
    }

    /// Why the Delta logs are behind after the last commit, if they are. They are derived: the edition is valid,
    /// and the next commit or [`Writer::rebuild_delta`] writes what is missing.
    #[must_use]
    pub fn delta_problem(&self) -> Option<&str> {
        self.delta_problem.as_deref()
    }

    /// Runs `work` unless this writer stopped, and stops it after an error that leaves the disk unknown.
    pub(crate) fn guarded<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, LakeError>,
    ) -> Result<T, LakeError> {
        self.goes_on()?;
        let done = work(self);
        self.stop_after(&done);
        done
    }

    /// Refuses to write once the disk is unknown.
    pub(crate) fn goes_on(&self) -> Result<(), LakeError> {
        self.stopped.as_ref().map_or(Ok(()), |why| Err(LakeError::Stopped(why.clone())))
    }

    /// Stops after an error that leaves the disk unknown.
    pub(crate) fn stop_after<T>(&mut self, done: &Result<T, LakeError>) {
        if done.is_err() {
            self.lock.note_failure();
        }
        // After a failed sync the kernel may have dropped the pages: a second sync would report success and be wrong.
        if let Err(error @ LakeError::Unsynced { .. }) = done {
            self.stopped = Some(error.with_causes());
        }
    }

    /// Makes the next edition. Nothing of it is visible before its record is linked, all of it after.
    ///
    /// # Errors
    /// A batch that does not fit, a file that cannot be written, or a damaged chain: the latest edition is
    /// as before. After [`LakeError::Unsynced`] open the lake again to see whether the new one is there.
    pub fn commit(&mut self, draft: EditionDraft) -> Result<Outcome, LakeError> {
        self.guarded(|writer| writer.make(draft, Vec::new()))
    }

    /// Makes the next edition, with files of a table that were written before ([`Writer::sorted_files`]).
    ///
    /// # Errors
    /// As [`Writer::commit`].
    pub fn commit_with(
        &mut self,
        draft: EditionDraft,
        table: &'static Table,
        files: Vec<FileEntry>,
    ) -> Result<Outcome, LakeError> {
        self.guarded(|writer| writer.make(draft, vec![(table, files)]))
    }

    fn make(
        &mut self,
        draft: EditionDraft,
        written: Vec<(&'static Table, Vec<FileEntry>)>,
    ) -> Result<Outcome, LakeError> {
        let latest = self.lake.latest()?;
        // First: a delivery that is refused for its date should cost nothing.
        let recorded_at = dating::date(latest.as_ref(), draft.recorded_at)?;
        let mut tables = latest.as_ref().map(|e| e.tables.clone()).unwrap_or_default();
        let mut receipts: BTreeSet<String> = latest.iter().flat_map(|e| e.receipts.iter().cloned()).collect();
        let supersedes: BTreeSet<String> = draft.supersedes.iter().map(|r| r.0.clone()).collect();
        // First, so that a delivery that takes the place of itself keeps its new rows.
        self.supersede(&mut tables, &supersedes)?;
        receipts.retain(|receipt| !supersedes.contains(receipt));
        receipts.extend(draft.receipts.iter().map(|r| r.0.clone()));
        for (table, batches) in by_table(draft.replace) {
            let file = self.write(table, batches)?;
            tables.insert(table.name.to_owned(), file.into_iter().collect());
        }
        for (table, batches) in by_table(draft.append) {
            if let Some(file) = self.write(table, batches)? {
                let files = tables.entry(table.name.to_owned()).or_default();
                self.rename_columns(table, files)?;
                // The very same rows once more are a repetition, not an addition.
                if !files.iter().any(|known| known.sha256 == file.sha256) {
                    self.merge_alike(table, files)?;
                    files.push(file);
                }
            }
        }
        for (table, written) in written {
            let files = tables.entry(table.name.to_owned()).or_default();
            self.rename_columns(table, files)?;
            files.extend(written);
        }
        self.publish(
            latest.as_ref(),
            Next { recorded_at, reason: draft.reason, tables, receipts, supersedes },
            false,
        )
    }

    /// Dates the lake by a clock that is known to be right, whatever the newest edition says: makes an edition of the same
    /// content with this date, when the newest one's is later or too far away to be believed. Editions dated wrongly keep
    /// their dates; [`Lake::as_of`] finds the newest that is not later than a moment, and so passes them over.
    ///
    /// # Errors
    /// As [`Writer::commit`].
    pub fn redate(&mut self, now: DateTime<Utc>) -> Result<Option<Edition>, LakeError> {
        self.guarded(|writer| {
            let Some(latest) = writer.lake.latest()? else { return Ok(None) };
            if dating::date(Some(&latest), now).is_ok_and(|date| date == now) {
                return Ok(None);
            }
            let reason = format!("dated anew: edition {} was dated {}", latest.number, latest.recorded_at);
            let receipts = latest.receipts.iter().cloned().collect();
            let tables = latest.tables.clone();
            let next = Next { recorded_at: now, reason, tables, receipts, supersedes: BTreeSet::new() };
            writer.publish(Some(&latest), next, true).map(|outcome| Some(outcome.edition().clone()))
        })
    }

    pub(crate) fn write(
        &self,
        table: &'static Table,
        batches: Vec<RecordBatch>,
    ) -> Result<Option<FileEntry>, LakeError> {
        file::write(self.lake.disk(), self.lake.root(), table, batches)
    }

    /// Writes files with former column names anew under the names of today: all files of a table in an edition have the
    /// same columns, so that one schema reads them, ours and that of its Delta log.
    fn rename_columns(&self, table: &'static Table, files: &mut Vec<FileEntry>) -> Result<(), LakeError> {
        let former: Vec<FileEntry> = files.extract_if(.., |file| table.has_former_names(file)).collect();
        if !former.is_empty() {
            files.extend(self.write(table, self.lake.read_files(&former, table)?)?);
        }
        Ok(())
    }

    /// Removes the facts of the receipts: files that hold any are written anew without them.
    fn supersede(&self, tables: &mut Files, superseded: &BTreeSet<String>) -> Result<(), LakeError> {
        for (name, files) in tables {
            let Some(table) = Table::named(name) else { continue };
            let mut kept: Vec<FileEntry> = Vec::with_capacity(files.len());
            for entry in files.drain(..) {
                // The record names the receipts of each file: most need not be read.
                if !entry.receipts.iter().any(|receipt| superseded.contains(receipt)) {
                    kept.push(entry);
                } else if !entry.receipts.iter().all(|receipt| superseded.contains(receipt)) {
                    let batches = self.lake.read_files([&entry], table)?;
                    let rest = batches
                        .iter()
                        .map(|batch| rows::without(batch, superseded))
                        .collect::<Result<_, _>>();
                    kept.extend(self.write(table, rest.map_err(|e| LakeError::rows(table, e))?)?);
                }
            }
            *files = kept;
        }
        Ok(())
    }

    /// The commit point: the record of the next edition gets its name, unless nothing changed and its date is not what
    /// matters.
    pub(crate) fn publish(
        &mut self,
        latest: Option<&Edition>,
        mut next: Next,
        redates: bool,
    ) -> Result<Outcome, LakeError> {
        for files in next.tables.values_mut() {
            // The very same rows once more are a repetition, not an addition.
            let mut seen = BTreeSet::new();
            files.retain(|file| seen.insert(file.sha256.clone()));
        }
        // An empty table is one that is not named, so that two ways to it give the same record.
        next.tables.retain(|_, files| !files.is_empty());
        let receipts: Vec<String> = next.receipts.into_iter().collect();
        let changes = record::changes(latest, &mut next.tables, &receipts);
        if let Some(same) = latest.filter(|_| changes.is_empty() && !redates) {
            // A commit before this one may have failed to write its logs.
            self.derive(same, &Moved::new());
            return Ok(Outcome::Unchanged(same.clone()));
        }
        let mut versions = self.versions(latest)?;
        for table in changes.tables() {
            *versions.entry(table.clone()).or_default() += 1;
        }
        let mut edition = Edition {
            number: latest.map_or(1, |e| e.number + 1),
            recorded_at: next.recorded_at,
            reason: next.reason,
            previous_sha256: latest.map(|e| e.sha256.clone()),
            sha256: String::new(),
            synthetic: next.tables.values().flatten().any(|file| file.synthetic),
            tables: next.tables,
            receipts,
            supersedes: next.supersedes.into_iter().collect(),
            versions: Some(versions),
            reach: Reach::default(),
        };
        let (bytes, moved) = record::encode(&mut edition, latest, changes)?;
        let disk = self.lake.disk();
        // A writer that was stopped between a record and HEAD left it one behind, and it must not become two.
        if let Some(latest) = latest {
            self.point_head_at(latest)?;
        }
        // The commit point. What comes before it is invisible, what comes after it is derived.
        let unnamed = disk.write(&self.lake.root().join("editions"), &bytes)?;
        if !disk.link_new(&unnamed, &self.lake.root().join(Edition::path(edition.number)))? {
            return Err(LakeError::EditionExists(edition.number));
        }
        self.point_head_at(&edition)?;
        self.derive(&edition, &moved);
        Ok(Outcome::Committed(edition))
    }

    /// Makes HEAD name an edition, unless it does.
    fn point_head_at(&self, edition: &Edition) -> Result<(), LakeError> {
        let head = Head::of(edition);
        if Head::read(self.lake.root())?.is_some_and(|known| known == head) {
            return Ok(());
        }
        self.lake.disk().write_atomic(&self.lake.root().join(HEAD), head.text().as_bytes())
    }

    /// How often the list of files of each table has changed so far. A record of format 1 does not say, and then all are read
    /// once.
    fn versions(&self, latest: Option<&Edition>) -> Result<BTreeMap<String, u64>, LakeError> {
        let Some(latest) = latest else { return Ok(BTreeMap::new()) };
        match &latest.versions {
            Some(versions) => Ok(versions.clone()),
            None => Ok(delta::all(&self.lake)?.versions()),
        }
    }

    /// Writes what is derived from the editions. They are valid, whatever becomes of this.
    fn derive(&mut self, edition: &Edition, moved: &Moved) {
        // Its failure is no failure of the commit, which readers already see.
        let failed = delta::catch_up(&self.lake, edition, moved).err();
        self.delta_problem = failed.as_ref().map(LakeError::with_causes);
        if failed.is_some() {
            self.lock.note_failure();
        }
        if let Some(LakeError::Unsynced { .. }) = failed {
            self.stopped.clone_from(&self.delta_problem);
        }
    }

    /// Writes every Delta log anew from the editions; gives the number of files that differed.
    ///
    /// # Errors
    /// A damaged chain, or a file that cannot be written.
    pub fn rebuild_delta(&mut self) -> Result<usize, LakeError> {
        self.guarded(|writer| {
            let rewritten = delta::rebuild(&writer.lake)?;
            writer.delta_problem = None;
            Ok(rewritten)
        })
    }

    /// Mends what a writer that was killed left behind, by [`Writer::clean_up`] and [`Writer::rebuild_delta`]. Where the last one ended
    /// by itself there is nothing to mend and nothing is read, however many editions there are.
    ///
    /// # Errors
    /// As those.
    pub fn recover(&mut self) -> Result<(), LakeError> {
        if self.lock.is_after_a_kill() {
            self.clean_up()?;
            self.rebuild_delta()?;
            self.lock.note_repair();
        }
        Ok(())
    }

    /// Removes what a stopped writer left: unnamed files, and files of tables that no edition names. Editions
    /// and payloads are never removed.
    ///
    /// # Errors
    /// A damaged chain (a file its lost records name must stay), or a file that cannot be removed.
    pub fn clean_up(&mut self) -> Result<CleanUp, LakeError> {
        self.guarded(|writer| clean_up::clean_up(&writer.lake))
    }
}

/// The next edition, before its record is written.
pub(crate) struct Next {
    pub(crate) recorded_at: DateTime<Utc>,
    pub(crate) reason: String,
    pub(crate) tables: Files,
    pub(crate) receipts: BTreeSet<String>,
    pub(crate) supersedes: BTreeSet<String>,
}

/// The batches of each table together.
fn by_table(given: Vec<(&'static Table, RecordBatch)>) -> Vec<(&'static Table, Vec<RecordBatch>)> {
    let mut tables: Vec<(&'static Table, Vec<RecordBatch>)> = Vec::new();
    for (table, batch) in given {
        match tables.iter_mut().find(|(known, _)| known.name == table.name) {
            Some((_, batches)) => batches.push(batch),
            None => tables.push((table, vec![batch])),
        }
    }
    tables
}
