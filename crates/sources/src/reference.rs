//! Parsers of the public originals that the reference tables are made from: bytes in, rows and rejections out.
//!
//! They are used when `datasets/reference` is rebuilt, never while serving. Like every parser here they cannot
//! fail and never panic: what cannot be read is a rejection with its row and the reason.

pub mod klass;
pub mod lists;
pub mod population;
pub mod text;

use chrono::NaiveDate;
use utbredt_model::{Reason, ReasonCode, Rejection};

/// Rows accepted and rows rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read<T> {
    /// The rows, in the order of the payload.
    pub rows: Vec<T>,
    /// What was rejected and why.
    pub rejections: Vec<Rejection>,
}

impl<T> Default for Read<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), rejections: Vec::new() }
    }
}

/// A day as registers write it.
pub(crate) fn date(text: &str) -> Result<NaiveDate, Reason> {
    text.parse().map_err(|_| {
        Reason::new(ReasonCode::InvalidDate, format!("`{text}` is not a date such as 2024-01-01"))
    })
}

/// The reason of a payload that is not whole, or of another kind.
pub(crate) fn syntax(what: &str, cause: &serde_json::Error) -> Reason {
    Reason::because(ReasonCode::Syntax, what, cause)
}

impl<T> Read<T> {
    pub(crate) fn take(&mut self, row: u64, raw: &str, outcome: Result<T, Reason>) {
        match outcome {
            Ok(value) => self.rows.push(value),
            Err(reason) => self.rejections.push(Rejection::new(row, reason, raw)),
        }
    }
}
