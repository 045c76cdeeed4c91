//! What changed a KPI between two editions.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use chrono::{DateTime, NaiveDate, Utc};
use utbredt_kpi::{KpiRequest, Titles};

/// What changed a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Facts that were not told of before.
    NewData,
    /// Facts told again, otherwise, or no longer.
    RevisedData,
    /// What is counted, for whom, worth what, and against which goal; and the KPI's own text.
    Definition,
    /// Territory, and which municipalities make an area.
    Borders,
    /// Inhabitants.
    Denominator,
}

impl Cause {
    /// All, in the order they are shown.
    pub const ALL: [Self; 5] =
        [Self::NewData, Self::RevisedData, Self::Definition, Self::Borders, Self::Denominator];

    /// All, in the order the steps from one edition to the other are taken: each stands on those before it. Old
    /// facts, persons and goals can be told in new borders; new ones cannot be told in borders that lack their codes.
    pub const STEPS: [Self; 5] =
        [Self::Borders, Self::Definition, Self::Denominator, Self::RevisedData, Self::NewData];

    /// The word clients see: a column of the answer.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NewData => "new_data",
            Self::RevisedData => "revised_data",
            Self::Definition => "definition",
            Self::Borders => "borders",
            Self::Denominator => "denominator",
        }
    }
}

/// What must be known to read a diff right.
#[derive(Debug, Clone)]
pub struct DiffMeta {
    /// The question both editions answered.
    pub request: KpiRequest,
    /// The KPI.
    pub kpi_id: String,
    /// Its title in three languages.
    pub title: Titles,
    /// Its unit: that of the values, the change and the parts.
    pub unit: String,
    /// The version of its definition before; none when there was no such KPI.
    pub version_before: Option<u32>,
    /// The version after.
    pub version_after: u32,
    /// The older edition.
    pub before: u64,
    /// When it was made.
    pub recorded_before: DateTime<Utc>,
    /// The newer edition.
    pub after: u64,
    /// When it was made.
    pub recorded_after: DateTime<Utc>,
    /// First day.
    pub from: NaiveDate,
    /// Last day, included.
    pub to: NaiveDate,
    /// How many cells were compared.
    pub compared: usize,
    /// How many rows are told.
    pub rows: usize,
    /// How many of them each cause has changed.
    pub causes: Vec<(Cause, usize)>,
    /// The tables that are not the same, by the cause they stand for; those of facts under both kinds of data.
    pub tables: Vec<(Cause, Vec<&'static str>)>,
    /// The deliveries that went out of force.
    pub superseded: Vec<String>,
    /// The deliveries that came in and took another's place, in whole or in part.
    pub corrections: Vec<String>,
    /// How many others came in.
    pub deliveries: usize,
    /// Whether either answer rests on rows invented for demonstration.
    pub synthetic: bool,
}

/// What changed.
#[derive(Debug, Clone)]
pub struct DiffAnswer {
    /// Its columns.
    pub schema: SchemaRef,
    /// Its rows, by period and key.
    pub batches: Vec<RecordBatch>,
    /// How to read them.
    pub meta: DiffMeta,
}
