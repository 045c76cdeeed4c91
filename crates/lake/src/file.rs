//! A table's file: rows to Parquet under the name of its hash, and back.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::Path;

use arrow::array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;
use sha2::{Digest, Sha256};

use crate::disk::{self, Disk};
use crate::rows::Summary;
use crate::{FileEntry, LakeError, Table, rows};

/// Rows a row group holds at most, and rows a page holds at most: what a reader can skip.
const GROUP_ROWS: usize = 128 * 1024;
const PAGE_ROWS: usize = 10_000;

/// Hashes what passes through to a file.
pub(crate) struct Hashing {
    file: File,
    hasher: Sha256,
    bytes: u64,
}

impl Hashing {
    pub(crate) fn create(disk: &Disk, path: &Path) -> Result<Self, LakeError> {
        Ok(Self { file: disk.create(path)?, hasher: Sha256::new(), bytes: 0 })
    }

    /// The file, and the hash of what passed.
    pub(crate) fn finish(self) -> (File, String) {
        (self.file, hex::encode(self.hasher.finalize()))
    }
}

impl Write for Hashing {
    fn write(&mut self, chunk: &[u8]) -> io::Result<usize> {
        let written = self.file.write(chunk)?;
        self.hasher.update(chunk.get(..written).unwrap_or_default());
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Writes rows as one file of `table`, durable and read back before it has its name. No rows, no file.
#[expect(clippy::needless_pass_by_value, reason = "the rows are written once and dropped")]
pub(crate) fn write(
    disk: &Disk,
    root: &Path,
    table: &'static Table,
    batches: Vec<RecordBatch>,
) -> Result<Option<FileEntry>, LakeError> {
    // Empty batches have no first and last row, which the order and the key ranges need.
    let fitted = batches.iter().filter(|b| b.num_rows() > 0).map(|batch| rows::fit(table, batch));
    let batches = fitted.collect::<Result<Vec<_>, _>>()?;
    if batches.is_empty() {
        return Ok(None);
    }
    // Sorted as a whole: the bytes must not depend on how the rows were cut into batches.
    let batches = rows::order(table, batches).map_err(|e| LakeError::rows(table, e))?;
    let folder = root.join("tables").join(table.name);
    // Tables get their folder with their first file: an empty lake is four names.
    disk.make_folder(&folder)?;
    let unnamed = disk::temporary(&folder);
    let written = fill(disk, &unnamed, table, &batches).inspect_err(|_| disk.remove_if_exists(&unnamed))?;
    let (bytes, sha256) = written;
    let entry = Summary::of(table, &batches).entry(table, bytes, sha256);
    give_name(disk, root, &unnamed, &entry)?;
    Ok(Some(entry))
}

/// Reads a file back that was written, and names it by its content: whoever can name it can rely on its bytes.
pub(crate) fn give_name(
    disk: &Disk,
    root: &Path,
    unnamed: &Path,
    entry: &FileEntry,
) -> Result<(), LakeError> {
    read_back(unnamed, entry).inspect_err(|_| disk.remove_if_exists(unnamed))?;
    disk.name(unnamed, &root.join(&entry.path))
}

fn fill(
    disk: &Disk,
    path: &Path,
    table: &Table,
    batches: &[RecordBatch],
) -> Result<(u64, String), LakeError> {
    let mut writer = begin(disk, path, table)?;
    for batch in batches {
        writer.write(batch).map_err(|error| write_error(error, table, path))?;
    }
    close(disk, path, table, writer)
}

/// Ends a file durably; gives its length and hash.
pub(crate) fn close(
    disk: &Disk,
    path: &Path,
    table: &Table,
    mut writer: ArrowWriter<Hashing>,
) -> Result<(u64, String), LakeError> {
    // `into_inner` would report a full disk as wrong rows.
    writer.finish().map_err(|error| write_error(error, table, path))?;
    writer.sync().map_err(LakeError::io("write", path))?;
    let done = writer.inner();
    disk.sync_file(&done.file, path)?;
    Ok((done.bytes, hex::encode(done.hasher.clone().finalize())))
}

/// Begins a file of a table.
pub(crate) fn begin(disk: &Disk, path: &Path, table: &Table) -> Result<ArrowWriter<Hashing>, LakeError> {
    let target = Hashing::create(disk, path)?;
    let begun = properties(table).and_then(|about| ArrowWriter::try_new(target, table.schema(), Some(about)));
    begun.map_err(|error| write_error(error, table, path))
}

/// Parquet wraps the disk's errors in its own: they are unwrapped, since only they are not the rows' fault.
pub(crate) fn write_error(error: ParquetError, table: &Table, path: &Path) -> LakeError {
    match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(source) => LakeError::io("write", path)(*source),
            Err(other) => LakeError::rows(table, other),
        },
        other => LakeError::rows(table, other),
    }
}

