//! The server around the router: a port taken before any work is done, and a look for newer editions while it serves.

use std::error::Error;
use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Instant;

use utbredt_engine::{Edition, KpiRequest};

use crate::connections;
use crate::hosts::Hosts;
use crate::keys::Reading;
use crate::service::ApiService;
use crate::state::ApiState;

/// Takes a port, for [`serve`]. Do this first: whoever starts a server on a port that is taken should not wait for its
/// lake to be opened to learn it.
///
/// # Errors
/// What the operating system reports, such as [`std::io::ErrorKind::AddrInUse`].
pub fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves until `shutdown` is done, then lets the answers under way finish for as long as the state's limits say. Meanwhile
/// it looks for new editions.
pub async fn serve(listener: tokio::net::TcpListener, state: ApiState, shutdown: impl Future<Output = ()>) {
    warn(&state);
    let watch = tokio::spawn(watch_editions(state.clone()));
    let limits = state.limits;
    connections::serve(listener, ApiService::new(state), limits, shutdown).await;
    watch.abort();
}

/// Serves another address of the same server, the second of [`ApiState::with_operation_address`], until `shutdown` is done.
/// [`serve`] runs beside it.
pub async fn serve_beside(
    listener: tokio::net::TcpListener,
    state: ApiState,
    shutdown: impl Future<Output = ()>,
) {
    let limits = state.limits;
    connections::serve(listener, ApiService::new(state), limits, shutdown).await;
}

/// Says what may surprise whoever runs the server.
fn warn(state: &ApiState) {
    state.access.warnings().iter().for_each(|warning| tracing::warn!("{warning}"));
    if let Ok(engine) = state.engine() {
        let edition = engine.edition().number;
        for damage in engine.damage() {
            tracing::error!(
                edition,
                damage,
                "the lake is damaged; the newest edition that is whole is served"
            );
        }
    }
    let is_named = matches!(&*state.hosts, Hosts::Known { loopback: true, names } if !names.is_empty());
    if is_named && state.access.reading == Reading::OnThisMachine {
        tracing::warn!(
            "reading needs no key on this machine, and so neither for those whom a proxy leads here by a name: \
             serve --require-keys"
        );
    }
}

/// An edition that cannot be served is logged once, not at every look, and the one before it is served on.
async fn watch_editions(state: ApiState) {
    let mut logged = String::new();
    if let Ok(engine) = state.engine() {
        warm(&state, engine.edition(), Vec::new()).await;
    }
    loop {
        tokio::time::sleep(state.refresh_every).await;
        match serve_newest(&state).await {
            Ok(_) => logged.clear(),
            Err(error) if error.to_string() == logged => {}
            Err(error) => {
                let cause: &dyn Error = error.as_ref();
                tracing::error!(cause, "the newest edition cannot be served; the one before it still is");
                logged = error.to_string();
            }
        }
    }
}

/// Serves the lake's newest edition, when what most questions about it need and what was polled is computed, or after
/// `ready_within`. Until then the one before is served, so that no poll waits for the new one to be computed.
///
/// # Errors
/// When there is a newer one that cannot be served.
pub(crate) async fn serve_newest(state: &ApiState) -> Result<(), Box<dyn Error + Send + Sync>> {
    let Ok(engine) = state.engine().cloned() else { return Ok(()) };
    let looking = engine.clone();
    let Some(newest) = tokio::task::spawn_blocking(move || looking.newer()).await?? else { return Ok(()) };
    let warmed = warm(state, Arc::clone(&newest), state.replies.polled());
    let _ready = tokio::time::timeout(state.ready_within, warmed).await;
    if engine.serve(Arc::clone(&newest)) {
        state.replies.clear();
        tracing::info!(edition = newest.number, reason = newest.reason, "a newer edition is served");
    }
    Ok(())
}

/// Computes what most questions about an edition need, and the cells of these.
async fn warm(state: &ApiState, edition: Arc<Edition>, polled: Vec<KpiRequest>) {
    // Nobody waits for it, so nothing is computed before somebody asks.
    if state.ready_within.is_zero() {
        return;
    }
    let Ok(engine) = state.engine().cloned() else { return };
    let (start, number) = (Instant::now(), edition.number);
    let kept = engine.clone();
    // On the threads of questions, so that it takes nothing from requests that need no computing.
    let warmed = state
        .questions
        .compute_beside(state.time_limit, async move { Ok(engine.warm_edition(edition, polled).await) })
        .await;
    match warmed {
        Ok(Ok(())) => {
            let ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
            tracing::info!(edition = number, bytes = kept.kept().bytes, ms, "shared relations are ready");
        }
        Ok(Err(error)) => {
            let cause: &dyn Error = &error;
            tracing::error!(cause, "shared relations could not be computed; questions compute their own");
        }
        // It stopped in a panic, which was logged as one.
        Err(_) => {}
    }
}
