//! Query strings and elements of batches as pairs of names and values. What the names mean for a KPI is read by the one
//! parser of requests, `KpiRequest::parse`; here only the words about how an answer is written are taken out.

use std::collections::BTreeMap;

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use serde_json::Value;
use utbredt_kpi::KpiRequest;

use crate::problem::{Problem, nearest};

/// What axum hands over for the query string: the pairs in their order, or why it could not be read.
pub(crate) type Pairs = Result<Query<Vec<(String, String)>>, QueryRejection>;

/// Keys about how the answer is written.
const PRESENTATION: [&str; 2] = ["format", "lang"];

/// What a batch looks like.
pub(crate) const BATCH_FORM: &str = "send an array of 1 to 50 like [{\"id\": \"adoption.reach\", \"params\": {\"solution_id\": \"digisos\"}, \"by\": \"county\"}]";

/// What a request asks for, and how it wants it written.
#[derive(Debug)]
pub(crate) struct ParsedQuery<T> {
    pub(crate) what: T,
    pub(crate) format: Option<String>,
    pub(crate) lang: Option<String>,
}

/// The pairs of a query string, in their order, without those about how the answer is written.
pub(crate) fn pairs(pairs: Pairs) -> Result<ParsedQuery<Vec<(String, String)>>, Problem> {
    let Query(pairs) = pairs.map_err(|error| {
        Problem::bad_argument("invalid_query", error.body_text())
            .hint("write it as name=value&name=value, percent-encoded")
    })?;
    let (mut what, mut written) = (Vec::new(), BTreeMap::new());
    for (key, value) in pairs {
        if !PRESENTATION.contains(&key.as_str()) {
            what.push((key, value));
        } else if written.insert(key.clone(), value).is_some() {
            return Err(repeated(&key));
        }
    }
    let (format, lang) = (written.remove("format"), written.remove("lang"));
    Ok(ParsedQuery { what, format, lang })
}

/// Reads the pairs into a map with the keys of `known` alone. A key given twice is refused: taking either silently would
/// answer another question.
pub(crate) fn only(given: Pairs, known: &[&str]) -> Result<ParsedQuery<BTreeMap<String, String>>, Problem> {
    let parsed = pairs(given)?;
    let mut map = BTreeMap::new();
    for (key, value) in parsed.what {
        if !known.contains(&key.as_str()) {
            return Err(unknown_key(&key, known.iter().copied().chain(PRESENTATION)));
        }
        if map.contains_key(&key) {
            return Err(repeated(&key));
        }
        map.insert(key, value);
    }
    Ok(ParsedQuery { what: map, format: parsed.format, lang: parsed.lang })
}

/// Reads one element of a batch: `{"id": …, "params": {…}, "where": {…}, "by": …, …}` as the pairs of a query. Values are
/// texts, numbers, or where a list is taken arrays of them.
pub(crate) fn element(element: &Value) -> Result<(String, Vec<(String, String)>), Problem> {
    let Some(object) = element.as_object() else {
        return Err(invalid("an element of the batch must be an object with an id"));
    };
    let mut pairs = Vec::new();
    let mut id = None;
    for (key, value) in object {
        match (key.as_str(), value) {
            ("id", Value::String(text)) => id = Some(text.clone()),
            ("params", Value::Object(inner)) => {
                for (name, value) in inner {
                    add(&mut pairs, name, value)?;
                }
            }
            ("where", Value::Object(inner)) => {
                for (name, value) in inner {
                    add(&mut pairs, &format!("where.{name}"), value)?;
                }
            }
            ("format" | "lang", _) => {
                return Err(invalid(&format!("{key} is chosen for the whole batch, in the query string")));
            }
            (option, value) if KpiRequest::OPTIONS.contains(&option) => add(&mut pairs, key, value)?,
            ("id" | "params" | "where", _) => return Err(invalid(&format!("{key} has the wrong type"))),
            _ => {
                return Err(unknown_key(
                    key,
                    KpiRequest::OPTIONS.into_iter().chain(["id", "params", "where"]),
                ));
            }
        }
    }
    let id = id.ok_or_else(|| invalid("an element of the batch has no id"))?;
    Ok((id, pairs))
}

