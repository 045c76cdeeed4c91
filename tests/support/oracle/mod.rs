//! The oracle: every KPI once more, as the plainest loops over lists. No SQL, no frames, nothing shared with the
//! product, so that the two can only agree by both being right. Slow on purpose; worlds are small.

mod areas;
mod benefit;
mod borders;
mod change;
mod cohorts;
mod deliveries;
mod due;
mod forecast;
mod inputs;
mod kpis;
mod ladder;
mod membership;
mod spread;
mod stages;
mod status;
mod targets;

use std::collections::BTreeMap;

use chrono::{Datelike, Days, Months};

use crate::world::{Day, World};
pub use borders::{Successor, successors};
pub use due::default_end;

/// Which kind of area the rows of an answer are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// One row per municipality.
    Municipality,
    /// One row per county.
    County,
    /// One row per network.
    Network,
    /// One row per KOSTRA group.
    PeerGroup,
    /// One row.
    Nation,
}

/// Which borders the answer is drawn on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Borders {
    /// Those of each period's last day.
    Then,
    /// Those of the day the edition was recorded.
    Now,
    /// Those of a day.
    On(Day),
}

/// What is done where a territory cannot be re-expressed exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Nothing: the value is not shown.
    ExactOnly,
    /// The value is split by persons.
    PopulationShare,
    /// The heir with most persons gets all.
    LargestSuccessor,
}

/// How long the periods are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grain {
    /// A day.
    Day,
    /// From Monday to Sunday.
    Week,
    /// A month.
    Month,
    /// Three months.
    Quarter,
    /// Six months, from January or July.
    HalfYear,
    /// A year.
    Year,
}

impl Grain {
    /// How many months it is long; a day or a week is no months.
    pub(crate) const fn months(self) -> Option<u32> {
        match self {
            Self::Day | Self::Week => None,
            Self::Month => Some(1),
            Self::Quarter => Some(3),
            Self::HalfYear => Some(6),
            Self::Year => Some(12),
        }
    }

    /// The first day of the period that holds a day.
    fn floor(self, day: Day) -> Day {
        let Some(months) = self.months() else {
            let back = if self == Self::Week { day.weekday().num_days_from_monday() } else { 0 };
            return day - Days::new(back.into());
        };
        Day::from_ymd_opt(day.year(), day.month0() / months * months + 1, 1).expect("a first of a month")
    }

    /// The first day after the period that begins on a day.
    fn end(self, start: Day) -> Day {
        match self {
            Self::Day => start + Days::new(1),
            Self::Week => start + Days::new(7),
            Self::Month => start + Months::new(1),
            Self::Quarter => start + Months::new(3),
            Self::HalfYear => start + Months::new(6),
            Self::Year => start + Months::new(12),
        }
    }

    /// The same day a year before: of days and weeks the same weekday.
    fn year_back(self, day: Day) -> Day {
        match self {
            Self::Day | Self::Week => day - Days::new(52 * 7),
            _ => day - Months::new(12),
        }
    }
}

/// One question.
#[derive(Debug, Clone)]
pub struct OracleRequest {
    /// The KPI, `adoption.reach`.
    pub kpi: String,
    /// The solution asked about.
    pub solution_id: String,
    /// The measure, for the KPIs that take one; `None` = the KPI's default.
    pub measure_id: Option<String>,
    /// What else is asked for, by parameter; the KPI's defaults where absent.
    pub params: BTreeMap<&'static str, String>,
    /// Kind of area.
    pub by: By,
    /// Borders.
    pub borders: Borders,
    /// Policy.
    pub policy: Policy,
    /// First day.
    pub from: Day,
    /// First day after.
    pub to: Day,
    /// Length of the periods.
    pub grain: Grain,
}

/// One row of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct OracleRow {
    /// First day of the period.
    pub period_start: Day,
    /// Key of the area; `None` for the nation.
    pub key: Option<String>,
    /// The number.
    pub value: Option<f64>,
    /// What stands over the line.
    pub numerator: Option<f64>,
    /// What stands under it.
    pub denominator: Option<f64>,
    /// The state, in the words of the answers.
    pub state: String,
    /// Share of all inhabitants that are behind the number.
    pub coverage: Option<f64>,
    /// The same share of those of whom a number was expected.
    pub coverage_of_expected: Option<f64>,
    /// Marks as bits.
    pub marks: i64,
    /// Municipalities behind the number.
    pub reported: i64,
    /// Municipalities that should be.
    pub expected: i64,
    /// Columns of this KPI only.
    pub extras: BTreeMap<String, Option<f64>>,
}

/// A period and the days that decide what it is answered from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) start: Day,
    pub(crate) end: Day,
    /// The last day inside.
    pub(crate) last: Day,
    pub(crate) grain: Grain,
    /// The division of the last day.
    pub(crate) native: Day,
    /// The division answered on.
    pub(crate) target: Day,
    /// The day the names and counties are read on.
    pub(crate) names_on: Day,
}

impl OracleRow {
    /// The marks as an answer shows them: a number of a period that is not over is provisional.
    #[must_use]
    pub const fn marks_shown(&self) -> i64 {
        let over = self.marks & mark::INCOMPLETE == 0;
        if over { self.marks } else { (self.marks & !mark::INCOMPLETE) | mark::PROVISIONAL }
    }
}

/// Why a cell has a number or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Ok,
    Missing,
    NotApplicable,
    NotValid,
    Suppressed,
}

