//! Ages and other spans among the words of a column: `0-120` holds `0-17`, and added to it counts it twice.

use std::collections::BTreeSet;

use super::parts::compared;

/// Words that leave a span open above, as they are compared.
const OPEN: [&str; 8] = ["+", "-", "ogover", "ogeldre", "ellereldre", "ellermer", "orolder", "andover"];
/// An age that ends a column of ages.
const OLDEST: u32 = 99;
const YEARS: [&str; 3] = ["år", "years", "year"];

/// The first and the last number of a span: `0-17`, `67+`, `0 år eller eldre`, `5 år`.
fn span(word: &str) -> Option<(u32, u32)> {
    let word = compared(word);
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

/// Whether a span holds another one.
fn holds(own: (u32, u32), other: (u32, u32)) -> bool {
    own != other && own.0 <= other.0 && other.1 <= own.1
}

/// Whether a word is a span that another word of its column lies in.
pub(super) fn holds_another(word: &str, all: &BTreeSet<String>) -> bool {
    span(word).is_some_and(|own| all.iter().filter_map(|other| span(other)).any(|other| holds(own, other)))
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
        let ages: BTreeSet<String> = ["5", "6år", "0-120"].map(str::to_owned).into();
        assert!(holds_all("0-120", &ages) && !holds_another("5", &ages));
    }
}
