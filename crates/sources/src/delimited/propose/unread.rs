//! Columns of periods that are written in a form that is not read, or would be read as another period.

use utbredt_model::{Granularity, Reason, ReasonCode};

use super::super::json_fields::LIST;
use super::super::time_words::{names_other_length, names_period};
use super::periods::{LENGTHS, are_parts_of_years};
use super::sheet::is_period;
use super::sketch::{Column, is_count};
use super::stamps::is_stamp;
use super::titles::year_in;
use super::words::{has, spaced};

/// What columns of times are called, whatever is in them.
const TIMES: &str = "periode, perioden, period, tid, tidspunkt, tidsrom, time, timestamp, måned, maned, månad, mnd, month, dato, date, \
    uke, veke, week, kvartal, quarter, tertial, halvår, år, year, ukenr, vekenr, månedsnr, årmåned, årmnd, yearmonth";

/// Why a column of weeks, quarters or half-years cannot be read: `2025-01` and `1/2025` are months wherever they stand.
pub(super) fn written_as_months(column: &Column<'_>) -> Option<Reason> {
    if column.named(&["tertial"]) && column.mostly(is_year_and_number) {
        let text = format!(
            "column `{}` is named by tertials, which a period is not read as, and its cells are how months are written: deliver the \
             first and the last day of each in two columns",
            column.name
        );
        return Some(Reason::new(ReasonCode::InvalidDate, text));
    }
    if !column.mostly(is_year_and_number) {
        return None;
    }
    let named = LENGTHS.iter().find(|(_, words)| column.named(words)).map(|(length, _)| *length);
    let (what, example) = match named {
        Some(Granularity::Week) => ("weeks", "2025-W01"),
        Some(Granularity::Quarter) => ("quarters", "2025-Q1"),
        Some(Granularity::HalfYear) => ("half-years", "2025-H1"),
        // `År-uke`, `Kvt`, `MVA-termin`.
        _ if names_other_length(&column.name) => {
            ("another length than the month", "2025-W01, 2025-Q1 or 2025-H1")
        }
        _ => return None,
    };
    let cell = column.filled().find(|cell| is_year_and_number(cell))?;
    let text = format!(
        "column `{}` is named by {what}, and `{cell}` is how a month is written: write `{example}`",
        column.name
    );
    Some(Reason::new(ReasonCode::InvalidDate, text))
}

/// Whether a cell is a year and a number of one digit or two, in either order: `2025-1`, `01.2025`, `202501`, `2025M01`.
pub(super) fn is_year_and_number(cell: &str) -> bool {
    let digits = |text: &str, many: &[usize]| {
        many.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let parts = cell.split_once(['-', '/', '.', ' ', 'M', 'm']).or_else(|| cell.split_at_checked(4));
    parts.is_some_and(|(front, end)| {
        (year_in(front).is_some() && digits(front, &[4]) && digits(end, &[1, 2]))
            || (digits(front, &[1, 2]) && digits(end, &[4]) && year_in(end).is_some())
    })
}

/// What columns are called whose cells are months where they are a year and a number.
const OF_MONTHS: [&str; 19] = [
    "p",
    "per",
    "maaned",
    "tidspunkt",
    "tidsrom",
    "måned",
    "månad",
    "maned",
    "mnd",
    "month",
    "period",
    "tid",
    "dato",
    "date",
    "år",
    "aar",
    "year",
    "yyyymm",
    "time",
];

/// Why a person has to say how long periods are that are written as months: by its name the column may hold quarters or weeks.
pub(super) fn may_be_no_months(column: &Column<'_>) -> Option<String> {
    if column.named(&OF_MONTHS) || !column.filled().all(is_year_and_number) {
        return None;
    }
    let cell = column.filled().next()?;
    Some(format!("its name is of no length of time, and `{cell}` may be a month, a quarter or a week"))
}

/// Whether a column seems to hold periods of a form that is not read. Parts of a year are read with a year that is stated
/// elsewhere, or refused with that reason.
pub(super) fn seems_to_hold_periods(column: &Column<'_>, stated: bool) -> bool {
    if is_stamp(&column.name) || column.mostly(|cell| is_period(cell) || cell.starts_with(LIST)) {
        return false;
    }
    if are_parts_of_years(column) {
        return !stated;
    }
    let name = spaced(&column.name);
    let called = name.split_whitespace().count() < 3 && has(&name, TIMES);
    (called && (column.mostly(seems_time) || column.mostly(is_packed)))
        || column.mostly(|cell| year_in(cell).is_some() && names_period(cell))
}

/// `2501` below `Måned`: no count is called so.
fn is_packed(cell: &str) -> bool {
    (4..=8).contains(&cell.len()) && cell.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a cell in a column of times seems to be one, as no count is.
fn seems_time(cell: &str) -> bool {
    let digits = cell.bytes().filter(u8::is_ascii_digit).count();
    // Seconds or milliseconds since 1970.
    let epoch = digits == cell.len() && matches!(digits, 10 | 13);
    let dated = digits > 0 && cell.len() < 40 && !is_count(cell, ',') && !is_count(cell, '.');
    epoch || names_period(cell) || dated
}
