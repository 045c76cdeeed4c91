//! Tables in any format, by a contract that uses most of what a contract may say.

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use utbredt_sources::delimited::{self, Contract};

fuzz_target!(|bytes: &[u8]| {
    static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
        Contract::from_toml(include_str!("../../../../datasets/contracts/messages-by-organisation.toml"))
            .expect("a contract")
    });
    let _ = delimited::parse(bytes, &CONTRACT);
});
