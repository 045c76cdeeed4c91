//! The one writer: keeps payloads, writes files, commits editions.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::sync::Arc;

use arrow::array::{Array, BooleanArray, RecordBatch, StringArray};
use arrow::compute::{SortColumn, concat_batches, filter_record_batch, lexsort_to_indices, take_record_batch};
use chrono::{DateTime, Utc};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use utbredt_model::ReceiptId;

use crate::edition::FORMAT;
use crate::{Edition, FileEntry, Lake, LakeError, Table, disk};

/// What an edition changes.
#[derive(Debug)]
pub struct Change {
    /// When.
    pub recorded_at: DateTime<Utc>,
    /// Why.
    pub reason: String,
    /// Tables that get new content as a whole.
    pub replace: Vec<(&'static Table, RecordBatch)>,
    /// Rows added to tables.
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
    /// Nothing differs from the latest edition.
    Unchanged(Edition),
}

/// The holder of the writer's lock; released when dropped.
#[derive(Debug)]
pub struct Writer {
    lake: Lake,
    _lock: File,
}

impl Writer {
    pub(crate) fn lock(lake: Lake) -> Result<Self, LakeError> {
        let path = lake.root().join("LOCK");
        let lock = File::options().create(true).append(true).open(&path).map_err(LakeError::io("open", &path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { lake, _lock: lock }),
            Err(std::fs::TryLockError::WouldBlock) => Err(LakeError::Locked(path)),
            Err(std::fs::TryLockError::Error(e)) => Err(LakeError::io("lock", &path)(e)),
        }
    }

    /// The lake written to.
    #[must_use]
    pub fn lake(&self) -> &Lake {
        &self.lake
    }

    /// Keeps a payload for ever and gives its hash.
    ///
    /// # Errors
    /// When it cannot be written or packed.
    pub fn keep_raw(&mut self, payload: &[u8]) -> Result<String, LakeError> {
        let sha256 = disk::sha256(payload);
        let path = self.lake.root().join(format!("raw/{sha256}.zst"));
        if !path.exists() {
            let packed = zstd::encode_all(payload, 3).map_err(LakeError::io("pack", &path))?;
            disk::create(&path, &packed)?;
        }
        Ok(sha256)
    }

    /// Makes the next edition. Nothing is visible before its record is linked, everything after.
    ///
    /// # Errors
    /// A batch that does not fit, or a file that cannot be written; the latest edition then still stands.
    pub fn commit(&mut self, change: Change) -> Result<Outcome, LakeError> {
        let latest = self.lake.latest()?;
        let mut tables = latest.as_ref().map(|e| e.tables.clone()).unwrap_or_default();
        let mut receipts: BTreeSet<String> = latest.iter().flat_map(|e| e.receipts.iter().cloned()).collect();
        let gone: BTreeSet<String> = change.supersedes.iter().map(|r| r.0.clone()).collect();
        self.supersede(&mut tables, &gone)?;
        receipts.retain(|r| !gone.contains(r));
        receipts.extend(change.receipts.iter().map(|r| r.0.clone()));
        for (table, batch) in &change.replace {
            let file = self.write(table, batch)?;
            tables.insert(table.name.to_owned(), file.into_iter().collect());
        }
        for (table, batch) in &change.append {
            let files = tables.entry(table.name.to_owned()).or_default();
            let file = self.write(table, batch)?;
            files.extend(file.filter(|f| files.iter().all(|known| known.path != f.path)));
        }
        let receipts: Vec<String> = receipts.into_iter().collect();
        if let Some(same) = latest.as_ref().filter(|e| e.tables == tables && e.receipts == receipts) {
            return Ok(Outcome::Unchanged(same.clone()));
        }
        let edition = Edition {
            format: FORMAT,
            number: latest.as_ref().map_or(1, |e| e.number + 1),
            recorded_at: change.recorded_at,
            reason: change.reason,
            previous_sha256: latest.map(|e| e.sha256),
            tables,
            receipts,
            supersedes: gone.into_iter().collect(),
            sha256: String::new(),
        };
        self.link(edition).map(Outcome::Committed)
    }

    /// The commit point.
    fn link(&self, mut edition: Edition) -> Result<Edition, LakeError> {
        let name = format!("editions/{}.json", edition.number);
        let bytes = serde_json::to_vec_pretty(&edition).map_err(|e| LakeError::format(&name)(&e))?;
        edition.sha256 = disk::sha256(&bytes);
        let path = self.lake.root().join(&name);
        if disk::create(&path, &bytes)? { Ok(edition) } else { Err(LakeError::Locked(path)) }
    }

