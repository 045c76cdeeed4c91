//! The cells of a KPI: its own SQL over the shared relations, a row for each municipality and period. Kept for the
//! edition, so that another grouping, filter, language or format is answered without planning.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::pin::Pin;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Date32Array, Int64Array, RecordBatch, StringArray};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Date32Type, Field, Int64Type, Schema};
use datafusion::catalog::TableProvider;
use datafusion::common::ParamValues;
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;
use datafusion::scalar::ScalarValue;
use utbredt_kpi::{By, Catalogue, Kpi, Lookback, ParamValue, View};
use utbredt_model::Period;

use super::periods::{Scope, calendar_table, epoch_days, periods_table};
use super::relations::{FamilyKey, Relation, fits, has_solutions};
use super::resolve::{Bound, ResolvedQuery, areas_of};
use super::stored::StoredTable;
use crate::edition::areas::Areas;
use crate::edition::open::OpenEdition;
use crate::error::EngineError;
use crate::kept::Kept;
use crate::planning::plan_query;

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
    areas: Option<(By, Vec<(By, Vec<String>)>)>,
}

/// The cells of a KPI for the periods shown.
#[derive(Debug)]
pub(crate) struct Cells {
    /// The columns the KPI selects.
    pub(crate) batch: RecordBatch,
    /// The inhabitants of each row's municipality, for coverage.
    pub(crate) persons: Int64Array,
}

impl Cells {
    /// The bytes its columns take.
    pub(crate) fn bytes(&self) -> usize {
        self.batch.get_array_memory_size() + self.persons.get_array_memory_size()
    }
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, EngineError>> + Send + 'a>>;

/// Where relations are computed: an edition, a catalogue, and what is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) edition: &'a OpenEdition,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) kept: &'a Kept,
}

/// What a text is planned under: its periods, its areas, its parameters.
#[derive(Debug, Clone, Copy)]
struct Frame<'a> {
    scope: &'a Scope,
    /// The one solution that tables and relations are restricted to.
    solution: Option<&'a str>,
    /// The question, where the text is a KPI's own or depends on one.
    question: Option<(&'a ResolvedQuery<'a>, &'a Bound)>,
}

/// The cells of one set of parameters, and whether they were computed now.
pub(crate) async fn cells(
    source: Source<'_>,
    query: &ResolvedQuery<'_>,
    bound: &Bound,
) -> Result<(Arc<Cells>, bool), EngineError> {
    let filter = query.request.filter.iter().map(|(by, codes)| (*by, codes.clone())).collect();
    let key = CellsKey {
        edition: source.edition.id,
        catalogue: source.catalogue.id(),
        kpi: query.kpi.id.clone(),
        params: bound.params.iter().map(|(name, value)| (name.clone(), value.to_string())).collect(),
        scope: query.scope.clone(),
        unshown: query.unshown(),
        areas: query.kpi.reads_areas().then_some((query.request.by, filter)),
    };
    source.kept.cells(key, compute(source, query, bound)).await
}

/// Plans and runs a KPI's own text.
async fn compute(source: Source<'_>, query: &ResolvedQuery<'_>, bound: &Bound) -> Result<Cells, EngineError> {
    let kpi = query.kpi;
    let context = source.edition.session();
    let solution = bound.solution.as_deref().filter(|_| !source.fits_whole(&query.scope));
    let frame = Frame { scope: &query.scope, solution, question: Some((query, bound)) };
    source.register_all(&context, &kpi.reads, frame).await?;
    if kpi.lookback.sees_year_ago() {
        source.register_year_ago(&context, kpi, frame).await?;
    }
    let frame_of_cells = plan_kpi(&context, kpi, &bound.params).await?;
    let schema = Arc::new(frame_of_cells.schema().as_arrow().clone());
    let batches = frame_of_cells.collect().await?;
    let all = concat_batches(&schema, &batches)?;
    let shown = shown_rows(&all, query)?;
    let persons = source.persons(&shown, frame).await?;
    Ok(Cells { batch: shown, persons })
}

/// Plans a KPI's text with its parameters; its columns must be those it declares.
pub(crate) async fn plan_kpi(
    context: &SessionContext,
    kpi: &Kpi,
    params: &[(String, ParamValue)],
) -> Result<datafusion::prelude::DataFrame, EngineError> {
    let planned = plan_query(context, &kpi.sql).await;
    let mut cells = planned.map_err(|error| EngineError::of_query(&kpi.path, error.strip_backtrace()))?;
    if !params.is_empty() {
        cells = cells.with_param_values(values(params.iter()))?;
    }
    let columns: Vec<&str> = cells.schema().fields().iter().map(|field| field.name().as_str()).collect();
    if columns != kpi.expected_columns() {
        let why = format!("it selects {columns:?} where {:?} is declared", kpi.expected_columns());
        return Err(EngineError::of_query(&kpi.path, why));
    }
    Ok(cells)
}

/// Parameters as SQL has them.
fn values<'a>(params: impl Iterator<Item = &'a (String, ParamValue)>) -> ParamValues {
    ParamValues::from(params.map(|(name, value)| (name.clone(), scalar(value))).collect::<Vec<_>>())
}

