//! Why nothing came back from the sandbox.

use std::io;
use std::process::ExitStatus;

use utbredt_model::Reason;

use super::MEMORY;

/// Why nothing came back from the sandbox.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The other process could not be started.
    #[error("the delivery cannot be parsed in the sandbox")]
    Start(#[source] io::Error),
    /// The other process has no way in or out, or its end is not known.
    #[error("the delivery cannot be parsed in the sandbox: its parser cannot be reached")]
    Pipes,
    /// The task or the answer cannot be written or read as JSON.
    #[error("its parser is not understood")]
    Answer(#[from] serde_json::Error),
    /// It took too long.
    #[error("reading it takes longer than {0} s: it is refused")]
    Deadline(u64),
    /// It answered more than is taken.
    #[error("its output is too large: it is refused")]
    TooMuch,
    /// It computed too long.
    #[error("reading it takes more than {0} s of computing: it is refused")]
    Computing(u64),
    /// It filled too much memory.
    #[error("reading it takes more than {} MiB of memory: it is refused", MEMORY >> 20)]
    Memory,
    /// It ended otherwise.
    #[error("its parser does not survive it ({0}): it is refused")]
    Died(ExitStatus),
    /// The payload cannot be read.
    #[error("the delivery cannot be read")]
    Payload(#[source] io::Error),
    /// There is no contract that reads the file.
    #[error(transparent)]
    NoContract(#[from] Reason),
}
