//! A file beside the lake: what it would change, and what of it is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use chrono::{DateTime, Utc};
use utbredt_lake::{Edition, EditionDraft, Lake, LakeError};
use utbredt_model::register::{ChangeKind, Refusal, Register};
use utbredt_model::{Reason, ReasonCode};
use utbredt_sources::register::Entry;

use super::decide::{Beside, Rows};
use super::places::Places;
use super::references::References;
use super::{KnownKpis, Row, RowChange, refusal, rows, rules};
use crate::{IngestError, sandbox};

/// What a file would do to a register.
#[derive(Debug, Clone, Default)]
pub struct Proposal {
    /// The newest edition, with which it was compared; 0 where there is none.
    pub edition: u64,
    /// What would change, in the order of the file.
    pub changes: Vec<RowChange>,
    /// Rows that ask for nothing new.
    pub unchanged: usize,
    /// Rows that are refused, each with its reason, in the order of the file.
    pub refusals: Vec<Refusal>,
    /// Why nothing of the file can be read.
    pub breach: Option<Reason>,
    /// The rows as they would be.
    pub(super) rows: Rows,
}

impl Proposal {
    /// How many changes are of a kind.
    #[must_use]
    pub fn count(&self, kind: ChangeKind) -> usize {
        self.changes.iter().filter(|change| change.kind == kind).count()
    }

    /// What a commit of it would change of the register.
    ///
    /// # Errors
    /// [`IngestError`] when its rows do not fit the table.
    pub fn draft(
        &self,
        register: &'static Register,
        recorded_at: DateTime<Utc>,
    ) -> Result<EditionDraft, IngestError> {
        Ok(EditionDraft {
            recorded_at,
            reason: format!("register {}", register.table),
            replace: vec![rows::to_batch(register.table, self.rows.values())?],
            append: Vec::new(),
            supersedes: Vec::new(),
            receipts: Vec::new(),
        })
    }

    /// Whether so many rows are refused that nothing is taken: more than a fifth.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        let refused: BTreeSet<u64> = self.refusals.iter().map(|refusal| refusal.row).collect();
        let rows = refused.len() + self.changes.len() + self.unchanged;
        self.breach.is_some() || refused.len() * 5 > rows
    }
}

/// Compares a file with a register. Rows that do not say which edition they were exported from are taken to be of `edition`, where
/// that is given.
///
/// # Errors
/// [`IngestError`] when the lake cannot be read.
pub fn check(
    lake: &Lake,
    register: &'static Register,
    bytes: &[u8],
    (kpis, edition): (&KnownKpis, Option<u64>),
) -> Result<Proposal, IngestError> {
    let latest = lake.latest()?;
    let file = sandbox::parse_register(bytes, register)?;
    let number = latest.as_ref().map_or(0, |latest| latest.number);
    // Of a file that cannot be read nothing is known, so nothing is compared.
    if let Some(breach) = file.breach {
        return Ok(Proposal { edition: number, breach: Some(breach), ..Proposal::default() });
    }
    let current = rows::read(lake, latest.as_ref(), register)?;
    let places = Places::read(lake, latest.as_ref())?;
    let references = References::new((lake, latest.as_ref()), &places, kpis);
    let mut bases = Bases { lake, register, read: BTreeMap::new() };
    let mut proposal = Proposal {
        edition: number,
        refusals: file.refusals.clone(),
        rows: current.clone(),
        ..Proposal::default()
    };
    let mut pending: BTreeMap<String, (&Entry, RowChange)> = BTreeMap::new();
    for entry in &file.entries {
        let base = match bases.of(entry, edition, latest.as_ref())? {
            Ok(base) => base,
            Err(refused) => {
                proposal.refusals.push(refused);
                continue;
            }
        };
        let beside =
            Beside { register, has: &file.has, current: &current, base: base.as_deref(), places: &places };
        match beside.decide(entry) {
            Ok(None) => proposal.unchanged += 1,
            Ok(Some(change)) => {
                if let Some((earlier, _)) = pending.get(&change.key) {
                    proposal.refusals.push(twice(entry, earlier));
                } else {
                    pending.insert(change.key.clone(), (entry, change));
                }
            }
            Err(refused) => proposal.refusals.push(refused),
        }
    }
    settle(register, &references, pending, &mut proposal)?;
    proposal.refusals.sort_by_key(|refusal| refusal.row);
    Ok(proposal)
}

