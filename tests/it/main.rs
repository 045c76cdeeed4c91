//! The integration suite, one binary: each module is an area.

mod kpi;
mod oracle;
mod rollout;
