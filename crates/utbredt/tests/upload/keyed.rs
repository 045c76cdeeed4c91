//! Deliveries by a key instead of a token of the plan, and what each key sees of one that is held.

use serde_json::Value;

use crate::kit::{PLAN, Server, command, january, ready};

/// Makes a key, and gives the header that holds it.
fn bearer(folder: &std::path::Path, scope: &str) -> String {
    let output = command(folder, &["key", "new", "--scope", scope]).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let key = String::from_utf8(output.stdout).expect("text");
    format!("Authorization: Bearer {}\r\n", key.trim())
}

#[test]
fn a_key_delivers_for_its_source_and_only_those_who_operate_see_what_is_held() {
    let folder = ready();
    let here = folder.path();
    // A plan without tokens.
    let (sources, _) = PLAN.split_once("[[upload]]").expect("it has uploads");
    std::fs::write(here.join("utbredt.toml"), sources).expect("written");
    let upload = bearer(here, "upload:county");
    let (read, operate) = (bearer(here, "read"), bearer(here, "operate"));
    let server = Server::start(here);
    let path = "/v1/deliveries?source_id=county&subject=2025-01";
    let once = format!("{upload}Idempotency-Key: first\r\n");
    let (status, first) = server.send("POST", path, &once, &january(1000));
    assert_eq!(status, 201, "{first}");
    assert_eq!(server.send("POST", path, &once, &january(1000)), (201, first), "the same answer again");
    assert_eq!(server.send("POST", path, &read, &january(1000)).0, 403);
    assert_eq!(server.send("POST", path, "", &january(1000)).0, 401);
    let other = "/v1/deliveries?source_id=network&subject=2025-01";
    assert_eq!(server.send("POST", other, &upload, &january(1000)).1["code"], "source_not_allowed");

    let cut = "Kommunenr;Måned;Antall\n0301;2025-01;1001\n";
    let (status, held) = server.send("POST", path, &upload, cut);
    assert_eq!(status, 202, "{held}");
    let receipt = held["data"]["receipt_id"].as_str().expect("a receipt").to_owned();
    let (one, release) = (format!("/v1/held/{receipt}"), format!("/v1/held/{receipt}:release"));
    for path in ["/v1/held", &one] {
        for (key, status) in [("", 401), (&read, 403), (&upload, 403), (&operate, 200)] {
            assert_eq!(server.send("GET", path, key, "").0, status, "{path}");
        }
    }
    // The texts of the log of runs are for those who operate; that there are such is not.
    let county = |key: &str| server.send("GET", "/v1/status", key, "").1["data"][0]["held"][0].clone();
    assert!(county(&operate).as_str().expect("a text").contains("2025-01"), "{}", county(&operate));
    for key in ["", &read] {
        assert_eq!(county(key), "a key with the scope `operate` shows why");
    }
    let reason = "{\"reason\": \"Bergen left\"}";
    for (key, status) in [("", 401), (&upload, 403), (&read, 403), (&operate, 200)] {
        let (answered, answer) = server.send("POST", &release, key, reason);
        assert_eq!(answered, status, "{answer}");
    }
    assert_eq!(server.oslo().0, 1001);
    assert_eq!(server.send("GET", "/v1/held", &operate, "").1["data"], Value::Array(Vec::new()));
}
