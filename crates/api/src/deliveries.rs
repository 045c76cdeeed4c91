//! `POST /v1/deliveries`: a file comes in over HTTP. Who may send is decided here, what becomes of the file by the
//! [`Intake`] the server is given: this crate writes nothing and knows no contracts.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest as _, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::metrics::Metrics;
use crate::problem::Problem;
use crate::query::{self, Pairs};
use crate::state::ApiState;

/// Where deliveries are sent.
pub(crate) const ADDRESS: &str = "/v1/deliveries";
/// How large a delivery may be.
pub(crate) const BODY_LIMIT: usize = 32 << 20;
/// How long a delivery may take to come in and be judged.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(120);
/// How many deliveries are in memory at once.
const AT_ONCE: usize = 4;
/// How long a stranger waits for his refusal.
const STRANGER_WAITS: Duration = Duration::from_millis(500);
/// How many strangers wait at once; the others are sent off without being told anything.
const STRANGERS: usize = 16;
/// The longest `asked` and `Idempotency-Key`, in bytes.
const LONGEST_TEXT: usize = 255;

/// A file as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Whose it is.
    pub source_id: String,
    /// What it answers; it takes the place of an earlier answer.
    pub asked: String,
    /// The bytes.
    pub payload: Vec<u8>,
    /// Only tell what would become of it.
    pub dry_run: bool,
    /// Hash of the token and the `Idempotency-Key` it was sent under, if it was under one.
    pub key: Option<String>,
    /// Hash of everything above but the key.
    pub fingerprint: String,
}

/// What became of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is in force.
    Accepted,
    /// It was here already.
    Unchanged,
    /// It is kept and not in force.
    Held,
}

/// The verdict and the report that explains it.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    /// What became of it.
    pub verdict: Verdict,
    /// The validation report.
    pub report: Value,
}

/// Why an upload was not judged. What is wrong with the data is never among it: that is in the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntakeError {
    /// Another writer is at work: the same upload may be sent again.
    Busy,
    /// Its key was sent before with another fingerprint.
    Reused,
    /// A fault of ours; the words are for the log.
    Failed(String),
}

/// Takes uploads in. Called on a thread that may block.
pub trait Intake: fmt::Debug + Send + Sync {
    /// Judges an upload and, unless it is a dry run, brings it in and remembers the answer under its key: the same upload
    /// under the same key gets that answer again, whatever came in between, and nothing is done.
    ///
    /// # Errors
    /// [`IntakeError`] when it could not be judged or kept, or its key was another's.
    fn take(&self, upload: Upload) -> Result<Taken, IntakeError>;
}

/// A token and what it opens. The token itself is not kept.
#[derive(Clone)]
pub struct UploadKey {
    digest: [u8; 32],
    sources: BTreeSet<String>,
}

impl fmt::Debug for UploadKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("UploadKey").field("sources", &self.sources).finish_non_exhaustive()
    }
}

impl UploadKey {
    /// A token for some sources.
    #[must_use]
    pub fn new(token: &str, sources: impl IntoIterator<Item = String>) -> Self {
        Self { digest: Sha256::digest(token).into(), sources: sources.into_iter().collect() }
    }

    /// Whether it is this token. Takes as long wherever the two differ.
    fn fits(&self, digest: &[u8; 32]) -> bool {
        let differing = self.digest.iter().zip(digest).fold(0, |differing, (a, b)| differing | (a ^ b));
        std::hint::black_box(differing) == 0
    }
}

/// What the door needs: the intake, the tokens, room for a few at once, and a place for strangers to wait.
#[derive(Debug)]
pub(crate) struct Uploads {
    intake: Arc<dyn Intake>,
    keys: Vec<UploadKey>,
    room: Arc<Semaphore>,
    strangers: Semaphore,
}

impl Uploads {
    pub(crate) fn new(intake: Arc<dyn Intake>, keys: Vec<UploadKey>) -> Self {
        Self { intake, keys, room: Arc::new(Semaphore::new(AT_ONCE)), strangers: Semaphore::new(STRANGERS) }
    }

    /// The key of the token sent. Every key is compared, so that time tells nothing of which there are.
    fn admit(&self, headers: &HeaderMap) -> Option<&UploadKey> {
        let sent = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, token) = sent.split_once(' ')?;
        let digest = scheme.eq_ignore_ascii_case("bearer").then(|| Sha256::digest(token.trim()).into())?;
        self.keys.iter().fold(None, |found, key| if key.fits(&digest) { Some(key) } else { found })
    }
}

