//! `GET /v1/status`: health of each source. A source that fails says so here for as long as it does.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;
use utbredt_engine::SourceRuns;
use utoipa::ToSchema;

use crate::audience;
use crate::moment;
use crate::problem::{Place, Problem};
use crate::query::{self, Pairs};
use crate::state::ApiState;

/// A source: its last run, its last success, and failures since. Counts are of the last run.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SourceStatus {
    /// The source.
    source_id: String,
    /// Whether the last run brought all that was there, and nothing of it is held.
    healthy: bool,
    /// When the last run began.
    #[schema(format = DateTime)]
    last_run_at: String,
    /// When the last healthy run began.
    #[schema(format = DateTime, required = true)]
    last_success_at: Option<String>,
    /// Unhealthy runs since then.
    failures_in_a_row: u64,
    /// Why the last run ended before everything was here.
    #[schema(required = true)]
    last_error: Option<String>,
    /// Why deliveries are held, each with its subject: kept, but not active until a person decides. As `last_error` and
    /// `discrepancies` only with a key of scope `operate`, where there are keys; otherwise as many texts that a key is needed to read.
    held: Vec<String>,
    /// Where a register differs from the reference tables. The source is healthy all the same.
    discrepancies: Vec<String>,
    /// The last day of the newest period in the source's facts.
    #[schema(format = Date, required = true)]
    latest_period: Option<String>,
    /// Days from then to the last run.
    #[schema(required = true)]
    lag_days: Option<i64>,
    /// How long the run took, in milliseconds.
    took_ms: u64,
    /// Requests answered, or files read.
    requests: u64,
    /// Bytes received.
    bytes: u64,
    /// Deliveries, those that were here already included.
    deliveries: u64,
    /// Rows read.
    rows_in: u64,
    /// Facts accepted.
    accepted: u64,
    /// Rows rejected.
    rejected: u64,
    /// The newest edition when the run ended.
    edition: u64,
}

/// What stands in the place of a text that is not for everybody.
const WITHHELD: &str = "a key with the scope `operate` shows why";

impl SourceStatus {
    fn of(runs: &SourceRuns) -> Self {
        let last = &runs.last;
        Self {
            source_id: last.source_id.clone(),
            healthy: last.is_healthy(),
            last_run_at: moment::spell(last.started_at),
            last_success_at: runs.last_success_at.map(moment::spell),
            failures_in_a_row: runs.failures_in_a_row,
            last_error: last.error.clone(),
            held: last.held.clone(),
            discrepancies: last.discrepancies.clone(),
            latest_period: last.latest_period.map(|day| day.to_string()),
            lag_days: last.lag_days(),
            took_ms: last.took_ms,
            requests: last.requests,
            bytes: last.bytes,
            deliveries: last.deliveries,
            rows_in: last.rows_in,
            accepted: last.accepted,
            rejected: last.rejected,
            edition: last.edition,
        }
    }

    /// Leaves out texts that repeat what sources and files say. That there is something is not kept back.
    fn withhold(&mut self) {
        if let Some(error) = &mut self.last_error {
            *error = format!("the last run failed; {WITHHELD}");
        }
        for list in [&mut self.held, &mut self.discrepancies] {
            list.iter_mut().for_each(|text| WITHHELD.clone_into(text));
        }
    }
}

/// `GET /v1/status`.
pub(crate) async fn source_status(State(state): State<ApiState>, pairs: Pairs) -> Result<Response, Problem> {
    query::only(pairs, &[])?;
    let engine = state.engine()?.clone();
    let edition = engine.edition();
    // Files are read: on a thread that may wait for them.
    let damage = engine.damage();
    let runs = match tokio::task::spawn_blocking(move || engine.run_summary()).await {
        Ok(runs) => runs.map_err(|error| Problem::from_engine(&error, Place::Argument))?,
        Err(error) => return Err(Problem::failed(&error)),
    };
    let mut sources: Vec<SourceStatus> = runs.sources.values().map(SourceStatus::of).collect();
    let sees_details = audience::current().sees_details();
    if !sees_details {
        sources.iter_mut().for_each(SourceStatus::withhold);
    }
    let failing = sources.iter().filter(|source| !source.healthy).count();
    let meta = json!({
        "edition": edition.number,
        "recorded_at": moment::spell(edition.recorded_at),
        "rows": sources.len(),
        "failing": failing,
        "details": sees_details,
        "warnings": state.access.warnings(),
        "damage": damage,
        "unreadable_log_lines": runs.unreadable_lines,
    });
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(json!({ "data": sources, "meta": meta })))
        .into_response())
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use utbredt_engine::{Run, RunSummary};

    use super::*;

    fn by_source(runs: impl IntoIterator<Item = Run>) -> Vec<SourceStatus> {
        let mut summary = RunSummary::default();
        runs.into_iter().for_each(|run| summary.add(run));
        summary.sources.values().map(SourceStatus::of).collect()
    }

    #[test]
    fn a_source_that_fails_has_the_time_it_began() {
        let run = |minute: i64, failed: Option<&str>| Run {
            source_id: "digdir".into(),
            started_at: DateTime::from_timestamp(minute * 60, 0).unwrap(),
            error: failed.map(str::to_owned),
            ..Run::default()
        };
        let sources = by_source([run(1, None), run(2, Some("away")), run(3, Some("still away"))]);
        assert_eq!((sources.len(), sources[0].healthy), (1, false));
        assert_eq!(sources[0].last_error.as_deref(), Some("still away"));
        assert_eq!(sources[0].last_success_at.as_deref(), Some("1970-01-01T00:01:00Z"));
        assert_eq!(sources[0].failures_in_a_row, 2);
    }

    #[test]
    fn what_is_withheld_is_still_counted() {
        let run = Run {
            source_id: "county".into(),
            error: Some("row 7: Storgata 1".into()),
            held: vec!["2026-10: 0301 Kari".into(), "2026-11: 0301 Ola".into()],
            ..Run::default()
        };
        let mut sources = by_source([run]);
        sources[0].withhold();
        let text = serde_json::to_string(&sources).unwrap();
        assert!(!["Kari", "Ola", "Storgata"].iter().any(|secret| text.contains(secret)), "{text}");
        assert_eq!((sources[0].held.len(), sources[0].healthy), (2, false));
        assert!(sources[0].last_error.as_deref().unwrap().contains("`operate`"));
    }
}
