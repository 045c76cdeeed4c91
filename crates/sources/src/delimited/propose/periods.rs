//! Where a table has its periods, when its header has none: in a column, in two, or above it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate, Weekday};
use utbredt_model::{Granularity, Period, Reason, ReasonCode};

use super::super::contract::same_name;
use super::super::days::{self, Days};
use super::sheet::{is_period, read_period};
use super::sketch::{Column, Free, Lengths, When, Why, take};
use super::stamps::is_stamp;
use super::titles;
use super::unread::{may_be_no_months, seems_to_hold_periods, written_as_months};
use super::words::{is_one, spaced};

const PERIODS: [&str; 16] = [
    "period",
    "yyyymm",
    "tidspunkt",
    "tidsrom",
    "måned",
    "maned",
    "månad",
    "mnd",
    "month",
    "dato",
    "date",
    "år",
    "aar",
    "year",
    "kvartal",
    "uke",
];
/// What columns of parts of a year are called.
const PARTS: [&str; 14] = [
    "periode", "period", "måned", "månad", "maned", "mnd", "month", "kvartal", "quarter", "uke", "veke",
    "week", "halvår", "tertial",
];
const STARTS: [&str; 4] = ["fra", "frå", "from", "start"];
const ENDS: [&str; 4] = ["til", "to", "end", "slutt"];

/// Finds the column or the two of the periods; failing that, a period in the title or the file's name.
///
/// # Errors
/// The columns that together are one period; a column of weeks, quarters or half-years that are written as months are.
pub(super) fn when(free: &mut Free<'_>, places: &Column<'_>, texts: &[String]) -> Result<When, Reason> {
    if let Some(reason) = free.iter().find_map(written_as_months) {
        return Err(reason);
    }
    let found = one_place(free, places, texts);
    let years = match &found {
        When::Column(name, lengths) if lengths.counted.keys().eq([&Granularity::Year]) => Some(name.as_str()),
        When::Fixed(Some(period)) if is_year(*period) => None,
        _ => return Ok(found),
    };
    let of_one_name = |column: &&Column<'_>| {
        years.is_some_and(|name| same_but_for_place(name, &column.name)) && column.mostly(is_part)
    };
    let parts = free.iter().find(|column| are_parts_of_years(column));
    let Some(parts) = parts.or_else(|| free.iter().find(of_one_name)) else { return Ok(found) };
    let years = years.map_or_else(
        || "the year in the title or the file's name".to_owned(),
        |name| format!("column `{name}`"),
    );
    let text = format!(
        "{years} and column `{}` are one period together, and a contract reads one column: write the whole period in it, \
         as `{}`",
        parts.name,
        example(parts)
    );
    Err(Reason::new(ReasonCode::Unsupported, text))
}

/// Whether a column holds days under a name that is of more than a day or a period: `Forfallsdato`, `Bokført`. What happened on them
/// is not for a program to say.
fn are_days_of_another_thing(column: &Column<'_>) -> bool {
    const OF_TIME: &str = "dato, datoen, date, dag, dagen, day, periode, perioden, period, tid, tidspunkt, tidsrom, time, måned, maned, \
        månad, maaned, mnd, month, år, aar, year, uke, veke, week, kvartal, quarter, halvår, tertial, fra, frå, til, from, to, for, start, \
        slutt, end, første, fyrste, siste, first, last, i, av, og, the, of, starting, ending, p, k, yyyymm, statistikkdato, måledato";
    let name = spaced(&column.name);
    let mut words = name.split_whitespace().map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()));
    column.mostly(|cell| length(cell) == Some(Granularity::Day))
        && !words.all(|word| word.is_empty() || is_one(word, OF_TIME))
}

