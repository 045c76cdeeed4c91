//! Stops the world before the n-th step that changes the disk, and keeps a journal of the steps.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// How the world ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Every step from the n-th on fails: the process is gone.
    Killed,
    /// The n-th step alone fails: the disk is full or bad for a moment.
    Hiccup,
}

/// A step that was taken.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) action: &'static str,
    pub(crate) path: PathBuf,
    pub(crate) to: Option<PathBuf>,
    /// What the file held when it was synced.
    pub(crate) content: Vec<u8>,
}

#[derive(Debug, Default)]
struct State {
    steps: usize,
    end: Option<(usize, End)>,
    journal: Vec<Step>,
}

/// Shared by the clones of a `Disk`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults(Arc<Mutex<State>>);

impl Faults {
    /// Ends the world at step `at`, counted from 0 and from now.
    pub(crate) fn end_at(&self, at: usize, end: End) {
        let mut state = self.0.lock().unwrap();
        *state = State { end: Some((at, end)), ..State::default() };
    }

    /// Steps tried since the end was set.
    pub(crate) fn steps(&self) -> usize {
        self.0.lock().unwrap().steps
    }

    /// The steps taken since the last call.
    pub(crate) fn take_journal(&self) -> Vec<Step> {
        std::mem::take(&mut self.0.lock().unwrap().journal)
    }

    pub(crate) fn step(&self, action: &'static str, path: &Path, to: Option<&Path>) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        let now = state.steps;
        state.steps += 1;
        match state.end {
            Some((at, End::Killed)) if now >= at => Err(io::Error::other("killed")),
            Some((at, End::Hiccup)) if now == at => Err(io::Error::from(io::ErrorKind::StorageFull)),
            _ => {
                let content = if action == "sync" { std::fs::read(path)? } else { Vec::new() };
                state.journal.push(Step {
                    action,
                    path: path.to_path_buf(),
                    to: to.map(Path::to_path_buf),
                    content,
                });
                Ok(())
            }
        }
    }
}
