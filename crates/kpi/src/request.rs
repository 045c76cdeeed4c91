//! A question to a KPI, as every interface takes it.

mod days;
mod parse;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use strum::VariantNames;
use utbredt_model::territory::mapping::Policy;
use utbredt_model::{Granularity, nearest};

pub use days::{YEARS, bound, day};
pub(crate) use days::{plain_day, year_outside, years_read};

/// Why a request cannot be answered, and what to write instead. The same text gives the same error in every interface.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// A name that is not known.
    #[error("there is no {kind} `{name}`")]
    Unknown {
        /// What kind of name: `kpi`, `parameter`, `municipality` …
        kind: &'static str,
        /// The name given.
        name: String,
        /// The nearest valid name.
        nearest: Option<String>,
        /// How to find the valid names.
        hint: String,
    },
    /// A value of the wrong form, out of range, or not to be combined with the others.
    #[error("{what}")]
    Invalid {
        /// A stable code.
        code: &'static str,
        /// What is wrong.
        what: String,
        /// How to fix it.
        hint: String,
    },
}

impl RequestError {
    /// The code of a day or period whose year is not in [`YEARS`].
    pub(crate) const YEAR_OUTSIDE: &'static str = "year_out_of_bounds";

    /// A name that is not among `valid`.
    pub fn unknown<'a>(
        kind: &'static str,
        name: &str,
        valid: impl IntoIterator<Item = &'a str>,
        hint: impl Into<String>,
    ) -> Self {
        Self::Unknown { kind, name: name.to_owned(), nearest: nearest(name, valid), hint: hint.into() }
    }

    /// A value that cannot be used.
    pub fn invalid(code: &'static str, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Invalid { code, what: what.into(), hint: hint.into() }
    }

    /// A stable code for clients: `unknown_solution`, `invalid_date` …
    #[must_use]
    pub fn code(&self) -> String {
        match self {
            Self::Unknown { kind, .. } => format!("unknown_{}", kind.replace([' ', '-'], "_")),
            Self::Invalid { code, .. } => (*code).to_owned(),
        }
    }

    /// How to fix it, without the nearest name.
    #[must_use]
    pub fn hint(&self) -> &str {
        match self {
            Self::Unknown { hint, .. } | Self::Invalid { hint, .. } => hint,
        }
    }

    /// The nearest valid name.
    #[must_use]
    pub fn nearest(&self) -> Option<&str> {
        match self {
            Self::Unknown { nearest, .. } => nearest.as_deref(),
            Self::Invalid { .. } => None,
        }
    }
}

/// What a row of the answer is about: each is also a filter, by its key column.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    strum::VariantNames,
)]
#[strum(serialize_all = "snake_case")]
pub enum By {
    /// A municipality.
    Municipality,
    /// A county.
    County,
    /// A digitalisation network.
    Network,
    /// A KOSTRA group.
    PeerGroup,
    /// A wave of a rollout.
    Wave,
    /// The nation.
    Nation,
}

impl By {
    /// Every kind of area.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The word clients use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The key and name columns of an answer; none for the nation.
    #[must_use]
    pub const fn columns(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Municipality => Some(("municipality_code", "municipality_name")),
            Self::County => Some(("county_code", "county_name")),
            Self::Network => Some(("network_id", "network_name")),
            Self::PeerGroup => Some(("group_code", "group_name")),
            Self::Wave => Some(("wave_id", "wave_name")),
            Self::Nation => None,
        }
    }

    /// The key column; none for the nation.
    #[must_use]
    pub fn key(self) -> Option<&'static str> {
        self.columns().map(|(key, _)| key)
    }

    /// The kind of area a filter's name chooses: `county_code`.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|by| by.key() == Some(key))
    }
}

/// In which borders the answer is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
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
    /// Reads `then`, `now` or a day.
    ///
    /// # Errors
    /// [`RequestError::Invalid`].
    pub fn parse(text: &str) -> Result<Self, RequestError> {
        match text {
            "then" => Ok(Self::Then),
            "now" => Ok(Self::Now),
            day => days::maybe_day("borders", day)?.map(Self::On).ok_or_else(|| {
                RequestError::invalid(
                    "invalid_value",
                    format!("`{text}` is not a choice of borders"),
                    "write `then`, `now` or a day such as 2020-01-01",
                )
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
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
    /// [`RequestError::Invalid`].
    pub fn parse(text: &str) -> Result<Self, RequestError> {
        // A number before a day: `2026` alone is an edition, since no day is written so.
        if let Ok(number) = text.parse() {
            return Ok(Self::Edition(number));
        }
        days::maybe_day("as_of", text)?.map(Self::Date).ok_or_else(|| {
            RequestError::invalid(
                "invalid_value",
                format!("`{text}` is neither an edition nor a day"),
                "write an edition's number such as 3, or a day such as 2026-01-31",
            )
        })
    }
}

/// A question to a KPI: its words are read, its names not yet looked up in an edition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KpiRequest {
    /// The KPI's id.
    pub kpi: String,
    /// Its parameters, as given. Where the KPI takes one solution, `solution_id` may be a list (`svarut,digihelse`) or `*`.
    pub params: BTreeMap<String, String>,
    /// What a row is about.
    pub by: By,
    /// Only municipalities that lie in one of these areas, for every kind of area named.
    pub filter: BTreeMap<By, Vec<String>>,
    /// In which borders.
    pub borders: Borders,
    /// What happens at inexact borders.
    pub policy: Policy,
    /// Which edition.
    pub as_of: AsOf,
    /// First day; the KPI's own window when absent.
    pub from: Option<NaiveDate>,
    /// First day after; the interfaces name the last period instead, which is included.
    pub to: Option<NaiveDate>,
    /// How long a period is; the KPI's own choice when absent.
    pub granularity: Option<Granularity>,
    /// Whether the whole span is answered as one period.
    pub range: bool,
}

impl KpiRequest {
    /// The names of a question that mean the same for every KPI.
    pub const OPTIONS: [&str; 7] = ["by", "borders", "policy", "as_of", "from", "to", "granularity"];

    /// The word of `granularity` that makes one period of the whole span.
    pub const RANGE: &str = "range";

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
            range: false,
        }
    }

    /// The period length as clients write it, when the question names one.
    #[must_use]
    pub fn granularity_name(&self) -> Option<&'static str> {
        if self.range { Some(Self::RANGE) } else { self.granularity.map(Granularity::as_str) }
    }
}

/// Reads one of an enumeration's words.
fn word<T: FromStr + VariantNames>(kind: &'static str, text: &str) -> Result<T, RequestError> {
    text.parse().map_err(|_| {
        RequestError::unknown(
            kind,
            text,
            T::VARIANTS.iter().copied(),
            format!("one of {}", T::VARIANTS.join(", ")),
        )
    })
}
