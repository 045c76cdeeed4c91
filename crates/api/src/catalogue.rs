//! The catalogue as resources: what KPIs there are, and what one of them means and takes.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};
use utbredt_engine::Engine;
use utbredt_kpi::{Catalogue, Column, Kpi, Lang, Param};
use utoipa::ToSchema;

use crate::answer::{Shape, conditional};
use crate::problem::{Place, Problem};
use crate::query::{self, Pairs};
use crate::state::{ApiState, Encoded};
use utbredt_formats::Format;

/// A KPI in the list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KpiSummary {
    /// `<question>.<name>`.
    id: String,
    /// What it is called.
    title: String,
    /// The question it answers, in one sentence.
    answers: String,
    /// Goes up when the meaning changes.
    version: u32,
    /// What one of the value is: share, `per_1000`, nok, hours, or a plural noun.
    unit: String,
    /// Which way is better: higher, lower or neither.
    better: &'static str,
    /// The period length when none is requested.
    granularity: &'static str,
    /// The names of its parameters.
    params: Vec<String>,
    /// Where it is described.
    href: String,
    /// Where its values are.
    values: String,
}

/// A KPI with all that is declared about it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KpiDetail {
    /// `<question>.<name>`.
    id: String,
    /// What it is called.
    title: String,
    /// The question it answers, in one sentence.
    answers: String,
    /// Goes up when the meaning changes.
    version: u32,
    /// What one of the value is: share, `per_1000`, nok, hours, or a plural noun.
    unit: String,
    /// Which way is better: higher, lower or neither.
    better: &'static str,
    /// The period length when none is requested.
    granularity: &'static str,
    /// Its parameters.
    params: Vec<KpiParameter>,
    /// Where it is described.
    href: String,
    /// Where its values are.
    values: String,
    /// Who answers for the definition.
    owner: String,
    /// What to know before comparing.
    caveats: Vec<String>,
    /// How municipalities become areas: count, ratio, max, min, none or area.
    rollup: &'static str,
    /// The columns it adds to those every KPI has.
    extra_columns: Vec<ExtraColumn>,
}

/// A parameter of a KPI.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KpiParameter {
    /// Its name.
    name: String,
    /// solution, measure, date, integer, number, text or choice.
    kind: &'static str,
    /// What it means.
    doc: String,
    /// Whether it must be given.
    required: bool,
    /// What is taken when it is not given.
    #[schema(required = true)]
    default: Option<String>,
    /// For a measure: the kind whose main measure of the solution is taken when it is not given.
    #[schema(required = true)]
    main: Option<String>,
    /// The values of a choice.
    choices: Vec<String>,
    /// A value that works.
    example: String,
}

/// A column a KPI adds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExtraColumn {
    /// Its name.
    name: String,
    /// What it means.
    doc: String,
    /// What one of it is.
    unit: String,
}

/// `GET /v1/kpis`.
pub(crate) async fn list_kpis(
    State(state): State<ApiState>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    describe(&state, &headers, pairs, None).await
}

/// `GET /v1/kpis/{id}`.
pub(crate) async fn describe_kpi(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    describe(&state, &headers, pairs, Some(&id)).await
}

async fn describe(
    state: &ApiState,
    headers: &HeaderMap,
    pairs: Pairs,
    one: Option<&str>,
) -> Result<Response, Problem> {
    let engine = state.engine()?;
    let parsed = query::only(pairs, &[])?;
    let shape = Shape::choose(parsed.format.as_deref(), parsed.lang.as_deref(), headers)?;
    json_only(shape)?;
    let data = match one {
        Some(id) => json!([detail(find(engine.catalogue(), id)?, shape.language)]),
        None => engine.catalogue().kpis().map(|kpi| json!(summary(kpi, shape.language))).collect(),
    };
    let body = body(engine, &data);
    // The catalogue is small and has no edition of its own: the text itself is its fingerprint.
    let made = async {
        Ok(Encoded {
            body: body.clone().into(),
            edition: engine.edition().number,
            synthetic: false,
            rows: None,
            cells: None,
            gzip: false,
        })
    };
    conditional(state, headers, shape, &body, one.unwrap_or("kpis"), made).await
}

fn body(engine: &Engine, data: &Value) -> String {
    let rows = data.as_array().map_or(0, Vec::len);
    json!({"meta": {"edition": engine.edition().number, "rows": rows}, "data": data}).to_string()
}

/// Refuses formats that have no rows to write.
pub(crate) fn json_only(shape: Shape) -> Result<(), Problem> {
    if shape.format == Format::Json {
        return Ok(());
    }
    let detail = format!("this resource is not a table and is not written as {}", shape.format.as_str());
    Err(Problem::bad_argument("format_not_available", detail).hint("available now: json"))
}

/// The KPI of that id, or a 404 with the nearest id.
pub(crate) fn find<'a>(catalogue: &'a Catalogue, id: &str) -> Result<&'a Kpi, Problem> {
    catalogue.kpi(id).map_err(|error| Problem::from_request(&error, Place::Path))
}

fn summary(kpi: &Kpi, language: Lang) -> KpiSummary {
    KpiSummary {
        id: kpi.id.clone(),
        title: kpi.title.get(language).to_owned(),
        answers: kpi.answers.get(language).to_owned(),
        version: kpi.version,
        unit: kpi.unit.to_string(),
        better: kpi.better.as_str(),
        granularity: kpi.granularity.as_str(),
        params: kpi.params.iter().map(|param| param.name.clone()).collect(),
        href: format!("/v1/kpis/{}", kpi.id),
        values: format!("/v1/kpis/{}/values", kpi.id),
    }
}

fn detail(kpi: &Kpi, language: Lang) -> KpiDetail {
    let KpiSummary { id, title, answers, version, unit, better, granularity, params: _, href, values } =
        summary(kpi, language);
    KpiDetail {
        id,
        title,
        answers,
        version,
        unit,
        better,
        granularity,
        params: kpi.params.iter().map(parameter).collect(),
        href,
        values,
        owner: kpi.owner.clone(),
        caveats: kpi.caveats.get(language).to_vec(),
        rollup: kpi.rollup.kind.as_str(),
        extra_columns: kpi.shown_columns().map(extra_column).collect(),
    }
}

fn parameter(param: &Param) -> KpiParameter {
    KpiParameter {
        name: param.name.clone(),
        kind: param.kind.as_str(),
        doc: param.doc.clone(),
        required: param.is_required(),
        default: param.default.clone(),
        main: param.main.clone(),
        choices: param.choices.clone(),
        example: param.example(),
    }
}

fn extra_column(column: &Column) -> ExtraColumn {
    ExtraColumn { name: column.name.clone(), doc: column.doc.clone(), unit: column.unit.to_string() }
}
