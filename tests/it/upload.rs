//! The door for deliveries from outside, over an intake that only counts: who is let in, who waits, what is read, and what
//! an `Idempotency-Key` becomes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use futures::future::join_all;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use utbredt_api::{
    ApiService, ApiState, DeliveryInbox, InboxError, Upload, UploadKey, UploadOutcome, Verdict,
};
use utbredt_engine::Engine;
use utbredt_tests::batches::fill;
use utbredt_tests::check::query_files;
use utbredt_tests::tiny::tiny;

const COUNTY: &str = "county-token-0123456789-0123456789";
const NETWORK: &str = "network-token-0123456789-0123456789";
const OCTOBER: &str = "/v1/deliveries?source_id=county&subject=2026-10";

/// Answers what the bytes say it should.
#[derive(Debug, Default)]
struct Fake {
    times: AtomicUsize,
    last: Mutex<Option<Upload>>,
}

impl DeliveryInbox for Fake {
    fn accept(&self, upload: Upload) -> Result<UploadOutcome, InboxError> {
        let times = self.times.fetch_add(1, Ordering::SeqCst) + 1;
        let verdict = match upload.payload.as_slice() {
            b"busy" if times == 1 => return Err(InboxError::Busy),
            b"reused" => return Err(InboxError::Reused),
            b"full" => return Err(InboxError::Full { held: 70, quota: 64 }),
            b"fails" => return Err(InboxError::Failed("the disk /secret/place is not there".into())),
            b"panics" => panic!("the intake broke"),
            b"held" => Verdict::Held,
            b"known" => Verdict::Unchanged,
            _ => Verdict::Accepted,
        };
        *self.last.lock().expect("whole") = Some(upload);
        Ok(UploadOutcome { verdict, report: json!({ "times": times }) })
    }

    fn takes(&self, source_id: &str) -> bool {
        source_id != "removed"
    }
}

struct Server {
    service: ApiService,
    fake: Arc<Fake>,
    _folder: tempfile::TempDir,
}

#[derive(Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Server {
    fn new(keys: Vec<UploadKey>) -> Self {
        Self::taking(keys, 32)
    }

    /// One that takes deliveries of so many MiB.
    fn taking(keys: Vec<UploadKey>, mib: u16) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the lake");
        drop(fill(&tiny(), folder.path()));
        let engine = Engine::open(folder.path(), query_files()).expect("the lake opens");
        let fake = Arc::new(Fake::default());
        let intake: Arc<dyn DeliveryInbox> = Arc::<Fake>::clone(&fake);
        let service =
            ApiService::new(ApiState::new(engine).with_uploads(intake, keys).with_delivery_limit(mib));
        Self { service, fake, _folder: folder }
    }

    fn open() -> Self {
        let key = |token: &str, source: &str| UploadKey::new(token, [source.to_owned()]);
        Self::new(vec![key(COUNTY, "county"), key(NETWORK, "network")])
    }

    async fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).expect("a request");
        let (parts, body) = self.service.clone().oneshot(request).await.expect("an answer").into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a body");
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    async fn metrics(&self) -> String {
        let metrics = Request::builder().uri("/metrics").body(Body::empty()).expect("a request");
        let metrics = self.service.clone().oneshot(metrics).await.expect("an answer").into_body();
        String::from_utf8(to_bytes(metrics, usize::MAX).await.expect("a body").to_vec()).expect("text")
    }

    /// A delivery of the county, with more headers.
    async fn send(&self, path: &str, more: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let token = format!("Bearer {COUNTY}");
        let headers = [&[("authorization", token.as_str())], more].concat();
        self.request("POST", path, &headers, body).await
    }

    /// What the intake got last.
    fn last(&self) -> Upload {
        self.fake.last.lock().expect("whole").clone().expect("an upload")
    }

    fn times(&self) -> usize {
        self.fake.times.load(Ordering::SeqCst)
    }
}

