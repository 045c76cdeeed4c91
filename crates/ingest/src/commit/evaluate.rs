//! The decision on one delivery: active, held, or nothing new; and what the next edition gets of it.

use std::collections::BTreeSet;

use utbredt_lake::Lake;
use utbredt_model::{ReceiptId, oslo};

use super::first_known::first_known;
use super::reading::{Reading, is_active_as_read, is_second, receipt_for, under};
use super::replacement::Replacement;
use super::{Content, Pending, Read};
use crate::columns::table;
use crate::diff::{cells, diff};
use crate::history::ReceiptHistory;
use crate::loss::{Loss, WayOut, loss};
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
    let replacement = Replacement::of(read, history)?;
    let (breaches, loss) = check(read, (lake, reference), history, &replacement)?;
    let mut report = counts(read, !breaches.is_empty());
    report.loss = loss;
    let events = first_known(&conformed.events, &replacement.events, delivery.received_at)?;
    let has_any = conformed.usage.num_rows() + events.num_rows() > 0;
    // Of one that is not readable, nothing can be said to be as it was.
    if (has_any || breaches.is_empty())
        && is_active_as_read(read, (&conformed.usage, &events), &replacement, history)?
    {
        report.unchanged = true;
        report.receipt_id = history.receipt_of(delivery);
        Reading::of(read, &report.receipt_id, None, history)?.note_contract(lake, history, pending)?;
        return Ok(report);
    }
    let receipt = receipt_for(read, !breaches.is_empty(), history);
    report.receipt_id = receipt.clone();
    decide(read, &breaches, &mut report);
    let is_held = report.held.is_some();
    if is_held && read.submission.release.is_some() {
        return Ok(report);
    }
    let rows = conformed.rows.as_ref().filter(|(_, batch)| !is_held && batch.num_rows() > 0);
    let reading = Reading::of(read, &receipt, report.held.as_deref(), history)?;
    let is_old = reading.is_old(lake);
    let is_active = history.is_wholly_active(delivery, read.submission.replaces_own_span());
    // An answer that brings rows for a table is taken again, for the table may have changed.
    if is_old && rows.is_none() && (is_held || is_active) {
        report.unchanged = true;
        return Ok(report);
    }
    if !is_old {
        reading.write(pending)?;
    }
    history.note(&receipt.0, reading.given(is_old));
    if is_held {
        // The same answer was active while the reference tables were others.
        pending.supersedes.extend(replacement.receipts.into_keys().filter(|old| *old == receipt.0));
        return Ok(report);
    }
    supersede(read, &replacement, &mut report, pending)?;
    if let Some((name, batch)) = rows {
        pending.rows.push((table(name)?, batch.clone()));
    }
    let facts = under((&conformed.usage, &events), &receipt.0)?;
    history.admit((delivery, &receipt.0), &facts.0, &facts.1, &replacement.receipts)?;
    pending.facts.insert(receipt.0.clone(), facts);
    Ok(report)
}

/// Why a delivery is held, and whether a person may release it. One that a person releases is held by what nobody may decide.
pub(super) fn decide(read: &Read<'_>, breaches: &[Breach], report: &mut Report) {
    let is_release = read.submission.release.is_some();
    let holding = breaches.iter().filter(|one| !is_release || !one.releasable);
    let reasons: Vec<String> = holding.map(|one| one.text.clone()).collect();
    if reasons.is_empty() {
        return;
    }
    report.releasable = !is_release && report.accepted > 0 && breaches.iter().all(|one| one.releasable);
    report.held = Some(reasons);
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
    let receipt = report.receipt_id.clone();
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
    let way_out = match (is_second(read, history, lake)?, format.replaces_own_span()) {
        (true, _) => WayOut::SecondContract,
        (false, true) => WayOut::Whole,
        (false, false) => WayOut::Subject,
    };
    found.extend(loss.as_ref().map(|loss| Breach::doubt(loss.reason(way_out))));
    if read.submission.release.is_some() && conformed.usage.num_rows() + conformed.events.num_rows() == 0 {
        found.push(Breach::error(
            "nothing of it is readable, so there is nothing to become active".to_owned(),
        ));
    }
    Ok((found, loss))
}

/// A report with its counts.
pub(super) fn counts(read: &Read<'_>, is_held: bool) -> Report {
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
