//! Held deliveries: which there are, what each would change now, their release by a person, and how long they are kept.
//!
//! A held delivery is kept with the contract it was read by, so a release reads the same bytes in the same way and goes the
//! way of every delivery. The release is one edition: whoever is stopped in between leaves it held.

mod retention;

use std::cmp::Reverse;
use std::sync::Arc;

use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use utbredt_lake::{Edition, Lake, LakeError, RemovedPayload, Writer};
use utbredt_model::{SourceId, is_reason};

use crate::columns::{self, numbers, text};
use crate::commit::{Content, Release, Submission, commit_one, dry_run};
use crate::contract;
use crate::delivery::LARGE;
use crate::history::ReceiptHistory;
use crate::reference_data::{ReferenceData, nearest};
use crate::{Delivery, Format, IngestError, LargePayload, Report};

pub use self::retention::{HeldLimits, discard, remove_settled};
pub(crate) use self::retention::{bytes, room_for};

/// A delivery that waits for a decision, as its receipt has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldDelivery {
    /// Its receipt.
    pub receipt_id: String,
    /// Who gave it.
    pub source_id: String,
    /// What it answers.
    pub subject: String,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// Length of the payload.
    pub bytes: u64,
    /// Data rows read.
    pub rows_in: u64,
    /// Of them rejected.
    pub rows_rejected: u64,
    /// Why it was held when it was last looked at.
    pub reasons: Vec<String>,
    /// Whether a later answer to the same question is active: then nobody has to decide, and a release puts the older one
    /// in its place.
    pub outdated: bool,
    /// When its payload was removed, and why: then it can only be delivered again.
    pub removed: Option<RemovedPayload>,
    synthetic: bool,
    sha256: String,
    contract_sha256: Option<String>,
    state: String,
    released: Option<(DateTime<Utc>, String)>,
}

impl HeldDelivery {
    /// For whoever reads JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "receipt_id": self.receipt_id,
            "source_id": self.source_id,
            "subject": self.subject,
            "received_at": self.received_at,
            "bytes": self.bytes,
            "rows_in": self.rows_in,
            "rows_rejected": self.rows_rejected,
            "reasons": self.reasons,
            "outdated": self.outdated,
            "removed": self.removed,
        })
    }
}

/// What a release came to.
#[derive(Debug, Clone)]
pub enum Released {
    /// It is active now.
    Now(Box<Report>),
    /// It was released before: when, and why.
    Before {
        /// Its receipt.
        receipt_id: String,
        /// When.
        at: DateTime<Utc>,
        /// Why, in the words of whoever released it.
        reason: String,
    },
}

impl Released {
    /// For whoever reads JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Now(report) => json!({ "released": true, "already": false, "report": report.to_json() }),
            Self::Before { receipt_id, at, reason } => json!({
                "released": true, "already": true, "receipt_id": receipt_id, "released_at": at, "reason": reason,
            }),
        }
    }
}

/// Why a delivery cannot be shown or released.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HeldError {
    /// No receipt of that name.
    #[error("receipt `{id}` is unknown{}", nearest.as_ref().map_or(String::new(), |near| format!("; did you mean `{near}`?")))]
    Unknown {
        /// The name given.
        id: String,
        /// The held one most like it.
        nearest: Option<String>,
    },
    /// It is not held.
    #[error("receipt `{0}` is not held")]
    NotHeld(String),
    /// A decision without a reason, or with one that says nothing.
    #[error("a decision needs a reason with a letter or a digit: it stays beside the delivery")]
    NoReason,
    /// Its payload is not kept any more.
    #[error("its payload was removed on {}: {}; deliver it again", .0.removed_at.date_naive(), .0.reason)]
    Removed(RemovedPayload),
    /// Its payload is that of another delivery too.
    #[error(
        "the payload of receipt `{0}` is that of another delivery too, or of an edition of before, and stays"
    )]
    Evidence(String),
    /// The contract was not kept: an answer about reference data, or one held by an earlier version.
    #[error("its contract was not kept; deliver it again, and it can be released")]
    NoContract,
    /// What holds it is not a matter of opinion.
    #[error("it cannot be released: {}", .0.join("; "))]
    Errors(Vec<String>),
    /// Another writer is at work.
    #[error("another writer is at work")]
    Busy,
    /// The lake could not be read or written.
    #[error(transparent)]
    Failed(IngestError),
}

impl From<IngestError> for HeldError {
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::Lake(LakeError::Locked(_)) => Self::Busy,
            error => Self::Failed(error),
        }
    }
}

impl From<LakeError> for HeldError {
    fn from(error: LakeError) -> Self {
        IngestError::from(error).into()
    }
}

