//! How invented solutions spread, and how one municipality goes along; every number follows from the seed.

use crate::rng::Rng;

/// How a solution spreads. Months count from January 2024.
pub(super) struct Shape {
    pub(super) solution: &'static str,
    /// The month half of the municipalities have it.
    pub(super) middle: f64,
    /// The share of the target group that will use it.
    ceiling: f64,
    /// Uses per active user and month.
    uses: f64,
}

pub(super) const SHAPES: [Shape; 6] = [
    Shape { solution: "digihelse", middle: 4.0, ceiling: 0.12, uses: 2.5 },
    Shape { solution: "digihelsestasjon", middle: 10.0, ceiling: 0.45, uses: 1.2 },
    Shape { solution: "digisos", middle: -30.0, ceiling: 0.03, uses: 1.1 },
    Shape { solution: "kjernejournal", middle: -6.0, ceiling: 0.08, uses: 1.6 },
    Shape { solution: "minside", middle: 24.0, ceiling: 0.35, uses: 3.0 },
    Shape { solution: "svarut", middle: -60.0, ceiling: 0.6, uses: 1.8 },
];

/// One municipality's way with one solution.
pub(super) struct Habit {
    /// Months from January 2024 to production.
    pub(super) live: i32,
    /// Its own ceiling, in persons.
    ceiling: f64,
    uses: f64,
    pub(super) never: bool,
    pub(super) silent_at_the_end: bool,
    /// The month it loses a third, if it does.
    drop_month: Option<i32>,
    scatter: f64,
}

pub(super) fn habit(seed: u64, shape: &Shape, code: &str, persons: f64) -> Habit {
    let mut rng = Rng::of(seed, &[shape.solution, code]);
    // Two draws added: most municipalities lie near the middle, few at the ends.
    let spread = rng.between(-14.0, 14.0) + rng.between(-6.0, 6.0);
    let fate = rng.share();
    let ceiling = (shape.ceiling * rng.between(0.5, 1.4)).min(0.9) * persons;
    #[expect(clippy::cast_possible_truncation, reason = "months are few")]
    let live = (shape.middle + spread).floor() as i32;
    Habit {
        live,
        ceiling,
        uses: shape.uses * rng.between(0.8, 1.2),
        never: fate < 0.03,
        silent_at_the_end: (0.03..0.08).contains(&fate),
        drop_month: (0.08..0.13).contains(&fate).then_some(live.max(0) + 14),
        scatter: (8.0 / persons.max(1.0).sqrt()).min(0.3),
    }
}

/// From 0 to 1, steepest in the middle.
fn s_curve(months: f64) -> f64 {
    let x = (months - 12.0) / 6.0;
    0.5 + 0.5 * x / (1.0 + x.abs())
}

impl Habit {
    /// Users and uses in a month after January 2024.
    pub(super) fn counts(&self, month: i32, rng: &mut Rng, persons: f64) -> (i64, i64) {
        let grown = self.ceiling * s_curve(f64::from(month - self.live));
        let left = if self.drop_month.is_some_and(|at| month >= at) { 0.65 } else { 1.0 };
        let users = grown * left * (1.0 + self.scatter * rng.between(-1.0, 1.0));
        // Never above the target group, or the check against the population would hold the delivery.
        let users = users.clamp(0.0, persons * 0.95).floor();
        let uses = (users * self.uses * (1.0 + self.scatter * rng.between(-1.0, 1.0))).floor();
        (whole(users), whole(uses))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "at most a country's inhabitants")]
pub(super) fn whole(number: f64) -> i64 {
    number as i64
}
