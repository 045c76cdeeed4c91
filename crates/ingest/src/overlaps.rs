//! Statements that overlap in time and territory: months and their year, a municipality by its code and by its
//! organisation, an old code beside the new one. Added, each of them would count the same use twice.

use std::collections::{BTreeMap, BTreeSet};

use utbredt_model::Period;

use crate::IngestError;
use crate::columns::day_of;
use crate::facts::{UsageRow, usage_rows};
use crate::history::ActiveFacts;
use crate::quality_checks::Examples;
use crate::reference_data::ReferenceData;

/// A number of the delivery, or one of the active ones beside it.
struct Statement<'b> {
    row: &'b UsageRow<'b>,
    /// Whose receipt it is, unless it is of the delivery itself.
    receipt: Option<&'b str>,
}

impl Statement<'_> {
    fn of_receipt(&self) -> String {
        self.receipt.map_or(String::new(), |receipt| format!(" by receipt {receipt}"))
    }
}

/// Numbers of a delivery that overlap each other, and numbers that overlap those of other active deliveries. The very same
/// cell of another delivery is another check's.
pub(crate) fn overlaps(
    usage: &[UsageRow<'_>],
    near: &[ActiveFacts],
    reference: &ReferenceData,
) -> Result<[Option<String>; 2], IngestError> {
    let mut others = Vec::with_capacity(near.len());
    for active in near {
        others.push((active.receipt_id(), usage_rows(&active.usage)?));
    }
    // By solution and measure, and by part of the country that no change of borders ever cut.
    let mut spans: BTreeMap<(&str, &str), (i32, i32)> = BTreeMap::new();
    for row in usage.iter().filter(|row| row.value.is_some()) {
        let span = spans.entry((row.solution, row.measure)).or_insert((row.start, row.end));
        *span = (span.0.min(row.start), span.1.max(row.end));
    }
    let mut statements: Vec<Statement<'_>> =
        usage.iter().map(|row| Statement { row, receipt: None }).collect();
    for (receipt, rows) in &others {
        statements.extend(rows.iter().map(|row| Statement { row, receipt: Some(receipt) }));
    }
    statements.retain(|one| {
        let span = spans.get(&(one.row.solution, one.row.measure));
        one.row.value.is_some()
            && span.is_some_and(|(start, end)| one.row.start < *end && *start < one.row.end)
    });
    let parts = reference.parts()?;
    let mut places: BTreeMap<(&str, &str, &str), Vec<usize>> = BTreeMap::new();
    for (at, Statement { row, .. }) in statements.iter().enumerate() {
        for part in parts.of(row.code, row.division) {
            places.entry((row.solution, row.measure, part)).or_default().push(at);
        }
    }
    let mut pairs = BTreeSet::new();
    for at in places.values_mut() {
        at.sort_unstable_by_key(|at| (statements[*at].row.start, *at));
        // Those that have begun and not ended; most often one for each organisation.
        let mut open: Vec<usize> = Vec::new();
        for now in at.iter().copied() {
            open.retain(|before| statements[*before].row.end > statements[now].row.start);
            for before in &open {
                if counts_twice(&statements[*before], &statements[now]) {
                    pairs.insert(((*before).min(now), (*before).max(now)));
                }
            }
            open.push(now);
        }
    }
    let (mut within, mut across) = (Examples::default(), Examples::default());
    for (first, second) in pairs {
        let (first, second) = (&statements[first], &statements[second]);
        let found = if second.receipt.is_some() { &mut across } else { &mut within };
        found.add(|| {
            let (one, other) = (named(first.row), named(second.row));
            format!("{} of {one}, and of {other}{}", first.row.measure, second.of_receipt())
        });
    }
    let within = within.breach("numbers of it overlap, and some use would be counted twice");
    let across =
        across.breach("numbers of another active delivery overlap it, and some use would be counted twice");
    Ok([
        within.map(|text| format!("{text}. Deliver one length of period, and each place under one code or number")),
        across.map(|text| {
            format!(
                "{text}. Deliver it under the source and subject of that one (`--subject`) to take its place, or leave \
                 out what overlaps"
            )
        }),
    ])
}

/// Whether two statements about one place in overlapping periods count the same use. Organisations of one municipality
/// each report their own part, and a code beside them reports all of it.
fn counts_twice(one: &Statement<'_>, other: &Statement<'_>) -> bool {
    let (a, b) = (one.row, other.row);
    if one.receipt.is_some() && other.receipt.is_some() {
        return false;
    }
    let same_period = (a.start, a.end) == (b.start, b.end);
    let same_place = (a.code, a.division) == (b.code, b.division);
    match (a.organisation, b.organisation) {
        (Some(a), Some(b)) if a != b => false,
        (a, b) if a == b && same_period && same_place => false,
        _ => true,
    }
}

fn named(row: &UsageRow<'_>) -> String {
    let owner = row.organisation.map_or(String::new(), |number| format!(" {number}"));
    format!("{}{owner} in {}", row.code, Period { start: day_of(row.start), end: day_of(row.end) })
}
