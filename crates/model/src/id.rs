//! Identifiers we name ourselves: lower-case slugs, safe in paths, SQL and URLs.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A text that is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an identifier: it must match ^[a-z][a-z0-9_-]{{0,62}}$")]
pub struct IdError(pub String);

fn is_slug(text: &str) -> bool {
    text.len() <= 63
        && text.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-')
}

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Takes a slug.
            ///
            /// # Errors
            /// [`IdError`] when the text does not match `^[a-z][a-z0-9_-]{0,62}$`.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                if is_slug(text) { Ok(Self(text.to_owned())) } else { Err(IdError(text.to_owned())) }
            }

            /// The slug as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }
    };
}

id_type! {
    /// A shared national solution, `digisos`.
    SolutionId
}
id_type! {
    /// Something counted about a solution, `users_active`.
    MeasureId
}
id_type! {
    /// A digitalisation network, `digivestland`.
    NetworkId
}
id_type! {
    /// Where deliveries come from, `nav-digisos-list`.
    SourceId
}

/// The first 16 hex digits of the hash over source, what was asked for and the payload:
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
