//! The HTTP door from outside: the router over the tiny world's lake, whose numbers are worked out by hand in
//! `tests/kpi`, and over the real rollout of Digisos. Every route is asked for an answer, a refusal, and nothing.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{
    ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
    new_null_array,
};

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use chrono::DateTime;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use utbredt_api::{ApiService, ApiState, serve};
use utbredt_engine::Engine;
use utbredt_lake::{EditionDraft, Lake, Table};
use utbredt_tests::batches::fill;
use utbredt_tests::check::query_files;
use utbredt_tests::days::first_day;
use utbredt_tests::real::{real_lake, usage};
use utbredt_tests::tiny::tiny;

const REACH: &str = "/v1/kpis/adoption.reach/values?solution_id=post&from=2020-01&to=2020-01";
const LIVE: &str = "/v1/kpis/rollout.municipalities_live/values?solution_id=post&from=2019-11&to=2020-02";

/// How long an answer may take here: what is tested is not the speed of a busy machine.
const PATIENCE: Duration = Duration::from_secs(600);

struct TestApp {
    service: ApiService,
    engine: Engine,
    folder: tempfile::TempDir,
}

#[derive(Debug)]
struct Answer {
    path: String,
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl TestApp {
    fn over(fill: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the lake");
        fill(folder.path());
        let engine = Engine::open(folder.path(), query_files()).expect("the lake opens");
        let state = ApiState::new(engine.clone()).with_time_limit(PATIENCE);
        Self { service: ApiService::new(state), engine, folder }
    }

    fn tiny() -> Self {
        Self::over(|root| drop(fill(&tiny(), root)))
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let path = request.uri().to_string();
        let (parts, body) = self.service.clone().oneshot(request).await.expect("an answer").into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a body").to_vec();
        Answer { path, status: parts.status.as_u16(), headers: parts.headers, body }
    }

    async fn with(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_owned())).expect("a request")).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.with("GET", path, &[], "").await
    }

    /// The rows of a JSON answer.
    async fn data(&self, path: &str) -> Vec<Value> {
        let answer = self.get(path).await.ok();
        let data = answer["data"].as_array().unwrap_or_else(|| panic!("{path}: {answer}"));
        assert_eq!(answer["meta"]["rows"], data.len(), "{path}");
        data.clone()
    }

    async fn if_none_match(&self, path: &str, condition: &str) -> Answer {
        self.with("GET", path, &[("if-none-match", condition)], "").await
    }

    async fn batch(&self, body: &Value) -> Answer {
        self.with("POST", "/v1/kpis:batch", &[("content-type", "application/json")], &body.to_string()).await
    }

    /// How many answers were made anew.
    async fn made(&self) -> u64 {
        let metrics = self.get("/metrics").await.text();
        let line = metrics.lines().find_map(|line| line.strip_prefix("utbredt_queries_run_total "));
        line.and_then(|number| number.parse().ok()).expect("the counter is there")
    }
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("text")
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|why| panic!("{}: {why}", self.path))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    fn etag(&self) -> String {
        self.header("etag").to_owned()
    }

    fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}: {}", self.path, String::from_utf8_lossy(&self.body));
        self.json()
    }

    /// The problem document, after what every one of them must hold was checked.
    fn problem(&self, status: u16, code: &str) -> Value {
        let shown = String::from_utf8_lossy(&self.body);
        assert_eq!(
            (self.status, self.header("content-type")),
            (status, "application/problem+json"),
            "{shown}"
        );
        let problem = self.json();
        assert_eq!(problem["code"], code, "{shown}");
        assert_eq!(problem["status"], status, "{shown}");
        assert_eq!(problem["instance"], self.path.as_str(), "{shown}");
        assert_eq!(problem["type"], format!("/problems/{code}"), "{shown}");
        for member in ["title", "detail", "hint"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {shown}");
        }
        assert!(utbredt_api::is_problem_code(code), "{code} is not in the catalogue");
        assert_eq!(problem.get("data"), None);
        assert_eq!(self.header("cache-control"), "no-store");
        problem
    }
}

