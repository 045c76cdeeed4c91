//! Where a table says when: in a column, in two, in its header, or above it.

use chrono::Datelike;
use utbredt_model::{Granularity, Period};

use super::columns::{Choice, Column, Free, Sketch, When, take};
use super::sheet::{is_month, is_period, read_period};

const PERIODS: [&str; 13] = [
    "period", "måned", "maned", "månad", "mnd", "month", "dato", "date", "år", "aar", "year", "kvartal",
    "uke",
];
const STARTS: [&str; 4] = ["fra", "frå", "from", "start"];
const ENDS: [&str; 4] = ["til", "to", "end", "slutt"];

/// The columns of a wide table that are named by a period, each with what else its name says.
#[derive(Debug)]
pub(super) struct ByPeriod<'s> {
    pub(super) columns: Vec<(Column<'s>, Period, String)>,
    year: Option<i32>,
}

impl<'s> ByPeriod<'s> {
    /// Takes them out of those that are free, if they are two or more, or one where nothing else says when.
    pub(super) fn take(free: &mut Free<'s>, texts: &[String], counts: impl Fn(&Column<'s>) -> bool) -> Self {
        let months = free.iter().filter(|c| c.heads.len() == 1 && is_month(&c.name) && counts(c)).count();
        let year = (months > 1).then(|| texts.iter().find_map(|text| year_in(text)).unwrap_or(1900));
        let read = |c: &Column<'s>| {
            let (period, rest) = split(&c.heads, year)?;
            counts(c).then_some((period, rest))
        };
        let found = free.iter().filter(|c| read(c).is_some()).count();
        let elsewhere =
            free.iter().any(|c| c.mostly(is_period) && !c.filled().all(|t| t.parse::<i64>().is_ok()));
        if found == 0 || (found == 1 && elsewhere) {
            return Self { columns: Vec::new(), year: None };
        }
        let (mut columns, mut others) = (Vec::new(), Vec::new());
        for column in free.drain(..) {
            match read(&column) {
                Some((period, rest)) => columns.push((column, period, rest)),
                None => others.push(column),
            }
        }
        *free = others;
        Self { columns, year: year.filter(|_| months > 1) }
    }

    /// The length most of the periods have. Days that are all a month's first or last stand for their months.
    fn length(&self) -> Option<Granularity> {
        let is_edge =
            |period: &Period| Period::holding(period.start, Granularity::Day) == *period && edge(*period);
        if self.columns.iter().all(|(_, period, _)| is_edge(period)) {
            return Some(Granularity::Month);
        }
        let of = |length: &Granularity| {
            self.columns.iter().filter(|(_, p, _)| Period::holding(p.start, *length) == *p).count()
        };
        Granularity::ALL.into_iter().rev().max_by_key(of).filter(|length| of(length) > 0)
    }

    /// Writes down what a contract has to say of them.
    pub(super) fn describe(&self, sketch: &mut Sketch, measure: impl Fn(&str) -> String) {
        let length = self.length();
        sketch.wide.granularity = length;
        sketch.wide.year = self.year;
        let day = |period: &Period| Period::holding(period.start, Granularity::Day) == *period;
        let fits = |p: &Period| length.is_none_or(|l| Period::holding(p.start, l) == *p || day(p));
        let mut rests: Vec<&String> =
            self.columns.iter().filter(|(_, period, _)| fits(period)).map(|(.., rest)| rest).collect();
        rests.sort();
        rests.dedup();
        let nothing = rests.iter().all(|rest| rest.is_empty());
        if nothing || sketch.measure.is_some() {
            let common = rests.first().filter(|_| rests.len() == 1 && !nothing);
            sketch.wide.prefix = common.and_then(|rest| self.prefix(rest));
            let title = sketch.sheet.above.join(" ");
            sketch.measure.get_or_insert_with(|| Choice::Fixed(measure(&title)));
            return;
        }
        for rest in rests.into_iter().filter(|rest| !rest.is_empty()) {
            let id = measure(rest);
            if sketch.wide.measures.values().any(|other| *other == id) {
                sketch.passed_over.push(rest.clone());
            } else {
                sketch.wide.measures.insert(rest.clone(), id);
            }
        }
    }

    /// What stands before every period, blanks included.
    fn prefix(&self, rest: &str) -> Option<String> {
        let (column, ..) = self.columns.first()?;
        let name = column.heads.iter().find(|part| part.starts_with(rest))?;
        let end =
            name.char_indices().skip_while(|(at, _)| *at < rest.len()).find(|(_, c)| c.is_alphanumeric())?.0;
        Some(name[..end].to_owned())
    }
}

