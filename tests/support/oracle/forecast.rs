//! When a goal is reached, once more from the formulas in the engine's documentation, with nothing of its code: normal
//! equations, sums written out, an integral by Simpson's rule, and one month after another.

use std::collections::BTreeMap;

use chrono::Months;

use super::targets::{goal, is_representative, measured};
use super::{OracleRequest, OracleRow, Span, before, spans};
use crate::world::{Day, World};

/// More than the engine sees where there is more: what is told must not depend on where one begins to look.
const BACK: usize = 55;

/// A share at the end of a period: users and all who could be.
type Count = (f64, f64);

/// What is known of a series at one place, before and after it has borrowed from the others.
#[derive(Debug, Clone, Copy)]
struct Known {
    mean: f64,
    ago: f64,
    slope: f64,
    mean_weight: f64,
    slope_weight: f64,
    scatter: f64,
    free: f64,
    by_chance: f64,
    persons: f64,
    noise: f64,
    slope_variance: f64,
    /// Low, middle and high end of the errors, for 3, 6 and 12 periods ahead.
    ends: [[f64; 3]; 3],
    /// The third of the slopes, and the third of the areas' own errors.
    thirds: (usize, usize),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum No {
    Number,
    Coverage,
    Eligible,
    Break(usize),
    Points,
    LowReach,
}

/// The rows a request must be answered with.
pub(crate) fn answer(world: &World, request: &OracleRequest) -> Vec<OracleRow> {
    let shown = spans(world, request);
    let Some(first) = shown.first() else { return Vec::new() };
    let beginning = world.divisions.iter().map(|division| division.date).min();
    let mut seen = vec![*first];
    while seen.len() <= BACK && beginning.is_some_and(|day| day < seen[0].start) {
        seen.insert(0, before(world, request, &seen[0]));
    }
    let back = seen.len() - 1;
    seen.extend(&shown[1..]);
    let stated: Vec<Vec<OracleRow>> = seen.iter().map(|span| measured(world, request, span)).collect();
    let mut series: BTreeMap<Option<String>, Vec<Option<Count>>> = BTreeMap::new();
    for (place, row) in
        stated.iter().enumerate().flat_map(|(place, rows)| rows.iter().map(move |row| (place, row)))
    {
        let points = series.entry(row.key.clone()).or_insert_with(|| vec![None; seen.len()]);
        points[place] = row.numerator.zip(row.denominator).filter(|_| is_representative(row));
    }
    let assessed = fit_panel(&series, seen.len());
    let mut rows = Vec::new();
    for (place, span) in seen.iter().enumerate().skip(back) {
        for mut row in stated[place].clone() {
            let goal = goal(world, request, span, row.key.as_deref()).map(|goal| (goal.value, goal.due));
            row.extras = blank();
            match goal {
                Some(goal) => {
                    let known = &assessed[place][&row.key];
                    finish(&mut row, span, goal, known, &seen);
                }
                None => {
                    // Where there is no goal there is nothing to tell.
                    (row.value, row.numerator, row.denominator) = (None, None, None);
                    (row.coverage, row.coverage_of_expected) = (None, None);
                    (row.marks, row.reported, row.expected) = (0, 0, 0);
                    "not_applicable".clone_into(&mut row.state);
                }
            }
            rows.push(row);
        }
    }
    rows
}

const COLUMNS: [&str; 12] = [
    "target_share",
    "due",
    "outlook",
    "refusal",
    "break_period",
    "probability",
    "median_date",
    "early_date",
    "late_date",
    "due_share",
    "due_share_low",
    "due_share_high",
];

fn blank() -> BTreeMap<String, Option<f64>> {
    COLUMNS.iter().map(|name| ((*name).to_owned(), None)).collect()
}

/// A word as the comparison knows it.
fn word(text: &str) -> Option<f64> {
    Some(super::word_number(text))
}

#[expect(clippy::cast_precision_loss, reason = "days of this century")]
fn number(day: Day) -> f64 {
    (day - Day::default()).num_days() as f64
}

fn tidy(number: f64) -> f64 {
    (number * 10_000.0).round() / 10_000.0
}

fn finish(
    row: &mut OracleRow,
    span: &Span,
    (goal, due): (f64, Day),
    known: &Result<Known, No>,
    seen: &[Span],
) {
    let (now, counts) = (row.numerator.zip(row.denominator), is_representative(row));
    let mut set = |name: &str, number: Option<f64>| row.extras.insert(name.to_owned(), number);
    set("target_share", Some(goal));
    set("due", Some(number(due)));
    let no = match (now, known) {
        (None, _) => Some(No::Number),
        _ if !counts => Some(No::Coverage),
        (Some((users, persons)), _) if users > persons => Some(No::Eligible),
        (Some((users, persons)), _) if users / persons >= goal => {
            set("outlook", word("reached"));
            set("probability", Some(1.0));
            return;
        }
        (_, Err(no)) => Some(*no),
        _ => None,
    };
    if let Some(no) = no {
        set("outlook", word("refused"));
        set("refusal", word(reason(no)));
        if let No::Break(place) = no {
            set("break_period", Some(number(seen[place].start)));
        }
        return;
    }
    let Ok(known) = known else { return };
    let months = span.grain.months().expect("a forecast is of months");
    let end_of = |ahead: u32| span.end + Months::new(ahead * months);
    let most = 240 / months;
    // Whole periods that end no later than the goal is due, and the part of the next one.
    let mut left = 0.0;
    for ahead in 0..most {
        let (from, to) = (end_of(ahead), end_of(ahead + 1));
        if due >= to {
            left += 1.0;
        } else if due > from {
            left += (number(due) - number(from)) / (number(to) - number(from));
        }
    }
    set("probability", Some(tidy(chance(known, goal, left))));
    let mut dates = [None; 3];
    // A chance of one in ten is reached where the high end reaches the goal.
    for (date, end) in dates.iter_mut().zip([2, 1, 0]) {
        for ahead in (1..=most).rev() {
            let (line, variance) = future(known, f64::from(ahead));
            let reaches = line + ends_at(known, f64::from(ahead))[end] * variance.sqrt();
            if place_of(goal, known.persons).is_some_and(|place| reaches >= place) {
                *date = Some(end_of(ahead));
            }
        }
    }
    let [early, median, late] = dates;
    set("early_date", early.map(number));
    set("median_date", median.map(number));
    set("late_date", late.map(number));
    set(
        "outlook",
        word(match median {
            None => "not_at_this_pace",
            Some(day) if day <= due => "on_time",
            Some(_) => "late",
        }),
    );
    if left > 0.0 {
        let (line, variance) = future(known, left);
        for (name, end) in
            ["due_share_low", "due_share", "due_share_high"].into_iter().zip(ends_at(known, left))
        {
            let odds = (line + end * variance.sqrt()).exp();
            // The number of users x for which (x + 1/2) / (n - x + 1/2) are those odds.
            let users = (odds * known.persons + odds / 2.0 - 0.5) / (1.0 + odds);
            set(name, Some(tidy((users / known.persons).clamp(0.0, 1.0))));
        }
    }
}

const fn reason(no: No) -> &'static str {
    match no {
        No::Number => "no_number",
        No::Coverage => "low_coverage",
        No::Eligible => "above_eligible",
        No::Break(_) => "break",
        No::Points => "few_points",
        No::LowReach => "low_reach",
    }
}

