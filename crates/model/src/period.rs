//! Half-open spans of calendar days in Europe/Oslo.

use std::fmt;

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::newtype::all;

/// A text that is not a period or a date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// Not one of the forms understood.
    #[error(
        "`{0}` is not a period; write a year `2026`, half-year `2026-H1`, quarter `2026-Q4` (or `2026K4`), \
         month `2026-10`, week `2026-W07` or day `2026-10-31`"
    )]
    Form(String),
    /// The end does not come after the start.
    #[error("a period must end after it starts: {start} to {end}")]
    Empty {
        /// First day.
        start: NaiveDate,
        /// First day after.
        end: NaiveDate,
    },
}

/// How long the periods of an answer are.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Granularity {
    /// A calendar day.
    Day,
    /// An ISO week, Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
    /// Three months from January, April, July or October.
    Quarter,
    /// Six months from January or July.
    HalfYear,
    /// A calendar year.
    Year,
}

impl Granularity {
    /// Every granularity, finest first.
    pub const ALL: [Self; 6] = all(Self::VARIANTS);

    /// The word clients use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads what [`Granularity::as_str`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    /// The first day of the period that holds `day`.
    #[must_use]
    pub fn floor(self, day: NaiveDate) -> NaiveDate {
        // Days and weeks are not made of months.
        let month = match self {
            Self::Day => return day,
            Self::Week => return day - Days::new(u64::from(day.weekday().num_days_from_monday())),
            Self::Month => day.month(),
            Self::Quarter => (day.month() - 1) / 3 * 3 + 1,
            Self::HalfYear => (day.month() - 1) / 6 * 6 + 1,
            Self::Year => 1,
        };
        NaiveDate::from_ymd_opt(day.year(), month, 1).unwrap_or(day)
    }

    /// The first day of the period after the one that starts on `start`.
    #[must_use]
    pub fn next(self, start: NaiveDate) -> NaiveDate {
        match self {
            Self::Day => start + Days::new(1),
            Self::Week => start + Days::new(7),
            Self::Month => start + Months::new(1),
            Self::Quarter => start + Months::new(3),
            Self::HalfYear => start + Months::new(6),
            Self::Year => start + Months::new(12),
        }
    }

    /// The periods that touch `[from, to)`, in order.
    #[must_use]
    pub fn periods(self, from: NaiveDate, to: NaiveDate) -> Vec<Period> {
        let mut out = Vec::new();
        // The first period may begin before `from`.
        let mut start = self.floor(from);
        while start < to {
            let end = self.next(start);
            out.push(Period { start, end });
            start = end;
        }
        out
    }
}

/// Days from `start` (inclusive) to `end` (exclusive).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Period {
    /// First day.
    pub start: NaiveDate,
    /// First day after.
    pub end: NaiveDate,
}

impl Period {
    /// Makes a period.
    ///
    /// # Errors
    /// [`PeriodError::Empty`] unless `end` comes after `start`.
    pub fn new(start: NaiveDate, end: NaiveDate) -> Result<Self, PeriodError> {
        if end > start { Ok(Self { start, end }) } else { Err(PeriodError::Empty { start, end }) }
    }

    /// The period of `granularity` that holds `day`.
    #[must_use]
    pub fn holding(day: NaiveDate, granularity: Granularity) -> Self {
        let start = granularity.floor(day);
        Self { start, end: granularity.next(start) }
    }

    /// Reads `2026`, `2026-H1`, `2026-Q4`, `2026K4`, `2026-10`, `2026M10`, `2026-W07` or `2026-10-31`.
    ///
    /// # Errors
    /// [`PeriodError::Form`] for anything else, a 13th month included.
    pub fn parse(text: &str) -> Result<Self, PeriodError> {
        first_day(text)
            .map(|(day, granularity)| Self::holding(day, granularity))
            .ok_or_else(|| PeriodError::Form(text.to_owned()))
    }

    /// Whether `day` lies inside.
    #[must_use]
    pub fn contains(&self, day: NaiveDate) -> bool {
        self.start <= day && day < self.end
    }
}

/// The first day and the length of a period as written.
fn first_day(text: &str) -> Option<(NaiveDate, Granularity)> {
    if !text.is_ascii() || text.len() < 4 {
        return None;
    }
    let (year, rest) = text.split_at(4);
    let year = i32::try_from(number(year)?).ok()?;
    // `2026M10` and `2026K4` have no dash.
    let rest = rest.strip_prefix('-').unwrap_or(rest);
    let (month, granularity) = match (rest.len(), rest.as_bytes().first()) {
        (0, _) => (1, Granularity::Year),
        (2, Some(b'H')) => {
            let half = number(&rest[1..]).filter(|half| (1..=2).contains(half))?;
            (half * 6 - 5, Granularity::HalfYear)
        }
        // Statistics Norway writes K, for kvartal.
        (2, Some(b'Q' | b'K')) => {
            let quarter = number(&rest[1..]).filter(|quarter| (1..=4).contains(quarter))?;
            (quarter * 3 - 2, Granularity::Quarter)
        }
        (3, Some(b'M')) => (number(&rest[1..])?, Granularity::Month),
        (2, Some(b'0'..=b'9')) => (number(rest)?, Granularity::Month),
        (3, Some(b'W')) => {
            // A week's year is that of its Thursday: 2020-W53 ends in 2021.
            let day = NaiveDate::from_isoywd_opt(year, number(&rest[1..])?, Weekday::Mon)?;
            return Some((day, Granularity::Week));
        }
        (5, Some(b'0'..=b'9')) => return Some((text.parse().ok()?, Granularity::Day)),
        _ => return None,
    };
    Some((NaiveDate::from_ymd_opt(year, month, 1)?, granularity))
}

