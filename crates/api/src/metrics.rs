//! What `/metrics` shows, in base units: counters and latency histograms since the server started, and the last run of
//! each source.

use axum::http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use utbredt_engine::{KeptStats, Run, RunSummary, SourceRuns};

/// Upper bounds of the latency buckets in seconds: from a kept body to the time limit of a request.
const LATENCY_SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];
/// The media type of the text.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: String,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ErrorLabels {
    class: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SourceLabels {
    source: String,
}

/// Counted since the server started.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Counter,
    not_modified: Counter,
    errors: Family<ErrorLabels, Counter>,
    durations: Family<RequestLabels, Histogram, fn() -> Histogram>,
    pub(crate) queries_run: Counter,
    pub(crate) responses_found: Counter,
    pub(crate) uploads_rejected: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut all = Self {
            registry: Registry::with_prefix("utbredt"),
            requests: Counter::default(),
            not_modified: Counter::default(),
            errors: Family::default(),
            durations: Family::new_with_constructor(latency_histogram),
            queries_run: Counter::default(),
            responses_found: Counter::default(),
            uploads_rejected: Counter::default(),
        };
        let registry = &mut all.registry;
        registry.register("requests", "Requests received", all.requests.clone());
        let help = "Answers 304: the client's copy was still right";
        registry.register("not_modified", help, all.not_modified.clone());
        let help = "Answers made anew: neither the client nor the cache had them";
        registry.register("queries_run", help, all.queries_run.clone());
        let help = "Responses that were kept whole, and sent again without any work";
        registry.register("responses_found", help, all.responses_found.clone());
        registry.register("errors", "Answers with a status of 400 or more", all.errors.clone());
        let help = "Deliveries rejected for lack of a token that may deliver them";
        registry.register("uploads_rejected", help, all.uploads_rejected.clone());
        let help = "Time from the head of a request to the head of its response";
        let durations = all.durations.clone();
        registry.register_with_unit("http_request_duration", help, Unit::Seconds, durations);
        // Classes that never occurred are zeros, not gaps.
        for class in ["client", "server"] {
            drop(all.errors.get_or_create(&ErrorLabels { class }));
        }
        all
    }
}

fn latency_histogram() -> Histogram {
    Histogram::new(LATENCY_SECONDS)
}

/// What is measured at the moment of the scrape.
#[derive(Debug)]
pub(crate) struct Now<'a> {
    /// The edition served.
    pub(crate) edition: Option<u64>,
    /// What the runs of each source come to.
    pub(crate) runs: &'a RunSummary,
    /// Bytes of encoded answers that are kept.
    pub(crate) kept_bytes: u64,
    /// Cells and shared relations that are kept.
    pub(crate) kept: KeptStats,
    /// Questions that wait for their turn.
    pub(crate) waiting: usize,
    /// Files and records of the lake that are known to be damaged.
    pub(crate) damaged: usize,
}

/// Counts answers of one method, route and status.
#[derive(Debug, Clone)]
pub(crate) struct Meter {
    requests: Counter,
    not_modified: Option<Counter>,
    errors: Option<Counter>,
    durations: Histogram,
}

impl Meter {
    /// Counts an answer and its time in seconds.
    pub(crate) fn record(&self, seconds: f64) {
        self.requests.inc();
        self.not_modified.iter().chain(&self.errors).for_each(Metrics::count);
        self.durations.observe(seconds);
    }
}

impl Metrics {
    /// Adds one.
    pub(crate) fn count(counter: &Counter) {
        counter.inc();
    }

    /// What counts answers of this kind. `route` is the pattern, never the address as sent.
    pub(crate) fn meter(&self, method: &str, route: &str, status: StatusCode) -> Meter {
        let error = if status.is_client_error() {
            Some("client")
        } else {
            status.is_server_error().then_some("server")
        };
        // A client may invent methods; each would be a label for ever.
        let method = if ["GET", "HEAD", "POST", "OPTIONS"].contains(&method) { method } else { "other" };
        let (method, route) = (method.to_owned(), route.to_owned());
        let labels = RequestLabels { method, route, status: status.as_u16() };
        Meter {
            requests: self.requests.clone(),
            not_modified: (status == StatusCode::NOT_MODIFIED).then(|| self.not_modified.clone()),
            errors: error.map(|class| self.errors.get_or_create(&ErrorLabels { class }).clone()),
            durations: self.durations.get_or_create(&labels).clone(),
        }
    }

