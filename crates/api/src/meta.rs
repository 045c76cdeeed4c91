//! What stands beside the rows of an answer, as the OpenAPI document describes it. The objects themselves are made where
//! the answers are; a test compares their members with these.

use std::collections::BTreeMap;

use utoipa::ToSchema;

/// Beside the rows of a look-up or the elements of a list.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what is written elsewhere")]
pub(crate) struct ListMeta {
    /// The edition that answered.
    edition: u64,
    /// How many rows or elements there are.
    rows: u64,
}

/// Beside the rows of a KPI: how to read them, and what was requested.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what is written elsewhere")]
pub(crate) struct KpiMeta {
    /// The edition that answered.
    edition: u64,
    /// When that edition was made.
    #[schema(format = DateTime)]
    as_of: String,
    /// The KPI.
    kpi_id: String,
    /// Goes up when the KPI's meaning changes.
    kpi_version: u32,
    /// What the KPI is called.
    title: String,
    /// What one of the value is.
    unit: String,
    /// Which way is better: higher, lower or neither.
    better: String,
    /// Which areas the rows are for.
    by: String,
    /// In which borders.
    borders: String,
    /// What was done with municipalities that were split.
    policy: String,
    /// How long the periods are.
    granularity: String,
    /// The first day, included.
    #[schema(format = Date)]
    from: String,
    /// The first day after the last period.
    #[schema(format = Date)]
    to: String,
    /// The KPI's parameters as given, and the measure that was meant where none was.
    params: BTreeMap<String, String>,
    /// The solutions for which the question does not arise; their rows are `not_applicable`.
    unanswered: Vec<UnansweredMeta>,
    /// The areas that chose the municipalities, by their key.
    filter: BTreeMap<String, Vec<String>>,
    /// Coverage of the last row for the nation; null for rows of several areas.
    #[schema(required = true)]
    coverage: Option<f64>,
    /// The sources whose deliveries hold facts the answer was computed from.
    sources: Vec<String>,
    /// The counts of inhabitants the values are divided by.
    denominators: Vec<DenominatorMeta>,
    /// The ages that a solution is for and that no count of inhabitants has: then there is nothing to divide by.
    uncounted_ages: Vec<AgeBandMeta>,
    /// What to know before comparing.
    caveats: Vec<String>,
    /// What each version of the definition changed, the newest first.
    changes: Vec<DefinitionChange>,
    /// Whether any row rests on invented facts.
    synthetic: bool,
    /// How many rows there are.
    rows: u64,
}

/// What a version of a definition changed.
#[derive(Debug, ToSchema)]
#[schema(as = DefinitionChange)]
#[expect(dead_code, reason = "describes what is written elsewhere")]
pub(crate) struct DefinitionChange {
    version: u32,
    #[schema(format = Date)]
    date: String,
    /// What gives another number than before.
    text: String,
}

/// A solution for which the question does not arise.
#[derive(Debug, ToSchema)]
#[schema(as = Unanswered)]
#[expect(dead_code, reason = "describes what is written elsewhere")]
pub(crate) struct UnansweredMeta {
    /// The solution.
    solution_id: String,
    /// Why, as a code.
    reason: String,
    /// Why, in the language requested.
    #[schema(required = true)]
    text: Option<String>,
}

/// A count of inhabitants.
#[derive(Debug, ToSchema)]
#[schema(as = Denominator)]
#[expect(dead_code, reason = "describes what is written elsewhere")]
pub(crate) struct DenominatorMeta {
    /// The day they were counted.
    #[schema(format = Date)]
    reference_date: String,
    /// The youngest age counted.
    age_from: u32,
    /// The first age left out; null where all older ages are counted.
    #[schema(required = true)]
    age_to: Option<u32>,
    /// The publication the count is from.
    vintage: String,
}

/// Ages of inhabitants.
#[derive(Debug, ToSchema)]
#[schema(as = AgeBand)]
#[expect(dead_code, reason = "describes what is written elsewhere")]
pub(crate) struct AgeBandMeta {
    /// The youngest age.
    age_from: u32,
    /// The first age left out; null where there is no upper end.
    #[schema(required = true)]
    age_to: Option<u32>,
}

/// Beside the rows of a diff.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what is written elsewhere")]
pub(crate) struct DiffMeta {
    /// The KPI.
    kpi_id: String,
    /// What the KPI is called.
    title: String,
    /// What one of the value is.
    unit: String,
    /// The older edition.
    before: DiffEdition,
    /// The newer edition.
    after: DiffEdition,
    /// Which areas the rows are for.
    by: String,
    /// In which borders.
    borders: String,
    /// What was done with municipalities that were split.
    policy: String,
    /// The first day, included.
    #[schema(format = Date)]
    from: String,
    /// The first day after the last period.
    #[schema(format = Date)]
    to: String,
    /// The KPI's parameters as given.
    params: BTreeMap<String, String>,
    /// The areas that chose the municipalities, by their key.
    filter: BTreeMap<String, Vec<String>>,
    /// How many rows there are.
    rows: u64,
    /// How many cells were compared.
    compared: u64,
    /// Rows by what caused their change.
    rows_by_cause: BTreeMap<String, u64>,
    /// The tables that differ, by what the difference causes.
    tables_by_cause: BTreeMap<String, Vec<String>>,
    /// Deliveries that were superseded between the two.
    superseded: Vec<String>,
    /// Deliveries that came in and took another's place, in whole or in part.
    corrections: Vec<String>,
    /// Deliveries that came in between the two.
    deliveries: u64,
    /// Whether any row rests on invented facts.
    synthetic: bool,
}

/// One of the two editions of a diff.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what is written elsewhere")]
pub(crate) struct DiffEdition {
    /// Its number.
    edition: u64,
    /// When it was made.
    #[schema(format = DateTime)]
    as_of: String,
    /// The KPI's version then; null where it is not known.
    #[schema(required = true)]
    kpi_version: Option<u32>,
}
