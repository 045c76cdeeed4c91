//! The only clock in the house.

/// Now. Everything else is told what time it is.
#[expect(clippy::disallowed_methods, reason = "only the binary reads a clock")]
pub(crate) fn now() -> chrono::DateTime<chrono::Utc> {
    std::time::SystemTime::now().into()
}
