//! The log of runs: what each look at a source requested, brought and failed at, and the report of each upload. It lies
//! beside the editions and decides nothing of what is in them: a lake without it is whole.

mod files;
mod log;
mod summary;
#[cfg(test)]
mod tests;

use std::io::Read;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utbredt_model::{Verdict, oslo};

use crate::{Lake, LakeError, lines};

pub(crate) use self::log::Known;
pub use self::summary::{Look, RunSummary, SourceRuns};

/// One look at a source, or one upload for it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Run {
    /// The source.
    pub source_id: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// How long it took.
    pub took_ms: u64,
    /// Requests that were answered, or files read.
    pub requests: u64,
    /// Bytes that came.
    pub bytes: u64,
    /// Deliveries, including those already in the lake.
    pub deliveries: u64,
    /// Data rows read.
    pub rows_in: u64,
    /// Facts accepted.
    pub accepted: u64,
    /// Statements rejected. Older logs call it `refused`.
    #[serde(alias = "refused")]
    pub rejected: u64,
    /// Why deliveries are held, each with its subject.
    #[serde(default)]
    pub held: Vec<String>,
    /// Where a register differs from the reference tables, each with its subject. The source is healthy all the same.
    /// Older logs call it `told`.
    #[serde(default, alias = "told")]
    pub discrepancies: Vec<String>,
    /// The last day the source's facts cover, so far as runs brought them. Older logs call it `newest`.
    #[serde(default, alias = "newest")]
    pub latest_period: Option<NaiveDate>,
    /// Why it ended before everything was here. Older logs call it `failed`.
    #[serde(default, alias = "failed")]
    pub error: Option<String>,
    /// The latest edition when it ended.
    pub edition: u64,
    /// Payloads that were removed, each with its receipt, length and why: then it is no look at the source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<String>,
    /// The upload, when somebody sent a delivery instead of the source being polled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<Uploaded>,
}

/// A delivery that was uploaded, and its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uploaded {
    /// Hash of the sender and its idempotency key, if it sent one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Hash of everything that was sent.
    pub fingerprint: String,
    /// The outcome. `None` is written before the lake is changed: it marks an upload that was stopped in between, and
    /// the run's edition is then the latest one when it began.
    #[serde(default)]
    pub verdict: Option<Verdict>,
    /// The report that was returned.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub report: Value,
}

impl Run {
    fn has_key(&self, key: &str) -> bool {
        self.upload.as_ref().is_some_and(|upload| upload.key.as_deref() == Some(key))
    }

    /// Whether it is a run that ended: an upload without an outcome was stopped before, and a removal is none.
    fn has_ended(&self) -> bool {
        self.removed.is_empty() && self.upload.as_ref().is_none_or(|upload| upload.verdict.is_some())
    }

    /// When it ended.
    fn ended_at(&self) -> DateTime<Utc> {
        let took = TimeDelta::milliseconds(i64::try_from(self.took_ms).unwrap_or(i64::MAX));
        self.started_at.checked_add_signed(took).unwrap_or(self.started_at)
    }

    /// How many days before the start of the run the source's facts end.
    #[must_use]
    pub fn lag_days(&self) -> Option<i64> {
        self.latest_period.map(|latest| (oslo::day(self.started_at) - latest).num_days())
    }

    /// Whether everything that was there is active: no error, nothing held.
    #[must_use]
    pub const fn is_healthy(&self) -> bool {
        self.error.is_none() && self.held.is_empty()
    }
}

impl Lake {
    /// Adds a run to the log.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn append_run(&self, run: &Run) -> Result<(), LakeError> {
        log::append(self, run, log::LONGEST)
    }

    /// What the log of runs comes to. However long it is, little of it is read: what was added since the last call, the first
    /// time at most a few MiB.
    ///
    /// # Errors
    /// When a file of it is there and cannot be read. A line that cannot be read is no error, and counted.
    pub fn run_summary(&self) -> Result<RunSummary, LakeError> {
        log::summary(self.root(), &mut self.known_runs())
    }

    /// Every run that ended, oldest first, without the reports of uploads: reads the whole log. A line that cannot be read
    /// is left out.
    ///
    /// # Errors
    /// As [`Lake::run_summary`].
    pub fn runs(&self) -> Result<Vec<Run>, LakeError> {
        let mut runs = Vec::new();
        log::each_line(self.root(), |_, _, line| runs.extend(lines::open::<Run>(line)))?;
        runs.retain(Run::has_ended);
        for upload in runs.iter_mut().filter_map(|run| run.upload.as_mut()) {
            upload.report = Value::Null;
        }
        Ok(runs)
    }

    /// The latest upload with this idempotency key (hashed as in [`Uploaded::key`]) since a moment, with its report; it
    /// may have been stopped before it ended.
    ///
    /// # Errors
    /// As [`Lake::run_summary`].
    pub fn find_by_idempotency_key(&self, key: &str, since: DateTime<Utc>) -> Result<Option<Run>, LakeError> {
        log::find_last(self.root(), key, since, |run| run.has_key(key))
    }
}

/// What of the log is not as it was written.
pub(crate) fn check(lake: &Lake) -> Result<Vec<LakeError>, LakeError> {
    log::check(lake.root())
}

/// Shows the files of the log as they are now, each with its name in the lake's folder.
pub(crate) fn each_file(
    lake: &Lake,
    show: impl FnMut(&str, &mut dyn Read) -> Result<(), LakeError>,
) -> Result<(), LakeError> {
    files::each_file(lake.root(), show)
}
