//! The column that tells rows of one place and period apart, as one row for each sex: nobody but a person knows whether its
//! rows add up or which of them are meant.

use std::collections::BTreeSet;

use utbredt_model::{Parsed, ReasonCode};

use super::super::parts::compared;
use super::super::totals::{adds_up_parts, is_average};
use super::super::{Contract, parse};
use super::TO_CHOOSE;
use super::sketch::Sketch;

/// A column of more different words breaks nothing down.
const MAX_WORDS: usize = 60;

/// So many columns are tried, each by reading the file once.
const MAX_TRIED: usize = 8;

/// The column and the word to read: the one that adds up the others, else what a person has to choose. Found by adding over
/// each column in turn: under the right one no row contradicts another.
pub(super) fn find(
    bytes: &[u8],
    contract: &Contract,
    sketch: &Sketch,
    parsed: &Parsed,
) -> Option<(String, String)> {
    if !contradicts(parsed) {
        return None;
    }
    let several = |words: &BTreeSet<String>| (2..=MAX_WORDS).contains(&words.len());
    let candidates = sketch.passed_over.iter().filter(|(_, words)| several(words)).take(MAX_TRIED);
    for (name, words) in candidates {
        let mut added = contract.clone();
        added.value.sum_over = vec![name.clone()];
        if !contradicts(&parse(bytes, &added)) {
            let all = words.iter().map(|word| compared(word)).collect();
            let total = words.iter().find(|word| adds_up_parts(word, &all) && !is_average(word));
            return Some((name.clone(), total.cloned().unwrap_or_else(|| TO_CHOOSE.to_owned())));
        }
    }
    None
}

fn contradicts(parsed: &Parsed) -> bool {
    parsed.rejections.iter().any(|rejection| rejection.code == ReasonCode::Contradiction)
}
