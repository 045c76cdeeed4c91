//! A server in a folder of its own, and a secretariat that knows its token.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

pub(crate) const TOKEN: &str = "0123456789abcdef0123456789abcdef";

pub(crate) const PLAN: &str = r#"
[[source]]
id = "county"
kind = "folder"
schedule = "daily"
folder = "inbox"
contract = "county.toml"

[[upload]]
token = { env = "COUNTY_TOKEN" }
sources = ["county"]
"#;

const CONTRACT: &str = r#"
source_id = "county"
version = 1
format = "csv"
delimiter = ";"

[subject]
column = "Kommunenr"

[period]
column = "Måned"

[solution]
fixed = "digihelse"

[measure]
fixed = "uses"

[value]
column = "Antall"
"#;

pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_utbredt"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_remove("UTBREDT_LAKE")
        .env_remove("UTBREDT_PLAN")
        .env("COUNTY_TOKEN", TOKEN);
    command
}

/// A server of its own, ended with the test.
pub(crate) struct Server {
    process: Child,
    address: String,
}

impl Server {
    pub(crate) fn start(folder: &Path) -> Self {
        Self::start_at(folder, None)
    }

    /// One that takes it to be a certain moment.
    pub(crate) fn start_at(folder: &Path, now: Option<&str>) -> Self {
        // What an edition needs takes seconds to compute in a build that is not optimised, and no other client waits here.
        let mut serve = command(folder, &["serve", "--addr", "127.0.0.1:0", "--ready-within", "0"]);
        if let Some(now) = now {
            serve.env("UTBREDT_NOW", now);
        }
        Self::run(serve)
    }

    /// One that is started by a command.
    pub(crate) fn run(mut serve: Command) -> Self {
        let mut process = serve.stderr(Stdio::piped()).spawn().expect("the server starts");
        let mut answer = BufReader::new(process.stderr.take().expect("its messages"));
        let mut line = String::new();
        while !line.contains("http://") {
            line.clear();
            assert!(answer.read_line(&mut line).expect("a message") > 0, "the server ended");
        }
        let address = line.trim().rsplit("http://").next().expect("an address").to_owned();
        // What else it tells is read, so that it never waits for a reader.
        std::thread::spawn(move || std::io::copy(&mut answer, &mut std::io::sink()));
        Self { process, address }
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> (u16, Value) {
        let (status, body) = self.send_text(method, path, headers, body);
        (status, serde_json::from_str(&body).unwrap_or_else(|_| panic!("{body}")))
    }

    pub(crate) fn text(&self, path: &str) -> String {
        self.send_text("GET", path, "", "").1
    }

    fn send_text(&self, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}");
        write!(stream, "{head}Content-Length: {length}\r\n\r\n{body}").expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, body.to_owned())
    }

    pub(crate) fn deliver(&self, more: &str, key: &str, body: &str) -> (u16, Value) {
        let headers = format!("Authorization: Bearer {TOKEN}\r\nIdempotency-Key: {key}\r\n");
        let path = format!("/v1/deliveries?source_id=county&subject=2025-01{more}");
        let (status, answer) = self.send("POST", &path, &headers, body);
        (status, answer.get("data").cloned().unwrap_or(answer))
    }

    /// Uses in Oslo in January 2025, and the edition that says so.
    pub(crate) fn oslo(&self) -> (Value, Value) {
        let path = "/v1/kpis/adoption.usage_per_1000/values?solution_id=digihelse&by=municipality\
                    &municipality_code=0301&from=2025-01&to=2025-01";
        let (status, answer) = self.send("GET", path, "", "");
        assert_eq!(status, 200, "{answer}");
        (answer["data"][0]["numerator"].clone(), answer["meta"]["edition"].clone())
    }

    /// How the county fares.
    pub(crate) fn status(&self) -> Value {
        let (status, answer) = self.send("GET", "/v1/status", "", "");
        assert_eq!(status, 200, "{answer}");
        let of = |source: &&Value| source["source_id"] == "county";
        answer["data"].as_array().and_then(|all| all.iter().find(of)).cloned().unwrap_or_default()
    }

    /// Killed, as by a power cut, and started again.
    pub(crate) fn again(self, folder: &Path) -> Self {
        drop(self);
        Self::start(folder)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// A lake, a plan and a contract.
pub(crate) fn ready() -> tempfile::TempDir {
    ready_at(None)
}

/// The same, made at a certain moment.
pub(crate) fn ready_at(now: Option<&str>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    std::fs::write(here.join("utbredt.toml"), PLAN).expect("written");
    std::fs::write(here.join("county.toml"), CONTRACT).expect("written");
    std::fs::create_dir(here.join("inbox")).expect("made");
    let mut init = command(here, &["init"]);
    init.envs(now.map(|now| ("UTBREDT_NOW", now)));
    assert!(init.status().expect("it runs").success());
    folder
}

/// January, with this many uses in Oslo and 20 in Bergen.
pub(crate) fn january(oslo: u32) -> String {
    format!("Kommunenr;Måned;Antall\n0301;2025-01;{oslo}\n4601;2025-01;20\n")
}

/// The lines of the log of runs.
pub(crate) fn log(folder: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join("lake/runs.jsonl")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}
