//! What changed a KPI between two editions, and by how much: the KPI is asked of the first edition, then of mixtures of
//! the two in which step by step one group of tables is exchanged, and last of the second edition. The differences of
//! answers that follow one another are the parts, so that they sum to the change whatever the KPI does.

mod cause;
mod facts;
mod rows;
mod split;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use chrono::{DateTime, NaiveDate, Utc};
use datafusion::catalog::TableProvider;
use futures::future::BoxFuture;
use utbredt_kpi::{Catalogue, Titles};
use utbredt_lake::Edition;
use utbredt_model::Period;

pub use self::cause::Cause;
use self::facts::Receipts;
use self::split::{Cells, STATIONS};
use crate::asked::{Asked, bind, kpi_of, load, periods};
use crate::error::EngineError;
use crate::request::{AsOf, KpiRequest};
use crate::run::Engine;
use crate::session::{Divisions, Tables};

/// A question about two editions.
#[derive(Debug, Clone)]
pub struct DiffRequest {
    /// What is asked of both; its `as_of` says nothing.
    pub asked: KpiRequest,
    /// The older edition.
    pub before: AsOf,
    /// The newer one.
    pub after: AsOf,
    /// Whether rows that did not change are told as well.
    pub all: bool,
    /// The query files as they were before, as [`Engine::open`] takes them; those in hand when absent.
    pub files_before: Option<Vec<(String, String)>>,
}

impl DiffRequest {
    /// What changed from one edition to another, by the definitions in hand.
    #[must_use]
    pub const fn new(asked: KpiRequest, before: AsOf, after: AsOf) -> Self {
        Self { asked, before, after, all: false, files_before: None }
    }
}

/// What must be known to read a diff right.
#[derive(Debug, Clone)]
pub struct DiffMeta {
    /// The KPI.
    pub kpi_id: String,
    /// Its title in three languages.
    pub title: Titles,
    /// Its unit: that of the values, the change and the parts.
    pub unit: String,
    /// The version of its definition before; none when there was no such KPI.
    pub version_before: Option<u32>,
    /// The version after.
    pub version_after: u32,
    /// The older edition.
    pub before: u64,
    /// When it was made.
    pub recorded_before: DateTime<Utc>,
    /// The newer edition.
    pub after: u64,
    /// When it was made.
    pub recorded_after: DateTime<Utc>,
    /// First day.
    pub from: NaiveDate,
    /// First day after.
    pub to: NaiveDate,
    /// How many cells were compared.
    pub compared: usize,
    /// How many rows are told.
    pub rows: usize,
    /// How many of them each cause has changed.
    pub causes: Vec<(Cause, usize)>,
    /// The tables that are not the same, by the cause they stand for; those of facts under both kinds of data.
    pub tables: Vec<(Cause, Vec<&'static str>)>,
    /// The deliveries that went out of force.
    pub superseded: Vec<String>,
    /// The deliveries that came in, and answer what one of those answered.
    pub corrections: Vec<String>,
    /// How many others came in.
    pub deliveries: usize,
    /// Whether either answer rests on rows invented for demonstration.
    pub synthetic: bool,
}

/// What changed.
#[derive(Debug, Clone)]
pub struct DiffAnswer {
    /// Its columns.
    pub schema: SchemaRef,
    /// Its rows, by period and key.
    pub batches: Vec<RecordBatch>,
    /// How to read them.
    pub meta: DiffMeta,
}

impl Engine {
    /// Tells what changed a KPI between two editions, and splits each change by cause. Both editions are asked about
    /// the same periods: those asked for, or the KPI's own window before the newer edition.
    pub fn diff(&self, request: DiffRequest) -> BoxFuture<'static, Result<DiffAnswer, EngineError>> {
        let engine = self.clone();
        Box::pin(async move { engine.compare(request).await })
    }

