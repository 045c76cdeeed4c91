//! The chain of editions as the disk holds it. `HEAD` names the newest edition, so a newest record that is gone is missed; it
//! is written after the record, and may be one behind. An edition is read from its checkpoint on.

use std::path::Path;

use crate::disk;
use crate::head::{HEAD, Head};
use crate::record::{self, Moved, Record};
use crate::{Edition, LakeError};

/// The newest edition that can be relied on, and what is wrong with the chain.
#[derive(Debug, Clone)]
pub struct LatestGood {
    /// The newest edition whose content can be read and which comes after no broken link.
    pub edition: Option<Edition>,
    /// What is wrong, each naming its file. Empty when this is simply the latest edition.
    pub damage: Vec<String>,
}

/// The number of an edition's file name.
pub(crate) fn number_of(name: &str) -> Option<u64> {
    let number = name.strip_suffix(".json")?;
    number.parse().ok().filter(|n: &u64| *n > 0 && n.to_string() == number)
}

/// Reads one record.
pub(crate) fn read(root: &Path, number: u64) -> Result<Record, LakeError> {
    record::decode(number, &disk::read(root, &Edition::path(number))?)
}

/// The number of the newest edition, by `HEAD` and what came after it was written.
pub(crate) fn newest(root: &Path, head: Option<&Head>) -> Result<Option<u64>, LakeError> {
    let Some(head) = head else { return Ok(listed(root)?.pop()) };
    let mut number = head.number;
    while root.join(Edition::path(number + 1)).exists() {
        number += 1;
    }
    Ok(Some(number))
}

/// The numbers for which there is a record, in order.
fn listed(root: &Path) -> Result<Vec<u64>, LakeError> {
    let mut numbers: Vec<u64> =
        disk::names(&root.join("editions"))?.iter().filter_map(|name| number_of(name)).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// Reads edition `number` from its checkpoint on, or from an earlier edition that is known and has the same one.
pub(crate) fn edition(root: &Path, number: u64, known: Option<Edition>) -> Result<Edition, LakeError> {
    let newest = read(root, number)?;
    let checkpoint = newest.checkpoint();
    let known = known.filter(|known| known.reach.checkpoint == checkpoint && known.number < number);
    let mut walk = Walk::from(known);
    let first = walk.edition.as_ref().map_or(checkpoint, |known| known.number + 1);
    for earlier in first..number {
        walk.step(earlier, record_of(root, earlier, number)?)?;
    }
    walk.step(number, newest)?;
    walk.edition.ok_or_else(|| {
        let why = format!("it is no checkpoint, though editions/{number}.json names it as one");
        LakeError::damaged(&Edition::path(checkpoint), why)
    })
}

/// Reads a record that has to be there since a later one is.
pub(crate) fn record_of(root: &Path, number: u64, later: u64) -> Result<Record, LakeError> {
    read(root, number).map_err(|error| if error.is_missing() { gap(number, later) } else { error })
}

fn gap(number: u64, later: u64) -> LakeError {
    LakeError::damaged(&Edition::path(number), format!("it is missing, and edition {later} is not"))
}

/// The newest edition.
pub(crate) fn latest(root: &Path, known: Option<Edition>) -> Result<Option<Edition>, LakeError> {
    let head = Head::read(root)?;
    let Some(number) = newest(root, head.as_ref())? else { return Ok(None) };
    let known = known.filter(|known| known.number < number);
    // A lake that was put in the place of another does not go on from what was read of that one.
    let continued = known.and_then(|known| edition(root, number, Some(known)).ok());
    let latest = match continued.map_or_else(|| edition(root, number, None), Ok) {
        Err(error) if error.is_missing() => return Err(lost(number)),
        other => other?,
    };
    match &head {
        Some(head) if head.number == number => head.check(number, &latest.sha256)?,
        Some(head) => head.check(head.number, read(root, head.number)?.sha256())?,
        None => {}
    }
    Ok(Some(latest))
}

/// The record that `HEAD` names, when it is gone.
fn lost(number: u64) -> LakeError {
    LakeError::damaged(&Edition::path(number), format!("it is missing, and {HEAD} names it"))
}

/// Editions read one after the other.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// The last one, unless its content cannot be known.
    pub(crate) edition: Option<Edition>,
    /// The hash of the record read last.
    sha256: Option<String>,
    /// Whether a record did not follow from the one before it: nothing after it can be relied on.
    broken: bool,
}

