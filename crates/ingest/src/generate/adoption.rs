//! How generated solutions spread, and how the municipalities go along. Only addition, multiplication, division and the
//! square root are used, which IEEE 754 gives every machine alike.

use chrono::{Datelike, Months, NaiveDate};

use crate::columns::day_number;
use crate::rng::Rng;

/// Days of a mean month.
const MONTH: f64 = 30.4375;

/// Use by month of the year: July is quiet.
const SEASON: [f64; 12] = [1.05, 1.0, 1.1, 0.95, 1.0, 0.9, 0.55, 0.9, 1.1, 1.15, 1.2, 1.1];

/// Use by day of the week, from Monday; seven together.
const WEEKDAY: [f64; 7] = [1.35, 1.35, 1.3, 1.3, 1.1, 0.3, 0.3];

/// What is counted of every solution, in order of their names.
pub(super) const MEASURES: [&str; 2] = ["users_active", "uses"];

/// A generated solution.
#[derive(Debug, Clone)]
pub(super) struct Solution {
    pub(super) id: String,
    /// Its number, from 1.
    pub(super) number: usize,
    /// The share of the inhabitants that will use it: the first is for everybody, the last for few.
    pub(super) ceiling: f64,
    /// Uses a month of an active user.
    pub(super) rate: f64,
    /// Months from January 2018 until half of the municipalities have it.
    pub(super) middle: f64,
}

impl Solution {
    pub(super) fn new(seed: u64, number: usize) -> Self {
        let id = format!("syntetisk-{number:04}");
        let mut rng = Rng::of(seed, &["solution", &id]);
        let place = number - 1;
        // Some are old and some are new at every scale, whatever the seed.
        let begun = f64::from(u32::try_from(place * 17 % 54).unwrap_or_default());
        let rank = f64::from(u32::try_from(place).unwrap_or_default());
        Self {
            id,
            number,
            ceiling: 0.6 / (1.0 + rank / 4.0),
            rate: rng.between(0.5, 6.0),
            middle: begun + rng.between(-3.0, 3.0),
        }
    }

    /// How the municipality `code` of the newest division takes it into use.
    pub(super) fn adoption(&self, seed: u64, code: &str) -> Adoption {
        let mut rng = Rng::of(seed, &["adoption", &self.id, code]);
        // Two draws added: most municipalities lie near the middle, few at the ends.
        let spread = rng.between(-13.0, 13.0) + rng.between(-5.0, 5.0);
        #[expect(clippy::cast_possible_truncation, reason = "months are few")]
        let live = (self.middle + spread).floor() as i32;
        let fate = rng.share();
        let first = first_day(live);
        Adoption {
            live,
            live_day: day_number(first),
            months: rng.between(15.0, 45.0),
            ceiling: self.ceiling * rng.between(0.5, 1.0),
            rate: self.rate * rng.between(0.7, 1.3),
            never: fate < 0.03,
            drop_day: (0.03..0.07).contains(&fate).then(|| day_number(first + Months::new(20))),
        }
    }
}

/// The first day of a month counted from January 2018.
pub(super) fn first_day(month: i32) -> NaiveDate {
    // Far beyond what is drawn, and within what the calendar can hold.
    let month = month.clamp(-600, 600);
    NaiveDate::from_ymd_opt(2018 + month.div_euclid(12), month.rem_euclid(12).unsigned_abs() + 1, 1)
        .unwrap_or_default()
}

/// One municipality's way with one solution.
#[derive(Debug, Clone)]
pub(super) struct Adoption {
    /// The month it enters production, counted from January 2018.
    pub(super) live: i32,
    live_day: i32,
    /// Months from there to its ceiling.
    months: f64,
    /// The share of its inhabitants that will use it.
    pub(super) ceiling: f64,
    pub(super) rate: f64,
    pub(super) never: bool,
    /// The day it loses a third of its users.
    drop_day: Option<i32>,
}

impl Adoption {
    /// The share of the inhabitants that uses it by a day.
    fn share(&self, day: i32) -> f64 {
        if self.never || day <= self.live_day {
            return 0.0;
        }
        let grown = (f64::from(day - self.live_day) / MONTH / self.months).min(1.0);
        // S-shaped: flat, steep, flat.
        let grown = grown * grown * (3.0 - 2.0 * grown);
        let left = if self.drop_day.is_some_and(|from| day >= from) { 0.65 } else { 1.0 };
        self.ceiling * grown * left
    }

    /// Users by the last of a period's days and uses on its days, of so many inhabitants.
    pub(super) fn expected(&self, persons: f64, period: &PeriodTraits) -> [f64; 2] {
        let users = persons * self.share(period.end);
        [users, users * self.rate * period.uses]
    }
}

/// What of a period decides its numbers.
#[derive(Debug, Clone)]
pub(super) struct PeriodTraits {
    pub(super) start: i32,
    pub(super) end: i32,
    /// The month that holds its first day.
    pub(super) month: u64,
    /// Uses, against those of a mean month.
    uses: f64,
}

impl PeriodTraits {
    pub(super) fn of(start: NaiveDate, end: NaiveDate) -> Self {
        let days = day_number(end) - day_number(start);
        let weekday = if days == 1 { WEEKDAY[start.weekday().num_days_from_monday() as usize] } else { 1.0 };
        Self {
            start: day_number(start),
            end: day_number(end),
            month: u64::try_from(start.year()).unwrap_or_default() * 12 + u64::from(start.month0()),
            uses: f64::from(days) / MONTH * SEASON[start.month0() as usize] * weekday,
        }
    }
}