    fn supersede(
        &self,
        tables: &mut BTreeMap<String, Vec<FileEntry>>,
        gone: &BTreeSet<String>,
    ) -> Result<(), LakeError> {
        for (name, files) in tables.iter_mut().filter(|(n, _)| !matches!(n.as_str(), "receipts" | "rejections")) {
            let Some(table) = Table::named(name) else { continue };
            let mut kept = Vec::new();
            for file in files.iter() {
                if !file.receipts.iter().any(|r| gone.contains(r)) {
                    kept.push(file.clone());
                    continue;
                }
                let alone = BTreeMap::from([(name.clone(), vec![file.clone()])]);
                for batch in self.lake.read_table(&self.view(alone), table)? {
                    kept.extend(self.write(table, &without(&batch, gone).map_err(|e| shape(table, &e))?)?);
                }
            }
            *files = kept;
        }
        Ok(())
    }

    fn view(&self, tables: BTreeMap<String, Vec<FileEntry>>) -> Edition {
        Edition {
            format: FORMAT,
            number: 0,
            recorded_at: DateTime::UNIX_EPOCH,
            reason: String::new(),
            previous_sha256: None,
            tables,
            receipts: Vec::new(),
            supersedes: Vec::new(),
            sha256: String::new(),
        }
    }

    /// Writes one sorted file; the same rows always make the same bytes, so the same name.
    fn write(&self, table: &'static Table, batch: &RecordBatch) -> Result<Option<FileEntry>, LakeError> {
        if batch.num_rows() == 0 {
            return Ok(None);
        }
        let schema = table.schema();
        let batch = RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec())
            .map_err(|e| shape(table, &e))?;
        let sorted = sort(table, &batch).map_err(|e| shape(table, &e))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).map_err(|e| shape(table, &e))?))
            .set_max_row_group_row_count(Some(128 * 1024))
            .set_data_page_row_count_limit(10_000)
            .set_created_by("utbredt".to_owned())
            .build();
        let mut bytes = Vec::new();
        let mut writer =
            ArrowWriter::try_new(&mut bytes, schema, Some(properties)).map_err(|e| shape(table, &e))?;
        writer.write(&sorted).map_err(|e| shape(table, &e))?;
        writer.close().map_err(|e| shape(table, &e))?;
        let sha256 = disk::sha256(&bytes);
        let path = format!("tables/{}/{sha256}.parquet", table.name);
        let target = self.lake.root().join(&path);
        disk::make_folder(&self.lake.root().join("tables").join(table.name))?;
        disk::create(&target, &bytes)?;
        let entry = FileEntry {
            path,
            sha256,
            bytes: bytes.len() as u64,
            rows: sorted.num_rows() as u64,
            receipts: receipts(&sorted),
        };
        // Read back before anybody relies on it: a name that existed may hold damaged bytes.
        self.lake.check_file(&entry)?;
        Ok(Some(entry))
    }
}

fn shape(table: &Table, why: &dyn std::fmt::Display) -> LakeError {
    LakeError::Shape { table: table.name.to_owned(), why: why.to_string() }
}

fn sort(table: &Table, batch: &RecordBatch) -> Result<RecordBatch, arrow::error::ArrowError> {
    let batch = concat_batches(&batch.schema(), [batch])?;
    // Every column takes part, the table's order first: the bytes do not depend on the order rows came in.
    let mut names: Vec<&str> = table.sort.to_vec();
    names.extend(table.columns().map(|(name, _)| name).filter(|name| !table.sort.contains(name)));
    let columns: Vec<SortColumn> = names
        .iter()
        .filter_map(|name| batch.column_by_name(name))
        .map(|values| SortColumn { values: Arc::clone(values), options: None })
        .collect();
    take_record_batch(&batch, &lexsort_to_indices(&columns, None)?)
}

fn receipt_column(batch: &RecordBatch) -> Option<&StringArray> {
    batch.column_by_name("receipt_id")?.as_any().downcast_ref()
}

fn receipts(batch: &RecordBatch) -> Vec<String> {
    let all = receipt_column(batch).map(|c| c.iter().flatten().map(str::to_owned).collect::<BTreeSet<_>>());
    all.unwrap_or_default().into_iter().collect()
}

fn without(batch: &RecordBatch, gone: &BTreeSet<String>) -> Result<RecordBatch, arrow::error::ArrowError> {
    let Some(column) = receipt_column(batch) else { return Ok(batch.clone()) };
    let keep: BooleanArray =
        (0..column.len()).map(|i| Some(column.is_null(i) || !gone.contains(column.value(i)))).collect();
    filter_record_batch(batch, &keep)
}
