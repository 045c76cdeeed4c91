//! Fits many series together. Short and small series are shrunk towards the pooled slope and scatter; the ends of the
//! intervals are learnt from the errors of earlier forecasts.

use super::errors::{Errors, LEARNT_AT};
use super::outlook::{NORMAL_ENDS, Trend};
use super::trend::{Line, Refusal, Series, count, line};

/// The weight of the pooled scatter, in degrees of freedom.
const SCATTER_WORTH: f64 = 4.0;

/// Fits a trend for each series at each period. The order of the series decides only the order of the result.
#[must_use]
pub(super) fn fit_panel(series: &[Series]) -> Vec<Vec<Result<Trend, Refusal>>> {
    let places = series.iter().map(Vec::len).max().unwrap_or(0);
    let mut forecasts: Vec<Vec<Result<Trend, Refusal>>> = vec![Vec::with_capacity(places); series.len()];
    let mut errors = Errors::default();
    for place in 0..places {
        // Place by place: a forecast must know nothing of what came after it.
        let lines: Vec<Result<Line, Refusal>> = series.iter().map(|one| line(one, place)).collect();
        let mut trends = shrink_towards_pool(&lines);
        errors.learn(series, &forecasts, &mut trends);
        for (so_far, trend) in forecasts.iter_mut().zip(trends) {
            so_far.push(trend);
        }
    }
    forecasts
}

/// Slopes and scatters drawn towards the pool's.
fn shrink_towards_pool(lines: &[Result<Line, Refusal>]) -> Vec<Result<Trend, Refusal>> {
    let accepted: Vec<&Line> = lines.iter().flatten().collect();
    let scatter = scatter_of(&accepted);
    let slopes: Vec<(f64, f64)> =
        accepted.iter().map(|line| (line.slope, scatter(line) * line.slope_weight)).collect();
    let pool = pooled(&slopes);
    let trend = |line: &Line| {
        let noise = scatter(line);
        let own = noise * line.slope_weight;
        let kept = 1.0 / (1.0 + own / pool.between);
        Trend {
            mean: line.mean,
            behind: line.behind,
            slope: kept * line.slope + (1.0 - kept) * pool.mean,
            mean_variance: noise * line.mean_weight,
            slope_variance: kept * own + (1.0 - kept).powi(2) * pool.mean_variance,
            noise,
            ends: [NORMAL_ENDS; LEARNT_AT.len()],
            group: 0,
            eligible: line.eligible,
        }
    };
    lines.iter().map(|line| line.as_ref().map(trend).map_err(|refusal| *refusal)).collect()
}

/// How much a line's points scatter: the logarithm of its own variance drawn towards what lines of its size have.
fn scatter_of(lines: &[&Line]) -> impl Fn(&Line) -> f64 {
    let logs: Vec<(f64, f64)> = lines.iter().map(|line| (line.chance.ln(), line.scatter.ln())).collect();
    let many = count(logs.len());
    let (x, y) =
        (logs.iter().map(|(x, _)| x).sum::<f64>() / many, logs.iter().map(|(_, y)| y).sum::<f64>() / many);
    let along = logs.iter().map(|(a, b)| (a - x) * (b - y)).sum::<f64>();
    let across = logs.iter().map(|(a, _)| (a - x).powi(2)).sum::<f64>();
    // Less chance never scatters more, nor does scatter grow faster than chance.
    let rise = if across > 0.0 { (along / across).clamp(0.0, 1.0) } else { 0.0 };
    let alone = logs.len() < 3;
    move |line| {
        let own = line.scatter.ln();
        let others = if alone { own } else { y + rise * (line.chance.ln() - x) };
        ((line.freedom * own + SCATTER_WORTH * others) / (line.freedom + SCATTER_WORTH)).exp()
    }
}

/// The pool's slope.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pooled {
    pub(super) mean: f64,
    pub(super) mean_variance: f64,
    /// How much the series' true slopes differ.
    pub(super) between: f64,
}

/// DerSimonian and Laird's estimate of the mean of slopes told with different certainty, and of their true spread.
pub(super) fn pooled(slopes: &[(f64, f64)]) -> Pooled {
    // One slope alone stands for itself.
    if let [(mean, mean_variance)] = *slopes {
        return Pooled { mean, mean_variance, between: f64::INFINITY };
    }
    let sum = |of: &dyn Fn(&(f64, f64)) -> f64| slopes.iter().map(of).sum::<f64>();
    let weight = sum(&|slope| 1.0 / slope.1);
    let squares = sum(&|slope| 1.0 / (slope.1 * slope.1));
    let fixed = sum(&|slope| slope.0 / slope.1) / weight;
    let scatter = sum(&|slope| (slope.0 - fixed).powi(2) / slope.1);
    let between = ((scatter - count(slopes.len()) + 1.0) / (weight - squares / weight)).max(0.0);
    let weight = sum(&|slope| 1.0 / (slope.1 + between));
    let mean = sum(&|slope| slope.0 / (slope.1 + between)) / weight;
    Pooled { mean, mean_variance: 1.0 / weight, between }
}
