#![doc = include_str!("../README.md")]

mod asked;
mod check;
mod denominators;
mod diff;
mod editions;
mod error;
mod evidence;
pub mod forecast;
mod functions;
mod names;
mod read;
mod request;
mod rollup;
mod run;
mod runs;
mod session;
mod sql;

pub use denominators::Denominator;
pub use diff::{Cause, DiffAnswer, DiffMeta, DiffRequest};
pub use error::{EngineError, nearest};
pub use request::{AsOf, Borders, By, KpiRequest, Policy, day_after, first_day};
pub use run::{Engine, KpiAnswer, Meta};
pub use sql::SqlAnswer;
pub use utbredt_lake::{Edition, Run};
