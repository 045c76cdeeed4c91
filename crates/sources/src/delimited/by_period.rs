//! The value columns of a wide table that are found by the period in their names, and why they hold the delivery.

use std::collections::BTreeSet;

use utbredt_model::{Granularity, Period};

use super::contract::{Hidden, Wide, same_name};
use super::days::{Days, days};
use super::places::{Head, ValueColumn};
use super::time_words::{beside, names_other_length, narrows};
use super::written_period::period;

/// A period that a column is named by.
pub(super) struct Named {
    period: Period,
    /// What stands beside it in the column's names, if that says it is only a part of the period.
    narrowed_by: Option<String>,
}

/// The columns named by a period, and by a measure too where measures are listed.
pub(super) fn by_period(wide: &Wide, heads: &[Head<'_>], taken: &[usize]) -> Vec<(ValueColumn, Named)> {
    let free = heads.iter().enumerate().filter(|(at, _)| !taken.contains(at));
    let named = free.filter_map(|(at, head)| {
        let of_shares = head.names_shares();
        let column = |measure, period| ValueColumn { at, of_shares, measure, period: Some(period) };
        if wide.measures.is_empty() {
            let named = period_of(wide, head, &head.spread, &head.own)?;
            return Some((column(None, named.period), named));
        }
        wide.measures.iter().find_map(|(name, measure)| {
            let rest = without(name, &head.spread)?;
            let named = period_of(wide, head, &rest, &rest)?;
            Some((column(Some(measure.clone()), named.period), named))
        })
    });
    named.collect()
}

/// Columns whose names say that their numbers are about a part of the period that was read, whoever wrote the rest of the name
/// down as a measure's.
pub(super) fn narrowed(found: &[(ValueColumn, Named)], heads: &[Head<'_>]) -> Vec<String> {
    let narrowed = found.iter().filter_map(|(column, named)| {
        let (name, by) = (heads[column.at].spread.join(" "), named.narrowed_by.as_ref()?);
        Some(format!(
            "column `{name}` of the header would be read as {}, and `{by}` makes it about another time: name the column \
             by a period that is read, or deliver a row for each with its first and last day in two columns",
            named.period
        ))
    });
    narrowed.collect()
}

/// Leaves out hidden columns that were found by their period, as the contract declares; else why they hold the delivery:
/// nobody who looks at the file sees their numbers.
pub(super) fn leave_hidden(
    declared: Option<Hidden>,
    heads: &[Head<'_>],
    hidden: &BTreeSet<usize>,
    values: &mut Vec<ValueColumn>,
) -> Option<String> {
    match declared {
        Some(Hidden::Read) => None,
        Some(Hidden::Skip) => {
            values.retain(|column| !hidden.contains(&column.at));
            None
        }
        None => {
            let unseen = values.iter().filter(|column| hidden.contains(&column.at));
            let names: Vec<String> = unseen.map(|column| heads[column.at].spread.join(" ")).collect();
            (!names.is_empty()).then(|| {
                format!(
                    "{} hidden columns are named by a period (`{}`): show them, or declare `hidden_columns = \"read\"` or \
                     `\"skip\"`",
                    names.len(),
                    names.join("`, `")
                )
            })
        }
    }
}

/// What is left of a column's names when the measure's is taken out, be it a row of its own or the front or the end of
/// one. `None` when it is not there.
fn without<'h>(name: &str, parts: &[&'h str]) -> Option<Vec<&'h str>> {
    if let Some(at) = parts.iter().position(|part| same_name(name, part)) {
        return Some([&parts[..at], &parts[at + 1..]].concat());
    }
    let name = name.trim();
    let (at, rest) = parts.iter().enumerate().find_map(|(at, part)| Some((at, cut_off(name, part)?)))?;
    Some(parts.iter().enumerate().map(|(i, part)| if i == at { rest } else { *part }).collect())
}

/// What is left of a text when a name at its front or its end is cut off; `None` when it has it at neither.
fn cut_off<'h>(name: &str, part: &'h str) -> Option<&'h str> {
    let part = bare(part);
    let front = part.split_at_checked(name.len()).filter(|(front, _)| same_name(name, front));
    let rest = match (front, part.len().checked_sub(name.len())) {
        (Some((_, rest)), _) => rest,
        (None, at) => part.split_at_checked(at?).filter(|(_, end)| same_name(name, end))?.0,
    };
    Some(bare(rest))
}

