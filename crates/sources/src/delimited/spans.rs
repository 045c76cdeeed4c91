//! Ages and other spans among the words of a column: `0-120` holds `0-17`, and added to it counts it twice.

use std::collections::BTreeSet;

use super::parts::compared;

/// Words that leave a span open above, as they are compared.
const OPEN: [&str; 15] = [
    "+",
    "-",
    "ogover",
    "ogeldre",
    "ellereldre",
    "ellermer",
    "ellerover",
    "ogmer",
    "ogoppover",
    "orolder",
    "andover",
    "ormore",
    "andolder",
    "ellermeir",
    "ogmeir",
];
/// Words that leave one open below, and do not hold the number behind them.
const BELOW: [&str; 5] = ["under", "yngreenn", "below", "youngerthan", "lessthan"];
/// Words that leave one open above, and do not hold the number behind them.
const ABOVE: [&str; 4] = ["over", "eldreenn", "above", "olderthan"];
/// An age that ends a column of ages.
const OLDEST: u32 = 99;
const YEARS: [&str; 3] = ["år", "years", "year"];

/// The first and the last number of a span: `0-17`, `67+`, `0 år eller eldre`, `5 år`, `under 18`, `eldre enn 67`.
fn span(word: &str) -> Option<(u32, u32)> {
    let word = compared(word);
    let behind = |words: &[&str]| words.iter().find_map(|own| word.strip_prefix(own)).and_then(number);
    let alone = |rest: &str| without_years(rest).is_empty();
    if let Some((limit, _)) = behind(&BELOW).filter(|(_, rest)| alone(rest)) {
        return limit.checked_sub(1).map(|last| (0, last));
    }
    if let Some((limit, _)) = behind(&ABOVE).filter(|(_, rest)| alone(rest)) {
        return Some((limit + 1, u32::MAX));
    }
    let (first, rest) = number(&word)?;
    let rest = without_years(rest);
    if rest.is_empty() {
        return Some((first, first));
    }
    if OPEN.contains(&rest) {
        return Some((first, u32::MAX));
    }
    let (last, rest) = number(rest.strip_prefix('-').or_else(|| rest.strip_prefix("til"))?)?;
    // Nobody is left out above a hundred years.
    let last = if last < OLDEST { last } else { u32::MAX };
    (without_years(rest).is_empty() && first < last).then_some((first, last))
}

/// The number of at most three digits that a text begins with, and the rest.
fn number(text: &str) -> Option<(u32, &str)> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = &text[..text.len() - rest.len()];
    Some((digits.parse().ok().filter(|_| digits.len() < 4)?, rest))
}

fn without_years(text: &str) -> &str {
    YEARS.iter().find_map(|years| text.strip_prefix(years)).unwrap_or(text)
}

/// Whether a word is one.
pub(super) fn is_span(word: &str) -> bool {
    span(word).is_some()
}

fn reaches(own: (u32, u32), other: (u32, u32)) -> bool {
    own.0 < other.0 && other.0 <= own.1 && own.1 < other.1
}

/// Whether a span holds another one.
fn holds(own: (u32, u32), other: (u32, u32)) -> bool {
    own != other && own.0 <= other.0 && other.1 <= own.1
}

/// Whether a word is a span that another word of its column lies in.
pub(super) fn holds_another(word: &str, all: &BTreeSet<String>) -> bool {
    span(word).is_some_and(|own| all.iter().filter_map(|other| span(other)).any(|other| holds(own, other)))
}

/// Whether a word is a span that begins below another one of its column and ends in it: `0-67` beside `67+`.
pub(super) fn reaches_into_another(word: &str, all: &BTreeSet<String>) -> bool {
    span(word).is_some_and(|own| all.iter().filter_map(|other| span(other)).any(|other| reaches(own, other)))
}

/// Whether a word is a span that every other word of its column lies in.
pub(super) fn holds_all(word: &str, all: &BTreeSet<String>) -> bool {
    let Some(own) = span(word) else { return false };
    let mut others = all.iter().filter(|other| **other != compared(word));
    all.len() > 1 && others.all(|other| span(other).is_some_and(|other| holds(own, other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_that_hold_the_others() {
        let parts = ["0-17", "18–66 år", "67 år og over"].map(compared);
        for (word, held) in [
            ("0-120", true),
            ("0 år eller eldre", true),
            ("0+", true),
            ("0 - 999 år", true),
            ("18 +", true),
            ("0 til 17 år", false),
            ("1-16", false),
            ("2024", false),
            ("0-17 og mer", false),
            ("Alle", false),
        ] {
            let all: BTreeSet<String> = parts.iter().cloned().chain([compared(word)]).collect();
            assert_eq!(holds_another(word, &all), held, "{word}");
            assert_eq!(holds_all(word, &all), held && word != "18 +", "{word}");
        }
        for (words, held) in [
            ("under 18; 18 år og over", None),
            ("under 18; 0-12", Some("under 18")),
            ("yngre enn 18; 18-66; over 66", None),
            ("yngre enn 18 år; 0-5; 6-17", Some("yngre enn 18 år")),
            ("18 år eller mer; 18-66; 67+", Some("18 år eller mer")),
            ("over 66; 80 år+; 0-66", Some("over 66")),
            ("over 67; 0-67", None),
            ("0-67; 67+", Some("0-67")),
            ("eldre enn 67; 67", None),
        ] {
            let all: BTreeSet<String> = words.split("; ").map(compared).collect();
            let holding =
                words.split("; ").find(|word| holds_another(word, &all) || reaches_into_another(word, &all));
            assert_eq!(holding, held, "{words}");
        }
        let ages: BTreeSet<String> = ["5", "6år", "0-120"].map(str::to_owned).into();
        assert!(holds_all("0-120", &ages) && !holds_another("5", &ages));
    }
}
