//! The door under everything a source is known to do, against a server that does it; and addresses it must not open.

mod cache;
pub(crate) mod maskinporten;
pub(crate) mod server;

use std::sync::Mutex;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Client, Clock, FetchError, Guard, Limits, Request, Secret};
use server::{Act, Server};

/// A clock that waits by being set on.
#[derive(Debug)]
pub(crate) struct Still {
    now: Mutex<DateTime<Utc>>,
    pub(crate) waits: Mutex<Vec<Duration>>,
}

impl Still {
    pub(crate) fn at(text: &str) -> Self {
        Self { now: Mutex::new(text.parse().unwrap()), waits: Mutex::default() }
    }

    pub(crate) fn on(&self, time: Duration) {
        *self.now.lock().unwrap() += TimeDelta::from_std(time).unwrap();
    }
}

impl Clock for Still {
    fn now(&self) -> DateTime<Utc> {
        *self.now.lock().unwrap()
    }

    fn sleep(&self, time: Duration) {
        self.waits.lock().unwrap().push(time);
        self.on(time);
    }
}

fn clock() -> Still {
    Still::at("2026-11-24T06:00:00Z")
}

fn limits() -> Limits {
    Limits { answer: Duration::from_secs(2), bytes: 100_000, ..Limits::default() }
}

fn client<'c>(server: &Server, clock: &'c Still) -> Client<'c> {
    Client::new(Guard::with_local([server.host()]), limits(), clock)
}

#[test]
fn trouble_that_passes_is_waited_out() {
    let refused = Act::status(503, &[]);
    let acts = vec![refused, Act::Hang, Act::Cut(b"[1,2,3]".to_vec(), 3), Act::ok("[1,2,3]")];
    let (server, clock) = (Server::acting(acts), clock());
    let answer = client(&server, &clock).fetch(&Request::get(server.url("/points"))).unwrap();
    assert_eq!((answer.body.as_slice(), answer.attempts), (b"[1,2,3]".as_slice(), 4));
    let waits = clock.waits.lock().unwrap().clone();
    assert_eq!(waits.len(), 3);
    for (wait, base) in waits.iter().zip([500, 1000, 2000]) {
        let base = Duration::from_millis(base);
        assert!(*wait >= base && *wait <= base * 3 / 2, "{wait:?} after {base:?}");
    }
}

#[test]
fn the_source_states_how_long_to_wait() {
    // By its own clock, which is an hour wrong, the moment is 40 seconds away.
    let dated = [("Retry-After", "Tue, 24 Nov 2026 07:00:40 GMT"), ("Date", "Tue, 24 Nov 2026 07:00:00 GMT")];
    let acts = vec![Act::status(429, &[("Retry-After", "7")]), Act::status(503, &dated), Act::ok("[]")];
    let (server, clock) = (Server::acting(acts), clock());
    client(&server, &clock).fetch(&Request::get(server.url("/"))).unwrap();
    assert_eq!(*clock.waits.lock().unwrap(), [Duration::from_secs(7), Duration::from_secs(40)]);

    let server = Server::acting(vec![Act::status(429, &[("Retry-After", "86400")])]);
    let message = client(&server, &clock).fetch(&Request::get(server.url("/"))).unwrap_err();
    assert!(
        matches!(message, FetchError::RetryAfterTooLong { wait, .. } if wait.as_secs() == 86_400),
        "{message}"
    );
}

#[test]
fn what_would_not_change_is_not_requested_again() {
    for status in [400, 401, 403, 404, 410, 422] {
        let (server, clock) = (Server::acting(vec![Act::status(status, &[])]), clock());
        let message = client(&server, &clock).fetch(&Request::get(server.url("/x?person=1"))).unwrap_err();
        assert!(matches!(&message, FetchError::Status { status: s, .. } if *s == status), "{message}");
        assert!(!message.to_string().contains("person"), "{message}");
        assert_eq!(server.requests().len(), 1);
    }
}

/// A statement signed by a clock that is wrong is refused: the reason says by how much it is.
#[test]
fn a_refusal_includes_how_far_the_clocks_differ() {
    let clock = clock();
    let message = |date: &str| {
        let server = Server::acting(vec![Act::status(400, &[("Date", date)])]);
        client(&server, &clock).fetch(&Request::get(server.url("/"))).unwrap_err().to_string()
    };
    assert!(
        message("Tue, 24 Nov 2026 04:00:00 GMT")
            .ends_with("(this machine's clock is 7200 s ahead of the source's)")
    );
    assert!(
        message("Tue, 24 Nov 2026 06:02:00 GMT")
            .ends_with("(this machine's clock is 120 s behind the source's)")
    );
    for date in ["Tue, 24 Nov 2026 06:00:59 GMT", "yesterday"] {
        assert!(message(date).ends_with("answers 400: no"), "{}", message(date));
    }
}

