//! The routes to what the KPIs are about: municipalities, networks, solutions, rollouts. The engine reads each from the
//! lake's tables; nothing here is SQL.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::json;
use utbredt_engine::{Engine, Lookup, Rows};
use utbredt_formats::{encode, meta};
use utbredt_kpi::day;

use crate::answer::{Shape, conditional};
use crate::problem::{Place, Problem};
use crate::query::{self, Pairs};
use crate::state::{ApiState, Encoded};

/// `GET /v1/municipalities`, with `?on=YYYY-MM-DD` for another day's municipalities.
pub(crate) async fn list_municipalities(
    State(state): State<ApiState>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    list(&state, &headers, pairs, Lookup::Municipalities, &["on"]).await
}

/// `GET /v1/municipalities/{code}`.
pub(crate) async fn describe_municipality(
    State(state): State<ApiState>,
    Path(code): Path<String>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    describe(&state, &headers, pairs, Lookup::Municipalities, &code).await
}

/// `GET /v1/networks`.
pub(crate) async fn list_networks(
    State(state): State<ApiState>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    list(&state, &headers, pairs, Lookup::Networks, &[]).await
}

/// `GET /v1/networks/{id}`: a row for each member.
pub(crate) async fn describe_network(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    describe(&state, &headers, pairs, Lookup::Networks, &id).await
}

/// `GET /v1/solutions`.
pub(crate) async fn list_solutions(
    State(state): State<ApiState>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    list(&state, &headers, pairs, Lookup::Solutions, &[]).await
}

/// `GET /v1/solutions/{id}`.
pub(crate) async fn describe_solution(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    describe(&state, &headers, pairs, Lookup::Solutions, &id).await
}

/// `GET /v1/rollouts`: a row for each solution and stage.
pub(crate) async fn list_rollouts(
    State(state): State<ApiState>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    list(&state, &headers, pairs, Lookup::Rollouts, &[]).await
}

/// `GET /v1/rollouts/{solution_id}`: a row for each event.
pub(crate) async fn describe_rollout(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    describe(&state, &headers, pairs, Lookup::Rollouts, &id).await
}

/// Answers with all rows. The look-up is tied to the edition its tag is made from.
async fn list(
    state: &ApiState,
    headers: &HeaderMap,
    pairs: Pairs,
    lookup: Lookup,
    known: &[&str],
) -> Result<Response, Problem> {
    let engine = state.engine()?;
    let parsed = query::only(pairs, known)?;
    let shape = Shape::choose(parsed.format.as_deref(), parsed.lang.as_deref(), headers)?;
    let on = parsed.what.get("on").map(|on| day("on", on)).transpose();
    let on = on.map_err(|error| Problem::from_request(&error, Place::Argument))?;
    let edition = engine.edition();
    let fingerprint = json!([edition.sha256, lookup.one(), "all", parsed.what]).to_string();
    let name = format!("{}-list", lookup.one());
    let made = async {
        let rows = engine.all_of(lookup, edition.number, on).await;
        write(&rows.map_err(|error| Problem::from_engine(&error, Place::Path))?, shape)
    };
    conditional(state, headers, shape, &fingerprint, &name, made).await
}

/// Answers with the rows of one key: a resource that has no rows does not exist.
async fn describe(
    state: &ApiState,
    headers: &HeaderMap,
    pairs: Pairs,
    lookup: Lookup,
    key: &str,
) -> Result<Response, Problem> {
    let engine: &Engine = state.engine()?;
    let parsed = query::only(pairs, &[])?;
    let shape = Shape::choose(parsed.format.as_deref(), parsed.lang.as_deref(), headers)?;
    let edition = engine.edition();
    // JSON quotes what is in it, so no path can be made to look like another question.
    let fingerprint = json!([edition.sha256, lookup.one(), "one", key]).to_string();
    let made = async {
        let rows = engine.one_of(lookup, edition.number, key.to_owned()).await;
        write(&rows.map_err(|error| Problem::from_engine(&error, Place::Path))?, shape)
    };
    conditional(state, headers, shape, &fingerprint, lookup.one(), made).await
}

fn write(rows: &Rows, shape: Shape) -> Result<Encoded, Problem> {
    let meta = meta::of_rows(rows);
    let body = encode(shape.format, shape.language, &rows.schema, &rows.batches, &meta)
        .map_err(|error| Problem::failed(&error))?;
    let synthetic = rows.is_synthetic();
    Ok(Encoded { body, edition: rows.edition, synthetic, rows: Some(rows.count()), cells: None, gzip: false })
}
