//! A secretariat delivers over HTTP: a file comes in, comes again, is corrected, is broken, and the KPI follows; the server is
//! stopped in the middle of it, and what was answered is answered again.

mod again;
mod keyed;
mod kit;

use serde_json::Value;
use utbredt_lake::Lake;

use kit::{PLAN, Server, TOKEN, command, january, log, ready};

#[test]
fn a_delivery_comes_in_is_corrected_and_held_over_http() {
    let folder = ready();
    let here = folder.path();
    let server = Server::start(here);
    assert_eq!(server.oslo().1, 1);

    let good = "Kommunenr;Måned;Antall\n0301;2025-01;1000\n4601;2025-01;20\n1103;2025-01;5\n5001;2025-01;9\n3301;2025-01;8\n";
    let (status, answer) = server.deliver("&dry_run=true", "try", good);
    assert_eq!(
        (status, &answer["state"], &answer["edition"]),
        (200, &"accepted".into(), &1.into()),
        "{answer}"
    );
    assert_eq!(std::fs::read_dir(here.join("lake/raw")).map_or(0, Iterator::count), 0, "nothing is kept");

    let (status, answer) = server.deliver("", "first", good);
    assert_eq!((status, &answer["accepted"], &answer["edition"]), (201, &5.into(), &2.into()), "{answer}");
    assert_eq!(server.oslo(), (1000.into(), 2.into()), "served at once");
    assert_eq!(server.deliver("", "first", good), (201, answer), "the same answer");
    let (status, answer) = server.deliver("", "other", good);
    assert_eq!(
        (status, &answer["state"], &answer["edition"]),
        (200, &"unchanged".into(), &2.into()),
        "{answer}"
    );

    // Oslo is corrected; a row of a code that never was is refused, with its line as received.
    let corrected = format!("{}9999;2025-01;7\n", good.replace("1000", "1001"));
    let (status, answer) = server.deliver("", "first", &corrected);
    assert_eq!((status, &answer["code"]), (422, &"idempotency_key_reused".into()), "{answer}");
    let (status, answer) = server.deliver("", "corrected", &corrected);
    assert_eq!(
        (status, &answer["accepted"], &answer["rejected_rows"]),
        (201, &5.into(), &1.into()),
        "{answer}"
    );
    assert_eq!(answer["rejections"].as_array().map(Vec::len), Some(1), "{answer}");
    let refused = &answer["rejections"][0];
    assert!(refused["raw"] == "9999;2025-01;7" && refused["reason"].is_string(), "{refused}");
    let cell = &answer["cells"]["changed"][0];
    assert_eq!((&cell["old"], &cell["new"]), (&"1000".into(), &"1001".into()), "{answer}");
    assert_eq!(server.oslo().0, 1001);

    let (status, answer) = server.deliver("", "broken", "Kommunenr;Antall\n0301;7\n");
    assert_eq!((status, &answer["state"]), (202, &"held".into()), "{answer}");
    assert!(answer["held"].to_string().contains("Måned"), "{answer}");
    assert_eq!(server.oslo().0, 1001, "what was in force still is");

    // While another writes, nothing is lost: it is sent again.
    let lock = Lake::open(&here.join("lake")).expect("a lake").writer().expect("the lock");
    let (status, answer) = server.deliver("", "busy", good);
    assert_eq!((status, &answer["code"]), (503, &"busy".into()), "{answer}");
    drop(lock);
    assert_eq!(server.deliver("", "busy", good).0, 201);
    assert_eq!(server.oslo().0, 1000);
}

