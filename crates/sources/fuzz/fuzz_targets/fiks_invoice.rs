//! Invoices of the Fiks platform.

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use utbredt_sources::fiks::invoice::{self, Invoice};

fuzz_target!(|bytes: &[u8]| {
    static INVOICE: LazyLock<Invoice> = LazyLock::new(|| {
        Invoice::from_toml(include_str!("../../../../datasets/samples/fiks-invoice.toml"))
            .expect("a declaration")
    });
    let _ = invoice::parse(bytes, &INVOICE);
});
