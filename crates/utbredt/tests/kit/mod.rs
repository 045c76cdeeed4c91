//! What the tests of the binary share.

use std::path::Path;
use std::process::Command;

/// The binary with arguments, in a folder, and with nothing of the tester's own settings.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_utbredt"));
    command.args(arguments).current_dir(folder);
    for name in ["UTBREDT_LAKE", "UTBREDT_PLAN", "UTBREDT_LOG", "UTBREDT_QUERIES"] {
        command.env_remove(name);
    }
    command
}
