//! `serve`, and the serving half of `demo`: the port is taken before any work, then the lake is opened.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use utbredt_api::ApiState;
use utbredt_engine::Engine;

use crate::arguments::HttpArguments;
use crate::assets::Queries;
use crate::{runtime, table, upload};

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
        .with_time_limit(Duration::from_secs(http.time_limit));
    if let Some(upload::Uploads { inbox, held, keys }) = uploads {
        state = state.with_uploads(inbox, keys).with_held(held);
    }
    runtime()?.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        table::message(&format!("serving {} on http://{}", lake.display(), listener.local_addr()?));
        utbredt_api::serve(listener, state, stop()).await?;
        Ok(())
    })
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
