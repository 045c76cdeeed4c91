//! Each KPI for one municipality in one period.

use std::collections::BTreeMap;

use chrono::{Datelike, Months};

use super::areas::groups_of;
use super::borders::{comparable, parts_of};
use super::inputs::{CellContext, Input, Landed};
use super::{Cell, OracleRequest, Policy, Span, State, benefit, deliveries, spread, stages};
use crate::world::{Day, Municipality, UnitValue, World};

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
            found.extras.retain(|name, _| !name.starts_with("hours_"));
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
            inhabitants: inhabitants(&context, &row.code),
        });
    }
    cells.sort_by(|a, b| a.code.cmp(&b.code));
    if request.kpi == "rollout.follow_up" {
        rank(&mut cells);
    }
    cells
}

/// The municipalities of a period, without any number.
pub(crate) fn places(world: &World, span: &Span) -> Vec<Cell> {
    let there = |row: &&Municipality| {
        row.valid_from <= span.names_on && row.valid_to.is_none_or(|end| end > span.names_on)
    };
    let empty = |row: &Municipality| Cell {
        inhabitants: 0,
        code: row.code.clone(),
        county: row.county_code.clone(),
        state: State::NotApplicable,
        numerator: 0,
        denominator: None,
        extras: BTreeMap::new(),
        marks: 0,
        persons: 0,
    };
    world.municipalities.iter().filter(there).map(empty).collect()
}

/// Who lives in a municipality, for what is left out to be counted too: those of a divided one by share.
pub(crate) fn inhabitants(context: &CellContext<'_>, code: &str) -> i64 {
    let policy = if context.policy == Policy::ExactOnly { Policy::PopulationShare } else { context.policy };
    CellContext { world: context.world, policy, span: context.span, solution: context.solution }
        .persons(code)
        .value
}

/// Those of whom anything is known first, of them most reasons, then most persons, then by code.
fn rank(cells: &mut [Cell]) {
    let known = |cell: &Cell| cell.extras.get("is_known").copied().unwrap_or(0);
    let place = |cell: &Cell| (-known(cell), -cell.numerator, -cell.persons, cell.code.clone());
    let mut order: Vec<(i64, i64, i64, String)> = cells.iter().map(place).collect();
    order.sort();
    for cell in cells {
        let place =
            order.iter().position(|(.., code)| *code == cell.code).expect("every cell is in the order");
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
            let measure = measure("users_active");
            with_periods(share(context.usage(measure, code), context.eligible(code)), context, measure, code)
        }
        "adoption.usage_per_1000" => {
            let measure = measure("uses");
            with_periods(ratio(context.usage(measure, code), context.persons(code)), context, measure, code)
        }
        "benefit.realised" => realised(context, measure("uses"), code),
        "benefit.potential" => potential(context, measure("uses"), code),
        "quality.completeness" => deliveries::completeness(context, code),
        "quality.freshness" => deliveries::freshness(context, code),
        "adoption.cohort_curve" => super::cohorts::cell(context, request, code),
        "adoption.ladder" => super::ladder::cell(context, request, code),
        "rollout.follow_up" => follow_up(context, request, code),
        "rollout.stage_funnel" => stages::funnel(context, code),
        "quality.estimated_share" => deliveries::estimated(context, measure("uses"), code),
        "rollout.schedule_variance" => stages::variance(context, &request.params["wave_id"], code),
        "rollout.time_in_stage" => {
            stages::spell(context, request.params.get("stage").map_or("agreed", String::as_str), code)
        }
        "quality.late_deliveries" => deliveries::late(context, code),
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
        moved: persons.moved,
    };
    ratio(live, persons)
}

/// Beside a number, how much of what was owed came.
fn with_periods(mut found: Found, context: &CellContext<'_>, measure: &str, code: &str) -> Found {
    let (reported, expected) = context.months_reported(measure, code);
    found.extras.insert("periods_reported", reported);
    found.extras.insert("periods_expected", expected);
    found
}

/// A ratio that is compared with those of others: none where its number is of a part alone.
pub(crate) fn whole_ratio(over: Input, under: Input) -> Found {
    let mut found = ratio(over, under);
    if over.is_partial() {
        found.states.push(State::NotApplicable);
    }
    found
}

/// A share of a whole, which exceeds it only where the two are not of the same.
pub(crate) fn share(over: Input, under: Input) -> Found {
    let mut found = ratio(over, under);
    found.marks |= if over.value > under.value { super::mark::ABOVE_WHOLE } else { 0 };
    found
}

