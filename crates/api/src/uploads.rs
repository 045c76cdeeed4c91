//! The types of an upload: what comes in, who may send it, what becomes of it. The handler is in `deliveries`; what
//! takes deliveries in is the server's, behind [`DeliveryInbox`].

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use axum::http::{HeaderMap, header};
use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;
use utbredt_model::{Upload, Verdict};

/// How many deliveries of the usual size are in memory at once.
pub(crate) const AT_ONCE: u32 = 4;
/// How many requests without a valid token wait for their rejection at once; further ones get it at once, without a
/// reason.
const UNAUTHENTICATED_SLOTS: usize = 16;

/// The verdict and the report that explains it.
#[derive(Debug, Clone, PartialEq)]
pub struct UploadOutcome {
    /// What became of it.
    pub verdict: Verdict,
    /// The validation report.
    pub report: Value,
}

/// Why an upload was not evaluated. What is wrong with the data is never among it: that is in the report.
#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    /// Another writer is at work: the same upload may be sent again.
    #[error("another writer holds the lake")]
    Busy,
    /// It would be held, and held deliveries take their quota already: nothing of it is kept.
    #[error("held deliveries take {held} bytes of a quota of {quota}")]
    Full {
        /// What they take.
        held: u64,
        /// What they may take.
        quota: u64,
    },
    /// Its key was sent before with another fingerprint.
    #[error("the idempotency key belongs to another upload")]
    Reused,
    /// A fault of the server. For the log, not for the sender.
    #[error("the upload could not be evaluated")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

/// Takes uploads in. Called on a thread that may block.
pub trait DeliveryInbox: fmt::Debug + Send + Sync {
    /// Evaluates an upload and, unless it is a dry run, commits it and remembers the answer under its key: the same
    /// upload under the same key gets that answer again, whatever came in between, and nothing is done.
    ///
    /// # Errors
    /// [`InboxError`] when it could not be evaluated or kept, or its key was another's.
    fn accept(&self, upload: Upload) -> Result<UploadOutcome, InboxError>;

    /// Whether it takes files of a source of this name: a key may name one that is not there.
    fn takes(&self, source_id: &str) -> bool;
}

/// The sources that somebody may do something with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceAccess {
    /// Every source.
    All,
    /// These alone.
    Only(BTreeSet<String>),
}

impl SourceAccess {
    /// Whether a source is among them.
    #[must_use]
    pub fn contains(&self, source_id: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(sources) => sources.contains(source_id),
        }
    }
}

/// The key or token of a request.
pub(crate) trait SentKeys {
    /// What `Authorization: Bearer` holds; nothing where another scheme or none is sent.
    fn sent_key(&self) -> Option<&str>;
}

impl SentKeys for HeaderMap {
    fn sent_key(&self) -> Option<&str> {
        let mut sent = self.get_all(header::AUTHORIZATION).iter();
        let (scheme, key) = sent.next()?.to_str().ok()?.split_once(' ')?;
        // Of two keys neither is the one that was meant.
        let key = if sent.next().is_some() { "" } else { key.trim() };
        scheme.eq_ignore_ascii_case("bearer").then_some(key)
    }
}

/// A token and the sources it may deliver for. The token itself is not kept.
#[derive(Clone)]
pub struct UploadKey {
    pub(crate) digest: [u8; 32],
    pub(crate) sources: BTreeSet<String>,
}

impl fmt::Debug for UploadKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("UploadKey").field("sources", &self.sources).finish_non_exhaustive()
    }
}

impl UploadKey {
    /// A token for some sources.
    #[must_use]
    pub fn new(token: &str, sources: impl IntoIterator<Item = String>) -> Self {
        Self { digest: Sha256::digest(token).into(), sources: sources.into_iter().collect() }
    }
}

/// What the handler needs: the inbox, the tokens, and how many may be under way.
#[derive(Debug)]
pub(crate) struct Uploads {
    pub(crate) inbox: Arc<dyn DeliveryInbox>,
    keys: Vec<UploadKey>,
    pub(crate) slots: Arc<Semaphore>,
    pub(crate) unauthenticated: Semaphore,
}

impl Uploads {
    pub(crate) fn new(inbox: Arc<dyn DeliveryInbox>, keys: Vec<UploadKey>) -> Self {
        let slots = Arc::new(Semaphore::new(AT_ONCE as usize));
        Self { inbox, keys, slots, unauthenticated: Semaphore::new(UNAUTHENTICATED_SLOTS) }
    }

    /// The key of the token sent. Every key is compared to its end, so that the time does not say which there are.
    pub(crate) fn authenticate(&self, headers: &HeaderMap) -> Option<&UploadKey> {
        let digest = Sha256::digest(headers.sent_key()?);
        let mut found = None;
        for key in &self.keys {
            if bool::from(key.digest.ct_eq(digest.as_slice())) {
                found = Some(key);
            }
        }
        found
    }
}
