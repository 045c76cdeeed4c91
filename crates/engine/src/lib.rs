#![doc = include_str!("../README.md")]

mod check;
mod editions;
mod error;
mod evidence;
mod names;
mod request;
mod rollup;
mod run;
mod session;

pub use error::{EngineError, nearest};
pub use request::{AsOf, Borders, By, KpiRequest, Policy, day_after, first_day};
pub use run::{Engine, KpiAnswer, Meta, SqlAnswer};
pub use utbredt_lake::Edition;
