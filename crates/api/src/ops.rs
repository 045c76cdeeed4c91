//! Doors for those who run the server: health, metrics, and a page that lists the others.

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::problem::Problem;
use crate::state::ApiState;

const NO_STORE: (HeaderName, HeaderValue) = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));

/// `GET /health/live`: the process answers.
pub(crate) async fn live() -> Response {
    ([NO_STORE], axum::Json(json!({"status": "live"}))).into_response()
}

/// `GET /health/ready`: an edition is loaded.
pub(crate) async fn ready(State(state): State<ApiState>) -> Result<Response, Problem> {
    let edition = state.engine()?.edition().number;
    Ok(([NO_STORE], axum::Json(json!({"status": "ready", "edition": edition}))).into_response())
}

/// `GET /metrics`.
pub(crate) async fn metrics(State(state): State<ApiState>) -> Response {
    let engine = state.engine().ok();
    let edition = engine.map(|engine| engine.edition().number);
    let runs = engine.and_then(|engine| engine.runs().ok()).unwrap_or_default();
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"));
    ([NO_STORE, kind], state.metrics.render(edition, &runs)).into_response()
}

/// `GET /`.
pub(crate) async fn landing() -> Response {
    let policy = HeaderValue::from_static(
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600")),
    ];
    (headers, include_str!("landing.html")).into_response()
}
