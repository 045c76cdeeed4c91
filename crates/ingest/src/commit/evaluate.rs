//! The decision on one delivery: active, held, or nothing new; and what the next edition gets of it.

use std::collections::BTreeSet;

use arrow::array::RecordBatch;
use sha2::{Digest, Sha256};
use utbredt_lake::Lake;
use utbredt_model::ReceiptId;
use utbredt_model::oslo;

use super::first_known::first_known;
use super::replacement::Replacement;
use super::{Content, Pending, Read};
use crate::audit_tables::{ReceiptEntry, rejection_rows};
use crate::columns::table;
use crate::diff::{cells, diff};
use crate::held::KeptContract;
use crate::history::{Given, ReceiptHistory};
use crate::loss::{Loss, loss};
use crate::parts::{followed, missing_parts};
use crate::quality_checks::{Breach, breaches, rejected_rows};
use crate::reference_data::ReferenceData;
use crate::{IngestError, Report};

/// Decides whether a delivery becomes active.
pub(super) fn evaluate(
    read: &Read<'_>,
    (lake, reference): (Option<&Lake>, &ReferenceData),
    history: &mut ReceiptHistory,
    pending: &mut Pending,
) -> Result<Report, IngestError> {
    let (delivery, conformed) = (read.submission.delivery, &read.conformed);
    let receipt = delivery.receipt_id();
    let replacement = Replacement::of(read, history)?;
    let (breaches, loss) = check(read, (lake, reference), history, &replacement)?;
    let mut report = counts(read, !breaches.is_empty());
    report.loss = loss;
    let (reasons, held, contract) = if read.submission.release.is_some() {
        // What a person may decide is decided; the rest still holds it, and nothing changes.
        let errors: Vec<String> = breaches.iter().filter(|one| !one.releasable).map(text_of).collect();
        if !errors.is_empty() {
            report.held = Some(errors);
            return Ok(report);
        }
        (Vec::new(), None, None)
    } else {
        let reasons: Vec<String> = breaches.iter().map(text_of).collect();
        let held = (!reasons.is_empty()).then(|| reasons.join("\n"));
        let contract = held.as_ref().map(|_| contract(read)).transpose()?.flatten();
        (reasons, held, contract)
    };
    report.releasable = held.is_some() && report.accepted > 0 && breaches.iter().all(|one| one.releasable);
    report.held = held.as_ref().map(|_| reasons);
    let rows = conformed.rows.as_ref().filter(|(_, batch)| held.is_none() && batch.num_rows() > 0);
    let before = history.given(&receipt.0).cloned();
    let sha256 = contract.as_deref().map(hash_of);
    let is_old = before.as_ref().is_some_and(|given| {
        // Held again, but read by another contract: whoever releases it means the newer reading.
        given.held == held && (held.is_none() || given.contract == sha256)
    });
    let is_active = history.is_wholly_active(delivery, read.submission.replaces_own_span());
    // An answer that brings rows for a table is taken again, for the table may have changed.
    if is_old && rows.is_none() && (held.is_some() || is_active) {
        report.unchanged = true;
        return Ok(report);
    }
    if !is_old {
        if before.is_some() {
            pending.again.insert(receipt.0.clone());
        }
        let decided =
            Decided { held: held.as_deref(), contract_sha256: sha256.as_deref(), before: before.as_ref() };
        pending.receipts.push(receipt_row(read, &decided)?);
        pending.rejections.push(rejection_rows(&receipt.0, &conformed.rejections)?);
    }
    if held.is_some() {
        // The same answer was active while the reference tables were others.
        pending.supersedes.extend(replacement.receipts.into_keys().filter(|old| *old == receipt.0));
        pending.contracts.extend(contract);
        history.note((delivery, &read.sha256), held, sha256);
        return Ok(report);
    }
    supersede(read, &replacement, &mut report, pending)?;
    if let Some((name, batch)) = rows {
        pending.rows.push((table(name)?, batch.clone()));
    }
    let events = first_known(&conformed.events, &replacement.events, delivery.received_at)?;
    history.admit((delivery, &read.sha256), &conformed.usage, &events, &replacement.receipts)?;
    pending.facts.insert(receipt.0, (conformed.usage.clone(), events));
    Ok(report)
}

/// Puts out of force what a delivery takes the place of, in whole or in part.
fn supersede(
    read: &Read<'_>,
    replacement: &Replacement,
    report: &mut Report,
    pending: &mut Pending,
) -> Result<(), IngestError> {
    if !replacement.receipts.is_empty() && read.submission.is_facts() {
        let (usage, events) = replacement.leaving()?;
        let now = cells(&read.conformed.usage, &read.conformed.events)?;
        report.diff = Some(diff(&cells(&usage, &events)?, &now));
    }
    let receipt = read.submission.delivery.receipt_id();
    for (old, rest) in &replacement.receipts {
        let id = Some(ReceiptId(old.clone())).filter(|old| *old != receipt);
        if read.submission.replaces_own_span() {
            report.superseded_within.extend(id);
        } else {
            report.superseded = report.superseded.take().or(id);
        }
        // One of this very batch was never committed; it only has to be dropped.
        if pending.facts.remove(old).is_none() {
            pending.supersedes.insert(old.clone());
        }
        if let Some(rest) = rest {
            pending.facts.insert(old.clone(), rest.clone());
        }
    }
    Ok(())
}

