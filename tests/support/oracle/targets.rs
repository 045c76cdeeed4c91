//! Progress to a target: another KPI's rows held against the goal that is nearest to each of them.

use super::areas::{keys_of, networks_of, roll_up};
use super::{By, Cell, OracleRequest, OracleRow, Span, State, before, kpis};
use crate::world::{Target, World};

/// Days of a month.
const MONTH: f64 = 30.4375;

/// The rows of a period.
pub(crate) fn rows(world: &World, request: &OracleRequest, span: &Span) -> Vec<OracleRow> {
    let mut past = *span;
    for _ in 0..3 {
        past = before(world, request, &past);
    }
    let (latest, earlier) = (cells(world, request, span), cells(world, request, &past));
    let mut rows = measured(world, request, span);
    for row in &mut rows {
        let Some(goal) = goal(world, request, span, row.key.as_deref()) else {
            // Where there is no goal there is nothing to tell.
            (row.value, row.numerator, row.denominator) = (None, None, None);
            (row.coverage, row.coverage_of_expected) = (None, None);
            (row.marks, row.reported, row.expected) = (0, 0, 0);
            "not_applicable".clone_into(&mut row.state);
            continue;
        };
        let now = row.value.filter(|_| is_representative(row));
        let mut set = |name: &str, number: Option<f64>| row.extras.insert(name.to_owned(), number);
        set("target_share", Some(goal.value));
        set("on_path_share", Some(on_path(goal, span)));
        let left = now.map(|value| goal.value - value);
        set("gap_share", left);
        let months = days(goal.due - span.end) / MONTH;
        let required = left.and_then(|left| match left {
            reached if reached <= 0.0 => Some(0.0),
            left if months > 0.0 => Some(left / months),
            _ => None,
        });
        set("required_share_a_month", required);
        let share = |span: &Span, own: &[Cell], other: &[Cell]| {
            let of_area: Vec<&Cell> =
                own.iter().filter(|cell| keys_of(world, request, span, cell).contains(&row.key)).collect();
            share_of_known(&of_area, other)
        };
        let ends = share(span, &latest, &earlier).zip(share(&past, &earlier, &latest));
        let months = days(span.end - past.end) / MONTH;
        set("current_share_a_month", ends.map(|(now, then)| (now - then) / months));
    }
    rows
}

/// The share of those who have no other state than a number in the other period, where they are home to four in five.
#[expect(clippy::cast_precision_loss, reason = "the numbers of a test world are small")]
fn share_of_known(cells: &[&Cell], other: &[Cell]) -> Option<f64> {
    let (mut over, mut under, mut known, mut expected, mut home, mut all) = (0, 0, 0, 0, 0, 0);
    for cell in cells {
        all += cell.inhabitants;
        if matches!(cell.state, State::Ok | State::Missing | State::Suppressed) {
            expected += 1;
        }
        let silent = other.iter().any(|other| other.code == cell.code && other.state != State::Ok);
        if cell.state == State::Ok && !silent {
            known += 1;
            home += cell.inhabitants;
            over += cell.numerator;
            under += cell.denominator.unwrap_or(0);
        }
    }
    let enough = if all > 0 { home * 5 >= all * 4 } else { known * 5 >= expected * 4 };
    (enough && known > 0).then(|| over as f64 / under as f64)
}

/// Whether a number speaks for at least four in five of the inhabitants, or where they are not known of those expected.
pub(crate) fn is_representative(row: &OracleRow) -> bool {
    row.coverage.map_or(row.reported * 5 >= row.expected * 4, |coverage| coverage >= 0.8)
}

#[expect(clippy::cast_precision_loss, reason = "few days")]
fn days(span: chrono::TimeDelta) -> f64 {
    span.num_days() as f64
}

/// What the KPI that has the goal says of each area.
pub(crate) fn measured(world: &World, request: &OracleRequest, span: &Span) -> Vec<OracleRow> {
    let question = measured_by(request);
    let cells = kpis::cells(world, &question, span);
    let mut rows = roll_up(world, &question, span, &cells);
    for row in &mut rows {
        row.extras = COLUMNS.iter().map(|name| ((*name).to_owned(), None)).collect();
        row.value = row.numerator.zip(row.denominator).map(|(over, under)| over / under);
    }
    rows
}

/// The question whose KPI has the goal.
fn measured_by(request: &OracleRequest) -> OracleRequest {
    let metric = request.params.get("metric").map_or("rollout.population_coverage", String::as_str);
    OracleRequest { kpi: metric.to_owned(), measure_id: None, ..request.clone() }
}

fn cells(world: &World, request: &OracleRequest, span: &Span) -> Vec<Cell> {
    kpis::cells(world, &measured_by(request), span)
}

const COLUMNS: [&str; 5] =
    ["target_share", "on_path_share", "gap_share", "required_share_a_month", "current_share_a_month"];

/// The goal of an area: its own, else that of a network it is in, else the nation's.
pub(crate) fn goal<'a>(
    world: &'a World,
    request: &OracleRequest,
    span: &Span,
    key: Option<&str>,
) -> Option<&'a Target> {
    let metric = request.params.get("metric").map_or("rollout.population_coverage", String::as_str);
    let key = key.unwrap_or_default();
    let levels: Vec<Vec<String>> = match request.by {
        By::Municipality => vec![
            vec![format!("municipality:{key}")],
            networks_of(world, key, span.target).iter().map(|id| format!("network:{id}")).collect(),
            vec!["nation".to_owned()],
        ],
        By::Network => vec![vec![format!("network:{key}")], vec!["nation".to_owned()]],
        _ => vec![vec!["nation".to_owned()]],
    };
    for scopes in levels {
        let begun = world.targets.iter().filter(|target| {
            target.metric == metric
                && target.solution_id == request.solution_id
                && scopes.contains(&target.scope)
                && target.baseline_period < span.end
        });
        let (mut ahead, mut past): (Vec<&Target>, Vec<&Target>) =
            begun.partition(|target| target.due >= span.end);
        // Names break ties, and before them the higher goal.
        let order =
            |a: &&Target, b: &&Target| b.value.total_cmp(&a.value).then_with(|| a.scope.cmp(&b.scope));
        ahead.sort_by(|a, b| a.due.cmp(&b.due).then_with(|| order(a, b)));
        past.sort_by(|a, b| b.due.cmp(&a.due).then_with(|| order(a, b)));
        if let Some(found) = ahead.first().or(past.first()) {
            return Some(found);
        }
    }
    None
}

/// Where the way from the baseline to the goal is at the end of the period.
fn on_path(goal: &Target, span: &Span) -> f64 {
    let whole = days(goal.due - goal.baseline_period);
    let elapsed = (days(span.end - goal.baseline_period) / whole).clamp(0.0, 1.0);
    let done = if goal.path == "s_curve" { 3.0 * elapsed.powi(2) - 2.0 * elapsed.powi(3) } else { elapsed };
    goal.baseline_value + (goal.value - goal.baseline_value) * done
}
