//! The active facts of one measure, for deliveries that are checked one measure after the other.

use std::collections::BTreeSet;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::{and, not};
use arrow::error::ArrowError;
use utbredt_lake::{Edition, FileEntry, Lake};

use super::{ActiveFacts, ReceiptHistory, by_receipt, rows};
use crate::IngestError;
use crate::extent::{Extent, Near, with_receipt};

impl ReceiptHistory {
    /// The active facts near some usage, without those of receipts that leave.
    pub(crate) fn beside(
        &self,
        lake: &Lake,
        edition: &Edition,
        extent: &Extent,
        leaving: &BTreeSet<String>,
    ) -> Result<Vec<ActiveFacts>, IngestError> {
        let near = Near::of(std::slice::from_ref(extent));
        let usage = rows(
            lake,
            edition,
            "usage",
            |file| near.touches_file(file),
            |batch| and(&near.rows(batch)?, &not(&with_receipt(batch, leaving)?)?),
        )?;
        let mut beside = Vec::new();
        for (receipt, usage) in by_receipt(&usage)? {
            let (extent, events) = (Extent::of(&usage)?, RecordBatch::new_empty(usage.schema()));
            beside.push(self.active(&receipt, usage, events, extent));
        }
        Ok(beside)
    }

    /// The rows of a measure that came in some receipts.
    pub(crate) fn of_measure(
        &self,
        lake: &Lake,
        edition: &Edition,
        (solution, measure): (&str, &str),
        receipts: &BTreeSet<String>,
    ) -> Result<RecordBatch, IngestError> {
        rows(
            lake,
            edition,
            "usage",
            |file| {
                is_of(file, receipts)
                    && file.may_hold("solution_id", solution, solution)
                    && file.may_hold("measure_id", measure, measure)
            },
            |batch| {
                let own = and(&is(batch, "solution_id", solution)?, &is(batch, "measure_id", measure)?)?;
                and(&own, &with_receipt(batch, receipts)?)
            },
        )
    }

    /// The measures that some receipts reported.
    pub(crate) fn measures(
        &self,
        lake: &Lake,
        edition: &Edition,
        receipts: &BTreeSet<String>,
    ) -> Result<BTreeSet<(String, String)>, IngestError> {
        // The files are read by a function that keeps rows; here they are only looked at.
        let seen = std::cell::RefCell::new(BTreeSet::new());
        rows(
            lake,
            edition,
            "usage",
            |file| is_of(file, receipts),
            |batch| {
                let own = with_receipt(batch, receipts)?;
                let (solutions, measures) = (texts(batch, "solution_id")?, texts(batch, "measure_id")?);
                let mut before = None;
                for row in (0..batch.num_rows()).filter(|row| own.value(*row)) {
                    let measure = (solutions.value(row), measures.value(row));
                    if before.replace(measure) != Some(measure) {
                        seen.borrow_mut().insert((measure.0.to_owned(), measure.1.to_owned()));
                    }
                }
                // They are looked at and not kept.
                Ok(BooleanArray::from(vec![false; batch.num_rows()]))
            },
        )?;
        Ok(seen.into_inner())
    }

    /// The statements about stages that came in some receipts.
    pub(crate) fn events(
        &self,
        lake: &Lake,
        edition: &Edition,
        receipts: &BTreeSet<String>,
    ) -> Result<RecordBatch, IngestError> {
        rows(
            lake,
            edition,
            "rollout_events",
            |file| is_of(file, receipts),
            |batch| with_receipt(batch, receipts),
        )
    }
}

fn is_of(file: &FileEntry, receipts: &BTreeSet<String>) -> bool {
    file.receipts.iter().any(|receipt| receipts.contains(receipt))
}

fn texts<'b>(batch: &'b RecordBatch, name: &str) -> Result<&'b arrow::array::StringArray, ArrowError> {
    let column = batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
    column.ok_or_else(|| ArrowError::SchemaError(format!("column `{name}` is absent")))
}

fn is(batch: &RecordBatch, name: &str, value: &str) -> Result<BooleanArray, ArrowError> {
    Ok(texts(batch, name)?.iter().map(|own| Some(own == Some(value))).collect())
}
