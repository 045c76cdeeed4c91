//! From what a source reported to facts on places that existed: organisations become their municipality, codes get
//! the division they were measured in, and what names nothing known is rejected with the reason.

mod pieces;
mod rows;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use arrow::array::RecordBatch;
use chrono::{Months, NaiveDate};
use utbredt_model::{
    MeasureId, Observation, ObservedFact, Parsed, Period, Reason, ReasonCode, Rejection, SolutionId, Subject,
    SumPart,
};

pub(crate) use self::pieces::Conforming;
use self::rows::{EventColumns, UsageColumns};
use crate::columns::{day_number, day_of, table};
use crate::commit::ReferenceAnswer;
use crate::format::Format;
use crate::reference_data::ReferenceData;
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
    /// The parts that the contract added up.
    pub(crate) parts: BTreeSet<SumPart>,
    /// Rows for a reference table.
    pub(crate) rows: Option<(&'static str, RecordBatch)>,
    /// Where it differs from the reference tables.
    pub(crate) discrepancies: Vec<String>,
}

impl Conformed {
    /// Facts alone.
    pub(crate) fn of_facts(usage: RecordBatch, events: RecordBatch) -> Self {
        Self {
            usage,
            events,
            rejections: Vec::new(),
            rows_in: 0,
            breaches: Vec::new(),
            parts: BTreeSet::new(),
            rows: None,
            discrepancies: Vec::new(),
        }
    }

    /// An answer about reference data: no facts.
    pub(crate) fn of_reference(answer: &ReferenceAnswer) -> Result<Self, IngestError> {
        Ok(Self {
            usage: RecordBatch::new_empty(table("usage")?.schema()),
            events: RecordBatch::new_empty(table("rollout_events")?.schema()),
            rejections: answer.rejections.clone(),
            rows_in: answer.rows_in,
            breaches: answer.held.clone(),
            parts: BTreeSet::new(),
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
    let Parsed { observations, mut rejections, rows_in, breaches, parts } =
        sandbox::parse(format, delivery.payload.bytes(), delivery.received_at);
    let stamp = Stamp::of(format, delivery);
    let declared = Declared::of(format, reference);
    let counted = counted_codes(&observations);
    let (mut usage, mut events, mut faulty) = (UsageColumns::default(), EventColumns::default(), Vec::new());
    for observation in &observations {
        let added = match &observation.fact {
            ObservedFact::Usage { solution_id, measure_id, .. } => {
                let is_counted =
                    |code: &str, period: Period| counted.contains(&(solution_id, measure_id, period, code));
                usage.add(observation, &declared, &is_counted, reference)
            }
            ObservedFact::Rollout { .. } => events.add(observation, reference, format.notes()),
        };
        faulty.extend(added.err().map(|fault| (observation, fault)));
    }
    rejections.extend(rejected(format, delivery, faulty));
    // Faults here come after those of the parser, and a reader looks for a row's number.
    rejections.sort_by_key(|rejection| rejection.row);
    let (usage, events) = (usage.finish(&stamp)?, events.finish(&stamp)?);
    let (rows, discrepancies) = (None, Vec::new());
    Ok(Conformed { usage, events, rejections, rows_in, breaches, parts, rows, discrepancies })
}

/// Codes with a number, each with what it is of.
type CountedCodes<'o> = HashSet<(&'o SolutionId, &'o MeasureId, Period, &'o str)>;

fn counted_codes(observations: &[Observation]) -> CountedCodes<'_> {
    let mut counted = CountedCodes::new();
    for Observation { subject, fact, .. } in observations {
        if let (
            Subject::Municipality(code),
            ObservedFact::Usage { solution_id, measure_id, period, value: Some(_), .. },
        ) = (subject, fact)
        {
            counted.insert((solution_id, measure_id, *period, code.as_str()));
        }
    }
    counted
}

/// What every fact of a delivery carries.
struct Stamp {
    synthetic: bool,
    receipt_id: String,
}

impl Stamp {
    fn of(format: &dyn Format, delivery: &Delivery) -> Self {
        let synthetic = delivery.synthetic || format.is_synthetic();
        Self { synthetic, receipt_id: delivery.receipt_id().0 }
    }
}

/// What the contract says of every count.
struct Declared<'f> {
    /// The division that every code is in.
    division: Option<Division>,
    /// The unit that numbers were scaled to.
    unit: Option<&'f str>,
}

/// The division in force on a declared day; no date where the day is before the earliest.
#[derive(Debug, Clone, Copy)]
struct Division {
    day: NaiveDate,
    date: Option<i32>,
}

impl<'f> Declared<'f> {
    fn of(format: &'f dyn Format, reference: &ReferenceData) -> Self {
        let on = |day| Division { day, date: reference.division_on(day_number(day)) };
        Self { division: format.division().map(on), unit: format.unit() }
    }

