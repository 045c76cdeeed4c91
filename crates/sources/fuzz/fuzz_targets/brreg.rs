//! Brreg's organisations: one, and a page.

#![no_main]

use libfuzzer_sys::fuzz_target;
use utbredt_sources::brreg;

fuzz_target!(|bytes: &[u8]| {
    let _ = brreg::unit(bytes);
    let page = brreg::page(bytes);
    let _ = (page.next(), page.cut_off());
});
