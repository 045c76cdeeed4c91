//! Who may use a server: over a store of keys that the test holds, at each way of serving. Whether an answer made for some ever
//! reaches others.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use utbredt_api::{
    ApiService, ApiState, DeliveryInbox, HeldDeliveries, HeldError, InboxError, KeyStore, KeysNow, Reading,
    SourceAccess, Upload, UploadKey, UploadOutcome, Verdict,
};
use utbredt_engine::Engine;
use utbredt_model::{KeyList, KeyRecord};
use utbredt_tests::batches::fill;
use utbredt_tests::check::query_files;
use utbredt_tests::tiny::tiny;

const TOKEN: &str = "county-token-0123456789-0123456789";
const KPIS: &str = "/v1/kpis";
const DELIVERY: &str = "/v1/deliveries?source_id=county&subject=2026-10";

/// Keys in memory, and a clock that is put forward by hand.
#[derive(Debug)]
struct Store(Mutex<Result<(KeyList, DateTime<Utc>), String>>);

impl Store {
    fn new() -> Self {
        Self(Mutex::new(Ok((KeyList::default(), "2026-11-29T10:00:00Z".parse().expect("a moment")))))
    }

    fn change<T>(&self, change: impl FnOnce(&mut KeyList, &mut DateTime<Utc>) -> T) -> T {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (keys, now) = held.as_mut().expect("readable");
        change(keys, now)
    }

    /// Makes a key of 90 days and gives its text.
    fn mint(&self, id: u8, scopes: &[&str]) -> String {
        let scopes = scopes.iter().map(|scope| scope.parse().expect("a scope")).collect();
        self.change(|keys, now| {
            let (key, text) = KeyRecord::mint([id; 4], [id; 32], "of a test", scopes, *now, 90);
            keys.add(key).expect("a new id");
            text.reveal().to_owned()
        })
    }
}

impl KeyStore for Store {
    fn read(&self) -> Result<KeysNow, Box<dyn Error + Send + Sync>> {
        let (list, now) = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        Ok(KeysNow { list: Arc::new(list), now })
    }
}

/// Takes everything, and says who released what.
#[derive(Debug)]
struct Fake;

impl DeliveryInbox for Fake {
    fn accept(&self, upload: Upload) -> Result<UploadOutcome, InboxError> {
        Ok(UploadOutcome { verdict: Verdict::Accepted, report: json!({ "source": upload.source_id }) })
    }

    fn takes(&self, source_id: &str) -> bool {
        source_id != "removed"
    }
}

impl HeldDeliveries for Fake {
    fn list(&self) -> Result<Vec<Value>, HeldError> {
        Ok(vec![json!({ "raw": "Kari Nordmann" })])
    }

    fn show(&self, _: &str) -> Result<Value, HeldError> {
        Ok(json!({ "raw": "Kari Nordmann" }))
    }

    fn release(&self, _: &str, _: &str, sources: &SourceAccess) -> Result<Value, HeldError> {
        if sources.contains("county") { Ok(json!({ "released": true })) } else { Err(HeldError::NotAllowed) }
    }
}

struct Server {
    service: ApiService,
    store: Arc<Store>,
    _folder: tempfile::TempDir,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("JSON")
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    fn is(&self, status: u16, code: &str) {
        let body = self.json();
        assert_eq!((self.status, body["code"].as_str()), (status, Some(code)), "{body}");
        assert!(body["hint"].is_string() && utbredt_api::is_problem_code(code), "{body}");
        assert_eq!(self.header("www-authenticate"), if status == 401 { "Bearer" } else { "" });
    }
}

