//! A copy of a lake is a lake, made while others write, or it is refused as incomplete.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::tempdir;
use utbredt_model::ReceiptId;

use super::faults::End;
use super::support::{append, files, read_usage, row, sample};
use crate::disk::{Disk, sha256};
use crate::lake::INCOMPLETE;
use crate::{Lake, LakeError, Run};

/// Names of files.
fn names(root: &Path) -> Vec<String> {
    // Nothing is in a lock.
    files(root).into_iter().filter(|name| name != "LOCK" && !name.ends_with(".lock")).collect()
}

/// Every file below a folder with the length and the hash of its bytes.
fn content(root: &Path) -> Vec<(String, usize, String)> {
    let of = |name: String| {
        let bytes = fs::read(root.join(&name)).unwrap();
        (name, bytes.len(), sha256(&bytes))
    };
    names(root).into_iter().map(of).collect()
}

#[test]
fn a_copy_is_the_lake_byte_for_byte() {
    let (folder, other) = (tempdir().unwrap(), tempdir().unwrap());
    let lake = sample(folder.path());
    lake.append_run(&Run { source_id: "county".into(), ..Run::default() }).unwrap();
    let to = other.path().join("copy");
    let report = lake.backup(&to, false).unwrap();
    assert_eq!(content(&to), content(folder.path()));
    let logs = |name: &str| name.contains("_delta_log");
    let copied: Vec<_> = content(&to).into_iter().filter(|(name, ..)| !logs(name)).collect();
    let bytes = copied.iter().map(|(_, bytes, _)| *bytes as u64).sum::<u64>();
    assert_eq!(
        (report.edition, report.files, report.bytes),
        (Some(3), copied.len() as u64, bytes),
        "what is reported is what is there"
    );
    // It goes on as a lake.
    let copy = Lake::open(&to).unwrap();
    copy.writer().unwrap().commit(append(9, &[row("0301", 9, 1, "x")])).unwrap();
    assert_eq!(copy.verify().unwrap().problems, Vec::<String>::new());
    assert_eq!(lake.latest().unwrap().unwrap().number, 3);
}

#[test]
fn an_empty_lake_is_copied_too() {
    let (folder, to) = (tempdir().unwrap(), tempdir().unwrap());
    let report = Lake::init(folder.path()).unwrap().backup(to.path(), false).unwrap();
    assert_eq!((report.edition, report.files), (None, 1));
    assert!(Lake::open(to.path()).unwrap().latest().unwrap().is_none());
}

/// Ends the other thread, also when this one panics.
struct AtEnd<'d>(&'d AtomicBool);

impl Drop for AtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_copy_made_during_writes_holds_one_edition_whole() {
    let (folder, other) = (tempdir().unwrap(), tempdir().unwrap());
    let lake = sample(folder.path());
    let done = AtomicBool::new(false);
    let mut editions = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Another process: nothing it has checked or read is shared.
            let lake = Lake::open(folder.path()).unwrap();
            for at in 0.. {
                let mut writer = lake.writer().unwrap();
                writer.clean_up().unwrap();
                writer.keep_raw(format!("payload {at}").as_bytes()).unwrap();
                let month = i32::try_from(at % 200).unwrap();
                let mut draft = append(3 + at, &[row("0301", month, at, &format!("r{at}"))]);
                // So that files are rewritten, and merged, while they are copied.
                draft.supersedes.extend((at % 3 == 0).then(|| ReceiptId(format!("r{}", at - 1))));
                writer.commit(draft).unwrap();
                let edition = writer.lake().latest().unwrap().unwrap().number;
                let run = Run { source_id: "county".into(), edition, ..Run::default() };
                lake.append_run(&run).unwrap();
                if done.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        let _at_end = AtEnd(&done);
        for at in 0..8 {
            let to = other.path().join(at.to_string());
            let number = lake.backup(&to, false).unwrap().edition.unwrap();
            let copy = Lake::open(&to).unwrap();
            assert_eq!(copy.verify().unwrap().problems, Vec::<String>::new());
            let newest = copy.latest().unwrap().unwrap();
            assert_eq!(newest.number, number);
            for edition in 1..=number {
                let (copied, original) = (copy.edition(edition).unwrap(), lake.edition(edition).unwrap());
                assert_eq!(read_usage(&copy, &copied), read_usage(&lake, &original), "edition {edition}");
            }
            // No run speaks of an edition that the copy lacks.
            assert!(copy.runs().unwrap().iter().all(|run| run.edition <= number));
            editions.push(number);
        }
    });
    assert!(editions.last() > editions.first(), "others wrote meanwhile: {editions:?}");
}

