//! The column that tells rows of one place and period apart, as one row for each sex: nobody but a person knows whether its
//! rows add up or which of them are meant.

use std::collections::BTreeSet;

use utbredt_model::{Parsed, ReasonCode};

use super::super::mapper::Mapper;
use super::super::parts::compared;
use super::super::spans::{holds_all, holds_another};
use super::super::totals::{adds_up_parts, is_average};
use super::super::{Contract, each_row, parse};
use super::TO_CHOOSE;
use super::sketch::Sketch;

/// A column of more different words breaks nothing down.
const MAX_WORDS: usize = 60;

/// So many columns are tried, each by reading the file once.
const MAX_TRIED: usize = 8;

/// A column that tells rows apart.
#[derive(Debug, Clone)]
pub(super) struct Breakdown {
    pub(super) column: String,
    /// The word to read: the one that adds up the others, else what a person has to choose.
    pub(super) word: String,
    /// Words that add up others by their names or their numbers, which a person has to leave out of a sum.
    pub(super) totals: Vec<String>,
}

/// The column and the word to read. Found by adding over each column in turn: under the right one no row contradicts
/// another.
pub(super) fn find(bytes: &[u8], contract: &Contract, sketch: &Sketch, parsed: &Parsed) -> Option<Breakdown> {
    if !contradicts(parsed) {
        return None;
    }
    let several = |words: &BTreeSet<String>| (2..=MAX_WORDS).contains(&words.len());
    let candidates = sketch.passed_over.iter().filter(|(_, words)| several(words)).take(MAX_TRIED);
    for (name, words) in candidates {
        let mut added = contract.clone();
        added.value.sum_over = vec![name.clone()];
        if contradicts(&parse(bytes, &added)) {
            continue;
        }
        let all: BTreeSet<String> = words.iter().map(|word| compared(word)).collect();
        let total = words
            .iter()
            .find(|word| (adds_up_parts(word, &all) && !is_average(word)) || holds_all(word, &all));
        let mut totals = by_numbers(bytes, &added);
        totals.extend(words.iter().filter(|word| holds_another(word, &all)).cloned());
        totals.dedup();
        let word = total.cloned().unwrap_or_else(|| TO_CHOOSE.to_owned());
        return Some(Breakdown { column: name.clone(), word, totals });
    }
    None
}

/// The words that by their numbers add up the others.
fn by_numbers(bytes: &[u8], added: &Contract) -> Vec<String> {
    let mut mapper = Mapper::new(added);
    // What ends the reading early was told when the file was read first.
    let _ = each_row(bytes, added, &mut |line| mapper.take(line));
    mapper.totals_by_numbers()
}

fn contradicts(parsed: &Parsed) -> bool {
    parsed.rejections.iter().any(|rejection| rejection.code == ReasonCode::Contradiction)
}
