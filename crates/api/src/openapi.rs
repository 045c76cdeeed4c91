//! `GET /v1/openapi.json`: the list of routes, with a path for each KPI of the catalogue, as an OpenAPI 3.1 document.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use utbredt_kpi::{Catalogue, Kpi, Lang};
use utbredt_model::Scope;
use utoipa::openapi::path::OperationBuilder;
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{
    ContentBuilder, HttpMethod, InfoBuilder, License, OpenApi, OpenApiBuilder, Paths, Ref, RefOr, Required,
    Schema,
};

use crate::answer::{Shape, conditional};
use crate::catalogue::json_only;
use crate::keys::Reading;
use crate::needs::scope_of;
use crate::parameters;
use crate::problem::Problem;
use crate::query::{self, Pairs};
use crate::route::{Answer, Route, Verb};
use crate::routes::ROUTES;
use crate::schemas::{self, values_name};
use crate::state::{ApiState, Encoded};
use crate::surface::Served;
use utbredt_formats::Format;

/// The document for the catalogue served now.
pub(crate) async fn openapi(
    State(state): State<ApiState>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    let engine = state.engine()?;
    let parsed = query::only(pairs, &[])?;
    let shape = Shape::choose(parsed.format.as_deref().or(Some("json")), parsed.lang.as_deref(), &headers)?;
    json_only(shape)?;
    let document = document(engine.catalogue(), shape.language, state.served(), state.access.reading);
    let body = document.to_json().map_err(|error| Problem::failed(&error))?;
    let edition = engine.edition().number;
    let made = async {
        Ok(Encoded {
            body: body.clone().into(),
            edition,
            synthetic: false,
            rows: None,
            cells: None,
            gzip: false,
        })
    };
    conditional(&state, &headers, shape, &body, "openapi", made).await
}

/// The document of a server with this catalogue.
fn document(catalogue: &Catalogue, language: Lang, served: Served, reading: Reading) -> OpenApi {
    let mut paths = Paths::new();
    for route in ROUTES.iter().filter(|route| route.is_served(served)) {
        match route.answer {
            Answer::KpiValues | Answer::KpiDiff => {
                for kpi in catalogue.kpis() {
                    let path = route.path.replace("{id}", &kpi.id);
                    let operation = kpi_operation(route, kpi, language);
                    add(&mut paths, route.verb, path, secured(operation, route, reading));
                }
            }
            _ => {
                let operation = secured(operation(route), route, reading);
                add(&mut paths, route.verb, route.path.to_owned(), operation);
            }
        }
    }
    let mut license = License::new("Apache-2.0");
    license.identifier = Some("Apache-2.0".to_owned());
    let info = InfoBuilder::new()
        .title("Utbredt")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "How national shared digital solutions spread through Norway's municipalities. Every answer belongs to an \
             edition, carries a strong ETag made before any query is planned, and names in `state` why a value is absent.",
        ))
        .license(Some(license))
        .build();
    OpenApiBuilder::new()
        .info(info)
        .paths(paths)
        .components(Some(schemas::components(catalogue, served.takes_uploads)))
        .build()
}

fn add(paths: &mut Paths, verb: Verb, path: String, operation: OperationBuilder) {
    let method = match verb {
        Verb::Get => HttpMethod::Get,
        Verb::Post => HttpMethod::Post,
    };
    // Two verbs may have one address.
    paths.add_path_operation(path, vec![method], operation.build());
}

/// Adds which key an operation needs. Reading may be open; a delivery and a release name their own.
fn secured(operation: OperationBuilder, route: &Route, reading: Reading) -> OperationBuilder {
    let Some(scope) = scope_of(route) else { return operation };
    let key = SecurityRequirement::new("key", [scope.to_string()]);
    let is_open = match scope {
        Scope::Read => reading != Reading::WithKey,
        // Until the first key is made.
        _ => reading == Reading::OnThisMachine,
    };
    if is_open {
        operation.security(SecurityRequirement::default()).security(key)
    } else {
        operation.security(key)
    }
}

/// What every operation has.
fn described(id: &str, summary: &str, tag: &str) -> OperationBuilder {
    OperationBuilder::new()
        .operation_id(Some(id))
        .summary(Some(summary))
        .tag(tag)
        .response("default", Ref::from_response_name("Problem"))
}

