//! Secrets: never shown, and never in the plan itself.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
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
    /// [`IngestError`] when it is not there, or in a file that others than its owner may read or change; the message names the
    /// place and never what is in it.
    pub fn read(&self, base: &Path, environment: Secrets<'_>) -> Result<Secret, IngestError> {
        let text = match self {
            Self::File(path) => {
                let path = base.join(path);
                private_text(path)?
            }
            Self::Env(name) => environment(name).ok_or_else(|| {
                IngestError::Invalid(format!("the variable {name}, which holds a secret, is not set"))
            })?,
        };
        Ok(Secret(text.trim_end_matches(['\r', '\n']).to_owned()))
    }
}

/// The text of a file that is its owner's alone.
fn private_text(path: PathBuf) -> Result<String, IngestError> {
    let read = File::open(&path).and_then(|mut file| {
        let (about, mut text) = (file.metadata()?, String::new());
        file.read_to_string(&mut text)?;
        Ok((about, text))
    });
    match read {
        Ok((about, text)) => check_rights(&path, &about).map(|()| text),
        Err(source) => Err(IngestError::File { path, source }),
    }
}

/// A secret that others may read is none.
#[cfg(unix)]
fn check_rights(path: &Path, about: &std::fs::Metadata) -> Result<(), IngestError> {
    let mode = std::os::unix::fs::MetadataExt::mode(about) & 0o7777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let path = path.display();
    Err(IngestError::Invalid(format!(
        "{path} holds a secret and is open to others (mode {mode:04o}): it is for its owner alone; run `chmod 600 {path}`, and \
         replace the secret if somebody may have read it"
    )))
}

#[cfg(not(unix))]
fn check_rights(_: &Path, _: &std::fs::Metadata) -> Result<(), IngestError> {
    Ok(())
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

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs::{Permissions, set_permissions, write};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_secret_that_others_may_read_is_refused_and_never_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("county.token");
        write(&path, "quiet-quiet-quiet\n").unwrap();
        let read = || SecretPlace::File("county.token".into()).read(folder.path(), &|_| None);
        for open in [0o644, 0o640, 0o604] {
            set_permissions(&path, Permissions::from_mode(open)).unwrap();
            let message = read().unwrap_err().to_string();
            assert!(message.contains(&format!("`chmod 600 {}`", path.display())), "{message}");
            assert!(message.contains(&format!("mode {open:04o}")) && !message.contains("quiet"), "{message}");
        }
        for private in [0o600, 0o400] {
            set_permissions(&path, Permissions::from_mode(private)).unwrap();
            assert_eq!(read().unwrap().0, "quiet-quiet-quiet");
        }
    }
}