impl State {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Missing => "missing",
            Self::NotApplicable => "not_applicable",
            Self::NotValid => "not_valid",
            Self::Suppressed => "suppressed",
        }
    }
}

/// The bits of the marks.
pub(crate) mod mark {
    pub(crate) const PROVISIONAL: i64 = 1;
    pub(crate) const IMPUTED: i64 = 2;
    pub(crate) const SYNTHETIC: i64 = 8;
    pub(crate) const PARTIAL: i64 = 16;
    pub(crate) const STALE: i64 = 32;
    pub(crate) const SPLIT: i64 = 64;
    pub(crate) const BY_DAYS: i64 = 128;
    pub(crate) const WITHOUT_BASELINE: i64 = 256;
    pub(crate) const ABOVE_WHOLE: i64 = 512;
    /// The period is not over; shown as provisional.
    pub(crate) const INCOMPLETE: i64 = 1 << 20;
}

/// One municipality in one period.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    pub(crate) code: String,
    pub(crate) county: String,
    pub(crate) state: State,
    /// Whole numbers: counts, øre or days. Meaningless unless the state is ok.
    pub(crate) numerator: i64,
    pub(crate) denominator: Option<i64>,
    pub(crate) extras: BTreeMap<&'static str, i64>,
    pub(crate) marks: i64,
    /// Persons of all ages, none when not known.
    pub(crate) persons: i64,
    /// Persons of all ages as coverage counts them.
    pub(crate) inhabitants: i64,
}

/// The rows a request must be answered with, in order.
#[must_use]
pub fn answer(world: &World, request: &OracleRequest) -> Vec<OracleRow> {
    if request.kpi == "targets.time_to_target" {
        return forecast::answer(world, request);
    }
    let mut rows = Vec::new();
    for span in spans(world, request) {
        if request.kpi == "quality.rejected" {
            rows.push(deliveries::rejected(world, request, &span));
            continue;
        }
        if request.kpi == "adoption.change" {
            rows.extend(change::rows(world, request, &span));
            continue;
        }
        if request.kpi == "targets.target_progress" {
            rows.extend(targets::rows(world, request, &span));
            continue;
        }
        if request.kpi == "benefit.membership_contribution" {
            rows.extend(membership::contributions(world, request, &span));
            continue;
        }
        let cells = kpis::cells(world, request, &span);
        rows.extend(areas::roll_up(world, request, &span, &cells));
    }
    for row in &mut rows {
        // A number that is not there speaks for nobody.
        if row.state != "ok" && !KEEPS_COVERAGE.contains(&request.kpi.as_str()) {
            row.coverage = row.coverage.map(|_| 0.0);
            row.coverage_of_expected = row.coverage_of_expected.map(|_| 0.0);
        }
    }
    rows
}

/// KPIs whose rows without a number show how many inhabitants the numbers behind them speak for.
const KEEPS_COVERAGE: [&str; 2] = ["targets.target_progress", "rollout.time_in_stage"];

/// What of a yearly amount falls on a day: what has fallen when the day is over, less what had when it began.
pub(crate) fn on_a_day(a_year: i64, day: Day) -> i64 {
    let days = if day.leap_year() { 366 } else { 365 };
    let before = i64::from(day.ordinal0());
    (a_year * (before + 1)).div_euclid(days) - (a_year * before).div_euclid(days)
}

/// The days from one up to another.
pub(crate) fn days_of(start: Day, end: Day) -> impl Iterator<Item = Day> {
    start.iter_days().take_while(move |day| *day < end)
}

/// A word as a number, for the columns of words: rows are compared by numbers.
#[must_use]
pub fn word_number(text: &str) -> f64 {
    f64::from(text.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte))))
}

/// The periods of a request that touch `[from, to)`.
fn spans(world: &World, request: &OracleRequest) -> Vec<Span> {
    let mut start = request.grain.floor(request.from);
    let mut spans = Vec::new();
    while start < request.to {
        spans.push(span(world, request, start));
        start = request.grain.end(start);
    }
    spans
}

/// The period before one.
pub(crate) fn before(world: &World, request: &OracleRequest, later: &Span) -> Span {
    let last = later.start - Days::new(1);
    span(world, request, request.grain.floor(last))
}

/// The period a year before one, in the borders of its own time.
pub(crate) fn a_year_before(world: &World, request: &OracleRequest, later: &Span) -> Span {
    span(world, request, request.grain.year_back(later.start))
}

/// The period a year before one, told in the borders of the later.
pub(crate) fn year_before(world: &World, later: &Span) -> Span {
    let start = later.grain.year_back(later.start);
    let end = later.grain.end(start);
    let last = end.pred_opt().expect("days have days before them");
    Span { start, end, last, native: borders::division_holding(world, last), ..*later }
}

/// The period that begins on a day.
fn span(world: &World, request: &OracleRequest, start: Day) -> Span {
    let end = request.grain.end(start);
    let last = end.pred_opt().expect("days have days before them");
    let names_on = match request.borders {
        Borders::Then => last,
        Borders::Now => world.recorded_at.date_naive(),
        Borders::On(day) => day,
    };
    Span {
        start,
        end,
        last,
        grain: request.grain,
        native: borders::division_holding(world, last),
        target: borders::division_holding(world, names_on),
        names_on,
    }
}

#[cfg(test)]
mod tests;