/// The deliveries that wait for a decision, the earliest first. Those that a later answer made history are left out.
///
/// # Errors
/// [`HeldError::Failed`] when the lake cannot be read.
pub fn list(lake: &Lake) -> Result<Vec<HeldDelivery>, HeldError> {
    let mut held = receipts(lake, lake.latest()?.as_ref())?;
    held.retain(|one| one.state == "held" && !one.outdated && one.removed.is_none());
    held.sort_by(|a, b| (a.received_at, &a.receipt_id).cmp(&(b.received_at, &b.receipt_id)));
    Ok(held)
}

/// The held deliveries whose payloads were removed, the last removed first.
///
/// # Errors
/// As [`list`].
pub fn removed(lake: &Lake) -> Result<Vec<HeldDelivery>, HeldError> {
    let mut held = receipts(lake, lake.latest()?.as_ref())?;
    held.retain(|one| one.state == "held" && one.removed.is_some());
    held.sort_by_cached_key(|one| {
        (Reverse(one.removed.as_ref().map(|removed| removed.removed_at)), one.receipt_id.clone())
    });
    Ok(held)
}

/// The source of a receipt.
///
/// # Errors
/// [`HeldError::Unknown`] when there is none; [`HeldError::Failed`] when the lake cannot be read.
pub fn source_of(lake: &Lake, receipt_id: &str) -> Result<String, HeldError> {
    Ok(find(lake, lake.latest()?.as_ref(), receipt_id)?.source_id)
}

/// A held delivery, and the report that its release would give now, if its contract was kept. What nobody can release is
/// `held` in the report.
///
/// # Errors
/// [`HeldError::Unknown`] and [`HeldError::NotHeld`]; [`HeldError::Failed`] when the lake cannot be read.
pub fn show(lake: &Lake, receipt_id: &str) -> Result<(HeldDelivery, Option<Report>), HeldError> {
    let latest = lake.latest()?;
    let held = find(lake, latest.as_ref(), receipt_id)?;
    if held.state != "held" {
        return Err(HeldError::NotHeld(held.receipt_id));
    }
    let report = trial(lake, latest.as_ref(), &held)?;
    Ok((held, report))
}

/// The report that a held delivery's release would give now, if its contract and its payload were kept.
fn trial(lake: &Lake, latest: Option<&Edition>, held: &HeldDelivery) -> Result<Option<Report>, IngestError> {
    if held.removed.is_some() {
        return Ok(None);
    }
    let Some(format) = kept_format(lake, held)? else { return Ok(None) };
    let delivery = delivery(lake, held, format.as_ref())?;
    // What a large one would change is not worked out twice.
    if delivery.payload.large().is_some() {
        return Ok(None);
    }
    let reference = ReferenceData::of_lake(lake, latest)?;
    let release = Release { receipt_id: &held.receipt_id, at: held.received_at, reason: "" };
    let content = Content::Facts(format.as_ref());
    let submission = Submission { release: Some(release), ..Submission::of(&delivery, content) };
    Ok(Some(dry_run(Some(lake), &reference, submission)?.0))
}

/// Why nobody can release a held delivery as it is: what it was read by is not kept, or what holds it is no matter of
/// opinion. Nothing where a person can decide.
///
/// # Errors
/// [`HeldError::Failed`] when the lake cannot be read.
pub fn obstacles(lake: &Lake, held: &HeldDelivery) -> Result<Vec<String>, HeldError> {
    let report = trial(lake, lake.latest()?.as_ref(), held)?;
    Ok(match report {
        // What holds a large one is known, and whether a person may decide on it shows when it is released.
        None if held.bytes > LARGE && kept_format(lake, held)?.is_some() => Vec::new(),
        None => vec![HeldError::NoContract.to_string()],
        Some(report) => report.held.unwrap_or_default(),
    })
}

/// Makes a held delivery active by the decision of a person, whose reason stands in the receipt. A second release changes
/// nothing and says so.
///
/// # Errors
/// [`HeldError`]; nothing has changed then.
pub fn release(
    writer: &mut Writer,
    receipt_id: &str,
    reason: &str,
    at: DateTime<Utc>,
) -> Result<Released, HeldError> {
    let reason = reason.trim();
    if !is_reason(reason) {
        return Err(HeldError::NoReason);
    }
    let lake = writer.lake().clone();
    let latest = lake.latest()?;
    let held = find(&lake, latest.as_ref(), receipt_id)?;
    if let (Some((at, reason)), true) = (&held.released, held.state != "held") {
        return Ok(Released::Before { receipt_id: held.receipt_id, at: *at, reason: reason.clone() });
    }
    if held.state != "held" {
        return Err(HeldError::NotHeld(held.receipt_id));
    }
    if let Some(removed) = held.removed {
        return Err(HeldError::Removed(removed));
    }
    let format = kept_format(&lake, &held)?.ok_or(HeldError::NoContract)?;
    let delivery = delivery(&lake, &held, format.as_ref())?;
    let content = Content::Facts(format.as_ref());
    let release = Release { receipt_id: &held.receipt_id, at, reason };
    let submission = Submission { release: Some(release), ..Submission::of(&delivery, content) };
    let report = commit_one(writer, submission)?.report;
    match report.held {
        Some(errors) => Err(HeldError::Errors(errors)),
        None => {
            tracing::info!(receipt = receipt_id, reason, "a held delivery is released");
            Ok(Released::Now(Box::new(report)))
        }
    }
}

