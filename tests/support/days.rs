//! Bounds of requests as texts.

use chrono::NaiveDate;
use utbredt_engine::{RequestError, bound};

/// The first day of the period a text names.
///
/// # Errors
/// When it names none.
pub fn first_day(text: &str) -> Result<NaiveDate, RequestError> {
    bound("from", text).map(|period| period.start)
}

/// The first day after the period a text names.
///
/// # Errors
/// When it names none.
pub fn day_after(text: &str) -> Result<NaiveDate, RequestError> {
    bound("to", text).map(|period| period.end)
}