#[test]
fn a_copy_that_was_cut_short_is_refused_by_name() {
    let (folder, other) = (tempdir().unwrap(), tempdir().unwrap());
    sample(folder.path());
    let before = content(folder.path());
    let disk = Disk::default();
    let lake = Lake::open_on(folder.path(), disk.clone()).unwrap();
    let mut incomplete = 0;
    for at in 0.. {
        let to = other.path().join(at.to_string());
        disk.faults.end_at(at, End::Killed);
        let done = lake.backup(&to, false);
        disk.faults.end_at(usize::MAX, End::Killed);
        // Whoever restores it opens it; `init` must not make it another lake either.
        for init in [false, to.join(INCOMPLETE).exists()] {
            let opened = if init { Lake::init(&to) } else { Lake::open(&to) };
            match opened {
                Ok(copy) => {
                    // Only the sync after the mark was removed is left then.
                    assert_eq!(copy.verify().unwrap().problems, Vec::<String>::new());
                    assert_eq!(content(&to), before, "step {at}");
                }
                Err(LakeError::Incomplete(path)) => {
                    assert_eq!(path, to);
                    incomplete += 1;
                    let again = lake.backup(&to, false).unwrap_err().to_string();
                    assert!(again.contains("left an incomplete copy there"), "step {at}: {again}");
                }
                Err(LakeError::NotALake { .. }) => {
                    assert!(!to.exists() || files(&to).len() <= 1, "step {at}");
                }
                Err(other) => panic!("step {at}: {other}"),
            }
        }
        if done.is_ok() {
            break;
        }
    }
    assert!(incomplete > 40, "{incomplete} steps");
    assert_eq!(content(folder.path()), before, "the lake itself is not touched");
}

#[test]
fn nothing_is_copied_over_or_into_something_else() {
    let (folder, other) = (tempdir().unwrap(), tempdir().unwrap());
    let lake = sample(folder.path());
    let (full, file) = (other.path().join("full"), other.path().join("file"));
    fs::create_dir(&full).unwrap();
    fs::write(full.join("letter.txt"), "x").unwrap();
    fs::write(&file, "x").unwrap();
    let link = other.path().join("link");
    std::os::unix::fs::symlink(folder.path(), &link).unwrap();
    for (to, why) in [
        (full.as_path(), "it holds `letter.txt`; choose a folder that is empty or not there yet"),
        (&file, "it is no folder"),
        (folder.path(), "it is in the lake itself"),
        (&folder.path().join("copy"), "it is in the lake itself"),
        (&folder.path().join("raw/../tables/copy"), "it is in the lake itself"),
        (&link.join("copy"), "it is in the lake itself"),
        (&other.path().join("none/copy"), "the folder it would be in does not exist"),
    ] {
        let error = lake.backup(to, false).unwrap_err().to_string();
        let begins = format!("cannot copy the lake to {}: {why}", to.display());
        assert!(error.starts_with(&begins), "{error}");
    }
    assert_eq!(files(&full), ["letter.txt"]);
    assert_eq!(lake.verify().unwrap().problems, Vec::<String>::new());
}

#[test]
fn damage_is_not_copied() {
    let folder = tempdir().unwrap();
    let lake = sample(folder.path());
    for name in files(folder.path()).into_iter().filter(|name| {
        !name.contains("_delta_log")
            && (name.contains(".parquet") || name.contains(".zst") || name.contains("editions/"))
    }) {
        let path = folder.path().join(&name);
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        bad[good.len() / 2] ^= 4;
        fs::write(&path, bad).unwrap();
        let other = tempdir().unwrap();
        let to = other.path().join("copy");
        let error = Lake::open(folder.path()).unwrap().backup(&to, false).unwrap_err().to_string();
        assert!(error.contains(&name), "{name}: {error}");
        assert!(Lake::open(&to).is_err(), "{name}");
        fs::write(&path, good).unwrap();
    }
    assert_eq!(lake.verify().unwrap().problems, Vec::<String>::new());
}

#[test]
fn a_copy_has_the_rights_of_the_lake_and_keys_only_where_they_are_meant() {
    let other = tempdir().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for (name, for_group) in [("own", false), ("group", true)] {
        let root = other.path().join(name);
        let lake = if for_group { Lake::init_for_group(&root) } else { Lake::init(&root) }.unwrap();
        drop(lake);
        let lake = sample(&root);
        lake.append_run(&Run::default()).unwrap();
        fs::write(root.join("keys.json"), "{\"format\":1,\"keys\":[]}\n").unwrap();
        fs::set_permissions(root.join("keys.json"), fs::Permissions::from_mode(0o600)).unwrap();
        for with_keys in [false, true] {
            let to = other.path().join(format!("{name}-{with_keys}"));
            lake.backup(&to, with_keys).unwrap();
            for path in names(&root).iter().filter(|path| *path != "keys.json") {
                assert_eq!(mode(&to.join(path)), mode(&root.join(path)), "{name}: {path}");
            }
            for folder in ["", "raw", "tables", "tables/usage", "editions"] {
                assert_eq!(mode(&to.join(folder)), mode(&root.join(folder)), "{name}: {folder}");
            }
            assert_eq!(to.join("keys.json").exists(), with_keys);
            assert!(!with_keys || mode(&to.join("keys.json")) == 0o600);
        }
    }
}
