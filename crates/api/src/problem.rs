//! Errors as RFC 9457 problem documents. Every answer with a status of 400 or more is made here, also the ones the
//! framework would have written as plain text, so that a client needs one way of reading them.

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use utbredt_engine::EngineError;
pub(crate) use utbredt_engine::nearest;

/// What went wrong, for whom it is to mend, and how. `code` is stable and may be relied on; the words may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) code: String,
    pub(crate) title: &'static str,
    pub(crate) detail: String,
    pub(crate) hint: Option<String>,
    pub(crate) did_you_mean: Option<String>,
}

/// Where the name stood that the engine did not know: a wrong path is a 404, a wrong argument a 400.
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
        Self { status, code: code.into(), title, detail: detail.into(), hint: None, did_you_mean: None }
    }

    /// An argument that cannot be used.
    pub(crate) fn bad_argument(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, "The request has an argument that cannot be used", detail)
    }

    /// A resource that is not there.
    pub(crate) fn not_found(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, "There is nothing at this address", detail)
    }

    /// A fault of ours. The cause goes to the log, never to the client.
    pub(crate) fn internal() -> Self {
        let detail = "the server could not finish this answer; the cause is in its log";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "The server failed", detail)
    }

    pub(crate) fn not_ready() -> Self {
        let detail = "no edition of the lake is loaded yet";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", "The server is starting", detail)
            .hint("wait for /health/ready to answer 200")
    }

    pub(crate) fn timeout() -> Self {
        let detail = "the answer was not ready in time";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", "The answer took too long", detail)
            .hint("ask for a shorter period, or for larger areas with ?by=county")
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn did_you_mean(mut self, nearest: Option<String>) -> Self {
        self.did_you_mean = nearest;
        self
    }

    /// Turns an engine's refusal into a problem. Only what the caller can act on is passed on.
    pub(crate) fn from_engine(error: &EngineError, place: Place) -> Self {
        let problem = match error {
            EngineError::Unknown { kind, nearest, .. } => {
                let code = format!("unknown_{}", kind.replace([' ', '-'], "_"));
                let found = match place {
                    Place::Path => Self::not_found(&code, error.to_string()),
                    Place::Argument if *kind == "kpi" => Self::not_found(&code, error.to_string()),
                    Place::Argument => Self::bad_argument(&code, error.to_string()),
                };
                found.did_you_mean(nearest.clone())
            }
            EngineError::Damaged { file, .. } => {
                tracing::error!(%error, "a file of the lake is damaged");
                // The name below the lake's root is enough to mend it; where the lake lies is nobody's business.
                let file = std::path::Path::new(file);
                let shown = if file.is_absolute() {
                    file.file_name().map(std::path::Path::new).unwrap_or(file)
                } else {
                    file
                };
                let detail = format!("{} does not hold the bytes its edition promises", shown.display());
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "lake_damaged",
                    "A file of the lake is damaged",
                    detail,
                )
                .hint("run `utbredt verify` where the lake lies; nothing is answered from a damaged file")
            }
            _ if error.code() == "timeout" => Self::timeout(),
            _ if error.is_usage() => Self::bad_argument(error.code(), error.to_string()),
            _ => {
                tracing::error!(%error, "the engine failed");
                Self::internal()
            }
        };
        let hint = match error {
            // The nearest name has a member of its own here.
            EngineError::Unknown { hint, .. } => Some(hint.clone()),
            _ if problem.status.is_client_error() => error.hint(),
            _ => None,
        };
        match hint {
            Some(hint) if !hint.is_empty() => problem.hint(hint),
            _ => problem,
        }
    }

    /// The document. `instance` is what was asked, where that is known.
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
        for (name, value) in [("hint", &self.hint), ("did_you_mean", &self.did_you_mean)] {
            if let Some(value) = value {
                body.insert(name.to_owned(), json!(value));
            }
        }
        Value::Object(body)
    }

    fn render(&self, instance: Option<&str>) -> Response {
        let mut response = (self.status, self.document(instance).to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static("en"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
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
        let mut response = self.render(None);
        response.extensions_mut().insert(self);
        response
    }
}

/// Middleware: writes every error as a problem that names the request it answers. Errors of the framework itself
/// (a path that is no UTF-8, a body too large) become problems with a general code.
pub(crate) async fn render_problems(request: Request, next: Next) -> Response {
    let instance =
        request.uri().path_and_query().map_or_else(|| request.uri().path().to_owned(), ToString::to_string);
    let response = next.run(request).await;
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let problem = response.extensions().get::<Problem>().cloned().unwrap_or_else(|| of_status(status));
    let mut rendered = problem.render(Some(&instance));
    if let Some(allow) = response.headers().get(header::ALLOW) {
        rendered.headers_mut().insert(header::ALLOW, allow.clone());
    }
    rendered.extensions_mut().insert(problem);
    rendered
}

fn of_status(status: StatusCode) -> Problem {
    let reason = status.canonical_reason().unwrap_or("Error");
    let code = reason.to_ascii_lowercase().replace([' ', '-'], "_");
    Problem::new(status, code, reason, "the request could not be understood")
        .hint("GET /v1/openapi.json tells what is understood")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown(kind: &'static str) -> EngineError {
        EngineError::Unknown {
            kind,
            name: "adoption.reech".to_owned(),
            nearest: Some("adoption.reach".to_owned()),
            hint: "GET /v1/kpis lists them".to_owned(),
        }
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

    #[test]
    fn nearest_offers_only_what_is_near() {
        assert_eq!(nearest("granularty", ["granularity", "by"]).as_deref(), Some("granularity"));
        assert_eq!(nearest("zzz", ["granularity", "by"]), None);
    }
}
