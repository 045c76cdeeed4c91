//! Words of a request to a `KpiRequest`. The query string and an element of a batch are read by the same rules, and a
//! word nobody knows is refused with the nearest one that is known.

use std::collections::BTreeMap;

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use chrono::NaiveDate;
use serde_json::Value;
use utbredt_engine::{AsOf, Borders, By, EngineError, KpiRequest, Policy, day_after, first_day};
use utbredt_model::Granularity;

use crate::problem::{Place, Problem, nearest};

/// What axum hands over for the query string: the pairs in their order, or why it could not be read.
pub(crate) type Pairs = Result<Query<Vec<(String, String)>>, QueryRejection>;

/// Keys that mean the same for every KPI.
const OPTIONS: [&str; 7] = ["by", "borders", "policy", "as_of", "from", "to", "granularity"];
/// Keys about how the answer is written.
const PRESENTATION: [&str; 2] = ["format", "lang"];
/// Filters that need no `where.` before them.
const FILTERS: [&str; 4] = ["municipality_code", "county_code", "network_id", "group_code"];

/// What a batch looks like.
pub(crate) const BATCH_FORM: &str = "send an array of 1 to 50 like [{\"id\": \"adoption.reach\", \"params\": {\"solution_id\": \"digisos\"}, \"by\": \"county\"}]";

/// What a request asks for, and how it wants it written.
#[derive(Debug)]
pub(crate) struct Asked<T> {
    pub(crate) what: T,
    pub(crate) format: Option<String>,
    pub(crate) lang: Option<String>,
}

/// Reads the pairs into a map. A key given twice is refused: taking either silently would answer another question.
pub(crate) fn read(pairs: Pairs) -> Result<BTreeMap<String, String>, Problem> {
    let Query(pairs) = pairs.map_err(|error| {
        Problem::bad_argument("invalid_query", error.body_text())
            .hint("write it as name=value&name=value, percent-encoded")
    })?;
    let mut map = BTreeMap::new();
    for (key, value) in pairs {
        if map.contains_key(&key) {
            return Err(repeated(format!("{key} is given more than once")));
        }
        map.insert(key, value);
    }
    Ok(map)
}

/// Splits off `format`, `lang` and the keys of `known`; anything else is refused.
pub(crate) fn only(
    mut map: BTreeMap<String, String>,
    known: &[&str],
) -> Result<Asked<BTreeMap<String, String>>, Problem> {
    let (format, lang) = (map.remove("format"), map.remove("lang"));
    if let Some(key) = map.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(unknown_key(key, known.iter().copied().chain(PRESENTATION)));
    }
    Ok(Asked { what: map, format, lang })
}

/// Reads the query of `/kpis/{id}/values`. `parameters` are the names the KPI declares.
pub(crate) fn kpi(
    id: &str,
    mut map: BTreeMap<String, String>,
    parameters: &[String],
) -> Result<Asked<KpiRequest>, Problem> {
    let (format, lang) = (map.remove("format"), map.remove("lang"));
    let mut taken = |key: &str| map.remove(key).filter(|value| !value.is_empty());
    let plain = KpiRequest::new(id);
    let mut request = KpiRequest {
        by: option(taken("by"), plain.by, By::parse)?,
        borders: option(taken("borders"), plain.borders, Borders::parse)?,
        policy: option(taken("policy"), plain.policy, Policy::parse)?,
        as_of: option(taken("as_of"), plain.as_of, AsOf::parse)?,
        from: taken("from").map(|text| bound("from", &text, first_day)).transpose()?,
        to: taken("to").map(|text| bound("to", &text, day_after)).transpose()?,
        granularity: taken("granularity").map(|text| granularity(&text)).transpose()?,
        ..plain
    };
    for (key, value) in map {
        let filter = key.strip_prefix("where.").or_else(|| FILTERS.contains(&key.as_str()).then_some(&key));
        if parameters.contains(&key) {
            request.params.insert(key, value);
        } else if let Some(filter) = filter {
            if request.filter.insert(filter.to_owned(), value).is_some() {
                let detail = format!("{filter} is given both with and without `where.`");
                return Err(repeated(detail));
            }
        } else if !OPTIONS.contains(&key.as_str()) {
            let known = OPTIONS.into_iter().chain(PRESENTATION).chain(FILTERS);
            return Err(unknown_key(&key, known.chain(parameters.iter().map(String::as_str))));
        }
    }
    Ok(Asked { what: request, format, lang })
}

