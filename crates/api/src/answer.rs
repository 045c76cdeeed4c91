//! From a tag to a response: 304 without work, or the encoded bytes from the cache, or one run of the query shared by
//! all who wait for it.

use std::future::Future;
use std::io::Write as _;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use utbredt_kpi::Lang;

use crate::audience::{self, Audience};
use crate::etag::{ETag, Match};
use crate::metrics::Metrics;
use utbredt_formats::Format;

use crate::negotiate;
use crate::problem::Problem;
use crate::request_log::Computed;
use crate::state::{ApiState, Encoded, if_none_match};

/// How long an answer may be used without asking again: by the browser, or by every cache on the way.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, max-age=60, stale-while-revalidate=600");
const PUBLIC: HeaderValue = HeaderValue::from_static("public, max-age=60, stale-while-revalidate=600");
/// The most bytes that are not compressed.
pub(crate) const WORTH_COMPRESSING: u16 = 1024;
const VARY: HeaderValue = HeaderValue::from_static("Accept, Accept-Encoding, Accept-Language, Authorization");

/// How an answer is to be written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) format: Format,
    pub(crate) language: Lang,
    pub(crate) audience: Audience,
}

impl Shape {
    /// From the query's words, then the headers.
    pub(crate) fn choose(
        format: Option<&str>,
        lang: Option<&str>,
        headers: &HeaderMap,
    ) -> Result<Self, Problem> {
        Ok(Self {
            format: negotiate::format(format, headers)?,
            language: negotiate::language(lang, headers)?,
            audience: audience::current(),
        })
    }

    /// The tag of what `fingerprint` stands for, written this way.
    pub(crate) fn tag(self, fingerprint: &str) -> ETag {
        ETag::of(&[fingerprint, self.format.as_str(), self.language.as_str(), self.audience.as_str()])
    }
}

/// Answers a conditional GET. `make` is called only when neither the client nor the cache has the bytes.
pub(crate) async fn conditional<F>(
    state: &ApiState,
    headers: &HeaderMap,
    shape: Shape,
    fingerprint: &str,
    name: &str,
    make: F,
) -> Result<Response, Problem>
where
    F: Future<Output = Result<Encoded, Problem>>,
{
    let tag = shape.tag(fingerprint);
    // Compared before anything is looked up: a client that has the bytes costs one hash.
    let found = tag.find_in(if_none_match(headers));
    match found {
        Match::None | Match::Any => {}
        Match::Strong => return Ok(not_modified(state, &tag.strong(), shape)),
        Match::Weak => return Ok(not_modified(state, &tag.weak(), shape)),
    }
    // The cache runs `make` for one caller only: where it did not run, the body was kept.
    let mut kept_body = true;
    // Boxed: every future around it would have its size.
    let make = Box::pin(async {
        kept_body = false;
        make.await
    });
    let encoded = if negotiate::takes_gzip(headers) && shape.format.is_compressible() {
        compressed(state, &tag, make).await?
    } else {
        cached(state, &tag, make).await?
    };
    // `*` is about what is there: only a question that has an answer can be "not modified".
    if found == Match::Any {
        return Ok(not_modified(state, &tag.strong(), shape));
    }
    let mut response = encoded.body.clone().into_response();
    let computed = Computed { kept_body, rows: encoded.rows, cells: encoded.cells, batch: None };
    response.extensions_mut().insert(computed);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(shape.format.content_type()));
    describe(state, headers, &tag.strong(), shape);
    if encoded.gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    // Also for the newest edition, so that the client knows which one that was.
    headers.insert(HeaderName::from_static("utbredt-edition"), HeaderValue::from(encoded.edition));
    if encoded.synthetic {
        headers.insert(HeaderName::from_static("utbredt-synthetic"), HeaderValue::from_static("true"));
    }
    // Browsers show JSON; the other formats are saved to a file.
    if shape.format != Format::Json {
        attach(headers, name, encoded.edition, shape.format);
    }
    Ok(response)
}

/// The bytes of a tag: kept, or made once for everybody who requests it at the same time.
pub(crate) async fn cached<F>(state: &ApiState, tag: &ETag, make: F) -> Result<Encoded, Problem>
where
    F: Future<Output = Result<Encoded, Problem>>,
{
    let made = async {
        // Counted inside: callers who only wait have run no query.
        Metrics::count(&state.metrics.queries_run);
        make.await
    };
    // The error is shared by all who waited, so each gets a copy.
    state.cache.try_get_with(tag.strong(), made).await.map_err(|problem| (*problem).clone())
}

/// The bytes of a tag, compressed once for all who take them so and kept beside the plain ones. What is short stays as it is:
/// it fits one packet either way.
async fn compressed<F>(state: &ApiState, tag: &ETag, make: F) -> Result<Encoded, Problem>
where
    F: Future<Output = Result<Encoded, Problem>>,
{
    let zipped = async {
        let plain = cached(state, tag, make).await?;
        if plain.body.len() <= usize::from(WORTH_COMPRESSING) {
            return Ok(plain);
        }
        let body = plain.body.clone();
        let zipped = tokio::task::spawn_blocking(move || gzip(&body)).await;
        let body =
            zipped.map_err(|error| Problem::failed(&error))?.map_err(|error| Problem::failed(&error))?;
        Ok(Encoded { body, gzip: true, ..plain })
    };
    let key = format!("{} gzip", tag.strong());
    state.cache.try_get_with(key, zipped).await.map_err(|problem: Arc<Problem>| (*problem).clone())
}

