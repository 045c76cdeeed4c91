//! The KPI doors: one KPI's values, and many in one call.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::SecondsFormat;
use futures::StreamExt as _;
use serde_json::{Value, json};
use utbredt_engine::{AsOf, Denominator, Engine, KpiRequest, Meta};
use utbredt_kpi::{Kpi, Lang};

use crate::answer::{Shape, cached, conditional};
use crate::encode::encode;
use crate::negotiate::Format;
use crate::problem::{Place, Problem};
use crate::query::{self, Asked, Pairs};
use crate::rows;
use crate::state::{ApiState, Encoded};

/// How many questions a batch may hold.
const BATCH_MAX: usize = 50;
/// How many of them are answered at the same time.
const BATCH_WIDTH: usize = 4;

/// `GET /v1/kpis/{id}/values`.
pub(crate) async fn values(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    let engine = state.engine()?;
    let asked = request_of(engine, &id, query::read(pairs)?)?;
    let shape = Shape::choose(asked.format.as_deref(), asked.lang.as_deref(), &headers)?;
    let (request, fingerprint) = pin(engine, asked.what)?;
    conditional(&state, &headers, shape, &fingerprint, &id, run(engine, request, shape)).await
}

/// `POST /v1/kpis:batch`: an array of questions, an array of answers in the same order. Each answer has its own
/// status, tag and body, or its own problem; one wrong question does not spoil the others.
pub(crate) async fn batch(
    State(state): State<ApiState>,
    headers: HeaderMap,
    pairs: Pairs,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let engine = state.engine()?;
    let asked = query::only(query::read(pairs)?, &[])?;
    let shape = Shape::choose(asked.format.as_deref().or(Some("json")), asked.lang.as_deref(), &headers)?;
    if shape.format != Format::Json {
        let detail = "a batch is answered as JSON only";
        return Err(Problem::bad_argument("format_not_available", detail).hint("available now: json"));
    }
    let questions = read_batch(&headers, body)?;
    let answers: Vec<Vec<u8>> = futures::stream::iter(questions)
        .map(|question| {
            let state = &state;
            async move { one_of_batch(state, engine, shape, &question).await }
        })
        .buffered(BATCH_WIDTH)
        .collect()
        .await;
    let mut out = b"{\"data\":[".to_vec();
    out.extend_from_slice(&answers.join(&b','));
    out.extend_from_slice(b"],\"meta\":");
    out.extend_from_slice(json!({"rows": answers.len()}).to_string().as_bytes());
    out.push(b'}');
    let kind = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_LANGUAGE, shape.language.as_str()),
    ];
    Ok((kind, out).into_response())
}

fn read_batch(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<Vec<Value>, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let media = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if media != "application/json" {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        let problem = Problem::new(
            status,
            "unsupported_media_type",
            "The body has the wrong type",
            "the body is not JSON",
        );
        return Err(problem.hint("send Content-Type: application/json"));
    }
    let hint = query::BATCH_FORM;
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "payload_too_large",
            "The body is too large",
            "a body holds at most 64 KiB",
        )
        .hint("send several smaller batches"),
        _ => Problem::bad_argument("invalid_batch", "the body could not be read to its end").hint(hint),
    })?;
    let questions: Vec<Value> = serde_json::from_slice(&body).map_err(|error| {
        Problem::bad_argument("invalid_batch", format!("the body is not a JSON array: {error}")).hint(hint)
    })?;
    match questions.len() {
        0 => Err(Problem::bad_argument("invalid_batch", "the batch is empty").hint(hint)),
        1..=BATCH_MAX => Ok(questions),
        many => {
            let detail = format!("the batch holds {many} questions; at most {BATCH_MAX} are taken");
            Err(Problem::bad_argument("invalid_batch", detail).hint(hint))
        }
    }
}

/// One element's answer as JSON text: the encoded body is put in as it is, not parsed again.
async fn one_of_batch(state: &ApiState, engine: &Engine, shape: Shape, question: &Value) -> Vec<u8> {
    let answer = async {
        let (id, pairs) = query::element(question)?;
        let asked = request_of(engine, &id, pairs)?;
        let (request, fingerprint) = pin(engine, asked.what)?;
        let tag = shape.tag(&fingerprint);
        let encoded = cached(state, &tag, run(engine, request, shape)).await?;
        Ok((id, tag, encoded))
    };
    match answer.await {
        Ok((id, tag, encoded)) => {
            let mut out =
                format!("{{\"status\":200,\"id\":{},\"etag\":{},\"body\":", json!(id), json!(tag.strong()))
                    .into_bytes();
            out.extend_from_slice(&encoded.body);
            out.push(b'}');
            out
        }
        Err(problem) => {
            let problem: Problem = problem;
            let id = question.get("id").cloned().unwrap_or(Value::Null);
            json!({"status": problem.status.as_u16(), "id": id, "problem": problem.report(None)})
                .to_string()
                .into_bytes()
        }
    }
}

