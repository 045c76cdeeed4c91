//! The originals behind the reference tables.

#![no_main]

use libfuzzer_sys::fuzz_target;
use utbredt_sources::reference::{lists, population};

fuzz_target!(|bytes: &[u8]| {
    let _ = (population::by_age(bytes), population::all_ages(bytes));
    let _ = (lists::organisations(bytes), lists::kostra(bytes), lists::centrality(bytes));
    let _ = (lists::networks(bytes), lists::counties(bytes));
});
