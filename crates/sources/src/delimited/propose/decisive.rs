//! Columns whose words decide what a row's number is: in thousands or not, a fact or a forecast, final or not. Words are
//! Bokmål, Nynorsk and English.

use std::collections::BTreeSet;

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

/// What the words of a column decide, if they decide anything.
pub(super) fn decides(words: &BTreeSet<String>) -> Option<Decides> {
    let is = |word: &String, list: &str| is_one(spaced(word).trim(), list);
    let any = |list: &str| words.iter().any(|word| is(word, list));
    if any(SCALES) && words.iter().all(|word| is(word, SCALES) || is(word, PLAIN_UNITS)) {
        return words.iter().any(|word| word.contains(char::is_alphabetic)).then_some(Decides::Unit);
    }
    if any(PLANS) {
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

/// What a unit that is a number in itself multiplies by: `tusen`.
pub(super) fn factor(unit: &str) -> Option<u32> {
    match spaced(unit).trim() {
        "hundre" | "100" => Some(100),
        "tusen" | "1000" | "1 000" | "thousand" | "thousands" => Some(1000),
        "mill" | "million" | "millioner" | "millionar" | "millions" => Some(1_000_000),
        _ => None,
    }
}
