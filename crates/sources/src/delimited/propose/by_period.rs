//! The columns of a table that are named by a period, and the measures in the rest of their names. A column whose name says that it
//! is about a part of the period read is none of them.

use std::collections::BTreeSet;

use utbredt_model::{Granularity, Period};

use super::super::by_period::is_no_month;
use super::super::days::{Days, days};
use super::super::time_words::{names_period, narrows};
use super::meaning::{Other, other};
use super::measures::{NameRules, counts_from_a_beginning, fits, likeliest, the_measure};
use super::periods::{are_periods, is_day};
use super::sheet::{is_month, read_period};
use super::sketch::{Choice, Column, Free, Sketch};
use super::stamps::is_stamp;
use super::{About, Known, TO_CHOOSE, names, titles};

/// The columns of a wide table that are named by a period, each with the rest of its name.
#[derive(Debug)]
pub(super) struct ByPeriod<'s> {
    pub(super) columns: Vec<(Column<'s>, Period, String)>,
    /// The names of columns that seem to be named by a period of a form that is not read.
    pub(super) unread: Vec<String>,
    year: Option<i32>,
}

impl<'s> ByPeriod<'s> {
    /// Takes them out of those that are free, if they are two or more, or one where nothing else has a period.
    pub(super) fn take(free: &mut Free<'s>, texts: &[String], counts: impl Fn(&Column<'s>) -> bool) -> Self {
        // `jan`, `feb` …: the year is in the title, or has to be filled in.
        let months = free.iter().filter(|c| c.heads.len() == 1 && is_month(&c.name) && counts(c)).count();
        let year = (months > 1).then(|| titles::year(texts).unwrap_or(1900));
        let (of_unread, others): (Vec<_>, Vec<_>) =
            free.drain(..).partition(|column| counts(column) && is_unread(&column.heads, year));
        *free = others;
        let unread = of_unread.into_iter().map(|column| column.heads.join(" ")).collect();
        let found = free.iter().filter(|c| counts(c) && split(&c.heads, year).is_some()).count();
        let elsewhere = free.iter().any(|column| are_periods(column) && !is_stamp(&column.name));
        if found == 0 || (found == 1 && elsewhere) {
            return Self { columns: Vec::new(), unread, year: None };
        }
        let (mut columns, mut others) = (Vec::new(), Vec::new());
        for column in free.drain(..) {
            match split(&column.heads, year).filter(|_| counts(&column)) {
                Some(Split { period, rest, .. }) => columns.push((column, period, rest)),
                None => others.push(column),
            }
        }
        *free = others;
        Self { columns, unread, year: year.filter(|_| months > 1) }
    }

    /// The length most of the periods have. Days that are all a month's first or last mean their months.
    ///
    /// # Errors
    /// Why a person has to say it.
    fn length(&self) -> Result<Option<Granularity>, String> {
        if self.columns.iter().all(|(_, period, _)| is_day(period)) {
            let found = self.columns.iter().map(|(_, period, _)| period.start).collect();
            return match days(&found, None) {
                Days::Months => Ok(Some(Granularity::Month)),
                Days::Each => Ok(Some(Granularity::Day)),
                Days::Unclear(why) => Err(why),
            };
        }
        let lengths = Granularity::ALL.into_iter().rev();
        Ok(lengths.max_by_key(|length| self.count(*length)).filter(|length| self.count(*length) > 0))
    }

    /// How many of the periods have a length.
    fn count(&self, length: Granularity) -> usize {
        let periods = self.columns.iter().map(|(_, period, _)| period);
        periods.filter(|period| Period::holding(period.start, length) == **period).count()
    }

    /// Writes down what a contract has to declare of them.
    pub(super) fn describe(&self, sketch: &mut Sketch, about: &About, known: &Known) {
        let noted: Vec<&str> = self.unread.iter().filter(|name| has_note(name)).map(String::as_str).collect();
        sketch.wide.noted = noted.join("`, `");
        let unclear = self.length().err();
        self.describe_measures(sketch, about, known);
        if !sketch.wide.noted.is_empty() {
            leave_measures(sketch);
        }
        if unclear.is_some() {
            // Days are no length to guess, and without a measure nothing is read.
            sketch.wide.granularity = None;
            leave_measures(sketch);
            sketch.wide.unclear = unclear;
        }
    }

    fn describe_measures(&self, sketch: &mut Sketch, about: &About, known: &Known) {
        let length = self.length().ok().flatten();
        sketch.wide.granularity = length;
        sketch.wide.year = self.year;
        let fitting = self.columns.iter().filter(|(_, period, _)| {
            length.is_none_or(|l| Period::holding(period.start, l) == *period || is_day(period))
        });
        let mut rests: Vec<String> = fitting.map(|(.., rest)| rest.clone()).collect();
        rests.sort();
        rests.dedup();
        let all = rests.clone();
        let from_beginning = rests.iter().filter(|rest| counts_from_a_beginning(rest));
        let others = from_beginning.map(|rest| (rest.clone(), Other::FromBeginning)).collect();
        let rules = NameRules { about, known, length, others };
        let doubtful = rules.keep_counts(&mut rests);
        let others: Vec<String> = all.into_iter().filter(|rest| !rests.contains(rest)).collect();
        let nothing = rests.iter().all(String::is_empty);
        // Where a period has a header row of its own, a contract by periods reads its columns whatever is written below.
        let read_too = |(column, _, rest): &(Column<'_>, Period, String)| {
            column.heads.len() > 1 && others.contains(rest) && !rest.is_empty()
        };
        if nothing && self.columns.iter().any(read_too) {
            sketch.doubts = rules.doubts(&others);
            sketch.measure = Some(Choice::Fixed(TO_CHOOSE.to_owned()));
        }
        sketch.passed_over.extend(others.into_iter().map(|rest| (rest, BTreeSet::new())));
        if nothing || (sketch.measure.is_some() && !doubtful) {
            let common = rests.first().filter(|_| rests.len() == 1 && !nothing);
            sketch.wide.prefix = common.and_then(|rest| self.prefix(rest));
            let title = sketch.sheet.above.join(" ");
            sketch.measure.get_or_insert_with(|| Choice::Fixed(the_measure(&title, about, known)));
            return;
        }
        if rests.iter().any(String::is_empty) {
            // No contract reads columns with and without a name of a measure.
            let alone = self.columns.iter().filter(|(.., rest)| rest.is_empty());
            sketch.wide.alone = alone.map(|(column, ..)| column.heads.join(" ")).collect();
        }
        rests.retain(|rest| !rest.is_empty());
        if doubtful || !sketch.wide.alone.is_empty() {
            sketch.doubts = rules.doubts(&rests);
            sketch.measure = None;
            sketch.wide.measures.extend(rests.into_iter().map(|rest| (rest, TO_CHOOSE.to_owned())));
            return;
        }
        let mut fitting = fits(&rests, known);
        if let Some(requested) = &about.measure {
            fitting = [(requested.to_string(), likeliest(&rests, sketch, about, known))].into();
        } else {
            let unknown = rests.iter().filter(|rest| names::measure(rest, known).is_none());
            fitting.insert(TO_CHOOSE.to_owned(), unknown.cloned().collect());
        }
        sketch.wide.take(&fitting);
        let measures = &sketch.wide.measures;
        let others = rests.into_iter().filter(|rest| !measures.contains_key(rest));
        sketch.passed_over.extend(others.map(|rest| (rest, BTreeSet::new())));
    }

    /// The text before every period, blanks included.
    fn prefix(&self, rest: &str) -> Option<String> {
        let (column, ..) = self.columns.iter().find(|(.., own)| own == rest)?;
        let name = column.heads.iter().find(|part| part.starts_with(rest))?;
        let end =
            name.char_indices().skip_while(|(at, _)| *at < rest.len()).find(|(_, c)| c.is_alphanumeric())?.0;
        Some(name[..end].to_owned())
    }
}

