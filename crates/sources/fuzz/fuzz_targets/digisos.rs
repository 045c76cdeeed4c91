//! The rollout list of Digisos.

#![no_main]

use libfuzzer_sys::fuzz_target;
use utbredt_sources::digisos;

fuzz_target!(|bytes: &[u8]| {
    let _ = digisos::parse(bytes);
});
