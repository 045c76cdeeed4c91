//! Keys as whoever runs a server has them: made, listed and revoked by the command, demanded by the server, and never in what is
//! logged.

mod kit;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::kit::command;

/// How long something may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The exit code, the output and the messages of a command.
fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = command(folder, arguments).output().expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn new_key(folder: &Path, arguments: &[&str]) -> String {
    let (code, out, message) = run(folder, &[&["key", "new"], arguments].concat());
    assert_eq!(code, Some(0), "{message}");
    assert!(!message.contains(out.trim()), "only the key is on standard output: {message}");
    out.trim().to_owned()
}

fn lake() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(run(folder.path(), &["init"]).0, Some(0));
    folder
}

/// A server, and all that it says.
struct Server {
    process: Child,
    port: u16,
    log: Arc<Mutex<String>>,
}

impl Server {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut serve =
            command(folder, &[&["serve", "--log", "debug", "--ready-within", "0"], arguments].concat());
        let mut process = serve.stderr(Stdio::piped()).spawn().expect("the server starts");
        let log = Arc::new(Mutex::new(String::new()));
        let (messages, said) =
            (BufReader::new(process.stderr.take().expect("its messages")), Arc::clone(&log));
        std::thread::spawn(move || {
            for line in messages.lines().map_while(Result::ok) {
                said.lock().expect("whole").push_str(&(line + "\n"));
            }
        });
        let mut server = Self { process, port: 0, log };
        let port = server.said("http://").rsplit(':').next().and_then(|port| port.trim().parse().ok());
        server.port = port.expect("a port");
        server
    }

    /// The first line that holds a text.
    fn said(&self, text: &str) -> String {
        let start = Instant::now();
        loop {
            let log = self.log.lock().expect("whole").clone();
            if let Some(line) = log.lines().find(|line| line.contains(text)) {
                return line.to_owned();
            }
            assert!(start.elapsed() < PATIENCE, "{text} is not said: {log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn get(&self, path: &str, key: Option<&str>) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        let key = key.map_or_else(String::new, |key| format!("Authorization: Bearer {key}\r\n"));
        write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{key}\r\n")
            .expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, answer)
    }
}

