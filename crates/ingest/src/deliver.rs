//! The path of a delivery: kept as received, parsed, conformed, held against what stands, committed.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::RecordBatch;
use chrono::{DateTime, NaiveDate, Utc};
use utbredt_lake::{Change, Edition, Lake, Writer};
use utbredt_model::{ReceiptId, Rejection};
use utbredt_sources::oslo;

use crate::audit_tables::{Entry, book, rejection_rows};
use crate::columns::table;
use crate::conform::{Conformed, conform};
use crate::diff::{Diff, cells, diff};
use crate::history::{Extent, History};
use crate::quality_checks::{breaches, rejected_rows};
use crate::reference_data::ReferenceData;
use crate::{Delivery, IngestError, Source};

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its receipt.
    pub receipt_id: ReceiptId,
    /// Who gave it.
    pub source_id: String,
    /// What was asked for.
    pub asked: String,
    /// It was here already and nothing changed; the counts below are then zero.
    pub unchanged: bool,
    /// Data rows read.
    pub rows_in: u64,
    /// Facts accepted; those of a held delivery are not in force.
    pub accepted: u64,
    /// Statements refused.
    pub rejected: u64,
    /// Rows refused in part or whole, totals and plain repetitions aside.
    pub refused_rows: u64,
    /// The refused, counted by reason.
    pub reasons: BTreeMap<String, u64>,
    /// Why it is held: what was in force before still is.
    pub held: Option<Vec<String>>,
    /// What a register says otherwise than the reference tables; it is in force all the same.
    pub told: Vec<String>,
    /// The last day its facts tell of.
    pub newest: Option<NaiveDate>,
    /// The receipt it took the place of.
    pub superseded: Option<ReceiptId>,
    /// What changed from that one.
    pub diff: Option<Diff>,
    /// The edition that stands now.
    pub edition: u64,
}

/// What became of a delivery, and each row of it that was refused: none where it was here already, and not read again.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// What became of it.
    pub report: Report,
    /// The rows refused, with the reasons.
    pub rejections: Vec<Rejection>,
}

/// Brings one delivery in, recorded when it was received.
///
/// # Errors
/// [`IngestError`] when the lake is not ready or cannot be written, or the contract is another source's. What
/// is wrong with the data is in the report instead.
pub fn deliver(writer: &mut Writer, source: &Source, delivery: &Delivery) -> Result<Report, IngestError> {
    deliver_one(writer, source, delivery).map(|delivered| delivered.report)
}

/// Brings one delivery in as [`deliver`] does, and tells the refused rows too.
///
/// # Errors
/// As [`deliver`].
pub fn deliver_one(
    writer: &mut Writer,
    source: &Source,
    delivery: &Delivery,
) -> Result<Delivered, IngestError> {
    let delivered = land(writer, delivery.received_at, &[(source, delivery)])?;
    delivered.into_iter().next().ok_or_else(|| IngestError::Invalid("no delivery was given".to_owned()))
}

/// Brings a delivery in that nobody decided on anew, as a file that lies in a folder: an answer that gave way to another
/// is passed over, and does not come back by itself.
pub(crate) fn deliver_lying(
    writer: &mut Writer,
    source: &Source,
    delivery: &Delivery,
) -> Result<Report, IngestError> {
    source.check(delivery)?;
    let latest = writer.lake().latest()?;
    if History::read(writer.lake(), latest.as_ref())?.is_outdated(delivery) {
        tracing::info!(source = %delivery.source_id, asked = delivery.asked, "a file is passed over: a later answer is in force");
        return Ok(Report::passed_over(delivery, latest.map_or(0, |edition| edition.number)));
    }
    deliver(writer, source, delivery)
}

/// Brings deliveries in, one after the other, in one edition.
///
/// # Errors
/// As [`deliver`]; then none of them is in.
pub fn deliver_all(
    writer: &mut Writer,
    recorded_at: DateTime<Utc>,
    deliveries: &[(Source, Delivery)],
) -> Result<Vec<Report>, IngestError> {
    let borrowed: Vec<_> = deliveries.iter().map(|(source, delivery)| (source, delivery)).collect();
    let delivered = land(writer, recorded_at, &borrowed)?;
    Ok(delivered.into_iter().map(|delivered| delivered.report).collect())
}

/// A delivery that was read and not yet judged.
struct Read<'d> {
    source: &'d Source,
    delivery: &'d Delivery,
    sha256: String,
    conformed: Conformed,
    reach: Extent,
}

