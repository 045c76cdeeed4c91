//! What every handler shares: the engine once it is there, the encoded answers, and the metrics.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::http::HeaderMap;
use bytes::Bytes;
use moka::future::Cache;
use utbredt_engine::Engine;

use crate::connections::Limits;
use crate::cors::Origin;
use crate::deliveries;
use crate::held::HeldDeliveries;
use crate::hosts::Hosts;
use crate::keys::{Access, KeyStore, Reading};
use crate::metrics::Metrics;
use crate::problem::Problem;
use crate::questions::Questions;
use crate::registers::RegisterDesk;
use crate::replies::Replies;
use crate::request_log::Cells;
use crate::surface::{Served, Surface};
use crate::uploads::{DeliveryInbox, UploadKey, Uploads};

/// How many bytes of encoded answers are kept.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;
/// How often a server looks for a newer edition.
const REFRESH_EVERY: Duration = Duration::from_secs(2);

/// How long a newer edition may take to be computed before it is served all the same.
const READY_WITHIN: Duration = Duration::from_secs(10);

/// How long an answer may take.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// An encoded answer and what its headers say of it.
#[derive(Debug, Clone)]
pub(crate) struct Encoded {
    pub(crate) body: Bytes,
    pub(crate) edition: u64,
    pub(crate) synthetic: bool,
    /// How many rows it has, where it has any.
    pub(crate) rows: Option<usize>,
    /// Where its cells came from, where it has any.
    pub(crate) cells: Option<Cells>,
    /// Whether the body is compressed.
    pub(crate) gzip: bool,
}

/// The state of the server. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct ApiState {
    engine: Arc<OnceLock<Engine>>,
    pub(crate) cache: Cache<String, Encoded>,
    pub(crate) replies: Replies,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) refresh_every: Duration,
    pub(crate) time_limit: Duration,
    pub(crate) questions: Questions,
    pub(crate) limits: Limits,
    pub(crate) hosts: Arc<Hosts>,
    pub(crate) access: Access,
    pub(crate) public_cache: bool,
    pub(crate) surface: Surface,
    pub(crate) uploads: Option<Arc<Uploads>>,
    pub(crate) held: Option<Arc<dyn HeldDeliveries>>,
    pub(crate) registers: Option<Arc<dyn RegisterDesk>>,
    pub(crate) cors_origins: Arc<[Origin]>,
    /// How long a newer edition may take to be computed before it is served all the same.
    pub(crate) ready_within: Duration,
    /// How large a delivery may be, in bytes.
    pub(crate) delivery_limit: u32,
}

impl fmt::Debug for ApiState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ApiState").field("ready", &self.engine.get().is_some()).finish_non_exhaustive()
    }
}

impl ApiState {
    /// A server that answers at once.
    #[must_use]
    pub fn new(engine: Engine) -> Self {
        let state = Self::waiting();
        state.load(engine);
        state
    }

    /// A server that listens before its lake is opened; `/health/ready` and every KPI request answer 503 until
    /// [`ApiState::load`].
    #[must_use]
    pub fn waiting() -> Self {
        let cache = Cache::builder()
            .max_capacity(CACHE_BYTES)
            .weigher(|key: &String, answer: &Encoded| {
                u32::try_from(key.len() + answer.body.len()).unwrap_or(u32::MAX)
            })
            .build();
        Self {
            engine: Arc::new(OnceLock::new()),
            cache,
            replies: Replies::default(),
            metrics: Arc::new(Metrics::default()),
            refresh_every: REFRESH_EVERY,
            time_limit: TIME_LIMIT,
            questions: Questions::default(),
            limits: Limits::default(),
            hosts: Arc::default(),
            access: Access::default(),
            public_cache: false,
            surface: Surface::Whole,
            uploads: None,
            held: None,
            registers: None,
            cors_origins: Arc::default(),
            ready_within: READY_WITHIN,
            delivery_limit: deliveries::BODY_LIMIT,
        }
    }

    /// Another time between two looks for a newer edition than the usual 2 seconds.
    #[must_use]
    pub fn refreshed_every(mut self, time: Duration) -> Self {
        self.refresh_every = time;
        self
    }

