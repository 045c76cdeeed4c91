//! The log of runs: what each look at a source requested, brought and failed at, and the report of each upload. It lies
//! beside the editions and decides nothing of what is in them: a lake without it is whole.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utbredt_model::{Verdict, oslo};

use crate::access;
use crate::{Lake, LakeError, disk};

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

/// The file's name in the lake's folder.
const FILE: &str = "runs.jsonl";

impl Lake {
    /// Adds a run to the log.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn append_run(&self, run: &Run) -> Result<(), LakeError> {
        let path = self.root().join(FILE);
        append_line(&path, run).map_err(LakeError::io("write", &path))
    }

    /// Every run that ended, oldest first, without the reports of uploads. A line that a stopped writer left unfinished
    /// is skipped.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn runs(&self) -> Result<Vec<Run>, LakeError> {
        let mut runs: Vec<Run> =
            self.log()?.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        // An upload without an outcome was stopped before it ended: it is not a run.
        runs.retain(|run| run.upload.as_ref().is_none_or(|upload| upload.verdict.is_some()));
        for upload in runs.iter_mut().filter_map(|run| run.upload.as_mut()) {
            upload.report = Value::Null;
        }
        Ok(runs)
    }

    /// The latest upload with this idempotency key (hashed as in [`Uploaded::key`]) since a moment, with its report; it
    /// may have been stopped before it ended.
    ///
    /// # Errors
    /// As [`Lake::runs`].
    pub fn find_by_idempotency_key(&self, key: &str, since: DateTime<Utc>) -> Result<Option<Run>, LakeError> {
        let log = self.log()?;
        // Few lines contain the hash: the others need not be parsed.
        let lines = log.lines().rev().filter(|line| line.contains(key));
        let mut runs = lines.filter_map(|line| serde_json::from_str(line).ok());
        Ok(runs.find(|run: &Run| run.started_at >= since && run.has_key(key)))
    }

    fn log(&self) -> Result<String, LakeError> {
        match disk::read(self.root(), FILE) {
            // Bytes that a disk garbled cost only their own line.
            Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) if error.is_missing() => Ok(String::new()),
            Err(error) => Err(error),
        }
    }
}

/// The files of the log as they are now, each with its name in the lake's folder.
pub(crate) fn files(lake: &Lake) -> Result<Vec<(String, io::Take<File>)>, LakeError> {
    match disk::open(lake.root(), FILE) {
        Ok(file) => {
            let bytes = file.metadata().map_err(LakeError::io("look at", &lake.root().join(FILE)))?.len();
            // Another process may be adding to it.
            Ok(vec![(FILE.to_owned(), file.take(bytes))])
        }
        Err(error) if error.is_missing() => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Adds a run as one line, durably. A torn last line is ended first, so that it costs only itself.
fn append_line(path: &Path, run: &Run) -> io::Result<()> {
    let mut file = access::private().create(true).read(true).append(true).open(path)?;
    let mut line = serde_json::to_string(run)?;
    line.push('\n');
    if is_torn(&mut file)? {
        // The torn line is ended, so that only it is lost.
        line.insert(0, '\n');
    }
    file.write_all(line.as_bytes())?;
    file.sync_all()
}

/// Whether the last line was left unfinished: what is added must not become part of it.
fn is_torn(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_read_in_order_and_half_a_line_costs_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::init(folder.path()).unwrap();
        assert_eq!(lake.runs().unwrap(), []);
        let run = |id: &str| Run { source_id: id.into(), requests: 3, ..Run::default() };
        lake.append_run(&run("a")).unwrap();
        let mut file = std::fs::OpenOptions::new().append(true).open(folder.path().join(FILE)).unwrap();
        file.write_all(b"{\"source_id\":\"b").unwrap();
        lake.append_run(&run("c")).unwrap();
        assert_eq!(lake.runs().unwrap(), [run("a"), run("c")]);
        assert!(lake.verify().unwrap().problems.is_empty());
    }

    #[test]
    fn an_upload_is_found_by_its_key_since_a_moment() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::init(folder.path()).unwrap();
        let at = |second| DateTime::from_timestamp(second, 0).unwrap();
        let sent = |second, key: Option<&str>, verdict: Option<Verdict>| Run {
            source_id: "county".into(),
            started_at: at(second),
            upload: Some(Uploaded {
                key: key.map(str::to_owned),
                fingerprint: format!("f{second}"),
                verdict,
                report: verdict.map_or(Value::Null, |_| serde_json::json!({ "rows": 1, "subject": "a" })),
            }),
            ..Run::default()
        };
        let begun = sent(1, Some("k1"), None);
        let ended = sent(2, Some("k1"), Some(Verdict::Accepted));
        let held = sent(3, None, Some(Verdict::Held));
        let stopped = sent(4, Some("k2"), None);
        for run in [&begun, &ended, &held, &stopped] {
            lake.append_run(run).unwrap();
        }
        assert_eq!(lake.find_by_idempotency_key("k1", at(0)).unwrap(), Some(ended.clone()));
        assert_eq!(lake.find_by_idempotency_key("k1", at(2)).unwrap(), Some(ended.clone()));
        assert_eq!(lake.find_by_idempotency_key("k1", at(3)).unwrap(), None);
        assert_eq!(lake.find_by_idempotency_key("k2", at(0)).unwrap(), Some(stopped));
        // A fingerprint is no key, and a part of one neither.
        assert_eq!(lake.find_by_idempotency_key("f2", at(0)).unwrap(), None);
        assert_eq!(lake.find_by_idempotency_key("k", at(0)).unwrap(), None);
        let outcomes: Vec<(Option<Verdict>, Value)> = lake
            .runs()
            .unwrap()
            .into_iter()
            .filter_map(|run| run.upload.map(|upload| (upload.verdict, upload.report)))
            .collect();
        assert_eq!(outcomes, [(Some(Verdict::Accepted), Value::Null), (Some(Verdict::Held), Value::Null)]);
        // A look is written as it was before there were deliveries.
        lake.append_run(&Run { source_id: "look".into(), ..Run::default() }).unwrap();
        let text = std::fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert!(!text.lines().last().unwrap().contains("upload"), "{text}");
    }

    #[test]
    fn a_log_with_the_former_names_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::init(folder.path()).unwrap();
        let line = r#"{"source_id":"klass","started_at":"2026-11-01T04:00:00Z","took_ms":7,"requests":2,"bytes":9,
            "deliveries":1,"rows_in":5,"accepted":3,"refused":2,"held":[],"told":["2026: SSB has 2 changes"],
            "newest":"2026-10-31","failed":"no answer","edition":4}"#;
        std::fs::write(folder.path().join(FILE), line.replace('\n', "") + "\n").unwrap();
        let runs = lake.runs().unwrap();
        assert_eq!(runs.len(), 1);
        assert_eq!((runs[0].rejected, runs[0].lag_days()), (2, Some(1)));
        assert_eq!(runs[0].discrepancies, ["2026: SSB has 2 changes"]);
        assert_eq!(runs[0].error.as_deref(), Some("no answer"));
        // What is written from now on has the new names only.
        lake.append_run(&runs[0]).unwrap();
        let text = std::fs::read_to_string(folder.path().join(FILE)).unwrap();
        let last = text.lines().last().unwrap();
        assert!(last.contains("\"discrepancies\":[") && !last.contains("told"), "{last}");
        assert_eq!(lake.runs().unwrap(), [runs[0].clone(), runs[0].clone()]);
    }
}