impl Server {
    fn new(reading: Reading) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the lake");
        drop(fill(&tiny(), folder.path()));
        let engine = Engine::open(folder.path(), query_files()).expect("the lake opens");
        let store = Arc::new(Store::new());
        let state = ApiState::new(engine)
            .with_keys(reading, Arc::<Store>::clone(&store))
            .with_uploads(Arc::new(Fake), vec![UploadKey::new(TOKEN, ["county".to_owned()])])
            .with_held(Arc::new(Fake))
            .with_public_cache(true);
        Self { service: ApiService::new(state), store, _folder: folder }
    }

    async fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).expect("a request");
        let (parts, body) = self.service.clone().oneshot(request).await.expect("an answer").into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a body");
        let text = String::from_utf8(body.to_vec()).expect("text");
        Answer { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    async fn get(&self, path: &str, key: &str) -> Answer {
        let bearer = format!("Bearer {key}");
        let headers: &[(&str, &str)] = if key.is_empty() { &[] } else { &[("authorization", &bearer)] };
        self.request("GET", path, headers, "").await
    }

    async fn post(&self, path: &str, key: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {key}");
        self.request("POST", path, &[("authorization", &bearer)], body).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_reading_needs_a_key_only_health_does_not() {
    let server = Server::new(Reading::WithKey);
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(server.get(path, "").await.status, 200, "{path}");
    }
    let openapi = "/v1/openapi.json";
    for path in
        ["/", KPIS, "/v1/status", "/v1/editions", "/problems", "/v1/nothing", openapi, "/metrics", "/v1/held"]
    {
        server.get(path, "").await.is(401, "key_required");
        server.get(path, "utb_guess").await.is(401, "key_invalid");
    }
    server.request("POST", "/v1/kpis:batch", &[], "[]").await.is(401, "key_required");
    server.request("PUT", KPIS, &[], "").await.is(401, "key_required");
    let basic = [("authorization", "Basic dXNlcjpwYXNz")];
    server.request("GET", KPIS, &basic, "").await.is(401, "key_required");

    let (read, upload) = (server.store.mint(1, &["read"]), server.store.mint(2, &["upload:county", "sql"]));
    for path in ["/", KPIS, "/v1/status", "/problems", openapi] {
        assert_eq!(server.get(path, &read).await.status, 200, "{path}");
        server.get(path, &upload).await.is(403, "key_scope");
    }
    server.get("/v1/nothing", &read).await.is(404, "unknown_path");
    let bearer = format!("Bearer {read}");
    let twice = [("authorization", bearer.as_str()), ("authorization", "Bearer other")];
    server.request("GET", KPIS, &twice, "").await.is(401, "key_invalid");
    let small = [("authorization", bearer.replace("Bearer", "bearer"))];
    assert_eq!(server.request("GET", KPIS, &[("authorization", &small[0].1)], "").await.status, 200);
    assert_eq!(
        server.get(openapi, &read).await.json()["paths"]["/v1/kpis"]["get"]["security"],
        json!([{ "key": ["read"] }])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_ends_and_is_revoked_while_the_server_runs() {
    let server = Server::new(Reading::WithKey);
    let (one, other) = (server.store.mint(1, &["read"]), server.store.mint(2, &["read"]));
    let values = "/v1/kpis/adoption.reach/values?solution_id=post&from=2020-01&to=2020-01";
    let tag = server.get(KPIS, &one).await.header("etag").to_owned();
    // The second time of what is kept whole.
    for _ in 0..2 {
        server.get(values, "").await.is(401, "key_required");
        let answer = server.get(values, &one).await;
        assert_eq!((answer.status, answer.header("cache-control").starts_with("private")), (200, true));
        server.get(values, "utb_guess").await.is(401, "key_invalid");
    }
    server.store.change(|keys, now| assert!(keys.revoke("01010101", *now).is_some()));
    server.get(KPIS, &one).await.is(401, "key_invalid");
    server.get(values, &one).await.is(401, "key_invalid");
    assert_eq!(server.get(values, &other).await.status, 200);
    // Nor is it told that what it has is still right.
    let bearer = format!("Bearer {one}");
    let known = [("authorization", bearer.as_str()), ("if-none-match", tag.as_str())];
    server.request("GET", KPIS, &known, "").await.is(401, "key_invalid");
    assert_eq!(server.get(KPIS, &other).await.status, 200);
    server.store.change(|_, now| *now += TimeDelta::days(90));
    let ended = server.get(KPIS, &other).await;
    ended.is(401, "key_invalid");
    assert!(
        ended.text.contains("02020202 expired on 2027-02-27") && !ended.text.contains(&other),
        "{}",
        ended.text
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_for_everybody_needs_operate() {
    for reading in [Reading::WithKey, Reading::Exposed, Reading::OnThisMachine] {
        let server = Server::new(reading);
        let (read, operate) = (server.store.mint(1, &["read"]), server.store.mint(2, &["operate"]));
        for path in ["/metrics", "/v1/held", "/v1/held/0123456789abcdef"] {
            server.get(path, "").await.is(401, "key_required");
            let refused = server.get(path, &read).await;
            refused.is(403, "key_scope");
            assert!(!refused.text.contains("Kari"), "{}", refused.text);
            assert_eq!(server.get(path, &operate).await.status, 200, "{path}");
            server.get(path, TOKEN).await.is(403, "key_scope");
        }
        let details = |answer: &Answer| answer.json()["meta"]["details"].clone();
        assert_eq!(details(&server.get("/v1/status", &read).await), json!(false));
        assert_eq!(details(&server.get("/v1/status", &operate).await), json!(true));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_this_machine_all_is_open_until_the_first_key_is_made() {
    let server = Server::new(Reading::OnThisMachine);
    for path in [KPIS, "/metrics", "/v1/held", "/v1/status"] {
        assert_eq!(server.get(path, "").await.status, 200, "{path}");
        assert_eq!(server.get(path, "of-somebody-else").await.status, 200, "{path}");
    }
    let before = server.get(KPIS, "").await;
    assert_eq!(server.get("/v1/status", "").await.json()["meta"]["warnings"], json!([]));
    server.store.mint(1, &["read"]);
    assert_eq!(server.get(KPIS, "").await.status, 200);
    assert_ne!(server.get(KPIS, "").await.header("etag"), before.header("etag"));
    server.get("/v1/held", "").await.is(401, "key_required");
    // A key that is wrong is not taken for none.
    server.get(KPIS, "of-somebody-else").await.is(401, "key_invalid");
    assert_eq!(server.get(KPIS, TOKEN).await.status, 200);
    // Nobody opens a server by revoking the last key.
    server.store.change(|keys, now| assert!(keys.revoke("01010101", *now).is_some()));
    server.get("/v1/held", "").await.is(401, "key_required");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exposed_server_warns_that_small_counts_are_not_hidden() {
    let server = Server::new(Reading::Exposed);
    assert_eq!(server.get(KPIS, "").await.status, 200);
    let warnings = server.get("/v1/status", "").await.json()["meta"]["warnings"].to_string();
    assert!(warnings.contains("small counts are not hidden"), "{warnings}");
    server.get("/v1/held", "").await.is(401, "key_required");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_audiences_never_share_an_answer() {
    const VALUES: &str =
        "/v1/kpis/rollout.municipalities_live/values?solution_id=post&from=2019-12&to=2019-12";
    let server = Server::new(Reading::Exposed);
    let (read, operate) = (server.store.mint(1, &["read"]), server.store.mint(2, &["operate"]));
    let second = server.store.mint(3, &["read"]);
    for path in [KPIS, VALUES, "/v1/municipalities", "/v1/openapi.json", "/v1/editions"] {
        let mut tags = Vec::new();
        for key in ["", &read, &operate] {
            let answer = server.get(path, key).await;
            assert_eq!(answer.status, 200, "{path} {}", answer.text);
            assert!(answer.header("vary").to_lowercase().contains("authorization"), "{path}");
            // Shared caches keep what is for everybody, and nothing else.
            let shared = answer.header("cache-control").starts_with("public");
            assert_eq!(shared, key.is_empty(), "{path} {}", answer.header("cache-control"));
            tags.push(answer.header("etag").to_owned());
        }
        let different: std::collections::BTreeSet<&String> = tags.iter().collect();
        assert_eq!(different.len(), 3, "{path} {tags:?}");
        for (key, own) in ["", &read, &operate].iter().zip(&tags) {
            for tag in &tags {
                let bearer = format!("Bearer {key}");
                let mut headers = vec![("if-none-match", tag.as_str())];
                headers.extend((!key.is_empty()).then_some(("authorization", bearer.as_str())));
                let status = server.request("GET", path, &headers, "").await.status;
                assert_eq!(status, if tag == own { 304 } else { 200 }, "{path}");
            }
        }
        // Two who may see the same share what is kept.
        assert_eq!(server.get(path, &second).await.header("etag"), tags[1]);
    }
    let problems = server.get("/problems", &read).await;
    assert!(problems.header("cache-control").starts_with("private"), "{}", problems.header("cache-control"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_in_an_address_is_refused_and_not_repeated() {
    let key = Server::new(Reading::WithKey).store.mint(1, &["read"]);
    for reading in [Reading::WithKey, Reading::OnThisMachine, Reading::Exposed] {
        let server = Server::new(reading);
        assert_eq!(server.store.mint(1, &["read"]), key);
        for path in [
            format!("{KPIS}?key={key}"),
            format!("{KPIS}?by=county&access_token=quiet-secret"),
            format!("{KPIS}?api_key=quiet-secret"),
            format!("{KPIS}?token=quiet-secret"),
            format!("{KPIS}/{key}"),
            format!("/v1/nothing/{key}?x={key}"),
            format!("{DELIVERY}&token={TOKEN}"),
        ] {
            for answer in [
                server.get(&path, "").await,
                server.get(&path, &key).await,
                server.post(&path, TOKEN, "x").await,
            ] {
                answer.is(400, "key_in_url");
                let shown = format!("{:?} {}", answer.headers, answer.text);
                assert!(
                    ![key.as_str(), "quiet-secret", TOKEN].iter().any(|secret| shown.contains(secret)),
                    "{shown}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_are_taken_by_tokens_as_before_and_by_keys_of_their_source() {
    for reading in [Reading::WithKey, Reading::OnThisMachine] {
        let server = Server::new(reading);
        let (county, network) = (
            server.store.mint(1, &["upload:county", "upload:removed"]),
            server.store.mint(2, &["upload:network"]),
        );
        let operate = server.store.mint(3, &["operate"]);
        assert_eq!(server.post(DELIVERY, TOKEN, "x").await.status, 201);
        assert_eq!(server.post(DELIVERY, &county, "x").await.status, 201);
        for other in [&network, &operate] {
            server.post(DELIVERY, other, "x").await.is(403, "source_not_allowed");
        }
        let removed = "/v1/deliveries?source_id=removed&subject=2026-10";
        server.post(removed, &county, "x").await.is(403, "source_not_allowed");
        server.post(DELIVERY, "utb_guess", "x").await.is(401, "unauthorized");

        let (release, reason) = ("/v1/held/0123456789abcdef:release", "{\"reason\": \"it is right\"}");
        assert_eq!(server.post(release, TOKEN, reason).await.status, 200);
        assert_eq!(server.post(release, &operate, reason).await.status, 200);
        server.post(release, &county, reason).await.is(403, "key_scope");
        server.post(release, "utb_guess", reason).await.is(401, "unauthorized");
        server.store.change(|keys, now| assert!(keys.revoke("01010101", *now).is_some()));
        server.post(DELIVERY, &county, "x").await.is(401, "unauthorized");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_cannot_be_read_open_nothing() {
    for reading in [Reading::WithKey, Reading::OnThisMachine, Reading::Exposed] {
        let server = Server::new(reading);
        let key = server.store.mint(1, &["operate", "upload:county"]);
        *server.store.0.lock().expect("whole") = Err("/secret/place is open to others".into());
        // But what needs none goes on.
        let open = server.get(KPIS, "").await.status;
        assert_eq!(open, if reading == Reading::WithKey { 500 } else { 200 });
        for (path, keys) in
            [(KPIS, &[key.as_str()][..]), ("/v1/held", &["", &key]), ("/metrics", &["", &key])]
        {
            for key in keys {
                let answer = server.get(path, key).await;
                answer.is(500, "internal");
                assert!(!answer.text.contains("place"), "{}", answer.text);
            }
        }
        server.post(DELIVERY, &key, "x").await.is(500, "internal");
        assert_eq!(server.post(DELIVERY, TOKEN, "x").await.status, 201);
        assert_eq!(server.get("/health/ready", "").await.status, 200);
    }
}