/// Reads one element of a batch: `{"id": …, "params": {…}, "where": {…}, "by": …, …}` as the pairs of a query.
pub(crate) fn element(element: &Value) -> Result<(String, BTreeMap<String, String>), Problem> {
    let invalid = |detail: String| Problem::bad_argument("invalid_batch", detail).hint(BATCH_FORM);
    let Some(object) = element.as_object() else {
        return Err(invalid("an element of the batch must be an object with an id".to_owned()));
    };
    let mut map = BTreeMap::new();
    let mut id = None;
    for (key, value) in object {
        match (key.as_str(), value) {
            ("id", Value::String(text)) => id = Some(text.clone()),
            ("params", Value::Object(inner)) => {
                for (name, value) in inner {
                    put(&mut map, name.clone(), value)?;
                }
            }
            ("where", Value::Object(inner)) => {
                for (name, value) in inner {
                    put(&mut map, format!("where.{name}"), value)?;
                }
            }
            ("format" | "lang", _) => {
                return Err(invalid(format!("{key} is chosen for the whole batch, in the query string")));
            }
            (option, value) if OPTIONS.contains(&option) => put(&mut map, key.clone(), value)?,
            ("id" | "params" | "where", _) => return Err(invalid(format!("{key} has the wrong type"))),
            _ => return Err(unknown_key(key, OPTIONS.into_iter().chain(["id", "params", "where"]))),
        }
    }
    let id = id.ok_or_else(|| invalid("an element of the batch has no id".to_owned()))?;
    Ok((id, map))
}

fn put(map: &mut BTreeMap<String, String>, key: String, value: &Value) -> Result<(), Problem> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null => return Ok(()),
        _ => {
            let detail = format!("{key} must be a text or a number");
            return Err(Problem::bad_argument("invalid_batch", detail).hint(BATCH_FORM));
        }
    };
    if map.contains_key(&key) {
        return Err(repeated(format!("{key} is given more than once")));
    }
    map.insert(key, text);
    Ok(())
}

fn option<T>(
    text: Option<String>,
    default: T,
    parse: impl FnOnce(&str) -> Result<T, EngineError>,
) -> Result<T, Problem> {
    match text {
        None => Ok(default),
        Some(text) => parse(&text).map_err(|error| Problem::from_engine(&error, Place::Argument)),
    }
}

/// A bound of the periods, read by the engine's rule: a day, or a period such as `2020-12`.
fn bound(
    key: &str,
    text: &str,
    read: fn(&str) -> Result<NaiveDate, EngineError>,
) -> Result<NaiveDate, Problem> {
    // Chrono reads `2025-1-1` too; one day has one spelling here, so that one question has one address.
    let well_formed = text.len() == 10 || text.matches('-').count() < 2;
    read(text).ok().filter(|_| well_formed).ok_or_else(|| {
        Problem::bad_argument("invalid_date", format!("{key} is not a date or period: {text:?}")).hint(
            "write a day as YYYY-MM-DD (from is included, to is not) or a period as 2020-12, 2020-Q4, 2020",
        )
    })
}

/// A day, as `on` takes it.
pub(crate) fn date(key: &str, text: &str) -> Result<NaiveDate, Problem> {
    let well_formed = text.len() == 10;
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| well_formed).ok_or_else(|| {
        Problem::bad_argument("invalid_date", format!("{key} is not a date: {text:?}"))
            .hint("write it as YYYY-MM-DD")
    })
}

fn granularity(text: &str) -> Result<Granularity, Problem> {
    Granularity::parse(text).ok_or_else(|| {
        let names = Granularity::ALL.map(Granularity::as_str);
        Problem::bad_argument("unknown_granularity", format!("there is no granularity {text:?}"))
            .hint(format!("granularity is one of {}", names.join(", ")))
            .did_you_mean(nearest(text, names))
    })
}

