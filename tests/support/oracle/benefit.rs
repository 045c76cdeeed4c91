//! KPIs of money: what a solution costs, what is left when it is paid, and what is left to gain.

use super::areas::{groups_of, networks_of, roll_up};
use super::inputs::CellContext;
use super::kpis::{Found, plain, realised, reference, values};
use super::{OracleRequest, OracleRow, Span, State, kpis};
use crate::world::{MembershipFee, World};

/// What is paid to each network, of a period. A municipality pays another network nothing of this one's.
pub(crate) fn to_networks(world: &World, request: &OracleRequest, span: &Span) -> Vec<OracleRow> {
    let mut ids: Vec<&String> = world.networks.iter().map(|network| &network.network_id).collect();
    ids.sort();
    let mut rows = Vec::new();
    for id in ids {
        let mut question = request.clone();
        question.params.insert("network", id.clone());
        let cells = kpis::cells(world, &question, span);
        let stated = roll_up(world, &question, span, &cells);
        rows.extend(stated.into_iter().filter(|row| row.key.as_ref() == Some(id)));
    }
    rows
}

/// Øre become kroner, also under the line, where the number is of kroner on both sides.
pub(crate) fn finish(kpi: &str, mut row: OracleRow) -> OracleRow {
    if kpi == "benefit.realisation_rate" {
        row.denominator = row.denominator.map(|ore| ore / 100.0);
        row.value = row.numerator.zip(row.denominator).map(|(over, under)| over / under);
    }
    row
}

/// The cell of a municipality.
pub(crate) fn compute(context: &CellContext<'_>, request: &OracleRequest, code: &str) -> Found {
    let measure = request.measure_id.as_deref().unwrap_or("uses");
    match request.kpi.as_str() {
        "benefit.cost" => cost(context, code),
        "benefit.net" => net(context, measure, code),
        "benefit.remaining" => remaining(context, request, measure, code),
        "benefit.realisation_rate" => realisation_rate(context, request, measure, code),
        "benefit.pay_back" => pay_back(context, measure, code),
        "benefit.membership_contribution" => {
            contribution(context, request.params.get("network").map(String::as_str), code)
        }
        other => panic!("the oracle knows no KPI {other}"),
    }
}

/// The prices of the solution that hold for a number of inhabitants on the period's first day: once, and in the
/// period.
fn prices(context: &CellContext<'_>, persons: i64) -> Option<(i64, i64)> {
    let day = context.span.start;
    // A price is told by the year: it divides into months, not into weeks.
    if context.span.months == 0 {
        return None;
    }
    let (mut once, mut a_year, mut any) = (0, 0, false);
    for row in &context.world.prices {
        let of_size = row.population_from <= persons && row.population_to.is_none_or(|bound| bound > persons);
        let holds = row.valid_from <= day && row.valid_to.is_none_or(|end| end > day);
        if row.solution_id == context.solution && of_size && holds {
            any = true;
            once += row.ore_once;
            a_year += row.ore_a_year + row.ore_per_inhabitant_a_year * persons;
        }
    }
    any.then_some((once, a_year * context.span.months / 12))
}

/// Only who is live pays.
fn cost(context: &CellContext<'_>, code: &str) -> Found {
    let persons = context.persons(code);
    let priced = prices(context, persons.value);
    let mut found = plain(priced.map_or(0, |(_, ore)| ore), None);
    found.states.push(persons.state);
    if !context.live(code, context.span.target) || priced.is_none() {
        found.states.push(State::NotApplicable);
    }
    found.marks = persons.marks;
    found
}

/// What is realised less what is paid.
fn net(context: &CellContext<'_>, measure: &str, code: &str) -> Found {
    let (gain, cost) = (realised(context, measure, code), cost(context, code));
    let mut found = plain(gain.numerator - cost.numerator, None);
    found.states = [gain.states, cost.states].concat();
    found.marks = gain.marks | cost.marks;
    found.extras = [
        ("realised_nok", gain.numerator),
        ("cost_nok", cost.numerator),
        ("net_nok_low", gain.extras["nok_low"] - cost.numerator),
        ("net_nok_high", gain.extras["nok_high"] - cost.numerator),
    ]
    .into();
    found
}

