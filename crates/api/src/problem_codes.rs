//! The catalogue of problem codes, and the pages their `type` addresses lead to. A code is part of the contract: one
//! that is once here keeps its meaning.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::html;
use crate::negotiate::prefers_html;
use crate::problem::{Problem, nearest};
use crate::state::ApiState;

/// What a problem code means and how it is fixed.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct ProblemCode {
    /// The stable name, the last part of a problem's `type`.
    pub(crate) code: &'static str,
    /// The HTTP status it comes with. Where a name may be in the path or in an argument, that in the path; an argument
    /// gives 400.
    pub(crate) status: u16,
    /// What it means.
    pub(crate) meaning: &'static str,
    /// What to do about it.
    pub(crate) fix: &'static str,
}

const fn code(code: &'static str, status: u16, meaning: &'static str, fix: &'static str) -> ProblemCode {
    ProblemCode { code, status, meaning, fix }
}

/// Where the names of a kind are listed.
const LISTED_BY_KPI: &str = "Take the name in did_you_mean, or one that GET /v1/kpis/{id} lists.";
const LISTED_IN_HINT: &str = "Take the name in did_you_mean, or one that the hint lists.";
const TRY_LATER: &str = "Send the same request again after the seconds of Retry-After.";
const OPERATOR: &str =
    "Give the request_id to whoever runs the server: the cause is in its log under that id.";

