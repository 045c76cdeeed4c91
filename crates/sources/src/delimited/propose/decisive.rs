//! Columns whose words decide what a row's number is: in thousands or not, a fact or a forecast, final or not. Words are
//! Bokmål, Nynorsk and English.

use std::collections::BTreeSet;

use super::sketch::Sketch;
use super::words::{is_one, spaced};

const SCALES: &str = "tusen, i tusen, 1000, 1 000, hundre, 100, mill, million, millioner, millionar, i mill, i millioner, thousand, \
    thousands, millions";
const PLAIN_UNITS: &str = "antall, antal, stk, stykk, enheter, einingar, 1, number, count, units";
const PLANS: &str = "prognose, prognoser, budsjett, budsjettert, estimat, estimert, anslag, anslått, plan, planlagt, mål, måltall, \
    forventet, forventa, forecast, budget, estimate, estimated, planned, target, expected, framskriving, fremskriving";
const PROVISIONAL: &str = "foreløpig, foreløpige, førebels, foreløbig, provisional, preliminary, f, p";
const FINAL: &str = "endelig, endeleg, endelige, endelege, final, revidert, bekreftet, godkjent, e";

/// What the words of a column decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decides {
    /// What the numbers are counted in.
    Unit,
    /// Whether they are facts or plans.
    Kind,
    /// Which of them may change, with the words that say so and those that do not.
    Provisional(Vec<String>, Vec<String>),
    /// Whether they are final, among other words.
    Status,
}

impl Decides {
    /// Whether a person has to choose; what may change is a mark.
    pub(super) fn is_to_choose(&self) -> bool {
        !matches!(self, Self::Provisional(..))
    }
}

fn is(word: &str, list: &str) -> bool {
    is_one(spaced(word).trim(), list)
}

fn any(words: &BTreeSet<String>, list: &str) -> bool {
    words.iter().any(|word| is(word, list))
}

/// What the words of a column decide, if they decide anything.
fn decides(words: &BTreeSet<String>) -> Option<Decides> {
    if any(words, SCALES) && words.iter().all(|word| is(word, SCALES) || is(word, PLAIN_UNITS)) {
        return words.iter().any(|word| word.contains(char::is_alphabetic)).then_some(Decides::Unit);
    }
    if any(words, PLANS) {
        return Some(Decides::Kind);
    }
    // A letter alone may be any mark.
    if words.iter().any(|word| word.chars().count() > 1 && is(word, PROVISIONAL)) {
        let (marks, others): (Vec<_>, Vec<_>) = words.iter().cloned().partition(|word| is(word, PROVISIONAL));
        let known = others.iter().all(|word| is(word, FINAL));
        return Some(if known { Decides::Provisional(marks, others) } else { Decides::Status });
    }
    None
}

/// Takes such columns out of those that are passed over.
pub(super) fn take(sketch: &mut Sketch) {
    let decisive = sketch.passed_over.extract_if(.., |(_, words)| decides(words).is_some());
    sketch.decisive.extend(decisive.filter_map(|(name, words)| {
        let decided = decides(&words)?;
        Some((name, words, decided))
    }));
}

/// What all numbers are multiplied by where their unit is a number in itself, as `tusen` is; and that unit.
pub(super) fn scale(unit: Option<&(String, String)>) -> Option<(u32, String)> {
    let (_, unit) = unit?;
    // Beside a column of thousands alone there is nothing to choose but the unit.
    Some((factor(unit)?, unit.clone()))
}

fn factor(unit: &str) -> Option<u32> {
    match spaced(unit).trim() {
        "hundre" | "100" => Some(100),
        "tusen" | "1000" | "1 000" | "thousand" | "thousands" => Some(1000),
        "mill" | "million" | "millioner" | "millionar" | "millions" => Some(1_000_000),
        _ => None,
    }
}
