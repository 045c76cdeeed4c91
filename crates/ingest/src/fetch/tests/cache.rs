//! Answers that need not be given again.

use std::sync::Arc;
use std::time::Duration;

use super::server::{Act, Seen, Server};
use super::{client, clock, limits};
use crate::fetch::{Client, FetchError, Guard, Hosts, HttpCache, Request, Response};

const TAG: (&str, &str) = ("ETag", "\"a-1\"");
const DATE: (&str, &str) = ("Last-Modified", "Tue, 24 Nov 2026 05:00:00 GMT");

fn said(body: &str, headers: &[(&str, &str)]) -> Act {
    let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    Act::Say(200, headers, body.into())
}

/// Says that nothing changed to whoever knows the tag.
fn tagged(seen: &Seen) -> Act {
    if seen.headers.contains("if-none-match: \"a-1\"") {
        Act::Say(304, vec![("ETag".into(), "\"a-1\"".into())], Vec::new())
    } else {
        said("[1,2,3]", &[TAG, DATE])
    }
}

fn question(server: &Server) -> Request {
    Request { remember: true, ..Request::get(server.url("/list")) }
}

fn got(answer: &Response) -> (u16, &[u8], u64) {
    (answer.status, &answer.body, answer.received)
}

#[test]
fn an_answer_that_did_not_change_does_not_come_again() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let server = Server::start(|_, seen| tagged(seen));
    let answers = HttpCache::in_folder(&folder.path().join("answers"));
    // A new client each time: what is kept outlives it.
    let request =
        |question: &Request| client(&server, &clock).with_cache(answers.clone()).fetch(question).unwrap();
    assert_eq!(got(&request(&question(&server))), (200, b"[1,2,3]".as_slice(), 7));
    assert_eq!(got(&request(&question(&server))), (304, b"[1,2,3]".as_slice(), 0));
    let seen = server.requests();
    assert!(!seen[0].headers.contains("if-"), "{}", seen[0].headers);
    assert!(
        seen[1].headers.contains("if-modified-since: tue, 24 nov 2026 05:00:00 gmt"),
        "{}",
        seen[1].headers
    );

    // What is not to be remembered is not, and neither is another address.
    let plain = Request { remember: false, ..question(&server) };
    assert_eq!(request(&plain).status, 200);
    assert_eq!(request(&Request { remember: true, ..Request::get(server.url("/other")) }).status, 200);
    // Damage, in the bytes or before them, costs an answer and nothing else.
    for damage in [3, 40] {
        for entry in std::fs::read_dir(folder.path().join("answers")).unwrap() {
            let path = entry.unwrap().path();
            let mut bytes = std::fs::read(&path).unwrap();
            let at = bytes.len() - damage;
            bytes[at] ^= 1;
            std::fs::write(path, bytes).unwrap();
        }
        assert_eq!(got(&request(&question(&server))), (200, b"[1,2,3]".as_slice(), 7), "{damage}");
    }
    // A week later the tag is not believed, whatever the source says; neither is one of the future.
    clock.on(Duration::from_secs(7 * 24 * 3600));
    assert_eq!(request(&question(&server)).status, 200);
    assert_eq!(request(&question(&server)).status, 304);
    *clock.now.lock().unwrap() -= chrono::TimeDelta::hours(1);
    assert_eq!(request(&question(&server)).status, 200);
}

#[test]
fn an_answer_without_a_tag_is_not_kept_and_one_by_its_day_is() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let answers = HttpCache::in_folder(folder.path());
    let count = || std::fs::read_dir(folder.path()).unwrap().count();
    let server = Server::acting(vec![
        said("a", &[DATE]),
        Act::Say(304, Vec::new(), Vec::new()),
        said("b", &[]),
        said("c", &[TAG]),
        // Trouble on the way to saying that nothing changed.
        Act::status(503, &[]),
        Act::Cut(b"[1]".to_vec(), 1),
        Act::Say(304, Vec::new(), Vec::new()),
    ]);
    let client = client(&server, &clock).with_cache(answers);
    let request = || client.fetch(&question(&server)).unwrap();
    assert_eq!((request().body, count()), (b"a".to_vec(), 1));
    assert_eq!(got(&request()), (304, b"a".as_slice(), 0));
    assert_eq!((request().body, count()), (b"b".to_vec(), 0));
    assert_eq!((request().body, count()), (b"c".to_vec(), 1));
    assert_eq!(got(&request()), (304, b"c".as_slice(), 0));
    assert!(server.requests()[6].headers.contains("if-none-match"), "the condition is repeated");
}

