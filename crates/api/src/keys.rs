//! Who may use what. Where keys lie and what time it is, is for the server's [`KeyStore`]; here it is decided whether the key that
//! was sent will do, and which [`Audience`] the answer is for.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use utbredt_model::key::KeyRefusal;
use utbredt_model::{KeyList, KeyRecord, Scope};

use crate::audience::Audience;
use crate::needs::Need;
use crate::problem::Problem;
use crate::state::ApiState;
use crate::uploads::{SentKeys as _, SourceAccess, Uploads};
use crate::{audience, url_keys};

/// What is said, in the log and by `/v1/status`, of a server that everybody may read.
pub(crate) const EXPOSED: &str =
    "everybody who reaches this server may read without a key: small counts are not hidden";

/// The keys, and the moment at which they are looked at.
#[derive(Debug, Clone)]
pub struct KeysNow {
    /// Every key that was ever made.
    pub list: Arc<KeyList>,
    /// Now.
    pub now: DateTime<Utc>,
}

/// Knows the keys. Looked at with every request, so that a key that was revoked opens nothing any more: cheap, please.
pub trait KeyStore: fmt::Debug + Send + Sync {
    /// The keys as they are now.
    ///
    /// # Errors
    /// When they cannot be read: then nothing that needs a key is answered.
    fn read(&self) -> Result<KeysNow, Box<dyn Error + Send + Sync>>;
}

/// Who may read without a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reading {
    /// Everybody, and only this machine reaches the server. As long as no key was made all else is open too.
    #[default]
    OnThisMachine,
    /// Nobody.
    WithKey,
    /// Everybody, and others reach the server. What only those who run it may see needs a key all the same.
    Exposed,
}

/// Who may use the server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Access {
    pub(crate) reading: Reading,
    pub(crate) store: Option<Arc<dyn KeyStore>>,
}

/// The public part of the key a request was sent with, for the log.
#[derive(Debug, Clone)]
pub(crate) struct KeyId(pub(crate) String);

/// Whoever may use a route.
pub(crate) struct Caller {
    pub(crate) audience: Audience,
    pub(crate) key: Option<KeyId>,
}

impl Caller {
    pub(crate) const fn without_key(audience: Audience) -> Self {
        Self { audience, key: None }
    }
}

/// Whoever sent a delivery, or a release.
pub(crate) struct Sender {
    /// What stands for the sender where keys of repetition are told apart.
    pub(crate) digest: Vec<u8>,
    /// The sources it may deliver for, or release deliveries of.
    pub(crate) sources: SourceAccess,
    /// Its key, where it is one of the store's.
    pub(crate) key: Option<KeyId>,
}

impl Access {
    fn read(&self) -> Result<Option<KeysNow>, Problem> {
        let read = self.store.as_ref().map(|store| store.read()).transpose();
        read.map_err(|error| Problem::failed(&*error))
    }

    /// Whether reading needs no key.
    pub(crate) fn reading_is_open(&self) -> bool {
        self.reading != Reading::WithKey
    }