/// A route that is one path.
fn operation(route: &Route) -> OperationBuilder {
    let tag = route.path.split('/').find(|part| !part.is_empty() && *part != "v1").unwrap_or("server");
    let tag = tag.split([':', '.']).next().unwrap_or(tag);
    let operation = parameters::of_route(route)
        .into_iter()
        .fold(described(route.id, route.summary, tag), OperationBuilder::parameter);
    match route.answer {
        Answer::Rows(columns) => {
            let operation =
                ["format", "lang"].iter().fold(operation, |operation, name| with_shared(operation, name));
            ok(operation, rows_response(schemas::envelope(schemas::row(columns), "ListMeta")), true)
        }
        Answer::List(name) => {
            let body = schemas::envelope(Ref::from_schema_name(name).into(), "ListMeta");
            let operation = with_shared(operation, "lang").parameter(parameters::json_only());
            // The health of sources changes without a new edition, so it has no tag.
            ok(operation, json_response("The resources.", body), name != "SourceStatus")
        }
        Answer::Json(name) => ok(operation, json_response("The state.", schemas::reference(name)), false),
        Answer::JsonOrPage(name) => {
            let response = ResponseBuilder::new()
                .description("The codes, as JSON or as a page for people.")
                .content("application/json", content(schemas::reference(name)))
                .content("text/html", content(schemas::text()));
            ok(operation, response, false)
        }
        Answer::Batch => {
            let body = RequestBodyBuilder::new()
                .required(Some(Required::True))
                .content("application/json", content(schemas::reference("BatchRequest")))
                .build();
            let answers = schemas::reference("BatchResponse");
            let operation = operation.parameter(parameters::json_only());
            ok(
                operation.request_body(Some(body)),
                json_response("An answer for each request, in order.", answers),
                false,
            )
        }
        Answer::Report => deliver(operation),
        Answer::RegisterReport => change_register(operation),
        Answer::Release => release(operation),
        Answer::OpenApi => {
            let operation = operation.parameter(parameters::json_only());
            ok(operation, json_response("An OpenAPI document.", schemas::any_object()), true)
        }
        Answer::Page => text_response(operation, "text/html", "A page."),
        Answer::Text(kind) => {
            text_response(operation, kind.split(';').next().unwrap_or(kind), "Text for machines.")
        }
        Answer::KpiValues | Answer::KpiDiff => operation,
    }
}

/// The operation of one KPI at a route that all KPIs have.
fn kpi_operation(route: &Route, kpi: &Kpi, language: Lang) -> OperationBuilder {
    let is_diff = matches!(route.answer, Answer::KpiDiff);
    let title = kpi.title.get(language);
    let (suffix, summary, description) = if is_diff {
        let summary = format!("{title}: what changed between two editions");
        let description = "Each change of a value split into the parts new_data, revised_data, definition, borders and \
            denominator, which sum to it. A part is null where one of the two editions has no value; `state_before`, \
            `state_after` and `causes` name what happened instead.";
        ("diff", summary, description)
    } else {
        ("values", title.to_owned(), kpi.answers.get(language))
    };
    let id = format!("{}_{suffix}", kpi.sql_name());
    let mut operation = described(&id, &summary, &kpi.question).description(Some(description));
    if is_diff {
        operation = parameters::of_diff().into_iter().fold(operation, OperationBuilder::parameter);
    }
    operation = kpi.params.iter().map(parameters::of_kpi).fold(operation, OperationBuilder::parameter);
    operation = operation.parameter(parameters::granularity(kpi));
    // A diff names its two editions itself.
    let shared = parameters::SHARED.iter().filter(|name| !is_diff || **name != "as_of");
    operation = shared.fold(operation, |operation, name| with_shared(operation, name));
    let body = if is_diff { "DiffResponse".to_owned() } else { values_name(kpi) };
    ok(operation, rows_response(schemas::reference(&body)), true)
}

fn with_shared(operation: OperationBuilder, name: &str) -> OperationBuilder {
    operation.parameter_ref(Ref::new(format!("#/components/parameters/{name}")))
}

fn ok(operation: OperationBuilder, response: ResponseBuilder, has_tag: bool) -> OperationBuilder {
    let operation = operation.response("200", response.build());
    if has_tag { operation.response("304", Ref::from_response_name("NotModified")) } else { operation }
}

fn content(schema: RefOr<Schema>) -> utoipa::openapi::Content {
    ContentBuilder::new().schema(Some(schema)).build()
}

fn json_response(description: &str, schema: RefOr<Schema>) -> ResponseBuilder {
    ResponseBuilder::new().description(description).content("application/json", content(schema))
}

/// Rows, in every format. Only JSON has a place for the meta beside them.
fn rows_response(schema: RefOr<Schema>) -> ResponseBuilder {
    json_response("The rows, and what is known about them.", schema)
        .content("text/csv", content(schemas::text()))
        .content(Format::Arrow.content_type(), content(schemas::binary()))
}

fn text_response(operation: OperationBuilder, kind: &str, description: &str) -> OperationBuilder {
    ok(
        operation,
        ResponseBuilder::new().description(description).content(kind, content(schemas::text())),
        false,
    )
}

fn deliver(operation: OperationBuilder) -> OperationBuilder {
    let body = RequestBodyBuilder::new()
        .description(Some("The bytes of the file, at most 32 MiB where the server is not set to more. Its Content-Type is not looked at."))
        .required(Some(Required::True))
        .content("application/octet-stream", content(schemas::binary()))
        .build();
    let mut operation = operation
        .request_body(Some(body))
        .security(SecurityRequirement::new("upload", std::iter::empty::<String>()))
        .security(SecurityRequirement::new("key", ["upload:SOURCE"]));
    for (status, description) in [
        ("200", "It was here already, or this was a dry run."),
        ("201", "It is active."),
        ("202", "It is kept, and held: `held` in the report gives the reasons. What was active still is."),
    ] {
        operation = operation
            .response(status, json_response(description, schemas::reference("UploadResponse")).build());
    }
    operation
}