#[test]
fn a_delivery_above_the_usual_size_comes_in_piece_by_piece_where_the_server_is_set_to_it() {
    let folder = ready();
    let here = folder.path();
    let server = Server::run(command(
        here,
        &["serve", "--addr", "127.0.0.1:0", "--delivery-limit", "40", "--ready-within", "0"],
    ));
    // Six years of four municipalities, with notes that make it 36 MiB.
    let note = "x".repeat(64_000);
    let mut file = "Kommunenr;Måned;Antall;Merknad;Mer\n".to_owned();
    for month in (2020..2026).flat_map(|year| (1..=12).map(move |month| format!("{year}-{month:02}"))) {
        for (code, uses) in [("0301", 1000), ("4601", 20), ("1103", 5), ("5001", 9)] {
            file += &format!("{code};{month};{uses};{note};{note}\n");
        }
    }
    file += "9999;2025-01;7;;\n";
    let (status, answer) = server.deliver("", "large", &file);
    assert_eq!(
        (status, &answer["accepted"], &answer["rejected_rows"]),
        (201, &288.into(), &1.into()),
        "{answer}"
    );
    assert_eq!(server.oslo(), (1000.into(), 2.into()));
    // The same again is the same, under the key and under another one.
    assert_eq!(server.deliver("", "large", &file), (201, answer));
    let (status, answer) = server.deliver("", "other", &file);
    assert_eq!((status, &answer["state"]), (200, &"unchanged".into()), "{answer}");
}

#[test]
fn a_plan_that_cannot_be_kept_stops_the_server_and_without_one_there_are_no_uploads() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    assert!(command(here, &["init"]).status().expect("it runs").success());
    let server = Server::start(here);
    let (status, answer) = server.deliver("", "one", "a;b\n");
    assert_eq!((status, &answer["code"]), (404, &"unknown_path".into()), "{answer}");
    drop(server);

    std::fs::write(here.join("utbredt.toml"), PLAN).expect("written");
    let answer = |token: Option<&str>| {
        let mut serve = command(here, &["serve", "--addr", "127.0.0.1:0", "--ready-within", "0"]);
        match token {
            Some(token) => serve.env("COUNTY_TOKEN", token),
            None => serve.env_remove("COUNTY_TOKEN"),
        };
        let output = serve.output().expect("it ends");
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).expect("text")
    };
    assert!(answer(None).contains("COUNTY_TOKEN"));
    let short = answer(Some("hunter2"));
    assert!(short.contains("32") && !short.contains("hunter2"), "{short}");
    assert!(answer(Some(TOKEN)).contains("county.toml"), "the contract is not there");
}

#[test]
fn a_delivery_is_a_run_of_its_source() {
    let folder = ready();
    let here = folder.path();
    let server = Server::start(here);
    assert_eq!(server.deliver("&dry_run=true", "try", &january(1000)).0, 200);
    assert_eq!((server.status(), log(here).len()), (Value::Null, 0), "a trial is no run");
    let sent = format!("{}9999;2025-01;7\n1103;2025-01;5\n5001;2025-01;6\n", january(1000));
    assert_eq!(server.deliver("", "one", &sent).0, 201);
    let status = server.status();
    for (name, value) in [
        ("healthy", true.into()),
        ("requests", 1.into()),
        ("deliveries", 1.into()),
        ("bytes", sent.len().into()),
        ("rows_in", 5.into()),
        ("accepted", 4.into()),
        ("rejected", 1.into()),
        ("edition", 2.into()),
        ("latest_period", "2025-01-31".into()),
        ("held", Value::Array(Vec::new())),
    ] {
        assert_eq!(status[name], value, "{name} of {status}");
    }
    let (status, answer) = server.deliver("", "two", "Kommunenr;Antall\n0301;7\n");
    assert_eq!(status, 202, "{answer}");
    let status = server.status();
    assert_eq!(
        (&status["healthy"], &status["accepted"], &status["edition"]),
        (&false.into(), &0.into(), &3.into())
    );
    assert!(status["held"][0].as_str().is_some_and(|why| why.starts_with("2025-01: ")), "{status}");
    assert_eq!(status["latest_period"], "2025-01-31", "how far the source went is not forgotten");
    let metrics = server.text("/metrics");
    assert!(metrics.contains("utbredt_source_last_run_success{source=\"county\"} 0.0\n"), "{metrics}");
    let bytes = "Kommunenr;Antall\n0301;7\n".len();
    assert!(
        metrics.contains(&format!("utbredt_source_received_bytes{{source=\"county\"}} {bytes}.0\n")),
        "{metrics}"
    );

    let answer = command(here, &["source", "status"]).output().expect("it runs");
    let text = String::from_utf8(answer.stdout).expect("text");
    assert_eq!(answer.status.code(), Some(3));
    assert!(text.contains("county: not successful") && text.contains("held: 2025-01: "), "{text}");
    // The folder is looked at when its time comes, whatever was sent.
    let due = command(here, &["ingest", "--json"]).output().expect("it runs");
    assert_eq!(due.status.code(), Some(0), "{}", String::from_utf8_lossy(&due.stderr));
    assert!(String::from_utf8_lossy(&due.stdout).contains("\"source_id\":\"county\""));
    assert_eq!(server.status()["healthy"], true);
}

