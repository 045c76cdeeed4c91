#![doc = include_str!("../README.md")]

mod catalogue;
mod change;
mod check;
mod error;
mod header;
mod kpi;
mod lexer;
mod lineage;
mod markdown;
mod param;
mod reasons;
mod request;
mod rollup;
mod view;
mod words;

pub use catalogue::Catalogue;
pub use change::Change;
pub use error::{KpiError, ParamError, UnknownKpi};
pub use kpi::Kpi;
pub use param::{Param, ParamKind, ParamValue};
pub use request::{AsOf, Borders, By, KpiRequest, RequestError, YEARS, bound, day};
pub use rollup::{Column, ColumnFill, ColumnRollup, KpiRollup, Lookback, RollupKind, YearWord};
pub use utbredt_model::Lang;
pub use utbredt_model::territory::mapping::Policy;
pub use view::{Inhabitants, View};
pub use words::{Better, Caveats, Titles, Unit, UnitError};
