//! Each KPI for one municipality in one period.

use std::collections::BTreeMap;

use super::areas::groups_of;
use super::borders::{comparable, parts_of};
use super::inputs::{Ask, Input};
use super::{Cell, OracleRequest, Policy, Span, State, benefit, spread, stages};
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
    let ask = Ask { world, policy: request.policy, span, solution: &request.solution_id };
    let mut cells = Vec::new();
    for row in &world.municipalities {
        if row.valid_from > span.names_on || row.valid_to.is_some_and(|end| end <= span.names_on) {
            continue;
        }
        let mut found = compute(&ask, request, &row.code);
        if !comparable(world, request.policy, span, &row.code) {
            found.states.push(State::NotValid);
        }
        let persons = ask.persons(&row.code);
        cells.push(Cell {
            code: row.code.clone(),
            county: row.county_code.clone(),
            state: first_state(&found.states),
            numerator: found.numerator,
            denominator: found.denominator,
            extras: found.extras,
            marks: found.marks,
            persons: if persons.state == State::Ok { persons.value } else { 0 },
            inhabitants: inhabitants(&ask, &row.code),
        });
    }
    cells.sort_by(|a, b| a.code.cmp(&b.code));
    if request.kpi == "rollout.follow_up" {
        rank(&mut cells);
    }
    cells
}

