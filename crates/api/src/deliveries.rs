//! `POST /v1/deliveries`: a file comes in over HTTP. Who may send is decided here, what becomes of the file by the
//! [`DeliveryInbox`](crate::DeliveryInbox) the server is given: this crate writes nothing and knows no contracts.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::OwnedSemaphorePermit;
use tracing::Span;

use utbredt_model::{Upload, Verdict};

use crate::metrics::Metrics;
use crate::problem::Problem;
use crate::query::{self, Pairs};
use crate::request_log::current_id;
use crate::server::serve_newest;
use crate::state::ApiState;
use crate::uploads::{AT_ONCE, InboxError, Uploads};

/// Where deliveries are sent.
pub(crate) const ADDRESS: &str = "/v1/deliveries";
/// How large a delivery may be where nothing else is said.
pub(crate) const BODY_LIMIT: u32 = 32 << 20;
/// How long a delivery of that size may take to come in and be evaluated, and what each further MiB may take.
const TIME_LIMIT: (Duration, Duration) = (Duration::from_secs(120), Duration::from_secs(3));
/// How long who has no valid token waits for the rejection.
const REJECTION_DELAY: Duration = Duration::from_millis(500);
/// The longest `subject` and `Idempotency-Key`, in bytes.
const LONGEST_TEXT: usize = 255;

/// Takes a delivery: who, then what, then the bytes, so that the body of a request without a valid token is never read.
pub(crate) async fn deliver(
    State(state): State<ApiState>,
    pairs: Pairs,
    request: Request,
) -> Result<Response, Problem> {
    let Some(uploads) = state.uploads.clone() else {
        return Err(Problem::not_found("unknown_path", "deliveries are not taken here")
            .hint("whoever runs the server gives it a token to take them"));
    };
    // Before the arguments: a request without a token gets no hint of what is wrong with them.
    let Some(sender) = state.access.sender(&uploads, request.headers())? else {
        return Err(reject(&state, &uploads, unauthorized()).await);
    };
    let mut upload = arguments(pairs)?;
    if !sender.sources.contains(&upload.source_id) || !uploads.inbox.takes(&upload.source_id) {
        return Err(reject(&state, &uploads, forbidden()).await);
    }
    // Two holders of tokens may choose the same key: the token's hash keeps them distinct.
    upload.key = idempotency_key(request.headers())?.map(|name| hash(&[&sender.digest, name.as_bytes()]));
    state.engine()?;
    // Taken before the body is read, or many large bodies could lie in memory at once.
    let slot = slot(&uploads, request.headers(), state.delivery_limit)?;
    upload.payload = body(request, &state, upload.dry_run).await?;
    if upload.payload.is_empty() {
        return Err(Problem::bad_argument("empty_body", "the delivery has no bytes")
            .hint("send the file as the body, as with `curl --data-binary @FILE`"));
    }
    // A dry run is another request: its report must not be given for the delivery itself.
    let dry_run = [u8::from(upload.dry_run)];
    let whole = [upload.source_id.as_bytes(), upload.subject.as_bytes(), &dry_run, &upload.payload];
    upload.fingerprint = hash(&whole);
    let mut response = evaluate(&state, &uploads, upload, slot).await?;
    if let Some(key) = sender.key {
        response.extensions_mut().insert(key);
    }
    Ok(response)
}

/// How long a delivery may take.
pub(crate) fn time_limit(state: &ApiState) -> Duration {
    let (usual, each) = TIME_LIMIT;
    usual + each * (state.delivery_limit.saturating_sub(BODY_LIMIT) >> 20)
}

/// A place in memory: a body that may be larger than usual takes them all.
fn slot(uploads: &Uploads, headers: &HeaderMap, limit: u32) -> Result<OwnedSemaphorePermit, Problem> {
    let stated = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let places = if stated.unwrap_or(limit).min(limit) > BODY_LIMIT { AT_ONCE } else { 1 };
    Arc::clone(&uploads.slots).try_acquire_many_owned(places).map_err(|_| busy())
}

/// The bytes of a delivery. A dry run keeps nothing, so that all of it has to be in memory: it is never larger than usual.
async fn body(mut request: Request, state: &ApiState, dry_run: bool) -> Result<Vec<u8>, Problem> {
    let limit = if dry_run { state.delivery_limit.min(BODY_LIMIT) } else { state.delivery_limit };
    DefaultBodyLimit::max(usize::try_from(limit).unwrap_or(usize::MAX)).apply(&mut request);
    let body = Bytes::from_request(request, state).await.map_err(|error| unreadable(&error, limit))?;
    Ok(body.into())
}

/// Counts and logs a rejection and delays it, so that who tries many tokens or sources spends time on them. Those with
/// a valid token never wait here.
pub(crate) async fn reject(state: &ApiState, uploads: &Uploads, problem: Problem) -> Problem {
    Metrics::count(&state.metrics.uploads_rejected);
    tracing::warn!(request_id = current_id().as_deref(), code = problem.code, "an upload was rejected");
    // Without a free slot the request is rejected at once, or waiting ones would pile up.
    let Ok(_slot) = uploads.unauthenticated.try_acquire() else { return too_many() };
    tokio::time::sleep(REJECTION_DELAY).await;
    problem
}

