//! `serve`, and the serving half of `demo`: the port is taken before any work, then the lake is opened.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use nix::sys::resource::{Resource, getrlimit};
use tokio::signal::unix::{Signal, SignalKind, signal};
use utbredt_api::{ApiState, Hosts, Limits, Origin};
use utbredt_engine::Engine;
use utbredt_lake::Lake;

use crate::assets::Queries;
use crate::{key_access, register_desk, runtime_of, table, upload};

/// How a lake is served.
#[derive(Debug, clap::Args)]
pub(crate) struct HttpArguments {
    /// The address to serve at.
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub(crate) addr: SocketAddr,
    /// Serve what is for those who run the server (`/metrics`, `/v1/status`) at this address and no longer at `--addr`; such as
    /// `127.0.0.1:9090`, which only this machine reaches.
    #[arg(long, value_name = "ADDR")]
    pub(crate) operate_addr: Option<SocketAddr>,
    /// An origin whose pages may send POST requests, such as `https://dashboard.example`; may be repeated. Reading is open
    /// to every page.
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) cors_origin: Vec<Origin>,
    /// A name that the server is reached by, such as `tall.example.no`; may be repeated. Without it only an address or
    /// `localhost` leads here, so that no page can point a name of its own at this server.
    #[arg(long, value_name = "NAME")]
    pub(crate) host: Vec<String>,
    /// Let nobody read without a key, on this machine neither: for a server behind a proxy.
    #[arg(long, conflicts_with = "expose_without_keys")]
    pub(crate) require_keys: bool,
    /// Let everybody who reaches the address read without a key. Small counts are not hidden; held deliveries, causes of failures
    /// and metrics still need a key of scope `operate`.
    #[arg(long)]
    pub(crate) expose_without_keys: bool,
    /// Let proxies and other shared caches keep answers: for numbers that are for everybody. What is sent to a key stays private.
    #[arg(long)]
    pub(crate) public_cache: bool,
    /// Seconds a request may take before it is answered with 503.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) time_limit: u64,
    /// Seconds that a newer edition may take to be computed before it is served all the same; until then the one before is. With 0 it is
    /// served at once, and nothing is computed before somebody asks: for a small machine.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(0..=600))]
    pub(crate) ready_within: u64,
    /// MiB that a delivery may have. One above 32 is taken when no other is, and a dry run has 32 at most. Larger files are for
    /// `utbredt ingest`.
    #[arg(long, value_name = "MIB", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) delivery_limit: u16,
    /// Threads that answer from what is kept and read and write connections. Questions have threads of their own.
    #[arg(long, value_name = "THREADS", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) request_threads: u8,
}

/// How long work that no client waits for any more may go on at the end. A delivery that is cut short is as if never sent.
const LAST_WORK: Duration = Duration::from_secs(5);

/// How much less urgent questions are than the rest of the process, as `nice` counts.
const LESS_URGENT: i32 = 5;

/// Descriptors that are left for files.
const FOR_FILES: u64 = 64;

/// Connections to the address of operators, which a scrape and a person take.
const OPERATORS: usize = 32;

/// The ports that were taken.
#[derive(Debug)]
pub(crate) struct Ports {
    pub(crate) readers: TcpListener,
    operators: Option<TcpListener>,
}

/// Takes the ports. Before anything else: who must choose another one, or make a key, should not wait to learn it.
pub(crate) fn listen(http: &HttpArguments, lake: &Path) -> anyhow::Result<Ports> {
    let take = |addr: SocketAddr, option: &str| {
        key_access::reading(addr, lake, http)?;
        utbredt_api::bind(addr).with_context(|| {
            format!("cannot listen on {addr}; choose another address with {option} HOST:PORT")
        })
    };
    let readers = take(http.addr, "--addr")?;
    let operators = http.operate_addr.map(|addr| take(addr, "--operate-addr")).transpose()?;
    Ok(Ports { readers, operators })
}