fn scalar(value: &ParamValue) -> ScalarValue {
    match value {
        ParamValue::Text(text) => ScalarValue::Utf8(Some(text.clone())),
        ParamValue::Date(day) => ScalarValue::Date32(Some(epoch_days(*day))),
        ParamValue::Integer(number) => ScalarValue::Int64(Some(*number)),
        ParamValue::Number(number) => ScalarValue::Float64(Some(*number)),
    }
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
    /// Computes the relations that KPIs read for the usual window before a day.
    pub(crate) async fn warm(&self, day: chrono::NaiveDate) -> Result<(), EngineError> {
        let granularity = utbredt_model::Granularity::Month;
        let mut year_start = day;
        for _ in 0..12 {
            year_start = granularity.floor(year_start).pred_opt().unwrap_or(year_start);
        }
        let periods = granularity.periods(granularity.floor(year_start), granularity.floor(day));
        let scope = Scope {
            borders: utbredt_kpi::Borders::Then,
            policy: utbredt_kpi::Policy::ExactOnly,
            day,
            periods: periods.into(),
            granularity: Some(granularity),
            year_ago: false,
        };
        if !self.fits_whole(&scope) {
            return Ok(());
        }
        for view in self.catalogue.views() {
            if view.kept && self.catalogue.is_read_directly(&view.name) {
                self.relations(view, &scope, None).await?;
            }
        }
        Ok(())
    }

    /// Whether the relations of a scope are computed for all solutions at once.
    fn fits_whole(&self, scope: &Scope) -> bool {
        let dimensions = &self.edition.dimensions;
        let municipalities = dimensions.municipalities.iter().filter(|m| m.valid_on(scope.day)).count();
        let limit = self.kept.relation_limit();
        fits(scope, municipalities, dimensions.measures.len(), limit)
    }

    /// Registers every relation named, and what those that are not kept are made of.
    async fn register_all(
        &self,
        context: &SessionContext,
        names: &BTreeSet<String>,
        frame: Frame<'_>,
    ) -> Result<(), EngineError> {
        for name in names {
            self.register(context, name, frame).await?;
        }
        Ok(())
    }

    /// Registers one relation under its name, when it is not yet known.
    fn register<'a>(&'a self, context: &'a SessionContext, name: &'a str, frame: Frame<'a>) -> Boxed<'a, ()> {
        Box::pin(async move {
            if context.table_exist(name)? {
                return Ok(());
            }
            let provider: Arc<dyn TableProvider> = match self.catalogue.view(name) {
                Some(view) if view.kept && self.catalogue.is_read_directly(name) => {
                    self.stored(view, frame).await?
                }
                Some(view) => {
                    self.register_all(context, &view.reads, frame).await?;
                    self.plan_view(context, view, frame).await?
                }
                None => match self.made_here(context, name, frame)? {
                    Some(provider) => provider,
                    // An unknown name is the planner's to report, with the text it is in.
                    None => return Ok(()),
                },
            };
            context.register_table(name, provider)?;
            Ok(())
        })
    }

    /// The relations that are no views: periods, areas, tables of the lake.
    fn made_here(
        &self,
        context: &SessionContext,
        name: &str,
        frame: Frame<'_>,
    ) -> Result<Option<Arc<dyn TableProvider>>, EngineError> {
        let divisions = &self.edition.dimensions.divisions;
        let made = match name {
            "periods" => Some(periods_table(frame.scope, divisions)?),
            "calendar" => Some(calendar_table(frame.scope, divisions)?),
            Kpi::AREAS => frame.question.map(|(query, _)| areas_asked_for(query)).transpose()?,
            other => match other.strip_prefix("areas_").and_then(|by| by.parse::<By>().ok()) {
                Some(by) => {
                    let areas = areas_of(by, frame.scope, &self.edition.dimensions);
                    Some(areas_table(frame.scope, &areas, |_, _, _| true)?)
                }
                None => None,
            },
        };
        match made {
            Some(batch) => Ok(Some(Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?))),
            None => self.edition.table(context, name, frame.solution),
        }
    }

    /// A view's text with its parameters, its rows passed through a function when it names one.
    async fn plan_view(
        &self,
        context: &SessionContext,
        view: &View,
        frame: Frame<'_>,
    ) -> Result<Arc<dyn TableProvider>, EngineError> {
        let planned = plan_query(context, &view.sql).await;
        let mut rows = planned.map_err(|error| EngineError::of_query(&view.path, error.strip_backtrace()))?;
        if let Some((_, bound)) = frame.question.filter(|_| !view.params.is_empty()) {
            let used = bound.params.iter().filter(|(name, _)| view.params.contains(name));
            rows = rows.with_param_values(values(used))?;
        }
        let (Some(function), Some((query, _))) = (&view.through, frame.question) else {
            return Ok(rows.into_view());
        };
        let made = crate::forecast::apply(function, &rows.collect().await?, query)
            .map_err(|error| EngineError::of_query(&view.path, error))?;
        Ok(Arc::new(MemTable::try_new(made.schema(), vec![vec![made]])?))
    }

    /// A kept relation, for the periods of a question.
    async fn stored(&self, view: &View, frame: Frame<'_>) -> Result<Arc<dyn TableProvider>, EngineError> {
        let mut parts: BTreeMap<Option<String>, Vec<RecordBatch>> = BTreeMap::new();
        let mut schema = None;
        for relation in self.relations(view, frame.scope, frame.solution).await? {
            for (solution, rows) in &relation.parts {
                parts.entry(solution.clone()).or_default().push(rows.clone());
            }
            schema.get_or_insert(Arc::clone(&relation.schema));
        }
        let schema = schema.unwrap_or_else(|| Arc::new(Schema::empty()));
        Ok(Arc::new(StoredTable::new(schema, parts)))
    }

    /// A view's rows of each period of a scope, kept or computed; those that are not kept are computed together.
    async fn relations(
        &self,
        view: &View,
        scope: &Scope,
        solution: Option<&str>,
    ) -> Result<Vec<Arc<Relation>>, EngineError> {
        let solution = solution.filter(|_| has_solutions(view));
        let family = FamilyKey {
            edition: self.edition.id,
            catalogue: self.catalogue.id(),
            view: view.name.clone(),
            mapping: Scope { periods: Arc::default(), ..scope.clone() },
            solution: solution.map(str::to_owned),
        };
        let compute = |missing: Vec<Period>| async move {
            let scope = Scope { periods: missing.into(), ..scope.clone() };
            let context = self.edition.session();
            let frame = Frame { scope: &scope, solution, question: None };
            self.register_all(&context, &view.reads, frame).await?;
            let planned = plan_query(&context, &view.sql).await;
            let rows = planned.map_err(|error| EngineError::of_query(&view.path, error.strip_backtrace()))?;
            let schema = Arc::new(rows.schema().as_arrow().clone());
            let starts: Vec<i32> = scope.starts().into_iter().map(epoch_days).collect();
            Relation::of_periods(&schema, &rows.collect().await?, &starts)
        };
        self.kept.relations(&family, &scope.periods, compute).await
    }

    /// Registers the views a KPI reads once more as they were a year before each period, in the period's own borders: a
    /// municipality is then compared with its own territory, whatever its code was. `periods.year_ago` leads to them.
    async fn register_year_ago(
        &self,
        context: &SessionContext,
        kpi: &Kpi,
        frame: Frame<'_>,
    ) -> Result<(), EngineError> {
        let scope = Scope { year_ago: true, ..frame.scope.clone() };
        let then = Frame { scope: &scope, ..frame };
        for name in &kpi.reads {
            let Some(view) = self.catalogue.view(name) else { continue };
            if !view.kept {
                let why = format!("the view `{name}` depends on the question and has no rows of a year ago");
                return Err(EngineError::of_query(&kpi.path, why));
            }
            let provider = self.stored(view, then).await?;
            context.register_table(format!("{name}{}", Lookback::YEAR_AGO), provider)?;
        }
        Ok(())
    }

    /// The inhabitants of the municipality of each row.
    async fn persons(&self, cells: &RecordBatch, frame: Frame<'_>) -> Result<Int64Array, EngineError> {
        let (Some(view), Some(codes)) =
            (self.catalogue.view("population_cells"), cells.column_by_name("municipality_code"))
        else {
            return Ok(Int64Array::new_null(cells.num_rows()));
        };
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

/// The relation `areas` of a question: the areas asked for, made of the municipalities its filter chooses.
fn areas_asked_for(query: &ResolvedQuery<'_>) -> Result<RecordBatch, EngineError> {
    areas_table(&query.scope, &query.areas, |period, municipality, area| {
        query
            .chosen
            .as_ref()
            .is_none_or(|chosen| chosen.holds(period, municipality) && chosen.shows(query.request.by, area))
    })
}

/// A row for each period, municipality and area it belongs to.
fn areas_table(
    scope: &Scope,
    areas: &[Arc<Areas>],
    keep: impl Fn(usize, &str, &str) -> bool,
) -> Result<RecordBatch, EngineError> {
    let mut starts = Vec::new();
    let (mut municipalities, mut codes, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for (at, (start, areas)) in scope.starts().into_iter().zip(areas).enumerate() {
        let mut pairs: Vec<_> = areas.pairs().filter(|(code, area)| keep(at, code, &area.code)).collect();
        pairs.sort_by_key(|(municipality, area)| (*municipality, area.code.as_str()));
        for (municipality, area) in pairs {
            starts.push(epoch_days(start));
            municipalities.push(municipality);
            codes.push(area.code.as_str());
            names.push(area.name.as_str());
        }
    }
    let columns: Vec<(Field, ArrayRef)> = vec![
        (Field::new("period_start", DataType::Date32, false), Arc::new(Date32Array::from(starts))),
        (Field::new("municipality_code", DataType::Utf8, false), Arc::new(StringArray::from(municipalities))),
        (Field::new("area_code", DataType::Utf8, false), Arc::new(StringArray::from(codes))),
        (Field::new("area_name", DataType::Utf8, false), Arc::new(StringArray::from(names))),
    ];
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}
