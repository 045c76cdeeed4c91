//! Which format and which language an answer takes: `?format=` and `?lang=` first, then `Accept` and
//! `Accept-Language`. A named format that is not there is refused, never replaced by another.

use axum::http::{HeaderMap, StatusCode, header};

use utbredt_formats::Format;
use utbredt_kpi::Lang;

use crate::problem::{Problem, nearest};

/// Formats that are promised for later; naming them gives a better answer than "unknown".
const LATER: [&str; 2] = ["parquet", "json-stat2"];

fn available() -> String {
    let names: Vec<_> = Format::ALL.iter().map(|format| format.as_str()).collect();
    format!("available now: {}", names.join(", "))
}

/// The requested format.
pub(crate) fn format(named: Option<&str>, headers: &HeaderMap) -> Result<Format, Problem> {
    match named {
        Some(name) => format_named(name),
        None => accepted(headers),
    }
}

fn format_named(name: &str) -> Result<Format, Problem> {
    if let Some(format) = Format::parse(name) {
        return Ok(format);
    }
    let problem = if LATER.contains(&name) {
        Problem::bad_argument(
            "format_not_available",
            format!("the format {name} is not written by this version"),
        )
    } else {
        let known = Format::ALL.iter().map(|format| format.as_str());
        Problem::bad_argument("unknown_format", format!("there is no format {name:?}"))
            .did_you_mean(nearest(name, known))
    };
    Err(problem.hint(available()))
}

/// The best format of `Accept`. Each format takes the weight of the most specific range that covers it, as
/// RFC 9110 §12.5.1 has it; of equals the earlier in `ALL` wins, so a browser gets JSON.
fn accepted(headers: &HeaderMap) -> Result<Format, Problem> {
    let ranges = weighted(headers, header::ACCEPT);
    if ranges.is_empty() {
        return Ok(Format::Json);
    }
    let mut best: Option<(f32, Format)> = None;
    // Of two formats of one media type the first is meant; the other has to be named.
    let mut kinds = Vec::new();
    for format in Format::ALL.iter().copied() {
        if kinds.contains(&format.content_type()) {
            continue;
        }
        kinds.push(format.content_type());
        let weight = weight_of(format, &ranges);
        if weight > 0.0 && best.is_none_or(|(other, _)| weight > other) {
            best = Some((weight, format));
        }
    }
    best.map(|(_, format)| format).ok_or_else(|| {
        let detail = "none of the media types in Accept is written here";
        Problem::new(StatusCode::NOT_ACCEPTABLE, "not_acceptable", "No acceptable format", detail)
            .hint(format!("{} (by ?format=, or by their media types in Accept)", available()))
    })
}

fn weight_of(format: Format, ranges: &[(String, f32)]) -> f32 {
    let media = format.content_type().split(';').next().unwrap_or_default();
    let any_subtype = media.split('/').next().map(|kind| format!("{kind}/*")).unwrap_or_default();
    for media_range in [media, any_subtype.as_str(), "*/*"] {
        if let Some((_, weight)) = ranges.iter().find(|(range, _)| range == media_range) {
            return *weight;
        }
    }
    0.0
}
/// The language asked for, for titles and caveats; bokmål for one who asks for nothing we have. A header that names
/// none of ours is a preference we cannot meet, not an error; `?lang=` is an argument and must be right.
pub(crate) fn language(named: Option<&str>, headers: &HeaderMap) -> Result<Lang, Problem> {
    if let Some(name) = named {
        return language_of(name).ok_or_else(|| {
            Problem::bad_argument("unknown_language", format!("there is no language {name:?} here"))
                .hint("lang is one of nb, nn, en")
        });
    }
    let mut best: Option<(f32, Lang)> = None;
    for (tag, weight) in weighted(headers, header::ACCEPT_LANGUAGE) {
        if let Some(language) = language_of(&tag)
            && weight > 0.0
            && best.is_none_or(|(other, _)| weight > other)
        {
            best = Some((weight, language));
        }
    }
    Ok(best.map_or(Lang::Nb, |(_, language)| language))
}

/// `no` is what older systems send for bokmål.
fn language_of(tag: &str) -> Option<Lang> {
    match tag.split('-').next().unwrap_or_default() {
        "nb" | "no" => Some(Lang::Nb),
        "nn" => Some(Lang::Nn),
        "en" => Some(Lang::En),
        _ => None,
    }
}

/// Whether the client takes an answer compressed with gzip.
pub(crate) fn takes_gzip(headers: &HeaderMap) -> bool {
    let codings = weighted(headers, header::ACCEPT_ENCODING);
    let named = codings.iter().find(|(coding, _)| coding == "gzip" || coding == "x-gzip");
    named
        .or_else(|| codings.iter().find(|(coding, _)| coding == "*"))
        .is_some_and(|(_, weight)| *weight > 0.0)
}