fn change_register(operation: OperationBuilder) -> OperationBuilder {
    let body = RequestBodyBuilder::new()
        .description(Some("A workbook or CSV, with the columns that GET of the same address writes."))
        .required(Some(Required::True))
        .content("application/octet-stream", content(schemas::binary()))
        .build();
    let mut operation =
        operation.request_body(Some(body)).security(SecurityRequirement::new("key", ["register:TABLE"]));
    for (status, description) in [
        (
            "200",
            "Nothing was written: a dry run, nothing new, or too many rows refused. The report says which.",
        ),
        ("201", "It made an edition; rows that were refused are in the report."),
    ] {
        let response = json_response(description, schemas::reference("RegisterReport")).build();
        operation = operation.response(status, response);
    }
    operation
}

fn release(operation: OperationBuilder) -> OperationBuilder {
    let body = RequestBodyBuilder::new()
        .required(Some(Required::True))
        .content("application/json", content(schemas::reference("ReleaseRequest")))
        .build();
    operation
        .request_body(Some(body))
        .security(SecurityRequirement::new("upload", std::iter::empty::<String>()))
        .security(SecurityRequirement::new("key", ["operate"]))
        .response(
            "200",
            json_response(
                "It is active, or was released before: `already` shows which.",
                schemas::reference("UploadResponse"),
            )
            .build(),
        )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// A KPI of its own, so that a change of ours does not change the snapshot.
    const SAMPLE: &str = r#"/* kpi
title   = { nb = "Rekkevidde", nn = "Rekkjevidd", en = "Reach" }
answers = { nb = "Hvor mange?", nn = "Kor mange?", en = "How many?" }
version = 1
unit    = "share"
better  = "higher"
owner   = "sekretariatet"
caveats = { nb = [], nn = [], en = [] }
[rollup]
kind = "ratio"
sampled = true
[params.solution_id]
type = "solution"
doc  = "The shared solution."
[params.level]
type = "choice"
doc  = "How much counts."
choices = ["low", "high"]
default = "low"
[columns.remaining]
doc = "Persons who do not use it."
unit = "persons"
after = "denominator - numerator"
[columns.comment]
doc = "What to know."
unit = "words"
rollup = "max"
*/
SELECT
    spine.period_start AS period_start,
    spine.municipality_code AS municipality_code,
    CAST(1 AS BIGINT) AS numerator,
    CAST(2 AS BIGINT) AS denominator,
    'ok' AS state,
    CAST(0 AS BIGINT) AS marks,
    concat($solution_id, $level) AS comment
FROM spine
ORDER BY period_start, municipality_code
"#;
    const SPINE: &str = "/* view\ndoc = \"A row for each.\"\n*/\nSELECT period_start AS period_start, municipality_code AS municipality_code FROM periods\n";

    fn sample() -> OpenApi {
        let files = [("kpi/adoption/sample.sql", SAMPLE), ("views/spine.sql", SPINE)];
        let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
        let catalogue = Catalogue::load(files).unwrap_or_else(|problems| panic!("{problems:?}"));
        document(
            &catalogue,
            Lang::En,
            Served { takes_uploads: true, ..Served::default() },
            Reading::OnThisMachine,
        )
    }

    #[test]
    fn the_document_is_as_agreed() {
        insta::assert_snapshot!(sample().to_pretty_json().unwrap());
    }

    #[test]
    fn every_reference_has_its_component_and_every_operation_its_own_id() {
        let document = serde_json::to_value(sample()).unwrap();
        let text = document.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1) {
            let pointer = reference.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
        let ids: Vec<&str> =
            text.split("\"operationId\":\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        // Each route once; the two of KPIs once for the one KPI.
        assert_eq!(ids.len(), ROUTES.len());
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
    }

    #[test]
    fn the_rows_of_a_kpi_have_its_own_columns() {
        let document = serde_json::to_value(sample()).unwrap();
        let catalogue_row = "/components/schemas/AdoptionSampleRow";
        let row = document.pointer(catalogue_row).unwrap();
        assert_eq!(row["properties"]["remaining"]["type"], serde_json::json!(["number", "null"]));
        assert_eq!(row["properties"]["comment"]["type"], serde_json::json!(["string", "null"]));
        assert_eq!(row["properties"]["value_low"]["type"], serde_json::json!(["number", "null"]));
        let required: Vec<&str> =
            row["required"].as_array().unwrap().iter().filter_map(|name| name.as_str()).collect();
        assert!(required.contains(&"remaining") && !required.contains(&"county_code"), "{required:?}");
        assert_eq!(schemas::row_name("adoption_sample"), "AdoptionSampleRow");
    }
}