/// Has the delivery evaluated on a thread that may block, and serves the edition it made before it answers.
async fn evaluate(
    state: &ApiState,
    uploads: &Uploads,
    upload: Upload,
    slot: OwnedSemaphorePermit,
) -> Result<Response, Problem> {
    let inbox = Arc::clone(&uploads.inbox);
    let (dry_run, source, subject) = (upload.dry_run, upload.source_id.clone(), upload.subject.clone());
    let span = Span::current();
    let work = move || {
        // Held until the work is done, also when nobody waits for the answer any more.
        let _slot = slot;
        let _entered = span.entered();
        inbox.accept(upload)
    };
    let accepted = tokio::task::spawn_blocking(work).await;
    if !dry_run && let Err(error) = serve_newest(state).await {
        tracing::error!(%error, "the edition that a delivery made cannot be served yet");
    }
    let outcome = match accepted {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(InboxError::Busy)) => return Err(busy()),
        Ok(Err(InboxError::Reused)) => return Err(reused()),
        Ok(Err(InboxError::Full { held, quota })) => return Err(full(held, quota)),
        Ok(Err(error)) => return Err(Problem::failed(&error)),
        Err(error) => return Err(Problem::failed(&error)),
    };
    let (request_id, verdict) = (current_id(), outcome.verdict.as_str());
    tracing::info!(
        request_id = request_id.as_deref(),
        source,
        subject,
        dry_run,
        verdict,
        "an upload was evaluated"
    );
    let status = match outcome.verdict {
        // Nothing was created by a dry run, whatever became of it.
        _ if dry_run => StatusCode::OK,
        Verdict::Accepted => StatusCode::CREATED,
        Verdict::Unchanged => StatusCode::OK,
        Verdict::Held => StatusCode::ACCEPTED,
    };
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((status, headers, json!({ "data": outcome.report }).to_string()).into_response())
}

/// The parameters of a delivery. `asked` is what `subject` was called before, and is read for those who still send it.
fn arguments(pairs: Pairs) -> Result<Upload, Problem> {
    let mut parsed = query::only(pairs, &["source_id", "subject", "asked", "dry_run"])?;
    if parsed.lang.is_some() || parsed.format.as_deref().is_some_and(|format| format != "json") {
        return Err(Problem::bad_argument("unknown_parameter", "the report is JSON, in English")
            .hint("leave format and lang out"));
    }
    if let Some(subject) = parsed.what.remove("asked")
        && parsed.what.insert("subject".to_owned(), subject).is_some()
    {
        let detail = "subject is given twice, once under its old name asked";
        return Err(Problem::bad_argument("repeated_parameter", detail).hint("send subject only"));
    }
    let source_id = plain_text("source_id", parsed.what.remove("source_id"))?;
    let subject = plain_text("subject", parsed.what.remove("subject"))?;
    let dry_run = match parsed.what.get("dry_run").map(String::as_str) {
        None | Some("false") => false,
        Some("true") => true,
        Some(other) => {
            let detail = format!("dry_run is true or false, not {other:?}");
            return Err(Problem::bad_argument("invalid_delivery", detail).hint("leave it out to deliver"));
        }
    };
    Ok(Upload { source_id, subject, payload: Vec::new(), dry_run, key: None, fingerprint: String::new() })
}

fn plain_text(name: &str, value: Option<String>) -> Result<String, Problem> {
    let fits =
        |text: &String| !text.is_empty() && text.len() <= LONGEST_TEXT && !text.chars().any(char::is_control);
    value.filter(fits).ok_or_else(|| {
        Problem::bad_argument("invalid_delivery", format!("{name} is missing, too long or not plain text"))
            .hint("name the source and what the file reports: ?source_id=county&subject=2026-10")
    })
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut sent = headers.get_all("idempotency-key").iter();
    let Some(value) = sent.next() else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    // Two keys are refused, since either alone could repeat another delivery.
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

/// The same text for no token, a wrong one and one that was withdrawn.
pub(crate) fn unauthorized() -> Problem {
    let detail = "the delivery carries no valid token";
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", "A valid token is required", detail)
        .hint("send the header Authorization: Bearer TOKEN")
}

/// The same text for a source of somebody else and one that is not there.
pub(crate) fn forbidden() -> Problem {
    let detail = "this token may not deliver for that source";
    Problem::new(
        StatusCode::FORBIDDEN,
        "source_not_allowed",
        "The token is not valid for this source",
        detail,
    )
    .hint("whoever runs the server decides for which sources a token is valid")
}

/// Says nothing of the token: whoever had a valid one would not be here.
fn too_many() -> Problem {
    let detail = "too many deliveries are being rejected; this one was not looked at any further";
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", "Too many attempts", detail)
        .hint("send a valid token, for a source it may deliver for")
}

fn reused() -> Problem {
    let detail = "this Idempotency-Key was sent before with another delivery";
    let title = "The key belongs to another delivery";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", title, detail)
        .hint("make a new key for each delivery, and send the same only to repeat one")
}

fn full(held: u64, quota: u64) -> Problem {
    let detail = format!(
        "this delivery would be held, or is too large to find out before it is kept, and those that are held take {held} bytes of {quota}; \
         nothing of it is kept"
    );
    let title = "There is no room for another held delivery";
    Problem::new(StatusCode::INSUFFICIENT_STORAGE, "held_quota_exceeded", title, detail)
        .hint("a delivery with nothing to hold it back is still taken; whoever runs the server makes room: `utbredt held list`")
}

pub(crate) fn busy() -> Problem {
    let detail = "another delivery is being written; this one was not evaluated";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "The lake is being written to", detail)
        .hint("send the same again after the seconds of Retry-After")
}

fn unreadable(rejection: &BytesRejection, limit: u32) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let detail =
            format!("this server takes a delivery, or a dry run of one, of at most {} MiB", limit >> 20);
        return Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "payload_too_large",
            "The delivery is too large",
            detail,
        )
        .hint("deliver it in parts, each with its own subject; whoever runs the server brings in a file of any size");
    }
    Problem::bad_argument("unreadable_body", "the body ended before it was complete").hint("send it again")
}
