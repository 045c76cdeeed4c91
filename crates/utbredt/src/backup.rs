//! `utbredt backup`: a verified copy of a lake.

use std::path::PathBuf;

use serde_json::json;
use utbredt_lake::Lake;

use crate::table;

#[derive(Debug, clap::Args)]
pub(crate) struct BackupArguments {
    /// The folder of the copy: empty, or not there yet in a folder that is.
    pub(crate) dir: PathBuf,
    /// Also the file of the server's keys (their hashes). Without it the copy has none, and whoever serves it makes new ones.
    #[arg(long)]
    pub(crate) with_keys: bool,
    /// The lake.
    #[arg(long, env = "UTBREDT_LAKE", default_value = "./lake")]
    pub(crate) lake: PathBuf,
    /// Report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Makes the copy and reports what is in it.
pub(crate) fn run(arguments: &BackupArguments) -> anyhow::Result<()> {
    let report = Lake::open(&arguments.lake)?.backup(&arguments.dir, arguments.with_keys)?;
    if arguments.json {
        let output = json!({ "edition": report.edition, "files": report.files, "bytes": report.bytes });
        return table::write_document(&format!("{output}\n"));
    }
    let edition = report.edition.map_or("no edition".to_owned(), |number| format!("edition {number}"));
    table::write_lines(&[
        format!(
            "{edition} of {}, with all before it, is copied to {} and verified: {} files, {} bytes",
            arguments.lake.display(),
            arguments.dir.display(),
            report.files,
            report.bytes
        ),
        format!("to use the copy: --lake {}", arguments.dir.display()),
    ])
}
