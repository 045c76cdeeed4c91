//! The doors to the edition served now: what it holds, and the evidence it points to.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use crate::answer::{Shape, conditional};
use crate::catalogue::json_only;
use crate::problem::Problem;
use crate::query::{self, Pairs};
use crate::state::{ApiState, Encoded};

/// `GET /v1/editions`: the edition served now.
pub(crate) async fn editions(
    State(state): State<ApiState>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    answer(&state, &headers, pairs, None).await
}

/// `GET /v1/editions/{n}`: the same, when n is its number.
pub(crate) async fn edition(
    State(state): State<ApiState>,
    Path(number): Path<String>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    answer(&state, &headers, pairs, Some(&number)).await
}

async fn answer(
    state: &ApiState,
    headers: &HeaderMap,
    pairs: Pairs,
    number: Option<&str>,
) -> Result<Response, Problem> {
    let edition = state.engine()?.edition();
    let asked = query::only(query::read(pairs)?, &[])?;
    let shape = Shape::choose(asked.format.as_deref(), asked.lang.as_deref(), headers)?;
    json_only(shape)?;
    if let Some(number) = number.filter(|number| number.parse() != Ok(edition.number)) {
        let detail = format!("edition {number:?} is not the one served");
        let hint = format!("the edition served is {}; earlier ones answer KPIs by ?as_of=", edition.number);
        return Err(Problem::not_found("unknown_edition", detail).hint(hint));
    }
    let mut record = serde_json::to_value(&*edition).map_err(|error| {
        tracing::error!(%error, "an edition could not be written");
        Problem::internal()
    })?;
    record["sha256"] = Value::from(edition.sha256.as_str());
    let body = json!({"data": [record], "meta": {"edition": edition.number, "rows": 1}}).to_string();
    let made = async { Ok(Encoded { body: body.clone().into(), edition: edition.number, synthetic: false }) };
    conditional(state, headers, shape, &body, "edition", made).await
}