/// The rows of editions that files were exported from.
struct Bases<'b> {
    lake: &'b Lake,
    register: &'static Register,
    read: BTreeMap<u64, Rc<Rows>>,
}

impl Bases<'_> {
    /// The rows that a row of a file was made from.
    fn of(
        &mut self,
        entry: &Entry,
        given: Option<u64>,
        latest: Option<&Edition>,
    ) -> Result<Result<Option<Rc<Rows>>, Refusal>, IngestError> {
        let Some(number) = entry.edition.or(given) else { return Ok(Ok(None)) };
        if let Some(rows) = self.read.get(&number) {
            return Ok(Ok(Some(Rc::clone(rows))));
        }
        let newest = latest.map_or(0, |latest| latest.number);
        let unknown = || {
            let text = format!("there is no edition {number}: the newest is {newest}");
            let fix = "export the register from this lake".to_owned();
            refusal(entry, Some("edition"), (Reason::new(ReasonCode::NotRegistered, text), fix))
        };
        if !(1..=newest).contains(&number) {
            return Ok(Err(unknown()));
        }
        let edition = match self.lake.edition(number) {
            Err(LakeError::NoEdition(_)) => return Ok(Err(unknown())),
            edition => edition?,
        };
        let rows = rows::read(self.lake, Some(&edition), self.register)?;
        let rows = Rc::new(rows);
        self.read.insert(number, Rc::clone(&rows));
        Ok(Ok(Some(rows)))
    }
}

fn twice(entry: &Entry, earlier: &Entry) -> Refusal {
    let text = format!("row {} is about the same", earlier.row);
    let fix = "keep one of the two rows".to_owned();
    refusal(entry, None, (Reason::new(ReasonCode::Duplicate, text), fix))
}

/// Takes out the changes that may not be, until those that are left may all be: one that is refused leaves the row as it was,
/// which may be in the way of another.
fn settle(
    register: &'static Register,
    references: &References<'_>,
    mut pending: BTreeMap<String, (&Entry, RowChange)>,
    proposal: &mut Proposal,
) -> Result<(), IngestError> {
    let current = proposal.rows.clone();
    loop {
        // With all changes in place: rows of one file may need each other.
        let rows = with_changes(&current, pending.values().map(|(_, change)| change));
        let mut refused: Vec<(String, Refusal)> = Vec::new();
        for (key, (entry, change)) in &pending {
            if let Err(found) = alone(register, references, (entry, change), &rows)? {
                refused.push((key.clone(), found));
            }
        }
        let mut in_order: Vec<&RowChange> = pending.values().map(|(_, change)| change).collect();
        // Of two rows that exclude each other the later one gives way.
        in_order.sort_by_key(|change| change.row);
        let changed: Vec<&str> = in_order.iter().map(|change| change.key.as_str()).collect();
        for (key, (column, reason, fix)) in rules::beside(register, &rows, &changed) {
            let is_new = !refused.iter().any(|(known, _)| *known == key);
            if let Some((entry, _)) = pending.get(&key).filter(|_| is_new) {
                refused.push((key, refusal(entry, Some(column), (reason, fix))));
            }
        }
        if refused.is_empty() {
            proposal.rows = rows;
            proposal.changes = pending.into_values().map(|(_, change)| change).collect();
            proposal.changes.sort_by_key(|change| change.row);
            return Ok(());
        }
        for (key, refusal) in refused {
            pending.remove(&key);
            proposal.refusals.push(refusal);
        }
    }
}

/// What is wrong with a change, whatever others there are.
fn alone(
    register: &'static Register,
    references: &References<'_>,
    (entry, change): (&Entry, &RowChange),
    rows: &Rows,
) -> Result<Result<(), Refusal>, IngestError> {
    let Some(after) = &change.after else {
        let before: Row = change.before.clone().unwrap_or_default();
        return references.check_removed(entry, &before, register);
    };
    if let Some((column, reason, fix)) = rules::of_row(register, after) {
        return Ok(Err(refusal(entry, Some(column), (reason, fix))));
    }
    references.check(entry, after, (register, rows))
}

fn with_changes<'c>(current: &Rows, changes: impl Iterator<Item = &'c RowChange>) -> Rows {
    let mut rows = current.clone();
    for change in changes {
        match &change.after {
            Some(after) => drop(rows.insert(change.key.clone(), after.clone())),
            None => drop(rows.remove(&change.key)),
        }
    }
    rows
}