/// Takes a period out of a column's names: all of them, one, or the front or the end of one. Gives what is left.
fn split(heads: &[String], year: Option<i32>) -> Option<(Period, String)> {
    let joined = |parts: &[String]| parts.join(" ");
    let turned: Vec<String> = heads.iter().rev().cloned().collect();
    if let Some(period) = read_period(&joined(heads)).or_else(|| read_period(&joined(&turned))) {
        return Some((period, String::new()));
    }
    if let (Some(year), [name]) = (year, heads)
        && let Some(period) = read_period(&format!("{name} {year}")).filter(|_| is_month(name))
    {
        return Some((period, String::new()));
    }
    for (at, part) in heads.iter().enumerate() {
        let others = [&heads[..at], &heads[at + 1..]].concat();
        if let Some(period) = read_period(part).filter(|_| !others.is_empty()) {
            return Some((period, others.last().cloned().unwrap_or_default()));
        }
    }
    let name = heads.last()?;
    let is_gap = |c: char| c.is_whitespace() || "_:(),/".contains(c);
    let trim = |text: &str| text.trim_matches(|c: char| is_gap(c) || c == '-').to_owned();
    let mut cuts = name.match_indices(is_gap).map(|(at, _)| at);
    cuts.find_map(|at| {
        let (front, end) = (trim(&name[..at]), trim(&name[at..]));
        let named = |rest: &str| rest.contains(char::is_alphabetic);
        let ends = read_period(&end).filter(|_| named(&front)).map(|period| (period, front.clone()));
        ends.or_else(|| read_period(&front).filter(|_| named(&end)).map(|period| (period, end)))
    })
}

fn year_in(text: &str) -> Option<i32> {
    let mut words = text.split(|c: char| !c.is_ascii_digit()).filter(|word| word.len() == 4);
    words.find_map(|word| word.parse().ok().filter(|year| (1990..2060).contains(year)))
}

/// Finds the column or the two that say when; failing that, a period in the title or the file's name.
pub(super) fn when(free: &mut Free<'_>, texts: &[String]) -> When {
    let days = |c: &Column<'_>| c.mostly(|text| length(text) == Some(Granularity::Day));
    let has = |free: &Free<'_>, words: &[&str]| free.iter().any(|c| c.named(words) && days(c));
    if has(free, &STARTS)
        && has(free, &ENDS)
        && let (Some(start), Some(end)) =
            (take(free, |c| c.named(&STARTS) && days(c)), take(free, |c| c.named(&ENDS) && days(c)))
    {
        let last_days = end.mostly(|text| read_period(text).is_some_and(|p| p.start.day() > 27));
        return When::Pair(start.name, end.name, last_days);
    }
    let written = |c: &Column<'_>| c.mostly(is_period) && !c.filled().all(|text| text.parse::<i64>().is_ok());
    let column = take(free, |c| c.named(&PERIODS) && c.mostly(is_period)).or_else(|| take(free, written));
    if let Some(column) = column {
        let month_edge =
            |text: &str| read_period(text).is_some_and(|p| length(text) == Some(Granularity::Day) && edge(p));
        let months = column.filled().count() > 0 && column.filled().all(month_edge);
        return When::Column(column.name, months.then_some(Granularity::Month));
    }
    let told = texts.iter().find_map(|text| {
        let words: Vec<&str> =
            text.split([' ', '_', '(', ')', ',', ':']).filter(|word| !word.is_empty()).collect();
        let pair = words.windows(2).find_map(|pair| read_period(&pair.join(" ")));
        pair.or_else(|| words.iter().find_map(|word| read_period(word)))
    });
    When::Fixed(told)
}

fn length(text: &str) -> Option<Granularity> {
    let period = read_period(text)?;
    Granularity::ALL.into_iter().find(|length| Period::holding(period.start, *length) == period)
}

/// The first or the last day of a month.
fn edge(day: Period) -> bool {
    day.start.day() == 1 || day.end.day() == 1
}