/// Takes a delivery: who, then what, then the bytes, so that a stranger's body is never read.
pub(crate) async fn deliver(
    State(state): State<ApiState>,
    pairs: Pairs,
    request: Request,
) -> Result<Response, Problem> {
    let Some(uploads) = state.uploads.clone() else {
        return Err(Problem::not_found("unknown_path", "deliveries are not taken here"));
    };
    let Some(key) = uploads.admit(request.headers()) else {
        return Err(turned_away(&state, &uploads, unauthorized()).await);
    };
    let mut upload = arguments(pairs)?;
    if !key.sources.contains(&upload.source_id) {
        return Err(turned_away(&state, &uploads, forbidden()).await);
    }
    upload.key = idempotency_key(request.headers())?.map(|name| hash(&[&key.digest, name.as_bytes()]));
    state.engine()?;
    let room = Arc::clone(&uploads.room).try_acquire_owned().map_err(|_| busy())?;
    upload.payload = Bytes::from_request(request, &state).await.map_err(|error| unreadable(&error))?.into();
    if upload.payload.is_empty() {
        return Err(Problem::bad_argument("empty_body", "the delivery has no bytes")
            .hint("send the file as the body, as with `curl --data-binary @FILE`"));
    }
    let dry_run = [u8::from(upload.dry_run)];
    let whole = [upload.source_id.as_bytes(), upload.asked.as_bytes(), &dry_run, &upload.payload];
    upload.fingerprint = hash(&whole);
    make(&state, &uploads, upload, room).await
}

/// Counts a stranger and lets him wait, so that who tries many tokens or sources spends time on them. Those with a key pass
/// by: the wait is for the refusal only.
async fn turned_away(state: &ApiState, uploads: &Uploads, refusal: Problem) -> Problem {
    Metrics::count(&state.metrics.uploads_refused);
    tracing::warn!(code = refusal.code, "a delivery was turned away");
    let Ok(_place) = uploads.strangers.try_acquire() else { return too_many() };
    tokio::time::sleep(STRANGER_WAITS).await;
    refusal
}

/// Has the delivery judged on a thread that may block, and looks at once for the edition it made.
async fn make(
    state: &ApiState,
    uploads: &Uploads,
    upload: Upload,
    room: OwnedSemaphorePermit,
) -> Result<Response, Problem> {
    let (intake, engine) = (Arc::clone(&uploads.intake), state.engine()?.clone());
    let dry_run = upload.dry_run;
    let work = move || {
        // Held until the work is done, also when nobody waits for the answer any more.
        let _room = room;
        let taken = intake.take(upload);
        if !dry_run && let Err(error) = engine.refresh() {
            tracing::error!(%error, "the edition a delivery made cannot be served yet");
        }
        taken
    };
    let taken = match tokio::task::spawn_blocking(work).await {
        Ok(Ok(taken)) => taken,
        Ok(Err(IntakeError::Busy)) => return Err(busy()),
        Ok(Err(IntakeError::Reused)) => return Err(reused()),
        Ok(Err(IntakeError::Failed(why))) => {
            tracing::error!(why, "a delivery could not be taken");
            return Err(Problem::internal());
        }
        Err(error) => {
            tracing::error!(%error, "a delivery could not be taken");
            return Err(Problem::internal());
        }
    };
    let status = match taken.verdict {
        _ if dry_run => StatusCode::OK,
        Verdict::Accepted => StatusCode::CREATED,
        Verdict::Unchanged => StatusCode::OK,
        Verdict::Held => StatusCode::ACCEPTED,
    };
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((status, headers, json!({ "data": taken.report }).to_string()).into_response())
}

