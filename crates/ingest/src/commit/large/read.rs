//! A large delivery, read: its statements in sorted runs, each with the row it came in.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::sync::Arc;

use utbredt_lake::{DiskSort, Lake};
use utbredt_model::{Parsed, Reason, Rejection};
use utbredt_sources::delimited::{Contract, Ending, Stream};

use super::statements::{ORDER, rows_of, schema};
use crate::format::Format;
use crate::payload::{LargePayload, unreadable};
use crate::{Delivery, IngestError, sandbox, with_causes};

/// Rows with the reasons why they are no facts, which are looked up in the file afterwards.
pub(super) type Faults = Vec<(u64, Reason)>;

/// A delivery that was read.
pub(super) struct ReadRows {
    /// Its statements.
    pub(super) sorted: DiskSort,
    /// Rejected by the parser.
    pub(super) rejections: Vec<Rejection>,
    pub(super) rows_in: u64,
    pub(super) breaches: Vec<String>,
    /// The columns that the contract leaves out.
    pub(super) left_out: String,
}

/// Reads a delivery by its contract.
pub(super) fn read(
    by: (&dyn Format, &Contract),
    (delivery, payload): (&Delivery, &LargePayload),
    lake: &Lake,
) -> Result<ReadRows, IngestError> {
    let schema = schema();
    let mut sorted = lake.disk_sort(Arc::clone(&schema), &ORDER);
    let from = (payload.open(lake)?, delivery.payload.length());
    let ending = sandbox::pieces(by, from, &mut |piece| Ok(sorted.push(rows_of(&piece, &schema)?)?));
    let ending = match ending {
        // What cannot be parsed is refused as a whole, and nothing of it is believed.
        Err(IngestError::Sandbox(error)) => Ending::of_breach(with_causes(&error)),
        ending => ending?,
    };
    let Parsed { rejections, rows_in, breaches, .. } = ending.parsed;
    Ok(ReadRows { sorted, rejections, rows_in, breaches, left_out: ending.left_out })
}

/// The rejections of some rows, with the rows as received. The file is read once more, line by line.
pub(super) fn with_lines(
    faults: Faults,
    (format, contract): (&dyn Format, &Contract),
    (payload, sha256, lake): (&LargePayload, &str, &Lake),
) -> Result<Vec<Rejection>, IngestError> {
    if faults.is_empty() {
        return Ok(Vec::new());
    }
    let rows: BTreeSet<u64> = faults.iter().map(|(row, _)| *row).collect();
    let mut lines: BTreeMap<u64, String> = BTreeMap::new();
    let mut from = BufReader::with_capacity(1 << 18, payload.open(lake)?);
    let first = from.fill_buf().map_err(|source| unreadable(sha256, source))?;
    let line_break = Stream::line_break(first, contract);
    // Rows of JSON are its lines that are not blank; a row of a table is a line as an editor counts them.
    let is_json = format.lines(first).is_none();
    let (mut line, mut number) = (Vec::new(), 0);
    loop {
        line.clear();
        let read = from.read_until(line_break, &mut line).map_err(|source| unreadable(sha256, source))?;
        number += u64::from(!is_json || !line.trim_ascii().is_empty());
        if read == 0 || lines.len() == rows.len() {
            break;
        }
        if rows.contains(&number) {
            let text = format.lines(&line).unwrap_or_else(|| String::from_utf8_lossy(&line));
            lines.entry(number).or_insert_with(|| text.trim_end_matches(['\n', '\r']).to_owned());
        }
    }
    let line_of = |row: &u64| lines.get(row).map_or("", String::as_str);
    Ok(faults.into_iter().map(|(row, why)| Rejection::new(row, why, line_of(&row))).collect())
}
