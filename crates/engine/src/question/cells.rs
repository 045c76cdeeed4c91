//! The cells of a KPI: its own SQL over the shared relations, a row for each municipality and period. Kept for the
//! edition, so that another grouping, filter, language or format is answered without planning.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{Array, AsArray, Int64Array, RecordBatch};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Date32Type, Int64Type};
use datafusion::physical_plan::collect;
use datafusion::prelude::{DataFrame, SessionContext};
use utbredt_answer::Work;
use utbredt_kpi::{By, Kpi, ParamValue};

use super::inputs::values;
use super::periods::epoch_days;
use super::resolve::{Bound, ResolvedQuery};
use super::scope::Scope;
use super::source::{QueryScope, Source};
use crate::error::EngineError;
use crate::planning::plan_query;

/// The areas that a question's filter names.
type Filter = Vec<(By, Vec<String>)>;

/// What cells were computed from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct CellsKey {
    edition: u64,
    catalogue: u64,
    kpi: String,
    params: Vec<(String, String)>,
    scope: Scope,
    /// How many of the periods seen are not shown.
    unshown: usize,
    /// The grouping and the filter, where the KPI makes its areas' rows itself.
    areas: Option<(By, Filter)>,
}

/// The cells of a KPI for the periods shown.
#[derive(Debug)]
pub(crate) struct Cells {
    /// The columns the KPI selects.
    pub(crate) batch: RecordBatch,
    /// The inhabitants of each row's municipality, for coverage.
    pub(crate) persons: Int64Array,
    /// What it took to compute them.
    pub(crate) cost: Work,
}

impl Cells {
    /// The bytes its columns take.
    pub(crate) fn bytes(&self) -> usize {
        self.batch.get_array_memory_size() + self.persons.get_array_memory_size()
    }
}

/// The cells of one set of parameters, and whether they were computed now.
pub(crate) async fn cells(
    source: Source<'_>,
    query: &ResolvedQuery<'_>,
    bound: &Bound,
) -> Result<(Arc<Cells>, bool), EngineError> {
    let filter: Filter = query.request.filter.iter().map(|(by, codes)| (*by, codes.clone())).collect();
    let key = CellsKey {
        edition: source.edition.id,
        catalogue: source.catalogue.id(),
        kpi: query.kpi.id.clone(),
        params: bound.params.iter().map(|(name, value)| (name.clone(), value.to_string())).collect(),
        scope: query.scope.clone(),
        unshown: query.unshown(),
        // Most KPIs know nothing of areas: the same cells then serve every grouping and filter.
        areas: query.kpi.reads_areas().then_some((query.request.by, filter)),
    };
    // The plan's future is large: boxed, it does not make every future around it large too.
    source.kept.cells(key, Box::pin(compute(source, query, bound))).await
}

/// Plans and runs a KPI's own text.
async fn compute(source: Source<'_>, query: &ResolvedQuery<'_>, bound: &Bound) -> Result<Cells, EngineError> {
    let kpi = query.kpi;
    let context = source.edition.session();
    let solution = bound.solution.as_deref().filter(|_| !source.fits_whole(&query.scope));
    let frame = QueryScope { scope: &query.scope, solution, question: Some((query, bound)) };
    let started = Instant::now();
    source.register_all(&context, &kpi.reads, frame).await?;
    if kpi.lookback.sees_year_ago() {
        source.register_year_ago(&context, kpi, frame).await?;
    }
    let relations = started.elapsed();
    let planned = plan_kpi(&context, kpi, &bound.params).await?;
    let schema = Arc::new(planned.schema().as_arrow().clone());
    let plan = planned.create_physical_plan().await?;
    let planning = started.elapsed() - relations;
    // Collected whole: cells are few, one row for each municipality and period.
    let batches = collect(plan, context.task_ctx()).await?;
    let all = concat_batches(&schema, &batches)?;
    let shown = shown_rows(&all, query)?;
    let persons = source.persons(&shown, frame).await?;
    let running = started.elapsed() - relations - planning;
    let cost = Work { kept: 0, computed: 1, relations, planning, running };
    Ok(Cells { batch: shown, persons, cost })
}

/// Plans a KPI's text with its parameters; its columns must be those it declares.
pub(crate) async fn plan_kpi(
    context: &SessionContext,
    kpi: &Kpi,
    params: &[(String, ParamValue)],
) -> Result<DataFrame, EngineError> {
    let planned = plan_query(context, &kpi.sql).await;
    let mut cells = planned.map_err(|error| EngineError::of_query(&kpi.path, error.strip_backtrace()))?;
    if !params.is_empty() {
        cells = cells.with_param_values(values(params.iter()))?;
    }
    // The roll-up reads the first two columns by position, so the order counts as well as the names.
    let columns: Vec<&str> = cells.schema().fields().iter().map(|field| field.name().as_str()).collect();
    if columns != kpi.expected_columns() {
        let why = format!("it selects {columns:?} where {:?} is declared", kpi.expected_columns());
        return Err(EngineError::of_query(&kpi.path, why));
    }
    Ok(cells)
}

/// The rows of the periods shown; those before them were only compared with.
fn shown_rows(all: &RecordBatch, query: &ResolvedQuery<'_>) -> Result<RecordBatch, EngineError> {
    let Some(first) = query.shown.first().map(|period| epoch_days(period.start)) else {
        return Ok(all.clone());
    };
    let starts = cast(all.column(0), &DataType::Date32)?;
    // The text's own order is by period.
    let hidden = starts.as_primitive::<Date32Type>().values().partition_point(|start| *start < first);
    Ok(all.slice(hidden, all.num_rows() - hidden))
}

impl Source<'_> {
    /// The inhabitants of the municipality of each row.
    async fn persons(&self, cells: &RecordBatch, frame: QueryScope<'_>) -> Result<Int64Array, EngineError> {
        let (Some(view), Some(codes)) =
            (self.catalogue.view("coverage_weights"), cells.column_by_name("municipality_code"))
        else {
            return Ok(Int64Array::new_null(cells.num_rows()));
        };
        // A map, since a KPI's rows need not be in the order of the relation's.
        let mut known: HashMap<(i32, String), i64> = HashMap::new();
        for relation in self.relations(view, frame.scope, None).await? {
            for rows in relation.parts.values() {
                read_persons(rows, &mut known)?;
            }
        }
        let starts = cast(cells.column(0), &DataType::Date32)?;
        let (starts, codes) = (starts.as_primitive::<Date32Type>(), codes.as_string::<i32>());
        let found = (0..cells.num_rows())
            .map(|row| known.get(&(starts.value(row), codes.value(row).to_owned())).copied());
        Ok(found.collect())
    }
}

fn read_persons(batch: &RecordBatch, known: &mut HashMap<(i32, String), i64>) -> Result<(), EngineError> {
    let columns = ["period_start", "municipality_code", "persons"].map(|name| batch.column_by_name(name));
    let [Some(starts), Some(codes), Some(persons)] = columns else { return Ok(()) };
    let (starts, persons) = (cast(starts, &DataType::Date32)?, cast(persons, &DataType::Int64)?);
    let codes = cast(codes, &DataType::Utf8)?;
    let (starts, persons) = (starts.as_primitive::<Date32Type>(), persons.as_primitive::<Int64Type>());
    for row in (0..batch.num_rows()).filter(|row| persons.is_valid(*row)) {
        let key = (starts.value(row), codes.as_string::<i32>().value(row).to_owned());
        known.insert(key, persons.value(row));
    }
    Ok(())
}
