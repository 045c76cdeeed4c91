//! The decision on one delivery: active, held, or nothing new; and what the next edition gets of it.

use arrow::array::RecordBatch;
use utbredt_model::ReceiptId;
use utbredt_sources::oslo;

use super::{Content, Pending, Read};
use crate::audit_tables::{ReceiptEntry, rejection_rows};
use crate::columns::table;
use crate::diff::{cells, diff};
use crate::history::ReceiptHistory;
use crate::quality_checks::{breaches, rejected_rows};
use crate::reference_data::ReferenceData;
use crate::{IngestError, Report};

/// Decides whether a delivery becomes active.
pub(super) fn evaluate(
    read: &Read<'_>,
    reference: &ReferenceData,
    history: &mut ReceiptHistory,
    pending: &mut Pending,
) -> Result<Report, IngestError> {
    let (delivery, conformed) = (read.submission.delivery, &read.conformed);
    let receipt = delivery.receipt_id();
    let replaced = history.answered(delivery);
    let reasons = match read.submission.content {
        Content::Facts(format) => {
            let near = history.near(&read.extent, replaced.as_deref());
            breaches(format, delivery, conformed, reference, &near)?
        }
        Content::Reference(_) => conformed.breaches.clone(),
    };
    let held = (!reasons.is_empty()).then(|| reasons.join("\n"));
    let mut report = counts(read, held.is_some());
    report.held = held.as_ref().map(|_| reasons);
    let rows = conformed.rows.as_ref().filter(|(_, batch)| held.is_none() && batch.num_rows() > 0);
    let before = history.given(&receipt.0).map(|given| given.held.clone());
    let is_old = before.as_ref() == Some(&held);
    // An answer that brings rows for a table is taken again, for the table may have changed.
    if is_old && rows.is_none() && (held.is_some() || history.is_active(&receipt.0)) {
        report.unchanged = true;
        return Ok(report);
    }
    if !is_old {
        if before.is_some() {
            pending.again.insert(receipt.0.clone());
        }
        pending.receipts.push(receipt_row(read, held.as_deref())?);
        pending.rejections.push(rejection_rows(&receipt.0, &conformed.rejections)?);
    }
    if held.is_some() {
        // The same answer was active while the reference tables were others.
        pending.supersedes.extend(replaced.filter(|old| *old == receipt.0));
        history.note(delivery, held);
        return Ok(report);
    }
    if let Some(old) = &replaced {
        if read.submission.is_facts() {
            let before = history
                .active_facts(old)
                .map(|active_facts| cells(&active_facts.usage, &active_facts.events))
                .transpose()?;
            let now = cells(&conformed.usage, &conformed.events)?;
            report.diff = Some(diff(&before.unwrap_or_default(), &now));
        }
        report.superseded = Some(ReceiptId(old.clone())).filter(|old| *old != receipt);
        // One of this very batch was never committed; it only has to be dropped.
        if pending.facts.remove(old).is_none() {
            pending.supersedes.insert(old.clone());
        }
    }
    if let Some((name, batch)) = rows {
        pending.rows.push((table(name)?, batch.clone()));
    }
    history.admit(delivery, &conformed.usage, &conformed.events, replaced.as_deref())?;
    pending.facts.insert(receipt.0, (conformed.usage.clone(), conformed.events.clone()));
    Ok(report)
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

fn receipt_row(read: &Read<'_>, held: Option<&str>) -> Result<RecordBatch, IngestError> {
    let (contract_version, synthetic) = match read.submission.content {
        Content::Facts(format) => (format.contract_version(), format.is_synthetic()),
        Content::Reference(_) => (1, false),
    };
    let delivery = read.submission.delivery;
    let entry = ReceiptEntry {
        delivery,
        sha256: &read.sha256,
        rows_in: read.conformed.rows_in,
        rejections: &read.conformed.rejections,
        contract_version,
        synthetic: synthetic || delivery.synthetic,
        held,
    };
    entry.row()
}
