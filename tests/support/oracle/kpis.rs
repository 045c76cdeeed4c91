//! Each KPI for one municipality in one period.

use std::collections::BTreeMap;

use super::areas::groups_of;
use super::borders::{comparable, parts_of};
use super::inputs::{CellContext, Input};
use super::{Cell, OracleRequest, Span, State, benefit, spread, stages};
use crate::world::{Day, UnitValue, World};

/// A number found for a cell, before borders are looked at.
pub(crate) struct Found {
    pub(crate) states: Vec<State>,
    pub(crate) numerator: i64,
    pub(crate) denominator: Option<i64>,
    pub(crate) extras: BTreeMap<&'static str, i64>,
    pub(crate) marks: i64,
}

/// The cells of a period, by code.
pub(crate) fn cells(world: &World, request: &OracleRequest, span: &Span) -> Vec<Cell> {
    let context = CellContext { world, policy: request.policy, span, solution: &request.solution_id };
    let mut cells = Vec::new();
    for row in &world.municipalities {
        if row.valid_from > span.names_on || row.valid_to.is_some_and(|end| end <= span.names_on) {
            continue;
        }
        let mut found = compute(&context, request, &row.code);
        if !comparable(world, request.policy, span, &row.code) {
            found.states.push(State::NotValid);
        }
        let persons = context.persons(&row.code);
        cells.push(Cell {
            code: row.code.clone(),
            county: row.county_code.clone(),
            state: first_state(&found.states),
            numerator: found.numerator,
            denominator: found.denominator,
            extras: found.extras,
            marks: found.marks,
            persons: if persons.state == State::Ok { persons.value } else { 0 },
        });
    }
    cells.sort_by(|a, b| a.code.cmp(&b.code));
    if request.kpi == "rollout.follow_up" {
        rank(&mut cells);
    }
    cells
}

/// Most reasons first, then most persons, then by code.
fn rank(cells: &mut [Cell]) {
    let mut order: Vec<(i64, i64, String)> =
        cells.iter().map(|cell| (-cell.numerator, -cell.persons, cell.code.clone())).collect();
    order.sort();
    for cell in cells {
        let place =
            order.iter().position(|(_, _, code)| *code == cell.code).expect("every cell is in the order");
        cell.extras.insert("rank", i64::try_from(place + 1).expect("few cells"));
    }
}

/// The state of a cell that needs several inputs.
fn first_state(states: &[State]) -> State {
    for state in [State::NotValid, State::Suppressed, State::Missing, State::NotApplicable] {
        if states.contains(&state) {
            return state;
        }
    }
    State::Ok
}

fn compute(context: &CellContext<'_>, request: &OracleRequest, code: &str) -> Found {
    let measure = |default: &'static str| request.measure_id.as_deref().unwrap_or(default);
    match request.kpi.as_str() {
        "rollout.municipalities_live" => {
            stages::followed(context, plain(i64::from(merged(context, request, code)), Some(1)))
        }
        "rollout.population_coverage" => {
            stages::followed(context, population_coverage(context, request, code))
        }
        "adoption.reach" => {
            let usage = context.usage(measure("users_active"), code);
            ratio(usage, context.eligible(code))
        }
        "adoption.usage_per_1000" => {
            let usage = context.usage(measure("uses"), code);
            ratio(usage, context.persons(code))
        }
        "benefit.realised" => realised(context, measure("uses"), code),
        "benefit.potential" => potential(context, measure("uses"), code),
        "quality.completeness" => completeness(context, code),
        "quality.freshness" => freshness(context, code),
        "adoption.cohort_curve" => super::cohorts::cell(context, request, code),
        "adoption.ladder" => super::ladder::cell(context, request, code),
        "rollout.follow_up" => follow_up(context, request, code),
        "rollout.stage_funnel" => stages::funnel(context, code),
        "quality.estimated_share" => super::deliveries::estimated(context, measure("uses"), code),
        "rollout.schedule_variance" => stages::variance(context, &request.params["wave_id"], code),
        "rollout.time_in_stage" => {
            stages::spell(context, request.params.get("stage").map_or("agreed", String::as_str), code)
        }
        "quality.late_deliveries" => super::deliveries::late(context, code),
        "rollout.stalled" => stages::stalled(context, number(request, "days", 90), code),
        money if money.starts_with("benefit.") => benefit::compute(context, request, code),
        _ => spread::compute(context, request, code),
    }
}

