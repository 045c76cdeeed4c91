//! Maskinporten: a signed statement of who we are becomes a token that opens a source's door for two minutes.
//!
//! The grant is RFC 7523's (a JWT as authorisation grant), signed RS256 (RFC 7518) with a key the operator registered.
//! The token is kept in memory until near its end; neither key, statement nor token is ever shown.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde::Deserialize;
use serde_json::json;

use super::{Client, FetchError, Request, Secret};

/// How long before its end a token is no longer used.
const SPARE: i64 = 10;

/// The largest answer that can be a token.
const MOST: u64 = 64 << 10;

/// The longest a token is believed to hold, whatever is said of it.
const LONGEST_SECONDS: i64 = 3600;

/// How long a statement holds; Maskinporten takes at most 120 s.
const STATEMENT_SECONDS: i64 = 100;

/// Who we are towards Maskinporten.
pub struct Maskinporten {
    token_url: String,
    audience: String,
    client_id: String,
    key_id: String,
    key: RsaKeyPair,
    /// By scope: the token, and until when it holds.
    tokens: Mutex<BTreeMap<String, (Secret, DateTime<Utc>)>>,
}

impl fmt::Debug for Maskinporten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Maskinporten").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// How a client is registered with Maskinporten.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Registration {
    /// Where tokens are given, such as `https://maskinporten.no/token`.
    pub token_url: String,
    /// Whom the statement is made to: `https://maskinporten.no/`.
    pub audience: String,
    /// The client.
    pub client_id: String,
    /// The key's id.
    pub key_id: String,
}

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The key is none.
    #[error(
        "the key of `{client_id}` cannot be used: {why}; give an RSA key of at least 2048 bits as PKCS #8 in PEM"
    )]
    Key {
        /// Whose key.
        client_id: String,
        /// Why.
        why: String,
    },
    /// Maskinporten did not answer, or said no.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// What it answered is no token.
    #[error("what {token_url} answers is no token")]
    Response {
        /// The address.
        token_url: String,
    },
}

#[derive(Deserialize)]
struct Given {
    access_token: String,
    expires_in: i64,
}

impl Maskinporten {
    /// A client with its key, `-----BEGIN PRIVATE KEY-----` and on.
    ///
    /// # Errors
    /// [`TokenError::Key`].
    pub fn new(registration: &Registration, pem: &Secret) -> Result<Self, TokenError> {
        let unusable =
            |why: &str| TokenError::Key { client_id: registration.client_id.clone(), why: why.to_owned() };
        let begin = "-----BEGIN PRIVATE KEY-----";
        let (_, rest) = pem.0.split_once(begin).ok_or_else(|| unusable("it does not begin as one"))?;
        let (body, _) =
            rest.split_once("-----END PRIVATE KEY-----").ok_or_else(|| unusable("it has no end"))?;
        // PEM breaks its lines, which the decoder refuses.
        let text: String = body.chars().filter(|c| !c.is_whitespace()).collect();
        let der = STANDARD.decode(text).map_err(|_| unusable("it is not base64"))?;
        let key = RsaKeyPair::from_pkcs8(&der).map_err(|error| unusable(&error.to_string()))?;
        Ok(Self {
            token_url: registration.token_url.clone(),
            audience: registration.audience.clone(),
            client_id: registration.client_id.clone(),
            key_id: registration.key_id.clone(),
            key,
            tokens: Mutex::default(),
        })
    }

    /// A token for a scope: the one that still holds, or a new one.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn token(&self, client: &Client<'_>, scope: &str) -> Result<Secret, TokenError> {
        let now = client.clock().now();
        // In a block: the lock must not be held during the request to Maskinporten.
        {
            let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((token, until)) = tokens.get(scope).filter(|(_, until)| now < *until) {
                tracing::debug!(scope, %until, "a token that still holds");
                return Ok(token.clone());
            }
        }
        let statement = self.statement(scope, now)?;
        let mut request = Request { max_bytes: MOST, ..Request::get(self.token_url.clone()) };
        request.headers.push(("content-type".into(), "application/x-www-form-urlencoded".into()));
        let grant = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";
        request.body = Some(format!("grant_type={grant}&assertion={statement}").into_bytes());
        let answer = client.fetch(&request)?;
        let given = serde_json::from_slice::<Given>(&answer.body).ok();
        // It becomes a part of a header.
        let given = given
            .filter(|g| !g.access_token.is_empty() && g.access_token.bytes().all(|b| b.is_ascii_graphic()));
        let given = given.ok_or_else(|| TokenError::Response { token_url: self.token_url.clone() })?;
        let token = Secret(given.access_token);
        let until = now + TimeDelta::seconds(given.expires_in.clamp(0, LONGEST_SECONDS) - SPARE);
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.insert(scope.to_owned(), (token.clone(), until));
        Ok(token)
    }

    /// Forgets a scope's token: the source did not take it.
    pub fn discard(&self, scope: &str) {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).remove(scope);
    }

    /// Header, claims and signature, each in base64url, with dots between.
    fn statement(&self, scope: &str, now: DateTime<Utc>) -> Result<String, TokenError> {
        let failed = |why: &str| TokenError::Key { client_id: self.client_id.clone(), why: why.to_owned() };
        let random = SystemRandom::new();
        let mut id = [0u8; 16];
        random.fill(&mut id).map_err(|_| failed("the machine has no random numbers"))?;
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": self.key_id });
        let claims = json!({
            "aud": self.audience,
            "iss": self.client_id,
            "scope": scope,
            "iat": now.timestamp(),
            "exp": now.timestamp() + STATEMENT_SECONDS,
            "jti": URL_SAFE_NO_PAD.encode(id),
        });
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature)
            .map_err(|_| failed("it does not sign"))?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    #[cfg(test)]
    pub(crate) fn public_key(&self) -> Vec<u8> {
        use ring::signature::KeyPair;
        self.key.public_key().as_ref().to_vec()
    }
}
