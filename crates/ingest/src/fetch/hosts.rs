//! What is known of hosts: which failed so often that they are left alone, and when each was asked last. It outlives a
//! client, so that whoever looks again and again keeps to what was learned the last time.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::rate_limit::RateLimiter;
use super::{Clock, FetchError, Limits};

/// Of each host: failures in a row and until when it is left alone, and when it was asked last.
#[derive(Debug, Default)]
pub struct Hosts {
    failing: Mutex<BTreeMap<String, (u32, DateTime<Utc>)>>,
    pace: RateLimiter,
}

impl Hosts {
    /// Waits until a host may be asked that wants so much time between two questions.
    pub(super) fn keep_pace(&self, clock: &dyn Clock, host: &str, interval: Duration) {
        self.pace.keep(clock, host, interval);
    }

    /// Whether a host may be asked at all.
    pub(super) fn not_paused(
        &self,
        host: &str,
        now: DateTime<Utc>,
        limits: &Limits,
    ) -> Result<(), FetchError> {
        let pause = TimeDelta::from_std(limits.pause).unwrap_or(TimeDelta::MAX);
        let failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        match failing.get(host) {
            // A pause that ends later than one can comes of a clock that was set back.
            Some(&(failures, until))
                if failures >= limits.failures && now < until && until - now <= pause =>
            {
                Err(FetchError::Paused { host: host.to_owned(), failures, until })
            }
            _ => Ok(()),
        }
    }

    /// Notes that a question failed for good.
    pub(super) fn record_failure(&self, host: &str, now: DateTime<Utc>, limits: &Limits) {
        let pause = TimeDelta::from_std(limits.pause).unwrap_or(TimeDelta::MAX);
        let until = now.checked_add_signed(pause).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = failing.entry(host.to_owned()).or_default();
        *entry = (entry.0 + 1, until);
    }

    /// Notes that a question was answered.
    pub(super) fn record_success(&self, host: &str) {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner).remove(host);
    }
}
