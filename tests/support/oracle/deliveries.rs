//! KPIs of what is delivered: what is late, what was refused, what rests on estimates.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, TimeDelta, Utc, Weekday};

use super::borders::{comparable, division_holding, parts_of};
use super::inputs::CellContext;
use super::kpis::{Found, plain};
use super::{OracleRequest, OracleRow, Policy, Span, State, mark};
use crate::world::{Day, ExpectedDelivery, Usage, World};

/// What was due until the period's end, or the edition's day, and has not come.
pub(crate) fn late(context: &CellContext<'_>, code: &str) -> Found {
    let mut found = plain(0, Some(0));
    let (mut late, mut due) = (0, 0);
    let until = context.span.end.min(context.world.recorded_at.date_naive());
    for delivery in &context.world.expected_deliveries {
        if delivery.due >= until || !owed(context, delivery, code) {
            continue;
        }
        due += 1;
        if !came(context, delivery, code) {
            late += 1;
            let days = (until - delivery.due).num_days() - 1;
            let most = found.extras.entry("days_late").or_insert(days);
            *most = days.max(*most);
        }
    }
    found.numerator = late;
    found.denominator = Some(due);
    found.marks = invented(context);
    if due == 0 {
        found.states.push(State::NotApplicable);
    }
    found
}

/// The last days' next days of the deliveries that have come: rows, of whatever code, for all land of the municipality
/// that owes them; of land where nobody owes any, rows for some of it.
fn delivered(context: &CellContext<'_>, code: &str) -> Vec<Day> {
    let mut known: Vec<(&str, Day, Day)> = Vec::new();
    for row in &context.world.usage {
        let delivery = (row.measure_id.as_str(), row.period_start, row.period_end);
        if row.solution_id == context.solution && !known.contains(&delivery) {
            known.push(delivery);
        }
    }
    let mut ends = Vec::new();
    for (measure, start, end) in known {
        let rows = rows_of(context, measure, (start, end));
        let has_come = |part: &str| {
            rows.iter().any(|row| {
                parts_of(context.world, &row.municipality_code, row.division_date)
                    .iter()
                    .any(|own| own.part_id == part)
            })
        };
        let parts = parts_of(context.world, code, context.span.target);
        let mut expected_parts = parts.iter().filter(|part| owes(context, &part.part_id, end));
        if expected_parts.all(|part| has_come(&part.part_id))
            && parts.iter().any(|part| has_come(&part.part_id))
        {
            ends.push(end);
        }
    }
    ends
}

/// The rows of a delivery that say something.
fn rows_of<'a>(context: &CellContext<'a>, measure: &str, period: (Day, Day)) -> Vec<&'a Usage> {
    let mut rows = Vec::new();
    for row in &context.world.usage {
        let of_delivery = row.solution_id == context.solution && row.measure_id == measure;
        if of_delivery && (row.period_start, row.period_end) == period && row.state != "missing" {
            rows.push(row);
        }
    }
    rows
}

/// Whether land owes what ends before a day: it has the solution then, or nobody follows who has it.
fn owes(context: &CellContext<'_>, part_id: &str, end: Day) -> bool {
    !context.has_events() || context.part_lives(part_id, end.pred_opt().expect("days have days before them"))
}

/// Whether a municipality owes an expected delivery: some of its land has the solution at its end, and what is said of the
/// country of then can be said of it.
fn owed(context: &CellContext<'_>, delivery: &ExpectedDelivery, code: &str) -> bool {
    if delivery.solution_id != context.solution || !context.has_events() {
        return false;
    }
    let last = delivery.period_end.pred_opt().expect("days have days before them");
    let then = Span { last, native: division_holding(context.world, last), ..*context.span };
    let placed =
        context.policy != Policy::ExactOnly || comparable(context.world, context.policy, &then, code);
    placed
        && parts_of(context.world, code, context.span.target)
            .iter()
            .any(|part| owes(context, &part.part_id, delivery.period_end))
}

/// Whether an expected delivery has come: each day of it, of all land that owes it, lies in a row that says something.
fn came(context: &CellContext<'_>, delivery: &ExpectedDelivery, code: &str) -> bool {
    let mut expected_parts = parts_of(context.world, code, context.span.target);
    expected_parts.retain(|part| owes(context, &part.part_id, delivery.period_end));
    expected_parts.iter().all(|part| {
        let rows = rows_about(context, delivery, &part.part_id);
        let mut days = delivery.period_start.iter_days().take_while(|day| *day < delivery.period_end);
        days.all(|day| rows.iter().any(|row| row.period_start <= day && day < row.period_end))
    })
}

/// The rows that say something of land on days of an expected delivery.
fn rows_about<'a>(context: &CellContext<'a>, delivery: &ExpectedDelivery, part_id: &str) -> Vec<&'a Usage> {
    let mut rows = Vec::new();
    for row in &context.world.usage {
        let named = row.solution_id == context.solution && row.measure_id == delivery.measure_id;
        let touches = row.period_start < delivery.period_end && row.period_end > delivery.period_start;
        if named && touches && row.state != "missing" {
            let own = parts_of(context.world, &row.municipality_code, row.division_date);
            if own.iter().any(|part| part.part_id == part_id) {
                rows.push(row);
            }
        }
    }
    rows
}

