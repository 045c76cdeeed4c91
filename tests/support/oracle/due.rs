//! The period that a question about use is about when it names none.

use super::Grain;
use crate::world::{Day, World};

/// How many periods are looked through.
const FAR: usize = 5000;

/// The first day after the last period that ended by the edition's day, of which nothing is due on it or later, and of which
/// something was owed, or something reported of it or of a later one that ended. `measure`: all of the solution's when absent.
#[must_use]
pub fn default_end(world: &World, solution: &str, measure: Option<&str>, grain: Grain) -> Day {
    let today = world.recorded_at.date_naive();
    let named = |of: &str, other: &str| of == solution && measure.is_none_or(|measure| measure == other);
    let last_ended = grain.floor(today);
    let mut end = last_ended;
    let mut free = None;
    for _ in 0..FAR {
        let start = grain.floor(end.pred_opt().expect("days have days before them"));
        let (mut owed, mut waiting, mut reported) = (false, false, false);
        for due in world.expected_deliveries.iter().filter(|due| named(&due.solution_id, &due.measure_id)) {
            if due.period_end > start && due.period_end <= end {
                owed = true;
                waiting |= due.due >= today;
            }
        }
        for row in world.usage.iter().filter(|row| named(&row.solution_id, &row.measure_id)) {
            reported |= row.period_end > start && row.period_end <= last_ended;
        }
        if !waiting && (owed || reported) {
            return end;
        }
        if !waiting && free.is_none() {
            free = Some(end);
        }
        end = start;
    }
    let declared = world.expected_deliveries.iter().any(|due| named(&due.solution_id, &due.measure_id));
    if declared { free.unwrap_or(last_ended) } else { last_ended }
}
