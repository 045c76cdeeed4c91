//! An edition's tables, and the periods of one request, in one query session.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use arrow::array::{Array, ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Field, Schema};
use chrono::{Datelike, Days, Months, NaiveDate};
use datafusion::catalog::TableProvider;
use datafusion::common::ParamValues;
use datafusion::datasource::MemTable;
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::options::ParquetReadOptions;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::{Expr, SessionConfig, SessionContext, ident};
use datafusion::scalar::ScalarValue;
use utbredt_kpi::{Catalogue, Kpi, Lookback, ParamValue, View};
use utbredt_lake::{Edition, Lake, TABLES, Table};
use utbredt_model::{Granularity, Period};

use crate::error::EngineError;
use crate::read::{internal, lake_error, query};
use crate::request::{Borders, KpiRequest};

/// What all queries of an edition may hold together.
const MEMORY_BYTES: usize = 1 << 30;

/// From how many rows on a question is worth two threads.
const MANY_ROWS: u64 = 2_000_000;

/// The division that holds a day, from the edition's own table of divisions.
#[derive(Debug, Clone)]
pub(crate) struct Divisions(pub(crate) Vec<NaiveDate>);

impl Divisions {
    /// Reads them; oldest first.
    pub(crate) fn read(lake: &Lake, edition: &Edition) -> Result<Self, EngineError> {
        let Some(table) = Table::named("divisions") else { return Ok(Self(Vec::new())) };
        let batches = lake.read_table(edition, table).map_err(|e| lake_error(lake, &e))?;
        let mut days = Vec::new();
        for batch in &batches {
            let column = batch.column_by_name("division_date");
            if let Some(column) = column.and_then(|c| c.as_any().downcast_ref::<Date32Array>()) {
                days.extend((0..batch.num_rows()).filter_map(|i| column.value_as_date(i)));
            }
        }
        days.sort_unstable();
        Ok(Self(days))
    }

    /// The first day of the division holding `day`; the oldest for days before it.
    pub(crate) fn holding(&self, day: NaiveDate) -> NaiveDate {
        let at = self.0.partition_point(|d| *d <= day);
        self.0.get(at.saturating_sub(1)).copied().unwrap_or(day)
    }
}

/// What was asked of an edition about its evidence, and found: an edition never changes, so neither does this.
pub(crate) type Memory = Mutex<BTreeMap<String, Vec<String>>>;

/// The tables of one edition, opened once: every file's hash is checked before it is registered.
pub(crate) struct Tables {
    /// The edition they are of.
    pub(crate) edition: Arc<Edition>,
    /// Its divisions.
    pub(crate) divisions: Divisions,
    partitions: usize,
    runtime: Arc<RuntimeEnv>,
    /// Every table of the lake, in the order of [`TABLES`].
    pub(crate) providers: Vec<(&'static str, Arc<dyn TableProvider>)>,
    /// Sources and denominators found before.
    pub(crate) memory: Memory,
}

impl std::fmt::Debug for Tables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tables").field("edition", &self.edition.number).finish_non_exhaustive()
    }
}

fn no_rows(table: &Table) -> Result<MemTable, EngineError> {
    let schema = table.schema();
    let empty = RecordBatch::new_empty(Arc::clone(&schema));
    MemTable::try_new(schema, vec![vec![empty]]).map_err(|e| internal(&e))
}

/// The columns of files written before one was renamed, under their names of today.
fn current_names(table: &Table) -> Vec<Expr> {
    table.columns().map(|(name, _)| ident(table.former_name(name).unwrap_or(name)).alias(name)).collect()
}

/// Into how many parts a question is cut when nobody says.
fn partitions(edition: &Edition) -> usize {
    let rows: u64 = edition.tables.values().flatten().map(|file| file.rows).sum();
    if rows < MANY_ROWS { 1 } else { 2 }
}

/// Most of a small answer's time is planning, and a plan for one thread is half as large: the threads are better spent
/// on other questions. One pass of the optimizer does for our views what three do.
fn config(partitions: usize) -> SessionConfig {
    SessionConfig::new()
        .with_target_partitions(partitions)
        .with_information_schema(false)
        .set_bool("datafusion.execution.parquet.schema_force_view_types", false)
        .set_usize("datafusion.optimizer.max_passes", 1)
}