#[test]
fn a_correction_sent_stays_in_force_beside_the_file_it_corrects() {
    let folder = ready();
    let here = folder.path();
    std::fs::write(here.join("inbox/2025-01.csv"), january(1000)).expect("written");
    let look = || {
        let answer = command(here, &["source", "run", "county"]).output().expect("it runs");
        assert_eq!(answer.status.code(), Some(0), "{}", String::from_utf8_lossy(&answer.stderr));
    };
    look();
    let server = Server::start(here);
    assert_eq!(server.oslo().0, 1000);
    assert_eq!(server.deliver("", "one", &january(1001)).0, 201);
    look();
    assert_eq!(server.oslo(), (1001.into(), 3.into()));
    // Somebody who says so gets the file back, and the server sees it within its time.
    let by_hand = ["ingest", "inbox/2025-01.csv", "--contract", "county.toml"];
    assert!(command(here, &by_hand).status().expect("it runs").success());
    let server = server.again(here);
    assert_eq!(server.oslo(), (1000.into(), 4.into()));
}

#[test]
fn a_held_delivery_is_shown_and_released_over_http() {
    let folder = ready();
    let server = Server::start(folder.path());
    let good = "Kommunenr;Måned;Antall\n0301;2025-01;1000\n4601;2025-01;20\n";
    assert_eq!(server.deliver("", "first", good).0, 201);
    let (status, answer) = server.deliver("", "cut", "Kommunenr;Måned;Antall\n0301;2025-01;1001\n");
    assert_eq!((status, &answer["loss"]["cells"]), (202, &1.into()), "{answer}");
    let receipt = answer["receipt_id"].as_str().expect("a receipt").to_owned();
    let (status, listed) = server.send("GET", "/v1/held", "", "");
    assert_eq!((status, &listed["data"][0]["receipt_id"]), (200, &receipt.as_str().into()), "{listed}");
    let (status, shown) = server.send("GET", &format!("/v1/held/{receipt}"), "", "");
    assert_eq!(
        (status, &shown["data"]["release"]["loss"]["municipalities"][0]),
        (200, &"4601".into()),
        "{shown}"
    );
    assert_eq!(server.send("GET", "/v1/held/0123", "", "").1["code"], "unknown_receipt");
    let release = |headers: &str, body: &str| {
        server.send("POST", &format!("/v1/held/{receipt}:release"), headers, body)
    };
    let token = format!("Authorization: Bearer {TOKEN}\r\n");
    let reason = "{\"reason\": \"Bergen left\"}";
    assert_eq!(release("", reason).0, 401);
    for nothing in [" ", "\u{200b}\u{feff}", "?!"] {
        let (status, refused) = release(&token, &format!("{{\"reason\": \"{nothing}\"}}"));
        assert_eq!((status, &refused["code"]), (400, &"invalid_release".into()), "{nothing:?}");
        assert!(refused["detail"].as_str().expect("a text").contains("a letter or a digit"), "{refused}");
    }
    assert_eq!(server.oslo().0, 1000);
    let (status, answer) = release(&token, reason);
    assert_eq!((status, &answer["data"]["already"]), (200, &false.into()), "{answer}");
    assert_eq!(server.oslo().0, 1001, "served at once");
    let (status, answer) = release(&token, "{\"reason\": \"again\"}");
    assert_eq!((status, &answer["data"]["already"]), (200, &true.into()), "{answer}");
    assert_eq!(answer["data"]["reason"], "Bergen left");
    assert_eq!(server.send("GET", "/v1/held", "", "").1["data"], Value::Array(Vec::new()));
}
