//! The files of the log of runs: `runs.jsonl`, to which each run is added, those that it was renamed to when it had grown, and a
//! summary of the latter, so that it takes no reading of them to know the health of every source.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::RunSummary;
use crate::disk::{self, Stamp};
use crate::{LakeError, lines};

/// The file that is added to.
pub(super) const ACTIVE: &str = "runs.jsonl";
/// The file that sums up those that are not added to any more.
pub(super) const SUMMARY: &str = "runs.summary.json";
/// The version of the summary's form.
pub(super) const FORMAT: u32 = 1;

/// The name of a file that is not added to any more.
pub(super) fn name(number: u64) -> String {
    format!("runs-{number:04}.jsonl")
}

fn number(of: &str) -> Option<u64> {
    let number = of.strip_prefix("runs-")?.strip_suffix(".jsonl")?.parse().ok()?;
    (number > 0 && name(number) == of).then_some(number)
}

/// The files that are not added to any more, in order.
pub(super) fn closed(root: &Path) -> Result<Vec<u64>, LakeError> {
    let mut numbers: Vec<u64> = disk::names(root)?.iter().filter_map(|name| number(name)).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// The summary file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Stored {
    pub(super) format: u32,
    /// The last of the files that it sums up.
    pub(super) through: u64,
    pub(super) summary: RunSummary,
}

impl Stored {
    /// As it is on the disk; of nothing where there is none, or it tells nothing.
    pub(super) fn read(root: &Path) -> Result<Self, LakeError> {
        let text = match disk::read(root, SUMMARY) {
            Ok(text) => text,
            Err(error) if error.is_missing() => return Ok(Self::default()),
            Err(error) => return Err(error),
        };
        let stored = lines::open::<Self>(text.trim_ascii_end()).ok();
        Ok(stored.filter(|stored| stored.format == FORMAT).unwrap_or_default())
    }

    /// Its bytes.
    pub(super) fn text(&self) -> Result<Vec<u8>, LakeError> {
        let mut text = lines::seal(self).map_err(|error| LakeError::format(SUMMARY, error))?;
        text.push(b'\n');
        Ok(text)
    }

    /// Adds the files up to a number.
    pub(super) fn add(&mut self, root: &Path, newest: u64) -> Result<(), LakeError> {
        // Not every number: what is summed up may be taken away.
        for number in closed(root)?.into_iter().filter(|number| (self.through + 1..=newest).contains(number))
        {
            add(disk::open(root, &name(number))?, &name(number), root, &mut self.summary)?;
        }
        (self.format, self.through) = (FORMAT, newest);
        Ok(())
    }
}

/// Adds the runs of a file, and gives how many of its bytes they take.
pub(super) fn add(
    from: impl Read,
    name: &str,
    root: &Path,
    summary: &mut RunSummary,
) -> Result<u64, LakeError> {
    let added = lines::each(from, |line| match lines::open(line) {
        Ok(run) => summary.add(run),
        Err(_) => summary.unreadable_lines += 1,
    });
    added.map_err(LakeError::io("read", &root.join(name)))
}

/// The file that is added to, as long as it was when it was opened.
pub(super) struct Active {
    pub(super) file: File,
    pub(super) bytes: u64,
    pub(super) stamp: Stamp,
}

impl Active {
    fn open(root: &Path) -> Result<Option<Self>, LakeError> {
        let file = match disk::open(root, ACTIVE) {
            Ok(file) => file,
            Err(error) if error.is_missing() => return Ok(None),
            Err(error) => return Err(error),
        };
        let about = file.metadata().map_err(LakeError::io("look at", &root.join(ACTIVE)))?;
        Ok(Some(Self { file, bytes: about.len(), stamp: Stamp::of(&about) }))
    }

    pub(super) fn into_reader(self) -> impl Read {
        self.file.take(self.bytes)
    }
}

/// The files of the log at one moment, though others add to it.
pub(super) struct Snapshot {
    pub(super) stored: Stored,
    /// The last file that is not added to any more.
    pub(super) newest: u64,
    pub(super) active: Option<Active>,
}

impl Snapshot {
    pub(super) fn take(root: &Path) -> Result<Self, LakeError> {
        loop {
            let stored = Stored::read(root)?;
            let mut newest = stored.through;
            if newest == 0 {
                newest = closed(root)?.pop().unwrap_or_default();
            }
            while root.join(name(newest + 1)).exists() {
                newest += 1;
            }
            let active = Active::open(root)?;
            // Renamed meanwhile, its lines would be missed, or counted twice.
            if !root.join(name(newest + 1)).exists() {
                return Ok(Self { stored, newest, active });
            }
        }
    }
}

/// Shows the files of the log as they are at one moment, each with its name.
pub(super) fn each_file(
    root: &Path,
    mut show: impl FnMut(&str, &mut dyn Read) -> Result<(), LakeError>,
) -> Result<(), LakeError> {
    let now = Snapshot::take(root)?;
    for number in closed(root)?.into_iter().filter(|number| *number <= now.newest) {
        show(&name(number), &mut disk::open(root, &name(number))?)?;
    }
    if now.stored.through > 0 {
        show(SUMMARY, &mut now.stored.text()?.as_slice())?;
    }
    now.active.map_or(Ok(()), |active| show(ACTIVE, &mut active.into_reader()))
}
