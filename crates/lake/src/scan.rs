//! Rows of a table that are asked for, of tables that are larger than memory.

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::error::ArrowError;

use crate::{Edition, FileEntry, Lake, LakeError, Table, file};

/// How many rows are read at once.
const PART_ROWS: usize = 16 * 1024;

impl Lake {
    /// Rows of a table: of the files that are `requested`, those that `keep` says. Only these are in memory, beside a few thousand.
    ///
    /// # Errors
    /// A damaged or unreadable file, or columns that `keep` does not find.
    pub fn read_rows(
        &self,
        edition: &Edition,
        table: &'static Table,
        requested: &dyn Fn(&FileEntry) -> bool,
        keep: &dyn Fn(&RecordBatch) -> Result<BooleanArray, ArrowError>,
    ) -> Result<Vec<RecordBatch>, LakeError> {
        let mut kept = Vec::new();
        for entry in edition.tables.get(table.name).into_iter().flatten().filter(|entry| requested(entry)) {
            file::each_batch(&self.check_file(entry)?, entry, table, PART_ROWS, &mut |batch| {
                let rows = keep(&batch).and_then(|rows| filter_record_batch(&batch, &rows));
                let rows = rows.map_err(|error| LakeError::rows(table, error))?;
                kept.extend((rows.num_rows() > 0).then_some(rows));
                Ok(())
            })?;
        }
        Ok(kept)
    }
}
