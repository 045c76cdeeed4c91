//! Where the validators and generators are installed.

use std::path::PathBuf;
use std::process::Command;

/// A folder with a Python environment in `py` and Node's modules in `node_modules`.
#[derive(Debug, Clone)]
pub(crate) struct Tools(PathBuf);

impl Tools {
    /// The folder that `UTBREDT_CONTRACT_TOOLS` names, or the one `.ci/run` installs into.
    pub(crate) fn find() -> Result<Self, String> {
        let named = std::env::var_os("UTBREDT_CONTRACT_TOOLS").map(PathBuf::from);
        let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
        let folder = named.unwrap_or_else(|| home.join(".cache/utbredt/contract"));
        let tools = Self(folder);
        for needed in [tools.0.join("py/bin/python"), tools.node_modules().join(".bin/tsc")] {
            if !needed.exists() {
                return Err(format!("{} is not there; .ci/run installs it", needed.display()));
            }
        }
        Ok(tools)
    }

    pub(crate) fn python(&self) -> Command {
        Command::new(self.0.join("py/bin/python"))
    }

    pub(crate) fn node_modules(&self) -> PathBuf {
        self.0.join("node_modules")
    }

    pub(crate) fn node_bin(&self, name: &str) -> Command {
        Command::new(self.node_modules().join(".bin").join(name))
    }
}
