//! Questions in SQL: one SELECT over the lake's tables, and over KPIs, which are asked like functions:
//! `SELECT … FROM kpi.adoption_reach(solution_id => 'digisos', by => 'county', borders => 'now')`.
//!
//! A KPI in the text is answered first, by the same way every door takes, and its rows stand in the statement under a
//! name of their own: an analyst's number is the dashboard's number.

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::datasource::MemTable;
use datafusion::execution::context::SQLOptions;
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement as Parsed;
use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, Ident, ObjectName, Statement, TableFactor, Value, VisitMut,
    VisitorMut,
};
use futures::future::BoxFuture;
use utbredt_kpi::Catalogue;

use crate::error::{EngineError, nearest};
use crate::read::internal;
use crate::request::{AsOf, KpiRequest};
use crate::run::Engine;

/// The answer to a question in SQL.
#[derive(Debug, Clone)]
pub struct SqlAnswer {
    /// Its columns.
    pub schema: SchemaRef,
    /// Its rows.
    pub batches: Vec<RecordBatch>,
    /// The edition it was read from.
    pub edition: u64,
    /// Whether rows were left out.
    pub truncated: bool,
}

impl Engine {
    /// Answers a question in SQL over the tables and the KPIs of the newest edition.
    pub fn sql(&self, text: String) -> BoxFuture<'static, Result<SqlAnswer, EngineError>> {
        let engine = self.clone();
        Box::pin(async move {
            let edition = engine.edition();
            let context = engine.tables(Arc::clone(&edition)).await?.session()?;
            let state = context.state();
            let dialect = state.config().options().sql_parser.dialect;
            let mut parsed = state.sql_to_statement(&text, &dialect).map_err(|e| refused(&e))?;
            if let Parsed::Statement(statement) = &mut parsed {
                for (name, mut request) in kpis(statement, engine.catalogue())? {
                    if request.as_of == AsOf::Latest {
                        request.as_of = AsOf::Edition(edition.number);
                    }
                    let answer = engine.run(request).await?;
                    let rows =
                        MemTable::try_new(answer.schema, vec![answer.batches]).map_err(|e| internal(&e))?;
                    context.register_table(name, Arc::new(rows)).map_err(|e| internal(&e))?;
                }
            }
            let (schema, batches) = read(&context, parsed).await?;
            Ok(SqlAnswer { schema, batches, edition: edition.number, truncated: false })
        })
    }
}

/// Runs a statement that may only read.
async fn read(
    context: &SessionContext,
    parsed: Parsed,
) -> Result<(SchemaRef, Vec<RecordBatch>), EngineError> {
    let plan = context.state().statement_to_plan(parsed).await.map_err(|e| refused(&e))?;
    let options = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    options.verify_plan(&plan).map_err(|e| refused(&e))?;
    let frame = context.execute_logical_plan(plan).await.map_err(|e| refused(&e))?;
    let schema = Arc::new(frame.schema().as_arrow().clone());
    Ok((schema, frame.collect().await.map_err(|e| internal(&e))?))
}

fn refused(error: &datafusion::error::DataFusionError) -> EngineError {
    let hint = "one SELECT over the lake's tables and over KPIs such as kpi.adoption_reach(solution_id => 'digisos')";
    EngineError::Refused { why: error.strip_backtrace(), hint: hint.into() }
}

/// The KPIs a statement asks, each with the name that now stands in its place.
fn kpis(statement: &mut Statement, catalogue: &Catalogue) -> Result<Vec<(String, KpiRequest)>, EngineError> {
    let mut finder = Finder { catalogue, found: Vec::new() };
    match VisitMut::visit(statement, &mut finder) {
        ControlFlow::Continue(()) => Ok(finder.found),
        ControlFlow::Break(error) => Err(error),
    }
}

struct Finder<'a> {
    catalogue: &'a Catalogue,
    found: Vec<(String, KpiRequest)>,
}

impl VisitorMut for Finder<'_> {
    type Break = EngineError;

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<EngineError> {
        let TableFactor::Table { name, args, .. } = factor else { return ControlFlow::Continue(()) };
        let parts: Vec<String> = name.0.iter().map(ToString::to_string).collect();
        let [schema, wanted] = parts.as_slice() else { return ControlFlow::Continue(()) };
        if !schema.eq_ignore_ascii_case("kpi") {
            return ControlFlow::Continue(());
        }
        let given = args.take().map(|args| args.args).unwrap_or_default();
        match request(self.catalogue, wanted, &given) {
            Ok(request) => {
                let own = format!("kpi_{}", self.found.len() + 1);
                *name = ObjectName::from(vec![Ident::new(own.as_str())]);
                self.found.push((own, request));
                ControlFlow::Continue(())
            }
            Err(error) => ControlFlow::Break(error),
        }
    }
}

/// What `kpi.<wanted>(<given>)` asks.
fn request(catalogue: &Catalogue, wanted: &str, given: &[FunctionArg]) -> Result<KpiRequest, EngineError> {
    let kpi = catalogue.kpis().find(|kpi| kpi.sql_name().eq_ignore_ascii_case(wanted)).ok_or_else(|| {
        let names: Vec<String> = catalogue.kpis().map(utbredt_kpi::Kpi::sql_name).collect();
        EngineError::Unknown {
            kind: "kpi",
            name: wanted.to_owned(),
            nearest: nearest(wanted, names.iter().map(String::as_str)),
            hint: "in SQL adoption.reach is kpi.adoption_reach; `utbredt kpi list` names them all".into(),
        }
    })?;
    let mut asked = KpiRequest::new(&kpi.id);
    for argument in given {
        let (name, value) = argument_of(argument)?;
        if !asked.set(&name, &value)? {
            if !kpi.params.iter().any(|param| param.name == name) {
                let known = kpi.params.iter().map(|param| param.name.as_str()).chain(KpiRequest::OPTIONS);
                let known: Vec<&str> = known.collect();
                return Err(EngineError::Unknown {
                    kind: "argument",
                    nearest: nearest(&name, known.iter().copied()),
                    hint: format!("kpi.{wanted} takes {}", known.join(", ")),
                    name,
                });
            }
            asked.params.insert(name, value);
        }
    }
    Ok(asked)
}

/// `name => 'value'`; numbers need no quotes.
fn argument_of(argument: &FunctionArg) -> Result<(String, String), EngineError> {
    let wrong = || EngineError::Invalid {
        what: format!("`{argument}` is no argument of a KPI"),
        hint: "write name => 'value', such as borders => 'now'".into(),
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
