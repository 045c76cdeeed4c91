//! Periods as people write them: with Norwegian dates, months by their names, weeks and quarters in words.

use chrono::NaiveDate;
use utbredt_model::{Granularity, Period, Reason, ReasonCode};

fn all_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// Reads a period: our forms, and `31.10.2026`, `31. oktober 2026`, `10.2026`, `10/2026`, `2026/10`, `2026M9`, `oktober 2026`, `2026 okt.`,
/// `uke 36 2026`, `første halvår 2026`, `2026-10-01T00:00:00`.
/// A year of two digits is refused, and so is `01/02/2026`, which two readers would read differently.
pub(super) fn period(text: &str) -> Result<Period, Reason> {
    let text = text.trim();
    let error = match Period::parse(text) {
        Ok(period) => return Ok(period),
        Err(error) => Reason::from(error),
    };
    // Midnight is how programs write a day; a time zone beside it would make it another day.
    let midnights = ["T00:00:00", " 00:00:00", "T00:00:00.000"];
    let bare = midnights.iter().find_map(|end| text.strip_suffix(end)).unwrap_or(text);
    // Ours with slashes: `2026/10`.
    let turned = bare.replace('/', "-");
    if let Ok(period) = Period::parse(&turned) {
        return Ok(period);
    }
    if let Some(first) = year_then_month(bare) {
        return Ok(Period::holding(first, Granularity::Month));
    }
    if let Some(day) = dotted_day(bare).or_else(|| packed_day(bare)) {
        return Ok(Period::holding(day, Granularity::Day));
    }
    if let Some(period) = part_of_year(bare).or_else(|| with_named_month(bare)) {
        return Ok(period);
    }
    let month = text.rsplit_once([' ', '.', '-', '/']).and_then(|(month, year)| {
        let year = year_number(year)?;
        NaiveDate::from_ymd_opt(year, month_number(month.trim_end_matches('.'))?, 1)
    });
    month.map(|first| Period::holding(first, Granularity::Month)).ok_or(error)
}

/// Reads one day, in our form or as `31.10.2026`.
pub(super) fn day(text: &str) -> Result<NaiveDate, Reason> {
    let text = text.trim();
    // chrono also reads `2026-1-1`, and years of other lengths.
    let ours = (text.len() == 10).then(|| text.parse().ok()).flatten();
    ours.or_else(|| dotted_day(text)).ok_or_else(|| {
        Reason::new(ReasonCode::InvalidDate, format!("`{text}` is not a day; write `2026-10-31`"))
    })
}

/// `2026-9`, `2026/9`, `2026M9`, `2026M09`. Not `2026.1`, which is what a spreadsheet leaves of October.
fn year_then_month(text: &str) -> Option<NaiveDate> {
    let (year, month) = text.split_once(['-', '/', 'M', 'm'])?;
    let month = Some(month).filter(|month| is_short_number(month))?;
    NaiveDate::from_ymd_opt(year_number(year)?, month.parse().ok()?, 1)
}

fn dotted_day(text: &str) -> Option<NaiveDate> {
    let mut parts = text.split('.');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || !is_short_number(day) || !is_short_number(month) {
        return None;
    }
    NaiveDate::from_ymd_opt(year_number(year)?, month.parse().ok()?, day.parse().ok()?)
}

/// `20261031`, of our time.
fn packed_day(text: &str) -> Option<NaiveDate> {
    let year = text.get(..4).and_then(year_number).filter(|year| (1990..2060).contains(year))?;
    let rest = text.get(4..).filter(|rest| rest.len() == 4 && all_digits(rest))?;
    NaiveDate::from_ymd_opt(year, rest[..2].parse().ok()?, rest[2..].parse().ok()?)
}

/// A day or a month with its name: `31. oktober 2026`, `2026 oktober`.
fn with_named_month(text: &str) -> Option<Period> {
    let words: Vec<&str> = text.split([' ', '.', '\u{a0}']).filter(|word| !word.is_empty()).collect();
    let (day, month, year) = match words[..] {
        [day, month, year] => (Some(day), month, year),
        [year, month] => (None, month, year),
        _ => return None,
    };
    let (year, month) = (year_number(year)?, month_by_name(month)?);
    let Some(day) = day else {
        return Some(Period::holding(NaiveDate::from_ymd_opt(year, month, 1)?, Granularity::Month));
    };
    let day = Some(day).filter(|day| is_short_number(day))?.parse().ok()?;
    Some(Period::holding(NaiveDate::from_ymd_opt(year, month, day)?, Granularity::Day))
}

