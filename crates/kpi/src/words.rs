//! The small vocabulary of a KPI's header: titles, units, directions.

use serde::{Deserialize, Serialize};
use utbredt_model::Lang;

/// One text in every language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Titles {
    /// Bokmål.
    pub nb: String,
    /// Nynorsk.
    pub nn: String,
    /// English.
    pub en: String,
}

impl Titles {
    /// The text in one language.
    #[must_use]
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::Nb => &self.nb,
            Lang::Nn => &self.nn,
            Lang::En => &self.en,
        }
    }
}

/// What a reader must know before comparing, in every language.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caveats {
    /// Bokmål.
    pub nb: Vec<String>,
    /// Nynorsk.
    pub nn: Vec<String>,
    /// English.
    pub en: Vec<String>,
}

impl Caveats {
    /// These, and one more.
    #[must_use]
    pub fn with(mut self, one: &Titles) -> Self {
        self.nb.push(one.nb.clone());
        self.nn.push(one.nn.clone());
        self.en.push(one.en.clone());
        self
    }

    /// The caveats in one language.
    #[must_use]
    pub fn get(&self, lang: Lang) -> &[String] {
        match lang {
            Lang::Nb => &self.nb,
            Lang::Nn => &self.nn,
            Lang::En => &self.en,
        }
    }
}

/// What one of a number is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Unit {
    /// A part of a whole, 0 to 1.
    Share,
    /// For each thousand of the denominator.
    Per1000,
    /// Norwegian kroner.
    Nok,
    /// Hours.
    Hours,
    /// A number of things, named by a plural noun: `municipalities`, `persons`, `days`.
    Count(String),
}

impl Unit {
    /// The units whose name a column's name must carry.
    pub(crate) const NAMED: [&'static str; 4] = ["share", "per_1000", "nok", "hours"];

    /// The unit as headers and answers write it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Share => "share",
            Self::Per1000 => "per_1000",
            Self::Nok => "nok",
            Self::Hours => "hours",
            Self::Count(noun) => noun,
        }
    }
}

impl std::fmt::Display for Unit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no unit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a unit: write share, per_1000, nok, hours or a plural noun such as persons")]
pub struct UnitError(String);

impl TryFrom<String> for Unit {
    type Error = UnitError;
    fn try_from(text: String) -> Result<Self, UnitError> {
        match text.as_str() {
            "share" => Ok(Self::Share),
            "per_1000" => Ok(Self::Per1000),
            "nok" => Ok(Self::Nok),
            "hours" => Ok(Self::Hours),
            noun if is_name(noun) => Ok(Self::Count(text)),
            _ => Err(UnitError(text)),
        }
    }
}

impl From<Unit> for String {
    fn from(unit: Unit) -> Self {
        unit.as_str().to_owned()
    }
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// A higher value is better.
    Higher,
    /// A lower value is better.
    Lower,
    /// Neither: the value describes.
    Neither,
}

impl Better {
    /// The word headers and answers write.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
            Self::Neither => "neither",
        }
    }
}

/// Whether `text` matches `[a-z][a-z0-9_]*`: what questions, KPIs, views, parameters and columns are called.
pub(crate) fn is_name(text: &str) -> bool {
    text.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}