/// Why a delivery would be held, and what it takes out of force.
fn check(
    read: &Read<'_>,
    (lake, reference): (Option<&Lake>, &ReferenceData),
    history: &ReceiptHistory,
    replacement: &Replacement,
) -> Result<(Vec<Breach>, Option<Loss>), IngestError> {
    let (delivery, conformed) = (read.submission.delivery, &read.conformed);
    let Content::Facts(format) = read.submission.content else {
        return Ok((conformed.breaches.iter().cloned().map(Breach::error).collect(), None));
    };
    let near = history.near(&read.extent, &replacement.receipts)?;
    let mut found = breaches(format, delivery, conformed, reference, &near)?;
    // A release has decided on it, so nothing is read for it again.
    if let (Some(lake), None, false) = (lake, read.submission.release, conformed.parts.is_empty()) {
        let mut before: BTreeSet<&str> = replacement.receipts.keys().map(String::as_str).collect();
        if before.is_empty() {
            before.extend(followed(delivery.source_id.as_str(), conformed, &near)?);
        }
        found.extend(missing_parts(format, &conformed.parts, &before, (lake, history))?.map(Breach::doubt));
    }
    let (usage, events) = replacement.leaving()?;
    let loss = loss((&usage, &events), (&conformed.usage, &conformed.events))?;
    found.extend(loss.as_ref().map(|loss| Breach::doubt(loss.reason(format.replaces_own_span()))));
    if read.submission.release.is_some() && conformed.usage.num_rows() + conformed.events.num_rows() == 0 {
        found.push(Breach::error(
            "nothing of it is readable, so there is nothing to become active".to_owned(),
        ));
    }
    Ok((found, loss))
}

fn text_of(breach: &Breach) -> String {
    breach.text.clone()
}

/// The contract a delivery was read by, to be kept beside it: who releases it later means this reading.
fn contract(read: &Read<'_>) -> Result<Option<Vec<u8>>, IngestError> {
    let Content::Facts(format) = read.submission.content else { return Ok(None) };
    Ok(Some(serde_json::to_vec(&KeptContract {
        format: format.name().to_owned(),
        settings: format.settings()?,
    })?))
}

fn hash_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A report with its counts.
fn counts(read: &Read<'_>, is_held: bool) -> Report {
    let (delivery, conformed) = (read.submission.delivery, &read.conformed);
    let mut report = Report::of(delivery, false);
    report.rows_in = conformed.rows_in;
    report.accepted = (conformed.usage.num_rows() + conformed.events.num_rows()) as u64;
    if !is_held {
        report.accepted += conformed.rows.as_ref().map_or(0, |(_, batch)| batch.num_rows()) as u64;
        report.discrepancies.clone_from(&conformed.discrepancies);
    }
    // A list of stages tells how things are when it comes.
    let list = (conformed.events.num_rows() > 0).then(|| oslo::day(delivery.received_at));
    report.newest = read.extent.newest().or(list);
    report.rejected = conformed.rejections.len() as u64;
    report.rejected_rows = rejected_rows(conformed) as u64;
    for rejection in &conformed.rejections {
        *report.reasons.entry(rejection.reason.clone()).or_default() += 1;
    }
    report
}

/// What was decided on a delivery, and what is known of its receipt from before.
struct Decided<'d> {
    held: Option<&'d str>,
    contract_sha256: Option<&'d str>,
    before: Option<&'d Given>,
}

fn receipt_row(read: &Read<'_>, decided: &Decided<'_>) -> Result<RecordBatch, IngestError> {
    let (contract_version, synthetic) = match read.submission.content {
        Content::Facts(format) => (format.contract_version(), format.is_synthetic()),
        Content::Reference(_) => (1, false),
    };
    let delivery = read.submission.delivery;
    let was = decided.before.filter(|_| read.submission.release.is_some());
    let entry = ReceiptEntry {
        delivery,
        sha256: &read.sha256,
        rows_in: read.conformed.rows_in,
        rejections: &read.conformed.rejections,
        contract_version,
        synthetic: synthetic || delivery.synthetic,
        // A released one goes on saying what it was held for, and by what contract it was read.
        held: decided.held.or(was.and_then(|given| given.held.as_deref())),
        contract_sha256: decided.contract_sha256.or(was.and_then(|given| given.contract.as_deref())),
        release: read.submission.release.map(|release| (release.at, release.reason)),
    };
    entry.row()
}
