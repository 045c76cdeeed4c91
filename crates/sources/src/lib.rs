#![doc = include_str!("../README.md")]

pub mod brreg;
#[cfg(test)]
mod conformance;
pub mod delimited;
pub mod digdir;
pub mod digisos;
pub mod fiks;
pub mod jsonstat;
pub mod kartverket;
pub mod klass;
pub mod pxweb;
pub mod reference;
pub mod register;
pub mod text;