/// Nine of ten are below this many deviations.
const Z: f64 = 1.281_551_565_544_600_4;

/// Where a goal lies among so many persons.
fn place_of(goal: f64, persons: f64) -> Option<f64> {
    (goal <= 1.0).then(|| ((goal * persons + 0.5) / (persons - goal * persons + 0.5)).ln())
}

/// Each period's rise is 0.93 of the one before.
fn rises(ahead: f64) -> f64 {
    let (mut sum, mut rise, mut left) = (0.0, 1.0, ahead);
    while left >= 1.0 {
        rise *= 0.93;
        sum += rise;
        left -= 1.0;
    }
    // What is left is the beginning of a period: the sum's own formula between two whole numbers.
    sum + rise * 0.93 * (1.0 - 0.93_f64.powf(left)) / 0.07
}

fn future(known: &Known, ahead: f64) -> (f64, f64) {
    let rises = rises(ahead);
    let variance = known.noise * known.mean_weight
        + (known.ago + rises).powi(2) * known.slope_variance
        + rises.powi(2) * 0.0012
        + (rises * known.slope / 4.0).powi(2)
        + known.noise;
    (known.mean + known.slope * (known.ago + rises), variance)
}

/// The ends so many periods ahead: those of 3, 6 and 12 are known, and they change evenly in between.
fn ends_at(known: &Known, ahead: f64) -> [f64; 3] {
    let [three, six, twelve] = known.ends;
    let mut ends = [0.0; 3];
    for i in 0..3 {
        ends[i] = if ahead <= 3.0 {
            three[i]
        } else if ahead <= 6.0 {
            three[i] * (6.0 - ahead) / 3.0 + six[i] * (ahead - 3.0) / 3.0
        } else if ahead <= 12.0 {
            six[i] * (12.0 - ahead) / 6.0 + twelve[i] * (ahead - 6.0) / 6.0
        } else {
            twelve[i]
        };
    }
    ends
}

