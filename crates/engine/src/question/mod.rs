//! A question's way: resolved against an edition, answered by cells, cells rolled up to areas.

mod amounts;
mod bind;
pub(crate) mod cells;
pub(crate) mod due;
mod groups;
mod inputs;
mod interval;
mod numbers;
pub(crate) mod periods;
mod place;
pub(crate) mod relations;
pub(crate) mod resolve;
pub(crate) mod rollup;
mod scope;
pub(crate) mod source;
mod stored;
mod table;
mod tally;
