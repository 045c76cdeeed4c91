//! Compares an answer of the engine with the oracle's, by the names of the columns.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Date32Array, Float64Array, RecordBatch, StringArray};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::DataType;
use chrono::Days;
use utbredt_engine::Answer;

use crate::oracle::{OracleRow, word_number};
use crate::world::Day;

const KEYS: [&str; 4] = ["municipality_code", "county_code", "network_id", "group_code"];
const MARKS: [(&str, i64); 11] = [
    ("provisional", 1),
    ("imputed", 2),
    ("perturbed", 4),
    ("synthetic", 8),
    ("partial", 16),
    ("stale_denominator", 32),
    ("split_by_share", 64),
    ("split_by_days", 128),
    ("without_baseline", 256),
    ("above_whole", 512),
    ("filtered", 1024),
];

/// An answer's batches as one, with columns found by name.
struct Columns<'a> {
    batch: RecordBatch,
    faults: &'a mut Vec<String>,
}

impl Columns<'_> {
    fn named(&mut self, name: &str, kind: &DataType) -> Option<ArrayRef> {
        let Some(column) = self.batch.column_by_name(name) else {
            self.faults.push(format!("no column {name}"));
            return None;
        };
        match cast(column, kind) {
            Ok(column) => Some(column),
            Err(why) => {
                self.faults.push(format!("column {name}: {why}"));
                None
            }
        }
    }

    fn numbers(&mut self, name: &str) -> Vec<Option<f64>> {
        let rows = self.batch.num_rows();
        // Days are compared by their numbers, and so are words.
        let kind = self.batch.column_by_name(name).map(|column| column.data_type().clone());
        if kind == Some(DataType::Utf8) {
            return self.texts(name).iter().map(|text| text.as_deref().map(word_number)).collect();
        }
        if kind == Some(DataType::Date32) {
            let number =
                |day: Day| f64::from(i32::try_from((day - Day::default()).num_days()).expect("near"));
            return self.days(name).into_iter().map(|day| day.map(number)).collect();
        }
        let Some(column) = self.named(name, &DataType::Float64) else { return vec![None; rows] };
        let column = column.as_any().downcast_ref::<Float64Array>().expect("cast to it");
        column.iter().collect()
    }

    fn texts(&mut self, name: &str) -> Vec<Option<String>> {
        let rows = self.batch.num_rows();
        let Some(column) = self.named(name, &DataType::Utf8) else { return vec![None; rows] };
        let column = column.as_any().downcast_ref::<StringArray>().expect("cast to it");
        column.iter().map(|text| text.map(str::to_owned)).collect()
    }

    fn days(&mut self, name: &str) -> Vec<Option<Day>> {
        let rows = self.batch.num_rows();
        let Some(column) = self.named(name, &DataType::Date32) else { return vec![None; rows] };
        let column = column.as_any().downcast_ref::<Date32Array>().expect("cast to it");
        let day = |days: i32| Day::default() + Days::new(u64::try_from(days).expect("after 1970"));
        column.iter().map(|days| days.map(day)).collect()
    }
}

fn equal(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (None, None) => true,
        // Whole numbers must be equal; one division may round one step differently.
        (Some(a), Some(b)) if a.fract() == 0.0 && b.fract() == 0.0 => a.to_bits() == b.to_bits() || a == b,
        // What is left of a subtraction may be next to nothing where the other way of adding leaves nothing.
        (Some(a), Some(b)) => (a - b).abs() <= (1e-9 * a.abs().max(b.abs())).max(1e-11),
        _ => false,
    }
}

/// A number over another, made by one division (and one product where it is told per 1000): rounded once, and so the same
/// but for the last bit.
fn rounded_once(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= 2.0 * f64::EPSILON * a.abs().max(b.abs()),
        (a, b) => a.is_none() && b.is_none(),
    }
}

/// Whether a row's value is its numerator over its denominator, or a thousand times that.
fn is_ratio(row: &OracleRow) -> bool {
    let (Some(value), Some(over), Some(under)) = (row.value, row.numerator, row.denominator) else {
        return false;
    };
    [1.0, 1000.0].iter().any(|scale| (value * under - scale * over).abs() <= 1e-9 * (scale * over).abs())
}

fn bits(marks: Option<&str>) -> Option<i64> {
    let mut sum = 0;
    for word in marks?.split(' ').filter(|word| !word.is_empty()) {
        sum |= MARKS.iter().find(|(name, _)| *name == word)?.1;
    }
    Some(sum)
}

