#![doc = include_str!("../README.md")]

mod answer;
pub mod diff;

pub use answer::{AgeBand, Answer, Denominator, Meta, Rows, Unanswered, Work};
