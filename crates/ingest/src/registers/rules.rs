//! What rows may not say: within one, and one beside another.

use std::collections::{BTreeMap, BTreeSet};

use utbredt_model::register::{Register, Rule};
use utbredt_model::{Reason, ReasonCode};

use super::Row;
use super::decide::Rows;

/// What is wrong with a row, in which column, and how to mend it.
pub(super) type Breach = (&'static str, Reason, String);

fn value<'r>(register: &Register, row: &'r Row, column: &str) -> Option<&'r str> {
    register.column(column).and_then(|at| row[at].as_deref())
}

/// How values of a column compare: as numbers where they are, else as texts, which days are ordered as.
fn is_less(first: &str, second: &str, or_equal: bool) -> bool {
    match (first.parse::<f64>(), second.parse::<f64>()) {
        (Ok(first), Ok(second)) => first < second || or_equal && first <= second,
        // Days are written so that their order is that of their texts.
        _ => first < second || or_equal && first == second,
    }
}

/// What is wrong within a row.
pub(super) fn of_row(register: &Register, row: &Row) -> Option<Breach> {
    register.rules.iter().find_map(|rule| match *rule {
        Rule::Ascending(columns) => ascending(register, row, columns),
        Rule::Before(first, second) => {
            let (from, to) = (value(register, row, first)?, value(register, row, second)?);
            (!is_less(from, to, false)).then(|| {
                let text = format!("`{second}` is {to}, which is not after `{first}`, {from}");
                let fix = format!("`{second}` is the first that no longer counts: it comes after `{first}`");
                (second, Reason::new(ReasonCode::WrongOrder, text), fix)
            })
        }
        Rule::Implies((first, word), (second, words)) => {
            let is_meant = value(register, row, first) == Some(word);
            let own = value(register, row, second).unwrap_or_default();
            (is_meant && !words.contains(&own)).then(|| {
                let text = format!("`{second}` is `{own}` where `{first}` is `{word}`");
                (
                    second,
                    Reason::new(ReasonCode::Contradiction, text),
                    format!("write {}", words.join(" or ")),
                )
            })
        }
        _ => None,
    })
}

fn ascending(register: &Register, row: &Row, columns: &'static [&'static str]) -> Option<Breach> {
    let given = columns.iter().filter_map(|column| Some((*column, value(register, row, column)?)));
    let given: Vec<(&'static str, &str)> = given.collect();
    given.windows(2).find_map(|pair| {
        let [(first, low), (second, high)] = pair else { return None };
        (!is_less(low, high, true)).then(|| {
            let text = format!("`{first}` is {low}, which is more than `{second}`, {high}");
            let fix = format!("write {} in ascending order", columns.join(", "));
            (*second, Reason::new(ReasonCode::WrongOrder, text), fix)
        })
    })
}

/// Of the rows that a file changes, those that may not be beside others, with what is wrong. `changed` are their keys in the
/// order of the file: of two rows of it the later one is refused.
pub(super) fn beside(register: &Register, rows: &Rows, changed: &[&str]) -> BTreeMap<String, Breach> {
    let mut found = BTreeMap::new();
    for rule in register.rules {
        match *rule {
            Rule::Disjoint { alike, ranges } => {
                disjoint(register, (alike, ranges), rows, changed, &mut found)
            }
            Rule::OneFlag { alike, flag } => one_flag(register, (alike, flag), rows, changed, &mut found),
            Rule::Acyclic(column) => acyclic(register, column, rows, changed, &mut found),
            _ => {}
        }
    }
    found
}

fn are_alike(register: &Register, alike: &[&str], first: &Row, second: &Row) -> bool {
    alike.iter().all(|column| value(register, first, column) == value(register, second, column))
}

/// The other rows that a changed row is compared with: those not of the file, and those of it that come before. One of those that is
/// refused itself is in nobody's way.
fn others<'r>(
    rows: &'r Rows,
    changed: &'r [&'r str],
    place: usize,
) -> impl Iterator<Item = (&'r String, &'r Row)> {
    let later: BTreeSet<&str> = changed[place..].iter().copied().collect();
    rows.iter().filter(move |(key, _)| !later.contains(key.as_str()))
}

