//! A few counters, by hand: atomics and thirty lines of text need no crate.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counted since the server started.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    pub(crate) requests: AtomicU64,
    pub(crate) not_modified: AtomicU64,
    pub(crate) queries_run: AtomicU64,
    pub(crate) client_errors: AtomicU64,
    pub(crate) server_errors: AtomicU64,
}

impl Metrics {
    /// Adds one.
    pub(crate) fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Prometheus' text format.
    pub(crate) fn render(&self, edition: Option<u64>) -> String {
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
        if let Some(edition) = edition {
            write("utbredt_edition", "gauge", "The edition served now.", &[("", edition)]);
        }
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
        let text = metrics.render(Some(7));
        assert!(text.contains("# TYPE utbredt_requests_total counter\nutbredt_requests_total 2\n"), "{text}");
        assert!(text.contains("utbredt_errors_total{class=\"server\"} 0\n"), "{text}");
        assert!(text.ends_with("utbredt_edition 7\n"), "{text}");
    }
}
