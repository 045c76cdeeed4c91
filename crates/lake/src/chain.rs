//! The chain of editions as the disk holds it: which records read well, which do not, and whether each names
//! the one before it.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use crate::disk::{self, Stamp};
use crate::{Edition, LakeError};

/// The newest edition that can be relied on, and what is wrong with the chain.
#[derive(Debug, Clone)]
pub struct LatestGood {
    /// The newest edition whose record reads well and comes after no broken link.
    pub edition: Option<Edition>,
    /// What is wrong, each naming its file. Empty when this is simply the latest edition.
    pub damage: Vec<String>,
}

/// Records read before, each with the stamp of the file it was read from.
pub(crate) type Memory = BTreeMap<u64, (Stamp, Arc<Edition>)>;

/// The records by number.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    slots: BTreeMap<u64, Result<Arc<Edition>, LakeError>>,
    /// Numbers after which the chain is not to be relied on, with the reason.
    breaks: Vec<(u64, LakeError)>,
}

/// The number of an edition's file name.
pub(crate) fn number_of(name: &str) -> Option<u64> {
    let number = name.strip_suffix(".json")?;
    number.parse().ok().filter(|n: &u64| *n > 0 && n.to_string() == number)
}

/// Reads one record, from memory when its file has not changed.
pub(crate) fn read(root: &Path, number: u64, memory: &mut Memory) -> Result<Arc<Edition>, LakeError> {
    let name = Edition::path(number);
    let path = root.join(&name);
    let mut file = disk::open(root, &name)?;
    let stamp = Stamp::of(&file.metadata().map_err(LakeError::io("look at", &path))?);
    // Records never change: with the same stamp the file need not be read again.
    if let Some((_, edition)) = memory.get(&number).filter(|(seen, _)| *seen == stamp) {
        return Ok(Arc::clone(edition));
    }
    memory.remove(&number);
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(LakeError::io("read", &path))?;
    let edition = Arc::new(Edition::decode(number, &bytes)?);
    memory.insert(number, (stamp, Arc::clone(&edition)));
    Ok(edition)
}

impl Chain {
    /// Reads every record there is.
    pub(crate) fn read(root: &Path, memory: &mut Memory) -> Result<Self, LakeError> {
        let mut chain = Self::default();
        let mut numbers: Vec<u64> =
            disk::names(&root.join("editions"))?.iter().filter_map(|n| number_of(n)).collect();
        numbers.sort_unstable();
        for number in numbers {
            // Of a gap the first number is enough: whatever lies behind it cannot be relied on.
            let missing = chain.slots.last_key_value().map_or(1, |(last, _)| last + 1);
            if missing < number {
                let why = format!("it is missing, and edition {number} is not");
                chain.slots.insert(missing, Err(LakeError::damaged(&Edition::path(missing), why)));
            }
            let slot = read(root, number, memory);
            if let (Ok(edition), Some(Ok(before))) = (&slot, chain.slots.get(&(number - 1)))
                && edition.previous_sha256.as_ref() != Some(&before.sha256)
            {
                let why = format!("it does not follow from editions/{}.json as that file is now", number - 1);
                chain.breaks.push((number, LakeError::damaged(&Edition::path(number), why)));
            }
            chain.slots.insert(number, slot);
        }
        Ok(chain)
    }

    /// What is wrong, in order of number.
    pub(crate) fn problems(&self) -> Vec<&LakeError> {
        let bad = self.slots.iter().filter_map(|(n, slot)| slot.as_ref().err().map(|e| (*n, e)));
        let mut all: Vec<_> = bad.chain(self.breaks.iter().map(|(n, e)| (*n, e))).collect();
        all.sort_by_key(|(number, _)| *number);
        all.into_iter().map(|(_, error)| error).collect()
    }

    /// The records that read well.
    pub(crate) fn good(&self) -> impl DoubleEndedIterator<Item = &Arc<Edition>> {
        self.slots.values().filter_map(|slot| slot.as_ref().ok())
    }

    /// Every edition, or the first thing that is wrong.
    pub(crate) fn whole(self) -> Result<Vec<Arc<Edition>>, LakeError> {
        let broken = self.breaks.into_iter().next();
        let mut editions = Vec::with_capacity(self.slots.len());
        for (number, slot) in self.slots {
            match (&broken, slot) {
                (Some((at, _)), _) if *at == number => break,
                (_, slot) => editions.push(slot?),
            }
        }
        broken.map_or(Ok(editions), |(_, error)| Err(error))
    }

    /// The newest record to rely on.
    pub(crate) fn latest_good(&self) -> LatestGood {
        let end = self.breaks.iter().map(|(number, _)| *number).min().unwrap_or(u64::MAX);
        let edition = self.good().rfind(|edition| edition.number < end).map(|e| Edition::clone(e));
        LatestGood { edition, damage: self.problems().iter().map(|e| e.with_causes()).collect() }
    }
}