#[test]
fn a_host_that_fails_is_left_alone_for_a_while() {
    let (server, clock) = (Server::acting(vec![Act::status(500, &[])]), clock());
    let client = client(&server, &clock);
    let request = Request::get(server.url("/"));
    for _ in 0..3 {
        assert!(matches!(
            client.fetch(&request).unwrap_err(),
            FetchError::RetriesExhausted { attempts: 5, .. }
        ));
    }
    assert!(matches!(client.fetch(&request).unwrap_err(), FetchError::Paused { failures: 3, .. }));
    assert_eq!(server.requests().len(), 15, "no request was sent the last time");
    clock.on(Duration::from_secs(601));
    assert!(matches!(client.fetch(&request).unwrap_err(), FetchError::RetriesExhausted { .. }));
}

#[test]
fn a_host_is_requested_no_faster_than_it_allows() {
    let seconds = |n| Duration::from_secs(n);
    let (server, clock) = (Server::acting(vec![Act::ok("[]")]), clock());
    let client = client(&server, &clock);
    let paced = Request { min_interval: seconds(2), ..Request::get(server.url("/")) };
    // The first question waits for nothing, the second for the rest of its time, one without a pace for nothing.
    client.fetch(&paced).unwrap();
    client.fetch(&paced).unwrap();
    clock.on(Duration::from_millis(500));
    client.fetch(&paced).unwrap();
    client.fetch(&Request::get(server.url("/"))).unwrap();
    clock.on(seconds(3));
    client.fetch(&paced).unwrap();
    assert_eq!(*clock.waits.lock().unwrap(), [seconds(2), Duration::from_millis(1500)]);
    // A clock set back by an hour does not make us wait for an hour.
    *clock.now.lock().unwrap() -= TimeDelta::hours(1);
    client.fetch(&paced).unwrap();
    assert_eq!(clock.waits.lock().unwrap().len(), 2);
    // Asking again after trouble is asking: 429 with a wait of a second is followed by one more.
    let acts = vec![Act::status(429, &[("Retry-After", "1")]), Act::ok("[]")];
    let busy = Server::acting(acts);
    clock.waits.lock().unwrap().clear();
    let client = Client::new(Guard::with_local([busy.host()]), limits(), &clock);
    client.fetch(&Request { min_interval: seconds(2), ..Request::get(busy.url("/")) }).unwrap();
    assert_eq!(*clock.waits.lock().unwrap(), [seconds(1), seconds(1)]);
}

#[test]
fn an_answer_has_a_size_and_a_time() {
    let (server, clock) = (Server::acting(vec![Act::Flood]), clock());
    let message = client(&server, &clock).fetch(&Request::get(server.url("/"))).unwrap_err();
    assert!(matches!(message, FetchError::TooLarge { limit: 100_000, .. }), "{message}");
    let server = Server::acting(vec![Act::ok(vec![b'x'; 100_001])]);
    assert!(matches!(
        client(&server, &clock).fetch(&Request::get(server.url("/"))).unwrap_err(),
        FetchError::TooLarge { .. }
    ));
    let slow = Limits { answer: Duration::from_millis(200), attempts: 2, ..limits() };
    let server = Server::acting(vec![Act::Drip(vec![b'x'; 100], Duration::from_millis(50))]);
    let client = Client::new(Guard::with_local([server.host()]), slow, &clock);
    assert!(matches!(
        client.fetch(&Request::get(server.url("/"))).unwrap_err(),
        FetchError::RetriesExhausted { .. }
    ));
}

