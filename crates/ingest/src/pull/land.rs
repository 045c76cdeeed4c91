//! An answer about reference data comes in: kept as received, and either in force or held, with a receipt like every
//! delivery's. Where a register says otherwise than the reference tables, that is told, and decides nothing.

use std::collections::BTreeSet;

use arrow::array::RecordBatch;
use chrono::{DateTime, Utc};
use utbredt_lake::{Change, Writer};
use utbredt_model::{ReceiptId, Rejection, SourceId};

use crate::audit_tables::{Entry, book, rejection_rows};
use crate::columns::table;
use crate::history::History;
use crate::{Delivery, IngestError, Report};

/// What was asked and answered, and what is made of it.
#[derive(Debug, Default)]
pub(super) struct Landing {
    /// The question; a new answer to it takes the old one's place.
    pub(super) asked: String,
    /// The answers, as received.
    pub(super) payload: Vec<u8>,
    /// Data rows read.
    pub(super) rows_in: u64,
    /// Rows refused.
    pub(super) rejections: Vec<Rejection>,
    /// Why it is held, if it is.
    pub(super) held: Vec<String>,
    /// What it says otherwise than the reference tables; where an answer is not believed, that is not told.
    pub(super) told: Vec<String>,
    /// Rows to be added to a table, unless it is held.
    pub(super) rows: Option<(&'static str, RecordBatch)>,
}

/// Brings an answer in: one edition, or none where the same answer stands already.
pub(super) fn land(
    writer: &mut Writer,
    source_id: &SourceId,
    received_at: DateTime<Utc>,
    landing: Landing,
) -> Result<Report, IngestError> {
    let Landing { asked, payload, rows_in, rejections, held: reasons, told, rows } = landing;
    let delivery = Delivery { source_id: source_id.clone(), asked, payload, received_at, synthetic: false };
    let latest = writer.lake().latest()?;
    let history = History::read(writer.lake(), latest.as_ref())?;
    let receipt = delivery.receipt_id();
    let held = (!reasons.is_empty()).then(|| reasons.join("\n"));
    let rows = rows.filter(|(_, frame)| held.is_none() && frame.num_rows() > 0);
    let mut report = Report::of(&delivery, false);
    report.rows_in = rows_in;
    report.accepted = rows.as_ref().map_or(0, |(_, frame)| frame.num_rows() as u64);
    report.rejected = rejections.len() as u64;
    report.refused_rows = rejections.iter().map(|r| r.row).collect::<BTreeSet<_>>().len() as u64;
    for rejection in &rejections {
        *report.reasons.entry(rejection.reason.clone()).or_default() += 1;
    }
    report.held = held.as_ref().map(|_| reasons);
    report.told = if held.is_some() { Vec::new() } else { told };
    let before = history.given(&receipt.0).map(|given| &given.held);
    let stands = before == Some(&held) && (held.is_some() || history.is_live(&receipt.0));
    if stands && rows.is_none() {
        report.unchanged = true;
        report.edition = latest.map_or(0, |edition| edition.number);
        return Ok(report);
    }
    let mut again = BTreeSet::new();
    if before.is_some_and(|before| *before != held) {
        again.insert(receipt.0.clone());
    }
    let sha256 = writer.keep_raw(&delivery.payload)?;
    let entry = Entry {
        delivery: &delivery,
        sha256: &sha256,
        rows_in,
        rejections: &rejections,
        contract_version: 1,
        synthetic: false,
        held: held.as_deref(),
    };
    let mut change = Change {
        recorded_at: received_at,
        reason: format!("{source_id}: {}", delivery.asked),
        replace: Vec::new(),
        append: Vec::new(),
        supersedes: Vec::new(),
        receipts: Vec::new(),
    };
    if before != Some(&held) {
        let books = [("receipts", entry.row()?), ("rejections", rejection_rows(&receipt.0, &rejections)?)];
        for (name, row) in books {
            let (whole, more) = book(writer.lake(), latest.as_ref(), name, &[row], &again)?;
            change.replace.extend(whole);
            change.append.extend(more);
        }
    }
    if let Some((name, frame)) = rows {
        change.append.push((table(name)?, frame));
    }
    let old = history.answered(&delivery).filter(|old| held.is_none() || *old == receipt.0);
    if held.is_none() {
        report.superseded = old.clone().filter(|old| *old != receipt.0).map(ReceiptId);
        change.receipts.push(receipt);
    }
    change.supersedes.extend(old.map(ReceiptId));
    report.edition = writer.commit(change)?.edition().number;
    Ok(report)
}

/// A number of things, in the words for one and for many.
pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The first few of many things, and how many more there are.
pub(super) fn few(all: &[String]) -> String {
    const MOST: usize = 8;
    let more = all.len().saturating_sub(MOST);
    let shown: Vec<&str> = all.iter().take(MOST).map(String::as_str).collect();
    match more {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