/// A part of a name without the blanks and signs around it.
fn bare(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || "_-:/,.()".contains(c))
}

/// The period a column is named by: all its names together, as `2024` over `jan`, or one alone that is its own.
fn period_of(wide: &Wide, head: &Head<'_>, spread: &[&str], own: &[&str]) -> Option<Named> {
    let prefix = wide.prefix_to_strip.as_deref().unwrap_or_default();
    let parts: Vec<String> = spread.iter().map(|part| stripped(part, prefix)).collect();
    // `jan` over `2024` as well as `2024` over `jan`.
    let turned: Vec<String> = parts.iter().rev().cloned().collect();
    let pairs = parts.windows(2).map(|pair| format!("{} {}", pair[1], pair[0]));
    let with_year = wide
        .year
        .into_iter()
        .flat_map(|year| own.iter().map(move |part| format!("{} {year}", stripped(part, prefix))));
    let read = [parts.join(" "), turned.join(" ")]
        .into_iter()
        .chain(pairs)
        .chain(with_year)
        .chain(own.iter().map(|part| stripped(part, prefix)))
        .filter_map(|text| period(&text).ok().map(|period| (text, period)));
    let mut first = None;
    for (text, period) in read {
        let whole = match wide.granularity {
            None => period,
            Some(length) if Period::holding(period.start, length) == period => period,
            Some(length) if Period::holding(period.start, Granularity::Day) == period => {
                Period::holding(period.start, length)
            }
            Some(_) => continue,
        };
        let rest = beside(&head.spread, &text);
        let doubted = narrows(&rest, period) || is_no_month(&text, &rest);
        let narrowed_by = Some(rest).filter(|_| doubted);
        // The quarter over a month is no part of its name that narrows it; the month under a quarter is.
        if narrowed_by.is_none() {
            return Some(Named { period: whole, narrowed_by });
        }
        first.get_or_insert(Named { period: whole, narrowed_by });
    }
    first
}

/// Whether a year and a number are no month for what stands beside them: `Kvartal 2025-01`.
pub(super) fn is_no_month(read: &str, beside: &str) -> bool {
    !read.contains(|c: char| c.is_alphabetic() && !matches!(c, 'M' | 'm'))
        && period(read).is_ok_and(|read| Period::holding(read.start, Granularity::Month) == read)
        && names_other_length(beside)
}

fn stripped(part: &str, prefix: &str) -> String {
    part.strip_prefix(prefix).unwrap_or(part).trim().to_owned()
}

/// Why columns that are all named by days cannot be read before `granularity` says how long each is: a quarter's number under its
/// last day would pass for that of the day.
fn length_unclear(wide: &Wide, values: &[ValueColumn]) -> Option<String> {
    let periods: Vec<Period> = values.iter().filter_map(|column| column.period).collect();
    let are_days = periods.iter().all(|period| Period::holding(period.start, Granularity::Day) == *period);
    if wide.granularity.is_some() || periods.is_empty() || !are_days {
        return None;
    }
    let why = match days(&periods.iter().map(|period| period.start).collect(), None) {
        Days::Each => return None,
        Days::Months => "its days are first or last days of months".to_owned(),
        Days::Unclear(why) => why,
    };
    Some(format!(
        "of the periods in the header: {why}; declare `granularity` in [wide], the length of each: day, week, month, quarter, \
         half_year or year"
    ))
}

/// Measures without a column, columns of the same measure and period, and days that may stand for a longer period.
pub(super) fn unfit(wide: &Wide, values: &[ValueColumn]) -> Vec<String> {
    let mut breaches = Vec::new();
    // Without any column each measure lacks one, which would only repeat it.
    if values.is_empty() {
        breaches.push("no column of the header is named by a period".to_owned());
    } else {
        for (name, measure) in &wide.measures {
            if !values.iter().any(|column| column.measure.as_ref() == Some(measure)) {
                breaches.push(format!("no column of the header is named by `{name}` and a period"));
            }
        }
    }
    breaches.extend(length_unclear(wide, values));
    for (index, column) in values.iter().enumerate() {
        let mut before = values[..index].iter();
        let same = before.find(|other| (&other.measure, other.period) == (&column.measure, column.period));
        if let (Some(first), Some(period)) = (same, column.period) {
            let (first, second) = (first.at + 1, column.at + 1);
            breaches.push(format!("columns {first} and {second} of the header both mean {period}"));
        }
    }
    breaches
}