/// What the next edition gets.
#[derive(Default)]
struct Pending {
    /// By receipt: usage and events to come into force.
    facts: BTreeMap<String, (RecordBatch, RecordBatch)>,
    /// Receipts of the lake to go out of force.
    supersedes: BTreeSet<String>,
    receipts: Vec<RecordBatch>,
    rejections: Vec<RecordBatch>,
    /// Receipts whose earlier rows are replaced.
    again: BTreeSet<String>,
}

fn land(
    writer: &mut Writer,
    recorded_at: DateTime<Utc>,
    deliveries: &[(&Source, &Delivery)],
) -> Result<Vec<Delivered>, IngestError> {
    for (source, delivery) in deliveries {
        source.check(delivery)?;
    }
    let lake = writer.lake().clone();
    let latest = lake.latest()?;
    let world = ReferenceData::of_lake(&lake, latest.as_ref())?;
    let mut history = History::read(&lake, latest.as_ref())?;
    let mut reads = Vec::new();
    for (source, delivery) in deliveries {
        let same = |(_, other): &&(&Source, &Delivery)| {
            other.source_id == delivery.source_id && other.asked == delivery.asked
        };
        // What is in force already need not be read, unless the batch puts another in its place first.
        let known = history.is_live(&delivery.receipt_id().0) && deliveries.iter().filter(same).count() == 1;
        reads.push(if known {
            None
        } else {
            let sha256 = writer.keep_raw(&delivery.payload)?;
            Some(read(source, delivery, sha256, &world)?)
        });
    }
    if let Some(edition) = &latest {
        let reach: Vec<_> = reads.iter().flatten().map(|read| read.reach.clone()).collect();
        let replaced = reads.iter().flatten().filter_map(|read| history.answered(read.delivery)).collect();
        history.load(&lake, edition, &reach, &replaced)?;
    }
    let mut pending = Pending::default();
    let mut reports = Vec::with_capacity(deliveries.len());
    for ((_, delivery), read) in deliveries.iter().zip(&reads) {
        let known = history.is_live(&delivery.receipt_id().0);
        reports.push(match read {
            Some(read) if !known => judge(read, &world, &mut history, &mut pending)?,
            _ => Report::of(delivery, true),
        });
    }
    let edition = commit(writer, recorded_at, latest, pending, deliveries)?;
    let told = |(report, read): (Report, Option<Read<'_>>)| Delivered {
        report: Report { edition, ..report },
        rejections: read.map(|read| read.conformed.rejections).unwrap_or_default(),
    };
    Ok(reports.into_iter().zip(reads).map(told).collect())
}

fn read<'d>(
    source: &'d Source,
    delivery: &'d Delivery,
    sha256: String,
    world: &ReferenceData,
) -> Result<Read<'d>, IngestError> {
    let conformed = conform(source, delivery, world)?;
    let reach = Extent::of(&conformed.usage)?;
    Ok(Read { source, delivery, sha256, conformed, reach })
}

/// The steps of [`deliver`] up to the decision, which is not carried out: nothing is kept and nothing is written.
pub(crate) fn weigh(
    lake: Option<&Lake>,
    world: &ReferenceData,
    source: &Source,
    delivery: &Delivery,
) -> Result<(Report, Conformed), IngestError> {
    source.check(delivery)?;
    let latest = lake.map(Lake::latest).transpose()?.flatten();
    let mut history = match lake {
        Some(lake) => History::read(lake, latest.as_ref())?,
        None => History::default(),
    };
    let read = read(source, delivery, String::new(), world)?;
    if let (Some(lake), Some(edition)) = (lake, &latest) {
        let replaced = history.answered(delivery).into_iter().collect();
        history.load(lake, edition, std::slice::from_ref(&read.reach), &replaced)?;
    }
    let known = history.is_live(&delivery.receipt_id().0);
    let mut report = judge(&read, world, &mut history, &mut Pending::default())?;
    if known {
        (report.unchanged, report.held, report.superseded) = (true, None, None);
    }
    report.edition = latest.map_or(0, |edition| edition.number);
    Ok((report, read.conformed))
}