fn gzip(body: &[u8]) -> std::io::Result<Bytes> {
    let mut out = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::default());
    out.write_all(body)?;
    // Kept, and counted by its length: without what the buffer grew by.
    Ok(out.finish()?.into_boxed_slice().into())
}

fn not_modified(state: &ApiState, tag: &str, shape: Shape) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    describe(state, response.headers_mut(), tag, shape);
    response
}

/// The headers a 304 has in common with the 200 it stands for.
fn describe(state: &ApiState, headers: &mut HeaderMap, tag: &str, shape: Shape) {
    if let Ok(tag) = HeaderValue::from_str(tag) {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(header::CACHE_CONTROL, if state.public_cache { PUBLIC } else { PRIVATE });
    headers.insert(header::VARY, VARY);
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(shape.language.as_str()));
}

/// A file's name that says what it holds and from which edition.
fn attach(headers: &mut HeaderMap, name: &str, edition: u64, format: Format) {
    let name: String =
        // Quotes and line breaks would end the header's value.
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '_' }).collect();
    let value = format!("attachment; filename=\"{name}-edition-{edition}.{}\"", format.extension());
    if let Ok(value) = HeaderValue::from_str(&value) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape() -> Shape {
        Shape { format: Format::Csv, language: Lang::Nn, audience: Audience::Everybody }
    }

    async fn send(state: &ApiState, condition: Option<&str>) -> Response {
        let mut headers = HeaderMap::new();
        if let Some(condition) = condition {
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_str(condition).unwrap());
        }
        let make = async {
            Ok(Encoded {
                body: Bytes::from_static(b"a\n1\n"),
                edition: 3,
                synthetic: true,
                rows: Some(1),
                cells: None,
                gzip: false,
            })
        };
        conditional(state, &headers, shape(), "f", "adoption.reach", make).await.unwrap()
    }

    #[tokio::test]
    async fn a_known_copy_costs_no_query_and_an_unknown_one_costs_one() {
        let state = ApiState::waiting();
        let tag = shape().tag("f");
        let answer = send(&state, Some(&tag.strong())).await;
        assert_eq!(answer.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(answer.headers()[header::ETAG], tag.strong().as_str());
        assert_eq!(
            answer.headers()[header::CACHE_CONTROL],
            "private, max-age=60, stale-while-revalidate=600"
        );
        assert_eq!(answer.headers()[header::VARY], VARY);
        assert_eq!(send(&state, Some(&tag.weak())).await.headers()[header::ETAG], tag.weak().as_str());
        assert_eq!(state.metrics.queries_run.get(), 0);

        let answer = send(&state, Some("\"other\"")).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["utbredt-edition"], "3");
        assert_eq!(answer.headers()["utbredt-synthetic"], "true");
        assert_eq!(answer.headers()[header::CONTENT_LANGUAGE], "nn");
        assert_eq!(
            answer.headers()[header::CONTENT_DISPOSITION],
            "attachment; filename=\"adoption.reach-edition-3.csv\""
        );
        send(&state, None).await;
        assert_eq!(send(&state, Some("*")).await.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(state.metrics.queries_run.get(), 1);
    }

    #[tokio::test]
    async fn a_long_answer_is_compressed_once_and_a_short_one_never() {
        let state = ApiState::waiting();
        let zip = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static("br, gzip"))]);
        let answer = async |rows: usize, headers: &HeaderMap| {
            let body = Bytes::from("a,b\n".repeat(rows));
            let make = async {
                Ok(Encoded { body, edition: 3, synthetic: false, rows: Some(rows), cells: None, gzip: false })
            };
            let response = conditional(&state, headers, shape(), &rows.to_string(), "k", make).await.unwrap();
            let is_zipped = response.headers().contains_key(header::CONTENT_ENCODING);
            (is_zipped, axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap())
        };
        let (is_zipped, body) = answer(1000, &zip).await;
        assert!(is_zipped && body.len() < 200, "{} bytes", body.len());
        // The same allocation: nothing was compressed again.
        assert_eq!(answer(1000, &zip).await.1.as_ptr(), body.as_ptr());
        let (is_zipped, plain) = answer(1000, &HeaderMap::new()).await;
        assert_eq!((is_zipped, plain.len()), (false, 4000));
        assert_eq!(state.metrics.queries_run.get(), 1);
        assert!(!answer(100, &zip).await.0);
        let mut text = String::new();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&body[..]), &mut text).unwrap();
        assert_eq!(text.as_bytes(), plain);
    }

    #[tokio::test]
    async fn star_does_not_hide_a_failure() {
        let state = ApiState::waiting();
        let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_static("*"))]);
        let failed = async { Err(Problem::internal()) };
        let answer = conditional(&state, &headers, shape(), "f", "adoption.reach", failed).await;
        assert_eq!(answer.unwrap_err(), Problem::internal());
    }

    #[tokio::test]
    async fn a_failure_is_not_kept() {
        let state = ApiState::waiting();
        let failed = cached(&state, &shape().tag("f"), async { Err(Problem::internal()) }).await;
        assert_eq!(failed.unwrap_err(), Problem::internal());
        assert_eq!(send(&state, None).await.status(), StatusCode::OK);
    }
}