/// Without a measure nothing is read.
fn leave_measures(sketch: &mut Sketch) {
    sketch.wide.measures.values_mut().for_each(|id| TO_CHOOSE.clone_into(id));
    if sketch.measure.is_some() {
        sketch.measure = Some(Choice::Fixed(TO_CHOOSE.to_owned()));
    }
}

/// A column's names taken apart.
struct Split {
    period: Period,
    /// The measure's name, if there is one.
    rest: String,
    /// All that stands beside the period.
    beside: String,
}

/// Whether a column is named by a period that is not read, or by more time than the period that is.
fn is_unread(heads: &[String], year: Option<i32>) -> bool {
    match split(heads, year) {
        Some(Split { period, beside, .. }) => {
            let months =
                heads.iter().flat_map(|head| head.split(is_gap)).filter(|part| is_no_month(part, &beside));
            narrows(&beside, period) || months.count() > 0
        }
        None => {
            let name = heads.join(" ");
            has_note(&name) || (names_period(&name) && other(&name, None).is_none())
        }
    }
}

/// Whether a name is a period with the sign of a note behind it: `2023*`, `juli 2024 1)`, `2023e`.
fn has_note(name: &str) -> bool {
    let bare = name.trim_end_matches(['*', '†', '#', '¹', '²', '³']).trim_end();
    let bare = bare
        .strip_suffix(')')
        .map_or(bare, |rest| rest.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end());
    let bare = bare
        .strip_suffix(['e', 'p', 'f'])
        .filter(|rest| rest.ends_with(|c: char| c.is_ascii_digit()))
        .unwrap_or(bare);
    bare != name && read_period(bare).is_some()
}

/// Takes a period out of a column's names: all of them, one, or the front or the end of one.
fn split(heads: &[String], year: Option<i32>) -> Option<Split> {
    let alone = |period| Split { period, rest: String::new(), beside: String::new() };
    let turned: Vec<String> = heads.iter().rev().cloned().collect();
    if let Some(period) = read_period(&heads.join(" ")).or_else(|| read_period(&turned.join(" "))) {
        return Some(alone(period));
    }
    if let (Some(year), [name]) = (year, heads)
        && let Some(period) = read_period(&format!("{name} {year}")).filter(|_| is_month(name))
    {
        return Some(alone(period));
    }
    for (at, part) in heads.iter().enumerate() {
        let others = [&heads[..at], &heads[at + 1..]].concat();
        if let Some(period) = read_period(part).filter(|_| !others.is_empty()) {
            let rest = others.last().cloned().unwrap_or_default();
            return Some(Split { period, rest, beside: others.join(" ") });
        }
    }
    let (name, above) = heads.split_last()?;
    let mut cuts = name.match_indices(is_gap).map(|(at, _)| name.split_at(at));
    cuts.find_map(|(front, end)| {
        let [front, end] = [front, end].map(|text| text.trim_matches(|c| is_gap(c) || c == '-'));
        let (period, rest) = period_and_name(end, front).or_else(|| period_and_name(front, end))?;
        let beside = format!("{} {rest}", above.join(" "));
        Some(Split { period, rest, beside })
    })
}

fn is_gap(c: char) -> bool {
    c.is_whitespace() || "_:(),/".contains(c)
}

/// The two halves of a column's name, when one is a period and the other a name.
fn period_and_name(period: &str, name: &str) -> Option<(Period, String)> {
    let period = read_period(period)?;
    name.contains(char::is_alphabetic).then(|| (period, name.to_owned()))
}
