//! Parts that by their numbers add up some of the others: `Helse` beside `Sykehjem`, `Hjemme` and `Skole`.

use std::collections::{BTreeSet, HashMap};

use super::adds_up::{Added, LEAST_SUMS};

/// Of more words not every choice of some is tried.
const MAX_WORDS: usize = 16;

/// Of so many words at least one is neither the sum nor in it.
const LEAST_WORDS: usize = 4;

/// So many sums are compared with an equation in one delivery; beyond that nothing is found.
pub(super) const MAX_STEPS: usize = 20_000_000;

/// A part of a sum may be nought nearly everywhere. Without so many numbers nothing says that it is in the equation.
const LEAST_NUMBERS: usize = 2;

/// In at most one of two to the power of this an equation is found where there is none.
const LEAST_BITS: f64 = 7.0;

/// A word that is the sum of others.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AddsSome {
    pub(super) word: String,
    pub(super) parts: Vec<String>,
    /// In so many sums with numbers.
    pub(super) sums: usize,
}

/// The numbers of the words of a column in one sum.
#[derive(Debug, Clone)]
struct Numbers {
    /// Whose numbers they are, and within which words of other columns.
    of: usize,
    /// Which words have one, by bits.
    known: u32,
    all: Vec<i64>,
}

/// The words of a column that are the sum of at least two and not all others in every sum where these have numbers. `zero`: a word
/// without a row is nought. `steps` are those left for the delivery.
pub(super) fn words(column: usize, added: &[Added<'_>], zero: bool, steps: &mut usize) -> Vec<AddsSome> {
    let words: BTreeSet<&str> = added.iter().map(|own| own.part.word(column)).collect();
    let words: Vec<&str> = words.into_iter().collect();
    if !(LEAST_WORDS..=MAX_WORDS).contains(&words.len()) {
        return Vec::new();
    }
    let mut places = HashMap::new();
    let mut owners = HashMap::new();
    let mut sums: Vec<Numbers> = Vec::new();
    let mut in_order: Vec<&Added<'_>> = added.iter().collect();
    in_order.sort_by_key(|own| own.sum);
    for own in in_order {
        let beside = own.part.words_beside(column);
        let place = *places.entry((own.sum, beside.clone())).or_insert(sums.len());
        if place == sums.len() {
            let next = owners.len();
            let of = *owners.entry((own.subject, beside)).or_insert(next);
            let known = if zero { (1 << words.len()) - 1 } else { 0 };
            sums.push(Numbers { of, known, all: vec![0; words.len()] });
        }
        let (Ok(word), Some(sum)) = (words.binary_search(&own.part.word(column)), sums.get_mut(place)) else {
            continue;
        };
        match own.value {
            Some(value) => {
                sum.known |= 1 << word;
                sum.all[word] = value;
            }
            None => sum.known &= !(1 << word),
        }
    }
    let equations = equations(words.len(), &sums, steps).into_iter();
    let named = equations.map(|found| AddsSome {
        word: words[found.word].to_owned(),
        parts: places_of(found.parts).map(|part| words[part].to_owned()).collect(),
        sums: found.sums,
    });
    named.collect()
}

/// A word by its place, the words it is the sum of by bits, and in how many sums with numbers.
#[derive(Debug, PartialEq, Eq)]
struct Equation {
    word: usize,
    parts: u32,
    sums: usize,
}

/// For each word the fewest others that it is the sum of.
fn equations(words: usize, sums: &[Numbers], steps: &mut usize) -> Vec<Equation> {
    // Sums with many numbers other than nought refute most equations at once.
    let mut by_numbers: Vec<&Numbers> = sums.iter().collect();
    by_numbers.sort_by_key(|sum| sum.all.iter().filter(|number| **number == 0).count());
    // A word that is nought everywhere is in no equation.
    let some = (0..words).filter(|word| sums.iter().any(|sum| sum.all[*word] != 0));
    let some: u32 = some.map(|word| 1 << word).sum();
    let mut found = Vec::new();
    for word in places_of(some) {
        let mut fewest: Option<Equation> = None;
        for parts in 1_u32..1 << words {
            let count = parts.count_ones();
            let fewer = fewest.as_ref().is_none_or(|found| count < found.parts.count_ones());
            let possible = parts & !some == 0 && parts & (1 << word) == 0 && count > 1 && fewer;
            if !possible || refuted(word, parts, &by_numbers, steps) {
                continue;
            }
            if let Some(sums) = no_chance(word, parts, words, sums) {
                fewest = Some(Equation { word, parts, sums });
            }
        }
        found.extend(fewest);
    }
    found
}

/// The places of the bits that are set.
fn places_of(bits: u32) -> impl Iterator<Item = usize> {
    (0..MAX_WORDS).filter(move |place| bits & (1 << place) != 0)
}

impl Numbers {
    /// Whether all words of an equation have a number.
    fn has(&self, word: usize, parts: u32) -> bool {
        let needed = parts | (1 << word);
        self.known & needed == needed
    }
}

/// Whether a sum shows that a word is not the sum of others, or nothing more may be tried.
fn refuted(word: usize, parts: u32, sums: &[&Numbers], steps: &mut usize) -> bool {
    for sum in sums {
        let Some(left) = steps.checked_sub(1) else { return true };
        *steps = left;
        if !sum.has(word, parts) {
            continue;
        }
        let whole: i128 = places_of(parts).map(|part| i128::from(sum.all[part])).sum();
        if whole != i128::from(sum.all[word]) {
            return true;
        }
    }
    false
}

/// In how many sums with numbers an equation holds; `None` where that may be chance.
///
/// Were a word and its parts two piles that are as large only in the mean, then a sum with `2n` of both is halved with a chance of
/// `C(2n, n) / 4^n`, which is at most `1 / √(3n + 1)`. The sums of one municipality are no draws of their own, as a month is much
/// like the one before, so that `n` is there only by how much the word has changed. All these chances together, times the number of
/// equations that the words allow, stay below `2^-LEAST_BITS`.
fn no_chance(word: usize, parts: u32, words: usize, sums: &[Numbers]) -> Option<usize> {
    let (mut bits, mut with_numbers) = (0.0, 0);
    let mut last: HashMap<usize, i64> = HashMap::new();
    let mut of_parts = [0_usize; MAX_WORDS];
    for sum in sums.iter().filter(|sum| sum.has(word, parts)) {
        let number = sum.all[word];
        let changed = number.abs_diff(last.insert(sum.of, number).unwrap_or(0));
        bits += (3.0 * changed as f64 + 1.0).log2() / 2.0;
        with_numbers += usize::from(number != 0);
        for part in places_of(parts) {
            of_parts[part] += usize::from(sum.all[part] != 0);
        }
    }
    let choices = (1_u64 << (words - 1)) - words as u64;
    let enough = LEAST_BITS + (words as f64 * choices as f64).log2();
    let every_part = places_of(parts).all(|part| of_parts[part] >= LEAST_NUMBERS);
    (every_part && with_numbers >= LEAST_SUMS && bits >= enough).then_some(with_numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that are no chance's own, the same in each run.
    struct Draws(u64);

    impl Draws {
        fn below(&mut self, limit: u64) -> i64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as i64 % limit as i64
        }
    }

    fn found(rows: &[Vec<i64>]) -> Vec<Equation> {
        let words = rows[0].len();
        let sums = rows.iter().enumerate();
        let sums: Vec<Numbers> =
            sums.map(|(of, all)| Numbers { of, known: (1 << words) - 1, all: all.clone() }).collect();
        equations(words, &sums, &mut { MAX_STEPS })
    }

    #[test]
    fn small_counts_that_add_nothing_up_are_seldom_found_to() {
        for (municipalities, allowed) in [(357, 0), (40, 0), (5, 2)] {
            let mut alarms = 0;
            for seed in 1..=200_u64 {
                let mut draws = Draws(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
                let words = 4 + (seed % 5) as usize;
                let most = [2, 3, 6, 10, 30][(seed / 5 % 5) as usize];
                // The first is in the mean as large as the second and the third.
                let row = |draws: &mut Draws| -> Vec<i64> {
                    (0..words)
                        .map(|word| draws.below(most) + if word == 0 { draws.below(most) } else { 0 })
                        .collect()
                };
                let rows: Vec<Vec<i64>> = (0..municipalities).map(|_| row(&mut draws)).collect();
                alarms += usize::from(!found(&rows).is_empty());
            }
            assert!(alarms <= allowed, "{alarms} of 200 with {municipalities} municipalities");
        }
    }

    #[test]
    fn a_sum_of_some_is_found_however_many_words_there_are() {
        for words in [4, 8, 16] {
            let mut draws = Draws(7);
            let rows: Vec<Vec<i64>> = (0..60)
                .map(|_| {
                    let mut row: Vec<i64> = (0..words).map(|_| draws.below(50)).collect();
                    row[0] = row[1] + row[2];
                    row
                })
                .collect();
            assert_eq!(
                found(&rows),
                [Equation { word: 0, parts: 0b110, sums: rows.iter().filter(|r| r[0] != 0).count() }]
            );
        }
    }

    #[test]
    fn repeated_numbers_and_a_single_number_show_nothing() {
        // The same numbers month by month of one municipality.
        let one = Numbers { of: 0, known: 0b1111, all: vec![3, 1, 2, 5] };
        assert!(equations(4, &vec![one; 100], &mut { MAX_STEPS }).is_empty());
        // A word that is one other, but for a part that has a number once.
        let rows: Vec<Vec<i64>> =
            (0..50).map(|n| vec![n + 10 + i64::from(n == 3), n + 10, i64::from(n == 3), n * 7]).collect();
        assert!(found(&rows).is_empty());
        // Without steps left nothing is tried.
        let sums: Vec<Numbers> =
            (0..50).map(|n| Numbers { of: 0, known: 15, all: vec![n + 9, n + 2, 7, 1] }).collect();
        assert!(!equations(4, &sums, &mut { MAX_STEPS }).is_empty());
        assert!(equations(4, &sums, &mut 20).is_empty());
    }
}
