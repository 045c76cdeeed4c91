//! Delimited text of any size, read piece by piece: what is kept between two pieces does not grow with the rows.

use std::fmt;

use serde::{Deserialize, Serialize};
use utbredt_model::{MeasureId, Observation, Parsed, Reason};

use super::contract::{Contract, Format, Layout};
use super::grid::{Progress, Sink};
use super::json_lines::JsonLines;
use super::mapper::Mapper;
use super::{json, json_lines};
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

impl Ending {
    /// Of a delivery that could not be read, for a reason.
    #[must_use]
    pub fn of_breach(breach: String) -> Self {
        Self { parsed: Parsed { breaches: vec![breach], ..Parsed::default() }, left_out: String::new() }
    }
}

/// A delivery while it is read.
pub struct Stream<'c> {
    contract: &'c Contract,
    mapper: Mapper<'c>,
    /// Known from the first piece on.
    begun: Option<(Reader, Encoding)>,
    /// Nothing more is read.
    stopped: bool,
}

/// How far a delivery is read.
#[derive(Debug)]
enum Reader {
    Grid(Progress),
    Lines(JsonLines),
}

impl Reader {
    /// Of a delivery that begins with a piece.
    fn of(first: &str, contract: &Contract) -> Self {
        if json_lines::is_lines(first) && contract.format.is_none_or(|format| format == Format::Json) {
            return Self::Lines(JsonLines::default());
        }
        Self::Grid(Progress::new(first, contract))
    }

    /// Reads whole rows; `false` when the sink wants no more.
    fn each_row(
        &mut self,
        (text, is_first): (&str, bool),
        contract: &Contract,
        sink: Sink<'_>,
    ) -> Result<bool, Reason> {
        match self {
            Self::Lines(lines) => lines.each_row(text, contract, sink),
            Self::Grid(progress) => {
                let from = if is_first { progress.header(text, contract) } else { Some(0) };
                Ok(from.is_none_or(|from| progress.each_row(&text[from..], contract, sink)))
            }
        }
    }
}

/// Whether a contract can be read piece by piece. What is added up, what may never fall and what words of one meaning say of
/// one cell show only when all rows are there.
#[must_use]
pub fn is_streamable(contract: &Contract, first: &[u8]) -> bool {
    let text = text::decode(first, contract.encoding);
    let is_csv = match contract.format {
        Some(format) => format == Format::Csv,
        None => !first.starts_with(b"PK\x03\x04") && !json::is_json(&text),
    };
    let is_json = contract.format.is_none_or(|format| format == Format::Json) && json::is_json(&text);
    let is_text = is_csv || (is_json && contract.rows.is_none() && json_lines::is_lines(&text));
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
        && contract.encoding.unwrap_or_else(|| text::sniff(first)) != Encoding::Utf16
        && contract.value.sum_over.is_empty()
        && !measure.is_some_and(|measure| measure.cumulative)
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
        if encoding == Encoding::Utf16 || (self.contract.encoding.is_none() && is_mixed(encoding, bytes)) {
            self.stopped = true;
            self.mapper.hold(
                "its encoding is not the same from its beginning to its end, or not one that is read piece by piece: save the file as \
                 UTF-8, or declare its `encoding`"
                    .to_owned(),
            );
            return Piece::default();
        }
        let text = text::decode(bytes, Some(encoding));
        let (mut reader, is_first) = match self.begun.take() {
            Some((reader, _)) => (reader, false),
            None => (Reader::of(&text, self.contract), true),
        };
        let mapper = &mut self.mapper;
        let read = reader.each_row((&text, is_first), self.contract, &mut |line| {
            super::as_seen(line, &mut |line| mapper.take(line))
        });
        match read {
            Ok(goes_on) => self.stopped = !goes_on,
            Err(reason) => {
                self.stopped = true;
                self.mapper.hold(reason.text);
            }
        }
        self.begun = Some((reader, encoding));
        let (observations, rests) = self.mapper.drain();
        Piece { observations, rests }
    }

    /// Refuses a row that is so long that only its first bytes were kept.
    pub fn refuse_row(&mut self, beginning: &[u8], bytes: u64) -> Piece {
        if self.stopped {
            return Piece::default();
        }
        let declared = self.contract.encoding;
        let encoding = self.begun.as_ref().map_or(declared, |(_, encoding)| Some(*encoding));
        let text = text::decode(beginning, encoding);
        let reader = self.begun.take().map(|(reader, _)| reader);
        let mut reader = reader.unwrap_or_else(|| Reader::Grid(Progress::new(&text, self.contract)));
        let mapper = &mut self.mapper;
        self.stopped = match &mut reader {
            Reader::Grid(progress) => !progress.refuse_row(&text, bytes, &mut |line| mapper.take(line)),
            Reader::Lines(lines) => {
                mapper.hold(lines.refuse_line(bytes).text);
                true
            }
        };
        self.begun = Some((reader, encoding.unwrap_or_else(|| text::sniff(beginning))));
        Piece::default()
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
