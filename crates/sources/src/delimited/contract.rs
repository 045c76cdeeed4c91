//! What a delivery of a table is agreed to look like, written in TOML by the person who sets the source up.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utbredt_model::{CellState, Granularity, MeasureId, SourceId};

use super::sums::AbsentParts;
use super::words::Words;
use crate::text::{self, Encoding};

/// Why a contract cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContractError {
    /// Not TOML, or a key no contract has.
    #[error("contract does not read: {0}")]
    Syntax(toml::de::Error),
    /// It reads, but is not unambiguous.
    #[error("contract's [{section}] {problem}")]
    Unclear {
        /// The section at fault.
        section: &'static str,
        /// What is wrong and how to fix it.
        problem: String,
    },
}

/// The agreement about one source's tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// Whose deliveries these are.
    pub source_id: SourceId,
    /// Raised whenever the agreement changes.
    pub version: u32,
    /// Invented numbers.
    #[serde(default)]
    pub synthetic: bool,
    /// What a delivery takes the place of.
    #[serde(default)]
    pub replaces: Replaces,
    /// The file format; recognised when absent.
    pub format: Option<Format>,
    /// The encoding of a CSV; recognised when absent.
    pub encoding: Option<Encoding>,
    /// The delimiter of a CSV; when absent, the one of `;`, `,` and tab that finds most of the declared columns.
    pub delimiter: Option<char>,
    /// The row of column names, counted from 1; rows above it are skipped.
    #[serde(default = "one")]
    pub header_row: u32,
    /// How many rows the column names take, as a row of months over a row of measures.
    #[serde(default = "one")]
    pub header_rows: u32,
    /// Where the array of rows lies in a JSON delivery: field names joined by dots, as `data.items`; the top when
    /// absent.
    pub rows: Option<String>,
    /// The sheet of a workbook; the first when absent.
    pub sheet: Option<String>,
    /// What becomes of the rows that a workbook hides; they hold the delivery unless declared.
    pub hidden_rows: Option<Hidden>,
    /// The same of hidden columns that a wide table finds by their period. A column named here is read, hidden or not.
    pub hidden_columns: Option<Hidden>,
    /// The decimal sign, `,` unless declared; the other one may group thousands.
    #[serde(default = "comma")]
    pub decimal: char,
    /// Long: one value a row. Wide: several.
    #[serde(default)]
    pub layout: Layout,
    /// Whom a row is about.
    pub subject: SubjectColumn,
    /// When; absent when a wide table's columns are the periods.
    pub period: Option<PeriodColumns>,
    /// Which solution.
    pub solution: Pick,
    /// Which measure; absent when a wide table's columns are the measures.
    pub measure: Option<Pick>,
    /// How values are written and what they may be.
    #[serde(default)]
    pub value: ValueRules,
    /// A column with the reason why a value is absent.
    pub state: Option<StateColumn>,
    /// Signs in a value's place, instead of the usual ones. A blank is missing unless declared otherwise.
    #[serde(default = "usual_symbols")]
    pub symbols: BTreeMap<String, Symbol>,
    /// How numbers that may change are marked.
    pub provisional: Option<Marker>,
    /// How numbers that were estimated are marked.
    pub imputed: Option<Marker>,
    /// How numbers are marked that the source added noise to.
    pub perturbed: Option<Marker>,
    /// Rows that add up others.
    #[serde(default)]
    pub totals: Totals,
    /// Column name to the word or words of the rows that are read; the others are left out and counted.
    #[serde(default)]
    pub filter: BTreeMap<String, Words>,
    /// The value columns of a wide table.
    pub wide: Option<Wide>,
}

/// What a delivery takes the place of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Replaces {
    /// The earlier delivery of the same source for the same subject, as a whole.
    #[default]
    Subject,
    /// Whatever the source delivered before, under any subject, for the same solution and measure within the days that the
    /// delivery reaches over: an export of the last months, or of the whole history.
    OwnSpan,
}

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Text with a delimiter.
    Csv,
    /// Excel's workbook.
    Xlsx,
    /// The open document standard's.
    Ods,
    /// An array of objects; their fields are the columns, those of objects inside joined by dots.
    Json,
}

/// What becomes of hidden rows or columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Hidden {
    /// They are read as the others.
    Read,
    /// They are left out, and counted.
    Skip,
}

/// How values are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// One value a row.
    #[default]
    Long,
    /// A column per period, per measure, or per both.
    Wide,
}

/// The column of the subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectColumn {
    /// The column.
    pub column: String,
    /// What it holds.
    #[serde(default)]
    pub kind: SubjectKind,
    /// Taken off the front when there, as `K-`.
    pub prefix_to_strip: Option<String>,
    /// Give three-digit codes their zero back.
    #[serde(default)]
    pub restore_zero: bool,
    /// The code is followed by a space and a name, as in `0301 Oslo`.
    #[serde(default)]
    pub name_follows: bool,
    /// A blank cell repeats the code above, as cells joined over several rows do.
    #[serde(default)]
    pub fill_down: bool,
    /// Every code is one of the division that was in force on this day, whatever its period: a series that was laid on
    /// later borders. Without it a code is one of the division of its period.
    pub division: Option<NaiveDate>,
}

