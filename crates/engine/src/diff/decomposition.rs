//! The answers between two editions: step by step one group of tables is exchanged, and the question asked again.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use datafusion::catalog::TableProvider;
use utbredt_answer::diff::Cause;
use utbredt_kpi::{Catalogue, KpiRequest, RequestError};
use utbredt_model::{Period, oslo};

use super::receipts::Receipts;
use super::split::{Cells, SNAPSHOTS};
use super::{cause, facts};
use crate::edition::dimensions::Dimensions;
use crate::edition::open::{OpenEdition, read_table};
use crate::engine::{Engine, answer_rows};
use crate::error::EngineError;
use crate::question::due::PeriodsOf;
use crate::question::resolve::ResolvedQuery;
use crate::question::source::Source;

/// The way from one edition to the other, in steps.
pub(super) struct Decomposition<'a> {
    pub(super) engine: &'a Engine,
    pub(super) request: &'a KpiRequest,
    pub(super) periods: &'a [Period],
    pub(super) catalogue_before: &'a Catalogue,
    /// Whether the query files are others than before.
    pub(super) other_texts: bool,
    pub(super) receipts: Receipts,
    pub(super) before: Arc<OpenEdition>,
    pub(super) after: Arc<OpenEdition>,
}

impl Decomposition<'_> {
    /// The answer before the first step and after each. Where the question names what an edition does not know, that
    /// edition has no rows; when neither knows it, the name is wrong.
    pub(super) async fn snapshots(&self) -> Result<[Arc<Cells>; SNAPSHOTS], EngineError> {
        let (mut here, mut refusal) = self.snapshot(0).await?;
        let nothing_before = refusal.is_some();
        let mut snapshots = [const { None }; SNAPSHOTS];
        for (done, snapshot) in snapshots.iter_mut().enumerate() {
            let step = done.checked_sub(1).and_then(|step| Cause::STEPS.get(step));
            // A step that exchanges nothing cannot change the answer, so no query is run for it.
            if step.is_some_and(|cause| self.moves(*cause)) {
                (here, refusal) = self.snapshot(done).await?;
            }
            *snapshot = Some(Arc::clone(&here));
        }
        match refusal {
            Some(refusal) if nothing_before => Err(refusal),
            _ => Ok(snapshots.map(Option::unwrap_or_default)),
        }
    }

    /// Whether anything at all is exchanged at a step.
    fn moves(&self, cause: Cause) -> bool {
        let tables = !cause::changed(cause, &self.before.edition, &self.after.edition).is_empty();
        match cause {
            Cause::Borders => tables || day(&self.before) != day(&self.after),
            Cause::Definition => tables || self.other_texts,
            Cause::NewData => tables && !self.receipts.added.is_empty(),
            Cause::Denominator | Cause::RevisedData => tables,
        }
    }

    /// The answer after so many steps, and why there is none.
    async fn snapshot(&self, done: usize) -> Result<(Arc<Cells>, Option<EngineError>), EngineError> {
        match self.answer(done).await {
            Ok(cells) => Ok((Arc::new(cells), None)),
            Err(refusal @ EngineError::Request(RequestError::Unknown { .. })) => {
                Ok((Arc::default(), Some(refusal)))
            }
            Err(other) => Err(other),
        }
    }

    async fn answer(&self, done: usize) -> Result<Cells, EngineError> {
        let applied = Applied { done };
        let edition = self.mixture(applied).await?;
        let catalogue =
            if applied.has(Cause::Definition) { self.engine.catalogue() } else { self.catalogue_before };
        let kpi = catalogue.kpi(&self.request.kpi)?;
        let mut request = self.request.clone();
        // What the KPI takes is part of its definition too.
        request.params.retain(|name, _| kpi.params.iter().any(|param| param.name == *name));
        let day = day(if applied.has(Cause::Borders) { &self.after } else { &self.before });
        // The periods are given: the day of a mixture would move the KPI's own window.
        let periods = PeriodsOf::Given(self.periods);
        let query = ResolvedQuery::resolve(catalogue, &request, &edition.dimensions, day, periods)?;
        let source = Source { edition: &edition, catalogue, kept: &self.engine.kept };
        let (rows, _) = answer_rows(source, &query, &self.engine.expressions).await?;
        Ok(Cells::read(request.by, &rows)?)
    }

    /// Each table from the edition its step has led to.
    async fn mixture(&self, applied: Applied) -> Result<OpenEdition, EngineError> {
        let mut of_after: BTreeMap<&str, bool> = BTreeMap::new();
        for cause in Cause::STEPS {
            // New data comes last: until then the tables of facts are not all the newer edition's.
            of_after.extend(cause::tables(cause).iter().map(|table| (*table, applied.has(cause))));
        }
        let is_after = |name: &str| of_after.get(name) == Some(&true);
        let mut tables: BTreeMap<&'static str, Arc<dyn TableProvider>> = BTreeMap::new();
        for ((name, before), (_, after)) in self.before.tables.iter().zip(&self.after.tables) {
            let facts = cause::tables(Cause::RevisedData).contains(name);
            let provider: Arc<dyn TableProvider> = if is_after(name) {
                Arc::clone(after)
            } else if facts && applied.has(Cause::RevisedData) {
                let (before, after) = (Arc::clone(before), Arc::clone(after));
                facts::revised(self.after.bare_session(), name, &self.receipts, before, after).await?
            } else {
                Arc::clone(before)
            };
            tables.insert(*name, provider);
        }
        let dimensions = Dimensions::read(|name| {
            let edition = if is_after(name) { &self.after.edition } else { &self.before.edition };
            read_table(&self.engine.lake, edition, name)
        })?;
        Ok(self.after.with_tables(dimensions, tables))
    }
}

/// The steps applied so far.
#[derive(Debug, Clone, Copy)]
struct Applied {
    done: usize,
}

impl Applied {
    fn has(self, cause: Cause) -> bool {
        Cause::STEPS.iter().take(self.done).any(|step| *step == cause)
    }
}

fn day(opened: &OpenEdition) -> NaiveDate {
    oslo::day(opened.edition.recorded_at)
}
