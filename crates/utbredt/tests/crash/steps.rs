//! A kill before the steps the program takes on the disk: some of each kind, or all with `UTBREDT_STRIDE=1`.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::time::Instant;

use crate::act::{Act, Count, folder, number};

/// Why strace cannot be used, if it cannot.
pub(crate) fn without_strace() -> Option<String> {
    let tried = Command::new("strace").args(["-f", "-o", "/dev/null", "true"]).output();
    match tried {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => Some(error.to_string()),
    }
}

/// Kills the act before its k-th call of each kind: for every k, or every `stride`-th and the last.
fn at_every_step(act: &Act, name: &str, kinds: &[&'static str], stride: usize) {
    if let Some(why) = without_strace() {
        println!("skipped, strace cannot be used: {why}");
        return;
    }
    let (started, mut count) = (Instant::now(), Count::default());
    let calls: Vec<_> = act.calls(kinds).into_iter().filter(|(_, most)| *most > 0).collect();
    for (call, most) in &calls {
        // What comes after the commit is among the last.
        for k in (1..*most).step_by(stride).chain([*most]) {
            let lake = act.lake(name);
            let output = act.disturbed(&lake, call, &format!("signal=SIGKILL:when={k}")).output();
            let status = output.expect("strace starts").status;
            let label = format!("killed before {call} {k}");
            // Files of the system may be opened once more or once less.
            let hit = status.signal() == Some(9) || *call == "openat" && k + 10 > *most && status.success();
            assert!(hit, "{label}: {status}");
            count.add(&act.recover(&lake, &label));
        }
    }
    println!("{name} killed before steps in {:?}, {count:?}, of {calls:?}", started.elapsed());
    assert!(count.before > 0 && count.after > 0, "{count:?}");
}

/// Every step in the long form (`UTBREDT_STRIDE=1`); else every `otherwise`-th of each kind of call.
fn stride(otherwise: u64) -> usize {
    usize::try_from(number("UTBREDT_STRIDE", otherwise)).expect("a small number")
}

/// Every way to change a disk.
const CHANGES: [&str; 13] = [
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "link",
    "linkat",
    "rename",
    "renameat",
    "unlink",
    "unlinkat",
    "mkdir",
    "mkdirat",
    "ftruncate",
];

#[test]
fn a_first_delivery_may_be_killed_before_any_change() {
    at_every_step(&Act::first(folder()), "first", &CHANGES, stride(3));
}

#[test]
fn a_correction_may_be_killed_before_any_change() {
    at_every_step(&Act::correction(folder()), "correction", &CHANGES, stride(3));
}

#[test]
fn a_correction_may_be_killed_before_any_open() {
    at_every_step(&Act::correction(folder()), "opens", &["openat"], stride(9));
}

/// Neither lost nor released twice: whatever stops it, the delivery is held or active, and a second release changes nothing
/// where the first was made.
#[test]
fn a_release_may_be_killed_before_any_change() {
    let release = Act::release(folder());
    assert!(release.is_a_release());
    at_every_step(&release, "release", &CHANGES, stride(3));
}

#[test]
fn the_making_of_a_lake_may_be_killed_before_any_change() {
    at_every_step(&Act::init(), "init", &CHANGES, stride(12));
}