/// What names a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectKind {
    /// Four digits.
    #[default]
    MunicipalityCode,
    /// Nine digits.
    OrganisationNumber,
}

/// The period: exactly one of a column, a pair of columns, and a fixed period.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeriodColumns {
    /// A column of periods.
    pub column: Option<String>,
    /// A blank cell of it repeats the period above, as cells joined over several rows do.
    #[serde(default)]
    pub fill_down: bool,
    /// A column of first days.
    pub start: Option<String>,
    /// A column of first days after.
    pub end: Option<String>,
    /// `end` holds last days instead.
    #[serde(default)]
    pub end_inclusive: bool,
    /// One period for the whole delivery.
    pub fixed: Option<String>,
    /// Days mean the period of this length that holds them.
    pub granularity: Option<Granularity>,
}

/// A column, or one identifier for the whole delivery.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pick {
    /// The column.
    pub column: Option<String>,
    /// The identifier.
    pub fixed: Option<String>,
    /// What the source writes, and our identifier for it.
    #[serde(default)]
    pub map: BTreeMap<String, String>,
    /// A counter that never falls.
    #[serde(default)]
    pub cumulative: bool,
}

/// What a value may be.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueRules {
    /// The column; required when the layout is long.
    pub column: Option<String>,
    /// Columns that break a value down, as one row for each sex: rows that differ in them are added.
    #[serde(default)]
    pub sum_over: Vec<String>,
    /// What a part is of which a sum has no row.
    #[serde(default)]
    pub absent_parts: AbsentParts,
    /// The agreed unit.
    pub unit: Option<String>,
    /// The column that states the unit.
    pub unit_column: Option<String>,
    /// The least value: 0 unless declared.
    #[serde(default)]
    pub min: i64,
    /// The greatest, as 100 for per cent.
    pub max: Option<i64>,
    /// What a value outside does: refuse the row, or hold the delivery back.
    #[serde(default)]
    pub out_of_range: OutOfRange,
    /// What makes the file's numbers whole ones of the measure's unit.
    pub scale: Option<Scale>,
}

/// What the file's numbers are multiplied by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// The factor, as 1000 for numbers in thousands; what is not whole then is refused.
    pub factor: u32,
    /// The unit of the numbers made, which must be the measure's in the lake.
    pub unit: String,
}

/// What a value outside its range does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutOfRange {
    /// The row is refused.
    #[default]
    Reject,
    /// The row is refused and the delivery held back.
    Breach,
}

/// A column with the reason why a value is absent, in the words of `symbols`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateColumn {
    /// The column; an empty cell leaves it to the value.
    pub column: String,
}

/// What a sign in a value's place means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Symbol {
    /// There is a value after all.
    Ok,
    /// Nought.
    Zero,
    /// Not delivered.
    Missing,
    /// The question does not arise.
    NotApplicable,
    /// The place did not exist.
    NotValid,
    /// Hidden to protect persons.
    Suppressed,
}

impl Symbol {
    /// The state it puts a cell in.
    #[must_use]
    pub const fn state(self) -> CellState {
        match self {
            Self::Ok | Self::Zero => CellState::Ok,
            Self::Missing => CellState::Missing,
            Self::NotApplicable => CellState::NotApplicable,
            Self::NotValid => CellState::NotValid,
            Self::Suppressed => CellState::Suppressed,
        }
    }
}

/// How a number with a reservation is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marker {
    /// The column of the mark; when absent the mark ends the value, as in `12*`.
    pub column: Option<String>,
    /// The mark, or several that mean the same.
    pub marker: Words,
    /// What else the column may hold, of numbers without a mark. A blank is among it; any other word holds the delivery.
    pub unmarked: Option<Words>,
}

/// Rows that add up others, known by a name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// The column of the name; the subject's when absent.
    pub column: Option<String>,
    /// The names, as `Sum` and `Hele landet`; case does not matter.
    #[serde(default)]
    pub names: Vec<String>,
}

/// The value columns of a wide table: those named by periods, those listed, or those named by a period and one of
/// the measures listed, in one header row or in several.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wide {
    /// Every column whose name reads as a period.
    #[serde(default)]
    pub periods: bool,
    /// Only periods of this length, so that a `2024` that adds up its months is left out. A day means the period
    /// that holds it.
    pub granularity: Option<Granularity>,
    /// The year of columns named by months alone.
    pub year: Option<i32>,
    /// Taken off the front of a period's name when there, as `Persons `.
    pub prefix_to_strip: Option<String>,
    /// A column per measure: column name to measure.
    #[serde(default)]
    pub measures: BTreeMap<String, MeasureId>,
}

/// Column names agree when they differ in case, outer blanks and how their letters are composed only.
pub(super) fn same_name(declared: &str, have: &str) -> bool {
    text::folded(declared) == text::folded(have)
}

fn one() -> u32 {
    1
}

fn comma() -> char {
    ','
}

pub(super) fn usual_symbols() -> BTreeMap<String, Symbol> {
    [
        (":", Symbol::Suppressed),
        ("<5", Symbol::Suppressed),
        ("..", Symbol::Missing),
        (".", Symbol::NotApplicable),
        ("-", Symbol::Zero),
        ("", Symbol::Missing),
    ]
    .map(|(sign, meaning)| (sign.to_owned(), meaning))
    .into()
}
