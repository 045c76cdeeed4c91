//! What stands beside the rows, as JSON.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};
use utbredt_answer::diff::DiffMeta;
use utbredt_answer::{AgeBand, Denominator, Meta, Rows, Unanswered};
use utbredt_kpi::{By, Change, Lang};

/// How to read the answer of a KPI, and what it was asked under.
#[must_use]
pub fn of_answer(meta: &Meta, language: Lang) -> Value {
    json!({
        "edition": meta.edition,
        "as_of": moment(meta.recorded_at),
        "kpi_id": meta.kpi_id,
        "kpi_version": meta.kpi_version,
        "title": meta.title.get(language),
        "unit": meta.unit,
        "better": meta.better.as_str(),
        "by": meta.by.as_str(),
        "borders": meta.borders.to_string(),
        "policy": meta.policy.as_str(),
        "granularity": meta.granularity,
        "from": meta.from.to_string(),
        "to": meta.to.to_string(),
        "params": meta.params,
        "unanswered": meta.unanswered.iter().map(|one| unanswered(one, language)).collect::<Vec<_>>(),
        "filter": filter(&meta.filter),
        "rows": meta.rows,
        "coverage": meta.coverage,
        "sources": meta.sources,
        "denominators": meta.denominators.iter().map(denominator).collect::<Vec<_>>(),
        "uncounted_ages": meta.uncounted_ages.iter().map(ages).collect::<Vec<_>>(),
        "synthetic": meta.synthetic,
        "caveats": meta.caveats.get(language),
        "changes": meta.changes.iter().map(|one| change(one, language)).collect::<Vec<_>>(),
    })
}

/// A change of the definition.
fn change(one: &Change, language: Lang) -> Value {
    json!({ "version": one.version, "date": one.date.to_string(), "text": one.text.get(language) })
}

/// How to read a diff, and what the two editions do not have in common.
#[must_use]
pub fn of_diff(meta: &DiffMeta, language: Lang) -> Value {
    let request = &meta.request;
    let tables: Map<String, Value> =
        meta.tables.iter().map(|(cause, tables)| (cause.as_str().to_owned(), json!(tables))).collect();
    let causes: Map<String, Value> =
        meta.causes.iter().map(|(cause, rows)| (cause.as_str().to_owned(), json!(rows))).collect();
    json!({
        "kpi_id": meta.kpi_id,
        "title": meta.title.get(language),
        "unit": meta.unit,
        "before": edition(meta.before, meta.recorded_before, meta.version_before),
        "after": edition(meta.after, meta.recorded_after, Some(meta.version_after)),
        "by": request.by.as_str(),
        "borders": request.borders.to_string(),
        "policy": request.policy.as_str(),
        "from": meta.from.to_string(),
        "to": meta.to.to_string(),
        "params": request.params,
        "filter": filter(&request.filter),
        "rows": meta.rows,
        "compared": meta.compared,
        "rows_by_cause": causes,
        "tables_by_cause": tables,
        "superseded": meta.superseded,
        "corrections": meta.corrections,
        "deliveries": meta.deliveries,
        "synthetic": meta.synthetic,
    })
}

/// What stands beside the rows of a look-up or a SELECT.
#[must_use]
pub fn of_rows(rows: &Rows) -> Value {
    json!({ "edition": rows.edition, "rows": rows.count() })
}

/// A moment, to the second and with what is left of it.
#[must_use]
pub fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn edition(number: u64, at: DateTime<Utc>, version: Option<u32>) -> Value {
    json!({ "edition": number, "as_of": moment(at), "kpi_version": version })
}

/// The areas that chose the municipalities, by the column that holds their keys.
fn filter(filter: &BTreeMap<By, Vec<String>>) -> Map<String, Value> {
    filter.iter().filter_map(|(by, codes)| Some((by.key()?.to_owned(), json!(codes)))).collect()
}

fn unanswered(one: &Unanswered, language: Lang) -> Value {
    json!({ "solution_id": one.solution_id, "reason": one.reason, "text": one.text.as_ref().map(|text| text.get(language)) })
}

fn ages(band: &AgeBand) -> Value {
    json!({ "age_from": band.age_from, "age_to": band.age_to })
}

fn denominator(counted: &Denominator) -> Value {
    json!({
        "reference_date": counted.reference_date.to_string(),
        "age_from": counted.age_from,
        "age_to": counted.age_to,
        "vintage": counted.vintage,
    })
}
