//! The HTTP contract from outside: what the OpenAPI document says of rows and resources is what is sent, every KPI and
//! every kind of area; and the body of every error is as agreed.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use utbredt_api::{ApiService, ApiState};
use utbredt_engine::{By, Engine};
use utbredt_tests::batches::fill;
use utbredt_tests::check::query_files;
use utbredt_tests::tiny::tiny;

struct Served {
    service: ApiService,
    _folder: tempfile::TempDir,
}

impl Served {
    fn tiny() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the lake");
        drop(fill(&tiny(), folder.path()));
        let engine = Engine::open(folder.path(), query_files()).expect("the lake opens");
        // What is tested is not the speed of a busy machine.
        let state = ApiState::new(engine).with_time_limit(Duration::from_secs(600));
        Self { service: ApiService::new(state), _folder: folder }
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, Value) {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).expect("a request");
        let (parts, body) = self.service.clone().oneshot(request).await.expect("an answer").into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a body");
        (parts.status.as_u16(), serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send("GET", path, &[], "").await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }
}

/// Whether a value is one that a schema of one or several types allows.
fn fits(schema: &Value, value: &Value) -> bool {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let allowed = |name: &Value| name == kind || (name == "number" && kind == "integer");
    let of_kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().any(allowed),
        one => allowed(one),
    };
    let listed = schema["enum"].as_array().is_none_or(|values| values.contains(value));
    let day =
        schema["format"] != "date" || value.is_null() || value.as_str().is_some_and(|text| text.len() == 10);
    of_kind && listed && day
}

/// Everything in `object` is described, with its type, and everything required is there.
fn check(schema: &Value, object: &Value, place: &str) {
    let described = schema["properties"].as_object().unwrap_or_else(|| panic!("{place}: {schema}"));
    let members = object.as_object().unwrap_or_else(|| panic!("{place}: {object}"));
    for (name, value) in members {
        let schema = described.get(name).unwrap_or_else(|| panic!("{place}: {name} is not described"));
        if schema.get("$ref").is_none() {
            assert!(fits(schema, value), "{place}: {name} is {value}, described as {schema}");
        }
    }
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        assert!(members.contains_key(name), "{place}: {name} is required and not there");
    }
}

/// Follows a reference of the document.
fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).expect("a component"),
        None => schema,
    }
}

