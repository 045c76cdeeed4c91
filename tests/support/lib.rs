//! The kit of the outer suites.
