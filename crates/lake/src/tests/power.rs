//! The power goes: what was not synced may be on the disk or not, in any mixture.
//!
//! From the journal of a delivery, disks are made that the order of syncs allows: files that were not synced
//! are cut anywhere, names whose folder was not synced are there or not, each for itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::tempdir;

use super::faults::{End, Step};
use super::stops::{before_and_after, deliver};
use super::support::{Rng, files, read_usage, sample};
use crate::Lake;
use crate::disk::Disk;

/// Names and the number of the file behind each; the files' contents.
#[derive(Default)]
struct Image {
    names: BTreeMap<PathBuf, usize>,
    contents: Vec<Vec<u8>>,
    folders: BTreeSet<PathBuf>,
}

/// A disk that may be found after the power went before step `end`.
fn image(journal: &[Step], end: usize, rng: &mut Rng) -> Image {
    let mut image = Image::default();
    let done = &journal[..end];
    // The file behind each name as the process saw it, and as the disk may have kept it.
    let mut seen: BTreeMap<&Path, usize> = BTreeMap::new();
    for (at, step) in done.iter().enumerate() {
        let changed = step.to.as_deref().unwrap_or(&step.path);
        let synced = done[at..]
            .iter()
            .any(|s| s.action == "sync folder" && Some(s.path.as_path()) == changed.parent());
        let kept = synced || rng.roll(2) == 0;
        match step.action {
            "create" => {
                let number = image.contents.len();
                image.contents.push(unsynced(&journal[at..], done.len() - at, &step.path, rng));
                seen.insert(&step.path, number);
                if kept {
                    image.names.insert(step.path.clone(), number);
                }
            }
            "rename" | "link" => {
                let number = seen[step.path.as_path()];
                seen.insert(changed, number);
                if kept {
                    image.names.insert(changed.to_path_buf(), number);
                    if step.action == "rename" {
                        image.names.remove(&step.path);
                    }
                }
            }
            "remove" if kept => drop(image.names.remove(&step.path)),
            "make folder" if kept => drop(image.folders.insert(step.path.clone())),
            _ => {}
        }
    }
    image
}

/// What a file created at the first of `steps` holds: all when it was synced in time, else a part.
fn unsynced(steps: &[Step], done: usize, path: &Path, rng: &mut Rng) -> Vec<u8> {
    let sync = steps.iter().position(|s| s.action == "sync" && s.path == path);
    let Some(sync) = sync else { return Vec::new() };
    let whole = steps[sync].content.clone();
    if sync < done {
        return whole;
    }
    let cut = rng.roll(whole.len() + 1);
    whole[..cut].to_vec()
}

/// Puts the image over a copy of what was durable before.
fn restore(base: &Path, image: &Image, to: &Path) {
    for name in files(base) {
        let target = to.join(&name);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(base.join(&name), target).unwrap();
    }
    for folder in &image.folders {
        fs::create_dir_all(to.join(folder.strip_prefix(base).unwrap())).unwrap();
    }
    for (name, number) in &image.names {
        let target = to.join(name.strip_prefix(base).unwrap());
        if target.parent().unwrap().is_dir() {
            fs::write(target, &image.contents[*number]).unwrap();
        }
    }
}

#[test]
fn the_power_goes_at_any_step() {
    let states = before_and_after();
    let live = tempdir().unwrap();
    sample(live.path());
    let base = tempdir().unwrap();
    restore(live.path(), &Image::default(), base.path());
    let disk = Disk::default();
    let lake = Lake::open_on(live.path(), disk.clone()).unwrap();
    disk.faults.end_at(usize::MAX, End::Killed);
    deliver(&mut lake.writer().unwrap()).unwrap();
    let mut journal = disk.faults.take_journal();
    let moved = |path: &Path| base.path().join(path.strip_prefix(live.path()).unwrap());
    for step in &mut journal {
        step.path = moved(&step.path);
        step.to = step.to.as_deref().map(&moved);
    }
    let linked = journal.iter().position(|s| s.action == "link").unwrap();
    for end in 0..=journal.len() {
        for seed in 0..6 {
            let mut rng = Rng(end as u64 * 1000 + seed);
            let folder = tempdir().unwrap();
            restore(base.path(), &image(&journal, end, &mut rng), folder.path());
            let lake = Lake::open(folder.path()).unwrap();
            let rows = read_usage(&lake, &lake.latest().unwrap().unwrap());
            // Two steps after the link the folder is synced: from then on it may be acknowledged.
            let allowed = if end >= linked + 2 { &states[1..] } else { &states[..] };
            assert!(allowed.contains(&rows), "end {end} seed {seed}: {rows:?}");
            deliver(&mut lake.writer().unwrap()).unwrap();
            assert_eq!(
                read_usage(&lake, &lake.latest().unwrap().unwrap()),
                states[1],
                "end {end} seed {seed}"
            );
            assert_eq!(lake.verify().unwrap().problems, Vec::<String>::new(), "end {end} seed {seed}");
        }
    }
}