/// A parameter that is a whole number.
pub(crate) fn number(request: &OracleRequest, name: &str, default: i64) -> i64 {
    request.params.get(name).map_or(default, |text| text.parse().expect("a whole number"))
}

pub(crate) fn plain(numerator: i64, denominator: Option<i64>) -> Found {
    Found { states: Vec::new(), numerator, denominator, extras: BTreeMap::new(), marks: 0 }
}

/// Whether a municipality has the solution by the rule for one of several parts.
fn merged(context: &CellContext<'_>, request: &OracleRequest, code: &str) -> bool {
    let pilots = request.params.get("stages").is_some_and(|stages| stages == "production_and_pilot");
    let (mut parts, mut with, mut persons, mut persons_with) = (0, 0, 0, 0);
    for part in parts_of(context.world, code, context.span.target) {
        parts += 1;
        persons += part.persons;
        let stage = context.newest(&part.part_id).map(|event| event.stage);
        if stage == Some("in_production") || (pilots && stage == Some("pilot")) {
            with += 1;
            persons_with += part.persons;
        }
    }
    match request.params.get("merge_rule").map(String::as_str) {
        Some("all") => parts > 0 && with == parts,
        Some("population") => persons_with > persons - persons_with,
        _ => with > 0,
    }
}

fn population_coverage(context: &CellContext<'_>, request: &OracleRequest, code: &str) -> Found {
    let persons = context.persons(code);
    let live = Input {
        state: State::Ok,
        value: if merged(context, request, code) { persons.value } else { 0 },
        marks: 0,
        silent: false,
    };
    ratio(live, persons)
}

pub(crate) fn ratio(over: Input, under: Input) -> Found {
    let mut states = vec![over.state, under.state];
    if under.state == State::Ok && under.value == 0 {
        states.push(State::NotApplicable);
    }
    Found {
        states,
        numerator: over.value,
        denominator: Some(under.value),
        extras: BTreeMap::new(),
        marks: over.marks | under.marks,
    }
}

/// The unit values of a measure that are taken of those that hold on the period's first day: one of each kind.
pub(crate) fn values<'a>(context: &CellContext<'a>, measure: &str) -> Vec<&'a UnitValue> {
    let mut found = Vec::new();
    for row in &context.world.unit_values {
        let holds =
            row.valid_from <= context.span.start && row.valid_to.is_none_or(|end| end > context.span.start);
        if row.solution_id == context.solution && row.measure_id == measure && holds {
            found.push(row);
        }
    }
    let mut taken: Vec<&UnitValue> = Vec::new();
    for row in &found {
        let beaten = found.iter().any(|other| {
            other.benefit_kind == row.benefit_kind
                && (std::cmp::Reverse(other.valid_from), founded(other), &other.source)
                    < (std::cmp::Reverse(row.valid_from), founded(row), &row.source)
        });
        if !beaten {
            taken.push(row);
        }
    }
    taken
}

/// How well a value is founded: 0 is best.
fn founded(value: &UnitValue) -> usize {
    let known = ["published", "published_lower_bound", "assumption"];
    known.iter().position(|quality| *quality == value.quality).unwrap_or(known.len())
}

/// How many values hold and are not taken.
fn not_taken(context: &CellContext<'_>, measure: &str) -> i64 {
    let holds = context.world.unit_values.iter().filter(|row| {
        let now =
            row.valid_from <= context.span.start && row.valid_to.is_none_or(|end| end > context.span.start);
        now && row.solution_id == context.solution && row.measure_id == measure
    });
    i64::try_from(holds.count() - values(context, measure).len()).expect("few values")
}

