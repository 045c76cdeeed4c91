//! One series, one period: is there anything to go on, and if so how high does it stand and how fast does it rise.

/// Periods looked back over.
pub(super) const WINDOW: usize = 24;

/// Fewest points a trend is told from.
pub(super) const FEWEST: usize = 8;

/// Reach below which growth is not yet told from noise.
pub(super) const LOWEST: f64 = 0.1;

/// What a point weighs beside the one a period younger.
const DISCOUNT: f64 = 0.7;

/// The smallest jump that is taken for a break, as a share.
const JUMP: f64 = 0.1;

/// And in robust deviations of the series' own changes, where Iglewicz and Hoaglin (1993) put the end of the ordinary.
const DEVIATIONS: f64 = 3.5;

/// Of a normal's deviation, how much the median distance from its middle is.
const MEDIAN_DEVIATION: f64 = 0.674_489_750_196_081_7;

/// Below this the scatter is rounding.
const LEAST_VARIANCE: f64 = 1e-6;

/// A number of users and of those who could be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    /// Users.
    pub(super) numerator: f64,
    /// Persons they are among.
    pub(super) denominator: f64,
}

impl Point {
    /// The share that use.
    #[must_use]
    pub(super) fn share(&self) -> f64 {
        self.numerator / self.denominator
    }

    /// On the scale where growth towards everybody is a straight line; half a person is added to users and to the
    /// others, so that nobody and everybody have a place on it too.
    #[must_use]
    pub(super) fn logit(&self) -> f64 {
        ((self.numerator + 0.5) / (self.denominator - self.numerator + 0.5)).ln()
    }

    /// The variance of that which chance alone would give (Anscombe's, for counts).
    fn chance_variance(&self) -> f64 {
        1.0 / (self.numerator + 0.5) + 1.0 / (self.denominator - self.numerator + 0.5)
    }
}

/// A series' points by place; none where nothing was told.
pub(super) type Series = Vec<Option<Point>>;

/// Why nothing is foretold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Refusal {
    /// The period itself has no number.
    NoNumber,
    /// The period's number speaks for too few of the area's inhabitants.
    LowCoverage,
    /// More are counted than could be: the two do not count the same persons.
    AboveEligible,
    /// It jumped, in the period at this place, and too few points have come since.
    Break(usize),
    /// Too few points.
    FewPoints,
    /// Too few use it yet.
    LowReach,
}

impl Refusal {
    /// The word answers have.
    #[must_use]
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::NoNumber => "no_number",
            Self::LowCoverage => "low_coverage",
            Self::AboveEligible => "above_eligible",
            Self::Break(_) => "break",
            Self::FewPoints => "few_points",
            Self::LowReach => "low_reach",
        }
    }
}

/// A line through a series' points, the young ones counting most; nothing is borrowed from others yet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Line {
    /// The weighted mean of the logits.
    pub(super) mean: f64,
    /// How many periods before the last one that mean lies.
    pub(super) behind: f64,
    /// Rise a period.
    pub(super) slope: f64,
    /// The mean's variance in units of the scatter's.
    pub(super) mean_weight: f64,
    /// The slope's, likewise.
    pub(super) slope_weight: f64,
    /// The scatter about the line.
    pub(super) scatter: f64,
    /// How many free points that is told from.
    pub(super) freedom: f64,
    /// What chance alone would scatter at the last point.
    pub(super) chance: f64,
    /// Persons at the last point.
    pub(super) eligible: f64,
}

/// The line a series' points up to `place` make, or why none is told.
pub(super) fn line(series: &[Option<Point>], place: usize) -> Result<Line, Refusal> {
    let first = (place + 1).saturating_sub(WINDOW);
    let found: Vec<(usize, Point)> =
        (first..=place).filter_map(|at| series.get(at).copied().flatten().map(|point| (at, point))).collect();
    let last = match found.last() {
        Some((at, point)) if *at == place => *point,
        _ => return Err(Refusal::NoNumber),
    };
    if found.iter().any(|(_, point)| point.numerator > point.denominator || point.denominator <= 0.0) {
        return Err(Refusal::AboveEligible);
    }
    let jumped = newest_jump(&found);
    // Points from before a break follow another way of counting.
    let since = jumped.unwrap_or(0);
    let points = found.get(since..).unwrap_or_default();
    if points.len() < FEWEST {
        let at = jumped.and_then(|jump| found.get(jump)).map(|(at, _)| *at);
        return Err(at.map_or(Refusal::FewPoints, Refusal::Break));
    }
    if last.share() < LOWEST {
        return Err(Refusal::LowReach);
    }
    Ok(line_through(points, place, &last))
}

/// The newest place a series jumps at: it changes by more than its own changes explain.
fn newest_jump(points: &[(usize, Point)]) -> Option<usize> {
    let changes: Vec<f64> =
        points.windows(2).map(|pair| rise(&pair[0], &pair[1]) / gap(&pair[0], &pair[1])).collect();
    let middle = median(&changes)?;
    let distances: Vec<f64> = changes.iter().map(|change| (change - middle).abs()).collect();
    let deviation = median(&distances)? / MEDIAN_DEVIATION;
    // The greater of both: a series that hardly moves would break at the slightest change.
    let most = JUMP.max(DEVIATIONS * deviation);
    let jumps =
        |pair: &[(usize, Point)]| (rise(&pair[0], &pair[1]) - middle * gap(&pair[0], &pair[1])).abs() > most;
    points.windows(2).rposition(jumps).map(|before| before + 1)
}

fn rise(a: &(usize, Point), b: &(usize, Point)) -> f64 {
    b.1.share() - a.1.share()
}

fn gap(a: &(usize, Point), b: &(usize, Point)) -> f64 {
    count(b.0 - a.0)
}

/// A small whole number.
pub(super) fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}

/// The middle of some numbers, of the two middle ones when they are even.
pub(super) fn median(numbers: &[f64]) -> Option<f64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = *sorted.get((sorted.len() - 1) / 2)?;
    Some(f64::midpoint(lower, upper))
}

/// Discounted least squares.
fn line_through(points: &[(usize, Point)], place: usize, last: &Point) -> Line {
    let rows: Vec<(f64, f64, f64)> = points
        .iter()
        .map(|(at, point)| {
            let age = count(place - at);
            (DISCOUNT.powf(age), -age, point.logit())
        })
        .collect();
    let sum = |of: &dyn Fn(&(f64, f64, f64)) -> f64| rows.iter().map(of).sum::<f64>();
    let weight = sum(&|row| row.0);
    let squares = sum(&|row| row.0 * row.0);
    let when = sum(&|row| row.0 * row.1) / weight;
    let mean = sum(&|row| row.0 * row.2) / weight;
    let spread = sum(&|row| row.0 * (row.1 - when).powi(2));
    let slope = sum(&|row| row.0 * (row.1 - when) * row.2) / spread;
    let left = sum(&|row| row.0 * (row.2 - mean - slope * (row.1 - when)).powi(2));
    let lever = sum(&|row| (row.0 * (row.1 - when)).powi(2)) / spread;
    // What the weighted squares about the line come to on average, in units of the scatter: what is left of the weights
    // when the line has taken its two parameters.
    let unbound = weight - squares / weight - lever;
    Line {
        mean,
        behind: -when,
        slope,
        mean_weight: squares / (weight * weight),
        slope_weight: lever / spread,
        scatter: (left / unbound).max(LEAST_VARIANCE),
        // In points of one weight: of n such points it is n - 2.
        freedom: (unbound * weight / squares).max(0.0),
        chance: last.chance_variance(),
        eligible: last.denominator,
    }
}
