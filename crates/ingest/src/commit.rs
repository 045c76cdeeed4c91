//! The one way into the lake: kept as received, parsed, conformed, checked against what is active, committed. Files,
//! uploads and pulls all come this way, and so do answers about reference data.

mod evaluate;
mod first_known;
mod large;
mod reading;
mod replacement;

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::RecordBatch;
use chrono::{DateTime, Utc};
use utbredt_lake::{Edition, EditionDraft, FileEntry, Lake, Writer};
use utbredt_model::{ReceiptId, Rejection};

use self::evaluate::evaluate;
use self::first_known::first_known;
use self::reading::under;
use self::replacement::Replacement;
use crate::audit_tables::{Tables, append_or_replace};
use crate::columns::table;
use crate::conform::{Conformed, conform};
use crate::contract::ReadBy;
use crate::extent::{A_YEAR, Extent};
use crate::format::{Format, check_contract};
use crate::history::{ReceiptHistory, Replaceable};
use crate::reference_data::ReferenceData;
use crate::{Delivered, Delivery, IngestError, Report};

/// What is made of an answer about reference data by the connector that asked for it.
#[derive(Debug, Default)]
pub(crate) struct ReferenceAnswer {
    /// Data rows read.
    pub(crate) rows_in: u64,
    /// Rows rejected.
    pub(crate) rejections: Vec<Rejection>,
    /// Why it is held, if it is.
    pub(crate) held: Vec<String>,
    /// Where it differs from the reference tables; not reported of an answer that is not believed.
    pub(crate) discrepancies: Vec<String>,
    /// Rows to be added to a table, unless it is held.
    pub(crate) rows: Option<(&'static str, RecordBatch)>,
}

/// What the bytes of a delivery are about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Content<'c> {
    /// Facts, parsed by a format.
    Facts(&'c dyn Format),
    /// Reference data, evaluated by its connector.
    Reference(&'c ReferenceAnswer),
}

/// A delivery and how it is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Submission<'s> {
    pub(crate) delivery: &'s Delivery,
    pub(crate) content: Content<'s>,
    /// The decision of a person to bring it in although it is held.
    pub(crate) release: Option<Release<'s>>,
}

/// A decision to bring a held delivery in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Release<'s> {
    /// The receipt of the held reading.
    pub(crate) receipt_id: &'s str,
    pub(crate) at: DateTime<Utc>,
    /// Why, in the words of whoever decided.
    pub(crate) reason: &'s str,
}

impl<'s> Submission<'s> {
    /// A delivery that nobody has decided on.
    pub(crate) fn of(delivery: &'s Delivery, content: Content<'s>) -> Self {
        Self { delivery, content, release: None }
    }

    fn check_contract(&self) -> Result<(), IngestError> {
        match self.content {
            Content::Facts(format) => check_contract(format, self.delivery),
            Content::Reference(_) => Ok(()),
        }
    }

    fn conform(&self, reference: &ReferenceData) -> Result<Conformed, IngestError> {
        match self.content {
            Content::Facts(format) => conform(format, self.delivery, reference),
            Content::Reference(answer) => Conformed::of_reference(answer),
        }
    }

    fn is_facts(&self) -> bool {
        matches!(self.content, Content::Facts(_))
    }

    fn is_cumulative(&self) -> bool {
        match self.content {
            Content::Facts(format) => format.is_cumulative(),
            Content::Reference(_) => false,
        }
    }

    fn replaces_own_span(&self) -> bool {
        match self.content {
            Content::Facts(format) => format.replaces_own_span(),
            Content::Reference(_) => false,
        }
    }

    fn read_by(&self) -> Result<Option<ReadBy>, IngestError> {
        match self.content {
            Content::Facts(format) => ReadBy::of(format).map(Some),
            Content::Reference(_) => Ok(None),
        }
    }

    /// Whether all of it is active as this contract reads it: then there is nothing to read. What is known of reference data
    /// changes with the tables, so an answer about it is read every time.
    fn is_known(&self, history: &ReceiptHistory, lake: Option<&Lake>) -> Result<bool, IngestError> {
        if self.release.is_some() || !history.is_wholly_active(self.delivery, self.replaces_own_span()) {
            return Ok(false);
        }
        Ok(self.read_by()?.is_some_and(|by| history.is_active_by(self.delivery, &by, lake)))
    }
}

/// A delivery that was read and not yet decided on.
struct Read<'s> {
    submission: Submission<'s>,
    sha256: String,
    conformed: Conformed,
    extent: Extent,
}

