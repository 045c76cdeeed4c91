//! Errors as RFC 9457 problem documents. Every answer with a status of 400 or more is made here, also the ones the
//! framework would have written as plain text, so that a client needs one way of reading them.

use std::error::Error;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use utbredt_engine::{EngineError, RequestError};
pub(crate) use utbredt_model::nearest;
use utoipa::ToSchema;

use crate::keys::KeyId;
use crate::request_log::current_id;
use crate::{problem_codes, url_keys};

/// The error, whose fault it is, and the fix. `code` is stable and may be relied on; the texts may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) code: String,
    pub(crate) title: &'static str,
    pub(crate) detail: String,
    pub(crate) hint: Option<String>,
    pub(crate) did_you_mean: Option<Box<str>>,
    /// The messages of the error behind it and of its sources, outermost first. For the log, never for the client.
    /// Texts, not the error itself: an answer that failed is shared by all who waited for it. Thin, since it is a part
    /// of every `Result` here.
    pub(crate) cause: Option<Arc<Vec<String>>>,
}

/// A problem document as clients see it (RFC 9457).
#[derive(Debug, ToSchema)]
#[schema(as = Problem)]
#[expect(dead_code, reason = "describes what `Problem::document` writes; a test compares the two")]
pub(crate) struct ProblemDocument {
    /// Address of a page about the code, `/problems/{code}`.
    r#type: String,
    /// The kind of error in one line.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What was wrong with this request.
    detail: String,
    /// The request it answers; left out in the elements of a batch.
    #[schema(required = false)]
    instance: String,
    /// Stable; rely on this one.
    code: String,
    /// How to fix the request.
    #[schema(required = false)]
    hint: String,
    /// The nearest valid name.
    #[schema(required = false)]
    did_you_mean: String,
    /// The id under which the server's log has the cause; only where the fault is the server's.
    #[schema(required = false)]
    request_id: String,
}

/// Where a name was given that the engine does not know: a wrong path is a 404, a wrong argument a 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the path: the resource itself.
    Path,
    /// In the query or the body: an argument of it.
    Argument,
}

impl Problem {
    pub(crate) fn new(
        status: StatusCode,
        code: impl Into<String>,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        let (code, detail) = (code.into(), detail.into());
        Self { status, code, title, detail, hint: None, did_you_mean: None, cause: None }
    }

