//! Whole responses that are kept, for polls: what was answered is answered again by one look-up, before the router and its
//! layers, for as long as the same edition is served. The first request of its kind goes the whole way, and so does every
//! request that is anything but a plain GET.

use std::sync::{Arc, Weak};
use std::time::Instant;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::body::Body as _;
use moka::future::Cache;
use tower::ServiceExt as _;
use utbredt_engine::Edition;

use crate::metrics::{Meter, Metrics};
use crate::needs::Need;
use crate::problem::Problem;
use crate::request_log::{self, REQUEST_ID};
use crate::state::ApiState;

/// How many bytes of responses are kept; bodies are shared with the encoded answers.
const CACHE_BYTES: u64 = 16 * 1024 * 1024;
/// The longest body that is kept here.
const LONGEST_BODY: u64 = 1024 * 1024;
/// About what headers and the entry itself take.
const ENTRY_BYTES: usize = 2048;

/// The headers that decide a response to a question, beside its address and the key it was sent with. No handler of one reads
/// another, which a test tries.
const DECIDING: [HeaderName; 6] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::ACCEPT_LANGUAGE,
    header::HOST,
    header::IF_NONE_MATCH,
    header::ORIGIN,
];
/// A request with a body is read by the layers, also where its method should have none.
const WITH_BODY: [HeaderName; 3] = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::EXPECT];

/// Put into the extensions of a response that depends on nothing but the request and the edition served.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OfEdition;

/// The responses that are kept. Cheap to clone; all clones are one.
#[derive(Clone)]
pub(crate) struct Replies(Cache<Vec<u8>, Arc<Reply>>);

impl Default for Replies {
    fn default() -> Self {
        let weigh = |key: &Vec<u8>, reply: &Arc<Reply>| {
            u32::try_from(key.len() + reply.body.len() + ENTRY_BYTES).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().max_capacity(CACHE_BYTES).weigher(weigh).build())
    }
}

impl Replies {
    /// Drops all: another edition is served.
    pub(crate) fn clear(&self) {
        self.0.invalidate_all();
    }

    /// About how much is kept.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.weighted_size()
    }
}

/// A response without what differs from one request to the next.
struct Reply {
    /// The edition served when it was made; another one has other replies.
    edition: Weak<Edition>,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    meter: Meter,
}

impl Reply {
    fn to_response(&self, id: HeaderValue) -> Response {
        let mut response = Body::from(self.body.clone()).into_response();
        *response.status_mut() = self.status;
        response.headers_mut().clone_from(&self.headers);
        response.headers_mut().insert(REQUEST_ID, id);
        response
    }
}

/// What of a request decides its response, while this edition is served.
struct Question {
    key: Vec<u8>,
    edition: Arc<Edition>,
}

/// The router with the kept responses before it.
pub(crate) struct Front {
    router: Router,
    state: ApiState,
}

impl Front {
    pub(crate) const fn new(router: Router, state: ApiState) -> Self {
        Self { router, state }
    }

    /// Answers from what is kept, or by the router.
    pub(crate) async fn answer<B>(&self, request: Request<B>) -> Response
    where
        B: hyper::body::Body<Data = Bytes, Error: Into<axum::BoxError>> + Send + 'static,
    {
        let started = Instant::now();
        let question = self.question(&request);
        if let Some(question) = &question
            && let Some(reply) = self.state.replies.0.get(&question.key).await
            && std::ptr::eq(reply.edition.as_ptr(), Arc::as_ptr(&question.edition))
            && let Ok(id) = HeaderValue::from_str(&request_log::request_id(request.headers()))
        {
            Metrics::count(&self.state.metrics.responses_found);
            reply.meter.record(started.elapsed().as_secs_f64());
            return reply.to_response(id);
        }
        // Boxed: the way through all layers is large, and most polls do not take it.
        let whole_way = Box::pin(self.router.clone().oneshot(request.map(Body::new)));
        let response = whole_way.await.unwrap_or_else(|never| match never {});
        match question {
            Some(question) => self.keep(question, response).await,
            None => response,
        }
    }

    /// None of a request that goes the whole way in any case.
    fn question<B>(&self, request: &Request<B>) -> Option<Question> {
        let headers = request.headers();
        let is_plain = request.method() == Method::GET
            && request.uri().authority().is_none()
            && !WITH_BODY.iter().any(|name| headers.contains_key(name));
        // Whoever reads every line of the log sees polls in it as well, which the router's layers write.
        if !is_plain || request_log::is_verbose() {
            return None;
        }
        let edition = self.state.engine().ok()?.edition();
        // Looked at for each request, as a key may have been revoked, or the first one made.
        let caller = self.state.access.admit(Need::Read, headers, self.state.uploads.as_deref()).ok()?;
        let mut key = Vec::with_capacity(256);
        key.extend([self.state.surface as u8, caller.audience as u8]);
        key.extend(caller.key.iter().flat_map(|key| key.0.bytes()));
        // Neither an address nor a header can hold the byte that ends a part.
        key.push(b'\n');
        key.extend(request.uri().path_and_query()?.as_str().bytes());
        for name in DECIDING {
            key.push(b'\n');
            for value in headers.get_all(name) {
                key.extend(value.as_bytes());
                key.push(b'\r');
            }
        }
        Some(Question { key, edition })
    }

    /// Keeps a response that says it may be.
    async fn keep(&self, question: Question, response: Response) -> Response {
        let extensions = response.extensions();
        let may_be_kept = extensions.get::<OfEdition>().is_some()
            && response.body().size_hint().exact().is_some_and(|bytes| bytes <= LONGEST_BODY)
            // Where another edition came meanwhile, nobody knows which of the two it is about.
            && self.state.engine().is_ok_and(|engine| Arc::ptr_eq(&engine.edition(), &question.edition));
        let Some(meter) = extensions.get::<Meter>().cloned().filter(|_| may_be_kept) else { return response };
        let (parts, body) = response.into_parts();
        let body = match to_bytes(body, usize::MAX).await {
            Ok(body) => body,
            Err(error) => return Problem::failed(&error).into_response(),
        };
        let mut headers = parts.headers.clone();
        headers.remove(REQUEST_ID);
        let edition = Arc::downgrade(&question.edition);
        let reply = Reply { edition, status: parts.status, headers, body: body.clone(), meter };
        self.state.replies.0.insert(question.key, Arc::new(reply)).await;
        Response::from_parts(parts, Body::from(body))
    }
}
