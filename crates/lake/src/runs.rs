//! The log of runs: what each look at a source asked, brought and failed at, and what each delivery sent to us was
//! answered. It stands beside the editions and decides nothing of what is in them: a lake without it is whole.

use std::fs::OpenOptions;
use std::io::{self, Read, Seek, SeekFrom, Write};

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Lake, LakeError};

/// One look at a source, or one delivery sent to us for it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Run {
    /// The source.
    pub source_id: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// How long it took.
    pub took_ms: u64,
    /// Questions answered, or files read.
    pub requests: u64,
    /// Bytes that came.
    pub bytes: u64,
    /// Deliveries, those that were here already included.
    pub deliveries: u64,
    /// Data rows read.
    pub rows_in: u64,
    /// Facts accepted.
    pub accepted: u64,
    /// Statements refused.
    pub refused: u64,
    /// Why deliveries are held, each with what it answers.
    #[serde(default)]
    pub held: Vec<String>,
    /// What a register says otherwise than the reference tables, each with what was asked. The source fares well.
    #[serde(default)]
    pub told: Vec<String>,
    /// The last day the source's facts tell of, so far as runs brought them.
    #[serde(default)]
    pub newest: Option<NaiveDate>,
    /// Why it ended before everything was here.
    #[serde(default)]
    pub failed: Option<String>,
    /// The edition that stood when it ended.
    pub edition: u64,
    /// The delivery it was, where the source was not looked at but sent us something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<Uploaded>,
}

/// A delivery sent to us, and what it was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uploaded {
    /// Hash of who sent it and of the key it was sent under, if it was under one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Hash of everything that was sent.
    pub fingerprint: String,
    /// What became of it. `None` is written before the lake is: whoever was stopped in between is known by it, and the
    /// run's edition is then the one that stood when it began.
    #[serde(default)]
    pub verdict: Option<Verdict>,
    /// The report it was answered with.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub report: Value,
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It came into force.
    Accepted,
    /// It was here already.
    Unchanged,
    /// It is kept and not in force.
    Held,
}

impl Run {
    /// How many days the source's facts lay behind when it was asked.
    #[must_use]
    pub fn lag_days(&self) -> Option<i64> {
        self.newest.map(|newest| (self.started_at.date_naive() - newest).num_days())
    }

    /// Whether everything that was there came in.
    #[must_use]
    pub const fn is_well(&self) -> bool {
        self.failed.is_none() && self.held.is_empty()
    }
}

/// The file, below the lake.
const FILE: &str = "runs.jsonl";

impl Lake {
    /// Adds a run to the log.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn note_run(&self, run: &Run) -> Result<(), LakeError> {
        let path = self.root().join(FILE);
        let written = || {
            let mut file = OpenOptions::new().create(true).read(true).append(true).open(&path)?;
            let mut line = serde_json::to_string(run)?;
            line.push('\n');
            if is_torn(&mut file)? {
                line.insert(0, '\n');
            }
            file.write_all(line.as_bytes())?;
            file.sync_all()
        };
        written().map_err(LakeError::io("write", &path))
    }

    /// Every run that ended, oldest first, without the reports deliveries were answered with. A line a stopped writer left
    /// unfinished is passed over.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn runs(&self) -> Result<Vec<Run>, LakeError> {
        let mut runs: Vec<Run> =
            self.log()?.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        runs.retain(|run| run.upload.as_ref().is_none_or(|upload| upload.verdict.is_some()));
        for upload in runs.iter_mut().filter_map(|run| run.upload.as_mut()) {
            upload.report = Value::Null;
        }
        Ok(runs)
    }

    /// The newest delivery sent under a key since a moment, whole; it may have been stopped before it ended.
    ///
    /// # Errors
    /// As [`Lake::runs`].
    pub fn sent_under(&self, key: &str, since: DateTime<Utc>) -> Result<Option<Run>, LakeError> {
        let is_it = |run: &Run| {
            run.started_at >= since
                && run.upload.as_ref().is_some_and(|upload| upload.key.as_deref() == Some(key))
        };
        let log = self.log()?;
        // A hash stands on few lines: the others need not be understood.
        let lines = log.lines().rev().filter(|line| line.contains(key));
        Ok(lines.filter_map(|line| serde_json::from_str(line).ok()).find(is_it))
    }

    fn log(&self) -> Result<String, LakeError> {
        let path = self.root().join(FILE);
        match std::fs::read(&path) {
            // What a disk garbled costs its own line.
            Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(LakeError::io("read", &path)(error)),
        }
    }
}

/// Whether the last line was left unfinished: what is added must not become part of it.
fn is_torn(file: &mut std::fs::File) -> io::Result<bool> {
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
    fn runs_are_told_in_their_order_and_half_a_line_costs_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::init(folder.path()).unwrap();
        assert_eq!(lake.runs().unwrap(), []);
        let run = |id: &str| Run { source_id: id.into(), requests: 3, ..Run::default() };
        lake.note_run(&run("a")).unwrap();
        let mut file = OpenOptions::new().append(true).open(folder.path().join(FILE)).unwrap();
        file.write_all(b"{\"source_id\":\"b").unwrap();
        lake.note_run(&run("c")).unwrap();
        assert_eq!(lake.runs().unwrap(), [run("a"), run("c")]);
        assert!(lake.verify().unwrap().problems.is_empty());
    }

    #[test]
    fn a_delivery_is_found_by_its_key_for_as_long_as_is_asked() {
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
                report: verdict.map_or(Value::Null, |_| serde_json::json!({ "rows": 1, "asked": "a" })),
            }),
            ..Run::default()
        };
        let begun = sent(1, Some("k1"), None);
        let ended = sent(2, Some("k1"), Some(Verdict::Accepted));
        let held = sent(3, None, Some(Verdict::Held));
        let stopped = sent(4, Some("k2"), None);
        for run in [&begun, &ended, &held, &stopped] {
            lake.note_run(run).unwrap();
        }
        assert_eq!(lake.sent_under("k1", at(0)).unwrap(), Some(ended.clone()));
        assert_eq!(lake.sent_under("k1", at(2)).unwrap(), Some(ended.clone()));
        assert_eq!(lake.sent_under("k1", at(3)).unwrap(), None);
        assert_eq!(lake.sent_under("k2", at(0)).unwrap(), Some(stopped));
        // A fingerprint is no key, and a part of one neither.
        assert_eq!(lake.sent_under("f2", at(0)).unwrap(), None);
        assert_eq!(lake.sent_under("k", at(0)).unwrap(), None);
        let told: Vec<(Option<Verdict>, Value)> = lake
            .runs()
            .unwrap()
            .into_iter()
            .filter_map(|run| run.upload.map(|upload| (upload.verdict, upload.report)))
            .collect();
        assert_eq!(told, [(Some(Verdict::Accepted), Value::Null), (Some(Verdict::Held), Value::Null)]);
        // A look is written as it was before there were deliveries.
        lake.note_run(&Run { source_id: "look".into(), ..Run::default() }).unwrap();
        let text = std::fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert!(!text.lines().last().unwrap().contains("upload"), "{text}");
    }
}
