//! The counts of a generated nation. Each follows from the seed, the code, the solution, the measure and the period, so
//! that it is the same in whatever order and in however many deliveries it is made.

use crate::rng::Rng;

use super::adoption::{Adoption, MEASURES, PeriodTraits, Solution};
use super::places::Places;
use super::plan::{Part, Size};

/// Shares of what is not as it should be: months of which a code never reports, and reports late; counts without a
/// number, and those corrected later; codes that stop reporting a solution.
const NEVER: f64 = 0.01;
const LATE: f64 = 0.02;
const EMPTY: u64 = 4;
const CORRECTED: u64 = 30;
const SILENT: f64 = 0.04;

/// Of as many parts are the shares of [`EMPTY`] and [`CORRECTED`].
const PARTS: u64 = 1024;

/// Days in which codes that stop do so: from the summer of 2020, five years.
const STOPS: (f64, f64) = (18_444.0, 20_270.0);

/// Draws of a code that are about a month, apart from those about a day.
const MONTHLY: u64 = 0x6D6F_6E74_686C_7921;

/// A row of `usage`, without what all rows of a delivery share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) measure: &'static str,
    pub(super) code: &'a str,
    pub(super) division: i32,
    /// The period, by its place.
    pub(super) period: usize,
    /// The count; `None` where the source knows that it has none.
    pub(super) value: Option<i64>,
}

/// What all numbers follow from.
#[derive(Debug)]
pub(super) struct Nation {
    pub(super) seed: u64,
    pub(super) places: Places,
    pub(super) solutions: Vec<Solution>,
    pub(super) periods: Vec<PeriodTraits>,
    /// By period, the division it begins in.
    divisions: Vec<usize>,
}

impl Nation {
    pub(super) fn new(seed: u64, size: &Size, places: Places) -> Self {
        let periods: Vec<_> =
            size.periods.iter().map(|period| PeriodTraits::of(period.start, period.end)).collect();
        let divisions = periods.iter().map(|period| places.division_on(period.start)).collect();
        let solutions = (1..=size.solutions).map(|number| Solution::new(seed, number)).collect();
        Self { seed, places, solutions, periods, divisions }
    }

    /// The most rows of a period.
    pub(super) fn rows_of_a_period(&self) -> usize {
        let in_division =
            |at: &usize| self.places.places.iter().filter(|place| place.persons[*at].is_some()).count();
        let codes =
            self.divisions.iter().collect::<std::collections::BTreeSet<_>>().into_iter().map(in_division);
        codes.max().unwrap_or_default() * self.solutions.len() * MEASURES.len()
    }

    /// How each municipality of the newest division takes a solution into use.
    pub(super) fn adoptions(&self, solution: &Solution) -> Vec<Adoption> {
        self.places.homes.iter().map(|code| solution.adoption(self.seed, code)).collect()
    }

    /// The rows of a solution in a delivery, in the order of the table.
    pub(super) fn rows(&self, solution: &Solution, part: &Part, visit: &mut dyn FnMut(Row<'_>)) {
        let adoptions = self.adoptions(solution);
        let keys: Vec<u64> = self.places.places.iter().map(|place| self.key(solution, &place.code)).collect();
        for (index, measure) in MEASURES.into_iter().enumerate() {
            for (place, key) in self.places.places.iter().zip(&keys) {
                let silent_from = silent_from(*key);
                for period in part.periods.clone() {
                    let (traits, division) = (&self.periods[period], self.divisions[period]);
                    let Some(persons) = &place.persons[division] else { continue };
                    if traits.start >= silent_from || !comes(*key, traits.month, part) {
                        continue;
                    }
                    let draw = Rng::at(*key, draw_of(traits.start, index)).next();
                    visit(Row {
                        measure,
                        code: &place.code,
                        division: self.places.divisions[division],
                        period,
                        value: value(persons, &adoptions, traits, index, draw, part.preliminary),
                    });
                }
            }
        }
    }

    fn key(&self, solution: &Solution, code: &str) -> u64 {
        Rng::of(self.seed, &["usage", &solution.id, code]).next()
    }
}

/// Which draw of a code is about a measure on a day.
fn draw_of(day: i32, measure: usize) -> u64 {
    u64::try_from(day).unwrap_or_default() * MEASURES.len() as u64 + measure as u64
}

/// The day from which a code does not report a solution any more; far away for most.
fn silent_from(key: u64) -> i32 {
    let mut rng = Rng::of(key, &["silent"]);
    #[expect(clippy::cast_possible_truncation, reason = "a day of our time")]
    let day = rng.between(STOPS.0, STOPS.1) as i32;
    if rng.share() < SILENT { day } else { i32::MAX }
}

/// Whether what a code reports of a month comes in a delivery.
fn comes(key: u64, month: u64, part: &Part) -> bool {
    let fate = Rng::at(key ^ MONTHLY, month).share();
    fate >= if part.preliminary { NEVER + LATE } else { NEVER }
}

/// The count, of which one draw decides all that is by chance.
fn value(
    persons: &[(usize, i64)],
    adoptions: &[Adoption],
    period: &PeriodTraits,
    measure: usize,
    draw: u64,
    preliminary: bool,
) -> Option<i64> {
    if draw % PARTS < EMPTY {
        return None;
    }
    let (mut inhabitants, mut expected) = (0.0, 0.0);
    for (home, count) in persons {
        #[expect(clippy::cast_precision_loss, reason = "at most a country's inhabitants")]
        let count = *count as f64;
        inhabitants += count;
        expected += adoptions[*home].expected(count, period)[measure];
    }
    // Small municipalities scatter more.
    let scatter = (4.0 / inhabitants.max(1.0).sqrt()).min(0.25);
    let chance = f64::from(u32::try_from(draw >> 32).unwrap_or_default()) / 4_294_967_296.0;
    let corrected = if preliminary && is_corrected(draw) { 0.9 } else { 1.0 };
    #[expect(clippy::cast_possible_truncation, reason = "at most a country's inhabitants, some times")]
    let value = (expected * (1.0 + scatter * (2.0 * chance - 1.0)) * corrected).round() as i64;
    Some(value)
}

/// Whether a count is reported too low at first.
fn is_corrected(draw: u64) -> bool {
    // Other bits than those that decide whether there is a number.
    (draw >> 16) % PARTS < CORRECTED
}