/// What is divided is of the same land as what it is divided by.
pub(crate) fn other_land(over: Input, under: Input) -> Option<State> {
    let known = over.state == State::Ok && under.state == State::Ok;
    (known && over.moved != under.moved).then_some(State::NotValid)
}

pub(crate) fn ratio(over: Input, under: Input) -> Found {
    let mut states = vec![over.state, under.state];
    if under.state == State::Ok && under.value == 0 {
        states.push(State::NotApplicable);
    }
    states.extend(other_land(over, under));
    Found {
        states,
        numerator: over.value,
        denominator: Some(under.value),
        extras: BTreeMap::new(),
        marks: over.marks | under.marks,
    }
}

/// The unit values of a measure that are taken of those that hold on a day: one of each kind; and how many are not.
fn values_on<'a>(context: &CellContext<'a>, measure: &str, day: Day) -> (Vec<&'a UnitValue>, i64) {
    let mut found = Vec::new();
    for row in &context.world.unit_values {
        let holds = row.valid_from <= day && row.valid_to.is_none_or(|end| end > day);
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
    let others = i64::try_from(found.len() - taken.len()).expect("few values");
    (taken, others)
}

/// How well a value is founded: 0 is best.
fn founded(value: &UnitValue) -> usize {
    let known = ["published", "published_lower_bound", "assumption"];
    known.iter().position(|quality| *quality == value.quality).unwrap_or(known.len())
}

/// What one unit is worth on each of some days, added: by kind and end of the range, with the days that have a value.
#[derive(Debug, Default)]
pub(crate) struct Worth {
    pub(crate) days: i64,
    sums: BTreeMap<&'static str, [i64; 3]>,
    days_with: BTreeMap<&'static str, i64>,
    others: i64,
}

impl Worth {
    pub(crate) fn of(context: &CellContext<'_>, measure: &str, (start, end): (Day, Day)) -> Self {
        let mut worth = Self::default();
        for day in super::days_of(start, end) {
            worth.days += 1;
            let (taken, others) = values_on(context, measure, day);
            worth.others = worth.others.max(others);
            for row in taken {
                let sums = worth.sums.entry(row.benefit_kind).or_default();
                for (sum, value) in sums.iter_mut().zip([row.low, row.central, row.high]) {
                    *sum += value;
                }
                *worth.days_with.entry(row.benefit_kind).or_default() += 1;
            }
        }
        worth
    }

    /// What so many units are worth, each the mean of the days.
    pub(crate) fn units(&self, units: i64, kind: &str) -> Option<[i64; 3]> {
        self.sums.get(kind).map(|sums| sums.map(|sum| units * sum / self.days))
    }

    /// Whether kroner are known for some of the days, but not for all.
    pub(crate) fn is_partial(&self) -> bool {
        self.days_with.get("avoided_cost").is_some_and(|days| *days < self.days)
    }
}

/// Amounts of money and time as a KPI shows them. Hours are shown although no kroner are.
fn shown_worth(
    ore: Option<[i64; 3]>,
    seconds: Option<[i64; 3]>,
    others: i64,
    marks: i64,
    mut states: Vec<State>,
) -> Found {
    let mut extras: BTreeMap<&'static str, i64> = BTreeMap::from([("other_values", others)]);
    let known = states.iter().all(|state| *state == State::Ok);
    if let Some([low, central, high]) = seconds.filter(|_| known) {
        extras.extend([("hours_low", low), ("hours_central", central), ("hours_high", high)]);
    }
    let Some([low, central, high]) = ore else {
        if known {
            states.push(State::NotApplicable);
        }
        return Found { states, numerator: 0, denominator: None, extras, marks };
    };
    extras.extend([("nok_low", low), ("nok_high", high)]);
    Found { states, numerator: central, denominator: None, extras, marks }
}

/// The days a row of a flow is of: its month, when it lies in one, else its own.
fn month_or_own(start: Day, end: Day) -> (Day, Day) {
    let first = start.with_day(1).expect("a first day");
    let next = first + Months::new(1);
    if end <= next { (first, next) } else { (start, end) }
}

/// Whether a baseline is known of every part of a municipality; none where none is of any.
pub(crate) fn known_baseline(context: &CellContext<'_>, measure: &str, code: &str) -> Option<bool> {
    let mut known = Vec::new();
    for row in &context.world.baselines {
        if row.solution_id == context.solution && row.measure_id == measure {
            known.extend(parts_of(context.world, &row.municipality_code, row.division_date));
        }
    }
    let own = parts_of(context.world, code, context.span.target);
    let is_known = own.iter().all(|part| known.iter().any(|other| other.part_id == part.part_id));
    (!known.is_empty()).then_some(is_known)
}

/// Of each month, or of what was reported for longer: the first day reported, the one after the last, the use.
pub(crate) fn use_spans(context: &CellContext<'_>, measure: &str, code: &str) -> Vec<(Day, Day, i64)> {
    let (start, end) = (context.span.start, context.span.end);
    if context.rollup(measure) != "sum" {
        return vec![(start, end, context.usage(measure, code).value)];
    }
    let mut months: BTreeMap<(Day, Day), (Day, Day, i64)> = BTreeMap::new();
    for Landed { row, successor, .. } in context.landing_and_zeros(measure, code) {
        if row.state != "ok" {
            continue;
        }
        let month = months.entry(month_or_own(row.period_start, row.period_end)).or_insert((
            row.period_start,
            row.period_end,
            0,
        ));
        month.0 = month.0.min(row.period_start);
        month.1 = month.1.max(row.period_end);
        month.2 += successor.allocated(row.value.expect("an ok row has a value"));
    }
    months.into_values().collect()
}

/// Use above the baseline, month by month where it was reported so.
pub(crate) fn realised(context: &CellContext<'_>, measure: &str, code: &str) -> Found {
    let mut usage = context.usage(measure, code);
    let (mut baseline, mut marks) = (0, usage.marks);
    let mut unplaced = false;
    // Under the third policy, whether there is a baseline of this land alone, and one that may be of other land too.
    let (mut is_kept, mut is_moved) = (false, false);
    for row in &context.world.baselines {
        if row.solution_id != context.solution || row.measure_id != measure {
            continue;
        }
        if let Some(successor) = context.lands(&row.municipality_code, row.division_date, code) {
            baseline += successor.allocated(row.value_a_month);
            marks |= if successor.exact { 0 } else { super::mark::SPLIT };
        }
        unplaced |= context.cannot_place((&row.municipality_code, row.division_date), code);
        if let Some(by_share) = context.shares((&row.municipality_code, row.division_date), code) {
            let counts = context.policy == Policy::LargestSuccessor && row.value_a_month != 0;
            is_kept |= counts && by_share.exact;
            is_moved |= counts && !by_share.exact;
        }
    }
    let baseline_state = match known_baseline(context, measure, code) {
        None => {
            marks |= super::mark::WITHOUT_BASELINE;
            State::Ok
        }
        Some(true) => State::Ok,
        Some(false) => State::NotApplicable,
    };
    if usage.state == State::Ok {
        let other = if usage.moved { is_kept } else { is_moved };
        usage.state = if unplaced || other { State::NotValid } else { baseline_state };
    }
    let spans = if usage.state == State::Ok { use_spans(context, measure, code) } else { Vec::new() };
    let (mut ore, mut seconds, mut others): (Option<[i64; 3]>, Option<[i64; 3]>, i64) = (None, None, 0);
    let (mut days, mut days_worth) = (0, 0);
    for (start, end, value) in spans {
        let before = if context.rollup(measure) == "sum" {
            super::days_of(start, end).map(|day| super::on_a_day(12 * baseline, day)).sum()
        } else {
            baseline
        };
        let units = (value - before).max(0);
        let worth = Worth::of(context, measure, (start, end));
        others = others.max(worth.others);
        days += worth.days;
        days_worth += worth.days_with.get("avoided_cost").copied().unwrap_or(0);
        add(&mut ore, worth.units(units, "avoided_cost"));
        add(&mut seconds, worth.units(units, "saved_time"));
    }
    if days_worth > 0 && days_worth < days {
        marks |= super::mark::PARTIAL;
    }
    shown_worth(ore, seconds, others, marks, vec![usage.state])
}

fn add(sums: &mut Option<[i64; 3]>, more: Option<[i64; 3]>) {
    if let Some(more) = more {
        let so_far = sums.unwrap_or_default();
        *sums = Some([so_far[0] + more[0], so_far[1] + more[1], so_far[2] + more[2]]);
    }
}

/// How many others are behind a reference, and whether they are of the whole country.
pub(crate) fn behind(reference: Option<&Reference>) -> BTreeMap<&'static str, i64> {
    let Some(of) = reference else { return BTreeMap::new() };
    [("reference_municipalities", of.others), ("wider_references", i64::from(of.wider))].into()
}