fn chance(known: &Known, goal: f64, ahead: f64) -> f64 {
    let Some(place) = place_of(goal, known.persons).filter(|_| ahead > 0.0) else { return 0.0 };
    let mut times = vec![ahead];
    let mut whole = 1.0;
    while whole < ahead {
        times.push(whole);
        whole += 1.0;
    }
    let at = |ahead: f64| {
        let (line, variance) = future(known, ahead);
        let [low, middle, high] = ends_at(known, ahead);
        // Each half of the distribution is half a normal one, of which a tenth lies beyond its end.
        let goal = (place - line) / variance.sqrt();
        let half = if goal < middle { middle - low } else { high - middle };
        below((middle - goal) * Z / half)
    };
    times.into_iter().map(at).fold(0.0, f64::max)
}

/// The part of a normal distribution below so many deviations, by Simpson's rule from the middle.
fn below(x: f64) -> f64 {
    let end = x.clamp(-9.0, 9.0);
    let steps = 2000;
    let width = end / f64::from(steps);
    let height = |i: i32| (-(f64::from(i) * width).powi(2) / 2.0).exp();
    let mut sum = height(0) + height(steps);
    for i in 1..steps {
        sum += height(i) * if i % 2 == 1 { 4.0 } else { 2.0 };
    }
    0.5 + sum * width / 3.0 / (2.0 * std::f64::consts::PI).sqrt()
}

type Assessed = BTreeMap<Option<String>, Result<Known, No>>;

/// What is known of every series at every place.
fn fit_panel(series: &BTreeMap<Option<String>, Vec<Option<Count>>>, places: usize) -> Vec<Assessed> {
    let mut all: Vec<Assessed> = Vec::new();
    for place in 0..places {
        let mut now: Assessed =
            series.iter().map(|(key, points)| (key.clone(), alone(points, place))).collect();
        shrink_towards_pool(&mut now);
        own_thirds(series, &all, &mut now, place);
        all.push(now);
        let ends = learnt(series, &all, place);
        for known in all[place].values_mut().flatten() {
            known.ends = ends[&known.thirds];
        }
    }
    all
}

