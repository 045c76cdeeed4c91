//! Rows that are too many to be sorted in memory: sorted runs on the disk, merged when they are read. The files have no name,
//! so nothing is left behind whatever happens. They are of no table, and no edition knows of them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::{
    SortColumn, concat_batches, interleave_record_batch, lexsort_to_indices, take_record_batch,
};
use arrow::datatypes::SchemaRef;
use arrow::row::{OwnedRow, RowConverter, Rows, SortField};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::{Lake, LakeError, rows};

/// What a step of the sorting gives: the libraries have errors of their own, and all mean that the disk or the rows are at fault.
type Step<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Rows of a run.
const RUN_ROWS: usize = if cfg!(test) { 300 } else { 400_000 };

/// Rows that are read of a run at once, and given at once.
const PART_ROWS: usize = if cfg!(test) { 50 } else { 8 * 1024 };

/// Rows on their way into an order.
pub struct DiskSort {
    schema: SchemaRef,
    /// The columns that rows are sorted by.
    order: Vec<String>,
    folder: PathBuf,
    files: Vec<File>,
    /// Rows of the run that is not full yet.
    open: Vec<RecordBatch>,
    rows: usize,
}

impl fmt::Debug for DiskSort {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("DiskSort").field("runs", &self.files.len()).field("rows", &self.rows).finish()
    }
}

impl Lake {
    /// Begins to sort rows by some columns, NULL last; the runs lie in the lake's folder, where there is room for its tables.
    #[must_use]
    pub fn disk_sort(&self, schema: SchemaRef, order: &[&str]) -> DiskSort {
        DiskSort::new(schema, order, self.root())
    }
}

impl DiskSort {
    fn new(schema: SchemaRef, order: &[&str], folder: &Path) -> Self {
        let order = order.iter().map(|name| (*name).to_owned()).collect();
        Self { schema, order, folder: folder.to_path_buf(), files: Vec::new(), open: Vec::new(), rows: 0 }
    }

    /// Takes more rows, in any order.
    ///
    /// # Errors
    /// Rows of other columns, or a disk that cannot be written.
    pub fn push(&mut self, batch: RecordBatch) -> Result<(), LakeError> {
        self.rows += batch.num_rows();
        self.open.push(batch);
        if self.rows < RUN_ROWS {
            return Ok(());
        }
        self.end_run().map_err(|error| failed(&self.folder, error))
    }

    /// Sorts the open run, and puts it on the disk.
    fn end_run(&mut self) -> Step<()> {
        let rows = std::mem::take(&mut self.rows);
        let open = std::mem::take(&mut self.open);
        if rows == 0 {
            return Ok(());
        }
        let whole = concat_batches(&self.schema, &open)?;
        // Each is as large as the run: two at a time are enough.
        drop(open);
        let columns: Vec<SortColumn> = columns(&self.order, &whole)
            .map(|values| SortColumn { values: Arc::clone(values), options: Some(rows::ORDER) })
            .collect();
        let sorted = take_record_batch(&whole, &lexsort_to_indices(&columns, None)?)?;
        drop(whole);
        let file = tempfile::tempfile_in(&self.folder)?;
        let kept = file.try_clone()?;
        // Written once and read twice: little effort for half of the room.
        let about = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?));
        let mut writer = ArrowWriter::try_new(file, Arc::clone(&self.schema), Some(about.build()))?;
        writer.write(&sorted)?;
        writer.close()?;
        self.files.push(kept);
        Ok(())
    }

    /// Gives all rows in order, some at a time. May be done again.
    ///
    /// # Errors
    /// A disk that cannot be written or read.
    pub fn merged(&mut self) -> Result<Merged, LakeError> {
        let begun = self.end_run().and_then(|()| self.merge());
        begun.map_err(|error| failed(&self.folder, error))
    }

    fn merge(&self) -> Step<Merged> {
        let mut runs = Vec::with_capacity(self.files.len());
        for file in &self.files {
            let reader = ParquetRecordBatchReaderBuilder::try_new(file.try_clone()?)?;
            runs.push(reader.with_batch_size(PART_ROWS).build()?);
        }
        Merged::new(runs, self)
    }
}

fn failed(folder: &Path, error: Box<dyn Error + Send + Sync>) -> LakeError {
    LakeError::io("sort rows in", folder)(io::Error::other(error))
}

fn columns<'b>(
    order: &'b [String],
    batch: &'b RecordBatch,
) -> impl Iterator<Item = &'b arrow::array::ArrayRef> {
    order.iter().filter_map(|name| batch.column_by_name(name))
}

/// A run while it is read.
struct Cursor {
    reader: ParquetRecordBatchReader,
    /// The rows at hand, as they are compared.
    rows: Option<Rows>,
    /// Where their batch is among those that the next rows are taken from.
    batch: usize,
    at: usize,
}

/// All runs, merged while they are read.
pub struct Merged {
    converter: RowConverter,
    order: Vec<String>,
    cursors: Vec<Cursor>,
    /// The next row of each run.
    heap: BinaryHeap<Reverse<(OwnedRow, usize)>>,
    batches: Vec<RecordBatch>,
    folder: PathBuf,
}