impl Answer {
    fn is(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{self:?}");
        assert!(self.body["hint"].is_string(), "{self:?}");
        assert!(utbredt_api::is_problem_code(code), "{code} is not in the catalogue");
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_status_shows_what_became_of_it() {
    let server = Server::open();
    for (body, status) in [("new", 201), ("known", 200), ("held", 202)] {
        let answer = server.send(OCTOBER, &[("content-type", "text/html")], body).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(answer.body["data"]["times"].is_number(), "{answer:?}");
        let dry = server.send(&format!("{OCTOBER}&dry_run=true"), &[], body).await;
        assert_eq!(dry.status, 200, "{dry:?}");
        assert!(server.last().dry_run);
    }
    server.send("/v1/deliveries?source_id=county&subject=uke%2045", &[], &b"\x00\xff;"[..]).await;
    let came = Upload {
        source_id: "county".to_owned(),
        subject: "uke 45".to_owned(),
        payload: b"\x00\xff;".to_vec(),
        dry_run: false,
        key: None,
        fingerprint: server.last().fingerprint,
    };
    assert_eq!(server.last(), came);
    // The old name of the subject is still read.
    server.send("/v1/deliveries?source_id=county&asked=uke%2046", &[], "new").await;
    assert_eq!(server.last().subject, "uke 46");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_known_token_comes_in_and_only_for_its_sources() {
    let server = Server::open();
    let almost = COUNTY.replace('9', "8");
    let wrong = [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Basic dXNlcjpwYXNz".to_owned(),
        COUNTY.to_owned(),
        format!("Bearer {almost}"),
        format!("Basic {COUNTY}"),
    ];
    let headers: Vec<_> = wrong.iter().map(|sent| [("authorization", sent.as_str())]).collect();
    let answered =
        join_all(headers.iter().map(|headers| server.request("POST", OCTOBER, headers, "new"))).await;
    let none = server.request("POST", OCTOBER, &[], "new").await;
    for answer in answered.iter().chain([&none]) {
        answer.is(401, "unauthorized");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        assert_eq!(answer.body, none.body, "all get the same answer");
    }
    // A stranger learns nothing of what is asked for, either.
    server.request("POST", "/v1/deliveries?nonsense=1", &[], "new").await.is(401, "unauthorized");

    let others = server.send("/v1/deliveries?source_id=network&subject=2026-10", &[], "new").await;
    let nobodys = server.send("/v1/deliveries?source_id=nobody&subject=2026-10", &[], "new").await;
    others.is(403, "source_not_allowed");
    nobodys.is(403, "source_not_allowed");
    assert_eq!(others.body["detail"], nobodys.body["detail"]);
    assert_eq!(server.times(), 0);

    let network = format!("bearer {NETWORK}");
    let path = "/v1/deliveries?source_id=network&subject=2026-10";
    assert_eq!(server.request("POST", path, &[("authorization", &network)], "new").await.status, 201);
    let metrics = server.metrics().await;
    assert!(metrics.contains("utbredt_uploads_rejected_total 11\n"), "{metrics}");
    let shown = format!("{:?}", UploadKey::new(COUNTY, ["county".to_owned()]));
    assert!(shown.contains("county") && !shown.contains("token"), "{shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_wait_a_few_at_a_time_and_hold_up_nobody() {
    let server = Server::open();
    let began = Instant::now();
    let stranger = async || {
        let answer = server.request("POST", OCTOBER, &[("authorization", "Bearer guess")], "new").await;
        (answer, began.elapsed())
    };
    let owner = async || {
        // Once every place to wait is taken.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let answer = server.send(OCTOBER, &[], "new").await;
        (answer.status, began.elapsed())
    };
    let (answered, (status, owner_after)) = tokio::join!(join_all((0..20).map(|_| stranger())), owner());
    assert_eq!(status, 201);
    let (waited, sent_off): (Vec<_>, Vec<_>) =
        answered.into_iter().partition(|(answer, _)| answer.status == 401);
    assert_eq!((waited.len(), sent_off.len()), (16, 4));
    assert!(waited.iter().all(|(_, after)| *after >= Duration::from_millis(500)), "{waited:?}");
    assert!(
        waited.iter().all(|(_, after)| owner_after < *after),
        "the owner of a key waited {owner_after:?}"
    );
    for (answer, after) in sent_off {
        answer.is(429, "too_many_attempts");
        assert_eq!(answer.header("retry-after"), "1");
        assert!(after < Duration::from_millis(500), "{after:?}");
    }
    // All are counted, and the places are free again.
    let others = "/v1/deliveries?source_id=network&subject=2026-10";
    let sent = Instant::now();
    server.send(others, &[], "new").await.is(403, "source_not_allowed");
    assert!(sent.elapsed() >= Duration::from_millis(500));
    assert!(server.metrics().await.contains("utbredt_uploads_rejected_total 21\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_hashed_with_its_owner_and_a_delivery_with_all_it_is() {
    let server = Server::open();
    let key = [("idempotency-key", "one")];
    let mut seen = Vec::new();
    for (path, more, body) in [
        (OCTOBER, &key[..], "new"),
        (OCTOBER, &key, "new"),
        (OCTOBER, &[("idempotency-key", "two")], "new"),
        (OCTOBER, &[], "new"),
        (OCTOBER, &key, "other"),
        ("/v1/deliveries?source_id=county&subject=2026-11", &key, "new"),
        (&format!("{OCTOBER}&dry_run=true"), &key, "new"),
    ] {
        server.send(path, more, body).await;
        let Upload { key, fingerprint, .. } = server.last();
        seen.push((key, fingerprint));
    }
    let hashed = |text: &str| text.len() == 64 && text.bytes().all(|letter| letter.is_ascii_hexdigit());
    assert!(seen.iter().all(|(key, of)| hashed(of) && key.iter().all(|key| hashed(key))), "{seen:?}");
    assert_eq!(seen[0], seen[1]);
    assert!(seen[2].0 != seen[0].0 && seen[2].0.is_some() && seen[3].0.is_none());
    // The key is the sender's and says nothing of what is sent; the fingerprint the other way round.
    for at in [4, 5, 6] {
        assert_eq!(seen[at].0, seen[0].0);
        assert_ne!(seen[at].1, seen[0].1);
    }
    assert!(seen[2].1 == seen[0].1 && seen[3].1 == seen[0].1);
    // Another's key of the same name is another key.
    let headers = [("authorization", format!("Bearer {NETWORK}")), ("idempotency-key", "one".to_owned())];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let path = "/v1/deliveries?source_id=network&subject=2026-10";
    assert_eq!(server.request("POST", path, &headers, "new").await.status, 201);
    assert_ne!(server.last().key, seen[0].0);

    server.send(OCTOBER, &key, "reused").await.is(422, "idempotency_key_reused");
    server.send(OCTOBER, &key, "full").await.is(507, "held_quota_exceeded");
    let times = server.times();
    let long = "k".repeat(256);
    for wrong in ["", long.as_str(), "ø"] {
        server.send(OCTOBER, &[("idempotency-key", wrong)], "new").await.is(400, "invalid_idempotency_key");
    }
    let twice = [("idempotency-key", "a"), ("idempotency-key", "b")];
    server.send(OCTOBER, &twice, "new").await.is(400, "invalid_idempotency_key");
    assert_eq!(server.times(), times);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_is_not_remembered_and_reveals_no_secrets() {
    let server = Server::open();
    let key = [("idempotency-key", "one")];
    let busy = server.send(OCTOBER, &key, "busy").await;
    busy.is(503, "busy");
    assert_eq!(busy.header("retry-after"), "5");
    assert_eq!(server.send(OCTOBER, &key, "busy").await.status, 201);
    for body in ["fails", "panics"] {
        let failed = server.send(OCTOBER, &[], body).await;
        assert_eq!((failed.status, &failed.body["code"]), (500, &"internal".into()), "{failed:?}");
        assert!(!failed.body.to_string().contains("secret"), "{failed:?}");
    }
    // No place was lost by either.
    for _ in 0..5 {
        assert_eq!(server.send(OCTOBER, &[], "new").await.status, 201);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_has_its_own_limit_and_words_are_checked() {
    let server = Server::open();
    let most = 32 << 20;
    assert_eq!(server.send(OCTOBER, &[], vec![b'x'; most]).await.status, 201);
    server.send(OCTOBER, &[], vec![b'x'; most + 1]).await.is(413, "payload_too_large");
    server.send(OCTOBER, &[], "").await.is(400, "empty_body");
    let long = format!("/v1/deliveries?source_id=county&subject={}", "a".repeat(256));
    for (path, code) in [
        ("/v1/deliveries", "invalid_delivery"),
        ("/v1/deliveries?source_id=county", "invalid_delivery"),
        ("/v1/deliveries?source_id=county&subject=", "invalid_delivery"),
        ("/v1/deliveries?source_id=county&subject=a%0Ab", "invalid_delivery"),
        (&long, "invalid_delivery"),
        (&format!("{OCTOBER}&dry_run=yes"), "invalid_delivery"),
        (&format!("{OCTOBER}&dryrun=true"), "unknown_parameter"),
        (&format!("{OCTOBER}&format=csv"), "unknown_parameter"),
        (&format!("{OCTOBER}&subject=2026-11"), "repeated_parameter"),
        (&format!("{OCTOBER}&asked=2026-11"), "repeated_parameter"),
    ] {
        server.send(path, &[], "new").await.is(400, code);
    }
    assert_eq!(server.times(), 1);
    // The other doors keep their own limit.
    let batch = [("content-type", "application/json")];
    assert_eq!(server.request("POST", "/v1/kpis:batch", &batch, vec![b' '; 65 << 10]).await.status, 413);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_takes_up_to_its_limit_and_the_problem_names_it() {
    let key = || vec![UploadKey::new(COUNTY, ["county".to_owned()])];
    let trial = format!("{OCTOBER}&dry_run=true");
    // (MiB, address, bytes, status): a dry run is in memory as a whole, so that more than usual is not taken for one.
    for (mib, path, bytes, status) in [
        (1, OCTOBER, 1 << 20, 201),
        (1, OCTOBER, (1 << 20) + 1, 413),
        (33, OCTOBER, 33 << 20, 201),
        (33, OCTOBER, (33 << 20) + 1, 413),
        (33, &trial, 32 << 20, 200),
        (33, &trial, (32 << 20) + 1, 413),
    ] {
        let server = Server::taking(key(), mib);
        let answer = server.send(path, &[], vec![b'x'; bytes]).await;
        assert_eq!(answer.status, status, "{mib} MiB, {bytes} bytes to {path}: {answer:?}");
        if status == 413 {
            let most = if path == OCTOBER { mib } else { 32 };
            let detail = answer.body["detail"].as_str().unwrap_or_default();
            assert!(detail.contains(&format!("at most {most} MiB")), "{detail}");
        }
        // No place was lost, also not where a body took all.
        assert_eq!(server.send(OCTOBER, &[], "new").await.status, 201);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_are_in_the_contract_only_where_they_are_taken() {
    let (open, shut) = (Server::open(), Server::new(Vec::new()));
    let contract = open.request("GET", "/v1/openapi.json", &[], "").await.body;
    let responses = &contract["paths"]["/v1/deliveries"]["post"]["responses"];
    for status in ["200", "201", "202", "default"] {
        assert!(responses[status].is_object(), "{responses}");
    }
    assert_eq!(contract["components"]["securitySchemes"]["upload"]["scheme"], "bearer");
    let get = open.request("GET", OCTOBER, &[], "").await;
    get.is(405, "method_not_allowed");
    assert_eq!(get.header("allow"), "POST");

    shut.send(OCTOBER, &[], "new").await.is(404, "unknown_path");
    let contract = shut.request("GET", "/v1/openapi.json", &[], "").await.body;
    assert!(contract["paths"].get("/v1/deliveries").is_none());
    assert!(contract["components"]["securitySchemes"].get("upload").is_none());
    assert_eq!(shut.times(), 0);
}
