//! A question's way: resolved against an edition, answered by cells, cells rolled up to areas.

pub(crate) mod cells;
mod groups;
mod interval;
mod numbers;
pub(crate) mod periods;
pub(crate) mod relations;
pub(crate) mod resolve;
pub(crate) mod rollup;
pub(crate) mod source;
mod stored;
mod table;
mod tally;
