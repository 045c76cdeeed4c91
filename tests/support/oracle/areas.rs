//! Which municipalities an area is made of, and how their cells become one row.

use std::collections::BTreeMap;

use super::borders::{division_holding, overlaps};
use super::{By, Cell, OracleRequest, OracleRow, Span, State, mark, spread};
use crate::world::{Day, World};

/// The division the members of networks are named in.
pub(crate) fn members_division(world: &World) -> Day {
    division_holding(world, Day::from_ymd_opt(2024, 1, 1).expect("a date"))
}

/// The networks every heir of a municipality is a member of on the day of the edition.
pub(crate) fn networks_of(world: &World, code: &str, division: Day) -> Vec<String> {
    let today = world.recorded_at.date_naive();
    let successors = overlaps(world, code, division, members_division(world));
    let mut found = Vec::new();
    for network in &world.networks {
        let member = |successor: &str| {
            world.network_members.iter().any(|m| {
                m.network_id == network.network_id
                    && m.municipality_code == successor
                    && m.valid_from.is_none_or(|day| day <= today)
                    && m.valid_to.is_none_or(|day| day > today)
            })
        };
        if successors.iter().all(|(successor, _)| member(successor)) {
            found.push(network.network_id.clone());
        }
    }
    found
}

/// The groups of a scheme every heir of a municipality is in.
pub(crate) fn groups_of(world: &World, scheme: &str, code: &str, division: Day) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for group in world.peer_groups.iter().filter(|g| g.scheme == scheme) {
        let successors = overlaps(world, code, division, group.division_date);
        let member = |successor: &str| {
            world.peer_groups.iter().any(|g| {
                g.scheme == scheme && g.group_code == group.group_code && g.municipality_code == successor
            })
        };
        if !found.contains(&group.group_code) && successors.iter().all(|(successor, _)| member(successor)) {
            found.push(group.group_code.clone());
        }
    }
    found
}

/// The rows of one period.
#[expect(clippy::cast_possible_truncation, reason = "places are small whole numbers")]
pub(crate) fn roll_up(world: &World, request: &OracleRequest, span: &Span, cells: &[Cell]) -> Vec<OracleRow> {
    let mut areas: BTreeMap<Option<String>, Vec<&Cell>> = BTreeMap::new();
    for cell in cells {
        for key in keys_of(world, request, span, cell) {
            areas.entry(key).or_default().push(cell);
        }
    }
    let mut rows: Vec<OracleRow> = areas
        .into_iter()
        .map(|(key, cells)| row(&request.kpi, span, world.recorded_at.date_naive(), key, &cells))
        .collect();
    // What is ranked is read from the top; what has no rank comes last.
    rows.sort_by_key(|row| row.extras.get("rank").map(|rank| rank.map_or(i64::MAX, |place| place as i64)));
    rows
}

/// The areas a cell is counted in.
pub(crate) fn keys_of(
    world: &World,
    request: &OracleRequest,
    span: &Span,
    cell: &Cell,
) -> Vec<Option<String>> {
    match request.by {
        By::Municipality => vec![Some(cell.code.clone())],
        By::County => vec![Some(cell.county.clone())],
        By::Nation => vec![None],
        By::Network => some(networks_of(world, &cell.code, span.target)),
        By::PeerGroup => some(groups_of(world, "kostra", &cell.code, span.target)),
    }
}

fn some(keys: Vec<String>) -> Vec<Option<String>> {
    keys.into_iter().map(Some).collect()
}

fn area_state(cells: &[&Cell]) -> State {
    for state in [State::Ok, State::Suppressed, State::Missing, State::NotValid] {
        if cells.iter().any(|cell| cell.state == state) {
            return state;
        }
    }
    State::NotApplicable
}

/// Time saved is known also where nothing says what a use is worth in kroner, and what was delivered whatever the state.
fn of_every_state(name: &str) -> bool {
    name.starts_with("hours_") || name.starts_with("periods_") || name == "open_deliveries"
}

/// The columns that add up over all cells, whatever their state.
fn added_in_every_state<'a>(cells: &[&'a Cell]) -> BTreeMap<&'a str, i64> {
    let mut sums = BTreeMap::new();
    for (name, extra) in cells.iter().flat_map(|cell| &cell.extras).filter(|(name, _)| of_every_state(name)) {
        *sums.entry(*name).or_default() += extra;
    }
    sums
}

/// Takes a further cell's number beside the value.
fn add_extra<'a>(extras: &mut BTreeMap<&'a str, i64>, name: &'a str, extra: i64) {
    let Some(so_far) = extras.get_mut(name) else {
        extras.insert(name, extra);
        return;
    };
    *so_far = match name {
        "other_values" => (*so_far).max(extra),
        "reference_municipalities" => (*so_far).min(extra),
        days if days.starts_with("days_") => (*so_far).max(extra),
        _ => *so_far + extra,
    };
}

