//! KPIs of the way to production: where municipalities stand, and which of them stand still.

use std::collections::BTreeMap;

use super::borders::parts_of;
use super::inputs::CellContext;
use super::kpis::{Found, plain};
use super::status::{self, LADDER};
use super::{Cell, OracleRow, State, cohorts, mark};
use crate::world::Day;

/// The steps on the way to production.
const UNDER_WAY: [&str; 4] = ["planned", "agreed", "technically_ready", "pilot"];

/// The furthest stage any part stands in, and the newest day on which a part came to stand where it stands.
fn current_stage(context: &CellContext<'_>, code: &str) -> Option<(&'static str, Day)> {
    let mut furthest: Option<usize> = None;
    let mut newest: Option<Day> = None;
    for part in parts_of(context.world, code, context.span.target) {
        if let Some(event) = context.newest(&part.part_id) {
            let step = LADDER.iter().position(|stage| *stage == event.stage);
            furthest = furthest.max(step);
            newest = newest.max(Some(event.valid_from));
        }
    }
    Some((LADDER[furthest?], newest?))
}

/// Nothing is known of a solution without any event.
pub(crate) fn followed(context: &CellContext<'_>, mut found: Found) -> Found {
    if !context.has_events() {
        found.states.push(State::NotApplicable);
    }
    found
}

/// Whether a part is in production.
pub(crate) fn produced(context: &CellContext<'_>, code: &str) -> bool {
    parts_of(context.world, code, context.span.target)
        .iter()
        .any(|part| context.newest(&part.part_id).is_some_and(|event| event.stage == "in_production"))
}

/// Whether what decides the stage of a part is one of two stages reported for one day at one moment.
fn contradicted(context: &CellContext<'_>, code: &str) -> bool {
    parts_of(context.world, code, context.span.target)
        .iter()
        .any(|part| status::contradicted(context.world, context.solution, &part.part_id, context.span.last))
}

/// One municipality, in one of the stages.
pub(crate) fn funnel(context: &CellContext<'_>, code: &str) -> Found {
    let stage = current_stage(context, code).map_or("none", |(stage, _)| stage);
    let is = |name: &str| i64::from(stage == name);
    let mut extras = BTreeMap::new();
    for name in FUNNEL {
        let counted = match name {
            "none" => is("none"),
            plain if !plain.starts_with("reached_") => is(plain),
            reached => {
                // In the step itself or a later one.
                let from = LADDER.iter().position(|stage| reached.ends_with(stage)).expect("a step");
                LADDER[from..].iter().map(|stage| is(stage)).sum()
            }
        };
        extras.insert(name, counted);
    }
    extras.insert("contradicted", i64::from(contradicted(context, code)));
    let states = Vec::new();
    followed(
        context,
        Found { states, numerator: is("in_production"), denominator: Some(1), extras, marks: 0 },
    )
}

/// Columns of the funnel.
pub(crate) const FUNNEL: [&str; 13] = [
    "contradicted",
    "planned",
    "agreed",
    "technically_ready",
    "pilot",
    "in_production",
    "paused",
    "withdrawn",
    "none",
    "reached_planned",
    "reached_agreed",
    "reached_technically_ready",
    "reached_pilot",
];

/// Under way, and nothing heard in the last days of the period.
pub(crate) fn stalled(context: &CellContext<'_>, days: i64, code: &str) -> Found {
    let current = current_stage(context, code).filter(|(stage, _)| UNDER_WAY.contains(stage));
    let since = current.map_or(0, |(_, day)| (context.span.last - day).num_days());
    Found {
        states: if current.is_none() { vec![State::NotApplicable] } else { Vec::new() },
        numerator: i64::from(since >= days),
        denominator: Some(1),
        extras: BTreeMap::from([("days_since", since)]),
        marks: 0,
    }
}

/// The first day a part of a municipality was in a stage, of the days until the period's end.
fn first_day(context: &CellContext<'_>, stage: &str, code: &str) -> Option<Day> {
    let mine = parts_of(context.world, code, context.span.target);
    let mine: Vec<&str> = mine.iter().map(|part| part.part_id.as_str()).collect();
    status::first_day(context.world, context.solution, &mine, stage, context.span.last)
}

