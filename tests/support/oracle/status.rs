//! The stage of a piece of land on a day, by what was stated of the codes that held it.

use super::borders::parts_of;
use crate::world::{Day, RolloutEvent, World};

/// From the least to the furthest; behind them all is to have been heard of never.
pub(crate) const LADDER: [&str; 7] =
    ["withdrawn", "paused", "planned", "agreed", "technically_ready", "pilot", "in_production"];

/// How far a stage is on the way.
pub(crate) fn step(stage: &str) -> usize {
    LADDER.iter().position(|known| *known == stage).expect("a stage")
}

fn is_off(event: &RolloutEvent) -> bool {
    event.stage == "paused" || event.stage == "withdrawn"
}

/// An event with the division it speaks of, and the span of days in which its code was in use.
struct Statement<'a> {
    event: &'a RolloutEvent,
    division: Day,
    first_day: Day,
    ceased: Option<Day>,
}

fn holds(world: &World, code: &str, division: Day, part_id: &str) -> bool {
    parts_of(world, code, division).iter().any(|part| part.part_id == part_id)
}

/// The days on which a code was in use around a division, division by division without a gap.
fn in_use(world: &World, code: &str, division: Day) -> Option<(Day, Option<Day>)> {
    let mut span: Option<(Day, Option<Day>)> = None;
    for one in &world.divisions {
        if parts_of(world, code, one.date).is_empty() {
            if span.is_some_and(|(first, _)| first <= division) && one.date > division {
                return span;
            }
            span = None;
        } else {
            span = Some((span.map_or(one.date, |(first, _)| first), one.valid_to));
        }
    }
    span.filter(|(first, end)| *first <= division && end.is_none_or(|end| end > division))
}

/// What is stated of the codes that ever held a part, without removals of codes that had ceased.
fn all_statements<'a>(world: &'a World, solution: &str, part_id: &str) -> Vec<Statement<'a>> {
    let mut all: Vec<Statement<'a>> = Vec::new();
    for event in &world.rollout_events {
        let code = &event.municipality_code;
        let ever = world.parts.iter().any(|part| part.part_id == part_id && part.municipality_code == *code);
        if event.solution_id != solution || !ever {
            continue;
        }
        let Some((first_day, ceased)) = in_use(world, code, event.division_date) else { continue };
        // The newest division of the code begun by then, but none before the one it names.
        let mut division = event.division_date;
        for later in &world.divisions {
            let of_code = later.date >= first_day && ceased.is_none_or(|end| later.date < end);
            if of_code && later.date > division && later.date <= event.valid_from {
                division = later.date;
            }
        }
        if is_off(event) && ceased.is_some_and(|end| event.valid_from >= end) {
            continue;
        }
        all.push(Statement { event, division, first_day, ceased });
    }
    all
}

/// The same without what is corrected.
fn statements<'a>(world: &'a World, solution: &str, part_id: &str) -> Vec<Statement<'a>> {
    let all = all_statements(world, solution, part_id);
    let mut kept = Vec::new();
    for one in &all {
        let corrected = all.iter().any(|other| {
            other.event.municipality_code == one.event.municipality_code
                && other.division == one.division
                && other.event.valid_from == one.event.valid_from
                && (other.event.known_at, step(other.event.stage))
                    > (one.event.known_at, step(one.event.stage))
        });
        if !corrected {
            kept.push(Statement { ..*one });
        }
    }
    kept
}

/// The statement that decides the stage of a part on a day.
pub(crate) fn decisive<'a>(
    world: &'a World,
    solution: &str,
    part_id: &str,
    day: Day,
) -> Option<&'a RolloutEvent> {
    let mut stated = statements(world, solution, part_id);
    stated.retain(|one| one.event.valid_from <= day && one.event.valid_to.is_none_or(|end| end > day));
    let mut own: Option<(&RolloutEvent, Day)> = None;
    for division in world.divisions.iter().rev() {
        let of_division = stated.iter().filter(|one| {
            one.division == division.date
                && holds(world, &one.event.municipality_code, division.date, part_id)
        });
        let Some(last) = of_division.max_by_key(|one| one.event.valid_from) else { continue };
        // Taken off before the code existed: nothing is said of it.
        if is_off(last.event) && last.event.valid_from < last.first_day {
            continue;
        }
        own = Some((last.event, division.date));
        break;
    }
    let joined = joining(world, &stated, part_id, day);
    match (own, joined) {
        (Some((event, division)), Some((other, since))) => {
            let further = division < since && step(other.stage) > step(event.stage);
            Some(if further { other } else { event })
        }
        (own, joined) => own.or(joined).map(|(event, _)| event),
    }
}

/// Whether the deciding statement is one of two stages reported for one day at one moment.
pub(crate) fn contradicted(world: &World, solution: &str, part_id: &str, day: Day) -> bool {
    let Some(event) = decisive(world, solution, part_id, day) else { return false };
    all_statements(world, solution, part_id).iter().any(|other| {
        other.event.municipality_code == event.municipality_code
            && (other.event.valid_from, other.event.known_at) == (event.valid_from, event.known_at)
            && other.event.stage != event.stage
    })
}

/// What the last statement about the code that holds the part on the day brings it from before it joined, and the
/// division of the day.
fn joining<'a>(
    world: &World,
    stated: &[Statement<'a>],
    part_id: &str,
    day: Day,
) -> Option<(&'a RolloutEvent, Day)> {
    let now = world.divisions.iter().find(|d| d.date <= day && d.valid_to.is_none_or(|end| day < end))?.date;
    let mut last: Option<((Day, Day, bool), &RolloutEvent)> = None;
    for one in stated {
        let code = &one.event.municipality_code;
        let in_use = one.first_day <= now && one.ceased.is_none_or(|end| now < end);
        if !in_use || !holds(world, code, now, part_id) {
            continue;
        }
        let own = holds(world, code, one.division, part_id);
        if !own && one.division > now {
            continue;
        }
        let key = (one.event.valid_from, if own { one.division } else { now }, own);
        if last.is_none_or(|(known, _)| key > known) {
            last = Some((key, one.event));
        }
    }
    let ((_, _, own), event) = last?;
    (!own && !is_off(event)).then_some((event, now))
}

/// The first day, up to and including a last one, on which any of the parts was in a stage.
pub(crate) fn first_day(
    world: &World,
    solution: &str,
    parts: &[&str],
    stage: &str,
    last: Day,
) -> Option<Day> {
    let mut days: Vec<Day> = world.divisions.iter().map(|division| division.date).collect();
    for event in world.rollout_events.iter().filter(|event| event.solution_id == solution) {
        days.push(event.valid_from);
        days.extend(event.valid_to);
    }
    days.retain(|day| *day <= last);
    days.sort_unstable();
    days.dedup();
    days.into_iter().find(|day| {
        parts
            .iter()
            .any(|part| decisive(world, solution, part, *day).is_some_and(|event| event.stage == stage))
    })
}
