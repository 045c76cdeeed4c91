//! The period that the lines above a table, its sheet's name and its file's name state of its numbers. When a file was made
//! is none, and of two that differ none is chosen.

use std::collections::BTreeSet;

use chrono::Datelike;
use utbredt_model::Period;

use super::super::time_words::{names_period, narrows};
use super::measures::counts_from_a_beginning;
use super::periods::{is_day, is_year};
use super::sheet::{is_month, read_period};
use super::words::{begins, spaced};

/// What stands before the time at which a file was made.
const MADE: &str = "hentet, henta, fetched, oppdater, updated, eksport, export, uttrekk, generer, generated, kjørt, kjøring, \
    køyr, nedlast, download, utskrift, utskreve, skrevet, skrive, laget, laga, lastet, lasta, tidsstemp, timestamp, oppret, \
    created, endret, endra, modified, versjon, version, publiser, publish, dato, date";

/// Before a day or month up to which something was counted, or at which.
const AS_OF: [&str; 3] = ["per", "pr", "as"];

/// The most words a period has: `4. kvartal 2025`.
const MOST_WORDS: usize = 3;

/// What a text says of time.
struct Stated {
    period: Period,
    /// Whether it is a day, or when the file was made: no period of its numbers.
    aside: bool,
    /// What stands before it, and behind the last one.
    said: String,
}

/// The period that the texts state; the file's name is the last of them.
pub(super) fn period(texts: &[String]) -> Option<Period> {
    let found = about_numbers(&all(texts));
    let shortest = found.iter().min_by_key(|period| period.end - period.start).copied();
    // One may say more exactly what another says; two that differ are a question.
    let agreed = shortest
        .filter(|short| found.iter().all(|period| period.start <= short.start && short.end <= period.end));
    if (agreed.is_none() && !found.is_empty()) || texts.iter().any(|text| spans_years(text)) {
        return None;
    }
    let whole_year = agreed.is_none_or(is_year);
    if texts.iter().any(|text| names_part(text, whole_year)) {
        return None;
    }
    // A sheet for each month or quarter, and the year in the title or the file's name, where `k3` may be anything.
    let sheets = texts.len().saturating_sub(1);
    let is_name = |(at, text): &(usize, &String)| is_month(text) && (*at < sheets || text.len() > 2);
    let month = texts.iter().enumerate().find(is_name).map(|(_, text)| text).filter(|_| whole_year);
    let of_sheet = month.zip(year(texts)).and_then(|(month, year)| read_period(&format!("{month} {year}")));
    of_sheet.or(agreed)
}

/// Whether a text says that its numbers are about a part of the period it states, or of one stated elsewhere: `Bruk 1. tertial
/// 2025`, `Bruk hittil 2025`, and `1. tertial` alone. A month alone is read with the year that is stated elsewhere.
fn names_part(text: &str, of_year: bool) -> bool {
    let stated = stated(text, "");
    if stated.is_empty() {
        return of_year && !is_month(text) && (names_period(text) || counts_from_a_beginning(text));
    }
    let mut about_numbers = stated.iter().filter(|one| !one.aside);
    about_numbers.any(|one| narrows(&one.said, one.period) || counts_from_a_beginning(&one.said))
}

/// The one year that the texts state.
pub(super) fn year(texts: &[String]) -> Option<i32> {
    if texts.iter().any(|text| spans_years(text)) {
        return None;
    }
    let stated = all(texts);
    let mut years: BTreeSet<i32> = about_numbers(&stated).iter().map(|period| period.start.year()).collect();
    if stated.is_empty() {
        // `svarut2025.csv`
        years = texts.iter().filter_map(|text| year_in(text)).collect();
    }
    years.pop_first().filter(|_| years.is_empty())
}

/// The first year in a text.
pub(super) fn year_in(text: &str) -> Option<i32> {
    let mut words = text.split(|c: char| !c.is_ascii_digit()).filter(|word| word.len() == 4);
    words.find_map(|word| word.parse().ok().filter(|year| (1990..2060).contains(year)))
}

