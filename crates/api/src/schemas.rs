//! The components of the OpenAPI document: rows column by column, the meta beside them, problems, and the small
//! resources whose Rust types describe themselves.

use utbredt_kpi::{Catalogue, Kpi};
use utbredt_model::CellState;
use utoipa::ToSchema;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, ComponentsBuilder, ContentBuilder, Ref, RefOr, Schema};

use crate::catalogue::{ExtraColumn, KpiDetail, KpiParameter, KpiSummary};
use crate::columns::{self, Column, Kind};
use crate::editions::{Change, EditionRecord, EditionSummary, FileRecord};
use crate::meta::{
    AgeBandMeta, DefinitionChange, DenominatorMeta, DiffEdition, DiffMeta, KpiMeta, ListMeta, UnansweredMeta,
};
use crate::ops::Health;
use crate::parameters;
use crate::problem::ProblemDocument;
use crate::problem_codes::ProblemCode;
use crate::status::SourceStatus;

/// Everything the paths refer to.
pub(crate) fn components(catalogue: &Catalogue, takes_uploads: bool) -> Components {
    let mut components = ComponentsBuilder::new()
        .schema_from::<KpiSummary>()
        .schema_from::<KpiDetail>()
        .schema_from::<KpiParameter>()
        .schema_from::<ExtraColumn>()
        .schema_from::<EditionSummary>()
        .schema_from::<EditionRecord>()
        .schema_from::<FileRecord>()
        .schema_from::<Change>()
        .schema_from::<SourceStatus>()
        .schema_from::<Health>()
        .schema_from::<ProblemCode>()
        .schema_from::<ProblemDocument>()
        .schema_from::<KpiMeta>()
        .schema_from::<AgeBandMeta>()
        .schema_from::<DenominatorMeta>()
        .schema_from::<UnansweredMeta>()
        .schema_from::<DefinitionChange>()
        .schema_from::<DiffMeta>()
        .schema_from::<DiffEdition>()
        .schema_from::<ListMeta>()
        .schema("ProblemCodes", object([("data", array(reference(&ProblemCode::name())))]))
        .schema("BatchRequest", batch_request())
        .schema("BatchResponse", batch_response())
        .schema("DiffRow", row(&columns::of_diff()))
        .schema("DiffResponse", envelope(reference("DiffRow"), "DiffMeta"))
        .schema("RegisterList", object([("data", array(any_object())), ("meta", any_object())]))
        .schema("RegisterRows", object([("data", array(any_object())), ("meta", any_object())]))
        .schema("RegisterReport", object([("data", any_object())]))
        .response("Problem", problem_response())
        .response(
            "NotModified",
            ResponseBuilder::new()
                .description("The copy named in If-None-Match is still right; no query was run.")
                .build(),
        );
    for name in parameters::SHARED {
        components = components.parameter(name, parameters::shared(name));
    }
    for kpi in catalogue.kpis() {
        let name = row_name(&kpi.sql_name());
        components = components
            .schema(values_name(kpi), envelope(reference(&name), "KpiMeta"))
            .schema(name, row(&columns::of_kpi(kpi)));
    }
    let key = "A key as `utbredt key new` prints it, with the scope that the operation names. `operate` includes `read`. Never \
        in an address.";
    let key = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(key)).build();
    components = components.security_scheme("key", SecurityScheme::Http(key));
    if takes_uploads {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components = components
            .schema("UploadResponse", object([("data", any_object())]))
            .schema("HeldList", object([("data", array(any_object())), ("meta", any_object())]))
            .schema("HeldDelivery", object([("data", any_object())]))
            .schema("ReleaseRequest", object([("reason", text())]))
            .security_scheme("upload", SecurityScheme::Http(bearer));
    }
    components.build()
}

/// The schema of a KPI's rows: `AdoptionReachRow` of `adoption_reach`.
pub(crate) fn row_name(sql_name: &str) -> String {
    format!("{}Row", camel_case(sql_name))
}

/// The schema of a KPI's answer.
pub(crate) fn values_name(kpi: &Kpi) -> String {
    format!("{}Values", camel_case(&kpi.sql_name()))
}

