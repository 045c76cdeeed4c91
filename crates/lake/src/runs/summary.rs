//! What the log of runs comes to, source by source: whoever asks for the health of a source need not read the log.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Run;

/// What the log of runs comes to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RunSummary {
    /// The runs of each source that has any.
    pub sources: BTreeMap<String, SourceRuns>,
    /// Lines of the log that could not be read, and are in nothing else here: of a writer that was stopped, or damaged.
    pub unreadable_lines: u64,
    /// Payloads of deliveries that were removed.
    #[serde(default)]
    pub removed_payloads: u64,
}

/// The runs of one source.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SourceRuns {
    /// The last one that ended, without the report of an upload.
    pub last: Run,
    /// The last time that the source was asked, if it ever was: an upload is none.
    #[serde(default)]
    pub last_look: Option<Look>,
    /// When the last healthy one began.
    #[serde(default)]
    pub last_success_at: Option<DateTime<Utc>>,
    /// Unhealthy ones since then.
    pub failures_in_a_row: u64,
    /// All that ended.
    pub runs: u64,
    /// Those of them that were unhealthy.
    pub failures: u64,
    /// Facts accepted in all of them.
    pub accepted: u64,
    /// Statements rejected in all of them.
    pub rejected: u64,
}

/// A time that a source was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// Whether it ended before everything was here.
    pub failed: bool,
}

impl RunSummary {
    /// Adds a run that is later than all that were added.
    pub fn add(&mut self, mut run: Run) {
        self.removed_payloads += run.removed.len() as u64;
        if !run.has_ended() {
            return;
        }
        // A report is as long as its delivery has rejections; the log has it.
        if let Some(upload) = &mut run.upload {
            upload.report = Value::Null;
        }
        let source = self.sources.entry(run.source_id.clone()).or_default();
        if run.upload.is_none() {
            source.last_look = Some(Look { started_at: run.started_at, failed: run.error.is_some() });
        }
        // Counted from the last success on: what failed before it is over.
        if run.is_healthy() {
            source.last_success_at = Some(run.started_at);
            source.failures_in_a_row = 0;
        } else {
            source.failures_in_a_row += 1;
            source.failures += 1;
        }
        source.runs += 1;
        source.accepted = source.accepted.saturating_add(run.accepted);
        source.rejected = source.rejected.saturating_add(run.rejected);
        source.last = run;
    }

    /// The last day that a source's facts cover, so far as runs brought them.
    #[must_use]
    pub fn latest_period(&self, source_id: &str) -> Option<chrono::NaiveDate> {
        self.sources.get(source_id)?.last.latest_period
    }
}
