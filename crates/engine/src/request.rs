//! What is asked of a KPI.

use std::collections::BTreeMap;
use std::fmt;

use chrono::NaiveDate;
use utbredt_model::{Granularity, Period};

use crate::error::{EngineError, nearest};

macro_rules! word_type {
    ($(#[$doc:meta])* $name:ident, $what:literal, { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// The words clients use.
            pub const WORDS: &'static [&'static str] = &[$($text),+];

            /// The word clients use.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// Reads a word.
            ///
            /// # Errors
            /// [`EngineError::Unknown`] naming the nearest word.
            pub fn parse(text: &str) -> Result<Self, EngineError> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(EngineError::Unknown {
                        kind: $what,
                        name: text.to_owned(),
                        nearest: nearest(text, Self::WORDS.iter().copied()),
                        hint: format!("one of {}", Self::WORDS.join(", ")),
                    }),
                }
            }
        }
    };
}

word_type! {
    /// What a row of the answer is about.
    By, "grouping", {
        /// A municipality.
        Municipality = "municipality",
        /// A county.
        County = "county",
        /// A digitalisation network.
        Network = "network",
        /// A KOSTRA group.
        PeerGroup = "peer_group",
        /// The nation.
        Nation = "nation",
    }
}

word_type! {
    /// What happens to a municipality that lies in several of the wanted division.
    Policy, "policy", {
        /// It is said that it cannot be told.
        ExactOnly = "exact_only",
        /// It is divided by inhabitants.
        PopulationShare = "population_share",
        /// It goes to the largest heir.
        LargestHeir = "largest_heir",
    }
}

impl By {
    /// The key and name columns of an answer; none for the nation.
    #[must_use]
    pub const fn columns(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Municipality => Some(("municipality_code", "municipality_name")),
            Self::County => Some(("county_code", "county_name")),
            Self::Network => Some(("network_id", "network_name")),
            Self::PeerGroup => Some(("group_code", "group_name")),
            Self::Nation => None,
        }
    }
}

/// In which borders the answer is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Borders {
    /// Those of each period.
    #[default]
    Then,
    /// Those of the edition's day.
    Now,
    /// Those of a day.
    On(NaiveDate),
}

impl Borders {
    /// Reads `then`, `now` or a date.
    ///
    /// # Errors
    /// [`EngineError::Invalid`].
    pub fn parse(text: &str) -> Result<Self, EngineError> {
        match text {
            "then" => Ok(Self::Then),
            "now" => Ok(Self::Now),
            day => day.parse().map(Self::On).map_err(|_| EngineError::Invalid {
                what: format!("`{text}` is not a choice of borders"),
                hint: "write `then`, `now` or a day such as 2020-01-01".into(),
            }),
        }
    }
}

impl fmt::Display for Borders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Then => f.write_str("then"),
            Self::Now => f.write_str("now"),
            Self::On(day) => write!(f, "{day}"),
        }
    }
}

/// Which edition answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AsOf {
    /// The newest.
    #[default]
    Latest,
    /// That one.
    Edition(u64),
    /// The newest made on or before that day.
    Date(NaiveDate),
}

impl AsOf {
    /// Reads an edition's number or a day.
    ///
    /// # Errors
    /// [`EngineError::Invalid`].
    pub fn parse(text: &str) -> Result<Self, EngineError> {
        if let Ok(number) = text.parse() {
            return Ok(Self::Edition(number));
        }
        text.parse().map(Self::Date).map_err(|_| EngineError::Invalid {
            what: format!("`{text}` is neither an edition nor a day"),
            hint: "write an edition's number such as 3, or a day such as 2026-01-31".into(),
        })
    }
}

/// A question to a KPI.
#[derive(Debug, Clone)]
pub struct KpiRequest {
    /// Its id.
    pub kpi: String,
    /// Its parameters.
    pub params: BTreeMap<String, String>,
    /// What a row is about.
    pub by: By,
    /// Only rows with these keys.
    pub filter: BTreeMap<String, String>,
    /// In which borders.
    pub borders: Borders,
    /// What happens at inexact borders.
    pub policy: Policy,
    /// Which edition.
    pub as_of: AsOf,
    /// First day; the KPI's own window when absent.
    pub from: Option<NaiveDate>,
    /// First day after.
    pub to: Option<NaiveDate>,
    /// How long a period is; the KPI's own choice when absent.
    pub granularity: Option<Granularity>,
}

impl KpiRequest {
    /// The plainest question: the whole nation, default periods, newest edition.
    #[must_use]
    pub fn new(kpi: &str) -> Self {
        Self {
            kpi: kpi.to_owned(),
            params: BTreeMap::new(),
            by: By::Nation,
            filter: BTreeMap::new(),
            borders: Borders::Then,
            policy: Policy::ExactOnly,
            as_of: AsOf::Latest,
            from: None,
            to: None,
            granularity: None,
        }
    }
}

impl KpiRequest {
    /// The words of a question that mean the same for every KPI.
    pub const OPTIONS: [&str; 7] = ["by", "borders", "policy", "as_of", "from", "to", "granularity"];

    /// Sets one of [`Self::OPTIONS`]; says whether `name` is one.
    ///
    /// # Errors
    /// [`EngineError`] when the value is not one the option takes.
    pub fn set(&mut self, name: &str, value: &str) -> Result<bool, EngineError> {
        match name {
            "by" => self.by = By::parse(value)?,
            "borders" => self.borders = Borders::parse(value)?,
            "policy" => self.policy = Policy::parse(value)?,
            "as_of" => self.as_of = AsOf::parse(value)?,
            "from" => self.from = Some(first_day(value)?),
            "to" => self.to = Some(day_after(value)?),
            "granularity" => self.granularity = Some(granularity(value)?),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn granularity(word: &str) -> Result<Granularity, EngineError> {
    Granularity::parse(word).ok_or_else(|| EngineError::Unknown {
        kind: "granularity",
        name: word.to_owned(),
        nearest: nearest(word, Granularity::ALL.iter().map(|g| g.as_str())),
        hint: format!("one of {}", Granularity::ALL.map(Granularity::as_str).join(", ")),
    })
}

/// The first day a text names: a day, or the first of a period such as `2018-04`.
///
/// # Errors
/// [`EngineError::Invalid`] with the forms that are read.
pub fn first_day(text: &str) -> Result<NaiveDate, EngineError> {
    bound(text).map(|period| period.start)
}

/// Where a text ends: after the whole of a period such as `2020-12`; a day is itself the first day after.
///
/// # Errors
/// [`EngineError::Invalid`] with the forms that are read.
pub fn day_after(text: &str) -> Result<NaiveDate, EngineError> {
    let day: Option<NaiveDate> = text.parse().ok();
    day.map_or_else(|| bound(text).map(|period| period.end), Ok)
}

fn bound(text: &str) -> Result<Period, EngineError> {
    Period::parse(text).map_err(|error| EngineError::Invalid {
        what: error.to_string(),
        hint: "for example from 2018-04 to 2020-12; a day as `to` is the first day left out".into(),
    })
}
