//! Words of time in a column's name beside the period that was read from it: `1. tertial 2025` is a part of 2025, and reading
//! it as the year would be a wrong number. Words are Bokmål, Nynorsk and English.

use utbredt_model::{Granularity, Period};

use super::written_period::month_by_name;

/// Lengths of time, the shortest first. Those that no [`Granularity`] has stand between the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Length {
    Day,
    Week,
    Month,
    Quarter,
    Tertial,
    HalfYear,
    /// A year that begins in another month, as a school's.
    OtherYear,
    Year,
}

/// A word of time, and whether it says which one: `uke 36` does, `uke` alone does not.
struct TimeWord {
    length: Length,
    numbered: bool,
}

/// Whether a text names a part of a period that was read beside it, or another one as long. What is longer, as the half-year
/// over its months, is no doubt about it.
pub(super) fn narrows(text: &str, read: Period) -> bool {
    let Some(own) = length_of(read) else { return false };
    let years = words(text).iter().any(|word| is_year(word));
    let of_word = |word: &TimeWord| word.length < own || (word.length == own && word.numbered);
    (years && own == Length::Year) || leads_to_another(text) || time_words(text).iter().any(of_word)
}

/// Whether a text ends as `Brukere siden` or `1.1. til` do, behind which a period is the beginning or the end of another.
fn leads_to_another(text: &str) -> bool {
    let lower = text.to_lowercase();
    lower.split_whitespace().next_back().is_some_and(|word| {
        matches!(
            word,
            "siden" | "sidan" | "since" | "fra" | "frå" | "from" | "etter" | "after" | "til" | "before"
        )
    })
}

/// Whether a text that no period was read from names one: `T2-2026`, `Uke 36`, `1. tertial`.
pub(super) fn names_period(text: &str) -> bool {
    let years = words(text).iter().filter(|word| is_year(word)).count();
    years > 1
        || time_words(text).iter().any(|word| word.numbered || (years == 1 && word.length < Length::Year))
}

/// Whether a text names a length that is no month, day or year, without a number: `Kvartal`, `År-uke`, `MVA-termin`. A year and a
/// number beside it are no month.
pub(super) fn names_other_length(text: &str) -> bool {
    let other = |word: &TimeWord| {
        !word.numbered
            && !matches!(word.length, Length::Day | Length::Month | Length::OtherYear | Length::Year)
    };
    time_words(text).iter().any(other)
}

/// What is left of a column's names when the words of the period that was read are taken out.
pub(super) fn beside(names: &[&str], read: &str) -> String {
    let mut taken: Vec<String> = read.split_whitespace().map(str::to_lowercase).collect();
    let written = names.iter().flat_map(|name| name.split_whitespace());
    let left = written.filter(|word| {
        let at = taken.iter().position(|own| bare(own) == bare(&word.to_lowercase()));
        at.map(|at| taken.remove(at)).is_none()
    });
    left.collect::<Vec<&str>>().join(" ")
}

fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

fn length_of(period: Period) -> Option<Length> {
    let found =
        Granularity::ALL.into_iter().find(|length| Period::holding(period.start, *length) == period)?;
    Some(match found {
        Granularity::Day => Length::Day,
        Granularity::Week => Length::Week,
        Granularity::Month => Length::Month,
        Granularity::Quarter => Length::Quarter,
        Granularity::HalfYear => Length::HalfYear,
        Granularity::Year => Length::Year,
    })
}

/// The words of a text in small letters. `Per måned` says what rows are, and `pr. 1. januar` at which day, so neither is among
/// them.
fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let all = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let (mut kept, mut of_per) = (Vec::new(), false);
    for word in all {
        let time = is_number(word) || is_ordinal(word) || length_named(word).is_some();
        let time = time || month_by_name(word).is_some();
        of_per = matches!(word, "per" | "pr") || (of_per && time);
        if !of_per {
            kept.push(word.to_owned());
        }
    }
    kept
}

fn time_words(text: &str) -> Vec<TimeWord> {
    let words = words(text);
    let lower = text.to_lowercase();
    let days = lower.split_whitespace().filter(|word| is_day_of_year(word));
    let mut found: Vec<TimeWord> = days.map(|_| TimeWord { length: Length::Day, numbered: true }).collect();
    if ["f.o.m", "fra og med", "frå og med"].iter().any(|phrase| lower.contains(phrase)) {
        found.push(TimeWord { length: Length::Day, numbered: true });
    }
    for (at, word) in words.iter().enumerate() {
        let named = word.trim_matches(|c: char| c.is_ascii_digit());
        let numbers = [at.checked_sub(1), Some(at + 1)].into_iter().flatten().filter_map(|at| words.get(at));
        let numbered = named != word || numbers.into_iter().any(|word| is_number(word) || is_ordinal(word));
        // `Vår` is `our` as well, and `fall` a fall: beside a period they stand last, or alone.
        let doubtful = (word == "vår" && at + 1 == words.len()) || (word == "fall" && words.len() == 1);
        if let Some(length) = length_named(named) {
            found.push(TimeWord { length, numbered });
        } else if month_by_name(word).is_some() {
            found.push(TimeWord { length: Length::Month, numbered: true });
        } else if is_season(word) || doubtful {
            found.push(TimeWord { length: Length::Quarter, numbered: true });
        } else if let Some(length) = code(word) {
            found.push(TimeWord { length, numbered: true });
        }
    }
    found
}