/// What a number of units is worth, in øre and seconds.
fn valued(context: &CellContext<'_>, measure: &str, units: i64, marks: i64, mut states: Vec<State>) -> Found {
    let mut extras: BTreeMap<&'static str, i64> = BTreeMap::new();
    let mut ore = 0;
    for name in ["nok_low", "nok_high", "hours_low", "hours_central", "hours_high"] {
        extras.insert(name, 0);
    }
    let rows = values(context, measure);
    extras.insert("other_values", not_taken(context, measure));
    for row in &rows {
        if row.benefit_kind == "avoided_cost" {
            ore += units * row.central;
            *extras.entry("nok_low").or_default() += units * row.low;
            *extras.entry("nok_high").or_default() += units * row.high;
        } else if row.benefit_kind == "saved_time" {
            *extras.entry("hours_low").or_default() += units * row.low;
            *extras.entry("hours_central").or_default() += units * row.central;
            *extras.entry("hours_high").or_default() += units * row.high;
        }
    }
    if rows.is_empty() {
        states.push(State::NotApplicable);
    }
    Found { states, numerator: ore, denominator: None, extras, marks }
}

pub(crate) fn realised(context: &CellContext<'_>, measure: &str, code: &str) -> Found {
    let usage = context.usage(measure, code);
    let mut baseline = 0;
    let mut marks = usage.marks;
    for row in &context.world.baselines {
        if row.solution_id != context.solution || row.measure_id != measure {
            continue;
        }
        if let Some(successor) = context.lands(&row.municipality_code, row.division_date, code) {
            baseline += successor.piece(row.value_a_month) * context.span.months;
            marks |= if successor.exact { 0 } else { super::mark::SPLIT };
        }
    }
    valued(context, measure, (usage.value - baseline).max(0), marks, vec![usage.state])
}

fn potential(context: &CellContext<'_>, measure: &str, code: &str) -> Found {
    let mut usage = context.usage(measure, code);
    if usage.state == State::NotApplicable && usage.silent {
        // Not live: all of the potential is left.
        usage = Input { state: State::Ok, value: 0, marks: 0, silent: true };
    }
    let eligible = context.eligible(code);
    let mut states = vec![usage.state, eligible.state];
    let groups = groups_of(context.world, "kostra", code, context.span.target);
    let reference = if let [group] = &groups[..] { reference(context, measure, group, 3) } else { None };
    let units = match reference {
        Some((uses, persons)) => (eligible.value * uses / persons - usage.value).max(0),
        None => {
            states.push(if groups.len() == 1 { State::Missing } else { State::NotApplicable });
            0
        }
    };
    valued(context, measure, units, usage.marks | eligible.marks, states)
}

/// Usage and eligible persons of the municipality so many quarters up its group.
pub(crate) fn reference(
    context: &CellContext<'_>,
    measure: &str,
    group: &str,
    quarters: usize,
) -> Option<(i64, i64)> {
    let mut rates: Vec<(i64, i64, String)> = Vec::new();
    for row in &context.world.municipalities {
        let day = context.span.names_on;
        if row.valid_from > day || row.valid_to.is_some_and(|end| end <= day) {
            continue;
        }
        let mine = groups_of(context.world, "kostra", &row.code, context.span.target);
        let (usage, eligible) = (context.usage(measure, &row.code), context.eligible(&row.code));
        let is_ok = usage.state == State::Ok && eligible.state == State::Ok && eligible.value > 0;
        if mine.iter().any(|g| g == group)
            && is_ok
            && comparable(context.world, context.policy, context.span, &row.code)
        {
            rates.push((usage.value, eligible.value, row.code.clone()));
        }
    }
    // a/b < c/d as a*d < c*b: exact.
    rates.sort_by(|a, b| (a.0 * b.1).cmp(&(b.0 * a.1)).then_with(|| a.2.cmp(&b.2)));
    let rank = (quarters * rates.len()).div_ceil(4);
    let (uses, persons, _) = rates.get(rank.checked_sub(1)?)?;
    Some((*uses, *persons))
}

