//! A server that speaks HTTP/1.1 and misbehaves on demand.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the server does with one request.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Answers: status, more headers, body.
    Say(u16, Vec<(String, String)>, Vec<u8>),
    /// Announces a body and sends only the first bytes of it.
    Cut(Vec<u8>, usize),
    /// Sends the body a byte at a time, waiting between them.
    Drip(Vec<u8>, Duration),
    /// Sends the body in so many pieces, waiting between them.
    Chunks(Vec<u8>, usize, Duration),
    /// Closes without a word.
    Hang,
    /// Sends bytes without end.
    Flood,
}

impl Act {
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::Say(200, Vec::new(), body.into())
    }

    pub(crate) fn status(status: u16, headers: &[(&str, &str)]) -> Self {
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Self::Say(status, headers, b"no".to_vec())
    }
}

/// A request as it came: its first line, its headers in lower case, its body.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) line: String,
    pub(crate) headers: String,
    pub(crate) body: String,
}

type Answerer = dyn Fn(usize, &Seen) -> Act + Send + Sync;

/// The running server.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// Starts one that is asked, with the number of the request, what to do.
    pub(crate) fn start(answer: impl Fn(usize, &Seen) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let (seen, count) = (Arc::clone(&server.seen), Arc::new(AtomicUsize::new(0)));
        let answer: Arc<Answerer> = Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, count, answer) = (Arc::clone(&seen), Arc::clone(&count), Arc::clone(&answer));
                std::thread::spawn(move || serve(stream, &seen, &count, &answer));
            }
        });
        server
    }

    /// One that does these things, one for each request, and the last one for ever.
    pub(crate) fn acting(acts: Vec<Act>) -> Self {
        Self::start(move |number, _| acts[number.min(acts.len() - 1)].clone())
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, seen: &Mutex<Vec<Seen>>, count: &AtomicUsize, answer: &Arc<Answerer>) {
    let mut head = Vec::new();
    let mut byte = [0u8; 1];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    let (line, headers) = text.split_once("\r\n").unwrap();
    let headers = headers.to_ascii_lowercase();
    let length = headers.lines().find_map(|l| l.strip_prefix("content-length: ")?.trim().parse().ok());
    let mut body = vec![0u8; length.unwrap_or(0)];
    let _ = stream.read_exact(&mut body);
    let body = String::from_utf8_lossy(&body).into_owned();
    let request = Seen { line: line.to_owned(), headers, body };
    seen.lock().unwrap().push(request.clone());
    let number = count.fetch_add(1, Ordering::SeqCst);
    let head = |status: u16, length: usize, more: &[(String, String)]| {
        let more: String = more.iter().map(|(n, v)| format!("{n}: {v}\r\n")).collect();
        format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n{more}\r\n")
    };
    match answer(number, &request) {
        Act::Say(status, headers, body) => {
            let _ = stream.write_all(head(status, body.len(), &headers).as_bytes());
            let _ = stream.write_all(&body);
        }
        Act::Cut(body, sent) => {
            let _ = stream.write_all(head(200, body.len(), &[]).as_bytes());
            let _ = stream.write_all(&body[..sent]);
        }
        Act::Drip(body, wait) => {
            let _ = stream.write_all(head(200, body.len(), &[]).as_bytes());
            for byte in body {
                std::thread::sleep(wait);
                if stream.write_all(&[byte]).is_err() {
                    return;
                }
            }
        }
        Act::Chunks(body, count, wait) => {
            let _ = stream.write_all(head(200, body.len(), &[]).as_bytes());
            for (at, chunk) in body.chunks(body.len().div_ceil(count).max(1)).enumerate() {
                std::thread::sleep(if at == 0 { Duration::ZERO } else { wait });
                if stream.write_all(chunk).is_err() {
                    return;
                }
            }
        }
        Act::Hang => {}
        Act::Flood => {
            let _ = stream.write_all(b"HTTP/1.1 200 X\r\nConnection: close\r\n\r\n");
            while stream.write_all(&[b'x'; 4096]).is_ok() {}
        }
    }
}
