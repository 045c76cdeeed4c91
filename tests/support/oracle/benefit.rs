//! KPIs of money: what a solution costs, what is left when it is paid, and what is left to gain.

use std::collections::BTreeMap;

use chrono::Datelike;

use super::areas::groups_of;
use super::borders::{Successor, codes_of, division_holding, successor_in};
use super::inputs::{CellContext, Input};
use super::kpis::{
    Found, Reference, Worth, behind, known_baseline, other_land, plain, realised, reference, use_spans,
};
use super::{OracleRequest, OracleRow, Policy, Span, State, days_of, mark};
use crate::world::{Day, World};

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
        other => panic!("the oracle knows no KPI {other}"),
    }
}

/// What the land of a municipality pays for the solution in the period, day by day: what everybody pays who has any of
/// it, as they are on the day, split by inhabitants.
#[derive(Debug, Default)]
struct Paid {
    /// Days on which any of them has the solution.
    days: Vec<Day>,
    /// Whether a price holds for one of them on some of those.
    priced: bool,
    /// Whether none holds for one of them on some.
    partial: bool,
    /// Whether one of them lies only in part here, where nothing may be split.
    unplaced: bool,
    /// What is paid once, by the prices of the last of those days.
    once: i64,
    ore: i64,
    marks: i64,
}

/// Whoever has land of a cell on the days of a division and of a year.
struct Payer<'a> {
    code: String,
    /// What of it lies here.
    successor: Successor,
    persons: Input,
    world: &'a World,
    span: Span,
    solution: &'a str,
}

impl Payer<'_> {
    fn has_on(&self, day: Day) -> bool {
        let (world, solution) = (self.world, self.solution);
        // Who has it is no matter of policy.
        CellContext { world, policy: Policy::ExactOnly, span: &self.span, solution }.has_on(&self.code, day)
    }
}

fn payers<'a>(context: &CellContext<'a>, code: &str, division: Day, day: Day) -> Vec<Payer<'a>> {
    let (world, policy, solution) = (context.world, context.policy, context.solution);
    let placing = if policy == Policy::ExactOnly { Policy::PopulationShare } else { policy };
    let mut payers = Vec::new();
    for payer in codes_of(world, division) {
        let target = (code, context.span.target);
        let Some(successor) = successor_in(world, placing, (&payer, division), target) else { continue };
        let span = Span { target: division, ..of_year(context.span, day) };
        let persons = CellContext { world, policy, span: &span, solution }.persons(&payer);
        payers.push(Payer { code: payer, successor, persons, world, span, solution });
    }
    payers
}

/// The days of a period that lie in the year of `day`: its inhabitants are those of their first day.
pub(super) fn of_year(span: &Span, day: Day) -> Span {
    let start = day.with_ordinal(1).expect("every year has a first day").max(span.start);
    Span { start, last: day, ..*span }
}

/// What of a yearly amount has fallen when a day begins, from the year 1 on.
pub(super) fn fallen(a_year: i64, day: Day) -> i64 {
    let days = if day.leap_year() { 366 } else { 365 };
    i64::from(day.year() - 1) * a_year + (a_year * i64::from(day.ordinal0())).div_euclid(days)
}

