//! The forecasts' own errors: where the ends and the middle of the next forecasts lie is read off the errors of earlier ones.

use super::outlook::{Ends, NORMAL_ENDS, Trend};
use super::trend::{Refusal, Series, count};

/// Horizons at which earlier forecasts are compared with what was reported.
pub(super) const LEARNT_AT: [usize; 3] = [3, 6, 12];

/// Periods whose errors are looked at. With the longest horizon, an area's own error and the window it is the warm-up
/// (11 + 12 + 3 + 23 periods): with it, results do not depend on `from`.
const OUTCOMES: usize = 12;

/// Errors that are enough: of 50, five lie beyond each end.
const ENOUGH: usize = 50;

/// The weight of the normal distribution's ends, as a number of observed errors.
const PRIOR_ERRORS: f64 = 10.0;

/// Parts of the lower tail, the middle and the upper tail.
const PARTS: [f64; 3] = [0.1, 0.5, 0.9];

/// A third of the slopes, and within it a third of the areas' own errors.
const GROUPS: usize = 9;

/// Differences below this are rounding: they must not decide a group.
const GRAIN: f64 = 1e-6;

/// Trends or refusals by series, at one period.
type Trends = [Result<Trend, Refusal>];

/// The errors of one period's numbers, by horizon and group.
type Found = [[Vec<f64>; GROUPS]; LEARNT_AT.len()];

/// All errors so far, by period.
#[derive(Debug, Default)]
pub(super) struct Errors(Vec<Found>);

impl Errors {
    /// Takes the numbers of the next period, and says to the trends of it in which group they are and where their ends lie.
    pub(super) fn learn(
        &mut self,
        series: &[Series],
        earlier: &[Vec<Result<Trend, Refusal>>],
        now: &mut Trends,
    ) {
        let place = self.0.len();
        let mut found = Found::default();
        // An area without such an error is taken for one that met its forecast.
        let mut own = vec![0.0; now.len()];
        for (at, (points, so_far)) in series.iter().zip(earlier).enumerate() {
            let Some(came) = points.get(place).copied().flatten().filter(|_| now[at].is_ok()) else {
                continue;
            };
            for (horizon, ahead) in LEARNT_AT.into_iter().enumerate() {
                let Some(Ok(then)) = place.checked_sub(ahead).and_then(|at| so_far.get(at)) else { continue };
                let error = then.standard(count(ahead), came.logit());
                found[horizon][then.group].push(error);
                if horizon == 0 {
                    own[at] = error;
                }
            }
        }
        self.0.push(found);
        group(now, &own);
        let ends: [[Ends; LEARNT_AT.len()]; GROUPS] =
            std::array::from_fn(|group| std::array::from_fn(|horizon| self.ends(horizon, group)));
        for trend in now.iter_mut().flatten() {
            trend.ends = ends[trend.group];
        }
    }

    /// Low end, middle and high end of the errors at a horizon, in a group.
    fn ends(&self, horizon: usize, group: usize) -> Ends {
        let recent = || self.0.iter().rev().take(OUTCOMES);
        let mut errors: Vec<f64> = Vec::new();
        for found in recent() {
            // The newest first, and no older ones than needed: growth slackens, and with it the errors.
            if errors.len() >= ENOUGH {
                break;
            }
            errors.extend(&found[horizon][group]);
        }
        // Sorted, so that the result does not depend on the order of the series.
        errors.sort_by(f64::total_cmp);
        let many = count(errors.len());
        let blend = |at: usize| {
            let learnt = quantile(&errors, PARTS[at]).unwrap_or(0.0);
            (many * learnt + PRIOR_ERRORS * NORMAL_ENDS[at]) / (many + PRIOR_ERRORS)
        };
        let [low, middle, high] = [0, 1, 2].map(blend);
        let known = recent().filter(|found| found[horizon].iter().any(|group| !group.is_empty())).count();
        if known == OUTCOMES {
            return [low, middle, high];
        }
        // Errors of less than a year say more of that year than of the next: no end is nearer than a normal one.
        [low.min(NORMAL_ENDS[0]), middle, high.max(NORMAL_ENDS[2])]
    }
}

/// Places trends in thirds by their slope, and each third in thirds by the areas' own newest errors.
fn group(now: &mut Trends, own: &[f64]) {
    let slopes: Vec<Option<f64>> =
        now.iter().map(|trend| trend.as_ref().ok().map(|trend| trend.slope)).collect();
    let thirds = third(&slopes);
    for (at, trend) in now.iter_mut().enumerate() {
        if let Ok(trend) = trend {
            trend.group = 3 * thirds[at];
        }
    }
    for slow in 0..3 {
        let within = |at: usize| (slopes[at].is_some() && thirds[at] == slow).then_some(own[at]);
        let errors: Vec<Option<f64>> = (0..own.len()).map(within).collect();
        let parts = third(&errors);
        for (at, trend) in now.iter_mut().enumerate().filter(|(at, _)| errors[*at].is_some()) {
            if let Ok(trend) = trend {
                trend.group += parts[at];
            }
        }
    }
}

/// In which third of all numbers each lies; equal numbers in the same. Where there is no number it is 0.
fn third(numbers: &[Option<f64>]) -> Vec<usize> {
    let grains = |number: f64| (number / GRAIN).round();
    let mut sorted: Vec<f64> = numbers.iter().flatten().map(|number| grains(*number)).collect();
    sorted.sort_by(f64::total_cmp);
    let cuts = [sorted.len() / 3, 2 * sorted.len() / 3].map(|at| sorted.get(at).copied());
    let place = |number: f64| cuts.iter().filter(|cut| cut.is_some_and(|cut| grains(number) >= cut)).count();
    numbers.iter().map(|number| number.map_or(0, place)).collect()
}

/// The number that such a part of sorted ones lies below: of n errors and one to come, the part counts n + 1.
pub(super) fn quantile(sorted: &[f64], part: f64) -> Option<f64> {
    let many = count(sorted.len());
    let rank = (part * (many + 1.0)).min(many).max(1.0);
    let within = |(at, pair): (usize, &[f64])| {
        let beyond = rank - count(at + 1);
        (beyond <= 1.0).then(|| pair[0] + beyond * (pair[1] - pair[0]))
    };
    sorted.windows(2).enumerate().find_map(within).or_else(|| sorted.first().copied())
}
