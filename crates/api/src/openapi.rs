//! `GET /v1/openapi.json`. Written by hand as JSON, because half of it is the catalogue: every KPI gets its own path
//! with its own parameters, which no annotation on a handler could know.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Map, Value, json};
use utbredt_engine::{By, KpiRequest, Policy};
use utbredt_kpi::{Catalogue, Kpi, Lang, Param, ParamKind};
use utbredt_model::{CellState, Granularity};

use crate::answer::{Shape, conditional};
use crate::catalogue::{FIXED_COLUMNS, json_only};
use crate::deliveries;
use crate::negotiate::Format;
use crate::problem::Problem;
use crate::query::{self, Pairs};
use crate::state::{ApiState, Encoded};

/// The document for the catalogue served now.
pub(crate) async fn document(
    State(state): State<ApiState>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    let engine = state.engine()?;
    let asked = query::only(query::read(pairs)?, &[])?;
    let shape = Shape::choose(asked.format.as_deref().or(Some("json")), asked.lang.as_deref(), &headers)?;
    json_only(shape)?;
    let body = build(engine.catalogue(), shape.language, state.uploads.is_some()).to_string();
    let edition = engine.edition().number;
    let made = async { Ok(Encoded { body: body.clone().into(), edition, synthetic: false }) };
    conditional(&state, &headers, shape, &body, "openapi", made).await
}

fn build(catalogue: &Catalogue, language: Lang, takes_deliveries: bool) -> Value {
    let mut paths = static_paths();
    let mut components = json!({"schemas": schemas(), "responses": responses()});
    if takes_deliveries {
        paths.insert(deliveries::ADDRESS.to_owned(), deliveries::path());
        components["securitySchemes"] = json!({"upload": {"type": "http", "scheme": "bearer"}});
    }
    for kpi in catalogue.kpis() {
        paths.insert(format!("/v1/kpis/{}/values", kpi.id), kpi_path(kpi, language));
        paths.insert(format!("/v1/kpis/{}/diff", kpi.id), diff_path(kpi, language));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Utbredt",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "How national shared digital solutions spread through Norway's municipalities. Every answer \
                belongs to an edition, carries a strong ETag made before any query is planned, and says in `state` why \
                a value is absent.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": components,
    })
}

fn kpi_path(kpi: &Kpi, language: Lang) -> Value {
    let mut parameters: Vec<Value> = kpi.params.iter().map(parameter).collect();
    parameters.extend(option_parameters(kpi.granularity));
    let mut columns: Map<String, Value> = FIXED_COLUMNS
        .iter()
        .map(|(name, kind)| match *name {
            "state" => ((*name).to_owned(), json!({"enum": CellState::ALL.map(CellState::as_str)})),
            "period_start" => ((*name).to_owned(), json!({"type": "string", "format": "date"})),
            _ => ((*name).to_owned(), json!({"type": [*kind, "null"]})),
        })
        .collect();
    for column in &kpi.columns {
        columns.insert(
            column.name.clone(),
            json!({"description": format!("{} ({})", column.doc, column.unit.as_str())}),
        );
    }
    json!({"get": {
        "operationId": format!("{}_values", kpi.sql_name()),
        "summary": kpi.title.get(language),
        "description": kpi.answers.get(language),
        "tags": [kpi.question],
        "parameters": parameters,
        "responses": {
            "200": {"description": "The rows, and what is known about them.", "content": {
                "application/json": {"schema": {"type": "object", "required": ["data", "meta"], "properties": {
                    "data": {"type": "array", "items": {"type": "object", "properties": columns}},
                    "meta": {"$ref": "#/components/schemas/Meta"},
                }}},
                "text/csv": {"schema": {"type": "string"}},
                "application/vnd.apache.arrow.stream": {},
            }},
            "304": {"$ref": "#/components/responses/NotModified"},
            "default": {"$ref": "#/components/responses/Problem"},
        },
    }})
}