/// Øy delivers at last: 64 of its 320 grown-up in January 2020.
pub(crate) fn new_edition(root: &Path) {
    let day = |text| first_day(text).expect("a day");
    let rows = [("0202", day("2020-01-01"), day("2020-01-01"), day("2020-02-01"), 64)];
    let change = EditionDraft {
        recorded_at: DateTime::parse_from_rfc3339("2020-06-16T12:00:00Z").expect("a moment").to_utc(),
        reason: "Øy delivers".to_owned(),
        replace: vec![],
        append: vec![(Table::named("usage").expect("a table"), usage("post", "users_active", &rows))],
        supersedes: vec![],
        receipts: vec![],
    };
    let lake = Lake::open(root).expect("the lake opens");
    lake.writer().expect("the lock").commit(change).expect("an edition");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_values_are_those_worked_out_by_hand() {
    let app = TestApp::tiny();
    let answer = app.get(&format!("{REACH}&by=municipality&lang=en")).await;
    let body = answer.ok();
    let row = |code: &str, name: &str, numbers: [Value; 3], state: &str, coverage: f64, counts: [i64; 2]| {
        let reason = if state == "ok" { Value::Null } else { json!("not_delivered") };
        let [value, numerator, denominator] = numbers;
        json!({"period_start": "2020-01-01", "municipality_code": code, "municipality_name": name, "value": value,
            "numerator": numerator, "denominator": denominator, "state": state, "reason": reason, "coverage": coverage,
            "coverage_of_expected": coverage, "marks": "", "municipalities_reported": counts[0], "municipalities_expected": counts[1],
            "periods_reported": counts[0], "periods_expected": counts[1]})
    };
    let mut rows = body["data"].as_array().expect("rows").clone();
    for row in &mut rows {
        let row = row.as_object_mut().expect("an object");
        let interval = (row.remove("value_low").expect("low"), row.remove("value_high").expect("high"));
        assert_eq!(interval.0.is_null(), row["value"].is_null());
    }
    let nothing = || [Value::Null, Value::Null, Value::Null];
    assert_eq!(
        rows,
        [
            row("0201", "Nes", [json!(0.2), json!(32), json!(160)], "ok", 1.0, [1, 1]),
            row("0202", "Øy", nothing(), "missing", 0.0, [0, 1]),
            row("3001", "Storby", [json!(0.25), json!(80), json!(320)], "ok", 1.0, [1, 1]),
        ]
    );
    let expected = json!({"edition": 2, "as_of": "2020-06-15T12:00:00Z", "kpi_id": "adoption.reach", "kpi_version": 5,
        "title": "Reach", "unit": "share", "better": "higher", "by": "municipality", "borders": "then",
        "policy": "exact_only", "granularity": "month", "from": "2020-01-01", "to": "2020-01-31",
        "params": {"solution_id": "post", "measure_id": "users_active"}, "unanswered": [], "filter": {},
        "coverage": null, "sources": ["worldmaker"], "synthetic": false, "rows": 3});
    for (name, value) in expected.as_object().expect("an object") {
        assert_eq!(&body["meta"][name], value, "{name}");
    }
    assert_eq!(body["meta"]["caveats"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        (&body["meta"]["changes"][0]["version"], &body["meta"]["changes"][0]["date"]),
        (&json!(5), &json!("2026-11-29"))
    );
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("utbredt-edition"), "2");
    assert_eq!(answer.header("content-language"), "en");

    // The nation speaks for 600 of 1000 inhabitants.
    let nation = app.get(REACH).await.ok();
    assert_eq!(
        (&nation["data"][0]["numerator"], &nation["data"][0]["denominator"]),
        (&json!(112), &json!(480))
    );
    assert_eq!(nation["meta"]["coverage"], 0.6);
    assert_eq!(nation["meta"]["title"], "Rekkevidde");

    // A filter keeps the one row.
    let one = app.data(&format!("{REACH}&by=municipality&municipality_code=3001")).await;
    assert_eq!((one.len(), &one[0]["value"]), (1, &json!(0.25)));
    // Before anybody had it there is a row that says so, not an empty answer.
    let none = app.data("/v1/kpis/adoption.reach/values?solution_id=post&from=2019-03&to=2019-03").await;
    assert_eq!((&none[0]["value"], &none[0]["state"]), (&Value::Null, &json!("not_applicable")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bounds_are_periods_or_days() {
    let app = TestApp::tiny();
    let numbers = |rows: &[Value]| -> Vec<(i64, i64)> {
        let number = |row: &Value, name: &str| row[name].as_i64().expect("a number");
        rows.iter().map(|row| (number(row, "numerator"), number(row, "denominator"))).collect()
    };
    let periods = app.get(LIVE).await.ok();
    let rows = periods["data"].as_array().expect("rows");
    assert_eq!(numbers(rows), [(1, 4), (2, 4), (3, 3), (3, 3)]);
    assert_eq!(
        (&periods["meta"]["from"], &periods["meta"]["to"]),
        (&json!("2019-11-01"), &json!("2020-02-29"))
    );
    // Both bounds are included, however they are written.
    let days = LIVE.replace("from=2019-11&to=2020-02", "from=2019-11-01&to=2020-02-29");
    assert_eq!(&app.data(&days).await, rows);
    let quarters = LIVE.replace("from=2019-11&to=2020-02", "from=2019-Q4&to=2020-Q1&granularity=quarter");
    assert_eq!(numbers(&app.data(&quarters).await), [(2, 4), (3, 3)]);
}

/// Cells of a machine's CSV; the tiny world has nothing that needs quotes.
fn cells(text: &str) -> Vec<Vec<String>> {
    assert!(!text.contains('"') && text.ends_with('\n'), "{text}");
    text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn csv_and_json_agree_row_for_row() {
    let app = TestApp::tiny();
    let mut paths = vec![
        "/v1/municipalities?on=2019-06-01".to_owned(),
        "/v1/networks/nord?lang=en".to_owned(),
        "/v1/rollouts/post?lang=en".to_owned(),
        LIVE.to_owned(),
    ];
    for (kpi, by) in [
        ("adoption.reach", "municipality"),
        ("adoption.usage_per_1000", "county"),
        ("adoption.reach", "network"),
        ("quality.freshness", "peer_group"),
        ("benefit.realised", "nation"),
    ] {
        paths.push(format!("/v1/kpis/{kpi}/values?solution_id=post&by={by}&from=2019-11&to=2020-02"));
    }
    for path in paths {
        let rows = app.data(&path).await;
        let csv = app.get(&format!("{path}&format=csv")).await;
        assert_eq!(csv.status, 200, "{path}");
        assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8; header=present");
        assert!(csv.header("content-disposition").starts_with("attachment; filename=\""));
        let by_accept = app.with("GET", &path, &[("accept", "text/csv")], "").await;
        assert_eq!((by_accept.text(), by_accept.etag()), (csv.text(), csv.etag()), "{path}");
        let mut table = cells(&csv.text());
        let names = table.remove(0);
        assert_eq!(table.len(), rows.len(), "{path}");
        for (cells, row) in table.iter().zip(&rows) {
            assert_eq!(row.as_object().map(serde_json::Map::len), Some(names.len()), "{path}");
            for (name, cell) in names.iter().zip(cells) {
                let same = match &row[name.as_str()] {
                    Value::Null => cell.is_empty(),
                    // Read by the same rule: what is compared is what was written.
                    Value::Number(number) => serde_json::from_str(cell).ok().as_ref() == Some(number),
                    Value::Bool(flag) => *cell == flag.to_string(),
                    Value::String(text) => cell == text,
                    other => panic!("{other} is no cell"),
                };
                assert!(same, "{path}: {name} is {cell:?} beside {}", row[name.as_str()]);
            }
        }
    }
}

/// Kyst: 60 uses by the 200 of Nes, of 600 inhabitants. Stor: 100 uses by 400.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workbook_is_a_file_in_the_language_of_the_request() {
    let app = TestApp::tiny();
    let zip = [("accept-encoding", "gzip"), ("accept-language", "nn")];
    let answer = app.with("GET", &format!("{REACH}&format=xlsx"), &zip, "").await;
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    assert_eq!((answer.status, answer.header("content-type")), (200, kind));
    assert_eq!(
        answer.header("content-disposition"),
        "attachment; filename=\"adoption.reach-edition-2.xlsx\""
    );
    // It is compressed in itself.
    assert_eq!((answer.header("content-language"), answer.header("content-encoding")), ("nn", ""));
    assert!(answer.body.starts_with(b"PK"), "an archive, as every workbook is");
    let accepted = app.with("GET", REACH, &[("accept", kind)], "").await;
    assert_eq!((accepted.status, accepted.header("content-type")), (200, kind));
    assert_ne!(accepted.etag(), answer.etag(), "bokmål is another workbook");
    let municipalities = app.get("/v1/municipalities?format=xlsx").await;
    assert_eq!((municipalities.status, municipalities.header("content-type")), (200, kind));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn csv_for_a_norwegian_excel() {
    let app = TestApp::tiny();
    let path = "/v1/kpis/adoption.usage_per_1000/values?solution_id=post&by=county&from=2020-01&to=2020-01";
    let answer = app.get(&format!("{path}&format=csv-excel")).await;
    assert_eq!(
        answer.text(),
        "\u{feff}period_start;county_code;county_name;value;numerator;denominator;state;reason;coverage;coverage_of_expected;marks;\
         municipalities_reported;municipalities_expected;periods_reported;periods_expected\r\n\
         2020-01-01;02;Kyst;300,0;60;200;ok;;0,3333333333333333;0,3333333333333333;partial;1;2;1;2\r\n\
         2020-01-01;30;Stor;250,0;100;400;ok;;1,0;1,0;;1;1;1;1\r\n"
    );
    assert_eq!(
        answer.header("content-disposition"),
        "attachment; filename=\"adoption.usage_per_1000-edition-2.csv\""
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_still_right_costs_no_query() {
    let app = TestApp::tiny();
    let paths = [
        REACH,
        LIVE,
        "/v1/municipalities",
        "/v1/kpis",
        "/v1/editions",
        "/v1/changes",
        "/v1/kpis/adoption.reach/diff?solution_id=post&before=1&from=2020-01&to=2020-02",
        "/v1/openapi.json",
        "/v1/rollouts/post",
    ];
    let other = TestApp::tiny();
    for path in paths {
        // The tag is known before any answer was made: another server's copy is as good.
        let tag = other.get(path).await.etag();
        assert!(tag.starts_with('"') && tag.len() > 30, "{path}: {tag}");
        let before = app.made().await;
        for condition in [tag.clone(), format!("W/{tag}"), format!("\"other\", W/\"x\", {tag}")] {
            let answer = app.if_none_match(path, &condition).await;
            assert_eq!((answer.status, answer.body.len()), (304, 0), "{path} {condition}");
            assert_eq!(answer.header("etag").trim_start_matches("W/"), tag, "{path}");
            assert_eq!(answer.header("cache-control"), "private, max-age=60, stale-while-revalidate=600");
            assert_eq!(answer.header("vary").to_lowercase().matches("accept-encoding").count(), 1);
        }
        assert_eq!(app.made().await, before, "{path}: a query was run for a copy that was right");
        assert_eq!(app.if_none_match(path, "\"other\"").await.status, 200, "{path}");
        assert_eq!(app.made().await, before + 1, "{path}");
        // Now the answer is known: neither `*` nor asking again costs anything.
        assert_eq!(app.if_none_match(path, "*").await.status, 304, "{path}");
        assert_eq!(app.get(path).await.etag(), tag, "{path}");
        assert_eq!(app.made().await, before + 1, "{path}");
    }
    // Another format, language or question is another thing.
    let reach = async |more: &str| app.get(&format!("{REACH}{more}")).await.etag();
    let tags =
        [reach("").await, reach("&format=csv").await, reach("&lang=nn").await, reach("&by=county").await];
    assert_eq!(tags.iter().collect::<BTreeSet<_>>().len(), 4, "{tags:?}");
    // `*` asks whether there is anything: for a wrong name there is not.
    let wrong = REACH.replace("solution_id=post", "solution_id=pots");
    app.if_none_match(&wrong, "*").await.problem(400, "unknown_solution");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_edition_changes_tags_and_the_old_one_still_answers() {
    let app = TestApp::tiny();
    let paths = [REACH, "/v1/municipalities", "/v1/editions", "/v1/changes"];
    let mut before = Vec::new();
    for path in paths {
        before.push(app.get(path).await.etag());
    }
    let old = app.get(&format!("{REACH}&as_of=2")).await;
    new_edition(app.folder.path());
    assert_eq!(app.get(REACH).await.etag(), before[0], "the answer served is the engine's");
    assert!(app.engine.refresh().expect("a sound lake"));
    for (path, tag) in paths.iter().zip(&before) {
        let answer = app.if_none_match(path, tag).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_ne!(&answer.etag(), tag, "{path}");
    }
    // 112 and Øy's 64, of 480 and its 320.
    let nation = app.get(REACH).await.ok();
    assert_eq!((&nation["meta"]["edition"], &nation["meta"]["coverage"]), (&json!(3), &json!(1.0)));
    let row = &nation["data"][0];
    assert_eq!(
        (&row["numerator"], &row["denominator"], &row["value"]),
        (&json!(176), &json!(800), &json!(0.22))
    );
    for as_of in ["2", "2020-06-15"] {
        let then = app.get(&format!("{REACH}&as_of={as_of}")).await.ok();
        assert_eq!(then["data"], old.json()["data"], "{as_of}");
        assert_eq!(then["meta"]["edition"], 2, "{as_of}");
    }
}

/// The receipt of the rows `real::usage` makes: another source's.
fn receipt() -> RecordBatch {
    let text = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text])) };
    let number = |number: i64| -> ArrayRef { Arc::new(Int64Array::from(vec![number])) };
    let schema = Table::named("receipts").expect("a table").schema();
    let columns = schema.fields().iter().map(|field| match field.name().as_str() {
        "receipt_id" => text("r-usage"),
        "source_id" => text("island"),
        "state" => text("accepted"),
        "subject" => text("all"),
        "sha256" => text(&"0".repeat(64)),
        "received_at" => Arc::new(TimestampMicrosecondArray::from(vec![0]).with_timezone("UTC")),
        "contract_version" => Arc::new(Int32Array::from(vec![1])),
        "synthetic" => Arc::new(BooleanArray::from(vec![false])),
        "bytes" | "rows_in" | "rows_rejected" => number(0),
        // What only a held or released one has.
        _ => new_null_array(field.data_type(), 1),
    });
    let columns = columns.collect();
    RecordBatch::try_new(schema, columns).expect("a receipt")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_names_the_sources_it_was_made_from_and_no_others() {
    let app = TestApp::tiny();
    let day = |text| first_day(text).expect("a day");
    let rows = [("0202", day("2020-01-01"), day("2020-01-01"), day("2020-02-01"), 7)];
    let append = vec![
        (Table::named("usage").expect("a table"), usage("post", "uses", &rows)),
        (Table::named("receipts").expect("a table"), receipt()),
    ];
    let recorded_at = DateTime::parse_from_rfc3339("2020-06-16T12:00:00Z").expect("a moment").to_utc();
    let reason = "an island of its own".to_owned();
    let change =
        EditionDraft { recorded_at, reason, append, replace: vec![], supersedes: vec![], receipts: vec![] };
    let lake = Lake::open(app.folder.path()).expect("the lake opens");
    lake.writer().expect("the lock").commit(change).expect("an edition");
    assert!(app.engine.refresh().expect("a sound lake"));
    let (both, one) = (json!(["island", "worldmaker"]), json!(["worldmaker"]));
    for (question, sources) in [
        ("adoption.usage_per_1000/values?solution_id=post&from=2020-01&to=2020-01", &both),
        // The island's rows are of January.
        ("adoption.usage_per_1000/values?solution_id=post&from=2019-12&to=2019-12", &one),
        // It counts uses, not users, and tells nothing of the rollout.
        ("adoption.reach/values?solution_id=post&from=2020-01&to=2020-01", &one),
        ("rollout.municipalities_live/values?solution_id=post&from=2020-01&to=2020-01", &one),
        ("rollout.follow_up/values?by=municipality&from=2020-02&to=2020-02", &both),
        // A KPI about deliveries rests on those it was asked about.
        ("quality.rejected/values?source_id=island&from=2020-06&to=2020-06", &json!(["island"])),
    ] {
        let body = app.get(&format!("/v1/kpis/{question}")).await.ok();
        assert_eq!(&body["meta"]["sources"], sources, "{question}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn editions_and_changes_show_the_history() {
    let app = TestApp::tiny();
    new_edition(app.folder.path());
    assert_eq!(app.data("/v1/editions").await.len(), 2, "the third is not served yet");
    assert!(app.engine.refresh().expect("a sound lake"));

    let editions = app.data("/v1/editions").await;
    let numbers: Vec<&Value> = editions.iter().map(|edition| &edition["number"]).collect();
    assert_eq!(numbers, [1, 2, 3]);
    assert_eq!(editions[2]["recorded_at"], "2020-06-16T12:00:00Z");
    assert_eq!(editions[2]["reason"], "Øy delivers");
    for pair in editions.windows(2) {
        assert_eq!(pair[1]["previous_sha256"], pair[0]["sha256"]);
    }
    // One more row of usage: Øy's.
    let rows = |edition: &Value| edition["rows"]["usage"].as_u64().expect("a count");
    assert_eq!(rows(&editions[2]), rows(&editions[1]) + 1);

    let second = &app.data("/v1/editions/2").await[0];
    assert_eq!((&second["number"], &second["sha256"]), (&json!(2), &editions[1]["sha256"]));
    assert_eq!(second["receipts"], json!(["r-world", "r-world-2"]));
    let files = second["tables"]["usage"].as_array().expect("files");
    assert!(!files.is_empty() && files.iter().all(|file| file["sha256"].as_str().map(str::len) == Some(64)));

    let changes = app.data("/v1/changes?since=1").await;
    assert_eq!(changes.len(), 2);
    assert_eq!(changes[0]["tables"], json!(["receipts", "rollout_events", "usage"]));
    assert_eq!(
        changes[1],
        json!({"number": 3, "recorded_at": "2020-06-16T12:00:00Z", "reason": "Øy delivers", "tables": ["usage"],
            "supersedes": []})
    );
    assert_eq!(app.data("/v1/changes").await.len(), 3);
    assert_eq!(app.data("/v1/changes?since=3").await, Vec::<Value>::new(), "nothing new is an answer");

    for path in ["/v1/editions/4", "/v1/editions/0", "/v1/editions/two", "/v1/editions/02"] {
        app.get(path).await.problem(404, "unknown_edition");
    }
    for path in ["/v1/changes?since=4", "/v1/changes?since=-1", "/v1/changes?since=yesterday"] {
        app.get(path).await.problem(400, "unknown_edition");
    }
    app.get("/v1/editions?format=csv").await.problem(400, "format_not_available");
    let problem = app.get("/v1/changes?sinse=1").await.problem(400, "unknown_parameter");
    assert_eq!(problem["did_you_mean"], "since");
}

/// Of January and February 2020 the first of the two deliveries reports January's 100 uses in Storby; the second adds
/// February's 140, to its 400 inhabitants. Aust was live before it became a part of Storby, so both months are owed, and
/// the first delivery alone is no number.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_diff_shows_what_changed_between_two_editions() {
    let app = TestApp::tiny();
    let path = "/v1/kpis/adoption.usage_per_1000/diff?solution_id=post&by=municipality&granularity=range\
        &from=2020-01&to=2020-02";
    let rows = app.data(&format!("{path}&before=1&after=2")).await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    for (name, expected) in [
        ("period_start", json!("2020-01-01")),
        ("municipality_code", json!("3001")),
        ("municipality_name", json!("Storby")),
        ("value_before", Value::Null),
        ("value_after", json!(600.0)),
        ("change", Value::Null),
        ("new_data", Value::Null),
        ("revised_data", Value::Null),
        ("definition", Value::Null),
        ("borders", Value::Null),
        ("denominator", Value::Null),
        ("numerator_before", Value::Null),
        ("numerator_after", json!(240)),
        ("numerator_new_data", Value::Null),
        ("denominator_after", json!(400)),
        ("state_before", json!("missing")),
        ("causes", json!("new_data")),
    ] {
        assert_eq!(rows[0][name], expected, "{name} of {:?}", rows[0]);
    }
    assert_eq!(app.data(&format!("{path}&before=1&all=true")).await.len(), 3, "every municipality");
    assert_eq!(app.data(&format!("{path}&before=2")).await, Vec::<Value>::new(), "after is the newest");
    let meta = app.get(&format!("{path}&before=1")).await.ok()["meta"].clone();
    // The second delivery, and two more of which the tiny world knows only that they came.
    assert_eq!((&meta["rows"], &meta["compared"], &meta["deliveries"]), (&json!(1), &json!(3), &json!(3)));
    assert_eq!((&meta["before"]["edition"], &meta["after"]["edition"]), (&json!(1), &json!(2)));
    assert_eq!(meta["rows_by_cause"]["new_data"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn look_ups_answer_refuse_and_say_that_there_is_none() {
    let app = TestApp::tiny();
    let codes = |rows: &[Value], name: &str| -> Vec<String> {
        rows.iter().map(|row| row[name].as_str().expect("text").to_owned()).collect()
    };
    let today = app.data("/v1/municipalities").await;
    assert_eq!(codes(&today, "municipality_code"), ["0201", "0202", "3001"]);
    let then = app.data("/v1/municipalities?on=2019-06-01").await;
    assert_eq!(codes(&then, "municipality_code"), ["0101", "0102", "0201", "0202"]);
    assert_eq!(app.data("/v1/municipalities?on=1900-01-01").await, Vec::<Value>::new());
    let aust = &app.data("/v1/municipalities/0101").await[0];
    assert_eq!((&aust["name"], &aust["valid_to"]), (&json!("Aust"), &json!("2020-01-01")));

    assert_eq!(codes(&app.data("/v1/networks").await, "network_id"), ["nord"]);
    assert_eq!(codes(&app.data("/v1/networks/nord").await, "municipality_code"), ["0201", "3001"]);
    assert!(codes(&app.data("/v1/solutions").await, "solution_id").contains(&"post".to_owned()));
    assert_eq!(app.data("/v1/solutions/post").await[0]["owner"], "Etaten");

    let rollouts = app.data("/v1/rollouts").await;
    let live = rollouts
        .iter()
        .find(|row| row["stage"] == "in_production" && row["solution_id"] == "post")
        .expect("four went live");
    assert_eq!((&live["events"], &live["municipalities"]), (&json!(4), &json!(4)));
    assert_eq!((&live["first_from"], &live["last_from"]), (&json!("2019-11-05"), &json!("2020-01-20")));
    let events = app.data("/v1/rollouts/post").await;
    let paused = events.iter().find(|row| row["stage"] == "paused").expect("Aust was taken off");
    assert_eq!((&paused["municipality_code"], &paused["valid_from"]), (&json!("0101"), &json!("2020-01-10")));

    for (path, code, nearest) in [
        ("/v1/municipalities/9999", "unknown_municipality", None),
        ("/v1/municipalities/201", "unknown_municipality", Some("0201")),
        // Another code is another place, however alike.
        ("/v1/municipalities/0203", "unknown_municipality", None),
        ("/v1/networks/nrod", "unknown_network", Some("nord")),
        ("/v1/networks/NORD'%20OR%201=1", "unknown_network", None),
        ("/v1/solutions/pots", "unknown_solution", Some("post")),
        ("/v1/rollouts/psot", "unknown_rollout", Some("post")),
    ] {
        let problem = app.get(path).await.problem(404, code);
        assert_eq!(problem.get("did_you_mean").and_then(Value::as_str), nearest, "{path}");
    }
    app.get("/v1/municipalities?on=1.1.2020").await.problem(400, "invalid_date");
}

/// What is put behind a question that is otherwise right, the status and code it gets, and the name offered.
const REFUSED: [(&str, u16, &str, Option<&str>); 23] = [
    ("&by=countee", 400, "unknown_grouping", Some("county")),
    ("&byy=county", 400, "unknown_parameter", Some("by")),
    ("&colour=red", 400, "unknown_parameter", None),
    ("&by=county&by=nation", 400, "repeated_parameter", None),
    ("&format=jsn", 400, "unknown_format", Some("json")),
    ("&format=parquet", 400, "format_not_available", None),
    ("&lang=de", 400, "unknown_language", None),
    ("&borders=2020", 400, "invalid_value", None),
    ("&borders=thn", 400, "invalid_value", None),
    ("&policy=exact_onyl", 400, "unknown_policy", Some("exact_only")),
    ("&as_of=yesterday", 400, "invalid_value", None),
    ("&as_of=7", 400, "unknown_edition", None),
    ("&as_of=2019-01-01", 400, "unknown_edition", None),
    ("&granularity=mnth", 400, "unknown_granularity", Some("month")),
    ("&measure_id=users_activ", 400, "unknown_measure", Some("users_active")),
    ("&by=municipality&municipality_code=0203", 400, "unknown_municipality", None),
    // Aust became a part of 3001.
    ("&by=municipality&municipality_code=0101", 400, "unknown_municipality", Some("3001")),
    ("&by=municipality&municipality_code=201", 400, "unknown_municipality", Some("0201")),
    ("&by=network&network_id=nrod", 400, "unknown_network", Some("nord")),
    ("&by=county&county_code=99'%20OR%201=1", 400, "invalid_value", None),
    ("&by=county&municipality_code=0203", 400, "unknown_municipality", None),
    ("&where.colour=red", 400, "unknown_filter", None),
    ("&where.wave_id=frist", 400, "unknown_wave", Some("first")),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_refused_with_the_way_to_fix_it() {
    let app = TestApp::tiny();
    for (more, status, code, nearest) in REFUSED {
        let problem = app.get(&format!("{REACH}{more}")).await.problem(status, code);
        assert_eq!(problem.get("did_you_mean").and_then(Value::as_str), nearest, "{more}");
    }
    for (path, status, code, nearest) in [
        ("/v1/kpis/adoption.reech", 404, "unknown_kpi", Some("adoption.reach")),
        ("/v1/kpis/adoption.reech/values?solution_id=post", 404, "unknown_kpi", Some("adoption.reach")),
        ("/v1/kpis/adoption.reach/values?solution_id=pots", 400, "unknown_solution", Some("post")),
        ("/v1/kpis/adoption.reach/values", 400, "missing_parameter", None),
        ("/v1/kpis/adoption.reach/values?solution_id=post&from=2020-13", 400, "invalid_date", None),
        ("/v1/kpis/adoption.reach/values?solution_id=post&to=2020-1-1", 400, "invalid_date", None),
        ("/v1/kpis/adoption.reach/values?solution_id=post&from=2021&to=2020", 400, "invalid_value", None),
        ("/v1/kpis/rollout.follow_up/values?by=county", 400, "invalid_value", None),
        ("/v1/kpis?on=2020-01-01", 400, "unknown_parameter", None),
        ("/v1/kpis?format=csv", 400, "format_not_available", None),
        ("/v1/kpis/adoption.reach/diff?solution_id=post", 400, "missing_parameter", None),
        ("/v1/kpis/adoption.reach/diff?solution_id=post&before=1&after=9", 400, "unknown_edition", Some("2")),
        ("/v1/kpis/adoption.reach/diff?solution_id=post&before=2&after=1", 400, "invalid_value", None),
        ("/v1/kpis/adoption.reach/diff?solution_id=post&before=1&as_of=1", 400, "unknown_parameter", None),
        ("/v1/kpis/adoption.reach/diff?solution_id=posts&before=1", 400, "unknown_solution", Some("post")),
        ("/v1/openapi.jsn", 404, "unknown_path", Some("/v1/openapi.json")),
        ("/v1/kpis/%FF", 400, "bad_request", None),
    ] {
        let problem = app.get(path).await.problem(status, code);
        assert_eq!(problem.get("did_you_mean").and_then(Value::as_str), nearest, "{path}");
    }
    app.with("GET", REACH, &[("accept", "image/png")], "").await.problem(406, "not_acceptable");
    let wrong_method = app.with("DELETE", "/v1/editions", &[], "").await;
    wrong_method.problem(405, "method_not_allowed");
    assert_eq!(wrong_method.header("allow"), "GET,HEAD");
    assert_eq!(
        app.get("/metrics").await.text().matches("class=\"server\"} 0\n").count(),
        1,
        "all were the asker's"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_solution_without_a_main_measure_is_not_applicable_with_the_reason() {
    let app = TestApp::tiny();
    // Use of `sak` is counted, its users are not: reach is a question that does not arise for it.
    let question = "/v1/kpis/adoption.reach/values?by=municipality&from=2020-01&to=2020-01&lang=en";
    let alone = app.get(&format!("{question}&solution_id=sak")).await.ok();
    let states: Vec<&Value> =
        alone["data"].as_array().expect("rows").iter().map(|row| &row["state"]).collect();
    assert!(!states.is_empty() && states.iter().all(|state| **state == "not_applicable"), "{alone}");
    let reason = json!([{"solution_id": "sak", "reason": "no_main_measure",
        "text": "The solution has no main measure."}]);
    assert_eq!(alone["meta"]["unanswered"], reason);
    assert_eq!(alone["meta"]["params"], json!({"solution_id": "sak"}), "no measure was meant");
    let both = app.get(&format!("{question}&solution_id=post,sak")).await.ok();
    assert_eq!(both["meta"]["unanswered"], reason);
    assert_eq!(both["meta"]["params"]["measure_id"], "users_active");
    let named = app.get(&format!("{question}&solution_id=post,sak&measure_id=users_active")).await.ok();
    assert_eq!(named["meta"]["unanswered"][0]["reason"], "no_measure");
}

/// Turns one byte of a file and gives what it was.
fn damage(path: &Path) -> Vec<u8> {
    let whole = std::fs::read(path).expect("a file of the lake");
    let mut bytes = whole.clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::remove_file(path).expect("taken away");
    std::fs::write(path, bytes).expect("put back damaged");
    whole
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_answered_from_a_damaged_file() {
    for opened_before in [false, true] {
        let app = TestApp::tiny();
        let edition = app.engine.edition();
        let file = &edition.tables["usage"][0].path;
        if opened_before {
            app.get(LIVE).await.ok();
        }
        let path: PathBuf = app.folder.path().join(file);
        let whole = damage(&path);
        for question in [REACH, &format!("{REACH}&format=csv")] {
            let answer = app.get(question).await;
            let problem = answer.problem(500, "lake_damaged");
            let detail = problem["detail"].as_str().expect("text");
            assert!(detail.contains(file.as_str()), "{detail}");
            let folder = app.folder.path().to_string_lossy().into_owned();
            assert!(!answer.text().contains(&folder), "where the lake lies is nobody's business");
            assert!(!answer.text().contains("numerator"), "no number of it");
        }
        let batch =
            app.batch(&json!([{"id": "adoption.reach", "params": {"solution_id": "post"}}])).await.ok();
        assert_eq!(batch["data"][0]["problem"]["code"], "lake_damaged");
        let sql = app.engine.sql("SELECT count(*) FROM usage".into()).await.expect_err("it reads the table");
        assert_eq!(sql.code(), "lake_damaged");
        // What reads other tables is answered, and whoever runs the server is shown what is not.
        assert_eq!(app.get("/v1/solutions").await.status, 200);
        assert_eq!(app.get(LIVE).await.status, 200);
        assert!(app.engine.sql("SELECT count(*) FROM solutions".into()).await.is_ok());
        let ready = app.get("/health/ready").await.ok();
        assert!(ready["damage"][0].as_str().is_some_and(|text| text.contains(file.as_str())), "{ready}");
        // A failure is not kept: with the file put back the answer is there.
        std::fs::write(&path, whole).expect("put back");
        assert_eq!(app.get(REACH).await.ok()["data"][0]["numerator"], 112);
        app.engine.refresh().expect("it looks at what was damaged");
        assert!(app.get("/health/ready").await.ok().get("damage").is_none());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_good_edition_is_served_after_a_restart() {
    let app = TestApp::tiny();
    let root = app.folder.path();
    new_edition(root);
    let whole = damage(&root.join("editions/3.json"));
    let error =
        Engine::open(root, query_files()).expect_err("a command never takes an older edition in silence");
    assert_eq!(error.code(), "lake_damaged");

    let engine = Engine::open_last_good(root, query_files()).expect("the one before is whole");
    let state = ApiState::new(engine.clone()).with_time_limit(PATIENCE);
    let served = TestApp { service: ApiService::new(state), engine, folder: app.folder };
    assert_eq!(served.get(REACH).await.ok()["data"][0]["numerator"], 112);
    for (path, at) in [("/health/ready", "/damage/0"), ("/v1/status", "/meta/damage/0")] {
        let body = served.get(path).await.ok();
        let named =
            body.pointer(at).and_then(Value::as_str).is_some_and(|text| text.contains("editions/3.json"));
        assert!(named, "{path}: {body}");
    }
    assert_eq!(served.get("/health/ready").await.ok()["edition"], 2);
    let metrics = served.get("/metrics").await.text();
    assert!(metrics.contains("utbredt_lake_damaged_files 1"), "{metrics}");
    // With the record put back its edition is served, without a restart.
    std::fs::write(served.folder.path().join("editions/3.json"), whole).expect("put back");
    assert!(served.engine.refresh().expect("whole again"));
    let ready = served.get("/health/ready").await.ok();
    assert_eq!((&ready["edition"], ready.get("damage")), (&json!(3), None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_record_is_named_too() {
    let app = TestApp::tiny();
    damage(&app.folder.path().join("editions/1.json"));
    let problem = app.get("/v1/editions").await.problem(500, "lake_damaged");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("editions/1.json")), "{problem}");
    // The edition served was read when it was whole, and stands.
    assert_eq!(app.get(REACH).await.ok()["data"][0]["numerator"], 112);
    // Until a delivery or a restart has to read it again.
    assert_eq!(app.engine.refresh().ok(), Some(false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn head_is_get_without_the_body() {
    let app = TestApp::tiny();
    for path in [REACH, "/v1/municipalities", "/v1/kpis", "/v1/editions/1", "/health/ready"] {
        let (head, get) = (app.with("HEAD", path, &[], "").await, app.get(path).await);
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        assert_eq!(
            (head.etag(), head.header("content-type")),
            (get.etag(), get.header("content-type")),
            "{path}"
        );
    }
    assert_eq!(app.with("HEAD", "/v1/kpis/adoption.reech", &[], "").await.status, 404);
}

/// A part of the document, or what it refers to.
fn resolved<'a>(document: &'a Value, part: &'a Value) -> &'a Value {
    match part["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).expect("a component"),
        None => part,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_contract_lists_every_kpi_and_is_sound() {
    let app = TestApp::tiny();
    let document = app.get("/v1/openapi.json").await.ok();
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().expect("paths");
    let kpis = app.data("/v1/kpis").await;
    let files = query_files().into_iter().filter(|(path, _)| path.starts_with("kpi/")).count();
    assert_eq!(kpis.len(), files);
    for kpi in &kpis {
        let id = kpi["id"].as_str().expect("an id");
        let path =
            paths.get(&format!("/v1/kpis/{id}/values")).unwrap_or_else(|| panic!("{id} is not listed"));
        let listed = path["get"]["parameters"].as_array().expect("parameters");
        let detail = &app.data(&format!("/v1/kpis/{id}")).await[0];
        for param in detail["params"].as_array().expect("params") {
            let found =
                listed.iter().find(|one| one["name"] == param["name"]).expect("every parameter is listed");
            assert_eq!(found["required"], param["required"], "{id} {}", param["name"]);
        }
    }
    let mut operations = BTreeSet::new();
    for (path, methods) in paths {
        for operation in methods.as_object().expect("methods").values() {
            if let Some(id) = operation["operationId"].as_str() {
                assert!(operations.insert(id.to_owned()), "{id} occurs twice");
            }
            assert!(operation["responses"].as_object().is_some_and(|all| !all.is_empty()), "{path}");
            let none = vec![];
            let parameters = operation["parameters"].as_array().unwrap_or(&none);
            let mut names = BTreeSet::new();
            let parameters: Vec<&Value> = parameters.iter().map(|one| resolved(&document, one)).collect();
            for parameter in &parameters {
                assert!(names.insert(parameter["name"].as_str().expect("a name")), "{path}: {parameter}");
                assert!(parameter["schema"].is_object(), "{path}: {parameter}");
                assert!(["path", "query"].contains(&parameter["in"].as_str().expect("a place")), "{path}");
            }
            for braced in path.split('{').skip(1) {
                let name = braced.split('}').next().expect("closed");
                assert!(parameters.iter().any(|p| p["name"] == name && p["in"] == "path"), "{path}");
            }
        }
    }
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().expect("closed");
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
    // What the contract lists is there, and what is there is listed.
    for path in paths.keys().filter(|path| !path.contains('{') && !path.ends_with("/values")) {
        assert_ne!(app.get(path).await.status, 404, "{path}");
    }
    for path in
        ["/v1/editions", "/v1/editions/{n}", "/v1/changes", "/v1/kpis:batch", "/v1/rollouts/{solution_id}"]
    {
        assert!(paths.contains_key(path), "{path}");
    }
    // The members of the meta are those that are documented.
    let documented = document["components"]["schemas"]["KpiMeta"]["properties"].as_object().expect("members");
    let meta = app.get(REACH).await.ok()["meta"].clone();
    for name in meta.as_object().expect("members").keys() {
        assert!(documented.contains_key(name), "meta.{name} is not in the contract");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_answers_each_question_by_itself() {
    let app = TestApp::tiny();
    let post = json!({"solution_id": "post"});
    let questions = json!([
        {"id": "rollout.municipalities_live", "params": post, "from": "2019-11", "to": "2020-02"},
        {"id": "adoption.reech", "params": post},
        {"id": "adoption.reach", "params": post, "by": "municipality", "where": {"municipality_code": "3001"},
            "from": "2020-01", "to": "2020-01"},
        {"id": "adoption.reach", "params": post, "by": "countee"},
        "adoption.reach",
    ]);
    let answer = app.batch(&questions).await;
    let body = answer.ok();
    assert_eq!((answer.header("cache-control"), &body["meta"]["rows"]), ("no-store", &json!(5)));
    let statuses: Vec<&Value> =
        body["data"].as_array().expect("answers").iter().map(|a| &a["status"]).collect();
    assert_eq!(statuses, [200, 404, 200, 400, 400]);
    let alone = app.get(LIVE).await;
    assert_eq!((&body["data"][0]["body"], &body["data"][0]["etag"]), (&alone.json(), &json!(alone.etag())));
    assert_eq!(body["data"][1]["problem"]["did_you_mean"], "adoption.reach");
    assert_eq!(body["data"][2]["body"]["data"][0]["value"], 0.25);
    assert_eq!(body["data"][3]["problem"]["code"], "unknown_grouping");

    for wrong in
        [json!([]), json!({"id": "adoption.reach"}), json!(vec![json!({"id": "adoption.reach"}); 51])]
    {
        app.batch(&wrong).await.problem(400, "invalid_batch");
    }
    let large = json!(["x".repeat(70_000)]);
    app.batch(&large).await.problem(413, "payload_too_large");
    app.with("POST", "/v1/kpis:batch", &[], "[]").await.problem(415, "unsupported_media_type");
    app.get("/v1/kpis:batch").await.problem(405, "method_not_allowed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_metrics_and_the_first_page() {
    let app = TestApp::tiny();
    assert_eq!(app.get("/health/live").await.ok(), json!({"status": "live"}));
    assert_eq!(app.get("/health/ready").await.ok(), json!({"status": "ready", "edition": 2}));
    assert!(app.get("/metrics").await.text().contains("utbredt_edition 2\n"));
    let first = app.get("/").await;
    assert_eq!((first.status, first.header("content-type")), (200, "text/html; charset=utf-8"));
    // Every link of the page leads somewhere.
    let page = first.text();
    for link in page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert_eq!(app.get(link).await.status, 200, "{link}");
    }
}

/// The figures are those of `tests/it/rollout.rs`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_real_rollout_of_digisos() {
    let app = TestApp::over(|root| {
        let _refused = real_lake(root, None);
    });
    let path = "/v1/kpis/rollout.municipalities_live/values?solution_id=digisos&borders=2020-01-01&from=2020-01&to=2020-05";
    let body = app.get(path).await.ok();
    let live: Vec<&Value> =
        body["data"].as_array().expect("rows").iter().map(|row| &row["numerator"]).collect();
    assert_eq!(live, [117, 124, 190, 198, 198]);
    assert_eq!(
        (&body["meta"]["sources"], &body["meta"]["coverage"]),
        (&json!(["nav-digisos-list"]), &json!(1.0))
    );
    // A status divides by no inhabitants; coverage does, by those of the year's first day.
    assert_eq!(body["meta"]["denominators"], json!([]));
    let covered = app.get(&path.replace("municipalities_live", "population_coverage")).await.ok();
    let counted =
        json!([{"reference_date": "2020-01-01", "age_from": 0, "age_to": null, "vintage": "ssb-07459"}]);
    assert_eq!(covered["meta"]["denominators"], counted);
    let csv = app.get(&format!("{path}&format=csv")).await.text();
    assert!(
        csv.lines().nth(3).is_some_and(|march| march.starts_with("2020-03-01,190.0,190,356,ok,")),
        "{csv}"
    );

    assert_eq!(app.data("/v1/municipalities").await.len(), 357);
    assert_eq!(app.data("/v1/municipalities?on=2020-01-01").await.len(), 356);
    assert_eq!(app.data("/v1/municipalities/0301").await.last().expect("Oslo")["name"], "Oslo");
    assert_eq!(app.data("/v1/networks/digi-vestland").await.len(), 43);
    assert_eq!(app.data("/v1/solutions/digisos").await[0]["service_area"], "social services");
    let by_network = path.replace("solution_id", "by=network&network_id=digi-vestland&solution_id");
    assert_eq!(app.data(&by_network).await.len(), 5);

    let misspelt = app.get(&path.replace("=digisos", "=digsos")).await.problem(400, "unknown_solution");
    assert_eq!(misspelt["did_you_mean"], "digisos");
    // Split in 2024: neither half is likelier.
    let split = path.replace("solution_id", "by=municipality&municipality_code=1507&solution_id");
    let split = app.get(&split.replace("2020-01-01", "now")).await.problem(400, "unknown_municipality");
    assert_eq!(split.get("did_you_mean"), None);
    let hint = split["hint"].as_str().expect("a hint");
    assert!(hint.contains("1508 Ålesund or 1580 Haram"), "{hint}");
    let misspelt = app.get("/v1/networks/digi-vestlandet").await.problem(404, "unknown_network");
    assert_eq!(misspelt["did_you_mean"], "digi-vestland");
}

/// One request over a connection of its own: status, headers and body as text.
fn over_the_wire(address: SocketAddr, request: &str) -> String {
    let mut connection = TcpStream::connect(address).expect("the server listens");
    connection.set_read_timeout(Some(PATIENCE)).expect("a limit");
    connection.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("an answer");
    answer
}

async fn fetch(address: SocketAddr, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: local\r\nConnection: close\r\n\r\n");
    tokio::task::spawn_blocking(move || over_the_wire(address, &request)).await.expect("fetched")
}

struct Running {
    address: SocketAddr,
    stop: tokio::sync::oneshot::Sender<()>,
    served: tokio::task::JoinHandle<()>,
}

async fn start(state: ApiState) -> Running {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = tokio::spawn(serve(listener, state, async {
        let _dropped_too = stopped.await;
    }));
    Running { address, stop, served }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_server_moves_on_to_a_new_edition() {
    let app = TestApp::tiny();
    let state = ApiState::new(app.engine.clone())
        .refreshed_every(Duration::from_millis(50))
        .with_time_limit(PATIENCE);
    let running = start(state).await;
    let first = fetch(running.address, REACH).await;
    assert!(first.starts_with("HTTP/1.1 200") && first.contains("\"numerator\":112"), "{first}");
    // Asked again, so that it is polled.
    assert!(fetch(running.address, REACH).await.contains("\"numerator\":112"));
    let cells_found = async || {
        let metrics = fetch(running.address, "/metrics").await;
        let line = metrics.lines().find_map(|line| line.strip_prefix("utbredt_cells_found_total "));
        line.and_then(|number| number.parse::<u64>().ok()).expect("the counter is there")
    };
    let found = cells_found().await;
    new_edition(app.folder.path());
    let begun = Instant::now();
    let newer = loop {
        let answer = fetch(running.address, REACH).await;
        if answer.contains("utbredt-edition: 3") {
            break answer;
        }
        assert!(begun.elapsed() < PATIENCE, "the new edition is not served: {answer}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(newer.contains("\"numerator\":176"), "{newer}");
    assert_eq!(cells_found().await, found + 1, "what is polled was computed before the edition was served");
    running.stop.send(()).expect("it runs");
    running.served.await.expect("no panic");
}

/// The request's head is with the handler and its body is not, when the server is told to stop.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_under_way_finishes_after_the_signal_to_stop() {
    let running = start(ApiState::new(TestApp::tiny().engine)).await;
    let body = json!([{"id": "adoption.reech"}]).to_string();
    let (address, length) = (running.address, body.len());
    let half_way = move || {
        let mut connection = TcpStream::connect(address).expect("the server listens");
        connection.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
        let head = format!(
            "POST /v1/kpis:batch HTTP/1.1\r\nHost: local\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nExpect: 100-continue\r\n\r\n"
        );
        connection.write_all(head.as_bytes()).expect("sent");
        // "Go on" is said when the handler asks for the body.
        let mut go_on = [0; 25];
        connection.read_exact(&mut go_on).expect("it is said");
        assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
        connection
    };
    let mut connection = tokio::task::spawn_blocking(half_way).await.expect("half way");
    running.stop.send(()).expect("it runs");
    let begun = Instant::now();
    while TcpStream::connect(address).is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it still takes new connections");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(!running.served.is_finished(), "it left without answering");
    let rest = move || {
        connection.write_all(body.as_bytes()).expect("sent");
        let mut answer = String::new();
        connection.read_to_string(&mut answer).expect("an answer and a clean end");
        answer
    };
    let answer = tokio::task::spawn_blocking(rest).await.expect("the rest");
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("\"did_you_mean\":\"adoption.reach\""),
        "{answer}"
    );
    let ended = tokio::time::timeout(Duration::from_secs(20), running.served).await.expect("it ends");
    ended.expect("no panic");
}
