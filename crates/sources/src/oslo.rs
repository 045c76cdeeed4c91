//! Calendar days in Europe/Oslo, by rule. A source stamps hours in UTC while every period of ours is a day in Oslo,
//! and a table of time zones is more than one country's one rule needs.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

/// The instant, in UTC, when the clock turns in `month` of `year`: the last Sunday at 01:00.
fn turn(year: i32, month: u32) -> Option<NaiveDateTime> {
    let last = NaiveDate::from_ymd_opt(year, month, 31)?;
    let back = i64::from(last.weekday().num_days_from_sunday());
    Some((last - TimeDelta::days(back)).and_time(NaiveTime::MIN) + TimeDelta::hours(1))
}

/// Hours Oslo is ahead of UTC at `moment`: 2 in summer, 1 otherwise. Right from 1996, when the European Union's
/// rule (last Sunday of March to last Sunday of October) took its present form.
#[must_use]
pub fn offset_hours(moment: DateTime<Utc>) -> i64 {
    let (year, at) = (moment.year(), moment.naive_utc());
    let summer = turn(year, 3).is_some_and(|t| at >= t) && turn(year, 10).is_some_and(|t| at < t);
    if summer { 2 } else { 1 }
}

/// The calendar day in Oslo at `moment`.
#[must_use]
pub fn day(moment: DateTime<Utc>) -> NaiveDate {
    let shift = TimeDelta::hours(offset_hours(moment));
    moment.naive_utc().checked_add_signed(shift).map_or_else(|| moment.date_naive(), |local| local.date())
}

/// The moment `day` begins in Oslo.
#[must_use]
pub fn start(day: NaiveDate) -> DateTime<Utc> {
    // The clock never turns at midnight: what it shows an hour before is what it shows then.
    let midnight = day.and_time(NaiveTime::MIN).and_utc();
    midnight - TimeDelta::hours(offset_hours(midnight - TimeDelta::hours(1)))
}

/// How many hours `day` has in Oslo: 24, but 23 when summer begins and 25 when it ends.
#[must_use]
pub fn hours_in(day: NaiveDate) -> usize {
    let turns_on = |month| turn(day.year(), month).is_some_and(|t| t.date() == day);
    if turns_on(3) {
        23
    } else if turns_on(10) {
        25
    } else {
        24
    }
}

#[cfg(test)]
mod tests {
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
