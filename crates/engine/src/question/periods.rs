//! The periods of a question, and the relations `periods` and `calendar` that queries join facts to.

use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, RecordBatch, StringArray};
use arrow::datatypes::{Field, Schema};
use chrono::{Datelike, Days, Months, NaiveDate, TimeDelta};
use utbredt_kpi::{Kpi, KpiRequest, RequestError};
use utbredt_model::{Granularity, Period};

use super::scope::Scope;
use crate::edition::dimensions::Divisions;
use crate::error::EngineError;

/// How many periods one answer may have.
const MOST_PERIODS: usize = 4000;

/// Days of the longest month.
const LONGEST_MONTH: i64 = 31;

/// The periods asked for, or the KPI's window of them, of which none ends before the `oldest` division; without `to` they
/// end where `default_end` says.
pub(crate) fn periods_of(
    kpi: &Kpi,
    request: &KpiRequest,
    oldest: Option<NaiveDate>,
    default_end: impl FnOnce(Granularity) -> NaiveDate,
) -> Result<Vec<Period>, RequestError> {
    let granularity = request.granularity.unwrap_or(kpi.granularity);
    let to = request.to.unwrap_or_else(|| default_end(granularity));
    let from = request.from.unwrap_or_else(|| {
        let start = window_start(granularity, to, kpi.window);
        // Where all of the window lies before it, the question is about what is not known.
        let known = oldest.map(|day| granularity.floor(day)).filter(|first| *first < to);
        known.map_or(start, |first| start.max(first))
    });
    let periods = if request.range {
        Period::new(from, to).into_iter().collect()
    } else {
        granularity.periods(from, to)
    };
    let until = to.pred_opt().unwrap_or(to);
    if periods.is_empty() {
        return Err(RequestError::invalid(
            "invalid_value",
            format!("to, which ends on {until}, is before from, {from}"),
            "both are included: the same period twice means that one",
        ));
    }
    if periods.len() > MOST_PERIODS {
        return Err(RequestError::invalid(
            "invalid_value",
            format!("from {from} to {until}, both included, is {} periods", periods.len()),
            format!("at most {MOST_PERIODS} periods are answered at once"),
        ));
    }
    Ok(periods)
}

/// The first day of so many periods before `to`.
fn window_start(granularity: Granularity, to: NaiveDate, window: u32) -> NaiveDate {
    let mut start = to;
    // Step by step, since months and years differ in length.
    for _ in 0..window {
        start = granularity.floor(start.pred_opt().unwrap_or(start));
    }
    start
}

/// The periods shown, and before them those the KPI compares with.
pub(crate) fn looking_back(kpi: &Kpi, granularity: Option<Granularity>, shown: &[Period]) -> Vec<Period> {
    let mut seen = shown.to_vec();
    for _ in 0..kpi.lookback.periods() {
        let Some(first) = seen.first().copied() else { break };
        // By the calendar where there is one: the month before March has another length than March.
        let Some(last_before) = first.start.pred_opt() else { break };
        let before = granularity
            .map_or_else(|| as_long_before(&first), |granularity| Period::holding(last_before, granularity));
        seen.insert(0, before);
    }
    seen
}

/// The span of the same length that ends where a period begins: whole months before whole months, else days.
fn as_long_before(period: &Period) -> Period {
    let months =
        (period.end.year() - period.start.year()) * 12 + month_of(period.end) - month_of(period.start);
    let by_months = u32::try_from(months).ok().filter(|_| period.start.day() == 1 && period.end.day() == 1);
    let start = match by_months {
        Some(months) => period.start.checked_sub_months(Months::new(months)),
        None => period.start.checked_sub_signed(period.end - period.start),
    };
    Period { start: start.unwrap_or(period.start), end: period.start }
}

#[expect(clippy::cast_possible_wrap, reason = "a month is 1 to 12")]
fn month_of(day: NaiveDate) -> i32 {
    day.month() as i32
}

