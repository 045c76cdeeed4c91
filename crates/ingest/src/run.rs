//! One look at one source of the plan: what is new comes in, and what became of it is logged.

use chrono::{DateTime, TimeDelta, Utc};
use utbredt_lake::{Lake, LakeError, Run, Writer};
use utbredt_model::oslo;

use crate::config::{IngestConfig, SourceConfig};
use crate::connector::{Context, PullError, PullReport, pull};
use crate::{IngestError, Report, expect, with_causes};

/// Looks at a source, brings in what is new, and logs the run. Whatever goes wrong with the source is in the run; the
/// source is asked again the next time, whatever happened.
///
/// # Errors
/// Only when the lake itself cannot be read or written.
pub fn run(writer: &mut Writer, context: &Context<'_>, source: &SourceConfig) -> Result<Run, IngestError> {
    let started_at = context.client.clock().now();
    let owed = source.expected(oslo::day(started_at));
    let mut failed = None;
    if !owed.is_empty() {
        match expect(writer, started_at, &owed) {
            Err(error @ IngestError::Lake(_)) => return Err(error),
            Err(error) => failed = Some(with_causes(&error)),
            Ok(_) => {}
        }
    }
    let pulled = match pull(source.connector.as_ref(), context, writer, &source.id) {
        Ok(pulled) => pulled,
        Err(PullError::Ingest(error @ IngestError::Lake(_))) => return Err(error),
        Err(error) => PullReport { stopped: Some(with_causes(&error)), ..PullReport::default() },
    };
    // What was here already is not read again: how far it went, the run that brought it says.
    let before = writer.lake().run_summary()?.latest_period(source.id.as_str());
    let mut run = of_reports(&pulled.reports);
    run.source_id = source.id.to_string();
    run.started_at = started_at;
    run.took_ms = took_ms(started_at, context.client.clock().now());
    run.requests = pulled.requests;
    run.bytes = pulled.bytes;
    run.latest_period = run.latest_period.max(before);
    run.error = failed.or(pulled.stopped);
    run.edition = writer.lake().latest()?.map_or(0, |edition| edition.number);
    if let Some(cache) = context.client.cache() {
        cache.commit_or_rollback(run.is_healthy());
    }
    match &run.error {
        Some(why) => tracing::error!(source = %run.source_id, why, "a source failed"),
        None => tracing::info!(source = %run.source_id, accepted = run.accepted, "a source was run"),
    }
    writer.lake().append_run(&run)?;
    Ok(run)
}

pub(crate) fn took_ms(started_at: DateTime<Utc>, ended_at: DateTime<Utc>) -> u64 {
    u64::try_from((ended_at - started_at).num_milliseconds()).unwrap_or_default()
}

/// The part of a run that the reports of its deliveries make.
pub(crate) fn of_reports(reports: &[Report]) -> Run {
    let mut run = Run { deliveries: reports.len() as u64, ..Run::default() };
    for report in reports {
        run.rows_in += report.rows_in;
        run.accepted += report.active();
        run.rejected += report.rejected;
        run.held.extend(held(report));
        if report.held.is_none() {
            run.latest_period = run.latest_period.max(report.newest);
        }
        for discrepancy in &report.discrepancies {
            run.discrepancies.push(format!("{}: {discrepancy}", report.subject));
        }
    }
    run
}

/// Reasons of rejection that are reported with a held delivery; the lake has them all.
const MAX_REASONS: usize = 3;

/// Why a delivery is held, and what most of its rejected rows were rejected for.
fn held(report: &Report) -> Option<String> {
    let mut text = format!("{}: {}", report.subject, report.held.as_ref()?.join("; "));
    let mut reasons: Vec<(&String, &u64)> = report.reasons.iter().collect();
    reasons.sort_by_key(|(reason, count)| (std::cmp::Reverse(**count), *reason));
    for (reason, count) in reasons.iter().take(MAX_REASONS) {
        text.push_str(&format!("; {count} rejected: {reason}"));
    }
    if reasons.len() > MAX_REASONS {
        text.push_str(&format!("; and {} more reasons", reasons.len() - MAX_REASONS));
    }
    Some(text)
}

/// How long a source that failed is left alone before it is asked again, if its schedule does not ask earlier.
const AGAIN_HOURS: i64 = 1;

/// The sources of a plan that are due, in its order: those whose moment has come since they were asked, and those that
/// failed an hour ago or longer. None is ever given up on. What was sent to us is no look at the source.
///
/// # Errors
/// When the log of runs cannot be read.
pub fn due<'p>(
    plan: &'p IngestConfig,
    lake: &Lake,
    now: DateTime<Utc>,
) -> Result<Vec<&'p SourceConfig>, LakeError> {
    let runs = lake.run_summary()?.sources;
    let mut due = Vec::new();
    for source in &plan.sources {
        let last = runs.get(source.id.as_str()).and_then(|runs| runs.last_look);
        let again =
            last.is_some_and(|look| look.failed && now - look.started_at >= TimeDelta::hours(AGAIN_HOURS));
        if again || source.schedule.due(last.map(|look| look.started_at), now) {
            due.push(source);
        }
    }
    Ok(due)
}
