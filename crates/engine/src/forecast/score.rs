//! What came of forecasts: how many numbers lay in the interval, below and above it, and of dates.

use super::outlook::Arrival;
use super::table::tidy;
use super::trend::count;

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
    /// Compares what is reported: four decimals, like an answer has.
    pub(super) fn add(&mut self, forecasts: [f64; 3], came: f64) {
        let ([low, middle, high], came) = (forecasts.map(tidy), tidy(came));
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
    /// Compares the dates of a goal with the number of periods it took, of the `ahead` there is data of.
    pub(super) fn add(&mut self, arrival: &Arrival, came: Option<usize>, ahead: usize) {
        self.never_forecast += usize::from(arrival.middle.is_none());
        self.reached_after_all += usize::from(arrival.middle.is_none() && came.is_some());
        // No date is later than every date: an open late end holds whatever came.
        let early = arrival.early.unwrap_or(usize::MAX);
        let late = arrival.late.unwrap_or(usize::MAX);
        match came {
            Some(came) => {
                self.reached += 1;
                self.inside += usize::from(early <= came && came <= late);
            }
            None => self.missed += usize::from(late <= ahead),
        }
    }

    /// The share of the dates that can be judged which were right.
    #[must_use]
    pub fn coverage(&self) -> f64 {
        count(self.inside) / count(self.reached + self.missed)
    }
}
