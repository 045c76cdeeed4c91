//! A secretariat delivers over HTTP: a file comes in, comes again, is corrected, is broken, and the KPI follows.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use utbredt_lake::Lake;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

const PLAN: &str = r#"
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

fn command(folder: &Path, arguments: &[&str]) -> Command {
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
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let mut process = command(folder, &["serve", "--addr", "127.0.0.1:0"])
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut told = BufReader::new(process.stderr.take().expect("its messages"));
        let mut line = String::new();
        while !line.contains("http://") {
            line.clear();
            assert!(told.read_line(&mut line).expect("a message") > 0, "the server ended");
        }
        let address = line.trim().rsplit("http://").next().expect("an address").to_owned();
        // What else it tells is read, so that it never waits for a reader.
        std::thread::spawn(move || std::io::copy(&mut told, &mut std::io::sink()));
        Self { process, address }
    }

    fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{headers}");
        write!(stream, "{head}Content-Length: {length}\r\n\r\n{body}").expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}")))
    }

    fn deliver(&self, more: &str, key: &str, body: &str) -> (u16, Value) {
        let headers = format!("Authorization: Bearer {TOKEN}\r\nIdempotency-Key: {key}\r\n");
        let path = format!("/v1/deliveries?source_id=county&asked=2025-01{more}");
        let (status, told) = self.ask("POST", &path, &headers, body);
        (status, told.get("data").cloned().unwrap_or(told))
    }

    /// Uses in Oslo in January 2025, and the edition that says so.
    fn oslo(&self) -> (Value, Value) {
        let path = "/v1/kpis/adoption.usage_per_1000/values?solution_id=digihelse&by=municipality\
                    &municipality_code=0301&from=2025-01&to=2025-01";
        let (status, answer) = self.ask("GET", path, "", "");
        assert_eq!(status, 200, "{answer}");
        (answer["data"][0]["numerator"].clone(), answer["meta"]["edition"].clone())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

#[test]
fn a_delivery_comes_in_is_corrected_and_held_over_http() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    std::fs::write(here.join("utbredt.toml"), PLAN).expect("written");
    std::fs::write(here.join("county.toml"), CONTRACT).expect("written");
    assert!(command(here, &["init"]).status().expect("it runs").success());
    let server = Server::start(here);
    assert_eq!(server.oslo().1, 1);

    let good = "Kommunenr;Måned;Antall\n0301;2025-01;1000\n4601;2025-01;20\n1103;2025-01;5\n5001;2025-01;9\n3301;2025-01;8\n";
    let (status, told) = server.deliver("&dry_run=true", "try", good);
    assert_eq!((status, &told["state"], &told["edition"]), (200, &"accepted".into(), &1.into()), "{told}");
    assert_eq!(std::fs::read_dir(here.join("lake/raw")).map_or(0, Iterator::count), 0, "nothing is kept");

    let (status, told) = server.deliver("", "first", good);
    assert_eq!((status, &told["accepted"], &told["edition"]), (201, &5.into(), &2.into()), "{told}");
    assert_eq!(server.oslo(), (1000.into(), 2.into()), "served at once");
    assert_eq!(server.deliver("", "first", good), (201, told), "the same answer");
    let (status, told) = server.deliver("", "other", good);
    assert_eq!((status, &told["state"], &told["edition"]), (200, &"unchanged".into(), &2.into()), "{told}");

    // Oslo is corrected; a row of a code that never was is refused, with its line as received.
    let corrected = format!("{}9999;2025-01;7\n", good.replace("1000", "1001"));
    let (status, told) = server.deliver("", "first", &corrected);
    assert_eq!((status, &told["code"]), (422, &"idempotency_key_reused".into()), "{told}");
    let (status, told) = server.deliver("", "corrected", &corrected);
    assert_eq!((status, &told["accepted"], &told["refused_rows"]), (201, &5.into(), &1.into()), "{told}");
    assert_eq!(told["rejections"].as_array().map(Vec::len), Some(1), "{told}");
    let refused = &told["rejections"][0];
    assert!(refused["raw"] == "9999;2025-01;7" && refused["reason"].is_string(), "{refused}");
    let cell = &told["cells"]["changed"][0];
    assert_eq!((&cell["old"], &cell["new"]), (&"1000".into(), &"1001".into()), "{told}");
    assert_eq!(server.oslo().0, 1001);

    let (status, told) = server.deliver("", "broken", "Kommunenr;Antall\n0301;7\n");
    assert_eq!((status, &told["state"]), (202, &"held".into()), "{told}");
    assert!(told["held"].to_string().contains("Måned"), "{told}");
    assert_eq!(server.oslo().0, 1001, "what was in force still is");

    // While another writes, nothing is lost: it is sent again.
    let lock = Lake::open(&here.join("lake")).expect("a lake").writer().expect("the lock");
    let (status, told) = server.deliver("", "busy", good);
    assert_eq!((status, &told["code"]), (503, &"busy".into()), "{told}");
    drop(lock);
    assert_eq!(server.deliver("", "busy", good).0, 201);
    assert_eq!(server.oslo().0, 1000);
}

#[test]
fn a_plan_that_cannot_be_kept_stops_the_server_and_none_shuts_the_door() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    assert!(command(here, &["init"]).status().expect("it runs").success());
    let server = Server::start(here);
    let (status, told) = server.deliver("", "one", "a;b\n");
    assert_eq!((status, &told["code"]), (404, &"unknown_path".into()), "{told}");
    drop(server);

    std::fs::write(here.join("utbredt.toml"), PLAN).expect("written");
    let told = |token: Option<&str>| {
        let mut serve = command(here, &["serve", "--addr", "127.0.0.1:0"]);
        match token {
            Some(token) => serve.env("COUNTY_TOKEN", token),
            None => serve.env_remove("COUNTY_TOKEN"),
        };
        let output = serve.output().expect("it ends");
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).expect("text")
    };
    assert!(told(None).contains("COUNTY_TOKEN"));
    let short = told(Some("hunter2"));
    assert!(short.contains("32") && !short.contains("hunter2"), "{short}");
    assert!(told(Some(TOKEN)).contains("county.toml"), "the contract is not there");
}
