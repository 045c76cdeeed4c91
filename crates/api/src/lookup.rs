//! The doors to what the KPIs are about: municipalities, networks, solutions, rollouts. Each is one plain SELECT over
//! the lake's tables. What a path says reaches the text only after it was read as a code or an id, whose letters
//! cannot end a literal.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;
use utbredt_engine::Engine;
use utbredt_model::{MunicipalityCode, NetworkId, SolutionId};

use crate::answer::{Shape, conditional};
use crate::encode::encode;
use crate::problem::{Place, Problem, nearest};
use crate::query::{self, Pairs};
use crate::rows;
use crate::state::{ApiState, Encoded};

/// `GET /v1/municipalities`, with `?on=YYYY-MM-DD` for another day's municipalities.
pub(crate) async fn municipalities(
    State(state): State<ApiState>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    let look = |query: &BTreeMap<String, String>| {
        let Some(on) = query.get("on") else {
            return Ok(
                "SELECT * FROM municipalities WHERE valid_to IS NULL ORDER BY municipality_code".to_owned()
            );
        };
        let on = query::date("on", on)?;
        Ok(format!(
            "SELECT * FROM municipalities WHERE valid_from <= DATE '{on}' AND (valid_to IS NULL OR valid_to > DATE '{on}') \
             ORDER BY municipality_code"
        ))
    };
    answer(&state, &headers, pairs, &["on"], "municipalities", None, look).await
}

/// `GET /v1/municipalities/{code}`.
pub(crate) async fn municipality(
    State(state): State<ApiState>,
    Path(code): Path<String>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    let look = |_: &_| {
        let code = MunicipalityCode::parse(&code).map_err(|_| nothing("municipality", &code))?;
        Ok(format!("SELECT * FROM municipalities WHERE municipality_code = '{code}' ORDER BY valid_from"))
    };
    answer(&state, &headers, pairs, &[], "municipality", Some(&code), look).await
}

/// `GET /v1/networks`.
pub(crate) async fn networks(
    State(state): State<ApiState>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    answer(&state, &headers, pairs, &[], "networks", None, |_| {
        Ok("SELECT * FROM networks ORDER BY network_id".to_owned())
    })
    .await
}

/// `GET /v1/networks/{id}`.
pub(crate) async fn network(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    answer(&state, &headers, pairs, &[], "network", Some(&id), |_| {
        let id = NetworkId::parse(&id).map_err(|_| nothing("network", &id))?;
        Ok(format!(
            "SELECT n.network_id, n.name, n.county_codes, n.source, m.municipality_code, m.valid_from, m.valid_to, \
             m.certainty FROM networks AS n LEFT JOIN network_members AS m ON m.network_id = n.network_id \
             WHERE n.network_id = '{id}' ORDER BY m.municipality_code, m.valid_from"
        ))
    }).await
}

/// `GET /v1/solutions`.
pub(crate) async fn solutions(
    State(state): State<ApiState>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    answer(&state, &headers, pairs, &[], "solutions", None, |_| {
        Ok("SELECT * FROM solutions ORDER BY solution_id".to_owned())
    })
    .await
}

/// `GET /v1/solutions/{id}`.
pub(crate) async fn solution(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    answer(&state, &headers, pairs, &[], "solution", Some(&id), |_| {
        let id = SolutionId::parse(&id).map_err(|_| nothing("solution", &id))?;
        Ok(format!("SELECT * FROM solutions WHERE solution_id = '{id}'"))
    })
    .await
}

/// `GET /v1/rollouts`.
pub(crate) async fn rollouts(
    State(state): State<ApiState>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    answer(&state, &headers, pairs, &[], "rollouts", None, |_| {
        Ok("SELECT solution_id, stage, count(*) AS events, count(DISTINCT municipality_code) AS municipalities, \
            min(valid_from) AS first_from, max(valid_from) AS last_from, bool_or(synthetic) AS synthetic FROM rollout_events \
            GROUP BY solution_id, stage ORDER BY solution_id, stage".to_owned())
    }).await
}

/// `GET /v1/rollouts/{solution_id}`.
pub(crate) async fn rollout(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    answer(&state, &headers, pairs, &[], "rollout", Some(&id), |_| {
        let id = SolutionId::parse(&id).map_err(|_| nothing("rollout", &id))?;
        Ok(format!(
            "SELECT * FROM rollout_events WHERE solution_id = '{id}' ORDER BY municipality_code, valid_from, known_at"
        ))
    }).await
}

