//! The adoption ladder: on which rung a municipality stands, told from its reports one by one.

use super::borders::comparable;
use super::inputs::CellContext;
use super::kpis::{Found, number, plain};
use super::{Cell, OracleRequest, OracleRow, Span, State, before, mark};

/// What a municipality says of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    /// Some use.
    Use,
    /// None, and nobody in it kept silent.
    Zero,
    /// That there is nothing to say.
    Nothing,
    /// It cannot be known.
    Unknown,
}

fn said(context: &CellContext<'_>, measure: &str, code: &str) -> Said {
    let there = context.world.municipalities.iter().any(|row| {
        let day = context.span.names_on;
        row.code == code && row.valid_from <= day && row.valid_to.is_none_or(|end| end > day)
    });
    if !there || !comparable(context.world, context.policy, context.span, code) {
        return Said::Unknown;
    }
    let stated = context.usage(measure, code);
    match stated.state {
        State::Ok if stated.value > 0 => Said::Use,
        State::Ok if stated.marks & mark::PARTIAL == 0 => Said::Zero,
        State::NotApplicable => Said::Nothing,
        _ => Said::Unknown,
    }
}

/// Whether a row of use was ever told for territory that is the municipality's.
fn ever(context: &CellContext<'_>, measure: &str, code: &str) -> bool {
    context.world.usage.iter().any(|row| {
        row.solution_id == context.solution
            && row.measure_id == measure
            && row.period_end <= context.span.end
            && row.value.is_some_and(|value| value > 0)
            && context.lands(&row.municipality_code, row.division_date, code).is_some()
    })
}

/// The last periods, newest first.
fn last_periods(context: &CellContext<'_>, request: &OracleRequest, count: i64) -> Vec<Span> {
    let mut spans = vec![*context.span];
    for _ in 1..count {
        let earlier = before(context.world, request, &spans[spans.len() - 1]);
        spans.push(earlier);
    }
    spans
}

/// One municipality on its rung.
pub(crate) fn cell(context: &CellContext<'_>, request: &OracleRequest, code: &str) -> Found {
    let measure = request.measure_id.as_deref().unwrap_or("uses");
    let mut found = plain(0, Some(1));
    let stated = context.usage(measure, code);
    let target_group = context.eligible(code);
    let nobody = target_group.state == State::Ok && target_group.value == 0;
    if nobody || (stated.state == State::NotApplicable && !stated.silent) {
        found.states.push(State::NotApplicable);
        return found;
    }
    found.extras.insert("eligible", 1);
    let mut history = Vec::new();
    let mut marks = 0;
    for span in last_periods(context, request, number(request, "in_a_row", 3)) {
        let past = CellContext {
            world: context.world,
            policy: context.policy,
            span: &span,
            solution: context.solution,
        };
        let word = said(&past, measure, code);
        if word == Said::Use || word == Said::Zero {
            marks |= past.usage(measure, code).marks;
        }
        history.push(word);
    }
    let followed = context.world.rollout_events.iter().any(|event| event.solution_id == context.solution);
    if followed && !context.live(code, context.span.target) && history[0] != Said::Use {
        found.extras.insert("standing_eligible", 1);
        return found;
    }
    found.extras.insert("connected", 1);
    found.marks = marks;
    let used = ever(context, measure, code);
    found.extras.insert("used", i64::from(used));
    let all = |word: Said| history.iter().all(|said| *said == word);
    let open = |word: Said| history.iter().all(|said| *said == word || *said == Said::Unknown);
    match history[0] {
        Said::Use if all(Said::Use) => {
            found.numerator = 1;
            found.extras.insert("active", 1);
        }
        Said::Use => {
            found.extras.insert("active", 1);
            found.extras.insert("standing_active", 1);
            found.extras.insert("undecided", i64::from(open(Said::Use)));
        }
        Said::Zero if !used => drop(found.extras.insert("standing_connected", 1)),
        Said::Zero if all(Said::Zero) => drop(found.extras.insert("lapsed", 1)),
        Said::Zero => {
            found.extras.insert("standing_used", 1);
            found.extras.insert("undecided", i64::from(open(Said::Zero)));
        }
        Said::Nothing | Said::Unknown => {
            found.states.push(match stated.state {
                State::Suppressed | State::NotValid => stated.state,
                _ => State::Missing,
            });
            found.extras.insert("unknown", 1);
        }
    }
    found
}

/// Columns that are known whether or not anybody reports.
const ALWAYS: [&str; 4] = ["eligible", "connected", "used", "unknown"];

/// Columns of those that are known.
const KNOWN: [&str; 7] = [
    "active",
    "standing_eligible",
    "standing_connected",
    "standing_used",
    "standing_active",
    "lapsed",
    "undecided",
];

/// The counts of an area.
#[expect(clippy::cast_precision_loss, reason = "few municipalities")]
pub(crate) fn finish(kpi: &str, mut row: OracleRow, cells: &[&Cell]) -> OracleRow {
    if kpi != "adoption.ladder" {
        return row;
    }
    row.value = row.numerator;
    for name in ALWAYS.iter().chain(&KNOWN) {
        let mut count = 0;
        for cell in cells.iter().filter(|cell| cell.state != State::NotValid) {
            count += cell.extras.get(name).copied().unwrap_or(0);
        }
        let shown = row.reported > 0 || ALWAYS.contains(name);
        row.extras.insert((*name).to_owned(), shown.then_some(count as f64));
    }
    row
}
