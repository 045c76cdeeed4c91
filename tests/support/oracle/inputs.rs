//! What KPIs are made of: status, usage, population. Each for one municipality of the target division in one period.

use chrono::{Datelike, Months};

use super::borders::{Successor, parts_of, successor_in};
use super::{Policy, Span, State, mark, status};
use crate::world::{Day, Measure, RolloutEvent, Usage, World};

/// The question a cell is asked under.
pub(crate) struct CellContext<'a> {
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
    /// One part of a divided municipality has the number of all.
    pub(crate) moved: bool,
}

impl Input {
    /// Whether it is the number of a part of the period or of the territory alone, which is compared with no other.
    pub(crate) const fn is_partial(&self) -> bool {
        self.marks & mark::PARTIAL != 0
    }
}

/// A row that a period counts and what of it lands on a municipality.
#[derive(Clone)]
pub(crate) struct Landed {
    /// The row, with its value and its days cut at the borders of the period.
    pub(crate) row: Usage,
    pub(crate) successor: Successor,
    /// Whether it was cut.
    pub(crate) by_days: bool,
}

impl CellContext<'_> {
    /// What of a municipality of some division goes to `to_code` of the target division.
    pub(crate) fn lands(&self, code: &str, division: Day, to_code: &str) -> Option<Successor> {
        successor_in(self.world, self.policy, (code, division), (to_code, self.span.target))
    }

    /// Whether a municipality has the solution at the end of the period, in production or as a pilot.
    pub(crate) fn live(&self, code: &str, division: Day) -> bool {
        parts_of(self.world, code, division).iter().any(|part| self.part_lives(&part.part_id, self.span.last))
    }

    /// Whether any part of a municipality has the solution on a day.
    pub(crate) fn has_on(&self, code: &str, day: Day) -> bool {
        parts_of(self.world, code, self.span.target).iter().any(|part| self.part_lives(&part.part_id, day))
    }

    /// Whether a part of territory is live on a day.
    pub(crate) fn part_lives(&self, part_id: &str, day: Day) -> bool {
        let stage = self.newest_on(part_id, day).map(|event| event.stage);
        stage == Some("in_production") || stage == Some("pilot")
    }

    /// The event that decides a part's stage at the end of the period.
    pub(crate) fn newest(&self, part_id: &str) -> Option<&RolloutEvent> {
        self.newest_on(part_id, self.span.last)
    }

    fn newest_on(&self, part_id: &str, day: Day) -> Option<&RolloutEvent> {
        status::decisive(self.world, self.solution, part_id, day)
    }

    /// Whether the period counts a row: one inside it, or a shorter one with days in it that may be divided.
    fn counts(&self, row: &Usage) -> bool {
        let (start, end) = (self.span.start, self.span.end);
        let inside = row.period_start >= start && row.period_end <= end;
        let shorter = row.period_end - row.period_start < end - start;
        let touches = row.period_start < end && row.period_end > start;
        let divided = self.measure(&row.measure_id).by_days && self.rollup(&row.measure_id) == "sum";
        inside || (divided && shorter && touches)
    }

    /// What of a row falls on the days of the period, when day after day its value grows evenly.
    fn cut(&self, row: &Usage) -> (Usage, bool) {
        let (start, end) = (row.period_start.max(self.span.start), row.period_end.min(self.span.end));
        let days = (row.period_end - row.period_start).num_days();
        let up_to = |value: i64, day: Day| value * (day - row.period_start).num_days() / days;
        let value = row.value.map(|value| up_to(value, end) - up_to(value, start));
        let by_days = start > row.period_start || end < row.period_end;
        (Usage { period_start: start, period_end: end, value, ..row.clone() }, by_days)
    }

    /// The rows that make a municipality's usage, with what of each lands on it: of a level those of the last moment.
    pub(crate) fn landing(&self, measure: &str, code: &str) -> Vec<Landed> {
        self.landing_by(measure, |row| self.lands(&row.municipality_code, row.division_date, code))
    }

    /// The same with the zeros that are not divided: nothing divides into nothing.
    pub(crate) fn landing_and_zeros(&self, measure: &str, code: &str) -> Vec<Landed> {
        self.landing_by(measure, |row| {
            let from = (row.municipality_code.as_str(), row.division_date);
            self.lands(from.0, from.1, code).or_else(|| {
                let by_share =
                    successor_in(self.world, Policy::PopulationShare, from, (code, self.span.target));
                by_share.filter(|_| row.value == Some(0))
            })
        })
    }

    fn landing_by(&self, measure: &str, place: impl Fn(&Usage) -> Option<Successor>) -> Vec<Landed> {
        let rollup = self.rollup(measure);
        let mut landing = Vec::new();
        for row in &self.world.usage {
            if row.solution_id != self.solution || row.measure_id != measure || !self.counts(row) {
                continue;
            }
            let (row, by_days) = self.cut(row);
            if let Some(successor) = place(&row) {
                landing.push(Landed { row, successor, by_days });
            }
        }
        // What says that there is no number is no later level.
        let last = |of: &dyn Fn(&Landed) -> bool| {
            landing.iter().filter(|landed| of(landed)).map(|landed| landed.row.period_end).max()
        };
        let newest = last(&|landed| landed.row.state == "ok").or_else(|| last(&|_| true));
        if rollup != "sum" && rollup != "mean" {
            landing.retain(|landed| Some(landed.row.period_end) == newest);
        }
        landing
    }

    /// What of the usage rests on rows that may still change, were estimated, or are split by persons or days.
    pub(crate) fn estimated(&self, measure: &str, code: &str) -> i64 {
        total(&self.landing_and_zeros(measure, code), self.rollup(measure), |landed| {
            landed.row.provisional || landed.row.imputed || !landed.successor.exact || landed.by_days
        })
    }

    /// The usage of a municipality of the target division: its rows added up, when all of it was delivered.
    pub(crate) fn usage(&self, measure: &str, code: &str) -> Input {
        let rollup = self.rollup(measure);
        let landing = self.landing_and_zeros(measure, code);
        let mut state = self.delivered(measure, code);
        let unplaced = self.unplaced(measure, code);
        let known = landing.iter().filter(|landed| landed.row.state == "ok");
        let newest = known.clone().map(|landed| landed.row.period_end).max();
        // Of a level only what is of the last moment has to be placed.
        let level = rollup != "sum" && rollup != "mean";
        let lacks = |row: &Usage| {
            let row = self.cut(row).0;
            row.state == "ok" && row.value != Some(0) && (!level || Some(row.period_end) >= newest)
        };
        if state == State::Ok && (known.count() == 0 || unplaced.iter().any(|row| lacks(row))) {
            // All came, and some of what has a number cannot be placed here.
            state = State::NotValid;
        }
        let part = if self.owes_everything(measure, code) { 0 } else { mark::PARTIAL };
        let marks = if state == State::Ok { marks_of(&landing) | part } else { 0 };
        let silent = landing.is_empty() && unplaced.is_empty();
        let moved = self.policy == Policy::LargestSuccessor
            && landing.iter().any(|landed| landed.row.state == "ok" && !landed.successor.exact);
        Input { state, value: total(&landing, rollup, |_| true), marks, silent, moved }
    }

    /// Rows that the period counts about land of a municipality which the policy does not let be divided.
    fn unplaced(&self, measure: &str, code: &str) -> Vec<&Usage> {
        let mut rows = Vec::new();
        for row in &self.world.usage {
            let named = row.solution_id == self.solution && row.measure_id == measure;
            let from = (row.municipality_code.as_str(), row.division_date);
            // All of it goes elsewhere, or nowhere.
            let elsewhere = self.has_a_part(from, code) && self.lands(from.0, from.1, code).is_none();
            if named && self.counts(row) && elsewhere {
                rows.push(row);
            }
        }
        rows
    }

    /// Whether a municipality has land of another that the policy does not let be divided.
    pub(crate) fn cannot_place(&self, from: (&str, Day), code: &str) -> bool {
        self.policy == Policy::ExactOnly && self.has_a_part(from, code)
    }

    /// What a municipality has of the land of another, whatever the policy.
    pub(crate) fn shares(&self, from: (&str, Day), code: &str) -> Option<Successor> {
        successor_in(self.world, Policy::PopulationShare, from, (code, self.span.target))
    }

    /// Whether a municipality has land of another that does not lie in it as a whole.
    fn has_a_part(&self, from: (&str, Day), code: &str) -> bool {
        self.shares(from, code).is_some_and(|part| !part.exact)
    }

    /// What was reported of a calendar month. Of each code all days must be, or of a level the last.
    pub(crate) fn month_usage(&self, measure: &str, code: &str) -> Input {
        let landing = self.landing(measure, code);
        let silent = landing.is_empty();
        let (whole, cut): (Vec<Landed>, Vec<Landed>) = landing.iter().cloned().partition(|one| {
            self.is_whole(measure, landing.iter().filter(|other| same_municipality(&other.row, &one.row)))
        });
        let any = |landing: &[Landed], state: &str| landing.iter().any(|landed| landed.row.state == state);
        let either = |state: &str| any(&whole, state) || any(&cut, state);
        let state = match () {
            () if any(&whole, "ok") => State::Ok,
            () if either("suppressed") => State::Suppressed,
            () if either("missing") || any(&cut, "ok") => State::Missing,
            () => State::NotApplicable,
        };
        let mut marks = marks_of(&whole);
        if state == State::Ok && (either("missing") || either("suppressed") || any(&cut, "ok")) {
            marks |= mark::PARTIAL;
        }
        let moved = self.policy == Policy::LargestSuccessor && marks & mark::SPLIT != 0;
        Input { state, value: total(&whole, self.rollup(measure), |_| true), marks, silent, moved }
    }

    /// Whether the rows of one municipality are all that is to be known of the period.
    fn is_whole<'a>(&self, measure: &str, rows: impl Iterator<Item = &'a Landed>) -> bool {
        let known: Vec<&Landed> = rows.filter(|landed| landed.row.state == "ok").collect();
        let is_known =
            |day: Day| known.iter().any(|one| one.row.period_start <= day && day < one.row.period_end);
        match self.rollup(measure) {
            "sum" | "mean" => super::days_of(self.span.start, self.span.end).all(is_known),
            _ => known.iter().any(|one| one.row.period_end == self.span.end),
        }
    }

    /// What each part of a municipality delivered, for each month of a longer period.
    fn all_months(&self, measure: &str, code: &str) -> Vec<Vec<State>> {
        let mut months: Vec<Vec<State>> = Vec::new();
        for (start, end) in self.months() {
            let parts = parts_of(self.world, code, self.span.target);
            months.push(parts.iter().map(|part| self.part(measure, &part.part_id, (start, end))).collect());
        }
        months
    }

    /// Whether every part of a municipality owes every month of the period, or of a level the last.
    fn owes_everything(&self, measure: &str, code: &str) -> bool {
        let mut months = self.all_months(measure, code);
        if !matches!(self.rollup(measure), "sum" | "mean") {
            months = months.split_off(months.len() - 1);
        }
        months.concat().iter().all(is_owed)
    }

    /// The months that count: all, or of a level the last that owes one.
    fn months_delivered(&self, measure: &str, code: &str) -> Vec<Vec<State>> {
        let flow = matches!(self.rollup(measure), "sum" | "mean");
        let months = self.all_months(measure, code);
        match months.iter().rposition(|states| states.iter().any(is_owed)) {
            Some(last) if !flow => vec![months[last].clone()],
            _ => months,
        }
    }

    /// How many months a municipality owed, and how many of them it delivered in full.
    pub(crate) fn months_reported(&self, measure: &str, code: &str) -> (i64, i64) {
        let (mut reported, mut expected) = (0, 0);
        for states in self.months_delivered(measure, code) {
            let owed: Vec<State> = states.into_iter().filter(is_owed).collect();
            expected += i64::from(!owed.is_empty());
            reported += i64::from(!owed.is_empty() && owed.iter().all(|state| *state == State::Ok));
        }
        (reported, expected)
    }

    /// Whether a municipality delivered all it owed: each part of it, for each month of a longer period.
    fn delivered(&self, measure: &str, code: &str) -> State {
        let all: Vec<State> = self.months_delivered(measure, code).concat();
        let any = |state: State| all.contains(&state);
        if any(State::Suppressed) {
            State::Suppressed
        } else if any(State::Missing) {
            State::Missing
        } else if any(State::Ok) {
            State::Ok
        } else {
            State::NotApplicable
        }
    }

    /// The months of the period, the last of them cut at its end; a period of a month or less is one.
    fn months(&self) -> Vec<(Day, Day)> {
        let (mut start, end) = (self.span.start, self.span.end);
        if (end - start).num_days() <= 31 {
            return vec![(start, end)];
        }
        let mut months = Vec::new();
        while start < end {
            let next = start.with_day(1).expect("a first day") + Months::new(1);
            months.push((start, next.min(end)));
            start = next.min(end);
        }
        months
    }

    /// What a part of territory delivered of some days, looked at day by day.
    fn part(&self, measure: &str, part_id: &str, (start, end): (Day, Day)) -> State {
        let mut rows: Vec<(&Usage, bool)> = Vec::new();
        for row in self
            .world
            .usage
            .iter()
            .filter(|row| row.solution_id == self.solution && row.measure_id == measure)
        {
            let touches = row.period_start < end && row.period_end > start;
            let parts = parts_of(self.world, &row.municipality_code, row.division_date);
            if touches && parts.iter().any(|part| part.part_id == part_id) {
                rows.push((row, self.counts(row)));
            }
        }
        let said = |state: &str| rows.iter().any(|(row, inside)| *inside && row.state == state);
        let days: Vec<Day> = start.iter_days().take_while(|day| *day < end).collect();
        let spans = spans_with_numbers(&rows);
        let covered: Vec<bool> = days.iter().map(|day| spans.iter().any(|row| is_about(row, *day))).collect();
        let flow = matches!(self.rollup(measure), "sum" | "mean");
        // Of a level only the last day matters.
        let looked_at = if flow { &days[..] } else { &days[days.len() - 1..] };
        let lacks = |state: &str| {
            rows.iter().any(|(row, inside)| {
                let gap = looked_at.iter().any(|day| is_about(row, *day) && !is_given(&rows, row, *day));
                *inside && row.state == state && (row.organisation_number.is_some() || gap)
            })
        };
        let followed = self.has_events();
        let live_after = !followed || self.part_lives(part_id, end.pred_opt().expect("a day before"));
        let live_before = !followed || self.part_lives(part_id, start.pred_opt().expect("a day before"));
        let first = covered.iter().position(|known| *known);
        let last = covered.iter().rposition(|known| *known);
        let (Some(first), Some(last)) = (first, last) else {
            // No day was reported.
            let crossing = rows.iter().any(|(row, inside)| !inside && row.state != "missing");
            return match () {
                () if lacks("suppressed") => State::Suppressed,
                () if crossing && live_after => State::Missing,
                () if lacks("missing") => State::Missing,
                () if said("not_applicable") => State::NotApplicable,
                () if live_after => State::Missing,
                () => State::NotApplicable,
            };
        };
        if lacks("suppressed") {
            return State::Suppressed;
        }
        let from = if live_before { 0 } else { first };
        let to = if live_after { covered.len() } else { last + 1 };
        let whole = if flow {
            covered[from..to].iter().all(|known| *known)
        } else {
            !live_after || last + 1 == covered.len()
        };
        let twice = days.iter().any(|day| spans.iter().filter(|row| is_about(row, *day)).count() > 1);
        if whole && !twice && !lacks("missing") { State::Ok } else { State::Missing }
    }

    /// Whether rows came about every day that a municipality owes, also where the period cannot count them: a quarter's row
    /// asked for by month. Of a level about the last day.
    pub(crate) fn came_in_full(&self, measure: &str, code: &str) -> bool {
        let flow = matches!(self.rollup(measure), "sum" | "mean");
        let mut months = self.months();
        if !flow {
            months.drain(..months.len() - 1);
        }
        let parts = parts_of(self.world, code, self.span.target);
        months.iter().all(|(start, end)| {
            let last = end.pred_opt().expect("a day before");
            let live_on = |part_id: &str, day: Day| !self.has_events() || self.part_lives(part_id, day);
            // Who does not have it at the end of a month owes nothing of it.
            parts.iter().filter(|part| live_on(&part.part_id, last)).all(|part| {
                let is_known = |day: Day| self.is_known(measure, &part.part_id, day);
                let mut days = super::days_of(*start, *end);
                if !flow {
                    return is_known(last);
                }
                // Who did not have it before owes from the first day reported.
                let begins = live_on(&part.part_id, start.pred_opt().expect("a day before"));
                let first = if begins { Some(*start) } else { days.find(|day| is_known(*day)) };
                first.is_some_and(|first| super::days_of(first, *end).all(is_known))
            })
        })
    }

    /// Whether a row that says something of a part's land is about a day.
    fn is_known(&self, measure: &str, part_id: &str, day: Day) -> bool {
        self.world.usage.iter().any(|row| {
            let named = row.solution_id == self.solution && row.measure_id == measure;
            let about = row.period_start <= day && day < row.period_end && row.state != "missing";
            named
                && about
                && parts_of(self.world, &row.municipality_code, row.division_date)
                    .iter()
                    .any(|part| part.part_id == part_id)
        })
    }

    /// Whether anything is known of the solution's rollout.
    pub(crate) fn has_events(&self) -> bool {
        self.world.rollout_events.iter().any(|event| event.solution_id == self.solution)
    }

    pub(crate) fn rollup(&self, measure: &str) -> &str {
        self.measure(measure).rollup
    }

    fn measure(&self, measure: &str) -> &Measure {
        for known in &self.world.measures {
            if known.solution_id == self.solution && known.measure_id == measure {
                return known;
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
        // Who is not counted has no denominator: nothing comes if one waits.
        let mut input = Input { state: State::NotApplicable, value: 0, marks: 0, silent: true, moved: false };
        for row in &self.world.population {
            if (row.age_from, row.age_to) != band || Some(row.reference_date) != reference {
                continue;
            }
            if let Some(successor) = self.lands(&row.municipality_code, row.division_date, code) {
                input.state = State::Ok;
                input.silent = false;
                input.value += successor.allocated(row.persons);
                input.marks |= if successor.exact { 0 } else { mark::SPLIT };
                input.moved |= self.policy == Policy::LargestSuccessor && !successor.exact;
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

/// Rows with a number that the period counts, one for each place and span: organisations of one municipality report side by
/// side.
fn spans_with_numbers<'a>(rows: &[(&'a Usage, bool)]) -> Vec<&'a Usage> {
    let mut spans: Vec<&Usage> = Vec::new();
    for (row, _) in rows.iter().filter(|(row, inside)| *inside && row.state == "ok") {
        let same = |known: &&Usage| {
            same_municipality(known, row)
                && (known.period_start, known.period_end) == (row.period_start, row.period_end)
        };
        if !spans.iter().any(same) {
            spans.push(row);
        }
    }
    spans
}

fn is_about(row: &Usage, day: Day) -> bool {
    row.period_start <= day && day < row.period_end
}

/// Whether another row has the number of a day that one without a number lacks: that of a whole place, and not the blank of an
/// organisation of it.
fn is_given(rows: &[(&Usage, bool)], blank: &Usage, day: Day) -> bool {
    blank.organisation_number.is_none()
        && rows.iter().any(|(row, inside)| {
            *inside && row.state == "ok" && row.organisation_number.is_none() && is_about(row, day)
        })
}

/// Whether a number was to come.
fn is_owed(state: &State) -> bool {
    matches!(state, State::Ok | State::Missing | State::Suppressed)
}

fn same_municipality(a: &Usage, b: &Usage) -> bool {
    a.municipality_code == b.municipality_code && a.division_date == b.division_date
}

/// The marks of the rows with a number.
fn marks_of(landing: &[Landed]) -> i64 {
    let mut marks = 0;
    for Landed { row, successor, by_days } in landing.iter().filter(|landed| landed.row.state == "ok") {
        marks |= if row.provisional { mark::PROVISIONAL } else { 0 };
        marks |= if row.imputed { mark::IMPUTED } else { 0 };
        marks |= if row.synthetic { mark::SYNTHETIC } else { 0 };
        marks |= if successor.exact || row.value == Some(0) { 0 } else { mark::SPLIT };
        marks |= if *by_days { mark::BY_DAYS } else { 0 };
    }
    marks
}

/// The rows' values in one: added, or for a mean the mean of each source municipality over its ends, then added.
/// Rows that do not count add nothing, though a mean is over their ends too.
fn total(landing: &[Landed], rollup: &str, counts: impl Fn(&Landed) -> bool) -> i64 {
    let allocated = |landed: &Landed| {
        let value = landed.row.value.expect("an ok row has a value");
        if counts(landed) { landed.successor.allocated(value) } else { 0 }
    };
    let valued: Vec<(&Usage, i64)> = landing
        .iter()
        .filter(|landed| landed.row.state == "ok")
        .map(|landed| (&landed.row, allocated(landed)))
        .collect();
    if rollup != "mean" {
        return valued.iter().map(|(_, allocated)| allocated).sum();
    }
    let mut sum = 0;
    for (i, (first, _)) in valued.iter().enumerate() {
        if valued[..i].iter().any(|(row, _)| same_municipality(row, first)) {
            continue;
        }
        let mut ends = Vec::new();
        let mut of_one = 0;
        for (row, allocated) in valued.iter().filter(|(row, _)| same_municipality(row, first)) {
            of_one += allocated;
            if !ends.contains(&row.period_end) {
                ends.push(row.period_end);
            }
        }
        sum += of_one / i64::try_from(ends.len()).expect("few periods");
    }
    sum
}
