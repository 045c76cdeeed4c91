//! `serve`, and the serving half of `demo`: the port is taken before any work, then the lake is opened.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use nix::sys::resource::{Resource, getrlimit};
use utbredt_api::{ApiState, Limits};
use utbredt_engine::Engine;

use crate::arguments::HttpArguments;
use crate::assets::Queries;
use crate::{runtime, table, upload};

/// How long work that no client waits for any more may go on at the end. A delivery that is cut short is as if never sent.
const LAST_WORK: Duration = Duration::from_secs(5);

/// Descriptors that are left for files.
const FOR_FILES: u64 = 64;

/// Takes the port. Before anything else: who must choose another one should not wait to learn it.
pub(crate) fn listen(addr: SocketAddr) -> anyhow::Result<TcpListener> {
    utbredt_api::bind(addr)
        .with_context(|| format!("cannot listen on {addr}; choose another address with --addr HOST:PORT"))
}

/// Serves until the process is told to stop; answers under way are finished first.
pub(crate) fn run(
    listener: TcpListener,
    lake: &Path,
    queries: Queries,
    uploads: Option<upload::Uploads>,
    http: HttpArguments,
) -> anyhow::Result<()> {
    let mut state = ApiState::new(Engine::open(lake, queries)?)
        .with_cors_origins(http.cors_origin)
        .with_time_limit(Duration::from_secs(http.time_limit))
        .with_limits(limits());
    if let Some(upload::Uploads { inbox, held, keys }) = uploads {
        state = state.with_uploads(inbox, keys).with_held(held);
    }
    let runtime = runtime()?;
    let served = runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        table::message(&format!("serving {} on http://{}", lake.display(), listener.local_addr()?));
        utbredt_api::serve(listener, state, stop()).await;
        Ok(())
    });
    // A question that nobody waits for any more must not keep the process.
    runtime.shutdown_timeout(LAST_WORK);
    served
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

async fn stop() {
    // Where the signal cannot be watched, interrupting from the keyboard still works.
    let mut ended = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).ok();
    let terminated = async {
        match ended.as_mut() {
            Some(signal) => signal.recv().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated => {}
    }
}