    /// The OpenMetrics text.
    pub(crate) fn render(&self, now: &Now<'_>) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = encode_registry(&mut out, &self.registry)
            .and_then(|()| encode_registry(&mut out, &gauges(now)))
            .and_then(|()| encode_eof(&mut out));
        out
    }
}

/// What is not counted here but read elsewhere, as it is now.
fn gauges(now: &Now<'_>) -> Registry {
    let mut registry = Registry::with_prefix("utbredt");
    let kept = gauge(now.kept_bytes);
    registry.register_with_unit("answer_cache_size", "Encoded answers that are kept", Unit::Bytes, kept);
    let kept = now.kept;
    let help = "Cells and shared relations that are kept";
    registry.register_with_unit("engine_cache_size", help, Unit::Bytes, gauge(kept.bytes));
    let help = "Bytes set aside for cells and shared relations";
    registry.register_with_unit("engine_cache_limit", help, Unit::Bytes, gauge(kept.limit));
    let counted = [
        ("cells_found", "Sets of a KPI's cells that were kept from before", kept.cells_found),
        ("cells_computed", "Sets of a KPI's cells that were computed", kept.cells_computed),
        (
            "relations_found",
            "Shared relations, by the period, that were kept from before",
            kept.relations_found,
        ),
        (
            "relations_computed",
            "Shared relations, by the period, that were computed",
            kept.relations_computed,
        ),
    ];
    for (name, help, value) in counted {
        // A counter of this scrape alone: the engine counts, and its number is copied.
        let counter = Counter::<u64>::default();
        counter.inc_by(value);
        registry.register(name, help, counter);
    }
    registry.register("questions_waiting", "Questions that wait for their turn", gauge(now.waiting as u64));
    let help = "Files and records of the lake that are known to be damaged";
    registry.register("lake_damaged_files", help, gauge(now.damaged as u64));
    if let Some(edition) = now.edition {
        registry.register("edition", "The edition served now", gauge(edition));
    }
    add_totals(&mut registry, now.runs);
    add_last_runs(&mut registry, now.runs);
    registry
}

/// The last run of each source.
fn add_last_runs(registry: &mut Registry, runs: &RunSummary) {
    let mut add = |name: &str, help: &str, unit: Option<Unit>, of: fn(&Run) -> Option<f64>| {
        let family = Family::<SourceLabels, Gauge<f64, std::sync::atomic::AtomicU64>>::default();
        for (source, runs) in &runs.sources {
            // A run without the number has no sample: a zero would be an invented measurement.
            if let Some(value) = of(&runs.last) {
                family.get_or_create(&SourceLabels { source: source.clone() }).set(value);
            }
        }
        match unit {
            Some(unit) => registry.register_with_unit(name, help, unit, family),
            None => registry.register(name, help, family),
        }
    };
    add("source_last_run_success", "Whether the source's last run brought all that was there", None, |run| {
        Some(f64::from(u8::from(run.is_healthy())))
    });
    add("source_last_run_timestamp", "When the last run began", Some(Unit::Seconds), |run| {
        number(run.started_at.timestamp())
    });
    add("source_run_duration", "How long the last run took", Some(Unit::Seconds), |run| {
        number(run.took_ms).map(|ms| ms / 1000.0)
    });
    add(
        "source_lag",
        "Age of the newest day in the source's facts at its last run",
        Some(Unit::Seconds),
        |run| number(run.lag_days()?).map(|days| days * 86_400.0),
    );
    add("source_received", "Bytes received in the last run", Some(Unit::Bytes), |run| number(run.bytes));
    add("source_requests", "Requests answered, or files read, in the last run", None, |run| {
        number(run.requests)
    });
    add("source_rows", "Rows read in the last run", None, |run| number(run.rows_in));
    add("source_accepted", "Facts accepted in the last run", None, |run| number(run.accepted));
    add("source_rejected", "Rows rejected in the last run", None, |run| number(run.rejected));
    let help = "Differences between a register and the reference tables in the last run";
    add("source_discrepancies", help, None, |run| number(run.discrepancies.len()));
}

