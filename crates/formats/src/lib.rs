#![doc = include_str!("../README.md")]

mod delimited;
mod format;
mod ipc;
mod json;
pub mod meta;

pub use format::{EncodeError, Format, encode};
