//! `GET /v1/held`, `GET /v1/held/{id}` and `POST /v1/held/{id}:release`: deliveries that are kept but not active until a
//! person decides. What they are and how they are released is the server's, behind [`HeldDeliveries`].

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use utbredt_model::is_reason;

use crate::deliveries::{busy, forbidden, reject, unauthorized};
use crate::problem::Problem;
use crate::query::{self, Pairs};
use crate::request_log::current_id;
use crate::server::serve_newest;
use crate::state::ApiState;
use crate::uploads::SourceAccess;

/// The last part of the address of a release.
pub(crate) const RELEASE: &str = ":release";
/// The longest reason, in bytes.
const LONGEST_REASON: usize = 2000;

/// Why a held delivery is not shown or released.
#[derive(Debug, thiserror::Error)]
pub enum HeldError {
    /// No receipt of that name.
    #[error("there is no such receipt")]
    Unknown {
        /// The held one most like it.
        nearest: Option<String>,
    },
    /// It is not held.
    #[error("the delivery is not held")]
    NotHeld,
    /// It belongs to a source that whoever asks may not release deliveries of.
    #[error("the token is not valid for its source")]
    NotAllowed,
    /// A release would make something wrong active: the reasons.
    #[error("the delivery cannot be released")]
    NotReleasable(Vec<String>),
    /// Another writer is at work.
    #[error("another writer holds the lake")]
    Busy,
    /// A fault of the server. For the log.
    #[error("the held deliveries could not be read or released")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

/// The deliveries that are held. Called on a thread that may block.
pub trait HeldDeliveries: fmt::Debug + Send + Sync {
    /// Those that wait for a decision.
    ///
    /// # Errors
    /// [`HeldError::Failed`].
    fn list(&self) -> Result<Vec<Value>, HeldError>;

    /// One of them, and the report of what its release would do.
    ///
    /// # Errors
    /// [`HeldError`].
    fn show(&self, receipt_id: &str) -> Result<Value, HeldError>;

    /// Makes one active, if it is of one of these sources. A second release changes nothing and says so.
    ///
    /// # Errors
    /// [`HeldError`]; nothing has changed then.
    fn release(&self, receipt_id: &str, reason: &str, sources: &SourceAccess) -> Result<Value, HeldError>;
}

/// `GET /v1/held`.
pub(crate) async fn list_held(State(state): State<ApiState>, pairs: Pairs) -> Result<Response, Problem> {
    query::only(pairs, &[])?;
    let (held, edition) = (held_of(&state)?, state.engine()?.edition().number);
    let listed = blocking(move || held.list()).await?;
    Ok(answer(&json!({ "data": listed, "meta": { "edition": edition, "rows": listed.len() } })))
}

/// `GET /v1/held/{id}`.
pub(crate) async fn describe_held(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    pairs: Pairs,
) -> Result<Response, Problem> {
    query::only(pairs, &[])?;
    let held = held_of(&state)?;
    Ok(answer(&json!({ "data": blocking(move || held.show(&id)).await? })))
}

/// The body of a release.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReleaseRequest {
    reason: String,
}

/// `POST /v1/held/{id}:release`. The router knows no text behind a placeholder, so it is taken off here.
pub(crate) async fn release_held(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    pairs: Pairs,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let Some(id) = id.strip_suffix(RELEASE).map(str::to_owned) else {
        return Err(Problem::not_found("unknown_path", "there is nothing to be sent to at this address")
            .hint("a release is POST /v1/held/{id}:release"));
    };
    let held = held_of(&state)?;
    let uploads = state.uploads.clone().ok_or_else(not_here)?;
    // Before everything else, as for a delivery.
    let releaser = match state.access.releaser(&uploads, &headers) {
        Ok(Some(releaser)) => releaser,
        Ok(None) => return Err(reject(&state, &uploads, unauthorized()).await),
        Err(problem) => return Err(reject(&state, &uploads, problem).await),
    };
    query::only(pairs, &[])?;
    let reason = reason(&body)?;
    let (sources, receipt) = (releaser.sources, id.clone());
    let released = blocking(move || held.release(&id, &reason, &sources)).await;
    if let Err(error) = serve_newest(&state).await {
        tracing::error!(%error, "the edition that a release made cannot be served yet");
    }
    match released {
        Err(problem) if problem.code == "source_not_allowed" => Err(reject(&state, &uploads, problem).await),
        Err(problem) => Err(problem),
        Ok(report) => {
            let (request_id, key) = (current_id(), releaser.key.map(|key| key.0));
            tracing::info!(request_id = request_id.as_deref(), key, receipt, "a held delivery was released");
            Ok(answer(&json!({ "data": report })))
        }
    }
}

fn reason(body: &[u8]) -> Result<String, Problem> {
    let request: Option<ReleaseRequest> = serde_json::from_slice(body).ok();
    let reason = request.map(|request| request.reason.trim().to_owned()).unwrap_or_default();
    if !is_reason(&reason) || reason.len() > LONGEST_REASON {
        return Err(Problem::bad_argument(
            "invalid_release",
            format!(
                "a release needs a reason of 1 to {LONGEST_REASON} bytes, with a letter or a digit in it"
            ),
        )
        .hint("send the body {\"reason\": \"why it is right\"}; it is kept in the receipt"));
    }
    Ok(reason)
}

fn held_of(state: &ApiState) -> Result<Arc<dyn HeldDeliveries>, Problem> {
    state.held.clone().ok_or_else(not_here)
}

fn not_here() -> Problem {
    Problem::not_found("unknown_path", "held deliveries are not shown here")
        .hint("`utbredt held list` shows them on the machine of the lake")
}

/// Runs what may block, and words its errors.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, HeldError> + Send + 'static,
) -> Result<T, Problem> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| problem(&error)),
        Err(error) => Err(Problem::failed(&error)),
    }
}

fn problem(error: &HeldError) -> Problem {
    let title = "The delivery cannot be released";
    match error {
        HeldError::Unknown { nearest } => Problem::not_found("unknown_receipt", "there is no such receipt")
            .hint("GET /v1/held lists those that are held")
            .did_you_mean(nearest.clone()),
        HeldError::NotHeld => {
            Problem::new(StatusCode::CONFLICT, "not_held", title, "the delivery is not held")
                .hint("GET /v1/held lists those that are held")
        }
        HeldError::NotReleasable(reasons) => {
            Problem::new(StatusCode::CONFLICT, "not_releasable", title, reasons.join("; "))
                .hint("deliver a file or a contract that is right")
        }
        HeldError::NotAllowed => forbidden(),
        HeldError::Busy => busy(),
        HeldError::Failed(_) => Problem::failed(error),
    }
}

/// Never cached: a release changes it at once.
fn answer(body: &Value) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (StatusCode::OK, headers, body.to_string()).into_response()
}
