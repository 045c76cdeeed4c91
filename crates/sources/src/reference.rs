//! Parsers of the public originals that the reference tables are made from: bytes in, rows and rejections out.
//!
//! They are used when `datasets/reference` is rebuilt, never while serving. Like every parser here they cannot
//! fail and never panic: what cannot be read is a rejection with its row and the reason.

pub mod klass;
pub mod lists;
pub mod population;
pub mod text;

use utbredt_model::Rejection;

/// Rows believed and rows refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read<T> {
    /// The rows, in the order of the payload.
    pub rows: Vec<T>,
    /// What was refused and why.
    pub rejections: Vec<Rejection>,
}

impl<T> Default for Read<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), rejections: Vec::new() }
    }
}

impl<T> Read<T> {
    pub(crate) fn take(&mut self, row: u64, raw: &str, outcome: Result<T, String>) {
        match outcome {
            Ok(value) => self.rows.push(value),
            Err(reason) => self.rejections.push(Rejection::new(row, reason, raw)),
        }
    }
}
