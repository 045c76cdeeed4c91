//! KPIs of what is delivered: what is late, what was refused, what rests on estimates.

use std::collections::BTreeMap;

use super::borders::{comparable, division_holding};
use super::inputs::Ask;
use super::kpis::{Found, delivered, plain};
use super::{OracleRequest, OracleRow, Policy, Span, State, mark};
use crate::world::World;

/// What was due until the period's end and has not come.
pub(crate) fn late(ask: &Ask<'_>, code: &str) -> Found {
    let mut found = plain(0, Some(0));
    let (mut late, mut due) = (0, 0);
    for owed in &ask.world.expected_deliveries {
        if owed.solution_id != ask.solution || owed.due > ask.span.last {
            continue;
        }
        // Live at the end of what is told about, and told about a territory that can be told here.
        let last = owed.period_end.pred_opt().expect("days have days before them");
        let then = Span { last, native: division_holding(ask.world, last), ..*ask.span };
        let at_the_time = Ask { world: ask.world, policy: ask.policy, span: &then, solution: ask.solution };
        let stated_each = ask.policy != Policy::ExactOnly || comparable(ask.world, ask.policy, &then, code);
        if !stated_each || !at_the_time.live(code, ask.span.target) {
            continue;
        }
        due += 1;
        let period = (owed.period_start, owed.period_end);
        if delivered(ask, Some(&owed.measure_id), Some(period), code).is_empty() {
            late += 1;
            let days = (ask.span.last - owed.due).num_days();
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

/// Rows refused of the rows read, in what was received in the period: the nation's one row.
#[expect(clippy::cast_precision_loss, reason = "the numbers of a test world are small")]
pub(crate) fn rejected(world: &World, request: &OracleRequest, span: &Span) -> OracleRow {
    let sought = request.params.get("source_id");
    let (mut read, mut refused, mut deliveries, mut marks) = (0, 0, 0, 0);
    for receipt in &world.receipts {
        let day = receipt.received_at.date_naive();
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
pub(crate) fn estimated(ask: &Ask<'_>, measure: &str, code: &str) -> Found {
    let usage = ask.usage(measure, code);
    let mut found = plain(ask.estimated(measure, code), Some(usage.value));
    found.states.push(usage.state);
    if usage.value == 0 {
        found.states.push(State::NotApplicable);
    }
    found.marks = usage.marks;
    found
}