    async fn compare(&self, request: DiffRequest) -> Result<DiffAnswer, EngineError> {
        let (before, after) = (self.edition_named(request.before)?, self.edition_named(request.after)?);
        if before.number > after.number {
            return Err(EngineError::Invalid {
                what: format!("edition {} was made after edition {}", before.number, after.number),
                hint: "name the older edition first".into(),
            });
        }
        let catalogue_before = request.files_before.map(load).transpose()?;
        let kpi = kpi_of(self.catalogue(), &request.asked.kpi)?;
        bind(kpi, &request.asked.params)?;
        let mut asked = request.asked;
        let periods = periods(kpi, &asked, after.recorded_at.date_naive())?;
        asked.granularity = Some(asked.granularity.unwrap_or(kpi.granularity));
        let walk = Walk {
            asked: &asked,
            periods: &periods,
            catalogue_before: catalogue_before.as_ref().unwrap_or_else(|| self.catalogue()),
            catalogue_after: self.catalogue(),
            other_texts: catalogue_before.is_some(),
            receipts: Receipts::read(&self.lake, &before, &after)?,
            before: self.tables(Arc::clone(&before)).await?,
            after: self.tables(Arc::clone(&after)).await?,
        };
        let stations = walk.stations().await?;
        let mut rows = rows::rows(&stations);
        let compared = rows.len();
        rows.retain(|row| request.all || row.changed());
        let batch = rows::batch(asked.by, &rows, &stations).map_err(|e| wrong(&e))?;
        let count = |cause| rows.iter().filter(|row| row.causes.contains(&cause)).count();
        let corrections = walk.receipts.arrived.iter().filter(|(_, replaces)| **replaces);
        let corrections: Vec<String> = corrections.map(|(id, _)| id.clone()).collect();
        let meta = DiffMeta {
            kpi_id: kpi.id.clone(),
            title: kpi.title.clone(),
            unit: kpi.unit.to_string(),
            version_before: walk.catalogue_before.get(&kpi.id).ok().map(|kpi| kpi.version),
            version_after: kpi.version,
            before: before.number,
            recorded_before: before.recorded_at,
            after: after.number,
            recorded_after: after.recorded_at,
            from: periods.first().map_or_else(NaiveDate::default, |period| period.start),
            to: periods.last().map_or_else(NaiveDate::default, |period| period.end),
            compared,
            rows: rows.len(),
            causes: Cause::ALL.map(|cause| (cause, count(cause))).into(),
            tables: Cause::ALL.map(|cause| (cause, cause.changed(&before, &after))).into(),
            superseded: walk.receipts.gone.iter().cloned().collect(),
            deliveries: walk.receipts.arrived.len() - corrections.len(),
            corrections,
            synthetic: stations.iter().any(|cells| cells.synthetic),
        };
        Ok(DiffAnswer { schema: batch.schema(), batches: vec![batch], meta })
    }

    /// An edition asked for by number that is not there is a wrong name, and its neighbour the nearest.
    fn edition_named(&self, as_of: AsOf) -> Result<Arc<Edition>, EngineError> {
        self.edition_of(as_of).map_err(|error| match (as_of, error) {
            (AsOf::Edition(number), EngineError::Invalid { hint, .. }) => EngineError::Unknown {
                kind: "edition",
                name: number.to_string(),
                nearest: Some(number.clamp(1, self.edition().number).to_string()),
                hint,
            },
            (_, other) => other,
        })
    }
}

fn wrong(error: &ArrowError) -> EngineError {
    EngineError::Internal(error.to_string())
}

/// The way from one edition to the other.
struct Walk<'a> {
    asked: &'a KpiRequest,
    periods: &'a [Period],
    catalogue_before: &'a Catalogue,
    catalogue_after: &'a Catalogue,
    /// Whether the query files are others than before.
    other_texts: bool,
    receipts: Receipts,
    before: Arc<Tables>,
    after: Arc<Tables>,
}