/// How far from the day a wave planned for it a municipality went into production.
pub(crate) fn variance(context: &CellContext<'_>, wave_id: &str, code: &str) -> Found {
    let wave = context.world.waves.iter().find(|wave| wave.wave_id == wave_id).expect("a wave of the world");
    let context = CellContext {
        world: context.world,
        policy: context.policy,
        span: context.span,
        solution: &wave.solution_id,
    };
    let mut found = plain(0, Some(1));
    let members = cohorts::planned(&context, wave_id, code);
    let Some(planned) = members.iter().flatten().min() else {
        found.states.push(if members.is_empty() { State::NotApplicable } else { State::Missing });
        return found;
    };
    let days = if let Some(day) = first_day(&context, "in_production", code) {
        found.extras.insert("late_so_far", 0);
        (day - *planned).num_days()
    } else {
        found.extras.insert("late_so_far", 1);
        found.marks = mark::PROVISIONAL;
        if context.span.last <= *planned {
            found.states.push(State::NotApplicable);
        }
        (context.span.last - *planned).num_days()
    };
    found.numerator = i64::from(days <= 0);
    found.extras.insert("variance", days);
    found
}

/// How long a municipality took, or has waited, from a stage to production.
pub(crate) fn spell(context: &CellContext<'_>, stage: &str, code: &str) -> Found {
    let mut found = plain(0, None);
    let went_live = first_day(context, "in_production", code);
    match first_day(context, stage, code) {
        Some(entered) if went_live.is_none_or(|day| day >= entered) => {
            let until = went_live.unwrap_or(context.span.last);
            found.extras.insert("spell", (until - entered).num_days());
            found.extras.insert("reached", i64::from(went_live.is_some()));
            found.extras.insert("waiting", i64::from(went_live.is_none()));
        }
        _ => found.states.push(State::NotApplicable),
    }
    found
}

/// What an area says that is not a sum of its cells.
#[expect(clippy::cast_precision_loss, reason = "days of a test world are few")]
pub(crate) fn finish(kpi: &str, mut row: OracleRow, cells: &[&Cell]) -> OracleRow {
    let ok: Vec<&&Cell> = cells.iter().filter(|cell| cell.state == State::Ok).collect();
    match kpi {
        "rollout.schedule_variance" => {
            let mut days: Vec<i64> = ok.iter().map(|cell| cell.extras["variance"]).collect();
            days.sort_unstable();
            let middle = days.len() / 2;
            let median = match days.len() {
                0 => None,
                odd if odd % 2 == 1 => Some(days[middle] as f64),
                _ => Some((days[middle - 1] + days[middle]) as f64 / 2.0),
            };
            row.extras.insert("median_days".to_owned(), median);
        }
        "rollout.time_in_stage" => {
            let spells: Vec<(i64, bool)> =
                ok.iter().map(|cell| (cell.extras["spell"], cell.extras["reached"] == 1)).collect();
            let median = median_spell(&spells);
            row.value = median.map(|days| days as f64);
            row.numerator = None;
            if !ok.is_empty() && median.is_none() {
                State::NotApplicable.word().clone_into(&mut row.state);
            }
        }
        _ => {}
    }
    row
}

/// Kaplan and Meier's: the first day on which at most half are still on the way, in whole fractions.
fn median_spell(spells: &[(i64, bool)]) -> Option<i64> {
    let mut ends: Vec<i64> = spells.iter().filter(|(_, reached)| *reached).map(|(days, _)| *days).collect();
    ends.sort_unstable();
    ends.dedup();
    let (mut over, mut under) = (1_i128, 1_i128);
    for end in ends {
        let at_risk = spells.iter().filter(|(days, _)| *days >= end).count();
        let reached = spells.iter().filter(|spell| **spell == (end, true)).count();
        over *= i128::try_from(at_risk - reached).expect("few");
        under *= i128::try_from(at_risk).expect("few");
        if 2 * over <= under {
            return Some(end);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::median_spell;

    #[test]
    fn a_median_keeps_those_who_wait() {
        // Of three, one is there after 30 days, one after 38, one has waited 30: two thirds are left, then none.
        assert_eq!(median_spell(&[(30, true), (38, true), (30, false)]), Some(38));
        // Who left the list before day 30 is not at risk then.
        assert_eq!(median_spell(&[(30, true), (29, false)]), Some(30));
        // A half is enough: 3/4 times 2/3.
        assert_eq!(median_spell(&[(1, true), (2, true), (9, false), (9, false)]), Some(2));
        assert_eq!(median_spell(&[(1, true), (9, false), (9, false)]), None);
        assert_eq!(median_spell(&[]), None);
    }
}
