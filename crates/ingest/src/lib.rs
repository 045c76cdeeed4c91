#![doc = include_str!("../README.md")]

pub mod apart;
mod audit_tables;
mod columns;
mod conform;
mod deliver;
mod delivery;
mod demo;
mod diff;
mod error;
mod expect;
mod facts;
pub mod fetch;
mod history;
pub mod plan;
pub mod pull;
mod quality_checks;
pub mod reference;
mod reference_data;
pub mod rollout;
mod run;
pub mod schedule;
mod stages;
pub mod synthetic;
#[cfg(test)]
mod tests;
mod trial;

pub use deliver::{Delivered, Report, deliver, deliver_all, deliver_one};
pub use delivery::{Delivery, Source, read_file};
pub use demo::{DemoReport, SourceReport, demo_lake, load_reference};
pub use diff::{ChangedCell, Diff};
pub use error::IngestError;
pub use expect::{Expected, expect};
pub use run::{Means, due, run};
pub use trial::{Trial, Yardstick};
