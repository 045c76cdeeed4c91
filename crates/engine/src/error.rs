//! What can go wrong between a question and its answer. Causes are kept, so that the log can name them.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use utbredt_kpi::{KpiError, RequestError};
use utbredt_lake::{Lake, LakeError};

use crate::edition::damaged::DamagedFile;
use crate::question::resolve::TOO_LARGE;

/// Why a question got no answer.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The question cannot be answered as it is asked.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// A statement that is not one SELECT.
    #[error("{why}")]
    Refused {
        /// Why.
        why: String,
        /// What to write instead.
        hint: String,
    },
    /// A file of the lake is not what its edition says.
    #[error("the file {file} is damaged; nothing was computed from it")]
    Damaged {
        /// The file, relative to the lake.
        file: String,
    },
    /// The lake has no edition.
    #[error("the lake at {path} has no edition yet; run `utbredt demo` or `utbredt init`")]
    NoEdition {
        /// Where.
        path: PathBuf,
    },
    /// The lake was replaced by another while it was served.
    #[error(
        "edition {number}, which is served, is no longer in the lake at {path}; put it back, or start again on the lake as it is"
    )]
    Replaced {
        /// Where.
        path: PathBuf,
        /// The edition.
        number: u64,
    },
    /// The lake could not be read.
    #[error("cannot read the lake at {path}")]
    Lake {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: LakeError,
    },
    /// The query files are wrong; every problem in them.
    #[error("{}", problems(.0))]
    Catalogue(Vec<KpiError>),
    /// A query file does not fit the lake's tables, or its own header.
    #[error("query file {file}: {why}")]
    Query {
        /// The file below `queries/`.
        file: String,
        /// What is wrong.
        why: String,
    },
    /// The query engine would read other rows of a table than the edition has.
    #[error(
        "the table {table} has {stated} rows in its edition, and {} of them were opened: nothing is answered; run \
         `utbredt verify`, and open the lake again",
        opened.map_or_else(|| "an unknown number".to_owned(), |rows| rows.to_string())
    )]
    Rows {
        /// The table.
        table: &'static str,
        /// The rows that the edition states.
        stated: u64,
        /// The rows of the files as opened, where they tell.
        opened: Option<usize>,
    },
    /// A sum is greater than 2^63.
    #[error("{column} of {kpi} is too large to add: a sum exceeds 64 bits")]
    Overflow {
        /// The KPI.
        kpi: String,
        /// The column.
        column: String,
    },
    /// The memory that all questions share was not enough.
    #[error("the questions under way need more memory than there is for them")]
    OutOfMemory,
    /// The query engine failed. Its own words hold all causes, so that they are no sources beside.
    #[error("the query engine failed: {}", .0.strip_backtrace())]
    DataFusion(DataFusionError),
    /// Columns could not be made or read.
    #[error("the query engine failed on its columns")]
    Arrow(#[from] ArrowError),
    /// The computation that several questions waited for failed.
    #[error(transparent)]
    Shared(#[from] Arc<Self>),
}

impl From<DataFusionError> for EngineError {
    fn from(error: DataFusionError) -> Self {
        if let Some(DamagedFile { file }) = DamagedFile::of(&error) {
            return Self::Damaged { file: file.clone() };
        }
        // The engine's own words repeat one cause for each step of a plan.
        if matches!(error.find_root(), DataFusionError::ResourcesExhausted(_)) {
            return Self::OutOfMemory;
        }
        Self::DataFusion(error)
    }
}

fn problems(all: &[KpiError]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Whether whole numbers in a query did not fit 64 bits.
fn is_overflow(error: &DataFusionError) -> bool {
    matches!(error.find_root(), DataFusionError::ArrowError(arrow, _) if matches!(**arrow, ArrowError::ArithmeticOverflow(_)))
}

impl EngineError {
    /// The error itself, where several questions waited for it.
    #[must_use]
    pub fn plain(&self) -> &Self {
        match self {
            Self::Shared(error) => error.plain(),
            own => own,
        }
    }

    /// A stable code for clients.
    #[must_use]
    pub fn code(&self) -> String {
        match self.plain() {
            Self::Request(error) => return error.code(),
            Self::Refused { .. } => "refused",
            Self::Damaged { .. } => "lake_damaged",
            Self::Lake { .. } | Self::NoEdition { .. } | Self::Replaced { .. } | Self::Rows { .. } => {
                "lake_unreadable"
            }
            Self::Catalogue(_) | Self::Query { .. } => "query_invalid",
            Self::Overflow { .. } => "number_overflow",
            Self::OutOfMemory => TOO_LARGE,
            Self::DataFusion(error) if is_overflow(error) => "number_overflow",
            Self::DataFusion(_) | Self::Arrow(_) | Self::Shared(_) => "internal",
        }
        .to_owned()
    }

    /// How to fix it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self.plain() {
            Self::Request(error) => Some(error.nearest().map_or_else(
                || error.hint().to_owned(),
                |nearest| format!("did you mean `{nearest}`? {}", error.hint()),
            )),
            Self::Refused { hint, .. } => Some(hint.clone()),
            Self::OutOfMemory => Some("request fewer periods or solutions, or try again later".into()),
            Self::Damaged { .. } => {
                Some("restore the file from a copy of the lake; its name is its hash".into())
            }
            _ => None,
        }
    }

    /// Whether the question, not the program or the lake, is at fault.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(self.plain(), Self::Request(_) | Self::Refused { .. } | Self::OutOfMemory)
    }

    /// An error of the lake; a damaged file keeps its name on the way out.
    pub(crate) fn of_lake(lake: &Lake, source: LakeError) -> Self {
        match source {
            LakeError::Damaged { path, .. } => Self::Damaged { file: path },
            source => Self::Lake { path: lake.root().to_path_buf(), source },
        }
    }

    /// A query file that does not fit.
    pub(crate) fn of_query(file: &str, why: impl Into<String>) -> Self {
        Self::Query { file: file.to_owned(), why: why.into() }
    }
}
