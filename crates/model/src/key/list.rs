//! The keys of a server together: which of them was sent, and why one opens nothing.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use super::{KeyRecord, KeyState, key_digest};

/// Why a key that was sent opens nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefusal {
    /// No key is like it.
    #[error("the key is not known")]
    Unknown,
    /// It has ended.
    #[error("the key {id} expired on {}", .on.date_naive())]
    Expired {
        /// Its public part.
        id: String,
        /// When.
        on: DateTime<Utc>,
    },
    /// It was revoked.
    #[error("the key {id} was revoked")]
    Revoked {
        /// Its public part.
        id: String,
    },
}

/// The id of a key that is to be made belongs to one that is there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is a key {0} already; make another one")]
pub struct KeyExists(pub String);

/// All keys that were ever made for a server, in the order they were.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyList(Vec<KeyRecord>);

impl KeyList {
    /// The keys.
    #[must_use]
    pub fn records(&self) -> &[KeyRecord] {
        &self.0
    }

    /// Whether no key was ever made.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether any key is valid at a moment.
    #[must_use]
    pub fn any_valid(&self, now: DateTime<Utc>) -> bool {
        self.0.iter().any(|key| key.is_valid(now))
    }

    /// The key that was sent, if it is valid at a moment.
    ///
    /// # Errors
    /// [`KeyRefusal`], which names a key only to whoever has sent all of it.
    pub fn find(&self, sent: &str, now: DateTime<Utc>) -> Result<&KeyRecord, KeyRefusal> {
        let digest = key_digest(sent);
        let mut found = None;
        // Every key is compared to its end, so that the time says neither which keys there are nor how much of one is right.
        for key in &self.0 {
            if bool::from(key.sha256.as_bytes().ct_eq(digest.as_bytes())) {
                found = Some(key);
            }
        }
        let key = found.ok_or(KeyRefusal::Unknown)?;
        match key.state(now) {
            KeyState::Valid | KeyState::EndsSoon => Ok(key),
            KeyState::Expired => Err(KeyRefusal::Expired { id: key.id.clone(), on: key.expires }),
            KeyState::Revoked => Err(KeyRefusal::Revoked { id: key.id.clone() }),
        }
    }

    /// Adds a key.
    ///
    /// # Errors
    /// [`KeyExists`] when one has its id: two keys of one name could not be told apart.
    pub fn add(&mut self, key: KeyRecord) -> Result<(), KeyExists> {
        if self.0.iter().any(|known| known.id == key.id) {
            return Err(KeyExists(key.id));
        }
        self.0.push(key);
        Ok(())
    }

    /// Revokes the key of that id and gives it; `None` where there is none. One that was revoked before keeps its moment.
    pub fn revoke(&mut self, id: &str, now: DateTime<Utc>) -> Option<&KeyRecord> {
        let key = self.0.iter_mut().find(|key| key.id == id)?;
        key.revoked.get_or_insert(now);
        Some(key)
    }
}
