//! What the numbers of a table are multiplied by, as a name, a unit, a title or a note says: `i tusen`, `1 000 stk`, `(k)`.

use super::sketch::is_count;

/// The number of thousands and other words. `Tusenvis` and `hundreår` are none.
const WORDS: [(&str, u32); 31] = [
    ("k", 1_000),
    ("ti", 10),
    ("tiere", 10),
    ("tens", 10),
    ("hundre", 100),
    ("hundretall", 100),
    ("hundretal", 100),
    ("hundreder", 100),
    ("hundred", 100),
    ("hundreds", 100),
    ("tusen", 1_000),
    ("tusener", 1_000),
    ("tusental", 1_000),
    ("tusentall", 1_000),
    ("thousand", 1_000),
    ("thousands", 1_000),
    ("titusen", 10_000),
    ("titusener", 10_000),
    ("hundretusen", 100_000),
    ("mill", 1_000_000),
    ("mio", 1_000_000),
    ("million", 1_000_000),
    ("millioner", 1_000_000),
    ("millionar", 1_000_000),
    ("millions", 1_000_000),
    ("mrd", 1_000_000_000),
    ("milliard", 1_000_000_000),
    ("milliarder", 1_000_000_000),
    ("milliardar", 1_000_000_000),
    ("billion", 1_000_000_000),
    ("billions", 1_000_000_000),
];

/// Before a number of thousands that is no unit: `per 1000 innbyggere`, `over 100 000`.
const NO_UNIT: [&str; 28] = [
    "en", "ett", "to", "tre", "fire", "fem", "ti", "per", "pr", "pro", "over", "under", "minst", "færre",
    "fleire", "flere", "enn", "inntil", "maks", "topp", "top", "above", "below", "nr", "ca", "kr", "til",
    "og",
];

/// Before a number of thousands that is one; `,` and brackets are words here.
const BEFORE: [&str; 17] =
    ["_", "i", "in", "hele", "heile", "whole", "(", "[", ",", ":", "x", "×", "*", "/", "à", "med", "enhet"];

/// What each number is multiplied by. `Per 1000 innbyggere` is a rate.
pub(super) fn scale(text: &str) -> Option<u32> {
    // An address of the web says nothing of the numbers.
    if ["://", "www.", ".no/", ".com/"].iter().any(|part| text.contains(part)) {
        return None;
    }
    let tokens = tokens(text);
    let found = tokens.iter().enumerate().find_map(|(at, token)| {
        let before = at.checked_sub(1).map_or("", |at| tokens[at].as_str());
        // `To millioner brukere` is a number of them.
        if NO_UNIT.contains(&before) || before.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        of_word(token, before, tokens.get(at + 1)).or_else(|| of_number(token, before, tokens.get(at + 1)))
    });
    found.or_else(|| text.contains('‰').then_some(1_000))
}

fn of_word(token: &str, before: &str, next: Option<&String>) -> Option<u32> {
    let factor = WORDS.iter().find(|(word, _)| *word == token).map(|(_, factor)| *factor)?;
    let closed = matches!(next.map(String::as_str), None | Some(")" | "]"));
    // Short words are other words elsewhere: `K`, `ti kommuner`.
    let clear = match token {
        "k" | "ti" => matches!(before, "(" | "[" | "i") && closed,
        _ => true,
    };
    clear.then_some(factor)
}

/// A power of ten, where it is what numbers are counted in: `i 1000`, `x 100`, `1000 stk`.
fn of_number(token: &str, before: &str, next: Option<&String>) -> Option<u32> {
    let factor: u32 = token.parse().ok().filter(|_| token.trim_end_matches('0') == "1" && token.len() > 1)?;
    // `(10)` may be a note, and `i 10 kommuner` are ten municipalities.
    let clear = match factor {
        10 => matches!(before, "x" | "×" | "*" | "à"),
        _ => before.is_empty() || BEFORE.contains(&before),
    };
    let of_others = next.is_some_and(|next| {
        [
            "innb", "år", "year", "dag", "day", "mån", "mnd", "month", "uke", "veke", "week", "time", "hour",
            "min", "kr", "nok", "kommun", "%",
        ]
        .iter()
        .any(|stem| next.starts_with(stem))
    });
    (clear && !of_others).then_some(factor)
}