/// A series' own line, or why there is none.
fn alone(points: &[Option<Count>], place: usize) -> Result<Known, No> {
    let mut found: Vec<(usize, f64, f64)> = Vec::new();
    for (at, point) in points.iter().enumerate() {
        if let Some((users, persons)) = point
            && at <= place
            && at + 24 > place
        {
            found.push((at, *users, *persons));
        }
    }
    let Some(last) = found.last().copied().filter(|last| last.0 == place) else { return Err(No::Number) };
    if found.iter().any(|(_, users, persons)| users > persons || *persons <= 0.0) {
        return Err(No::Eligible);
    }
    let broke = broke(&found);
    let since: Vec<(usize, f64, f64)> =
        found.into_iter().filter(|(at, ..)| broke.is_none_or(|broke| *at >= broke)).collect();
    if since.len() < 8 {
        return Err(broke.map_or(No::Points, No::Break));
    }
    if last.1 / last.2 < 0.1 {
        return Err(No::LowReach);
    }
    Ok(fit(&since, place))
}

/// The newest place where the share leaps.
#[expect(clippy::cast_precision_loss, reason = "few places")]
fn broke(found: &[(usize, f64, f64)]) -> Option<usize> {
    let mut changes = Vec::new();
    for i in 1..found.len() {
        let ((then, a, b), (now, c, d)) = (found[i - 1], found[i]);
        changes.push((now, c / d - a / b, (now - then) as f64));
    }
    let a_period: Vec<f64> = changes.iter().map(|(_, change, gap)| change / gap).collect();
    let usual = middle(a_period.clone())?;
    let off =
        middle(a_period.iter().map(|change| (change - usual).abs()).collect())? / 0.674_489_750_196_081_7;
    let mut newest = None;
    for (place, change, gap) in changes {
        let beyond = (change - usual * gap).abs();
        if beyond > 0.1 && beyond > 3.5 * off {
            newest = Some(place);
        }
    }
    newest
}

fn middle(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let many = numbers.len();
    match many {
        0 => None,
        odd if odd % 2 == 1 => Some(numbers[many / 2]),
        _ => Some((numbers[many / 2 - 1] + numbers[many / 2]) / 2.0),
    }
}

/// Weighted least squares of z on time by the normal equations.
#[expect(clippy::cast_precision_loss, reason = "few places")]
fn fit(points: &[(usize, f64, f64)], place: usize) -> Known {
    let (mut w0, mut w1, mut w2, mut z0, mut z1, mut ww) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    let rows: Vec<(f64, f64, f64)> = points
        .iter()
        .map(|(at, users, persons)| {
            let t = *at as f64 - place as f64;
            (0.7_f64.powf(-t), t, ((users + 0.5) / (persons - users + 0.5)).ln())
        })
        .collect();
    for (w, t, z) in &rows {
        w0 += w;
        w1 += w * t;
        w2 += w * t * t;
        z0 += w * z;
        z1 += w * t * z;
        ww += w * w;
    }
    let slope = (w0 * z1 - w1 * z0) / (w0 * w2 - w1 * w1);
    let start = (z0 - slope * w1) / w0;
    let (mut left, mut lever) = (0.0, 0.0);
    for (w, t, z) in &rows {
        left += w * (z - start - slope * t).powi(2);
        lever += (w * (t - w1 / w0)).powi(2);
    }
    let spread = w2 - w1 * w1 / w0;
    // Points that a line of two parameters leaves free, as a sum of weights.
    let left_over = w0 - ww / w0 - lever / spread;
    let (_, users, persons) = points[points.len() - 1];
    let scatter = (left / left_over).max(1e-6);
    Known {
        mean: z0 / w0,
        ago: -w1 / w0,
        slope,
        mean_weight: ww / (w0 * w0),
        slope_weight: lever / (spread * spread),
        scatter,
        free: left_over * w0 / ww,
        by_chance: 1.0 / (users + 0.5) + 1.0 / (persons - users + 0.5),
        persons,
        noise: scatter,
        slope_variance: f64::NAN,
        ends: [[f64::NAN; 3]; 3],
        thirds: (0, 0),
    }
}

