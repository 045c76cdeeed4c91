//! The values of a KPI, and of many in one call.

use std::collections::BTreeSet;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt as _;
use serde_json::{Value, json};
use utbredt_answer::Work;
use utbredt_engine::{AsOf, Engine, KpiRequest};
use utbredt_formats::{Format, encode, meta};

use crate::answer::{Shape, cached, conditional};
use crate::problem::{Place, Problem};
use crate::query::{self, Pairs};
use crate::request_log::{Batch, Cells, Computed};
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
    let parsed = query::pairs(pairs)?;
    let shape = Shape::choose(parsed.format.as_deref(), parsed.lang.as_deref(), &headers)?;
    let request = request_of(engine, &id, parsed.what)?;
    let (request, fingerprint) = pin(engine, request)?;
    conditional(&state, &headers, shape, &fingerprint, &id, run(&state, engine, request, shape)).await
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
    let parsed = query::only(pairs, &[])?;
    // JSON by default, whatever `Accept` asks for: a batch has no other format.
    let shape = Shape::choose(parsed.format.as_deref().or(Some("json")), parsed.lang.as_deref(), &headers)?;
    if shape.format != Format::Json {
        let detail = "a batch is answered as JSON only";
        return Err(Problem::bad_argument("format_not_available", detail).hint("available now: json"));
    }
    let questions = read_batch(&headers, body)?;
    let answers: Vec<Element> = futures::stream::iter(questions)
        .map(|question| {
            let state = &state;
            async move { one_of_batch(state, engine, shape, &question).await }
        })
        .buffered(BATCH_WIDTH)
        .collect()
        .await;
    // Written by hand: the bodies are JSON already, and parsing them again would double the work.
    let mut out = b"{\"data\":[".to_vec();
    let texts: Vec<&[u8]> = answers.iter().map(|element| element.text.as_slice()).collect();
    out.extend_from_slice(&texts.join(&b','));
    out.extend_from_slice(b"],\"meta\":");
    out.extend_from_slice(json!({"rows": answers.len()}).to_string().as_bytes());
    out.push(b'}');
    let kind = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_LANGUAGE, shape.language.as_str()),
    ];
    let mut response = (kind, out).into_response();
    response.extensions_mut().insert(cost_of(&answers));
    Ok(response)
}

/// What a batch cost, for the log.
fn cost_of(answers: &[Element]) -> Computed {
    let made: Vec<&Encoded> = answers.iter().filter_map(|element| element.made.as_ref()).collect();
    let kpis: BTreeSet<&str> = answers.iter().filter_map(|element| element.kpi.as_deref()).collect();
    let editions: BTreeSet<u64> = made.iter().map(|encoded| encoded.edition).collect();
    let any = |cells: Cells| made.iter().any(|encoded| encoded.cells == Some(cells)).then_some(cells);
    Computed {
        kept_body: answers.iter().all(|element| element.kept_body),
        rows: Some(made.iter().filter_map(|encoded| encoded.rows).sum()),
        // One that was computed makes the request a dear one.
        cells: any(Cells::Computed).or_else(|| any(Cells::Hit)),
        batch: Some(Batch {
            kpis: kpis.into_iter().collect::<Vec<_>>().join(","),
            editions: editions.iter().map(u64::to_string).collect::<Vec<_>>().join(","),
            questions: answers.len(),
            failed: answers.len() - made.len(),
        }),
    }
}

fn read_batch(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<Vec<Value>, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    // After the media type a `charset` may follow.
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

/// One element of a batch, answered.
struct Element {
    /// The answer or the problem, as JSON.
    text: Vec<u8>,
    /// The KPI, where the catalogue has it: what else was sent as one is not for the log.
    kpi: Option<String>,
    /// The answer; none when it is a problem.
    made: Option<Encoded>,
    /// Whether its body was kept from an earlier request.
    kept_body: bool,
}

/// Answers one element. The encoded body is put in as it is, not parsed again.
async fn one_of_batch(state: &ApiState, engine: &Engine, shape: Shape, question: &Value) -> Element {
    let mut kept_body = true;
    let answer = async {
        let (id, pairs) = query::element(question)?;
        let (request, fingerprint) = pin(engine, request_of(engine, &id, pairs)?)?;
        let tag = shape.tag(&fingerprint);
        let make = async {
            kept_body = false;
            run(state, engine, request, shape).await
        };
        let encoded = cached(state, &tag, make).await?;
        Ok((id, tag, encoded))
    };
    let answer: Result<_, Problem> = answer.await;
    match answer {
        Ok((id, tag, encoded)) => {
            let mut text =
                format!("{{\"status\":200,\"id\":{},\"etag\":{},\"body\":", json!(id), json!(tag.strong()))
                    .into_bytes();
            text.extend_from_slice(&encoded.body);
            text.push(b'}');
            Element { text, kpi: Some(id), made: Some(encoded), kept_body }
        }
        Err(problem) => {
            let id = question.get("id").cloned().unwrap_or(Value::Null);
            let kpi = id.as_str().and_then(|id| engine.catalogue().kpi(id).ok());
            let body = json!({"status": problem.status.as_u16(), "id": id, "problem": problem.report(None)});
            Element {
                text: body.to_string().into_bytes(),
                kpi: kpi.map(|kpi| kpi.id.clone()),
                made: None,
                kept_body: false,
            }
        }
    }
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

async fn run(
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
    let body = encode(shape.format, &answer.schema, &answer.batches, &meta)
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
