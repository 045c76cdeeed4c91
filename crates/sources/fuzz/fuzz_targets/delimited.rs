//! Tables in any format, by contracts that together use most of what a contract may say; and contracts proposed for them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use utbredt_sources::delimited::{self, About, Contract, Known};

fuzz_target!(|bytes: &[u8]| {
    static CONTRACTS: LazyLock<Vec<Contract>> = LazyLock::new(|| {
        [
            include_str!("../../../../datasets/contracts/messages-by-organisation.toml"),
            include_str!("../../../../datasets/contracts/network-report.toml"),
            include_str!("../../../../datasets/contracts/network-service.toml"),
        ]
        .map(|text| Contract::from_toml(text).expect("a contract"))
        .into()
    });
    for contract in &*CONTRACTS {
        let _ = delimited::parse(bytes, contract);
    }
    static KNOWN: LazyLock<Known> = LazyLock::new(|| Known {
        municipalities: ["0301", "1103", "4601"].map(str::to_owned).into(),
        ..Known::default()
    });
    let about = About::of_file("report 2024-01", None).expect("a name");
    if let Ok(toml) = delimited::propose(bytes, &about, &KNOWN) {
        Contract::from_toml(&toml).expect("what is proposed is a contract");
    }
});
