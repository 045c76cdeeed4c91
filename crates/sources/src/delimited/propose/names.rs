//! What the words of a file may mean: solutions, measures, and the signs in a number's place.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Symbol;
use super::Known;

/// A likeness below this is none.
const ALIKE: f64 = 0.75;

/// Stems of words in the names of counts, and the measure each means.
const STEMS: [(&str, &str); 24] = [
    ("bruker", "users_active"),
    ("innbygger", "users_active"),
    ("innbyggjar", "users_active"),
    ("person", "users_active"),
    ("user", "users_active"),
    ("pasient", "users_active"),
    ("bruk", "uses"),
    ("antal", "uses"),
    ("forsendelse", "uses"),
    ("melding", "uses"),
    ("oppslag", "uses"),
    ("besøk", "uses"),
    ("søknad", "uses"),
    ("brev", "uses"),
    ("innsyn", "uses"),
    ("innlogg", "uses"),
    ("innsend", "uses"),
    ("henvendels", "uses"),
    ("sak", "uses"),
    ("uses", "uses"),
    ("message", "uses"),
    ("letter", "uses"),
    ("visit", "uses"),
    ("request", "uses"),
];

/// The stem of a word for any number.
const ANY_NUMBER: &str = "antal";

fn bare(text: &str) -> String {
    text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect()
}

/// The known name most like a text, if any is: the same, one inside the other, or almost the same.
fn nearest(text: &str, known: &BTreeMap<String, BTreeSet<String>>, also: bool) -> Option<String> {
    let text = bare(text);
    let scored = known.iter().map(|(id, names)| {
        let names = names.iter().filter(|_| also);
        (names.map(|name| likeness(name, &text)).fold(likeness(id, &text), f64::max), id)
    });
    let (best, id) = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best >= ALIKE).then(|| id.clone())
}

/// How like a bare text is to a name: from 0 to 1, above that when it contains the name, 2 when it is the name.
fn likeness(name: &str, text: &str) -> f64 {
    let name = bare(name);
    let alike = strsim::normalized_damerau_levenshtein(&name, text);
    if name == text {
        2.0
    } else if name.chars().count() > 4 && text.contains(&name) {
        // The longest name inside wins: `digihelsestasjon` holds `digihelse`.
        1.0 + alike / 2.0
    } else {
        alike
    }
}

/// The solution a text means.
pub(super) fn solution(text: &str, known: &Known) -> Option<String> {
    nearest(text, &known.solutions, true)
}

/// The measure a text means.
pub(super) fn measure(text: &str, known: &Known) -> Option<String> {
    own_measure(text, known).or_else(|| by_stem(text, known, |stem| stem == ANY_NUMBER))
}

/// The measure a text means by a word of its own, and not because it says `antall`.
pub(super) fn own_measure(text: &str, known: &Known) -> Option<String> {
    nearest(text, &known.measures, false).or_else(|| by_stem(text, known, |stem| stem != ANY_NUMBER))
}

fn by_stem(text: &str, known: &Known, of: impl Fn(&str) -> bool) -> Option<String> {
    let text = text.to_lowercase();
    let (_, id) = STEMS.iter().find(|(stem, _)| of(stem) && text.contains(stem))?;
    known.measures.contains_key(*id).then(|| (*id).to_owned())
}

/// An identifier made of a text, for what is not known.
pub(super) fn slug(text: &str) -> String {
    let plain = text.to_lowercase().replace(['æ', 'ä'], "ae").replace(['ø', 'ö'], "o").replace('å', "a");
    let mut out = String::new();
    for c in plain.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
    }
    let out: String = out.trim_matches('_').chars().take(60).collect();
    if out.starts_with(|c: char| c.is_ascii_lowercase()) { out } else { format!("x{out}") }
}

/// A small number in digits or in a word.
fn small(text: &str) -> Option<u32> {
    const WORDS: [&[&str]; 10] = [
        &["en", "ein", "ett", "eitt", "one"],
        &["to", "two"],
        &["tre", "three"],
        &["fire", "four"],
        &["fem", "five"],
        &["seks", "six"],
        &["sju", "syv", "seven"],
        &["åtte", "eight"],
        &["ni", "nine"],
        &["ti", "ten"],
    ];
    let text = text.trim();
    let word = WORDS.iter().position(|words| words.contains(&text));
    word.and_then(|at| u32::try_from(at + 1).ok()).or_else(|| text.parse().ok())
}

