//! The table interface's version 1: the question is a body, and what the table has is told in another form.

use serde_json::{Value, json};

use super::office::Office;
use super::{Desk, configured, constant_server, held, morning, target};
use crate::connector::PullReport;
use crate::connectors::SsbPopulation;
use crate::fetch::tests::server::{Act, Seen, Server};

/// The office, asked by bodies.
fn answer(office: &Office, seen: &Seen) -> Act {
    let (path, query) = target(seen);
    assert_eq!((path.as_str(), query.as_str()), ("/v0/no/table/07459", ""));
    if seen.line.starts_with("GET") {
        let Act::Say(_, _, body) = office.answer(&get("/v2/tables/07459/metadata")) else { panic!() };
        let cube: Value = serde_json::from_slice(&body).unwrap();
        let variables = cube["id"].as_array().unwrap().iter().map(|id| {
            let codes = &cube["dimension"][id.as_str().unwrap()]["category"]["index"];
            json!({"code": id, "text": id, "values": codes, "valueTexts": codes})
        });
        let about = json!({"title": "07459", "variables": variables.collect::<Vec<_>>()});
        return Act::ok(about.to_string());
    }
    assert!(seen.headers.contains("content-type: application/json"), "{}", seen.headers);
    let body: Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!(body["response"]["format"], "json-stat2");
    let chosen = body["query"].as_array().unwrap().iter().map(|variable| {
        assert_eq!(variable["selection"]["filter"], "item");
        let values: Vec<&str> =
            variable["selection"]["values"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
        format!("valueCodes%5B{}%5D={}", variable["code"].as_str().unwrap(), values.join(","))
    });
    office.answer(&get(&format!("/v2/tables/07459/data?{}", chosen.collect::<Vec<_>>().join("&"))))
}

fn get(path: &str) -> Seen {
    Seen { line: format!("GET {path} HTTP/1.1"), headers: String::new(), body: String::new() }
}

fn pull(desk: &mut Desk, server: &Server, version: &str, root: &str) -> PullReport {
    let fields = format!("url = \"{}\"\nfrom = 2024\ntotal = \"0\"\n{version}", server.url(root));
    desk.pull(server, &morning(), configured("ssb_population", &fields).as_ref()).unwrap()
}

#[test]
fn both_versions_bring_the_same_rows() {
    let office = Office::new(2024..=2024);
    let (one, two) = (office.clone(), office);
    let (mut old, mut new) = (Desk::new(), Desk::new());
    let first =
        pull(&mut old, &constant_server(move |seen| answer(&one, seen)), "version = 1", "/v0/no/table");
    let second = pull(&mut new, &constant_server(move |seen| two.answer(seen)), "", "/v2");
    assert_eq!((held(&first), held(&second)), (String::new(), String::new()));
    assert!(first.reports[0].accepted > 300, "{:?}", first.reports);
    assert_eq!(old.rows("population"), new.rows("population"));
    // One question and the total, and what the table has: a body is as long as it needs to be.
    assert_eq!(first.requests, 3);
    assert!(second.requests > 3, "{}", second.requests);
}

#[test]
fn there_is_no_third_version() {
    let message = toml::from_str::<SsbPopulation>("url = \"x\"\nfrom = 2024\nversion = 3").unwrap_err();
    assert!(message.to_string().contains("the versions 1 and 2, not 3"), "{message}");
}
