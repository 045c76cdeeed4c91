//! A poll beside its peers: kept answers and answers that did not change, by the server on one thread, by nginx with one worker and
//! the same bytes in files, and by bare hyper; 64 connections, lanes in turn, five times, medians.
//! `cargo bench --workspace --bench peers [-- SECONDS [SERVER]]`. Without nginx on this machine its lanes are left out.

use std::convert::Infallible;
use std::io::Read as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use flate2::read::GzDecoder;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use utbredt_benches::server::{POLLED, Server, program};
use utbredt_benches::{Spread, demo_lake, table};

/// Connections at once.
const CONNECTIONS: usize = 64;
/// How often each lane is run.
const TIMES: usize = 5;
/// The word by which this program serves as the third lane.
const HYPER: &str = "hyper";

/// An answer, as it is sent.
#[derive(Debug, Clone, Default)]
struct Sent {
    status: u16,
    /// The headers as they stand, without those of the transport.
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Sent {
    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value.as_str())
    }
}

/// Who answers, and what is sent.
struct Lane {
    name: &'static str,
    address: SocketAddr,
    request: String,
    status: u16,
}

/// Requests a second, and the 99th of a hundred.
type Run = (f64, Duration);

#[expect(clippy::print_stdout, reason = "a bench shows its figures")]
fn main() -> anyhow::Result<()> {
    let given: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    if given.first().is_some_and(|word| word == HYPER) {
        return serve_hyper(&std::fs::read_to_string(given.get(1).context("a file of headers")?)?);
    }
    let seconds = given.first().map_or(Ok(5), |text| text.parse())?;
    let server = given.get(1).map_or_else(program, |path| Ok(PathBuf::from(path)))?;
    let folder = tempfile::tempdir()?;
    let lake = demo_lake(folder.path())?;
    let ours = Server::start(&server, &lake, &["--request-threads", "1"])?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let address = ours.address().parse()?;
    let plain = runtime.block_on(once(address, &request("")))?;
    let zipped = runtime.block_on(once(address, &request("Accept-Encoding: gzip\r\n")))?;
    anyhow::ensure!(plain.status == 200 && zipped.header("content-encoding") == "gzip", "{plain:?}");
    let hyper = Peer::hyper(folder.path(), &zipped)?;
    let nginx = Peer::nginx(folder.path(), &plain, &zipped)?;
    let mut lanes = vec![kept("utbredt, kept", address), unchanged("utbredt, 304", address, &zipped)];
    if let Some(nginx) = &nginx {
        let same = runtime.block_on(once(nginx.address, &request("Accept-Encoding: gzip\r\n")))?;
        anyhow::ensure!(unzipped(&same.body)? == unzipped(&zipped.body)?, "nginx sends another body");
        lanes.extend([kept("nginx, kept", nginx.address), unchanged("nginx, 304", nginx.address, &same)]);
    }
    lanes.push(unchanged("hyper, 304", hyper.address, &zipped));
    let mut runs: Vec<Vec<Run>> = lanes.iter().map(|_| Vec::new()).collect();
    for _ in 0..TIMES {
        for (lane, runs) in lanes.iter().zip(&mut runs) {
            runs.push(runtime.block_on(run(lane, Duration::from_secs(seconds)))?);
        }
    }
    let rates: Vec<f64> = runs.iter().map(|runs| median(runs.iter().map(|run| run.0))).collect();
    let mut rows = Vec::new();
    for ((lane, runs), rate) in lanes.iter().zip(&runs).zip(&rates) {
        let peer = lanes.iter().position(|peer| peer.status == lane.status && peer.name.starts_with("nginx"));
        let p99 = Spread::of(runs.iter().map(|run| run.1).collect()).median;
        rows.push(vec![
            lane.name.to_owned(),
            format!("{rate:.0}"),
            format!("{:.2} ms", p99.as_secs_f64() * 1000.0),
            peer.map_or_else(String::new, |peer| format!("{:.2}", rate / rates[peer])),
        ]);
    }
    table(&["lane", "requests a second", "p99", "of nginx"], &rows);
    let (own, bare) = (rates[1], rates[rates.len() - 1]);
    println!(
        "\n{} bytes compressed, {CONNECTIONS} connections; 304: {:.2} of bare hyper",
        zipped.body.len(),
        own / bare
    );
    Ok(())
}