/// What all runs of each source come to, as the lake's log has them: it outlives this server.
fn add_totals(registry: &mut Registry, runs: &RunSummary) {
    let mut add = |name: &str, help: &str, of: fn(&SourceRuns) -> u64| {
        let family = Family::<SourceLabels, Counter>::default();
        for (source, runs) in &runs.sources {
            family.get_or_create(&SourceLabels { source: source.clone() }).inc_by(of(runs));
        }
        registry.register(name, help, family);
    };
    add("source_runs", "Runs and uploads of the source", |runs| runs.runs);
    let help = "Runs and uploads of the source that failed, or brought something that is held";
    add("source_unsuccessful_runs", help, |runs| runs.failures);
    add("source_facts_accepted", "Facts accepted in all runs of the source", |runs| runs.accepted);
    add("source_rows_rejected", "Rows rejected in all runs of the source", |runs| runs.rejected);
    let removed = Counter::<u64>::default();
    removed.inc_by(runs.removed_payloads);
    registry.register("removed_payloads", "Payloads of held deliveries that were removed", removed);
    let help = "Lines of the log of runs that cannot be read and are in no other number";
    registry.register("run_log_unreadable_lines", help, gauge(runs.unreadable_lines));
}

fn gauge(value: u64) -> Gauge {
    let gauge = Gauge::default();
    gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
    gauge
}

/// A count as Prometheus has numbers. None of ours comes near the 2^53 from which it would be rounded.
fn number(value: impl TryInto<i64>) -> Option<f64> {
    Some(value.try_into().ok()? as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(id: &str, failed: Option<&str>) -> Run {
        Run {
            source_id: id.into(),
            error: failed.map(str::to_owned),
            took_ms: 1500,
            rows_in: 3,
            latest_period: (id == "a").then(|| "1969-12-28".parse().unwrap()),
            ..Run::default()
        }
    }

    #[test]
    fn the_text_has_help_type_unit_and_samples() {
        let metrics = Metrics::default();
        metrics.meter("GET", "/v1/kpis", StatusCode::OK).record(0.002);
        metrics.meter("BREW", "none", StatusCode::NOT_FOUND).record(0.2);
        let mut runs = RunSummary { unreadable_lines: 2, ..RunSummary::default() };
        [run("a", None), run("b", None), run("a", Some("away"))].into_iter().for_each(|run| runs.add(run));
        let kept = KeptStats { cells_found: 5, relations_computed: 24, bytes: 1000, ..KeptStats::default() };
        let text = metrics.render(&Now {
            edition: Some(7),
            runs: &runs,
            kept_bytes: 12,
            kept,
            waiting: 3,
            damaged: 0,
        });
        for line in [
            "# TYPE utbredt_requests counter",
            "utbredt_requests_total 2",
            "utbredt_errors_total{class=\"client\"} 1",
            "utbredt_errors_total{class=\"server\"} 0",
            "# UNIT utbredt_http_request_duration_seconds seconds",
            "utbredt_http_request_duration_seconds_bucket{le=\"0.001\",method=\"GET\",route=\"/v1/kpis\",status=\"200\"} 0",
            "utbredt_http_request_duration_seconds_bucket{le=\"0.0025\",method=\"GET\",route=\"/v1/kpis\",status=\"200\"} 1",
            "utbredt_http_request_duration_seconds_count{method=\"other\",route=\"none\",status=\"404\"} 1",
            "utbredt_answer_cache_size_bytes 12",
            "utbredt_engine_cache_size_bytes 1000",
            "utbredt_cells_found_total 5",
            "utbredt_cells_computed_total 0",
            "utbredt_relations_computed_total 24",
            "utbredt_edition 7",
            "utbredt_questions_waiting 3",
            // The last run of each counts.
            "utbredt_source_last_run_success{source=\"a\"} 0.0",
            "utbredt_source_last_run_success{source=\"b\"} 1.0",
            "utbredt_source_run_duration_seconds{source=\"a\"} 1.5",
            "utbredt_source_rows{source=\"a\"} 3.0",
            // Four days from 28 December 1969 to the epoch: 4 * 86,400 s.
            "utbredt_source_lag_seconds{source=\"a\"} 345600.0",
            // All of them count.
            "utbredt_source_runs_total{source=\"a\"} 2",
            "utbredt_source_unsuccessful_runs_total{source=\"a\"} 1",
            "utbredt_source_unsuccessful_runs_total{source=\"b\"} 0",
            "utbredt_run_log_unreadable_lines 2",
            "# EOF",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        // Nothing is known of how far the other is behind: it has no number.
        assert!(!text.contains("utbredt_source_lag_seconds{source=\"b\"}"), "{text}");
    }
}
