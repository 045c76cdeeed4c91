//! An edition opened for queries: every file's hash is checked before it is registered, and what is small is read into
//! memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::{SessionConfig, SessionContext, col, lit};
use tokio::sync::OnceCell;
use utbredt_lake::{Edition, Lake, LakeError, TABLES, Table};

use super::damaged::{DamagedFile, DamagedTable};
use super::dimensions::Dimensions;
use super::files;
use super::provenance::Provenance;
use crate::error::EngineError;

/// What all queries of an edition may hold together.
const MEMORY_BYTES: usize = 1 << 30;

/// From how many rows on a question is worth two threads.
const MANY_ROWS: u64 = 2_000_000;

/// Numbers opened editions, so that what is kept of one is never taken for another's.
static OPENED: AtomicU64 = AtomicU64::new(1);

/// An edition, or in a diff a mixture of two, ready for queries.
pub(crate) struct OpenEdition {
    /// No other opened edition has this number; what is computed from one is kept under it.
    pub(crate) id: u64,
    /// The edition's record.
    pub(crate) edition: Arc<Edition>,
    /// Its small tables.
    pub(crate) dimensions: Arc<Dimensions>,
    /// Every table of the lake, by name. Those with a damaged file refuse to be read.
    pub(crate) tables: BTreeMap<&'static str, Arc<dyn TableProvider>>,
    /// The tables that had a damaged file when the edition was opened, with the file.
    pub(crate) damaged: BTreeMap<&'static str, String>,
    /// Which sources delivered what; found when first needed.
    pub(crate) provenance: OnceCell<Provenance>,
    partitions: usize,
    runtime: Arc<RuntimeEnv>,
}

impl std::fmt::Debug for OpenEdition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenEdition").field("edition", &self.edition.number).finish_non_exhaustive()
    }
}

impl OpenEdition {
    /// Opens an edition. A query is cut into `partitions` parts, or as many as the edition's size is worth.
    pub(crate) async fn open(
        lake: &Lake,
        edition: Arc<Edition>,
        partitions: Option<usize>,
    ) -> Result<Self, EngineError> {
        let partitions = partitions.unwrap_or_else(|| worth_partitions(&edition));
        // Without a pool a query may take all memory there is and with it the process.
        let pool = Arc::new(GreedyMemoryPool::new(MEMORY_BYTES));
        let runtime = RuntimeEnvBuilder::new().with_memory_pool(pool).build_arc()?;
        let context = SessionContext::new_with_config_rt(config(partitions), Arc::clone(&runtime));
        let store = files::register(&context, lake)?;
        let mut tables: BTreeMap<&'static str, Arc<dyn TableProvider>> = BTreeMap::new();
        let mut damaged = BTreeMap::new();
        for table in TABLES {
            let entries = edition.tables.get(table.name).map_or(&[][..], Vec::as_slice);
            match entries.iter().try_for_each(|entry| lake.check_file(entry).map(drop)) {
                Ok(()) => {}
                Err(LakeError::Damaged { path: file, .. }) => {
                    damaged.insert(table.name, file.clone());
                    let (schema, damage) = (table.schema(), DamagedFile { file });
                    tables.insert(table.name, Arc::new(DamagedTable { schema, damage }));
                    continue;
                }
                Err(error) => return Err(EngineError::of_lake(lake, error)),
            }
            // Without a file there is no schema to read.
            if entries.is_empty() {
                tables.insert(table.name, Arc::new(no_rows(table)?));
                continue;
            }
            tables.insert(table.name, files::open(&context, &store, table, entries).await?);
        }
        // Read without the query engine: names are needed before anything is planned.
        let dimensions = Dimensions::read(|name| read_table(lake, &edition, name))?;
        Ok(Self { damaged, ..Self::new(edition, dimensions, tables, partitions, runtime) })
    }

    /// The lake's tables without any row, to plan against.
    pub(crate) fn empty(edition: Arc<Edition>) -> Result<Self, EngineError> {
        let runtime = RuntimeEnvBuilder::new().build_arc()?;
        let mut tables: BTreeMap<&'static str, Arc<dyn TableProvider>> = BTreeMap::new();
        for table in TABLES {
            tables.insert(table.name, Arc::new(no_rows(table)?));
        }
        Ok(Self::new(edition, Dimensions::default(), tables, 1, runtime))
    }