/// A diff takes what the values take, and two editions for the one.
fn diff_path(kpi: &Kpi, language: Lang) -> Value {
    let own = |name: &str, description: &str, required: bool, schema: Value| json!({"name": name, "in": "query", "description": description, "required": required, "schema": schema});
    let edition = || json!({"type": "string"});
    let mut parameters = vec![
        own("before", "The older edition: its number, or a day on which it was the newest.", true, edition()),
        own("after", "The newer edition; the newest when left out.", false, edition()),
        own("all", "Also the rows that did not change.", false, json!({"type": "boolean", "default": false})),
    ];
    parameters.extend(kpi.params.iter().map(parameter));
    parameters
        .extend(option_parameters(kpi.granularity).into_iter().filter(|option| option["name"] != "as_of"));
    let title = kpi.title.get(language);
    json!({"get": {
        "operationId": format!("{}_diff", kpi.sql_name()),
        "summary": format!("{title}: what changed between two editions"),
        "description": "Each change of a value split into the parts new_data, revised_data, definition, borders and \
            denominator, which sum to it. A part is null where one of the two editions has no value; `state_before`, \
            `state_after` and `causes` tell what happened instead.",
        "tags": [kpi.question],
        "parameters": parameters,
        "responses": {
            "200": {"$ref": "#/components/responses/Rows"},
            "304": {"$ref": "#/components/responses/NotModified"},
            "default": {"$ref": "#/components/responses/Problem"},
        },
    }})
}

fn parameter(param: &Param) -> Value {
    let mut schema = match param.kind {
        ParamKind::Integer => json!({"type": "integer"}),
        ParamKind::Number => json!({"type": "number"}),
        ParamKind::Date => json!({"type": "string", "format": "date"}),
        ParamKind::Choice => json!({"enum": param.choices}),
        ParamKind::Solution | ParamKind::Measure | ParamKind::Text => json!({"type": "string"}),
    };
    if let Some(default) = &param.default {
        schema["default"] = json!(default);
    }
    json!({"name": param.name, "in": "query", "description": param.doc, "required": param.default.is_none(),
        "schema": schema, "example": param.example()})
}

/// What every KPI takes.
fn option_parameters(granularity: Granularity) -> Vec<Value> {
    let option = |name: &str, description: &str, schema: Value| json!({"name": name, "in": "query", "description": description, "required": false, "schema": schema});
    let plain = KpiRequest::new("");
    let text = || json!({"type": "string"});
    vec![
        option(
            "by",
            "Which areas the rows are for.",
            json!({"enum": By::WORDS, "default": plain.by.as_str()}),
        ),
        option(
            "borders",
            "The borders of each period (then), of today (now), or of a day (YYYY-MM-DD).",
            text(),
        ),
        option(
            "policy",
            "What to do with a municipality that was split.",
            json!({"enum": Policy::WORDS, "default": plain.policy.as_str()}),
        ),
        option("as_of", "An edition's number, or a day: what was known then.", text()),
        option("from", "The first day, included, or a period (2019-11, 2020-Q1, 2020).", text()),
        option("to", "The first day left out, or the last period, included (2020-02).", text()),
        option(
            "granularity",
            "How long the periods are.",
            json!({"enum": Granularity::ALL.map(Granularity::as_str), "default": granularity.as_str()}),
        ),
        option("municipality_code", "Only this municipality, with by=municipality.", text()),
        option("county_code", "Only this county, with by=county.", text()),
        option("network_id", "Only this network, with by=network.", text()),
        option("group_code", "Only this peer group, with by=peer_group.", text()),
        option(
            "format",
            "Wins over Accept.",
            json!({"enum": Format::ALL.map(Format::as_str), "default": "json"}),
        ),
        option("lang", "Wins over Accept-Language.", json!({"enum": ["nb", "nn", "en"]})),
    ]
}

