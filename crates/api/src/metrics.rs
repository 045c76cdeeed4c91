//! A few counters, by hand: atomics and thirty lines of text need no crate.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use utbredt_engine::Run;

/// Counted since the server started.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    pub(crate) requests: AtomicU64,
    pub(crate) not_modified: AtomicU64,
    pub(crate) queries_run: AtomicU64,
    pub(crate) client_errors: AtomicU64,
    pub(crate) server_errors: AtomicU64,
    pub(crate) uploads_refused: AtomicU64,
}

impl Metrics {
    /// Adds one.
    pub(crate) fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Prometheus' text format.
    pub(crate) fn render(&self, edition: Option<u64>, runs: &[Run]) -> String {
        let mut out = String::new();
        let mut write = |name: &str, kind: &str, help: &str, samples: &[(&str, u64)]| {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
            for (labels, value) in samples {
                let _ = writeln!(out, "{name}{labels} {value}");
            }
        };
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        write("utbredt_requests_total", "counter", "Requests received.", &[("", of(&self.requests))]);
        let help = "Answers 304: the client's copy was still right.";
        write("utbredt_not_modified_total", "counter", help, &[("", of(&self.not_modified))]);
        let help = "Answers made anew: neither the client nor the cache had them.";
        write("utbredt_queries_run_total", "counter", help, &[("", of(&self.queries_run))]);
        let errors = [
            ("{class=\"client\"}", of(&self.client_errors)),
            ("{class=\"server\"}", of(&self.server_errors)),
        ];
        write("utbredt_errors_total", "counter", "Answers with a status of 400 or more.", &errors);
        let help = "Deliveries turned away for want of a token that fits.";
        write("utbredt_uploads_refused_total", "counter", help, &[("", of(&self.uploads_refused))]);
        if let Some(edition) = edition {
            write("utbredt_edition", "gauge", "The edition served now.", &[("", edition)]);
        }
        let last: BTreeMap<&str, &Run> = runs.iter().map(|run| (run.source_id.as_str(), run)).collect();
        let mut each = |name: &str, help: &str, of: &dyn Fn(&Run) -> Option<u64>| {
            let labels: Vec<(String, u64)> = last
                .iter()
                .filter_map(|(id, run)| Some((format!("{{source=\"{id}\"}}"), of(run)?)))
                .collect();
            let samples: Vec<(&str, u64)> =
                labels.iter().map(|(label, value)| (label.as_str(), *value)).collect();
            if !samples.is_empty() {
                write(name, "gauge", help, &samples);
            }
        };
        let seconds = |run: &Run| u64::try_from(run.started_at.timestamp()).ok();
        each("utbredt_source_well", "Whether the source's last run went well.", &|run| {
            Some(u64::from(run.is_healthy()))
        });
        each("utbredt_source_run_timestamp_seconds", "When the source was asked last.", &seconds);
        each("utbredt_source_run_milliseconds", "How long that took.", &|run| Some(run.took_ms));
        each("utbredt_source_rows", "Rows read then.", &|run| Some(run.rows_in));
        each("utbredt_source_refused", "Statements refused then.", &|run| Some(run.rejected));
        let help = "Differences between a register and the reference tables then.";
        each("utbredt_source_told", help, &|run| Some(run.discrepancies.len() as u64));
        each("utbredt_source_bytes", "Bytes received then.", &|run| Some(run.bytes));
        each("utbredt_source_requests", "Questions answered, or files read, then.", &|run| {
            Some(run.requests)
        });
        each("utbredt_source_accepted", "Facts accepted then.", &|run| Some(run.accepted));
        let help = "Days between the last day the source's facts tell of and when it was asked.";
        each("utbredt_source_lag_days", help, &|run| u64::try_from(run.lag_days()?).ok());
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_has_help_type_and_samples() {
        let metrics = Metrics::default();
        Metrics::count(&metrics.requests);
        Metrics::count(&metrics.requests);
        let run = |id: &str, failed: Option<&str>| Run {
            source_id: id.into(),
            error: failed.map(str::to_owned),
            rows_in: 3,
            latest_period: (id == "a").then(|| "1969-12-28".parse().unwrap()),
            ..Run::default()
        };
        let text = metrics.render(Some(7), &[run("a", None), run("b", None), run("a", Some("away"))]);
        assert!(text.contains("# TYPE utbredt_requests_total counter\nutbredt_requests_total 2\n"), "{text}");
        assert!(text.contains("utbredt_errors_total{class=\"server\"} 0\n"), "{text}");
        assert!(text.contains("utbredt_edition 7\n"), "{text}");
        assert!(
            text.contains("utbredt_source_well{source=\"a\"} 0\nutbredt_source_well{source=\"b\"} 1\n"),
            "{text}"
        );
        assert!(text.contains("utbredt_source_rows{source=\"a\"} 3\n"), "{text}");
        // Nothing is known of how far the other is behind: it has no number.
        assert!(
            text.contains("# TYPE utbredt_source_lag_days gauge\nutbredt_source_lag_days{source=\"a\"} 4\n"),
            "{text}"
        );
        assert!(!text.contains("utbredt_source_lag_days{source=\"b\"}"), "{text}");
    }
}
