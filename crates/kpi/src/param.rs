//! Parameters: declared in the header, bound by name, never guessed.

use std::ops::RangeInclusive;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utbredt_model::{IdError, MeasureId, SolutionId};

use crate::request::{plain_day, year_outside};

/// Whole numbers that a parameter takes. A negative one, or one that sums of it exceed 64 bits, is nothing to ask with.
const INTEGERS: RangeInclusive<i64> = 0..=9999;

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParamKind {
    /// The id of a solution.
    Solution,
    /// The id of a measure.
    Measure,
    /// A day, `YYYY-MM-DD`.
    Date,
    /// A whole number from 0 to 9999.
    Integer,
    /// A number, decimal point.
    Number,
    /// Any text.
    Text,
    /// One of the declared choices.
    Choice,
}

impl ParamKind {
    /// The word headers write.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Solution => "solution",
            Self::Measure => "measure",
            Self::Date => "date",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Text => "text",
            Self::Choice => "choice",
        }
    }
}

/// A bound value, ready for the planner.
#[derive(Debug, Clone, PartialEq)]
pub enum ParamValue {
    /// Text: solutions, measures, choices and texts.
    Text(String),
    /// A day.
    Date(NaiveDate),
    /// A whole number.
    Integer(i64),
    /// A finite number.
    Number(f64),
}

impl std::fmt::Display for ParamValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Date(day) => write!(f, "{day}"),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

/// Why a text is no value of a parameter's type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ValueError {
    /// Not an identifier.
    #[error(transparent)]
    Id(#[from] IdError),
    /// Not a day.
    #[error("it is not a day, YYYY-MM-DD")]
    Date,
    /// A day, or what would be one, in a year that no request may name.
    #[error("{}", crate::request::years_read())]
    Year,
    /// Not a whole number that is counted with: months, days and the like.
    #[error("it is not a whole number from {} to {}", INTEGERS.start(), INTEGERS.end())]
    Integer,
    /// Not a number.
    #[error("it is not a number written with a decimal point")]
    Number,
    /// What no text holds.
    #[error("a text may not hold control characters")]
    Control,
    /// None of the choices, which are named.
    #[error("it must be one of {0}")]
    Choice(String),
}

/// A declared parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    /// Its name, `$name` in the SQL.
    pub name: String,
    /// What it takes.
    pub kind: ParamKind,
    /// What it means.
    pub doc: String,
    /// Used when the request gives none.
    pub default: Option<String>,
    /// For a measure: the kind (`flow`, `stock`) whose main measure is meant when the request gives none.
    pub main: Option<String>,
    /// For a measure with `main`: whether one of another kind is refused. A share of persons needs persons, not their letters.
    pub only_main_kind: bool,
    /// What a choice may be; empty for other kinds.
    pub choices: Vec<String>,
}

impl Param {
    /// Names that requests and filters use for themselves.
    pub(crate) const RESERVED: [&'static str; 15] = [
        "by",
        "borders",
        "policy",
        "as_of",
        "from",
        "to",
        "granularity",
        "format",
        "where",
        "lang",
        "limit",
        "municipality_code",
        "county_code",
        "network_id",
        "group_code",
    ];

    /// A solution's id, for examples.
    pub(crate) const EXAMPLE_SOLUTION: &str = "digisos";

    /// Whether `*` means all, of solutions added up: the KPI declares so by its default.
    #[must_use]
    pub fn takes_all(&self) -> bool {
        self.default.as_deref() == Some("*")
    }

    /// Whether a request must give it.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.default.is_none() && self.main.is_none()
    }

    /// A value it would take.
    #[must_use]
    pub fn example(&self) -> String {
        let example = match self.kind {
            ParamKind::Solution => Self::EXAMPLE_SOLUTION,
            ParamKind::Measure if self.main.as_deref() == Some("flow") => "uses",
            ParamKind::Measure => "users_active",
            ParamKind::Date => "2026-01-31",
            ParamKind::Integer => "12",
            ParamKind::Number => "0.5",
            ParamKind::Text => "text",
            ParamKind::Choice => self.choices.first().map_or("", String::as_str),
        };
        self.default.clone().unwrap_or_else(|| example.to_owned())
    }

    /// Reads a text as this parameter's type; the error says what is wrong with it.
    pub(crate) fn read(&self, text: &str) -> Result<ParamValue, ValueError> {
        let as_text = || ParamValue::Text(text.to_owned());
        match self.kind {
            // `*` is every solution, for KPIs that say so by their default.
            ParamKind::Solution if text == "*" && self.takes_all() => Ok(as_text()),
            ParamKind::Solution => Ok(SolutionId::parse(text).map(|_| as_text())?),
            ParamKind::Measure => Ok(MeasureId::parse(text).map(|_| as_text())?),
            ParamKind::Date if year_outside(text).is_some() => Err(ValueError::Year),
            ParamKind::Date => plain_day(text).map(ParamValue::Date).ok_or(ValueError::Date),
            ParamKind::Integer => match text.parse::<i64>() {
                Ok(number) if INTEGERS.contains(&number) => Ok(ParamValue::Integer(number)),
                _ => Err(ValueError::Integer),
            },
            ParamKind::Number => match text.parse::<f64>() {
                // `inf` and `NaN` parse as numbers, and cannot be written in JSON.
                Ok(number) if number.is_finite() => Ok(ParamValue::Number(number)),
                _ => Err(ValueError::Number),
            },
            ParamKind::Text if text.chars().any(char::is_control) => Err(ValueError::Control),
            ParamKind::Text => Ok(as_text()),
            ParamKind::Choice if self.choices.iter().any(|choice| choice == text) => Ok(as_text()),
            ParamKind::Choice => Err(ValueError::Choice(self.choices.join(", "))),
        }
    }
}
