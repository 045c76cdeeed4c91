//! Reading the log of runs and adding to it.
//!
//! A file that has grown is renamed first and summed up after. Whoever is stopped in between leaves a file that the summary
//! lacks; readers add it up themselves, and the next run writes the summary.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};

use super::files::{ACTIVE, FORMAT, SUMMARY, Snapshot, Stored, add, closed, name};
use super::{Run, RunSummary};
use crate::disk::{self, Stamp};
use crate::lines::{self, Unreadable};
use crate::{Lake, LakeError, access};

/// The name of a summary that is being written. Not one of those that a writer of the lake sweeps up.
const UNNAMED: &str = ".runs.summary.json.new";
/// The lock that whoever adds a run holds. Apart from the lake's own: an upload is logged while another is under way.
const LOCK: &str = "runs.lock";

/// The length from which the file that is added to gets another name.
pub(super) const LONGEST: u64 = 4 << 20;

/// How long after its start an upload may be noted: it waits for its turn.
const WAITING: TimeDelta = TimeDelta::hours(1);

/// What was read of the log so far, so that only what is new is read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    newest: u64,
    /// Of the file that is added to.
    stamp: Option<Stamp>,
    /// How much of it is in the summary.
    bytes: u64,
    summary: RunSummary,
}

impl Known {
    /// Whether the files are those that were read, or longer.
    fn continues(&self, now: &Snapshot) -> bool {
        let same = match (&self.stamp, &now.active) {
            (Some(stamp), Some(active)) => stamp.is_same_file(&active.stamp) && active.bytes >= self.bytes,
            (None, _) => self.bytes == 0,
            (Some(_), None) => false,
        };
        same && self.newest == now.newest
    }
}

/// What the log comes to. Reads what was added since `known`; where that is nothing, the summary and the file that is added to.
pub(super) fn summary(root: &Path, known: &mut Option<Known>) -> Result<RunSummary, LakeError> {
    let now = Snapshot::take(root)?;
    let mut read = match known.take().filter(|known| known.continues(&now)) {
        Some(known) => known,
        None => {
            let mut stored = now.stored;
            stored.add(root, now.newest)?;
            Known { newest: now.newest, summary: stored.summary, ..Known::default() }
        }
    };
    if let Some(mut active) = now.active {
        let path = root.join(ACTIVE);
        active.file.seek(SeekFrom::Start(read.bytes)).map_err(LakeError::io("read", &path))?;
        let more = active.file.take(active.bytes - read.bytes);
        read.bytes += add(more, ACTIVE, root, &mut read.summary)?;
        read.stamp = Some(active.stamp);
    }
    Ok(known.insert(read).summary.clone())
}

/// Shows every line of the log, oldest first, with its file and its number in it.
pub(super) fn each_line(root: &Path, mut show: impl FnMut(&str, u64, &[u8])) -> Result<(), LakeError> {
    let now = Snapshot::take(root)?;
    let mut show_file = |from: &mut dyn Read, name: &str| {
        let mut number = 0;
        let shown = lines::each(from, |line| {
            number += 1;
            show(name, number, line);
        });
        shown.map(drop).map_err(LakeError::io("read", &root.join(name)))
    };
    for number in closed(root)?.into_iter().filter(|number| *number <= now.newest) {
        show_file(&mut disk::open(root, &name(number))?, &name(number))?;
    }
    now.active.map_or(Ok(()), |active| show_file(&mut active.into_reader(), ACTIVE))
}

/// The last run since a moment that fits, among the lines that contain a text. Files that are older are not read.
pub(super) fn find_last(
    root: &Path,
    text: &str,
    since: DateTime<Utc>,
    fits: impl Fn(&Run) -> bool,
) -> Result<Option<Run>, LakeError> {
    let now = Snapshot::take(root)?;
    let search = |from: &mut dyn Read, name: &str| {
        let (mut found, mut last) = (None, Vec::new());
        let searched = lines::each(from, |line| {
            last.clear();
            last.extend(line);
            // Few lines contain it: the others need not be parsed.
            let run = String::from_utf8_lossy(line).contains(text).then(|| lines::open::<Run>(line).ok());
            found = run.flatten().filter(|run| run.started_at >= since && fits(run)).or(found.take());
        });
        searched.map_err(LakeError::io("read", &root.join(name)))?;
        let is_older = lines::open(&last).is_ok_and(|run: Run| run.ended_at() + WAITING < since);
        Ok::<_, LakeError>((found, is_older))
    };
    if let Some(active) = now.active
        && let (Some(run), _) = search(&mut active.into_reader(), ACTIVE)?
    {
        return Ok(Some(run));
    }
    for number in closed(root)?.into_iter().rev().filter(|number| *number <= now.newest) {
        let (found, is_older) = search(&mut disk::open(root, &name(number))?, &name(number))?;
        if found.is_some() || is_older {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Adds a run as one line, durably, and gives the file another name when it has grown to `longest`.
pub(super) fn append(lake: &Lake, run: &Run, longest: u64) -> Result<(), LakeError> {
    let root = lake.root();
    let (lock, active) = (root.join(LOCK), root.join(ACTIVE));
    let held =
        access::private().create(true).append(true).open(&lock).map_err(LakeError::io("open", &lock))?;
    held.lock().map_err(LakeError::io("lock", &lock))?;
    append_line(&active, run).map_err(LakeError::io("write", &active))?;
    rotate(lake, longest)
}

/// Under the lock only.
fn rotate(lake: &Lake, longest: u64) -> Result<(), LakeError> {
    let root = lake.root();
    let now = Snapshot::take(root)?;
    let (mut stored, mut newest) = (now.stored, now.newest);
    if now.active.is_some_and(|active| active.bytes >= longest) {
        newest += 1;
        lake.disk().rename(&root.join(ACTIVE), &root.join(name(newest)))?;
        lake.disk().sync_folder(root)?;
    }
    if newest == stored.through {
        return Ok(());
    }
    stored.add(root, newest)?;
    lake.disk().replace_private(&root.join(UNNAMED), &root.join(SUMMARY), &stored.text()?)
}

/// A torn last line is ended first, so that it costs only itself.
fn append_line(path: &Path, run: &Run) -> io::Result<()> {
    let mut file = access::private().create(true).read(true).append(true).open(path)?;
    let mut line = lines::seal(run)?;
    line.push(b'\n');
    if is_torn(&mut file)? {
        line.insert(0, b'\n');
    }
    file.write_all(&line)?;
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

/// What is not as it was written. A line whose writer was stopped is no damage.
pub(super) fn check(root: &Path) -> Result<Vec<LakeError>, LakeError> {
    let mut problems = Vec::new();
    each_line(root, |name, number, line| {
        if lines::open::<Run>(line).err() == Some(Unreadable::Damaged) {
            let why = format!("line {number} is not as it was written, and is left out of every report");
            problems.push(LakeError::damaged(name, why));
        }
    })?;
    if fs::exists(root.join(SUMMARY)).unwrap_or(true) && Stored::read(root)?.format != FORMAT {
        let why = "it is no summary of the log of runs; the next run writes it anew from the log";
        problems.push(LakeError::damaged(SUMMARY, why));
    }
    Ok(problems)
}
