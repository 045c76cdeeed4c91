//! The router: every route of `routes`, and the layers around them, outermost last.

use std::any::Any;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate, SizeAbove};
use utbredt_formats::Format;

use crate::answer::WORTH_COMPRESSING;
use crate::hosts::check_host;
use crate::keys::check_key;
use crate::nearest_route::{is_meant, nearest_address};
use crate::problem::{Problem, render_problems};
use crate::request_log::log_request;
use crate::routes::ROUTES;
use crate::state::ApiState;
use crate::surface::Served;
use crate::{cors, deliveries, held, negotiate};

/// How large a request's body may be.
const BODY_LIMIT: usize = 64 * 1024;

/// All routes and their middleware.
pub(crate) fn router(state: ApiState) -> Router {
    with_layers(routes(state.served()), state)
}

fn routes(served: Served) -> Router<ApiState> {
    ROUTES
        .iter()
        .filter(|route| route.is_served(served))
        .fold(Router::new(), |router, route| router.route(route.pattern(), (route.handler)()))
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
}

/// Apart from `routes` so that tests can add a route that fails.
fn with_layers(router: Router<ApiState>, state: ApiState) -> Router {
    router
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn_with_state(state.clone(), limit_time))
        // Inside of what catches panics; a key is looked at before anything of a request is read.
        .layer(from_fn_with_state(state.clone(), check_key))
        .layer(CatchPanicLayer::custom(panicked))
        // Nothing is answered to a page of another server; a preflight says only which origins are allowed.
        .layer(from_fn_with_state(state.clone(), check_host))
        // Outside of wrong hosts, time limit and panics, so that all become problems like any other.
        .layer(from_fn(render_problems))
        .layer(CompressionLayer::new().gzip(true).compress_when(worth_compressing()))
        .layer(cors::layer(&state.cors_origins))
        // Outside of the compression: the tag of what was compressed is weakened here.
        .layer(from_fn(finish))
        .layer(from_fn_with_state(state.clone(), log_request))
        .with_state(state)
}

/// What the handlers did not compress themselves. What is short fits one packet either way, and would be compressed anew each time.
fn worth_compressing() -> impl Predicate {
    DefaultPredicate::new()
        .and(SizeAbove::new(WORTH_COMPRESSING.into()))
        .and(NotForContentType::const_new(Format::Xlsx.content_type()))
}

async fn not_found(State(state): State<ApiState>, request: Request) -> Problem {
    let path = request.uri().path();
    // A scrape set up for one address should learn that there are two.
    if ROUTES.iter().any(|route| route.path == path && route.is_moved(state.served())) {
        let detail = format!("{path:?} is at the server's other address");
        return Problem::not_found("unknown_path", detail)
            .hint("whoever runs the server chose the two with serve --addr and --operate-addr");
    }
    // The nearest address would be about something else.
    let is_about_deliveries = ROUTES.iter().any(|route| route.needs_uploads && is_meant(route, path));
    if is_about_deliveries && !state.served().takes_uploads {
        return Problem::not_found("unknown_path", "this server takes no deliveries")
            .hint("whoever runs the server starts it with serve --plan to take them");
    }
    Problem::not_found("unknown_path", format!("there is nothing at {path:?}"))
        .hint("GET / lists the addresses")
        .did_you_mean(nearest_address(path, state.served()))
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

/// A file may come over a slow line, and is evaluated before the answer.
fn time_limit(state: &ApiState, request: &Request) -> Duration {
    let path = request.uri().path();
    let delivers = path == deliveries::ADDRESS || path.ends_with(held::RELEASE);
    if delivers { deliveries::time_limit(state) } else { state.time_limit }
}

async fn limit_time(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let limit = time_limit(&state, &request);
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::timeout().into_response(),
    }
}

/// A panic that was caught.
#[derive(Debug, thiserror::Error)]
#[error("a handler panicked: {0}")]
struct Panicked(String);

/// The panic's own message goes to the log only.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands the payload over by value")]
fn panicked(payload: Box<dyn Any + Send + 'static>) -> Response {
    // `panic!` with a format gives a `String`, with a plain text a `&str`.
    let message = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    Problem::failed(&Panicked(message.to_owned())).into_response()
}