    /// Other tables under the same record and limits.
    pub(crate) fn with_tables(
        &self,
        dimensions: Dimensions,
        tables: BTreeMap<&'static str, Arc<dyn TableProvider>>,
    ) -> Self {
        let (edition, runtime) = (Arc::clone(&self.edition), Arc::clone(&self.runtime));
        let made = Self::new(edition, dimensions, tables, self.partitions, runtime);
        Self { damaged: self.damaged.clone(), ..made }
    }

    fn new(
        edition: Arc<Edition>,
        dimensions: Dimensions,
        tables: BTreeMap<&'static str, Arc<dyn TableProvider>>,
        partitions: usize,
        runtime: Arc<RuntimeEnv>,
    ) -> Self {
        Self {
            id: OPENED.fetch_add(1, Ordering::Relaxed),
            edition,
            dimensions: Arc::new(dimensions),
            tables,
            damaged: BTreeMap::new(),
            provenance: OnceCell::new(),
            partitions,
            runtime,
        }
    }

    /// A session of its own for one question; it knows no relation yet.
    pub(crate) fn session(&self) -> SessionContext {
        let context = SessionContext::new_with_config_rt(config(self.partitions), Arc::clone(&self.runtime));
        crate::functions::register(&context);
        context
    }

    /// A session that finds the lake's files and knows neither relation nor function: for comparing editions.
    pub(crate) fn bare_session(&self) -> SessionContext {
        SessionContext::new_with_config_rt(SessionConfig::new(), Arc::clone(&self.runtime))
    }

    /// A session that knows every table of the lake.
    pub(crate) fn session_with_tables(&self) -> Result<SessionContext, EngineError> {
        let context = self.session();
        for (name, provider) in &self.tables {
            context.register_table(*name, Arc::clone(provider))?;
        }
        Ok(context)
    }

    /// A table of the lake, or of one solution's rows of it.
    pub(crate) fn table(
        &self,
        context: &SessionContext,
        name: &str,
        solution: Option<&str>,
    ) -> Result<Option<Arc<dyn TableProvider>>, EngineError> {
        let Some(provider) = self.tables.get(name) else { return Ok(None) };
        let whole = Arc::clone(provider);
        match solution {
            Some(solution) if provider.schema().field_with_name("solution_id").is_ok() => {
                let frame = context.read_table(whole)?;
                Ok(Some(frame.filter(col("solution_id").eq(lit(solution)))?.into_view()))
            }
            _ => Ok(Some(whole)),
        }
    }

    /// That the files of some tables are those of the edition: one that changed since it was opened must not answer the next
    /// question either. Files that have not changed are only looked at, not read.
    ///
    /// # Errors
    /// [`EngineError::Damaged`] naming the first file that is not.
    pub(crate) fn check_files(&self, lake: &Lake, tables: &BTreeSet<String>) -> Result<(), EngineError> {
        let entries = tables.iter().filter_map(|name| self.edition.tables.get(name.as_str())).flatten();
        for entry in entries {
            lake.check_file(entry).map_err(|error| EngineError::of_lake(lake, error))?;
        }
        Ok(())
    }

    /// Whether one of some tables had a damaged file when the edition was opened.
    pub(crate) fn is_damaged(&self, tables: &BTreeSet<String>) -> bool {
        self.damaged.keys().any(|name| tables.contains(*name))
    }
}

/// The rows of one table of an edition.
pub(crate) fn read_table(
    lake: &Lake,
    edition: &Edition,
    name: &str,
) -> Result<Vec<RecordBatch>, EngineError> {
    let Some(table) = Table::named(name) else { return Ok(Vec::new()) };
    lake.read_table(edition, table).map_err(|error| EngineError::of_lake(lake, error))
}

fn no_rows(table: &Table) -> Result<MemTable, EngineError> {
    let schema = table.schema();
    let empty = RecordBatch::new_empty(Arc::clone(&schema));
    Ok(MemTable::try_new(schema, vec![vec![empty]])?)
}

/// Into how many parts a query over an edition of this size is worth cutting.
fn worth_partitions(edition: &Edition) -> usize {
    let rows: u64 = edition.tables.values().flatten().map(|file| file.rows).sum();
    if rows < MANY_ROWS { 1 } else { 2 }
}

/// Most of a small query's time is planning, and a plan for one thread is half as large: the threads are better spent
/// on other questions. One pass of the optimizer does for our views what three do.
fn config(partitions: usize) -> SessionConfig {
    SessionConfig::new()
        .with_target_partitions(partitions)
        .with_information_schema(false)
        // The roll-up reads plain UTF-8 columns; text views would have to be cast each time.
        .set_bool("datafusion.execution.parquet.schema_force_view_types", false)
        .set_usize("datafusion.optimizer.max_passes", 1)
}
