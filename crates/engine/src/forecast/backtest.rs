//! How good the forecasts would have been: told again from every earlier month of an invented nation and held against
//! what came, beside two peers that anyone can draw with a ruler.

use std::collections::BTreeMap;

use super::outlook::{Trend, Z_80};
use super::panel::simulate_panel;
use super::pool::fit_panel;
use super::trend::{Point, WINDOW, count};

/// Months told ahead.
pub const HORIZONS: [usize; 3] = [3, 6, 12];

/// Who tells: the forecasts of this crate; the same without a pool to borrow from; and two peers.
pub const FORECASTERS: [&str; 4] = ["bounded_growth", "without_pool", "last_value", "straight_line"];

/// Sizes of municipalities, and from how many persons on.
pub const SIZES: [(&str, f64); 3] = [("small", 0.0), ("middle", 2000.0), ("large", 10_000.0)];

/// The horizon at which sizes are told apart.
pub const SIZES_AT: usize = 6;

/// Goals whose dates are told.
const GOALS: [f64; 2] = [0.4, 0.6];

/// What an interval of four in five pays for each share it is missed by.
const MISS_PENALTY: f64 = 2.0 / 0.2;

/// How one forecaster did at one horizon.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Score {
    /// Forecasts held against a number.
    pub forecasts: usize,
    /// Of them, those whose number lay in the 80 % interval.
    pub inside: usize,
    tails: [usize; 2],
    above_all: usize,
    bias: f64,
    mean_absolute_error: f64,
    interval: f64,
}

impl Score {
    fn add(&mut self, forecasts: [f64; 3], came: f64) {
        let [low, middle, high] = forecasts;
        self.forecasts += 1;
        self.inside += usize::from(low <= came && came <= high);
        self.tails[0] += usize::from(came < low);
        self.tails[1] += usize::from(came > high);
        self.above_all += usize::from(high > 1.0);
        self.bias += middle - came;
        self.mean_absolute_error += (middle - came).abs();
        self.interval += high - low + MISS_PENALTY * ((low - came).max(0.0) + (came - high).max(0.0));
    }

    /// The share of numbers that lay in the interval.
    #[must_use]
    pub fn coverage(&self) -> f64 {
        count(self.inside) / count(self.forecasts)
    }

    /// The shares of numbers below the interval and above it; one in ten each when it is balanced.
    #[must_use]
    pub fn tails(&self) -> [f64; 2] {
        self.tails.map(|tail| count(tail) / count(self.forecasts))
    }

    /// The share of intervals that reached above everybody.
    #[must_use]
    pub fn above_all(&self) -> f64 {
        count(self.above_all) / count(self.forecasts)
    }

    /// How much too high the middle was on average.
    #[must_use]
    pub fn bias(&self) -> f64 {
        self.bias / count(self.forecasts)
    }

    /// How far off the middle was on average.
    #[must_use]
    pub fn mean_absolute_error(&self) -> f64 {
        self.mean_absolute_error / count(self.forecasts)
    }

    /// The interval score of Gneiting and Raftery: width, and a fine for every miss. Lower is better.
    #[must_use]
    pub fn interval(&self) -> f64 {
        self.interval / count(self.forecasts)
    }
}

/// What came of the dates.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Dates {
    /// Goals reached within the data.
    pub reached: usize,
    /// Of them, those reached between the early date and the late one.
    pub inside: usize,
    /// Not reached by the late date.
    pub missed: usize,
    /// Goals said not to be reached at this pace.
    pub never_forecast: usize,
    /// Of them, those that were reached within the data.
    pub reached_after_all: usize,
}

impl Dates {
    /// The share of the dates that can be judged which were right.
    #[must_use]
    pub fn coverage(&self) -> f64 {
        count(self.inside) / count(self.reached + self.missed)
    }
}

/// The outcome of a back-test.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Backtest {
    /// By forecaster and horizon.
    pub scores: BTreeMap<(&'static str, usize), Score>,
    /// By size and forecaster, [`SIZES_AT`] months ahead.
    pub sizes: BTreeMap<(&'static str, &'static str), Score>,
    /// The dates.
    pub dates: Dates,
    /// Forecasts refused, by reason.
    pub refused: BTreeMap<&'static str, usize>,
    /// Forecasts made.
    pub forecasts: usize,
    /// Chances of reaching a goal within a year.
    pub chances: usize,
    chance: f64,
    chance_last_value: f64,
}

/// Tells the future of a nation from every month that has a whole window behind it and months ahead.
#[must_use]
pub fn backtest(seed: u64, municipalities: usize, months: usize) -> Backtest {
    let panel = simulate_panel(seed, municipalities, months);
    let assessed = fit_panel(&panel);
    let mut out = Backtest::default();
    for (series, trends) in panel.iter().zip(&assessed) {
        let lonely = fit_panel(std::slice::from_ref(series));
        let lonely = lonely.first().map(Vec::as_slice).unwrap_or_default();
        // Before a whole window no forecaster has its usual basis, and the comparison would be unfair.
        for (place, (trend, alone)) in trends.iter().zip(lonely).enumerate().skip(WINDOW) {
            match (trend, alone) {
                (Ok(trend), Ok(alone)) => {
                    out.forecasts += 1;
                    out.shares(series, place, trend, alone);
                    out.goals(series, place, trend);
                }
                (Err(refusal), _) | (_, Err(refusal)) => {
                    *out.refused.entry(refusal.as_str()).or_default() += 1;
                }
            }
        }
    }
    out
}

