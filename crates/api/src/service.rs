//! The whole server but for its connections. What was answered is answered again by one look-up, before the router and its layers;
//! the first request of its kind goes the whole way, and so does every request that is anything but a plain GET.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::{BoxFuture, Either, ready};
use hyper::body::Body as _;
use tower::{Service, ServiceExt as _};

use crate::audience::Audience;
use crate::keys::Caller;
use crate::metrics::{Meter, Metrics};
use crate::needs::Need;
use crate::problem::Problem;
use crate::replies::{OfEdition, Question};
use crate::request_log;
use crate::router::router;
use crate::state::ApiState;

/// The longest body that is kept here.
const LONGEST_BODY: u64 = 1024 * 1024;
/// How long it is taken for granted who may read without a key: the file of keys is not looked at for each of a thousand polls.
const OPEN_FOR: Duration = Duration::from_millis(100);

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

/// The whole server but for its connections: the router with the kept responses before it. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct ApiService(Arc<Inner>);

struct Inner {
    router: Router,
    state: ApiState,
    open: Mutex<Option<Open>>,
}

/// Who those without a key were at some moment: none if they may not read.
#[derive(Clone, Copy)]
struct Open {
    since: Instant,
    audience: Option<Audience>,
}

impl std::fmt::Debug for ApiService {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("ApiService").field("state", &self.0.state).finish_non_exhaustive()
    }
}

impl ApiService {
    /// All that the state serves.
    #[must_use]
    pub fn new(state: ApiState) -> Self {
        Self(Arc::new(Inner { router: router(state.clone()), state, open: Mutex::new(None) }))
    }

    /// Answers from what is kept, or by the router.
    pub(crate) fn answer<B>(&self, request: Request<B>) -> impl Future<Output = Response> + Send + use<B>
    where
        B: hyper::body::Body<Data = Bytes, Error: Into<axum::BoxError>> + Send + 'static,
    {
        let started = Instant::now();
        let question = self.question(&request, started);
        match question.as_ref().and_then(|question| self.kept(question, request.headers(), started)) {
            Some(response) => Either::Left(ready(response)),
            // Boxed: the way through all layers is large, and most polls do not take it.
            None => Either::Right(Box::pin(self.clone().whole_way(request.map(Body::new), question))),
        }
    }

    fn kept(&self, question: &Question, headers: &HeaderMap, started: Instant) -> Option<Response> {
        let state = &self.0.state;
        let reply = state.replies.get(question)?;
        let response = reply.to_response(request_log::id_header(headers));
        Metrics::count(&state.metrics.responses_found);
        reply.meter.record(started.elapsed().as_secs_f64());
        Some(response)
    }

    async fn whole_way(self, request: Request, question: Option<Question>) -> Response {
        let response = self.0.router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
        match question {
            Some(question) => self.keep(question, response).await,
            None => response,
        }
    }

    /// None of a request that goes the whole way in any case.
    fn question<B>(&self, request: &Request<B>, now: Instant) -> Option<Question> {
        // Whoever reads every line of the log sees polls in it as well, which the router's layers write.
        if request.method() != Method::GET || request.uri().authority().is_some() || request_log::is_verbose()
        {
            return None;
        }
        let state = &self.0.state;
        let edition = state.engine().ok()?.edition();
        let caller = self.caller(request.headers(), now)?;
        let mut key = Vec::with_capacity(256);
        key.extend([state.surface as u8, caller.audience as u8]);
        key.extend(caller.key.iter().flat_map(|key| key.0.bytes()));
        // Neither an address nor a header can hold the byte that ends a part.
        key.push(b'\n');
        key.extend_from_slice(request.uri().path_and_query()?.as_str().as_bytes());
        for (name, value) in request.headers() {
            if WITH_BODY.contains(name) {
                return None;
            }
            if let Some(number) =
                DECIDING.iter().zip(0..).find_map(|(own, number)| (own == name).then_some(number))
            {
                key.extend([b'\n', number]);
                key.extend_from_slice(value.as_bytes());
            }
        }
        Some(Question { key, edition })
    }

    /// Who sent the request, if it may read. A key is looked up for each request, as it may have been revoked.
    fn caller(&self, headers: &HeaderMap, now: Instant) -> Option<Caller> {
        let state = &self.0.state;
        let admit = || state.access.admit(Need::Read, headers, state.uploads.as_deref()).ok();
        if headers.contains_key(header::AUTHORIZATION) {
            return admit();
        }
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        let known = open.filter(|open| now.duration_since(open.since) < OPEN_FOR);
        let known =
            known.unwrap_or_else(|| Open { since: now, audience: admit().map(|caller| caller.audience) });
        *open = Some(known);
        known.audience.map(Caller::without_key)
    }

    /// Keeps a response that says it may be.
    async fn keep(&self, question: Question, response: Response) -> Response {
        let state = &self.0.state;
        let extensions = response.extensions();
        let of_edition = extensions.get::<OfEdition>().cloned();
        // Nothing a layer made of it, such as a refusal.
        let is_an_answer = matches!(response.status(), StatusCode::OK | StatusCode::NOT_MODIFIED);
        let may_be_kept = is_an_answer
            && response.body().size_hint().exact().is_some_and(|bytes| bytes <= LONGEST_BODY)
            // Where another edition came meanwhile, nobody knows which of the two it is about.
            && state.engine().is_ok_and(|engine| Arc::ptr_eq(&engine.edition(), &question.edition));
        let meter = extensions.get::<Meter>().cloned().filter(|_| may_be_kept);
        let Some((meter, of_edition)) = meter.zip(of_edition) else { return response };
        let (parts, body) = response.into_parts();
        let body = match to_bytes(body, usize::MAX).await {
            Ok(body) => body,
            Err(error) => return Problem::failed(&error).into_response(),
        };
        state.replies.keep(question, of_edition, meter, &parts, body.clone());
        Response::from_parts(parts, Body::from(body))
    }
}

impl<B> Service<Request<B>> for ApiService
where
    B: hyper::body::Body<Data = Bytes, Error: Into<axum::BoxError>> + Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        Box::pin(self.answer(request).map(Ok))
    }
}
