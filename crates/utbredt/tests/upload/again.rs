//! The same again: after a restart, a day later, after a stop between the edition and its answer, and at the same moment.

use utbredt_lake::Lake;

use crate::kit::{Server, TOKEN, january, log, ready, ready_at};

#[test]
fn the_same_key_gets_the_same_answer_after_a_restart() {
    let folder = ready();
    let here = folder.path();
    let server = Server::start(here);
    let first = server.deliver("", "key-of-the-first", &january(1000));
    assert_eq!((first.0, &first.1["edition"]), (201, &2.into()), "{first:?}");
    let server = server.again(here);
    assert_eq!(server.deliver("", "key-of-the-first", &january(1000)), first);
    assert_eq!(server.deliver("", "key-of-the-second", &january(1001)).0, 201);
    let held = server.deliver("", "key-of-a-broken", "Kommunenr;Antall\n0301;7\n");
    assert_eq!(held.0, 202);
    assert_eq!(server.oslo(), (1001.into(), 4.into()));

    // The first is repeated long after it was corrected: its answer is the old one, and the correction stays.
    let server = server.again(here);
    let lines = log(here).len();
    assert_eq!(server.deliver("", "key-of-the-first", &january(1000)), first);
    assert_eq!(server.deliver("", "key-of-a-broken", "Kommunenr;Antall\n0301;7\n"), held);
    assert_eq!(server.oslo(), (1001.into(), 4.into()));
    let (status, answer) = server.deliver("", "key-of-the-first", &january(1002));
    assert_eq!((status, &answer["code"]), (422, &"idempotency_key_reused".into()), "{answer}");
    let (status, answer) = server.deliver("&dry_run=true", "key-of-the-first", &january(1000));
    assert_eq!((status, &answer["code"]), (422, &"idempotency_key_reused".into()), "{answer}");
    // Known answers are also given while somebody else writes.
    let lock = Lake::open(&here.join("lake")).expect("a lake").writer().expect("the lock");
    assert_eq!(server.deliver("", "key-of-the-first", &january(1000)), first);
    drop(lock);
    assert_eq!((log(here).len(), server.oslo()), (lines, (1001.into(), 4.into())), "nothing was done");
    // A new key is a new decision.
    let (status, answer) = server.deliver("", "key-of-the-way-back", &january(1000));
    assert_eq!((status, &answer["edition"], server.oslo().0), (201, &5.into(), 1000.into()), "{answer}");
    let text = log(here).join("\n");
    assert!(!text.contains("key-of") && !text.contains(TOKEN), "{text}");
}

#[test]
fn an_answer_is_remembered_for_24_hours() {
    let folder = ready_at(Some("2025-02-28T10:00:00Z"));
    let here = folder.path();
    let server = Server::start_at(here, Some("2025-03-01T10:00:00Z"));
    let first = server.deliver("", "one", &january(1000));
    assert_eq!(server.deliver("", "two", &january(1001)).0, 201);
    drop(server);
    let server = Server::start_at(here, Some("2025-03-02T10:00:00Z"));
    assert_eq!(server.deliver("", "one", &january(1000)), first);
    assert_eq!(server.oslo().0, 1001);
    drop(server);
    let server = Server::start_at(here, Some("2025-03-02T10:00:01Z"));
    assert_eq!(server.deliver("", "one", &january(1002)).0, 201, "the key is free again");
    assert_eq!(server.oslo().0, 1002);
}

#[test]
fn one_that_was_stopped_before_it_could_answer_knows_whether_the_edition_is_its_own() {
    let folder = ready();
    let here = folder.path();
    let server = Server::start(here);
    assert_eq!(server.deliver("", "one", &january(1000)).0, 201);
    assert_eq!(server.deliver("", "two", &january(1001)).0, 201);
    drop(server);
    // As if the machine had stopped after the first edition and before its answer was noted: half of that line is there.
    let path = here.join("lake/runs.jsonl");
    let lines = log(here);
    let [begun, answered, rest @ ..] = &lines[..] else { panic!("{lines:?}") };
    assert!(begun.contains("\"verdict\":null") && answered.contains("\"verdict\":\"accepted\""), "{lines:?}");
    let (torn, rest) = (&answered[..answered.len() / 2], rest.join("\n"));
    std::fs::write(&path, format!("{begun}\n{torn}\n{rest}\n")).expect("written");
    let server = Server::start(here);
    let (status, answer) = server.deliver("", "one", &january(1000));
    assert_eq!(
        (status, &answer["state"], &answer["edition"]),
        (200, &"unchanged".into(), &3.into()),
        "{answer}"
    );
    assert_eq!(server.oslo(), (1001.into(), 3.into()), "the correction stays");
    assert_eq!(
        server.deliver("", "one", &january(1000)),
        (status, answer),
        "and that is its answer from now on"
    );
    drop(server);

    // As if it had stopped before the edition was made: then it is not in, and comes in now.
    assert!(begun.contains("\"edition\":1"), "{begun}");
    std::fs::write(&path, begun.replace("\"edition\":1", "\"edition\":3")).expect("half a line, even");
    let server = Server::start(here);
    let (status, answer) = server.deliver("", "one", &january(1000));
    assert_eq!((status, &answer["edition"]), (201, &4.into()), "{answer}");
    assert_eq!((server.oslo().0, log(here).len()), (1000.into(), 3));
}

#[test]
fn those_who_come_at_once_are_taken_in_turn() {
    let folder = ready();
    let here = folder.path();
    let server = Server::start(here);
    let same = std::thread::scope(|scope| {
        let sent = [(); 3].map(|()| scope.spawn(|| server.deliver("", "one", &january(1000))));
        sent.map(|sent| sent.join().expect("answered"))
    });
    assert_eq!(same[0].0, 201, "{same:?}");
    assert!(same[0] == same[1] && same[1] == same[2], "{same:?}");
    assert_eq!(log(here).len(), 2, "begun once and answered once");
    let (one, other) = std::thread::scope(|scope| {
        let other = scope.spawn(|| server.deliver("", "three", &january(1002)));
        (server.deliver("", "two", &january(1001)).0, other.join().expect("answered").0)
    });
    assert_eq!((one, other), (201, 201), "none is sent away because of the other");
}
