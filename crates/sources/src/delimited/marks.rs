//! Words in the columns that mark numbers: a word that a contract does not know may be a mark that is written otherwise,
//! and a number without its mark says more than its source does.

use std::collections::{BTreeMap, BTreeSet};

use csv::StringRecord;

use super::contract::{Contract, Marker, same_name};
use super::places::Places;
use crate::text;

/// So many unknown words are listed.
const MAX_WORDS: usize = 20;

/// A column in which numbers are marked, and what it holds beside the words the contract knows.
#[derive(Debug)]
struct Column<'c> {
    name: &'c str,
    rules: Vec<&'c Marker>,
    /// Each unknown word as it is compared, with the row it is first in and how it is written there.
    unknown: BTreeMap<String, (u64, String)>,
}

/// The columns of a contract that mark numbers.
#[derive(Debug)]
pub(super) struct Marked<'c> {
    columns: Vec<Column<'c>>,
}

impl<'c> Marked<'c> {
    pub(super) fn new(contract: &'c Contract) -> Self {
        let mut columns: Vec<Column<'c>> = Vec::new();
        for (_, rule) in contract.markers() {
            let Some(name) = &rule.column else { continue };
            // Several kinds of marks may stand in one column.
            match columns.iter_mut().find(|column| same_name(column.name, name)) {
                Some(column) => column.rules.push(rule),
                None => columns.push(Column { name, rules: vec![rule], unknown: BTreeMap::new() }),
            }
        }
        Self { columns }
    }

    /// Notes the words of a row that are neither marks nor declared to be none.
    pub(super) fn take(&mut self, places: &Places, cells: &StringRecord, row: u64) {
        for column in &mut self.columns {
            let word = places.cell(cells, column.name);
            if word.is_empty() || column.rules.iter().any(|rule| rule.knows(word)) {
                continue;
            }
            let compared = text::folded(word);
            if column.unknown.len() < MAX_WORDS && !column.unknown.contains_key(&compared) {
                column.unknown.insert(compared, (row, word.chars().take(100).collect()));
            }
        }
    }

    /// Why the delivery is held: the words that nobody said the meaning of.
    pub(super) fn breaches(&self) -> Vec<String> {
        let mut breaches = Vec::new();
        for column in &self.columns {
            let marks: BTreeSet<&str> =
                column.rules.iter().flat_map(|rule| rule.marker.all()).map(String::as_str).collect();
            let marks = marks.into_iter().collect::<Vec<_>>().join("`, `");
            for (row, word) in column.unknown.values() {
                breaches.push(format!(
                    "row {row}: `{word}` in column `{}` is none of the marks there (`{marks}`): add it to `marker` if it is \
                     one, or to `unmarked` if the number has no reservation",
                    column.name
                ));
            }
        }
        breaches
    }
}

impl Marker {
    fn knows(&self, word: &str) -> bool {
        self.marker.hold(word) || self.unmarked.as_ref().is_some_and(|words| words.hold(word))
    }
}
