//! A server over a lake of its own with one month of invented use, ended with the tests.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::kit::command;

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
fixed = "users_active"

[value]
column = "Antall"
"#;

/// Users in Oslo, Bergen and Stavanger in January 2025.
const JANUARY: &str = "Kommunenr;Måned;Antall\n0301;2025-01;1000\n4601;2025-01;20\n1103;2025-01;5\n";

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Server {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let here = folder.path();
        std::fs::write(here.join("county.toml"), CONTRACT).expect("written");
        std::fs::write(here.join("2025-01.csv"), JANUARY).expect("written");
        for arguments in [&["init"][..], &["ingest", "2025-01.csv", "--contract", "county.toml"]] {
            assert!(command(here, arguments).stdout(Stdio::null()).status().expect("it runs").success());
        }
        let mut serve = command(here, &["serve", "--addr", "127.0.0.1:0", "--time-limit", "600"]);
        let mut process =
            serve.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the server starts");
        let mut messages = BufReader::new(process.stderr.take().expect("its messages"));
        let mut line = String::new();
        while !line.contains("http://") {
            line.clear();
            assert!(messages.read_line(&mut line).expect("a message") > 0, "the server ended");
        }
        let address = line.trim().rsplit("http://").next().expect("an address").to_owned();
        // Its log is read, so that it never waits for a reader.
        std::thread::spawn(move || std::io::copy(&mut messages, &mut std::io::sink()));
        Self { process, address, _folder: folder }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The body of an answer that must be 200.
    pub(crate) fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.starts_with("HTTP/1.1 200"), "{path}: {answer}");
        body.to_owned()
    }

    pub(crate) fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path)).expect("JSON")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
