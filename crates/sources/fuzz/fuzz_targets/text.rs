//! Recognising and decoding an encoding.

#![no_main]

use libfuzzer_sys::fuzz_target;
use utbredt_sources::text;

fuzz_target!(|bytes: &[u8]| {
    let declared = text::sniff(bytes);
    assert_eq!(text::decode(bytes, None), text::decode(bytes, Some(declared)));
});
