//! Fetch, keep, parse, conform, commit.
pub mod reference;
pub mod rollout;
