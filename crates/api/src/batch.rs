//! Many questions in one call: each has its own answer or its own problem.

use std::collections::BTreeSet;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt as _;
use serde_json::{Value, json};
use utbredt_engine::Engine;
use utbredt_formats::Format;

use crate::answer::{Shape, cached};
use crate::problem::Problem;
use crate::query::{self, Pairs};
use crate::request_log::{Batch, Cells, Computed};
use crate::state::{ApiState, Encoded};
use crate::values::{pin, request_of, run};

/// How many questions a batch may hold.
const BATCH_MAX: usize = 50;
/// How many of them are answered at the same time.
const BATCH_WIDTH: usize = 4;

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
    // Fifty questions are mostly about one or two KPIs: each is named once.
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
