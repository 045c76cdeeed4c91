//! Plans every KPI against the lake's tables without a row: what it selects must be what it declares, and it may read
//! facts and dimensions only.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::DataType;
use chrono::{DateTime, NaiveDate};
use futures::future::BoxFuture;
use utbredt_kpi::{Catalogue, Kpi, RollupKind};
use utbredt_lake::Edition;
use utbredt_model::{Granularity, Period};

use crate::asked::{cells, load};
use crate::error::EngineError;
use crate::request::{By, KpiRequest};
use crate::run::Engine;
use crate::session::{self, Tables};

impl Engine {
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
            Ok(problems(&catalogue, &tables).await)
        })
    }
}

/// Everything that is wrong with the KPIs of a catalogue; empty when all is well.
async fn problems(catalogue: &Catalogue, tables: &Tables) -> Vec<String> {
    let mut problems = Vec::new();
    for kpi in catalogue.kpis() {
        if let Err(error) = plan(catalogue, tables, kpi).await {
            problems.push(error.to_string());
        }
    }
    problems
}

async fn plan(catalogue: &Catalogue, tables: &Tables, kpi: &Kpi) -> Result<(), EngineError> {
    let mut request = KpiRequest::new(&kpi.id);
    request.by = By::Municipality;
    for param in &kpi.params {
        request.params.insert(param.name.clone(), param.example());
    }
    let bound = kpi.bind(&request.params).map_err(|e| wrong(kpi, &e))?;
    let day = NaiveDate::default();
    let periods = [Period::holding(day, Granularity::Month)];
    let frame = session::Frame {
        divisions: &tables.divisions,
        periods: &periods,
        request: &request,
        day,
        bound: &bound,
        first: day,
        year_ago: false,
    };
    let context = tables.session()?;
    session::prepare(&context, tables, catalogue, &frame, kpi).await?;
    let cells = cells(&context, kpi, bound).await?;
    types(kpi, cells.schema().as_arrow()).map_err(|why| wrong(kpi, &why))?;
    let scanned = tables_read(kpi, catalogue);
    if let Some(bronze) = scanned.keys().find(|name| matches!(name.as_str(), "rejections")) {
        return Err(wrong(kpi, &format!("it reads {bronze}, which holds what was refused")));
    }
    Ok(())
}

fn wrong(kpi: &Kpi, why: &dyn std::fmt::Display) -> EngineError {
    EngineError::Query { file: kpi.path.clone(), why: why.to_string() }
}

/// Parts are whole numbers, so that adding them is exact in every order. A KPI that makes its areas' rows itself has
/// nothing added to it.
fn types(kpi: &Kpi, schema: &arrow::datatypes::Schema) -> Result<(), String> {
    if kpi.rollup.kind == RollupKind::Area {
        let value = schema.field_with_name("value").map_err(|e| e.to_string())?.data_type();
        return if *value == DataType::Float64 {
            Ok(())
        } else {
            Err(format!("value is {value}, not DOUBLE"))
        };
    }
    for name in ["numerator", "denominator", "marks"] {
        let kind = schema.field_with_name(name).map_err(|e| e.to_string())?.data_type();
        if *kind != DataType::Int64 {
            return Err(format!("{name} is {kind}; it must be a whole number (BIGINT) that adds exactly"));
        }
    }
    let state = schema.field_with_name("state").map_err(|e| e.to_string())?.data_type();
    if *state == DataType::Utf8 { Ok(()) } else { Err(format!("state of {} is {state}, not text", kpi.id)) }
}

/// The words of the KPI's text and of its views that are tables of the lake.
fn tables_read(kpi: &Kpi, catalogue: &Catalogue) -> BTreeMap<String, ()> {
    let views = catalogue.views().iter().filter(|view| kpi.views.contains(&view.name)).map(|view| &view.sql);
    let texts = std::iter::once(&kpi.sql).chain(views);
    let mut found = BTreeMap::new();
    for text in texts {
        for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            if utbredt_lake::Table::named(word).is_some() {
                found.insert(word.to_owned(), ());
            }
        }
    }
    found
}
