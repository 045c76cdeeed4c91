//! One reading of a delivery as its receipt has it: by what it was read, and what was decided. The same bytes may be read
//! more than once, by one contract and by another.

use std::sync::Arc;

use arrow::array::{Array, RecordBatch, StringArray};
use arrow::row::{OwnedRow, RowConverter, SortField};
use chrono::{DateTime, Utc};
use utbredt_lake::Lake;
use utbredt_model::ReceiptId;

use super::replacement::Replacement;
use super::{Content, Pending, Read};
use crate::IngestError;
use crate::audit_tables::{ReceiptEntry, rejection_rows};
use crate::contract::ReadBy;
use crate::history::{Facts, Given, ReceiptHistory};

/// A reading under its receipt.
pub(super) struct Reading<'r> {
    read: &'r Read<'r>,
    receipt: &'r str,
    /// Nothing of an answer about reference data.
    by: Option<ReadBy>,
    /// Why it is held.
    held: Option<String>,
    /// What its receipt had before.
    before: Option<Given>,
}

impl<'r> Reading<'r> {
    pub(super) fn of(
        read: &'r Read<'r>,
        receipt: &'r ReceiptId,
        held: Option<&[String]>,
        history: &ReceiptHistory,
    ) -> Result<Self, IngestError> {
        let (by, held) = (read.submission.read_by()?, held.map(|reasons| reasons.join("\n")));
        let before = history.given(&receipt.0).cloned();
        Ok(Self { read, receipt: &receipt.0, by, held, before })
    }

    /// Whether its receipt says all of it already.
    pub(super) fn is_old(&self, lake: Option<&Lake>) -> bool {
        let Some(before) = self.before.as_ref().filter(|before| before.held == self.held) else {
            return false;
        };
        match (&self.by, &before.contract) {
            // Held again, but read by another contract: whoever releases it means the newer reading. One that was held
            // before contracts were kept can be released when it is held anew.
            (Some(_), None) if self.held.is_some() => false,
            (Some(by), named) => by.is(named.as_deref(), lake),
            (None, named) => named.is_none(),
        }
    }

    /// Puts its receipt and its rejections into the next edition.
    pub(super) fn write(&self, pending: &mut Pending) -> Result<(), IngestError> {
        self.write_received(self.read.submission.delivery.received_at, pending)
    }

    /// Of a reading by another contract that gives the facts that are active: notes that contract, so that the same file is
    /// not read again for it. A receipt that says who released it goes on naming what was released.
    pub(super) fn note_contract(
        &self,
        lake: Option<&Lake>,
        history: &mut ReceiptHistory,
        pending: &mut Pending,
    ) -> Result<(), IngestError> {
        let (Some(before), Some(by)) = (&self.before, &self.by) else { return Ok(()) };
        if before.released || by.is(before.contract.as_deref(), lake) {
            return Ok(());
        }
        // What was active since stays so: it came when it came first.
        self.write_received(before.received_at(), pending)?;
        history.note(self.receipt, Given { contract: self.contract(), ..before.clone() });
        Ok(())
    }

    /// What is known of its receipt from now on.
    pub(super) fn given(&self, is_old: bool) -> Given {
        let delivery = self.read.submission.delivery;
        let was_released = self.before.as_ref().is_some_and(|before| is_old && before.released);
        Given {
            source_id: delivery.source_id.to_string(),
            subject: delivery.subject.clone(),
            received_at: delivery.received_at.timestamp_micros(),
            sha256: self.read.sha256.clone(),
            held: self.held.clone(),
            contract: self.contract(),
            released: was_released || self.read.submission.release.is_some(),
        }
    }

    /// The hash of what it was read by, as its receipt names it. A released one was read by what it was held by.
    fn contract(&self) -> Option<String> {
        if self.read.submission.release.is_some() {
            return self.before.as_ref().and_then(|before| before.contract.clone());
        }
        self.kept().map(|by| by.sha256.clone())
    }

    /// What is kept of what it was read by: every contract, and a built-in format where a person may have to decide.
    fn kept(&self) -> Option<&ReadBy> {
        self.by.as_ref().filter(|by| by.is_contract || self.held.is_some())
    }

