//! A source that does not answer.

use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::kit::command;
use crate::{PATIENCE, Server};

/// The first source takes the connection and never answers; the one after it is a folder.
#[test]
fn a_source_that_hangs_keeps_neither_the_next_nor_the_end_of_the_server() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(command(folder.path(), &["init"]).stderr(Stdio::null()).status().expect("it runs").success());
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let host = silent.local_addr().expect("its address");
    let source = "id = \"klass-changes\"\nkind = \"klass_changes\"\nschedule = \"daily\"";
    let next = "id = \"county\"\nkind = \"folder\"\nschedule = \"daily\"\nfolder = \"inbox\"\ncontract = \"county.toml\"";
    let plan = format!(
        "hosts = [\"{host}\"]\n[[source]]\n{source}\nurl = \"http://{host}/klass\"\n[[source]]\n{next}\n"
    );
    let contract = "source_id = \"county\"\nversion = 1\nformat = \"csv\"\ndelimiter = \";\"\nsubject.column = \"code\"\n\
                    period.column = \"month\"\nsolution.fixed = \"digihelse\"\nmeasure.fixed = \"uses\"\nvalue.column = \"n\"\n";
    std::fs::create_dir(folder.path().join("inbox")).expect("a folder");
    for (path, text) in [
        ("utbredt.toml", plan.as_str()),
        ("county.toml", contract),
        ("inbox/2025-01.csv", "code;month;n\n0301;2025-01;7\n"),
    ] {
        std::fs::write(folder.path().join(path), text).expect("written");
    }
    let mut server = Server::start(folder.path(), &["--ingest", "--local"], None);
    silent.set_nonblocking(true).expect("set");
    let start = Instant::now();
    let _connection = loop {
        if let Ok(connection) = silent.accept() {
            break connection;
        }
        assert!(start.elapsed() < PATIENCE, "the source got no request");
        std::thread::sleep(Duration::from_millis(50));
    };
    let log = folder.path().join("lake/runs.jsonl");
    let runs = loop {
        let runs = std::fs::read_to_string(&log).unwrap_or_default();
        if runs.contains("\"county\"") {
            break runs;
        }
        assert!(start.elapsed() < 2 * PATIENCE, "the next source waits for the one that hangs");
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(runs.contains("\"accepted\":1") && !runs.contains("klass-changes"), "{runs}");
    assert!(server.stop() < PATIENCE);
}
