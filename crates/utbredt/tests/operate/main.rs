//! What whoever runs the server sees: the log on standard error, a cause behind every failure, a port that is taken, a
//! clock that is wrong.

#[path = "../kit/mod.rs"]
mod kit;
mod questions;
mod sources;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::kit::command;

/// How long a line of the log may take to arrive on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server whose standard error is read line by line; it is no terminal, so the log is JSON.
struct Server {
    process: Child,
    address: String,
    lines: Receiver<String>,
}

impl Server {
    fn start(folder: &Path, more: &[&str], log: Option<&str>) -> Self {
        let mut serve =
            command(folder, &[&["serve", "--addr", "127.0.0.1:0", "--ready-within", "0"], more].concat());
        if let Some(log) = log {
            serve.env("UTBREDT_LOG", log);
        }
        Self::run(serve)
    }

    fn run(mut serve: Command) -> Self {
        let mut process = serve.stderr(Stdio::piped()).spawn().expect("the server starts");
        let (send, lines) = channel();
        let messages = BufReader::new(process.stderr.take().expect("its messages"));
        std::thread::spawn(move || {
            messages.lines().map_while(Result::ok).try_for_each(|line| send.send(line))
        });
        let address = loop {
            let line = lines.recv_timeout(PATIENCE).expect("the server prints where it listens");
            if let Some((_, address)) = line.split_once("http://") {
                break address.trim().to_owned();
            }
        };
        Self { process, address, lines }
    }

    /// The head and the body of an answer.
    fn get(&self, path: &str, headers: &str) -> (String, String) {
        get(&self.address, path, headers)
    }