fn static_paths() -> Map<String, Value> {
    let mut paths = Map::new();
    let doors = [
        ("/v1/kpis", "The KPIs.", None),
        ("/v1/kpis/{id}", "What one KPI means and takes.", None),
        ("/v1/municipalities", "The municipalities.", Some("on")),
        ("/v1/municipalities/{code}", "One municipality.", None),
        ("/v1/networks", "The digitalisation networks.", None),
        ("/v1/networks/{id}", "One network and its members.", None),
        ("/v1/solutions", "The solutions.", None),
        ("/v1/solutions/{id}", "One solution.", None),
        ("/v1/rollouts", "Where every rollout stands.", None),
        ("/v1/rollouts/{solution_id}", "Where one solution's rollout stands.", None),
        ("/v1/editions", "Every edition, oldest first.", None),
        ("/v1/editions/{n}", "One edition with its files and their hashes.", None),
        ("/v1/changes", "What the editions after `since` changed.", Some("since")),
        ("/v1/status", "How each source fares.", None),
    ];
    for (path, summary, in_query) in doors {
        let in_path = path.split_once('{').map(|(_, rest)| rest.trim_end_matches('}'));
        let parameter = |name: &str, place: &str| json!({"name": name, "in": place, "required": place == "path", "schema": {"type": "string"}});
        let parameters: Vec<Value> = in_path
            .map(|name| parameter(name, "path"))
            .into_iter()
            .chain(in_query.map(|name| parameter(name, "query")))
            .collect();
        paths.insert(
            path.to_owned(),
            json!({"get": {"summary": summary, "parameters": parameters, "responses": {
                "200": {"$ref": "#/components/responses/Rows"},
                "304": {"$ref": "#/components/responses/NotModified"},
                "default": {"$ref": "#/components/responses/Problem"},
            }}}),
        );
    }
    paths.insert("/v1/kpis:batch".to_owned(), batch_path());
    paths
}

fn batch_path() -> Value {
    let question = json!({"type": "object", "required": ["id"], "additionalProperties": false, "properties": {
        "id": {"type": "string"},
        "params": {"type": "object", "additionalProperties": {"type": ["string", "number"]}},
        "where": {"type": "object", "additionalProperties": {"type": ["string", "number"]}},
        "by": {"type": "string"}, "borders": {"type": "string"}, "policy": {"type": "string"},
        "as_of": {"type": ["string", "integer"]}, "from": {"type": "string"}, "to": {"type": "string"},
        "granularity": {"type": "string"},
    }});
    json!({"post": {
        "summary": "Many questions in one call; each answer has its own status, body or problem.",
        "requestBody": {"required": true, "content": {"application/json": {"schema":
            {"type": "array", "minItems": 1, "maxItems": 50, "items": question}}}},
        "responses": {
            "200": {"$ref": "#/components/responses/Rows"},
            "default": {"$ref": "#/components/responses/Problem"},
        },
    }})
}

fn schemas() -> Value {
    let text = json!({"type": "string"});
    let texts = json!({"type": "array", "items": {"type": "string"}});
    json!({
        "Problem": {"type": "object", "required": ["type", "title", "status", "detail", "code"], "properties": {
            "type": text, "title": text, "status": {"type": "integer"}, "detail": text, "instance": text,
            "code": {"type": "string", "description": "Stable; rely on this one."},
            "hint": text, "did_you_mean": text,
        }},
        "Meta": {"type": "object", "properties": {
            "edition": {"type": "integer"}, "as_of": {"type": "string", "format": "date-time"}, "kpi_id": text,
            "kpi_version": {"type": "integer"}, "title": text, "unit": text, "better": text, "by": text,
            "borders": text, "policy": text, "granularity": text, "from": text, "to": text,
            "params": {"type": "object"}, "where": {"type": "object"},
            "coverage": {"type": ["number", "null"], "description": "Of the last row, by nation; else null."}, "sources": texts,
            "denominators": {"type": "array", "description": "The counts of inhabitants divided by.", "items":
                {"type": "object", "properties": {"reference_date": text, "age_from": {"type": "integer"},
                    "age_to": {"type": ["integer", "null"], "description": "The first age left out."}, "vintage": text}}},
            "synthetic": {"type": "boolean"}, "caveats": texts, "columns": texts,
            "rows": {"type": "integer"},
        }},
    })
}

fn responses() -> Value {
    json!({
        "Rows": {"description": "Rows and meta.", "content": {"application/json": {"schema":
            {"type": "object", "required": ["data", "meta"], "properties":
                {"data": {"type": "array", "items": {"type": "object"}}, "meta": {"type": "object"}}}}}},
        "NotModified": {"description": "The copy named in If-None-Match is still right; no query was run."},
        "Problem": {"description": "RFC 9457.", "content": {"application/problem+json": {"schema":
            {"$ref": "#/components/schemas/Problem"}}}},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_has_its_component_and_every_path_its_parameters() {
        let document = build(&Catalogue::default(), Lang::En, true);
        let text = document.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1) {
            let pointer = reference.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
        let code = &document["paths"]["/v1/municipalities/{code}"]["get"]["parameters"][0];
        assert_eq!((code["name"].as_str(), code["in"].as_str()), (Some("code"), Some("path")));
    }
}