/// Decides whether a delivery comes into force.
fn judge(
    read: &Read<'_>,
    world: &ReferenceData,
    history: &mut History,
    pending: &mut Pending,
) -> Result<Report, IngestError> {
    let (delivery, conformed) = (read.delivery, &read.conformed);
    let receipt = delivery.receipt_id();
    let replaced = history.answered(delivery);
    let near = history.near(&read.reach, replaced.as_deref());
    let reasons = breaches(read.source, delivery, conformed, world, &near)?;
    let mut report = Report::of(delivery, false);
    report.rows_in = conformed.rows_in;
    report.accepted = (conformed.usage.num_rows() + conformed.events.num_rows()) as u64;
    // A list of stages tells how things stand when it comes.
    let stands = (conformed.events.num_rows() > 0).then(|| oslo::day(delivery.received_at));
    report.newest = read.reach.newest().or(stands);
    report.rejected = conformed.rejections.len() as u64;
    report.refused_rows = rejected_rows(conformed) as u64;
    for rejection in &conformed.rejections {
        *report.reasons.entry(rejection.reason.clone()).or_default() += 1;
    }
    let held = (!reasons.is_empty()).then(|| reasons.join("\n"));
    report.held = held.as_ref().map(|_| reasons);
    let before = history.given(&receipt.0);
    if held.is_some() && before.is_some_and(|given| given.held == held) {
        report.unchanged = true;
        return Ok(report);
    }
    if before.is_some_and(|given| given.held != held) {
        pending.again.insert(receipt.0.clone());
    }
    if before.is_none_or(|given| given.held != held) {
        let entry = Entry {
            delivery,
            sha256: &read.sha256,
            rows_in: conformed.rows_in,
            rejections: &conformed.rejections,
            contract_version: read.source.contract_version(),
            synthetic: read.source.synthetic(delivery),
            held: held.as_deref(),
        };
        pending.receipts.push(entry.row()?);
        pending.rejections.push(rejection_rows(&receipt.0, &conformed.rejections)?);
    }
    if held.is_some() {
        history.note(delivery, held);
        return Ok(report);
    }
    if let Some(old) = &replaced {
        let before = history.live(old).map(|live| cells(&live.usage, &live.events)).transpose()?;
        let now = cells(&conformed.usage, &conformed.events)?;
        report.diff = Some(diff(&before.unwrap_or_default(), &now));
        report.superseded = Some(ReceiptId(old.clone()));
        if pending.facts.remove(old).is_none() {
            pending.supersedes.insert(old.clone());
        }
    }
    history.admit(delivery, &conformed.usage, &conformed.events, replaced.as_deref())?;
    pending.facts.insert(receipt.0, (conformed.usage.clone(), conformed.events.clone()));
    Ok(report)
}

impl Report {
    /// Of a delivery that was here before and is not judged again.
    #[must_use]
    pub fn passed_over(delivery: &Delivery, edition: u64) -> Self {
        Self { edition, ..Self::of(delivery, true) }
    }

    pub(crate) fn of(delivery: &Delivery, unchanged: bool) -> Self {
        Self {
            receipt_id: delivery.receipt_id(),
            source_id: delivery.source_id.to_string(),
            asked: delivery.asked.clone(),
            unchanged,
            rows_in: 0,
            accepted: 0,
            rejected: 0,
            refused_rows: 0,
            reasons: BTreeMap::new(),
            held: None,
            told: Vec::new(),
            newest: None,
            superseded: None,
            diff: None,
            edition: 0,
        }
    }
}

/// Makes the edition, if anything changed, and gives the number of the one that stands.
fn commit(
    writer: &mut Writer,
    recorded_at: DateTime<Utc>,
    latest: Option<Edition>,
    pending: Pending,
    deliveries: &[(&Source, &Delivery)],
) -> Result<u64, IngestError> {
    if pending.receipts.is_empty() && pending.facts.is_empty() {
        return Ok(latest.map_or(0, |edition| edition.number));
    }
    let (mut append, mut replace) = (Vec::new(), Vec::new());
    for (usage, events) in pending.facts.values() {
        for (name, frame) in [("usage", usage), ("rollout_events", events)] {
            if frame.num_rows() > 0 {
                append.push((table(name)?, frame.clone()));
            }
        }
    }
    let books = [("receipts", pending.receipts), ("rejections", pending.rejections)];
    for (name, rows) in books {
        let (whole, more) = book(writer.lake(), latest.as_ref(), name, &rows, &pending.again)?;
        replace.extend(whole);
        append.extend(more);
    }
    let ids = |set: BTreeSet<String>| set.into_iter().map(ReceiptId).collect();
    let change = Change {
        recorded_at,
        reason: reason(deliveries),
        replace,
        append,
        supersedes: ids(pending.supersedes),
        receipts: ids(pending.facts.into_keys().collect()),
    };
    Ok(writer.commit(change)?.edition().number)
}

fn reason(deliveries: &[(&Source, &Delivery)]) -> String {
    if let [(_, one)] = deliveries {
        return format!("{}: {}", one.source_id, one.asked);
    }
    let sources: BTreeSet<_> = deliveries.iter().map(|(_, delivery)| delivery.source_id.as_str()).collect();
    let sources = sources.into_iter().collect::<Vec<_>>().join(", ");
    format!("{} deliveries from {sources}", deliveries.len())
}
