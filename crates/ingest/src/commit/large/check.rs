//! A large delivery checked against the lake, one measure after the other: of what is active only what is near a measure, and
//! what would leave of it, is in memory.

use std::collections::BTreeSet;

use arrow::array::RecordBatch;
use utbredt_lake::{Edition, Lake};
use utbredt_sources::delimited::Contract;

use super::group::{each_group, measure};
use super::read::{Faults, ReadRows};
use crate::columns::table;
use crate::conform::{Conformed, Conforming};
use crate::diff::{Diff, cells, diff};
use crate::extent::Extent;
use crate::format::Format;
use crate::history::ReceiptHistory;
use crate::loss::{Loss, Lost};
use crate::quality_checks::{Breach, breaches};
use crate::reference_data::ReferenceData;
use crate::{Delivery, IngestError};

/// So many rows that are no facts are kept: each is with its text.
const MOST_FAULTS: usize = 200_000;

/// What is found.
#[derive(Default)]
pub(super) struct Checked {
    pub(super) breaches: Vec<Breach>,
    /// Why the file as a whole is held, with the row that shows it.
    pub(super) of_file: Option<(u64, String)>,
    pub(super) loss: Option<Loss>,
    /// What changed, where something is replaced.
    pub(super) diff: Option<Diff>,
    /// Rows that are no facts after all.
    pub(super) faults: Faults,
    pub(super) accepted: u64,
    pub(super) extent: Extent,
}

/// What a delivery is checked against.
pub(super) struct Lakeside<'l> {
    pub(super) lake: &'l Lake,
    pub(super) edition: Option<&'l Edition>,
    pub(super) history: &'l ReceiptHistory,
    pub(super) reference: &'l ReferenceData,
    /// The receipts that the delivery takes the place of.
    pub(super) leaving: &'l BTreeSet<String>,
}

impl Lakeside<'_> {
    /// The rows of a measure that leave.
    fn leaving_of(&self, own: (&str, &str)) -> Result<RecordBatch, IngestError> {
        match self.edition.filter(|_| !self.leaving.is_empty()) {
            Some(edition) => self.history.of_measure(self.lake, edition, own, self.leaving),
            None => Ok(RecordBatch::new_empty(table("usage")?.schema())),
        }
    }

    /// The measures of what leaves.
    fn measures_leaving(&self) -> Result<BTreeSet<(String, String)>, IngestError> {
        match self.edition.filter(|_| !self.leaving.is_empty()) {
            Some(edition) => self.history.measures(self.lake, edition, self.leaving),
            None => Ok(BTreeSet::new()),
        }
    }
}

/// Checks every measure.
pub(super) fn check(
    rows: &mut ReadRows,
    (format, contract, delivery): (&dyn Format, &Contract, &Delivery),
    conforming: &Conforming<'_>,
    side: &Lakeside<'_>,
) -> Result<Checked, IngestError> {
    let mut checked = Checked::default();
    let mut kinds = Kinds::default();
    let (mut lost, mut changed, mut met) = (Lost::default(), Diff::default(), BTreeSet::new());
    let none = RecordBatch::new_empty(table("usage")?.schema());
    let no_events = RecordBatch::new_empty(table("rollout_events")?.schema());
    each_group(rows, contract, conforming, &mut |group| {
        let room = MOST_FAULTS.saturating_sub(checked.faults.len());
        checked.faults.extend(group.faults.into_iter().take(room));
        // The first row that shows it, as where a file is read as a whole.
        checked.of_file = checked.of_file.take().into_iter().chain(group.breach).min();
        let usage = group.usage;
        let Some(own) = measure(&usage).filter(|_| usage.num_rows() > 0) else { return Ok(()) };
        checked.accepted += usage.num_rows() as u64;
        // Of the lake only what is near this measure is read, and dropped before the next.
        let extent = Extent::of(&usage)?;
        let near = match side.edition {
            Some(edition) => side.history.beside(side.lake, edition, &extent, side.leaving)?,
            None => Vec::new(),
        };
        let facts = Conformed::of_facts(usage.clone(), no_events.clone());
        let found = breaches(format, delivery, &facts, side.reference, &near)?;
        kinds.take(found);
        let before = side.leaving_of(own)?;
        lost.usage(&before, &usage)?;
        if before.num_rows() > 0 {
            changed.add(diff(&cells(&before, &no_events)?, &cells(&usage, &no_events)?));
        } else {
            changed.added += usage.num_rows();
        }
        met.insert((own.0.to_owned(), own.1.to_owned()));
        checked.extent.join(extent);
        Ok(())
    })?;
    // Measures of which it says nothing leave as a whole.
    for (solution, measure) in side.measures_leaving()?.difference(&met) {
        let before = side.leaving_of((solution, measure))?;
        lost.usage(&before, &none)?;
        changed.removed += before.num_rows();
    }
    if let Some(edition) = side.edition.filter(|_| !side.leaving.is_empty()) {
        let events = side.history.events(side.lake, edition, side.leaving)?;
        lost.events(&events, &no_events)?;
        changed.removed += events.num_rows();
    }
    checked.breaches = kinds.finish();
    if checked.faults.len() == MOST_FAULTS {
        let breach = format!("{MOST_FAULTS} rows or more are no facts: those behind are not kept");
        checked.breaches.push(Breach::error(breach));
    }
    checked.loss = lost.finish();
    checked.diff = (!side.leaving.is_empty()).then_some(changed);
    Ok(checked)
}

/// Why the delivery is held, once for all measures that show the same.
#[derive(Default)]
struct Kinds(Vec<(Breach, usize)>);

impl Kinds {
    /// What a reason is about, before its examples.
    fn kind(breach: &Breach) -> &str {
        breach.text.split(": ").next().unwrap_or_default()
    }

    fn take(&mut self, found: Vec<Breach>) {
        for breach in found {
            match self.0.iter_mut().find(|(known, _)| Self::kind(known) == Self::kind(&breach)) {
                Some((_, more)) => *more += 1,
                None => self.0.push((breach, 0)),
            }
        }
    }

    fn finish(self) -> Vec<Breach> {
        let mut breaches = Vec::with_capacity(self.0.len());
        for (mut breach, more) in self.0 {
            if more > 0 {
                breach.text += &format!(" (the same in {more} more measures)");
            }
            breaches.push(breach);
        }
        breaches
    }
}
