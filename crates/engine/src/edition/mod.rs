//! One edition, opened: its tables for the query engine, its dimensions in memory, its provenance.

pub(crate) mod areas;
pub(crate) mod damaged;
pub(crate) mod dimensions;
mod files;
pub(crate) mod open;
pub(crate) mod provenance;
mod rows;
