//! Which pages of other origins may call this server. What is answered to GET without a key is for everybody, so any page may
//! read it, and a browser adds no key by itself; POST is for the origins that whoever runs the server names.

use std::str::FromStr;
use std::time::Duration;

use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, Uri, header};
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

use crate::request_log::REQUEST_ID;

/// How long a browser may keep the answer about the methods and headers it may send.
const MAX_AGE: Duration = Duration::from_secs(3600);

/// An origin as browsers write it: scheme, host and port, nothing more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(HeaderValue);

/// A text that is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an origin; write scheme, host and port only, such as https://example.org or http://localhost:5173"
)]
pub struct ParseOriginError(String);

impl FromStr for Origin {
    type Err = ParseOriginError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ParseOriginError(text.to_owned());
        let parts = text.parse::<Uri>().map_err(|_| wrong())?.into_parts();
        let scheme = parts.scheme.filter(|scheme| ["http", "https"].contains(&scheme.as_str()));
        let (Some(scheme), Some(authority)) = (scheme, parts.authority) else { return Err(wrong()) };
        // Compared as text with what a browser sends, which has no user, no path, no default port and small letters.
        let origin = format!("{scheme}://{authority}").to_ascii_lowercase();
        let default_port = if scheme.as_str() == "http" { ":80" } else { ":443" };
        let is_plain =
            text.eq_ignore_ascii_case(&origin) && !origin.contains('@') && !origin.ends_with(default_port);
        let value = HeaderValue::from_str(&origin).map_err(|_| wrong())?;
        is_plain.then_some(Self(value)).ok_or_else(wrong)
    }
}

/// The layer for these origins.
pub(crate) fn layer(origins: &[Origin]) -> CorsLayer {
    let layer = CorsLayer::new().max_age(MAX_AGE).expose_headers([
        header::ETAG,
        header::CONTENT_LANGUAGE,
        header::CONTENT_DISPOSITION,
        header::LINK,
        header::RETRY_AFTER,
        HeaderName::from_static("utbredt-edition"),
        HeaderName::from_static("utbredt-synthetic"),
        REQUEST_ID,
    ]);
    let readable = [header::ACCEPT, header::ACCEPT_LANGUAGE, header::IF_NONE_MATCH];
    if origins.is_empty() {
        // A star lets shared caches keep one answer for all pages.
        return layer.allow_origin(Any).allow_methods([Method::GET, Method::HEAD]).allow_headers(readable);
    }
    let origins: Vec<HeaderValue> = origins.iter().map(|origin| origin.0.clone()).collect();
    let allowed = AllowOrigin::predicate(move |origin, request| {
        // Reading stays open to every page; only a request that writes must come from a named origin.
        origins.contains(origin) || matches!(*intended(request), Method::GET | Method::HEAD)
    });
    layer.allow_origin(allowed).allow_methods([Method::GET, Method::HEAD, Method::POST]).allow_headers(
        readable.into_iter().chain([header::CONTENT_TYPE, header::AUTHORIZATION]).collect::<Vec<_>>(),
    )
}

/// The method of a request, or the one a preflight asks about.
fn intended(request: &Parts) -> std::borrow::Cow<'_, Method> {
    let requested = request.headers.get(header::ACCESS_CONTROL_REQUEST_METHOD);
    match requested.and_then(|method| Method::from_bytes(method.as_bytes()).ok()) {
        Some(method) if request.method == Method::OPTIONS => std::borrow::Cow::Owned(method),
        _ => std::borrow::Cow::Borrowed(&request.method),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        for right in ["https://example.org", "http://localhost:5173", "https://xn--blbr-roah.no"] {
            assert_eq!(right.parse::<Origin>().map(|origin| origin.0), Ok(HeaderValue::from_static(right)));
        }
        assert_eq!("HTTPS://Example.org".parse::<Origin>(), "https://example.org".parse());
        for wrong in [
            "*",
            "null",
            "",
            "example.org",
            "https://example.org/",
            "https://example.org/app",
            "https://example.org?x",
            "https://example.org:443",
            "http://example.org:80",
            "https://user@example.org",
            "ftp://example.org",
        ] {
            assert!(wrong.parse::<Origin>().is_err(), "{wrong}");
        }
    }
}
