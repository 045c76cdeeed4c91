//! How much is kept of what is held: an age for payloads that wait for nobody, and a quota for all of them together. A delivery
//! that waits for a decision keeps its payload, however old it is. Nothing is removed in silence: a note is left in the
//! payload's place, and a line in the log of runs.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use utbredt_lake::{Edition, Lake, Run, Writer};
use utbredt_model::is_reason;

use super::{HeldDelivery, HeldError, find, receipts, trial};
use crate::IngestError;

/// How much is kept of what is held: `[held]` of `utbredt.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HeldLimits {
    /// MiB that the payloads of held deliveries may take together, as they were delivered. An upload that would be held beyond
    /// that is refused.
    pub quota_mib: u64,
    /// Days that the payload of a held delivery is kept, from its coming on, though it waits for no decision: a later answer
    /// is active, or nobody can release it.
    pub keep_days: u32,
}

impl Default for HeldLimits {
    fn default() -> Self {
        Self { quota_mib: 1024, keep_days: 90 }
    }
}

impl HeldLimits {
    /// The quota in bytes.
    #[must_use]
    pub fn quota(&self) -> u64 {
        self.quota_mib.saturating_mul(1 << 20)
    }
}

/// A payload that is kept for held deliveries only.
struct Payload<'h> {
    bytes: u64,
    /// When it came last.
    came: DateTime<Utc>,
    /// Those that it is of: the same bytes may have been delivered on several subjects.
    deliveries: Vec<&'h HeldDelivery>,
}

/// The payloads that are kept for held deliveries only, by their hashes.
fn payloads<'h>(lake: &Lake, receipts: &'h [HeldDelivery]) -> BTreeMap<&'h str, Payload<'h>> {
    let accepted: BTreeSet<&str> =
        receipts.iter().filter(|one| one.state != "held").map(|one| one.sha256.as_str()).collect();
    let mut payloads: BTreeMap<&str, Payload<'_>> = BTreeMap::new();
    for one in receipts.iter().filter(|one| one.state == "held" && !accepted.contains(one.sha256.as_str())) {
        if lake.has_raw(&one.sha256) {
            let new = Payload { bytes: one.bytes, came: one.received_at, deliveries: Vec::new() };
            let payload = payloads.entry(one.sha256.as_str()).or_insert(new);
            payload.came = payload.came.max(one.received_at);
            payload.deliveries.push(one);
        }
    }
    payloads
}

/// The bytes that held deliveries take, of which no other delivery has the same.
///
/// # Errors
/// [`IngestError`] when the lake cannot be read.
pub(crate) fn bytes(lake: &Lake) -> Result<u64, IngestError> {
    let latest = lake.latest()?;
    Ok(payloads(lake, &receipts(lake, latest.as_ref())?).values().map(|payload| payload.bytes).sum())
}

/// How many bytes more are taken by a payload when it is held: none where it is kept already.
pub(crate) fn room_for(lake: &Lake, payload: &[u8]) -> u64 {
    if lake.has_payload(payload) { 0 } else { payload.len() as u64 }
}

/// Why no decision is waited for, if none is.
fn settled(lake: &Lake, latest: Option<&Edition>, held: &HeldDelivery) -> Option<&'static str> {
    if held.outdated {
        return Some("a later answer is active");
    }
    if held.contract_sha256.is_none() {
        return Some("nobody can release it, since what it was read by was not kept");
    }
    // A row that was not rejected brings something, and then it need not be read.
    if held.rows_rejected < held.rows_in {
        return None;
    }
    // One that is damaged stays: it may be restored.
    let report = trial(lake, latest, held).ok();
    let is_empty = report.is_some_and(|report| report.is_none_or(|report| report.accepted == 0));
    is_empty.then_some("nobody can release it, since nothing of it is readable")
}

