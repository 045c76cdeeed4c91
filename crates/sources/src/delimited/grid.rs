//! Rows out of text and workbooks: every row with its number, or with the reason it cannot be read.

use std::collections::BTreeSet;

use csv::{Reader, ReaderBuilder, StringRecord};
use utbredt_model::{Reason, ReasonCode};

use super::contract::Contract;
use super::delimiter::sniff;
use super::joined::Joined;
use super::line_ends::{line_break, start_of_line, too_long};

pub(super) const MAX_LINE: usize = 1 << 20;
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
    pub(super) fault: Option<Reason>,
    /// Trailing blank cells are left out, as spreadsheets do.
    pub(super) trimmed: bool,
    /// Its end was received: what a last line without a line end has lost is not known.
    pub(super) ended: bool,
    /// How the sheet of a workbook shows it.
    pub(super) look: Look<'a>,
}

/// What a person sees of a row in a workbook beside its cells; nothing of other files.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Look<'a> {
    /// The sheet's hidden columns, from 0.
    pub(super) hidden: Option<&'a BTreeSet<usize>>,
    /// The joined cells that reach into the row.
    pub(super) joined: &'a [Joined],
}

/// Who takes the rows, the header first; `false` stops the reading.
pub(super) type Sink<'a> = &'a mut dyn FnMut(&Line<'_>) -> bool;

/// Refuses what is too large or not text.
pub(super) fn fault(cells: &StringRecord, raw: &str) -> Option<Reason> {
    if raw.len() > MAX_LINE {
        return Some(too_long_row(raw.len() as u64));
    }
    let long_field = cells.iter().find(|cell| cell.len() > MAX_FIELD);
    let too_large = match long_field {
        _ if cells.len() > MAX_COLUMNS => {
            format!("the row has {} columns; at most {MAX_COLUMNS} are read", cells.len())
        }
        Some(cell) => format!("a field is {} bytes long; at most {MAX_FIELD} are read", cell.len()),
        None => {
            // Decoding replaced what has no meaning in the encoding.
            let text = "the row has bytes that are not text in the delivery's encoding";
            return raw.contains('\u{fffd}').then(|| Reason::new(ReasonCode::Encoding, text));
        }
    };
    Some(Reason::new(ReasonCode::SizeLimit, too_large))
}

fn too_long_row(bytes: u64) -> Reason {
    let text = format!("the row is {bytes} bytes long; at most {MAX_LINE} are read");
    Reason::new(ReasonCode::SizeLimit, text)
}

/// Reads delimited text from the contract's header row on.
pub(super) fn each_row(text: &str, contract: &Contract, sink: Sink<'_>) {
    let mut progress = Progress::new(text, contract);
    if let Some(from) = progress.header(text, contract) {
        progress.each_row(&text[from..], contract, sink);
    }
}

/// How far delimited text is read, which may come piece by piece.
#[derive(Debug)]
pub(super) struct Progress {
    /// The number of the next line, from 1.
    row: u64,
    line_break: char,
    /// Found in the header, where it is not declared.
    delimiter: Option<char>,
    /// How many unclosed quotes were stepped over.
    resumes: usize,
}

impl Progress {
    /// Before the first piece.
    pub(super) fn new(first: &str, contract: &Contract) -> Self {
        // Old Macintosh files end lines with a carriage return alone.
        let line_break = line_break(first);
        Self { row: u64::from(contract.header_row), line_break, delimiter: contract.delimiter, resumes: 0 }
    }

    /// Where the header begins. What is above it may be a title with quotes that never close.
    pub(super) fn header(&self, first: &str, contract: &Contract) -> Option<usize> {
        let skip = usize::try_from(contract.header_row - 1).unwrap_or(usize::MAX);
        start_of_line(first, skip, self.line_break)
    }

    pub(super) fn line_break(&self) -> char {
        self.line_break
    }

    /// Refuses a row of which only the first bytes were kept; `false` when the sink wants no more.
    pub(super) fn refuse_row(&mut self, beginning: &str, bytes: u64, sink: Sink<'_>) -> bool {
        let (cells, fault) = (StringRecord::new(), Some(too_long_row(bytes)));
        let look = Look::default();
        let row = self.row;
        self.row += 1;
        sink(&Line { row, cells: &cells, raw: beginning, fault, trimmed: false, ended: true, look })
    }

    /// Reads whole rows; `false` when the sink wants no more.
    pub(super) fn each_row(&mut self, text: &str, contract: &Contract, sink: Sink<'_>) -> bool {
        let line_break = self.line_break;
        let mut from = 0;
        loop {
            // A line that is too long is stepped over, so that no reader makes room for it.
            let long = too_long(text, from, line_break);
            let part = &text[..long.map_or(text.len(), |(begin, _)| begin)];
            let delimiter = *self.delimiter.get_or_insert_with(|| sniff(&part[from..], contract));
            // A line break inside a quoted field is counted here too: row numbers are those of a text editor.
            let next = self.row + part[from..].matches(line_break).count() as u64;
            loop {
                let may_resume = self.resumes < MAX_RESUMES;
                match read_on(part, (from, self.row), delimiter, line_break, may_resume, sink) {
                    Stop::End => break,
                    Stop::Sink => return false,
                    Stop::OpenQuote(at, line_number) => (from, self.row) = (at, line_number),
                }
                self.resumes += 1;
            }
            self.row = next;
            let Some((begin, end)) = long else { return true };
            let (raw, cells) = (text[begin..end].trim_end_matches('\r'), StringRecord::new());
            let fault = fault(&cells, raw);
            let look = Look::default();
            if !sink(&Line { row: next, cells: &cells, raw, fault, trimmed: false, ended: true, look }) {
                return false;
            }
            (from, self.row) = ((end + 1).min(text.len()), next + 1);
        }
    }
}

/// Where reading stopped.
enum Stop {
    /// At the end of the text.
    End,
    /// The sink wants no more rows.
    Sink,
    /// At a quote that never closes: where the next line begins, and its number.
    OpenQuote(usize, u64),
}

pub(super) fn csv_reader(text: &str, delimiter: char) -> Reader<&[u8]> {
    ReaderBuilder::new()
        // Rows of another width are rejected one by one, with their text.
        .flexible(true)
        .has_headers(false)
        .delimiter(u8::try_from(delimiter).unwrap_or(b','))
        .from_reader(text.as_bytes())
}

/// Reads from a place and its row number to the end, or to a quote that never closes.
fn read_on(
    text: &str,
    (from, first_row): (usize, u64),
    delimiter: char,
    line_break: char,
    may_resume: bool,
    sink: Sink<'_>,
) -> Stop {
    let rest = &text[from..];
    let mut reader = csv_reader(rest, delimiter);
    let mut cells = StringRecord::new();
    let mut row = first_row;
    let mut counted = 0;
    // Reading text from memory can neither fail nor meet bytes that are not UTF-8.
    while reader.read_record(&mut cells).unwrap_or(false) {
        let mut begin = cells.position().map_or(0, |p| offset(p.byte(), rest));
        let ahead = rest.get(begin..).unwrap_or_default();
        // The reader's position is before the blank lines it skips.
        begin += ahead.len() - ahead.trim_start_matches(['\n', '\r']).len();
        let end = offset(reader.position().byte(), rest);
        row += rest.get(counted..begin).unwrap_or_default().matches(line_break).count() as u64;
        counted = begin;
        let raw = rest.get(begin..end).unwrap_or_default().trim_end_matches(['\n', '\r']);
        let lines = raw.matches(line_break).count();
        // A quote left open takes the line's end into its field.
        let open = lines > 0 || cells.iter().next_back().is_some_and(|cell| cell.ends_with(line_break));
        if open && end == rest.len() && raw.matches('"').count() % 2 == 1 && may_resume {
            // Only the line with the open quote is lost; reading goes on at the next.
            let cut = raw.find(line_break).unwrap_or(raw.len());
            let fault = Some(Reason::new(ReasonCode::Syntax, "a quoted field is opened and never closed"));
            let more = sink(&Line {
                row,
                cells: &StringRecord::new(),
                raw: raw[..cut].trim_end_matches('\r'),
                fault,
                trimmed: false,
                ended: true,
                look: Look::default(),
            });
            return if more { Stop::OpenQuote(from + begin + cut + 1, row + 1) } else { Stop::Sink };
        }
        let ended = end < rest.len() || rest.ends_with(['\n', '\r']);
        if !sink(&Line {
            row,
            cells: &cells,
            raw,
            fault: fault(&cells, raw),
            trimmed: false,
            ended,
            look: Look::default(),
        }) {
            return Stop::Sink;
        }
    }
    Stop::End
}

/// A reader's position as an index into its text.
fn offset(byte: u64, text: &str) -> usize {
    usize::try_from(byte).unwrap_or(text.len()).min(text.len())
}