/// How a whole period is written in a column of parts of years.
fn example(parts: &Column<'_>) -> &'static str {
    match LENGTHS.iter().find(|(_, words)| parts.named(words)) {
        Some((Granularity::Week, _)) => "2025-W03",
        Some((Granularity::Quarter, _)) => "2025-Q3",
        Some((Granularity::HalfYear, _)) => "2025-H1",
        _ => "2025-03",
    }
}

pub(super) fn is_year(period: Period) -> bool {
    Period::holding(period.start, Granularity::Year) == period
}

/// Whether a column is called after a part of a year and holds its number or its name, without the year.
pub(super) fn are_parts_of_years(column: &Column<'_>) -> bool {
    let name = column.name.to_lowercase();
    let called = PARTS.iter().any(|word| {
        name.strip_prefix(word).is_some_and(|rest| {
            matches!(
                rest.trim_end_matches('.'),
                "" | "nr" | "snr" | "nummer" | "snummer" | " nr" | "er" | "snavn"
            )
        })
    });
    called && column.mostly(is_part)
}

fn is_part(cell: &str) -> bool {
    cell.parse().is_ok_and(|part: u32| (1..=53).contains(&part))
        || read_period(&format!("{cell} 2024")).is_some()
}

/// Whether two columns have one name, as `Periode#1` and `Periode#2`.
fn same_but_for_place(name: &str, other: &str) -> bool {
    let parts = name.rsplit_once('#').zip(other.rsplit_once('#'));
    parts.is_some_and(|((name, _), (other, _))| same_name(name, other))
}

fn one_place(free: &mut Free<'_>, places: &Column<'_>, texts: &[String]) -> When {
    let begins = |c: &Column<'_>| are_days(c, &STARTS) && !is_stamp(&c.name);
    let ends = |c: &Column<'_>| are_days(c, &ENDS) && !is_stamp(&c.name);
    if free.iter().any(begins)
        && free.iter().any(ends)
        && let (Some(start), Some(end)) = (take(free, begins), take(free, ends))
    {
        // A last day is at a month's end, a day after at its beginning.
        let last_days = are_last_days(&start, &end);
        return When::Pair(start.name, end.name, last_days);
    }
    let named = |c: &Column<'_>| c.named(&PERIODS) && c.mostly(is_period);
    let of_periods = |c: &Column<'_>| named(c) && !is_stamp(&c.name) && !are_days_of_another_thing(c);
    // `Måned` goes before `uttak_dato`.
    let plainly = |c: &Column<'_>| {
        let name = c.name.to_lowercase();
        PERIODS.iter().any(|word| name.starts_with(word))
    };
    let column = take(free, |c| of_periods(c) && plainly(c))
        .or_else(|| take(free, of_periods))
        .or_else(|| take(free, |c| are_periods(c) && !is_stamp(&c.name) && !are_days_of_another_thing(c)));
    // `År` beside `Måned` with whole months: the shorter is the period.
    let column = column.map(|longer| take(free, |c| lies_within(c, &longer)).unwrap_or(longer));
    if let Some(column) = column {
        return match lengths(&column, places) {
            Ok(lengths) => When::Column(column.name, lengths),
            Err(why) => When::LengthToChoose(column.name, why),
        };
    }
    let stated = titles::period(texts);
    // Before the title: its year is not the period of a month that is not read.
    let unread = take(free, |c| seems_to_hold_periods(c, stated.is_some()));
    if let Some(column) = unread {
        let unread = column.filled().find(|cell| !is_period(cell)).or_else(|| column.filled().next());
        let cell = unread.unwrap_or("").to_owned();
        return When::Unread(column.name, cell);
    }
    let stamps = free
        .iter()
        .filter(|c| are_days_of_another_thing(c) || (is_stamp(&c.name) && (named(c) || are_periods(c))));
    let stamps: Vec<String> = stamps.map(|column| column.name.clone()).collect();
    if stated.is_none() && !stamps.is_empty() {
        return When::ToChoose(stamps);
    }
    When::Fixed(stated)
}

/// What columns of periods of one length are called. Half-years before years, whose name theirs holds.
pub(super) const LENGTHS: [(Granularity, &[&str]); 6] = [
    (Granularity::HalfYear, &["halvår", "halvaar", "half"]),
    (Granularity::Month, &["måned", "månad", "maned", "mnd", "month"]),
    (Granularity::Quarter, &["kvartal", "quarter"]),
    (Granularity::Week, &["uke", "veke", "week"]),
    (Granularity::Year, &["år", "aar", "year"]),
    (Granularity::Day, &["dato", "date", "dag", "day"]),
];

/// How long a column's periods are: what all have, or what the column is named by when nothing in it is shorter.
///
/// # Errors
/// Why a person has to say it.
fn lengths(column: &Column<'_>, places: &Column<'_>) -> Result<Lengths, String> {
    let is_day = |cell: &&str| length(cell) == Some(Granularity::Day);
    let (of_day, edges) =
        (column.filled().filter(is_day).count(), column.filled().filter(|c| is_month_edge(c)).count());
    let mut counted = BTreeMap::new();
    for length in column.filled().filter_map(length) {
        // Days at a month's edge alone are how months are written.
        let of_month = length == Granularity::Day && edges == of_day;
        *counted.entry(if of_month { Granularity::Month } else { length }).or_insert(0) += 1;
    }
    let shortest = counted.keys().next().copied();
    let named = LENGTHS.iter().find(|(_, words)| column.named(words)).map(|(length, _)| *length);
    let of_days = (counted.len() == 1 && of_day > 0).then(|| {
        let found = column.filled().filter_map(read_period).map(|period| period.start).collect();
        let tertial = column.named(&["tertial"]).then_some("tertial");
        days::days(&found, tertial.or(named.map(Granularity::as_str)))
    });
    let unclear = may_be_no_months(column).or_else(|| days_after(column));
    let declared = if let Some(Days::Unclear(why)) = of_days {
        return Err(why);
    } else if let Some(why) = unclear {
        return Err(why);
    } else if of_days == Some(Days::Months) {
        Some((Granularity::Month, Why::Edges))
    } else if counted.len() == 1 {
        shortest.map(|length| (length, Why::All))
    } else {
        named.filter(|length| shortest == Some(*length)).map(|length| (length, Why::Name))
    };
    if declared.is_none() && overlap(column, places) {
        let counts = counted.iter().map(|(length, count)| format!("{count} {}", length.as_str()));
        let counts = counts.collect::<Vec<_>>().join(", ");
        return Err(format!("they are of several lengths ({counts}) of which the longer hold the shorter"));
    }
    Ok(Lengths { declared, counted })
}

