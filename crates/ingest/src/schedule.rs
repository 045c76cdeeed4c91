//! When a source is asked: in words or as a cron expression, by the clock in Oslo.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use croner::Cron;
use serde::Deserialize;
use utbredt_model::oslo;

/// A rule for moments.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Schedule {
    text: String,
    cron: Cron,
}

/// A text that is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no schedule: write `hourly`, `daily`, `weekly on monday`, `monthly on the 16th`, each also with `at 06:30`, or a cron expression of five fields"
)]
pub struct ParseScheduleError(String);

const DAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

impl Schedule {
    /// Reads one.
    ///
    /// # Errors
    /// [`ParseScheduleError`].
    pub fn parse(text: &str) -> Result<Self, ParseScheduleError> {
        let no = || ParseScheduleError(text.to_owned());
        let expression = words(text).unwrap_or_else(|| text.trim().to_owned());
        // The parser also takes seconds and years, which the plan does not have.
        if expression.split_whitespace().count() != 5 {
            return Err(no());
        }
        let cron = Cron::from_str(&expression).map_err(|_| no())?;
        Ok(Self { text: text.to_owned(), cron })
    }

    /// The last moment on or before `now`.
    #[must_use]
    pub fn last(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.cron.find_previous_occurrence(&wall(now), true).ok().map(moment)
    }

    /// The first moment after `now`.
    #[must_use]
    pub fn next(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.cron.find_next_occurrence(&wall(now), false).ok().map(moment)
    }

    /// Whether a moment has come since the last run; a source that was never asked is due at once.
    #[must_use]
    pub fn due(&self, ran: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
        ran.is_none_or(|ran| self.last(now).is_some_and(|last| last > ran))
    }
}

/// A schedule in words as a cron expression.
fn words(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    let (rule, time) = text.split_once(" at ").unwrap_or((&text, "06:00"));
    let (hour, minute) = time.trim().split_once(':')?;
    let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
    Some(match rule.trim() {
        "hourly" => "0 * * * *".to_owned(),
        "daily" => format!("{minute} {hour} * * *"),
        rule => match rule.split_once(" on ")? {
            ("weekly", day) => format!("{minute} {hour} * * {}", DAYS.iter().position(|name| *name == day)?),
            ("monthly", day) => {
                let day = day.trim_start_matches("the ").trim_end_matches(['s', 't', 'n', 'd', 'r', 'h']);
                // Some months lack the later days, and the rule would pass over them.
                format!(
                    "{minute} {hour} {} * *",
                    day.parse::<u32>().ok().filter(|day| (1..=28).contains(day))?
                )
            }
            _ => return None,
        },
    })
}

/// What the clock in Oslo shows, written as if it were UTC: rules are about clocks.
fn wall(now: DateTime<Utc>) -> DateTime<Utc> {
    now + TimeDelta::hours(oslo::offset_hours(now))
}

/// The moment the clock in Oslo shows that.
fn moment(wall: DateTime<Utc>) -> DateTime<Utc> {
    let winter = wall - TimeDelta::hours(1);
    winter - TimeDelta::hours(oslo::offset_hours(wall - TimeDelta::hours(2)) - 1)
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for Schedule {
    type Error = ParseScheduleError;

    fn try_from(text: String) -> Result<Self, ParseScheduleError> {
        Self::parse(&text)
    }
}

impl PartialEq for Schedule {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn words_and_expressions_name_moments_in_oslo() {
        let now = at("2026-11-24T12:00:00Z");
        for (text, last, next) in [
            ("hourly", "2026-11-24T12:00:00Z", "2026-11-24T13:00:00Z"),
            ("daily", "2026-11-24T05:00:00Z", "2026-11-25T05:00:00Z"),
            ("daily at 13:30", "2026-11-23T12:30:00Z", "2026-11-24T12:30:00Z"),
            ("weekly on monday", "2026-11-23T05:00:00Z", "2026-11-30T05:00:00Z"),
            ("monthly on the 16th", "2026-11-16T05:00:00Z", "2026-12-16T05:00:00Z"),
            ("Monthly on the 1st at 07:15", "2026-11-01T06:15:00Z", "2026-12-01T06:15:00Z"),
            ("30 6 16 * *", "2026-11-16T05:30:00Z", "2026-12-16T05:30:00Z"),
            // The 16th of a summer month is two hours ahead.
            ("0 6 16 7 *", "2026-07-16T04:00:00Z", "2027-07-16T04:00:00Z"),
        ] {
            let schedule = Schedule::parse(text).unwrap();
            assert_eq!((schedule.last(now), schedule.next(now)), (Some(at(last)), Some(at(next))), "{text}");
        }
        for wrong in [
            "",
            "sometimes",
            "monthly on the 31st",
            "weekly on mandag",
            "* * *",
            "61 * * * *",
            "daily at noon",
        ] {
            let text = Schedule::parse(wrong).unwrap_err().to_string();
            assert!(text.contains("monthly on the 16th"), "{text}");
        }
    }

    #[test]
    fn a_source_is_due_when_a_moment_has_come_since_it_ran() {
        let schedule = Schedule::parse("monthly on the 16th").unwrap();
        let now = at("2026-11-24T12:00:00Z");
        assert!(schedule.due(None, now));
        assert!(schedule.due(Some(at("2026-11-16T04:59:59Z")), now));
        assert!(!schedule.due(Some(at("2026-11-16T05:00:00Z")), now));
        assert!(!schedule.due(Some(now), now));
    }

    #[test]
    fn a_clock_that_turns_misses_nothing_for_long() {
        // 29 March 2026: 02:30 does not exist. 25 October 2026: it comes twice.
        let schedule = Schedule::parse("30 2 * * *").unwrap();
        let mut moments = Vec::new();
        for start in ["2026-03-27T12:00:00Z", "2026-10-23T12:00:00Z"] {
            let mut now = at(start);
            for _ in 0..4 {
                let next = schedule.next(now).unwrap();
                assert!(next > now && next - now <= TimeDelta::hours(26), "{now} {next}");
                moments.push(next);
                now = next;
            }
        }
        assert_eq!(moments.len(), 8);
    }
}