/// What was expected inside the period and is owed, each delivery in one of four states.
pub(crate) fn completeness(context: &CellContext<'_>, code: &str) -> Found {
    let today = context.world.recorded_at.date_naive();
    let (mut settled, mut provisional, mut open, mut missing) = (0, 0, 0, 0);
    for due in &context.world.expected_deliveries {
        let inside = due.period_start >= context.span.start && due.period_end <= context.span.end;
        if !inside || !owed(context, due, code) {
            continue;
        }
        let mut parts = parts_of(context.world, code, context.span.target);
        parts.retain(|part| owes(context, &part.part_id, due.period_end));
        let changing = parts
            .iter()
            .any(|part| rows_about(context, due, &part.part_id).iter().any(|row| row.provisional));
        match (came(context, due, code), changing) {
            (true, true) => provisional += 1,
            (true, false) => settled += 1,
            (false, _) if due.due < today => missing += 1,
            (false, _) => open += 1,
        }
    }
    let expected = settled + provisional + open + missing;
    let mut found = plain(settled + provisional, Some(expected - open));
    found.marks = invented(context);
    found.extras = BTreeMap::from([
        ("final_deliveries", settled),
        ("provisional_deliveries", provisional),
        ("missing_deliveries", missing),
    ]);
    // Shown whatever the state, where anything is owed at all.
    found.extras.extend((expected > 0).then_some(("open_deliveries", open)));
    if expected == open {
        found.states.push(State::NotApplicable);
    }
    found
}

/// Whether something of the period's use is past its due day and has not come; where no day is declared, whether the
/// period is over.
pub(crate) fn is_overdue(context: &CellContext<'_>, code: &str) -> bool {
    let today = context.world.recorded_at.date_naive();
    let (mut declared, mut overdue) = (false, false);
    for due in &context.world.expected_deliveries {
        let touches = due.period_start < context.span.end && due.period_end > context.span.start;
        if due.measure_id == "uses" && touches && owed(context, due, code) {
            declared = true;
            overdue |= due.due < today && !came(context, due, code);
        }
    }
    if declared { overdue } else { context.span.end <= today }
}

/// Days since the newest delivery, or since the first that is owed and past due; until the edition's day at most.
pub(crate) fn freshness(context: &CellContext<'_>, code: &str) -> Found {
    let until = context.span.end.min(context.world.recorded_at.date_naive());
    let ends = delivered(context, code);
    let newest = ends.into_iter().filter(|end| *end <= context.span.end).max();
    let mut first_missing: Option<Day> = None;
    for due in &context.world.expected_deliveries {
        let past = due.period_start < context.span.end && due.due < until;
        if past && owed(context, due, code) && first_missing.is_none_or(|day| due.period_start < day) {
            first_missing = Some(due.period_start);
        }
    }
    let since = newest.or(first_missing);
    // At the end of the edition's day.
    let evening = context.span.end.min(context.world.recorded_at.date_naive() + TimeDelta::days(1));
    let days = since.map_or(0, |day| (evening - day).num_days().max(0));
    let mut found = plain(days, None);
    found.marks = invented(context);
    if since.is_none() || !context.live(code, context.span.target) {
        found.states.push(State::NotApplicable);
    }
    found
}

/// The mark of all that is said of the deliveries of a solution with any number that is made up.
fn invented(context: &CellContext<'_>) -> i64 {
    let mut rows = context.world.usage.iter().filter(|row| row.solution_id == context.solution);
    if rows.any(|row| row.synthetic) { mark::SYNTHETIC } else { 0 }
}

/// The day in Oslo: two hours ahead of UTC from one o'clock on the last Sunday of March to that of October, else one.
fn oslo_day(moment: DateTime<Utc>) -> Day {
    let turn = |month: u32| {
        let mut day = Day::from_ymd_opt(moment.year(), month, 31).expect("a day");
        while day.weekday() != Weekday::Sun {
            day = day.pred_opt().expect("days have days before them");
        }
        day.and_hms_opt(1, 0, 0).expect("one o'clock").and_utc()
    };
    let summer = moment >= turn(3) && moment < turn(10);
    (moment + TimeDelta::hours(if summer { 2 } else { 1 })).date_naive()
}

/// Rows refused of the rows read, in what was received in the period: the nation's one row.
#[expect(clippy::cast_precision_loss, reason = "the numbers of a test world are small")]
pub(crate) fn rejected(world: &World, request: &OracleRequest, span: &Span) -> OracleRow {
    let sought = request.params.get("source_id");
    let (mut read, mut refused, mut deliveries, mut marks) = (0, 0, 0, 0);
    for receipt in &world.receipts {
        let day = oslo_day(receipt.received_at);
        if sought.is_none_or(|source| *source == receipt.source_id) && day >= span.start && day < span.end {
            read += receipt.rows_in;
            refused += receipt.rows_rejected;
            deliveries += 1;
            marks |= if receipt.synthetic { mark::SYNTHETIC } else { 0 };
        }
    }
    let ok = read > 0;
    if span.end > world.recorded_at.date_naive() {
        marks |= mark::INCOMPLETE;
    }
    let shown = |number: i64| ok.then_some(number as f64);
    OracleRow {
        period_start: span.start,
        key: None,
        value: ok.then(|| refused as f64 / read as f64),
        numerator: shown(refused),
        denominator: shown(read),
        state: if ok { State::Ok } else { State::NotApplicable }.word().to_owned(),
        coverage: None,
        coverage_of_expected: None,
        marks: if ok { marks } else { 0 },
        reported: 0,
        expected: 0,
        extras: BTreeMap::from([("deliveries".to_owned(), shown(deliveries))]),
    }
}

/// What of the usage is estimated.
pub(crate) fn estimated(context: &CellContext<'_>, measure: &str, code: &str) -> Found {
    let usage = context.usage(measure, code);
    let mut found = plain(context.estimated(measure, code), Some(usage.value));
    found.states.push(usage.state);
    if usage.value == 0 {
        found.states.push(State::NotApplicable);
    }
    found.marks = usage.marks;
    found
}