fn arguments(pairs: Pairs) -> Result<Upload, Problem> {
    let mut asked = query::only(query::read(pairs)?, &["source_id", "asked", "dry_run"])?;
    if asked.lang.is_some() || asked.format.as_deref().is_some_and(|format| format != "json") {
        return Err(Problem::bad_argument("unknown_parameter", "the report is JSON, in English")
            .hint("leave format and lang out"));
    }
    let mut text = |key: &str| {
        let value = asked.what.remove(key).unwrap_or_default();
        let fits = !value.is_empty() && value.len() <= LONGEST_TEXT && !value.chars().any(char::is_control);
        fits.then_some(value).ok_or_else(|| {
            Problem::bad_argument("invalid_delivery", format!("{key} is missing, too long or not plain text"))
                .hint("say whose the file is and what it answers: ?source_id=county&asked=2026-10")
        })
    };
    let (source_id, question) = (text("source_id")?, text("asked")?);
    let dry_run = match asked.what.get("dry_run").map(String::as_str) {
        None | Some("false") => false,
        Some("true") => true,
        Some(other) => {
            let detail = format!("dry_run is true or false, not {other:?}");
            return Err(Problem::bad_argument("invalid_delivery", detail).hint("leave it out to deliver"));
        }
    };
    Ok(Upload {
        source_id,
        asked: question,
        payload: Vec::new(),
        dry_run,
        key: None,
        fingerprint: String::new(),
    })
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut sent = headers.get_all("idempotency-key").iter();
    let Some(value) = sent.next() else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    if text.is_empty() || text.len() > LONGEST_TEXT || sent.next().is_some() {
        return Err(Problem::bad_argument(
            "invalid_idempotency_key",
            "Idempotency-Key is given once, as 1 to 255 visible characters",
        )
        .hint("a random UUID will do"));
    }
    Ok(Some(text.to_owned()))
}

/// One hash of some parts, each with its length, so that no two lists of parts look alike.
fn hash(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The same words for no token, a wrong one and one that was withdrawn.
fn unauthorized() -> Problem {
    let detail = "the delivery carries no token that is known here";
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", "Who delivers is not known", detail)
        .hint("send the header Authorization: Bearer TOKEN")
}

/// The same words for a source of somebody else and one that is not there.
fn forbidden() -> Problem {
    let detail = "this token does not deliver for that source";
    Problem::new(StatusCode::FORBIDDEN, "source_not_allowed", "The token does not open this source", detail)
        .hint("who runs the server says which sources a token delivers for")
}

/// Says nothing of the token: whoever had one would not be here.
fn too_many() -> Problem {
    let detail = "too many deliveries are being turned away; this one was not looked at any further";
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", "Too many attempts", detail)
        .hint("send a token that is known here, for a source it delivers for")
}

fn reused() -> Problem {
    let detail = "this Idempotency-Key was sent before with another delivery";
    let title = "The key belongs to another delivery";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", title, detail)
        .hint("make a new key for each delivery, and send the same only to repeat one")
}

fn busy() -> Problem {
    let detail = "another delivery is being written; this one was not judged";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "The lake is being written to", detail)
        .hint("send the same again after the seconds of Retry-After")
}

fn unreadable(rejection: &BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let detail = format!("a delivery is at most {} MiB", BODY_LIMIT >> 20);
        return Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "payload_too_large",
            "The delivery is too large",
            detail,
        )
        .hint("deliver it in parts, each with its own asked");
    }
    Problem::bad_argument("unreadable_body", "the body ended before it was whole").hint("send it again")
}

/// The door in the contract.
pub(crate) fn path() -> Value {
    let own = |name: &str, description: &str, required: bool, schema: Value| json!({"name": name, "in": "query", "description": description, "required": required, "schema": schema});
    let text = || json!({"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT});
    let report = |description: &str| json!({"description": description, "content": {"application/json": {"schema": {"type": "object"}}}});
    json!({"post": {
        "operationId": "deliver",
        "summary": "Deliver a file for a source.",
        "security": [{"upload": []}],
        "parameters": [
            own("source_id", "Whose the file is.", true, text()),
            own("asked", "What it answers; it takes the place of an earlier answer.", true, text()),
            own("dry_run", "Only the report; nothing is kept.", false, json!({"type": "boolean", "default": false})),
            {"name": "Idempotency-Key", "in": "header", "required": false, "schema": text(),
                "description": "For 24 hours the same key with the same delivery gets the same answer, whatever came in between; with another, 422. Not remembered of a dry run."},
        ],
        "requestBody": {"required": true, "description": "The file's bytes, at most 32 MiB. Its type is not asked for.",
            "content": {"application/octet-stream": {}}},
        "responses": {
            "200": report("It was here already, or this was a dry run."),
            "201": report("It is in force."),
            "202": report("It is kept, and held: `held` says why; what was in force still is."),
            "default": {"$ref": "#/components/responses/Problem"},
        },
    }})
}