#[test]
fn whoever_sends_us_on_is_checked_and_secrets_stay_at_home() {
    let other = Server::acting(vec![Act::ok("there")]);
    let to_other = Act::status(302, &[("Location", &other.url("/next"))]);
    let (server, clock) = (Server::acting(vec![to_other]), clock());
    let both = Guard::with_local([server.host(), other.host()]);
    let mut request = Request::get(server.url("/"));
    request.secrets.push(("Authorization".into(), Secret("Bearer quiet".into())));
    assert!(!format!("{request:?}").contains("quiet"), "a secret is never shown");
    let answer = Client::new(both, limits(), &clock).fetch(&request).unwrap();
    assert_eq!(answer.body, b"there");
    assert!(server.requests()[0].headers.contains("bearer quiet"));
    // The ports differ and the host does not: a host is a name here, and a port another door of the same house.
    let message = client(&server, &clock).fetch(&request).unwrap_err();
    assert!(matches!(message, FetchError::Refused(_)), "{message}");
    assert_eq!(other.requests().len(), 1, "the second time it was not reached");

    let round = Server::start(|_, _| Act::status(302, &[("Location", "/again")]));
    let message = client(&round, &clock).fetch(&Request::get(round.url("/"))).unwrap_err();
    assert!(matches!(message, FetchError::TooManyRedirects { .. }), "{message}");
    assert_eq!(round.requests().len(), 6);
}

/// More than 500 ways to write an address of this machine, of its neighbours, or of a host that is not on the list.
fn hostile(port: u16) -> Vec<String> {
    let hosts = [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0x7f.1",
        "127.0.0.1.",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "[::1]",
        "[::]",
        "0.0.0.0",
        "0",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "[fe80::1]",
        "[fc00::1]",
        "[fd12:3456::1]",
        "[ff02::1]",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "１２７.0.0.1",
        "ⓛocalhost",
        "loc%61lhost",
        "127。0。0。1",
        "evil.example",
        "data.ssb.no.evil.example",
        "data.ssb.no@127.0.0.1",
        "xn--data-ssb.no",
        "data.ssb.nо",
        "data-ssb.no",
        "ssb.no",
        "data.ssb.no%2eevil.example",
        "data.ssb.no\\@127.0.0.1",
        "data.ssb.no#@evil.example",
        "data.ssb.no:443@127.0.0.1",
        "evil.example?data.ssb.no",
        "evil.example/data.ssb.no",
        "metadata.google.internal",
    ];
    let forms = [
        "https://{h}/",
        "https://{h}:{p}/",
        "https://user@{h}:{p}/",
        "https://data.ssb.no@{h}:{p}/",
        "https:\\\\{h}:{p}\\",
        "https:///{h}:{p}/",
        "HTTPS://{h}:{p}/x",
        "http://{h}:{p}/",
        "ftp://{h}:{p}/",
        "file://{h}/etc/passwd",
        "gopher://{h}:{p}/_x",
        "https://{h}:{p}/?x=https://data.ssb.no/",
    ];
    let fill = |form: &str, host: &str| form.replace("{h}", host).replace("{p}", &port.to_string());
    hosts.iter().flat_map(|host| forms.iter().map(move |form| fill(form, host))).collect()
}

#[test]
fn no_spelling_leads_off_the_list() {
    let (server, clock) = (Server::acting(vec![Act::ok("reached")]), clock());
    let guard = Guard::new(["data.ssb.no".to_owned()]);
    let client = Client::new(guard.clone(), Limits { attempts: 1, ..limits() }, &clock);
    let addresses = hostile(server.address.port());
    assert!(addresses.len() >= 500, "{}", addresses.len());
    for address in &addresses {
        match guard.check(address) {
            // What is left over is the host on the list, spelt so that a careless reader sees another.
            Ok(target) => assert!(target.host() == "data.ssb.no", "{address} leads to {target}"),
            Err(_) => {
                let message = client.fetch(&Request::get(address.clone())).unwrap_err();
                assert!(matches!(message, FetchError::Refused(_)), "{address}: {message}");
            }
        }
    }
    assert!(server.requests().is_empty(), "{:?}", server.requests());
    assert!(guard.check("https://DATA.SSB.NO/api").is_ok());
    let message = guard.check("https://kari:hemmelig@data.ssb.no/").unwrap_err();
    assert!(!message.to_string().contains("hemmelig"), "{message}");
}

/// A name on the list that leads to this machine is not asked: what counts is where the connection would go.
#[test]
fn a_name_on_the_list_that_leads_home_is_refused() {
    let (server, clock) = (Server::acting(vec![Act::ok("reached")]), clock());
    let host = format!("localhost:{}", server.address.port());
    let client = Client::new(Guard::new([host.clone()]), limits(), &clock);
    let message = client.fetch(&Request::get(format!("https://{host}/"))).unwrap_err();
    assert!(matches!(message, FetchError::Refused(_)), "{message}");
    assert!(server.requests().is_empty());
}