fn camel_case(name: &str) -> String {
    let mut out = String::new();
    for word in name.split('_') {
        let mut letters = word.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}

/// A row of these columns. What is not listed may still come: columns are added without a new version.
pub(crate) fn row(columns: &[Column]) -> RefOr<Schema> {
    let mut object = ObjectBuilder::new().schema_type(Type::Object);
    for column in columns {
        object =
            object.property(&*column.name, described(of_kind(column.kind, column.nullable), &column.doc));
        if column.always {
            object = object.required(&*column.name);
        }
    }
    object.into()
}

fn described(schema: RefOr<Schema>, doc: &str) -> RefOr<Schema> {
    match schema {
        RefOr::T(Schema::Object(mut object)) => {
            object.description = Some(doc.to_owned());
            Schema::Object(object).into()
        }
        other => other,
    }
}

/// The schema of a column's values.
pub(crate) fn of_kind(kind: Kind, nullable: bool) -> RefOr<Schema> {
    let (kind, format) = match kind {
        Kind::State => {
            let states = CellState::ALL.map(CellState::as_str);
            return ObjectBuilder::new().schema_type(Type::String).enum_values(Some(states)).into();
        }
        Kind::Text => (Type::String, None),
        Kind::Integer => (Type::Integer, None),
        Kind::Number => (Type::Number, None),
        Kind::Flag => (Type::Boolean, None),
        Kind::Day => (Type::String, Some(KnownFormat::Date)),
        Kind::Moment => (Type::String, Some(KnownFormat::DateTime)),
    };
    let kind = if nullable { SchemaType::Array(vec![kind, Type::Null]) } else { SchemaType::Type(kind) };
    ObjectBuilder::new().schema_type(kind).format(format.map(SchemaFormat::KnownFormat)).into()
}

/// `{"data": [rows], "meta": {…}}`.
pub(crate) fn envelope(row: RefOr<Schema>, meta: &str) -> RefOr<Schema> {
    object([("data", array(row)), ("meta", reference(meta))])
}

/// A schema that is a component.
pub(crate) fn reference(name: &str) -> RefOr<Schema> {
    Ref::from_schema_name(name).into()
}

/// Any text.
pub(crate) fn text() -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).into()
}

/// Any bytes.
pub(crate) fn binary() -> RefOr<Schema> {
    let format = Some(SchemaFormat::KnownFormat(KnownFormat::Binary));
    ObjectBuilder::new().schema_type(Type::String).format(format).into()
}

/// An object of which nothing more is promised.
pub(crate) fn any_object() -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
        .into()
}

fn array(items: RefOr<Schema>) -> RefOr<Schema> {
    Schema::Array(ArrayBuilder::new().items(items).build()).into()
}

/// An object that always has these members.
fn object<const N: usize>(members: [(&str, RefOr<Schema>); N]) -> RefOr<Schema> {
    let mut object = ObjectBuilder::new().schema_type(Type::Object);
    for (name, schema) in members {
        object = object.property(name, schema).required(name);
    }
    object.into()
}

fn problem_response() -> utoipa::openapi::Response {
    let content = ContentBuilder::new().schema(Some(reference("Problem"))).build();
    ResponseBuilder::new()
        .description("An error (RFC 9457). `code` is stable; `type` leads to a page about it.")
        .content("application/problem+json", content)
        .build()
}

fn batch_request() -> RefOr<Schema> {
    let value = SchemaType::Array(vec![Type::String, Type::Number]);
    let values = || {
        let value = ObjectBuilder::new().schema_type(value.clone());
        ObjectBuilder::new().schema_type(Type::Object).additional_properties(Some(value))
    };
    let mut element = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("id", ObjectBuilder::new().schema_type(Type::String).description(Some("The KPI's id.")))
        .required("id")
        .property("params", values().description(Some("The KPI's parameters.")))
        .property("where", values().description(Some("Filters by the key of the rows.")));
    for name in ["by", "borders", "policy", "as_of", "from", "to", "granularity"] {
        element = element.property(name, text());
    }
    let array = ArrayBuilder::new().items(element.build()).min_items(Some(1)).max_items(Some(50)).build();
    Schema::Array(array).into()
}

fn batch_response() -> RefOr<Schema> {
    let answer = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("status", ObjectBuilder::new().schema_type(Type::Integer))
        .required("status")
        .property(
            "id",
            ObjectBuilder::new().schema_type(SchemaType::AnyValue).description(Some("As it was sent.")),
        )
        .property("etag", ObjectBuilder::new().schema_type(Type::String))
        .property("body", any_object())
        .property("problem", reference("Problem"));
    object([("data", array(answer.into())), ("meta", any_object())])
}
