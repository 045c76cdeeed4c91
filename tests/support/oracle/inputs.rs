//! What KPIs are made of: status, usage, population. Each for one municipality of the target division in one period.

use chrono::{Datelike, Months};

use super::borders::{Successor, codes_of, parts_of, successor_in};
use super::{Policy, Span, State, mark, status};
use crate::world::{Day, RolloutEvent, Usage, World};

/// The question a cell is asked under.
pub(crate) struct Ask<'a> {
    pub(crate) world: &'a World,
    pub(crate) policy: Policy,
    pub(crate) span: &'a Span,
    pub(crate) solution: &'a str,
}

/// A number with its state and marks; the number means nothing unless the state is ok.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input {
    pub(crate) state: State,
    pub(crate) value: i64,
    pub(crate) marks: i64,
    /// No row at all was found.
    pub(crate) silent: bool,
}

impl Ask<'_> {
    /// What of a municipality of some division goes to `to_code` of the target division.
    pub(crate) fn lands(&self, code: &str, division: Day, to_code: &str) -> Option<Successor> {
        successor_in(self.world, self.policy, (code, division), (to_code, self.span.target))
    }

    /// Whether a municipality has the solution at the end of the period, in production or as a pilot.
    pub(crate) fn live(&self, code: &str, division: Day) -> bool {
        for part in parts_of(self.world, code, division) {
            let stage = self.newest(&part.part_id).map(|event| event.stage);
            if stage == Some("in_production") || stage == Some("pilot") {
                return true;
            }
        }
        false
    }

    /// The event that decides a part's stage at the end of the period.
    pub(crate) fn newest(&self, part_id: &str) -> Option<&RolloutEvent> {
        status::decisive(self.world, self.solution, part_id, self.span.last)
    }

    /// The rows of a measure that lie inside the period.
    fn rows(&self, measure: &str) -> Vec<&Usage> {
        let mut rows = Vec::new();
        for row in &self.world.usage {
            let named = row.solution_id == self.solution && row.measure_id == measure;
            if named && row.period_start >= self.span.start && row.period_end <= self.span.end {
                rows.push(row);
            }
        }
        rows
    }

    /// Whether a row belongs to what the measure's roll-up over time keeps.
    fn kept(&self, row: &Usage, rows: &[&Usage], rollup: &str) -> bool {
        if rollup == "sum" || rollup == "mean" {
            return true;
        }
        let mut newest = row.period_end;
        for other in rows {
            if same_municipality(row, other) && other.period_end > newest {
                newest = other.period_end;
            }
        }
        row.period_end == newest
    }

    /// The rows that make a municipality's usage, with what of each lands on it.
    pub(crate) fn landing(&self, measure: &str, code: &str) -> Vec<(&Usage, Successor)> {
        let rollup = self.rollup(measure);
        let rows = self.rows(measure);
        rows.iter()
            .filter(|row| self.kept(row, &rows, rollup))
            .filter_map(|row| Some((*row, self.lands(&row.municipality_code, row.division_date, code)?)))
            .collect()
    }

    /// What of the usage rests on rows that may still change, were estimated, or are split by persons.
    pub(crate) fn estimated(&self, measure: &str, code: &str) -> i64 {
        total(&self.landing(measure, code), self.rollup(measure), |row, successor| {
            row.provisional || row.imputed || !successor.exact
        })
    }

    /// The usage of a municipality of the target division.
    pub(crate) fn usage(&self, measure: &str, code: &str) -> Input {
        let rollup = self.rollup(measure);
        let landing = self.landing(measure, code);
        let any = |state: &str| landing.iter().any(|(row, _)| row.state == state);
        let state = if any("ok") {
            State::Ok
        } else if any("suppressed") {
            State::Suppressed
        } else if any("missing") {
            State::Missing
        } else if any("not_applicable") {
            State::NotApplicable
        } else if !self.has_events() || self.live(code, self.span.target) {
            State::Missing
        } else {
            State::NotApplicable
        };
        let mut marks = 0;
        for (row, successor) in landing.iter().filter(|(row, _)| row.state == "ok") {
            marks |= if row.provisional { mark::PROVISIONAL } else { 0 };
            marks |= if row.imputed { mark::IMPUTED } else { 0 };
            marks |= if row.synthetic { mark::SYNTHETIC } else { 0 };
            marks |= if successor.exact { 0 } else { mark::SPLIT };
        }
        let lacking = any("missing") || any("suppressed") || self.someone_silent(measure, code);
        if state == State::Ok && lacking {
            marks |= mark::PARTIAL;
        }
        Input { state, value: total(&landing, rollup, |_, _| true), marks, silent: landing.is_empty() }
    }

    /// Whether a municipality of the time, counted here, has said nothing at all in the period though it owed it: it is
    /// live, or no rollout is followed.
    fn someone_silent(&self, measure: &str, code: &str) -> bool {
        for native in codes_of(self.world, self.span.native) {
            let owes = !self.has_events() || self.live(&native, self.span.native);
            if !owes || self.lands(&native, self.span.native, code).is_none() {
                continue;
            }
            let here = (native.as_str(), self.span.native);
            let spoke = self.rows(measure).iter().any(|row| {
                let from = (row.municipality_code.as_str(), row.division_date);
                successor_in(self.world, self.policy, from, here).is_some()
            });
            if !spoke {
                return true;
            }
        }
        false
    }

    /// Whether anything is known of the solution's rollout.
    pub(crate) fn has_events(&self) -> bool {
        self.world.rollout_events.iter().any(|event| event.solution_id == self.solution)
    }

    fn rollup(&self, measure: &str) -> &str {
        for known in &self.world.measures {
            if known.solution_id == self.solution && known.measure_id == measure {
                return known.rollup;
            }
        }
        panic!("solution {} has no measure {measure}", self.solution);
    }

    /// Persons of an age band.
    pub(crate) fn population(&self, band: (i32, Option<i32>), code: &str) -> Input {
        let new_year = Day::from_ymd_opt(self.span.last.year(), 1, 1).expect("every year has a first day");
        let mut reference: Option<Day> = None;
        for row in &self.world.population {
            let of_band = (row.age_from, row.age_to) == band && row.reference_date <= new_year;
            if of_band && reference.is_none_or(|known| row.reference_date > known) {
                reference = Some(row.reference_date);
            }
        }
        let mut input = Input { state: State::Missing, value: 0, marks: 0, silent: true };
        for row in &self.world.population {
            if (row.age_from, row.age_to) != band || Some(row.reference_date) != reference {
                continue;
            }
            if let Some(successor) = self.lands(&row.municipality_code, row.division_date, code) {
                input.state = State::Ok;
                input.silent = false;
                input.value += successor.piece(row.persons);
                input.marks |= if successor.exact { 0 } else { mark::SPLIT };
            }
        }
        if reference.is_some_and(|day| day < self.span.start - Months::new(24)) {
            input.marks |= mark::STALE;
        }
        input
    }

    /// Persons of all ages.
    pub(crate) fn persons(&self, code: &str) -> Input {
        self.population((0, None), code)
    }

    /// Persons the solution is for.
    pub(crate) fn eligible(&self, code: &str) -> Input {
        for group in &self.world.target_groups {
            if group.solution_id == self.solution {
                return self.population((group.age_from, group.age_to), code);
            }
        }
        self.persons(code)
    }
}

