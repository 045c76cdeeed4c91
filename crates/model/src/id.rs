//! Identifiers we name ourselves: lower-case slugs, safe in paths, SQL and URLs.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::newtype::checked_text;

/// A text that is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an identifier: it must match ^[a-z][a-z0-9_-]{{0,62}}$")]
pub struct IdError(pub String);

fn slug(text: &str) -> Result<(), IdError> {
    let is_slug = text.len() <= 63
        && text.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
    if is_slug { Ok(()) } else { Err(IdError(text.to_owned())) }
}

checked_text! {
    /// A shared national solution, `digisos`.
    SolutionId: IdError = slug;
    /// Something counted about a solution, `users_active`.
    MeasureId: IdError = slug;
    /// A digitalisation network, `digivestland`.
    NetworkId: IdError = slug;
    /// Where deliveries come from, `nav-digisos-list`.
    SourceId: IdError = slug;
}

/// The first 16 hex digits of the hash over source, subject and payload:
/// the same delivery always gets the same receipt.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ReceiptId(pub String);

impl fmt::Display for ReceiptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_slugs() {
        assert!(SolutionId::parse("digisos").is_ok());
        for bad in ["", "DigiSos", "1a", "../x", "a b", "å"] {
            assert!(SolutionId::parse(bad).is_err(), "{bad}");
        }
    }
}