/// What a sign in a number's place may mean, beside the usual ones.
pub(super) fn symbol(text: &str) -> Option<Symbol> {
    let text = text.to_lowercase();
    // Below a small number: hidden, to protect persons.
    let below = text.strip_prefix(['<', '≤']).is_some_and(|rest| small(rest).is_some());
    let words = ["færre enn ", "under ", "mindre enn ", "fewer than ", "less than "];
    let in_words = words.iter().any(|w| text.strip_prefix(w).is_some_and(|n| small(n).is_some()));
    let ends = text.split_once(['-', '–', '\u{2011}']).or_else(|| text.split_once(" til "));
    let ends = ends.and_then(|(low, high)| Some((small(low)?, small(high)?)));
    let range = ends.is_some_and(|(low, high)| low < high && high < 20);
    if below || in_words || range || text == "*" || text == "skjult" || text == "x" {
        return Some(Symbol::Suppressed);
    }
    match text.as_str() {
        "na" | "n/a" | "null" | "mangler" | "manglar" | "?" | "…" | "..." | "–" | "—" | "\u{2212}"
        | "\u{2011}" | "nan" | "#n/a" | "i.t." | "u.o." => Some(Symbol::Missing),
        "ia" | "i.a." | "ikke aktuelt" | "ikkje aktuelt" => Some(Symbol::NotApplicable),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        let names = |pairs: &[(&str, &[&str])]| {
            pairs
                .iter()
                .map(|(id, names)| ((*id).to_owned(), names.iter().map(|n| (*n).to_owned()).collect()))
                .collect()
        };
        Known {
            solutions: names(&[
                ("digihelse", &["DigiHelse"]),
                ("digihelsestasjon", &["DigiHelsestasjon"]),
                ("digital-postkasse", &["Digital postkasse til innbyggere", "Digital mailbox"]),
                ("svarut", &["SvarUt"]),
            ]),
            measures: names(&[("users_active", &["persons"]), ("uses", &["letters"])]),
            municipalities: BTreeSet::new(),
        }
    }

    #[test]
    fn solutions_are_known_by_what_they_are_called() {
        for (text, id) in [
            ("DigiHelse", Some("digihelse")),
            ("Digi-Helsestasjon", Some("digihelsestasjon")),
            ("Rapport DigiHelsestasjon 2024", Some("digihelsestasjon")),
            ("SvarrUt", Some("svarut")),
            ("digital mailbox", Some("digital-postkasse")),
            ("Bookup", None),
            ("", None),
        ] {
            assert_eq!(solution(text, &known()).as_deref(), id, "{text}");
        }
    }

    #[test]
    fn measures_are_known_by_their_stems() {
        for (text, id) in [
            ("uses", Some("uses")),
            ("Antall brukere", Some("users_active")),
            ("Antall", Some("uses")),
            ("Innlogginger", Some("uses")),
            ("Merknad", None),
        ] {
            assert_eq!(measure(text, &known()).as_deref(), id, "{text}");
        }
    }

    #[test]
    fn a_slug_is_an_identifier() {
        for (text, id) in [("Antall søk (2024)", "antall_sok_2024"), ("2024", "x2024"), ("Å", "a"), ("", "x")]
        {
            assert_eq!(slug(text), id);
            assert!(utbredt_model::MeasureId::parse(&slug(text)).is_ok());
        }
    }

    #[test]
    fn signs() {
        assert_eq!(symbol("<5"), Some(Symbol::Suppressed));
        assert_eq!(symbol("N/A"), Some(Symbol::Missing));
        assert_eq!(symbol("12"), None);
        for text in
            ["1-4", "færre enn 5", "under 10", "≤ 4", "Færre enn fem", "1 til 4", "en til fire", "1\u{2011}4"]
        {
            assert_eq!(symbol(text), Some(Symbol::Suppressed), "{text}");
        }
        assert_eq!(
            (symbol("–"), symbol("..."), symbol("2024-10")),
            (Some(Symbol::Missing), Some(Symbol::Missing), None)
        );
        for text in ["\u{2212}", "\u{2011}", "u.o."] {
            assert_eq!(symbol(text), Some(Symbol::Missing), "{text}");
        }
        assert_eq!((symbol("fem"), symbol("4 til 1"), symbol("1 til 400")), (None, None, None));
    }
}