/// Why a column of ends alone is no column of periods where its days are first days of months.
fn days_after(column: &Column<'_>) -> Option<String> {
    let mut firsts =
        column.filled().filter_map(read_period).filter(|day| is_day(day) && day.start.day() == 1);
    let ends = are_days(column, &ENDS) && firsts.next().is_some();
    ends.then(|| "by its name each is an end, and its days are first days of months: whether each ends the month before".to_owned())
}

/// Whether the periods of a column lie in those of another, row by row, and are shorter. The first or last day of the longer alone
/// says no more than that.
fn lies_within(column: &Column<'_>, longer: &Column<'_>) -> bool {
    if is_stamp(&column.name) || !column.mostly(is_period) {
        return false;
    }
    let both = column.cells.iter().zip(&longer.cells);
    let pairs: Vec<(Period, Period)> =
        both.filter_map(|(cell, longer)| read_period(cell).zip(read_period(longer))).collect();
    let shorter = pairs.iter().all(|(period, longer)| {
        let days = |period: &Period| (period.end - period.start).num_days();
        days(period) < days(longer) && period.start < longer.end && period.end > longer.start
    });
    let named = LENGTHS.iter().any(|(length, words)| *length != Granularity::Day && column.named(words));
    let edges = pairs.iter().all(|(period, longer)| {
        Period::holding(period.start, Granularity::Day) == *period
            && (period.start == longer.start || period.end == longer.end)
    });
    !pairs.is_empty() && shorter && (named || !edges)
}

/// Whether a period of a column lies in another one of the same place.
fn overlap(column: &Column<'_>, places: &Column<'_>) -> bool {
    let mut of_place: BTreeMap<&str, BTreeSet<Period>> = BTreeMap::new();
    for (cell, place) in column.cells.iter().zip(&places.cells) {
        of_place.entry(place).or_default().extend(read_period(cell));
    }
    of_place.values().any(|periods| {
        let later = periods.iter().skip(1);
        periods.iter().zip(later).any(|(period, next)| next.start < period.end)
    })
}

/// Whether the days of a column of ends are within the periods: a period of one day, the next row begins the day after, or
/// most periods are whole weeks or months then. `None` where nothing shows it.
fn are_last_days(start: &Column<'_>, end: &Column<'_>) -> Option<bool> {
    let first = |text: &&str| read_period(text).map(|period| period.start);
    // A single day, of which the day after would be the end.
    if start
        .cells
        .iter()
        .zip(&end.cells)
        .any(|(start, end)| first(start).is_some() && first(start) == first(end))
    {
        return Some(true);
    }
    let pairs = start.cells.iter().zip(&end.cells);
    let pairs: Vec<_> = pairs.filter_map(|(start, end)| first(start).zip(first(end))).collect();
    let starts: BTreeSet<_> = pairs.iter().map(|(start, _)| *start).collect();
    let ends: Vec<_> = pairs.iter().map(|(_, end)| *end).collect();
    // A day after that is a first day elsewhere says that they are not.
    let after = ends.iter().filter(|day| starts.contains(*day)).count();
    let within = ends.iter().filter(|day| day.succ_opt().is_some_and(|next| starts.contains(&next))).count();
    if within != after {
        return Some(within > after);
    }
    let outside = pairs.iter().filter(|(start, end)| are_whole(*start, *end)).count();
    let within = pairs
        .iter()
        .filter(|(start, end)| end.succ_opt().is_some_and(|next| are_whole(*start, next)))
        .count();
    // A lone row of another kind is no proof against the others.
    if within * 2 > pairs.len() && outside == 0 {
        return Some(true);
    }
    (outside * 2 > pairs.len() && within == 0).then_some(false)
}

/// Whether the days from one on and before the next are whole weeks or months.
fn are_whole(start: NaiveDate, next: NaiveDate) -> bool {
    let weeks = start.weekday() == Weekday::Mon && next.weekday() == Weekday::Mon;
    start < next && (weeks || (start.day() == 1 && next.day() == 1))
}

/// Whether a column has one of some names and most of its cells are days.
fn are_days(column: &Column<'_>, names: &[&str]) -> bool {
    column.named(names) && column.mostly(|text| length(text) == Some(Granularity::Day))
}

/// Whether most cells of a column are periods and they are not all plain numbers, which may be counts.
pub(super) fn are_periods(column: &Column<'_>) -> bool {
    column.mostly(is_period) && !column.filled().all(|text| text.parse::<i64>().is_ok())
}

fn is_month_edge(text: &str) -> bool {
    length(text) == Some(Granularity::Day) && read_period(text).is_some_and(edge)
}

pub(super) fn is_day(period: &Period) -> bool {
    Period::holding(period.start, Granularity::Day) == *period
}

fn length(text: &str) -> Option<Granularity> {
    let period = read_period(text)?;
    Granularity::ALL.into_iter().find(|length| Period::holding(period.start, *length) == period)
}

/// The first or the last day of a month.
fn edge(day: Period) -> bool {
    day.start.day() == 1 || day.end.day() == 1
}
