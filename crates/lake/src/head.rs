//! `HEAD`, the file that names the newest edition.

use std::path::Path;

use crate::{Edition, LakeError, disk};

/// The file that names the newest edition: its number and the hash of its record.
pub(crate) const HEAD: &str = "HEAD";

/// What `HEAD` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) number: u64,
    pub(crate) sha256: String,
}

impl Head {
    pub(crate) fn of(edition: &Edition) -> Self {
        Self { number: edition.number, sha256: edition.sha256.clone() }
    }

    pub(crate) fn text(&self) -> String {
        format!("{} {}\n", self.number, self.sha256)
    }

    /// What it says; `None` in a lake without editions, or of a version that wrote no `HEAD`.
    pub(crate) fn read(root: &Path) -> Result<Option<Self>, LakeError> {
        let bytes = match disk::read(root, HEAD) {
            Ok(bytes) => bytes,
            Err(error) if error.is_missing() => return Ok(None),
            Err(error) => return Err(error),
        };
        let text = String::from_utf8_lossy(&bytes);
        let parts = text.strip_suffix('\n').and_then(|line| line.split_once(' '));
        let head = parts.and_then(|(number, sha256)| {
            let number = number.parse().ok()?;
            (number > 0 && disk::is_sha256(sha256)).then(|| Self { number, sha256: sha256.to_owned() })
        });
        match head {
            Some(head) if head.text() == text => Ok(Some(head)),
            _ => Err(LakeError::damaged(
                HEAD,
                "it does not hold the number and the hash of an edition; `utbredt verify` reports whether anything else is wrong, \
                 and if nothing is, remove the file: the next delivery writes it",
            )),
        }
    }

    /// That a record, if it is that of its edition, is the one it names.
    pub(crate) fn check(&self, number: u64, sha256: &str) -> Result<(), LakeError> {
        if number != self.number || sha256 == self.sha256 {
            return Ok(());
        }
        let record = Edition::path(self.number);
        Err(LakeError::damaged(
            HEAD,
            format!("it names another record than {record}; one of them is not of this lake"),
        ))
    }
}
