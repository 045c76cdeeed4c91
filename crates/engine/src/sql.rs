//! Questions in SQL: one SELECT over the lake's tables, and over KPIs, which are asked like functions:
//! `SELECT … FROM kpi.adoption_reach(solution_id => 'digisos', by => 'county', borders => 'now')`.
//!
//! A KPI in the text is answered first, in the way of every interface, and its rows take its place in the statement
//! under a name of their own: an analyst's number is the dashboard's number.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement as Parsed;
use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, Ident, ObjectName, Statement, TableFactor, Value, VisitMut,
    VisitorMut,
};
use futures::future::BoxFuture;
use utbredt_answer::Rows;
use utbredt_kpi::{AsOf, Catalogue, Kpi, KpiRequest, RequestError};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::planning::read_only;

impl Engine {
    /// Answers a question in SQL over the tables and the KPIs of the newest edition.
    pub fn sql(&self, text: String) -> BoxFuture<'static, Result<Rows, EngineError>> {
        let engine = self.clone();
        Box::pin(async move {
            let edition = engine.edition();
            let opened = engine.open_edition(Arc::clone(&edition)).await?;
            let mut context = opened.session_with_tables()?;
            let state = context.state();
            let dialect = state.config().options().sql_parser.dialect;
            let mut names = BTreeSet::new();
            let mut parsed = state.sql_to_statement(&text, &dialect).map_err(|error| refused(&error))?;
            if let Parsed::Statement(statement) = &mut parsed {
                let (kpis, tables) = relations(statement, engine.catalogue())?;
                let current = engine.open_to_read(Arc::clone(&edition), &tables).await?;
                if !Arc::ptr_eq(&current, &opened) {
                    context = current.session_with_tables()?;
                }
                for (name, mut request) in kpis {
                    // Pinned: a KPI and the tables beside it are of one edition, whatever arrives meanwhile.
                    if request.as_of == AsOf::Latest {
                        request.as_of = AsOf::Edition(edition.number);
                    }
                    let answer = engine.run(request).await?;
                    let rows = MemTable::try_new(answer.schema, vec![answer.batches])?;
                    context.register_table(name, Arc::new(rows))?;
                }
                names = tables;
            }
            let read = read(&context, parsed).await;
            let tables = opened.tables.keys().copied();
            let (schema, batches) = read.map_err(|error| with_nearest_table(error, &names, tables))?;
            Ok(Rows { schema, batches, edition: edition.number })
        })
    }
}

/// Runs a statement that may only read.
async fn read(
    context: &SessionContext,
    parsed: Parsed,
) -> Result<(SchemaRef, Vec<RecordBatch>), EngineError> {
    let plan = context.state().statement_to_plan(parsed).await.map_err(|error| refused(&error))?;
    // Checked on the plan: the parser also accepts statements that change tables or settings.
    read_only().verify_plan(&plan).map_err(|error| refused(&error))?;
    let frame = context.execute_logical_plan(plan).await.map_err(|error| refused(&error))?;
    let schema = Arc::new(frame.schema().as_arrow().clone());
    Ok((schema, frame.collect().await.map_err(failed)?))
}

/// What a statement does with the values of its rows is its own matter; what the lake cannot give is not.
fn failed(error: DataFusionError) -> EngineError {
    let DataFusionError::ArrowError(arrow, _) = error.find_root() else { return error.into() };
    match arrow.as_ref() {
        ArrowError::DivideByZero
        | ArrowError::ArithmeticOverflow(_)
        | ArrowError::CastError(_)
        | ArrowError::ParseError(_)
        | ArrowError::ComputeError(_) => EngineError::Refused {
            why: format!("the statement fails on the values of a row: {arrow}"),
            hint: "nullif(x, 0) in place of a divisor, try_cast(x AS …) in place of a cast".into(),
        },
        _ => error.into(),
    }
}

fn refused(error: &DataFusionError) -> EngineError {
    let why = error.strip_backtrace();
    // The parser takes the dot for another name's beginning.
    let hint = if why.contains("found: =>") {
        "a name with a dot is quoted: \"where.wave_id\" => 'w1'"
    } else {
        "one SELECT over the lake's tables and over KPIs such as kpi.adoption_reach(solution_id => 'digisos')"
    };
    EngineError::Refused { why, hint: hint.into() }
}