fn request(headers: &str) -> String {
    format!("GET {POLLED} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n")
}

fn kept(name: &'static str, address: SocketAddr) -> Lane {
    Lane { name, address, request: request("Accept-Encoding: gzip\r\n"), status: 200 }
}

fn unchanged(name: &'static str, address: SocketAddr, sent: &Sent) -> Lane {
    let headers = format!("Accept-Encoding: gzip\r\nIf-None-Match: {}\r\n", sent.header("etag"));
    Lane { name, address, request: request(&headers), status: 304 }
}

fn unzipped(bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut plain = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut plain)?;
    Ok(plain)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// One lane for a while: every connection asks again as soon as it was answered.
async fn run(lane: &Lane, time: Duration) -> anyhow::Result<Run> {
    let begun = Instant::now();
    let tasks = futures::future::join_all((0..CONNECTIONS).map(|_| query_on(lane, begun, time))).await;
    let mut times = tasks.into_iter().collect::<anyhow::Result<Vec<_>>>()?.concat();
    let took = begun.elapsed().as_secs_f64();
    times.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let rate = times.len() as f64 / took;
    Ok((rate, times.get(times.len() * 99 / 100).copied().unwrap_or_default()))
}

async fn query_on(lane: &Lane, begun: Instant, time: Duration) -> anyhow::Result<Vec<Duration>> {
    let mut connection = Connection::to(lane.address).await?;
    let mut times = Vec::new();
    while begun.elapsed() < time {
        let sent = Instant::now();
        let status = connection.send(&lane.request).await?;
        anyhow::ensure!(status == lane.status, "{} answers {status}", lane.name);
        times.push(sent.elapsed());
    }
    Ok(times)
}

async fn once(address: SocketAddr, request: &str) -> anyhow::Result<Sent> {
    let mut connection = Connection::to(address).await?;
    let status = connection.send(request).await?;
    let head = String::from_utf8(connection.bytes[..connection.body].to_vec())?;
    let lines = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    let headers = lines.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    Ok(Sent { status, headers, body: connection.bytes[connection.body..].to_vec() })
}

/// A connection that is used again and again.
struct Connection {
    stream: TcpStream,
    bytes: Vec<u8>,
    /// Where the body of the last answer begins.
    body: usize,
}

impl Connection {
    async fn to(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, bytes: Vec::new(), body: 0 })
    }

    /// The status of the answer, all of which is read.
    async fn send(&mut self, request: &str) -> anyhow::Result<u16> {
        self.stream.write_all(request.as_bytes()).await?;
        self.bytes.clear();
        let mut whole = None;
        while whole.is_none_or(|whole| self.bytes.len() < whole) {
            anyhow::ensure!(self.stream.read_buf(&mut self.bytes).await? > 0, "the connection was closed");
            if whole.is_none()
                && let Some(end) = self.bytes.windows(4).position(|four| four == b"\r\n\r\n")
            {
                self.body = end + 4;
                whole = Some(self.body + content_length(&self.bytes[..end])?);
            }
        }
        Ok(std::str::from_utf8(self.bytes.get(9..12).context("a status")?)?.parse()?)
    }
}

/// The length of the body, by its header; of a 304, which has none, 0.
fn content_length(head: &[u8]) -> anyhow::Result<usize> {
    let head = std::str::from_utf8(head)?;
    if head.get(9..12) == Some("304") {
        return Ok(0);
    }
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    let length = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    Ok(length.context("the length of a body")?.1.parse()?)
}

/// Another server, ended with the bench.
struct Peer {
    process: Child,
    address: SocketAddr,
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ended = self.process.kill().and_then(|()| self.process.wait());
    }
}