fn disjoint(
    register: &Register,
    (alike, ranges): (&[&'static str], &[(&'static str, &'static str)]),
    rows: &Rows,
    changed: &[&str],
    found: &mut BTreeMap<String, Breach>,
) {
    for (place, key) in changed.iter().enumerate() {
        let Some(row) = rows.get(*key) else { continue };
        let mut accepted = others(rows, changed, place).filter(|(other, _)| !found.contains_key(*other));
        let Some((_, other)) = accepted.find(|(_, other)| do_collide(register, (alike, ranges), row, other))
        else {
            continue;
        };
        let text = format!(
            "it holds {}, and another row that is alike holds {}",
            span(register, ranges, row),
            span(register, ranges, other)
        );
        let fix = format!(
            "end the other row first, or begin this one later: rows alike in {} hold one at a time",
            alike.join(", ")
        );
        let column = ranges.last().map_or("", |(from, _)| *from);
        found.entry((*key).to_owned()).or_insert((column, Reason::new(ReasonCode::Overlap, text), fix));
    }
}

/// Whether two rows are alike and meet in all ranges.
fn do_collide(
    register: &Register,
    (alike, ranges): (&[&str], &[(&'static str, &'static str)]),
    row: &Row,
    other: &Row,
) -> bool {
    are_alike(register, alike, row, other) && ranges.iter().all(|range| do_meet(register, *range, row, other))
}

/// The ranges of a row, as a person reads them.
fn span(register: &Register, ranges: &[(&'static str, &'static str)], row: &Row) -> String {
    let ends = ranges.iter().map(|(from, to)| {
        format!("{}–{}", value(register, row, from).unwrap_or("…"), value(register, row, to).unwrap_or("…"))
    });
    ends.collect::<Vec<_>>().join(", ")
}

/// Whether two half-open ranges meet; an empty end is open.
fn do_meet(register: &Register, (from, to): (&str, &str), first: &Row, second: &Row) -> bool {
    let begins_before =
        |one: &Row, other: &Row| match (value(register, one, from), value(register, other, to)) {
            // Half-open: what ends on a day does not meet what begins on it.
            (Some(from), Some(to)) => is_less(from, to, false),
            _ => true,
        };
    begins_before(first, second) && begins_before(second, first)
}

fn is_set(register: &Register, row: &Row, flag: &str) -> bool {
    value(register, row, flag) == Some("true")
}

fn one_flag(
    register: &Register,
    (alike, flag): (&[&'static str], &'static str),
    rows: &Rows,
    changed: &[&str],
    found: &mut BTreeMap<String, Breach>,
) {
    for (place, key) in changed.iter().enumerate() {
        let Some(row) = rows.get(*key).filter(|row| is_set(register, row, flag)) else { continue };
        let other = others(rows, changed, place)
            .filter(|(other, _)| !found.contains_key(*other))
            .find(|(_, other)| is_set(register, other, flag) && are_alike(register, alike, row, other));
        if let Some((other, _)) = other {
            let text = format!("`{flag}` is set in `{other}` too, and one alone may have it");
            let fix = format!("write `nei` as `{flag}` of one of the two");
            found.entry((*key).to_owned()).or_insert((
                flag,
                Reason::new(ReasonCode::Contradiction, text),
                fix,
            ));
        }
    }
}

fn acyclic(
    register: &Register,
    column: &'static str,
    rows: &Rows,
    changed: &[&str],
    found: &mut BTreeMap<String, Breach>,
) {
    for key in changed {
        let mut open: Vec<&str> = vec![key];
        let mut seen = BTreeSet::new();
        while let Some(at) = open.pop() {
            // A row that is not there depends on nothing.
            let named = rows.get(at).and_then(|row| value(register, row, column)).unwrap_or_default();
            for next in named.split(' ').filter(|next| !next.is_empty()) {
                if next == *key {
                    let text = format!("`{key}` depends on itself, by way of `{at}`");
                    let fix = format!("take `{key}` out of `{column}` of `{at}`");
                    found.entry((*key).to_owned()).or_insert((
                        column,
                        Reason::new(ReasonCode::Cycle, text),
                        fix,
                    ));
                } else if seen.insert(next) {
                    open.push(next);
                }
            }
        }
    }
}
