//! Columns whose words decide what a row's number is: in thousands or not, a fact or a forecast, final or not. Words are
//! Bokmål, Nynorsk and English.

use std::collections::BTreeSet;

use super::TO_CHOOSE;
use super::scale::scale as multiple;
use super::sketch::{Choice, Sketch};
use super::words::{has, is_one, spaced};

/// What columns are called whose words are what numbers are counted in, be they digits.
const UNITS: &str = "enhet, eining, unit, måleenhet, måleeining, faktor, factor, multiplikator, skala, scale";
/// What columns are called that say of a row that it does not count, or counts the other way, or what is added to it.
const FLAGS: &str = "kreditnota, kredit, kreditert, slettet, sletta, annullert, makulert, kansellert, reversert, test, testdata, gyldig, \
    ugyldig, duplikat, fortegn, d k, debet kredit, debit credit, deleted, cancelled, valid, invalid, void, duplicate, sign, korreksjon, \
    korreksjoner, korreksjonar, justering, justeringer, justeringar, adjustment, correction, fradrag, tillegg";
/// Words that alone in such a column say nothing against its rows.
const NO_FLAG: &str = "nei, n, no, false, usann, 0, gyldig, ok";
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
    /// Whether they count as they stand.
    Counts,
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
fn decides(name: &str, words: &BTreeSet<String>) -> Option<Decides> {
    let of_units = has(&spaced(name), UNITS);
    let multiplies =
        |word: &String| (of_units || word.contains(char::is_alphabetic)) && multiple(word).is_some();
    if words.iter().any(multiplies) {
        return Some(Decides::Unit);
    }
    let flagged = words.len() > 1 || words.iter().any(|word| !is(word, NO_FLAG));
    if is(name, FLAGS) && flagged {
        return Some(Decides::Counts);
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
    let decisive = sketch.passed_over.extract_if(.., |(name, words)| decides(name, words).is_some());
    sketch.decisive.extend(decisive.filter_map(|(name, words)| {
        let decided = decides(&name, &words)?;
        Some((name, words, decided))
    }));
}

/// Leaves to a person the words that mean a measure and say what its numbers are multiplied by: `Brev i tusen` beside `Brev`.
pub(super) fn leave_multiples(sketch: &mut Sketch) {
    if let Some(Choice::Column(_, map)) = &mut sketch.measure {
        let multiples = map.iter_mut().filter(|(word, _)| multiple(word).is_some());
        multiples.for_each(|(_, id)| TO_CHOOSE.clone_into(id));
    }
}
