//! What changed a KPI between two editions, and by how much: the KPI is asked of the first edition, then of mixtures of
//! the two in which step by step one group of tables is exchanged, and last of the second edition. The differences of
//! answers that follow one another are the parts, so that they sum to the change whatever the KPI does.

mod cause;
mod facts;
mod rows;
mod split;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use datafusion::catalog::TableProvider;
use futures::future::BoxFuture;
use utbredt_answer::diff::{Cause, DiffAnswer, DiffMeta};
use utbredt_kpi::{AsOf, Catalogue, KpiRequest, RequestError};
use utbredt_lake::Edition;
use utbredt_model::Period;

use self::facts::Receipts;
use self::split::{Cells, SNAPSHOTS};
use crate::edition::dimensions::Dimensions;
use crate::edition::open::{OpenEdition, read_table};
use crate::engine::{Engine, answer_rows};
use crate::error::EngineError;
use crate::question::periods::periods_of;
use crate::question::resolve::ResolvedQuery;
use crate::question::source::Source;

/// A question about two editions.
#[derive(Debug, Clone)]
pub struct DiffRequest {
    /// What is asked of both; its `as_of` does not count.
    pub request: KpiRequest,
    /// The older edition.
    pub before: AsOf,
    /// The newer one.
    pub after: AsOf,
    /// Whether rows that did not change are listed as well.
    pub all: bool,
    /// The query files as they were before, as [`Engine::open`] takes them; those in hand when absent.
    pub files_before: Option<Vec<(String, String)>>,
}

impl DiffRequest {
    /// What changed from one edition to another, by the definitions in hand.
    #[must_use]
    pub const fn new(request: KpiRequest, before: AsOf, after: AsOf) -> Self {
        Self { request, before, after, all: false, files_before: None }
    }
}

impl Engine {
    /// What changed a KPI between two editions, each change split by cause. Both editions are asked about
    /// the same periods: those asked for, or the KPI's own window before the newer edition.
    pub fn diff(&self, request: DiffRequest) -> BoxFuture<'static, Result<DiffAnswer, EngineError>> {
        let engine = self.clone();
        Box::pin(async move { engine.compare(request).await })
    }

    async fn compare(&self, request: DiffRequest) -> Result<DiffAnswer, EngineError> {
        let (before, after) = (self.edition_named(request.before)?, self.edition_named(request.after)?);
        if before.number > after.number {
            return Err(RequestError::invalid(
                "invalid_value",
                format!("edition {} was made after edition {}", before.number, after.number),
                "name the older edition first",
            )
            .into());
        }
        let catalogue_before = request.files_before.map(Catalogue::load).transpose();
        let catalogue_before = catalogue_before.map_err(EngineError::Catalogue)?;
        let kpi = self.catalogue().kpi(&request.request.kpi)?;
        kpi.bind_request(&request.request.params)?;
        let mut question = request.request;
        if kpi.one_solution().is_some_and(|param| is_list(question.params.get(&param.name))) {
            return Err(RequestError::invalid(
                "invalid_parameter",
                "a change is split by cause for one solution at a time",
                "name one solution",
            )
            .into());
        }
        let periods = periods_of(kpi, &question, after.recorded_at.date_naive())?;
        question.granularity = Some(question.granularity.unwrap_or(kpi.granularity));
        let decomposition = Decomposition {
            engine: self,
            request: &question,
            periods: &periods,
            catalogue_before: catalogue_before.as_ref().unwrap_or_else(|| self.catalogue()),
            other_texts: catalogue_before.is_some(),
            receipts: Receipts::read(&self.lake, &before, &after)?,
            before: self.open_edition(Arc::clone(&before)).await?,
            after: self.open_edition(Arc::clone(&after)).await?,
        };
        let snapshots = decomposition.snapshots().await?;
        let mut rows = rows::rows(&snapshots);
        let compared = rows.len();
        rows.retain(|row| request.all || row.changed());
        let batch = rows::batch(question.by, &rows, &snapshots)?;
        let corrections = decomposition.receipts.added.iter().filter(|(_, replaces)| **replaces);
        let corrections: Vec<String> = corrections.map(|(id, _)| id.clone()).collect();
        let meta = DiffMeta {
            kpi_id: kpi.id.clone(),
            title: kpi.title.clone(),
            unit: kpi.unit.to_string(),
            version_before: decomposition.catalogue_before.get(&kpi.id).ok().map(|kpi| kpi.version),
            version_after: kpi.version,
            before: before.number,
            recorded_before: before.recorded_at,
            after: after.number,
            recorded_after: after.recorded_at,
            from: periods.first().map_or_else(NaiveDate::default, |period| period.start),
            to: periods.last().map_or_else(NaiveDate::default, |period| period.end),
            compared,
            rows: rows.len(),
            causes: Cause::ALL
                .map(|cause| (cause, rows.iter().filter(|row| row.causes.contains(&cause)).count()))
                .into(),
            tables: Cause::ALL.map(|cause| (cause, cause::changed(cause, &before, &after))).into(),
            superseded: decomposition.receipts.removed.iter().cloned().collect(),
            deliveries: decomposition.receipts.added.len() - corrections.len(),
            corrections,
            synthetic: snapshots.iter().any(|cells| cells.synthetic),
            request: question.clone(),
        };
        Ok(DiffAnswer { schema: batch.schema(), batches: vec![batch], meta })
    }

    /// An edition asked for by number that is not there is a wrong name, and its neighbour the nearest.
    fn edition_named(&self, as_of: AsOf) -> Result<Arc<Edition>, EngineError> {
        self.edition_of(as_of).map_err(|error| match (as_of, error) {
            (AsOf::Edition(number), EngineError::Request(RequestError::Invalid { hint, .. })) => {
                RequestError::Unknown {
                    kind: "edition",
                    name: number.to_string(),
                    nearest: Some(number.clamp(1, self.edition().number).to_string()),
                    hint,
                }
                .into()
            }
            (_, other) => other,
        })
    }
}

