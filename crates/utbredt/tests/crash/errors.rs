//! An error from every step on the disk, and a disk that is full: the last edition stands, and says so.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Instant;

use crate::act::{Act, Count, UTBREDT, copy, folder};
use crate::steps::without_strace;

/// It failed as it should: a code, a message that names a file and says which edition stands.
fn failed_cleanly(output: &Output, lake: &Path, label: &str) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{label}: {message}");
    let names = message.contains(&lake.display().to_string()) && message.contains("edition");
    assert!(names || message.contains("standard output"), "{label}: {message}");
    assert!(
        message.contains("is the newest")
            || message.contains("is still the newest")
            || message.contains("deliver again")
            || message.contains("delivered"),
        "{label}: {message}"
    );
}

#[test]
fn an_error_of_any_step_leaves_the_last_edition() {
    if let Some(why) = without_strace() {
        println!("skipped, strace cannot be used: {why}");
        return;
    }
    let (act, started, mut count) = (Act::correction(folder()), Instant::now(), Count::default());
    let calls = act.calls(&["write", "pwrite64", "fsync", "fdatasync", "linkat", "rename", "mkdir"]);
    for (call, most) in &calls {
        // One call fails; or that one and all after it.
        for (error, on) in [("ENOSPC", ""), ("EIO", ""), ("ENOSPC", "+")] {
            if on == "+" && *call != "fsync" || error == "EIO" && !matches!(*call, "fsync" | "write") {
                continue;
            }
            for k in 1..=*most {
                let lake = act.lake("error");
                let how = format!("error={error}:when={k}{on}");
                let output = act.disturbed(&lake, call, &how).output().expect("strace starts");
                let label = format!("{error} at {call} {k}{on}");
                failed_cleanly(&output, &lake, &label);
                count.add(&act.recover(&lake, &label));
            }
        }
    }
    println!("errors in {:?}, {count:?}, at {calls:?}", started.elapsed());
    assert!(count.before > 0 && count.after > 0, "{count:?}");
}

/// A disk of its own, taken away at the end.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new(bytes: u64) -> Result<Self, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"]).arg(folder.path());
        match mount.output() {
            Ok(output) if output.status.success() => Ok(Self(folder)),
            Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_costs_nothing_but_the_delivery() {
    const PAGE: usize = 4096;
    let act = Act::correction(folder());
    let mut full = 0;
    for free in 0.. {
        let disk = match SmallDisk::new(4 << 20) {
            Ok(disk) => disk,
            Err(why) => {
                println!("skipped, no small disk can be mounted: {why}");
                return;
            }
        };
        let (lake, filler) = (disk.0.path().join("lake"), disk.0.path().join("filler"));
        act.start.iter().for_each(|start| copy(start, &lake));
        fill(&filler, free * PAGE);
        let output = act.command(&lake).output().expect("it starts");
        if output.status.success() {
            break;
        }
        full += 1;
        assert!(full < 200, "{}", String::from_utf8_lossy(&output.stderr));
        let label = format!("{free} pages free");
        failed_cleanly(&output, &lake, &label);
        let question = ["sql", "SELECT count(*) AS n FROM municipalities", "--format", "csv", "--lake"];
        let queried = Command::new(UTBREDT).args(question).arg(&lake).output().expect("it starts");
        assert!(
            queried.status.success(),
            "{label}: queries work: {}",
            String::from_utf8_lossy(&queried.stderr)
        );
        fs::remove_file(&filler).expect("room again");
        act.recover(&lake, &label);
    }
    println!("disks with 0 to {full} free pages were full");
    assert!(full > 3, "the delivery needs room");
}

/// Writes until no more than `free` bytes are left.
fn fill(path: &Path, free: usize) {
    use std::io::Write;
    let mut file = fs::File::create(path).expect("created");
    while file.write_all(&[0; 4096]).is_ok() {}
    let held = file.metadata().expect("a length").len();
    file.set_len(held.saturating_sub(free as u64)).expect("cut");
}