/// The distance of a municipality from the reference of its group, in øre: short of it, or beyond it.
fn distance(
    context: &CellContext<'_>,
    quarters: usize,
    measure: &str,
    code: &str,
) -> (Vec<State>, i64, i64, i64) {
    let usage = context.usage(measure, code);
    let eligible = context.eligible(code);
    // Nothing was ever said, and nothing was to be: there is no use yet.
    let not_yet = usage.state == State::NotApplicable && usage.silent;
    let mut states = vec![if not_yet { State::Ok } else { usage.state }, eligible.state];
    let groups = groups_of(context.world, "kostra", code, context.span.target);
    let found = if groups.len() == 1 { reference(context, measure, &groups[0], quarters) } else { None };
    let worth: i64 =
        values(context, measure).iter().filter(|v| v.benefit_kind == "avoided_cost").map(|v| v.central).sum();
    if values(context, measure).is_empty() {
        states.push(State::NotApplicable);
    }
    let Some((uses, persons)) = found else {
        states.push(if groups.len() == 1 { State::Missing } else { State::NotApplicable });
        return (states, 0, 0, 0);
    };
    let should = eligible.value * uses / persons;
    let is = if not_yet { 0 } else { usage.value };
    let marks = if not_yet { 0 } else { usage.marks } | eligible.marks;
    (states, (should - is).max(0) * worth, (is - should).max(0) * worth, marks)
}

/// How many quarters up its group the reference stands.
fn quarters(request: &OracleRequest) -> usize {
    match request.params.get("reference").map_or("p75", String::as_str) {
        "median" => 2,
        "p75" => 3,
        _ => 4,
    }
}

/// What can be gained where the solution is live, what waits, and what is beyond the reference.
fn remaining(context: &CellContext<'_>, request: &OracleRequest, measure: &str, code: &str) -> Found {
    let (states, short, beyond, marks) = distance(context, quarters(request), measure, code);
    let followed = context.world.rollout_events.iter().any(|event| event.solution_id == context.solution);
    let now = if followed && !context.live(code, context.span.target) { 0 } else { short };
    let extras = [("now_nok", now), ("blocked_nok", short - now), ("beyond_nok", beyond)].into();
    Found { states, numerator: now, denominator: None, extras, marks }
}

/// What is realised, of it and all that is left together.
fn realisation_rate(context: &CellContext<'_>, request: &OracleRequest, measure: &str, code: &str) -> Found {
    let (mut states, short, _, marks) = distance(context, quarters(request), measure, code);
    let usage = context.usage(measure, code);
    let gain = realised(context, measure, code);
    let (ore, gain_marks) = if usage.state == State::Ok { (gain.numerator, gain.marks) } else { (0, 0) };
    if ore + short == 0 {
        states.push(State::NotApplicable);
    }
    let mut found = plain(ore, Some(ore + short));
    found.states = states;
    found.marks = marks | gain_marks;
    found
}

/// The first month in which the net of all months so far is no less than what was paid once.
fn pay_back(context: &CellContext<'_>, measure: &str, code: &str) -> Found {
    let mut found = net(context, measure, code);
    let once = prices(context, context.persons(code).value).map_or(0, |(once, _)| once);
    let ore = found.numerator;
    found.extras = [("once_nok", once), ("net_nok", ore)].into();
    found.numerator = 0;
    if once == 0 || ore <= 0 {
        found.states.push(State::NotApplicable);
        return found;
    }
    // The net of a month is the period's divided by its months: both sides times the months.
    while found.numerator * ore < once * context.span.months {
        found.numerator += 1;
    }
    found
}

/// What a member pays to its networks in a period, or to one of them.
fn contribution(context: &CellContext<'_>, to: Option<&str>, code: &str) -> Found {
    let persons = context.persons(code);
    let day = context.span.start;
    let (mut ore, mut pays) = (0, false);
    for network in networks_of(context.world, code, context.span.target) {
        if to.is_some_and(|only| only != network) {
            continue;
        }
        let holds = |fee: &&MembershipFee| fee.valid_from <= day && fee.valid_to.is_none_or(|end| end > day);
        let of = |id: Option<&str>| {
            context.world.membership_fees.iter().filter(holds).find(|fee| fee.network_id.as_deref() == id)
        };
        let Some(fee) = of(Some(&network)).or_else(|| of(None)).filter(|_| context.span.months > 0) else {
            continue;
        };
        pays = true;
        if fee.host_code.as_deref() == Some(code) {
            continue;
        }
        let a_year = fee.ore_a_year + fee.ore_per_inhabitant_a_year * persons.value;
        ore += a_year.min(fee.ore_a_year_max.unwrap_or(a_year)) * context.span.months / 12;
    }
    let mut found = plain(ore, None);
    found.marks = persons.marks;
    found.states.push(persons.state);
    if !pays {
        found.states.push(State::NotApplicable);
    }
    found
}