/// Reads the question and checks its words; nothing is planned yet.
pub(crate) fn request_of(
    engine: &Engine,
    id: &str,
    pairs: BTreeMap<String, String>,
) -> Result<Asked<KpiRequest>, Problem> {
    let kpi = crate::catalogue::find(engine.catalogue(), id)?;
    let parameters: Vec<String> = kpi.params.iter().map(|param| param.name.clone()).collect();
    let asked = query::kpi(id, pairs, &parameters)?;
    kpi.bind(&asked.what.params).map_err(|error| {
        Problem::bad_argument("invalid_parameter", error.to_string())
            .hint(format!("GET /v1/kpis/{id} tells what it takes"))
    })?;
    rows::check(&asked.what)?;
    Ok(asked)
}

/// What the answer depends on, known without planning: the question, the definition, and the lake. The newest edition
/// is part of it also when an older one is asked for, so a rebuilt lake never meets its predecessor's tags. The
/// request is tied to the edition its tag speaks of: one that arrives meanwhile must not answer under the old tag.
pub(crate) fn pin(engine: &Engine, mut request: KpiRequest) -> Result<(KpiRequest, String), Problem> {
    let kpi = crate::catalogue::find(engine.catalogue(), &request.kpi)?;
    let edition = engine.edition();
    if request.as_of == AsOf::Latest {
        request.as_of = AsOf::Edition(edition.number);
    }
    let views: Vec<&str> = engine.catalogue().views().iter().map(|view| view.sql.as_str()).collect();
    let fingerprint = format!("{}\n{request:?}\n{}\n{}", edition.sha256, kpi.sql, views.join("\n"));
    Ok((request, fingerprint))
}

async fn run(engine: &Engine, request: KpiRequest, shape: Shape) -> Result<Encoded, Problem> {
    let kpi = crate::catalogue::find(engine.catalogue(), &request.kpi)?;
    let answer =
        engine.run(request.clone()).await.map_err(|error| Problem::from_engine(&error, Place::Argument))?;
    let failed = |error: ArrowError| {
        tracing::error!(%error, "an answer could not be written");
        Problem::internal()
    };
    let batches = answer.batches;
    let synthetic = rows::synthetic(&batches);
    let mut meta = meta(kpi, &request, &answer.meta, shape.language);
    meta["synthetic"] = json!(synthetic);
    meta["rows"] = json!(batches.iter().map(RecordBatch::num_rows).sum::<usize>());
    let body = encode(shape.format, &answer.schema, &batches, &meta).map_err(failed)?;
    Ok(Encoded { body, edition: answer.meta.edition, synthetic })
}

/// What stands beside the rows of an answer: how to read them, and what they were asked under.
#[must_use]
pub fn meta(kpi: &Kpi, request: &KpiRequest, meta: &Meta, language: Lang) -> Value {
    json!({
        "edition": meta.edition,
        "as_of": meta.recorded_at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        "kpi_id": meta.kpi_id,
        "kpi_version": meta.kpi_version,
        "title": kpi.title.get(language),
        "unit": meta.unit,
        "better": kpi.better.as_str(),
        "by": request.by.as_str(),
        "borders": request.borders.to_string(),
        "policy": request.policy.as_str(),
        "granularity": request.granularity.unwrap_or(kpi.granularity).as_str(),
        "from": meta.from.to_string(),
        "to": meta.to.to_string(),
        "params": request.params,
        "where": request.filter,
        "coverage": meta.coverage,
        "sources": meta.sources,
        "denominators": meta.denominators.iter().map(denominator).collect::<Vec<_>>(),
        "caveats": kpi.caveats.get(language),
    })
}

fn denominator(counted: &Denominator) -> Value {
    json!({
        "reference_date": counted.reference_date.to_string(),
        "age_from": counted.age_from,
        "age_to": counted.age_to,
        "vintage": counted.vintage,
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn read(kind: &'static str, body: &str) -> Result<Vec<Value>, Problem> {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(kind))]);
        read_batch(&headers, Ok(Bytes::copy_from_slice(body.as_bytes())))
    }

    #[test]
    fn a_batch_is_an_array_of_one_to_fifty() {
        assert_eq!(read("application/json; charset=utf-8", "[{}]").unwrap().len(), 1);
        let fifty = format!("[{}{{}}]", "{},".repeat(49));
        assert_eq!(read("application/json", &fifty).unwrap().len(), 50);
        let more = format!("[{}{{}}]", "{},".repeat(50));
        for body in ["[]", "{}", "not json", "", more.as_str()] {
            assert_eq!(read("application/json", body).unwrap_err().code, "invalid_batch", "{body}");
        }
        assert_eq!(read("text/plain", "[{}]").unwrap_err().status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
}
