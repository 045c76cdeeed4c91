//! The parts of sums: what a row has in the columns that are added over, and which words there are no parts.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{Hash, Hasher};

use csv::StringRecord;
use utbredt_model::{Reason, ReasonCode};

use super::adds_up;
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
}

impl Part {
    /// Reads it.
    ///
    /// # Errors
    /// The column whose cell is blank: such a row adds up others or lost its word.
    pub(super) fn of(places: &Places, cells: &StringRecord, columns: &[String]) -> Result<Self, Reason> {
        let mut part = Self { compared: Vec::new(), written: Vec::new() };
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
type Written<'p> = BTreeMap<&'p str, (&'p str, u64)>;

fn written<'p>(column: usize, measures: &[&'p Parts]) -> Written<'p> {
    let mut words: Written<'p> = BTreeMap::new();
    for (part, row) in measures.iter().flat_map(|parts| &parts.all) {
        let first = (part.written[column].as_str(), *row);
        let kept = words.entry(&part.compared[column]).or_insert(first);
        if first.1 < kept.1 {
            *kept = first;
        }
    }
    words
}

/// A word that adds up the others of its column, as it is compared, and in how many sums its numbers say so; `None` where its
/// name does.
pub(super) type TotalWord = (String, Option<usize>);

/// Words of a column that by their names add up others or are their mean, and would be added to them.
pub(super) fn totals(column: usize, measures: &[&Parts]) -> Vec<TotalWord> {
    let words = written(column, measures);
    let all: BTreeSet<String> = words.keys().map(|word| (*word).to_owned()).collect();
    let named = words.iter().filter(|(_, (word, _))| {
        let made_of_others = is_average(word) || adds_up_parts(word, &all) || holds_another(word, &all);
        words.len() > 1 && (made_of_others || is_part_of_another(word) || reaches_into_another(word, &all))
    });
    named.map(|(own, _)| ((*own).to_owned(), None)).collect()
}

/// Why such words hold the delivery.
pub(super) fn breaches(column: usize, name: &str, measures: &[&Parts], found: &[TotalWord]) -> Vec<String> {
    let words = written(column, measures);
    let mut breaches = Vec::new();
    let all: BTreeSet<String> = words.keys().map(|word| (*word).to_owned()).collect();
    for (own, sums) in found {
        let Some((word, row)) = words.get(own.as_str()) else { continue };
        let others = words.iter().filter(|(other, _)| *other != own).take(MAX_NAMED);
        let others: Vec<&str> = others.map(|(_, (word, _))| *word).collect();
        let why = match sums {
            None if is_part_of_another(word) => "is a part of another one there".to_owned(),
            None if reaches_into_another(word, &all) => {
                "is a span that overlaps another one there".to_owned()
            }
            None => format!("is made of the others there (`{}`)", others.join("`, `")),
            Some(sums) => format!(
                "is as much as all others there together (`{}`) in {} sums with numbers",
                others.join("`, `"),
                if adds_up::is_code(own) { format!("{sums}") } else { format!("each of {sums}") }
            ),
        };
        breaches.push(format!(
            "row {row}: `{word}` in column `{name}` {why}, and `sum_over` would add it to them: read it alone by `\"{name}\" = \
             \"{word}\"` in [filter], or list the others there"
        ));
    }
    breaches
}

/// How a word is first written.
pub(super) fn as_written(column: usize, measures: &[&Parts], word: &str) -> Option<String> {
    written(column, measures).get(word).map(|(word, _)| (*word).to_owned())
}