impl<'s> Read<'s> {
    fn of(
        submission: Submission<'s>,
        sha256: String,
        reference: &ReferenceData,
    ) -> Result<Self, IngestError> {
        let conformed = submission.conform(reference)?;
        // A counter is compared with what it was, and a file whose rows are added with the file before it.
        let looks_back = submission.is_cumulative() || !conformed.parts.is_empty();
        let extent = Extent::of(&conformed.usage)?.around(if looks_back { A_YEAR } else { 0 });
        Ok(Self { submission, sha256, conformed, extent })
    }
}

/// What the next edition gets.
#[derive(Default)]
struct Pending {
    /// By receipt: usage and events to become active.
    facts: BTreeMap<String, (RecordBatch, RecordBatch)>,
    /// Rows of reference tables.
    rows: Tables,
    /// Receipts of the lake that are superseded.
    supersedes: BTreeSet<String>,
    /// By receipt: its row of `receipts` and its rows of `rejections`. Of two readings in a batch the later counts.
    receipts: BTreeMap<String, (RecordBatch, RecordBatch)>,
    /// Receipts whose earlier rows are replaced.
    again: BTreeSet<String>,
    /// Contracts that deliveries were read by, to be kept as they are.
    contracts: BTreeSet<Vec<u8>>,
}

impl Pending {
    fn is_empty(&self) -> bool {
        self.receipts.is_empty() && self.facts.is_empty() && self.rows.is_empty()
    }
}

/// Brings one delivery in, recorded when it was received.
pub(crate) fn commit_one(writer: &mut Writer, submission: Submission<'_>) -> Result<Delivered, IngestError> {
    if submission.delivery.payload.large().is_some() {
        return large::commit_large(writer, submission.delivery.received_at, submission);
    }
    let delivered = commit_all(writer, submission.delivery.received_at, &[submission])?;
    delivered.into_iter().next().ok_or_else(|| IngestError::Invalid("no delivery was given".to_owned()))
}

/// Brings deliveries in, one after the other, in one edition.
pub(crate) fn commit_all(
    writer: &mut Writer,
    recorded_at: DateTime<Utc>,
    submissions: &[Submission<'_>],
) -> Result<Vec<Delivered>, IngestError> {
    // All of them before anything is kept: a batch comes in whole or not at all.
    for submission in submissions {
        submission.check_contract()?;
        // Its bytes are not in memory, so nothing would be read of it here.
        if submission.delivery.payload.large().is_some() {
            let subject = &submission.delivery.subject;
            return Err(IngestError::Invalid(format!(
                "`{subject}` is too large to come in one edition with others: deliver it alone"
            )));
        }
    }
    let lake = writer.lake().clone();
    let latest = lake.latest()?;
    let reference = ReferenceData::of_lake(&lake, latest.as_ref())?;
    let mut history = ReceiptHistory::read(&lake, latest.as_ref())?;
    let mut reads = Vec::new();
    for submission in submissions {
        // Two of one subject in a batch are read both, so that the order decides.
        let known = is_alone(submission, submissions) && submission.is_known(&history, Some(&lake))?;
        reads.push(if known {
            None
        } else {
            // Kept before it is read: whatever the parser does, the bytes are safe.
            let sha256 = writer.keep_raw(submission.delivery.payload.bytes())?;
            Some(Read::of(*submission, sha256, &reference)?)
        });
    }
    if let Some(edition) = &latest {
        let extents: Vec<_> = reads.iter().flatten().map(|read| read.extent.clone()).collect();
        let mut replaced = Replaceable::default();
        for Read { submission, .. } in reads.iter().flatten() {
            history.note_replaceable(submission.delivery, submission.replaces_own_span(), &mut replaced);
        }
        history.load(&lake, edition, &extents, &replaced)?;
    }
    let mut pending = Pending::default();
    let mut reports = Vec::with_capacity(submissions.len());
    for (submission, read) in submissions.iter().zip(&reads) {
        // Checked again: an earlier delivery of the batch may have replaced it, or brought it in.
        let known = submission.is_known(&history, Some(&lake))?;
        reports.push(match read {
            Some(read) if !known => evaluate(read, (Some(&lake), &reference), &mut history, &mut pending)?,
            _ => Report {
                receipt_id: history.receipt_of(submission.delivery),
                ..Report::of(submission.delivery, true)
            },
        });
    }
    let edition = commit(writer, recorded_at, latest, pending, submissions, Vec::new())?;
    let mut delivered = Vec::with_capacity(reports.len());
    for (report, read) in reports.into_iter().zip(reads) {
        let rejections = read.map(|read| read.conformed.rejections).unwrap_or_default();
        delivered.push(Delivered { report: Report { edition, ..report }, rejections });
    }
    Ok(delivered)
}

/// Whether no other delivery of a batch answers the same.
fn is_alone(submission: &Submission<'_>, all: &[Submission<'_>]) -> bool {
    let delivery = submission.delivery;
    let same = all.iter().filter(|other| {
        other.delivery.source_id == delivery.source_id && other.delivery.subject == delivery.subject
    });
    same.count() == 1
}

