//! Plans every KPI against the lake's tables without a row: what it selects must be what it declares, and it may read
//! facts and dimensions only.

use std::sync::Arc;

use arrow::datatypes::{DataType, Schema};
use chrono::NaiveDate;
use futures::future::BoxFuture;
use utbredt_kpi::{Catalogue, Kpi, RollupKind};
use utbredt_lake::Edition;
use utbredt_model::{Granularity, Period};

use utbredt_kpi::{By, KpiRequest};

use crate::edition::open::OpenEdition;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::expressions::Expressions;
use crate::kept::Kept;
use crate::question::resolve::ResolvedQuery;
use crate::question::rollup::roll_up;
use crate::question::source::Source;

impl Engine {
    /// What is wrong with the query files, found by planning each KPI against the lake's tables without a row.
    ///
    /// # Errors
    /// When the files cannot be read as a catalogue at all; each problem names its file.
    pub fn check(files: Vec<(String, String)>) -> BoxFuture<'static, Result<Vec<String>, EngineError>> {
        Box::pin(async move {
            let catalogue = Catalogue::load(files).map_err(EngineError::Catalogue)?;
            let opened = OpenEdition::empty(Arc::new(Edition::empty()))?;
            Ok(problems(&catalogue, &opened).await)
        })
    }
}

/// Everything that is wrong with the KPIs of a catalogue; empty when all is well.
async fn problems(catalogue: &Catalogue, opened: &OpenEdition) -> Vec<String> {
    let kept = Kept::new(CHECK_BYTES);
    let mut problems = Vec::new();
    for kpi in catalogue.kpis() {
        if let Err(error) = plan(Source { edition: opened, catalogue, kept: &kept }, kpi).await {
            problems.push(error.to_string());
        }
    }
    problems
}

/// Nothing has rows here: little is kept.
const CHECK_BYTES: u64 = 16 << 20;

/// Answers the KPI from a lake without rows: its text, its views and its expressions must all plan.
async fn plan(source: Source<'_>, kpi: &Kpi) -> Result<(), EngineError> {
    // It would plan, since the table is there; but what was rejected is no fact that a KPI may count.
    if kpi.tables.contains("rejections") {
        let why = "it reads rejections, which holds what was rejected";
        return Err(EngineError::of_query(&kpi.path, why));
    }
    let mut request = KpiRequest::new(&kpi.id);
    request.by = if kpi.rollup.nation_only { By::Nation } else { By::Municipality };
    for param in &kpi.params {
        request.params.insert(param.name.clone(), param.example());
    }
    let day = NaiveDate::default();
    let period = Period::holding(day, Granularity::Month);
    let query = ResolvedQuery::without_names(kpi, source.catalogue, &request, day, period)?;
    for bound in &query.bound {
        let (cells, _) = crate::question::cells::cells(source, &query, bound).await?;
        types(kpi, cells.batch.schema().as_ref())?;
        // Expressions of the header are planned by the roll-up only, so it runs too, over no rows.
        roll_up(&query, &cells, &Expressions::default())?;
    }
    Ok(())
}

/// Parts are whole numbers, so that adding them is exact in every order. A KPI that makes its areas' rows itself has
/// nothing added to it.
fn types(kpi: &Kpi, schema: &Schema) -> Result<(), EngineError> {
    if kpi.rollup.kind == RollupKind::Area {
        return has_type(kpi, schema, "value", &DataType::Float64, "DOUBLE");
    }
    for name in ["numerator", "denominator", "marks"] {
        has_type(kpi, schema, name, &DataType::Int64, "a whole number (BIGINT) that adds exactly")?;
    }
    has_type(kpi, schema, "state", &DataType::Utf8, "text")
}

fn has_type(
    kpi: &Kpi,
    schema: &Schema,
    name: &str,
    expected: &DataType,
    in_words: &str,
) -> Result<(), EngineError> {
    let kind = schema.field_with_name(name)?.data_type();
    if kind == expected {
        return Ok(());
    }
    Err(EngineError::of_query(&kpi.path, format!("{name} is {kind}; it must be {in_words}")))
}
