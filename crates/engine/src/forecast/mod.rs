//! When a goal will be reached, if growth stays bounded: nobody grows above everybody who could.
//!
//! **The scale.** A share of x in n persons stands at `z = ln((x + ½) / (n − x + ½))`, where growth towards everybody is a
//! straight line and everybody lies at the end of the scale.
//!
//! **One series** (`trend`). Its points of the last 24 periods, a point of age a weighing `w = 0.7^a`, make a line by
//! least squares: mean `z̄` at the mean time `−u` periods ago, slope `b`, and the scatter `s²` about it. With independent
//! errors `Var z̄ = s² Σw²/(Σw)²` and `Var b = s² Σw²(t−t̄)²/(Σw(t−t̄)²)²`. The weighted squares about the line are on average
//! `s² d`, `d = Σw − Σw²/Σw − Σw²(t−t̄)²/Σw(t−t̄)²`, which gives s²; so many points are free as `d Σw/Σw²`, never fewer than 0.
//!
//! **Refusals.** No line is told across a break (a change that is more than 10 points and 3.5 robust deviations away from
//! the median of the series' own changes; Iglewicz and Hoaglin 1993) until eight points have come, nor from fewer than eight points, below a reach of
//! 10 %, or where more are counted than could be.
//!
//! **The pool** (`pool`): all series of the answer. `ln s²` is drawn towards the least-squares line of `ln s²` on the
//! logarithm of what counting so many persons scatters by chance, `1/(x+½) + 1/(n−x+½)`. Slopes are drawn towards their
//! common mean m by empirical Bayes with DerSimonian and Laird's τ² (1986): `b' = k b + (1−k) m`, `k = τ²/(τ² + Var b)`,
//! `Var b' = k Var b + (1−k)² Var m`.
//!
//! **The future** (`outlook`). A rise is damped (Gardner and McKenzie 1985): `r(h) = Σ 0.93^i, i = 1..h` of today's slope
//! come in h periods. The line gives `z̄ + b'(u + r)`, with the variance
//! `v = Var z̄ + (u + r)² Var b' + r² (0.0012 + (b'/4)²) + s²`: a slope moves by itself, and the damping is not known either.
//!
//! **The ends** (`errors`). Neither is such a line the middle, nor are its errors normal: growth slackens, so more numbers fall
//! below than above. So low end, middle and high end are learnt, each by itself: the errors `e = (z − line)/√v` of earlier
//! forecasts for 3, 6 and 12 periods are sorted, and the ends lie at their 10 %, 50 % and 90 % (split conformal intervals with
//! signed errors: Vovk, Gammerman and Shafer 2005; Linusson, Johansson and Löfström 2014; Romano, Patterson and Candès 2019).
//! Of n errors the rank is part × (n + 1). Compared are forecasts that are alike (Mondrian, after Vovk): of the same third
//! of slopes b' at their period, and in it of the same third of the area's own newest error 3 periods ahead, 0 where it has
//! none. The newest errors count, of as many of the last 12 periods as it takes to have 50 (Barber, Candès, Ramdas and
//! Tibshirani 2023, on errors that drift); the ends of a normal distribution, ±1.2816 and 0, weigh as 10 errors more. While fewer
//! than 12 of the last 12 periods have errors at a horizon, no end is nearer than the normal one. Between horizons ends are
//! interpolated by h; nearer than 3 and farther than 12 they are those of 3 and of 12. A number that is refused now teaches nothing.
//!
//! **The answer.** On each side of the middle the distribution is half a normal one through its end (two-piece normal, as of
//! fan charts). The chance of a goal by a day is the greatest of the chances at the ends of the periods until then; its
//! median date is the first end of a period with a chance of one half, the 80 % interval is from one in ten to nine in ten.
//!
//! [`backtest`] says how good that is on an invented nation (`nation`). Nothing here is thrown, and no clock is read:
//! the same points give the same answer, in whatever order they come.

mod backtest;
mod errors;
mod outlook;
mod panel;
mod pool;
mod score;
mod table;
mod trend;

#[cfg(test)]
mod tests;

pub use backtest::{Backtest, FORECASTERS, HORIZONS, MONTHS_FOR_DATES, SIZES, SIZES_AT, backtest};
pub use score::{Dates, Score};

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use chrono::NaiveDate;

use crate::question::resolve::ResolvedQuery;

/// Why rows cannot be forecast from.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ForecastError {
    /// A view asks for a function that does not exist.
    #[error("`table_function` names {0}; there is bounded_growth")]
    Function(String),
    /// A column the function takes is absent.
    #[error("it has no column {0}")]
    NoColumn(String),
    /// A row without its first or last day.
    #[error("a row has no period")]
    NoPeriod,
    /// A series with two numbers for one period.
    #[error("it has two rows for {code} in the period of {start}")]
    Twice {
        /// The area.
        code: String,
        /// The period's first day.
        start: NaiveDate,
    },
    /// A column of another type.
    #[error(transparent)]
    Arrow(#[from] ArrowError),
}

/// The functions of `table_function` in a view's header: the rows a view's text gives become those its readers see.
pub(crate) fn apply(
    function: &str,
    rows: &[RecordBatch],
    query: &ResolvedQuery<'_>,
) -> Result<RecordBatch, ForecastError> {
    match function {
        "bounded_growth" => {
            let starts: Vec<NaiveDate> = query.scope.periods.iter().map(|period| period.start).collect();
            let first = query.shown.first().map_or(query.scope.day, |period| period.start);
            table::bounded_growth(rows, &starts, first)
        }
        _ => Err(ForecastError::Function(function.to_owned())),
    }
}