/// Digits and nothing else: a sign is no part of a period.
fn number(digits: &str) -> Option<u32> {
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

impl fmt::Display for Period {
    /// The shortest form that reads back, else `start/end`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A quarter is also three months: the longest name is the one people use.
        let mut longest_first = Granularity::ALL.into_iter().rev();
        let granularity = longest_first.find(|length| Self::holding(self.start, *length) == *self);
        let (year, month) = (self.start.year(), self.start.month());
        match granularity {
            Some(Granularity::Year) => write!(f, "{year:04}"),
            Some(Granularity::HalfYear) => write!(f, "{year:04}-H{}", month.div_ceil(6)),
            Some(Granularity::Quarter) => write!(f, "{year:04}-Q{}", month.div_ceil(3)),
            Some(Granularity::Month) => write!(f, "{year:04}-{month:02}"),
            Some(Granularity::Week) => {
                let week = self.start.iso_week();
                write!(f, "{:04}-W{:02}", week.year(), week.week())
            }
            Some(Granularity::Day) => write!(f, "{}", self.start),
            None => write!(f, "{}/{}", self.start, self.end),
        }
    }
}

/// What of a yearly amount falls on the days from `start` up to, not including, `end`. After `n` of a year's `D` days
/// `floor(a_year * n / D)` has fallen, so that spans of days that meet end to end add up, however they are cut, and a
/// whole year has the whole amount.
#[must_use]
pub fn over_days(a_year: i64, start: NaiveDate, end: NaiveDate) -> i64 {
    let [until_end, until_start] = [end, start].map(|day| {
        // 128 bits, since an amount in øre times a year leaves 64.
        let amount = i128::from(a_year);
        let days = if day.leap_year() { 366 } else { 365 };
        amount * i128::from(day.year()) + (amount * i128::from(day.ordinal0())).div_euclid(days)
    });
    i64::try_from(until_end - until_start).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_read_back_as_written() {
        for text in ["2026", "2026-H1", "2026-Q4", "2026-10", "2026-W07", "2020-W53", "2026-10-31", "0999"] {
            assert_eq!(Period::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Period::parse("2026K4").unwrap(), Period::parse("2026-Q4").unwrap());
        assert_eq!(Period::parse("2026M10").unwrap(), Period::parse("2026-10").unwrap());
    }

    #[test]
    fn what_is_not_a_period_is_refused() {
        for text in [
            "",
            "2026-13",
            "2026-00",
            "2026-Q5",
            "2026-W54",
            "2026-2-1",
            "26-10",
            "2026-02-30",
            "i går",
            "+026",
        ] {
            assert!(Period::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn december_is_followed_by_january() {
        let months = Granularity::Month.periods("2023-12-15".parse().unwrap(), "2024-01-02".parse().unwrap());
        assert_eq!(months.iter().map(Period::to_string).collect::<Vec<_>>(), ["2023-12", "2024-01"]);
    }

    /// 100 a year. Of 365 days January has 31: 3100 / 365 is 8.49. Of 366 it has 3100 / 366, 8.46, and February ends after
    /// 60 days, 6000 / 366, 16.39: 8 and 8.
    #[test]
    fn a_yearly_amount_falls_on_days() {
        let day = |text: &str| -> NaiveDate { text.parse().unwrap() };
        let of = |start: &str, end: &str| over_days(100, day(start), day(end));
        assert_eq!(of("2019-01-01", "2019-02-01"), 8);
        assert_eq!((of("2020-01-01", "2020-02-01"), of("2020-02-01", "2020-03-01")), (8, 8));
        assert_eq!((of("2019-01-01", "2020-01-01"), of("2020-01-01", "2022-01-01")), (100, 200));
        // 30 and 31 December of 2019 are what is left after 363 days, 100 - 99; five of 2020 are 500 / 366.
        assert_eq!(of("2019-12-30", "2020-01-06"), 2);
        let days = day("2020-01-01").iter_days().take(366);
        assert_eq!(days.map(|day| over_days(100, day, day.succ_opt().unwrap())).sum::<i64>(), 100);
    }
}
