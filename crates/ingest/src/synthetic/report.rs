//! What one invented solution reports of one month, holes and dirt included.

use std::fmt::Write as _;

use chrono::{Duration, NaiveDate};
use utbredt_model::Period;

use super::habit::{Shape, habit, whole};
use super::{Persons, USAGE, delivery, month_number};
use crate::reference_data::ReferenceData;
use crate::rng::Rng;
use crate::{Delivery, IngestError};

/// What one solution reports of one month.
pub(super) struct MonthlyReport<'a> {
    pub(super) seed: u64,
    pub(super) shape: &'static Shape,
    pub(super) month: &'a Period,
    /// The first day after the last month of all.
    pub(super) to: NaiveDate,
    pub(super) world: &'a ReferenceData,
    /// Whether the month is delivered for the second time, corrected.
    pub(super) again: bool,
}

impl MonthlyReport<'_> {
    pub(super) fn delivery(&self, persons: &Persons) -> Result<Delivery, IngestError> {
        let (shape, month) = (self.shape, self.month.to_string());
        let mut text = String::from("municipality_code,period,solution_id,measure_id,value\n");
        // Spreadsheets lose the zero of `0301`; a parser must find it again.
        let oslo_lost_its_zero = Rng::of(self.seed, &["zero", shape.solution, &month]).share() < 0.02;
        let own = persons.iter().filter(|((solution, _), _)| solution == shape.solution);
        for ((_, code), persons) in own {
            let Some((users, uses)) = self.counts(code, *persons) else { continue };
            let shown = if code == "0301" && oslo_lost_its_zero { "301" } else { code };
            self.row(&mut text, shown, "users_active", users);
            self.row(&mut text, shown, "uses", uses);
            if let Some(cases) = self.cases(code, uses) {
                self.row(&mut text, shown, "cases", cases);
            }
        }
        let mut dirt = Rng::of(self.seed, &["dirt", shape.solution, &month]);
        if dirt.share() < 0.25 {
            // A code that never existed: its row is to be rejected.
            self.row(&mut text, "9999", "uses", 1 + i64::try_from(dirt.next() % 40).unwrap_or_default());
        }
        if dirt.share() < 0.1 {
            // A code that ceased long ago.
            self.row(&mut text, "0703", "uses", 1 + i64::try_from(dirt.next() % 9).unwrap_or_default());
        }
        let subject = format!("{} {month}", shape.solution);
        delivery(USAGE, &subject, text, self.month.end + Duration::days(self.days_after(&month)))
    }

    fn row(&self, text: &mut String, code: &str, measure: &str, value: i64) {
        let _ = writeln!(text, "{code},{},{},{measure},{value}", self.month, self.shape.solution);
    }

    /// Days from the month's end to the delivery: the 16th of the next is due, and some are late.
    fn days_after(&self, month: &str) -> i64 {
        let late = Rng::of(self.seed, &["late", self.shape.solution, month]).share() < 0.06;
        match (self.again, late) {
            (true, _) => 19,
            (false, true) => 17,
            (false, false) => 11,
        }
    }

    /// Active users and uses of a municipality that reports; `None` when it does not.
    fn counts(&self, code: &str, persons: f64) -> Option<(i64, i64)> {
        let number = month_number(self.month.start);
        let habit = habit(self.seed, self.shape, code, persons);
        let month = self.month.to_string();
        let mut change = Rng::of(self.seed, &["again", self.shape.solution, code, &month]);
        let left = month_number(self.to) - number;
        // Half of those that fell silent report when they are reminded.
        let reminded = self.again && change.share() < 0.5;
        let silent = habit.silent_at_the_end && left <= 2 && !reminded;
        if habit.never || silent || number < habit.live {
            return None;
        }
        let mut rng = Rng::of(self.seed, &[self.shape.solution, code, &month]);
        let (users, uses) = habit.counts(number, &mut rng, persons);
        if self.again && change.share() < 0.08 {
            return Some((corrected(users, &mut change), corrected(uses, &mut change)));
        }
        Some((users, uses))
    }

    /// Letters sent in all, where they are counted: somewhat more than went digitally.
    fn cases(&self, code: &str, uses: i64) -> Option<i64> {
        let counted = self.world.measures.get(self.shape.solution).is_some_and(|m| m.contains("cases"));
        let mut rng = Rng::of(self.seed, &["cases", self.shape.solution, code]);
        #[expect(clippy::cast_precision_loss, reason = "at most a country's letters")]
        counted.then(|| uses.saturating_add(whole(uses as f64 * rng.between(0.05, 0.6)).max(1)))
    }
}

/// A count that is found to be up to a tenth too high.
fn corrected(count: i64, rng: &mut Rng) -> i64 {
    #[expect(clippy::cast_precision_loss, reason = "at most a country's inhabitants")]
    let count = count as f64;
    whole(count * rng.between(0.9, 1.0))
}
