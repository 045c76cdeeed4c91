//! What became of a delivery.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::{Value, json};
use utbredt_model::Verdict;
use utbredt_model::{ReceiptId, Rejection};

use crate::Delivery;
use crate::diff::Diff;
use crate::loss::Loss;

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its receipt: that of this reading of it, where the same bytes are active as another contract reads them.
    pub receipt_id: ReceiptId,
    /// Who gave it.
    pub source_id: String,
    /// What it answers.
    pub subject: String,
    /// It was here already and nothing changed; the counts below are zero where it was not read again.
    pub unchanged: bool,
    /// Data rows read.
    pub rows_in: u64,
    /// Facts accepted; those of a held delivery are not active.
    pub accepted: u64,
    /// Statements rejected.
    pub rejected: u64,
    /// Rows rejected in part or whole, totals and plain repetitions aside.
    pub rejected_rows: u64,
    /// The rejected, counted by reason.
    pub reasons: BTreeMap<String, u64>,
    /// Why it is held: what was active before still is.
    pub held: Option<Vec<String>>,
    /// Whether it is held and a person may release it: nothing of it would be counted twice, and something is readable.
    pub releasable: bool,
    /// What it would take, or a person let it take, out of force without reporting it again.
    pub loss: Option<Loss>,
    /// Where a register differs from the reference tables; the delivery is active all the same.
    pub discrepancies: Vec<String>,
    /// The last day its facts are about.
    pub newest: Option<NaiveDate>,
    /// The receipt it took the place of.
    pub superseded: Option<ReceiptId>,
    /// Receipts of which it took the place within its own span only.
    pub superseded_within: Vec<ReceiptId>,
    /// What changed from them.
    pub diff: Option<Diff>,
    /// The latest edition now.
    pub edition: u64,
}

/// What became of a delivery, and each row of it that was rejected: none where it was here already, and not read again.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// What became of it.
    pub report: Report,
    /// The rows rejected, with the reasons.
    pub rejections: Vec<Rejection>,
}

impl Report {
    /// Of a delivery that was here before, under a receipt, and is not read again.
    pub(crate) fn passed_over(delivery: &Delivery, receipt_id: ReceiptId, edition: u64) -> Self {
        Self { receipt_id, edition, ..Self::of(delivery, true) }
    }

    pub(crate) fn of(delivery: &Delivery, unchanged: bool) -> Self {
        Self {
            receipt_id: delivery.receipt_id(),
            source_id: delivery.source_id.to_string(),
            subject: delivery.subject.clone(),
            unchanged,
            rows_in: 0,
            accepted: 0,
            rejected: 0,
            rejected_rows: 0,
            reasons: BTreeMap::new(),
            held: None,
            releasable: false,
            loss: None,
            discrepancies: Vec::new(),
            newest: None,
            superseded: None,
            superseded_within: Vec::new(),
            diff: None,
            edition: 0,
        }
    }

    /// What became of it, in a word.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match (&self.held, self.unchanged) {
            (Some(_), _) => Verdict::Held,
            (None, true) => Verdict::Unchanged,
            (None, false) => Verdict::Accepted,
        }
    }

    /// Facts that are active now.
    #[must_use]
    pub fn active(&self) -> u64 {
        if self.held.is_some() { 0 } else { self.accepted }
    }

    /// The report for whoever reads JSON, as far as it does not depend on where the bytes came from.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "source_id": self.source_id,
            "subject": self.subject,
            "receipt_id": self.receipt_id.0,
            "state": self.verdict(),
            "unchanged": self.unchanged,
            "rows_in": self.rows_in,
            "accepted": self.accepted,
            "rejected": self.rejected,
            "rejected_rows": self.rejected_rows,
            "reasons": self.reasons,
            "held": self.held,
            "releasable": self.releasable,
            "loss": self.loss.as_ref().map(Loss::to_json),
            "discrepancies": self.discrepancies,
            "superseded": self.superseded.as_ref().map(|old| &old.0),
            "superseded_within": self.superseded_within.iter().map(|old| &old.0).collect::<Vec<_>>(),
            "cells": self.cells_to_json(),
            "edition": self.edition,
        })
    }

    /// What a correction changed, for whoever reads JSON; null where nothing was superseded.
    #[must_use]
    pub fn cells_to_json(&self) -> Value {
        let Some(diff) = &self.diff else { return Value::Null };
        let mut changed = Vec::with_capacity(diff.changed.len());
        for cell in &diff.changed {
            changed.push(json!({ "cell": cell.key, "old": cell.old, "new": cell.new }));
        }
        json!({
            "added": diff.added, "removed": diff.removed, "changed": changed, "withdrawn": diff.withdrawn,
        })
    }
}
