//! From what a source reported to facts on places that existed: organisations become their municipality, codes get
//! the division they were measured in, and what names nothing known is rejected with the reason.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use chrono::{Months, NaiveDate};
use utbredt_model::{Observation, ObservedFact, Parsed, Reason, ReasonCode, Rejection, Stage, Subject};

use crate::columns::{day_number, day_of, table};
use crate::commit::ReferenceAnswer;
use crate::format::Format;
use crate::reference_data::ReferenceData;
use crate::rollout::Note;
use crate::{Delivery, IngestError, sandbox};

/// The greatest count believed. No country has that many of anything counted here, and sums of it still fit.
const MAX_COUNT: i64 = 1 << 40;

/// For how many months a source may go on using a code that ceased.
const GRACE_MONTHS: u32 = 12;

/// A delivery as facts.
#[derive(Debug)]
pub(crate) struct Conformed {
    /// Rows of `usage`.
    pub(crate) usage: RecordBatch,
    /// Rows of `rollout_events`.
    pub(crate) events: RecordBatch,
    /// What was rejected, by the parser and here.
    pub(crate) rejections: Vec<Rejection>,
    /// Data rows read.
    pub(crate) rows_in: u64,
    /// What holds the delivery back, found by the parser.
    pub(crate) breaches: Vec<String>,
    /// Rows for a reference table.
    pub(crate) rows: Option<(&'static str, RecordBatch)>,
    /// Where it differs from the reference tables.
    pub(crate) discrepancies: Vec<String>,
}

impl Conformed {
    /// An answer about reference data: no facts.
    pub(crate) fn of_reference(answer: &ReferenceAnswer) -> Result<Self, IngestError> {
        Ok(Self {
            usage: RecordBatch::new_empty(table("usage")?.schema()),
            events: RecordBatch::new_empty(table("rollout_events")?.schema()),
            rejections: answer.rejections.clone(),
            rows_in: answer.rows_in,
            breaches: answer.held.clone(),
            rows: answer.rows.clone(),
            discrepancies: answer.discrepancies.clone(),
        })
    }
}

/// Parses a delivery and puts its statements on the reference data.
pub(crate) fn conform(
    format: &dyn Format,
    delivery: &Delivery,
    reference: &ReferenceData,
) -> Result<Conformed, IngestError> {
    let Parsed { observations, mut rejections, rows_in, breaches } =
        sandbox::parse(format, &delivery.payload, delivery.received_at);
    let stamp =
        Stamp { synthetic: delivery.synthetic || format.is_synthetic(), receipt_id: delivery.receipt_id().0 };
    let (mut usage, mut events, mut faulty) = (UsageColumns::default(), EventColumns::default(), Vec::new());
    for observation in &observations {
        let added = match &observation.fact {
            ObservedFact::Usage { .. } => usage.add(observation, reference),
            ObservedFact::Rollout { .. } => events.add(observation, reference, format.notes()),
        };
        faulty.extend(added.err().map(|fault| (observation, fault)));
    }
    rejections.extend(rejected(format, delivery, faulty));
    rejections.sort_by_key(|rejection| rejection.row);
    let (usage, events) = (usage.finish(&stamp)?, events.finish(&stamp)?);
    Ok(Conformed { usage, events, rejections, rows_in, breaches, rows: None, discrepancies: Vec::new() })
}

/// What every fact of a delivery carries.
struct Stamp {
    synthetic: bool,
    receipt_id: String,
}

/// Rejections with the row as received, where rows are lines; else with what was understood of it.
fn rejected(
    format: &dyn Format,
    delivery: &Delivery,
    faulty: Vec<(&Observation, RowFault)>,
) -> Vec<Rejection> {
    if faulty.is_empty() {
        return Vec::new();
    }
    let text = format.lines(&delivery.payload).unwrap_or(Cow::Borrowed(""));
    let line_break = if text.contains('\n') { '\n' } else { '\r' };
    let rows: BTreeSet<u64> = faulty.iter().map(|(observation, _)| observation.row).collect();
    let lines: BTreeMap<u64, &str> =
        (1..).zip(text.split(line_break)).filter(|(row, _)| rows.contains(row)).collect();
    let mut rejections = Vec::with_capacity(faulty.len());
    for (observation, fault) in faulty {
        let raw = match lines.get(&observation.row).filter(|_| !text.is_empty()) {
            Some(line) => line.trim_end_matches('\r').to_owned(),
            None => format!("{:?} {:?}", observation.subject, observation.fact),
        };
        rejections.push(Rejection::new(observation.row, fault, raw));
    }
    rejections
}

/// Where a subject is on a day.
struct Place {
    day: NaiveDate,
    /// Its municipality's code, if it has one.
    code: Option<String>,
    organisation: Option<String>,
    /// The newest division holding the code on or before the day.
    division: Option<i32>,
    /// The first day after that division.
    valid_to: Option<i32>,
    /// The first division that ever held the code.
    first: Option<i32>,
}

impl Place {
    fn of(subject: &Subject, day: NaiveDate, reference: &ReferenceData) -> Self {
        let number = day_number(day);
        let (code, organisation) = match subject {
            Subject::Municipality(code) => (Some(code.to_string()), None),
            Subject::Organisation(organisation) => {
                let organisation = organisation.to_string();
                (reference.owner(&organisation, number).map(str::to_owned), Some(organisation))
            }
        };
        let divisions = code.as_deref().map_or(&[][..], |code| reference.divisions_of(code));
        let newest = divisions.iter().rev().find(|division| division.date <= number);
        Self {
            day,
            organisation,
            division: newest.map(|division| division.date),
            valid_to: newest.and_then(|division| division.valid_to),
            first: divisions.first().map(|division| division.date),
            code,
        }
    }

