//! The parts of sums: what a row has in the columns that are added over, and which words there are no parts.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{Hash, Hasher};

use csv::StringRecord;
use utbredt_model::{Reason, ReasonCode};

use super::branches::{self, Word};
use super::places::Places;
use super::spans::{holds_another, reaches_into_another};
use super::totals::{adds_up_parts, is_average, is_part_of_another};
use crate::text;

/// At most this many parts are named.
pub(super) const MAX_NAMED: usize = 5;

/// What a row has in the columns that are added over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// The words as they are compared: without case, blanks and kinds of strokes.
    compared: Vec<String>,
    /// The words as they are written.
    written: Vec<String>,
    /// How many blanks each has before it.
    indents: Vec<usize>,
}

impl Part {
    /// Reads it.
    ///
    /// # Errors
    /// The column whose cell is blank: such a row adds up others or lost its word.
    pub(super) fn of(places: &Places, cells: &StringRecord, columns: &[String]) -> Result<Self, Reason> {
        let mut part = Self { compared: Vec::new(), written: Vec::new(), indents: Vec::new() };
        for column in columns {
            let word = places.cell(cells, column);
            if word.is_empty() {
                let text = format!(
                    "the cell of `{column}`, which the contract adds over, is blank: a total that would be added to its own \
                     parts, or a part without its name; fill it in, or leave the row out of the file"
                );
                return Err(Reason::new(ReasonCode::MissingField, text));
            }
            part.compared.push(compared(word));
            part.written.push(word.to_owned());
            let cell = places.at(column).and_then(|at| cells.get(at)).unwrap_or("");
            part.indents.push(cell.chars().take_while(|c| c.is_whitespace()).count());
        }
        Ok(part)
    }

    /// Each column and what the row has there.
    pub(super) fn named(&self, columns: &[String]) -> String {
        let words = columns.iter().zip(&self.written).map(|(column, word)| format!("{column} `{word}`"));
        words.collect::<Vec<String>>().join(", ")
    }

    /// Its word in one of the columns, as it is compared.
    pub(super) fn word(&self, column: usize) -> &str {
        self.compared.get(column).map_or("", String::as_str)
    }

    /// Its words in the other columns.
    pub(super) fn words_beside(&self, column: usize) -> Vec<&str> {
        let others = self.compared.iter().enumerate().filter(|(at, _)| *at != column);
        others.map(|(_, word)| word.as_str()).collect()
    }

    pub(super) fn shown(&self) -> String {
        format!("`{}`", self.written.join("` with `"))
    }
}

/// A word without what people write now one way, now another.
pub(super) fn compared(word: &str) -> String {
    let word = text::folded(word).replace(['–', '\u{2011}', '\u{2212}'], "-");
    word.split_whitespace().collect()
}

/// A part among those of its measure, and how a row writes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) part: usize,
    pub(super) written: u64,
}

/// The parts that the sums of one measure have.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// Each part's place, by its words as they are compared.
    places: HashMap<Vec<String>, usize>,
    /// The parts as they are first written, each with its first row.
    pub(super) all: Vec<(Part, u64)>,
}

impl Parts {
    /// The place of a part, which is a new one where no row had it yet.
    pub(super) fn place(&mut self, part: &Part, row: u64) -> Place {
        let next = self.all.len();
        let place = match self.places.get(&part.compared) {
            Some(place) => *place,
            None => {
                self.places.insert(part.compared.clone(), next);
                self.all.push((part.clone(), row));
                next
            }
        };
        let mut hasher = DefaultHasher::new();
        part.written.hash(&mut hasher);
        Place { part: place, written: hasher.finish() }
    }
}

/// The words of a column, as they are compared, each with how it is first written and where.
pub(super) type Written<'p> = BTreeMap<&'p str, Word<'p>>;

pub(super) fn written<'p>(column: usize, measures: &[&'p Parts]) -> Written<'p> {
    let mut words: Written<'p> = BTreeMap::new();
    for (part, row) in measures.iter().flat_map(|parts| &parts.all) {
        let first = Word { written: &part.written[column], row: *row, indent: part.indents[column] };
        let kept = words.entry(&part.compared[column]).or_insert(first);
        if first.row < kept.row {
            *kept = first;
        }
    }
    words
}

/// A word of a column, as it is compared, that would be added to others which it is made of or a part of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TotalWord {
    pub(super) word: String,
    pub(super) why: Why,
}

/// How that is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Why {
    /// By its name beside those of all others.
    Name,
    /// By the numbers, which are those of all others together in so many sums.
    AllOthers(usize),
    /// It says somewhere that it is a total.
    NamesTotal,
    /// These, as they are written, lie in it.
    Holds(Vec<String>),
    /// By the numbers, which are those of some others, as they are compared, in so many sums.
    OfSome(Vec<String>, usize),
}

/// Words of a column that by their names add up others or are their mean, and would be added to them.
pub(super) fn totals(column: usize, measures: &[&Parts]) -> Vec<TotalWord> {
    let words = written(column, measures);
    if words.len() < 2 {
        return Vec::new();
    }
    let all: BTreeSet<String> = words.keys().map(|word| (*word).to_owned()).collect();
    let every: Vec<Word<'_>> = words.values().copied().collect();
    let named = words.iter().filter_map(|(own, word)| {
        let name = word.written;
        let made_of_others = is_average(name) || adds_up_parts(name, &all) || holds_another(name, &all);
        let why = if made_of_others || is_part_of_another(name) || reaches_into_another(name, &all) {
            Why::Name
        } else if branches::names_total(name) {
            Why::NamesTotal
        } else {
            let held: Vec<String> = branches::held(word, &every).into_iter().map(str::to_owned).collect();
            Some(held).filter(|held| !held.is_empty()).map(Why::Holds)?
        };
        Some(TotalWord { word: (*own).to_owned(), why })
    });
    named.collect()
}

/// How a word is first written.
pub(super) fn as_written(column: usize, measures: &[&Parts], word: &str) -> Option<String> {
    written(column, measures).get(word).map(|word| word.written.to_owned())
}