    /// An argument that cannot be used.
    pub(crate) fn bad_argument(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, "The request has an argument that cannot be used", detail)
    }

    /// A resource that is not there.
    pub(crate) fn not_found(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, "There is nothing at this address", detail)
    }

    /// A fault of the server whose cause is in the log already; otherwise use [`Problem::failed`].
    pub(crate) fn internal() -> Self {
        let detail = "the server could not finish this answer; the cause is in its log";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "The server failed", detail)
            .hint("give the request_id to whoever runs the server")
    }

    /// A fault of the server. The error and its sources go to the log when the answer is sent, never to the client.
    pub(crate) fn failed(error: &(dyn Error + 'static)) -> Self {
        Self::internal().because(error)
    }

    /// Adds the error behind a problem, for the log.
    pub(crate) fn because(mut self, error: &(dyn Error + 'static)) -> Self {
        let mut chain = vec![error.to_string()];
        let mut next = error.source();
        while let Some(source) = next {
            chain.push(source.to_string());
            next = source.source();
        }
        self.cause = Some(Arc::new(chain));
        self
    }

    pub(crate) fn not_ready() -> Self {
        let detail = "no edition of the lake is loaded yet";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", "The server is starting", detail)
            .hint("wait for /health/ready to answer 200")
    }

    pub(crate) fn timeout() -> Self {
        let detail = "the answer was not ready in time";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", "The answer took too long", detail)
            .hint("send it again after the seconds of Retry-After, its answer is kept when it is there; or request fewer periods")
    }

    pub(crate) fn overloaded() -> Self {
        let detail = "too many questions wait for their turn";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", "The server has too many questions", detail)
            .hint("send it again after the seconds of Retry-After; an answer that others requested is kept")
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn did_you_mean(mut self, nearest: Option<String>) -> Self {
        self.did_you_mean = nearest.map(String::into_boxed_str);
        self
    }

    /// A question that cannot be answered as it is asked.
    pub(crate) fn from_request(error: &RequestError, place: Place) -> Self {
        let unknown = matches!(error, RequestError::Unknown { .. });
        // A KPI is a resource wherever it is named: there is no such address.
        let missing = unknown && (place == Place::Path || error.code() == "unknown_kpi");
        let problem = if missing {
            Self::not_found(&error.code(), error.to_string())
        } else {
            Self::bad_argument(&error.code(), error.to_string())
        };
        problem.hint(error.hint()).did_you_mean(error.nearest().map(str::to_owned))
    }

    /// Turns an engine's refusal into a problem. Only what the caller can act on is passed on.
    pub(crate) fn from_engine(error: &EngineError, place: Place) -> Self {
        match error.plain() {
            EngineError::Request(request) => Self::from_request(request, place),
            EngineError::Refused { why, hint } => Self::bad_argument("refused", why).hint(hint),
            EngineError::OutOfMemory => Self::bad_argument("question_too_large", error.plain().to_string())
                .hint(error.hint().unwrap_or_default()),
            EngineError::Damaged { file } => Self::damaged(file).because(error),
            // The same code as on the command line; the texts are for the log.
            _ => Self { code: error.code(), ..Self::failed(error) },
        }
    }

    /// The name below the lake's root is enough to restore the file; where the lake lies is not for clients.
    fn damaged(file: &str) -> Self {
        let file = std::path::Path::new(file);
        // An absolute path would show where the lake lies.
        let shown = if file.is_absolute() {
            file.file_name().map(std::path::Path::new).unwrap_or(file)
        } else {
            file
        };
        let title = "A file of the lake is damaged";
        let detail = format!("{} does not hold the bytes its edition records", shown.display());
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "lake_damaged", title, detail)
            .hint("run `utbredt verify` where the lake lies; nothing is answered from a damaged file")
    }

    /// The document, once its cause is in the log: for a body that is sent.
    pub(crate) fn report(&self, instance: Option<&str>) -> Value {
        // Only here: a client's error is no event of the server, and the log would fill with them.
        if self.status == StatusCode::INTERNAL_SERVER_ERROR {
            let request_id = current_id();
            let request_id = request_id.as_deref();
            let cause = self.cause.as_deref().map(|chain| chain.join(": "));
            tracing::error!(request_id, code = self.code, detail = self.detail, cause, "a request failed");
        }
        self.document(instance)
    }

    /// The document. `instance` is the address of the request, where that is known.
    pub(crate) fn document(&self, instance: Option<&str>) -> Value {
        let mut body = Map::new();
        body.insert("type".to_owned(), json!(format!("/problems/{}", self.code)));
        body.insert("title".to_owned(), json!(self.title));
        body.insert("status".to_owned(), json!(self.status.as_u16()));
        body.insert("detail".to_owned(), json!(self.detail));
        if let Some(instance) = instance {
            body.insert("instance".to_owned(), json!(instance));
        }
        body.insert("code".to_owned(), json!(self.code));
        for (name, value) in [("hint", self.hint.as_deref()), ("did_you_mean", self.did_you_mean.as_deref())]
        {
            if let Some(value) = value {
                body.insert(name.to_owned(), json!(value));
            }
        }
        if self.status == StatusCode::INTERNAL_SERVER_ERROR
            && let Some(id) = current_id()
        {
            body.insert("request_id".to_owned(), json!(id));
        }
        Value::Object(body)
    }

    fn render(&self, document: &Value) -> Response {
        let mut response = (self.status, document.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static("en"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // RFC 9110 requires it beside a 401.
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        // Seconds: long enough for the edition to load, short enough for a person to wait.
        let wait = match self.status {
            StatusCode::SERVICE_UNAVAILABLE => Some("5"),
            StatusCode::TOO_MANY_REQUESTS => Some("1"),
            _ => None,
        };
        if let Some(seconds) = wait {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.render(&self.document(None));
        response.extensions_mut().insert(self);
        response
    }
}

/// Middleware: writes every error as a problem that names the request it answers, and logs the cause of those that are
/// the server's fault. Errors of the framework itself (a path that is no UTF-8, a body too large) become problems with
/// a general code.
pub(crate) async fn render_problems(request: Request, next: Next) -> Response {
    let instance = url_keys::shown(request.uri());
    let response = next.run(request).await;
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let problem = response.extensions().get::<Problem>().cloned().unwrap_or_else(|| of_status(status));
    let mut rendered = problem.render(&problem.report(Some(&instance)));
    // The framework knows which methods fit; its header would be lost with its body.
    if let Some(allow) = response.headers().get(header::ALLOW) {
        rendered.headers_mut().insert(header::ALLOW, allow.clone());
    }
    // For the log, which is written further out.
    if let Some(key) = response.extensions().get::<KeyId>() {
        rendered.extensions_mut().insert(key.clone());
    }
    rendered.extensions_mut().insert(problem);
    rendered
}

/// The framework's own errors. A status that the catalogue does not know gets the general code, so that every `type`
/// leads to a page.
fn of_status(status: StatusCode) -> Problem {
    let reason = status.canonical_reason().unwrap_or("Error");
    let named = reason.to_ascii_lowercase().replace([' ', '-'], "_");
    let code = problem_codes::find(&named).map_or("request_failed", |known| known.code);
    Problem::new(status, code, reason, "the request could not be understood")
        .hint("GET /v1/openapi.json describes what is understood")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown(kind: &'static str) -> EngineError {
        RequestError::unknown(kind, "adoption.reech", ["adoption.reach"], "GET /v1/kpis lists them").into()
    }

    #[test]
    fn an_unknown_name_is_404_in_the_path_and_400_as_an_argument() {
        assert_eq!(Problem::from_engine(&unknown("kpi"), Place::Path).status, StatusCode::NOT_FOUND);
        let argument = Problem::from_engine(&unknown("municipality"), Place::Argument);
        assert_eq!(argument.status, StatusCode::BAD_REQUEST);
        assert_eq!(argument.code, "unknown_municipality");
        assert_eq!(argument.did_you_mean.as_deref(), Some("adoption.reach"));
        // The KPI of a batch's element is what the element asks for, not an argument of it.
        assert_eq!(Problem::from_engine(&unknown("kpi"), Place::Argument).status, StatusCode::NOT_FOUND);
    }

    #[test]
    fn the_document_has_the_members_of_rfc_9457_and_ours() {
        let problem = Problem::bad_argument("unknown_format", "no format xls")
            .hint("take json")
            .did_you_mean(Some("xlsx".into()));
        let body = problem.document(Some("/v1/kpis?format=xls"));
        assert_eq!(
            body,
            json!({"type": "/problems/unknown_format", "title": "The request has an argument that cannot be used", "status": 400,
                "detail": "no format xls", "instance": "/v1/kpis?format=xls", "code": "unknown_format",
                "hint": "take json", "did_you_mean": "xlsx"})
        );
    }

    #[derive(Debug, thiserror::Error)]
    #[error("the answer could not be written")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn a_cause_keeps_its_sources_and_is_never_in_the_document() {
        let problem = Problem::failed(&Outer(std::io::Error::other("disk full")));
        let cause = problem.cause.as_deref().unwrap();
        assert_eq!(cause, &["the answer could not be written", "disk full"]);
        let body = problem.document(None).to_string();
        assert!(!body.contains("written") && !body.contains("disk"), "{body}");
    }

    #[test]
    fn the_described_members_are_those_of_the_document() {
        let described = serde_json::to_value(<ProblemDocument as utoipa::PartialSchema>::schema()).unwrap();
        let problem = Problem::internal().did_you_mean(Some("x".into()));
        let document = crate::request_log::with_id("id-1", || problem.document(Some("/")));
        let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&described["properties"]), names(&document));
        assert_eq!(described["required"], json!(["type", "title", "status", "detail", "code"]));
    }

    #[test]
    fn an_unlisted_status_gets_a_code_that_has_a_page() {
        for status in (400..600).filter_map(|number| StatusCode::from_u16(number).ok()) {
            assert!(problem_codes::is_problem_code(&of_status(status).code), "{status}");
        }
        assert_eq!(of_status(StatusCode::URI_TOO_LONG).code, "uri_too_long");
    }

    #[test]
    fn nearest_offers_only_what_is_near() {
        assert_eq!(nearest("granularty", ["granularity", "by"]).as_deref(), Some("granularity"));
        assert_eq!(nearest("zzz", ["granularity", "by"]), None);
    }
}
