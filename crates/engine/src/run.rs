//! From a question to rows: the KPI's cells, rolled up to areas.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, RwLock};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use chrono::{DateTime, NaiveDate, Utc};
use datafusion::common::ParamValues;
use datafusion::prelude::{DataFrame, SessionContext};
use futures::future::BoxFuture;
use utbredt_kpi::{Catalogue, Kpi, ParamValue, Titles};
use utbredt_lake::{Edition, Lake};
use utbredt_model::{Granularity, Period};

use crate::denominators::{Denominator, denominators};
use crate::editions::still_whole;
use crate::error::EngineError;
use crate::evidence;
use crate::request::KpiRequest;
use crate::rollup;
use crate::session::{self, Tables, internal, lake_error};

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

    /// What is wrong with the query files, found by planning each KPI against the lake's tables without a row.
    ///
    /// # Errors
    /// When the files cannot be read as a catalogue at all; each problem names its file.
    pub fn check(files: Vec<(String, String)>) -> BoxFuture<'static, Result<Vec<String>, EngineError>> {
        Box::pin(async move {
            let catalogue = load(files)?;
            let edition = Edition {
                number: 0,
                recorded_at: DateTime::UNIX_EPOCH,
                reason: String::new(),
                previous_sha256: None,
                sha256: String::new(),
                tables: BTreeMap::new(),
                receipts: Vec::new(),
                supersedes: Vec::new(),
                synthetic: false,
            };
            let tables = Tables::empty(Arc::new(edition))?;
            Ok(crate::check::problems(&catalogue, &tables).await)
        })
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

/// A question with all that decides its rows but the tables.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) kpi: &'a Kpi,
    pub(crate) bound: Vec<(String, ParamValue)>,
    pub(crate) request: &'a KpiRequest,
    pub(crate) periods: &'a [Period],
    pub(crate) day: NaiveDate,
}

impl Asked<'_> {
    /// A session in which every relation the KPI reads is laid over the tables, and the periods it sees.
    pub(crate) async fn prepare(
        &self,
        tables: &Tables,
    ) -> Result<(SessionContext, Vec<Period>), EngineError> {
        let context = tables.session()?;
        crate::names::check(&context, &self.bound).await?;
        let seen = looking_back(self.kpi, self.request, self.periods);
        let frame = session::Frame {
            divisions: &tables.divisions,
            periods: &seen,
            request: self.request,
            day: self.day,
            bound: &self.bound,
            first: self.periods.first().map_or(self.day, |period| period.start),
            year_ago: false,
        };
        session::prepare(&context, tables, self.catalogue, &frame, self.kpi).await?;
        Ok((context, seen))
    }

    /// The rows, from a session prepared for them.
    pub(crate) async fn rows(
        &self,
        context: &SessionContext,
    ) -> Result<(SchemaRef, Vec<RecordBatch>), EngineError> {
        let first = self.periods.first().map_or(self.day, |period| period.start);
        let (schema, batches) = roll_up(context, self.kpi, self.bound.clone(), self.request, first).await?;
        if batches.iter().all(|batch| batch.num_rows() == 0) {
            check_filter(context, self.request).await?;
        }
        Ok((schema, batches))
    }
}

/// The KPI of that id.
pub(crate) fn kpi_of<'a>(catalogue: &'a Catalogue, id: &str) -> Result<&'a Kpi, EngineError> {
    catalogue.get(id).map_err(|e| EngineError::Unknown {
        kind: "kpi",
        name: id.to_owned(),
        nearest: e.nearest,
        hint: "`utbredt kpi list` names them all".into(),
    })
}

/// Its parameters with the values given.
pub(crate) fn bind(
    kpi: &Kpi,
    given: &BTreeMap<String, String>,
) -> Result<Vec<(String, ParamValue)>, EngineError> {
    kpi.bind(given).map_err(|e| EngineError::Invalid {
        what: e.to_string(),
        hint: format!("`utbredt kpi show {}` names its parameters", kpi.id),
    })
}

pub(crate) fn load(files: Vec<(String, String)>) -> Result<Catalogue, EngineError> {
    Catalogue::load(files).map_err(|all| EngineError::Query {
        file: "queries".into(),
        why: all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    })
}

