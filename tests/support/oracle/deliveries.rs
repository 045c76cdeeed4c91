//! KPIs of what is delivered: what is late, what was refused, what rests on estimates.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, TimeDelta, Utc, Weekday};

use super::borders::{comparable, division_holding};
use super::inputs::CellContext;
use super::kpis::{Found, delivered, plain};
use super::{OracleRequest, OracleRow, Policy, Span, State, mark};
use crate::world::{Day, World};

/// What was due until the period's end and has not come.
pub(crate) fn late(context: &CellContext<'_>, code: &str) -> Found {
    let mut found = plain(0, Some(0));
    let (mut late, mut due) = (0, 0);
    for owed in &context.world.expected_deliveries {
        if owed.solution_id != context.solution || owed.due > context.span.last {
            continue;
        }
        // Live at the end of what is told about, and told about a territory that can be told here.
        let last = owed.period_end.pred_opt().expect("days have days before them");
        let then = Span { last, native: division_holding(context.world, last), ..*context.span };
        let at_the_time = CellContext {
            world: context.world,
            policy: context.policy,
            span: &then,
            solution: context.solution,
        };
        let stated_each =
            context.policy != Policy::ExactOnly || comparable(context.world, context.policy, &then, code);
        if !stated_each || !at_the_time.live(code, context.span.target) {
            continue;
        }
        due += 1;
        let period = (owed.period_start, owed.period_end);
        if delivered(context, Some(&owed.measure_id), Some(period), code).is_empty() {
            late += 1;
            let days = (context.span.last - owed.due).num_days();
            let most = found.extras.entry("days_late").or_insert(days);
            *most = days.max(*most);
        }
    }
    found.numerator = late;
    found.denominator = Some(due);
    if due == 0 {
        found.states.push(State::NotApplicable);
    }
    found
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
