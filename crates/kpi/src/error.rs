//! What can be wrong with a KPI file or a request: always with the place, the reason and the fix.

use std::fmt;

/// One problem in a file below `queries/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KpiError {
    /// The file, below `queries/`.
    pub path: String,
    /// The line, counted from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: String,
    /// How to fix it.
    pub fix: String,
}

impl fmt::Display for KpiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "queries/{}:", self.path)?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        write!(f, " {}; {}", self.what, self.fix)
    }
}

impl std::error::Error for KpiError {}

/// A KPI id that is not in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no KPI `{id}`{}", did_you_mean(.nearest.as_deref()))]
pub struct UnknownKpi {
    /// What was asked for.
    pub id: String,
    /// The id most like it.
    pub nearest: Option<String>,
}

/// Parameters that do not fit the KPI.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParamError {
    /// A name the KPI does not declare.
    #[error(
        "`{kpi}` has no parameter `{name}`{}; it takes {}",
        did_you_mean(.nearest.as_deref()),
        list(.valid)
    )]
    Unknown {
        /// The KPI.
        kpi: String,
        /// The name given.
        name: String,
        /// The declared name most like it.
        nearest: Option<String>,
        /// Every declared name.
        valid: Vec<String>,
    },
    /// A required parameter that was not given.
    #[error("`{kpi}` needs the parameter `{name}` ({doc}); give for example {name}={example}")]
    Missing {
        /// The KPI.
        kpi: String,
        /// The parameter.
        name: String,
        /// What it means.
        doc: String,
        /// A value it would take.
        example: String,
    },
    /// A value of the wrong type or shape.
    #[error(
        "`{value}` does not fit the parameter `{name}` of `{kpi}`: {why}; give for example {name}={example}"
    )]
    Invalid {
        /// The KPI.
        kpi: String,
        /// The parameter.
        name: String,
        /// The value given.
        value: String,
        /// What is wrong with it.
        why: String,
        /// A value it would take.
        example: String,
    },
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map(|n| format!(", did you mean `{n}`?")).unwrap_or_default()
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { format!("`{}`", names.join("`, `")) }
}

/// Gathers the problems of one file.
#[derive(Debug)]
pub(crate) struct Problems<'a> {
    pub(crate) path: &'a str,
    pub(crate) text: &'a str,
    pub(crate) errors: Vec<KpiError>,
}

impl<'a> Problems<'a> {
    pub(crate) const fn new(path: &'a str, text: &'a str) -> Self {
        Self { path, text, errors: Vec::new() }
    }

    /// The line that holds the byte `offset`.
    pub(crate) fn line_of(&self, offset: usize) -> usize {
        // An error may point behind the last byte.
        let upto = offset.min(self.text.len());
        1 + self.text.as_bytes()[..upto].iter().filter(|b| **b == b'\n').count()
    }

    pub(crate) fn add(&mut self, line: Option<usize>, what: impl Into<String>, fix: impl Into<String>) {
        let error = KpiError { path: self.path.to_owned(), line, what: what.into(), fix: fix.into() };
        self.errors.push(error);
    }
}
