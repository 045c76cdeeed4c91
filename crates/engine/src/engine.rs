//! The engine: a lake opened with its catalogue, editions pinned, questions answered.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, RwLock};

use arrow::array::{AsArray, RecordBatch, StringArray, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{DataType, Date32Type, Field, Schema, SchemaRef};
use futures::future::BoxFuture;
use utbredt_answer::{Answer, Rows, Work};
use utbredt_kpi::{Catalogue, KpiRequest};
use utbredt_lake::{Edition, Lake};
use utbredt_model::oslo;

use crate::damage::Damage;
use crate::describe::describe;
use crate::edition::open::OpenEdition;
use crate::error::EngineError;
use crate::expressions::Expressions;
use crate::kept::{DEFAULT_BYTES, Kept, KeptStats};
use crate::question::cells::cells;
use crate::question::due::PeriodsOf;
use crate::question::resolve::{Bound, ResolvedQuery};
use crate::question::rollup::{no_cells, roll_up};
use crate::question::source::Source;

/// Answers questions from a lake. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Engine {
    pub(crate) lake: Lake,
    catalogue: Arc<Catalogue>,
    pub(crate) edition: Arc<RwLock<Arc<Edition>>>,
    /// Editions opened so far, by number.
    opened: Arc<tokio::sync::Mutex<BTreeMap<u64, Arc<OpenEdition>>>>,
    /// What is known to be damaged of the lake.
    pub(crate) damage: Arc<RwLock<Damage>>,
    /// Into how many parts each query is cut; by the lake's size when nobody says.
    partitions: Option<usize>,
    pub(crate) kept: Kept,
    pub(crate) expressions: Arc<Expressions>,
}

/// How many editions are kept open: the served one, and a few older ones asked for by `as_of`.
const OPEN_EDITIONS: usize = 4;

impl Engine {
    /// Opens a lake with the query files below `queries/`.
    ///
    /// # Errors
    /// A lake without edition, a damaged record, or a query file that is wrong.
    pub fn open(lake_root: &Path, files: Vec<(String, String)>) -> Result<Self, EngineError> {
        let lake = Lake::open(lake_root)
            .map_err(|source| EngineError::Lake { path: lake_root.to_path_buf(), source })?;
        let latest = lake.latest().map_err(|error| EngineError::of_lake(&lake, error))?;
        let edition = latest.ok_or_else(|| EngineError::NoEdition { path: lake_root.to_path_buf() })?;
        Self::of_edition(lake, edition, files)
    }

    /// An engine that serves an edition of a lake.
    pub(crate) fn of_edition(
        lake: Lake,
        edition: Edition,
        files: Vec<(String, String)>,
    ) -> Result<Self, EngineError> {
        Ok(Self {
            lake,
            catalogue: Arc::new(Catalogue::load(files).map_err(EngineError::Catalogue)?),
            edition: Arc::new(RwLock::new(Arc::new(edition))),
            opened: Arc::default(),
            damage: Arc::default(),
            partitions: None,
            kept: Kept::new(DEFAULT_BYTES),
            expressions: Arc::default(),
        })
    }

    /// Cuts each query into so many parts that run beside each other; without it the lake's size decides. The answers
    /// are the same to the byte.
    #[must_use]
    pub fn in_partitions(mut self, partitions: usize) -> Self {
        // Open editions were cut into the old number of parts, so they are dropped.
        (self.partitions, self.opened) = (Some(partitions), Arc::default());
        self
    }

    /// Computes about so many rows of a shared relation by one query; the usual number suits a server. The answers are the same to
    /// the byte.
    #[must_use]
    pub fn computing_at_once(mut self, rows: usize) -> Self {
        self.kept.rows_at_once = rows;
        self
    }

    /// Keeps at most so many bytes of cells and shared relations between questions.
    #[must_use]
    pub fn keeping(mut self, bytes: u64) -> Self {
        self.kept = Kept::new(bytes);
        self
    }

