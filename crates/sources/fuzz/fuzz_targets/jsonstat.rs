//! Cubes in json-stat 2, every row of them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use utbredt_sources::jsonstat;

fuzz_target!(|bytes: &[u8]| {
    let table = jsonstat::parse(bytes);
    for row in table.rows() {
        let _ = (row.cell.state(), row.cell.whole());
    }
});
