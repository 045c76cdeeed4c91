#![doc = include_str!("../README.md")]

pub mod apart;
mod books;
mod bridge;
mod conform;
mod deliver;
mod delivery;
mod demo;
mod diff;
mod error;
mod expect;
pub mod fetch;
mod gates;
mod history;
pub mod plan;
pub mod pull;
pub mod reference;
pub mod rollout;
mod run;
pub mod schedule;
mod stages;
pub mod synthetic;
#[cfg(test)]
mod tests;
mod trial;
mod world;

pub use deliver::{Delivered, Report, deliver, deliver_all, deliver_one};
pub use delivery::{Delivery, Source, read_file};
pub use demo::{DemoReport, SourceReport, demo_lake, load_reference};
pub use diff::{ChangedCell, Diff};
pub use error::IngestError;
pub use expect::{Expected, expect};
pub use run::{Means, due, run};
pub use trial::{Trial, Yardstick};