/// Whether a cell is a count and a text behind it: `120 tusen`, `640 stk`, `120 × 1000`.
pub(super) fn has_text_behind(cell: &str) -> bool {
    cell.split_once(' ').is_some_and(|(number, text)| {
        is_count(number, ',') && (text.contains(char::is_alphabetic) || text.starts_with('×'))
    })
}

/// The words, numbers and signs of a text in small letters; `1 000` is one number, and `x100` a word and a number.
fn tokens(text: &str) -> Vec<String> {
    let mut lower = text.to_lowercase().replace(['\u{a0}', '\u{202f}', '\u{2009}'], " ");
    for (written, read) in
        [("10^3", "x 1000"), ("10³", "x 1000"), ("10^6", "x 1000000"), ("’000", "x 1000"), ("'000", "x 1000")]
    {
        lower = lower.replace(written, read);
    }
    let lower = in_one(&lower);
    let kind = |sign: char| (sign.is_alphabetic(), sign.is_ascii_digit());
    let mut found: Vec<String> = Vec::new();
    let mut last = ' ';
    for sign in lower.chars() {
        let joins = kind(sign) == kind(last) && kind(sign) != (false, false);
        match found.last_mut().filter(|_| joins) {
            Some(token) => token.push(sign),
            None if sign.is_whitespace() || matches!(sign, '.' | '-') => {}
            None => found.push(sign.to_string()),
        }
        last = sign;
    }
    found
}

/// A text without the gaps before the groups `000` of its numbers.
fn in_one(text: &str) -> String {
    let mut joined = text.to_owned();
    for gap in [" 000", ".000"] {
        for (digit, _) in
            text.match_indices(gap).filter_map(|(at, _)| Some((text[..at].chars().next_back()?, at)))
        {
            if digit.is_ascii_digit() {
                joined = joined.replace(&format!("{digit}{gap}"), &format!("{digit}000"));
            }
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiples_that_numbers_are_counted_in() {
        for (texts, factor) in [
            (
                "Meldinger (i tusen); 1000 stk; Meldinger, 1 000 stk; Meldinger [1000]; Meldinger [10^3]; Meldinger × 1000; \
                 Meldinger/1000; Antall tusen meldinger; Antall meldinger (’000); Antall meldinger (k); Messages (thousands); \
                 Enhet: 1 000 meldinger; Antall meldinger, 1000 stk; NB! Ganges med 1000; Tall i hele tusen; Meldinger (‰); \
                 Tallene er oppgitt i 1 000; Alle tall er i tusen; Tall i 1000; Meldinger (10³); antall_brev_1000; Tal i 1.000; Messages in 1000",
                1_000,
            ),
            (
                "Messages (in hundreds); Meldinger (i 100 stk.); Meldinger i 100; (tall i hundre); (hundretall); Meldinger x100",
                100,
            ),
            ("Meldinger i 10.000; i titusen; Meldinger (i 10 000)", 10_000),
            ("(pakker à 10); Meldinger x 10", 10),
            ("Enhet: millioner; Meldinger (mill.); 1 000 000 stk; i mill", 1_000_000),
        ] {
            for text in texts.split("; ") {
                assert_eq!(scale(text), Some(factor), "{text}");
            }
        }
    }

    #[test]
    fn numbers_that_nothing_is_multiplied_by() {
        let texts = "Meldinger; Meldinger per 1000 innbyggere; Kommuner med over 100 000 innbyggere; Topp 100; Antall (10); \
            Antall 100-åringer; Bruk i 2025; Meldinger 2025-10; K-18; Antall i 10 kommuner; Brukere pr. 10 000; Uke 10; \
            Tusenfryd; K; Antall; Brukere (12 000 000 i alt); 10000 kr; 100 % av brukerne; 100 years; to millioner brukere; 2 millioner; 100 år og over; 1000 timer; Meldinger per tusen";
        for text in texts.split("; ") {
            assert_eq!(scale(text), None, "{text}");
        }
    }
}
