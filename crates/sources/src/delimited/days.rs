//! Days in the place of periods: whether the file shows that each stands for its month, or is a day by itself. A quarter's
//! last day is a month's too.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate};
use utbredt_model::Granularity;

/// What the days of a column, or of a header, are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Days {
    /// Each is the first or the last of a month, and stands for it.
    Months,
    /// Days by themselves.
    Each,
    /// The file does not show it, and why.
    Unclear(String),
}

/// What they are, where nothing but days is there. `named` is the length that the column is called by.
pub(super) fn days(found: &BTreeSet<NaiveDate>, named: Option<&str>) -> Days {
    let edges = found.iter().all(|day| is_first(*day) || is_last(*day));
    if named == Some(Granularity::Month.as_str()) && edges {
        return Days::Months;
    }
    if let Some(name) = named.filter(|name| *name != Granularity::Day.as_str()) {
        return Days::Unclear(format!("by its name it holds each {name}, and what is in it are days"));
    }
    if edges { of_edges(found) } else { of_others(found) }
}

fn of_edges(found: &BTreeSet<NaiveDate>) -> Days {
    let months: BTreeSet<i32> = found.iter().map(month).collect();
    if months.iter().any(|month| months.contains(&(month + 1))) {
        return Days::Months;
    }
    let quarters = found.iter().all(|day| {
        let edge = if is_first(*day) { month(day) } else { month(day) + 1 };
        edge % 3 == 0
    });
    if months.len() == 1 && !quarters {
        return Days::Months;
    }
    let what = if quarters {
        "first or last days of quarters, half-years or years as well as of months"
    } else {
        "first or last days of months of which none follows another"
    };
    Days::Unclear(format!("its days are {what}"))
}

fn of_others(found: &BTreeSet<NaiveDate>) -> Days {
    let gaps = found.iter().zip(found.iter().skip(1)).map(|(day, next)| (*next - *day).num_days());
    if found.len() > 1 && gaps.into_iter().all(|gap| gap % 7 == 0) {
        return Days::Unclear("its days are weeks from each other, and each may mean a week".to_owned());
    }
    Days::Each
}

/// The number of a day's month, that of January a multiple of twelve.
fn month(day: &NaiveDate) -> i32 {
    day.year() * 12 + day.month0().cast_signed()
}

fn is_first(day: NaiveDate) -> bool {
    day.day() == 1
}

fn is_last(day: NaiveDate) -> bool {
    day.succ_opt().is_some_and(is_first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(found: &str, named: Option<&str>) -> Days {
        days(&found.split(' ').map(|day| day.parse().unwrap()).collect(), named)
    }

    #[test]
    fn days_represent_months_where_the_file_shows_it() {
        for (found, named) in [
            ("2025-01-31 2025-02-28", None),
            ("2025-03-31 2025-04-30 2025-09-30", None),
            ("2025-12-01 2026-01-01", None),
            ("2025-02-28", None),
            ("2025-03-31 2025-06-30", Some("month")),
        ] {
            assert_eq!(of(found, named), Days::Months, "{found}");
        }
        for (found, named, word) in [
            ("2025-03-31 2025-06-30 2025-09-30", None, "of quarters"),
            ("2025-01-01 2025-04-01", None, "of quarters"),
            ("2023-12-31 2024-12-31", None, "of quarters"),
            ("2025-03-31", None, "of quarters"),
            ("2025-04-30 2025-08-31", None, "none follows another"),
            ("2025-01-31 2025-02-28", Some("quarter"), "each quarter"),
            ("2025-10-06", Some("week"), "each week"),
            ("2025-10-06 2025-10-13 2025-10-27", None, "weeks from each other"),
        ] {
            let read = of(found, named);
            assert!(matches!(&read, Days::Unclear(why) if why.contains(word)), "{found}: {read:?}");
        }
        for found in ["2025-10-06", "2025-10-06 2025-10-07", "2025-10-06 2025-10-13 2025-10-14"] {
            assert_eq!(of(found, None), Days::Each, "{found}");
        }
    }
}