/// Weakens the tag of a compressed answer (its bytes are not the bytes the strong tag stands for), and adds the headers
/// that keep browsers from guessing.
async fn finish(mut request: Request, next: Next) -> Response {
    // There is gzip and there is the plain answer. Who takes neither gets the plain one, as RFC 9110 §12.5.3 lets a server do, and not
    // a refusal by the compression that knows nothing of problem documents.
    if !negotiate::takes_gzip(request.headers()) {
        request.headers_mut().remove(header::ACCEPT_ENCODING);
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if headers.contains_key(header::CONTENT_ENCODING)
        && let Some(weak) =
            headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()).filter(|tag| tag.starts_with('"'))
        && let Ok(weak) = HeaderValue::from_str(&format!("W/{weak}"))
    {
        headers.insert(header::ETAG, weak);
    }
    // A browser that guesses could run an answer as a script.
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        // Pages of this server set their own policy, which stays.
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    response
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::extract::Path;
    use axum::routing::get;
    use serde_json::Value;
    use tower::ServiceExt as _;

    use super::*;
    use crate::hosts::Hosts;

    fn request(method: &str, path: &str) -> Request {
        Request::builder().method(method).uri(path).body(Body::empty()).unwrap()
    }

    async fn send(router: Router, request: Request) -> (Response, Value) {
        let response = router.oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        (Response::from_parts(parts, Body::empty()), value)
    }

    async fn get_problem(path: &str) -> (StatusCode, Value) {
        let (response, body) = send(router(ApiState::waiting()), request("GET", path)).await;
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
        let (response, body) = send(router(ApiState::waiting()), request("DELETE", "/v1/kpis")).await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(body["code"], "method_not_allowed");
        assert_eq!(response.headers()[header::ALLOW], "GET,HEAD");
    }

    #[tokio::test]
    async fn without_an_edition_the_server_lives_but_is_not_ready() {
        let (response, _) = send(router(ApiState::waiting()), request("GET", "/health/live")).await;
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
        let fails = routes(Served::default()).route("/fails", get(async || -> Response { panic!("secret") }));
        let (response, body) = send(with_layers(fails, ApiState::waiting()), request("GET", "/fails")).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(body["code"], "internal");
        assert_eq!(body["request_id"], response.headers()["x-request-id"].to_str().unwrap());
        assert!(!body.to_string().contains("secret"));
    }

    #[tokio::test]
    async fn a_question_that_takes_too_long_is_given_up() {
        let slow = routes(Served::default())
            .route("/slow", get(async || tokio::time::sleep(Duration::from_secs(60)).await));
        let state = ApiState::waiting().with_time_limit(Duration::from_millis(20));
        let (response, body) = send(with_layers(slow, state), request("GET", "/slow")).await;
        assert_eq!(
            (response.status(), body["code"].as_str()),
            (StatusCode::SERVICE_UNAVAILABLE, Some("timeout"))
        );
    }

    #[tokio::test]
    async fn a_name_of_somebody_else_leads_nowhere() {
        let hosts = Hosts::of("127.0.0.1:8080".parse().unwrap(), &["tall.example.no".into()]);
        let named = |host: &'static str| {
            let mut request = request("GET", "/health/live");
            request.headers_mut().insert(header::HOST, HeaderValue::from_static(host));
            send(router(ApiState::waiting().with_hosts(hosts.clone())), request)
        };
        for host in ["localhost:8080", "127.0.0.1", "tall.example.no"] {
            assert_eq!(named(host).await.0.status(), StatusCode::OK, "{host}");
        }
        let (response, body) = named("evil.example").await;
        assert_eq!(
            (response.status(), &body["code"]),
            (StatusCode::MISDIRECTED_REQUEST, &"wrong_host".into())
        );
        assert_eq!(body["instance"], "/health/live");
        // Whoever sends an absolute address means that one.
        let absolute = request("GET", "http://evil.example/health/live");
        let (response, _) = send(router(ApiState::waiting().with_hosts(hosts.clone())), absolute).await;
        assert_eq!(response.status(), StatusCode::MISDIRECTED_REQUEST);
    }

    #[tokio::test]
    async fn every_answer_carries_the_security_headers() {
        for path in ["/", "/v1/nothing"] {
            let (response, _) = send(router(ApiState::waiting()), request("GET", path)).await;
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
            with_layers(routes(Served::default()).route("/tagged/{letter}", get(answer)), ApiState::waiting())
        };
        let (plain, _) = send(tagged(), request("GET", "/tagged/a")).await;
        assert_eq!(plain.headers()[header::ETAG], "\"t\"");
        let mut zipped = request("GET", "/tagged/a");
        zipped.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        let (zipped, _) = send(tagged(), zipped).await;
        assert_eq!(zipped.headers()[header::CONTENT_ENCODING], "gzip");
        assert_eq!(zipped.headers()[header::ETAG], "W/\"t\"");
    }

    async fn preflight(state: ApiState, origin: &'static str, method: &'static str) -> Response {
        let mut preflight = request("OPTIONS", "/v1/kpis:batch");
        let headers = preflight.headers_mut();
        headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        headers.insert(header::ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static(method));
        send(router(state), preflight).await.0
    }

    fn allows(response: &Response, name: header::HeaderName) -> String {
        response.headers().get(name).map_or_else(String::new, |value| value.to_str().unwrap().to_lowercase())
    }

    #[tokio::test]
    async fn every_page_may_read_and_only_named_ones_may_post() {
        let ours = "https://dashboard.example";
        let named = || ApiState::waiting().with_cors_origins(vec![ours.parse().unwrap()]);
        let nobody = preflight(ApiState::waiting(), ours, "POST").await;
        assert!(!allows(&nobody, header::ACCESS_CONTROL_ALLOW_METHODS).contains("post"));
        let allowed = preflight(named(), ours, "POST").await;
        assert_eq!(allows(&allowed, header::ACCESS_CONTROL_ALLOW_ORIGIN), ours);
        assert!(allows(&allowed, header::ACCESS_CONTROL_ALLOW_METHODS).contains("post"));
        let headers = allows(&allowed, header::ACCESS_CONTROL_ALLOW_HEADERS);
        for name in ["content-type", "authorization", "if-none-match"] {
            assert!(headers.contains(name), "{name} of {headers}");
        }
        let other = preflight(named(), "https://other.example", "POST").await;
        assert_eq!(allows(&other, header::ACCESS_CONTROL_ALLOW_ORIGIN), "");
        let reads = preflight(named(), "https://other.example", "GET").await;
        assert_eq!(allows(&reads, header::ACCESS_CONTROL_ALLOW_ORIGIN), "https://other.example");

        let mut foreign = request("GET", "/v1/nothing");
        foreign.headers_mut().insert(header::ORIGIN, HeaderValue::from_static("https://example.org"));
        let (response, _) = send(router(ApiState::waiting()), foreign).await;
        assert_eq!(response.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        let exposed = allows(&response, header::ACCESS_CONTROL_EXPOSE_HEADERS);
        for name in ["etag", "utbredt-edition", "utbredt-synthetic", "x-request-id", "retry-after", "link"] {
            assert!(exposed.contains(name), "{name} of {exposed}");
        }
    }

    #[tokio::test]
    async fn the_counters_count_and_the_histogram_has_the_pattern() {
        let state = ApiState::waiting();
        for path in ["/v1/nothing", "/v1/kpis/adoption.reach"] {
            drop(send(router(state.clone()), request("GET", path)).await);
        }
        let response = router(state).oneshot(request("GET", "/metrics")).await.unwrap();
        let text = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let text = std::str::from_utf8(&text).unwrap();
        for line in [
            "utbredt_requests_total 2",
            "utbredt_errors_total{class=\"client\"} 1",
            "utbredt_errors_total{class=\"server\"} 1",
            "utbredt_http_request_duration_seconds_count{method=\"GET\",route=\"/v1/kpis/{id}\",status=\"503\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }

    #[tokio::test]
    async fn every_type_of_a_problem_leads_to_a_page() {
        let (_, body) = get_problem("/v1/nothing").await;
        let address = body["type"].as_str().unwrap();
        let (response, page) = send(router(ApiState::waiting()), request("GET", address)).await;
        assert_eq!((response.status(), &page["code"]), (StatusCode::OK, &body["code"]));
        let mut browser = request("GET", address);
        browser.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("text/html,*/*;q=0.8"));
        let (response, _) = send(router(ApiState::waiting()), browser).await;
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
        let (status, body) = get_problem("/problems/unknown_pth").await;
        assert_eq!((status, &body["did_you_mean"]), (StatusCode::NOT_FOUND, &"unknown_path".into()));
    }
}
