//! Keys: who may use a server, for what and until when. Made from random bytes and a moment that are given, kept as a hash,
//! recognised in constant time. Where keys lie and who reads the clock is for others.

mod list;
mod scope;

use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub use list::{KeyExists, KeyList, KeyRefusal};
pub use scope::{Scope, ScopeError, TableName};

/// How every key begins, so that whoever finds one knows what it is.
const PREFIX: &str = "utb_";

/// Hex digits of the public part of a key.
const ID_DIGITS: usize = 8;

/// Hex digits of the secret part: 256 random bits.
const SECRET_DIGITS: usize = 64;

/// How long before its end a key is said to end soon.
const SOON: TimeDelta = TimeDelta::days(30);

/// The text of a key: `utb_`, 8 hex digits that name it, `_`, and 64 hex digits that nobody guesses. Never shown but by
/// [`KeyText::reveal`].
#[derive(Clone, PartialEq, Eq)]
pub struct KeyText(String);

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyText(…)")
    }
}

impl KeyText {
    /// The key itself, for the one time it is shown.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// The SHA-256 under which a key is kept, in hex. Fast on purpose: a slow hash makes guessing dear where people choose secrets, and
/// 256 random bits are not guessed at any speed.
#[must_use]
pub fn key_digest(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

/// Whether a key, whole or its beginning with a part of the secret, is somewhere in a text: such a text must not be logged
/// or repeated.
#[must_use]
pub fn contains_key(text: &str) -> bool {
    // A part of the secret is enough: a key that was cut is still most of a key.
    const PART: usize = 8;
    text.match_indices(PREFIX).any(|(at, _)| {
        let rest = text.get(at + PREFIX.len()..).unwrap_or_default();
        let is_hex =
            |part: Option<&str>| part.is_some_and(|part| part.bytes().all(|b| b.is_ascii_hexdigit()));
        is_hex(rest.get(..ID_DIGITS))
            && rest.get(ID_DIGITS..=ID_DIGITS) == Some("_")
            && is_hex(rest.get(ID_DIGITS + 1..ID_DIGITS + 1 + PART))
    })
}

/// What is kept of a key. The key cannot be made from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRecord {
    /// The public part: it names the key in lists and logs.
    pub id: String,
    /// Whose it is or what it is for, in the words of whoever made it.
    pub label: String,
    /// [`key_digest`] of the key.
    pub sha256: String,
    /// What it allows.
    pub scopes: BTreeSet<Scope>,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// From this moment on it is worth nothing.
    pub expires: DateTime<Utc>,
    /// When it was revoked, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<DateTime<Utc>>,
}

/// What a key is worth at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// It is valid.
    Valid,
    /// It is valid and ends within 30 days.
    EndsSoon,
    /// It has ended.
    Expired,
    /// Somebody revoked it.
    Revoked,
}

impl KeyState {
    /// Its words in lists.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::EndsSoon => "expires within 30 days",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

impl KeyRecord {
    /// A new key, and what is kept of it. The bytes must be random; the key is valid for so many days from `created` on.
    #[must_use]
    pub fn mint(
        id: [u8; ID_DIGITS / 2],
        secret: [u8; SECRET_DIGITS / 2],
        label: &str,
        scopes: BTreeSet<Scope>,
        created: DateTime<Utc>,
        days: u16,
    ) -> (Self, KeyText) {
        let id = hex::encode(id);
        let text = KeyText(format!("{PREFIX}{id}_{}", hex::encode(secret)));
        let expires = created + TimeDelta::days(days.into());
        let sha256 = key_digest(text.reveal());
        (Self { id, label: label.to_owned(), sha256, scopes, created, expires, revoked: None }, text)
    }

    /// What it is worth at a moment.
    #[must_use]
    pub fn state(&self, now: DateTime<Utc>) -> KeyState {
        match self.expires - now {
            _ if self.revoked.is_some() => KeyState::Revoked,
            left if left <= TimeDelta::zero() => KeyState::Expired,
            left if left <= SOON => KeyState::EndsSoon,
            _ => KeyState::Valid,
        }
    }

    /// Whether it is valid at a moment.
    #[must_use]
    pub fn is_valid(&self, now: DateTime<Utc>) -> bool {
        matches!(self.state(now), KeyState::Valid | KeyState::EndsSoon)
    }

    /// Whether it allows something, at any time. `operate` includes `read`.
    #[must_use]
    pub fn allows(&self, scope: &Scope) -> bool {
        self.scopes.contains(scope) || (*scope == Scope::Read && self.scopes.contains(&Scope::Operate))
    }

