//! The only clock in the house.

use std::time::Duration;

use chrono::{DateTime, Utc};
use utbredt_ingest::fetch::Clock;

/// Now. Everything else is told what time it is. `UTBREDT_NOW` sets it: for a test that must end the same twice.
#[expect(clippy::disallowed_methods, reason = "only the binary reads a clock")]
pub(crate) fn now() -> DateTime<Utc> {
    let set = std::env::var("UTBREDT_NOW").ok().and_then(|text| text.parse().ok());
    set.unwrap_or_else(|| std::time::SystemTime::now().into())
}

/// The machine's time.
#[derive(Debug)]
pub(crate) struct System;

impl Clock for System {
    fn now(&self) -> DateTime<Utc> {
        now()
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}
