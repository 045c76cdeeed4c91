//! What the log has of a batch, and one code for a wrong question wherever it is asked.

use std::path::Path;

use serde_json::Value;

use crate::kit::command;
use crate::{PATIENCE, Server, send};

/// Sends a batch; its headers may name the request.
fn batch(server: &Server, questions: &Value, headers: &str) -> Value {
    let body = questions.to_string();
    let headers = format!("Content-Type: application/json\r\nContent-Length: {}\r\n{headers}", body.len());
    let (_, answer) = send(&server.address, "POST /v1/kpis:batch", &headers, &body);
    serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

pub(crate) fn the_line_of_a_batch_has_its_cost(here: &Path) {
    let server = Server::start(here, &["--log", "info"], Some("off"));
    let question = |kpi: &str, solution: &str| {
        serde_json::json!({"id": kpi, "params": {"solution_id": solution}, "by": "county", "borders": "now",
            "from": "2025-01", "to": "2025-01"})
    };
    let live = "rollout.municipalities_live";
    let questions = [
        question(live, "digisos"),
        question(live, "digihelse"),
        question("adoption.reach", "digisos"),
        question("adoption.reech", "digisos"),
    ];
    let answer = batch(&server, &questions.clone().into(), "x-request-id: many-1\r\n");
    let rows: usize = (0..3).map(|i| answer["data"][i]["body"]["data"].as_array().expect("rows").len()).sum();
    let line = server.line_of("many-1");
    for (name, value) in [
        ("kpi", Value::from("adoption.reach,rollout.municipalities_live")),
        ("edition", "1".into()),
        ("cells", "computed".into()),
        ("rows", rows.into()),
        ("questions", 4.into()),
        ("failed", 1.into()),
        ("status", 200.into()),
        ("level", "INFO".into()),
    ] {
        assert_eq!(line[name], value, "{name} of {line}");
    }
    // Nothing is computed for what is kept, and nothing is said of it at info.
    batch(&server, &questions[..3].to_vec().into(), "x-request-id: many-2\r\n");
    batch(&server, &questions.to_vec().into(), "x-request-id: many-3\r\n");
    let next: Value =
        serde_json::from_str(&server.lines.recv_timeout(PATIENCE).expect("a line")).expect("JSON");
    assert_eq!((&next["request_id"], &next["failed"]), (&"many-3".into(), &1.into()), "{next}");
}

/// The code by HTTP, in a batch, on the command line and in SQL.
pub(crate) fn a_wrong_question_has_one_code_everywhere(here: &Path) {
    let server = Server::start(here, &[], Some("off"));
    for (kpi, pairs, code) in [
        ("adoption.reech", vec![("solution_id", "digisos")], "unknown_kpi"),
        ("adoption.reach", vec![("solution_id", "digisas")], "unknown_solution"),
        ("adoption.reach", vec![], "missing_parameter"),
        ("adoption.reach", vec![("solution_id", "digisos"), ("by", "countee")], "unknown_grouping"),
        ("adoption.reach", vec![("solution_id", "digisos"), ("from", "2025-13")], "invalid_date"),
        ("adoption.reach", vec![("solution_id", "digisos"), ("from", "1066")], "year_out_of_bounds"),
        ("adoption.reach", vec![("solution_id", "digisos"), ("soluton_id", "svarut")], "unknown_parameter"),
        ("adoption.reach", vec![("solution_id", "digisos"), ("county_code", "99")], "unknown_county"),
        // No municipality of Vestland is in the network of Rogaland: an empty answer would look like a failure.
        (
            "adoption.reach",
            vec![("solution_id", "digisos"), ("county_code", "46"), ("network_id", "digi-rogaland")],
            "invalid_filter",
        ),
        (
            "adoption.cohort_curve",
            vec![("solution_id", "digisos"), ("months_since", "-3")],
            "invalid_parameter",
        ),
        (
            "adoption.cohort_curve",
            vec![("solution_id", "digisos"), ("months_since", "9223372036854775807")],
            "invalid_parameter",
        ),
        ("rollout.stalled", vec![("solution_id", "digisos"), ("days", "-5")], "invalid_parameter"),
        ("rollout.schedule_variance", vec![("wave_id", "*")], "invalid_parameter"),
    ] {
        let query: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let (_, body) = server.get(&format!("/v1/kpis/{kpi}/values?{}", query.join("&")), "");
        let by_http = serde_json::from_str::<Value>(&body).expect("a problem")["code"].clone();

        let (options, params): (Vec<_>, Vec<_>) =
            pairs.iter().partition(|(name, _)| matches!(*name, "by" | "from" | "county_code" | "network_id"));
        let object = |pairs: &[(&str, &str)]| -> serde_json::Map<String, Value> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect()
        };
        let (mut question, mut filter) = (object(&options), serde_json::Map::new());
        filter.extend(["county_code", "network_id"].into_iter().filter_map(|key| question.remove_entry(key)));
        question.extend([("id".to_owned(), kpi.into()), ("params".to_owned(), object(&params).into())]);
        question.insert("where".to_owned(), filter.into());
        let in_batch = batch(&server, &Value::from(vec![question]), "")["data"][0]["problem"]["code"].clone();

        let mut words = vec!["kpi".to_owned(), "run".to_owned(), kpi.to_owned()];
        for (name, value) in &pairs {
            words.extend(match *name {
                "by" | "from" => [format!("--{name}"), (*value).to_owned()],
                "county_code" | "network_id" => ["--where".to_owned(), format!("{name}={value}")],
                _ => ["--param".to_owned(), format!("{name}={value}")],
            });
        }
        let arguments: Vec<String> =
            pairs.iter().map(|(name, value)| format!("{name} => '{value}'")).collect();
        let select = format!("SELECT * FROM kpi.{}({})", kpi.replace('.', "_"), arguments.join(", "));
        assert_eq!((&by_http, &in_batch), (&code.into(), &code.into()), "{kpi} {pairs:?}");
        for words in [words, vec!["sql".to_owned(), select]] {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let output = command(here, &words).output().expect("it runs");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(said.starts_with(&format!("error[{code}]: ")), "{words:?}: {said}");
            assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
        }
    }
}

/// What a statement does with its values is its own fault, said once, and no failure of the server.
pub(crate) fn a_statement_that_fails_on_its_rows_is_refused(here: &Path) {
    for (statement, why) in [
        ("SELECT 1/0", "Divide by zero"),
        ("SELECT CAST(municipality_code AS DATE) FROM municipalities", "Cast error"),
        (
            "SELECT * FROM kpi.adoption_reach(solution_id => 'digisos', where.county_code => '46')",
            "is quoted",
        ),
    ] {
        let output = command(here, &["sql", statement]).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            said.starts_with("error[refused]: ") && output.status.code() == Some(2),
            "{statement}: {said}"
        );
        assert_eq!(said.matches(why).count(), 1, "{statement}: {said}");
    }
}