/// Why no decision is waited for on any of a payload's deliveries.
fn all_settled(lake: &Lake, latest: Option<&Edition>, payload: &Payload<'_>) -> Option<&'static str> {
    let reasons: Option<Vec<_>> = payload.deliveries.iter().map(|one| settled(lake, latest, one)).collect();
    reasons?.first().copied()
}

/// Removes the payloads of held deliveries that wait for no decision: those that are older than they are kept, and the oldest
/// others while the quota does not have room for `coming` bytes. Gives the bytes that held deliveries take afterwards.
///
/// # Errors
/// [`IngestError`] when the lake cannot be read or written.
pub fn remove_settled(
    writer: &mut Writer,
    limits: HeldLimits,
    now: DateTime<Utc>,
    coming: u64,
) -> Result<u64, IngestError> {
    let lake = writer.lake().clone();
    let latest = lake.latest()?;
    let receipts = receipts(&lake, latest.as_ref())?;
    let payloads = payloads(&lake, &receipts);
    let mut total: u64 = payloads.values().map(|payload| payload.bytes).sum();
    let oldest = now.checked_sub_signed(TimeDelta::days(limits.keep_days.into())).unwrap_or_default();
    let mut chosen = BTreeMap::new();
    let mut by_age: Vec<_> = payloads.iter().collect();
    by_age.sort_by_key(|(sha256, payload)| (payload.came, **sha256));
    for (sha256, payload) in by_age {
        let is_old = payload.came <= oldest;
        if !is_old && total.saturating_add(coming) <= limits.quota() {
            continue;
        }
        if let Some(why) = all_settled(&lake, latest.as_ref(), payload) {
            let until = if is_old {
                format!("it is kept {} days", limits.keep_days)
            } else {
                format!("the quota of {} MiB is used up", limits.quota_mib)
            };
            chosen.insert((*sha256).to_owned(), format!("{why}; {until}"));
            total -= payload.bytes;
        }
    }
    let removed = remove(writer, &chosen, (&payloads, now))?;
    // Evidence of an edition of before stays, and counts.
    let stays = chosen.keys().filter(|sha256| !removed.contains(sha256));
    Ok(total + stays.filter_map(|sha256| Some(payloads.get(sha256.as_str())?.bytes)).sum::<u64>())
}

/// Removes payloads, each for its reason, and logs a line for each source.
fn remove(
    writer: &mut Writer,
    chosen: &BTreeMap<String, String>,
    (payloads, now): (&BTreeMap<&str, Payload<'_>>, DateTime<Utc>),
) -> Result<Vec<String>, IngestError> {
    let removed = writer.remove_payloads(chosen, now)?;
    let edition = writer.lake().latest()?.map_or(0, |edition| edition.number);
    let mut runs: BTreeMap<&str, Run> = BTreeMap::new();
    for sha256 in &removed {
        let (Some(payload), Some(why)) = (payloads.get(sha256.as_str()), chosen.get(sha256)) else {
            continue;
        };
        for one in &payload.deliveries {
            tracing::warn!(receipt = one.receipt_id, why, "the payload of a held delivery was removed");
            let new = || Run { source_id: one.source_id.clone(), started_at: now, edition, ..Run::default() };
            let run = runs.entry(one.source_id.as_str()).or_insert_with(new);
            run.removed.push(format!("{} `{}`, {} bytes: {why}", one.receipt_id, one.subject, one.bytes));
        }
    }
    for run in runs.values() {
        writer.lake().append_run(run)?;
    }
    Ok(removed)
}

/// Removes the payload of a held delivery by the decision of a person: it waits no longer, and is not released.
///
/// # Errors
/// [`HeldError`]; nothing has changed then.
pub fn discard(
    writer: &mut Writer,
    receipt_id: &str,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<HeldDelivery, HeldError> {
    let reason = reason.trim();
    if !is_reason(reason) {
        return Err(HeldError::NoReason);
    }
    let lake = writer.lake().clone();
    let latest = lake.latest()?;
    let held = find(&lake, latest.as_ref(), receipt_id)?;
    if held.state != "held" {
        return Err(HeldError::NotHeld(held.receipt_id));
    }
    if let Some(removed) = held.removed {
        return Err(HeldError::Removed(removed));
    }
    let all = receipts(&lake, latest.as_ref())?;
    let payloads = payloads(&lake, &all);
    let own = payloads.get(held.sha256.as_str()).filter(|payload| payload.deliveries.len() == 1);
    let chosen = BTreeMap::from([(held.sha256.clone(), format!("discarded: {reason}"))]);
    if own.is_none() || remove(writer, &chosen, (&payloads, now))?.is_empty() {
        return Err(HeldError::Evidence(held.receipt_id));
    }
    Ok(held)
}