    /// The code and its division, where a count can be put there.
    fn counted(&self, reference: &ReferenceData) -> Result<(&str, i32), RowFault> {
        let (code, first) = self.known(reference)?;
        let (code_owned, day) = (code.to_owned(), self.day);
        let Some(division) = self.division else {
            return Err(RowFault::NotYet { code: code_owned, from: day_of(first), day });
        };
        match self.valid_to.map(day_of) {
            Some(ceased) if day >= ceased + Months::new(GRACE_MONTHS) => {
                let successors = reference.successors.get(&(day_number(ceased), code_owned.clone()));
                let instead: Vec<_> = successors.into_iter().flatten().cloned().collect();
                Err(RowFault::Ceased { code: code_owned, ceased, instead })
            }
            _ => Ok((code, division)),
        }
    }

    /// The code and its division for a list, which speaks about a code as it was, however long ago it ceased, and of one
    /// to come as it will be.
    fn listed(&self, reference: &ReferenceData) -> Result<(&str, i32), RowFault> {
        let (code, first) = self.known(reference)?;
        Ok((code, self.division.unwrap_or(first)))
    }

    /// The code and the first division that ever held it.
    fn known(&self, reference: &ReferenceData) -> Result<(&str, i32), RowFault> {
        let Some(code) = self.code.as_deref() else {
            let organisation = self.organisation.clone().unwrap_or_default();
            return Err(RowFault::NoMunicipality { organisation, day: self.day });
        };
        match self.first {
            Some(first) => Ok((code, first)),
            None => Err(RowFault::NeverExisted {
                code: code.to_owned(),
                since: reference.first_day().map(day_of),
            }),
        }
    }
}

/// Why a statement is no fact.
#[derive(Debug, thiserror::Error)]
enum RowFault {
    /// A solution or measure nobody knows.
    #[error(transparent)]
    UnknownName(#[from] IngestError),
    #[error("organisation number {organisation} belongs to no municipality known on {day}")]
    NoMunicipality { organisation: String, day: NaiveDate },
    #[error("municipality code {code} does not exist in any division{}", since.map_or(String::new(), |day| format!(" since {day}")))]
    NeverExisted { code: String, since: Option<NaiveDate> },
    #[error("municipality code {code} exists from {from} only, and the period begins on {day}")]
    NotYet { code: String, from: NaiveDate, day: NaiveDate },
    #[error("municipality code {code} ceased on {ceased}{}", use_instead(instead))]
    Ceased { code: String, ceased: NaiveDate, instead: Vec<String> },
    #[error("value {0} cannot be a count: it must lie from 0 to {MAX_COUNT}")]
    NoCount(i64),
}

impl From<RowFault> for Reason {
    fn from(fault: RowFault) -> Self {
        let code = match &fault {
            RowFault::UnknownName(_) => ReasonCode::UnknownWord,
            RowFault::NoCount(_) => ReasonCode::OutOfRange,
            RowFault::NoMunicipality { .. }
            | RowFault::NeverExisted { .. }
            | RowFault::NotYet { .. }
            | RowFault::Ceased { .. } => ReasonCode::InvalidCode,
        };
        Self::new(code, fault.to_string())
    }
}

fn use_instead(successors: &[String]) -> String {
    if successors.is_empty() { String::new() } else { format!(", use {}", successors.join(" or ")) }
}

/// The columns of `usage` that differ from row to row.
#[derive(Default)]
struct UsageColumns {
    solutions: Vec<String>,
    measures: Vec<String>,
    codes: Vec<String>,
    divisions: Vec<i32>,
    organisations: Vec<Option<String>>,
    starts: Vec<i32>,
    ends: Vec<i32>,
    values: Vec<Option<i64>>,
    states: Vec<&'static str>,
    provisional: Vec<bool>,
}

impl UsageColumns {
    /// Adds a row.
    fn add(&mut self, observation: &Observation, reference: &ReferenceData) -> Result<(), RowFault> {
        let ObservedFact::Usage { solution_id, measure_id, period, value, state, provisional } =
            &observation.fact
        else {
            return Ok(());
        };
        reference.check(solution_id.as_str(), Some(measure_id.as_str()))?;
        let place = Place::of(&observation.subject, period.start, reference);
        let (code, division) = place.counted(reference)?;
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
        self.provisional.push(*provisional);
        self.organisations.push(place.organisation);
        Ok(())
    }

    fn finish(self, stamp: &Stamp) -> Result<RecordBatch, IngestError> {
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
            Arc::new(BooleanArray::from(self.provisional)),
            Arc::new(BooleanArray::from(vec![false; rows])),
            Arc::new(BooleanArray::from(vec![stamp.synthetic; rows])),
            Arc::new(StringArray::from(vec![stamp.receipt_id.as_str(); rows])),
        ];
        Ok(RecordBatch::try_new(table("usage")?.schema(), columns)?)
    }
}

/// The columns of `rollout_events` that differ from row to row.
#[derive(Default)]
struct EventColumns {
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
    fn add(
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

    fn finish(self, stamp: &Stamp) -> Result<RecordBatch, IngestError> {
        let rows = self.solutions.len();
        let known_at = TimestampMicrosecondArray::from(self.known_at).with_timezone("UTC");
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(self.solutions)),
            Arc::new(StringArray::from(self.codes)),
            Arc::new(Date32Array::from(self.divisions)),
            Arc::new(StringArray::from(self.stages)),
            Arc::new(Date32Array::from(self.starts)),
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
