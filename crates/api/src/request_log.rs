//! The request log: every request gets an id, a span, a line with what it cost, and a place in the latency histogram.
//! Nothing here knows where the log goes; the binary says so.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument as _;
use tracing::field::Empty;
use utbredt_model::key::contains_key;
use uuid::Uuid;

use crate::keys::KeyId;
use crate::state::ApiState;
use crate::url_keys;

/// The header with the id of a request, in both directions.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest id taken over from a client or a proxy.
const LONGEST_ID: usize = 64;
/// Addresses that are polled by machines: their lines would bury the others.
const POLLED: [&str; 3] = ["/health/live", "/health/ready", "/metrics"];

tokio::task_local! {
    /// The id of the request under way, for whoever writes a problem document deep below the router.
    static CURRENT_ID: Arc<str>;
}

/// The id of the request under way.
pub(crate) fn current_id() -> Option<Arc<str>> {
    CURRENT_ID.try_with(Arc::clone).ok()
}

/// Runs something as if within a request.
#[cfg(test)]
pub(crate) fn with_id<T>(id: &str, run: impl FnOnce() -> T) -> T {
    CURRENT_ID.sync_scope(id.into(), run)
}

/// What an answer cost, for the log: put into the response's extensions by whoever made it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Computed {
    /// The encoded body was kept from an earlier request: only counted, and logged at debug.
    pub(crate) kept_body: bool,
    /// How many rows the answer has.
    pub(crate) rows: Option<usize>,
    /// Whether its cells were kept.
    pub(crate) cells: Option<Cells>,
    /// What a batch asked for; of other requests the path and a header tell.
    pub(crate) batch: Option<Batch>,
}

/// What the questions of a batch were about.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    /// Their KPIs, each once, separated by commas.
    pub(crate) kpis: String,
    /// The editions of their answers, each once, separated by commas.
    pub(crate) editions: String,
    /// How many questions there were.
    pub(crate) questions: usize,
    /// How many of them got a problem instead of an answer.
    pub(crate) failed: usize,
}

/// Where the cells of an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cells {
    /// They were kept.
    Hit,
    /// They were computed for this answer.
    Computed,
}

impl Cells {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Computed => "computed",
        }
    }
}

/// What is known of a request before it is answered.
struct Seen {
    id: Arc<str>,
    method: Method,
    path: String,
    query: Option<String>,
    /// The route with its placeholders; few, so it may be a label.
    route: Option<MatchedPath>,
    started: Instant,
}

impl Seen {
    fn new(request: &Request) -> Self {
        Self {
            id: request_id(request.headers()),
            method: request.method().clone(),
            path: url_keys::shown_path(request.uri()).to_owned(),
            query: url_keys::shown_query(request.uri()).map(str::to_owned),
            route: request.extensions().get::<MatchedPath>().cloned(),
            started: Instant::now(),
        }
    }

    fn route(&self) -> &str {
        self.route.as_ref().map_or("none", MatchedPath::as_str)
    }

    /// The KPI in the path.
    fn kpi(&self) -> Option<&str> {
        let below =
            self.route().starts_with("/v1/kpis/{id}").then(|| self.path.strip_prefix("/v1/kpis/"))??;
        below.split('/').next()
    }
}

