//! What can go wrong between a question and its answer, told so that the asker can mend it.

use std::path::PathBuf;

/// Why a question got no answer.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
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
    /// A value of the wrong form or out of range.
    #[error("{what}")]
    Invalid {
        /// What is wrong.
        what: String,
        /// How to mend it.
        hint: String,
    },
    /// A statement the read-only door does not run.
    #[error("{why}")]
    Refused {
        /// Why.
        why: String,
        /// What to do instead.
        hint: String,
    },
    /// A file of the lake is not what its edition says.
    #[error("the file {file} is damaged; nothing was computed from it")]
    Damaged {
        /// The file, relative to the lake.
        file: String,
    },
    /// The lake could not be read.
    #[error("cannot read the lake at {path}: {why}")]
    Lake {
        /// Where.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A query file is wrong.
    #[error("query file {file}: {why}")]
    Query {
        /// The file below `queries/`.
        file: String,
        /// What is wrong.
        why: String,
    },
    /// The engine failed.
    #[error("the query engine failed: {0}")]
    Internal(String),
}

impl EngineError {
    /// A stable code for clients.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "unknown_name",
            Self::Invalid { .. } => "invalid_value",
            Self::Refused { .. } => "refused",
            Self::Damaged { .. } => "lake_damaged",
            Self::Lake { .. } => "lake_unreadable",
            Self::Query { .. } => "query_invalid",
            Self::Internal(_) => "internal",
        }
    }

    /// How to mend it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown { nearest: Some(nearest), hint, .. } => {
                Some(format!("did you mean `{nearest}`? {hint}"))
            }
            Self::Unknown { hint, .. } | Self::Invalid { hint, .. } | Self::Refused { hint, .. } => {
                Some(hint.clone())
            }
            Self::Damaged { .. } => {
                Some("restore the file from a copy of the lake; its name is its hash".into())
            }
            _ => None,
        }
    }

    /// Whether the asker, not the house, must mend it.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::Unknown { .. } | Self::Invalid { .. } | Self::Refused { .. })
    }
}

/// The valid name nearest to `name`, when one is near enough to be worth saying.
pub fn nearest<'a>(name: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<String> {
    valid
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(score, _)| *score > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.to_owned())
}
