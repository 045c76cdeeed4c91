//! Slow and idle clients over real connections: each is sent away in time, none keeps the others or the end waiting.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use utbredt_api::{ApiState, Limits};

/// Deadlines that a test can wait for. Each test shortens the one it is about.
const LONG: Limits = Limits {
    connections: 64,
    headers: Duration::from_secs(60),
    write: Duration::from_secs(60),
    drain: Duration::from_secs(60),
};

/// The deadline that a test is about.
const SHORT: Duration = Duration::from_millis(400);

/// What a busy machine may take on top.
const PATIENCE: Duration = Duration::from_secs(20);

const LIVE: &[u8] = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n";

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl Server {
    fn start(limits: Limits) -> Self {
        let listener = utbredt_api::bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
        let address = listener.local_addr().expect("an address");
        let state = ApiState::waiting().with_limits(limits).with_time_limit(SHORT);
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = tokio::spawn(utbredt_api::serve(listener, state, async { drop(stopped.await) }));
        Self { address, stop, ended }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("it listens")
    }

    /// Tells it to stop, and gives the time until it had.
    async fn stop(self) -> Duration {
        let start = Instant::now();
        self.stop.send(()).expect("it still runs");
        timeout(PATIENCE, self.ended).await.expect("it stops").expect("without a panic");
        start.elapsed()
    }
}

/// Everything up to the end of the connection.
async fn rest(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut text)).await.expect("the connection is ended");
    // Bytes that nobody read make the end a reset.
    assert!(read.is_ok() || read.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset));
    String::from_utf8_lossy(&text).into_owned()
}

async fn is_live(stream: &mut TcpStream) {
    stream.write_all(LIVE).await.expect("sent");
    let mut answer = [0; 15];
    timeout(PATIENCE, stream.read_exact(&mut answer)).await.expect("in time").expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
}

#[tokio::test]
async fn who_sends_its_headers_byte_by_byte_is_sent_away() {
    let server = Server::start(Limits { headers: SHORT, ..LONG });
    let (mut reads, mut writes) = server.connect().await.into_split();
    let start = Instant::now();
    let dripping = tokio::spawn(async move {
        for byte in b"GET /health/live HTTP/1.1\r\nX-Slow: ".iter().chain([b'a'; 4000].iter()) {
            if writes.write_all(&[*byte]).await.is_err() {
                return;
            }
            sleep(Duration::from_millis(20)).await;
        }
    });
    let mut answer = Vec::new();
    drop(timeout(PATIENCE, reads.read_to_end(&mut answer)).await.expect("the connection is ended"));
    assert!(start.elapsed() >= SHORT, "{:?}", start.elapsed());
    dripping.abort();
}

#[tokio::test]
async fn a_silent_client_is_sent_away_before_and_after_an_answer() {
    let server = Server::start(Limits { headers: SHORT, ..LONG });
    let (mut silent, mut idle) = (server.connect().await, server.connect().await);
    is_live(&mut idle).await;
    assert_eq!(rest(&mut silent).await, "");
    rest(&mut idle).await;
}

const BATCH: &[u8] = b"POST /v1/kpis:batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{";

#[tokio::test]
async fn when_all_places_are_taken_the_longest_without_a_request_makes_room() {
    let server = Server::start(Limits { connections: 3, ..LONG });
    let (mut under_way, mut idle, mut half) =
        (server.connect().await, server.connect().await, server.connect().await);
    under_way.write_all(BATCH).await.expect("sent");
    is_live(&mut idle).await;
    half.write_all(b"GET /health/live HTTP/1.1\r\nHost:").await.expect("sent");
    // A request is under way once it was read.
    sleep(SHORT / 4).await;
    let (mut fourth, mut fifth) = (server.connect().await, server.connect().await);
    is_live(&mut fourth).await;
    rest(&mut idle).await;
    is_live(&mut fifth).await;
    assert_eq!(rest(&mut half).await, "");
    assert_is_timeout(&rest(&mut under_way).await);
}

#[tokio::test]
async fn when_every_place_has_a_request_the_next_waits_for_an_answer() {
    let server = Server::start(Limits { connections: 1, ..LONG });
    let mut under_way = server.connect().await;
    let start = Instant::now();
    under_way.write_all(BATCH).await.expect("sent");
    sleep(SHORT / 4).await;
    let (answer, ()) =
        tokio::join!(rest(&mut under_way), async { is_live(&mut server.connect().await).await });
    assert_is_timeout(&answer);
    assert!(start.elapsed() >= SHORT, "answered beside another: {:?}", start.elapsed());
}

fn assert_is_timeout(answer: &str) {
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("\"timeout\""), "{answer}");
}

/// Sends requests and reads no answer, until no more can be sent.
async fn stall(stream: &mut TcpStream) {
    let many = b"GET /problems HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(1000);
    while timeout(SHORT, stream.write_all(&many)).await.is_ok_and(|sent| sent.is_ok()) {}
}

#[tokio::test]
async fn who_takes_no_byte_of_an_answer_is_sent_away() {
    let server = Server::start(Limits { write: SHORT, ..LONG });
    let mut stalled = server.connect().await;
    stall(&mut stalled).await;
    sleep(SHORT * 3).await;
    // What was on its way is read, and then there is no more.
    rest(&mut stalled).await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_answered_at_the_time_limit() {
    let server = Server::start(LONG);
    let mut slow = server.connect().await;
    let head = b"POST /v1/deliveries HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{";
    slow.write_all(head).await.expect("sent");
    let mut batch = server.connect().await;
    batch.write_all(BATCH).await.expect("sent");
    // There is no such route without keys, and its body is not waited for.
    assert!(rest(&mut slow).await.starts_with("HTTP/1.1 404"));
    assert_is_timeout(&rest(&mut batch).await);
}

#[tokio::test]
async fn at_the_end_idle_connections_go_at_once_and_answers_under_way_are_finished() {
    let server = Server::start(LONG);
    let (mut idle, mut under_way) = (server.connect().await, server.connect().await);
    is_live(&mut idle).await;
    under_way.write_all(BATCH).await.expect("sent");
    sleep(SHORT / 4).await;
    let took = server.stop().await;
    assert_is_timeout(&rest(&mut under_way).await);
    assert!(took < LONG.drain / 2, "{took:?}");
}

#[tokio::test]
async fn at_the_end_half_a_header_and_a_stalled_answer_keep_nobody_waiting() {
    let server = Server::start(Limits { drain: SHORT, ..LONG });
    let (mut half, mut stalled) = (server.connect().await, server.connect().await);
    half.write_all(b"GET /health/live HTTP/1.1\r\nHost:").await.expect("sent");
    stall(&mut stalled).await;
    let took = server.stop().await;
    assert!(took < PATIENCE / 2, "{took:?}");
}