/// How many of the first digits of a receipt name it, where no other begins with them.
const FEWEST_DIGITS: usize = 8;

fn find(lake: &Lake, latest: Option<&Edition>, receipt_id: &str) -> Result<HeldDelivery, HeldError> {
    let receipts = receipts(lake, latest)?;
    if let Some(found) = receipts.iter().find(|one| one.receipt_id == receipt_id) {
        return Ok(found.clone());
    }
    let mut begun = receipts.iter().filter(|one| one.receipt_id.starts_with(receipt_id));
    if let (Some(found), None, true) = (begun.next(), begun.next(), receipt_id.len() >= FEWEST_DIGITS) {
        return Ok(found.clone());
    }
    let held: Vec<String> =
        receipts.into_iter().filter(|one| one.state == "held").map(|one| one.receipt_id).collect();
    Err(HeldError::Unknown { id: receipt_id.to_owned(), nearest: nearest(receipt_id, &held) })
}

/// Every receipt of an edition.
fn receipts(lake: &Lake, latest: Option<&Edition>) -> Result<Vec<HeldDelivery>, IngestError> {
    let table = columns::read(lake, latest, "receipts")?;
    let columns = [
        "receipt_id",
        "source_id",
        "subject",
        "sha256",
        "contract_sha256",
        "state",
        "reason",
        "release_reason",
    ];
    let mut texts = Vec::with_capacity(columns.len());
    for column in columns {
        texts.push(text(&table, column)?);
    }
    let received = numbers::<TimestampMicrosecondType>(&table, "received_at")?;
    let released = numbers::<TimestampMicrosecondType>(&table, "released_at")?;
    let mut counts = Vec::new();
    for column in ["bytes", "rows_in", "rows_rejected"] {
        counts.push(numbers::<Int64Type>(&table, column)?);
    }
    let synthetic: Vec<Option<bool>> = columns::flags(&table, "synthetic")?;
    let moment = |micros: Option<i64>| micros.and_then(DateTime::from_timestamp_micros);
    let mut all = Vec::with_capacity(table.num_rows());
    for at in 0..table.num_rows() {
        let [id, source, subject, sha256, contract, state, reason, why] =
            std::array::from_fn(|column| texts[column][at]);
        let [bytes, rows_in, rows_rejected] = std::array::from_fn(|column| {
            u64::try_from(counts[column][at].unwrap_or_default()).unwrap_or_default()
        });
        let receipt_id = id.unwrap_or_default().to_owned();
        all.push(HeldDelivery {
            outdated: false,
            removed: None,
            synthetic: synthetic.get(at).copied().flatten().unwrap_or_default(),
            source_id: source.unwrap_or_default().to_owned(),
            subject: subject.unwrap_or_default().to_owned(),
            received_at: moment(received[at]).unwrap_or_default(),
            bytes,
            rows_in,
            rows_rejected,
            reasons: reason.unwrap_or_default().lines().map(str::to_owned).collect(),
            sha256: sha256.unwrap_or_default().to_owned(),
            contract_sha256: contract.map(str::to_owned),
            state: state.unwrap_or_default().to_owned(),
            released: moment(released[at]).map(|at| (at, why.unwrap_or_default().to_owned())),
            receipt_id,
        });
    }
    let history = ReceiptHistory::read(lake, latest)?;
    for one in all.iter_mut().filter(|one| one.state == "held") {
        // What is an answer to the same question, the contract says.
        let own_span = kept_format(lake, one)?.is_some_and(|format| format.replaces_own_span());
        one.outdated = history.is_outdated(&one.receipt_id, own_span);
        one.removed = lake.removed_payload(&one.sha256)?;
    }
    Ok(all)
}

/// How a held delivery is read, if that was kept.
fn kept_format(lake: &Lake, held: &HeldDelivery) -> Result<Option<Arc<dyn Format>>, IngestError> {
    held.contract_sha256.as_deref().map(|sha256| contract::kept_format(lake, sha256)).transpose()
}

/// A held delivery as it was received.
fn delivery(lake: &Lake, held: &HeldDelivery, format: &dyn Format) -> Result<Delivery, IngestError> {
    let source_id = SourceId::parse(&held.source_id)?;
    // As it was read when it came.
    let payload = if held.bytes > LARGE && format.contract().is_some() && !format.replaces_own_span() {
        let (sha256, of) = (held.sha256.clone(), (&source_id, held.subject.as_str()));
        LargePayload::in_pieces(lake, sha256, held.bytes, of, format)?
    } else {
        lake.raw(&held.sha256)?.into()
    };
    let subject = held.subject.clone();
    Ok(Delivery { source_id, subject, payload, received_at: held.received_at, synthetic: held.synthetic })
}