/// Headers of the transport, which each server makes itself.
const OWN: [&str; 6] = ["content-length", "date", "connection", "content-encoding", "content-type", "etag"];

impl Peer {
    /// This program once more, which sends the headers of a 304 and does nothing else.
    fn hyper(folder: &Path, zipped: &Sent) -> anyhow::Result<Self> {
        let address = free_address()?;
        let mut lines = format!("{address}\netag: {}\n", zipped.header("etag"));
        let own = zipped.headers.iter().filter(|(name, _)| !OWN.contains(&name.as_str()));
        own.for_each(|(name, value)| lines.push_str(&format!("{name}: {value}\n")));
        let file = folder.join("headers");
        std::fs::write(&file, lines)?;
        let process = Command::new(std::env::current_exe()?).arg(HYPER).arg(&file).spawn()?;
        Self::ready(process, address)
    }

    /// nginx with one worker and the compressed answer in a file.
    fn nginx(folder: &Path, plain: &Sent, zipped: &Sent) -> anyhow::Result<Option<Self>> {
        if Command::new("nginx").arg("-v").stderr(Stdio::null()).status().is_err() {
            return Ok(None);
        }
        let address = free_address()?;
        let own = zipped.headers.iter().filter(|(name, _)| !OWN.contains(&name.as_str()) && name != "vary");
        let headers: String = own
            .map(|(name, value)| format!("add_header {name} \"{}\";\n", value.replace('"', "\\\"")))
            .collect();
        let root = folder.join("nginx");
        std::fs::create_dir(&root)?;
        std::fs::write(root.join("values"), &plain.body)?;
        std::fs::write(root.join("values.gz"), &zipped.body)?;
        // nginx ignores a compressed file that is older than the plain one.
        let here = root.display();
        let config = format!(
            "daemon off;\nmaster_process off;\npid {here}/pid;\nerror_log {here}/error.log;\nevents {{ worker_connections 256; }}\n\
             http {{\naccess_log off;\ndefault_type application/json;\nkeepalive_requests 100000000;\nopen_file_cache max=10;\n\
             client_body_temp_path {here}/b;\nproxy_temp_path {here}/p;\nfastcgi_temp_path {here}/f;\nuwsgi_temp_path {here}/u;\nscgi_temp_path {here}/s;\n\
             server {{\nlisten {address};\nroot {here};\ngzip_static on;\ngzip_vary on;\n{headers}\n\
             location / {{ try_files /values =404; }}\n}}\n}}\n"
        );
        std::fs::write(root.join("nginx.conf"), config)?;
        let mut nginx = Command::new("nginx");
        // A user that nginx changes to may not read a private folder.
        nginx.args(["-c", &format!("{here}/nginx.conf"), "-p", &here.to_string(), "-g", "user root;"]);
        Self::ready(nginx.spawn()?, address).map(Some)
    }

    fn ready(process: Child, address: SocketAddr) -> anyhow::Result<Self> {
        let peer = Self { process, address };
        for _ in 0..100 {
            if std::net::TcpStream::connect(address).is_ok() {
                return Ok(peer);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        anyhow::bail!("a peer does not listen on {address}")
    }
}

/// An address that was free a moment ago.
fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// The third lane: the headers of a 304 by hyper alone, on one thread. First line the address, then a header a line.
fn serve_hyper(stated: &str) -> anyhow::Result<()> {
    let (address, headers) = stated.split_once('\n').context("an address and headers")?;
    let address: SocketAddr = address.parse()?;
    let headers: Vec<(String, String)> = headers
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async move {
        let listener = tokio::net::TcpListener::bind(address).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let headers = headers.clone();
            let answer = service_fn(move |_: Request<hyper::body::Incoming>| {
                let mut answer = Response::builder().status(304);
                for (name, value) in &headers {
                    answer = answer.header(name.as_str(), value.as_str());
                }
                std::future::ready(Ok::<_, Infallible>(answer.body(String::new()).unwrap_or_default()))
            });
            tokio::task::spawn(
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer),
            );
        }
    })
}
