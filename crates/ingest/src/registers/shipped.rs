//! The tables that are shipped with the program, put into a lake that has rows of its own. What a network changed itself stands; what
//! is shipped and absent is added; what nobody changed follows the program; nothing is removed. Places and their borders are
//! the program's alone, and are replaced as wholes.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::RecordBatch;
use chrono::{DateTime, Utc};
use utbredt_lake::{Edition, EditionDraft, Lake, Table, Writer};
use utbredt_model::register::Register;

use super::{Row, history, rows};
use crate::audit_tables::Tables;
use crate::{Files, IngestError, columns, reference};

/// Counts of inhabitants come from elsewhere too: by place, day and ages, whatever publication they are from.
const POPULATION: (&str, [usize; 5], usize) = ("population", [0, 1, 2, 3, 4], 6);

/// What becomes of a row when a lake is brought up to date.
enum ShippedChange {
    /// Shipped and absent.
    Added,
    /// Shipped with other values than before.
    Changed,
    /// Shipped, and the network has a row of its own.
    Kept,
}

/// What becomes of a table when a lake is brought up to date: how many rows of each kind, where there are any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShippedTable {
    /// The table.
    pub table: &'static str,
    /// Rows added.
    pub added: usize,
    /// Rows that follow the program.
    pub changed: usize,
    /// Rows that are shipped and stay as the network has them.
    pub kept: usize,
}

/// What bringing a lake up to date would do, table by table; tables that stay as they are are left out.
///
/// # Errors
/// [`IngestError`] when a file is missing or wrong, or the lake cannot be read.
pub fn what_is_shipped(lake: &Lake, files: &Files) -> Result<Vec<ShippedTable>, IngestError> {
    let latest = lake.latest()?;
    merged(lake, latest.as_ref(), reference::load(files)?).map(|(_, changes)| changes)
}

/// Brings the shipped tables of a lake up to date; gives them as they are shipped, and what became of them.
///
/// # Errors
/// [`IngestError`] when a file is missing or wrong, or the lake cannot be written.
pub fn bring_up_to_date(
    writer: &mut Writer,
    files: &Files,
    recorded_at: DateTime<Utc>,
) -> Result<(Tables, Vec<ShippedTable>), IngestError> {
    let latest = writer.lake().latest()?;
    let shipped = reference::load(files)?;
    let (replace, changes) = merged(writer.lake(), latest.as_ref(), shipped.clone())?;
    writer.commit(EditionDraft {
        recorded_at,
        reason: "reference tables".to_owned(),
        replace,
        append: Vec::new(),
        supersedes: Vec::new(),
        receipts: Vec::new(),
    })?;
    Ok((shipped, changes))
}

fn merged(
    lake: &Lake,
    latest: Option<&Edition>,
    shipped: Tables,
) -> Result<(Tables, Vec<ShippedTable>), IngestError> {
    let mut tables = Tables::new();
    let mut changes = Vec::new();
    for (table, batch) in shipped {
        let is_there = latest.is_some_and(|latest| latest.tables.contains_key(table.name));
        let keys = keys_of(table).filter(|_| is_there);
        let Some(keys) = keys else {
            changes.extend(as_a_whole(lake, latest, table, &batch)?);
            tables.push((table, batch));
            continue;
        };
        // A row that was removed here has a history too, and does not come back.
        let own = history::own_keys(lake, latest, table.name)?;
        let there = rows::of_batch(&columns::read(lake, latest, table.name)?)?;
        let (rows, change) = merge((table.name, &keys), there, rows::of_batch(&batch)?, &own);
        // A table that stays as it is makes no new file.
        let is_changed = change.added + change.changed > 0;
        if is_changed || change.kept > 0 {
            changes.push(change);
        }
        if is_changed {
            tables.push(rows::to_batch(table.name, rows.values())?);
        }
    }
    Ok((tables, changes))
}

/// The columns that make two rows of a shipped table the same one; none for what is replaced as a whole.
fn keys_of(table: &Table) -> Option<Vec<usize>> {
    match Register::named(table.name) {
        Some(register) => Some(register.key_columns().collect()),
        None => (table.name == POPULATION.0).then(|| POPULATION.1.to_vec()),
    }
}

/// A table that follows the program as a whole: said only where it differs.
fn as_a_whole(
    lake: &Lake,
    latest: Option<&Edition>,
    table: &'static Table,
    batch: &RecordBatch,
) -> Result<Option<ShippedTable>, IngestError> {
    let there = columns::read(lake, latest, table.name)?;
    let differs = there.num_rows() != batch.num_rows();
    let added = batch.num_rows().saturating_sub(there.num_rows());
    let changed = usize::from(differs && added == 0);
    Ok(differs.then_some(ShippedTable { table: table.name, added, changed, kept: 0 }))
}

/// Rows by their key.
type Keyed = BTreeMap<String, Row>;

fn merge(
    (table, keys): (&'static str, &[usize]),
    there: Vec<Row>,
    shipped: Vec<Row>,
    own: &BTreeSet<String>,
) -> (Keyed, ShippedTable) {
    let mut rows: Keyed = there.into_iter().map(|row| (key_at(keys, &row), row)).collect();
    let mut change = ShippedTable { table, added: 0, changed: 0, kept: 0 };
    for row in shipped {
        let key = key_at(keys, &row);
        match decide(table, rows.get(&key), &row, own.contains(&key)) {
            Some(ShippedChange::Kept) => change.kept += 1,
            Some(ShippedChange::Added) => {
                change.added += 1;
                rows.insert(key, row);
            }
            Some(ShippedChange::Changed) => {
                change.changed += 1;
                rows.insert(key, row);
            }
            None => {}
        }
    }
    (rows, change)
}

/// The values at some columns, separated by `|`.
fn key_at(keys: &[usize], row: &Row) -> String {
    keys.iter().map(|at| row[*at].as_deref().unwrap_or_default()).collect::<Vec<_>>().join("|")
}

/// What becomes of a shipped row; nothing where it is there.
fn decide(table: &str, there: Option<&Row>, shipped: &Row, is_own: bool) -> Option<ShippedChange> {
    match there {
        _ if is_own && there != Some(shipped) => Some(ShippedChange::Kept),
        Some(there) if there == shipped => None,
        // A count from a later publication was pulled, and stands.
        Some(there) if table == POPULATION.0 && there[POPULATION.2] != shipped[POPULATION.2] => {
            Some(ShippedChange::Kept)
        }
        Some(_) => Some(ShippedChange::Changed),
        None => Some(ShippedChange::Added),
    }
}