    /// What whoever runs the server should know of it.
    pub(crate) fn warnings(&self) -> &'static [&'static str] {
        if self.reading == Reading::Exposed { &[EXPOSED] } else { &[] }
    }

    /// Who sent these headers, where they may have what is needed.
    pub(crate) fn admit(
        &self,
        need: Need,
        headers: &HeaderMap,
        uploads: Option<&Uploads>,
    ) -> Result<Caller, Problem> {
        if matches!(need, Need::Nothing | Need::Own) {
            return Ok(Caller::without_key(Audience::Everybody));
        }
        let is_open = need == Need::Read && self.reading_is_open();
        let keys = match self.read() {
            // What is for everybody is answered also while the keys are not to be read.
            Err(_) if is_open && headers.sent_key().is_none() => {
                return Ok(Caller::without_key(Audience::Everybody));
            }
            read => read?,
        };
        // One key, also one that was revoked, is enough: nobody opens a server by revoking the last.
        let in_force =
            self.reading != Reading::OnThisMachine || keys.as_ref().is_some_and(|keys| !keys.list.is_empty());
        if !in_force {
            return Ok(Caller::without_key(Audience::ThisMachine));
        }
        // A token of the plan is known here and opens nothing more than it ever did.
        let is_upload_token = uploads.is_some_and(|uploads| uploads.authenticate(headers).is_some());
        let Some(sent) = headers.sent_key().filter(|_| !(is_open && is_upload_token)) else {
            return if is_open { Ok(Caller::without_key(Audience::Everybody)) } else { Err(required(need)) };
        };
        if is_upload_token {
            return Err(lacks(&need.scope()));
        }
        let keys = keys.ok_or_else(|| refused(&KeyRefusal::Unknown))?;
        let key = keys.list.find(sent, keys.now).map_err(|refusal| refused(&refusal))?;
        let audience = if key.allows(&Scope::Operate) {
            Audience::Operators
        } else if key.allows(&Scope::Read) {
            Audience::Readers
        } else {
            Audience::Everybody
        };
        let allowed = match need {
            Need::Operate => audience == Audience::Operators,
            _ => is_open || audience != Audience::Everybody,
        };
        if allowed { Ok(Caller { audience, key: Some(id_of(key)) }) } else { Err(lacks(&need.scope())) }
    }

    /// Whoever sent a delivery: a token of the plan, or a key of the store with the sources it may deliver for.
    pub(crate) fn sender(&self, uploads: &Uploads, headers: &HeaderMap) -> Result<Option<Sender>, Problem> {
        if let Some(token) = uploads.authenticate(headers) {
            let sources = SourceAccess::Only(token.sources.clone());
            return Ok(Some(Sender { digest: token.digest.to_vec(), sources, key: None }));
        }
        let Some(key) = self.valid_key(headers)? else { return Ok(None) };
        let sources = SourceAccess::Only(key.upload_sources().map(str::to_owned).collect());
        Ok(Some(Sender { digest: key.sha256.as_bytes().to_vec(), sources, key: Some(id_of(&key)) }))
    }

    /// Whoever releases a held delivery: a token of the plan for its own sources, or those who run the server.
    pub(crate) fn releaser(&self, uploads: &Uploads, headers: &HeaderMap) -> Result<Option<Sender>, Problem> {
        let Some(sender) = self.sender(uploads, headers)? else { return Ok(None) };
        if sender.key.is_none() {
            return Ok(Some(sender));
        }
        // Revoked between the two looks, it is no key any more.
        let Some(key) = self.valid_key(headers)? else { return Ok(None) };
        if !key.allows(&Scope::Operate) {
            return Err(lacks(&Scope::Operate));
        }
        Ok(Some(Sender { sources: SourceAccess::All, ..sender }))
    }

    /// Whoever may change a register: a key of the store with its scope.
    pub(crate) fn registrar(&self, headers: &HeaderMap, table: &str) -> Result<KeyId, Problem> {
        let scope = format!("register:{table}");
        let Some(sent) = headers.sent_key() else { return Err(register_key_required(&scope)) };
        let keys = self.read()?.ok_or_else(|| refused(&KeyRefusal::Unknown))?;
        let key = keys.list.find(sent, keys.now).map_err(|refusal| refused(&refusal))?;
        // A table that no key can name is one that nobody may change.
        match scope.parse::<Scope>() {
            Ok(scope) if key.allows(&scope) => Ok(id_of(key)),
            Ok(scope) => Err(lacks(&scope)),
            Err(_) => Err(register_key_required("register:TABLE")),
        }
    }

    fn valid_key(&self, headers: &HeaderMap) -> Result<Option<KeyRecord>, Problem> {
        let (Some(sent), Some(keys)) = (headers.sent_key(), self.read()?) else { return Ok(None) };
        Ok(keys.list.find(sent, keys.now).ok().cloned())
    }
}

fn id_of(key: &KeyRecord) -> KeyId {
    KeyId(key.id.clone())
}

/// Middleware: refuses whoever may not use a route, and names the audience of the answer to those who make it.
pub(crate) async fn check_key(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    if let Err(problem) = url_keys::refuse(request.uri()) {
        return problem.into_response();
    }
    let admitted = state.access.admit(Need::of(&request), request.headers(), state.uploads.as_deref());
    let caller = match admitted {
        Ok(caller) => caller,
        Err(problem) => return problem.into_response(),
    };
    let is_keyed = caller.key.is_some();
    let mut response = audience::answering(caller.audience, next.run(request)).await;
    if let Some(key) = caller.key {
        response.extensions_mut().insert(key);
    }
    if is_keyed {
        keep_from_shared_caches(response.headers_mut());
    }
    response
}

/// A cache that many share may keep what is `public` although it was sent to a key.
fn keep_from_shared_caches(headers: &mut HeaderMap) {
    let kept = headers.get(header::CACHE_CONTROL).and_then(|value| value.to_str().ok());
    if let Some(rest) = kept.and_then(|kept| kept.strip_prefix("public"))
        && let Ok(private) = HeaderValue::from_str(&format!("private{rest}"))
    {
        headers.insert(header::CACHE_CONTROL, private);
    }
}

fn required(need: Need) -> Problem {
    let detail = format!("this needs a key with the scope `{}`, and none was sent", need.scope());
    Problem::new(StatusCode::UNAUTHORIZED, "key_required", "A key is required", detail).hint(
        "send the header Authorization: Bearer KEY; whoever runs the server makes one with `utbredt key new`",
    )
}

fn register_key_required(scope: &str) -> Problem {
    let detail = format!("a register is changed with a key of the scope `{scope}`, and none was sent");
    Problem::new(StatusCode::UNAUTHORIZED, "key_required", "A key is required", detail).hint(format!(
        "send the header Authorization: Bearer KEY; whoever runs the server makes one with `utbredt key new --scope {scope}`"
    ))
}

fn refused(refusal: &KeyRefusal) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "key_invalid", "The key is not valid", refusal.to_string())
        .hint("send a key as it was printed when it was made; whoever runs the server makes a new one")
}

fn lacks(scope: &Scope) -> Problem {
    let detail = format!("the key does not have the scope `{scope}`");
    Problem::new(StatusCode::FORBIDDEN, "key_scope", "The key is not valid for this", detail)
        .hint(format!("whoever runs the server makes one with `utbredt key new --scope {scope}`"))
}
