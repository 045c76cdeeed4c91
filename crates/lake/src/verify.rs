//! The check of everything: nothing is taken from memory, every problem names its file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;

use crate::delta::Logs;
use crate::evidence::Payloads;
use crate::lake::check_format;
use crate::{FileEntry, Lake, LakeError, TABLES, chain, delta, disk, file, raw, runs};

/// What `verify` found.
#[derive(Debug, Clone, Default)]
pub struct VerifyReport {
    /// Editions read.
    pub editions: usize,
    /// Files of tables and payloads read.
    pub files: usize,
    /// Their length together.
    pub bytes: u64,
    /// What is wrong, each naming its file. Empty when all is well.
    pub problems: Vec<String>,
}

impl VerifyReport {
    fn note(&mut self, outcome: Result<(), LakeError>) {
        self.problems.extend(outcome.err().map(|e| e.with_causes()));
    }
}

pub(crate) fn verify(lake: &Lake) -> Result<VerifyReport, LakeError> {
    // A cache must not vouch for the disk.
    lake.forget_checked();
    let mut report = VerifyReport::default();
    report.note(check_format(lake.root()));
    let mut logs = Logs::default();
    // Most editions share most of their files: each is read once.
    let mut named: BTreeMap<String, (String, FileEntry)> = BTreeMap::new();
    let scan = chain::scan(lake.root(), |edition, moved| {
        for (table, files) in moved {
            let added = files.added.iter().map(|file| (file.path.clone(), (table.clone(), file.clone())));
            named.extend(added);
        }
        logs.push(edition, moved);
    })?;
    report.problems.extend(scan.problems.iter().map(LakeError::with_causes));
    for name in disk::names(&lake.root().join("editions"))? {
        if chain::number_of(&name).is_none() && !name.starts_with(disk::TEMPORARY) {
            report.problems.push(format!("editions/{name} is not the name of an edition"));
        }
    }
    let whole = report.problems.is_empty();
    report.editions = scan.editions;

    let mut payloads = Payloads::default();
    for (table, entry) in named.values() {
        report.files += 1;
        report.bytes += entry.bytes;
        let checked = check(lake, entry);
        // A damaged file is reported once, not again for each payload it may name.
        if checked.is_ok() && table == "receipts" {
            payloads.add(lake, entry)?;
        }
        report.note(checked);
    }
    check_payloads(lake, payloads, &mut report)?;
    check_strangers(lake, &named, &mut report)?;
    // With a record lost, the logs cannot be derived, and what is wrong is in the report.
    if whole {
        for (path, why, _) in delta::differences(lake, &logs)? {
            if delta::is_behind(why) {
                continue;
            }
            report.problems.push(format!(
                "{path} is damaged: {why}; it is derived, `utbredt verify --repair` writes it anew"
            ));
        }
    }
    match runs::check(lake) {
        Ok(problems) => report.problems.extend(problems.iter().map(LakeError::with_causes)),
        Err(error) => report.note(Err(error)),
    }
    Ok(report)
}

fn check(lake: &Lake, entry: &FileEntry) -> Result<(), LakeError> {
    let path = lake.check_file(entry)?;
    file::check_rows(File::open(&path).map_err(LakeError::io("open", &path))?, entry)
}

/// What lies in `tables/` and is of no edition is never read; whoever put it there may think otherwise. A file named by its
/// hash is what a stopped writer leaves, and the next clean-up sweeps it.
fn check_strangers(
    lake: &Lake,
    named: &BTreeMap<String, (String, FileEntry)>,
    report: &mut VerifyReport,
) -> Result<(), LakeError> {
    let tables: BTreeSet<&str> =
        named.values().map(|(table, _)| table.as_str()).chain(TABLES.iter().map(|t| t.name)).collect();
    let mut strangers = Vec::new();
    for table in disk::names(&lake.root().join("tables"))? {
        let folder = format!("tables/{table}");
        if !tables.contains(table.as_str()) || !lake.root().join(&folder).is_dir() {
            strangers.push(folder);
            continue;
        }
        for name in disk::names(&lake.root().join(&folder))? {
            let path = format!("{folder}/{name}");
            let ours = named.contains_key(&path)
                || name == "_delta_log"
                || name.starts_with(disk::TEMPORARY)
                || is_left_over(lake, &path, &name);
            if !ours {
                strangers.push(path);
            }
        }
    }
    let problems = strangers
        .into_iter()
        .map(|path| format!("{path} is of no edition and never read; take it out of the lake"));
    report.problems.extend(problems);
    Ok(())
}

/// Whether a file is named by the hash of its bytes, as only a writer names them.
fn is_left_over(lake: &Lake, path: &str, name: &str) -> bool {
    let Some(sha256) = name.strip_suffix(".parquet").filter(|stem| disk::is_sha256(stem)) else {
        return false;
    };
    let hashed = disk::open(lake.root(), path).ok().and_then(|mut file| disk::hash_file(&mut file).ok());
    hashed.is_some_and(|(_, found)| found == sha256)
}

/// Every payload kept must be whole, and every payload that a receipt names must be kept, or removed by a writer that left
/// a note; evidence is never removed.
fn check_payloads(lake: &Lake, payloads: Payloads, report: &mut VerifyReport) -> Result<(), LakeError> {
    let Payloads { delivered: mut all, evidence } = payloads;
    for name in disk::names(&lake.root().join("raw"))? {
        let stem = name.strip_suffix(".zst").or(name.strip_suffix(raw::REMOVED));
        match stem.filter(|stem| disk::is_sha256(stem)) {
            Some(stem) => drop(all.insert(stem.to_owned())),
            None if name.starts_with(disk::TEMPORARY) => {}
            None => report.problems.push(format!("raw/{name} is not the name of a payload")),
        }
    }
    for sha256 in all {
        report.files += 1;
        match lake.raw(&sha256) {
            Ok(payload) => report.bytes += payload.len() as u64,
            Err(LakeError::RemovedRaw { .. }) if !evidence.contains(&sha256) => {}
            Err(LakeError::NoRaw(_) | LakeError::RemovedRaw { .. }) => report.note(Err(LakeError::damaged(
                &raw::path(&sha256),
                "a receipt refers to it and it is missing",
            ))),
            Err(other) => report.note(Err(other)),
        }
    }
    Ok(())
}
