//! Words of a column that hold others by how they are written: `Helse` beside `Helse - sykehjem`, `1` beside `1.1`, and a word with
//! others indented below it.

use super::spans::is_span;
use crate::text;

/// A word of a column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<'p> {
    /// How it is first written, in which row, and how far it is indented there.
    pub(super) written: &'p str,
    pub(super) row: u64,
    pub(super) indent: usize,
}

/// What tells a word from a part of it. A blank alone does not: `Digital post` is no part of `Digital`, and neither is a stroke
/// without blanks.
const SEPARATORS: [&str; 8] = [" - ", ":", " (", "/", " /", ">", " >", " |"];

/// Whether a word says somewhere in it that it adds up others: `Helse totalt`.
pub(super) fn names_total(word: &str) -> bool {
    const WHOLE: [&str; 15] = [
        "total",
        "totalt",
        "totalsum",
        "sum",
        "delsum",
        "subtotal",
        "deltotal",
        "samlet",
        "samla",
        "alle",
        "ialt",
        "samtlige",
        "samtlege",
        "sammenlagt",
        "tilsammen",
    ];
    const TOGETHER: [[&str; 2]; 4] = [["i", "alt"], ["til", "sammen"], ["til", "saman"], ["grand", "total"]];
    let word = word.to_lowercase();
    let parts: Vec<&str> =
        word.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
    parts.iter().any(|part| WHOLE.contains(part))
        || parts.windows(2).any(|pair| TOGETHER.iter().any(|own| own == pair))
}

/// The words that lie in one by how they are written.
pub(super) fn held<'p>(word: &Word<'p>, all: &[Word<'p>]) -> Vec<&'p str> {
    let below = indented_below(word, all);
    let held = all.iter().filter(|other| {
        // Spans of ages have a rule of their own.
        let spans = is_span(word.written) && is_span(other.written);
        !spans && (is_begun_by(word.written, other.written) || below.contains(&other.row))
    });
    held.map(|other| other.written).collect()
}

/// The rows of the words that follow a word and are indented more.
fn indented_below(word: &Word<'_>, all: &[Word<'_>]) -> Vec<u64> {
    // Words that end in one place are set to the right.
    let end = word.indent + word.written.chars().count();
    if all.iter().all(|other| other.indent + other.written.chars().count() == end) {
        return Vec::new();
    }
    let mut behind: Vec<&Word<'_>> = all.iter().filter(|other| other.row > word.row).collect();
    behind.sort_by_key(|other| other.row);
    behind.iter().take_while(|other| other.indent > word.indent).map(|other| other.row).collect()
}

/// Whether another word begins with a word and goes on to name a part of it.
fn is_begun_by(word: &str, other: &str) -> bool {
    if let (Some(code), Some(longer)) = (code(word), code(other)) {
        let behind = longer.strip_prefix(code).and_then(|rest| rest.strip_prefix('.'));
        if behind.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) {
            return true;
        }
    }
    let (word, other) = (spaced(word), spaced(other));
    let Some(rest) = other.strip_prefix(&word).filter(|_| word.contains(char::is_alphabetic)) else {
        return false;
    };
    let mut behind = SEPARATORS.iter().filter_map(|sign| rest.strip_prefix(sign));
    behind.any(|part| part.contains(char::is_alphanumeric))
}

/// A word in small letters, with one kind of stroke and of blank.
fn spaced(word: &str) -> String {
    let word = text::folded(word).replace(['–', '—', '\u{2011}', '\u{2212}'], "-");
    word.split_whitespace().collect::<Vec<&str>>().join(" ")
}

/// The code that a word begins with: `1`, `1.2 Hjemme`, `A1.2`.
fn code(word: &str) -> Option<&str> {
    let code = word.split_whitespace().next()?.trim_end_matches('.');
    let digits = code.strip_prefix(|c: char| c.is_ascii_alphabetic()).unwrap_or(code);
    let mut numbers = digits.split('.');
    numbers.all(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_are_called_totals() {
        for word in [
            "Helse totalt",
            "Helse i alt",
            "Skole (sum)",
            "Sum skole",
            "Helse, samlet",
            "Delsum helse",
            "Alle tjenester",
        ] {
            assert!(names_total(word), "{word}");
        }
        for word in
            ["Helse", "Summer", "Totalentreprise", "Allergi", "I salt", "Til andre", "Samletrafikk", ""]
        {
            assert!(!names_total(word), "{word}");
        }
    }

    #[test]
    fn words_that_begin_others() {
        for (word, other) in [
            ("Helse", "Helse - sykehjem"),
            ("Helse", "helse –  hjemme"),
            ("Helse", "Helse: hjemme"),
            ("Digitalt", "Digitalt (app)"),
            ("Helse", "Helse/hjemme"),
            ("Helse", "Helse > hjemme"),
            ("1", "1.1"),
            ("1 Helse", "1.2 Hjemme"),
            ("1. Helse", "1.2. Hjemme"),
            ("A1", "A1.10"),
        ] {
            assert!(is_begun_by(word, other), "{word}, {other}");
            assert!(!is_begun_by(other, word), "{other}, {word}");
        }
        for (word, other) in [
            ("Digital", "Digital post"),
            ("Helse", "Helse- og omsorg"),
            ("Helse", "Helse-app"),
            ("Helse", "Helsehjelp"),
            ("18", "18-66"),
            ("18", "18 - 66"),
            ("1", "11"),
            ("1", "10.1"),
            ("Helse", "Helse:"),
            ("Helse", "Helse"),
        ] {
            assert!(!is_begun_by(word, other), "{word}, {other}");
        }
    }

    #[test]
    fn words_with_others_indented_below() {
        let of = |words: &[&'static str]| -> Vec<String> {
            let all: Vec<Word<'_>> = (2..)
                .zip(words)
                .map(|(row, word)| Word {
                    written: word.trim(),
                    row,
                    indent: word.len() - word.trim_start().len(),
                })
                .collect();
            let held =
                all.iter().map(|word| (word.written, held(word, &all))).filter(|(_, held)| !held.is_empty());
            held.map(|(word, held)| format!("{word}: {}", held.join(" "))).collect()
        };
        assert_eq!(of(&["Digitalt", "  app", "  web", "Papir"]), ["Digitalt: app web"]);
        assert_eq!(
            of(&["Alt", " Digitalt", "  app", " Papir"]),
            ["Alt: Digitalt app Papir", "Digitalt: app"]
        );
        assert!(of(&["  app", "  web", "Papir"]).is_empty());
        assert!(of(&["0-17", " 5"]).is_empty());
        // Set to the right.
        assert!(of(&["Kvinner", "   Menn"]).is_empty());
    }
}