/// The length that a word names.
fn length_named(word: &str) -> Option<Length> {
    let begins = |stems: &[&str]| stems.iter().any(|stem| word.starts_with(stem));
    match word {
        "dag" | "dagen" | "døgn" | "døgnet" | "day" => Some(Length::Day),
        "uke" | "uka" | "uken" | "uker" | "veke" | "veka" | "veker" | "week" | "weeks" => Some(Length::Week),
        "måned" | "måneden" | "måneder" | "månad" | "månaden" | "mnd" | "month" | "months" => {
            Some(Length::Month)
        }
        "kv" | "kvt" => Some(Length::Quarter),
        "termin" | "terminen" | "semester" | "semesteret" | "sesong" | "sesongen" | "halvdel"
        | "halvdelen" | "half" => Some(Length::HalfYear),
        _ if begins(&["kvartal", "quarter"]) => Some(Length::Quarter),
        _ if begins(&["tertial"]) => Some(Length::Tertial),
        _ if word.ends_with("halvår") || word.ends_with("halvåret") => Some(Length::HalfYear),
        _ if begins(&["skoleår", "skuleår", "studieår", "barnehageår"]) => Some(Length::OtherYear),
        _ => None,
    }
}

fn is_season(word: &str) -> bool {
    const SEASONS: [&str; 25] = [
        "våren",
        "sommer",
        "sommeren",
        "sommar",
        "sommaren",
        "sumar",
        "sumaren",
        "sommerferie",
        "sommerferien",
        "høst",
        "høsten",
        "haust",
        "hausten",
        "vinter",
        "vinteren",
        "vintersesong",
        "summer",
        "autumn",
        "winter",
        "spring",
        "påske",
        "påsken",
        "jula",
        "julen",
        "romjula",
    ];
    SEASONS.contains(&word)
}

/// `T2`, `Q3`, `K4`, `H1`, `W36`, with a year before it or not.
fn code(word: &str) -> Option<Length> {
    let bare = word.get(..4).filter(|year| is_year(year)).map_or(word, |_| &word[4..]);
    let (letter, number) = (bare.chars().next()?, bare.get(1..)?.parse::<u32>().ok()?);
    let (length, most) = match letter {
        't' => (Length::Tertial, 3),
        'q' | 'k' => (Length::Quarter, 4),
        'h' => (Length::HalfYear, 2),
        'w' => (Length::Week, 53),
        _ => return None,
    };
    (1..=most).contains(&number).then_some(length)
}

/// `1.9` or `31.12.`, a day without its year.
fn is_day_of_year(word: &str) -> bool {
    let mut parts = word.trim_end_matches(['.', '-', '–']).split('.');
    let (day, month) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    let within =
        |text: &str, most: u32| text.len() < 3 && text.parse().is_ok_and(|n: u32| (1..=most).contains(&n));
    parts.next().is_none() && within(day, 31) && within(month, 12)
}

/// A number that counts parts of a year.
fn is_number(word: &str) -> bool {
    word.parse().is_ok_and(|number: u32| (1..=53).contains(&number))
}

fn is_ordinal(word: &str) -> bool {
    const ORDINALS: [&str; 12] = [
        "første", "fyrste", "andre", "annet", "tredje", "fjerde", "first", "second", "third", "fourth", "ii",
        "iii",
    ];
    ORDINALS.contains(&word)
}

fn is_year(word: &str) -> bool {
    word.len() == 4 && word.parse().is_ok_and(|year: u32| (1990..2060).contains(&year))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_period_read_is_not_the_period() {
        let year = Period::parse("2025").unwrap();
        let parts = "Meldinger 1. tertial; tertial; uke 36; sommer; Meldinger første halvår; T2; Januar-mars; jan; Høst; \
            Skoleåret 2024; 30. september; Meldinger 1.1. -; f.o.m. mars; 2024; Vår; Meldinger vår; 1tertial; Fall; Q2";
        for text in parts.split("; ") {
            assert!(narrows(text, year), "{text}");
        }
        let none = "Meldinger; Antall; Brukere per måned; Brukere pr. 1. januar; År; Vår løsning; Antall fall; 12; Marsvin; \
            Kvinner; Søknader sommerjobb; K-18; Tom";
        for text in none.split("; ") {
            assert!(!narrows(text, year), "{text}");
        }
        let month = Period::parse("2026-04").unwrap();
        for (text, narrower) in [
            ("Mars -", true),
            ("uke 14", true),
            ("Måned", false),
            ("Uke", true),
            ("1. halvår 2026", false),
            ("2. kvartal", false),
            ("1. tertial", false),
        ] {
            assert_eq!(narrows(text, month), narrower, "{text}");
        }
        assert!(!narrows("Uke", Period::parse("2026-W36").unwrap()));
    }

    #[test]
    fn names_of_periods_that_no_period_was_read_from() {
        for text in "T2-2026; 2026T2; Uke 36; 1. tertial; Skoleåret 2025/26; Meldinger 2024-2025; Tertial 2025; Meldinger jan"
            .split("; ")
        {
            assert!(names_period(text), "{text}");
        }
        for text in "Uke; Måned; Tertial; Sum 2024; Meldinger; Brukere pr. 1. januar; År".split("; ") {
            assert!(!names_period(text), "{text}");
        }
    }

    #[test]
    fn what_is_beside_a_period() {
        for (names, read, left) in [
            (&["Meldinger 1. tertial 2025"][..], "2025", "Meldinger 1. tertial"),
            (&["1. tertial", "2025"], "2025", "1. tertial"),
            (&["2024", "jan"], "jan 2024", ""),
            (&["jan"], "jan 2024", ""),
            (&["2024-01 (Besøk)"], "2024-01", "(Besøk)"),
        ] {
            assert_eq!(beside(names, read), left, "{names:?}");
        }
    }
}