/// Every code a response can carry, in alphabetical order.
pub(crate) const CODES: [ProblemCode; 74] = [
    code("bad_request", 400, "The request could not be parsed as HTTP.", "Percent-encode the path as UTF-8."),
    code("busy", 503, "Another writer holds the lake; the delivery was not evaluated.", TRY_LATER),
    code("empty_body", 400, "The delivery has no bytes.", "Send the file as the body of the request."),
    code(
        "format_not_available",
        400,
        "The format exists but this resource is not written in it.",
        "Take a format that the hint lists.",
    ),
    code(
        "held_quota_exceeded",
        507,
        "The delivery would be held, and those that are held take all the room there is; nothing of it is kept.",
        "Correct what would hold it (dry_run=true shows what), or have held deliveries released or discarded.",
    ),
    code(
        "idempotency_key_reused",
        422,
        "The Idempotency-Key was sent before with another delivery.",
        "Make a new key for each delivery; send the same key only to repeat one.",
    ),
    code("internal", 500, "The server failed to finish the answer.", OPERATOR),
    code(
        "invalid_batch",
        400,
        "The body is not an array of 1 to 50 KPI requests.",
        "Send an array of objects, each with the id of a KPI.",
    ),
    code(
        "invalid_date",
        400,
        "A bound is neither a day nor a period.",
        "Write a day as YYYY-MM-DD, a period as 2020-12, 2020-Q4 or 2020.",
    ),
    code(
        "invalid_delivery",
        400,
        "A parameter of the delivery is missing or malformed.",
        "Send source_id and subject, each 1 to 255 characters; dry_run is true or false.",
    ),
    code(
        "invalid_idempotency_key",
        400,
        "Idempotency-Key is empty, too long or given twice.",
        "Send it once, as 1 to 255 visible characters; a random UUID will do.",
    ),
    code(
        "invalid_parameter",
        400,
        "A parameter of the KPI is missing or malformed.",
        "GET /v1/kpis/{id} lists the parameters with an example of each.",
    ),
    code(
        "invalid_query",
        400,
        "The query string could not be parsed.",
        "Write it as name=value&name=value, percent-encoded.",
    ),
    code(
        "invalid_register_change",
        400,
        "A change of a register lacks its reason, or has a parameter that is malformed.",
        "Send ?reason=TEXT, or ?dry_run=true to see what the file would do.",
    ),
    code(
        "invalid_release",
        400,
        "The release has no reason, or one without a letter or a digit, or one that is too long.",
        "Send a JSON object with the field reason, 1 to 2000 bytes with a letter or a digit among them.",
    ),
    code("invalid_value", 400, "A value has the wrong form or is out of range.", "The hint names what fits."),
    code(
        "key_in_url",
        400,
        "The address holds a key. It was not looked at, and is not in the log of this server.",
        "Send the header Authorization: Bearer KEY, and have a key that was sent in an address revoked.",
    ),
    code(
        "key_invalid",
        401,
        "The key is not known, has expired or was revoked.",
        "Send the key as it was printed; whoever runs the server makes a new one with `utbredt key new`.",
    ),
    code(
        "key_required",
        401,
        "The address needs a key, and none was sent.",
        "Send the header Authorization: Bearer KEY; whoever runs the server makes keys.",
    ),
    code(
        "key_scope",
        403,
        "The key is valid, but not for this.",
        "Have whoever runs the server make a key with the scope that the detail names.",
    ),
    code(
        "lake_damaged",
        500,
        "A file of the lake does not hold the bytes its edition records; nothing was computed from it.",
        "Whoever runs the server runs `utbredt verify` and restores the file from a copy.",
    ),
    code("length_required", 411, "The body has no length.", "Send Content-Length."),
    code(
        "method_not_allowed",
        405,
        "The address exists but does not answer this method.",
        "Use a method that the header Allow lists.",
    ),
    code(
        "missing_parameter",
        400,
        "A required parameter is not given.",
        "The detail names it, the hint shows how it is written.",
    ),
    code(
        "not_acceptable",
        406,
        "No media type in Accept is written here.",
        "Accept application/json, text/csv or application/vnd.apache.arrow.stream.",
    ),
    code("not_held", 409, "The delivery is not held.", "GET /v1/held lists those that are held."),
    code("not_ready", 503, "The server has not opened its lake yet.", TRY_LATER),
    code(
        "not_releasable",
        409,
        "A release would count something twice, or nothing of the delivery can be read.",
        "The detail names it; deliver a file or a contract that is right.",
    ),
    code("number_overflow", 500, "A sum of the answer is larger than 64 bits hold.", OPERATOR),
    code("overloaded", 503, "Too many questions wait for their turn.", TRY_LATER),
    code(
        "payload_too_large",
        413,
        "The body is larger than this address takes.",
        "Send it in parts: 64 KiB for a batch; for a delivery the detail states how much.",
    ),
    code("query_invalid", 500, "A query file of the server is wrong.", OPERATOR),
    code(
        "question_too_large",
        400,
        "It is about more periods than are answered at once, or its computation took more memory than there is.",
        "Request fewer or longer periods, or fewer solutions.",
    ),
    code(
        "refused",
        400,
        "The statement does something a read-only query must not.",
        "The hint gives what to write instead.",
    ),
    code(
        "repeated_parameter",
        400,
        "A parameter is given more than once.",
        "Give it once; send another request for another value.",
    ),
    code("request_failed", 400, "The request was rejected before it reached a handler.", "See the status."),
    code(
        "source_not_allowed",
        403,
        "The token may not deliver for this source.",
        "Whoever runs the server knows for which sources the token is valid.",
    ),
    code(
        "timeout",
        503,
        "The answer was not ready within the time limit.",
        "Send the same request again after the seconds of Retry-After, or request fewer periods.",
    ),
    code(
        "too_many_attempts",
        429,
        "Too many deliveries without a valid token wait at once; this one was not looked at.",
        "Send a valid token for a source it may deliver for.",
    ),
    code(
        "unauthorized",
        401,
        "The delivery carries no valid token.",
        "Send the header Authorization: Bearer TOKEN.",
    ),
    code("unknown_argument", 400, "The table function has no such argument.", LISTED_IN_HINT),
    code(
        "unknown_borders",
        400,
        "There are no such borders.",
        "borders is then, now or a day as YYYY-MM-DD.",
    ),
    code("unknown_county", 400, "There is no such county in the borders of the answer.", LISTED_IN_HINT),
    code(
        "unknown_edition",
        404,
        "There is no such edition, or it is not served yet. In the path 404, as an argument 400.",
        "GET /v1/editions lists them.",
    ),
    code("unknown_filter", 400, "There is no such filter.", LISTED_IN_HINT),
    code("unknown_format", 400, "There is no such format.", LISTED_IN_HINT),
    code(
        "unknown_granularity",
        400,
        "There is no such granularity.",
        "granularity is day, week, month, quarter, half_year, year, or range for the whole span.",
    ),
    code(
        "unknown_grouping",
        400,
        "by names no kind of area.",
        "by is municipality, county, network, peer_group, wave or nation.",
    ),
    code("unknown_group", 400, "There is no such group.", LISTED_IN_HINT),
    code("unknown_kpi", 404, "There is no such KPI.", "GET /v1/kpis lists them."),
    code("unknown_language", 400, "There is no such language.", "lang is nb, nn or en."),
    code("unknown_measure", 400, "The solution has no such measure.", LISTED_IN_HINT),
    code("unknown_metric", 400, "There is no such metric.", LISTED_IN_HINT),
    code(
        "unknown_municipality",
        404,
        "There is no such municipality, or not in the borders of the answer. In the path 404, as an argument 400.",
        "GET /v1/municipalities lists them.",
    ),
    code("unknown_name", 400, "A name is not known.", LISTED_IN_HINT),
    code(
        "unknown_network",
        404,
        "There is no such digitalisation network. In the path 404, as an argument 400.",
        "GET /v1/networks lists them.",
    ),
    code("unknown_parameter", 400, "There is no such parameter at this address.", LISTED_BY_KPI),
    code("unknown_path", 404, "There is nothing at this address.", "GET / lists the addresses."),
    code("unknown_peer_group", 400, "There is no such peer group.", LISTED_IN_HINT),
    code(
        "unknown_policy",
        400,
        "There is no such policy for municipalities that were split.",
        LISTED_IN_HINT,
    ),
    code("unknown_problem", 404, "There is no such problem code.", "GET /problems lists them."),
    code("unknown_receipt", 404, "There is no such receipt.", "GET /v1/held lists those that are held."),
    code("unknown_register", 404, "There is no such register.", "GET /v1/registers names them."),
    code("unknown_rollout", 404, "No rollout of that solution is known.", "GET /v1/rollouts lists them."),
    code(
        "unknown_solution",
        404,
        "There is no such solution. In the path 404, as an argument 400.",
        "GET /v1/solutions lists them.",
    ),
    code("unknown_source", 400, "There is no such source.", "GET /v1/status lists them."),
    code("unknown_table", 400, "There is no such table.", LISTED_IN_HINT),
    code("unknown_wave", 400, "There is no such wave.", LISTED_IN_HINT),
    code(
        "year_out_of_bounds",
        400,
        "A day or period lies in a year that no request may name.",
        "Write a year from 1900 to 2199.",
    ),
    code("unreadable_body", 400, "The body ended before it was complete.", "Send the request again."),
    code(
        "unsupported_media_type",
        415,
        "The body has the wrong Content-Type.",
        "Send Content-Type: application/json.",
    ),
    code("uri_too_long", 414, "The address is too long.", "POST /v1/kpis:batch takes the same in its body."),
    code(
        "wrong_host",
        421,
        "The name in the address is none of this server's.",
        "Use the address of the server, or have whoever runs it add the name: serve --host NAME.",
    ),
    code("lake_unreadable", 500, "The lake could not be read.", OPERATOR),
];