impl Backtest {
    /// The mean squared distance between the chance of reaching a goal within a year and what came (Brier's score); and
    /// that of one who believes that everything stays as it is. Lower is better.
    #[must_use]
    pub fn chance_scores(&self) -> (f64, f64) {
        (self.chance / count(self.chances), self.chance_last_value / count(self.chances))
    }

    fn shares(&mut self, series: &[Option<Point>], place: usize, trend: &Trend, alone: &Trend) {
        let size = SIZES.iter().rfind(|size| trend.eligible >= size.1).map_or("", |size| size.0);
        for ahead in HORIZONS {
            let Some(came) = series.get(place + ahead).copied().flatten().map(|point| point.share()) else {
                continue;
            };
            let months = count(ahead);
            let ends = |trend: &Trend| [-Z_80, 0.0, Z_80].map(|z| trend.share(months, z));
            let known = recent(series, place);
            let forecasts =
                [ends(trend), ends(alone), last_value(&known, months), straight_line(&known, months)];
            for (forecaster, forecasts) in FORECASTERS.into_iter().zip(forecasts) {
                self.scores.entry((forecaster, ahead)).or_default().add(forecasts, came);
                if ahead == SIZES_AT {
                    self.sizes.entry((size, forecaster)).or_default().add(forecasts, came);
                }
            }
        }
    }

    fn goals(&mut self, series: &[Option<Point>], place: usize, trend: &Trend) {
        let ahead = series.len() - 1 - place;
        let now = series.get(place).copied().flatten().map_or(0.0, |point| point.share());
        for goal in GOALS.into_iter().filter(|goal| now < *goal) {
            let came = (1..=ahead).find(|ahead| {
                series.get(place + ahead).copied().flatten().is_some_and(|point| point.share() >= goal)
            });
            let arrival = trend.arrival(goal, 240);
            self.dates.never_forecast += usize::from(arrival.middle.is_none());
            self.dates.reached_after_all += usize::from(arrival.middle.is_none() && came.is_some());
            // No date is later than every date: an open late end holds whatever came.
            let early = arrival.early.unwrap_or(usize::MAX);
            let late = arrival.late.unwrap_or(usize::MAX);
            match came {
                Some(came) => {
                    self.dates.reached += 1;
                    self.dates.inside += usize::from(early <= came && came <= late);
                }
                None => self.dates.missed += usize::from(late <= ahead),
            }
            // With fewer months of data left it is not known whether a year was enough.
            if ahead >= 12 {
                let within = f64::from(u8::from(came.is_some_and(|came| came <= 12)));
                self.chances += 1;
                self.chance += (trend.chance(goal, 12.0) - within).powi(2);
                // The chance of everything staying as it is is 0, and the square of 1 is 1.
                self.chance_last_value += within;
            }
        }
    }
}

/// Age and share of the points of the window.
fn recent(series: &[Option<Point>], place: usize) -> Vec<(f64, f64)> {
    let first = (place + 1).saturating_sub(WINDOW);
    let at = |at: usize| {
        let point = series.get(at).copied().flatten()?;
        Some((-count(place - at), point.share()))
    };
    (first..=place).filter_map(at).collect()
}

/// It stays as it is, give or take what it has moved from month to month.
fn last_value(known: &[(f64, f64)], ahead: f64) -> [f64; 3] {
    let last = known.last().map_or(0.0, |known| known.1);
    let moves = known.windows(2).map(|pair| (pair[1].1 - pair[0].1).powi(2)).sum::<f64>();
    let deviation = (moves / count(known.len() - 1) * ahead).sqrt();
    [-Z_80, 0.0, Z_80].map(|z| last + z * deviation)
}

/// The least-squares line through the shares, with its textbook interval.
fn straight_line(known: &[(f64, f64)], ahead: f64) -> [f64; 3] {
    let many = count(known.len());
    let (x, y) =
        (known.iter().map(|k| k.0).sum::<f64>() / many, known.iter().map(|k| k.1).sum::<f64>() / many);
    let across = known.iter().map(|k| (k.0 - x).powi(2)).sum::<f64>();
    let slope = known.iter().map(|k| (k.0 - x) * (k.1 - y)).sum::<f64>() / across;
    // A line takes two parameters, so two points fewer are free.
    let left = known.iter().map(|k| (k.1 - y - slope * (k.0 - x)).powi(2)).sum::<f64>() / (many - 2.0);
    let deviation = (left * (1.0 + 1.0 / many + (ahead - x).powi(2) / across)).sqrt();
    [-Z_80, 0.0, Z_80].map(|z| y + slope * (ahead - x) + z * deviation)
}
