//! A word or several, as a contract declares them.

use serde::{Deserialize, Serialize};

use super::contract::same_name;
use crate::text;

/// Whether two words are one to a reader: case, outer blanks and how many blanks are between them do not matter.
pub(super) fn same_word(declared: &str, have: &str) -> bool {
    let words = |text: &str| text::folded(text).split_whitespace().collect::<Vec<_>>().join(" ");
    same_name(declared, have) || (have.contains(char::is_whitespace) && words(declared) == words(have))
}

/// One word, or a list of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Words {
    /// One.
    One(String),
    /// Each means the same.
    Several(Vec<String>),
}

impl Words {
    /// The words, one or several.
    #[must_use]
    pub fn all(&self) -> &[String] {
        match self {
            Self::One(word) => std::slice::from_ref(word),
            Self::Several(words) => words,
        }
    }

    /// Whether a cell is one of them; case and outer blanks do not matter.
    #[must_use]
    pub fn hold(&self, cell: &str) -> bool {
        self.all().iter().any(|word| same_name(word, cell))
    }
}
