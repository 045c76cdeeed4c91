//! Small files of a table in one: by rule when deliveries come, and all at once.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::writer::Next;
use crate::{FileEntry, LakeError, Outcome, Table, Writer, dating};

/// Files of fewer rows than this are merged by compaction.
const SMALL_ROWS: u64 = 1 << 20;

/// As many files of about the same size are merged into one.
const ALIKE: usize = 8;

/// Sizes there are below [`SMALL_ROWS`]: powers of eight.
const SIZES: usize = 7;

/// Which power of eight the rows of a small file are.
fn size_of(file: &FileEntry) -> usize {
    let size = file.rows.max(1).ilog(8);
    usize::try_from(size).unwrap_or(SIZES).min(SIZES - 1)
}

impl Writer {
    /// Merges the small files of each table into one. No row changes.
    ///
    /// # Errors
    /// As [`Writer::commit`].
    pub fn compact(&mut self, recorded_at: DateTime<Utc>) -> Result<Outcome, LakeError> {
        self.guarded(|writer| {
            let latest = writer.lake().latest()?;
            let recorded_at = dating::date(latest.as_ref(), recorded_at)?;
            let mut tables = latest.as_ref().map(|e| e.tables.clone()).unwrap_or_default();
            for (name, files) in &mut tables {
                // A table of a later version is carried along as it is.
                let Some(table) = Table::named(name) else { continue };
                let small: Vec<FileEntry> = files.iter().filter(|f| f.rows < SMALL_ROWS).cloned().collect();
                // One small file alone would be written as the same bytes again.
                if small.len() > 1 {
                    files.retain(|file| file.rows >= SMALL_ROWS);
                    files.extend(writer.write(table, writer.lake().read_files(&small, table)?)?);
                }
            }
            let receipts = latest.iter().flat_map(|e| e.receipts.iter().cloned()).collect();
            let reason = "compaction".to_owned();
            let next = Next { recorded_at, reason, tables, receipts, supersedes: BTreeSet::new() };
            writer.publish(latest.as_ref(), next, false)
        })
    }

    /// Merges files of about the same size into one, when there are enough: so a table of many deliveries has few files, and
    /// each row is written anew about once for every eightfold growth of its table. Once a delivery, and only files that an
    /// edition names: nothing is written that no edition will name.
    pub(crate) fn merge_alike(
        &self,
        table: &'static Table,
        files: &mut Vec<FileEntry>,
    ) -> Result<(), LakeError> {
        let mut sizes = [(0, 0); SIZES];
        for file in files.iter().filter(|file| file.rows < SMALL_ROWS) {
            let (count, rows) = &mut sizes[size_of(file)];
            *count += 1;
            *rows += file.rows;
        }
        // The largest first: those below it wait for the next delivery.
        let Some(size) = sizes.iter().rposition(|(count, rows)| *count >= ALIKE && *rows < SMALL_ROWS) else {
            return Ok(());
        };
        let alike = |file: &mut FileEntry| file.rows < SMALL_ROWS && size_of(file) == size;
        let merged: Vec<FileEntry> = files.extract_if(.., alike).collect();
        files.extend(self.write(table, self.lake().read_files(&merged, table)?)?);
        Ok(())
    }
}
