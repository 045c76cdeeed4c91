//! How areas are made of municipalities: the roll-up, the extra columns, and what is looked back at.

use serde::{Deserialize, Serialize};

use crate::Unit;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KpiRollup {
    /// How cells are combined.
    pub kind: RollupKind,
    /// For ratios: `value = scale * numerator / denominator`. 1 unless declared.
    pub scale: i64,
    /// Numerator and value are divided by it at the very edge (øre to NOK). 1 unless declared.
    pub divide_by: i64,
    /// The denominator is divided by it at the very edge. 1 unless declared.
    pub divide_denominator_by: i64,
    /// What it counts belongs to no municipality: it is told for the nation alone.
    pub nation_only: bool,
    /// What is counted is a sample, and a share of it has an interval. A census has none: nothing was left to chance.
    pub sampled: bool,
    /// An SQL expression over the rolled-up row that makes the value, in place of the usual quotient.
    pub value: Option<String>,
    /// An SQL expression over the rolled-up row; where it does not hold, a row that would be `ok` is `not_applicable`.
    pub ok_when: Option<String>,
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
    /// The middle one; of an even number the mean of the two in the middle.
    Median,
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
    /// Whether it only serves expressions and is not part of the answer.
    pub hidden: bool,
    /// Whether cells of every state are combined, not only those that are `ok`.
    pub every_state: bool,
    /// The codes its values are made of, blanks between several; empty when they are no codes.
    pub codes: Vec<String>,
}
