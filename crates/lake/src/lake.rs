//! Reading a lake: editions, checked files, whole tables, and the check of everything.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use arrow::array::{Array, RecordBatch, StringArray};
use chrono::{DateTime, Utc};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::edition::FORMAT;
use crate::{Edition, FileEntry, LakeError, Table, Writer, disk};

/// A lake opened for reading. Cheap to clone; clones share what was checked.
#[derive(Debug, Clone)]
pub struct Lake {
    root: PathBuf,
    checked: Arc<Mutex<HashMap<String, (u64, Option<SystemTime>)>>>,
}

/// What `verify` found.
#[derive(Debug, Clone, Default)]
pub struct VerifyReport {
    /// Editions read.
    pub editions: usize,
    /// Files read.
    pub files: usize,
    /// Bytes read.
    pub bytes: u64,
    /// What is wrong, each naming its file.
    pub problems: Vec<String>,
}

impl Lake {
    /// Makes an empty lake, or opens the one that is there.
    ///
    /// # Errors
    /// When the folders cannot be made.
    pub fn init(root: &Path) -> Result<Self, LakeError> {
        for folder in ["raw", "tables", "editions"] {
            disk::make_folder(&root.join(folder))?;
        }
        disk::create(&root.join("FORMAT"), FORMAT.to_string().as_bytes())?;
        Self::open(root)
    }

    /// Opens a lake.
    ///
    /// # Errors
    /// [`LakeError::NotALake`], or `Damaged` when its format is newer than this code.
    pub fn open(root: &Path) -> Result<Self, LakeError> {
        let Ok(format) = fs::read_to_string(root.join("FORMAT")) else {
            return Err(LakeError::NotALake(root.to_path_buf()));
        };
        if format.trim() != FORMAT.to_string() {
            let why = format!("format {} is not {FORMAT}; use the version that wrote it", format.trim());
            return Err(LakeError::Damaged { path: "FORMAT".into(), why });
        }
        Ok(Self { root: root.to_path_buf(), checked: Arc::default() })
    }

    /// Its folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The editions in order, the chain of hashes checked.
    ///
    /// # Errors
    /// [`LakeError::Damaged`] naming the first record that does not fit.
    pub fn editions(&self) -> Result<Vec<Edition>, LakeError> {
        let mut editions: Vec<Edition> = Vec::new();
        for number in 1.. {
            let path = format!("editions/{number}.json");
            let bytes = match fs::read(self.root.join(&path)) {
                Ok(bytes) => bytes,
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => break,
                Err(e) => return Err(LakeError::io("read", &self.root.join(&path))(e)),
            };
            let damaged = |why: String| LakeError::Damaged { path: path.clone(), why };
            let mut edition: Edition = serde_json::from_slice(&bytes).map_err(|e| damaged(e.to_string()))?;
            edition.sha256 = disk::sha256(&bytes);
            if edition.format != FORMAT || edition.number != number {
                return Err(damaged(format!("it says format {}, edition {}", edition.format, edition.number)));
            }
            if edition.previous_sha256 != editions.last().map(|e| e.sha256.clone()) {
                return Err(damaged("it does not follow from the edition before it".into()));
            }
            editions.push(edition);
        }
        Ok(editions)
    }

    /// The newest edition.
    ///
    /// # Errors
    /// As [`Lake::editions`].
    pub fn latest(&self) -> Result<Option<Edition>, LakeError> {
        Ok(self.editions()?.pop())
    }

    /// Edition `number`.
    ///
    /// # Errors
    /// [`LakeError::NoEdition`], or as [`Lake::editions`].
    pub fn edition(&self, number: u64) -> Result<Edition, LakeError> {
        let found = self.editions()?.into_iter().find(|e| e.number == number);
        found.ok_or_else(|| LakeError::NoEdition(number.to_string()))
    }

    /// The newest edition made at or before `moment`.
    ///
    /// # Errors
    /// [`LakeError::NoEdition`], or as [`Lake::editions`].
    pub fn as_of(&self, moment: DateTime<Utc>) -> Result<Edition, LakeError> {
        let found = self.editions()?.into_iter().rev().find(|e| e.recorded_at <= moment);
        found.ok_or_else(|| LakeError::NoEdition(format!("made at or before {moment}")))
    }

    /// Takes the writer's lock.
    ///
    /// # Errors
    /// [`LakeError::Locked`] while another holds it.
    pub fn writer(&self) -> Result<Writer, LakeError> {
        Writer::lock(self.clone())
    }

