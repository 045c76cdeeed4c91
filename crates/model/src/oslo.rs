//! Calendar days in Europe/Oslo. A source stamps hours in UTC while every period of ours is a day in Oslo.

use chrono::{DateTime, NaiveDate, NaiveTime, Offset, TimeZone, Utc};
use chrono_tz::Europe::Oslo;

/// Hours Oslo is ahead of UTC at `moment`: 2 in summer, 1 otherwise. The table of time zones ends in 2100: later summers
/// have 1.
#[must_use]
pub fn offset_hours(moment: DateTime<Utc>) -> i64 {
    i64::from(Oslo.offset_from_utc_datetime(&moment.naive_utc()).fix().local_minus_utc()) / 3600
}

/// The calendar day in Oslo at `moment`.
#[must_use]
pub fn day(moment: DateTime<Utc>) -> NaiveDate {
    let utc = moment.naive_utc();
    // `DateTime::date_naive` panics where the calendar ends, and a source may send such a moment.
    let local = utc.checked_add_offset(Oslo.offset_from_utc_datetime(&utc).fix());
    local.unwrap_or(utc).date()
}

/// The moment `day` begins in Oslo.
#[must_use]
pub fn start(day: NaiveDate) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN);
    Oslo.from_local_datetime(&midnight).earliest().map_or_else(|| midnight.and_utc(), |start| start.to_utc())
}

/// How many hours `day` has in Oslo: 24, but 23 when summer begins and 25 when it ends.
#[must_use]
pub fn hours_in(day: NaiveDate) -> usize {
    let next = day.succ_opt().unwrap_or(day);
    usize::try_from((start(next) - start(day)).num_hours()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_begins_where_the_one_before_ends() {
        let first = NaiveDate::from_ymd_opt(2024, 1, 1).unwrap();
        for next in first.iter_days().take(800) {
            let (begin, end) = (start(next), start(next.succ_opt().unwrap()));
            assert_eq!(usize::try_from((end - begin).num_hours()).unwrap(), hours_in(next), "{next}");
            assert_eq!((day(begin), day(begin - TimeDelta::seconds(1))), (next, next.pred_opt().unwrap()));
        }
        assert_eq!(start(NaiveDate::from_ymd_opt(2024, 7, 1).unwrap()), at("2024-06-30T22:00:00Z"));
    }

    #[test]
    fn the_clock_turns_at_one_utc_on_the_last_sundays() {
        // 2024: 31 March and 27 October. 2026: 29 March and 25 October. 2021: 28 March and 31 October.
        for (before, after) in [
            ("2024-03-31T00:59:59Z", "2024-03-31T01:00:00Z"),
            ("2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z"),
            ("2021-03-28T00:59:59Z", "2021-03-28T01:00:00Z"),
        ] {
            assert_eq!((offset_hours(at(before)), offset_hours(at(after))), (1, 2), "{before}");
        }
        for (before, after) in [
            ("2024-10-27T00:59:59Z", "2024-10-27T01:00:00Z"),
            ("2026-10-25T00:59:59Z", "2026-10-25T01:00:00Z"),
            ("2021-10-31T00:59:59Z", "2021-10-31T01:00:00Z"),
        ] {
            assert_eq!((offset_hours(at(before)), offset_hours(at(after))), (2, 1), "{before}");
        }
    }

    #[test]
    fn the_day_turns_at_oslo_midnight() {
        for (moment, expected) in [
            ("2024-01-31T22:59:59Z", "2024-01-31"),
            ("2024-01-31T23:00:00Z", "2024-02-01"),
            ("2024-07-31T21:59:59Z", "2024-07-31"),
            ("2024-07-31T22:00:00Z", "2024-08-01"),
            ("2023-12-31T23:00:00Z", "2024-01-01"),
        ] {
            assert_eq!(day(at(moment)).to_string(), expected, "{moment}");
        }
    }

    #[test]
    fn the_ends_of_the_calendar_are_days_too() {
        assert_eq!(day(DateTime::<Utc>::MAX_UTC), NaiveDate::MAX);
        assert_eq!(day(DateTime::<Utc>::MIN_UTC), NaiveDate::MIN);
    }

    #[test]
    fn every_day_has_the_hours_that_fall_on_it() {
        let mut counted = std::collections::BTreeMap::new();
        let start = at("2023-12-31T23:00:00Z");
        for hour in 0..(366 * 24) {
            *counted.entry(day(start + TimeDelta::hours(hour))).or_insert(0) += 1;
        }
        assert_eq!(counted.len(), 366);
        for (date, hours) in counted {
            assert_eq!(hours_in(date), hours, "{date}");
        }
        assert_eq!(hours_in("2024-03-31".parse().unwrap()), 23);
        assert_eq!(hours_in("2024-10-27".parse().unwrap()), 25);
        assert_eq!(hours_in("2024-03-24".parse().unwrap()), 24);
    }
}
