//! The one list of routes. The router, the landing page, the OpenAPI document, the table of this crate's README and the
//! hint at a mistyped address are made from it.

use axum::routing::{get, post};

use crate::columns::{self, Kind};
use crate::route::{Answer, Parameter, Place, Route, Verb, in_path, in_query, route};
use crate::{
    batch, catalogue, deliveries, diff, editions, held, lookup, openapi, ops, problem_codes, registers,
    status, values,
};

/// Every route, in the order people read about them.
pub(crate) static ROUTES: [Route; 31] = [
    route(Verb::Get, "/v1/kpis", "list_kpis", Answer::List("KpiSummary"), || get(catalogue::list_kpis), "The KPIs."),
    route(
        Verb::Get,
        "/v1/kpis/{id}",
        "describe_kpi",
        Answer::List("KpiDetail"),
        || get(catalogue::describe_kpi),
        "What one KPI means and takes.",
    )
    .with(&[in_path("id", "The KPI's id, such as adoption.reach.")]),
    route(
        Verb::Get,
        "/v1/kpis/{id}/values",
        "kpi_values",
        Answer::KpiValues,
        || get(values::values),
        "The values of a KPI, for the areas of `by`.",
    ),
    route(
        Verb::Get,
        "/v1/kpis/{id}/diff",
        "kpi_diff",
        Answer::KpiDiff,
        || get(diff::diff),
        "What changed a KPI between two editions, each change split by cause.",
    ),
    route(
        Verb::Post,
        "/v1/kpis:batch",
        "kpi_batch",
        Answer::Batch,
        || post(batch::batch),
        "Up to 50 KPI requests in one call; each answer has its own status, body or problem.",
    )
    .with(&[in_query("lang", Kind::Text, "Wins over Accept-Language: nb, nn or en.")]),
    route(
        Verb::Get,
        "/v1/municipalities",
        "list_municipalities",
        Answer::Rows(&columns::MUNICIPALITIES),
        || get(lookup::list_municipalities),
        "The municipalities.",
    )
    .with(&[in_query("on", Kind::Day, "Those of this day instead of today's.")]),
    route(
        Verb::Get,
        "/v1/municipalities/{code}",
        "find_municipality",
        Answer::Rows(&columns::MUNICIPALITIES),
        || get(lookup::describe_municipality),
        "One municipality, a row for each name and territory it had.",
    )
    .with(&[in_path("code", "Four digits.")]),
    route(
        Verb::Get,
        "/v1/networks",
        "list_networks",
        Answer::Rows(&columns::NETWORKS),
        || get(lookup::list_networks),
        "The digitalisation networks.",
    ),
    route(
        Verb::Get,
        "/v1/networks/{id}",
        "find_network",
        Answer::Rows(&columns::NETWORK_MEMBERS),
        || get(lookup::describe_network),
        "One network, a row for each member.",
    )
    .with(&[in_path("id", "The network's id.")]),
    route(
        Verb::Get,
        "/v1/solutions",
        "list_solutions",
        Answer::Rows(&columns::SOLUTIONS),
        || get(lookup::list_solutions),
        "The shared solutions.",
    ),
    route(
        Verb::Get,
        "/v1/solutions/{id}",
        "find_solution",
        Answer::Rows(&columns::SOLUTIONS),
        || get(lookup::describe_solution),
        "One solution.",
    )
    .with(&[in_path("id", "The solution's id.")]),
    route(
        Verb::Get,
        "/v1/rollouts",
        "list_rollouts",
        Answer::Rows(&columns::ROLLOUTS),
        || get(lookup::list_rollouts),
        "How far every rollout is: events and municipalities by solution and stage.",
    ),
    route(
        Verb::Get,
        "/v1/rollouts/{solution_id}",
        "find_rollout",
        Answer::Rows(&columns::ROLLOUT_EVENTS),
        || get(lookup::describe_rollout),
        "The rollout events of one solution.",
    )
    .with(&[in_path("solution_id", "The solution's id.")]),
    route(
        Verb::Get,
        "/v1/editions",
        "list_editions",
        Answer::List("EditionSummary"),
        || get(editions::list_editions),
        "Every edition up to the one served, oldest first.",
    ),
    route(
        Verb::Get,
        "/v1/editions/{n}",
        "find_edition",
        Answer::List("EditionRecord"),
        || get(editions::find_edition),
        "One edition with its files and their hashes.",
    )
    .with(&[in_path("n", "Its number.")]),
    route(
        Verb::Get,
        "/v1/changes",
        "list_changes",
        Answer::List("Change"),
        || get(editions::list_changes),
        "What the editions after `since` changed, oldest first.",
    )
    .with(&[in_query("since", Kind::Integer, "The number of an edition that is known already; all when left out.")]),
    route(
        Verb::Get,
        "/v1/status",
        "source_status",
        Answer::List("SourceStatus"),
        || get(status::source_status),
        "Health of each source: its last run, its last success, failures since. Never cached.",
    )
    .for_operators(),
    route(
        Verb::Post,
        deliveries::ADDRESS,
        "deliver",
        Answer::Report,
        || post(deliveries::deliver),
        "Deliver a file for a source; the validation report. Only with a token, where the server has any.",
    )
    .with(&[
        Parameter {
            name: "source_id",
            place: Place::Query,
            kind: Kind::Text,
            required: true,
            doc: "The source the file belongs to.",
        },
        Parameter {
            name: "subject",
            place: Place::Query,
            kind: Kind::Text,
            required: true,
            doc: "What the file reports, such as 2026-10; it replaces what was delivered for it before.",
        },
        in_query("dry_run", Kind::Flag, "Only the report; nothing is kept."),
        Parameter {
            name: "Idempotency-Key",
            place: Place::Header,
            kind: Kind::Text,
            required: false,
            doc: "For 24 hours the same key with the same delivery gets the same answer, whatever came in between; \
                with another delivery 422. Not remembered of a dry run.",
        },
    ])
    .with_uploads_only(),
    route(
        Verb::Get,
        "/v1/held",
        "list_held",
        Answer::Json("HeldList"),
        || get(held::list_held),
        "Deliveries that are kept but not active until a person decides, and why. Never cached.",
    )
    .with_uploads_only(),
    route(
        Verb::Get,
        "/v1/held/{id}",
        "describe_held",
        Answer::Json("HeldDelivery"),
        || get(held::describe_held),
        "One of them, with what would be lost and what would change if it were released now.",
    )
    .with(&[in_path("id", "Its receipt.")])
    .with_uploads_only(),
    route(
        Verb::Post,
        "/v1/held/{id}:release",
        "release_held",
        Answer::Release,
        || post(held::release_held),
        "Make a held delivery active, with the reason that is kept in its receipt. Only with a token for its source.",
    )
    .with(&[in_path("id", "Its receipt.")])
    .with_uploads_only(),
    route(
        Verb::Get,
        "/v1/registers",
        "list_registers",
        Answer::Json("RegisterList"),
        || get(registers::list_registers),
        "The registers, a network's own facts: what each is, and what its columns may hold.",
    )
    .with(&[in_query("lang", Kind::Text, "Wins over Accept-Language: nb, nn or en.")]),
    route(
        Verb::Get,
        "/v1/registers/{table}",
        "show_register",
        Answer::Json("RegisterRows"),
        || get(registers::show_register),
        "The rows of a register; with format csv or xlsx the file to edit and send back.",
    )
    .with(&[
        in_path("table", "The register, as /v1/registers names it."),
        in_query("format", Kind::Text, "json, csv, csv-excel or xlsx; wins over Accept."),
        in_query("lang", Kind::Text, "Wins over Accept-Language: nb, nn or en."),
    ]),
    route(
        Verb::Post,
        "/v1/registers/{table}",
        "apply_register",
        Answer::RegisterReport,
        || post(registers::apply_register),
        "Change a register by a file: row by row what is added, changed, ended, removed or refused. Only with a key.",
    )
    .with(&[
        in_path("table", "The register, as /v1/registers names it."),
        in_query("reason", Kind::Text, "Why it is changed; needed unless it is a dry run."),
        in_query("dry_run", Kind::Flag, "Only the report; nothing is written."),
        in_query("edition", Kind::Integer, "The edition that rows were taken from which do not say it."),
    ]),
    route(
        Verb::Get,
        "/v1/openapi.json",
        "openapi",
        Answer::OpenApi,
        || get(openapi::openapi),
        "This API as an OpenAPI 3.1 document, with a path for each KPI.",
    )
    .with(&[in_query("lang", Kind::Text, "Wins over Accept-Language: nb, nn or en.")]),
    route(
        Verb::Get,
        "/problems",
        "list_problems",
        Answer::JsonOrPage("ProblemCodes"),
        || get(problem_codes::list_problems),
        "Every problem code, its meaning and its fix.",
    )
    .for_both(),
    route(
        Verb::Get,
        "/problems/{code}",
        "describe_problem",
        Answer::JsonOrPage("ProblemCode"),
        || get(problem_codes::describe_problem),
        "One problem code; the `type` of every problem leads here.",
    )
    .with(&[in_path("code", "The code.")])
    .for_both(),
    route(
        Verb::Get,
        "/health/live",
        "health_live",
        Answer::Json("Health"),
        || get(ops::health_live),
        "The process answers.",
    )
    .for_both(),
    route(
        Verb::Get,
        "/health/ready",
        "health_ready",
        Answer::Json("Health"),
        || get(ops::health_ready),
        "An edition is loaded; 503 before.",
    )
    .for_both(),
    route(
        Verb::Get,
        "/metrics",
        "metrics",
        Answer::Text(crate::metrics::CONTENT_TYPE),
        || get(ops::metrics),
        "Counters, latency histograms and the last run of each source, as OpenMetrics text.",
    )
    .for_operators(),
    route(Verb::Get, "/", "landing", Answer::Page, || get(ops::landing), "This list as a page.").for_both(),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nearest_route::nearest_address;
    use crate::surface::Served;

    #[test]
    fn a_mistyped_address_is_led_to_its_neighbour() {
        let plain = Served::default();
        for (sent, meant) in [
            ("/v1/kpi", Some("/v1/kpis")),
            ("/v1/kpis/adoption.reach/value", Some("/v1/kpis/adoption.reach/values")),
            ("/v1/kpis/adoption.reach/dif", Some("/v1/kpis/adoption.reach/diff")),
            ("/v1/municipality/0301", Some("/v1/municipalities/0301")),
            ("/kpis", Some("/v1/kpis")),
            ("/networks/digi-vestland", Some("/v1/networks/digi-vestland")),
            ("/v1/kpis/", Some("/v1/kpis")),
            ("/v1/openapi.jsn", Some("/v1/openapi.json")),
            ("/helth/live", Some("/health/live")),
            ("/v1/qqqq", None),
            ("/wp-login.php", None),
        ] {
            assert_eq!(nearest_address(sent, plain).as_deref(), meant, "{sent}");
        }
        assert_ne!(nearest_address("/v1/delivery", plain).as_deref(), Some("/v1/deliveries"));
        let with_uploads = Served { takes_uploads: true, ..plain };
        assert_eq!(nearest_address("/v1/delivery", with_uploads).as_deref(), Some("/v1/deliveries"));
    }

    #[test]
    fn placeholders_and_parameters_are_the_same() {
        for route in &ROUTES {
            let braced: Vec<&str> =
                route.path.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
            let own = !matches!(route.answer, Answer::KpiValues | Answer::KpiDiff);
            let listed: Vec<&str> =
                route.parameters.iter().filter(|one| one.place == Place::Path).map(|one| one.name).collect();
            assert!(!own || braced == listed, "{route:?}: {braced:?} {listed:?}");
        }
    }

    /// The table in the README is this list; a failure prints what it should be.
    #[test]
    fn the_readme_lists_the_routes() {
        let mut table = String::from("| route | answers |\n|---|---|\n");
        for route in &ROUTES {
            table.push_str(&format!("| `{route:?}` | {} |\n", route.summary));
        }
        let readme = include_str!("../README.md");
        let between = readme
            .split_once("<!-- routes -->\n")
            .and_then(|(_, rest)| rest.split_once("<!-- end of routes -->"))
            .map(|(table, _)| table);
        assert_eq!(between, Some(table.as_str()), "put this between the marks:\n{table}");
    }
}
