//! Whole responses that are kept for polls, for as long as the same edition is served, by what of a request decides them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};

use axum::body::Body;
use axum::http::response::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use utbredt_engine::{Edition, KpiRequest};

use crate::metrics::Meter;
use crate::request_log::REQUEST_ID;

/// How many bytes of responses are kept. Bodies are shared with the encoded answers, which have a limit of their own.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// About what the headers and the entry itself take.
const ENTRY_BYTES: usize = 2048;
/// How many questions are computed of a newer edition before it is served.
const MOST_POLLED: usize = 100;

/// Put into the extensions of a response that depends on nothing but the request and the edition served.
#[derive(Debug, Clone)]
pub(crate) struct OfEdition {
    /// The question, where it is about the newest edition whichever that is.
    pub(crate) question: Option<Arc<KpiRequest>>,
}

/// The responses that are kept. Cheap to clone; all clones are one.
#[derive(Clone, Default)]
pub(crate) struct Replies(Arc<RwLock<Kept>>);

#[derive(Default)]
struct Kept {
    replies: HashMap<Vec<u8>, Arc<Reply>>,
    bytes: usize,
}

impl Replies {
    /// Drops all: another edition is served.
    pub(crate) fn clear(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Kept::default();
    }

    /// About how much is kept.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.read().unwrap_or_else(PoisonError::into_inner).bytes as u64
    }

    /// The questions that were asked more than once of the newest edition, the most asked first.
    pub(crate) fn polled(&self) -> Vec<KpiRequest> {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut polled: Vec<(u32, Arc<KpiRequest>)> = Vec::new();
        for reply in kept.replies.values() {
            let (times, question) = (reply.times_found.load(Ordering::Relaxed), reply.question.as_ref());
            let Some(question) = question.filter(|_| times > 0) else { continue };
            // The same question may be kept in several languages and formats.
            match polled.iter_mut().find(|(_, other)| other == question) {
                Some((known, _)) => *known = known.saturating_add(times),
                None => polled.push((times, Arc::clone(question))),
            }
        }
        polled.sort_by_key(|(times, _)| std::cmp::Reverse(*times));
        polled.truncate(MOST_POLLED);
        polled.into_iter().map(|(_, question)| (*question).clone()).collect()
    }

    pub(crate) fn get(&self, question: &Question) -> Option<Arc<Reply>> {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let reply = kept.replies.get(&question.key)?;
        let is_of_edition = std::ptr::eq(reply.edition.as_ptr(), Arc::as_ptr(&question.edition));
        if !is_of_edition {
            return None;
        }
        reply.times_found.fetch_add(1, Ordering::Relaxed);
        Some(Arc::clone(reply))
    }

    /// Keeps a response to a question.
    pub(crate) fn keep(&self, question: Question, of: OfEdition, meter: Meter, parts: &Parts, body: Bytes) {
        let mut headers = parts.headers.clone();
        headers.remove(REQUEST_ID);
        let bytes = question.key.len() + body.len() + ENTRY_BYTES;
        let reply = Reply {
            edition: Arc::downgrade(&question.edition),
            status: parts.status,
            headers,
            body,
            meter,
            bytes,
            question: of.question,
            times_found: AtomicU32::new(0),
        };
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        // What is polled is here again at once; an order of use would cost each poll more than this costs all.
        if kept.bytes + bytes > MOST_BYTES {
            *kept = Kept::default();
        }
        kept.bytes += bytes;
        let of_before = kept.replies.insert(question.key, Arc::new(reply));
        kept.bytes -= of_before.map_or(0, |reply| reply.bytes);
    }
}

/// A response without what differs from one request to the next.
pub(crate) struct Reply {
    /// The edition served when it was made; another one has other replies.
    edition: Weak<Edition>,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    pub(crate) meter: Meter,
    /// What it takes, with its key.
    bytes: usize,
    question: Option<Arc<KpiRequest>>,
    times_found: AtomicU32,
}

impl Reply {
    pub(crate) fn to_response(&self, id: HeaderValue) -> Response {
        let mut response = Response::new(Body::from(self.body.clone()));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers.clone();
        response.headers_mut().insert(REQUEST_ID, id);
        response
    }
}

/// What of a request decides its response, while this edition is served.
pub(crate) struct Question {
    pub(crate) key: Vec<u8>,
    pub(crate) edition: Arc<Edition>,
}
