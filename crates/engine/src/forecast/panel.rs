//! An invented nation to try the forecasts on: a seed decides everything. Most of its municipalities do **not** grow
//! the way the forecasts assume, on purpose.

use super::trend::{Point, Series, count};

/// How a municipality grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GrowthModel {
    /// S-shaped, to its own ceiling.
    Logistic,
    /// Fast first and slower ever after.
    Gompertz,
    /// As many each month until all who will have come.
    Linear,
    /// S-shaped until it stops.
    Stalled,
    /// S-shaped, less used in July and December.
    Seasonal,
    /// Slow, until a campaign makes it fast.
    Campaign,
    /// Up and down as it pleases.
    Wandering,
    /// S-shaped, with one jump because the counting changed.
    Recounted,
}

impl GrowthModel {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Logistic => "logistic",
            Self::Gompertz => "gompertz",
            Self::Linear => "linear",
            Self::Stalled => "stalled",
            Self::Seasonal => "seasonal",
            Self::Campaign => "campaign",
            Self::Wandering => "wandering",
            Self::Recounted => "recounted",
        }
    }

    /// Whether something happens in the month of the turn.
    const fn turns(self) -> bool {
        matches!(self, Self::Stalled | Self::Campaign | Self::Recounted)
    }
}

const GROWTH_MODELS: [(GrowthModel, f64); 8] = [
    (GrowthModel::Logistic, 0.2),
    (GrowthModel::Gompertz, 0.2),
    (GrowthModel::Linear, 0.15),
    (GrowthModel::Stalled, 0.1),
    (GrowthModel::Seasonal, 0.12),
    (GrowthModel::Campaign, 0.08),
    (GrowthModel::Wandering, 0.1),
    (GrowthModel::Recounted, 0.05),
];

/// Splitmix64: every number follows from the one before it.
#[derive(Debug)]
struct Rng(u64);

impl Rng {
    fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        f64::from(u32::try_from((z ^ (z >> 31)) >> 32).unwrap_or_default()) / 4_294_967_296.0
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.share()
    }

    /// Nearly normal: twelve throws added.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.share()).sum::<f64>() - 6.0
    }
}

/// An invented municipality.
#[derive(Debug)]
pub(super) struct Municipality {
    /// How it grows.
    pub(super) kind: &'static str,
    /// The first month after something nobody could foresee: it stalls, a campaign begins, the counting changes.
    turn: Option<f64>,
    /// What it reports.
    pub(super) series: Series,
}

impl Municipality {
    /// Whether something nobody could foresee happens in the `ahead` months after a month.
    pub(super) fn turns(&self, month: usize, ahead: usize) -> bool {
        self.turn.is_some_and(|turn| turn > count(month) && turn <= count(month + ahead))
    }
}

/// So many municipalities over so many months.
#[must_use]
pub(super) fn simulate_panel(seed: u64, municipalities: usize, months: usize) -> Vec<Municipality> {
    let mut rng = Rng(seed);
    (0..municipalities).map(|_| municipality(&mut rng, months)).collect()
}

fn growth_model(rng: &mut Rng) -> GrowthModel {
    let mut left = rng.share();
    for (growth_model, share) in GROWTH_MODELS {
        if left < share {
            return growth_model;
        }
        left -= share;
    }
    // Rounding may leave a rest after the last share.
    GrowthModel::Logistic
}

fn municipality(rng: &mut Rng, months: usize) -> Municipality {
    // From some hundreds to some hundred thousand persons; 200 at least.
    let persons = (5000.0 * (1.2 * rng.normal()).exp()).max(200.0).round();
    let path = Path {
        growth_model: growth_model(rng),
        ceiling: rng.between(0.35, 0.98),
        middle: rng.between(5.0, 45.0),
        pace: rng.between(0.06, 0.22),
        turn: rng.between(18.0, 54.0),
    };
    // Some count few persons, some count badly.
    let (uneven, sluggish) = (rng.between(0.005, 0.04), rng.between(0.0, 0.6));
    let (mut mood, mut walk) = (0.0, 0.0);
    let mut series = Series::with_capacity(months);
    for month in 0..months {
        walk += 0.06 * rng.normal();
        mood = sluggish * mood + uneven * rng.normal();
        let share = path.share(count(month), walk);
        // Chance is the binomial's: few persons scatter more.
        let chance = (share * (1.0 - share) / persons).sqrt() * rng.normal();
        let counted = ((share * (1.0 + mood) + 1.5 * chance) * persons).round().clamp(0.0, persons);
        let silent = rng.share() < 0.03;
        series.push((!silent).then_some(Point { numerator: counted, denominator: persons }));
    }
    let growth_model = path.growth_model;
    Municipality { kind: growth_model.as_str(), turn: growth_model.turns().then_some(path.turn), series }
}

/// A municipality's way without chance.
#[derive(Debug)]
struct Path {
    growth_model: GrowthModel,
    ceiling: f64,
    /// The month half of those who will have come.
    middle: f64,
    pace: f64,
    /// The month something happens.
    turn: f64,
}

impl Path {
    fn share(&self, month: f64, walk: f64) -> f64 {
        let s = |month: f64| self.ceiling / (1.0 + (-self.pace * (month - self.middle)).exp());
        match self.growth_model {
            GrowthModel::Logistic => s(month),
            GrowthModel::Gompertz => {
                self.ceiling
                    * (-std::f64::consts::LN_2 * (-0.8 * self.pace * (month - self.middle)).exp()).exp()
            }
            GrowthModel::Linear => (0.02 + 0.12 * self.pace * month).min(self.ceiling),
            GrowthModel::Stalled => s(month.min(self.turn)),
            GrowthModel::Seasonal => {
                let dip = match month % 12.0 {
                    july if (6.0..7.0).contains(&july) => 0.88,
                    december if december >= 11.0 => 0.94,
                    _ => 1.0,
                };
                s(month) * dip
            }
            GrowthModel::Campaign => {
                let slow = 0.3 * month.min(self.turn);
                s(slow + (month - self.turn).max(0.0) * 1.3)
            }
            GrowthModel::Wandering => self.ceiling / (1.0 + (1.0 - 0.02 * month - walk).exp()),
            GrowthModel::Recounted => (s(month) + if month >= self.turn { 0.2 } else { 0.0 }).min(0.99),
        }
    }
}
