//! Use since go-live: each municipality counted from its own first month in production.

use chrono::{Datelike, Months};

use super::borders::{comparable, overlaps, parts_of};
use super::inputs::CellContext;
use super::kpis::{Found, number, other_land, plain};
use super::{Cell, OracleRequest, OracleRow, Span, State, status};
use crate::world::Day;

/// The months told in columns of their own: what a cell calls its use and target group, and the two columns.
const POINTS: [(i64, [&str; 4]); 9] = [
    (0, ["u0", "e0", "month_0_per_1000", "month_0_municipalities"]),
    (1, ["u1", "e1", "month_1_per_1000", "month_1_municipalities"]),
    (2, ["u2", "e2", "month_2_per_1000", "month_2_municipalities"]),
    (3, ["u3", "e3", "month_3_per_1000", "month_3_municipalities"]),
    (6, ["u6", "e6", "month_6_per_1000", "month_6_municipalities"]),
    (9, ["u9", "e9", "month_9_per_1000", "month_9_municipalities"]),
    (12, ["u12", "e12", "month_12_per_1000", "month_12_municipalities"]),
    (18, ["u18", "e18", "month_18_per_1000", "month_18_municipalities"]),
    (24, ["u24", "e24", "month_24_per_1000", "month_24_municipalities"]),
];

/// The first day ever told on which a part of the municipality was in production.
fn go_live(context: &CellContext<'_>, code: &str) -> Option<Day> {
    let mine = parts_of(context.world, code, context.span.target);
    let mine: Vec<&str> = mine.iter().map(|part| part.part_id.as_str()).collect();
    status::first_day(context.world, context.solution, &mine, "in_production", Day::MAX)
}

/// Whether a municipality is of the wave.
fn in_wave(context: &CellContext<'_>, wave_id: &str, code: &str) -> bool {
    let own = context.world.waves.iter().any(|w| w.wave_id == wave_id && w.solution_id == context.solution);
    own && !planned(context, wave_id, code).is_empty()
}

/// The days planned for the members whose land a municipality has some of.
pub(crate) fn planned(context: &CellContext<'_>, wave_id: &str, code: &str) -> Vec<Option<Day>> {
    let mut days = Vec::new();
    for member in context.world.wave_members.iter().filter(|member| member.wave_id == wave_id) {
        let lands = overlaps(context.world, code, context.span.target, member.division_date);
        if lands.iter().any(|(land, _)| *land == member.municipality_code) {
            days.push(member.planned_date);
        }
    }
    days
}

/// The day a municipality went live, when it is of the cohort of the period.
fn member_since(context: &CellContext<'_>, request: &OracleRequest, code: &str) -> Option<Day> {
    let own = go_live(context, code)?;
    let mut cohort_day = own;
    if let Some(wave_id) = request.params.get("wave_id") {
        if !in_wave(context, wave_id, code) {
            return None;
        }
        let names = context.span.names_on;
        for row in &context.world.municipalities {
            let exists = row.valid_from <= names && row.valid_to.is_none_or(|end| end > names);
            if exists && in_wave(context, wave_id, &row.code) {
                cohort_day = cohort_day.min(go_live(context, &row.code).unwrap_or(cohort_day));
            }
        }
    }
    (cohort_day >= context.span.start && cohort_day < context.span.end).then_some(own)
}

/// What a municipality told of one month: its state, the use and the marks.
fn month(context: &CellContext<'_>, measure: &str, code: &str, start: Day) -> (State, i64, i64) {
    let end = start + Months::new(1);
    if end > context.world.recorded_at.date_naive() {
        return (State::NotApplicable, 0, 0);
    }
    let span = Span { start, end, ..*context.span };
    let of_month =
        CellContext { world: context.world, policy: context.policy, span: &span, solution: context.solution };
    let reported = of_month.month_usage(measure, code);
    let state = if reported.silent { State::Missing } else { reported.state };
    let state = other_land(reported, context.eligible(code)).unwrap_or(state);
    (state, reported.value, reported.marks)
}

/// A municipality of the cohort, at the month of the value and at those of the columns.
pub(crate) fn cell(context: &CellContext<'_>, request: &OracleRequest, code: &str) -> Found {
    let measure = request.measure_id.as_deref().unwrap_or("uses");
    let target_group = context.eligible(code);
    let mut found = plain(0, Some(target_group.value));
    let since = member_since(context, request, code)
        .filter(|_| comparable(context.world, context.policy, context.span, code));
    let Some(since) = since else {
        found.states.push(State::NotApplicable);
        return found;
    };
    found.extras.insert("member", 1);
    let first = since.with_day(1).expect("months have a first day");
    let at = |months: i64| first + Months::new(u32::try_from(months).expect("not before go-live"));
    let stated = month(context, measure, code, at(number(request, "months_since", 12)));
    found.states.push(stated.0);
    // Before the month is over nothing is lacking.
    let reached = at(number(request, "months_since", 12) + 1) <= context.world.recorded_at.date_naive();
    if reached {
        found.states.push(target_group.state);
    }
    if target_group.state == State::Ok && target_group.value == 0 {
        found.states.push(State::NotApplicable);
    }
    found.numerator = stated.1;
    found.marks = stated.2 | target_group.marks;
    for (months, [uses, persons, ..]) in POINTS {
        let (state, value, _) = month(context, measure, code, at(months));
        if state == State::Ok && target_group.state == State::Ok && target_group.value > 0 {
            found.extras.insert(uses, value);
            found.extras.insert(persons, target_group.value);
        }
    }
    found
}

/// The curve of an area's cohort.
#[expect(clippy::cast_precision_loss, reason = "the numbers of a test world are small")]
pub(crate) fn finish(kpi: &str, mut row: OracleRow, cells: &[&Cell]) -> OracleRow {
    if kpi != "adoption.cohort_curve" {
        return row;
    }
    row.value = row.value.map(|ratio| 1000.0 * ratio);
    let all = |name: &str| cells.iter().filter_map(|cell| cell.extras.get(name).copied()).collect::<Vec<_>>();
    row.extras.insert("cohort_municipalities".to_owned(), Some(all("member").len() as f64));
    let few = if row.reported < 5 { 1.0 } else { 0.0 };
    row.extras.insert("few".to_owned(), (row.reported > 0).then_some(few));
    for (_, [uses, persons, rate, behind]) in POINTS {
        let (stated, of) = (all(uses), all(persons));
        let pooled = 1000.0 * stated.iter().sum::<i64>() as f64 / of.iter().sum::<i64>() as f64;
        row.extras.insert(rate.to_owned(), (!stated.is_empty()).then_some(pooled));
        row.extras.insert(behind.to_owned(), Some(stated.len() as f64));
    }
    row
}