/// The last day of a period.
pub(crate) fn last_day(period: &Period) -> NaiveDate {
    period.end.pred_opt().unwrap_or(period.end)
}

/// The period a year before: the same dates, or for a day and for whole weeks the same weekdays, 52 weeks before.
pub(crate) fn year_before(period: &Period) -> Period {
    let months = period.start.day() == 1 && period.end.day() == 1;
    let days = (period.end - period.start).num_days();
    let (start, end) = if !months && (days == 1 || days % 7 == 0) {
        // 364 days keep the weekday, which decides much of what is counted in a day.
        let weeks = Days::new(364);
        (period.start.checked_sub_days(weeks), period.end.checked_sub_days(weeks))
    } else {
        let year = Months::new(12);
        let last = last_day(period).checked_sub_months(year).and_then(|day| day.succ_opt());
        (
            period.start.checked_sub_months(year),
            if months { period.end.checked_sub_months(year) } else { last },
        )
    };
    Period { start: start.unwrap_or(period.start), end: end.unwrap_or(period.end) }
}

/// Days since 1970, as Arrow counts.
pub(crate) fn epoch_days(day: NaiveDate) -> i32 {
    i32::try_from((day - NaiveDate::default()).num_days()).unwrap_or(i32::MAX)
}

/// One row of `periods` or `calendar`.
#[derive(Debug, Clone, Copy)]
struct Row {
    /// The period whose facts are read.
    facts: Period,
    /// The period shown, which decides the borders.
    shown: Period,
    /// The day, in `calendar`.
    day: NaiveDate,
}

/// The relation `periods`: a row for each period.
pub(crate) fn periods_table(scope: &Scope, divisions: &Divisions) -> Result<RecordBatch, EngineError> {
    let rows: Vec<Row> = scope
        .periods
        .iter()
        .map(|shown| {
            let facts = scope.facts_of(shown);
            Row { facts, shown: *shown, day: facts.start }
        })
        .collect();
    let mut columns = shared_columns(scope, divisions, &rows, "division_date");
    columns.push(("year_ago", dates(&rows, |row| year_before(&row.facts).start)));
    table(columns)
}

/// The relation `calendar`: a row for each day of each period.
pub(crate) fn calendar_table(scope: &Scope, divisions: &Divisions) -> Result<RecordBatch, EngineError> {
    let mut rows = Vec::new();
    for shown in scope.periods.iter() {
        let facts = scope.facts_of(shown);
        for offset in 0..(facts.end - facts.start).num_days() {
            rows.push(Row { facts, shown: *shown, day: facts.start + TimeDelta::days(offset) });
        }
    }
    // Facts joined to the calendar have a `division_date` too, so the target division has another name here.
    let mut columns = shared_columns(scope, divisions, &rows, "to_date");
    columns.push(("day", dates(&rows, |row| row.day)));
    table(columns)
}

/// The relation `sub_periods`: what a period is made of when it is asked whether all of it was delivered. A period longer
/// than a month is made of months, a shorter one of itself.
pub(crate) fn sub_periods_table(scope: &Scope) -> Result<RecordBatch, EngineError> {
    let (mut periods, mut starts, mut ends) = (Vec::new(), Vec::new(), Vec::new());
    for shown in scope.periods.iter() {
        let facts = scope.facts_of(shown);
        let mut start = facts.start;
        while start < facts.end {
            let next_month = Granularity::Month.floor(start).checked_add_months(Months::new(1));
            let short = (facts.end - facts.start).num_days() <= LONGEST_MONTH;
            let end = next_month.filter(|next| !short && *next < facts.end).unwrap_or(facts.end);
            periods.push(epoch_days(facts.start));
            starts.push(epoch_days(start));
            ends.push(epoch_days(end));
            start = end;
        }
    }
    let days = |days: Vec<i32>| -> ArrayRef { Arc::new(Date32Array::from(days)) };
    table(vec![("period_start", days(periods)), ("sub_start", days(starts)), ("sub_end", days(ends))])
}

