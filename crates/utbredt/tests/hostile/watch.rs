//! The command at work: what it says, how long it works, and what it and the reader it starts fill.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const UTBREDT: &str = env!("CARGO_BIN_EXE_utbredt");

/// How a command ended, and what it took.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) said: String,
    /// Time of processors, its own and that of the readers that ended: how busy the machine is says nothing about it.
    pub(crate) took: Duration,
    /// The most memory the command filled, and the reader it started.
    pub(crate) own: u64,
    pub(crate) reader: u64,
}

/// Bytes at the peak of a process, if it is there still.
fn peak(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim_end_matches("kB").trim().parse::<u64>().ok()).unwrap_or(0) << 10
}

/// Time of processors that a process used, and those it started and waited for; a tick of the kernel is 10 ms.
fn processor_time(pid: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // A name may hold blanks, and ends with the last bracket. Of what follows the 12th to the 15th are times.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u64 = fields.skip(11).take(4).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Duration::from_millis(10 * ticks)
}

/// The processes a process started that are readers by now; before that they look like their parent.
fn readers(pid: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let children = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    let pids: Vec<u32> = children
        .flat_map(|line| line.split(' ').filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect();
    let is_reader = |pid: &u32| {
        fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|words| words.contains("\0parse-child"))
    };
    pids.into_iter().filter(is_reader).collect()
}

/// Runs the command and watches what it and its reader fill.
pub(crate) fn watched(folder: &Path, words: &[&str]) -> Ended {
    let said = tempfile::NamedTempFile::new().expect("a file");
    let to = |file: &File| Stdio::from(file.try_clone().expect("the same file"));
    let mut child = Command::new(UTBREDT)
        .args(words)
        .current_dir(folder)
        .stdout(to(said.as_file()))
        .stderr(to(said.as_file()))
        .spawn()
        .expect("it starts");
    let (mut own, mut reader, mut took) = (0, 0, Duration::ZERO);
    let status = loop {
        own = own.max(peak(child.id()));
        took = took.max(processor_time(child.id()));
        reader = readers(child.id()).into_iter().map(peak).fold(reader, u64::max);
        if let Some(status) = child.try_wait().expect("a child") {
            break status;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let said = String::from_utf8_lossy(&fs::read(said.path()).expect("read")).into_owned();
    Ended { code: status.code(), said, took, own, reader }
}