/// Whether the client would rather read HTML than JSON, as browsers say in `Accept`.
pub(crate) fn prefers_html(headers: &HeaderMap) -> bool {
    let ranges = weighted(headers, header::ACCEPT);
    let html = ranges.iter().find(|(range, _)| range == "text/html").map_or(0.0, |(_, weight)| *weight);
    html > weight_of(Format::Json, &ranges)
}

/// The elements of a weighted list header in lower case, without their parameters. A weight that cannot be read
/// counts as 1: the client did name the thing.
fn weighted(headers: &HeaderMap, name: header::HeaderName) -> Vec<(String, f32)> {
    let mut found = Vec::new();
    for line in headers.get_all(name).iter().filter_map(|value| value.to_str().ok()) {
        for element in line.split(',') {
            let mut parts = element.split(';').map(str::trim);
            let value = parts.next().unwrap_or_default().to_ascii_lowercase();
            if value.is_empty() {
                continue;
            }
            let weight = parts
                .filter_map(|part| part.split_once('='))
                .find(|(key, _)| key.trim().eq_ignore_ascii_case("q"))
                .and_then(|(_, weight)| weight.trim().parse::<f32>().ok())
                .filter(|weight| (0.0..=1.0).contains(weight))
                .unwrap_or(1.0);
            found.push((value, weight));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    fn accept(value: &'static str) -> Result<Format, Problem> {
        format(None, &headers(header::ACCEPT, value))
    }

    #[test]
    fn gzip_is_taken_where_it_is_named_and_not_weighed_down_to_nothing() {
        let taken = |text: &'static str| {
            takes_gzip(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(text))]))
        };
        for yes in ["gzip", "br;q=1.0, GZIP;q=0.1", "*", "x-gzip", "deflate, *;q=0.5"] {
            assert!(taken(yes), "{yes}");
        }
        for no in ["", "identity", "gzip;q=0", "*;q=0", "*, gzip;q=0", "br"] {
            assert!(!taken(no), "{no}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn accept_chooses_by_weight_and_specificity() {
        assert_eq!(accept("text/csv"), Ok(Format::Csv));
        assert_eq!(accept("application/json;q=0.5, text/csv"), Ok(Format::Csv));
        assert_eq!(accept("text/html,application/xhtml+xml,*/*;q=0.8"), Ok(Format::Json));
        assert_eq!(accept("*/*, application/json;q=0"), Ok(Format::Csv));
        assert_eq!(accept("text/*"), Ok(Format::Csv));
        assert_eq!(accept("Application/Vnd.Apache.Arrow.Stream"), Ok(Format::Arrow));
        assert_eq!(format(None, &HeaderMap::new()), Ok(Format::Json));
        assert_eq!(accept("image/png").map_err(|problem| problem.status), Err(StatusCode::NOT_ACCEPTABLE));
    }

    #[test]
    fn only_a_browser_gets_html() {
        let html = |value| prefers_html(&headers(header::ACCEPT, value));
        assert!(html("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
        assert!(html("text/html"));
        for other in ["*/*", "application/json", "text/html;q=0.5, application/json", "text/html;q=0.5,*/*"] {
            assert!(!html(other), "{other}");
        }
        assert!(!prefers_html(&HeaderMap::new()));
    }

    #[test]
    fn a_named_format_wins_over_accept_and_is_never_replaced() {
        let json_only = headers(header::ACCEPT, "application/json");
        assert_eq!(format(Some("csv-excel"), &json_only), Ok(Format::CsvExcel));
        let later = format(Some("parquet"), &json_only).unwrap_err();
        assert_eq!((later.status, later.code.as_str()), (StatusCode::BAD_REQUEST, "format_not_available"));
        assert!(later.hint.unwrap().contains("csv-excel"));
        let misspelt = format(Some("jsn"), &json_only).unwrap_err();
        assert_eq!(misspelt.did_you_mean.as_deref(), Some("json"));
    }

    #[test]
    fn language_follows_the_query_then_the_header_then_bokmaal() {
        let accepted = |value| language(None, &headers(header::ACCEPT_LANGUAGE, value));
        assert_eq!(accepted("en-GB,en;q=0.9,nb;q=0.8"), Ok(Lang::En));
        assert_eq!(accepted("de, nn;q=0.4, nb;q=0.3"), Ok(Lang::Nn));
        assert_eq!(accepted("no"), Ok(Lang::Nb));
        assert_eq!(accepted("de"), Ok(Lang::Nb));
        assert_eq!(accepted("en;q=0, nn;q=0.1"), Ok(Lang::Nn));
        assert_eq!(language(Some("nn"), &headers(header::ACCEPT_LANGUAGE, "en")), Ok(Lang::Nn));
        assert!(language(Some("de"), &HeaderMap::new()).is_err());
    }
}
