//! Statements that come some at a time become facts as those do that come all at once.

use arrow::array::RecordBatch;
use utbredt_model::{Observation, Period, Reason};

use super::rows::UsageColumns;
use super::{Declared, Stamp};
use crate::columns::day_number;
use crate::format::Format;
use crate::reference_data::ReferenceData;
use crate::{Delivery, IngestError};

/// Puts statements on the reference data that come some at a time.
pub(crate) struct Conforming<'c> {
    declared: Declared<'c>,
    stamp: Stamp,
    reference: &'c ReferenceData,
}

/// Rows with the reasons why they are no facts.
type FaultyRows = Vec<(u64, Reason)>;

impl<'c> Conforming<'c> {
    pub(crate) fn new(format: &'c dyn Format, delivery: &Delivery, reference: &'c ReferenceData) -> Self {
        Self { declared: Declared::of(format, reference), stamp: Stamp::of(format, delivery), reference }
    }

    /// The counts of some statements of one measure. `is_counted` says whether a code has a number in a period, from its first day to
    /// the first after it.
    pub(crate) fn usage(
        &self,
        observations: &[Observation],
        is_counted: &dyn Fn(&str, (i32, i32)) -> bool,
    ) -> Result<(RecordBatch, FaultyRows), IngestError> {
        let (mut usage, mut faulty) = (UsageColumns::default(), Vec::new());
        for observation in observations {
            let is_counted = |code: &str, period: Period| {
                is_counted(code, (day_number(period.start), day_number(period.end)))
            };
            let added = usage.add(observation, &self.declared, &is_counted, self.reference);
            faulty.extend(added.err().map(|fault| (observation.row, fault.into())));
        }
        Ok((usage.finish(&self.stamp)?, faulty))
    }
}