fn repeated(detail: String) -> Problem {
    Problem::bad_argument("repeated_parameter", detail)
        .hint("give each parameter once; ask again for another value")
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

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn read_kpi(pairs: &[(&str, &str)]) -> Result<Asked<KpiRequest>, Problem> {
        kpi("adoption.reach", map(pairs), &["solution_id".to_owned()])
    }

    #[test]
    fn parameters_filters_and_options_find_their_places() {
        let asked = read_kpi(&[
            ("solution_id", "digisos"),
            ("municipality_code", "0301"),
            ("where.county_code", "03"),
            ("by", "county"),
            ("from", "2025-01-01"),
            ("granularity", "quarter"),
            ("format", "csv"),
        ])
        .unwrap();
        assert_eq!(asked.what.params, map(&[("solution_id", "digisos")]));
        assert_eq!(asked.what.filter, map(&[("municipality_code", "0301"), ("county_code", "03")]));
        assert_eq!(asked.what.from, NaiveDate::from_ymd_opt(2025, 1, 1));
        assert_eq!(asked.what.granularity, Some(Granularity::Quarter));
        assert_eq!(asked.what.by.as_str(), "county");
        assert_eq!(asked.format.as_deref(), Some("csv"));
    }

    #[test]
    fn a_word_nobody_knows_is_refused_with_the_nearest() {
        let problem = read_kpi(&[("solution", "digisos")]).unwrap_err();
        assert_eq!(problem.code, "unknown_parameter");
        assert_eq!(problem.did_you_mean.as_deref(), Some("solution_id"));
        let problem = read_kpi(&[("granularty", "month")]).unwrap_err();
        assert_eq!(problem.did_you_mean.as_deref(), Some("granularity"));
        let problem = only(map(&[("sinse", "3")]), &["since"]).unwrap_err();
        assert_eq!(problem.did_you_mean.as_deref(), Some("since"));
    }

    #[test]
    fn wrong_values_are_refused_by_name() {
        for (key, value, code) in [
            ("from", "2025-13-01", "invalid_date"),
            ("to", "2025-1-1", "invalid_date"),
            ("granularity", "fortnight", "unknown_granularity"),
        ] {
            let problem = read_kpi(&[(key, value)]).unwrap_err();
            assert_eq!((problem.status.as_u16(), problem.code.as_str()), (400, code));
        }
        for key in ["by", "borders", "policy", "as_of"] {
            assert_eq!(read_kpi(&[(key, "nonsense")]).unwrap_err().status.as_u16(), 400, "{key}");
        }
    }

    #[test]
    fn a_filter_given_twice_is_refused() {
        let twice = read_kpi(&[("municipality_code", "0301"), ("where.municipality_code", "4601")]);
        assert_eq!(twice.unwrap_err().code, "repeated_parameter");
        let pairs = vec![("by".to_owned(), "county".to_owned()), ("by".to_owned(), "nation".to_owned())];
        assert_eq!(read(Ok(Query(pairs))).unwrap_err().code, "repeated_parameter");
    }

    #[test]
    fn an_element_of_a_batch_is_read_like_a_query() {
        let body = json!({"id": "adoption.reach", "params": {"solution_id": "digisos"}, "where": {"county_code": "03"},
            "as_of": 7, "by": null});
        let (id, pairs) = element(&body).unwrap();
        assert_eq!(id, "adoption.reach");
        assert_eq!(pairs, map(&[("solution_id", "digisos"), ("where.county_code", "03"), ("as_of", "7")]));
        for wrong in [
            json!([]),
            json!({}),
            json!({"id": 3}),
            json!({"id": "a", "format": "csv"}),
            json!({"id": "a", "parms": {}}),
            json!({"id": "a", "by": ["x"]}),
        ] {
            assert_eq!(element(&wrong).unwrap_err().status.as_u16(), 400, "{wrong}");
        }
    }
}