impl Walk {
    /// Goes on after an edition.
    pub(crate) fn from(edition: Option<Edition>) -> Self {
        let sha256 = edition.as_ref().map(|edition| edition.sha256.clone());
        Self { edition, sha256, broken: false }
    }

    /// Goes on to the next edition; gives what it did to the files.
    ///
    /// # Errors
    /// [`LakeError::Damaged`] when it cannot be read, or does not follow from the one before it.
    pub(crate) fn next(&mut self, root: &Path, number: u64) -> Result<Moved, LakeError> {
        Ok(self.step(number, read(root, number)?)?.unwrap_or_default())
    }

    /// Goes on to a record; gives what its edition did to the files, when that can be known.
    fn step(&mut self, number: u64, record: Record) -> Result<Option<Moved>, LakeError> {
        let before = self.edition.take();
        if self.sha256.replace(record.sha256().to_owned()).is_some_and(|before| !record.follows(&before)) {
            self.broken = true;
            let why = format!("it does not follow from editions/{}.json as that file is now", number - 1);
            return Err(LakeError::damaged(&Edition::path(number), why));
        }
        let Some((edition, moved)) = record.edition(before)? else { return Ok(None) };
        self.edition = Some(edition);
        Ok(Some(moved))
    }

    /// Goes on after a record that cannot be read.
    fn skip(&mut self) {
        (self.edition, self.sha256) = (None, None);
    }
}

/// What a reading of the whole chain came to.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// What is wrong, in order of number.
    pub(crate) problems: Vec<LakeError>,
    /// The newest edition to rely on.
    pub(crate) good: Option<u64>,
    /// How many editions could be read.
    pub(crate) editions: usize,
}

/// Reads every record there is, and shows every edition whose content can be known and what it did to the files.
pub(crate) fn scan(root: &Path, mut visit: impl FnMut(&Edition, &Moved)) -> Result<Scan, LakeError> {
    let mut scan = Scan::default();
    let head = Head::read(root).unwrap_or_else(|error| {
        scan.problems.push(error);
        None
    });
    let (mut walk, mut next) = (Walk::default(), 1);
    for number in listed(root)? {
        // Of a gap the first number is enough: whatever lies behind it cannot be relied on.
        if number > next {
            scan.problems.push(gap(next, number));
            walk.skip();
        }
        next = number + 1;
        let moved = match read(root, number) {
            Ok(record) => walk.step(number, record),
            Err(error) => {
                walk.skip();
                Err(error)
            }
        };
        let moved = moved.unwrap_or_else(|error| {
            scan.problems.push(error);
            None
        });
        let Some(edition) = &walk.edition else { continue };
        if !walk.broken {
            scan.good = Some(number);
        }
        scan.editions += 1;
        if let Some(head) = &head {
            scan.problems.extend(head.check(number, &edition.sha256).err());
        }
        visit(edition, &moved.unwrap_or_default());
    }
    if let Some(head) = head.filter(|head| head.number >= next) {
        scan.problems.push(lost(head.number));
    }
    Ok(scan)
}

/// Shows every edition in order, or says the first thing that is wrong.
pub(crate) fn whole(root: &Path, visit: impl FnMut(&Edition, &Moved)) -> Result<(), LakeError> {
    let problem = scan(root, visit)?.problems.into_iter().next();
    problem.map_or(Ok(()), Err)
}

/// The newest edition to rely on, with what is wrong.
pub(crate) fn latest_good(root: &Path) -> Result<LatestGood, LakeError> {
    let scan = scan(root, |_, _| ())?;
    let damage = scan.problems.iter().map(LakeError::with_causes).collect();
    Ok(LatestGood { edition: scan.good.map(|number| edition(root, number, None)).transpose()?, damage })
}
