//! Answers of SSB Klass in both forms, and what the changes mean.

#![no_main]

use libfuzzer_sys::fuzz_target;
use utbredt_sources::klass::{self, Classification, Register};

fuzz_target!(|bytes: &[u8]| {
    let _ = klass::codes(bytes, Classification::Municipalities);
    let _ = klass::corresponds(bytes, Classification::Municipalities, Classification::Kostra);
    let _ = klass::version(bytes);
    let changes = klass::changes(bytes).rows;
    let register = Register::of(&changes);
    let kinds = klass::kinds(&changes, |code, day| register.lives(code, day).unwrap_or(false));
    assert_eq!(kinds.len(), changes.len());
});
