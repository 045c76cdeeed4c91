//! No committed row is lost or doubled, whatever stops `utbredt ingest`: a kill at random moments, a kill before
//! every step it takes on the disk, an error from every such step, a disk that is full.
//!
//! `UTBREDT_KILLS=10000` asks more random kills, `UTBREDT_SEED=n` draws other moments, `UTBREDT_STRIDE=1` kills at
//! every step instead of some of each kind. Steps are found by strace;
//! without it those tests say so and pass. `cargo test --workspace --test crash -- --nocapture` shows the counts.
#![expect(clippy::print_stdout, reason = "counts, and why a test could not run here")]

mod act;
mod errors;
mod kills;
mod pull;
mod sources;
mod steps;
mod world;
