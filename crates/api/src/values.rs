//! The values of a KPI.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use utbredt_answer::Work;
use utbredt_engine::{AsOf, Engine, KpiRequest};
use utbredt_formats::{encode, meta};

use crate::answer::{Shape, conditional};
use crate::problem::{Place, Problem};
use crate::query::{self, Pairs};
use crate::replies::OfEdition;
use crate::request_log::Cells;
use crate::state::{ApiState, Encoded};

/// `GET /v1/kpis/{id}/values`.
pub(crate) async fn values(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    let engine = state.engine()?;
    let parsed = query::pairs(pairs)?;
    let shape = Shape::choose(parsed.format.as_deref(), parsed.lang.as_deref(), &headers)?;
    let request = request_of(engine, &id, parsed.what)?;
    let question = (request.as_of == AsOf::Latest).then(|| Arc::new(request.clone()));
    let (request, fingerprint) = pin(engine, request)?;
    let answer = run(&state, engine, request, shape);
    let mut response = conditional(&state, &headers, shape, &fingerprint, &id, answer).await?;
    response.extensions_mut().insert(OfEdition { question });
    Ok(response)
}

/// Reads the question; no name is looked up and nothing is planned yet.
pub(crate) fn request_of(
    engine: &Engine,
    id: &str,
    pairs: Vec<(String, String)>,
) -> Result<KpiRequest, Problem> {
    KpiRequest::parse(engine.catalogue(), id, pairs)
        .map_err(|error| Problem::from_request(&error, Place::Argument))
}

/// What the answer depends on, known without planning: the question, the definitions, and the lake. The newest edition
/// is part of it also when an older one is asked for, so a rebuilt lake never meets its predecessor's tags. The
/// request is tied to the edition its tag speaks of: one that arrives meanwhile must not answer under the old tag.
pub(crate) fn pin(engine: &Engine, mut request: KpiRequest) -> Result<(KpiRequest, String), Problem> {
    let edition = engine.edition();
    if request.as_of == AsOf::Latest {
        request.as_of = AsOf::Edition(edition.number);
    }
    let fingerprint = format!("{}\n{request:?}\n{}", edition.sha256, engine.catalogue().id());
    Ok((request, fingerprint))
}

pub(crate) async fn run(
    state: &ApiState,
    engine: &Engine,
    request: KpiRequest,
    shape: Shape,
) -> Result<Encoded, Problem> {
    let engine = engine.clone();
    // Boxed, as the plan of a question is large.
    let answer = Box::pin(async move { answer(&engine, request, shape).await });
    state.questions.compute(state.time_limit, answer).await
}

async fn answer(engine: &Engine, request: KpiRequest, shape: Shape) -> Result<Encoded, Problem> {
    let answer = engine.run(request).await.map_err(|error| Problem::from_engine(&error, Place::Argument))?;
    let meta = meta::of_answer(&answer.meta, shape.language);
    let body = encode(shape.format, shape.language, &answer.schema, &answer.batches, &meta)
        .map_err(|error| Problem::failed(&error))?;
    Ok(Encoded {
        body,
        edition: answer.meta.edition,
        synthetic: answer.meta.synthetic,
        rows: Some(answer.meta.rows),
        cells: cells_of(answer.meta.work),
        gzip: false,
    })
}

/// Where the cells of an answer came from, for the log.
const fn cells_of(work: Work) -> Option<Cells> {
    match work {
        Work { kept: 0, computed: 0, .. } => None,
        Work { computed: 0, .. } => Some(Cells::Hit),
        Work { .. } => Some(Cells::Computed),
    }
}
