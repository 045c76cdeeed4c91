//! Rows out of text and workbooks: every row with its number, or with the reason it cannot be read.

use std::cell::Cell;

use csv::{ReaderBuilder, StringRecord};

use super::Contract;

const MAX_LINE: usize = 1 << 20;
pub(super) const MAX_COLUMNS: usize = 2_000;
const MAX_FIELD: usize = 64 << 10;
/// How many unclosed quotes are stepped over before the rest of the file is refused as one row.
const MAX_RESUMES: usize = 100;

/// A row as the reader gives it.
#[derive(Debug)]
pub(super) struct Line<'a> {
    /// Its number in the payload, from 1.
    pub(super) row: u64,
    /// The cells.
    pub(super) cells: &'a StringRecord,
    /// The row as received.
    pub(super) raw: &'a str,
    /// Why it cannot be read.
    pub(super) fault: Option<String>,
    /// Trailing blank cells are left out, as spreadsheets do.
    pub(super) trimmed: bool,
}

/// Who takes the rows, the header first; `false` stops the reading.
pub(super) type Sink<'a> = &'a mut dyn FnMut(&Line<'_>) -> bool;

/// Refuses what is too large or not text.
pub(super) fn fault(cells: &StringRecord, raw: &str) -> Option<String> {
    if raw.len() > MAX_LINE {
        return Some(format!("the row is {} bytes long; at most {MAX_LINE} are read", raw.len()));
    }
    if cells.len() > MAX_COLUMNS {
        return Some(format!("the row has {} columns; at most {MAX_COLUMNS} are read", cells.len()));
    }
    if let Some(cell) = cells.iter().find(|cell| cell.len() > MAX_FIELD) {
        return Some(format!("a field is {} bytes long; at most {MAX_FIELD} are read", cell.len()));
    }
    raw.contains('\u{fffd}')
        .then(|| "the row has bytes that are not text in the delivery's encoding".to_owned())
}

/// Reads delimited text from the contract's header row on.
pub(super) fn each_row(text: &str, contract: &Contract, sink: Sink<'_>) {
    let line_break = if text.contains('\n') { '\n' } else { '\r' };
    let skip = usize::try_from(contract.header_row - 1).unwrap_or(usize::MAX);
    let Some(mut from) = start_of_line(text, skip, line_break) else { return };
    let mut row = u64::from(contract.header_row);
    let mut delimiter = contract.delimiter;
    let (mut resumes, go_on) = (0, Cell::new(true));
    let mut sink = |line: &Line<'_>| {
        go_on.set(sink(line));
        go_on.get()
    };
    loop {
        // A line that is too long is stepped over, so that no reader makes room for it.
        let long = too_long(text, from, line_break);
        let part = &text[..long.map_or(text.len(), |(begin, _)| begin)];
        let delimiter = *delimiter.get_or_insert_with(|| sniff(&part[from..], contract));
        let next = row + part[from..].matches(line_break).count() as u64;
        while let Some((at, line_number)) =
            read_on(part, from, row, delimiter, line_break, resumes < MAX_RESUMES, &mut sink)
        {
            (from, row) = (at, line_number);
            resumes += 1;
        }
        let Some((begin, end)) = long.filter(|_| go_on.get()) else { return };
        let (raw, cells) = (text[begin..end].trim_end_matches('\r'), StringRecord::new());
        if !sink(&Line { row: next, cells: &cells, raw, fault: fault(&cells, raw), trimmed: false }) {
            return;
        }
        (from, row) = ((end + 1).min(text.len()), next + 1);
    }
}

/// Where the first line from `from` on lies that is longer than is read.
fn too_long(text: &str, mut from: usize, line_break: char) -> Option<(usize, usize)> {
    while from < text.len() {
        let end = text[from..].find(line_break).map_or(text.len(), |length| from + length);
        if text[from..end].trim_end_matches('\r').len() > MAX_LINE {
            return Some((from, end));
        }
        from = end + 1;
    }
    None
}

/// Reads to the end, or to a quote that never closes: then gives where the next line begins, and its number.
fn read_on(
    text: &str,
    from: usize,
    first_row: u64,
    delimiter: char,
    line_break: char,
    may_resume: bool,
    sink: Sink<'_>,
) -> Option<(usize, u64)> {
    let rest = &text[from..];
    let mut reader = ReaderBuilder::new()
        .flexible(true)
        .has_headers(false)
        .delimiter(u8::try_from(delimiter).unwrap_or(b','))
        .from_reader(rest.as_bytes());
    let mut cells = StringRecord::new();
    let mut row = first_row;
    let mut counted = 0;
    let offset = |byte: u64| usize::try_from(byte).unwrap_or(rest.len()).min(rest.len());
    // Reading text from memory can neither fail nor meet bytes that are not UTF-8.
    while reader.read_record(&mut cells).unwrap_or(false) {
        let mut begin = cells.position().map_or(0, |p| offset(p.byte()));
        let ahead = rest.get(begin..).unwrap_or_default();
        begin += ahead.len() - ahead.trim_start_matches(['\n', '\r']).len();
        let end = offset(reader.position().byte());
        row += rest.get(counted..begin).unwrap_or_default().matches(line_break).count() as u64;
        counted = begin;
        let raw = rest.get(begin..end).unwrap_or_default().trim_end_matches(['\n', '\r']);
        let lines = raw.matches(line_break).count();
        // A quote left open takes the line's end into its field.
        let open = lines > 0 || cells.iter().next_back().is_some_and(|cell| cell.ends_with(line_break));
        if open && end == rest.len() && raw.matches('"').count() % 2 == 1 && may_resume {
            let cut = raw.find(line_break).unwrap_or(raw.len());
            let fault = Some("a quoted field is opened and never closed".to_owned());
            let more = sink(&Line {
                row,
                cells: &StringRecord::new(),
                raw: raw[..cut].trim_end_matches('\r'),
                fault,
                trimmed: false,
            });
            return more.then_some((from + begin + cut + 1, row + 1));
        }
        if !sink(&Line { row, cells: &cells, raw, fault: fault(&cells, raw), trimmed: false }) {
            return None;
        }
    }
    None
}

fn start_of_line(text: &str, skip: usize, line_break: char) -> Option<usize> {
    let mut from = 0;
    for _ in 0..skip {
        from += text[from..].find(line_break)? + 1;
    }
    Some(from)
}

/// The delimiter that finds most of the declared columns in the header, or failing that makes most columns.
fn sniff(text: &str, contract: &Contract) -> char {
    let wanted = contract.columns();
    let score = |delimiter: char| {
        let mut reader = ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .delimiter(u8::try_from(delimiter).unwrap_or(b','))
            .from_reader(text.as_bytes());
        let header: Vec<StringRecord> =
            reader.records().flatten().take(usize::try_from(contract.header_rows).unwrap_or(1)).collect();
        let cells = || header.iter().flatten();
        (
            cells().filter(|c| wanted.iter().any(|w| super::places::same_name(w, c))).count(),
            header.iter().map(StringRecord::len).max(),
        )
    };
    ['|', ',', ';', '\t'].into_iter().max_by_key(|d| score(*d)).unwrap_or(';')
}