/// Serves until the process is told to stop; answers under way are finished first.
pub(crate) fn run(
    ports: Ports,
    lake: &Path,
    queries: Queries,
    uploads: Option<upload::Uploads>,
    http: &HttpArguments,
) -> anyhow::Result<()> {
    let desk = register_desk::desk(Lake::open(lake)?, queries.clone());
    let mut state = ApiState::new(Engine::open_last_good(lake, queries)?)
        .with_registers(desk)
        .with_cors_origins(http.cors_origin.clone())
        .with_time_limit(Duration::from_secs(http.time_limit))
        .with_ready_within(Duration::from_secs(http.ready_within))
        .with_delivery_limit(http.delivery_limit)
        .with_public_cache(http.public_cache);
    if let Some(upload::Uploads { inbox, held, keys }) = uploads {
        let is_by_key = keys.is_empty();
        state = if is_by_key { state.with_uploads_by_key(inbox) } else { state.with_uploads(inbox, keys) };
        state = state.with_held(held);
    }
    let (runtime, threads) = (runtime_of(http.request_threads.into())?, question_threads());
    let questions = question_runtime(threads)?;
    let state = state.with_question_threads(questions.handle().clone(), threads);
    let served = runtime.block_on(serve(ports, state, lake, http));
    // A question that nobody waits for any more must not keep the process.
    questions.shutdown_timeout(LAST_WORK);
    runtime.shutdown_timeout(LAST_WORK);
    served
}

/// Serves at one address, or at two.
async fn serve(ports: Ports, state: ApiState, lake: &Path, http: &HttpArguments) -> anyhow::Result<()> {
    let readers = tokio::net::TcpListener::from_std(ports.readers)?;
    let address = readers.local_addr()?;
    let limits = limits();
    let Some(operators) = ports.operators else {
        let state = at(state, address, lake, http)?.with_limits(limits);
        table::message(&format!("serving {} on http://{address}", lake.display()));
        utbredt_api::serve(readers, state, stop()).await;
        return Ok(());
    };
    let operators = tokio::net::TcpListener::from_std(operators)?;
    let operation_address = operators.local_addr()?;
    let (state, operation) = state.with_operation_address();
    // Both take descriptors of one process.
    let left = limits.connections.saturating_sub(OPERATORS).max(1);
    let state = at(state, address, lake, http)?.with_limits(Limits { connections: left, ..limits });
    let operation = at(operation, operation_address, lake, http)?
        .with_limits(Limits { connections: OPERATORS, ..limits });
    table::message(&format!("serving {} on http://{address}", lake.display()));
    table::message(&format!("metrics and status are on http://{operation_address}"));
    tokio::join!(
        utbredt_api::serve(readers, state, stop()),
        utbredt_api::serve_beside(operators, operation, stop())
    );
    Ok(())
}

/// A state for one address: the names it answers to, and who may read there without a key.
fn at(state: ApiState, address: SocketAddr, lake: &Path, http: &HttpArguments) -> anyhow::Result<ApiState> {
    let reading = key_access::reading(address, lake, http)?;
    Ok(state.with_hosts(Hosts::of(address, &http.host)).with_keys(reading, key_access::store(lake)))
}

/// One thread less than there are cores, so that requests that need no computing always find one.
fn question_threads() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1)).max(1)
}

/// The threads of questions. They give way to those that answer from what is kept.
fn question_runtime(threads: usize) -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name("questions")
        // Plans are walked by recursion.
        .thread_stack_size(16 << 20)
        .on_thread_start(|| {
            // On Linux this is the thread's own. Where it is not allowed the thread is as urgent as any other.
            let _now = rustix::process::nice(LESS_URGENT);
        })
        .enable_all()
        .build()
}

/// The usual limits, with no more connections than there are descriptors beside those that the lake's files take.
fn limits() -> Limits {
    let mut limits = Limits::default();
    if let Ok((descriptors, _)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let free = usize::try_from(descriptors.saturating_sub(FOR_FILES)).unwrap_or(usize::MAX);
        limits.connections = limits.connections.min(free.max(1));
    }
    limits
}

/// Done when the process is to stop. Signals are watched from the call on, not from the first wait: one that came before
/// would end the process at once.
fn stop() -> impl Future<Output = ()> {
    let watch = |kind| signal(kind).ok();
    let (mut terminate, mut interrupt) = (watch(SignalKind::terminate()), watch(SignalKind::interrupt()));
    async move {
        tokio::select! {
            () = received(terminate.as_mut()) => {}
            () = received(interrupt.as_mut()) => {}
        }
    }
}

/// Never done where the signal cannot be watched: the system then ends the process by itself.
async fn received(signal: Option<&mut Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}
