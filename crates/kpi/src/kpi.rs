//! One KPI as the catalogue knows it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utbredt_model::Granularity;

use crate::{Better, Caveats, Lang, Param, ParamError, ParamValue, Titles, Unit, error::nearest, markdown};

/// How municipality cells become the cell of an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RollupKind {
    /// Numerators are added and are the value.
    Count,
    /// Numerators and denominators are added, then divided.
    Ratio,
    /// The greatest numerator is the value.
    Max,
    /// The smallest numerator is the value.
    Min,
    /// Not at all: the KPI is for municipalities only.
    None,
    /// The SQL makes the rows of each area itself, from the view `areas`.
    Area,
}

impl RollupKind {
    /// The word headers write.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Ratio => "ratio",
            Self::Max => "max",
            Self::Min => "min",
            Self::None => "none",
            Self::Area => "area",
        }
    }
}

/// What a KPI sees besides the periods shown, to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "`lookback` is a number of periods, or \"year\"")]
pub enum Lookback {
    /// So many periods before the first one shown.
    Periods(u32),
    /// Every view again, a year before each period shown and in that period's borders.
    Year(YearWord),
}

/// The word `year`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum YearWord {
    /// Written so in headers.
    Year,
}

impl Lookback {
    /// What a view is called when it is seen a year before: `usage_cells_year_ago`.
    pub const YEAR_AGO: &'static str = "_year_ago";

    /// How many periods before the first one shown are seen.
    #[must_use]
    pub const fn periods(self) -> u32 {
        match self {
            Self::Periods(periods) => periods,
            Self::Year(_) => 0,
        }
    }

    /// Whether the views are seen a year before as well.
    #[must_use]
    pub const fn sees_year_ago(self) -> bool {
        matches!(self, Self::Year(_))
    }
}

impl Default for Lookback {
    fn default() -> Self {
        Self::Periods(0)
    }
}

/// The `[rollup]` of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KpiRollup {
    /// How cells are combined.
    pub kind: RollupKind,
    /// For ratios: `value = scale * numerator / denominator`. 1 unless declared.
    pub scale: i64,
    /// Numerator and value are divided by it at the very edge (øre to NOK). 1 unless declared.
    pub divide_by: i64,
    /// What it counts belongs to no municipality: it is told for the nation alone.
    pub nation_only: bool,
}

/// How an extra column's cells are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnRollup {
    /// Added.
    Sum,
    /// The smallest.
    Min,
    /// The greatest.
    Max,
    /// True as soon as one is.
    Any,
}

/// Where the values of an extra column come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnFill {
    /// The SQL selects it and the roll-up combines it.
    Rolled(ColumnRollup),
    /// An SQL expression computed over the rolled-up row; the SQL does not select it.
    After(String),
    /// The SQL selects it and nothing combines it (roll-ups `area` and `none`).
    Selected,
}

/// A column the KPI adds to the fixed shape of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it means.
    pub doc: String,
    /// What one of it is.
    pub unit: Unit,
    /// Where its values come from.
    pub fill: ColumnFill,
    /// Divides the value at the very edge. 1 unless declared.
    pub divide_by: i64,
    /// The codes its values are made of, blanks between several; empty when they are no codes.
    pub codes: Vec<String>,
}

/// One KPI: its header, its SQL, and what was checked about them.
#[derive(Debug, Clone, PartialEq)]
pub struct Kpi {
    /// `<question>.<name>`, from the path.
    pub id: String,
    /// The analyst's question it belongs to: `adoption`.
    pub question: String,
    /// Its name within the question: `reach`.
    pub name: String,
    /// The file, below `queries/`.
    pub path: String,
    /// What it is called.
    pub title: Titles,
    /// The question it answers, in one sentence.
    pub answers: Titles,
    /// Goes up when the meaning changes.
    pub version: u32,
    /// What one of the value is.
    pub unit: Unit,
    /// Which way is better.
    pub better: Better,
    /// Who answers for the definition.
    pub owner: String,
    /// The period length used when the request names none.
    pub granularity: Granularity,
    /// How many periods are shown when the request names no bounds.
    pub window: u32,
    /// What it must see besides the periods shown, to compare with.
    pub lookback: Lookback,
    /// What to know before comparing.
    pub caveats: Caveats,
    /// How areas are made.
    pub rollup: KpiRollup,
    /// The parameters, in declared order.
    pub params: Vec<Param>,
    /// The extra columns, in the order of the answer.
    pub columns: Vec<Column>,
    /// The texts of the codes its columns hold, by code.
    pub reasons: BTreeMap<String, Titles>,
    /// The whole file, header included: it runs as it stands.
    pub sql: String,
    /// Every view it reads, directly or through another, each after those it builds on.
    pub views: Vec<String>,
}

impl Kpi {
    /// Its name as an SQL relation: `adoption_reach`.
    #[must_use]
    pub fn sql_name(&self) -> String {
        format!("{}_{}", self.question, self.name)
    }

    /// The columns the SQL selects, in order; the engine compares them with the plan's schema.
    #[must_use]
    pub fn expected_columns(&self) -> Vec<&str> {
        expected_columns(self.rollup.kind, &self.columns)
    }

    /// Fits the given texts to the declared parameters: exactly the declared names, each with its
    /// type, in declared order, defaults filled in.
    ///
    /// Whether a solution or a measure exists is the engine's to check; see [`Param::kind`].
    ///
    /// # Errors
    /// [`ParamError`] names the first parameter that is unknown, missing or malformed.
    pub fn bind(&self, given: &BTreeMap<String, String>) -> Result<Vec<(String, ParamValue)>, ParamError> {
        if let Some(name) = given.keys().find(|name| self.params.iter().all(|p| p.name != **name)) {
            return Err(ParamError::Unknown {
                kpi: self.id.clone(),
                name: name.clone(),
                nearest: nearest(name, self.params.iter().map(|p| p.name.as_str())),
                valid: self.params.iter().map(|p| p.name.clone()).collect(),
            });
        }
        let bind_one = |param: &Param| {
            let Some(text) = given.get(&param.name).or(param.default.as_ref()) else {
                return Err(ParamError::Missing {
                    kpi: self.id.clone(),
                    name: param.name.clone(),
                    doc: param.doc.clone(),
                    example: param.example(),
                });
            };
            let value = param.read(text).map_err(|why| ParamError::Invalid {
                kpi: self.id.clone(),
                name: param.name.clone(),
                value: text.clone(),
                why,
                example: param.example(),
            })?;
            Ok((param.name.clone(), value))
        };
        self.params.iter().map(bind_one).collect()
    }

    /// A page about the KPI in one language: meaning, parameters, columns, caveats.
    #[must_use]
    pub fn markdown(&self, lang: Lang) -> String {
        markdown::page(self, lang)
    }
}

/// The columns of the final SELECT of a KPI with this roll-up and these extras.
pub(crate) fn expected_columns(kind: RollupKind, columns: &[Column]) -> Vec<&str> {
    const CELL: &[&str] =
        &["period_start", "municipality_code", "numerator", "denominator", "state", "marks"];
    const AREA: &[&str] = &[
        "period_start",
        "area_code",
        "value",
        "numerator",
        "denominator",
        "state",
        "coverage",
        "marks",
        "municipalities_reported",
        "municipalities_expected",
    ];
    let fixed = if kind == RollupKind::Area { AREA } else { CELL };
    let extras = columns.iter().filter(|c| !matches!(c.fill, ColumnFill::After(_)));
    fixed.iter().copied().chain(extras.map(|c| c.name.as_str())).collect()
}
