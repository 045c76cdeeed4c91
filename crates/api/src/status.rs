//! `GET /v1/status`: how each source fares. A source that fails says so here for as long as it does.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use utbredt_engine::Run;

use crate::problem::{Place, Problem};
use crate::query::{self, Pairs};
use crate::state::ApiState;

/// The sources by id, each with its last run, its last one that went well, and failures since.
pub(crate) async fn status(State(state): State<ApiState>, pairs: Pairs) -> Result<Response, Problem> {
    query::only(query::read(pairs)?, &[])?;
    let engine = state.engine()?;
    let runs = engine.runs().map_err(|error| Problem::from_engine(&error, Place::Argument))?;
    let edition = engine.edition();
    let sources = sources(&runs);
    let failing = sources.iter().filter(|source| source["well"] == false).count();
    let body = json!({
        "data": sources,
        "meta": {
            "edition": edition.number,
            "recorded_at": moment(edition.recorded_at),
            "failing": failing,
        },
    });
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn sources(runs: &[Run]) -> Vec<Value> {
    let mut by_source: BTreeMap<&str, Vec<&Run>> = BTreeMap::new();
    for run in runs {
        by_source.entry(run.source_id.as_str()).or_default().push(run);
    }
    by_source.into_iter().filter_map(|(id, runs)| told(id, &runs)).collect()
}

fn told(id: &str, runs: &[&Run]) -> Option<Value> {
    let last = runs.last()?;
    let well = runs.iter().rev().find(|run| run.is_healthy());
    Some(json!({
        "source_id": id,
        "well": last.is_healthy(),
        "last_run_at": moment(last.started_at),
        "last_well_at": well.map(|run| moment(run.started_at)),
        "failures_in_a_row": runs.iter().rev().take_while(|run| !run.is_healthy()).count(),
        "failed": last.error,
        "held": last.held,
        "told": last.discrepancies,
        "newest": last.latest_period,
        "lag_days": last.lag_days(),
        "took_ms": last.took_ms,
        "requests": last.requests,
        "bytes": last.bytes,
        "deliveries": last.deliveries,
        "rows_in": last.rows_in,
        "accepted": last.accepted,
        "refused": last.rejected,
        "edition": last.edition,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_fails_says_since_when() {
        let run = |minute: i64, failed: Option<&str>| Run {
            source_id: "digdir".into(),
            started_at: DateTime::from_timestamp(minute * 60, 0).unwrap(),
            error: failed.map(str::to_owned),
            ..Run::default()
        };
        let told = sources(&[run(1, None), run(2, Some("away")), run(3, Some("still away"))]);
        assert_eq!(
            (told.len(), &told[0]["well"], &told[0]["failed"]),
            (1, &json!(false), &json!("still away"))
        );
        assert_eq!(told[0]["last_well_at"], "1970-01-01T00:01:00Z");
        assert_eq!(told[0]["failures_in_a_row"], 2);
    }
}