#[test]
fn nothing_changed_is_no_answer_to_a_question_without_a_condition() {
    let clock = clock();
    let server = Server::acting(vec![Act::Say(304, Vec::new(), Vec::new())]);
    let message = client(&server, &clock).fetch(&Request::get(server.url("/list"))).unwrap_err();
    assert!(matches!(&message, FetchError::RetriesExhausted { why, .. } if why.contains("304")), "{message}");
}

#[test]
fn old_answers_are_swept_up() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let answers = HttpCache::in_folder(&folder.path().join("answers"));
    answers.tidy(chrono::Utc::now()).unwrap();
    let server = Server::start(|_, seen| tagged(seen));
    client(&server, &clock).with_cache(answers.clone()).fetch(&question(&server)).unwrap();
    let count = || std::fs::read_dir(folder.path().join("answers")).unwrap().count();
    answers.tidy(chrono::Utc::now()).unwrap();
    assert_eq!(count(), 1);
    answers.tidy(chrono::Utc::now() + chrono::TimeDelta::days(8)).unwrap();
    assert_eq!(count(), 0);
}

/// A page that is no answer bears a later day than the answer: by that day nothing changed.
#[test]
fn an_answer_that_was_not_believed_is_forgotten() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let server = Server::start(|number, seen| match (number, seen.headers.contains("if-modified-since")) {
        (_, true) => Act::Say(304, Vec::new(), Vec::new()),
        (0, false) => said("<html>", &[DATE]),
        (_, false) => said("[1,2,3]", &[DATE]),
    });
    let client = client(&server, &clock).with_cache(HttpCache::in_folder(folder.path()));
    let request = || client.fetch(&question(&server)).unwrap().body;
    let commit_or_rollback = |believed| client.cache().unwrap().commit_or_rollback(believed);
    for _ in 0..2 {
        assert_eq!(request(), b"<html>");
    }
    commit_or_rollback(false);
    assert_eq!(request(), b"[1,2,3]");
    commit_or_rollback(true);
    commit_or_rollback(false);
    assert_eq!((request(), server.requests().len()), (b"[1,2,3]".to_vec(), 4));
    assert!(server.requests()[3].headers.contains("if-modified-since"), "what was believed is kept");
    // One that was given again is not believed either.
    commit_or_rollback(false);
    request();
    assert!(!server.requests()[4].headers.contains("if-modified-since"));
}

/// The next look, with a client of its own, keeps to what was learned of a host.
#[test]
fn a_host_that_failed_is_left_alone_by_the_next_client_too() {
    let (server, clock, hosts) =
        (Server::acting(vec![Act::status(500, &[])]), clock(), Arc::<Hosts>::default());
    let look = || {
        let client = Client::new(Guard::with_local([server.host()]), limits(), &clock);
        client.with_host_state(Arc::clone(&hosts)).fetch(&Request::get(server.url("/"))).unwrap_err()
    };
    for _ in 0..3 {
        assert!(matches!(look(), FetchError::RetriesExhausted { .. }));
    }
    assert!(matches!(look(), FetchError::Paused { failures: 3, .. }));
    assert_eq!(server.requests().len(), 15);
    // A clock set back by a day does not leave it alone for a day.
    *clock.now.lock().unwrap() -= chrono::TimeDelta::days(1);
    assert!(matches!(look(), FetchError::RetriesExhausted { .. }));
}

#[test]
fn a_question_may_take_less_than_the_client() {
    let clock = clock();
    let server = Server::acting(vec![said("0123456789", &[])]);
    let request =
        |max_bytes| client(&server, &clock).fetch(&Request { max_bytes, ..Request::get(server.url("/")) });
    assert_eq!(request(10).unwrap().body, b"0123456789");
    assert!(matches!(request(9).unwrap_err(), FetchError::TooLarge { limit: 9, .. }));
}