/// Answers one look-up. `one` is the id in the path: a resource that has no rows is not there.
async fn answer(
    state: &ApiState,
    headers: &HeaderMap,
    pairs: Pairs,
    known: &[&str],
    name: &'static str,
    one: Option<&str>,
    look: impl Fn(&BTreeMap<String, String>) -> Result<String, Problem>,
) -> Result<Response, Problem> {
    let engine = state.engine()?;
    let asked = query::only(query::read(pairs)?, known)?;
    let shape = Shape::choose(asked.format.as_deref(), asked.lang.as_deref(), headers)?;
    match (one, pinned(state, headers, &asked.what, shape, name, one, look).await) {
        (Some(one), Err(problem)) if problem.status == StatusCode::NOT_FOUND => {
            Err(problem.did_you_mean(near(engine, name, one).await))
        }
        (_, answered) => answered,
    }
}

/// The nearest name of that kind. That there is none known is no reason to fail: the answer is a refusal anyway.
async fn near(engine: &Engine, name: &str, one: &str) -> Option<String> {
    let (table, key) = match name {
        "municipality" => ("municipalities", "municipality_code"),
        "network" => ("networks", "network_id"),
        "solution" => ("solutions", "solution_id"),
        _ => ("rollout_events", "solution_id"),
    };
    let answer = engine.sql(format!("SELECT DISTINCT {key} FROM {table} ORDER BY {key}")).await.ok()?;
    let names: Vec<_> = answer.batches.iter().filter_map(|batch| rows::texts(batch, key)).collect();
    nearest(one, names.iter().flat_map(|names| names.iter().flatten()))
}

async fn pinned(
    state: &ApiState,
    headers: &HeaderMap,
    asked: &BTreeMap<String, String>,
    shape: Shape,
    name: &'static str,
    one: Option<&str>,
    look: impl Fn(&BTreeMap<String, String>) -> Result<String, Problem>,
) -> Result<Response, Problem> {
    let engine = state.engine()?;
    loop {
        let edition = engine.edition();
        // JSON quotes what is in it, so no path can be made to look like another question.
        let fingerprint = json!([edition.sha256, name, one, asked]).to_string();
        let made = run(engine, look(asked)?, shape, edition.number, name, one);
        match conditional(state, headers, shape, &fingerprint, name, made).await {
            // A newer edition arrived between the tag and the run: the tag would lie, so ask again.
            Err(problem) if problem.code == MOVED => {
                if engine.edition().number == edition.number {
                    return Err(Problem::internal());
                }
            }
            answered => return answered,
        }
    }
}

/// Never leaves this module: the edition that answered is not the one the tag was made from.
const MOVED: &str = "edition_moved";

async fn run(
    engine: &Engine,
    text: String,
    shape: Shape,
    edition: u64,
    name: &'static str,
    one: Option<&str>,
) -> Result<Encoded, Problem> {
    // The text is ours: if the engine refuses it, that is no fault of the asker's.
    let answer = engine.sql(text).await.map_err(|error| match Problem::from_engine(&error, Place::Path) {
        problem if problem.status.is_client_error() => {
            tracing::error!(%error, "a look-up was refused");
            Problem::internal()
        }
        problem => problem,
    })?;
    if answer.edition != edition {
        return Err(Problem { code: MOVED.to_owned(), ..Problem::internal() });
    }
    let rows: usize = answer.batches.iter().map(arrow::array::RecordBatch::num_rows).sum();
    if let (Some(one), 0) = (one, rows) {
        return Err(nothing(name, one));
    }
    let meta = json!({"edition": answer.edition, "rows": rows, "truncated": answer.truncated});
    let body = encode(shape.format, &answer.schema, &answer.batches, &meta).map_err(|error| {
        tracing::error!(%error, "an answer could not be written");
        Problem::internal()
    })?;
    Ok(Encoded { body, edition, synthetic: rows::synthetic(&answer.batches) })
}

fn nothing(name: &str, one: &str) -> Problem {
    let listed = if name == "municipality" { "municipalities".to_owned() } else { format!("{name}s") };
    Problem::not_found(&format!("unknown_{name}"), format!("there is no {name} {one:?}"))
        .hint(format!("GET /v1/{listed} lists them"))
}
