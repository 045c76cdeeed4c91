//! A delivery that is sent to a server, and what becomes of it: the write side and the server's interface agree on these.

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

/// A file as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// The source it belongs to.
    pub source_id: String,
    /// What it reports; it replaces what was delivered for the same subject before.
    pub subject: String,
    /// The bytes.
    pub payload: Vec<u8>,
    /// Only report what would become of it.
    pub dry_run: bool,
    /// Hash of the token and the `Idempotency-Key` it was sent under, if it was under one.
    pub key: Option<String>,
    /// Hash of everything above but the key.
    pub fingerprint: String,
}

/// Whether a text can stand as the reason of a person's decision: it has a letter or a digit. Spaces, marks that nobody sees
/// and punctuation alone tell whoever reads the receipt nothing.
#[must_use]
pub fn is_reason(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// The outcome of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Verdict {
    /// Its facts are active.
    Accepted,
    /// The lake had it already.
    Unchanged,
    /// It is kept but not active until a person decides.
    Held,
}

impl Verdict {
    /// Its word in logs and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
