//! What a trend says of the periods to come.

use super::errors::LEARNT_AT;
use super::trend::count;

/// What is left of a rise a period later.
const DAMPING: f64 = 0.93;

/// How uncertain that is, as a part of the rise to come: with dampings of 0.8 to 0.98, the usual ones (Hyndman and
/// Athanasopoulos, FPP3, 8.2), the rise of 3 periods deviates by 11 %, that of 12 periods by 32 %.
const DAMPING_ERROR: f64 = 0.25;

/// The variance of a slope's movement by itself, before the ends are learnt.
const PROCESS_VARIANCE: f64 = 1.2e-3;

/// Logits beyond this are everybody.
const FARTHEST: f64 = 300.0;

/// Of normal errors, four of five are within so many deviations.
pub(super) const Z_80: f64 = 1.281_551_565_544_600_5;

/// Low end, middle and high end of an 80 % interval, in deviations.
pub(super) type Ends = [f64; 3];

/// Those of a normal distribution.
pub(super) const NORMAL_ENDS: Ends = [-Z_80, 0.0, Z_80];

/// When a goal is reached, in periods from now; none where that is not within sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arrival {
    /// One chance in ten that it is reached by then.
    pub(super) early: Option<usize>,
    /// One in two.
    pub(super) middle: Option<usize>,
    /// Nine in ten.
    pub(super) late: Option<usize>,
}

/// A series' level and rise with what is not known of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Trend {
    /// The weighted mean of the logits.
    pub(super) mean: f64,
    /// How many periods ago that was.
    pub(super) behind: f64,
    /// Rise a period, borrowed from the pool in part.
    pub(super) slope: f64,
    /// What is not known of the mean.
    pub(super) mean_variance: f64,
    /// What is not known of the slope.
    pub(super) slope_variance: f64,
    /// How much a single point scatters.
    pub(super) noise: f64,
    /// Where the ends of earlier forecasts' errors lie, by horizon.
    pub(super) ends: [Ends; LEARNT_AT.len()],
    /// The forecasts it is like.
    pub(super) group: usize,
    /// Persons who could use it.
    pub(super) eligible: f64,
}

impl Trend {
    /// So many periods of today's rise are in the next `ahead`, each smaller than the one before.
    pub(super) fn reach(ahead: f64) -> f64 {
        DAMPING * (1.0 - DAMPING.powf(ahead)) / (1.0 - DAMPING)
    }

    /// Middle and variance of the logit `ahead` periods from now.
    pub(super) fn logit(&self, ahead: f64) -> (f64, f64) {
        let reach = Self::reach(ahead);
        let along = self.behind + reach;
        let variance = self.mean_variance
            + along * along * self.slope_variance
            + reach * reach * (PROCESS_VARIANCE + (DAMPING_ERROR * self.slope).powi(2))
            + self.noise;
        (self.mean + self.slope * along, variance)
    }

    /// How many deviations above the line a logit is, `ahead` periods from now.
    pub(super) fn standard(&self, ahead: f64, logit: f64) -> f64 {
        let (mean, variance) = self.logit(ahead);
        (logit - mean) / variance.sqrt()
    }

    /// The ends `ahead` periods from now: between two horizons on the line between their ends, beyond them the nearest.
    fn ends(&self, ahead: f64) -> Ends {
        let mut ends = self.ends[0];
        for (horizons, pair) in LEARNT_AT.windows(2).zip(self.ends.windows(2)) {
            let [from, to] = [count(horizons[0]), count(horizons[1])];
            if ahead > from {
                let part = ((ahead - from) / (to - from)).min(1.0);
                ends = [0, 1, 2].map(|end| pair[0][end] + part * (pair[1][end] - pair[0][end]));
            }
        }
        ends
    }

    /// The logit that so many deviations from the middle is: a deviation down is not as long as one up, each is that of
    /// its own end.
    fn at(&self, ahead: f64, deviations: f64) -> f64 {
        let (mean, variance) = self.logit(ahead);
        let [low, middle, high] = self.ends(ahead);
        let side = if deviations < 0.0 { middle - low } else { high - middle };
        mean + (middle + deviations / Z_80 * side) * variance.sqrt()
    }

    /// The share that so many deviations from the middle is, `ahead` periods from now: below everybody, always.
    #[must_use]
    pub(super) fn share(&self, ahead: f64, deviations: f64) -> f64 {
        let odds = self.at(ahead, deviations).min(FARTHEST).exp();
        // Half a person was added on both sides.
        let share = (odds * (self.eligible + 0.5) - 0.5) / (1.0 + odds) / self.eligible;
        share.clamp(0.0, 1.0)
    }

    /// The goal on the scale of the trend; none when nobody can reach it.
    fn goal(&self, share: f64) -> Option<f64> {
        let numerator = share * self.eligible;
        (numerator <= self.eligible)
            .then(|| ((numerator + 0.5).max(0.0) / (self.eligible - numerator + 0.5)).ln())
    }

    /// The chance that the goal is reached `ahead` periods from now or before.
    #[must_use]
    pub(super) fn chance(&self, share: f64, ahead: f64) -> f64 {
        let Some(goal) = self.goal(share).filter(|_| ahead > 0.0) else { return 0.0 };
        let at = |ahead: f64| {
            let [low, middle, high] = self.ends(ahead);
            let above = self.standard(ahead, goal) - middle;
            let side = if above < 0.0 { middle - low } else { high - middle };
            normal(-above / side * Z_80)
        };
        // What has been reached once is reached, though doubt grows.
        let mut best = at(ahead);
        let mut whole = 1.0;
        while whole < ahead {
            best = best.max(at(whole));
            whole += 1.0;
        }
        best
    }

    /// When the goal is reached, looking `most` periods ahead.
    #[must_use]
    pub(super) fn arrival(&self, share: f64, most: usize) -> Arrival {
        let first = |deviations: f64| {
            let goal = self.goal(share)?;
            (1..=most).find(|ahead| self.at(count(*ahead), deviations) >= goal)
        };
        // The high end of the interval reaches the goal first, so it gives the early date.
        Arrival { early: first(Z_80), middle: first(0.0), late: first(-Z_80) }
    }
}

/// The standard normal distribution function.
#[must_use]
pub(super) fn normal(x: f64) -> f64 {
    // The error function by its series near the middle and by its continued fraction in the tails.
    let size = x.abs();
    let density = (-0.5 * x * x).exp() * 0.398_942_280_401_432_7;
    let upper = if size < 3.0 {
        let mut term = size;
        let mut sum = size;
        let mut odd = 1.0;
        while term > sum * 1e-17 {
            odd += 2.0;
            term *= size * size / odd;
            sum += term;
        }
        0.5 - density * sum
    } else {
        let mut below = 0.0;
        for step in (1..=60).rev() {
            below = f64::from(step) / (size + below);
        }
        density / (size + below)
    };
    if x > 0.0 { 1.0 - upper } else { upper }
}
