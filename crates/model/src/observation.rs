//! What a source stated, row by row and in its own terms, before any check against the reference data.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    CellState, Marks, MeasureId, MunicipalityCode, OrganisationNumber, Period, Reason, ReasonCode,
    SolutionId, Stage,
};

/// Whom a statement is about, as the source names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Subject {
    /// A municipality by code, in whatever division the source used.
    Municipality(MunicipalityCode),
    /// An organisation, to be joined to its municipality on the day in question.
    Organisation(OrganisationNumber),
}

/// The statement itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ObservedFact {
    /// A count over a period, or a stock at its end.
    Usage {
        /// The solution used.
        solution_id: SolutionId,
        /// What was counted.
        measure_id: MeasureId,
        /// When.
        period: Period,
        /// The count; `None` unless the state is `ok`.
        value: Option<i64>,
        /// Why there is none.
        state: CellState,
        /// The source's reservations: provisional, imputed, perturbed.
        marks: Marks,
    },
    /// A change of stage in a rollout.
    Rollout {
        /// The solution rolled out.
        solution_id: SolutionId,
        /// The stage entered.
        stage: Stage,
        /// The first day it holds.
        valid_from: NaiveDate,
        /// When the source made it known.
        known_at: DateTime<Utc>,
    },
}

/// One statement of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// Its row in the payload, counted from 1 (header included where there is one).
    pub row: u64,
    /// Whom it is about.
    pub subject: Subject,
    /// The statement.
    pub fact: ObservedFact,
}

/// A row that is not accepted. Kept with its reason, never dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// The row of the payload, counted from 1.
    pub row: u64,
    /// What kind of reason it is.
    pub code: ReasonCode,
    /// What is wrong and, where possible, how to fix it.
    pub reason: String,
    /// The row as received, at most 500 characters of it.
    pub raw: String,
}

impl Rejection {
    /// Makes one, cutting the raw text to 500 characters.
    pub fn new(row: u64, reason: impl Into<Reason>, raw: impl AsRef<str>) -> Self {
        let Reason { code, text } = reason.into();
        Self { row, code, reason: text, raw: raw.as_ref().chars().take(500).collect() }
    }
}

/// A part of sums: where a contract adds rows that differ in a column, such as one for each sex, what one of them is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SumPart {
    /// The solution used.
    pub solution_id: SolutionId,
    /// What was counted.
    pub measure_id: MeasureId,
    /// The column and its word, of several columns each.
    pub name: String,
}

/// What parsing a payload gives: parsing never fails on data.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Parsed {
    /// The rows accepted so far.
    pub observations: Vec<Observation>,
    /// The rows rejected.
    pub rejections: Vec<Rejection>,
    /// How many data rows the payload had.
    pub rows_in: u64,
    /// Breaches of the contract that hold the whole delivery back (a missing column, a changed unit).
    pub breaches: Vec<String>,
    /// The parts that were added up, where a contract adds rows. A part that no row has shows only beside another delivery.
    #[serde(default)]
    pub parts: BTreeSet<SumPart>,
}