fn potential(context: &CellContext<'_>, measure: &str, code: &str) -> Found {
    let mut usage = context.usage(measure, code);
    let eligible = context.eligible(code);
    if usage.state == State::NotApplicable && usage.silent {
        // Not live: all of the potential is left.
        usage = Input { state: State::Ok, value: 0, marks: 0, silent: true, moved: eligible.moved };
    }
    let mut states = vec![usage.state, eligible.state];
    states.extend(other_land(usage, eligible));
    if usage.is_partial() {
        states.push(State::NotApplicable);
    }
    let groups = groups_of(context.world, "kostra", code, context.span.target);
    let reference = reference(context, measure, code, 3);
    let units = match &reference {
        Some(of) => (eligible.value * of.uses / of.persons - usage.value).max(0),
        None => {
            states.push(if groups.len() == 1 { State::Missing } else { State::NotApplicable });
            0
        }
    };
    let worth = Worth::of(context, measure, (context.span.start, context.span.end));
    let of_reference = reference.as_ref().map_or(0, |of| of.marks);
    let marks = usage.marks
        | eligible.marks
        | of_reference
        | if worth.is_partial() { super::mark::PARTIAL } else { 0 };
    let (ore, seconds) = (worth.units(units, "avoided_cost"), worth.units(units, "saved_time"));
    let mut found = shown_worth(ore, seconds, worth.others, marks, states);
    found.extras.extend(behind(reference.as_ref()));
    found
}