impl fmt::Debug for Merged {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Merged").field("runs", &self.cursors.len()).finish_non_exhaustive()
    }
}

impl Merged {
    fn new(runs: Vec<ParquetRecordBatchReader>, of: &DiskSort) -> Step<Self> {
        let mut fields = Vec::with_capacity(of.order.len());
        for name in &of.order {
            let kind = of.schema.field_with_name(name)?.data_type().clone();
            fields.push(SortField::new_with_options(kind, rows::ORDER));
        }
        let cursors = runs.into_iter().map(|reader| Cursor { reader, rows: None, batch: 0, at: 0 }).collect();
        let mut merged = Self {
            converter: RowConverter::new(fields)?,
            order: of.order.clone(),
            cursors,
            heap: BinaryHeap::new(),
            batches: Vec::new(),
            folder: of.folder.clone(),
        };
        for run in 0..merged.cursors.len() {
            merged.load(run)?;
        }
        Ok(merged)
    }

    /// Reads the next rows of a run; its first comes into the heap.
    fn load(&mut self, run: usize) -> Step<()> {
        let cursor = &mut self.cursors[run];
        cursor.rows = None;
        let Some(batch) = cursor.reader.next().transpose()? else { return Ok(()) };
        let compared: Vec<_> = columns(&self.order, &batch).cloned().collect();
        let rows = self.converter.convert_columns(&compared)?;
        self.heap.push(Reverse((rows.row(0).owned(), run)));
        (cursor.rows, cursor.batch, cursor.at) = (Some(rows), self.batches.len(), 0);
        self.batches.push(batch);
        Ok(())
    }

    /// The next rows in order; none when all were given.
    ///
    /// # Errors
    /// A disk that cannot be read.
    pub fn next_rows(&mut self) -> Result<Option<RecordBatch>, LakeError> {
        self.give().map_err(|error| failed(&self.folder, error))
    }

    fn give(&mut self) -> Step<Option<RecordBatch>> {
        let mut places = Vec::with_capacity(PART_ROWS);
        while places.len() < PART_ROWS {
            let Some(Reverse((_, run))) = self.heap.pop() else { break };
            let cursor = &mut self.cursors[run];
            places.push((cursor.batch, cursor.at));
            cursor.at += 1;
            // The batch stays until the rows that were chosen of it are given.
            match cursor.rows.as_ref().filter(|rows| cursor.at < rows.num_rows()) {
                Some(rows) => self.heap.push(Reverse((rows.row(cursor.at).owned(), run))),
                None => self.load(run)?,
            }
        }
        // Every run is at its end.
        if places.is_empty() {
            return Ok(None);
        }
        let all: Vec<&RecordBatch> = self.batches.iter().collect();
        let given = interleave_record_batch(&all, &places)?;
        self.forget();
        Ok(Some(given))
    }

    /// Drops the batches of which all was given.
    fn forget(&mut self) {
        let mut kept = Vec::new();
        for cursor in self.cursors.iter_mut().filter(|cursor| cursor.rows.is_some()) {
            kept.push(self.batches[cursor.batch].clone());
            cursor.batch = kept.len() - 1;
        }
        self.batches = kept;
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray as _;
    use arrow::array::{Int64Array, StringArray};
    use arrow::datatypes::{DataType, Field, Int64Type, Schema};

    use super::*;

    #[test]
    fn rows_come_in_order_whatever_order_they_came_in() {
        let schema = Arc::new(Schema::new(vec![
            Field::new("name", DataType::Utf8, true),
            Field::new("row", DataType::Int64, false),
        ]));
        let folder = tempfile::tempdir().unwrap();
        let mut runs = DiskSort::new(Arc::clone(&schema), &["name", "row"], folder.path());
        let count = 20_000;
        // A step that is prime to the count meets every number once.
        let numbers: Vec<i64> = (0..count).map(|at| at * 7_919 % count).collect();
        for part in numbers.chunks(10_000) {
            let names = part.iter().map(|n| (n % 5 > 0).then(|| format!("{}", n % 5)));
            let columns: Vec<arrow::array::ArrayRef> =
                vec![Arc::new(names.collect::<StringArray>()), Arc::new(Int64Array::from(part.to_vec()))];
            runs.push(RecordBatch::try_new(Arc::clone(&schema), columns).unwrap()).unwrap();
        }
        // Names first, the absent last; then the number.
        let mut expected: Vec<(i64, i64)> = numbers.iter().map(|n| ((n + 4) % 5, *n)).collect();
        expected.sort_unstable();
        for _ in 0..2 {
            let mut merged = runs.merged().unwrap();
            let mut met = Vec::new();
            while let Some(batch) = merged.next_rows().unwrap() {
                assert!(batch.num_rows() <= PART_ROWS && merged.batches.len() <= 67);
                met.extend(batch.column(1).as_primitive::<Int64Type>().values().iter().copied());
            }
            assert_eq!(met, expected.iter().map(|(_, n)| *n).collect::<Vec<_>>());
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