/// Middleware, the outermost: names the request, and says afterwards what became of it.
pub(crate) async fn log_request(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let seen = Seen::new(&request);
    let span = tracing::info_span!(
        "request",
        request_id = &*seen.id,
        kpi = seen.kpi(),
        edition = Empty,
        rows = Empty,
        cells = Empty
    );
    let answer = CURRENT_ID.scope(Arc::clone(&seen.id), next.run(request));
    let mut response = answer.instrument(span).await;
    let seconds = seen.started.elapsed().as_secs_f64();
    let meter = state.metrics.meter(seen.method.as_str(), seen.route(), response.status());
    meter.record(seconds);
    response.extensions_mut().insert(meter);
    write_line(&seen, &response, seconds);
    if let Ok(id) = HeaderValue::from_str(&seen.id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// One line. Copies that were still right, kept bodies and polled addresses are for those who look closely.
fn write_line(seen: &Seen, response: &Response, seconds: f64) {
    let status = response.status();
    let made = response.extensions().get::<Computed>().cloned().unwrap_or_default();
    let batch = made.batch.as_ref();
    let key = response.extensions().get::<KeyId>().map(|key| key.0.as_str());
    let edition = response.headers().get("utbredt-edition").and_then(|value| value.to_str().ok());
    let edition = edition.or(batch.map(|batch| batch.editions.as_str()));
    let kpi = seen.kpi().or(batch.map(|batch| batch.kpis.as_str()));
    // A tenth of a microsecond is noise; three decimals are enough to compare.
    let ms = (seconds * 1e6).round() / 1e3;
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                request_id = &*seen.id,
                method = seen.method.as_str(),
                path = seen.path,
                query = seen.query,
                status = status.as_u16(),
                key,
                kpi,
                edition,
                questions = batch.map(|batch| batch.questions),
                failed = batch.map(|batch| batch.failed),
                cells = made.cells.map(Cells::as_str),
                rows = made.rows,
                ms,
                "answered"
            )
        };
    }
    let is_quiet = status == StatusCode::NOT_MODIFIED || made.kept_body || POLLED.contains(&seen.route());
    if is_quiet && !status.is_server_error() { line!(debug) } else { line!(info) }
}

/// Whether polls, too, have a line of their own.
pub(crate) fn is_verbose() -> bool {
    tracing::enabled!(tracing::Level::DEBUG)
}

/// The header with the id of a request that is answered without a look into the log's span.
pub(crate) fn id_header(headers: &HeaderMap) -> HeaderValue {
    match given_id(headers) {
        Some((_, value)) => value.clone(),
        None => {
            let mut letters = Uuid::encode_buffer();
            HeaderValue::from_str(random_id().hyphenated().encode_lower(&mut letters))
                .unwrap_or_else(|_| HeaderValue::from_static("none"))
        }
    }
}

/// It need not be secret, and is made for every poll: no call of the operating system.
fn random_id() -> Uuid {
    uuid::Builder::from_random_bytes(fastrand::u128(..).to_le_bytes()).into_uuid()
}

/// The id that was sent, when it is one that cannot garble a log.
fn given_id(headers: &HeaderMap) -> Option<(&str, &HeaderValue)> {
    let value = headers.get(REQUEST_ID)?;
    let id = value.to_str().ok()?;
    is_plain(id).then_some((id, value))
}

/// The id a proxy or client gave, when it is one that cannot garble a log; a random one otherwise.
fn request_id(headers: &HeaderMap) -> Arc<str> {
    match given_id(headers) {
        Some((id, _)) => id.into(),
        None => random_id().to_string().into(),
    }
}

fn is_plain(id: &str) -> bool {
    let fits = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_' | b'.');
    // A key sent as an id would stand in the log.
    !id.is_empty() && id.len() <= LONGEST_ID && id.bytes().all(fits) && !contains_key(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_taken_over_only_when_it_is_plain() {
        let with = |value: &str| {
            let value = HeaderValue::from_str(value).unwrap();
            request_id(&HeaderMap::from_iter([(REQUEST_ID, value)]))
        };
        assert_eq!(&*with("edge-7.a_1"), "edge-7.a_1");
        let long = "a".repeat(65);
        // A key that was sent as an id would stand in every line of its request.
        for other in ["", "a b", "a\"b", "{}", long.as_str(), "utb_abababab_0123456789abcdef"] {
            assert_eq!(with(other).len(), 36, "{other:?} became a UUID");
        }
        assert_ne!(request_id(&HeaderMap::new()), request_id(&HeaderMap::new()));
    }
}