/// Whether a text names two years as one span: `2025-26`, `2025/2026`, `2025 – 2026`. `2025-12` is a month.
fn spans_years(text: &str) -> bool {
    let bare = text.replace(['–', '/', '_'], "-").replace(" - ", "-");
    let parts: Vec<&str> = bare.split(|c: char| !c.is_ascii_digit() && c != '-').collect();
    parts.iter().any(|part| {
        let numbers: Vec<&str> = part.split('-').collect();
        // A year and its month are written alike, and no month is above 12.
        numbers.windows(2).any(|pair| match (our_year(pair[0]), pair[1].len()) {
            (Some(first), 4) => our_year(pair[1]).is_some_and(|last| first < last),
            (Some(first), 2) => pair[1].parse().is_ok_and(|last: i32| last > 12 && last == (first + 1) % 100),
            _ => false,
        })
    })
}

fn our_year(text: &str) -> Option<i32> {
    text.parse().ok().filter(|year| (1990..2060).contains(year))
}

fn about_numbers(stated: &[Stated]) -> Vec<Period> {
    stated.iter().filter(|one| !one.aside).map(|one| one.period).collect()
}

fn all(texts: &[String]) -> Vec<Stated> {
    let mut found = Vec::new();
    let mut label = "";
    for text in texts.iter().filter(|text| !text.trim().is_empty()) {
        let own = stated(text, label);
        // A cell may say what the next one is.
        label = if own.is_empty() { text } else { "" };
        found.extend(own);
    }
    found
}

/// What a text says of time, from the left; `label` stands before it.
fn stated(text: &str, label: &str) -> Vec<Stated> {
    let words: Vec<&str> =
        text.split([' ', '_', '(', ')', ',', ':', ';']).filter(|word| !word.is_empty()).collect();
    let mut found = Vec::new();
    let (mut at, mut before) = (0, 0);
    while at < words.len() {
        let lengths = (1..=MOST_WORDS.min(words.len() - at)).rev();
        let read = lengths.into_iter().find_map(|length| {
            let phrase = words[at..at + length].join(" ");
            let period = read_period(&phrase).or_else(|| read_period(phrase.trim_end_matches('.')))?;
            Some((length, period))
        });
        let Some((length, period)) = read else {
            at += 1;
            continue;
        };
        let said = words[before..at].join(" ");
        let said = if said.is_empty() && found.is_empty() { label } else { &said };
        let as_of = words[before..at]
            .last()
            .is_some_and(|word| AS_OF.contains(&word.trim_end_matches('.').to_lowercase().as_str()));
        let aside = as_of || is_day(&period) || begins(&spaced(said), MADE);
        found.push(Stated { period, aside, said: words[before..at].join(" ") });
        at += length;
        before = at;
    }
    if let Some(last) = found.last_mut() {
        last.said = format!("{} {}", last.said, words[before..].join(" "));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(texts: &[&str]) -> Option<Period> {
        period(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn the_period_of_the_numbers_is_not_the_day_of_the_file() {
        let stated = [
            (&["Utskrift januar 2026", "Periode: 2025"][..], "2025"),
            (&["Rapport per mars 2026 for 4. kvartal 2025"], "2025-Q4"),
            (&["Innbyggere 1.1.2024, bruk i 2025"], "2025"),
            (&["Rapport hentet 2026-02-01, gjelder 2025"], "2025"),
            (&["Periode: 2025. Utskrift 05.01.2026", "k3"], "2025"),
            (&["Uttrekk 2026-01-15", "Antall forsendelser i 2025"], "2025"),
            (&["Bruk i mars 2025", "rapport_2025"], "2025-03"),
            (&["Statistikk 2025", "Februar"], "2025-02"),
            (&["svarut2025", "mai"], "2025-05"),
        ];
        for (texts, period) in stated {
            assert_eq!(read(texts), read_period(period), "{texts:?}");
        }
    }

    #[test]
    fn what_a_file_does_not_say_is_to_be_chosen() {
        let open = [
            &["Sist oppdatert: 3. februar 2026"][..],
            &["Oppdatert januar 2026"],
            &["Sist oppdatert", "januar 2026"],
            &["Tall for 2024 og 2025"],
            &["svarut_2026-02-03"],
            &["Bruk i 2024", "mars 2025"],
            &["k3"],
            &["Digihelse 2025-26", "Januar"],
            &["Skoleåret 2025/2026", "januar"],
            &["Bruk 2024 – 2026"],
            &["bruk_2025_26"],
        ];
        for texts in open {
            assert_eq!(read(texts), None, "{texts:?}");
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            assert_eq!(year(&texts), None, "{texts:?}");
        }
    }
}