fn paid(context: &CellContext<'_>, code: &str) -> Paid {
    let mut paid = Paid::default();
    let mut of_days: BTreeMap<(Day, i32), Vec<Payer<'_>>> = BTreeMap::new();
    // By the division and the code of who pays it, on the last day on which a price holds for them.
    let mut once: BTreeMap<(Day, String), i64> = BTreeMap::new();
    for day in days_of(context.span.start, context.span.end) {
        let division = division_holding(context.world, day);
        let payers =
            of_days.entry((division, day.year())).or_insert_with(|| payers(context, code, division, day));
        let mut any = false;
        for payer in payers.iter().filter(|payer| payer.has_on(day)) {
            any = true;
            paid.unplaced |= context.policy == Policy::ExactOnly && !payer.successor.exact;
            paid.marks |= if payer.successor.exact { 0 } else { mark::SPLIT };
            let next = day.succ_opt().expect("a day after");
            let mut found = None;
            for row in &context.world.prices {
                let persons = payer.persons.value;
                let of_size =
                    row.population_from <= persons && row.population_to.is_none_or(|bound| bound > persons);
                let holds = row.valid_from <= day && row.valid_to.is_none_or(|end| end > day);
                let known = payer.persons.state == State::Ok;
                if row.solution_id == context.solution && known && of_size && holds {
                    found = Some(found.unwrap_or(0) + payer.successor.allocated(row.ore_once));
                    let a_year = row.ore_a_year + row.ore_per_inhabitant_a_year * persons;
                    paid.ore += payer.successor.allocated(fallen(a_year, next))
                        - payer.successor.allocated(fallen(a_year, day));
                }
            }
            if payer.persons.state == State::Ok {
                paid.marks |= payer.persons.marks;
            }
            if let Some(found) = found {
                once.insert((division, payer.code.clone()), found);
            } else {
                paid.partial = true;
            }
        }
        paid.days.extend(any.then_some(day));
    }
    paid.priced = !once.is_empty();
    // Who was another before a border moved has not paid twice.
    let last = once.keys().map(|(division, _)| *division).max();
    paid.once = once.iter().filter(|((division, _), _)| Some(*division) == last).map(|(_, ore)| ore).sum();
    paid
}

/// Whether the third policy gives land of this municipality to another that pays for it.
fn is_paid_elsewhere(context: &CellContext<'_>, code: &str) -> bool {
    if context.policy != Policy::LargestSuccessor {
        return false;
    }
    let by_share = CellContext { policy: Policy::PopulationShare, ..*context };
    days_of(context.span.start, context.span.end).any(|day| {
        let division = division_holding(context.world, day);
        payers(&by_share, code, division, day).iter().any(|payer| payer.has_on(day))
    })
}

/// Who has it pays, on the days of it.
fn cost(context: &CellContext<'_>, code: &str) -> Found {
    let paid = paid(context, code);
    let mut found = plain(paid.ore, None);
    if paid.unplaced {
        found.states.push(State::NotValid);
    }
    if !paid.priced {
        found.states.push(State::NotApplicable);
    }
    found.marks = paid.marks | if paid.partial { mark::PARTIAL } else { 0 };
    found
}

/// What is realised less what is paid.
fn net(context: &CellContext<'_>, measure: &str, code: &str) -> Found {
    let (gain, cost) = (realised(context, measure, code), cost(context, code));
    let mut found = plain(gain.numerator - cost.numerator, None);
    // Who has it on no day pays nothing, and may use it all the same. Where no rollout is followed nobody knows who has it.
    let had_on_no_day = paid(context, code).days.is_empty();
    let pays_nothing = context.has_events() && had_on_no_day && !is_paid_elsewhere(context, code);
    found.states = if pays_nothing { gain.states } else { [gain.states, cost.states].concat() };
    found.marks = gain.marks | cost.marks;
    found.extras = [
        ("realised_nok", gain.numerator),
        ("cost_nok", cost.numerator),
        ("net_nok_low", gain.extras.get("nok_low").unwrap_or(&0) - cost.numerator),
        ("net_nok_high", gain.extras.get("nok_high").unwrap_or(&0) - cost.numerator),
    ]
    .into();
    found
}

/// How far a municipality is from its reference.
struct Distance {
    states: Vec<State>,
    /// Short of it, in øre.
    short: i64,
    /// Beyond it, in øre.
    beyond: i64,
    marks: i64,
    /// What is behind the reference.
    behind: BTreeMap<&'static str, i64>,
}

