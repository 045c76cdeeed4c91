//! Sweeping up what a stopped writer left. Called under the writer's lock only, so a file that no edition
//! names cannot be about to be named.

use std::collections::BTreeSet;

use crate::{Lake, LakeError, chain, disk};

/// What a clean-up removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CleanUp {
    /// The files, relative to the lake.
    pub removed: Vec<String>,
    /// Their length together.
    pub bytes: u64,
}

pub(crate) fn clean_up(lake: &Lake) -> Result<CleanUp, LakeError> {
    // What any edition names stays, and a lost record may name more: then nothing is swept.
    let mut named = BTreeSet::new();
    chain::whole(lake.root(), |_, moved| {
        named.extend(moved.values().flat_map(|files| &files.added).map(|file| file.path.clone()));
    })?;
    // The lake's own folder is listed without going below: `answers/` and others are not ours to sweep.
    let mut folders = vec![String::new(), "raw/".to_owned(), "editions/".to_owned(), "tables/".to_owned()];
    for table in disk::names(&lake.root().join("tables"))? {
        folders.push(format!("tables/{table}/"));
        folders.push(format!("tables/{table}/_delta_log/"));
    }
    let mut swept = CleanUp::default();
    for folder in folders.iter().filter(|folder| lake.root().join(folder).is_dir()) {
        for name in disk::names(&lake.root().join(folder))? {
            let path = format!("{folder}{name}");
            let of_a_table =
                folder.starts_with("tables/") && name.strip_suffix(".parquet").is_some_and(disk::is_sha256);
            if name.starts_with(disk::TEMPORARY) || (of_a_table && !named.contains(&path)) {
                let full = lake.root().join(&path);
                // The length is for the report only, and may be unknown.
                swept.bytes += std::fs::metadata(&full).map_or(0, |about| about.len());
                lake.disk().remove(&full)?;
                swept.removed.push(path);
            }
        }
    }
    Ok(swept)
}