    /// Another time limit for an answer than the usual 30 seconds; a delivery has its own.
    #[must_use]
    pub fn with_time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Another time than the usual 10 seconds in which what most questions about a newer edition need may be computed before it is
    /// served all the same.
    #[must_use]
    pub const fn with_ready_within(mut self, time: Duration) -> Self {
        self.ready_within = time;
        self
    }

    /// Computes questions on the threads of another runtime, of which there are so many: then no question keeps a thread
    /// from the requests that need no computing.
    #[must_use]
    pub fn with_question_threads(mut self, runtime: tokio::runtime::Handle, threads: usize) -> Self {
        self.questions = Questions::new(Some(runtime), threads);
        self
    }

    /// Other limits on connections than the usual ones.
    #[must_use]
    pub const fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Answers only to these names; to any where none are given.
    #[must_use]
    pub fn with_hosts(mut self, hosts: Hosts) -> Self {
        self.hosts = Arc::new(hosts);
        self
    }

    /// Lets proxies between server and browser keep answers too, not the browser alone.
    #[must_use]
    pub const fn with_public_cache(mut self, public: bool) -> Self {
        self.public_cache = public;
        self
    }

    /// Two states of one server: what operators read, metrics and the health of sources, at an address of its own, and the
    /// rest without it. What the second asks for is chosen by `with_hosts`, `with_keys` and `with_limits`.
    #[must_use]
    pub fn with_operation_address(self) -> (Self, Self) {
        let operation = Self { surface: Surface::Operation, ..self.clone() };
        (Self { surface: Surface::WithoutOperation, ..self }, operation)
    }

    /// Has keys looked up in this store, and says who may read without one. A server without it is open.
    #[must_use]
    pub fn with_keys(mut self, reading: Reading, store: Arc<dyn KeyStore>) -> Self {
        self.access = Access { reading, store: Some(store) };
        self
    }

    /// Takes deliveries from those whose key of [`ApiState::with_keys`] names a source, though the plan has no token.
    #[must_use]
    pub fn with_uploads_by_key(mut self, inbox: Arc<dyn DeliveryInbox>) -> Self {
        self.uploads = Some(Arc::new(Uploads::new(inbox, Vec::new())));
        self
    }

    /// Takes deliveries from those who have one of the keys; without keys the route is not there.
    #[must_use]
    pub fn with_uploads(mut self, inbox: Arc<dyn DeliveryInbox>, keys: Vec<UploadKey>) -> Self {
        self.uploads = (!keys.is_empty()).then(|| Arc::new(Uploads::new(inbox, keys)));
        self
    }

    /// Takes deliveries of up to so many MiB, where the usual limit is 32. What is above is in memory once, alone.
    #[must_use]
    pub const fn with_delivery_limit(mut self, mib: u16) -> Self {
        self.delivery_limit = (mib as u32) << 20;
        self
    }

    /// Shows the deliveries that are held, and releases them for those who may deliver; beside [`ApiState::with_uploads`].
    #[must_use]
    pub fn with_held(mut self, held: Arc<dyn HeldDeliveries>) -> Self {
        self.held = Some(held);
        self
    }

    /// Shows registers, and lets those change them who have a key for it.
    #[must_use]
    pub fn with_registers(mut self, desk: Arc<dyn RegisterDesk>) -> Self {
        self.registers = Some(desk);
        self
    }

    /// Lets pages of these origins send POST requests, with a content type and a token. Reading is open to every page.
    #[must_use]
    pub fn with_cors_origins(mut self, origins: Vec<Origin>) -> Self {
        self.cors_origins = origins.into();
        self
    }

    /// Gives the server its engine. The first one stays: later editions come by the engine's own refresh.
    pub fn load(&self, engine: Engine) {
        let _already_loaded = self.engine.set(engine);
    }

    /// What decides which routes there are.
    pub(crate) fn served(&self) -> Served {
        Served { takes_uploads: self.uploads.is_some(), surface: self.surface }
    }

    /// The engine, or the answer of a server that has none yet.
    pub(crate) fn engine(&self) -> Result<&Engine, Problem> {
        self.engine.get().ok_or_else(Problem::not_ready)
    }
}

/// The conditional part of a request.
pub(crate) fn if_none_match(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers.get_all(axum::http::header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok())
}
