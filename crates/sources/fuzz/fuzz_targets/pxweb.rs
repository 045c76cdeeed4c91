//! Metadata of the table interface, and the population in its answers.

#![no_main]

use libfuzzer_sys::fuzz_target;
use utbredt_sources::{jsonstat, pxweb};

fuzz_target!(|bytes: &[u8]| {
    let _ = pxweb::v1_metadata(bytes);
    let _ = pxweb::population(&jsonstat::parse(bytes), pxweb::AGGREGATED_SINCE);
});