impl Tables {
    /// Opens an edition; a question is cut into `cut` parts, or as many as its size is worth.
    pub(crate) async fn open(
        lake: &Lake,
        edition: Arc<Edition>,
        cut: Option<usize>,
    ) -> Result<Self, EngineError> {
        let partitions = cut.unwrap_or_else(|| partitions(&edition));
        let divisions = Divisions::read(lake, &edition)?;
        // Without a pool a query may take all memory there is and with it the process.
        let pool = Arc::new(GreedyMemoryPool::new(MEMORY_BYTES));
        let runtime =
            RuntimeEnvBuilder::new().with_memory_pool(pool).build_arc().map_err(|e| internal(&e))?;
        let context = SessionContext::new_with_config_rt(config(partitions), Arc::clone(&runtime));
        let mut providers: Vec<(&'static str, Arc<dyn TableProvider>)> = Vec::new();
        for table in TABLES {
            let files = edition.tables.get(table.name).map_or(&[][..], Vec::as_slice);
            let mut paths = Vec::new();
            for entry in files {
                let path = lake.check_file(entry).map_err(|e| lake_error(lake, &e))?;
                paths.push(path.to_string_lossy().into_owned());
            }
            if paths.is_empty() {
                providers.push((table.name, Arc::new(no_rows(table)?)));
                continue;
            }
            // In one edition all files of a table have its names of today, or none has.
            let former = files.iter().any(|file| table.has_former_names(file));
            let schema = if former { table.former_schema() } else { table.schema() };
            let options = ParquetReadOptions::default().schema(&schema);
            let mut frame = context.read_parquet(paths, options).await.map_err(|e| internal(&e))?;
            if former {
                frame = frame.select(current_names(table)).map_err(|e| internal(&e))?;
            }
            providers.push((table.name, frame.into_view()));
        }
        Ok(Self { edition, divisions, partitions, runtime, providers, memory: Default::default() })
    }

    /// The lake's tables without any row, to plan against.
    pub(crate) fn empty(edition: Arc<Edition>) -> Result<Self, EngineError> {
        let runtime = RuntimeEnvBuilder::new().build_arc().map_err(|e| internal(&e))?;
        let mut providers: Vec<(&'static str, Arc<dyn TableProvider>)> = Vec::new();
        for table in TABLES {
            providers.push((table.name, Arc::new(no_rows(table)?)));
        }
        let divisions = Divisions(Vec::new());
        Ok(Self { edition, divisions, partitions: 1, runtime, providers, memory: Default::default() })
    }

    /// Tables of this edition and another mixed.
    pub(crate) fn mixed(
        &self,
        divisions: Divisions,
        providers: Vec<(&'static str, Arc<dyn TableProvider>)>,
    ) -> Self {
        let (edition, runtime) = (Arc::clone(&self.edition), Arc::clone(&self.runtime));
        let partitions = self.partitions;
        Self { edition, divisions, partitions, runtime, providers, memory: Default::default() }
    }

    /// A session of its own for one question, over these tables.
    pub(crate) fn session(&self) -> Result<SessionContext, EngineError> {
        let context = SessionContext::new_with_config_rt(config(self.partitions), Arc::clone(&self.runtime));
        for (name, provider) in &self.providers {
            context.register_table(*name, Arc::clone(provider)).map_err(|e| internal(&e))?;
        }
        crate::functions::register(&context);
        Ok(context)
    }
}

/// What a KPI and its roll-up are asked under.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    /// The divisions of the edition.
    pub(crate) divisions: &'a Divisions,
    /// The periods asked for.
    pub(crate) periods: &'a [Period],
    /// The request.
    pub(crate) request: &'a KpiRequest,
    /// The day of the edition.
    pub(crate) day: NaiveDate,
    /// The parameters, with their values.
    pub(crate) bound: &'a [(String, ParamValue)],
    /// The first day of the periods shown; those before it are only seen.
    pub(crate) first: NaiveDate,
    /// Whether what is told is told of a year before each period, in the borders of the period.
    pub(crate) year_ago: bool,
}

/// Adds the request's periods (`periods`, and `calendar` with a row for each of their days) and those shared
/// relations that are wanted.
async fn ask(
    context: &SessionContext,
    catalogue: &Catalogue,
    frame: &Frame<'_>,
    wanted: &[String],
) -> Result<(), EngineError> {
    let by = frame.request.by.as_str();
    for (name, batch) in [("periods", period_rows(frame, false)?), ("calendar", period_rows(frame, true)?)] {
        let memory = MemTable::try_new(batch.schema(), vec![vec![batch]]).map_err(|e| internal(&e))?;
        context.register_table(name, Arc::new(memory)).map_err(|e| internal(&e))?;
    }
    // Whatever reads `areas` comes after what `areas` itself is made of.
    let grouping = crate::rollup::below(catalogue, format!("areas_{by}"));
    let mut views: Vec<&View> = catalogue.views().iter().filter(|view| wanted.contains(&view.name)).collect();
    views.sort_by_key(|view| !grouping.contains(&view.name));
    for view in views {
        let view_of = laid(context, view, frame).await?;
        // The grouping asked for is known to every text as `areas`.
        if view.name.strip_prefix("areas_") == Some(by) {
            context.register_table("areas", Arc::clone(&view_of)).map_err(|e| internal(&e))?;
        }
        context.register_table(view.name.as_str(), view_of).map_err(|e| internal(&e))?;
    }
    Ok(())
}

/// One shared relation: its text with the parameters filled in, its rows passed through a function when it names one.
async fn laid(
    context: &SessionContext,
    view: &View,
    frame: &Frame<'_>,
) -> Result<Arc<dyn TableProvider>, EngineError> {
    let wrong = |why: String| EngineError::Query { file: view.path.clone(), why };
    let mut rows = query(context, &view.sql).await.map_err(wrong)?;
    if !view.params.is_empty() {
        let used = frame.bound.iter().filter(|(name, _)| view.params.contains(name));
        let values: Vec<_> = used.map(|(name, value)| (name.clone(), scalar(value))).collect();
        rows = rows.with_param_values(ParamValues::from(values)).map_err(|e| internal(&e))?;
    }
    let Some(function) = &view.through else { return Ok(rows.into_view()) };
    let rows = rows.collect().await.map_err(|e| internal(&e))?;
    let told = through(function, &rows, frame).map_err(wrong)?;
    Ok(Arc::new(MemTable::try_new(told.schema(), vec![vec![told]]).map_err(|e| internal(&e))?))
}

/// The functions a view's rows can pass through.
fn through(function: &str, rows: &[RecordBatch], frame: &Frame<'_>) -> Result<RecordBatch, String> {
    match function {
        "bounded_growth" => {
            let starts: Vec<NaiveDate> = frame.periods.iter().map(|period| period.start).collect();
            crate::forecast::bounded_growth(rows, &starts, frame.first)
        }
        _ => Err(format!("`through` names {function}; there is bounded_growth")),
    }
}

/// A parameter's value as SQL has it.
pub(crate) fn scalar(value: &ParamValue) -> ScalarValue {
    match value {
        ParamValue::Text(text) => ScalarValue::Utf8(Some(text.clone())),
        ParamValue::Date(day) => ScalarValue::Date32(Some(epoch_days(*day))),
        ParamValue::Integer(number) => ScalarValue::Int64(Some(*number)),
        ParamValue::Number(number) => ScalarValue::Float64(Some(*number)),
    }
}

/// Adds every relation the KPI and its roll-up read.
pub(crate) async fn prepare(
    context: &SessionContext,
    tables: &Tables,
    catalogue: &Catalogue,
    frame: &Frame<'_>,
    kpi: &Kpi,
) -> Result<(), EngineError> {
    let wanted = crate::rollup::wanted(catalogue, kpi, frame.request.by);
    ask(context, catalogue, frame, &wanted).await?;
    if kpi.lookback.sees_year_ago() {
        ask_year_ago(context, tables, catalogue, frame, &wanted).await?;
    }
    Ok(())
}

/// Adds the wanted relations once more as they were a year before each period, in the period's own borders: a
/// municipality is then compared with its own territory, whatever it was called. They get a name of their own, and
/// `periods.year_ago` leads to them.
async fn ask_year_ago(
    context: &SessionContext,
    tables: &Tables,
    catalogue: &Catalogue,
    frame: &Frame<'_>,
    wanted: &[String],
) -> Result<(), EngineError> {
    let apart = tables.session()?;
    ask(&apart, catalogue, &Frame { year_ago: true, ..*frame }, wanted).await?;
    for view in catalogue.views().iter().filter(|view| wanted.contains(&view.name)) {
        let then = apart.table_provider(view.name.as_str()).await.map_err(|e| internal(&e))?;
        let name = format!("{}{}", view.name, Lookback::YEAR_AGO);
        context.register_table(name, then).map_err(|e| internal(&e))?;
    }
    Ok(())
}

/// The period a year before: the same months, or for days and weeks the same weekdays, 52 weeks before.
fn year_before(period: &Period) -> Period {
    let before = |day: NaiveDate| {
        if period.start.day() == 1 && period.end.day() == 1 {
            day.checked_sub_months(Months::new(12))
        } else {
            day.checked_sub_days(Days::new(364))
        }
    };
    let moved = |day| before(day).unwrap_or(day);
    Period { start: moved(period.start), end: moved(period.end) }
}

/// One row for each period, or for each of its days.
fn period_rows(frame: &Frame<'_>, daily: bool) -> Result<RecordBatch, EngineError> {
    let last = |p: &Period| p.end.pred_opt().unwrap_or(p.end);
    let on_day = |p: &Period| match frame.request.borders {
        Borders::Then => last(p),
        Borders::Now => frame.day,
        Borders::On(day) => day,
    };
    // The period told of, and the one shown, which decides the borders.
    let told = |p: &Period| if frame.year_ago { year_before(p) } else { *p };
    let days = |p: &Period| if daily { (p.end - p.start).num_days() } else { 1 };
    let pairs = frame.periods.iter().map(|shown| (told(shown), shown));
    let rows: Vec<(Period, &Period, i64)> =
        pairs.flat_map(|(p, shown)| (0..days(&p)).map(move |offset| (p, shown, offset))).collect();
    let dates = |of: &dyn Fn(&Period, i64) -> NaiveDate| -> ArrayRef {
        Arc::new(Date32Array::from_iter_values(rows.iter().map(|(p, _, offset)| epoch_days(of(p, *offset)))))
    };
    let borders = |of: &dyn Fn(NaiveDate) -> NaiveDate| -> ArrayRef {
        Arc::new(Date32Array::from_iter_values(
            rows.iter().map(|(_, shown, _)| epoch_days(of(on_day(shown)))),
        ))
    };
    let months = |p: &Period| {
        let number = |day: NaiveDate| i64::from(day.year()) * 12 + i64::from(day.month());
        number(p.end) - number(p.start)
    };
    let year = |p: &Period| Granularity::Year.floor(last(p));
    // The target division is called `to_date` in the calendar: facts joined to it have a `division_date` too.
    let target = if daily { "to_date" } else { "division_date" };
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        ("period_start", dates(&|p, _| p.start)),
        ("period_end", dates(&|p, _| p.end)),
        ("year_start", dates(&|p, _| year(p))),
        ("native_date", dates(&|p, _| frame.divisions.holding(last(p)))),
        (target, borders(&|day| frame.divisions.holding(day))),
        ("on_day", borders(&|day| day)),
        ("edition_day", dates(&|_, _| frame.day)),
        ("member_date", dates(&|_, _| frame.divisions.holding(frame.day))),
        ("policy_id", Arc::new(StringArray::from(vec![frame.request.policy.as_str(); rows.len()]))),
        ("months", Arc::new(Int64Array::from_iter_values(rows.iter().map(|(p, ..)| months(p))))),
    ];
    columns.push(if daily {
        ("day", dates(&|p, offset| p.start + chrono::TimeDelta::days(offset)))
    } else {
        ("year_ago", dates(&|p, _| year_before(p).start))
    });
    let field = |(name, array): &(&str, ArrayRef)| Field::new(*name, array.data_type().clone(), false);
    let schema = Schema::new(columns.iter().map(field).collect::<Vec<_>>());
    RecordBatch::try_new(Arc::new(schema), columns.into_iter().map(|(_, array)| array).collect())
        .map_err(|e| EngineError::Internal(e.to_string()))
}

fn epoch_days(day: NaiveDate) -> i32 {
    i32::try_from((day - NaiveDate::default()).num_days()).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn before(text: &str) -> String {
        let before = year_before(&Period::parse(text).unwrap());
        format!("{} {}", before.start, before.end)
    }

    #[test]
    fn a_year_before_is_the_same_months_or_the_same_weekdays() {
        assert_eq!(before("2024-03"), "2023-03-01 2023-04-01");
        assert_eq!(before("2024-02"), "2023-02-01 2023-03-01");
        assert_eq!(before("2024-Q1"), "2023-01-01 2023-04-01");
        assert_eq!(before("2024"), "2023-01-01 2024-01-01");
        // Friday 1 March 2024 and Friday 3 March 2023.
        assert_eq!(before("2024-03-01"), "2023-03-03 2023-03-04");
        // Week 53 has no namesake in 2025: the week 52 weeks before it is Monday 29 December 2025.
        assert_eq!(before("2026-W53"), "2025-12-29 2026-01-05");
    }
}