/// Who lives in a municipality, for what is left out to be counted too: those of a divided one by share.
fn inhabitants(ask: &Ask<'_>, code: &str) -> i64 {
    let policy = if ask.policy == Policy::ExactOnly { Policy::PopulationShare } else { ask.policy };
    Ask { world: ask.world, policy, span: ask.span, solution: ask.solution }.persons(code).value
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

fn compute(ask: &Ask<'_>, request: &OracleRequest, code: &str) -> Found {
    let measure = |default: &'static str| request.measure_id.as_deref().unwrap_or(default);
    match request.kpi.as_str() {
        "rollout.municipalities_live" => {
            stages::followed(ask, plain(i64::from(merged(ask, request, code)), Some(1)))
        }
        "rollout.population_coverage" => stages::followed(ask, population_coverage(ask, request, code)),
        "adoption.reach" => {
            let usage = ask.usage(measure("users_active"), code);
            ratio(usage, ask.eligible(code))
        }
        "adoption.usage_per_1000" => {
            let usage = ask.usage(measure("uses"), code);
            ratio(usage, ask.persons(code))
        }
        "benefit.realised" => realised(ask, measure("uses"), code),
        "benefit.potential" => potential(ask, measure("uses"), code),
        "quality.completeness" => completeness(ask, code),
        "quality.freshness" => freshness(ask, code),
        "adoption.cohort_curve" => super::cohorts::cell(ask, request, code),
        "adoption.ladder" => super::ladder::cell(ask, request, code),
        "rollout.follow_up" => follow_up(ask, request, code),
        "rollout.stage_funnel" => stages::funnel(ask, code),
        "quality.estimated_share" => super::deliveries::estimated(ask, measure("uses"), code),
        "rollout.schedule_variance" => stages::variance(ask, &request.params["wave_id"], code),
        "rollout.time_in_stage" => {
            stages::spell(ask, request.params.get("stage").map_or("agreed", String::as_str), code)
        }
        "quality.late_deliveries" => super::deliveries::late(ask, code),
        "rollout.stalled" => stages::stalled(ask, number(request, "days", 90), code),
        money if money.starts_with("benefit.") => benefit::compute(ask, request, code),
        _ => spread::compute(ask, request, code),
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
fn merged(ask: &Ask<'_>, request: &OracleRequest, code: &str) -> bool {
    let pilots = request.params.get("stages").is_some_and(|stages| stages == "production_and_pilot");
    let (mut parts, mut with, mut persons, mut persons_with) = (0, 0, 0, 0);
    for part in parts_of(ask.world, code, ask.span.target) {
        parts += 1;
        persons += part.persons;
        let stage = ask.newest(&part.part_id).map(|event| event.stage);
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

fn population_coverage(ask: &Ask<'_>, request: &OracleRequest, code: &str) -> Found {
    let persons = ask.persons(code);
    let live = Input {
        state: State::Ok,
        value: if merged(ask, request, code) { persons.value } else { 0 },
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
pub(crate) fn values<'a>(ask: &Ask<'a>, measure: &str) -> Vec<&'a UnitValue> {
    let mut found = Vec::new();
    for row in &ask.world.unit_values {
        let holds = row.valid_from <= ask.span.start && row.valid_to.is_none_or(|end| end > ask.span.start);
        if row.solution_id == ask.solution && row.measure_id == measure && holds {
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
fn not_taken(ask: &Ask<'_>, measure: &str) -> i64 {
    let holds = ask.world.unit_values.iter().filter(|row| {
        let now = row.valid_from <= ask.span.start && row.valid_to.is_none_or(|end| end > ask.span.start);
        now && row.solution_id == ask.solution && row.measure_id == measure
    });
    i64::try_from(holds.count() - values(ask, measure).len()).expect("few values")
}

/// What a number of units is worth, in øre and seconds.
fn valued(ask: &Ask<'_>, measure: &str, units: i64, marks: i64, mut states: Vec<State>) -> Found {
    let mut extras: BTreeMap<&'static str, i64> = BTreeMap::new();
    let mut ore = 0;
    for name in ["nok_low", "nok_high", "hours_low", "hours_central", "hours_high"] {
        extras.insert(name, 0);
    }
    let rows = values(ask, measure);
    extras.insert("other_values", not_taken(ask, measure));
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

pub(crate) fn realised(ask: &Ask<'_>, measure: &str, code: &str) -> Found {
    let usage = ask.usage(measure, code);
    let mut baseline = 0;
    let mut marks = usage.marks;
    for row in &ask.world.baselines {
        if row.solution_id != ask.solution || row.measure_id != measure {
            continue;
        }
        if let Some(successor) = ask.lands(&row.municipality_code, row.division_date, code) {
            baseline += successor.piece(row.value_a_month) * ask.span.months;
            marks |= if successor.exact { 0 } else { super::mark::SPLIT };
        }
    }
    valued(ask, measure, (usage.value - baseline).max(0), marks, vec![usage.state])
}

fn potential(ask: &Ask<'_>, measure: &str, code: &str) -> Found {
    let mut usage = ask.usage(measure, code);
    if usage.state == State::NotApplicable && usage.silent {
        // Not live: all of the potential is left.
        usage = Input { state: State::Ok, value: 0, marks: 0, silent: true };
    }
    let eligible = ask.eligible(code);
    let mut states = vec![usage.state, eligible.state];
    let groups = groups_of(ask.world, "kostra", code, ask.span.target);
    let reference = if let [group] = &groups[..] { reference(ask, measure, group, 3) } else { None };
    let units = match reference {
        Some((uses, persons)) => (eligible.value * uses / persons - usage.value).max(0),
        None => {
            states.push(if groups.len() == 1 { State::Missing } else { State::NotApplicable });
            0
        }
    };
    valued(ask, measure, units, usage.marks | eligible.marks, states)
}

/// Usage and eligible persons of the municipality so many quarters up its group.
pub(crate) fn reference(ask: &Ask<'_>, measure: &str, group: &str, quarters: usize) -> Option<(i64, i64)> {
    let mut rates: Vec<(i64, i64, String)> = Vec::new();
    for row in &ask.world.municipalities {
        let day = ask.span.names_on;
        if row.valid_from > day || row.valid_to.is_some_and(|end| end <= day) {
            continue;
        }
        let mine = groups_of(ask.world, "kostra", &row.code, ask.span.target);
        let (usage, eligible) = (ask.usage(measure, &row.code), ask.eligible(&row.code));
        let is_ok = usage.state == State::Ok && eligible.state == State::Ok && eligible.value > 0;
        if mine.iter().any(|g| g == group) && is_ok && comparable(ask.world, ask.policy, ask.span, &row.code)
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
    ask: &Ask<'_>,
    measure: Option<&str>,
    period: Option<(Day, Day)>,
    code: &str,
) -> Vec<Day> {
    let mut ends = Vec::new();
    for row in &ask.world.usage {
        let named = row.solution_id == ask.solution && measure.is_none_or(|m| m == row.measure_id);
        let timely = period.is_none_or(|p| p == (row.period_start, row.period_end));
        if named
            && timely
            && row.state != "missing"
            && ask.lands(&row.municipality_code, row.division_date, code).is_some()
        {
            ends.push(row.period_end);
        }
    }
    ends
}

/// What was expected inside the period, each delivery in one of four states.
fn completeness(ask: &Ask<'_>, code: &str) -> Found {
    let today = ask.world.recorded_at.date_naive();
    let (mut settled, mut provisional, mut open, mut missing) = (0, 0, 0, 0);
    for due in &ask.world.expected_deliveries {
        let inside = due.period_start >= ask.span.start && due.period_end <= ask.span.end;
        if due.solution_id != ask.solution || !inside {
            continue;
        }
        let (mut came, mut changing) = (false, false);
        for row in &ask.world.usage {
            let answers = row.solution_id == due.solution_id
                && row.measure_id == due.measure_id
                && (row.period_start, row.period_end) == (due.period_start, due.period_end);
            if answers
                && row.state != "missing"
                && ask.lands(&row.municipality_code, row.division_date, code).is_some()
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
    if expected == 0 || !ask.live(code, ask.span.target) {
        found.states.push(State::NotApplicable);
    }
    found
}

/// Silent though live, or fallen by more than a fifth from the period before.
fn follow_up(ask: &Ask<'_>, request: &OracleRequest, code: &str) -> Found {
    let now = ask.usage("uses", code);
    let silent = ask.live(code, ask.span.target) && now.state == State::Missing;
    let earlier = super::before(ask.world, request, ask.span);
    let there = ask.world.municipalities.iter().any(|row| {
        row.code == code
            && row.valid_from <= earlier.names_on
            && row.valid_to.is_none_or(|end| end > earlier.names_on)
    });
    let past = Ask { world: ask.world, policy: ask.policy, span: &earlier, solution: ask.solution };
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

fn freshness(ask: &Ask<'_>, code: &str) -> Found {
    let ends = delivered(ask, None, None, code);
    let newest = ends.into_iter().filter(|end| *end <= ask.span.end).max();
    let mut first_due: Option<Day> = None;
    for due in &ask.world.expected_deliveries {
        if due.solution_id == ask.solution && first_due.is_none_or(|day| due.period_start < day) {
            first_due = Some(due.period_start);
        }
    }
    let since = newest.or(first_due);
    let days = since.map_or(0, |day| (ask.span.end - day).num_days());
    let mut found = plain(days, None);
    if since.is_none() || !ask.live(code, ask.span.target) {
        found.states.push(State::NotApplicable);
    }
    found
}
