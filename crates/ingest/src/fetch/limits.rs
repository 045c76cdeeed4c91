//! How long is waited, how much is taken, and how often is asked.

use std::time::Duration;

/// Bounds of one question.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Until a connection stands.
    pub connect: Duration,
    /// Until the whole answer is here.
    pub answer: Duration,
    /// The largest answer taken.
    pub bytes: u64,
    /// How often one question is asked.
    pub attempts: u32,
    /// The wait after the first failure; each next one waits twice as long.
    pub wait: Duration,
    /// The longest wait, also when the source asks for a longer one.
    pub longest_wait: Duration,
    /// Questions of a host that failed one after the other, after which it is left alone.
    pub failures: u32,
    /// For how long it is left alone.
    pub pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(120),
            bytes: 64 << 20,
            attempts: 5,
            wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(300),
            failures: 3,
            pause: Duration::from_secs(600),
        }
    }
}
