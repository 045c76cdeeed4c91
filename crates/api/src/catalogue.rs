//! The catalogue as resources: what KPIs there are, and what one of them means and takes.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};
use utbredt_engine::Engine;
use utbredt_kpi::{Catalogue, Kpi, Lang};

use crate::answer::{Shape, conditional};
use crate::negotiate::Format;
use crate::problem::{Problem, nearest};
use crate::query::{self, Pairs};
use crate::state::{ApiState, Encoded};

/// The columns every answer has besides the key of `by`; see the design, "The shape of every KPI answer".
pub(crate) const FIXED_COLUMNS: [(&str, &str); 9] = [
    ("period_start", "date"),
    ("value", "number"),
    ("numerator", "number"),
    ("denominator", "number"),
    ("state", "string"),
    ("coverage", "number"),
    ("marks", "string"),
    ("municipalities_reported", "integer"),
    ("municipalities_expected", "integer"),
];

/// `GET /v1/kpis`.
pub(crate) async fn kpis(
    State(state): State<ApiState>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    describe(&state, &headers, pairs, None).await
}

/// `GET /v1/kpis/{id}`.
pub(crate) async fn kpi(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    describe(&state, &headers, pairs, Some(&id)).await
}

async fn describe(
    state: &ApiState,
    headers: &HeaderMap,
    pairs: Pairs,
    one: Option<&str>,
) -> Result<Response, Problem> {
    let engine = state.engine()?;
    let asked = query::only(query::read(pairs)?, &[])?;
    let shape = Shape::choose(asked.format.as_deref(), asked.lang.as_deref(), headers)?;
    json_only(shape)?;
    let data: Vec<Value> = match one {
        Some(id) => vec![detail(find(engine.catalogue(), id)?, shape.language)],
        None => engine.catalogue().kpis().map(|kpi| summary(kpi, shape.language)).collect(),
    };
    let body = body(engine, &data);
    // The catalogue is small and has no edition of its own: the text itself is its fingerprint.
    let made = async {
        Ok(Encoded { body: body.clone().into(), edition: engine.edition().number, synthetic: false })
    };
    conditional(state, headers, shape, &body, one.unwrap_or("kpis"), made).await
}

fn body(engine: &Engine, data: &[Value]) -> String {
    json!({"meta": {"edition": engine.edition().number, "rows": data.len()}, "data": data}).to_string()
}

/// Refuses formats that have no rows to write.
pub(crate) fn json_only(shape: Shape) -> Result<(), Problem> {
    if shape.format == Format::Json {
        return Ok(());
    }
    let detail = format!("this resource is not a table and is not written as {}", shape.format.as_str());
    Err(Problem::bad_argument("format_not_available", detail).hint("available now: json"))
}

/// The KPI of that id, or a 404 with the nearest id.
pub(crate) fn find<'a>(catalogue: &'a Catalogue, id: &str) -> Result<&'a Kpi, Problem> {
    catalogue.get(id).map_err(|_| {
        Problem::not_found("unknown_kpi", format!("there is no kpi {id:?}"))
            .hint("GET /v1/kpis lists them")
            .did_you_mean(nearest(id, catalogue.kpis().map(|kpi| kpi.id.as_str())))
    })
}

fn summary(kpi: &Kpi, language: Lang) -> Value {
    json!({
        "id": kpi.id,
        "title": kpi.title.get(language),
        "answers": kpi.answers.get(language),
        "version": kpi.version,
        "unit": kpi.unit.as_str(),
        "better": kpi.better.as_str(),
        "granularity": kpi.granularity.as_str(),
        "params": kpi.params.iter().map(|param| param.name.as_str()).collect::<Vec<_>>(),
        "href": format!("/v1/kpis/{}", kpi.id),
        "values": format!("/v1/kpis/{}/values", kpi.id),
    })
}

fn detail(kpi: &Kpi, language: Lang) -> Value {
    let params: Vec<Value> = kpi
        .params
        .iter()
        .map(|param| {
            json!({
                "name": param.name,
                "kind": param.kind.as_str(),
                "doc": param.doc,
                "required": param.default.is_none(),
                "default": param.default,
                "choices": param.choices,
                "example": param.example(),
            })
        })
        .collect();
    let columns: Vec<Value> = kpi
        .columns
        .iter()
        .map(|column| json!({"name": column.name, "doc": column.doc, "unit": column.unit.as_str()}))
        .collect();
    let mut value = summary(kpi, language);
    value["owner"] = json!(kpi.owner);
    value["caveats"] = json!(kpi.caveats.get(language));
    value["rollup"] = json!(kpi.rollup.kind.as_str());
    value["params"] = json!(params);
    value["extra_columns"] = json!(columns);
    value
}
