//! The delimiter of a table, where a contract does not declare it.

use csv::StringRecord;

use super::contract::{Contract, same_name};
use super::grid::csv_reader;

/// The delimiter that finds most of the declared columns in the header, or failing that makes most columns.
pub(super) fn sniff(text: &str, contract: &Contract) -> char {
    let columns = contract.columns();
    let header_rows = usize::try_from(contract.header_rows).unwrap_or(1);
    let candidates = ['|', ',', ';', '\t'].into_iter();
    candidates.max_by_key(|delimiter| header_score(text, *delimiter, header_rows, &columns)).unwrap_or(';')
}

/// How many cells of a header are declared columns, and how many cells it has.
fn header_score(text: &str, delimiter: char, rows: usize, columns: &[&str]) -> (usize, Option<usize>) {
    let header: Vec<StringRecord> = csv_reader(text, delimiter).records().flatten().take(rows).collect();
    let declared = header.iter().flatten().filter(|cell| columns.iter().any(|name| same_name(name, cell)));
    (declared.count(), header.iter().map(StringRecord::len).max())
}