/// Weeks, quarters and half-years in words: `uke 36 2026`, `4. kvartal 2025`, `1. kv. 2026`, `Q2 2026`, `første halvår 2026`,
/// `2026 K3`.
fn part_of_year(text: &str) -> Option<Period> {
    let lower = text.to_lowercase();
    let words = lower.split([' ', '.', '-', '/', '\u{a0}']).filter(|w| !w.is_empty());
    let mut words: Vec<&str> = words.map(ordinal_as_digit).collect();
    let at = words.iter().position(|word| year_number(word).is_some())?;
    let year = words.remove(at);
    if words.len() > 2 {
        return None;
    }
    let joined = words.concat();
    let number = joined.trim_matches(|c: char| !c.is_ascii_digit());
    let letter = match joined.replacen(number, "", 1).as_str() {
        "kvartal" | "kv" | "kvt" | "k" | "q" | "quarter" => 'Q',
        "halvår" | "halvar" | "h" => 'H',
        "uke" | "veke" | "week" if number.len() < 3 => {
            return Period::parse(&format!("{year}-W{number:0>2}")).ok();
        }
        _ => return None,
    };
    Period::parse(&format!("{year}-{letter}{number}")).ok()
}

fn ordinal_as_digit(word: &str) -> &str {
    match word {
        "første" | "fyrste" | "first" => "1",
        "andre" | "annet" | "second" => "2",
        "tredje" | "third" => "3",
        "fjerde" | "fourth" => "4",
        _ => word,
    }
}

/// One digit or two.
fn is_short_number(text: &str) -> bool {
    (1..=2).contains(&text.len()) && all_digits(text)
}

fn year_number(text: &str) -> Option<i32> {
    (text.len() == 4 && all_digits(text)).then(|| text.parse().ok()).flatten()
}

fn month_number(text: &str) -> Option<u32> {
    let text = text.trim();
    month_by_name(text).or_else(|| is_short_number(text).then(|| text.parse().ok()).flatten())
}

/// The number of a month that is called by its name or the short form of it.
pub(super) fn month_by_name(text: &str) -> Option<u32> {
    const MONTHS: [[&str; 3]; 12] = [
        ["januar", "jan", "january"],
        ["februar", "feb", "february"],
        ["mars", "mar", "march"],
        ["april", "apr", "april"],
        ["mai", "mai", "may"],
        ["juni", "jun", "june"],
        ["juli", "jul", "july"],
        ["august", "aug", "august"],
        ["september", "sep", "sept"],
        ["oktober", "okt", "october"],
        ["november", "nov", "november"],
        ["desember", "des", "december"],
    ];
    let text = text.to_lowercase();
    let named = MONTHS.iter().position(|names| names.contains(&text.as_str()));
    named.and_then(|month| u32::try_from(month + 1).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_as_people_write_them() {
        for (text, expected) in [
            ("2024-03", "2024-03"),
            ("31.10.2026", "2026-10-31"),
            ("1.2.2026", "2026-02-01"),
            ("10.2026", "2026-10"),
            ("oktober 2026", "2026-10"),
            ("Des. 2025", "2025-12"),
            ("mar-2024", "2024-03"),
            ("10/2026", "2026-10"),
            ("2026/10", "2026-10"),
            ("2026-9", "2026-09"),
            ("2026/9", "2026-09"),
            ("2026M9", "2026-09"),
            ("2026M09", "2026-09"),
            ("2026-10-31T00:00:00", "2026-10-31"),
            ("2026-10-31T00:00:00.000", "2026-10-31"),
            ("4. kvartal 2025", "2025-Q4"),
            ("1. kv. 2026", "2026-Q1"),
            ("Q2 2026", "2026-Q2"),
            ("2026 K3", "2026-Q3"),
            ("1. halvår 2026", "2026-H1"),
            ("31.10.2026 00:00:00", "2026-10-31"),
            ("20261031", "2026-10-31"),
            ("30. september 2026", "2026-09-30"),
            ("30 sept. 2026", "2026-09-30"),
            ("2026 okt.", "2026-10"),
            ("Uke 36 2026", "2026-W36"),
            ("uke 36/2026", "2026-W36"),
            ("2026 uke 3", "2026-W03"),
            ("veke 53 2026", "2026-W53"),
            ("første halvår 2025", "2025-H1"),
            ("andre kvartal 2025", "2025-Q2"),
        ] {
            assert_eq!(period(text).map(|p| p.to_string()), Ok(expected.to_owned()), "{text}");
        }
        for text in [
            "okt 26",
            "13.2026",
            "2026.1",
            "2026-0",
            "2026M13",
            "26-9",
            "32.1.2026",
            "å 2024",
            "5. kvartal 2025",
            "3. halvår 2026",
            "kvartal 2026",
            "uke 2026",
            "uke 54 2026",
            "uke 36-37 2026",
            "uke 3 6 2026",
            "1. tertial 2025",
            "jan-mar 2026",
            "31. februar 2026",
            "3 1 halvår 2026",
            "",
            "01/02/2026",
            "2026-10-31T00:00:00Z",
            "T00:00:00",
            "20261301",
            "01012025",
            "18991231",
        ] {
            assert!(period(text).is_err(), "{text}");
        }
    }
}
