//! The routes and the layers around them, outermost last.

use std::any::Any;
use std::future::Future;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::{Any as AnyOrigin, CorsLayer};
use tower_http::trace::TraceLayer;

use crate::metrics::Metrics;
use crate::problem::{Problem, nearest, render_problems};
use crate::state::ApiState;
use crate::{catalogue, deliveries, diff, editions, lookup, openapi, ops, status, values};

/// How long a question may take.
const TIME_LIMIT: Duration = Duration::from_secs(30);
/// How large a request's body may be.
const BODY_LIMIT: usize = 64 * 1024;

/// What a mistyped address is compared with.
const ADDRESSES: [&str; 19] = [
    "/",
    "/v1/changes",
    "/health/live",
    "/health/ready",
    "/metrics",
    "/v1/editions",
    "/v1/editions/{n}",
    "/v1/kpis",
    "/v1/kpis/{id}",
    "/v1/kpis/{id}/diff",
    "/v1/kpis/{id}/values",
    "/v1/kpis:batch",
    "/v1/municipalities",
    "/v1/networks",
    "/v1/openapi.json",
    "/v1/rollouts",
    "/v1/status",
    "/v1/solutions",
    "/v1/municipalities/{code}",
];

/// Every door of the server with its layers.
pub fn router(state: ApiState) -> Router {
    let mut doors = doors();
    if state.uploads.is_some() {
        let limit = DefaultBodyLimit::max(deliveries::BODY_LIMIT);
        doors = doors.route(deliveries::ADDRESS, post(deliveries::deliver).layer(limit));
    }
    doors.with_layers(state)
}

/// Serves until `shutdown` is done, then lets the answers under way finish. Meanwhile it looks for new editions.
///
/// # Errors
/// What the listener reports.
pub async fn serve(
    listener: tokio::net::TcpListener,
    state: ApiState,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let looking = tokio::spawn(look_for_editions(state.clone()));
    let served = axum::serve(listener, router(state)).with_graceful_shutdown(shutdown).await;
    looking.abort();
    served
}

/// What cannot be picked up is logged once, not at every look, and what was served is served on.
async fn look_for_editions(state: ApiState) {
    let mut told = String::new();
    loop {
        tokio::time::sleep(state.refresh_every).await;
        let Ok(engine) = state.engine().cloned() else { continue };
        let looked =
            tokio::task::spawn_blocking(move || engine.refresh().map(|newer| (newer, engine.edition())));
        match looked.await {
            Ok(Ok((newer, edition))) => {
                told.clear();
                if newer {
                    tracing::info!(edition = edition.number, "a newer edition is served");
                }
            }
            Ok(Err(error)) if error.to_string() == told => {}
            Ok(Err(error)) => {
                tracing::error!(%error, "the newest edition cannot be served; the one before it still is");
                told = error.to_string();
            }
            Err(error) => tracing::error!(%error, "looking for a newer edition failed"),
        }
    }
}

fn doors() -> Router<ApiState> {
    Router::new()
        .route("/", get(ops::landing))
        .route("/health/live", get(ops::live))
        .route("/health/ready", get(ops::ready))
        .route("/metrics", get(ops::metrics))
        .route("/v1/kpis", get(catalogue::kpis))
        .route("/v1/kpis/{id}", get(catalogue::kpi))
        .route("/v1/kpis/{id}/values", get(values::values))
        .route("/v1/kpis/{id}/diff", get(diff::diff))
        .route("/v1/kpis:batch", post(values::batch))
        .route("/v1/municipalities", get(lookup::municipalities))
        .route("/v1/municipalities/{code}", get(lookup::municipality))
        .route("/v1/networks", get(lookup::networks))
        .route("/v1/networks/{id}", get(lookup::network))
        .route("/v1/solutions", get(lookup::solutions))
        .route("/v1/solutions/{id}", get(lookup::solution))
        .route("/v1/rollouts", get(lookup::rollouts))
        .route("/v1/rollouts/{solution_id}", get(lookup::rollout))
        .route("/v1/editions", get(editions::editions))
        .route("/v1/editions/{n}", get(editions::edition))
        .route("/v1/changes", get(editions::changes))
        .route("/v1/status", get(status::status))
        .route("/v1/openapi.json", get(openapi::document))
        .fallback(no_such_door)
        .method_not_allowed_fallback(wrong_method)
}

