//! One question over HTTP, asked until it is answered, refused, or there is no point in asking on.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use ureq::config::Config;
use ureq::http::HeaderMap;
use ureq::unversioned::transport::DefaultConnector;

use super::cache::{HttpCache, Kept};
use super::guard::{Guard, Refusal, Target};
use super::rate_limit::{retry_after, skew};
use super::resolve::{self, Checked, Forbidden, Lookup};
use super::secret::hidden;
use super::{Hosts, Limits, Secret};

/// Time, from outside: nothing here reads a clock.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Now.
    fn now(&self) -> DateTime<Utc>;
    /// Waits.
    fn sleep(&self, time: Duration);
}

/// A question.
#[derive(Debug, Clone)]
pub struct Request {
    /// The address.
    pub address: String,
    /// Headers that may be shown.
    pub headers: Vec<(String, String)>,
    /// Headers that may not, and that go to no other host than the address's.
    pub secrets: Vec<(String, Secret)>,
    /// What is posted; a GET without it.
    pub body: Option<Vec<u8>>,
    /// The least time between the last question to the host and this one.
    pub min_interval: Duration,
    /// The largest answer that makes sense, where that is less than the client takes.
    pub max_bytes: u64,
    /// Whether the answer may be kept, so that the source may say that nothing changed. Never where it names persons.
    pub remember: bool,
}

impl Request {
    /// A GET.
    pub fn get(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            headers: Vec::new(),
            secrets: Vec::new(),
            body: None,
            min_interval: Duration::ZERO,
            max_bytes: u64::MAX,
            remember: false,
        }
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// 200, 204, or 304 where nothing changed and the bytes are those kept of an earlier answer.
    pub status: u16,
    /// The bytes.
    pub body: Vec<u8>,
    /// How many bytes came.
    pub received: u64,
    /// How often it was asked.
    pub attempts: u32,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The address is not one that is asked.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The source says no, and would say so again.
    #[error("{address} answers {status}: {message}")]
    Status {
        /// The address.
        address: String,
        /// The status.
        status: u16,
        /// The beginning of what it says.
        message: String,
    },
    /// It was asked as often as the limits allow.
    #[error("{address} did not answer {attempts} times; the last time: {why}")]
    RetriesExhausted {
        /// The address.
        address: String,
        /// How often it was asked.
        attempts: u32,
        /// What came last.
        why: String,
    },
    /// The source asks for more patience than there is.
    #[error("{address} requests a wait of {} s, which is longer than the limit", wait.as_secs())]
    RetryAfterTooLong {
        /// The address.
        address: String,
        /// How long.
        wait: Duration,
    },
    /// The answer is larger than is taken.
    #[error("{address} answers with more than {limit} bytes")]
    TooLarge {
        /// The address.
        address: String,
        /// The limit.
        limit: u64,
    },
    /// The host failed so often that it is left alone.
    #[error("{host} failed {failures} times in a row and is left alone until {until}")]
    Paused {
        /// The host.
        host: String,
        /// How often.
        failures: u32,
        /// Until when.
        until: DateTime<Utc>,
    },
    /// It sends us round in circles.
    #[error("{address} was sent on more than {0} times", REDIRECTS)]
    TooManyRedirects {
        /// The first address.
        address: String,
    },
}

/// How often an answer may send us to another address.
const REDIRECTS: usize = 5;

/// How much of a refusal is passed on.
const MAX_MESSAGE: usize = 300;

/// Asks addresses of a list.
#[derive(Debug)]
pub struct Client<'c> {
    guard: Guard,
    agent: ureq::Agent,
    limits: Limits,
    clock: &'c dyn Clock,
    hosts: Arc<Hosts>,
    cache: Option<HttpCache>,
}

/// What came of asking once.
enum Once {
    Answered(u16, HeaderMap, Vec<u8>),
    TooLarge,
    /// Nothing, for a reason that may pass.
    Failed(String),
    /// Nothing, because of where the name leads.
    Refused(Refusal),
}

impl<'c> Client<'c> {
    /// A client for the hosts a guard lets through.
    #[must_use]
    pub fn new(guard: Guard, limits: Limits, clock: &'c dyn Clock) -> Self {
        Self::with_lookup(guard, limits, clock, resolve::system)
    }

