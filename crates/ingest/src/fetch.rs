//! The HTTP client: bytes of an address on a list, or why there are none.
//!
//! Everything a national source is known to do is met here once, for every connector: it is away, it is slow, it is cut
//! off, it asks for patience, it sends us elsewhere. A connector sees an answer or a reason.

mod cache;
mod client;
mod guard;
mod hosts;
mod limits;
mod maskinporten;
mod rate_limit;
mod resolve;
mod secret;
#[cfg(test)]
pub(crate) mod tests;

pub use cache::HttpCache;
pub use client::{Client, Clock, FetchError, Request, Response};
pub use guard::{Guard, Refusal, Target};
pub use hosts::Hosts;
pub use limits::Limits;
pub use maskinporten::{Maskinporten, Registration, TokenError};
pub use secret::{Secret, SecretPlace, Secrets};