/// Puts the layers around some doors; apart from `doors` so that tests can add a door that fails.
trait WithLayers {
    fn with_layers(self, state: ApiState) -> Router;
}

impl WithLayers for Router<ApiState> {
    fn with_layers(self, state: ApiState) -> Router {
        let cors = CorsLayer::new()
            .allow_origin(AnyOrigin)
            .allow_methods([Method::GET, Method::HEAD])
            .allow_headers([header::ACCEPT, header::ACCEPT_LANGUAGE, header::IF_NONE_MATCH])
            .expose_headers([
                header::ETAG,
                header::CONTENT_LANGUAGE,
                header::HeaderName::from_static("utbredt-edition"),
                header::HeaderName::from_static("utbredt-synthetic"),
            ])
            .max_age(Duration::from_secs(3600));
        self.layer(DefaultBodyLimit::max(BODY_LIMIT))
            .layer(from_fn(|request, next| limit_time(time_limit(&request), request, next)))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(from_fn(render_problems))
            .layer(CompressionLayer::new().gzip(true))
            .layer(cors)
            .layer(from_fn_with_state(state.clone(), finish))
            .layer(TraceLayer::new_for_http())
            .with_state(state)
    }
}

async fn no_such_door(request: Request) -> Problem {
    let path = request.uri().path();
    Problem::not_found("unknown_path", format!("there is no door {path:?}"))
        .hint("GET / lists the doors")
        .did_you_mean(nearest(path, ADDRESSES))
}

async fn wrong_method(request: Request) -> Problem {
    let detail = format!("{} does not answer {}", request.uri().path(), request.method());
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "The method does not fit the address",
        detail,
    )
    .hint("the header Allow names the methods that do")
}

/// A file may come over a slow line, and is judged before the answer.
fn time_limit(request: &Request) -> Duration {
    if request.uri().path() == deliveries::ADDRESS { deliveries::TIME_LIMIT } else { TIME_LIMIT }
}

async fn limit_time(limit: Duration, request: Request, next: Next) -> Response {
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::timeout().into_response(),
    }
}

/// The panic's own words go to the log only.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands the payload over by value")]
fn panicked(payload: Box<dyn Any + Send + 'static>) -> Response {
    let words = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    tracing::error!(panic = words, "a handler panicked");
    Problem::internal().into_response()
}

