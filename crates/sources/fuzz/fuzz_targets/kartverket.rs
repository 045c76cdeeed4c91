//! Kartverket's list of municipalities.

#![no_main]

use libfuzzer_sys::fuzz_target;
use utbredt_sources::kartverket;

fuzz_target!(|bytes: &[u8]| {
    let _ = kartverket::municipalities(bytes);
});
