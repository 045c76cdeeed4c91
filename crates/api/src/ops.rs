//! For those who run the server: health, metrics, and a page that lists every route.

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::html;
use crate::metrics::{self, Now};
use crate::problem::Problem;
use crate::route::{Route, Verb};
use crate::routes::ROUTES;
use crate::state::ApiState;
use crate::surface::Side;

/// What a reader may try first.
const EXAMPLE: &str = "<p>For example: \
    <code>/v1/kpis/adoption.reach/values?solution_id=digisos&amp;by=county&amp;format=csv</code></p>";

const NO_STORE: (HeaderName, HeaderValue) = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));

/// Whether the server is up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `live` or `ready`.
    status: &'static str,
    /// The edition that is served.
    #[serde(skip_serializing_if = "Option::is_none")]
    edition: Option<u64>,
    /// What of the lake is damaged, each naming its file. The rest is served.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    damage: Vec<String>,
}

/// `GET /health/live`: the process answers.
pub(crate) async fn health_live() -> Response {
    ([NO_STORE], axum::Json(Health { status: "live", edition: None, damage: Vec::new() })).into_response()
}

/// `GET /health/ready`: an edition is loaded. Where the lake is damaged it still answers 200, since taking the server out of use
/// would take away what is whole.
pub(crate) async fn health_ready(State(state): State<ApiState>) -> Result<Response, Problem> {
    let engine = state.engine()?;
    let (edition, damage) = (Some(engine.edition().number), engine.damage());
    Ok(([NO_STORE], axum::Json(Health { status: "ready", edition, damage })).into_response())
}

/// `GET /metrics`. What cannot be read is left out: a scrape tells of the rest.
pub(crate) async fn metrics(State(state): State<ApiState>) -> Response {
    let engine = state.engine().ok();
    let edition = engine.map(|engine| engine.edition().number);
    let kept = engine.map(utbredt_engine::Engine::kept).unwrap_or_default();
    let runs = match engine.cloned() {
        // Files are read: on a thread that may wait for them.
        Some(engine) => tokio::task::spawn_blocking(move || engine.run_summary().ok()).await.ok().flatten(),
        None => None,
    };
    let runs = runs.unwrap_or_default();
    let now = Now {
        edition,
        runs: &runs,
        kept_bytes: state.cache.weighted_size() + state.replies.bytes(),
        kept,
        waiting: state.questions.waiting(),
        damaged: engine.map_or(0, |engine| engine.damage().len()),
    };
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static(metrics::CONTENT_TYPE));
    ([NO_STORE, kind], state.metrics.render(&now)).into_response()
}

/// `GET /`: every route of this server in one line each.
pub(crate) async fn landing(State(state): State<ApiState>) -> Response {
    let served = state.served();
    let items: String = ROUTES.iter().filter(|route| route.is_served(served)).map(item).collect();
    // An example of what is at this address: the one for operators has no numbers.
    let example = if served.surface.has(Side::Readers) { EXAMPLE } else { "" };
    let main = format!(
        "<h1>Utbredt</h1>\n<p>How national shared digital solutions spread through Norway's municipalities. \
         The endpoints of this address:</p>\n<ul>\n{items}</ul>\n{example}"
    );
    html::page("endpoints", &main)
}

/// A link where the address needs nothing more.
fn item(route: &Route) -> String {
    let (verb, path, summary) = (route.verb.as_str(), route.path, html::escape(route.summary));
    if route.verb == Verb::Get && !path.contains('{') {
        format!("<li><a href=\"{path}\"><code>{verb} {path}</code></a>: {summary}</li>\n")
    } else {
        format!("<li><code>{verb} {path}</code>: {summary}</li>\n")
    }
}
