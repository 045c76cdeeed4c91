//! Deliveries of facts, one or many, that somebody has as bytes.

use chrono::{DateTime, Utc};
use std::sync::Arc;

use utbredt_lake::Writer;

use crate::commit::{Content, Submission, commit_all, commit_one};
use crate::contract::ReadBy;
use crate::format::{Format, check_contract};
use crate::history::ReceiptHistory;
use crate::{Delivered, Delivery, IngestError, Report};

/// Brings one delivery in, recorded when it was received.
///
/// # Errors
/// [`IngestError`] when the lake is not ready or cannot be written, or the contract is another source's. What
/// is wrong with the data is in the report instead.
pub fn deliver(writer: &mut Writer, format: &dyn Format, delivery: &Delivery) -> Result<Report, IngestError> {
    deliver_one(writer, format, delivery).map(|delivered| delivered.report)
}

/// Brings one delivery in as [`deliver`] does, and gives the rejected rows too.
///
/// # Errors
/// As [`deliver`].
pub fn deliver_one(
    writer: &mut Writer,
    format: &dyn Format,
    delivery: &Delivery,
) -> Result<Delivered, IngestError> {
    commit_one(writer, Submission::of(delivery, Content::Facts(format)))
}

/// Brings deliveries in, one after the other, in one edition.
///
/// # Errors
/// As [`deliver`]; then none of them is in.
pub fn deliver_all(
    writer: &mut Writer,
    recorded_at: DateTime<Utc>,
    deliveries: &[(Arc<dyn Format>, Delivery)],
) -> Result<Vec<Report>, IngestError> {
    let mut submissions = Vec::with_capacity(deliveries.len());
    for (format, delivery) in deliveries {
        submissions.push(Submission::of(delivery, Content::Facts(format.as_ref())));
    }
    let delivered = commit_all(writer, recorded_at, &submissions)?;
    Ok(delivered.into_iter().map(|delivered| delivered.report).collect())
}

/// Brings a delivery in that nobody decided on anew, as a file that lies in a folder: an answer that gave way to another
/// is passed over, and does not come back by itself.
pub(crate) fn redeliver(
    writer: &mut Writer,
    format: &dyn Format,
    delivery: &Delivery,
) -> Result<Report, IngestError> {
    check_contract(format, delivery)?;
    let latest = writer.lake().latest()?;
    let history = ReceiptHistory::read(writer.lake(), latest.as_ref())?;
    let receipt = history.reading(delivery, &ReadBy::of(format)?, writer.lake());
    if history.is_outdated(&receipt.0, format.replaces_own_span()) {
        tracing::info!(source = %delivery.source_id, subject = delivery.subject, "a file is passed over: a later answer is active");
        return Ok(Report::passed_over(delivery, receipt, latest.map_or(0, |edition| edition.number)));
    }
    deliver(writer, format, delivery)
}