/// What a municipality is measured up to: another one, of how many others, of its group or of the whole country.
pub(crate) struct Reference {
    pub(crate) uses: i64,
    pub(crate) persons: i64,
    pub(crate) others: i64,
    pub(crate) wider: bool,
    /// Of its numbers: a distance to an estimate is one.
    pub(crate) marks: i64,
}

/// The other municipality so many quarters up those of the one group it is in, or of all where fewer than three others
/// of the group have a number.
pub(crate) fn reference(
    context: &CellContext<'_>,
    measure: &str,
    code: &str,
    quarters: usize,
) -> Option<Reference> {
    let own = groups_of(context.world, "kostra", code, context.span.target);
    let (mut group, mut nation) = (Vec::new(), Vec::new());
    for row in &context.world.municipalities {
        let day = context.span.names_on;
        if row.valid_from > day || row.valid_to.is_some_and(|end| end <= day) || row.code == code {
            continue;
        }
        let (usage, eligible) = (context.usage(measure, &row.code), context.eligible(&row.code));
        let is_whole = usage.state == State::Ok && !usage.is_partial();
        let is_ok = is_whole && eligible.state == State::Ok && eligible.value > 0;
        let is_ok = is_ok && other_land(usage, eligible).is_none();
        if is_ok && comparable(context.world, context.policy, context.span, &row.code) {
            let rate = (usage.value, eligible.value, row.code.clone());
            if groups_of(context.world, "kostra", &row.code, context.span.target) == own {
                group.push(rate.clone());
            }
            nation.push(rate);
        }
    }
    let wider = group.len() < 3;
    let mut rates: Vec<(i64, i64, String)> = if wider { nation } else { group };
    if own.len() != 1 || rates.len() < 3 {
        return None;
    }
    // a/b < c/d as a*d < c*b: exact.
    rates.sort_by(|a, b| (a.0 * b.1).cmp(&(b.0 * a.1)).then_with(|| a.2.cmp(&b.2)));
    let (uses, persons, other) = &rates[(quarters * rates.len()).div_ceil(4) - 1];
    let others = i64::try_from(rates.len()).expect("few municipalities");
    let marks = context.usage(measure, other).marks | context.eligible(other).marks;
    Some(Reference { uses: *uses, persons: *persons, others, wider, marks })
}

/// Silent though live, or fallen by more than a fifth from the period before.
fn follow_up(context: &CellContext<'_>, request: &OracleRequest, code: &str) -> Found {
    let now = context.usage("uses", code);
    let silent = context.live(code, context.span.target)
        && now.state == State::Missing
        && deliveries::is_overdue(context, code)
        && !context.came_in_full("uses", code);
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
    let whole = |input: &Input| input.state == State::Ok && !input.is_partial();
    let known = there && whole(&now) && whole(&past);
    // A part of what was there before is no fall from it.
    let same_land = other_land(now, past).is_none();
    let fell = known && same_land && beyond_chance && now.value * 100 < past.value * 80;
    let mut found = plain(i64::from(silent) + i64::from(fell), None);
    // Neither its rollout nor any number of it is known.
    let is_known = context.has_events() || !now.silent || (there && whole(&past));
    if !is_known {
        found.states.push(State::NotApplicable);
    }
    found.extras.insert("is_known", i64::from(is_known));
    found.extras.insert("not_delivered", i64::from(silent));
    found.extras.insert("use_fell", i64::from(fell));
    found.marks = if now.state == State::Ok { now.marks } else { 0 } | if known { past.marks } else { 0 };
    found
}
