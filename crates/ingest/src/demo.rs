//! The lake of the demonstration: what is shipped with the program, brought in the way everything is.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};
use utbredt_lake::{Change, Lake, Writer};

use crate::audit_tables::Tables;
use crate::{IngestError, Report, deliver, deliver_all, expect, reference, rollout, synthetic};

/// The seed of the invented numbers.
const SEED: u64 = 2024;

/// What came in from one source.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourceReport {
    /// Deliveries, those that were here already included.
    pub deliveries: u64,
    /// Those that were here already.
    pub unchanged: u64,
    /// Those that are held.
    pub held: u64,
    /// Data rows read.
    pub rows_in: u64,
    /// Facts accepted.
    pub accepted: u64,
    /// Statements refused.
    pub refused: u64,
    /// The refused, counted by reason.
    pub reasons: BTreeMap<String, u64>,
    /// Whether its numbers are invented.
    pub synthetic: bool,
}

/// What the demonstration's lake was made of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DemoReport {
    /// By source.
    pub sources: BTreeMap<String, SourceReport>,
    /// Why deliveries are held, if any are.
    pub held: Vec<String>,
    /// The edition that stands.
    pub edition: u64,
}

/// Makes a lake of the files below `datasets/`, given by path: reference tables, the real Digisos rollout and
/// invented usage from January 2024 to October 2026. Where it stands already, nothing changes.
///
/// # Errors
/// [`IngestError`] when a file is missing or wrong, or the lake cannot be written.
pub fn demo_lake(
    root: &Path,
    files: &[(String, Vec<u8>)],
    recorded_at: DateTime<Utc>,
) -> Result<DemoReport, IngestError> {
    let day = |y, m| NaiveDate::from_ymd_opt(y, m, 1).unwrap_or_default();
    lake_of(root, files, recorded_at, (day(2024, 1), day(2026, 11)))
}

/// As [`demo_lake`], with invented usage for the months of `[from, to)`.
pub(crate) fn lake_of(
    root: &Path,
    files: &[(String, Vec<u8>)],
    recorded_at: DateTime<Utc>,
    (from, to): (NaiveDate, NaiveDate),
) -> Result<DemoReport, IngestError> {
    let mut writer = Lake::init(root)?.writer()?;
    let tables = load_reference(&mut writer, files, recorded_at)?;
    let (list, delivery) = rollout::digisos(files, recorded_at)?;
    let mut report = DemoReport::default();
    report.add(&deliver(&mut writer, &list, &delivery)?, false);
    let invented: Result<Vec<_>, IngestError> = synthetic::deliveries(SEED, from, to, &tables)?
        .into_iter()
        .map(|delivery| Ok((synthetic::format(&delivery)?, delivery)))
        .collect();
    for one in deliver_all(&mut writer, recorded_at, &invented?)? {
        report.add(&one, true);
    }
    report.edition = expect(&mut writer, recorded_at, &synthetic::expected(from, to)?)?;
    Ok(report)
}

/// Loads every reference table below `reference/`, replacing what was there, and gives them.
///
/// # Errors
/// [`IngestError`] when a file is missing or wrong, or the lake cannot be written.
pub fn load_reference(
    writer: &mut Writer,
    files: &[(String, Vec<u8>)],
    recorded_at: DateTime<Utc>,
) -> Result<Tables, IngestError> {
    let tables = reference::load(files)?;
    writer.commit(Change {
        recorded_at,
        reason: "reference tables".to_owned(),
        replace: tables.clone(),
        append: Vec::new(),
        supersedes: Vec::new(),
        receipts: Vec::new(),
    })?;
    Ok(tables)
}

impl DemoReport {
    fn add(&mut self, report: &Report, synthetic: bool) {
        let source = self.sources.entry(report.source_id.clone()).or_default();
        source.synthetic = synthetic;
        source.deliveries += 1;
        source.unchanged += u64::from(report.unchanged);
        source.held += u64::from(report.held.is_some());
        source.rows_in += report.rows_in;
        source.accepted += if report.held.is_some() { 0 } else { report.accepted };
        source.refused += report.rejected;
        for (reason, count) in &report.reasons {
            *source.reasons.entry(reason.clone()).or_default() += count;
        }
        for reason in report.held.iter().flatten() {
            self.held.push(format!("{} {}: {reason}", report.source_id, report.subject));
        }
        self.edition = report.edition;
    }
}