    /// Computes shared relations for the solutions of each question alone: right for a process that answers a few
    /// questions and ends. The answers are the same.
    #[must_use]
    pub fn for_few_questions(mut self) -> Self {
        self.kept.few_questions = true;
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

    /// How much is kept between questions, and how often it served.
    #[must_use]
    pub fn kept(&self) -> KeptStats {
        self.kept.stats()
    }

    /// Drops the cells that are kept, and no shared relation: what a question costs without them can then be measured.
    pub fn forget_cells(&self) {
        self.kept.forget_cells();
    }

    /// Answers a KPI.
    pub fn run(&self, request: KpiRequest) -> BoxFuture<'static, Result<Answer, EngineError>> {
        let engine = self.clone();
        Box::pin(async move { engine.answer(&request).await })
    }

    /// Computes the shared relations that most KPIs read, for the newest edition and the usual window, so that the first
    /// question after a new edition need not wait for them.
    pub fn warm(&self) -> BoxFuture<'static, Result<(), EngineError>> {
        self.warm_edition(self.edition(), Vec::new())
    }

    /// The same for an edition that is not served yet, after the cells of these questions: whoever waits for it until it is served
    /// makes nobody else wait. A question that fails tells its reason to whoever asks it.
    pub fn warm_edition(
        &self,
        edition: Arc<Edition>,
        questions: Vec<KpiRequest>,
    ) -> BoxFuture<'static, Result<(), EngineError>> {
        let engine = self.clone();
        Box::pin(async move {
            // The questions first: whoever serves the edition may not wait for the rest.
            for question in &questions {
                if let Err(error) = engine.answer_of(Arc::clone(&edition), question).await {
                    tracing::debug!(%error, kpi = question.kpi, edition = edition.number, "it has no answer");
                }
            }
            let opened = engine.open_edition(Arc::clone(&edition)).await?;
            engine.source(&opened).warm(oslo::day(edition.recorded_at)).await?;
            opened.provenance().await?;
            Ok(())
        })
    }

    /// An edition opened to read some of its tables, whose files are found as they were committed. A damaged table stops those
    /// who read it and nobody else; when its file was put back it is opened anew.
    pub(crate) async fn open_to_read(
        &self,
        edition: Arc<Edition>,
        tables: &BTreeSet<String>,
    ) -> Result<Arc<OpenEdition>, EngineError> {
        let opened = self.open_edition(Arc::clone(&edition)).await?;
        opened.check_files(&self.lake, tables).inspect_err(|error| self.note_file(error))?;
        if !opened.is_damaged(tables) {
            return Ok(opened);
        }
        // Its files are right now, so the table that refused to be read is out of date.
        self.opened.lock().await.remove(&edition.number);
        self.open_edition(edition).await
    }

    /// The tables of an edition, opened once.
    pub(crate) async fn open_edition(&self, edition: Arc<Edition>) -> Result<Arc<OpenEdition>, EngineError> {
        // Held while opening: two questions about a fresh edition would read every table twice.
        let mut opened = self.opened.lock().await;
        if let Some(known) =
            opened.get(&edition.number).filter(|known| known.edition.sha256 == edition.sha256)
        {
            return Ok(Arc::clone(known));
        }
        let number = edition.number;
        let fresh = Arc::new(OpenEdition::open(&self.lake, edition, self.partitions).await?);
        while opened.len() >= OPEN_EDITIONS {
            // The oldest goes, so that the served one, which is the newest, stays open.
            opened.pop_first();
        }
        opened.insert(number, Arc::clone(&fresh));
        Ok(fresh)
    }

    /// Where the relations of an edition are computed and kept.
    pub(crate) fn source<'a>(&'a self, edition: &'a OpenEdition) -> Source<'a> {
        Source { edition, catalogue: &self.catalogue, kept: &self.kept }
    }

    async fn answer(&self, request: &KpiRequest) -> Result<Answer, EngineError> {
        self.answer_of(self.edition_of(request.as_of)?, request).await
    }

    async fn answer_of(&self, edition: Arc<Edition>, request: &KpiRequest) -> Result<Answer, EngineError> {
        let day = oslo::day(edition.recorded_at);
        let tables = &self.catalogue.kpi(&request.kpi)?.tables;
        let opened = self.open_to_read(Arc::clone(&edition), tables).await?;
        let provenance = opened.provenance().await?;
        let periods = PeriodsOf::Request(provenance);
        let query = ResolvedQuery::resolve(&self.catalogue, request, &opened.dimensions, day, periods)?;
        let (rows, work) = answer_rows(self.source(&opened), &query, &self.expressions).await?;
        let meta = describe(&query, &edition, provenance, &opened, &rows, work);
        Ok(Answer { schema: rows.schema(), batches: vec![rows], meta })
    }

    /// The rows of a table of the newest edition, without SQL.
    pub(crate) fn rows_of(&self, schema: SchemaRef, batches: Vec<RecordBatch>, edition: u64) -> Rows {
        debug_assert!(self.edition().number >= edition, "no edition is newer than the one served");
        Rows { schema, batches, edition }
    }
}

