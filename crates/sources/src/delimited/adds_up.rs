//! Parts that by their numbers add up the others, whatever they are called.

use std::collections::{BTreeSet, HashMap};

use utbredt_model::Subject;

use super::parts::Part;

/// Fewer words than these add nothing up.
const LEAST_WORDS: usize = 3;

/// In fewer sums with numbers it may be chance.
pub(super) const LEAST_SUMS: usize = 3;

/// A part of a sum: which sum, of whom, which part, and its number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Added<'p> {
    pub(super) sum: usize,
    pub(super) subject: &'p Subject,
    pub(super) part: &'p Part,
    pub(super) value: Option<i64>,
}

/// What is known of a word.
#[derive(Debug, Default)]
struct Tally {
    /// In so many sums it is as much as all others together.
    held: usize,
    /// In so many it is but for what rounding each part makes.
    nearly: usize,
    /// In so many it is not.
    refuted: usize,
}

/// Codes that registers give the whole.
const CODES: [&str; 4] = ["0", "00", "t", "tot"];

/// Whether a word is such a code, beside which parts may be rounded.
pub(super) fn is_code(word: &str) -> bool {
    CODES.contains(&word)
}

/// The words of a column that are the sum of all others there in every sum that has numbers, each with the number of such
/// sums. A sum is compared within what its other columns say: men and women of one age. `zero`: a word without a row is nought.
pub(super) fn words(column: usize, added: &[Added<'_>], zero: bool) -> Vec<(String, usize)> {
    let words: BTreeSet<&str> = added.iter().map(|own| own.part.word(column)).collect();
    if words.len() < LEAST_WORDS {
        return Vec::new();
    }
    let mut sums: HashMap<(usize, Vec<&str>), Vec<&Added<'_>>> = HashMap::new();
    for own in added {
        sums.entry((own.sum, own.part.words_beside(column))).or_default().push(own);
    }
    let (mut tallies, mut with_numbers): (HashMap<&str, Tally>, usize) = (HashMap::new(), 0);
    for parts in sums.into_values() {
        let numbers: Option<Vec<i128>> = parts.iter().map(|own| own.value.map(i128::from)).collect();
        let Some(numbers) = numbers else { continue };
        let whole: i128 = numbers.iter().sum();
        // Noughts tell nothing, and a lone part has nothing to be the sum of unless the others are nought.
        if whole == 0 || (numbers.len() == 1 && !zero) {
            continue;
        }
        with_numbers += 1;
        let count = numbers.len() as u128;
        for (own, number) in parts.iter().zip(numbers) {
            let tally = tallies.entry(own.part.word(column)).or_default();
            let difference = (number * 2 - whole).unsigned_abs();
            // Each part may be rounded by one half, and the whole too; small numbers agree by chance.
            match difference {
                0 => tally.held += 1,
                _ if difference < count && number.unsigned_abs() > 2 * count => tally.nearly += 1,
                _ => tally.refuted += 1,
            }
        }
    }
    let found = words.into_iter().filter_map(|word| {
        let tally = tallies.get(word)?;
        let (held, nearly) = (tally.held, tally.held + tally.nearly);
        let everywhere = held == nearly && tally.refuted == 0 && (!zero || held == with_numbers);
        if everywhere && held >= LEAST_SUMS {
            return Some((word.to_owned(), held));
        }
        // A code of the whole need not agree everywhere, since parts are rounded or hidden.
        let coded = is_code(word) && nearly > tally.refuted && nearly >= LEAST_SUMS.min(with_numbers);
        coded.then(|| (word.to_owned(), nearly))
    });
    found.collect()
}
