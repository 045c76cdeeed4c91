//! A generated nation to measure with: real places and people, synthetic solutions, whatever size is needed. The same seed
//! gives the same facts everywhere and for ever.
//!
//! Counts do not pass the steps of a delivery, which hold it in memory several times over and read a year of history for
//! each: their rows are committed as they are, with the receipt, the payload and the contract that the steps would have
//! left. A test delivers the payloads to another lake and finds the same rows there. Everything else is delivered.

mod adoption;
mod nation;
mod owed;
mod places;
mod plan;
mod reference_rows;
mod stages;
#[cfg(test)]
mod tests;
mod usage;

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use utbredt_lake::{EditionDraft, Lake, Writer};
use utbredt_model::{Period, ReceiptId, SourceId};

use self::nation::Nation;
use self::owed::expected;
use self::places::Places;
use self::plan::{Part, Size};
use crate::audit_tables::{ReceiptEntry, Tables};
use crate::columns::table;
use crate::connectors::StageList;
use crate::contract::ReadBy;
use crate::format::Format;
use crate::reference_data::of_tables;
use crate::synthetic::{self, ROLLOUT, USAGE};
use crate::{Delivery, Files, IngestError, deliver_all, expect, load_reference, reference};

/// The version of the contract that generated counts are read by.
const CONTRACT_VERSION: i32 = 1;

/// Hours from a slice's end to its delivery, and from there to its correction: before the next slice, which may be a day.
const HOURS_AFTER: i64 = 11 * 24;
const HOURS_TO_CORRECTION: i64 = 12;

/// What is to be generated.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How much: 1 is 40 solutions with two measures in 60 months, about 1.7 million rows.
    pub scale: f64,
    /// What every number follows from.
    pub seed: u64,
    /// In how many deliveries the counts come; as few as fit when `None`.
    pub deliveries: Option<usize>,
}

/// What was generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Generated {
    /// Solutions.
    pub solutions: usize,
    /// Deliveries of counts.
    pub deliveries: usize,
    /// Rows of all of them.
    pub delivered: u64,
    /// Rows of `usage` in the newest edition: a correction takes the place of what it corrects.
    pub rows: u64,
    /// The newest edition.
    pub edition: u64,
}

/// Makes a lake of a generated nation in a folder that holds none. `files` are those below `datasets/`, by path; `progress`
/// is called with the name of each step that begins.
///
/// # Errors
/// [`IngestError`] when a setting is out of bounds, there is a lake already, or it cannot be written.
pub fn generate(
    root: &Path,
    files: &Files,
    settings: Settings,
    recorded_at: DateTime<Utc>,
    progress: &dyn Fn(&str),
) -> Result<Generated, IngestError> {
    generate_of(root, files, (Size::of_scale(settings.scale)?, settings), recorded_at, progress)
}

/// As [`generate`], of a size of any proportions.
fn generate_of(
    root: &Path,
    files: &Files,
    (size, settings): (Size, Settings),
    recorded_at: DateTime<Utc>,
    progress: &dyn Fn(&str),
) -> Result<Generated, IngestError> {
    let shipped = reference::load(files)?;
    let places = Places::read(&of_tables(&shipped, "municipality_parts")?)?;
    let nation = Nation::new(settings.seed, &size, places);
    // Before anything is written: a wrong number of deliveries leaves no half-made lake.
    let parts = plan::parts(size.periods.len(), nation.rows_of_a_period(), settings.deliveries)?;
    let lake = Lake::init(root)?;
    let mut writer = lake.writer()?;
    if let Some(edition) = lake.latest()? {
        return Err(IngestError::Invalid(format!(
            "{} is a lake with {} editions, and generated tables would replace its own; choose a folder that is empty \
             or not there",
            root.display(),
            edition.number
        )));
    }
    let mut generator =
        Generator { writer: &mut writer, nation: &nation, periods: &size.periods, recorded_at };
    progress("reference tables: real places and people, synthetic solutions");
    load_reference(generator.writer, &reference_rows::files(files, &nation)?, recorded_at)?;
    expect(generator.writer, recorded_at, &expected(&nation, size.span())?)?;
    progress("the stages of every rollout");
    generator.deliver_stages(size.span().1)?;
    let mut generated =
        Generated { solutions: size.solutions, deliveries: parts.len(), ..Generated::default() };
    let mut before = None;
    for (at, part) in parts.iter().enumerate() {
        let again = if part.again { ", once more and corrected" } else { "" };
        progress(&format!("delivery {} of {}: {}{again}", at + 1, parts.len(), generator.subject(part)));
        let (receipt, rows) = generator.deliver_usage(part, before.filter(|_| part.again))?;
        generated.delivered += rows;
        before = Some(receipt);
    }
    if let Some(edition) = lake.latest()? {
        generated.edition = edition.number;
        generated.rows = edition.tables.get("usage").into_iter().flatten().map(|file| file.rows).sum();
    }
    Ok(generated)
}

