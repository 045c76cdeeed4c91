//! The activation status at KS Fiks, and the payload that may be kept.

#![no_main]

use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use utbredt_model::SolutionId;
use utbredt_sources::fiks::activation;

fuzz_target!(|bytes: &[u8]| {
    let solution = SolutionId::parse("digisos").expect("a slug");
    let read = activation::parse(bytes, &solution, DateTime::UNIX_EPOCH);
    let kept = activation::without_contacts(bytes);
    assert!(!kept.contains(&b'@'));
    assert_eq!(activation::parse(&kept, &solution, DateTime::UNIX_EPOCH), read);
});