fn invalid(detail: &str) -> Problem {
    Problem::bad_argument("invalid_batch", detail).hint(BATCH_FORM)
}

/// Adds a value as texts; an absent one adds nothing.
fn add(pairs: &mut Vec<(String, String)>, key: &str, value: &Value) -> Result<(), Problem> {
    match value {
        Value::String(text) => pairs.push((key.to_owned(), text.clone())),
        Value::Number(number) => pairs.push((key.to_owned(), number.to_string())),
        Value::Null => {}
        Value::Array(values) if values.iter().all(|value| !value.is_array()) => {
            for value in values {
                add(pairs, key, value)?;
            }
        }
        _ => return Err(invalid(&format!("{key} must be a text, a number or a list of them"))),
    }
    Ok(())
}

fn repeated(key: &str) -> Problem {
    Problem::bad_argument("repeated_parameter", format!("{key} is given more than once"))
        .hint("give each parameter once; send another request for another value")
}

fn unknown_key<'a>(key: &str, known: impl Iterator<Item = &'a str> + Clone) -> Problem {
    let mut names: Vec<_> = known.clone().collect();
    names.sort_unstable();
    Problem::bad_argument("unknown_parameter", format!("there is no parameter {key:?} here"))
        .hint(format!("the parameters are {}", names.join(", ")))
        .did_you_mean(nearest(key, known))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn given(pairs: &[(&str, &str)]) -> Pairs {
        Ok(Query(texts(pairs)))
    }

    fn texts(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn how_an_answer_is_written_is_taken_out_and_the_rest_keeps_its_order() {
        let parsed = pairs(given(&[
            ("by", "county"),
            ("format", "csv"),
            ("county_code", "03"),
            ("county_code", "46"),
        ]));
        let parsed = parsed.unwrap();
        assert_eq!(parsed.what, texts(&[("by", "county"), ("county_code", "03"), ("county_code", "46")]));
        assert_eq!((parsed.format.as_deref(), parsed.lang), (Some("csv"), None));
        let twice = pairs(given(&[("lang", "nb"), ("lang", "en")]));
        assert_eq!(twice.unwrap_err().code, "repeated_parameter");
    }

    #[test]
    fn keys_a_route_does_not_take_are_refused_with_the_nearest() {
        let problem = only(given(&[("sinse", "3")]), &["since"]).unwrap_err();
        assert_eq!(
            (problem.code.as_str(), problem.did_you_mean.as_deref()),
            ("unknown_parameter", Some("since"))
        );
        let twice = only(given(&[("since", "3"), ("since", "4")]), &["since"]);
        assert_eq!(twice.unwrap_err().code, "repeated_parameter");
    }

    #[test]
    fn an_element_of_a_batch_is_read_like_a_query() {
        let body = json!({"id": "adoption.reach", "params": {"solution_id": "digisos"},
            "where": {"county_code": ["03", "46"]}, "as_of": 7, "by": null});
        let (id, pairs) = element(&body).unwrap();
        assert_eq!(id, "adoption.reach");
        assert_eq!(
            pairs,
            texts(&[
                ("solution_id", "digisos"),
                ("where.county_code", "03"),
                ("where.county_code", "46"),
                ("as_of", "7")
            ])
        );
        for wrong in [
            json!([]),
            json!({}),
            json!({"id": 3}),
            json!({"id": "a", "format": "csv"}),
            json!({"id": "a", "parms": {}}),
            json!({"id": "a", "by": {"x": 1}}),
        ] {
            assert_eq!(element(&wrong).unwrap_err().status.as_u16(), 400, "{wrong}");
        }
    }
}
