//! The lake of the demonstration: what is shipped with the program, brought in the way everything is.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};
use utbredt_lake::{Lake, Writer};

use crate::audit_tables::Tables;
use crate::history::ReceiptHistory;
use crate::{
    Delivery, Files, IngestError, Report, deliver, deliver_all, expect, registers, rollout, synthetic,
};

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

/// Makes a lake of the files below `datasets/`, given by path: reference tables with the invented rows of `demo/`, the
/// real Digisos rollout, and invented usage from January 2024 to October 2026, of which the last month is delivered
/// twice, so that two editions can be compared. Where the lake is there already, nothing changes. `progress` is called
/// with the name of each step that begins.
///
/// # Errors
/// [`IngestError`] when a file is missing or wrong, or the lake cannot be written.
pub fn demo_lake(
    root: &Path,
    files: &Files,
    recorded_at: DateTime<Utc>,
    progress: &dyn Fn(&str),
) -> Result<DemoReport, IngestError> {
    let day = |y, m| NaiveDate::from_ymd_opt(y, m, 1).unwrap_or_default();
    lake_of(root, files, recorded_at, (day(2024, 1), day(2026, 11)), progress)
}

/// As [`demo_lake`], with invented usage for the months of `[from, to)`.
pub(crate) fn lake_of(
    root: &Path,
    files: &Files,
    recorded_at: DateTime<Utc>,
    (from, to): (NaiveDate, NaiveDate),
    progress: &dyn Fn(&str),
) -> Result<DemoReport, IngestError> {
    progress("reference tables, and the invented rows beside them");
    let mut writer = Lake::init(root)?.writer()?;
    let tables = load_reference(&mut writer, &with_invented_rows(files)?, recorded_at)?;
    let mut report = DemoReport::default();
    expect(&mut writer, recorded_at, &synthetic::expected(from, to)?)?;
    progress("the real rollout of Digisos");
    let (list, delivery) = rollout::digisos(files, recorded_at)?;
    report.add(&deliver(&mut writer, &list, &delivery)?, false);
    progress("invented usage, a delivery for each solution and month");
    let first = synthetic::deliveries(SEED, from, to, &tables)?;
    report.bring(&mut writer, recorded_at, first)?;
    progress("the last month again, corrected");
    report.bring(&mut writer, recorded_at, synthetic::corrections(SEED, to, &tables)?)?;
    Ok(report)
}

/// The files, with the rows of each `demo/<table>.csv` added to `reference/<table>.csv`.
fn with_invented_rows(files: &Files) -> Result<Vec<(String, Vec<u8>)>, IngestError> {
    let mut merged = files.to_vec();
    for (path, rows) in files {
        let Some(name) = path.strip_prefix("demo/").filter(|name| name.ends_with(".csv")) else { continue };
        let table = format!("reference/{name}");
        let (_, real) = merged
            .iter_mut()
            .find(|(path, _)| *path == table)
            .ok_or_else(|| IngestError::Invalid(format!("{path} adds to {table}, which is missing")))?;
        let header = rows.iter().position(|byte| *byte == b'\n').map_or(rows.len(), |at| at + 1);
        if !real.starts_with(&rows[..header]) {
            return Err(IngestError::Invalid(format!("{path} does not have the header of {table}")));
        }
        real.extend_from_slice(&rows[header..]);
    }
    Ok(merged)
}

/// Loads every reference table below `reference/` into a lake, which keeps the rows it has of its own
/// ([`registers::bring_up_to_date`]), and gives the tables shipped.
///
/// # Errors
/// [`IngestError`] when a file is missing or wrong, or the lake cannot be written.
pub fn load_reference(
    writer: &mut Writer,
    files: &Files,
    recorded_at: DateTime<Utc>,
) -> Result<Tables, IngestError> {
    registers::bring_up_to_date(writer, files, recorded_at).map(|(tables, _)| tables)
}

impl DemoReport {
    /// Brings invented deliveries in, in one edition; those that a later one replaced already are passed over, so that
    /// the demonstration can be run again over its own lake.
    fn bring(
        &mut self,
        writer: &mut Writer,
        recorded_at: DateTime<Utc>,
        deliveries: Vec<Delivery>,
    ) -> Result<(), IngestError> {
        let latest = writer.lake().latest()?;
        let history = ReceiptHistory::read(writer.lake(), latest.as_ref())?;
        let mut current = Vec::new();
        for delivery in deliveries {
            let receipt = history.receipt_of(&delivery);
            if history.is_outdated(&receipt.0, false) {
                let edition = latest.as_ref().map_or(0, |edition| edition.number);
                self.add(&Report::passed_over(&delivery, receipt, edition), true);
            } else {
                current.push((synthetic::format(&delivery)?, delivery));
            }
        }
        for report in deliver_all(writer, recorded_at, &current)? {
            self.add(&report, true);
        }
        Ok(())
    }

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