/// The last hand on every answer: counts it, weakens the tag of a compressed one (its bytes are not the bytes the
/// strong tag stands for), and adds the headers that keep browsers from guessing.
async fn finish(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    Metrics::count(&state.metrics.requests);
    let mut response = next.run(request).await;
    let status = response.status();
    if status == StatusCode::NOT_MODIFIED {
        Metrics::count(&state.metrics.not_modified);
    } else if status.is_client_error() {
        Metrics::count(&state.metrics.client_errors);
    } else if status.is_server_error() {
        Metrics::count(&state.metrics.server_errors);
    }
    let headers = response.headers_mut();
    if headers.contains_key(header::CONTENT_ENCODING)
        && let Some(weak) =
            headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()).filter(|tag| tag.starts_with('"'))
        && let Ok(weak) = HeaderValue::from_str(&format!("W/{weak}"))
    {
        headers.insert(header::ETAG, weak);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    response
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::extract::Path;
    use serde_json::Value;
    use tower::ServiceExt as _;

    use super::*;

    fn request(method: &str, path: &str) -> Request {
        Request::builder().method(method).uri(path).body(Body::empty()).unwrap()
    }

    async fn ask(router: Router, request: Request) -> (Response, Value) {
        let response = router.oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        (Response::from_parts(parts, Body::empty()), value)
    }

    async fn get_problem(path: &str) -> (StatusCode, Value) {
        let (response, body) = ask(router(ApiState::waiting()), request("GET", path)).await;
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json", "{path}");
        assert_eq!(body["status"], response.status().as_u16());
        assert_eq!(body["instance"], path);
        (response.status(), body)
    }

    #[tokio::test]
    async fn an_unknown_address_is_a_problem_with_the_nearest() {
        let (status, body) = get_problem("/v1/kpi").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(body["code"], "unknown_path");
        assert_eq!(body["type"], "/problems/unknown_path");
        assert_eq!(body["did_you_mean"], "/v1/kpis");
    }

    #[tokio::test]
    async fn a_wrong_method_is_a_problem_that_keeps_allow() {
        let (response, body) = ask(router(ApiState::waiting()), request("DELETE", "/v1/kpis")).await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(body["code"], "method_not_allowed");
        assert_eq!(response.headers()[header::ALLOW], "GET,HEAD");
    }

    #[tokio::test]
    async fn without_an_edition_the_server_lives_but_is_not_ready() {
        let (response, _) = ask(router(ApiState::waiting()), request("GET", "/health/live")).await;
        assert_eq!(response.status(), StatusCode::OK);
        for path in
            ["/health/ready", "/v1/kpis", "/v1/kpis/adoption.reach/values?by=county", "/v1/editions/1"]
        {
            let (status, body) = get_problem(path).await;
            assert_eq!((status, body["code"].as_str()), (StatusCode::SERVICE_UNAVAILABLE, Some("not_ready")));
        }
    }

    #[tokio::test]
    async fn a_path_that_is_no_text_is_a_problem() {
        let (status, _) = get_problem("/v1/kpis/%FF").await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
    }

    #[tokio::test]
    async fn a_panic_is_a_problem_without_its_words() {
        let fails = doors().route("/fails", get(async || -> Response { panic!("secret") }));
        let (response, body) = ask(fails.with_layers(ApiState::waiting()), request("GET", "/fails")).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(body["code"], "internal");
        assert!(!body.to_string().contains("secret"));
    }

    #[tokio::test]
    async fn a_question_that_takes_too_long_is_given_up() {
        let slow = Router::new()
            .route("/slow", get(async || tokio::time::sleep(Duration::from_secs(60)).await))
            .layer(from_fn(|request, next| limit_time(Duration::from_millis(20), request, next)));
        let (response, body) = ask(slow, request("GET", "/slow")).await;
        assert_eq!(
            (response.status(), body["code"].as_str()),
            (StatusCode::SERVICE_UNAVAILABLE, Some("timeout"))
        );
    }

    #[tokio::test]
    async fn every_answer_carries_the_security_headers() {
        for path in ["/", "/v1/nothing"] {
            let (response, _) = ask(router(ApiState::waiting()), request("GET", path)).await;
            assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
            assert_eq!(response.headers()[header::REFERRER_POLICY], "no-referrer");
            let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'"), "{policy}");
        }
    }

    #[tokio::test]
    async fn a_compressed_answer_has_a_weak_tag_and_a_plain_one_a_strong() {
        let tagged = || {
            let answer = async |Path(letter): Path<String>| ([(header::ETAG, "\"t\"")], letter.repeat(4000));
            doors().route("/tagged/{letter}", get(answer)).with_layers(ApiState::waiting())
        };
        let (plain, _) = ask(tagged(), request("GET", "/tagged/a")).await;
        assert_eq!(plain.headers()[header::ETAG], "\"t\"");
        let mut zipped = request("GET", "/tagged/a");
        zipped.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        let (zipped, _) = ask(tagged(), zipped).await;
        assert_eq!(zipped.headers()[header::CONTENT_ENCODING], "gzip");
        assert_eq!(zipped.headers()[header::ETAG], "W/\"t\"");
    }

    #[tokio::test]
    async fn other_origins_may_read_and_the_counters_count() {
        let state = ApiState::waiting();
        let mut foreign = request("GET", "/v1/nothing");
        foreign.headers_mut().insert(header::ORIGIN, HeaderValue::from_static("https://example.org"));
        let (response, _) = ask(router(state.clone()), foreign).await;
        assert_eq!(response.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        let response = router(state).oneshot(request("GET", "/metrics")).await.unwrap();
        let text = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let text = std::str::from_utf8(&text).unwrap();
        assert!(text.contains("utbredt_requests_total 2\n"), "{text}");
        assert!(text.contains("utbredt_errors_total{class=\"client\"} 1\n"), "{text}");
    }
}