/// Where an answer differs from what it must be; empty when it does not.
#[must_use]
pub fn differences(expected: &[OracleRow], answer: &Answer) -> Vec<String> {
    let mut faults = Vec::new();
    let batch = match concat_batches(&Arc::clone(&answer.schema), &answer.batches) {
        Ok(batch) => batch,
        Err(why) => return vec![format!("the batches do not fit the schema: {why}")],
    };
    let got = rows(batch, expected, &mut faults);
    let name = |row: &OracleRow| format!("{} {}", row.period_start, row.key.as_deref().unwrap_or("(all)"));
    let (expected_names, got_names): (Vec<_>, Vec<_>) =
        (expected.iter().map(name).collect(), got.iter().map(name).collect());
    if expected_names != got_names {
        let lost = expected_names.iter().filter(|n| !got_names.contains(n)).cloned().collect::<Vec<_>>();
        let extra = got_names.iter().filter(|n| !expected_names.contains(n)).cloned().collect::<Vec<_>>();
        faults.push(format!(
            "{} rows where {} should be; lacking [{}]; too many [{}]; else their order",
            got.len(),
            expected.len(),
            lost.join(", "),
            extra.join(", ")
        ));
        return faults;
    }
    for (expected, got) in expected.iter().zip(&got) {
        let stated = row_differences(expected, got);
        if !stated.is_empty() {
            faults.push(format!("{}: {}", name(expected), stated.join("; ")));
        }
    }
    faults
}

fn row_differences(expected: &OracleRow, got: &OracleRow) -> Vec<String> {
    let mut stated = Vec::new();
    if expected.state != got.state {
        stated.push(format!("state {} should be {}", got.state, expected.state));
    }
    let mut number = |name: &str,
                      (expected, got): (Option<f64>, Option<f64>),
                      same: fn(Option<f64>, Option<f64>) -> bool| {
        if !same(expected, got) {
            stated.push(format!("{name} {got:?} should be {expected:?}"));
        }
    };
    number("value", (expected.value, got.value), if is_ratio(expected) { rounded_once } else { equal });
    number("numerator", (expected.numerator, got.numerator), equal);
    number("denominator", (expected.denominator, got.denominator), equal);
    number("coverage", (expected.coverage, got.coverage), rounded_once);
    let of_expected = (expected.coverage_of_expected, got.coverage_of_expected);
    number("coverage_of_expected", of_expected, rounded_once);
    for (extra, value) in &expected.extras {
        number(extra, (*value, got.extras.get(extra).copied().flatten()), equal);
    }
    for (name, expected, got) in [
        ("marks", expected.marks_shown(), got.marks),
        ("municipalities_reported", expected.reported, got.reported),
        ("municipalities_expected", expected.expected, got.expected),
    ] {
        if expected != got {
            stated.push(format!("{name} {got} should be {expected}"));
        }
    }
    stated
}

/// The answer as the oracle writes rows.
#[expect(clippy::cast_possible_truncation, reason = "counts of municipalities")]
fn rows(batch: RecordBatch, expected: &[OracleRow], faults: &mut Vec<String>) -> Vec<OracleRow> {
    let count = batch.num_rows();
    let key = KEYS.iter().find(|name| batch.column_by_name(name).is_some());
    let mut columns = Columns { batch, faults };
    let starts = columns.days("period_start");
    let keys = key.map_or(vec![None; count], |name| columns.texts(name));
    let (states, reasons, marks) = (columns.texts("state"), columns.texts("reason"), columns.texts("marks"));
    let mut number = |name: &str| columns.numbers(name);
    let (values, numerators, denominators) = (number("value"), number("numerator"), number("denominator"));
    let (coverages, reported) = (number("coverage"), number("municipalities_reported"));
    let (of_expected, should) = (number("coverage_of_expected"), number("municipalities_expected"));
    let mut extras = Vec::new();
    for name in expected.first().map(|row| row.extras.keys().cloned().collect::<Vec<_>>()).unwrap_or_default()
    {
        let numbers = number(&name);
        extras.push((name, numbers));
    }
    let whole = |number: Option<f64>| number.map_or(-1, |number| number as i64);
    (0..count)
        .map(|i| OracleRow {
            period_start: starts[i].unwrap_or_default(),
            key: keys[i].clone(),
            value: values[i],
            numerator: numerators[i],
            denominator: denominators[i],
            state: match (states[i].as_deref().unwrap_or_default(), &reasons[i]) {
                // A reason beside a state that needs none, or none beside one that does, differs from every state.
                (state @ ("missing" | "not_applicable"), None) => format!("{state} without a reason"),
                (state @ ("ok" | "not_valid" | "suppressed"), Some(reason)) => {
                    format!("{state} because of {reason}")
                }
                (state, _) => state.to_owned(),
            },
            coverage: coverages[i],
            coverage_of_expected: of_expected[i],
            marks: bits(marks[i].as_deref()).unwrap_or(-1),
            reported: whole(reported[i]),
            expected: whole(should[i]),
            extras: extras.iter().map(|(name, numbers)| (name.clone(), numbers[i])).collect(),
        })
        .collect()
}
