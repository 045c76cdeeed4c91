//! Rows that are too many to be held, as files of a table: they come in the table's order, some at a time.

use std::path::PathBuf;

use arrow::array::RecordBatch;
use parquet::arrow::ArrowWriter;

use crate::file::{self, Hashing};
use crate::rows::{self, Summary};
use crate::{FileEntry, LakeError, Table, Writer, disk};

/// Rows of a file: more than a file has that is merged with others.
const FILE_ROWS: u64 = 2 << 20;

/// Files of a table while they are written. They belong to no edition until a commit names them; what no commit names, the
/// next clean-up removes.
#[derive(Debug)]
pub struct SortedFiles<'w> {
    writer: &'w mut Writer,
    table: &'static Table,
    open: Option<OpenFile>,
    /// The last row, which the next must follow.
    last: Option<RecordBatch>,
    files: Vec<FileEntry>,
}

struct OpenFile {
    path: PathBuf,
    rows: ArrowWriter<Hashing>,
    summary: Summary,
}

impl std::fmt::Debug for OpenFile {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("OpenFile").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Writer {
    /// Begins files of a table whose rows come in its order.
    pub fn sorted_files(&mut self, table: &'static Table) -> SortedFiles<'_> {
        SortedFiles { writer: self, table, open: None, last: None, files: Vec::new() }
    }
}

impl SortedFiles<'_> {
    /// Takes the next rows.
    ///
    /// # Errors
    /// Rows that do not fit the table or its order, or a disk that cannot be written.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<(), LakeError> {
        self.writer.goes_on()?;
        let done = self.write(batch);
        self.writer.stop_after(&done);
        done
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<(), LakeError> {
        let table = self.table;
        let batch = rows::fit(table, batch)?;
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let in_order =
            rows::follow(table, self.last.as_ref(), &batch).map_err(|e| LakeError::rows(table, e))?;
        if !in_order {
            return Err(LakeError::shape(table, "its rows do not come in its order".to_owned()));
        }
        self.last = Some(batch.slice(batch.num_rows() - 1, 1));
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.begin()?,
        };
        open.rows.write(&batch).map_err(|error| file::write_error(error, table, &open.path))?;
        open.summary.take(table, &batch);
        // A file that is full is durable before the next begins.
        let is_full = open.summary.rows >= FILE_ROWS;
        self.open = Some(open);
        if is_full { self.end() } else { Ok(()) }
    }

    /// Ends the last file, and gives all of them.
    ///
    /// # Errors
    /// A disk that cannot be written.
    pub fn finish(mut self) -> Result<Vec<FileEntry>, LakeError> {
        self.writer.goes_on()?;
        let done = self.end();
        self.writer.stop_after(&done);
        done.map(|()| std::mem::take(&mut self.files))
    }

    fn begin(&self) -> Result<OpenFile, LakeError> {
        let lake = self.writer.lake();
        let folder = lake.root().join("tables").join(self.table.name);
        lake.disk().make_folder(&folder)?;
        let path = disk::temporary(&folder);
        let rows = file::begin(lake.disk(), &path, self.table)?;
        Ok(OpenFile { path, rows, summary: Summary::default() })
    }

    fn end(&mut self) -> Result<(), LakeError> {
        let Some(OpenFile { path, rows, summary }) = self.open.take() else { return Ok(()) };
        let lake = self.writer.lake();
        let closed = file::close(lake.disk(), &path, self.table, rows);
        let (bytes, sha256) = closed.inspect_err(|_| lake.disk().remove_if_exists(&path))?;
        let entry = summary.entry(self.table, bytes, sha256);
        file::give_name(lake.disk(), lake.root(), &path, &entry)?;
        self.files.push(entry);
        Ok(())
    }
}

impl Drop for SortedFiles<'_> {
    fn drop(&mut self) {
        if let Some(open) = &self.open {
            self.writer.lake().disk().remove_if_exists(&open.path);
        }
    }
}