/// Scatters and slopes drawn towards those of all.
#[expect(clippy::cast_precision_loss, reason = "few series")]
fn shrink_towards_pool(now: &mut Assessed) {
    let all: Vec<Known> = now.values().flatten().copied().collect();
    let many = all.len() as f64;
    // ln s2 = y + rise (ln v - x), never falling and never steeper than what chance itself does.
    let x = all.iter().map(|known| known.by_chance.ln()).sum::<f64>() / many;
    let y = all.iter().map(|known| known.scatter.ln()).sum::<f64>() / many;
    let (mut xy, mut xx) = (0.0, 0.0);
    for known in &all {
        xy += (known.by_chance.ln() - x) * (known.scatter.ln() - y);
        xx += (known.by_chance.ln() - x).powi(2);
    }
    let rise = if xx > 0.0 { (xy / xx).clamp(0.0, 1.0) } else { 0.0 };
    for known in now.values_mut().flatten() {
        if all.len() >= 3 {
            let others = y + rise * (known.by_chance.ln() - x);
            let log = (known.free * known.scatter.ln() + 4.0 * others) / (known.free + 4.0);
            known.noise = log.exp();
        }
        known.slope_variance = known.noise * known.slope_weight;
    }
    let all: Vec<Known> = now.values().flatten().copied().collect();
    if all.len() < 2 {
        return;
    }
    let (mut w, mut wb, mut ww) = (0.0, 0.0, 0.0);
    for known in &all {
        w += 1.0 / known.slope_variance;
        wb += known.slope / known.slope_variance;
        ww += 1.0 / known.slope_variance.powi(2);
    }
    let q: f64 = all.iter().map(|known| (known.slope - wb / w).powi(2) / known.slope_variance).sum();
    let tau2 = ((q - (many - 1.0)) / (w - ww / w)).max(0.0);
    let (mut w, mut wb) = (0.0, 0.0);
    for known in &all {
        w += 1.0 / (known.slope_variance + tau2);
        wb += known.slope / (known.slope_variance + tau2);
    }
    for known in now.values_mut().flatten() {
        let own = known.slope_variance;
        let k = tau2 / (tau2 + own);
        known.slope = k * known.slope + (1.0 - k) * wb / w;
        known.slope_variance = k * own + (1.0 - k).powi(2) / w;
    }
}

/// By how many deviations a series' number at a place missed the forecast of so many periods before; none where there is
/// no forecast now or then.
fn missed(
    points: &[Option<Count>],
    key: &Option<String>,
    all: &[Assessed],
    now: &Assessed,
    (place, ahead): (usize, usize),
) -> Option<(f64, (usize, usize))> {
    let (users, persons) = points[place]?;
    if ahead > place || now[key].is_err() {
        return None;
    }
    let then = all[place - ahead][key].as_ref().ok()?;
    #[expect(clippy::cast_precision_loss, reason = "twelve at most")]
    let (line, variance) = future(then, ahead as f64);
    Some(((((users + 0.5) / (persons - users + 0.5)).ln() - line) / variance.sqrt(), then.thirds))
}

/// Rounded, so that the last digits of a sum decide nothing.
fn coarse(number: f64) -> f64 {
    (number * 1e6).round()
}

/// In which third of some numbers one of them lies: the highest third begins with the number two thirds of the way up.
fn third_of(number: f64, all: &[f64]) -> usize {
    let mut sorted: Vec<f64> = all.iter().map(|number| coarse(*number)).collect();
    sorted.sort_by(f64::total_cmp);
    if coarse(number) >= sorted[2 * sorted.len() / 3] {
        2
    } else if coarse(number) >= sorted[sorted.len() / 3] {
        1
    } else {
        0
    }
}

