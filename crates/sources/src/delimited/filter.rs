//! Which rows of a table are read, where it holds more than one contract is about.

use std::collections::{BTreeMap, BTreeSet};

use csv::StringRecord;
use utbredt_model::{Reason, ReasonCode};

use super::places::Places;
use super::words::{Words, same_word};

/// So many words of a column are listed.
const MAX_WORDS: usize = 10;

/// So many rows may be left out before reading stops: each is kept with its text.
const MAX_LEFT_OUT: usize = 1_000_000;

/// What one column must hold.
#[derive(Debug)]
struct Column<'c> {
    name: &'c str,
    words: &'c Words,
    /// Which of the words occurred, by their place.
    met: BTreeSet<usize>,
    /// Some of the words of rows left out.
    others: BTreeSet<String>,
}

/// The contract's filter, and what it met.
#[derive(Debug)]
pub(super) struct Filter<'c> {
    columns: Vec<Column<'c>>,
    left_out: usize,
}

impl<'c> Filter<'c> {
    pub(super) fn new(declared: &'c BTreeMap<String, Words>) -> Self {
        let columns = declared.iter().map(|(name, words)| Column {
            name,
            words,
            met: BTreeSet::new(),
            others: BTreeSet::new(),
        });
        Self { columns: columns.collect(), left_out: 0 }
    }

    /// Leaves a row out that has another word than declared.
    pub(super) fn take(&mut self, places: &Places, cells: &StringRecord) -> Result<(), Reason> {
        let mut other = None;
        for column in &mut self.columns {
            let cell = places.cell(cells, column.name);
            match column.words.all().iter().position(|word| same_word(word, cell)) {
                Some(at) => drop(column.met.insert(at)),
                None => {
                    if column.others.len() < MAX_WORDS {
                        column.others.insert(cell.chars().take(100).collect());
                    }
                    other.get_or_insert((column.name, column.words));
                }
            }
        }
        let Some((name, words)) = other else { return Ok(()) };
        self.left_out += 1;
        let text = format!("left out by [filter]: `{name}` is not `{}`", words.all().join("` or `"));
        Err(Reason::new(ReasonCode::Excluded, text))
    }

    /// How many rows were left out, as far as they may be.
    pub(super) fn left_out(&self) -> usize {
        self.left_out.min(MAX_LEFT_OUT)
    }

    /// Words that no row has: a misspelt one would leave everything out.
    pub(super) fn breaches(&self) -> Vec<String> {
        let mut breaches = Vec::new();
        for column in &self.columns {
            let words = column.words.all().iter().enumerate();
            let never: Vec<&str> =
                words.filter(|(at, _)| !column.met.contains(at)).map(|(_, word)| word.as_str()).collect();
            // Where no row got this far, nothing is known of the words.
            let unread = column.met.is_empty() && column.others.is_empty();
            if !never.is_empty() && !unread {
                let mut breach = format!(
                    "no row has `{}` in column `{}`, which [filter] declares",
                    never.join("` or `"),
                    column.name
                );
                if !column.others.is_empty() {
                    let others: Vec<&str> = column.others.iter().map(String::as_str).collect();
                    breach += &format!("; others there are `{}`", others.join("`, `"));
                }
                breaches.push(breach);
            }
        }
        breaches
    }
}