/// Nothing in a file depends on who wrote it or when.
pub(crate) fn properties(table: &Table) -> Result<WriterProperties, ParquetError> {
    // The sort order is in the footer, so that readers can skip pages without trusting our word.
    let schema = table.schema();
    let sorting =
        table.sort.iter().filter_map(|name| schema.index_of(name).ok()).filter_map(|i| i32::try_from(i).ok());
    let sorting = sorting.map(|column_idx| SortingColumn {
        column_idx,
        descending: rows::ORDER.descending,
        nulls_first: rows::ORDER.nulls_first,
    });
    Ok(WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(PAGE_ROWS / 10)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_sorting_columns(Some(sorting.collect()))
        // The default is the library's version: bytes would change with every upgrade.
        .set_created_by("utbredt".to_owned())
        .build())
}

fn read_back(path: &Path, entry: &FileEntry) -> Result<(), LakeError> {
    let mut file = File::open(path).map_err(LakeError::io("read back", path))?;
    let (bytes, sha256) = disk::hash_file(&mut file).map_err(LakeError::io("read back", path))?;
    if (bytes, &sha256) != (entry.bytes, &entry.sha256) {
        return Err(LakeError::damaged(&entry.path, "what was read back is not what was written"));
    }
    check_rows(file, entry)
}

/// Whether the footer counts the rows that were committed.
pub(crate) fn check_rows(mut file: File, entry: &FileEntry) -> Result<(), LakeError> {
    // The hash was read to the end before.
    file.rewind().map_err(|e| LakeError::format(&entry.path, e))?;
    let reader = SerializedFileReader::new(file).map_err(|e| LakeError::format(&entry.path, e))?;
    let rows = reader.metadata().file_metadata().num_rows();
    if u64::try_from(rows) == Ok(entry.rows) {
        return Ok(());
    }
    Err(LakeError::damaged(&entry.path, format!("it has {rows} rows, not {}", entry.rows)))
}

/// The rows of a file whose bytes were checked.
pub(crate) fn read(path: &Path, entry: &FileEntry, table: &Table) -> Result<Vec<RecordBatch>, LakeError> {
    let mut batches = Vec::new();
    each_batch(path, entry, table, GROUP_ROWS, &mut |batch| {
        batches.push(batch);
        Ok(())
    })?;
    Ok(batches)
}

/// The same, so many rows at a time.
pub(crate) fn each_batch(
    path: &Path,
    entry: &FileEntry,
    table: &Table,
    at_once: usize,
    take: &mut dyn FnMut(RecordBatch) -> Result<(), LakeError>,
) -> Result<(), LakeError> {
    let file = File::open(path).map_err(LakeError::io("open", path))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(|builder| builder.with_batch_size(at_once).build())
        .map_err(|e| LakeError::format(&entry.path, e))?;
    for batch in reader {
        take(rows::fit(table, &batch.map_err(|e| LakeError::format(&entry.path, e))?)?)?;
    }
    Ok(())
}
