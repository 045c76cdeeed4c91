//! The log of runs: what each look at a source asked, brought and failed at. It stands beside the editions and decides
//! nothing: a lake without it is whole.

use std::fs::OpenOptions;
use std::io::Write;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{Lake, LakeError};

/// One look at a source.
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
            let mut line = serde_json::to_string(run)?;
            line.push('\n');
            let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
            file.write_all(line.as_bytes())?;
            file.sync_all()
        };
        written().map_err(LakeError::io("write", &path))
    }

    /// Every run, oldest first. A line a stopped writer left unfinished is passed over.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn runs(&self) -> Result<Vec<Run>, LakeError> {
        let path = self.root().join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(LakeError::io("read", &path)(error)),
        };
        Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }
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
        file.write_all(b"{\"source_id\":\"b\n").unwrap();
        lake.note_run(&run("c")).unwrap();
        assert_eq!(lake.runs().unwrap(), [run("a"), run("c")]);
        assert!(lake.verify().unwrap().problems.is_empty());
    }
}
