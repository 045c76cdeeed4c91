//! The kit of the benches.
