//! Delimited text of any size, read piece by piece: what is kept between two pieces does not grow with the rows.

use std::fmt;

use serde::{Deserialize, Serialize};
use utbredt_model::{MeasureId, Observation, Parsed, Period, Reason, Subject};

use super::contract::{Contract, Format, Layout};
use super::grid::Progress;
use super::mapper::Mapper;
use super::{json, series};
use crate::text::{self, Encoding};

/// What a piece says. Cells that another row has too are not noticed here: whoever has all of them compares them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Piece {
    /// The rows accepted, a number each.
    pub observations: Vec<Observation>,
    /// For each observation, what its row has in the columns that the contract leaves out, as a number to compare.
    pub rests: Vec<u64>,
}

/// What is known when all pieces were read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ending {
    /// The rows rejected, the count of rows, and the breaches; no observations.
    pub parsed: Parsed,
    /// The columns that the contract leaves out.
    pub left_out: String,
}

/// A delivery while it is read.
pub struct Stream<'c> {
    contract: &'c Contract,
    mapper: Mapper<'c>,
    /// Known from the first piece on.
    begun: Option<(Progress, Encoding)>,
    /// Nothing more is read.
    stopped: bool,
}

/// Whether a contract can be read piece by piece. What is added up, what may never fall and what words of one meaning say of
/// one cell show only when all rows are there.
#[must_use]
pub fn is_streamable(contract: &Contract, first: &[u8]) -> bool {
    let is_text = match contract.format {
        Some(format) => format == Format::Csv,
        None => !first.starts_with(b"PK\x03\x04") && !json::is_json(&text::decode(first, contract.encoding)),
    };
    let measure = contract.measure.as_ref();
    let picks = [Some(&contract.solution), measure].into_iter().flatten();
    let measures = contract.wide.iter().flat_map(|wide| wide.measures.values());
    let words_of_one = |words: Vec<&str>| {
        let mut once = words.clone();
        once.sort();
        once.dedup();
        once.len() < words.len()
    };
    let is_plain =
        picks.into_iter().all(|pick| !words_of_one(pick.map.values().map(String::as_str).collect()))
            && (contract.layout == Layout::Long || !words_of_one(measures.map(MeasureId::as_str).collect()));
    is_text
        && is_plain
        && contract.encoding != Some(Encoding::Utf16)
        && contract.value.sum_over.is_empty()
        && !measure.is_some_and(|measure| measure.cumulative)
}

/// The length of the whole rows that some bytes begin with: up to the last line break outside of quotes, or, where a quote is
/// never closed, the last of all.
#[must_use]
pub fn whole_rows(bytes: &[u8], line_break: u8, most: usize) -> usize {
    let (mut quoted, mut whole, mut last) = (false, 0, 0);
    for (at, byte) in bytes.iter().enumerate() {
        if *byte == b'"' {
            quoted = !quoted;
        } else if *byte == line_break {
            last = at + 1;
            whole = if quoted { whole } else { last };
        }
    }
    if whole == 0 && bytes.len() > most { last } else { whole }
}

impl fmt::Debug for Stream<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Stream").field("begun", &self.begun).finish_non_exhaustive()
    }
}

impl<'c> Stream<'c> {
    /// Before the first piece.
    #[must_use]
    pub fn new(contract: &'c Contract) -> Self {
        Self { contract, mapper: Mapper::of_pieces(contract), begun: None, stopped: false }
    }

    /// The byte that ends a line, as the first bytes show it.
    #[must_use]
    pub fn line_break(first: &[u8], contract: &Contract) -> u8 {
        let progress = Progress::new(&text::decode(first, contract.encoding), contract);
        if progress.line_break() == '\r' { b'\r' } else { b'\n' }
    }

    /// Reads whole rows.
    pub fn take(&mut self, bytes: &[u8]) -> Piece {
        if self.stopped {
            return Piece::default();
        }
        let encoding = match &self.begun {
            Some((_, encoding)) => *encoding,
            None => self.contract.encoding.unwrap_or_else(|| text::sniff(bytes)),
        };
        let is_declared = self.contract.encoding.is_some();
        if encoding == Encoding::Utf16 || (!is_declared && is_mixed(encoding, bytes)) {
            let row = self.begun.as_ref().map_or(1, |(progress, _)| progress.row());
            self.stopped = true;
            self.mapper.hold(format!(
                "its encoding is not the same from row {row} on as before, or not one that is read piece by piece: save the file as \
                 UTF-8, or declare its `encoding`"
            ));
            return Piece::default();
        }
        let text = text::decode(bytes, Some(encoding));
        let (mut progress, from) = match self.begun.take() {
            Some((progress, _)) => (progress, Some(0)),
            None => {
                let progress = Progress::new(&text, self.contract);
                let header = progress.header(&text, self.contract);
                (progress, header)
            }
        };
        let mapper = &mut self.mapper;
        if let Some(from) = from {
            let goes_on = progress.each_row(&text[from..], self.contract, &mut |line| {
                super::as_seen(line, &mut |line| mapper.take(line))
            });
            self.stopped = !goes_on;
        }
        self.begun = Some((progress, encoding));
        let (observations, rests) = self.mapper.drain();
        Piece { observations, rests }
    }

    /// What is known when all was read.
    #[must_use]
    pub fn finish(self) -> Ending {
        let left_out = self.mapper.left_out();
        let (parsed, _) = self.mapper.finish(None);
        Ending { parsed, left_out }
    }
}

/// Whether a piece is not in the encoding that the first one was recognised by.
fn is_mixed(encoding: Encoding, piece: &[u8]) -> bool {
    encoding == Encoding::Utf8 && std::str::from_utf8(piece).is_err()
}

/// A row about a cell that other rows are about too.
#[derive(Debug, Clone, Copy)]
pub struct Repeated<'r> {
    /// Its number.
    pub row: u64,
    /// Whom it is about.
    pub subject: &'r Subject,
    /// When.
    pub period: Period,
    /// Its value and state.
    pub content: (Option<i64>, &'r str),
    /// What it has in the columns left out, as [`Piece::rests`] has it.
    pub rest: u64,
}

/// What becomes of rows about one cell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settled {
    /// Whether the first row stays.
    pub keeps_first: bool,
    /// The rows that do not, with the reason.
    pub rejected: Vec<(u64, Reason)>,
    /// Why the delivery is held.
    pub breach: Option<String>,
}

/// What becomes of several rows about one cell, in the order of the file, as if it had been read as a whole.
#[must_use]
pub fn settle(contract: &Contract, left_out: &str, rows: &[Repeated<'_>]) -> Settled {
    let Some((first, later)) = rows.split_first() else { return Settled::default() };
    let mut settled = Settled { keeps_first: true, ..Settled::default() };
    for row in later {
        let differs = first.rest != row.rest;
        let same = first.content == row.content;
        if differs && settled.breach.is_none() {
            let period = contract.period.as_ref();
            settled.breach = Some(series::differ((first.row, row.row), left_out, period));
        }
        if same && !differs {
            settled.rejected.push((row.row, series::duplicate(first.row, row.subject, row.period)));
            continue;
        }
        let how = if same { "stands there too, beside other words" } else { "has another value there" };
        if settled.keeps_first {
            settled.keeps_first = false;
            settled.rejected.push((first.row, series::contradicts(row.row, row.subject, row.period, how)));
        }
        settled.rejected.push((row.row, series::contradicts(first.row, row.subject, row.period, how)));
    }
    settled
}