/// Checks the rows and the meta of an answer against what its path promises. Gives the number of rows.
fn check_answer(document: &Value, operation: &Value, answer: &Value, place: &str) -> usize {
    let body = resolve(document, &operation["responses"]["200"]["content"]["application/json"]["schema"]);
    let row = resolve(document, &body["properties"]["data"]["items"]);
    let rows = answer["data"].as_array().unwrap_or_else(|| panic!("{place}: {answer}"));
    rows.iter().for_each(|object| check(row, object, place));
    let meta = resolve(document, &body["properties"]["meta"]);
    check(meta, &answer["meta"], place);
    rows.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_column_of_every_kpi_is_described_with_its_type() {
    let served = Served::tiny();
    let document = served.get("/v1/openapi.json").await;
    let mut answered = BTreeSet::new();
    for kpi in served.get("/v1/kpis").await["data"].as_array().expect("KPIs") {
        let id = kpi["id"].as_str().expect("an id");
        let detail = &served.get(&format!("/v1/kpis/{id}")).await["data"][0];
        let required: Vec<String> = detail["params"]
            .as_array()
            .expect("parameters")
            .iter()
            .filter(|param| param["required"] == true)
            .map(|param| match param["name"].as_str() {
                Some("solution_id") => "solution_id=post".to_owned(),
                Some(name) => format!("{name}={}", param["example"].as_str().unwrap_or_default()),
                None => panic!("{param}"),
            })
            .collect();
        let address = format!("/v1/kpis/{id}/values");
        // The keys of the other areas are the same for all: one KPI stands for them.
        let areas = if id == "adoption.reach" { By::ALL } else { &[By::Municipality, By::Nation] };
        for by in areas.iter().map(|by| by.as_str()) {
            let path = format!("{address}?{}&by={by}&from=2020-01&to=2020-01", required.join("&"));
            let (status, answer) = served.send("GET", &path, &[], "").await;
            // A KPI for the nation only, or a wave the tiny world does not have.
            if status == 400 {
                continue;
            }
            assert_eq!(status, 200, "{path}: {answer}");
            if check_answer(&document, &document["paths"][&address]["get"], &answer, &path) > 0 {
                answered.insert(id.to_owned());
                if id != "adoption.reach" {
                    break;
                }
            }
        }
    }
    let kpis = query_files().into_iter().filter(|(path, _)| path.starts_with("kpi/")).count();
    assert!(answered.len() + 3 >= kpis, "of {kpis} only {answered:?} had rows to compare");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_resource_is_as_described() {
    let served = Served::tiny();
    let document = served.get("/v1/openapi.json").await;
    let diff = "/v1/kpis/adoption.usage_per_1000/diff";
    for (path, query) in [
        ("/v1/kpis", ""),
        ("/v1/municipalities", ""),
        ("/v1/municipalities/{code}", "0101"),
        ("/v1/networks", ""),
        ("/v1/networks/{id}", "nord"),
        ("/v1/solutions", ""),
        ("/v1/solutions/{id}", "post"),
        ("/v1/rollouts", ""),
        ("/v1/rollouts/{solution_id}", "post"),
        ("/v1/editions", ""),
        ("/v1/changes", ""),
        (
            diff,
            "?solution_id=post&by=municipality&granularity=quarter&from=2020-Q1&to=2020-Q1&before=1&all=true",
        ),
    ] {
        let address = match path.split_once('{') {
            Some((before, _)) => format!("{before}{query}"),
            None => format!("{path}{query}"),
        };
        let answer = served.get(&address).await;
        let operation = &document["paths"][path]["get"];
        // `truncated` of look-ups and the failing sources are more than a list promises.
        let rows = check_lists(&document, operation, &answer, &address);
        assert!(rows > 0, "{address}");
    }
    for (path, schema) in [("/v1/kpis/adoption.reach", "KpiDetail"), ("/v1/editions/2", "EditionRecord")] {
        let schema = &document["components"]["schemas"][schema];
        check(schema, &served.get(path).await["data"][0], path);
    }
    check(&document["components"]["schemas"]["Health"], &served.get("/health/ready").await, "/health/ready");
    let code = served.get("/problems/unknown_kpi").await;
    check(&document["components"]["schemas"]["ProblemCode"], &code, "/problems/unknown_kpi");
    let all = served.get("/problems").await;
    assert!(all["data"].as_array().expect("codes").contains(&code));
}

/// As `check_answer`, but a list's meta may hold more.
fn check_lists(document: &Value, operation: &Value, answer: &Value, place: &str) -> usize {
    let mut answer = answer.clone();
    if let Some(meta) = answer["meta"].as_object_mut() {
        meta.remove("truncated");
    }
    check_answer(document, operation, &answer, place)
}

/// Each with what it is about. `{}` is a request that is otherwise right.
const WRONG: [(&str, &str); 41] = [
    ("an address near a known one", "/v1/kpis/adoption.reach/value"),
    ("an address near none", "/wp-login.php"),
    ("a path that is no text", "/v1/kpis/%FF"),
    ("an unknown KPI", "/v1/kpis/adoption.reech"),
    ("an unknown KPI's values", "/v1/kpis/adoption.reech/values?solution_id=post"),
    ("a missing parameter", "/v1/kpis/adoption.reach/values"),
    ("an unknown parameter", "{}&byy=county"),
    ("a repeated parameter", "{}&by=county&by=nation"),
    ("an unknown solution", "/v1/kpis/adoption.reach/values?solution_id=pots"),
    ("an unknown measure", "{}&measure_id=users_activ"),
    ("an unknown kind of area", "{}&by=countee"),
    ("unknown borders", "{}&borders=thn"),
    ("an unknown policy", "{}&policy=exact_onyl"),
    ("an edition that is not there", "{}&as_of=7"),
    ("an unknown granularity", "{}&granularity=mnth"),
    ("a date that is none", "{}&from=2020-13"),
    ("a year out of bounds", "{}&borders=9999-12-31"),
    ("a span that ends before it begins", "{}&from=2021&to=2020"),
    ("an unknown municipality", "{}&by=municipality&municipality_code=0203"),
    ("an unknown network", "{}&by=network&network_id=nrod"),
    ("a code that is none", "{}&by=county&county_code=99'%20OR%201=1"),
    ("a municipality of a filter that is not known", "{}&by=county&municipality_code=0203"),
    ("a filter that does not exist", "{}&where.colour=red"),
    ("an unknown format", "{}&format=jsn"),
    ("a format of later", "{}&format=parquet"),
    ("an unknown language", "{}&lang=de"),
    ("a KPI that is not for areas", "/v1/kpis/rollout.follow_up/values?by=county"),
    ("a diff without an edition", "/v1/kpis/adoption.reach/diff?solution_id=post"),
    ("a diff with an unknown edition", "/v1/kpis/adoption.reach/diff?solution_id=post&before=1&after=9"),
    ("a diff backwards", "/v1/kpis/adoption.reach/diff?solution_id=post&before=2&after=1"),
    ("a diff as of an edition", "/v1/kpis/adoption.reach/diff?solution_id=post&before=1&as_of=1"),
    ("a municipality that is not there", "/v1/municipalities/0203"),
    ("a day that is none", "/v1/municipalities?on=1.1.2020"),
    ("a network that is not there", "/v1/networks/nrod"),
    ("a solution that is not there", "/v1/solutions/pots"),
    ("a rollout that is not there", "/v1/rollouts/psot"),
    ("an edition that was never made", "/v1/editions/4"),
    ("changes since no edition", "/v1/changes?since=4"),
    ("a list as CSV", "/v1/editions?format=csv"),
    ("a problem code that is not there", "/problems/unknown_pth"),
    ("a delivery where none are taken", "/v1/deliveries"),
];

/// The texts may change, but not unseen: review them in the snapshot.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_body_of_every_error_is_as_agreed() {
    let served = Served::tiny();
    let right = "/v1/kpis/adoption.reach/values?solution_id=post&from=2020-01&to=2020-01";
    let mut out = String::new();
    let mut add = |title: &str, (status, body): (u16, Value)| {
        assert!(status >= 400, "{title}: {body}");
        let code = body["code"].as_str().or_else(|| body["data"][0]["problem"]["code"].as_str());
        assert!(code.is_some_and(utbredt_api::is_problem_code), "{title}: {body}");
        let text = serde_json::to_string_pretty(&body).expect("JSON");
        let _ = writeln!(out, "## {title}\n{text}\n");
    };
    for (title, path) in WRONG {
        add(title, served.send("GET", &path.replace("{}", right), &[], "").await);
    }
    let json_body = [("content-type", "application/json")];
    let large = json!(["x".repeat(70_000)]).to_string();
    add("no acceptable format", served.send("GET", right, &[("accept", "image/png")], "").await);
    add("a wrong method", served.send("DELETE", "/v1/editions", &[], "").await);
    add("a batch that is none", served.send("POST", "/v1/kpis:batch", &json_body, "{}").await);
    add("a batch that is too large", served.send("POST", "/v1/kpis:batch", &json_body, &large).await);
    add("a batch of the wrong type", served.send("POST", "/v1/kpis:batch", &[], "[]").await);
    let engine_less = ApiService::new(ApiState::waiting());
    let waiting = Served { service: engine_less, _folder: tempfile::tempdir().expect("a folder") };
    add("a server without a lake", waiting.send("GET", right, &[], "").await);
    insta::assert_snapshot!(out);
}
