//! The engine: a lake opened with its catalogue, editions pinned, questions answered.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, RwLock};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use chrono::{DateTime, NaiveDate, Utc};
use futures::future::BoxFuture;
use utbredt_kpi::{Catalogue, Titles};
use utbredt_lake::{Edition, Lake};
use utbredt_model::Period;

use crate::asked::{Asked, bind, kpi_of, load, periods};
use crate::denominators::{Denominator, denominators};
use crate::error::EngineError;
use crate::evidence;
use crate::read::{lake_error, still_whole};
use crate::request::KpiRequest;
use crate::session::Tables;

/// What must be known to read an answer right.
#[derive(Debug, Clone)]
pub struct Meta {
    /// The KPI.
    pub kpi_id: String,
    /// The version of its definition.
    pub kpi_version: u32,
    /// Its title in three languages.
    pub title: Titles,
    /// Its unit.
    pub unit: String,
    /// The edition answered from.
    pub edition: u64,
    /// When that edition was made.
    pub recorded_at: DateTime<Utc>,
    /// First day.
    pub from: NaiveDate,
    /// First day after.
    pub to: NaiveDate,
    /// What to keep in mind, in English.
    pub caveats: Vec<String>,
    /// How many rows.
    pub rows: usize,
    /// The share of the nation's inhabitants the last row speaks for; none for rows of several areas.
    pub coverage: Option<f64>,
    /// The sources of the deliveries it was computed from.
    pub sources: Vec<String>,
    /// The counts of inhabitants it divides by.
    pub denominators: Vec<Denominator>,
}

/// The answer of a KPI.
#[derive(Debug, Clone)]
pub struct KpiAnswer {
    /// Its columns, as the design fixes them.
    pub schema: SchemaRef,
    /// Its rows, by period and key.
    pub batches: Vec<RecordBatch>,
    /// How to read them.
    pub meta: Meta,
}

/// Answers questions from a lake.
#[derive(Debug, Clone)]
pub struct Engine {
    pub(crate) lake: Lake,
    catalogue: Arc<Catalogue>,
    pub(crate) edition: Arc<RwLock<Arc<Edition>>>,
    /// Editions opened so far, by number.
    opened: Arc<tokio::sync::Mutex<BTreeMap<u64, Arc<Tables>>>>,
    /// Into how many parts each question is cut; by the lake's size when nobody says.
    partitions: Option<usize>,
}

/// How many editions are kept open: the served one, and a few older ones asked for by `as_of`.
const OPEN_EDITIONS: usize = 4;

impl Engine {
    /// Opens a lake with the query files below `queries/`.
    ///
    /// # Errors
    /// A lake without edition, a damaged record, or a query file that is wrong.
    pub fn open(lake_root: &Path, files: Vec<(String, String)>) -> Result<Self, EngineError> {
        let read = |why: String| EngineError::Lake { path: lake_root.to_path_buf(), why };
        let lake = Lake::open(lake_root).map_err(|e| read(e.to_string()))?;
        let edition = lake.latest().map_err(|e| lake_error(&lake, &e))?;
        let edition =
            edition.ok_or_else(|| read("it has no edition yet; run `utbredt demo` or ingest".into()))?;
        let catalogue = load(files)?;
        Ok(Self {
            lake,
            catalogue: Arc::new(catalogue),
            edition: Arc::new(RwLock::new(Arc::new(edition))),
            opened: Arc::default(),
            partitions: None,
        })
    }

    /// Cuts each question into so many parts that run beside each other; without it the lake's size decides. The
    /// answers are the same to the byte.
    #[must_use]
    pub fn in_partitions(mut self, partitions: usize) -> Self {
        (self.partitions, self.opened) = (Some(partitions), Arc::default());
        self
    }

    /// The KPIs known.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The edition served now.
    #[must_use]
    pub fn edition(&self) -> Arc<Edition> {
        Arc::clone(&self.edition.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Answers a KPI.
    pub fn run(&self, request: KpiRequest) -> BoxFuture<'static, Result<KpiAnswer, EngineError>> {
        let engine = self.clone();
        Box::pin(async move { engine.answer(&request).await })
    }

    pub(crate) async fn tables(&self, edition: Arc<Edition>) -> Result<Arc<Tables>, EngineError> {
        let mut opened = self.opened.lock().await;
        if let Some(tables) = opened.get(&edition.number).filter(|t| t.edition.sha256 == edition.sha256) {
            still_whole(&self.lake, &edition)?;
            return Ok(Arc::clone(tables));
        }
        let number = edition.number;
        let tables = Arc::new(Tables::open(&self.lake, edition, self.partitions).await?);
        while opened.len() >= OPEN_EDITIONS {
            opened.pop_first();
        }
        opened.insert(number, Arc::clone(&tables));
        Ok(tables)
    }

    async fn answer(&self, request: &KpiRequest) -> Result<KpiAnswer, EngineError> {
        let kpi = kpi_of(&self.catalogue, &request.kpi)?;
        let bound = bind(kpi, &request.params)?;
        let edition = self.edition_of(request.as_of)?;
        let tables = self.tables(Arc::clone(&edition)).await?;
        let day = edition.recorded_at.date_naive();
        let periods = periods(kpi, request, day)?;
        let asked = Asked { catalogue: &self.catalogue, kpi, bound, request, periods: &periods, day };
        let (context, seen) = asked.prepare(&tables).await?;
        let about = (kpi, asked.bound.as_slice());
        let sources = evidence::sources(&context, &self.catalogue, &tables, about, &seen).await?;
        let denominators = denominators(&context, &tables, about, &seen).await?;
        let (schema, batches) = asked.rows(&context).await?;
        let span = |p: Option<&Period>| p.copied().unwrap_or(Period { start: day, end: day });
        let meta = Meta {
            kpi_id: kpi.id.clone(),
            kpi_version: kpi.version,
            title: kpi.title.clone(),
            unit: kpi.unit.to_string(),
            edition: edition.number,
            recorded_at: edition.recorded_at,
            from: span(periods.first()).start,
            to: span(periods.last()).end,
            caveats: kpi.caveats.en.clone(),
            rows: batches.iter().map(RecordBatch::num_rows).sum(),
            coverage: evidence::coverage(request.by, &batches),
            sources,
            denominators,
        };
        Ok(KpiAnswer { schema, batches, meta })
    }
}
