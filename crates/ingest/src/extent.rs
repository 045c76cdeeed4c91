//! What some usage is about, and which active rows are near it: those that a delivery must be checked against.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::Date32Type;
use arrow::error::ArrowError;
use chrono::NaiveDate;
use utbredt_lake::FileEntry;

use crate::IngestError;
use crate::columns::day_of;
use crate::facts::usage_rows;

/// How many days around are looked at where a number is compared with all those before it, or a file with the one before: a
/// year, and the month a year ago.
pub(crate) const A_YEAR: i32 = 400;

/// The longest period there is. Files state where the periods of their rows begin, not where they end.
const LONGEST: i32 = 400;

/// A solution and a measure of it.
type Measure = (String, String);

/// The days of a measure.
#[derive(Debug, Clone, Copy)]
struct Span {
    /// The first day.
    start: i32,
    /// The first day of the last period.
    last: i32,
    /// The first day after the last period.
    end: i32,
}

impl Span {
    fn with(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            last: self.last.max(other.last),
            end: self.end.max(other.end),
        }
    }
}

/// What measures and days some usage is about, each measure from its first to its last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Extent {
    spans: BTreeMap<Measure, Span>,
    /// How many days before and after are near, beside what overlaps and what adjoins.
    around: i32,
}

impl Extent {
    pub(crate) fn of(usage: &RecordBatch) -> Result<Self, IngestError> {
        let mut spans: BTreeMap<(&str, &str), Span> = BTreeMap::new();
        for row in usage_rows(usage)? {
            let own = Span { start: row.start, last: row.start, end: row.end };
            spans.entry((row.solution, row.measure)).and_modify(|span| *span = span.with(own)).or_insert(own);
        }
        let owned = |((solution, measure), span): ((&str, &str), Span)| {
            ((solution.to_owned(), measure.to_owned()), span)
        };
        Ok(Self { spans: spans.into_iter().map(owned).collect(), around: 0 })
    }

    /// The same, with more days around it near.
    pub(crate) fn around(self, days: i32) -> Self {
        Self { around: days, ..self }
    }

    /// Adds another.
    pub(crate) fn join(&mut self, other: Self) {
        for (measure, own) in other.spans {
            self.spans.entry(measure).and_modify(|span| *span = span.with(own)).or_insert(own);
        }
    }

    fn whole(&self) -> Option<Span> {
        self.spans.values().copied().reduce(Span::with)
    }

    /// The last day it is about.
    pub(crate) fn newest(&self) -> Option<NaiveDate> {
        self.whole().and_then(|span| day_of(span.end).pred_opt())
    }

    /// The days its first and its last period begin.
    pub(crate) fn days(&self) -> Option<(i32, i32)> {
        self.whole().map(|span| (span.start, span.last))
    }

    /// Whether other usage is near.
    pub(crate) fn touches(&self, other: &Self) -> bool {
        let around = self.around.max(other.around);
        self.spans.iter().any(|(measure, ours)| {
            other
                .spans
                .get(measure)
                .is_some_and(|span| ours.start - around <= span.end && span.start <= ours.end + around)
        })
    }
}

/// What is near some deliveries.
#[derive(Debug, Default)]
pub(crate) struct Near {
    /// By measure the days that count, apart and in order: from the first day to the first after the last.
    days: BTreeMap<Measure, Vec<(i32, i32)>>,
}

impl Near {
    pub(crate) fn of(extents: &[Extent]) -> Self {
        let mut days: BTreeMap<Measure, Vec<(i32, i32)>> = BTreeMap::new();
        for extent in extents {
            for (measure, span) in &extent.spans {
                let own = (span.start - extent.around, span.end + extent.around);
                days.entry(measure.clone()).or_default().push(own);
            }
        }
        for spans in days.values_mut() {
            spans.sort_unstable();
            let mut disjoint: Vec<(i32, i32)> = Vec::with_capacity(spans.len());
            for own in spans.drain(..) {
                match disjoint.last_mut() {
                    Some(before) if own.0 <= before.1 => before.1 = before.1.max(own.1),
                    _ => disjoint.push(own),
                }
            }
            *spans = disjoint;
        }
        Self { days }
    }