/// The entry of a code.
pub(crate) fn find(code: &str) -> Option<&'static ProblemCode> {
    CODES.iter().find(|known| known.code == code)
}

/// Whether a problem code is in the catalogue that `GET /problems` serves.
#[must_use]
pub fn is_problem_code(code: &str) -> bool {
    find(code).is_some()
}

/// `GET /problems`: every code.
pub(crate) async fn list_problems(headers: HeaderMap) -> Response {
    if prefers_html(&headers) {
        let rows: String = CODES.iter().map(row).collect();
        return page("Problem codes", &format!("<dl>{rows}</dl>"));
    }
    ([CACHE], Json(serde_json::json!({ "data": CODES.as_slice() }))).into_response()
}

/// `GET /problems/{code}`: what a code means and how it is fixed. Answers without a lake, since a code may say that
/// there is none.
pub(crate) async fn describe_problem(
    State(_state): State<ApiState>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let found = find(&name).ok_or_else(|| {
        Problem::not_found("unknown_problem", format!("there is no problem code {name:?}"))
            .hint("GET /problems lists them")
            .did_you_mean(nearest(&name, CODES.iter().map(|known| known.code)))
    })?;
    if prefers_html(&headers) {
        return Ok(page(found.code, &format!("<dl>{}</dl>", row(found))));
    }
    Ok(([CACHE], Json(found)).into_response())
}

/// The catalogue changes with the program only.
const CACHE: (header::HeaderName, HeaderValue) =
    (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));

fn row(known: &ProblemCode) -> String {
    format!(
        "<dt><code>{}</code> ({})</dt><dd>{}<br>Fix: {}</dd>\n",
        known.code,
        known.status,
        html::escape(known.meaning),
        html::escape(known.fix)
    )
}

fn page(title: &str, body: &str) -> Response {
    html::page(
        title,
        &format!("<h1>{}</h1>\n{body}\n<p><a href=\"/problems\">All codes</a></p>", html::escape(title)),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_is_there_once_with_what_to_do() {
        let names: BTreeSet<_> = CODES.iter().map(|known| known.code).collect();
        assert_eq!(names.len(), CODES.len());
        for known in CODES {
            assert!((400..600).contains(&known.status), "{known:?}");
            assert!(known.meaning.ends_with('.') && known.fix.ends_with('.'), "{known:?}");
        }
    }
}
