//! Tests of the promises: nothing lost, nothing doubled, nothing damaged read.

#[cfg(unix)]
mod backup;
mod checkpoints;
mod commits;
mod damage;
mod dates;
mod draft;
pub(crate) mod faults;
mod growth;
mod histories;
mod places;
mod power;
mod removal;
mod renames;
mod stops;
mod support;
