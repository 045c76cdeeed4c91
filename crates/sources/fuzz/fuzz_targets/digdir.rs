//! Answers of Digdir's statistics API.

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use utbredt_sources::digdir::{self, Series};

fuzz_target!(|bytes: &[u8]| {
    static SERIES: LazyLock<Series> =
        LazyLock::new(|| toml::from_str(include_str!("../digdir.toml")).expect("a series"));
    let _ = digdir::parse(bytes, &SERIES);
});
