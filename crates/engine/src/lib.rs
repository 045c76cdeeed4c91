#![doc = include_str!("../README.md")]

mod check;
mod damage;
mod describe;
mod diff;
mod edition;
mod editions;
mod engine;
mod error;
mod expressions;
pub mod forecast;
mod functions;
mod kept;
mod lookup;
mod planning;
mod question;
mod runs;
mod sql;

pub use diff::DiffRequest;
pub use engine::Engine;
pub use error::EngineError;
pub use kept::KeptStats;
pub use lookup::Lookup;
pub use utbredt_answer::diff::{Cause, DiffAnswer, DiffMeta};
pub use utbredt_answer::{AgeBand, Answer, Denominator, Meta, Rows};
pub use utbredt_kpi::{AsOf, Borders, By, KpiRequest, Policy, RequestError, bound};
pub use utbredt_lake::{Edition, EditionNote, Run, RunSummary, SourceRuns};