/// Whether a row that is not `missing` lands on the municipality.
pub(crate) fn delivered(
    context: &CellContext<'_>,
    measure: Option<&str>,
    period: Option<(Day, Day)>,
    code: &str,
) -> Vec<Day> {
    let mut ends = Vec::new();
    for row in &context.world.usage {
        let named = row.solution_id == context.solution && measure.is_none_or(|m| m == row.measure_id);
        let timely = period.is_none_or(|p| p == (row.period_start, row.period_end));
        if named
            && timely
            && row.state != "missing"
            && context.lands(&row.municipality_code, row.division_date, code).is_some()
        {
            ends.push(row.period_end);
        }
    }
    ends
}

/// What was expected inside the period, each delivery in one of four states.
fn completeness(context: &CellContext<'_>, code: &str) -> Found {
    let today = context.world.recorded_at.date_naive();
    let (mut settled, mut provisional, mut open, mut missing) = (0, 0, 0, 0);
    for due in &context.world.expected_deliveries {
        let inside = due.period_start >= context.span.start && due.period_end <= context.span.end;
        if due.solution_id != context.solution || !inside {
            continue;
        }
        let (mut came, mut changing) = (false, false);
        for row in &context.world.usage {
            let answers = row.solution_id == due.solution_id
                && row.measure_id == due.measure_id
                && (row.period_start, row.period_end) == (due.period_start, due.period_end);
            if answers
                && row.state != "missing"
                && context.lands(&row.municipality_code, row.division_date, code).is_some()
            {
                came = true;
                changing |= row.provisional;
            }
        }
        match (came, changing) {
            (true, true) => provisional += 1,
            (true, false) => settled += 1,
            (false, _) if due.due < today => missing += 1,
            (false, _) => open += 1,
        }
    }
    let expected = settled + provisional + open + missing;
    let mut found = plain(settled + provisional, Some(expected));
    found.extras = BTreeMap::from([
        ("final_deliveries", settled),
        ("provisional_deliveries", provisional),
        ("open_deliveries", open),
        ("missing_deliveries", missing),
    ]);
    if expected == 0 || !context.live(code, context.span.target) {
        found.states.push(State::NotApplicable);
    }
    found
}

/// Silent though live, or fallen by more than a fifth from the period before.
fn follow_up(context: &CellContext<'_>, request: &OracleRequest, code: &str) -> Found {
    let now = context.usage("uses", code);
    let silent = context.live(code, context.span.target) && now.state == State::Missing;
    let earlier = super::before(context.world, request, context.span);
    let there = context.world.municipalities.iter().any(|row| {
        row.code == code
            && row.valid_from <= earlier.names_on
            && row.valid_to.is_none_or(|end| end > earlier.names_on)
    });
    let past = CellContext {
        world: context.world,
        policy: context.policy,
        span: &earlier,
        solution: context.solution,
    };
    let past = past.usage("uses", code);
    let (lost, both) = (i128::from(past.value - now.value), i128::from(past.value + now.value));
    // More than 1.96 standard deviations of the difference of two counts.
    let beyond_chance = lost * lost * 10_000 > 38_416 * both;
    let known = there && now.state == State::Ok && past.state == State::Ok;
    let fell = known && beyond_chance && now.value * 100 < past.value * 80;
    let mut found = plain(i64::from(silent) + i64::from(fell), None);
    found.extras.insert("not_delivered", i64::from(silent));
    found.extras.insert("use_fell", i64::from(fell));
    found.marks = if now.state == State::Ok { now.marks } else { 0 };
    found
}

fn freshness(context: &CellContext<'_>, code: &str) -> Found {
    let ends = delivered(context, None, None, code);
    let newest = ends.into_iter().filter(|end| *end <= context.span.end).max();
    let mut first_due: Option<Day> = None;
    for due in &context.world.expected_deliveries {
        if due.solution_id == context.solution && first_due.is_none_or(|day| due.period_start < day) {
            first_due = Some(due.period_start);
        }
    }
    let since = newest.or(first_due);
    let days = since.map_or(0, |day| (context.span.end - day).num_days());
    let mut found = plain(days, None);
    if since.is_none() || !context.live(code, context.span.target) {
        found.states.push(State::NotApplicable);
    }
    found
}
