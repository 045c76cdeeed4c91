//! Words among the parts of a sum that are made of others there: why each holds the delivery, and what a person can do.

use std::collections::BTreeSet;

use super::adds_up;
use super::branches::Word;
use super::parts::{MAX_NAMED, Parts, TotalWord, Why, Written, written};
use super::spans::reaches_into_another;
use super::totals::is_part_of_another;

/// Why such words hold the delivery.
pub(super) fn breaches(column: usize, name: &str, measures: &[&Parts], found: &[TotalWord]) -> Vec<String> {
    let words = written(column, measures);
    let mut breaches = Vec::new();
    let all: BTreeSet<String> = words.keys().map(|word| (*word).to_owned()).collect();
    for TotalWord { word: own, why } in found {
        let Some(Word { written: word, row, .. }) = words.get(own.as_str()) else { continue };
        let others = words.iter().filter(|(other, _)| *other != own).map(|(_, word)| word.written);
        let others = listed(others);
        let of_all = matches!(why, Why::AllOthers(_));
        let of_some = matches!(why, Why::NamesTotal | Why::Holds(_) | Why::OfSome(..));
        let why = match why {
            Why::Name if is_part_of_another(word) => "is a part of another one there".to_owned(),
            Why::Name if reaches_into_another(word, &all) => {
                "is a span that overlaps another one there".to_owned()
            }
            Why::Name => format!("is by its name made of others there ({others})"),
            Why::AllOthers(sums) => format!(
                "is as much as all others there together ({others}) in {} sums with numbers",
                if adds_up::is_code(own) { format!("{sums}") } else { format!("each of {sums}") }
            ),
            Why::NamesTotal => format!("is named as a total of others there ({others})"),
            Why::Holds(held) => {
                format!(
                    "holds others there by how they are written ({})",
                    listed(held.iter().map(String::as_str))
                )
            }
            Why::OfSome(parts, sums) => {
                let parts = parts.iter().filter_map(|part| words.get(part.as_str())).map(|part| part.written);
                format!("is as much as {} there together in each of {sums} sums with numbers", listed(parts))
            }
        };
        let remedy = if of_some { without(&words, name, found) } else { alone(name, word, of_all) };
        breaches.push(format!(
            "row {row}: `{word}` in column `{name}` {why}, and `sum_over` would add it to them: {remedy}"
        ));
    }
    breaches
}

/// Some words, of which a few are named.
fn listed<'w>(words: impl Iterator<Item = &'w str>) -> String {
    format!("`{}`", words.take(MAX_NAMED).collect::<Vec<&str>>().join("`, `"))
}

/// How a contract reads a word that is made of all others, or of some by its name.
fn alone(name: &str, word: &str, of_all: bool) -> String {
    let read = format!("read it alone by `\"{name}\" = \"{word}\"` in [filter]");
    if of_all {
        return format!("{read}, or list the others there");
    }
    format!(
        "{read}, or list there words of which none is in another; if it is a part of its own after all, write it so that it does not look \
         like a total, or release the delivery"
    )
}

/// How a contract leaves out the words that are made of some others.
fn without(words: &Written<'_>, name: &str, found: &[TotalWord]) -> String {
    let kept = words.iter().filter(|(own, _)| found.iter().all(|total| total.word != **own));
    let mut kept: Vec<String> = kept.map(|(_, word)| format!("\"{}\"", word.written)).collect();
    if kept.len() > MAX_NAMED {
        kept.truncate(MAX_NAMED);
        kept.push("…".to_owned());
    }
    format!(
        "list the words to add by `\"{name}\" = [{}]` in [filter], or leave it out by its name in [totals]; if it is a part of its \
         own after all, write it so that it does not look like a total, or release the delivery",
        kept.join(", ")
    )
}
