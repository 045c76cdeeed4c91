//! Which active facts a delivery takes the place of: those of the same subject, or those of its own span.

use std::collections::BTreeMap;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::{concat_batches, not};

use super::Read;
use crate::IngestError;
use crate::columns::{filter, table};
use crate::facts::usage_rows;
use crate::history::{Facts, ReceiptHistory};

/// What becomes of active facts when a delivery becomes active.
#[derive(Debug, Default)]
pub(super) struct Replacement {
    /// By receipt, the rows of it that stay active, if any do.
    pub(super) receipts: BTreeMap<String, Option<Facts>>,
    /// Rows of `usage` that leave.
    pub(super) usage: Vec<RecordBatch>,
    /// Rows of `rollout_events` that leave.
    pub(super) events: Vec<RecordBatch>,
}

impl Replacement {
    /// What the delivery takes the place of.
    pub(super) fn of(read: &Read<'_>, history: &ReceiptHistory) -> Result<Self, IngestError> {
        let delivery = read.submission.delivery;
        let own_span = read.submission.replaces_own_span();
        let own = history.receipts_of(delivery);
        let mut replacement = Self::default();
        for receipt in history.replaceable(delivery, own_span) {
            let Some(facts) = history.active_facts(&receipt) else {
                // An answer about reference data has no facts, and is replaced all the same.
                if !own_span {
                    replacement.receipts.insert(receipt, None);
                }
                continue;
            };
            // Whatever span it reports now, the same bytes have one reading that counts.
            if !own_span || own.iter().any(|own| own.0 == receipt) {
                replacement.usage.push(facts.usage.clone());
                replacement.events.push(facts.events.clone());
                replacement.receipts.insert(receipt, None);
                continue;
            }
            let inside = within(&facts.usage, &read.conformed.usage)?;
            if inside.true_count() == 0 {
                continue;
            }
            replacement.usage.push(filter(&facts.usage, &inside)?);
            // A span is one of periods: statements about stages are no part of it.
            let rest = (filter(&facts.usage, &not(&inside)?)?, facts.events.clone());
            let stays = rest.0.num_rows() + rest.1.num_rows() > 0;
            replacement.receipts.insert(receipt, stays.then_some(rest));
        }
        Ok(replacement)
    }

    /// The rows that leave, of `usage` and of `rollout_events`.
    pub(super) fn leaving(&self) -> Result<(RecordBatch, RecordBatch), IngestError> {
        Ok((
            concat_batches(&table("usage")?.schema(), &self.usage)?,
            concat_batches(&table("rollout_events")?.schema(), &self.events)?,
        ))
    }
}

/// Which rows of `usage` lie within the span of another: of the same solution and measure, from the first day it reports
/// of that measure to its last.
fn within(usage: &RecordBatch, of: &RecordBatch) -> Result<BooleanArray, IngestError> {
    let mut spans: BTreeMap<(&str, &str), (i32, i32)> = BTreeMap::new();
    for row in usage_rows(of)? {
        let span = spans.entry((row.solution, row.measure)).or_insert((row.start, row.end));
        *span = (span.0.min(row.start), span.1.max(row.end));
    }
    let rows = usage_rows(usage)?;
    let inside = rows.iter().map(|row| {
        let span = spans.get(&(row.solution, row.measure));
        Some(span.is_some_and(|(start, end)| *start <= row.start && row.end <= *end))
    });
    Ok(inside.collect())
}
