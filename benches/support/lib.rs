//! The kit of the benches: the lake they ask, the questions, and how times are told.

pub mod server;
pub mod usage;

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::NaiveDate;
use utbredt_engine::{By, KpiRequest};
use utbredt_kpi::{Kpi, RollupKind};

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files of the queries, by path.
///
/// # Errors
/// What cannot be read.
pub fn queries() -> anyhow::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    gather(&root().join("queries"), "", &mut files)?;
    let text = |(path, bytes)| Ok((path, String::from_utf8(bytes)?));
    files.into_iter().filter(|(path, _): &(String, _)| !path.ends_with(".md")).map(text).collect()
}

/// Makes the lake of the demonstration.
///
/// # Errors
/// What cannot be read or written.
pub fn demo_lake(folder: &Path) -> anyhow::Result<PathBuf> {
    let lake = folder.join("lake");
    let files = datasets()?;
    utbredt_ingest::demo_lake(&lake, &files, "2026-11-15T06:00:00Z".parse()?, &|_| {})?;
    Ok(lake)
}

/// The files of `datasets/`, by path.
///
/// # Errors
/// What cannot be read.
pub fn datasets() -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    gather(&root().join("datasets"), "", &mut files)?;
    Ok(files)
}

/// The files below a folder, by their path from it.
fn gather(folder: &Path, from: &str, files: &mut Vec<(String, Vec<u8>)>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{from}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            gather(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.push((name, std::fs::read(entry.path())?));
        }
    }
    Ok(())
}

/// A KPI for one solution in the last year that was delivered, for the nation where it is told for it.
#[must_use]
pub fn question(kpi: &Kpi) -> KpiRequest {
    let mut request = KpiRequest::new(&kpi.id);
    request.from = NaiveDate::from_ymd_opt(2025, 12, 1);
    request.to = NaiveDate::from_ymd_opt(2026, 11, 1);
    request.by = if kpi.rollup.kind == RollupKind::None { By::Municipality } else { By::Nation };
    for param in kpi.params.iter().filter(|param| param.is_required()) {
        let value = match param.name.as_str() {
            "solution_id" => "svarut",
            "wave_id" => "invented-svarut-1",
            _ => continue,
        };
        request.params.insert(param.name.clone(), value.into());
    }
    request
}

/// Times of the same thing.
#[derive(Debug, Clone, Copy)]
pub struct Spread {
    /// The middle one.
    pub median: Duration,
    /// The longest.
    pub most: Duration,
}

impl Spread {
    /// Of some times; zero when there are none.
    #[must_use]
    pub fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let median = times.get(times.len() / 2).copied().unwrap_or_default();
        Self { median, most: times.last().copied().unwrap_or_default() }
    }
}

/// Prints rows in columns: the first to the left, numbers to the right.
#[expect(clippy::print_stdout, reason = "a bench prints its figures")]
pub fn table(header: &[&str], rows: &[Vec<String>]) {
    let mut widths: Vec<usize> = header.iter().map(|name| name.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &[&str]| {
        let mut line = String::new();
        for (at, (cell, width)) in cells.iter().zip(&widths).enumerate() {
            if at == 0 {
                line.push_str(&format!("{cell:<width$}"));
            } else {
                line.push_str(&format!("  {cell:>width$}"));
            }
        }
        println!("{}", line.trim_end());
    };
    line(header);
    for row in rows {
        line(&row.iter().map(String::as_str).collect::<Vec<_>>());
    }
}
