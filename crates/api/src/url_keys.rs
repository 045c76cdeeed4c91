//! Keys do not belong in addresses, which stand in logs, histories and the lists of proxies. Here one is found, so that it is
//! refused, and neither logged nor repeated.

use axum::extract::Query;
use axum::http::{StatusCode, Uri};
use utbredt_model::key::contains_key;

use crate::problem::Problem;

/// Parameters by which others take keys, in small letters and with `_`.
const NAMES: [&str; 8] =
    ["key", "token", "api_key", "apikey", "access_token", "auth_token", "bearer", "authorization"];

/// What stands in the place of a part of an address that holds a key.
const HIDDEN: &str = "(hidden: it holds a key)";

/// Refuses an address that holds a key, in words that do not repeat it.
pub(crate) fn refuse(uri: &Uri) -> Result<(), Problem> {
    if !contains_key(uri.path()) && !uri.query().is_some_and(holds_key) {
        return Ok(());
    }
    let detail =
        "the address holds a key; it was not looked at, and everybody who saw the address has it now";
    Err(Problem::new(StatusCode::BAD_REQUEST, "key_in_url", "A key does not belong in an address", detail)
        .hint(
            "send the header Authorization: Bearer KEY, and have a key that was sent in an address revoked",
        ))
}

/// The path for logs and problems.
pub(crate) fn shown_path(uri: &Uri) -> &str {
    if contains_key(uri.path()) { HIDDEN } else { uri.path() }
}

/// The query for logs and problems.
pub(crate) fn shown_query(uri: &Uri) -> Option<&str> {
    uri.query().map(|query| if holds_key(query) { HIDDEN } else { query })
}

/// Path and query for problems.
pub(crate) fn shown(uri: &Uri) -> String {
    match shown_query(uri) {
        Some(query) => format!("{}?{query}", shown_path(uri)),
        None => shown_path(uri).to_owned(),
    }
}

fn holds_key(query: &str) -> bool {
    contains_key(query) || pairs(query).iter().any(|(name, value)| is_name(name) || contains_key(value))
}

/// The pairs of a query, decoded: a key may be percent-encoded. None of one that is no query, which no handler reads either.
fn pairs(query: &str) -> Vec<(String, String)> {
    let uri = Uri::builder().path_and_query(format!("/?{query}")).build().ok();
    uri.and_then(|uri| Query::try_from_uri(&uri).ok()).map(|Query(pairs)| pairs).unwrap_or_default()
}

fn is_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    NAMES.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_by_its_name_and_by_its_form() {
        let key = format!("utb_abababab_{}", "cd".repeat(32));
        for address in [
            "/v1/kpis?key=abc".to_owned(),
            "/v1/kpis?by=county&Access_Token=abc".to_owned(),
            "/v1/kpis?api-key=abc".to_owned(),
            "/v1/kpis?%74oken=abc".to_owned(),
            "/v1/kpis?apikey".to_owned(),
            format!("/v1/kpis?q={key}"),
            format!("/v1/kpis?q={}", key.replace('_', "%5F")),
            format!("/v1/kpis/{key}"),
        ] {
            let uri: Uri = address.parse().unwrap();
            let problem = refuse(&uri).unwrap_err();
            let text = format!("{problem:?} {}", shown(&uri));
            assert_eq!(problem.code, "key_in_url", "{address}");
            assert!(!text.contains("abc") && !text.contains("cdcd"), "{text}");
        }
    }

    #[test]
    fn other_addresses_are_shown_as_they_are() {
        for address in
            ["/", "/v1/kpis?by=county&keys=1&monkey=2", "/v1/kpis/key/values?x=token", "/a?%FF=%zz"]
        {
            let uri: Uri = address.parse().unwrap();
            assert!(refuse(&uri).is_ok(), "{address}");
            assert_eq!(shown(&uri), address);
        }
    }
}
