#![doc = include_str!("../README.md")]
//! The KPI catalogue: header grammar, parameters, units, roll-up rules. Text in, types out.

mod catalogue;
mod check;
mod error;
mod header;
mod kpi;
mod lexer;
mod markdown;
mod param;
mod reasons;
mod view;
mod words;

pub use catalogue::Catalogue;
pub use error::{KpiError, ParamError, UnknownKpi};
pub use kpi::{Column, ColumnFill, ColumnRollup, Kpi, KpiRollup, Lookback, RollupKind, YearWord};
pub use param::{Param, ParamKind, ParamValue};
pub use view::View;
pub use words::{Better, Caveats, Lang, Titles, Unit};