    /// The path of a file after its length and hash were checked; remembered until it changes.
    ///
    /// # Errors
    /// [`LakeError::Damaged`] naming the file.
    pub fn check_file(&self, entry: &FileEntry) -> Result<PathBuf, LakeError> {
        let path = self.root.join(&entry.path);
        let damaged = |why: String| LakeError::Damaged { path: entry.path.clone(), why };
        let about = fs::metadata(&path).map_err(|e| damaged(e.to_string()))?;
        let seen = (about.len(), about.modified().ok());
        let mut checked = self.checked.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if checked.get(&entry.path) == Some(&seen) {
            return Ok(path);
        }
        let bytes = fs::read(&path).map_err(|e| damaged(e.to_string()))?;
        if bytes.len() as u64 != entry.bytes || disk::sha256(&bytes) != entry.sha256 {
            return Err(damaged("its bytes are not those that were committed".into()));
        }
        checked.insert(entry.path.clone(), seen);
        Ok(path)
    }

    /// A payload as received.
    ///
    /// # Errors
    /// [`LakeError::Damaged`] when it does not hash to its name.
    pub fn raw(&self, sha256: &str) -> Result<Vec<u8>, LakeError> {
        let path = format!("raw/{sha256}.zst");
        let damaged = |why: String| LakeError::Damaged { path: path.clone(), why };
        let packed = fs::read(self.root.join(&path)).map_err(|e| damaged(e.to_string()))?;
        let bytes = zstd::decode_all(packed.as_slice()).map_err(|e| damaged(e.to_string()))?;
        if disk::sha256(&bytes) == sha256 { Ok(bytes) } else { Err(damaged("it does not hash to its name".into())) }
    }

    /// A whole table, for small ones.
    ///
    /// # Errors
    /// A damaged or unreadable file.
    pub fn read_table(&self, edition: &Edition, table: &'static Table) -> Result<Vec<RecordBatch>, LakeError> {
        let mut batches = Vec::new();
        for entry in edition.tables.get(table.name).into_iter().flatten() {
            let path = self.check_file(entry)?;
            let format = LakeError::format(&entry.path);
            let file = fs::File::open(&path).map_err(LakeError::io("open", &path))?;
            let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| format(&e))?;
            for batch in reader.build().map_err(|e| format(&e))? {
                batches.push(batch.map_err(|e| format(&e))?);
            }
        }
        Ok(batches)
    }

    /// Checks every edition, every file of every edition and every payload kept.
    ///
    /// # Errors
    /// None for what is damaged: that is in the report. Only when the lake cannot be listed at all.
    pub fn verify(&self) -> Result<VerifyReport, LakeError> {
        self.checked.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clear();
        let mut report = VerifyReport::default();
        let editions = match self.editions() {
            Ok(editions) => editions,
            Err(damaged @ LakeError::Damaged { .. }) => {
                report.problems.push(damaged.to_string());
                return Ok(report);
            }
            Err(other) => return Err(other),
        };
        report.editions = editions.len();
        let mut seen = std::collections::BTreeSet::new();
        for entry in editions.iter().flat_map(|e| e.tables.values().flatten()) {
            if seen.insert(&entry.path) {
                report.files += 1;
                report.bytes += entry.bytes;
                report.problems.extend(self.check_file(entry).err().map(|e| e.to_string()));
            }
        }
        for sha256 in self.payloads(editions.last()) {
            report.files += 1;
            report.problems.extend(self.raw(&sha256).err().map(|e| e.to_string()));
        }
        Ok(report)
    }

    fn payloads(&self, edition: Option<&Edition>) -> Vec<String> {
        let (Some(edition), Some(receipts)) = (edition, Table::named("receipts")) else { return Vec::new() };
        let batches = self.read_table(edition, receipts).unwrap_or_default();
        let column = |batch: &RecordBatch| batch.column_by_name("sha256").cloned();
        let texts = batches.iter().filter_map(column);
        let mut all: Vec<String> = texts
            .flat_map(|c| c.as_any().downcast_ref::<StringArray>().map(strings).unwrap_or_default())
            .collect();
        all.sort();
        all.dedup();
        all
    }
}

fn strings(array: &StringArray) -> Vec<String> {
    (0..array.len()).map(|i| array.value(i).to_owned()).collect()
}
