#![doc = include_str!("../README.md")]

mod audit_tables;
mod columns;
mod commit;
pub mod config;
mod conform;
pub mod connector;
pub mod connectors;
mod contract;
mod deliver;
mod delivery;
mod demo;
mod diff;
mod dry_run;
mod error;
mod expect;
mod extent;
mod facts;
pub mod fetch;
mod format;
mod frames;
pub mod generate;
pub mod held;
mod history;
pub mod inbox;
mod loss;
mod overlaps;
mod parts;
mod payload;
mod phrases;
mod quality_checks;
pub mod reference;
mod reference_data;
pub mod registers;
mod report;
mod rng;
pub mod rollout;
mod run;
pub mod sandbox;
pub mod schedule;
pub mod synthetic;
#[cfg(test)]
mod tests;

pub use connector::Context;
pub use deliver::{deliver, deliver_all, deliver_one};
pub use delivery::{Delivery, read_file};
pub use demo::{DemoReport, SourceReport, demo_lake, load_reference};
pub use diff::{ChangedCell, Diff};
pub use dry_run::{DryRun, DryRunContext};
pub use error::{IngestError, with_causes};
pub use expect::{ExpectedDelivery, expect};
pub use format::Format;
pub use loss::Loss;
pub use payload::{LargePayload, Payload};
pub use report::{Delivered, Report};
pub use run::{due, run};

/// Files by path, such as those of `datasets/`.
pub type Files = [(String, Vec<u8>)];
