//! A server in a process of its own, and a client that speaks to it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;

/// What a dashboard polls.
pub const POLLED: &str =
    "/v1/kpis/adoption.reach/values?solution_id=svarut&by=county&from=2025-12&to=2026-10";

/// The server that was built with this profile.
///
/// # Errors
/// When there is none.
pub fn program() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().and_then(Path::parent).context("a folder of programs")?;
    let server = folder.join("utbredt");
    anyhow::ensure!(
        server.exists(),
        "build the server first: `cargo build` with the profile of this bench, or name it"
    );
    Ok(server)
}

/// A server of its own, ended with the bench.
#[derive(Debug)]
pub struct Server {
    process: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.process.kill().and_then(|()| self.process.wait());
    }
}

impl Server {
    /// Serves a lake, with some more arguments.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(program: &Path, lake: &Path, more: &[&str]) -> anyhow::Result<Self> {
        let mut process = Command::new(program)
            .args(["serve", "--log", "warn", "--addr", "127.0.0.1:0", "--lake"])
            .arg(lake)
            .args(more)
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| program.display().to_string())?;
        let mut messages = BufReader::new(process.stderr.take().context("its messages")?);
        let mut line = String::new();
        while !line.contains("http://") {
            line.clear();
            anyhow::ensure!(messages.read_line(&mut line)? > 0, "the server ended");
        }
        let address = line.trim().rsplit("http://").next().context("an address")?.to_owned();
        // What else it tells is read, so that it never waits for a reader.
        std::thread::spawn(move || std::io::copy(&mut messages, &mut std::io::sink()));
        Ok(Self { process, address })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A connection of its own.
    ///
    /// # Errors
    /// When it does not listen any more.
    pub fn connect(&self) -> anyhow::Result<Connection> {
        let stream = TcpStream::connect(&self.address)?;
        stream.set_nodelay(true)?;
        Ok(Connection(BufReader::new(stream)))
    }

    /// Its memory.
    ///
    /// # Errors
    /// When it does not run, or this system does not tell.
    pub fn rss_kib(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("its memory")?;
        Ok(line.trim().trim_end_matches(" kB").trim().parse()?)
    }

    /// Bytes of answers and of cells that are kept.
    ///
    /// # Errors
    /// When it does not tell.
    pub fn kept_bytes(&self) -> anyhow::Result<u64> {
        let (_, metrics) = self.connect()?.get("/metrics")?;
        let metrics = String::from_utf8(metrics)?;
        let values: BTreeMap<&str, &str> = metrics.lines().filter_map(|line| line.split_once(' ')).collect();
        let of =
            |name: &str| values.get(name).and_then(|value| value.parse::<f64>().ok()).unwrap_or_default();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bytes")]
        Ok((of("utbredt_answer_cache_size_bytes") + of("utbredt_engine_cache_size_bytes")) as u64)
    }
}

/// A connection that is used again and again.
#[derive(Debug)]
pub struct Connection(BufReader<TcpStream>);

impl Connection {
    /// The status of an answer and its bytes.
    ///
    /// # Errors
    /// When there is none.
    pub fn get(&mut self, path: &str) -> anyhow::Result<(u16, Vec<u8>)> {
        // Of what is compressed as it is sent no length is stated.
        let gzip = if path.starts_with("/v1/") { "Accept-Encoding: gzip\r\n" } else { "" };
        write!(self.0.get_mut(), "GET {path} HTTP/1.1\r\nHost: localhost\r\n{gzip}\r\n")?;
        let (mut status, mut length, mut line) = (0, 0, String::new());
        loop {
            line.clear();
            anyhow::ensure!(self.0.read_line(&mut line)? > 0, "the connection was closed");
            let head = line.trim_end().to_ascii_lowercase();
            if let Some(version) = head.strip_prefix("http/1.1 ") {
                status = version.split(' ').next().unwrap_or_default().parse()?;
            } else if let Some(bytes) = head.strip_prefix("content-length: ") {
                length = bytes.parse()?;
            } else if head.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        Ok((status, body))
    }
}