    fn write_received(&self, received_at: DateTime<Utc>, pending: &mut Pending) -> Result<(), IngestError> {
        let submission = &self.read.submission;
        let (contract_version, synthetic) = match submission.content {
            Content::Facts(format) => (format.contract_version(), format.is_synthetic()),
            Content::Reference(_) => (1, false),
        };
        let (contract, rejections) = (self.contract(), &self.read.conformed.rejections);
        // A released one goes on saying what it was held for.
        let was_held = self.before.as_ref().filter(|_| submission.release.is_some());
        let entry = ReceiptEntry {
            delivery: submission.delivery,
            receipt_id: self.receipt,
            received_at,
            sha256: &self.read.sha256,
            rows_in: self.read.conformed.rows_in,
            rejections,
            contract_version,
            synthetic: synthetic || submission.delivery.synthetic,
            held: self.held.as_deref().or(was_held.and_then(|before| before.held.as_deref())),
            contract_sha256: contract.as_deref(),
            release: submission.release.map(|release| (release.at, release.reason)),
        };
        if self.before.is_some() {
            pending.again.insert(self.receipt.to_owned());
        }
        let rows = (entry.row()?, rejection_rows(self.receipt, rejections)?);
        pending.receipts.insert(self.receipt.to_owned(), rows);
        if submission.release.is_none() {
            pending.contracts.extend(self.kept().map(|by| by.bytes.clone()));
        }
        Ok(())
    }
}

/// The receipt that a reading gets. What is active under one stays under it while another reading of the same bytes is held:
/// that gets the other.
pub(super) fn receipt_for(read: &Read<'_>, is_held: bool, history: &ReceiptHistory) -> ReceiptId {
    if let Some(release) = read.submission.release {
        return ReceiptId(release.receipt_id.to_owned());
    }
    let delivery = read.submission.delivery;
    let active = history.receipt_of(delivery);
    if !(is_held && read.submission.is_facts() && history.is_active(&active.0)) {
        return active;
    }
    let [first, second] = history.receipts_of(delivery);
    if active == first { second } else { first }
}

/// Whether a delivery's bytes are active as something else reads them.
pub(super) fn is_second(
    read: &Read<'_>,
    history: &ReceiptHistory,
    lake: Option<&Lake>,
) -> Result<bool, IngestError> {
    let delivery = read.submission.delivery;
    let is_active = history.is_active(&history.receipt_of(delivery).0);
    let by = read.submission.read_by()?;
    Ok(is_active && by.is_some_and(|by| !history.is_active_by(delivery, &by, lake)))
}

/// Whether the facts read are those that are active of the same bytes, so that nothing becomes of them.
pub(super) fn is_active_as_read(
    read: &Read<'_>,
    (usage, events): (&RecordBatch, &RecordBatch),
    replacement: &Replacement,
    history: &ReceiptHistory,
) -> Result<bool, IngestError> {
    let submission = &read.submission;
    let receipt = history.receipt_of(submission.delivery).0;
    let is_active = history.is_active(&receipt);
    // What replaces more than itself changes something.
    let alone = replacement.receipts.keys().all(|old| *old == receipt);
    if !(submission.is_facts() && submission.release.is_none() && is_active && alone) {
        return Ok(false);
    }
    match history.active_facts(&receipt) {
        Some(active) => Ok(rows_of(usage, &active.usage)? == rows_of(&active.usage, &active.usage)?
            && rows_of(events, &active.events)? == rows_of(&active.events, &active.events)?),
        None => Ok(usage.num_rows() + events.num_rows() == 0),
    }
}

/// The rows of facts, in order, without what `of` could not say: the receipt, and a column that older lakes do not have.
fn rows_of(facts: &RecordBatch, of: &RecordBatch) -> Result<Vec<OwnedRow>, IngestError> {
    let mut columns = Vec::new();
    for (field, (column, old)) in facts.schema().fields().iter().zip(facts.columns().iter().zip(of.columns()))
    {
        let is_unknown = field.name() == "perturbed" && old.null_count() == old.len();
        if field.name() != "receipt_id" && !is_unknown {
            columns.push(Arc::clone(column));
        }
    }
    let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
    let rows = RowConverter::new(fields)?.convert_columns(&columns)?;
    let mut rows: Vec<OwnedRow> = rows.iter().map(|row| row.owned()).collect();
    rows.sort();
    Ok(rows)
}

/// Facts as they stand under a receipt.
pub(super) fn under(
    (usage, events): (&RecordBatch, &RecordBatch),
    receipt: &str,
) -> Result<Facts, IngestError> {
    Ok((stamped(usage, receipt)?, stamped(events, receipt)?))
}

/// Facts under a receipt.
pub(super) fn stamped(batch: &RecordBatch, receipt: &str) -> Result<RecordBatch, IngestError> {
    let mut columns = batch.columns().to_vec();
    let receipts = StringArray::from(vec![receipt; batch.num_rows()]);
    columns[batch.schema().index_of("receipt_id")?] = Arc::new(receipts);
    Ok(RecordBatch::try_new(batch.schema(), columns)?)
}
