//! Secrets: never shown, and never in the plan itself.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Request;
use crate::IngestError;

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where a secret is: `{ file = "secrets/key.pem" }` from the plan's folder, or `{ env = "UTBREDT_KEY" }`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretPlace {
    /// A file.
    File(PathBuf),
    /// A variable of the environment.
    Env(String),
}

/// Finds secrets; the environment is the binary's to read.
pub type Secrets<'s> = &'s dyn Fn(&str) -> Option<String>;

impl SecretPlace {
    /// Reads it. A line's end after it is no part of it.
    ///
    /// # Errors
    /// [`IngestError`] when it is not there; the message names the place and never what is in it.
    pub fn read(&self, base: &Path, environment: Secrets<'_>) -> Result<Secret, IngestError> {
        let text = match self {
            Self::File(path) => {
                let path = base.join(path);
                std::fs::read_to_string(&path).map_err(|source| IngestError::File { path, source })?
            }
            Self::Env(name) => environment(name).ok_or_else(|| {
                IngestError::Invalid(format!("the variable {name}, which holds a secret, is not set"))
            })?,
        };
        Ok(Secret(text.trim_end_matches(['\r', '\n']).to_owned()))
    }
}

/// The shortest word that is hidden: what is shorter stands in many a sentence.
const WORD: usize = 6;

/// The shortest word of a body that is hidden: parts of a signed statement are longer.
const STATEMENT: usize = 24;

/// What a source says, without what was said to it in confidence: some sources repeat what they refuse.
pub(super) fn hidden(message: &str, request: &Request) -> String {
    let body = request.body.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
    let part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let statement = body.split(|c| !part(c)).filter(|word| word.len() >= STATEMENT);
    let words = request.secrets.iter().flat_map(|(_, secret)| secret.0.split_whitespace());
    // `Bearer` is no secret, and messages are hard to read without it.
    let secret = words.filter(|word| word.len() >= WORD && *word != "Bearer");
    secret.chain(statement).fold(message.to_owned(), |message, word| message.replace(word, "…"))
}
