//! How good the forecasts would have been: told again from every earlier month of an invented nation and held against
//! what came, beside two peers that anyone can draw with a ruler.

use std::collections::BTreeMap;

use super::outlook::{Trend, Z_80};
use super::panel::{Municipality, simulate_panel};
use super::pool::fit_panel;
use super::score::{Dates, Score};
use super::trend::{Point, Series, WINDOW, count};

/// Months told ahead.
pub const HORIZONS: [usize; 3] = [3, 6, 12];

/// Who tells: the forecasts of this crate; the same without a pool to borrow from; and two peers.
pub const FORECASTERS: [&str; 4] = ["bounded_growth", "without_pool", "last_value", "straight_line"];

/// Sizes of municipalities, and from how many persons on.
pub const SIZES: [(&str, f64); 3] = [("small", 0.0), ("middle", 2000.0), ("large", 10_000.0)];

/// The horizon at which sizes are told apart.
pub const SIZES_AT: usize = 6;

/// Fewest municipalities tried, together: of 357 alone a tail of one in ten is measured to about one part in a hundred.
const FEWEST: usize = 357;

/// Months a back-test of dates takes: of fewer only the early arrivals are seen, and those say nothing of the late ones.
pub const MONTHS_FOR_DATES: usize = 60;

/// Goals whose dates are told.
const GOALS: [f64; 2] = [0.4, 0.6];

/// The outcome of a back-test.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Backtest {
    /// Nations of so many municipalities: enough of them that chance does not decide.
    pub nations: usize,
    /// By forecaster and horizon.
    pub scores: BTreeMap<(&'static str, usize), Score>,
    /// By size and forecaster, [`SIZES_AT`] months ahead.
    pub sizes: BTreeMap<(&'static str, &'static str), Score>,
    /// This crate's forecasts by how a municipality grows; whether something nobody could foresee (it stalls, a campaign
    /// begins, the counting changes) lies between the forecast and its number; and horizon.
    pub kinds: BTreeMap<(&'static str, bool, usize), Score>,
    /// The dates; none with less than [`MONTHS_FOR_DATES`].
    pub dates: Option<Dates>,
    /// Forecasts refused, by reason.
    pub refused: BTreeMap<&'static str, usize>,
    /// Forecasts made.
    pub forecasts: usize,
    /// Chances of reaching a goal within a year.
    pub chances: usize,
    chance: f64,
    chance_last_value: f64,
}

/// Forecasts a nation from every month that has a whole window behind it and months ahead. A small nation is one of
/// several, each forecast by itself.
#[must_use]
pub fn backtest(seed: u64, municipalities: usize, months: usize) -> Backtest {
    let nations = (FEWEST / municipalities.max(1)).max(1);
    let panel = simulate_panel(seed, municipalities * nations, months);
    let dates = (months >= MONTHS_FOR_DATES).then(Dates::default);
    let mut out = Backtest { nations, dates, ..Backtest::default() };
    for nation in panel.chunks(municipalities.max(1)) {
        out.nation(nation);
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

    fn nation(&mut self, nation: &[Municipality]) {
        let panel: Vec<Series> = nation.iter().map(|municipality| municipality.series.clone()).collect();
        for (municipality, trends) in nation.iter().zip(fit_panel(&panel)) {
            let lonely = fit_panel(std::slice::from_ref(&municipality.series));
            let lonely = lonely.first().map(Vec::as_slice).unwrap_or_default();
            // Before a whole window no forecaster has its usual basis, and the comparison would be unfair.
            for (place, (trend, alone)) in trends.iter().zip(lonely).enumerate().skip(WINDOW) {
                match (trend, alone) {
                    (Ok(trend), Ok(alone)) => {
                        self.forecasts += 1;
                        self.shares(municipality, place, trend, alone);
                        self.goals(&municipality.series, place, trend);
                    }
                    (Err(refusal), _) | (_, Err(refusal)) => {
                        *self.refused.entry(refusal.as_str()).or_default() += 1;
                    }
                }
            }
        }
    }

    fn shares(&mut self, municipality: &Municipality, place: usize, trend: &Trend, alone: &Trend) {
        let series = &municipality.series;
        let size = SIZES.iter().rfind(|size| trend.eligible >= size.1).map_or("", |size| size.0);
        for ahead in HORIZONS {
            let Some(came) = series.get(place + ahead).copied().flatten().map(|point| point.share()) else {
                continue;
            };
            let months = count(ahead);
            let ends = |trend: &Trend| [-Z_80, 0.0, Z_80].map(|z| trend.share(months, z));
            let kind = (municipality.kind, municipality.turns(place, ahead), ahead);
            self.kinds.entry(kind).or_default().add(ends(trend), came);
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
            if let Some(dates) = &mut self.dates {
                dates.add(&trend.arrival(goal, 240), came, ahead);
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
