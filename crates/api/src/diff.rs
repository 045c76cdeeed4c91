//! `GET /v1/kpis/{id}/diff?before=&after=`: what changed a KPI between two editions, each change split by cause.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::SecondsFormat;
use serde_json::{Map, Value, json};
use utbredt_engine::{AsOf, DiffMeta, DiffRequest, Engine, KpiRequest};
use utbredt_kpi::Lang;

use crate::answer::{Shape, conditional};
use crate::encode::encode;
use crate::problem::{Place, Problem};
use crate::query::{self, Pairs};
use crate::state::{ApiState, Encoded};
use crate::values::{pin, request_of};

/// `GET /v1/kpis/{id}/diff`.
pub(crate) async fn diff(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    let engine = state.engine()?;
    let mut map = query::read(pairs)?;
    if map.contains_key("as_of") {
        let detail = "as_of names one edition, and a diff has two";
        return Err(Problem::bad_argument("unknown_parameter", detail).hint("name them by before and after"));
    }
    let all = flag(&mut map, "all")?;
    let before = edition(engine, &mut map, "before")?.ok_or_else(|| {
        Problem::bad_argument("missing_parameter", "before is not given")
            .hint("write before= an edition's number or a day; after= is the newest edition when left out")
    })?;
    let after = edition(engine, &mut map, "after")?.unwrap_or(AsOf::Edition(engine.edition().number));
    let asked = request_of(engine, &id, map)?;
    let shape = Shape::choose(asked.format.as_deref(), asked.lang.as_deref(), &headers)?;
    let (request, fingerprint) = pin(engine, asked.what)?;
    let fingerprint = format!("diff {before:?} {after:?} {all}\n{fingerprint}");
    let wanted = DiffRequest { all, ..DiffRequest::new(request, before, after) };
    let name = format!("{id}-diff");
    conditional(&state, &headers, shape, &fingerprint, &name, run(engine, wanted, shape)).await
}

fn edition(engine: &Engine, map: &mut BTreeMap<String, String>, key: &str) -> Result<Option<AsOf>, Problem> {
    let Some(text) = map.remove(key).filter(|text| !text.is_empty()) else { return Ok(None) };
    let parsed = AsOf::parse(&text).map_err(|error| Problem::from_engine(&error, Place::Argument))?;
    // An edition not yet served is not told of.
    let served = engine.edition().number;
    if matches!(parsed, AsOf::Edition(number) if number > served) {
        return Err(Problem::bad_argument("unknown_edition", format!("there is no edition {text:?}"))
            .hint(format!("editions 1 to {served} exist; GET /v1/editions lists them"))
            .did_you_mean(Some(served.to_string())));
    }
    Ok(Some(parsed))
}

fn flag(map: &mut BTreeMap<String, String>, key: &str) -> Result<bool, Problem> {
    match map.remove(key).as_deref() {
        None | Some("" | "false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => {
            let detail = format!("{key} is neither true nor false: {other:?}");
            Err(Problem::bad_argument("invalid_value", detail).hint("leave it out to get what changed only"))
        }
    }
}

async fn run(engine: &Engine, wanted: DiffRequest, shape: Shape) -> Result<Encoded, Problem> {
    let request = wanted.asked.clone();
    let answer = engine.diff(wanted).await.map_err(|error| Problem::from_engine(&error, Place::Argument))?;
    let meta = meta(&request, &answer.meta, shape.language);
    let body = encode(shape.format, &answer.schema, &answer.batches, &meta).map_err(|error| {
        tracing::error!(%error, "a diff could not be written");
        Problem::internal()
    })?;
    Ok(Encoded { body, edition: answer.meta.after, synthetic: answer.meta.synthetic })
}

/// What stands beside the rows of a diff: how to read them, and what the two editions do not have in common.
#[must_use]
pub fn meta(request: &KpiRequest, meta: &DiffMeta, language: Lang) -> Value {
    let edition = |number: u64, at: chrono::DateTime<chrono::Utc>, version: Option<u32>| {
        json!({
            "edition": number,
            "as_of": at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
            "kpi_version": version,
        })
    };
    let tables: Map<String, Value> =
        meta.tables.iter().map(|(cause, tables)| (cause.as_str().to_owned(), json!(tables))).collect();
    let causes: Map<String, Value> =
        meta.causes.iter().map(|(cause, rows)| (cause.as_str().to_owned(), json!(rows))).collect();
    json!({
        "kpi_id": meta.kpi_id,
        "title": meta.title.get(language),
        "unit": meta.unit,
        "before": edition(meta.before, meta.recorded_before, meta.version_before),
        "after": edition(meta.after, meta.recorded_after, Some(meta.version_after)),
        "by": request.by.as_str(),
        "borders": request.borders.to_string(),
        "policy": request.policy.as_str(),
        "from": meta.from.to_string(),
        "to": meta.to.to_string(),
        "params": request.params,
        "where": request.filter,
        "rows": meta.rows,
        "compared": meta.compared,
        "rows_by_cause": causes,
        "tables_by_cause": tables,
        "superseded": meta.superseded,
        "corrections": meta.corrections,
        "deliveries": meta.deliveries,
        "synthetic": meta.synthetic,
    })
}