/// A lake while it is filled.
struct Generator<'g> {
    writer: &'g mut Writer,
    nation: &'g Nation,
    periods: &'g [Period],
    /// When every edition is made: deliveries came in their own time, and the lake is of today.
    recorded_at: DateTime<Utc>,
}

impl Generator<'_> {
    /// Delivers what the municipalities went through by a day.
    fn deliver_stages(&mut self, until: NaiveDate) -> Result<(), IngestError> {
        for solutions in self.nation.solutions.chunks(stages::SOLUTIONS) {
            let (Some(first), Some(last)) = (solutions.first(), solutions.last()) else { continue };
            let list: Arc<dyn Format> = Arc::new(StageList);
            let delivery = Delivery {
                source_id: SourceId::parse(ROLLOUT)?,
                subject: format!("{} to {}", first.id, last.id),
                payload: stages::list(self.nation, solutions, until).into(),
                received_at: received_at(until),
                synthetic: true,
            };
            for report in deliver_all(self.writer, self.recorded_at, &[(list, delivery)])? {
                if report.held.is_some() || report.rejected > 0 {
                    let why = report.held.unwrap_or_default().join("; ");
                    return Err(IngestError::Invalid(format!(
                        "the generated stages {} do not pass their own checks, {} rows rejected: {why}",
                        report.subject, report.rejected
                    )));
                }
            }
        }
        Ok(())
    }

    /// What a delivery is about.
    fn subject(&self, part: &Part) -> String {
        let of = |at: usize| self.periods.get(at).map(Period::to_string).unwrap_or_default();
        let (first, last) = (of(part.periods.start), of(part.periods.end.saturating_sub(1)));
        if first == last { first } else { format!("{first} to {last}") }
    }

    /// Delivers counts, in the place of those of another receipt if one is given. Gives the receipt and the rows.
    fn deliver_usage(
        &mut self,
        part: &Part,
        replaced: Option<ReceiptId>,
    ) -> Result<(ReceiptId, u64), IngestError> {
        let end =
            part.periods.clone().next_back().and_then(|at| self.periods.get(at)).map(|period| period.end);
        let correction = TimeDelta::hours(if part.again { HOURS_TO_CORRECTION } else { 0 });
        let (payload, rows) = usage::payload(self.nation, self.periods, part);
        let mut delivery = Delivery {
            source_id: SourceId::parse(USAGE)?,
            subject: self.subject(part),
            payload: payload.into(),
            received_at: received_at(end.unwrap_or_default()) + correction,
            synthetic: true,
        };
        let receipt = delivery.receipt_id();
        let sha256 = self.writer.keep_raw(delivery.payload.bytes())?;
        let contract = ReadBy::of(synthetic::format(&delivery)?.as_ref())?;
        self.writer.keep_raw(&contract.bytes)?;
        let entry = ReceiptEntry {
            delivery: &delivery,
            receipt_id: &receipt.0,
            received_at: delivery.received_at,
            sha256: &sha256,
            rows_in: rows,
            rejections: &[],
            contract_version: CONTRACT_VERSION,
            synthetic: true,
            held: None,
            contract_sha256: Some(&contract.sha256),
            release: None,
        };
        let mut append: Tables = vec![(table("receipts")?, entry.row()?)];
        // The text is on the disk: the rows need its room.
        delivery.payload = Vec::new().into();
        for solution in &self.nation.solutions {
            append.push((table("usage")?, usage::facts(self.nation, solution, part, &receipt.0)?));
        }
        self.writer.commit(EditionDraft {
            recorded_at: self.recorded_at,
            reason: format!("{}: {}", delivery.source_id, delivery.subject),
            replace: Tables::new(),
            append,
            supersedes: replaced.into_iter().collect(),
            receipts: vec![receipt.clone()],
        })?;
        Ok((receipt, rows))
    }
}

/// When what ends on a day is delivered.
fn received_at(end: NaiveDate) -> DateTime<Utc> {
    end.and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(HOURS_AFTER)
}
