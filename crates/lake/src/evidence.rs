//! Which payloads receipts name, and which of them are evidence for ever: those of deliveries that were accepted in any
//! edition, and the contracts that any was read by.

use std::collections::BTreeSet;

use arrow::array::{Array as _, AsArray as _, RecordBatch, StringArray};

use crate::{FileEntry, Lake, LakeError, Table, chain};

/// Hashes of payloads.
#[derive(Debug, Default)]
pub(crate) struct Payloads {
    /// Every delivery's.
    pub(crate) delivered: BTreeSet<String>,
    /// Those that nobody may remove.
    pub(crate) evidence: BTreeSet<String>,
}

impl Payloads {
    /// Those that the receipts of all editions name.
    pub(crate) fn of_lake(lake: &Lake) -> Result<Self, LakeError> {
        let mut files = Vec::new();
        chain::whole(lake.root(), |_, moved| {
            files.extend(moved.get("receipts").into_iter().flat_map(|files| files.added.clone()));
        })?;
        let mut payloads = Self::default();
        files.iter().try_for_each(|file| payloads.add(lake, file))?;
        Ok(payloads)
    }

    /// Adds those that a file of `receipts` names.
    pub(crate) fn add(&mut self, lake: &Lake, file: &FileEntry) -> Result<(), LakeError> {
        let Some(table) = Table::named("receipts") else { return Ok(()) };
        for batch in lake.read_files([file], table)? {
            let [hashes, states, contracts] =
                ["sha256", "state", "contract_sha256"].map(|name| texts(&batch, name));
            for ((hash, state), contract) in hashes.into_iter().zip(states).zip(contracts) {
                // Whatever else a state may come to be called, only what is held is no evidence.
                if state.as_deref() != Some("held") {
                    self.evidence.extend(hash.clone());
                }
                self.delivered.extend(hash);
                self.evidence.extend(contract);
            }
        }
        Ok(())
    }
}

/// A column of text; a table that lacks it has none in any row.
fn texts(batch: &RecordBatch, name: &str) -> Vec<Option<String>> {
    let column: Option<&StringArray> = batch.column_by_name(name).and_then(|column| column.as_string_opt());
    let text = |row| column.filter(|column| column.is_valid(row)).map(|column| column.value(row).to_owned());
    (0..batch.num_rows()).map(text).collect()
}
