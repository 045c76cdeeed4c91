//! The answer of a KPI, and the rows of anything else.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::AddAssign;
use std::time::Duration;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::SchemaRef;
use chrono::{DateTime, NaiveDate, Utc};
use utbredt_kpi::{Better, Borders, By, Caveats, Change, Policy, Titles};

/// The answer of a KPI.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its columns: period, key and name of the area, value, numerator, denominator, state, coverage, marks, counts of
    /// municipalities, then the KPI's own.
    pub schema: SchemaRef,
    /// Its rows, by period and key.
    pub batches: Vec<RecordBatch>,
    /// How to read them.
    pub meta: Meta,
}

/// What must be known to read an answer right.
#[derive(Debug, Clone)]
pub struct Meta {
    /// The KPI.
    pub kpi_id: String,
    /// The version of its definition.
    pub kpi_version: u32,
    /// Its title in three languages.
    pub title: Titles,
    /// Its unit.
    pub unit: String,
    /// Which way is better.
    pub better: Better,
    /// The edition answered from.
    pub edition: u64,
    /// When that edition was made.
    pub recorded_at: DateTime<Utc>,
    /// What a row is about.
    pub by: By,
    /// In which borders.
    pub borders: Borders,
    /// What happened at inexact borders.
    pub policy: Policy,
    /// How long a period is: `month`, `range` …
    pub granularity: &'static str,
    /// First day.
    pub from: NaiveDate,
    /// Last day, included as the bounds of a request are: sent back as `to` it names the same last period.
    pub to: NaiveDate,
    /// The parameters of the request, and the measure that was meant where it names none.
    pub params: BTreeMap<String, String>,
    /// The solutions for which the question does not arise: their rows are `not_applicable`.
    pub unanswered: Vec<Unanswered>,
    /// The areas that chose the municipalities.
    pub filter: BTreeMap<By, Vec<String>>,
    /// What to know before comparing.
    pub caveats: Caveats,
    /// What each version of the definition changed, the newest first.
    pub changes: Vec<Change>,
    /// How many rows.
    pub rows: usize,
    /// The share of the nation's inhabitants the last row speaks for; none for rows of several areas or solutions.
    pub coverage: Option<f64>,
    /// The sources of the deliveries it was computed from.
    pub sources: Vec<String>,
    /// The counts of inhabitants it divides by.
    pub denominators: Vec<Denominator>,
    /// The ages that a solution is for and that no count of inhabitants has: then there is nothing to divide by.
    pub uncounted_ages: Vec<AgeBand>,
    /// Whether any row rests on what was invented for demonstration.
    pub synthetic: bool,
    /// What it took to answer.
    pub work: Work,
}

/// A solution for which the question does not arise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unanswered {
    /// The solution.
    pub solution_id: String,
    /// Why, as a code.
    pub reason: &'static str,
    /// Why, in three languages; none for a code without a text.
    pub text: Option<Titles>,
}

/// What it took to answer: how many sets of cells were kept from before, and how many were computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Work {
    /// Sets of cells found.
    pub kept: usize,
    /// Sets of cells computed.
    pub computed: usize,
    /// Time spent on the relations that the computed ones read, in so far as they were not kept.
    pub relations: Duration,
    /// Time spent on planning their SQL.
    pub planning: Duration,
    /// Time spent on running it.
    pub running: Duration,
}

impl AddAssign for Work {
    fn add_assign(&mut self, more: Self) {
        self.kept += more.kept;
        self.computed += more.computed;
        self.relations += more.relations;
        self.planning += more.planning;
        self.running += more.running;
    }
}

/// Ages of inhabitants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AgeBand {
    /// The youngest.
    pub age_from: u32,
    /// The first age left out; none when there is no upper end.
    pub age_to: Option<u32>,
}

impl fmt::Display for AgeBand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.age_from, self.age_to) {
            (0, None) => write!(f, "all ages"),
            (from, None) => write!(f, "{from} years and over"),
            (from, Some(to)) => write!(f, "{from} to {} years", to.saturating_sub(1)),
        }
    }
}

/// A count of inhabitants that periods of an answer are measured by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Denominator {
    /// The day they were counted.
    pub reference_date: NaiveDate,
    /// The youngest.
    pub age_from: u32,
    /// The first age left out; none when there is no upper end.
    pub age_to: Option<u32>,
    /// The publication the count is from.
    pub vintage: String,
}

/// The rows of a look-up or of a SELECT.
#[derive(Debug, Clone)]
pub struct Rows {
    /// Their columns.
    pub schema: SchemaRef,
    /// The rows.
    pub batches: Vec<RecordBatch>,
    /// The edition they were read from.
    pub edition: u64,
}

impl Rows {
    /// Whether any row is marked as made up, by a flag `synthetic`.
    #[must_use]
    pub fn is_synthetic(&self) -> bool {
        let flags =
            self.batches.iter().filter_map(|batch| batch.column_by_name("synthetic")?.as_boolean_opt());
        flags.into_iter().any(|flags| flags.true_count() > 0)
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }
}