    /// Refuses scaled numbers of another unit than the measure's: 512 thousandths are no 512 users.
    fn check_unit(
        &self,
        solution: &SolutionId,
        measure: &MeasureId,
        reference: &ReferenceData,
    ) -> Result<(), RowFault> {
        let Some(unit) = self.unit else { return Ok(()) };
        match reference.unit(solution.as_str(), measure.as_str()) {
            Some(known) if unit != known => Err(RowFault::OtherUnit {
                measure: measure.to_string(),
                unit: unit.to_owned(),
                known: known.to_owned(),
            }),
            _ => Ok(()),
        }
    }
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
    let text = format.lines(delivery.payload.bytes()).unwrap_or(Cow::Borrowed(""));
    // Files of old Macintosh programs end their lines with a carriage return alone.
    let line_break = if text.contains('\n') { '\n' } else { '\r' };
    // Only the lines of faulty rows are kept: a file may have millions.
    let rows: BTreeSet<u64> = faulty.iter().map(|(observation, _)| observation.row).collect();
    let lines: BTreeMap<u64, &str> =
        (1..).zip(text.split(line_break)).filter(|(row, _)| rows.contains(row)).collect();
    let mut rejections = Vec::with_capacity(faulty.len());
    for (observation, fault) in faulty {
        let raw = match lines.get(&observation.row).filter(|_| !text.is_empty()) {
            Some(line) => line.trim_end_matches('\r').to_owned(),
            None => serde_json::to_string(observation).unwrap_or_default(),
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
        // The newest begun by then: a code may come back in a later division.
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
        self.in_time(reference)?;
        let (code, first) = self.known(reference)?;
        let (code_owned, day) = (code.to_owned(), self.day);
        let Some(division) = self.division else {
            return Err(RowFault::NotYet { code: code_owned, from: day_of(first), day });
        };
        match self.valid_to.map(day_of) {
            Some(ceased) if day >= ceased + Months::new(GRACE_MONTHS) => {
                // By the day it ceased, since a code may have been given away and taken back.
                let instead = reference.instead_on(day_number(ceased), code, day_number(day));
                Err(RowFault::Ceased { code: code_owned, ceased, instead })
            }
            _ => Ok((code, division)),
        }
    }

    /// The successor beside which a code that has ceased is named.
    fn successor_beside(
        &self,
        reference: &ReferenceData,
        is_counted: impl Fn(&str) -> bool,
    ) -> Option<String> {
        let ceased = self.valid_to.filter(|end| *end <= day_number(self.day))?;
        let code = self.code.as_deref().filter(|_| self.organisation.is_none())?;
        // Each with its name behind the code.
        let successors = reference.instead(ceased, code).into_iter();
        successors.filter(|named| named.split(' ').next().is_some_and(&is_counted)).min()
    }

    /// The code and its division, where a count was laid on the borders of one day.
    fn carried_back(&self, declared: Division, reference: &ReferenceData) -> Result<(&str, i32), RowFault> {
        self.in_time(reference)?;
        let (code, _) = self.known(reference)?;
        let own = reference.divisions_of(code);
        if let Some(division) = declared.date.filter(|date| own.iter().any(|own| own.date == *date)) {
            return Ok((code, division));
        }
        // The last division that held it ends where its successors begin.
        let before = own.iter().rfind(|own| declared.date.is_some_and(|date| own.date < date));
        let ended = before.and_then(|own| own.valid_to);
        let on = day_number(declared.day);
        let instead = ended.map_or_else(Vec::new, |end| reference.instead_on(end, code, on));
        Err(RowFault::NotInDivision { code: code.to_owned(), day: declared.day, instead })
    }

    /// Refuses what is older than the earliest division, which is not the municipality's fault.
    fn in_time(&self, reference: &ReferenceData) -> Result<(), RowFault> {
        match reference.first_day().map(day_of) {
            Some(since) if self.day < since => Err(RowFault::OutsideDivisions { day: self.day, since }),
            _ => Ok(()),
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
    #[error(
        "the period begins on {day}, and the lake's divisions begin on {since}: leave earlier periods out of the file"
    )]
    OutsideDivisions { day: NaiveDate, since: NaiveDate },
    #[error(
        "municipality code {code} is not in the division of {day}, which the contract declares{}",
        use_instead(instead)
    )]
    NotInDivision { code: String, day: NaiveDate, instead: Vec<String> },
    #[error("the contract scales to `{unit}`, and `{measure}` is counted in `{known}`")]
    OtherUnit { measure: String, unit: String, known: String },
    #[error("municipality code {code} has ceased, and is named with 0 beside {successor}: it counts nothing")]
    NothingBeside { code: String, successor: String },
    #[error("value {0} cannot be a count: it must lie from 0 to {MAX_COUNT}")]
    NoCount(i64),
}

impl From<RowFault> for Reason {
    fn from(fault: RowFault) -> Self {
        let code = match &fault {
            RowFault::UnknownName(_) => ReasonCode::UnknownWord,
            RowFault::NoCount(_) => ReasonCode::OutOfRange,
            RowFault::OutsideDivisions { .. } => ReasonCode::OutsideDivisions,
            RowFault::OtherUnit { .. } => ReasonCode::InvalidField,
            RowFault::NothingBeside { .. } => ReasonCode::Excluded,
            RowFault::NoMunicipality { .. }
            | RowFault::NotInDivision { .. }
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