/// The periods asked for, or the KPI's window of complete periods before the edition's day.
pub(crate) fn periods(kpi: &Kpi, request: &KpiRequest, day: NaiveDate) -> Result<Vec<Period>, EngineError> {
    let granularity: Granularity = request.granularity.unwrap_or(kpi.granularity);
    let to = request.to.unwrap_or_else(|| granularity.floor(day));
    let from = request.from.unwrap_or_else(|| {
        let mut start = to;
        for _ in 0..kpi.window {
            start = granularity.floor(start.pred_opt().unwrap_or(start));
        }
        start
    });
    let periods = granularity.periods(from, to);
    if periods.is_empty() || periods.len() > 4000 {
        return Err(EngineError::Invalid {
            what: format!("from {from} to {to} is {} periods", periods.len()),
            hint: "`to` comes after `from`, and at most 4000 periods are answered at once".into(),
        });
    }
    Ok(periods)
}

/// The periods shown, and before them those the KPI compares with.
fn looking_back(kpi: &Kpi, request: &KpiRequest, periods: &[Period]) -> Vec<Period> {
    let granularity = request.granularity.unwrap_or(kpi.granularity);
    let mut seen = periods.to_vec();
    for _ in 0..kpi.lookback.periods() {
        let Some(before) = seen.first().and_then(|first| first.start.pred_opt()) else { break };
        seen.insert(0, Period::holding(before, granularity));
    }
    seen
}

/// A code that no row has is a wrong name, never an empty answer.
async fn check_filter(context: &SessionContext, request: &KpiRequest) -> Result<(), EngineError> {
    let Some((key, wanted)) = request.filter.iter().next() else { return Ok(()) };
    let text = format!("SELECT DISTINCT area_code FROM areas_{} ORDER BY area_code", request.by.as_str());
    let known = texts(context, &text).await?;
    let kind = request.by.as_str();
    Err(EngineError::Unknown {
        kind,
        name: wanted.clone(),
        nearest: crate::error::nearest(wanted, known.iter().map(String::as_str)),
        hint: format!("{key} is one of {} in these borders and periods", known.len()),
    })
}

/// The first column of an answer as texts.
pub(crate) async fn texts(context: &SessionContext, text: &str) -> Result<Vec<String>, EngineError> {
    let frame = session::query(context, text).await.map_err(EngineError::Internal)?;
    let mut all: Vec<String> = Vec::new();
    for batch in frame.collect().await.map_err(|e| internal(&e))? {
        let column = batch.column(0).as_any().downcast_ref::<arrow::array::StringArray>().cloned();
        all.extend(column.iter().flatten().flatten().map(str::to_owned));
    }
    Ok(all)
}

/// The KPI's own text, planned and bound: a row for each municipality and period.
pub(crate) async fn cells(
    context: &SessionContext,
    kpi: &Kpi,
    bound: Vec<(String, ParamValue)>,
) -> Result<DataFrame, EngineError> {
    let wrong = |why: String| EngineError::Query { file: kpi.path.clone(), why };
    let cells = session::query(context, &kpi.sql).await.map_err(wrong)?;
    let values = bound.into_iter().map(|(name, value)| (name, session::scalar(&value))).collect::<Vec<_>>();
    let cells = if values.is_empty() {
        cells
    } else {
        cells.with_param_values(ParamValues::from(values)).map_err(|e| internal(&e))?
    };
    let columns: Vec<&str> = cells.schema().fields().iter().map(|f| f.name().as_str()).collect();
    if columns != kpi.expected_columns() {
        return Err(wrong(format!("it selects {columns:?} where {:?} is declared", kpi.expected_columns())));
    }
    Ok(cells)
}

async fn roll_up(
    context: &SessionContext,
    kpi: &Kpi,
    bound: Vec<(String, ParamValue)>,
    request: &KpiRequest,
    first: NaiveDate,
) -> Result<(SchemaRef, Vec<RecordBatch>), EngineError> {
    let cells = cells(context, kpi, bound).await?;
    context.register_table("cells", cells.into_view()).map_err(|e| internal(&e))?;
    let frame =
        session::query(context, &rollup::text(kpi, request, first)?).await.map_err(EngineError::Internal)?;
    let schema = Arc::new(frame.schema().as_arrow().clone());
    Ok((schema, frame.collect().await.map_err(|e| internal(&e))?))
}