    /// The next line of the log that is about this request.
    fn line_of(&self, request_id: &str) -> Value {
        loop {
            let line =
                self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no line of {request_id}"));
            let line: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}"));
            if line["request_id"] == request_id {
                return line;
            }
        }
    }

    /// Tells it to stop, and gives the time until it had.
    fn stop(&mut self) -> Duration {
        let start = Instant::now();
        let sent = Command::new("kill").arg(self.process.id().to_string()).status().expect("it runs");
        assert!(sent.success());
        loop {
            if let Some(status) = self.process.try_wait().expect("a child") {
                assert!(status.success(), "{status}");
                return start.elapsed();
            }
            assert!(start.elapsed() < PATIENCE * 2, "it does not stop");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Everything it still says until it is stopped.
    fn rest(mut self) -> Vec<String> {
        drop(self.process.kill());
        drop(self.process.wait());
        self.lines.iter().collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn get(address: &str, path: &str, headers: &str) -> (String, String) {
    send(address, &format!("GET {path}"), headers, "")
}

fn send(address: &str, what: &str, headers: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(stream, "{what} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n{body}")
        .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    (head.to_ascii_lowercase(), body.to_owned())
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap_or_default()
}

const VALUES: &str =
    "/v1/kpis/rollout.municipalities_live/values?solution_id=digisos&from=2025-01&to=2025-01";

#[test]
fn the_log_contains_what_happened() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    assert!(command(here, &["init"]).stderr(Stdio::null()).status().expect("it runs").success());
    a_failure_is_logged_with_its_cause_under_the_id_the_client_got(here);
    a_request_is_a_line_and_a_copy_that_is_right_only_at_debug(here);
    questions::the_line_of_a_batch_has_its_cost(here);
    questions::a_wrong_question_has_one_code_everywhere(here);
    questions::a_statement_that_fails_on_its_rows_is_refused(here);
    silence_can_be_had(here);
    operators_have_an_address_of_their_own(here);
    a_taken_port_is_named_before_any_work(here);
}

fn operators_have_an_address_of_their_own(here: &Path) {
    let mut server = Server::start(here, &["--operate-addr", "127.0.0.1:0"], Some("off"));
    let said = server.lines.recv_timeout(PATIENCE).expect("the other address");
    let other = said.split_once("metrics and status are on http://").expect("an address").1.trim().to_owned();
    let of = |address: &str, path: &str| get(address, path, "").0[9..12].to_owned();
    for (path, with_numbers, with_metrics) in [
        ("/metrics", "404", "200"),
        ("/v1/status", "404", "200"),
        ("/v1/kpis", "200", "404"),
        (VALUES, "200", "404"),
        ("/health/ready", "200", "200"),
        ("/problems/wrong_host", "200", "200"),
    ] {
        let found = (of(&server.address, path), of(&other, path));
        assert_eq!(found, (with_numbers.to_owned(), with_metrics.to_owned()), "{path}");
    }
    let (_, moved) = server.get("/metrics", "");
    assert!(moved.contains("--operate-addr"), "{moved}");
    // One server: what was asked at one address is counted at the other.
    assert!(!get(&other, "/metrics", "").1.contains("utbredt_requests_total 0\n"));
    assert!(server.stop() < PATIENCE);
}

fn a_failure_is_logged_with_its_cause_under_the_id_the_client_got(here: &Path) {
    let server = Server::start(here, &[], None);
    // The log of runs is a folder, which no reading of a file survives.
    let runs = here.join("lake/runs.jsonl");
    std::fs::create_dir(&runs).expect("made");
    let (head, body) = server.get("/v1/status", "");
    std::fs::remove_dir(&runs).expect("removed");
    let problem: Value = serde_json::from_str(&body).expect("a problem");
    assert_eq!((&problem["status"], &problem["code"]), (&500.into(), &"lake_unreadable".into()), "{head}");
    assert!(!body.to_lowercase().contains("is a directory") && !body.contains("runs.jsonl"), "{body}");
    let id = header(&head, "x-request-id").to_owned();
    assert_eq!((id.len(), &problem["request_id"]), (36, &id.as_str().into()), "{head}");

    let cause = server.line_of(&id);
    assert_eq!((&cause["level"], &cause["code"]), (&"ERROR".into(), &"lake_unreadable".into()), "{cause}");
    let text = cause["cause"].as_str().unwrap_or_default();
    assert!(text.contains("runs.jsonl"), "{cause}");
    let answered = server.line_of(&id);
    assert_eq!((&answered["path"], &answered["status"]), (&"/v1/status".into(), &500.into()), "{answered}");
}

fn a_request_is_a_line_and_a_copy_that_is_right_only_at_debug(here: &Path) {
    for (level, quiet) in [("info", true), ("debug", false)] {
        let server = Server::start(here, &["--log", level], Some("off"));
        let (head, _) = server.get(VALUES, "x-request-id: made-1\r\n");
        assert_eq!(header(&head, "x-request-id"), "made-1");
        let line = server.line_of("made-1");
        for (name, value) in [
            ("message", Value::from("answered")),
            ("level", "INFO".into()),
            ("method", "GET".into()),
            ("path", "/v1/kpis/rollout.municipalities_live/values".into()),
            ("kpi", "rollout.municipalities_live".into()),
            ("edition", "1".into()),
            ("status", 200.into()),
        ] {
            assert_eq!(line[name], value, "{name} of {line}");
        }
        assert!(line["ms"].as_f64().is_some_and(|ms| ms > 0.0), "{line}");
        // Neither a copy that is right, nor a kept body, nor a scrape is worth a line at info.
        let tag = format!("if-none-match: {}\r\nx-request-id: same-1\r\n", header(&head, "etag"));
        assert!(server.get(VALUES, &tag).0.starts_with("http/1.1 304"));
        assert!(server.get(VALUES, "x-request-id: kept-1\r\n").0.starts_with("http/1.1 200"));
        let (_, metrics) = server.get("/metrics", "x-request-id: scrape-1\r\n");
        assert!(metrics.contains("utbredt_requests_total 3\n"), "{metrics}");
        assert!(server.get("/v1/kpis", "x-request-id: last-1\r\n").0.starts_with("http/1.1 200"));
        if quiet {
            let next: Value =
                serde_json::from_str(&server.lines.recv_timeout(PATIENCE).expect("a line")).expect("JSON");
            assert_eq!(next["request_id"], "last-1", "{next}");
        } else {
            for id in ["same-1", "kept-1", "scrape-1"] {
                assert_eq!(server.line_of(id)["level"], "DEBUG");
            }
        }
    }
}

fn silence_can_be_had(here: &Path) {
    let server = Server::start(here, &[], Some("off"));
    assert!(server.get("/v1/kpis", "").0.starts_with("http/1.1 200"));
    assert_eq!(server.rest(), Vec::<String>::new());
    let wrong = command(here, &["kpi", "list", "--log", "utbredt=loud"]).output().expect("it runs");
    assert_eq!(wrong.status.code(), Some(2), "{}", String::from_utf8_lossy(&wrong.stderr));
}

fn a_taken_port_is_named_before_any_work(here: &Path) {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    for arguments in [&["serve", "--addr", &address][..], &["demo", "--dir", "new", "--addr", &address]] {
        let output = command(here, arguments).output().expect("it runs");
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(message.contains(&address) && message.contains("--addr"), "{message}");
        assert!(output.stdout.is_empty(), "it worked first: {}", String::from_utf8_lossy(&output.stdout));
    }
    assert!(!here.join("new").exists());
    let wrong = command(here, &["serve", "--cors-origin", "example.org/app"]).output().expect("it runs");
    let message = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(wrong.status.code() == Some(2) && message.contains("https://example.org"), "{message}");
}

/// 600 clients that never finish their first line, a server that may have 200 descriptors, and one honest client.
#[test]
fn slow_clients_keep_nobody_waiting_and_the_server_can_be_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(command(folder.path(), &["init"]).stderr(Stdio::null()).status().expect("it runs").success());
    let mut serve = Command::new("sh");
    serve.args(["-c", "ulimit -n 200; exec \"$0\" serve --addr 127.0.0.1:0", env!("CARGO_BIN_EXE_utbredt")]);
    serve.current_dir(folder.path());
    let mut server = Server::run(serve);
    let mut slow = Vec::new();
    for _ in 0..600 {
        let mut stream = TcpStream::connect(&server.address).expect("it listens");
        // Who was sent away meanwhile learns it here.
        drop(stream.write_all(b"GET /health"));
        slow.push(stream);
    }
    let start = Instant::now();
    assert!(server.get("/health/ready", "").0.starts_with("http/1.1 200"));
    assert!(server.get(VALUES, "").0.starts_with("http/1.1 200"));
    let took = start.elapsed();
    assert!(took < PATIENCE, "{took:?}");
    // Those that began a line have 15 seconds for it, and the end waits 20 at most.
    assert!(server.stop() < PATIENCE);
}

/// Bytes that a process has read so far, from files for the most part.
#[cfg(target_os = "linux")]
fn bytes_read(process: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/io")).expect("it runs");
    let line = text.lines().find_map(|line| line.strip_prefix("rchar: ")).expect("what it read");
    line.parse().expect("a number")
}

/// Years of runs, as a version wrote them that never gave the log another name: they are read once, and not at all by a server
/// that starts after the next run.
#[cfg(target_os = "linux")]
#[test]
fn a_long_log_of_runs_is_not_read_for_each_poll() {
    const LINES: usize = 200_000;
    /// The summary, what is added to the log, and what a server reads of its tables when it has started.
    const LITTLE: u64 = 4 << 20;
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    assert!(command(here, &["init"]).stderr(Stdio::null()).status().expect("it runs").success());
    let line = |at: usize| {
        let id = if at.is_multiple_of(4) { "klass" } else { "county" };
        format!(
            "{{\"source_id\":\"{id}\",\"started_at\":\"2026-11-01T04:00:00Z\",\"took_ms\":7,\"requests\":2,\"bytes\":9,\
             \"deliveries\":1,\"rows_in\":5,\"accepted\":3,\"refused\":2,\"held\":[],\"discrepancies\":[],\"newest\":\"2026-10-31\",\
             \"failed\":null,\"edition\":1}}\n"
        )
    };
    let log = here.join("lake/runs.jsonl");
    let mut text: String = (0..LINES).map(line).collect();
    text.push_str("{\"source_id\":\"torn\n");
    std::fs::write(&log, text).expect("written");
    let polls = |server: &Server, runs: usize, most: u64| {
        let before = bytes_read(server.process.id());
        for _ in 0..3 {
            let (_, metrics) = server.get("/metrics", "");
            for line in [
                format!("utbredt_source_runs_total{{source=\"county\"}} {runs}\n"),
                format!("utbredt_source_rows_rejected_total{{source=\"klass\"}} {}\n", LINES / 4 * 2),
                "utbredt_run_log_unreadable_lines 1\n".to_owned(),
            ] {
                assert!(metrics.contains(&line), "{line}{metrics}");
            }
            let (_, status) = server.get("/v1/status", "");
            assert!(
                status.contains("\"source_id\":\"klass\"") && status.contains("\"unreadable_log_lines\":1")
            );
        }
        let read = bytes_read(server.process.id()) - before;
        assert!(read < most, "{read} bytes for six polls");
    };
    let whole = std::fs::metadata(&log).expect("it is there").len();
    let server = Server::start(here, &[], None);
    polls(&server, LINES / 4 * 3, whole + LITTLE);
    polls(&server, LINES / 4 * 3, LITTLE);

    std::fs::create_dir(here.join("inbox")).expect("made");
    let contract = "source_id = \"county\"\nversion = 1\nsubject.column = \"Kommunenummer\"\nperiod.column = \"Maaned\"\n\
                    solution.fixed = \"digihelse\"\nmeasure.fixed = \"uses\"\nvalue.column = \"Antall\"\n";
    std::fs::write(here.join("county.toml"), contract).expect("written");
    let plan = "hosts = []\n[[source]]\nid = \"county\"\nkind = \"folder\"\nschedule = \"hourly\"\nfolder = \"inbox\"\n\
                contract = \"county.toml\"\n";
    std::fs::write(here.join("utbredt.toml"), plan).expect("written");
    let ran = command(here, &["source", "run", "county"]).output().expect("it runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    assert!(!log.exists() && here.join("lake/runs-0001.jsonl").exists());
    // The one that read the old log, once more; and one that starts now.
    polls(&server, LINES / 4 * 3 + 1, LITTLE);
    polls(&Server::start(here, &[], None), LINES / 4 * 3 + 1, LITTLE);
    let status = command(here, &["source", "status"]).output().expect("it runs");
    let printed = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(printed.contains("1 line of the log of runs could not be read"), "{printed}");
}

/// The machine's clock loses its battery, somebody insists, and the lake is dated anew.
#[test]
fn a_clock_that_contradicts_the_lake_is_refused_unless_it_is_trusted() {
    let folder = tempfile::tempdir().expect("a folder");
    let init = |now: &str, more: &[&str]| {
        let mut init = command(folder.path(), &[&["init"], more].concat());
        let output = init.env("UTBREDT_NOW", now).output().expect("the command starts");
        (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
    };
    assert_eq!(init("2026-11-29T10:00:00Z", &[]).0, Some(0));
    // 29 November 2026 to 29 November 2098: 72 years with 18 leap days are 26 298 days, and 33 more.
    let (status, message) = init("2099-01-01T10:00:00Z", &[]);
    assert_eq!(status, Some(1), "{message}");
    let expected = "the clock shows 2099-01-01T10:00:00Z, 26331 days after edition 1 of 2026-11-29T10:00:00Z";
    assert!(message.contains(expected) && message.contains("`utbredt init --trust-clock`"), "{message}");
    assert_eq!(init("2099-01-01T10:00:00Z", &["--trust-clock"]).0, Some(0));
    let (status, message) = init("2026-11-30T10:00:00Z", &[]);
    let expected = "26330 days before edition 2 of 2099-01-01T10:00:00Z";
    assert!(status == Some(1) && message.contains(expected), "{message}");
    let (status, message) = init("2026-11-30T10:00:00Z", &["--trust-clock"]);
    let expected = "edition 3: dated anew: edition 2 was dated 2099-01-01";
    assert!(status == Some(0) && message.contains(expected), "{message}");
    let (status, message) = init("2026-12-01T10:00:00Z", &[]);
    assert!(status == Some(0) && message.contains("edition 3 is the newest"), "{message}");
}