impl Walk<'_> {
    /// The answer before the first step and after each. Where the question names what an edition does not know, that
    /// edition has no rows; when neither knows it, the name is wrong.
    async fn stations(&self) -> Result<[Arc<Cells>; STATIONS], EngineError> {
        let (mut here, mut refusal) = self.station(0).await?;
        let nothing_before = refusal.is_some();
        let mut stations = [const { None }; STATIONS];
        for (done, station) in stations.iter_mut().enumerate() {
            let step = done.checked_sub(1).and_then(|step| Cause::STEPS.get(step));
            if step.is_some_and(|cause| self.moves(*cause)) {
                (here, refusal) = self.station(done).await?;
            }
            *station = Some(Arc::clone(&here));
        }
        match refusal {
            Some(refusal) if nothing_before => Err(refusal),
            _ => Ok(stations.map(Option::unwrap_or_default)),
        }
    }

    /// Whether anything at all is exchanged at a step.
    fn moves(&self, cause: Cause) -> bool {
        let tables = !cause.changed(&self.before.edition, &self.after.edition).is_empty();
        match cause {
            Cause::Borders => tables || day(&self.before) != day(&self.after),
            Cause::Definition => tables || self.other_texts,
            Cause::NewData => tables && !self.receipts.arrived.is_empty(),
            Cause::Denominator | Cause::RevisedData => tables,
        }
    }

    /// The answer after so many steps, and why there is none.
    async fn station(&self, done: usize) -> Result<(Arc<Cells>, Option<EngineError>), EngineError> {
        match self.answer(done).await {
            Ok(cells) => Ok((Arc::new(cells), None)),
            Err(refusal @ EngineError::Unknown { .. }) => Ok((Arc::default(), Some(refusal))),
            Err(other) => Err(other),
        }
    }

    async fn answer(&self, done: usize) -> Result<Cells, EngineError> {
        let taken = |cause| Cause::STEPS.iter().take(done).any(|step| *step == cause);
        let tables = self.tables(&taken).await?;
        let catalogue = if taken(Cause::Definition) { self.catalogue_after } else { self.catalogue_before };
        let kpi = kpi_of(catalogue, &self.asked.kpi)?;
        let mut given = self.asked.params.clone();
        // What the KPI takes is part of its definition too.
        given.retain(|name, _| kpi.params.iter().any(|param| param.name == *name));
        let day = day(if taken(Cause::Borders) { &self.after } else { &self.before });
        let bound = bind(kpi, &given)?;
        let asked = Asked { catalogue, kpi, bound, request: self.asked, periods: self.periods, day };
        let (context, _) = asked.prepare(&tables).await?;
        let (schema, batches) = asked.rows(&context).await?;
        Cells::read(self.asked.by, &schema, &batches).map_err(|e| wrong(&e))
    }

    /// Each table from the edition its step has led to.
    async fn tables(&self, taken: &impl Fn(Cause) -> bool) -> Result<Tables, EngineError> {
        let mut of_after: BTreeMap<&str, bool> = BTreeMap::new();
        for cause in Cause::STEPS {
            // New data comes last: until then the tables of facts are not all the newer edition's.
            of_after.extend(cause.tables().iter().map(|table| (*table, taken(cause))));
        }
        let divisions = if taken(Cause::Borders) { &self.after.divisions } else { &self.before.divisions };
        let mut providers = Vec::new();
        for ((name, before), (_, after)) in self.before.providers.iter().zip(&self.after.providers) {
            let facts = Cause::RevisedData.tables().contains(name);
            let provider: Arc<dyn TableProvider> = if of_after.get(name) == Some(&true) {
                Arc::clone(after)
            } else if facts && taken(Cause::RevisedData) {
                facts::revised(name, &self.receipts, Arc::clone(before), Arc::clone(after)).await?
            } else {
                Arc::clone(before)
            };
            providers.push((*name, provider));
        }
        Ok(self.after.mixed(Divisions(divisions.0.clone()), providers))
    }
}

fn day(tables: &Tables) -> NaiveDate {
    tables.edition.recorded_at.date_naive()
}
