//! Tables as plain files for other programs: Parquet, and CSV where it is asked for. They are copies, and no part of a lake.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use arrow::csv::WriterBuilder;
use parquet::arrow::ArrowWriter;

use crate::{Edition, FileEntry, Lake, LakeError, Table, file};

impl Lake {
    /// Writes each table of an edition into `dir`, as `<table>.parquet` and, with `csv`, as `<table>.csv` too. The same rows
    /// make the same bytes. One file of the lake at a time is in memory. Gives the rows written.
    ///
    /// # Errors
    /// A file that is there already, a damaged file of the lake, or a disk that takes no more.
    pub fn export(&self, edition: &Edition, dir: &Path, csv: bool) -> Result<u64, LakeError> {
        fs::create_dir_all(dir).map_err(LakeError::io("make folder", dir))?;
        let mut rows = 0;
        for (name, files) in &edition.tables {
            // A table of a later version has columns that nobody here knows.
            let Some(table) = Table::named(name) else { continue };
            rows += self.export_table(table, files, dir, csv)?;
        }
        Ok(rows)
    }

    fn export_table(
        &self,
        table: &'static Table,
        files: &[FileEntry],
        dir: &Path,
        csv: bool,
    ) -> Result<u64, LakeError> {
        let (path, target) = create(dir, table, "parquet")?;
        let properties = file::properties(table).map_err(|error| LakeError::rows(table, error))?;
        let mut parquet = ArrowWriter::try_new(target, table.schema(), Some(properties))
            .map_err(|error| file::write_error(error, table, &path))?;
        let mut text = match csv {
            true => {
                let (path, target) = create(dir, table, "csv")?;
                Some((path, WriterBuilder::new().with_header(true).build(target)))
            }
            false => None,
        };
        let mut rows = 0;
        for entry in files {
            for batch in self.read_files([entry], table)? {
                rows += batch.num_rows() as u64;
                parquet.write(&batch).map_err(|error| file::write_error(error, table, &path))?;
                if let Some((_, text)) = &mut text {
                    text.write(&batch).map_err(|error| LakeError::rows(table, error))?;
                }
            }
        }
        parquet.finish().map_err(|error| file::write_error(error, table, &path))?;
        parquet.inner_mut().flush().map_err(LakeError::io("write", &path))?;
        if let Some((path, text)) = text {
            text.into_inner().flush().map_err(LakeError::io("write", &path))?;
        }
        Ok(rows)
    }
}

/// A new file: an export never replaces an earlier one.
fn create(dir: &Path, table: &Table, ending: &str) -> Result<(PathBuf, BufWriter<File>), LakeError> {
    let path = dir.join(format!("{}.{ending}", table.name));
    let file = File::create_new(&path).map_err(LakeError::io("create", &path))?;
    Ok((path, BufWriter::new(file)))
}
