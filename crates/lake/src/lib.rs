#![doc = include_str!("../README.md")]

mod disk;
pub mod edition;
mod error;
mod lake;
pub mod tables;
mod writer;

pub use edition::{Edition, FileEntry};
pub use error::LakeError;
pub use lake::{Lake, VerifyReport};
pub use tables::{TABLES, Table};
pub use writer::{Change, Outcome, Writer};