impl Server {
    /// Sends a body; the status and the JSON that comes back.
    fn post(&self, path: &str, key: Option<&str>, body: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        let key = key.map_or_else(String::new, |key| format!("Authorization: Bearer {key}\r\n"));
        let length = body.len();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {length}\r\n{key}\r\n{body}"
        )
        .expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        (status, serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

#[test]
fn a_key_is_printed_once_listed_without_its_secret_and_revoked() {
    let folder = lake();
    let here = folder.path();
    assert!(run(here, &["key", "list"]).1.contains("no key was made yet"));
    let key = new_key(
        here,
        &["--scope", "read", "--scope", "upload:county", "--days", "20", "--label", "the\u{1b}[31m county"],
    );
    let parts: Vec<&str> = key.split('_').collect();
    let [prefix, id, secret] = parts[..] else { panic!("{key}") };
    assert_eq!((prefix, id.len(), secret.len()), ("utb", 8, 64));
    let long = new_key(here, &["--scope", "operate"]);
    assert_ne!(key, long);

    let file = here.join("lake/keys.json");
    assert_eq!(std::fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    let kept = std::fs::read_to_string(&file).expect("read");
    assert!(kept.contains(id) && !kept.contains(secret), "{kept}");

    let (_, list, _) = run(here, &["key", "list"]);
    let line = list.lines().find(|line| line.starts_with(id)).expect("listed");
    assert!(line.contains("expires within 30 days") && line.contains("read, upload:county"), "{line}");
    assert!(!list.contains(secret) && !list.contains('\u{1b}'), "{list}");
    let (code, out, message) = run(here, &["key", "revoke", id]);
    assert!(code == Some(0) && out.starts_with(&format!("{id}: revoked on ")), "{message}");
    let (_, listed, _) = run(here, &["key", "list", "--json"]);
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    assert_eq!(
        (&listed["keys"][0]["state"], &listed["keys"][1]["state"]),
        (&"revoked".into(), &"valid".into())
    );
    assert_eq!(listed["keys"][1]["scopes"], serde_json::json!(["operate"]));
}

#[test]
fn what_is_typed_wrong_is_refused_with_the_nearest() {
    let folder = lake();
    let here = folder.path();
    let key = new_key(here, &["--scope", "read"]);
    let id = &key[4..12];
    // One digit is another.
    let near = format!("{}{}", &id[..7], if id.ends_with('a') { 'b' } else { 'a' });
    let plan = "[[source]]\nid = \"county\"\nkind = \"folder\"\nschedule = \"daily\"\nfolder = \"in\"\ncontract = \"c.toml\"\n";
    std::fs::write(here.join("utbredt.toml"), plan).expect("written");
    for (arguments, word) in [
        (&["key", "new"][..], "--scope"),
        (&["key", "new", "--scope", "raed"], "did you mean `read`"),
        (&["key", "new", "--scope", "upload:conty"], "did you mean `county`"),
        (&["key", "new", "--scope", "register:wavs"], "did you mean `waves`"),
        (&["key", "new", "--scope", "read", "--days", "0"], "--days"),
        (&["key", "revoke", &near], "there is no key"),
        (&["serve", "--require-keys", "--expose-without-keys"], "cannot be used with"),
    ] {
        let (code, out, message) = run(here, arguments);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{arguments:?} {message}");
        assert!(message.contains(word), "{message}");
    }
    // A whole key is read as its id, and not repeated.
    let wrong = key.replace(id, &near);
    let (_, _, message) = run(here, &["key", "revoke", &wrong]);
    assert!(message.contains(&near) && !message.contains(&key[13..]), "{message}");
    assert_eq!(run(here, &["key", "revoke", &key]).0, Some(0));
}

#[test]
fn an_address_that_others_reach_needs_a_key_before_it_is_served() {
    let folder = lake();
    let here = folder.path();
    let everywhere = ["serve", "--addr", "0.0.0.0:0"];
    let (code, _, message) = run(here, &everywhere);
    assert_eq!(code, Some(2), "{message}");
    for word in [
        "needs a key",
        "no key was made",
        "utbredt key new --scope read",
        "--expose-without-keys",
        "127.0.0.1",
    ] {
        assert!(message.contains(word), "{word}: {message}");
    }
    assert_eq!(run(here, &["serve", "--require-keys", "--addr", "127.0.0.1:0"]).0, Some(2));
    // Nothing is built that cannot be served.
    assert_eq!(run(here, &["demo", "--dir", "new", "--addr", "0.0.0.0:0"]).0, Some(2));
    assert!(!here.join("new").exists());
    // A key that is worth nothing is none.
    let key = new_key(here, &["--scope", "read"]);
    assert_eq!(run(here, &["key", "revoke", &key[4..12]]).0, Some(0));
    assert!(run(here, &everywhere).2.contains("every key has expired or was revoked"));
}

#[test]
fn a_running_server_refuses_a_key_as_soon_as_it_is_revoked_and_logs_none() {
    let folder = lake();
    let here = folder.path();
    let key = new_key(here, &["--scope", "read"]);
    let server = Server::start(here, &["--addr", "0.0.0.0:0"]);
    assert_eq!(server.get("/health/ready", None).0, 200);
    assert_eq!(server.get("/v1/kpis", None).0, 401);
    assert_eq!(server.get("/v1/kpis", Some(&key)).0, 200);
    // A key that is made while the server runs is good at once.
    let operate = new_key(here, &["--scope", "operate"]);
    assert_eq!(server.get("/metrics", Some(&operate)).0, 200);
    let (status, answer) = server.get(&format!("/v1/kpis?access_token={key}"), None);
    assert!(status == 400 && answer.contains("key_in_url") && !answer.contains(&key[13..]), "{answer}");
    let (status, answer) = server.get(&format!("/v1/{key}"), Some(&key));
    assert!(status == 400 && !answer.contains(&key[13..]), "{answer}");

    let id = &key[4..12];
    assert_eq!(run(here, &["key", "revoke", id]).0, Some(0));
    let (status, answer) = server.get("/v1/kpis", Some(&key));
    assert!(status == 401 && answer.contains("key_invalid"), "{answer}");
    assert_eq!(server.get("/v1/kpis", Some(&operate)).0, 200);

    // Whoever made the file open to others must not go on as if nothing were.
    let file = here.join("lake/keys.json");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("opened");
    assert_eq!(server.get("/v1/kpis", Some(&operate)).0, 500);
    assert!(server.said("chmod 600").contains("keys.json"));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("closed");
    assert_eq!(server.get("/v1/editions?last=1", Some(&operate)).0, 400);
    server.said("last=1");
    let log = server.log.lock().expect("whole").clone();
    for secret in [&key, &operate] {
        assert!(!log.contains(&secret[13..]) && !log.contains(&secret[13..30]), "{log}");
    }
    // Who asked is known by the public part.
    assert!(log.contains(&format!("\"key\":\"{id}\"")), "{log}");
}

#[test]
fn an_exposed_server_warns_in_its_log_and_status() {
    let folder = lake();
    let server = Server::start(folder.path(), &["--addr", "0.0.0.0:0", "--expose-without-keys"]);
    assert!(server.said("small counts are not hidden").contains("WARN"));
    assert_eq!(server.get("/v1/kpis", None).0, 200);
    assert!(server.get("/v1/status", None).1.contains("small counts are not hidden"));
    assert_eq!(server.get("/metrics", None).0, 401);
}

#[test]
fn a_file_of_keys_that_others_may_read_is_refused_and_explains_how_to_close_it() {
    let folder = lake();
    let here = folder.path();
    let key = new_key(here, &["--scope", "read"]);
    let file = here.join("lake/keys.json");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("opened");
    for arguments in [
        &["serve", "--addr", "127.0.0.1:0"][..],
        &["serve", "--addr", "0.0.0.0:0", "--expose-without-keys"],
        &["key", "list"],
        &["key", "new", "--scope", "read"],
        &["key", "revoke", &key[4..12]],
    ] {
        let (code, out, message) = run(here, arguments);
        assert_eq!((code, out.as_str()), (Some(1), ""), "{arguments:?} {message}");
        assert!(
            message.contains("mode 0644") && message.contains("`chmod 600 ./lake/keys.json`"),
            "{message}"
        );
    }
}

#[test]
fn a_token_of_the_plan_that_others_may_read_is_refused() {
    let folder = lake();
    let here = folder.path();
    let plan = "[[source]]\nid = \"county\"\nkind = \"fiks_invoices\"\nschedule = \"daily\"\nfolder = \"in\"\ndeclaration = \"d.toml\"\n\
        [[upload]]\ntoken = { file = \"county.token\" }\nsources = [\"county\"]\n";
    std::fs::write(here.join("utbredt.toml"), plan).expect("written");
    std::fs::write(here.join("county.token"), "quiet-".repeat(8)).expect("written");
    std::fs::set_permissions(here.join("county.token"), std::fs::Permissions::from_mode(0o644))
        .expect("opened");
    let (code, _, message) = run(here, &["serve", "--addr", "127.0.0.1:0"]);
    assert_eq!(code, Some(1), "{message}");
    assert!(
        message.contains("county.token") && message.contains("`chmod 600 ") && !message.contains("quiet"),
        "{message}"
    );
}

/// A register is read by whoever may read, and changed with a key that names it: looked at first, then applied, then answered from.
#[test]
fn a_register_is_changed_with_a_key_of_its_own() {
    let folder = lake();
    let here = folder.path();
    let key = new_key(here, &["--scope", "register:waves"]);
    let other = new_key(here, &["--scope", "register:prices", "--scope", "read"]);
    let server = Server::start(here, &["--addr", "127.0.0.1:0"]);
    let file = "wave_id,solution_id,name\nhost,digihelse,Autumn\n";
    let apply = "/v1/registers/waves?reason=plan";
    for (sent, status, code) in [
        (None, 401, "key_required"),
        (Some(other.as_str()), 403, "key_scope"),
        (Some("utb_x"), 401, "key_invalid"),
    ] {
        let (found, problem) = server.post(apply, sent, file);
        assert_eq!((found, &problem["code"]), (status, &code.into()), "{problem}");
    }
    let (status, problem) = server.post("/v1/registers/waves", Some(&key), file);
    assert_eq!((status, &problem["code"]), (400, &"invalid_register_change".into()), "{problem}");
    let (status, problem) = server.post("/v1/registers/wave?reason=plan", Some(&key), file);
    assert_eq!((status, &problem["code"]), (403, &"key_scope".into()), "{problem}");

    let (status, report) = server.post("/v1/registers/waves?dry_run=true", Some(&key), file);
    assert_eq!((status, &report["data"]["changes"][0]["kind"]), (200, &"added".into()), "{report}");
    let rows = |path: &str| {
        let (status, answer) = server.get(path, Some(&other));
        let body = answer.split_once("\r\n\r\n").expect("a body").1.to_owned();
        assert_eq!(status, 200, "{answer}");
        body
    };
    let json = |path: &str| -> Value { serde_json::from_str(&rows(path)).expect("JSON") };
    assert_eq!(json("/v1/registers/waves")["data"], serde_json::json!([]));
    let (status, report) = server.post(apply, Some(&key), file);
    assert_eq!((status, &report["data"]["edition"]), (201, &2.into()), "{report}");
    let expected = serde_json::json!([
        { "wave_id": "host", "solution_id": "digihelse", "network_id": null, "name": "Autumn", "synthetic": false }
    ]);
    assert_eq!(json("/v1/registers/waves")["data"], expected);
    let csv = rows("/v1/registers/waves?format=csv");
    assert_eq!(
        csv,
        "\u{feff}wave_id;solution_id;network_id;name;synthetic;edition;remove\nhost;digihelse;;Autumn;false;2;\n"
    );
    // The same once more asks for nothing; a file as it was written does neither.
    for again in [file, csv.as_str()] {
        let (status, report) = server.post(apply, Some(&key), again);
        assert_eq!(
            (status, &report["data"]["unchanged"], &report["data"]["edition"]),
            (200, &1.into(), &2.into())
        );
    }
    let (status, report) = server.post(apply, Some(&key), "wave_id,solution_id,name\nx,digihels,X\n");
    assert_eq!((status, &report["data"]["refusals"][0]["column"]), (200, &"solution_id".into()), "{report}");
    let list = json("/v1/registers?lang=nb");
    let waves = list["data"].as_array().expect("a list").iter().find(|one| one["table"] == "waves");
    assert_eq!(waves.expect("waves")["title"], "Puljer");
    let (status, answer) = server.get("/v1/registers/wave", Some(&other));
    assert!(status == 404 && answer.contains("unknown_register") && answer.contains("waves"), "{answer}");
}
