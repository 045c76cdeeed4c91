//! The integration suite, one binary: each module is an area.

mod algebra;
mod benefit;
mod borders;
mod diff;
mod forecast;
mod http;
mod kpi;
mod oracle;
mod properties;
mod rollout;
mod sql;
