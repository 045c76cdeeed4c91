//! The text of an invoice line: `{organisation}: mm.YY {service}`, and the patterns services are known by.

use chrono::NaiveDate;
use utbredt_model::{Reason, ReasonCode};

/// Splits a text into the organisation's name, the first day of the month, and the service.
pub(super) fn split_line(text: &str) -> Result<(&str, NaiveDate, &str), Reason> {
    // Names may have colons: the right one is before a month.
    for (at, _) in text.match_indices(':') {
        let rest = text.get(at + 1..).unwrap_or_default().trim_start();
        let Some((month, year, service)) = month_and_rest(rest) else { continue };
        let name = text.get(..at).unwrap_or_default().trim();
        let service =
            service.trim_start_matches([' ', '\u{a0}', '\n', '\r', '\t', ',', ';', ':', '-', '–']).trim();
        if name.is_empty() || service.is_empty() {
            continue;
        }
        let day = NaiveDate::from_ymd_opt(2000 + year, month, 1);
        return day.map(|day| (name, day, service)).ok_or_else(|| {
            let text = format!("`{month:02}.{year:02}` is not a month such as `01.24`");
            Reason::new(ReasonCode::InvalidDate, text)
        });
    }
    let text = "it does not begin with an organisation and a month, like `Alver kommune: 01.24`";
    Err(Reason::new(ReasonCode::InvalidField, text))
}

/// `mm.YY` at the beginning, and what follows.
fn month_and_rest(text: &str) -> Option<(u32, i32, &str)> {
    let bytes = text.as_bytes();
    let [a, b, b'.', c, d, tail @ ..] = bytes else { return None };
    let (month, year) = (two_digits(*a, *b)?, two_digits(*c, *d)?);
    // A longer number is a date or an amount.
    if tail.first().is_some_and(|next| next.is_ascii_digit() || *next == b'.') {
        return None;
    }
    Some((month, i32::try_from(year).ok()?, text.get(5..)?))
}

fn two_digits(tens: u8, ones: u8) -> Option<u32> {
    let both = tens.is_ascii_digit() && ones.is_ascii_digit();
    both.then(|| u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
}

/// A text with its blanks made single and its case left out of account.
pub(super) fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Whether two texts differ in blanks and case only.
pub(super) fn same_text(a: &str, b: &str) -> bool {
    plain(a) == plain(b)
}

/// A known text without the words some lines begin with.
fn bare(text: &str) -> String {
    let text = plain(text);
    text.strip_prefix("bruk av ").map_or(text.clone(), str::to_owned)
}

/// How alike a text is to a known one, from 0 to 1. Texts of any length are compared by their beginnings.
pub(super) fn likeness(known: &str, text: &str) -> f64 {
    let [known, text] = [known, text].map(|text| bare(text).chars().take(120).collect::<String>());
    strsim::jaro_winkler(&known, &text)
}

/// A known text, with holes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    /// The fixed segments; between two of them lies a hole of at least one letter.
    segments: Vec<String>,
}

impl Pattern {
    pub(super) fn new(text: &str) -> Self {
        let mut segments = Vec::new();
        let text = bare(text);
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            segments.push(before.to_owned());
            rest = after.split_once('}').map_or("", |(_, after)| after);
        }
        segments.push(rest.to_owned());
        Self { segments }
    }

    /// How much of it is fixed: of several that fit, the most particular counts.
    pub(super) fn weight(&self) -> usize {
        self.segments.iter().map(String::len).sum()
    }

    pub(super) fn fits(&self, text: &str) -> bool {
        let text = bare(text);
        let Some((first, holes)) = self.segments.split_first() else { return false };
        let Some((last, middle)) = holes.split_last() else { return text == *first };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
        for segment in middle {
            // The earliest place leaves most for what follows; a hole is never empty.
            let from = rest.chars().next().map_or(0, char::len_utf8);
            match rest.get(from..).filter(|_| from > 0).and_then(|after| after.find(segment.as_str())) {
                Some(at) => rest = rest.get(from + at + segment.len()..).unwrap_or_default(),
                None => return false,
            }
        }
        rest.strip_suffix(last.as_str()).is_some_and(|hole| !hole.is_empty())
    }
}