/// The way from one edition to the other, in steps.
struct Decomposition<'a> {
    engine: &'a Engine,
    request: &'a KpiRequest,
    periods: &'a [Period],
    catalogue_before: &'a Catalogue,
    /// Whether the query files are others than before.
    other_texts: bool,
    receipts: Receipts,
    before: Arc<OpenEdition>,
    after: Arc<OpenEdition>,
}

impl Decomposition<'_> {
    /// The answer before the first step and after each. Where the question names what an edition does not know, that
    /// edition has no rows; when neither knows it, the name is wrong.
    async fn snapshots(&self) -> Result<[Arc<Cells>; SNAPSHOTS], EngineError> {
        let (mut here, mut refusal) = self.snapshot(0).await?;
        let nothing_before = refusal.is_some();
        let mut snapshots = [const { None }; SNAPSHOTS];
        for (done, snapshot) in snapshots.iter_mut().enumerate() {
            let step = done.checked_sub(1).and_then(|step| Cause::STEPS.get(step));
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
        let taken = Taken { done };
        let edition = self.mixture(taken).await?;
        let catalogue =
            if taken.has(Cause::Definition) { self.engine.catalogue() } else { self.catalogue_before };
        let kpi = catalogue.kpi(&self.request.kpi)?;
        let mut request = self.request.clone();
        // What the KPI takes is part of its definition too.
        request.params.retain(|name, _| kpi.params.iter().any(|param| param.name == *name));
        let day = day(if taken.has(Cause::Borders) { &self.after } else { &self.before });
        let query =
            ResolvedQuery::resolve(catalogue, &request, &edition.dimensions, day, Some(self.periods))?;
        let source = Source { edition: &edition, catalogue, kept: &self.engine.kept };
        let (rows, _) = answer_rows(source, &query, &self.engine.expressions).await?;
        Ok(Cells::read(request.by, &rows)?)
    }

    /// Each table from the edition its step has led to.
    async fn mixture(&self, taken: Taken) -> Result<OpenEdition, EngineError> {
        let mut of_after: BTreeMap<&str, bool> = BTreeMap::new();
        for cause in Cause::STEPS {
            // New data comes last: until then the tables of facts are not all the newer edition's.
            of_after.extend(cause::tables(cause).iter().map(|table| (*table, taken.has(cause))));
        }
        let is_after = |name: &str| of_after.get(name) == Some(&true);
        let mut tables: BTreeMap<&'static str, Arc<dyn TableProvider>> = BTreeMap::new();
        for ((name, before), (_, after)) in self.before.tables.iter().zip(&self.after.tables) {
            let facts = cause::tables(Cause::RevisedData).contains(name);
            let provider: Arc<dyn TableProvider> = if is_after(name) {
                Arc::clone(after)
            } else if facts && taken.has(Cause::RevisedData) {
                facts::revised(name, &self.receipts, Arc::clone(before), Arc::clone(after)).await?
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

/// Whether a parameter names several solutions.
fn is_list(text: Option<&String>) -> bool {
    text.is_some_and(|text| text == "*" || text.contains(','))
}

/// The steps taken so far.
#[derive(Debug, Clone, Copy)]
struct Taken {
    done: usize,
}

impl Taken {
    fn has(self, cause: Cause) -> bool {
        Cause::STEPS.iter().take(self.done).any(|step| *step == cause)
    }
}

fn day(opened: &OpenEdition) -> NaiveDate {
    opened.edition.recorded_at.date_naive()
}
