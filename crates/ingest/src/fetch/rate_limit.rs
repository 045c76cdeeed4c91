//! No faster than a host allows: when each was last asked, how long the next question waits, and what the host asks for.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use ureq::http::HeaderMap;

use super::Clock;

/// How many may wait for one host.
const QUEUE: i32 = 100;

/// The longest time two questions are kept apart.
const LONGEST: Duration = Duration::from_secs(3600);

/// Of each host, the moment of its last question; that may lie ahead while somebody waits for it.
#[derive(Debug, Default)]
pub(super) struct RateLimiter(Mutex<BTreeMap<String, DateTime<Utc>>>);

impl RateLimiter {
    /// Waits until a host may be asked that wants `apart` between two questions. Whoever comes meanwhile waits longer.
    pub(super) fn keep(&self, clock: &dyn Clock, host: &str, interval: Duration) {
        let now = clock.now();
        let mut requested = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let interval = TimeDelta::from_std(interval.min(LONGEST)).unwrap_or_default();
        let earliest = requested.get(host).and_then(|last| last.checked_add_signed(interval));
        // A turn further off than a queue is long comes of a clock that was set back.
        let queued = |turn: &DateTime<Utc>| *turn > now && *turn - now <= interval * QUEUE;
        let turn = earliest.filter(queued).unwrap_or(now);
        requested.insert(host.to_owned(), turn);
        // Not held while sleeping: others must be able to take the next turn.
        drop(requested);
        if let Some(wait) = (turn - now).to_std().ok().filter(|wait| !wait.is_zero()) {
            clock.sleep(wait);
        }
    }
}

/// How far the source's clock is from ours, in words, where that is more than a minute: signed statements and tokens are
/// refused over it.
pub(super) fn skew(headers: &HeaderMap, now: DateTime<Utc>) -> Option<String> {
    let date = headers.get("date").and_then(|value| value.to_str().ok())?;
    let ahead = now.signed_duration_since(DateTime::parse_from_rfc2822(date).ok()?).num_seconds();
    let side = if ahead > 0 { "ahead of" } else { "behind" };
    (ahead.abs() > 60).then(|| format!("this machine's clock is {} s {side} the source's", ahead.abs()))
}

/// What the source asks us to wait: seconds, or a moment against the source's own clock, which may be wrong.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let requested = text("retry-after")?;
    if let Ok(seconds) = requested.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let moment = DateTime::parse_from_rfc2822(requested).ok()?;
    let now = DateTime::parse_from_rfc2822(text("date")?).ok()?;
    (moment - now).to_std().ok()
}