fn same_municipality(a: &Usage, b: &Usage) -> bool {
    a.municipality_code == b.municipality_code && a.division_date == b.division_date
}

/// The rows' values in one: added, or for a mean the mean of each source municipality over its ends, then added.
/// Rows that do not count add nothing, though a mean is over their ends too.
fn total(landing: &[(&Usage, Successor)], rollup: &str, counts: impl Fn(&Usage, &Successor) -> bool) -> i64 {
    let piece = |row: &Usage, successor: &Successor| {
        if counts(row, successor) { successor.piece(row.value.expect("an ok row has a value")) } else { 0 }
    };
    let valued: Vec<(&Usage, i64)> = landing
        .iter()
        .filter(|(row, _)| row.state == "ok")
        .map(|(row, successor)| (*row, piece(row, successor)))
        .collect();
    if rollup != "mean" {
        return valued.iter().map(|(_, piece)| piece).sum();
    }
    let mut sum = 0;
    for (i, (first, _)) in valued.iter().enumerate() {
        if valued[..i].iter().any(|(row, _)| same_municipality(row, first)) {
            continue;
        }
        let mut ends = Vec::new();
        let mut of_one = 0;
        for (row, piece) in valued.iter().filter(|(row, _)| same_municipality(row, first)) {
            of_one += piece;
            if !ends.contains(&row.period_end) {
                ends.push(row.period_end);
            }
        }
        sum += of_one / i64::try_from(ends.len()).expect("few periods");
    }
    sum
}
