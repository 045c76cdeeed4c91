//! `GET /v1/kpis/{id}/diff?before=&after=`: what changed a KPI between two editions, each change split by cause.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use utbredt_engine::{AsOf, DiffRequest, Engine};
use utbredt_formats::{encode, meta};

use crate::answer::{Shape, conditional};
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
    let mut parsed = query::pairs(pairs)?;
    if parsed.what.iter().any(|(name, _)| name == "as_of") {
        let detail = "as_of names one edition, and a diff has two";
        return Err(Problem::bad_argument("unknown_parameter", detail).hint("name them by before and after"));
    }
    let all = flag(&mut parsed.what, "all")?;
    let before = edition(engine, &mut parsed.what, "before")?.ok_or_else(|| {
        Problem::bad_argument("missing_parameter", "before is not given")
            .hint("write before= an edition's number or a day; after= is the newest edition when left out")
    })?;
    let after = edition(engine, &mut parsed.what, "after")?.unwrap_or(AsOf::Edition(engine.edition().number));
    let shape = Shape::choose(parsed.format.as_deref(), parsed.lang.as_deref(), &headers)?;
    let (request, fingerprint) = pin(engine, request_of(engine, &id, parsed.what)?)?;
    let fingerprint = format!("diff {before:?} {after:?} {all}\n{fingerprint}");
    let question = DiffRequest { all, ..DiffRequest::new(request, before, after) };
    let name = format!("{id}-diff");
    conditional(&state, &headers, shape, &fingerprint, &name, run(&state, engine, question, shape)).await
}

/// Takes a pair that is not the KPI's out of the query.
fn take(pairs: &mut Vec<(String, String)>, key: &str) -> Option<String> {
    let at = pairs.iter().position(|(name, _)| name == key)?;
    Some(pairs.remove(at).1)
}

fn edition(engine: &Engine, pairs: &mut Vec<(String, String)>, key: &str) -> Result<Option<AsOf>, Problem> {
    let Some(text) = take(pairs, key).filter(|text| !text.is_empty()) else { return Ok(None) };
    let parsed = AsOf::parse(&text).map_err(|error| Problem::from_request(&error, Place::Argument))?;
    // An edition not yet served does not exist for clients.
    let served = engine.edition().number;
    if matches!(parsed, AsOf::Edition(number) if number > served) {
        return Err(Problem::bad_argument("unknown_edition", format!("there is no edition {text:?}"))
            .hint(format!("editions 1 to {served} exist; GET /v1/editions lists them"))
            .did_you_mean(Some(served.to_string())));
    }
    Ok(Some(parsed))
}

fn flag(pairs: &mut Vec<(String, String)>, key: &str) -> Result<bool, Problem> {
    match take(pairs, key).as_deref() {
        None | Some("" | "false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => {
            let detail = format!("{key} is neither true nor false: {other:?}");
            Err(Problem::bad_argument("invalid_value", detail).hint("leave it out to get what changed only"))
        }
    }
}

async fn run(
    state: &ApiState,
    engine: &Engine,
    question: DiffRequest,
    shape: Shape,
) -> Result<Encoded, Problem> {
    let engine = engine.clone();
    // Boxed, as the plan of a question is large.
    let answer = Box::pin(async move { answer(&engine, question, shape).await });
    state.questions.compute(state.time_limit, answer).await
}

async fn answer(engine: &Engine, question: DiffRequest, shape: Shape) -> Result<Encoded, Problem> {
    let answer =
        engine.diff(question).await.map_err(|error| Problem::from_engine(&error, Place::Argument))?;
    let meta = meta::of_diff(&answer.meta, shape.language);
    let body = encode(shape.format, shape.language, &answer.schema, &answer.batches, &meta)
        .map_err(|error| Problem::failed(&error))?;
    Ok(Encoded {
        body,
        edition: answer.meta.after,
        synthetic: answer.meta.synthetic,
        rows: Some(answer.meta.rows),
        cells: None,
        gzip: false,
    })
}