    /// The sources it may deliver for.
    pub fn upload_sources(&self) -> impl Iterator<Item = &str> {
        self.scopes.iter().filter_map(|scope| match scope {
            Scope::Upload(source) => Some(source.as_str()),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn key(id: u8, scopes: &[&str]) -> (KeyRecord, KeyText) {
        let scopes = scopes.iter().map(|scope| scope.parse().unwrap()).collect();
        KeyRecord::mint([id; 4], [id; 32], "the county", scopes, at("2026-11-29T10:00:00Z"), 90)
    }

    fn list(keys: impl IntoIterator<Item = KeyRecord>) -> KeyList {
        let mut list = KeyList::default();
        keys.into_iter().for_each(|key| list.add(key).unwrap());
        list
    }

    #[test]
    fn a_key_is_prefixed_and_is_not_in_what_is_kept_or_shown() {
        let (record, text) = key(0xab, &["read", "upload:county"]);
        let secret = "ab".repeat(32);
        assert_eq!(text.reveal(), format!("utb_abababab_{secret}"));
        let kept = serde_json::to_string(&list([record.clone()])).unwrap();
        assert!(!kept.contains(&secret) && kept.contains("\"abababab\""), "{kept}");
        assert!(!format!("{text:?} {record:?}").contains(&secret));
        assert_eq!(serde_json::from_str::<KeyList>(&kept).unwrap(), list([record]));
    }

    #[test]
    fn only_the_whole_key_is_found_and_only_while_it_is_valid() {
        let (first, text) = key(1, &["read"]);
        let (second, _) = key(2, &["operate"]);
        let mut keys = list([first.clone(), second]);
        let now = at("2026-12-01T00:00:00Z");
        assert_eq!(keys.find(text.reveal(), now), Ok(&first));
        let whole = text.reveal();
        let almost = format!("{}2", &whole[..whole.len() - 1]);
        for wrong in ["", "utb_", &whole[..whole.len() - 1], &almost, &whole.to_uppercase(), "abababab"] {
            assert_eq!(keys.find(wrong, now), Err(KeyRefusal::Unknown), "{wrong}");
        }
        // 90 days after 29 November: one in November, 31 in December, 31 in January, 27 in February.
        let end = at("2027-02-27T10:00:00Z");
        assert_eq!(first.expires, end);
        assert!(keys.find(whole, end - TimeDelta::seconds(1)).is_ok());
        assert_eq!(keys.find(whole, end), Err(KeyRefusal::Expired { id: "01010101".into(), on: end }));

        assert!(keys.revoke("01010101", now).is_some() && keys.revoke("99999999", now).is_none());
        assert_eq!(keys.find(whole, now), Err(KeyRefusal::Revoked { id: "01010101".into() }));
        keys.revoke("01010101", end);
        assert_eq!(keys.records()[0].revoked, Some(now), "the first revocation is kept");
        assert!(keys.any_valid(now) && !keys.any_valid(end));
    }

    #[test]
    fn what_a_key_is_worth_changes_with_time() {
        let (record, _) = key(1, &["read"]);
        for (now, state) in [
            ("2026-12-01T00:00:00Z", KeyState::Valid),
            ("2027-01-28T09:59:59Z", KeyState::Valid),
            ("2027-01-28T10:00:00Z", KeyState::EndsSoon),
            ("2027-02-27T10:00:00Z", KeyState::Expired),
        ] {
            assert_eq!(record.state(at(now)), state, "{now}");
        }
    }

    #[test]
    fn a_key_allows_its_scopes_and_operate_includes_read() {
        let allows = |scopes: &[&str], scope: &str| key(1, scopes).0.allows(&scope.parse().unwrap());
        assert!(allows(&["read"], "read") && allows(&["operate"], "read"));
        assert!(!allows(&["read"], "operate") && !allows(&["upload:county"], "read"));
        assert!(allows(&["upload:county"], "upload:county") && !allows(&["upload:county"], "upload:network"));
        assert!(!allows(&["operate"], "upload:county") && !allows(&["operate"], "sql"));
        assert!(!allows(&["register:waves"], "upload:waves"));
        let sources: Vec<String> =
            key(1, &["upload:a", "read", "upload:b"]).0.upload_sources().map(str::to_owned).collect();
        assert_eq!(sources, ["a", "b"]);
    }

    #[test]
    fn two_keys_never_share_an_id() {
        let mut keys = list([key(1, &["read"]).0]);
        assert_eq!(keys.add(key(1, &["sql"]).0), Err(KeyExists("01010101".into())));
    }

    #[test]
    fn a_key_is_seen_in_any_text() {
        let (_, text) = key(0xab, &["read"]);
        let whole = text.reveal();
        for text in [whole, &format!("/v1/{whole}/x"), &whole[..30], "utb_utb_abababab_01234567"] {
            assert!(contains_key(text), "{text}");
        }
        for text in ["", "utb_", "utb_abababab", "utb_abababab_", "utb_abababab_0123", "/v1/kpis/æutb_å"] {
            assert!(!contains_key(text), "{text}");
        }
    }
}
