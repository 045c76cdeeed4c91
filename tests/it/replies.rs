//! Responses that are kept whole: what is sent without the router is what the router sends, and nothing else is.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use tower::ServiceExt as _;
use utbredt_api::{ApiService, ApiState, Hosts};
use utbredt_engine::Engine;
use utbredt_tests::batches::fill;
use utbredt_tests::check::query_files;
use utbredt_tests::tiny::tiny;

use crate::http::new_edition;

const REACH: &str = "/v1/kpis/adoption.reach/values?solution_id=post&from=2020-01&to=2020-01";
const LIVE: &str = "/v1/kpis/rollout.municipalities_live/values?solution_id=post&from=2019-11&to=2020-02";

type Headers<'a> = &'a [(&'static str, &'a str)];

struct Server {
    service: ApiService,
    engine: Engine,
    folder: tempfile::TempDir,
}

/// A response but for its id, which is another every time.
#[derive(Debug, PartialEq)]
struct Sent {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Server {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the lake");
        drop(fill(&tiny(), folder.path()));
        let engine = Engine::open(folder.path(), query_files()).expect("the lake opens");
        let hosts = Hosts::of(([127, 0, 0, 1], 80).into(), &[]);
        let service = ApiService::new(ApiState::new(engine.clone()).with_hosts(hosts));
        Self { service, engine, folder }
    }

    async fn send(&self, method: &str, path: &str, headers: Headers<'_>, body: &str) -> (Sent, String) {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).expect("a request");
        let (mut parts, body) = self.service.clone().oneshot(request).await.expect("an answer").into_parts();
        let id = parts.headers.remove("x-request-id").expect("an id");
        let body = to_bytes(body, usize::MAX).await.expect("a body").to_vec();
        let sent = Sent { status: parts.status.as_u16(), headers: parts.headers, body };
        (sent, id.to_str().expect("text").to_owned())
    }

    async fn get(&self, path: &str, headers: Headers<'_>) -> Sent {
        self.send("GET", path, headers, "").await.0
    }

    /// A counter of `/metrics`.
    async fn counter(&self, name: &str) -> u64 {
        let metrics = String::from_utf8(self.get("/metrics", &[]).await.body).expect("text");
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|number| number.parse().ok()).expect("the counter is there")
    }

    async fn found(&self) -> u64 {
        self.counter("utbredt_responses_found_total").await
    }
}

impl Sent {
    fn etag(&self) -> &str {
        self.headers["etag"].to_str().expect("text")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_response_is_the_first_without_the_router() {
    let server = Server::new();
    let tag = server.get(REACH, &[]).await.etag().to_owned();
    let weak = format!("W/{tag}");
    let mut kept = server.found().await;
    let mut kinds = 0;
    for accept in ["application/json", "text/csv", "*/*"] {
        for language in ["nb", "en"] {
            for coding in ["gzip", "identity", "identity;q=0"] {
                for condition in ["", tag.as_str(), weak.as_str(), "\"other\"", "*"] {
                    let mut headers =
                        vec![("accept", accept), ("accept-language", language), ("accept-encoding", coding)];
                    headers.extend((!condition.is_empty()).then_some(("if-none-match", condition)));
                    headers.extend((language == "en").then_some(("origin", "https://page.example")));
                    for path in [REACH, LIVE] {
                        let (first, one) = server.send("GET", path, &headers, "").await;
                        let (second, other) = server.send("GET", path, &headers, "").await;
                        assert_eq!(first, second, "{path} {headers:?}");
                        assert!([200, 304].contains(&first.status) && one != other, "{one} {other}");
                        kinds += 1;
                    }
                }
            }
        }
    }
    assert_eq!(server.found().await - kept, kinds);
    // Each is counted as any other.
    let requests = server.counter("utbredt_requests_total").await;
    kept = server.found().await;
    let (sent, id) = server.send("GET", REACH, &[("x-request-id", "edge-7")], "").await;
    assert_eq!((sent.status, id.as_str()), (200, "edge-7"));
    assert_eq!(server.found().await, kept + 1);
    // It and three looks at the metrics.
    assert_eq!(server.counter("utbredt_requests_total").await, requests + 4);
}

/// The headers that are a part of what is looked up are all that decide: others change nothing on the whole way either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_headers_change_no_response() {
    let server = Server::new();
    let plain = server.get(REACH, &[]).await;
    let kept = server.found().await;
    for (number, header) in [
        ("user-agent", "Mozilla/5.0"),
        ("cookie", "a=b"),
        ("referer", "https://page.example/"),
        ("range", "bytes=0-10"),
        ("if-modified-since", "Mon, 30 Nov 2026 11:48:11 GMT"),
        ("if-match", "\"other\""),
        ("cache-control", "no-cache"),
        ("pragma", "no-cache"),
        ("accept-charset", "iso-8859-1"),
        ("te", "trailers"),
        ("prefer", "return=minimal"),
        ("x-forwarded-for", "10.0.0.1"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "host=evil.example"),
        ("sec-fetch-site", "cross-site"),
        ("access-control-request-method", "POST"),
        ("content-type", "text/csv"),
    ]
    .into_iter()
    .enumerate()
    {
        // Another text of the same meaning has not been answered yet: the whole way.
        let same = format!("nb;q=0.{}", number + 100);
        let sent = server.get(REACH, &[header, ("accept-language", &same)]).await;
        assert_eq!(sent, plain, "{header:?}");
        assert_eq!(server.found().await, kept, "{header:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_plain_question_goes_the_whole_way() {
    let server = Server::new();
    let plain = server.get(REACH, &[]).await;
    let kept = server.found().await;
    let head = server.send("HEAD", REACH, &[], "").await.0;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(server.send("POST", REACH, &[], "").await.0.status, 405);
    let with_body = server.send("GET", REACH, &[("content-length", "2")], "{}").await.0;
    assert_eq!(with_body, plain);
    for path in
        ["/v1/status", "/health/live", "/v1/nothing", "/v1/kpis/adoption.reach/values?solution_id=pst"]
    {
        let sent = server.get(path, &[]).await;
        assert_eq!(server.get(path, &[]).await.status, sent.status, "{path}");
    }
    // Another server's name is refused also where the answer to this one's is kept.
    let named = |host| [("host", host)];
    assert_eq!(server.get(REACH, &named("localhost")).await, plain);
    for _ in 0..2 {
        assert_eq!(server.get(REACH, &named("evil.example")).await.status, 421);
        assert_eq!(server.get(&format!("http://evil.example{REACH}"), &named("localhost")).await.status, 421);
    }
    assert_eq!(server.found().await, kept);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_edition_has_responses_of_its_own() {
    let server = Server::new();
    let before = server.get(REACH, &[]).await;
    assert_eq!(server.get(REACH, &[]).await, before);
    let kept = server.found().await;
    new_edition(server.folder.path());
    // Until it is served nothing changes.
    assert_eq!(server.get(REACH, &[]).await, before);
    assert!(server.engine.refresh().expect("a sound lake"));
    let after = server.get(REACH, &[]).await;
    assert_ne!(
        (after.etag(), &after.headers["utbredt-edition"]),
        (before.etag(), &before.headers["utbredt-edition"])
    );
    assert_eq!(server.get(REACH, &[]).await, after);
    assert_eq!(server.get(REACH, &[("if-none-match", before.etag())]).await.status, 200);
    assert_eq!(server.found().await, kept + 2);
}