/// The same steps up to the decision, which is not carried out: nothing is kept and nothing is written.
pub(crate) fn dry_run(
    lake: Option<&Lake>,
    reference: &ReferenceData,
    submission: Submission<'_>,
) -> Result<(Report, Conformed), IngestError> {
    submission.check_contract()?;
    if submission.delivery.payload.large().is_some() {
        let mib = submission.delivery.payload.length() >> 20;
        return Err(IngestError::Invalid(format!(
            "a delivery of {mib} MiB is checked when it is delivered or released, and not tried before"
        )));
    }
    let latest = lake.map(Lake::latest).transpose()?.flatten();
    let mut history = match lake {
        Some(lake) => ReceiptHistory::read(lake, latest.as_ref())?,
        None => ReceiptHistory::default(),
    };
    let read = Read::of(submission, String::new(), reference)?;
    if let (Some(lake), Some(edition)) = (lake, &latest) {
        let mut replaced = Replaceable::default();
        history.note_replaceable(submission.delivery, submission.replaces_own_span(), &mut replaced);
        history.load(lake, edition, std::slice::from_ref(&read.extent), &replaced)?;
    }
    let known = submission.is_known(&history, lake)?;
    let leaving = Replacement::of(&read, &history)?.events;
    let events = first_known(&read.conformed.events, &leaving, submission.delivery.received_at)?;
    let mut report = evaluate(&read, (lake, reference), &mut history, &mut Pending::default())?;
    if known {
        report.receipt_id = history.receipt_of(submission.delivery);
        (report.unchanged, report.held, report.superseded) = (true, None, None);
        report.releasable = false;
    }
    report.edition = latest.map_or(0, |edition| edition.number);
    let (usage, events) = under((&read.conformed.usage, &events), &report.receipt_id.0)?;
    Ok((report, Conformed { usage, events, ..read.conformed }))
}

/// Makes the edition, if anything changed, with files of `usage` that were written before. Gives the number of the latest one.
fn commit(
    writer: &mut Writer,
    recorded_at: DateTime<Utc>,
    latest: Option<Edition>,
    pending: Pending,
    submissions: &[Submission<'_>],
    files: Vec<FileEntry>,
) -> Result<u64, IngestError> {
    if pending.is_empty() {
        return Ok(latest.map_or(0, |edition| edition.number));
    }
    let (mut append, mut replace) = (pending.rows, Vec::new());
    for (usage, events) in pending.facts.values() {
        for (name, batch) in [("usage", usage), ("rollout_events", events)] {
            if batch.num_rows() > 0 {
                append.push((table(name)?, batch.clone()));
            }
        }
    }
    let (receipts, rejections): (Vec<_>, Vec<_>) = pending.receipts.into_values().unzip();
    for (name, rows) in [("receipts", receipts), ("rejections", rejections)] {
        let (whole, more) = append_or_replace(writer.lake(), latest.as_ref(), name, &rows, &pending.again)?;
        replace.extend(whole);
        append.extend(more);
    }
    for contract in &pending.contracts {
        writer.keep_raw(contract)?;
    }
    let change = EditionDraft {
        recorded_at,
        reason: reason(submissions),
        replace,
        append,
        supersedes: pending.supersedes.into_iter().map(ReceiptId).collect(),
        receipts: pending.facts.into_keys().map(ReceiptId).collect(),
    };
    Ok(writer.commit_with(change, table("usage")?, files)?.edition().number)
}

fn reason(submissions: &[Submission<'_>]) -> String {
    if let [Submission { delivery, release, .. }] = submissions {
        let released = if release.is_some() { " released" } else { "" };
        return format!("{}: {}{released}", delivery.source_id, delivery.subject);
    }
    let sources: BTreeSet<_> = submissions.iter().map(|one| one.delivery.source_id.as_str()).collect();
    let sources = sources.into_iter().collect::<Vec<_>>().join(", ");
    format!("{} deliveries from {sources}", submissions.len())
}
