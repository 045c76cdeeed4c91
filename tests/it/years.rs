//! The years a request may name, 1900 to 2199: others are refused where they are read, and the ends of these are answered.

use axum::body::{Body, to_bytes};
use axum::http::Request;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use utbredt_api::{ApiService, ApiState};
use utbredt_engine::Engine;
use utbredt_tests::batches::fill;
use utbredt_tests::check::query_files;
use utbredt_tests::tiny::tiny;

async fn send(service: &ApiService, request: Request<Body>) -> (u16, Value) {
    let answer = service.clone().oneshot(request).await.expect("an answer");
    let status = answer.status().as_u16();
    let body = to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
    (status, serde_json::from_slice(&body).expect("JSON"))
}

async fn get(service: &ApiService, path: &str) -> (u16, Value) {
    send(service, Request::get(path).body(Body::empty()).expect("a request")).await
}

fn served(root: &std::path::Path) -> (ApiService, Engine) {
    drop(fill(&tiny(), root));
    let engine = Engine::open(root, query_files()).expect("the lake opens");
    let patience = std::time::Duration::from_secs(600);
    (ApiService::new(ApiState::new(engine.clone()).with_time_limit(patience)), engine)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_years_are_refused_wherever_a_day_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let (service, _) = served(folder.path());
    let (kpi, values) = ("/v1/kpis/adoption.reach", "/v1/kpis/adoption.reach/values?solution_id=post");
    for day in ["0001-01-01", "1899-12-31", "2200-01-01", "9999-12-31", "%2B99999-1-1", "%2B262142-12-31"] {
        for path in [
            format!("{values}&granularity=day&from={day}"),
            format!("{values}&granularity=day&from=2020&to={day}"),
            format!("{values}&borders={day}"),
            format!("{values}&as_of={day}"),
            format!("{kpi}/diff?solution_id=post&before={day}"),
            format!("{kpi}/diff?solution_id=post&before=1&after={day}"),
            format!("/v1/municipalities?on={day}"),
        ] {
            let (status, problem) = get(&service, &path).await;
            assert_eq!((status, &problem["code"]), (400, &json!("year_out_of_bounds")), "{path}: {problem}");
            assert_eq!(problem["hint"], "years are read from 1900 to 2199", "{path}");
        }
    }
    let batch = json!([{"id": "adoption.reach", "params": {"solution_id": "post"}, "to": "9999-12-31"}]);
    let request = Request::post("/v1/kpis:batch").header("content-type", "application/json");
    let (_, body) = send(&service, request.body(Body::from(batch.to_string())).expect("a request")).await;
    assert_eq!(body["data"][0]["problem"]["code"], "year_out_of_bounds", "{body}");
}

/// Every KPI is answered from the first day to the last, or refuses with a reason; none of them fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ends_of_the_years_are_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    let (service, engine) = served(folder.path());
    let mut answered = 0;
    for kpi in engine.catalogue().kpis() {
        let solution =
            kpi.params.iter().find(|param| param.name == "solution_id").map_or("", |_| "solution_id=post&");
        for span in [
            "granularity=year&from=1900&to=1901",
            "granularity=day&from=2199-12-30&to=2199-12-31",
            "granularity=week&from=2199-12-31&to=2199-12-31&borders=1900-01-01",
            "granularity=range&from=1900-01-01&to=2199-12-31&borders=2199-12-31",
        ] {
            let path = format!("/v1/kpis/{}/values?{solution}{span}", kpi.id);
            let (status, body) = get(&service, &path).await;
            assert!([200, 400].contains(&status), "{path}: {status} {body}");
            assert_ne!(body["code"], "year_out_of_bounds", "{path}");
            answered += usize::from(status == 200);
            // Whatever is said of days to come, it is said that they are.
            let caveats = body["meta"]["caveats"].to_string();
            let is_ahead = status == 200 && span.contains("from=2199");
            assert_eq!(caveats.contains("har ikke begynt"), is_ahead, "{path}: {caveats}");
        }
    }
    assert!(answered > 50, "{answered} answers");
    let (status, body) =
        get(&service, "/v1/kpis/adoption.reach/values?solution_id=post&granularity=day&from=1900&to=2199")
            .await;
    // Every fourth of 300 years is a leap year but 1900 and 2100, 73 of them: 300 x 365 + 73 = 109573 days.
    let shown = "from 1900-01-01 to 2199-12-31, both included, is 109573 periods";
    assert_eq!((status, &body["detail"]), (400, &json!(shown)));
}