/// Names the nearest table where one is not there: the query engine's own words name none.
fn with_nearest_table<'a>(
    error: EngineError,
    read: &BTreeSet<String>,
    tables: impl Iterator<Item = &'a str>,
) -> EngineError {
    // A name of a WITH clause is among those read, and never the one that is missing.
    let EngineError::Refused { why, .. } = &error else { return error };
    let missing = read.iter().find(|name| why.contains(&format!("public.{name}' not found")));
    let Some(name) = missing else { return error };
    let tables: Vec<&str> = tables.collect();
    let hint = format!("the tables are {}", tables.join(", "));
    RequestError::unknown("table", name, tables, hint).into()
}

/// KPIs that a statement reads, each with the name that takes its place.
type Kpis = Vec<(String, KpiRequest)>;

/// What a statement reads: its KPIs, and the names of its other relations.
fn relations(
    statement: &mut Statement,
    catalogue: &Catalogue,
) -> Result<(Kpis, BTreeSet<String>), EngineError> {
    let mut finder = Finder { catalogue, found: Vec::new(), others: BTreeSet::new() };
    match VisitMut::visit(statement, &mut finder) {
        ControlFlow::Continue(()) => Ok((finder.found, finder.others)),
        ControlFlow::Break(error) => Err(error),
    }
}

struct Finder<'a> {
    catalogue: &'a Catalogue,
    found: Kpis,
    others: BTreeSet<String>,
}

impl VisitorMut for Finder<'_> {
    type Break = EngineError;

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<EngineError> {
        let TableFactor::Table { name, args, .. } = factor else { return ControlFlow::Continue(()) };
        let parts: Vec<String> = name.0.iter().map(ToString::to_string).collect();
        self.others.extend(parts.last().map(|name| name.trim_matches('"').to_lowercase()));
        let [schema, kpi] = parts.as_slice() else { return ControlFlow::Continue(()) };
        if !schema.eq_ignore_ascii_case("kpi") {
            return ControlFlow::Continue(());
        }
        let given = args.take().map(|args| args.args).unwrap_or_default();
        match request(self.catalogue, kpi, &given) {
            Ok(request) => {
                // Numbered, since one statement may ask a KPI twice with other arguments.
                let own = format!("kpi_{}", self.found.len() + 1);
                *name = ObjectName::from(vec![Ident::new(own.as_str())]);
                self.found.push((own, request));
                ControlFlow::Continue(())
            }
            Err(error) => ControlFlow::Break(error),
        }
    }
}

/// What `kpi.<name>(<arguments>)` asks: the arguments are read as every interface reads them.
fn request(catalogue: &Catalogue, name: &str, given: &[FunctionArg]) -> Result<KpiRequest, EngineError> {
    let found = catalogue.kpis().find(|kpi| kpi.sql_name().eq_ignore_ascii_case(name));
    let Some(kpi) = found else {
        let names: Vec<String> = catalogue.kpis().map(Kpi::sql_name).collect();
        let hint = "in SQL adoption.reach is kpi.adoption_reach; `utbredt kpi list` lists them";
        let names = names.iter().map(String::as_str);
        return Err(RequestError::unknown("kpi", name, names, hint).into());
    };
    let pairs = given.iter().map(argument_of).collect::<Result<Vec<_>, _>>()?;
    Ok(KpiRequest::parse(catalogue, &kpi.id, pairs)?)
}

/// `name => 'value'`; numbers need no quotes.
fn argument_of(argument: &FunctionArg) -> Result<(String, String), RequestError> {
    let wrong = || {
        RequestError::invalid(
            "invalid_parameter",
            format!("`{argument}` is no argument of a KPI"),
            "write name => 'value', such as borders => 'now'",
        )
    };
    let (name, value) = match argument {
        FunctionArg::Named { name, arg: FunctionArgExpr::Expr(Expr::Value(value)), .. } => {
            (name.value.clone(), value)
        }
        FunctionArg::ExprNamed {
            name: Expr::Identifier(name),
            arg: FunctionArgExpr::Expr(Expr::Value(value)),
            ..
        } => (name.value.clone(), value),
        _ => return Err(wrong()),
    };
    let text = match &value.value {
        Value::SingleQuotedString(text) | Value::Number(text, _) => text.clone(),
        _ => return Err(wrong()),
    };
    Ok((name, text))
}
