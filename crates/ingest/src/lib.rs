//! Fetch, keep, parse, conform, commit.