/// The rows of a resolved question: the cells of each solution, rolled up.
pub(crate) async fn answer_rows(
    source: Source<'_>,
    query: &ResolvedQuery<'_>,
    expressions: &Expressions,
) -> Result<(RecordBatch, Work), EngineError> {
    let mut work = Work::default();
    let mut parts = Vec::new();
    for bound in &query.bound {
        let rows = if let Some(reason) = bound.unanswered {
            no_cells(query, &columns_of(source, query, expressions).await?, reason)?
        } else {
            let (cells, computed) = cells(source, query, bound).await?;
            work += if computed { cells.cost } else { Work { kept: 1, ..Work::default() } };
            roll_up(query, &cells, expressions)?
        };
        parts.push(if query.by_solution { with_solution(&rows, bound)? } else { rows });
    }
    Ok((interleaved(&parts, query)?, work))
}

/// The columns of an answer, for a solution that has no cells: those of a sibling, or of any solution with a measure.
async fn columns_of(
    source: Source<'_>,
    query: &ResolvedQuery<'_>,
    expressions: &Expressions,
) -> Result<SchemaRef, EngineError> {
    let sibling = query.bound.iter().find(|bound| bound.unanswered.is_none()).or(query.bound.first());
    match sibling {
        Some(bound) => {
            let (cells, _) = cells(source, query, bound).await?;
            Ok(roll_up(query, &cells, expressions)?.schema())
        }
        None => Ok(Arc::new(Schema::empty())),
    }
}

/// Rows with the solution as the first key column.
fn with_solution(rows: &RecordBatch, bound: &Bound) -> Result<RecordBatch, EngineError> {
    let solution = bound.solution.as_deref().unwrap_or_default();
    let column = StringArray::from(vec![solution; rows.num_rows()]);
    let mut fields: Vec<Arc<Field>> = rows.schema().fields().iter().cloned().collect();
    // After `period_start`, which is the first column of every answer.
    fields.insert(1, Arc::new(Field::new("solution_id", DataType::Utf8, false)));
    let mut columns = rows.columns().to_vec();
    columns.insert(1, Arc::new(column));
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

/// The rows of several solutions, by period, then solution, then key.
fn interleaved(parts: &[RecordBatch], query: &ResolvedQuery<'_>) -> Result<RecordBatch, EngineError> {
    let Some(first) = parts.first() else { return Ok(RecordBatch::new_empty(Arc::new(Schema::empty()))) };
    let all = concat_batches(&first.schema(), parts)?;
    if !query.by_solution {
        return Ok(all);
    }
    let starts = all.column(0).as_primitive::<Date32Type>();
    let mut order: Vec<u32> = (0..all.num_rows()).filter_map(|row| u32::try_from(row).ok()).collect();
    // The sort is stable, and the parts stand in the order of their solutions.
    order.sort_by_key(|row| starts.value(*row as usize));
    Ok(take_record_batch(&all, &UInt32Array::from(order))?)
}