#[expect(clippy::cast_precision_loss, reason = "the numbers of a test world are small")]
fn row(kpi: &str, span: &Span, today: Day, key: Option<String>, cells: &[&Cell]) -> OracleRow {
    let (mut reported, mut expected, mut not_valid) = (0, 0, 0);
    let (mut inhabitants, mut persons_behind, mut persons_expected) = (0, 0, 0);
    let (mut numerator, mut denominator, mut marks) = (0, 0, 0);
    let mut extras = added_in_every_state(cells);
    for cell in cells {
        // Whoever lives there counts, whether the number speaks for them or not.
        inhabitants += cell.inhabitants;
        match cell.state {
            State::Ok => {
                reported += 1;
                expected += 1;
                persons_behind += cell.inhabitants;
                persons_expected += cell.inhabitants;
                marks |= cell.marks;
                denominator += cell.denominator.unwrap_or(0);
                numerator = if kpi == "quality.freshness" {
                    numerator.max(cell.numerator)
                } else {
                    numerator + cell.numerator
                };
                for (name, extra) in cell.extras.iter().filter(|(name, _)| !of_every_state(name)) {
                    add_extra(&mut extras, name, *extra);
                }
            }
            State::Missing | State::Suppressed => {
                expected += 1;
                persons_expected += cell.inhabitants;
            }
            State::NotValid => not_valid += 1,
            State::NotApplicable => {}
        }
    }
    if reported > 0 && (reported < expected || not_valid > 0) {
        marks |= mark::PARTIAL;
    }
    let ok = reported > 0;
    if ok && span.end > today {
        marks |= mark::INCOMPLETE;
    }
    let has_denominator = cells.iter().any(|cell| cell.denominator.is_some());
    let shown = shown(kpi, numerator as f64, denominator as f64);
    let mut columns: BTreeMap<String, Option<f64>> = BTreeMap::new();
    for name in extra_names(kpi) {
        let found = extras.get(name).map(|whole| *whole as f64);
        let number = match *name {
            "share" => Some(numerator as f64 / denominator as f64),
            money if money.split('_').any(|word| word == "nok") => found.map(|ore| ore / 100.0),
            hours if hours.starts_with("hours_") => found.map(|seconds| seconds / 3600.0),
            _ => found,
        };
        columns.insert((*name).to_owned(), number.filter(|_| ok || of_every_state(name)));
    }
    let row = OracleRow {
        period_start: span.start,
        key,
        value: ok.then_some(shown.1),
        numerator: ok.then_some(shown.0),
        denominator: (ok && has_denominator).then_some(denominator as f64),
        state: area_state(cells).word().to_owned(),
        coverage: (inhabitants > 0).then(|| persons_behind as f64 / inhabitants as f64),
        coverage_of_expected: (persons_expected > 0).then(|| persons_behind as f64 / persons_expected as f64),
        marks,
        reported,
        expected,
        extras: columns,
    };
    let row = super::cohorts::finish(kpi, row, cells);
    let row = super::ladder::finish(kpi, super::stages::finish(kpi, row, cells), cells);
    spread::finish(kpi, super::benefit::finish(kpi, row), cells)
}

/// Numerator and value as they are shown.
fn shown(kpi: &str, numerator: f64, denominator: f64) -> (f64, f64) {
    match kpi {
        "rollout.municipalities_live"
        | "quality.freshness"
        | "rollout.follow_up"
        | "rollout.stage_funnel"
        | "rollout.stalled"
        | "quality.late_deliveries" => (numerator, numerator),
        "benefit.pay_back" => (numerator, numerator),
        money if money.starts_with("benefit.") => (numerator / 100.0, numerator / 100.0),
        "adoption.usage_per_1000" => (numerator, 1000.0 * numerator / denominator),
        _ => (numerator, numerator / denominator),
    }
}

fn extra_names(kpi: &str) -> &'static [&'static str] {
    match kpi {
        "rollout.municipalities_live" => &["share"],
        "adoption.digital_share" | "adoption.reach" | "adoption.usage_per_1000" => {
            &["periods_reported", "periods_expected"]
        }
        "rollout.stage_funnel" => &super::stages::FUNNEL,
        "rollout.stalled" => &["days_since", "share"],
        "rollout.schedule_variance" => &["late_so_far"],
        "rollout.time_in_stage" => &["reached", "waiting"],
        "quality.completeness" => {
            &["final_deliveries", "provisional_deliveries", "open_deliveries", "missing_deliveries"]
        }
        "quality.late_deliveries" => &["days_late", "share"],
        "rollout.follow_up" => &["rank", "not_delivered", "use_fell"],
        "benefit.realised" => {
            &["nok_low", "nok_high", "hours_low", "hours_central", "hours_high", "other_values"]
        }
        "benefit.potential" => &[
            "nok_low",
            "nok_high",
            "hours_low",
            "hours_central",
            "hours_high",
            "other_values",
            "reference_municipalities",
            "wider_references",
        ],
        "benefit.realisation_rate" => &["reference_municipalities", "wider_references"],
        "benefit.net" => &["realised_nok", "cost_nok", "net_nok_low", "net_nok_high"],
        "benefit.pay_back" => &["once_nok", "net_nok"],
        "benefit.remaining" => {
            &["now_nok", "blocked_nok", "beyond_nok", "reference_municipalities", "wider_references"]
        }
        _ => &[],
    }
}