    /// Which rows of `usage` are near: of a measure that is delivered, in a period that overlaps or adjoins.
    pub(crate) fn rows(&self, usage: &RecordBatch) -> Result<BooleanArray, ArrowError> {
        let absent = |name: &str| ArrowError::SchemaError(format!("column `{name}` is absent"));
        let column = |name: &'static str| usage.column_by_name(name).ok_or_else(|| absent(name));
        let (solutions, measures) =
            (column("solution_id")?.as_string::<i32>(), column("measure_id")?.as_string::<i32>());
        let starts = column("period_start")?.as_primitive::<Date32Type>();
        let ends = column("period_end")?.as_primitive::<Date32Type>();
        let mut near = Vec::with_capacity(usage.num_rows());
        // Rows of one measure follow each other: it is looked up at a change only.
        let (mut measure, mut days) = (None, None);
        for row in 0..usage.num_rows() {
            let own = (solutions.value(row), measures.value(row));
            if measure.replace(own) != Some(own) {
                days = self.days.get(&(own.0.to_owned(), own.1.to_owned()));
            }
            let (start, end) = (starts.value(row), ends.value(row));
            near.push(days.is_some_and(|days| overlaps(days, start, end)));
        }
        Ok(near.into())
    }

    /// Whether a file may have such rows, by its keys.
    pub(crate) fn touches_file(&self, file: &FileEntry) -> bool {
        self.days.iter().any(|((solution, measure), days)| {
            file.may_hold("solution_id", solution, solution)
                && file.may_hold("measure_id", measure, measure)
                && days.iter().any(|(from, to)| {
                    // Keys are texts; days written year first compare as texts.
                    let (from, to) = (day_of(from - LONGEST).to_string(), day_of(*to).to_string());
                    file.may_hold("period_start", &from, &to)
                })
        })
    }
}

/// Whether a period overlaps or adjoins one of some spans, which are apart and in order.
fn overlaps(days: &[(i32, i32)], start: i32, end: i32) -> bool {
    let after = days.partition_point(|(_, to)| *to < start);
    days.get(after).is_some_and(|(from, _)| *from <= end)
}

/// Which rows came in one of these receipts.
pub(crate) fn with_receipt(
    batch: &RecordBatch,
    receipts: &BTreeSet<String>,
) -> Result<BooleanArray, ArrowError> {
    let column = batch.column_by_name("receipt_id").and_then(|column| column.as_string_opt::<i32>());
    let column = column.ok_or_else(|| ArrowError::SchemaError("column `receipt_id` is absent".to_owned()))?;
    Ok(column.iter().map(|receipt| Some(receipt.is_some_and(|own| receipts.contains(own)))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_near_when_it_overlaps_or_adjoins() {
        let extent = |from, to, around| Extent {
            spans: [(("s".to_owned(), "m".to_owned()), Span { start: from, last: from, end: to })].into(),
            around,
        };
        let near = Near::of(&[extent(60, 90, 0), extent(100, 130, 0), extent(85, 95, 0)]);
        let days = near.days.values().next().unwrap();
        assert_eq!(days, &[(60, 95), (100, 130)]);
        for (start, end, expected) in [
            (30, 60, true),
            (30, 59, false),
            (95, 96, true),
            (96, 99, false),
            (96, 100, true),
            (0, 365, true),
            (130, 160, true),
            (131, 160, false),
        ] {
            assert_eq!(overlaps(days, start, end), expected, "{start} to {end}");
        }
        assert!(!extent(0, 30, 0).touches(&extent(31, 60, 0)));
        assert!(extent(0, 30, 0).touches(&extent(31, 60, 1)));
        assert!(extent(0, 30, 0).touches(&extent(30, 60, 0)));
    }
}
