//! Any table in CSV, XLSX or ODS, read by a contract: which column says whom, when, what and how much.

mod contract;
mod grid;
mod inflate;
mod mapper;
mod number;
mod places;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
mod workbook;
mod zip;

use std::collections::BTreeMap;

use utbredt_model::{Parsed, Rejection};

pub use contract::{
    Contract, ContractError, Format, Layout, OutOfRange, PeriodColumns, Pick, Provisional, StateColumn,
    SubjectColumn, SubjectKind, Symbol, Totals, ValueRules, Wide,
};

use crate::text;

/// Reads a delivery by its contract.
#[must_use]
pub fn parse(bytes: &[u8], contract: &Contract) -> Parsed {
    let mut mapper = mapper::Mapper::new(contract);
    let read = each_row(bytes, contract, &mut |line| mapper.take(line));
    let (mut parsed, contradicted) = mapper.finish(read.err());
    // Only a payload that contradicts itself is read twice, for the rows as received.
    if !contradicted.is_empty() {
        let mut raws: BTreeMap<u64, String> =
            contradicted.iter().map(|(row, _)| (*row, String::new())).collect();
        let _ = each_row(bytes, contract, &mut |line| {
            if let Some(raw) = raws.get_mut(&line.row) {
                *raw = line.raw.chars().take(500).collect();
            }
            true
        });
        let raw = |row| raws.get(row).map_or("", String::as_str);
        parsed.rejections.extend(contradicted.iter().map(|(row, why)| Rejection::new(*row, why, raw(row))));
        parsed.rejections.sort_by_key(|r| r.row);
    }
    parsed
}

fn each_row(bytes: &[u8], contract: &Contract, sink: grid::Sink<'_>) -> Result<(), String> {
    if bytes.starts_with(b"\xD0\xCF\x11\xE0") {
        return Err(
            "the delivery is an old XLS or an encrypted workbook; save it as XLSX without a password"
                .to_owned(),
        );
    }
    let workbook = match contract.format {
        Some(format) => format != Format::Csv,
        None => bytes.starts_with(b"PK\x03\x04"),
    };
    if workbook {
        return workbook::each_row(bytes, contract, sink);
    }
    grid::each_row(&text::decode(bytes, contract.encoding), contract, sink);
    Ok(())
}