fn shared_columns(
    scope: &Scope,
    divisions: &Divisions,
    rows: &[Row],
    target: &'static str,
) -> Vec<(&'static str, ArrayRef)> {
    let policies = StringArray::from(vec![scope.policy.policy_id(); rows.len()]);
    vec![
        ("period_start", dates(rows, |row| row.facts.start)),
        ("period_end", dates(rows, |row| row.facts.end)),
        ("year_start", dates(rows, |row| Granularity::Year.floor(last_day(&row.facts)))),
        ("native_date", dates(rows, |row| divisions.holding(last_day(&row.facts)))),
        (target, dates(rows, |row| divisions.holding(scope.on_day(&row.shown)))),
        ("on_day", dates(rows, |row| scope.on_day(&row.shown))),
        ("edition_day", dates(rows, |_| scope.day)),
        ("member_date", dates(rows, |_| divisions.holding(scope.day))),
        ("policy_id", Arc::new(policies)),
    ]
}

fn dates(rows: &[Row], of: impl Fn(&Row) -> NaiveDate) -> ArrayRef {
    Arc::new(Date32Array::from_iter_values(rows.iter().map(|row| epoch_days(of(row)))))
}

fn table(columns: Vec<(&'static str, ArrayRef)>) -> Result<RecordBatch, EngineError> {
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns
        .into_iter()
        .map(|(name, array)| (Field::new(name, array.data_type().clone(), false), array))
        .unzip();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn before(text: &str) -> String {
        let before = year_before(&Period::parse(text).unwrap());
        format!("{} {}", before.start, before.end)
    }

    #[test]
    fn a_year_before_is_the_same_dates_or_the_same_weekdays() {
        assert_eq!(before("2024-03"), "2023-03-01 2023-04-01");
        assert_eq!(before("2024-02"), "2023-02-01 2023-03-01");
        assert_eq!(before("2024-Q1"), "2023-01-01 2023-04-01");
        assert_eq!(before("2024"), "2023-01-01 2024-01-01");
        // Friday 1 March 2024 and Friday 3 March 2023.
        assert_eq!(before("2024-03-01"), "2023-03-03 2023-03-04");
        // Week 53 has no namesake in 2025: the week 52 weeks before it is Monday 29 December 2025.
        assert_eq!(before("2026-W53"), "2025-12-29 2026-01-05");
    }

    fn span(start: &str, end: &str) -> Period {
        Period { start: start.parse().unwrap(), end: end.parse().unwrap() }
    }

    #[test]
    fn a_year_before_a_range_is_the_same_dates_but_for_whole_weeks() {
        assert_eq!(year_before(&span("2024-12-15", "2025-01-15")), span("2023-12-15", "2024-01-15"));
        assert_eq!(year_before(&span("2025-01-01", "2025-03-16")), span("2024-01-01", "2024-03-16"));
        // Until 28 and until 29 February 2024: both until the last day of the February before.
        assert_eq!(year_before(&span("2024-02-10", "2024-02-29")), span("2023-02-10", "2023-03-01"));
        assert_eq!(year_before(&span("2024-02-10", "2024-03-03")), span("2023-02-10", "2023-03-03"));
        // Two weeks from a Monday on.
        assert_eq!(year_before(&span("2025-01-06", "2025-01-20")), span("2024-01-08", "2024-01-22"));
    }

    #[test]
    fn a_span_looks_back_by_its_own_length() {
        // Ten months before ten months; nine days before nine days.
        assert_eq!(as_long_before(&span("2026-01-01", "2026-11-01")), span("2025-03-01", "2026-01-01"));
        assert_eq!(as_long_before(&span("2026-01-05", "2026-01-14")), span("2025-12-27", "2026-01-05"));
    }
}
