//! The parameters of the OpenAPI document: those every KPI takes, those a KPI declares, those of a route.

use serde_json::Value;
use utbredt_engine::{By, KpiRequest, Policy};
use utbredt_kpi::{Kpi, Param, ParamKind};
use utbredt_model::Granularity;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Required, Schema};

use crate::columns::Kind;
use crate::route::{Place, Route};
use crate::schemas;
use utbredt_formats::Format;

/// The parameters that are components of the document, in the order KPIs list them.
pub(crate) const SHARED: [&str; 13] = [
    "by",
    "borders",
    "policy",
    "as_of",
    "from",
    "to",
    "municipality_code",
    "county_code",
    "network_id",
    "group_code",
    "where.wave_id",
    "format",
    "lang",
];

/// What a shared parameter means.
pub(crate) fn shared(name: &str) -> Parameter {
    let plain = KpiRequest::new("");
    let (doc, schema) = match name {
        "by" => (
            "Which areas the rows are for.",
            choice(&By::ALL.iter().map(|by| by.as_str()).collect::<Vec<_>>(), plain.by.as_str()),
        ),
        "borders" => ("The borders of each period (then), of today (now), or of a day (YYYY-MM-DD).", text()),
        "policy" => (
            "What to do with a municipality that was split.",
            choice(&Policy::ALL.map(Policy::as_str), plain.policy.as_str()),
        ),
        "as_of" => ("An edition's number, or a day: what was known then.", text()),
        "from" => ("The first period (2019-11, 2020-Q1, 2020) or day, included.", text()),
        "to" => ("The last period (2020-02, 2020-Q1, 2020) or day, included.", text()),
        "municipality_code" => ("Only these municipalities; several are separated by commas.", text()),
        "county_code" => ("Only municipalities of these counties; several are separated by commas.", text()),
        "network_id" => ("Only members of these networks; several are separated by commas.", text()),
        "group_code" => {
            ("Only municipalities of these peer groups; several are separated by commas.", text())
        }
        "where.wave_id" => ("Only municipalities of these waves; several are separated by commas.", text()),
        "format" => (
            "Wins over Accept.",
            choice(&Format::ALL.iter().map(|format| format.as_str()).collect::<Vec<_>>(), "json"),
        ),
        _ => ("Wins over Accept-Language.", enumeration(&["nb", "nn", "en"]).into()),
    };
    in_query(name, doc, false, schema)
}

/// The period length of a KPI, whose default is its own.
pub(crate) fn granularity(kpi: &Kpi) -> Parameter {
    let mut names = Granularity::ALL.map(Granularity::as_str).to_vec();
    names.push(KpiRequest::RANGE);
    let schema = choice(&names, kpi.granularity.as_str());
    in_query(
        "granularity",
        "How long the periods are; range makes one period of the whole span.",
        false,
        schema,
    )
}

/// A parameter a KPI declares.
pub(crate) fn of_kpi(param: &Param) -> Parameter {
    let schema = match param.kind {
        ParamKind::Integer => ObjectBuilder::new().schema_type(Type::Integer),
        ParamKind::Number => ObjectBuilder::new().schema_type(Type::Number),
        ParamKind::Date => date(),
        ParamKind::Choice => {
            let choices: Vec<&str> = param.choices.iter().map(String::as_str).collect();
            enumeration(&choices)
        }
        ParamKind::Solution | ParamKind::Measure | ParamKind::Text => {
            ObjectBuilder::new().schema_type(Type::String)
        }
    };
    let default = param.default.as_deref().map(|text| typed(param.kind, text));
    let doc = match &param.main {
        Some(kind) => format!("{} Left out: the solution's main measure of kind `{kind}`.", param.doc),
        None => param.doc.clone(),
    };
    builder(&param.name, ParameterIn::Query, &doc, param.is_required(), schema.default(default).into())
        .example(Some(typed(param.kind, &param.example())))
        .build()
}

/// A value in the type of its schema; a default of another type would make the document invalid.
fn typed(kind: ParamKind, text: &str) -> Value {
    match kind {
        ParamKind::Integer | ParamKind::Number => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
        _ => text.into(),
    }
}

/// What a diff takes besides.
pub(crate) fn of_diff() -> [Parameter; 3] {
    let flag = ObjectBuilder::new().schema_type(Type::Boolean).default(Some(false.into()));
    [
        in_query(
            "before",
            "The older edition: its number, or a day on which it was the newest.",
            true,
            text(),
        ),
        in_query("after", "The newer edition; the newest when left out.", false, text()),
        in_query("all", "Also the rows that did not change.", false, flag.into()),
    ]
}

/// The format of what is written as JSON alone.
pub(crate) fn json_only() -> Parameter {
    in_query("format", "Wins over Accept; there is one.", false, choice(&["json"], "json"))
}

/// The parameters a route lists itself.
pub(crate) fn of_route(route: &Route) -> Vec<Parameter> {
    route
        .parameters
        .iter()
        .map(|one| {
            let place = match one.place {
                Place::Path => ParameterIn::Path,
                Place::Query => ParameterIn::Query,
                Place::Header => ParameterIn::Header,
            };
            let schema = match one.kind {
                Kind::Flag => {
                    ObjectBuilder::new().schema_type(Type::Boolean).default(Some(false.into())).into()
                }
                kind => schemas::of_kind(kind, false),
            };
            parameter(one.name, place, one.doc, one.required, schema)
        })
        .collect()
}

fn in_query(name: &str, doc: &str, required: bool, schema: RefOr<Schema>) -> Parameter {
    parameter(name, ParameterIn::Query, doc, required, schema)
}

fn parameter(name: &str, place: ParameterIn, doc: &str, required: bool, schema: RefOr<Schema>) -> Parameter {
    builder(name, place, doc, required, schema).build()
}

fn builder(
    name: &str,
    place: ParameterIn,
    doc: &str,
    required: bool,
    schema: RefOr<Schema>,
) -> ParameterBuilder {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .description(Some(doc))
        .required(if required { Required::True } else { Required::False })
        .schema(Some(schema))
}

fn text() -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).into()
}

fn date() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
}

fn enumeration(words: &[&str]) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words.iter().copied()))
}

fn choice(words: &[&str], default: &str) -> RefOr<Schema> {
    enumeration(words).default(Some(default.into())).into()
}
