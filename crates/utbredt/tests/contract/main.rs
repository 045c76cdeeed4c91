//! The OpenAPI document of a running server, judged by others: a validator, and two clients generated from it that call
//! the server and must get every column of every row. The tools are Python's and Node's; `requirements.txt` and
//! `package.json` beside this file name them, `.ci/run` installs them. Where they are not installed the trials are
//! counted as ignored, and with `CI=true` they fail.

#[path = "../kit/mod.rs"]
mod kit;
mod server;
mod tools;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::{Value, json};

use crate::server::Server;
use crate::tools::Tools;

/// Requests whose rows are compared: a share with its interval, and areas with keys and names. Every KPI is compared with
/// the document in `tests/it/http_contract.rs`; here only cheap ones are requested, since the program is not optimised.
fn cases() -> Value {
    json!([
        {"kpi": "adoption.reach", "query": {"solution_id": "digihelse", "from": "2025-01", "to": "2025-01"}},
        {"kpi": "adoption.reach", "query": {"solution_id": "digihelse", "by": "county", "from": "2025-01", "to": "2025-01"}},
        {"kpi": "adoption.usage_per_1000", "query": {"solution_id": "digihelse", "measure_id": "users_active", "by": "network", "from": "2025-01", "to": "2025-01"}},
        {"kpi": "rollout.municipalities_live", "query": {"solution_id": "digihelse", "by": "municipality", "from": "2025-01", "to": "2025-01"}},
    ])
}

fn main() {
    let arguments = Arguments::from_args();
    let tools = Tools::find();
    let server = (tools.is_ok() && !arguments.list).then(|| Arc::new(Server::start()));
    let trial = |name: &str, run: fn(&Tools, &Server) -> Result<(), Failed>| match (&tools, &server) {
        (Ok(tools), Some(server)) => {
            let (tools, server) = (tools.clone(), Arc::clone(server));
            Trial::test(name, move || run(&tools, &server))
        }
        (Err(why), _) if std::env::var_os("CI").is_some() => {
            let why = why.clone();
            Trial::test(name, move || Err(Failed::from(why)))
        }
        _ => Trial::test(format!("{name}, tools not installed"), || Ok(())).with_ignored_flag(true),
    };
    let trials = vec![
        trial("the_document_is_valid", the_document_is_valid),
        trial("a_generated_python_client_keeps_every_column", python_client),
        trial("a_generated_typescript_client_keeps_every_column", typescript_client),
    ];
    let conclusion = libtest_mimic::run(&arguments, trials);
    // Before the exit, which drops nothing: the server would go on for ever.
    drop(server);
    conclusion.exit();
}

/// Runs a tool and gives what it printed, or fails with it.
fn run(command: &mut Command) -> Result<String, Failed> {
    let output = command.output()?;
    let printed =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(printed) } else { Err(Failed::from(format!("{command:?}\n{printed}"))) }
}

/// A folder with the document and the cases in it.
fn workspace(server: &Server) -> Result<tempfile::TempDir, Failed> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("openapi.json"), server.get("/v1/openapi.json?lang=en"))?;
    std::fs::write(folder.path().join("cases.json"), cases().to_string())?;
    Ok(folder)
}

fn the_document_is_valid(tools: &Tools, server: &Server) -> Result<(), Failed> {
    let folder = workspace(server)?;
    let document = folder.path().join("openapi.json");
    run(tools.python().args(["-m", "openapi_spec_validator", "--errors", "all"]).arg(&document))?;
    // The validator can fail.
    let text = std::fs::read_to_string(&document)?;
    std::fs::write(&document, text.replacen("\"operationId\"", "\"operationIdd\"", 1))?;
    match run(tools.python().args(["-m", "openapi_spec_validator"]).arg(&document)) {
        Err(_) => Ok(()),
        Ok(printed) => Err(Failed::from(format!("a wrong document was found valid: {printed}"))),
    }
}

fn python_client(tools: &Tools, server: &Server) -> Result<(), Failed> {
    let folder = workspace(server)?;
    let here = folder.path();
    // It knows few media types; what it is told of them is only how their bytes are handed over.
    let config = "literal_enums: true\npost_hooks: []\ncontent_type_overrides:\n  \
        application/openmetrics-text: text/plain\n  \
        application/vnd.apache.arrow.stream: application/octet-stream\n";
    std::fs::write(here.join("config.yml"), config)?;
    let mut generate = tools.python();
    generate.args(["-m", "openapi_python_client", "generate", "--meta", "none", "--fail-on-warning"]);
    generate.args(["--path", "openapi.json", "--config", "config.yml", "--output-path", "utbredt_client"]);
    run(generate.current_dir(here))?;
    let mut call = tools.python();
    call.arg(source("client.py")).arg(here).arg(server.base_url()).arg(here.join("cases.json"));
    compared(&run(&mut call)?)
}

fn typescript_client(tools: &Tools, server: &Server) -> Result<(), Failed> {
    let folder = workspace(server)?;
    let here = folder.path();
    for file in ["client.ts", "tsconfig.json", "package.json"] {
        std::fs::copy(source(file), here.join(file))?;
    }
    std::os::unix::fs::symlink(tools.node_modules(), here.join("node_modules"))?;
    std::fs::write(here.join("columns.ts"), columns(server))?;
    run(tools.node_bin("openapi-typescript").args(["openapi.json", "-o", "api.ts"]).current_dir(here))?;
    run(tools.node_bin("tsc").args(["-p", "."]).current_dir(here))?;
    let mut call = Command::new("node");
    call.arg("out/client.js").arg(server.base_url()).arg("cases.json").current_dir(here);
    compared(&run(&mut call)?)
}

/// The columns that are really sent, each as a key of the type of its row.
fn columns(server: &Server) -> String {
    let mut out =
        String::from("import type { components } from \"./api.js\";\ntype S = components[\"schemas\"];\n");
    out.push_str("export const columns: Record<string, string[]> = {};\n");
    for case in cases().as_array().into_iter().flatten() {
        let kpi = case["kpi"].as_str().unwrap_or_default();
        let query: Vec<String> = case["query"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()))
            .collect();
        let answer = server.json(&format!("/v1/kpis/{kpi}/values?{}", query.join("&")));
        let names: Vec<&String> =
            answer["data"][0].as_object().into_iter().flat_map(|row| row.keys()).collect();
        let row: String = kpi.split(['.', '_']).map(capitalised).collect();
        out.push_str(&format!(
            "columns[{kpi:?}] = [...(columns[{kpi:?}] ?? []), ...({names:?} satisfies (keyof S[\"{row}Row\"])[])];\n"
        ));
    }
    out
}

fn capitalised(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_ascii_uppercase() + rest
}

/// A client that compared nothing has proved nothing.
fn compared(printed: &str) -> Result<(), Failed> {
    let rows =
        printed.lines().last().and_then(|line| line.strip_suffix(" rows compared")?.parse::<u32>().ok());
    // The nation's one row, 15 counties, at least one network, and 357 municipalities.
    if rows.is_some_and(|rows| rows > 373) { Ok(()) } else { Err(Failed::from(printed.to_owned())) }
}

fn source(file: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract").join(file)
}
