//! When a goal will be reached, if growth stays bounded: nobody grows above everybody who could.
//!
//! **The scale.** A share of x in n persons stands at `z = ln((x + ½) / (n − x + ½))`, where growth towards everybody is a
//! straight line and everybody lies at the end of the scale.
//!
//! **One series** (`trend`). Its points of the last 24 periods, a point of age a weighing `w = 0.7^a`, make a line by
//! least squares: mean `z̄` at the mean time `−u` periods ago, slope `b`, and the scatter `s²` about it. With independent
//! errors `Var z̄ = s² Σw²/(Σw)²` and `Var b = s² Σw²(t−t̄)²/(Σw(t−t̄)²)²`, with `(Σw)²/Σw² − 2` free points.
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
//! come in h periods. `z(h)` is normal about `z̄ + b'(u + r)` with variance `Var z̄ + (u + r)² Var b' + r² q + s²`. The slope's
//! own restlessness q is learnt: of the pool's forecasts 3, 6 and 12 periods ago for now, it is what four of five would have
//! needed for now to lie inside their 80 % intervals; 0.0012 before anything is learnt, which weighs as twenty.
//!
//! **The answer.** The chance of a goal by a day is the greatest of the chances at the ends of the periods until then; its
//! median date is the first end of a period with a chance of one half, the 80 % interval is from one in ten to nine in ten.
//!
//! [`backtest`] says how good that is on an invented nation (`nation`). Nothing here is thrown, and no clock is read:
//! the same points give the same answer, in whatever order they come.

mod backtest;
mod outlook;
mod panel;
mod pool;
mod table;
mod trend;

#[cfg(test)]
mod tests;

pub use backtest::{Backtest, Dates, FORECASTERS, HORIZONS, SIZES, SIZES_AT, Score, backtest};

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use chrono::NaiveDate;

use crate::question::resolve::ResolvedQuery;

/// Why rows cannot be forecast from.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ForecastError {
    /// A view asks for a function that does not exist.
    #[error("`through` names {0}; there is bounded_growth")]
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

/// The functions of `through` in a view's header: the rows a view's text gives become those its readers see.
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
