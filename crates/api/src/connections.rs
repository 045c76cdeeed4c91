//! Connections: how many there may be, how long each may take, and how they end when the server is told to stop. What a
//! request may take once its headers are here is a layer of the router.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::FutureExt as _;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;
use tokio_io_timeout::TimeoutStream;

use crate::service::ApiService;

/// How long a connection that failed to open is waited after: the usual cause is that no descriptor is free.
const PAUSE: Duration = Duration::from_millis(100);

/// What one client may take from the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at the same time. One more takes the place of whoever has been without a request for the longest, or
    /// waits until an answer is sent. Each takes a descriptor.
    pub connections: usize,
    /// The longest from the opening of a connection, or the end of an answer, to the last header of a request: the
    /// deadline of a slow client and of an idle one.
    pub headers: Duration,
    /// The longest that a client may leave an answer without taking a byte of it.
    pub write: Duration,
    /// How long answers under way have once the server is told to stop.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            headers: Duration::from_secs(15),
            write: Duration::from_secs(30),
            drain: Duration::from_secs(20),
        }
    }
}

/// Serves until `shutdown` is done, then lets the answers under way finish for as long as `limits.drain`.
pub(crate) async fn serve(
    listener: TcpListener,
    service: ApiService,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) {
    let (open, mut shutdown) = (GracefulShutdown::new(), pin!(shutdown));
    let mut places = Places::new(limits.connections);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.headers);
    loop {
        let (stream, place) = tokio::select! {
            biased;
            () = &mut shutdown => break,
            taken = take(&listener, &mut places) => taken,
        };
        let requests = Requests::default();
        let answers = to_hyper(service.clone(), requests.clone());
        let served = open.watch(http.serve_connection(with_deadline(stream, limits.write), answers));
        let task = tokio::spawn(async move {
            if let Err(error) = served.await {
                let cause: &dyn std::error::Error = &error;
                tracing::debug!(cause, "a connection ended early");
            }
            drop(place);
        });
        places.keep(task.abort_handle(), requests);
    }
    // Nobody new is let in while the others finish.
    drop(listener);
    let left = open.count();
    if tokio::time::timeout(limits.drain, open.shutdown()).await.is_err() {
        tracing::warn!(left, seconds = limits.drain.as_secs(), "connections still open are cut");
    }
}

/// The next connection, once there is a place for it.
async fn take(listener: &TcpListener, places: &mut Places) -> (TcpStream, Option<OwnedSemaphorePermit>) {
    let stream = loop {
        match listener.accept().await {
            Ok((stream, _)) => break stream,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(PAUSE).await;
            }
        }
    };
    (stream, places.next().await)
}

/// The requests of a connection that are not answered yet.
#[derive(Clone, Default)]
struct Requests(Arc<()>);

impl Requests {
    /// Held by each answer until its body is sent. One more is the connection's own, one that of the list of places.
    const OF_NO_REQUEST: usize = 2;

    fn is_empty(&self) -> bool {
        Arc::strong_count(&self.0) <= Self::OF_NO_REQUEST
    }
}

/// The places for connections, and who has them, the longest first.
struct Places {
    free: Arc<Semaphore>,
    taken: VecDeque<(AbortHandle, Requests)>,
}

impl Places {
    fn new(connections: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(connections)), taken: VecDeque::new() }
    }

    fn keep(&mut self, task: AbortHandle, requests: Requests) {
        self.taken.push_back((task, requests));
    }

    /// A free place; where there is none, that of whoever has been without a request for the longest.
    async fn next(&mut self) -> Option<OwnedSemaphorePermit> {
        self.taken.retain(|(task, _)| !task.is_finished());
        if self.free.available_permits() == 0 {
            let idle = self.taken.iter().position(|(_, requests)| requests.is_empty());
            if let Some((task, _)) = idle.and_then(|at| self.taken.remove(at)) {
                task.abort();
            }
        }
        // Never closed, so there is a place in the end.
        Arc::clone(&self.free).acquire_owned().await.ok()
    }
}

/// A stream whose writes end when the other side takes nothing for so long. Reads have no deadline here: while an answer
/// is computed there is nothing to read.
fn with_deadline(stream: TcpStream, write: Duration) -> TokioIo<Pin<Box<TimeoutStream<TcpStream>>>> {
    // A small answer must not wait for the acknowledgement of the one before. Where it cannot be set it waits.
    drop(stream.set_nodelay(true));
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(write));
    TokioIo::new(Box::pin(stream))
}

/// What answers, as a connection sees it. What it answers counts as one of `requests` until it is sent.
fn to_hyper(
    service: ApiService,
    requests: Requests,
) -> impl HttpService<Incoming, ResBody = Counted, Error = Infallible, Future: Send> {
    service_fn(move |request: hyper::Request<Incoming>| {
        let under_way = requests.clone();
        let counted = |response: Response| Ok(response.map(|body| Counted { body, _under_way: under_way }));
        service.answer(request).map(counted)
    })
}

/// The body of an answer that is under way for as long as it is here.
struct Counted {
    body: Body,
    _under_way: Requests,
}

impl hyper::body::Body for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
