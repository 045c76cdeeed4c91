#![doc = include_str!("../README.md")]

#[cfg(test)]
mod conformance;
pub mod delimited;
pub mod digdir;
pub mod digisos;
pub mod oslo;
pub mod reference;
pub mod text;