    pub(super) fn with_lookup(guard: Guard, limits: Limits, clock: &'c dyn Clock, lookup: Lookup) -> Self {
        let config = Config::builder()
            .https_only(!guard.is_local())
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent("utbredt")
            .timeout_connect(Some(limits.connect))
            .timeout_global(Some(limits.answer))
            .build();
        let resolver = Checked { guard: guard.clone(), lookup, timeout: limits.connect };
        let agent = ureq::Agent::with_parts(config, DefaultConnector::default(), resolver);
        Self { guard, agent, limits, clock, hosts: Arc::default(), cache: None }
    }

    /// With what an earlier client learned of hosts.
    #[must_use]
    pub fn with_host_state(self, hosts: Arc<Hosts>) -> Self {
        Self { hosts, ..self }
    }

    /// With answers kept for questions that may be remembered.
    #[must_use]
    pub fn with_cache(self, cache: HttpCache) -> Self {
        Self { cache: Some(cache), ..self }
    }

    /// The cache it was given.
    #[must_use]
    pub const fn cache(&self) -> Option<&HttpCache> {
        self.cache.as_ref()
    }

    /// The clock it was given.
    #[must_use]
    pub fn clock(&self) -> &'c dyn Clock {
        self.clock
    }

    /// Asks until there is an answer.
    ///
    /// A status of the source's own trouble (429, 500, 502, 503, 504), a connection that fails and a body that is cut off
    /// are asked again, after a wait that doubles, or the one the source asks for. Whoever sends us elsewhere sends us to
    /// an address that is checked like the first, and secrets stay with their host. Where the source says that nothing
    /// changed since an answer that is kept, it is given again.
    ///
    /// # Errors
    /// [`FetchError`].
    pub fn fetch(&self, request: &Request) -> Result<Response, FetchError> {
        let first = self.guard.check(&request.address)?;
        let host = first.host();
        self.hosts.not_paused(host, self.clock.now(), &self.limits)?;
        let cache = self.cache.as_ref().filter(|_| request.remember && request.body.is_none());
        let mut kept = cache.and_then(|cache| cache.find(&request.address, self.clock.now()));
        let failed = || self.hosts.record_failure(host, self.clock.now(), &self.limits);
        let mut attempts = 0;
        loop {
            attempts += 1;
            let (why, requested) = match self.follow(request, &first, kept.as_ref())? {
                (target, Once::Answered(status, headers, body)) => match (status, kept.take()) {
                    (200 | 204, _) => {
                        self.hosts.record_success(host);
                        if let Some(Err(error)) =
                            cache.map(|cache| cache.keep(&request.address, &headers, &body, self.clock.now()))
                        {
                            tracing::warn!(%error, "an answer is not kept and will be requested in full");
                        }
                        let received = body.len() as u64;
                        return Ok(Response { status, body, received, attempts });
                    }
                    (304, Some(Kept { body, .. })) => {
                        self.hosts.record_success(host);
                        return Ok(Response { status, body, received: 0, attempts });
                    }
                    (429 | 500 | 502 | 503 | 504, still) => {
                        kept = still;
                        (format!("status {status}"), retry_after(&headers))
                    }
                    (304, None) => ("status 304 to a question without a condition".to_owned(), None),
                    _ => {
                        let message = hidden(&String::from_utf8_lossy(&body), request);
                        let mut message: String = message.chars().take(MAX_MESSAGE).collect();
                        if let Some(skew) = skew(&headers, self.clock.now()) {
                            message = format!("{message} ({skew})");
                        }
                        return Err(FetchError::Status { address: shown(&target), status, message });
                    }
                },
                (target, Once::TooLarge) => {
                    let limit = self.max_bytes(request);
                    return Err(FetchError::TooLarge { address: shown(&target), limit });
                }
                (_, Once::Refused(refusal)) => return Err(refusal.into()),
                (_, Once::Failed(why)) => (why, None),
            };
            tracing::warn!(address = %shown(&first), attempts, why, "gave no answer after every attempt");
            if attempts >= self.limits.attempts {
                failed();
                return Err(FetchError::RetriesExhausted { address: shown(&first), attempts, why });
            }
            let wait = requested.unwrap_or_else(|| self.backoff(&request.address, attempts));
            if wait > self.limits.longest_wait {
                failed();
                return Err(FetchError::RetryAfterTooLong { address: shown(&first), wait });
            }
            self.clock.sleep(wait);
        }
    }

    fn max_bytes(&self, request: &Request) -> u64 {
        request.max_bytes.min(self.limits.bytes)
    }

    /// Asks once, and once more wherever the answer sends us.
    fn follow(
        &self,
        request: &Request,
        first: &Target,
        kept: Option<&Kept>,
    ) -> Result<(Target, Once), FetchError> {
        let mut target = first.clone();
        for _ in 0..=REDIRECTS {
            self.hosts.keep_pace(self.clock, target.host(), request.min_interval);
            let at_home = target.host() == first.host();
            let once = self.once(request, &target, at_home, kept.filter(|_| at_home));
            let Once::Answered(301 | 302 | 303 | 307 | 308, headers, _) = &once else {
                return Ok((target, once));
            };
            let place = headers.get("location").and_then(|place| place.to_str().ok());
            let Some(place) = place.filter(|_| request.body.is_none()) else { return Ok((target, once)) };
            let next = target.url().join(place).map_err(|error| Refusal {
                address: place.chars().take(200).collect(),
                why: format!("it is no address ({error})"),
            })?;
            target = self.guard.check_url(next)?;
        }
        Err(FetchError::TooManyRedirects { address: shown(first) })
    }

    fn once(&self, request: &Request, target: &Target, at_home: bool, kept: Option<&Kept>) -> Once {
        let mut headers: Vec<(&str, &str)> = vec![("accept-encoding", "identity")];
        headers.extend(request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        if at_home {
            headers.extend(request.secrets.iter().map(|(name, value)| (name.as_str(), value.0.as_str())));
        }
        headers.extend(kept.into_iter().flat_map(Kept::conditions));
        let sent = match &request.body {
            None => headers.iter().fold(self.agent.get(target.as_str()), |r, (n, v)| r.header(*n, *v)).call(),
            Some(body) => {
                let request = self.agent.post(target.as_str());
                headers.iter().fold(request, |r, (n, v)| r.header(*n, *v)).send(body.as_slice())
            }
        };
        let mut response = match sent {
            Ok(response) => response,
            Err(error) => return self.failure(&error, target),
        };
        let limit = self.max_bytes(request);
        let declared = response.headers().get("content-length");
        let declared = declared.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if declared.is_some_and(|length| length > limit) {
            return Once::TooLarge;
        }
        match response.body_mut().with_config().limit(limit).read_to_vec() {
            Ok(body) if declared.is_some_and(|length| (body.len() as u64) < length) => {
                Once::Failed(format!("the answer was cut off after {} bytes", body.len()))
            }
            Ok(body) => Once::Answered(response.status().as_u16(), response.headers().clone(), body),
            Err(ureq::Error::BodyExceedsLimit(_)) => Once::TooLarge,
            Err(error) => Once::Failed(format!("the answer was cut off ({error})")),
        }
    }

    /// The checked resolver's refusal comes back as an error of the connection.
    fn failure(&self, error: &ureq::Error, target: &Target) -> Once {
        match error {
            ureq::Error::Io(io) if io.get_ref().is_some_and(|inner| inner.is::<Forbidden>()) => {
                Once::Refused(Refusal { address: shown(target), why: io.to_string() })
            }
            error => Once::Failed(error.to_string()),
        }
    }

    /// A wait that doubles, with up to half of it more by the address and the attempt, so that not everybody who was
    /// turned away at once comes back at once.
    fn backoff(&self, address: &str, attempts: u32) -> Duration {
        let base = self.limits.wait.saturating_mul(1 << (attempts - 1).min(16));
        let hash = Sha256::digest(format!("{address} {attempts} {}", self.clock.now()).as_bytes());
        let more = u32::from(hash.first().copied().unwrap_or_default());
        (base + base * more / 512).min(self.limits.longest_wait)
    }
}

/// An address as it may be shown: what is asked may name a person.
fn shown(target: &Target) -> String {
    target.as_str().split('?').next().unwrap_or_default().to_owned()
}
