//! The rows of the tables of facts while a delivery is read, column by column.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use utbredt_model::{Marks, Observation, ObservedFact, Period, Stage};

use super::{Declared, MAX_COUNT, Place, RowFault, Stamp};
use crate::IngestError;
use crate::columns::{day_number, table};
use crate::reference_data::ReferenceData;
use crate::rollout::Note;

/// The columns of `usage` that differ from row to row.
#[derive(Default)]
pub(super) struct UsageColumns {
    solutions: Vec<String>,
    measures: Vec<String>,
    codes: Vec<String>,
    divisions: Vec<i32>,
    organisations: Vec<Option<String>>,
    starts: Vec<i32>,
    ends: Vec<i32>,
    values: Vec<Option<i64>>,
    states: Vec<&'static str>,
    marks: Vec<Marks>,
}

impl UsageColumns {
    /// Adds a row; `is_counted` says whether a code has a number of the same measure in a period.
    pub(super) fn add(
        &mut self,
        observation: &Observation,
        declared: &Declared<'_>,
        is_counted: &dyn Fn(&str, Period) -> bool,
        reference: &ReferenceData,
    ) -> Result<(), RowFault> {
        let ObservedFact::Usage { solution_id, measure_id, period, value, state, marks } = &observation.fact
        else {
            return Ok(());
        };
        reference.check(solution_id.as_str(), Some(measure_id.as_str()))?;
        declared.check_unit(solution_id, measure_id, reference)?;
        let place = Place::of(&observation.subject, period.start, reference);
        let (code, division) = match declared.division {
            Some(division) => place.carried_back(division, reference)?,
            None => place.counted(reference)?,
        };
        // A list may go on naming a code that ceased, with nothing. Beside its successor that is no statement.
        let beside = place.successor_beside(reference, |successor| is_counted(successor, *period));
        if let Some(successor) = beside.filter(|_| *value == Some(0)) {
            return Err(RowFault::NothingBeside { code: code.to_owned(), successor });
        }
        if let Some(value) = value.filter(|value| !(0..=MAX_COUNT).contains(value)) {
            return Err(RowFault::NoCount(value));
        }
        self.solutions.push(solution_id.to_string());
        self.measures.push(measure_id.to_string());
        self.codes.push(code.to_owned());
        self.divisions.push(division);
        self.starts.push(day_number(period.start));
        self.ends.push(day_number(period.end));
        self.values.push(*value);
        self.states.push(state.as_str());
        self.marks.push(*marks);
        self.organisations.push(place.organisation);
        Ok(())
    }

    pub(super) fn finish(self, stamp: &Stamp) -> Result<RecordBatch, IngestError> {
        let rows = self.solutions.len();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(self.solutions)),
            Arc::new(StringArray::from(self.measures)),
            Arc::new(StringArray::from(self.codes)),
            Arc::new(Date32Array::from(self.divisions)),
            Arc::new(StringArray::from(self.organisations)),
            Arc::new(Date32Array::from(self.starts)),
            Arc::new(Date32Array::from(self.ends)),
            Arc::new(Int64Array::from(self.values)),
            Arc::new(StringArray::from(self.states)),
            flags(&self.marks, Marks::PROVISIONAL),
            flags(&self.marks, Marks::IMPUTED),
            Arc::new(BooleanArray::from(vec![stamp.synthetic; rows])),
            Arc::new(StringArray::from(vec![stamp.receipt_id.as_str(); rows])),
            flags(&self.marks, Marks::PERTURBED),
        ];
        Ok(RecordBatch::try_new(table("usage")?.schema(), columns)?)
    }
}

/// Which rows have a mark.
fn flags(marks: &[Marks], mark: Marks) -> ArrayRef {
    Arc::new(BooleanArray::from(marks.iter().map(|marks| marks.has(mark)).collect::<Vec<_>>()))
}

/// The columns of `rollout_events` that differ from row to row.
#[derive(Default)]
pub(super) struct EventColumns {
    solutions: Vec<String>,
    codes: Vec<String>,
    divisions: Vec<i32>,
    stages: Vec<&'static str>,
    starts: Vec<i32>,
    known_at: Vec<i64>,
    notes: Vec<Option<String>>,
}

impl EventColumns {
    /// Adds a row.
    pub(super) fn add(
        &mut self,
        observation: &Observation,
        reference: &ReferenceData,
        notes: &[Note],
    ) -> Result<(), RowFault> {
        let ObservedFact::Rollout { solution_id, stage, valid_from, known_at } = &observation.fact else {
            return Ok(());
        };
        reference.check(solution_id.as_str(), None)?;
        let place = Place::of(&observation.subject, *valid_from, reference);
        let (code, division) = place.listed(reference)?;
        // An absence that is explained is no pause.
        let note = notes
            .iter()
            .find(|note| *stage == Stage::Paused && note.explains(&observation.subject, *valid_from));
        let stage = if note.is_some() { Stage::InProduction } else { *stage };
        self.solutions.push(solution_id.to_string());
        self.codes.push(code.to_owned());
        self.divisions.push(division);
        self.stages.push(stage.as_str());
        self.starts.push(day_number(*valid_from));
        self.known_at.push(known_at.timestamp_micros());
        self.notes.push(note.map(|note| note.note.clone()));
        Ok(())
    }

    pub(super) fn finish(self, stamp: &Stamp) -> Result<RecordBatch, IngestError> {
        let rows = self.solutions.len();
        let known_at = TimestampMicrosecondArray::from(self.known_at).with_timezone("UTC");
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(self.solutions)),
            Arc::new(StringArray::from(self.codes)),
            Arc::new(Date32Array::from(self.divisions)),
            Arc::new(StringArray::from(self.stages)),
            Arc::new(Date32Array::from(self.starts)),
            // An event has no end of its own; the next event ends it.
            Arc::new(Date32Array::from(vec![None; rows])),
            Arc::new(known_at),
            Arc::new(StringArray::from(vec![None::<&str>; rows])),
            Arc::new(StringArray::from(self.notes)),
            Arc::new(BooleanArray::from(vec![stamp.synthetic; rows])),
            Arc::new(StringArray::from(vec![stamp.receipt_id.as_str(); rows])),
        ];
        Ok(RecordBatch::try_new(table("rollout_events")?.schema(), columns)?)
    }
}
