//! The integration suite, one binary: each module is an area.

mod benefit;
mod diff;
mod http;
mod kpi;
mod oracle;
mod properties;
mod rollout;
mod sql;