fn distance(context: &CellContext<'_>, quarters: usize, measure: &str, code: &str) -> Distance {
    let usage = context.usage(measure, code);
    let eligible = context.eligible(code);
    // Nothing was ever said, and nothing was to be: there is no use yet.
    let not_yet = usage.state == State::NotApplicable && usage.silent;
    let mut states = vec![if not_yet { State::Ok } else { usage.state }, eligible.state];
    states.extend(other_land(usage, eligible));
    if usage.is_partial() {
        states.push(State::NotApplicable);
    }
    let groups = groups_of(context.world, "kostra", code, context.span.target);
    let found = reference(context, measure, code, quarters);
    let behind = behind(found.as_ref());
    let worth = Worth::of(context, measure, (context.span.start, context.span.end));
    let ore = |units: i64| worth.units(units, "avoided_cost").map_or(0, |[_, central, _]| central);
    if worth.units(0, "avoided_cost").is_none() {
        states.push(State::NotApplicable);
    }
    let Some(Reference { uses, persons, marks: of_reference, .. }) = found else {
        states.push(if groups.len() == 1 { State::Missing } else { State::NotApplicable });
        return Distance { states, short: 0, beyond: 0, marks: 0, behind };
    };
    let should = eligible.value * uses / persons;
    let is = if not_yet { 0 } else { usage.value };
    let partial = if worth.is_partial() { mark::PARTIAL } else { 0 };
    let marks = if not_yet { 0 } else { usage.marks } | eligible.marks | of_reference | partial;
    Distance { states, short: ore((should - is).max(0)), beyond: ore((is - should).max(0)), marks, behind }
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
    let Distance { states, short, beyond, marks, behind } =
        distance(context, quarters(request), measure, code);
    let followed = context.world.rollout_events.iter().any(|event| event.solution_id == context.solution);
    let now = if followed && !context.live(code, context.span.target) { 0 } else { short };
    let mut extras = behind;
    extras.extend([("now_nok", now), ("blocked_nok", short - now), ("beyond_nok", beyond)]);
    Found { states, numerator: now, denominator: None, extras, marks }
}

/// What is realised, of it and all that is left together.
fn realisation_rate(context: &CellContext<'_>, request: &OracleRequest, measure: &str, code: &str) -> Found {
    let Distance { mut states, short, marks, behind, .. } =
        distance(context, quarters(request), measure, code);
    let usage = context.usage(measure, code);
    let gain = realised(context, measure, code);
    if gain.states.contains(&State::NotValid) {
        states.push(State::NotValid);
    }
    if usage.state == State::Ok && known_baseline(context, measure, code) == Some(false) {
        states.push(State::NotApplicable);
    }
    let known = gain.states.iter().all(|state| *state == State::Ok) && usage.state == State::Ok;
    let (ore, gain_marks) = if known { (gain.numerator, gain.marks) } else { (0, 0) };
    if ore + short == 0 {
        states.push(State::NotApplicable);
    }
    let mut found = plain(ore, Some(ore + short));
    found.states = states;
    found.extras.extend(behind);
    found.marks = marks | gain_marks;
    found
}

/// The first month in which the net of all days so far is no less than what was paid once.
fn pay_back(context: &CellContext<'_>, measure: &str, code: &str) -> Found {
    let mut found = net(context, measure, code);
    let Paid { once, days, .. } = paid(context, code);
    // Use of days on which nobody had it, on which nothing is paid either, says nothing of a day with it.
    let had_in = |start: Day, end: Day| days.iter().any(|day| (start..end).contains(day));
    let mut used = use_spans(context, measure, code).into_iter().filter(|(_, _, value)| *value > 0);
    if days.is_empty() || used.any(|(start, end, _)| !had_in(start, end)) {
        found.states.push(State::NotApplicable);
    }
    let days = i64::try_from(days.len()).expect("few days");
    let ore = found.numerator;
    found.extras = [("once_nok", once), ("net_nok", ore)].into();
    found.numerator = 0;
    if once == 0 || ore <= 0 {
        found.states.push(State::NotApplicable);
        return found;
    }
    // A month is a twelfth of 365 days, and the net of a day that of the days it was had divided by them.
    while found.numerator * ore * 365 < 12 * once * days {
        found.numerator += 1;
    }
    found
}