/// Which forecasts of a place are alike.
fn own_thirds(
    series: &BTreeMap<Option<String>, Vec<Option<Count>>>,
    all: &[Assessed],
    now: &mut Assessed,
    place: usize,
) {
    let slopes: Vec<f64> = now.values().flatten().map(|known| known.slope).collect();
    let mut of_series = Vec::new();
    for (key, points) in series {
        if let Ok(known) = &now[key] {
            let own = missed(points, key, all, now, (place, 3)).map_or(0.0, |(error, _)| error);
            of_series.push((key, third_of(known.slope, &slopes), own));
        }
    }
    for (key, slow, own) in &of_series {
        let within: Vec<f64> =
            of_series.iter().filter(|(_, other, _)| other == slow).map(|(_, _, own)| *own).collect();
        if let Some(Ok(known)) = now.get_mut(*key) {
            known.thirds = (*slow, third_of(*own, &within));
        }
    }
}

/// The ends for 3, 6 and 12 periods ahead, for each two thirds.
#[expect(clippy::cast_precision_loss, reason = "few errors")]
fn learnt(
    series: &BTreeMap<Option<String>, Vec<Option<Count>>>,
    all: &[Assessed],
    place: usize,
) -> BTreeMap<(usize, usize), [[f64; 3]; 3]> {
    let mut ends: BTreeMap<(usize, usize), [[f64; 3]; 3]> = BTreeMap::new();
    for (i, ahead) in [3, 6, 12].into_iter().enumerate() {
        // The errors of each of the last twelve periods, the newest period first.
        let mut periods: Vec<Vec<(f64, (usize, usize))>> = Vec::new();
        for back in 0..12.min(place + 1) {
            let at = place - back;
            let errors =
                series.iter().filter_map(|(key, points)| missed(points, key, all, &all[at], (at, ahead)));
            periods.push(errors.collect());
        }
        let whole_year = periods.iter().filter(|errors| !errors.is_empty()).count() == 12;
        for thirds in (0..3).flat_map(|slow| (0..3).map(move |own| (slow, own))) {
            let mut errors: Vec<f64> = Vec::new();
            for period in &periods {
                if errors.len() < 50 {
                    errors.extend(period.iter().filter(|(_, of)| *of == thirds).map(|(error, _)| *error));
                }
            }
            errors.sort_by(f64::total_cmp);
            let many = errors.len() as f64;
            let mut three = [0.0; 3];
            for (end, (part, normal)) in three.iter_mut().zip([(0.1, -Z), (0.5, 0.0), (0.9, Z)]) {
                *end = (many * ranked(&errors, part * (many + 1.0)) + 10.0 * normal) / (many + 10.0);
            }
            if !whole_year {
                three[0] = three[0].min(-Z);
                three[2] = three[2].max(Z);
            }
            ends.entry(thirds).or_insert([[0.0; 3]; 3])[i] = three;
        }
    }
    ends
}

/// The number of a rank among sorted ones, the first being 1; between two ranks on the line between their numbers.
#[expect(clippy::cast_precision_loss, reason = "few numbers")]
fn ranked(sorted: &[f64], rank: f64) -> f64 {
    let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else { return 0.0 };
    if rank <= 1.0 {
        return *first;
    }
    for i in 1..sorted.len() {
        if rank < (i + 1) as f64 {
            return sorted[i - 1] + (rank - i as f64) * (sorted[i] - sorted[i - 1]);
        }
    }
    *last
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worlds::{Random, random, request};

    /// A comparison that only ever sees refusals proves nothing.
    #[test]
    fn questions_meet_every_outlook() {
        let mut met: BTreeMap<&str, usize> = BTreeMap::new();
        for seed in 0..800 {
            let world = random(seed);
            let question = request(&world, ("targets.time_to_target", false), &mut Random::new(seed));
            for row in super::super::answer(&world, &question) {
                let stated = |name: &str, text: &str| row.extras[name] == word(text);
                for outlook in ["reached", "on_time", "late", "not_at_this_pace"] {
                    *met.entry(outlook).or_default() += usize::from(stated("outlook", outlook));
                }
                for refusal in
                    ["no_number", "low_coverage", "break", "few_points", "low_reach", "above_eligible"]
                {
                    *met.entry(refusal).or_default() += usize::from(stated("refusal", refusal));
                }
            }
        }
        assert!(met.values().all(|times| *times >= 1), "{met:?}");
    }
}
