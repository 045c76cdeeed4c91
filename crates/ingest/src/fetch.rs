//! The network's door: bytes of an address on a list, or why there are none.
//!
//! Everything a national source is known to do is met here once, for every connector: it is away, it is slow, it is cut
//! off, it asks for patience, it sends us elsewhere. A connector sees an answer or a reason.

mod answers;
mod client;
mod guard;
mod hosts;
mod maskinporten;
mod pace;
mod resolve;
mod secret;
#[cfg(test)]
pub(crate) mod tests;

pub use answers::Answers;
pub use client::{Answer, Ask, Client, Clock, FetchError, Limits};
pub use guard::{Guard, Refusal, Target};
pub use hosts::Hosts;
pub use maskinporten::{Maskinporten, Registration, TokenError};
pub use secret::{Secret, SecretPlace, Secrets};
