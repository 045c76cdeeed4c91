//! What holds a delivery back although every row of it could be believed alone. A check that fails keeps the
//! last good delivery active until somebody has looked.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use utbredt_model::{Period, ReasonCode};

use crate::columns::day_of;
use crate::conform::Conformed;
use crate::facts::{UsageRow, usage_rows};
use crate::format::Format;
use crate::history::ActiveFacts;
use crate::reference_data::ReferenceData;
use crate::{Delivery, IngestError};

/// The greatest share of rows that may be rejected.
const MAX_REJECTED_SHARE: f64 = 0.2;

/// A total that grows or shrinks more than this from one period to the next is held.
const MAX_CHANGE: i64 = 10;

/// Totals below this may jump: that is how a rollout begins.
const SMALL_TOTAL: i64 = 1000;

/// The shortest period whose total is compared with the one before: days and weeks differ by nature.
const SHORTEST_COMPARED: i32 = 28;

/// At most this many examples of a breach are listed.
const MAX_EXAMPLES: usize = 3;

/// Every reason to hold a delivery: what the parser found, and what the checks find.
pub(crate) fn breaches(
    format: &dyn Format,
    delivery: &Delivery,
    conformed: &Conformed,
    reference: &ReferenceData,
    near: &[&ActiveFacts],
) -> Result<Vec<String>, IngestError> {
    let mut found = conformed.breaches.clone();
    found.extend(too_many_rejected(conformed));
    let usage = usage_rows(&conformed.usage)?;
    if usage.is_empty() {
        return Ok(found);
    }
    found.extend(exceeds_population(&usage, reference)?);
    let (mut own, mut all) = (Vec::new(), Vec::new());
    for active in near {
        let rows = usage_rows(&active.usage)?;
        if active.source_id == delivery.source_id.as_str() {
            own.extend(rows.iter().cloned());
        }
        all.extend(rows);
    }
    found.extend(volume_jump(&usage, &own));
    if format.is_cumulative() {
        found.extend(monotonicity(&usage, &own));
    }
    found.extend(duplicate_facts(&usage, &all));
    Ok(found)
}

/// Rows rejected, in part or whole. Totals are left out by agreement, and a row repeated word by word is no loss.
pub(crate) fn rejected_rows(conformed: &Conformed) -> usize {
    let rejected = conformed.rejections.iter().filter(|rejection| !is_harmless(rejection.code));
    rejected.map(|rejection| rejection.row).collect::<BTreeSet<u64>>().len()
}

fn is_harmless(code: ReasonCode) -> bool {
    matches!(code, ReasonCode::Excluded | ReasonCode::Duplicate)
}

fn too_many_rejected(conformed: &Conformed) -> Option<String> {
    let rejected = rejected_rows(conformed);
    #[expect(clippy::cast_precision_loss, reason = "a share needs no more digits")]
    let share = rejected as f64 / conformed.rows_in.max(1) as f64;
    let all = conformed.rows_in;
    let percent = MAX_REJECTED_SHARE * 100.0;
    (share > MAX_REJECTED_SHARE)
        .then(|| format!("{rejected} of {all} rows were rejected, more than {percent:.0} %"))
}

/// More active users than the target group has persons, by its newest count before the period.
fn exceeds_population(
    usage: &[UsageRow<'_>],
    reference: &ReferenceData,
) -> Result<Option<String>, IngestError> {
    let mut counted: Vec<(&UsageRow<'_>, i64)> = Vec::new();
    for row in usage.iter().filter(|row| row.measure == "users_active") {
        counted.extend(row.value.map(|value| (row, value)));
    }
    if counted.is_empty() {
        return Ok(None);
    }
    let groups = reference.target_groups()?;
    let mut known: HashMap<(&str, &str, i32), BTreeMap<i32, f64>> = HashMap::new();
    counted.sort_by_key(|(row, _)| (row.solution, row.code, row.start));
    let mut found = Examples::default();
    for (row, value) in counted {
        let by_day = known
            .entry((row.solution, row.code, row.division))
            .or_insert_with(|| groups.persons(row.solution, row.code, row.division));
        let Some((day, persons)) = by_day.range(..=row.start).next_back() else { continue };
        #[expect(clippy::cast_precision_loss, reason = "counts of persons fit")]
        let exceeds = value as f64 > *persons;
        if exceeds {
            let (code, on) = (row.code, day_of(*day));
            found.add(|| format!("{value} in {code}, whose target group counted {persons:.0} on {on}"));
        }
    }
    Ok(found.breach("more active users than there are persons"))
}

/// By solution, measure and period, the sum of all municipalities.
fn totals<'r>(rows: &'r [UsageRow<'r>]) -> BTreeMap<(&'r str, &'r str, i32, i32), i64> {
    let mut totals = BTreeMap::new();
    for row in rows.iter().filter(|row| row.end - row.start >= SHORTEST_COMPARED) {
        let total: &mut i64 = totals.entry((row.solution, row.measure, row.start, row.end)).or_default();
        *total = total.saturating_add(row.value.unwrap_or_default());
    }
    totals
}

/// Totals ten times those of the period before, or a tenth.
fn volume_jump(usage: &[UsageRow<'_>], own: &[UsageRow<'_>]) -> Option<String> {
    let mut by_end: HashMap<(&str, &str, i32), Vec<i64>> = HashMap::new();
    for ((solution, measure, _, end), total) in totals(own) {
        by_end.entry((solution, measure, end)).or_default().push(total);
    }
    let mut found = Examples::default();
    for ((solution, measure, start, _), now) in totals(usage) {
        for before in by_end.get(&(solution, measure, start)).into_iter().flatten().copied() {
            let grown = now > before.saturating_mul(MAX_CHANGE) && now >= SMALL_TOTAL;
            let shrunk = before > now.saturating_mul(MAX_CHANGE) && before >= SMALL_TOTAL;
            if before > 0 && (grown || shrunk) {
                found.add(|| format!("{measure} of {solution} goes from {before} to {now}"));
            }
        }
    }
    found.breach("a total changed more than tenfold from the period before")
}

/// A series of one municipality: solution, measure and code.
type Series<'r> = (&'r str, &'r str, &'r str);

/// Numbers agreed never to fall that are lower than an earlier one, or higher than a later one.
fn monotonicity(usage: &[UsageRow<'_>], own: &[UsageRow<'_>]) -> Option<String> {
    let mut others: HashMap<Series<'_>, Vec<(i32, i64)>> = HashMap::new();
    for row in own {
        let known = others.entry((row.solution, row.measure, row.code)).or_default();
        known.extend(row.value.map(|value| (row.start, value)));
    }
    let mut fallen = Vec::new();
    for row in usage {
        let Some(value) = row.value else { continue };
        let key = (row.solution, row.measure, row.code);
        for (start, other) in others.get(&key).into_iter().flatten() {
            if (*start < row.start && *other > value) || (*start > row.start && *other < value) {
                fallen.push((key, *start, value, *other));
            }
        }
    }
    fallen.sort_unstable();
    let mut found = Examples::default();
    for ((_, _, code), start, value, other) in fallen {
        found.add(|| format!("{code} has {value} where the period from {} has {other}", day_of(start)));
    }
    found.breach("numbers agreed never to fall do")
}

/// What makes two rows tell of the same: one municipality may own several organisations that each tell their part.
type CellKey<'r> = (&'r str, &'r str, &'r str, i32, i32, i32, Option<&'r str>);

fn cell_key<'r>(row: &UsageRow<'r>) -> CellKey<'r> {
    (row.solution, row.measure, row.code, row.start, row.end, row.division, row.organisation)
}

/// Cells that another active delivery has already: active together they would be counted twice.
fn duplicate_facts(usage: &[UsageRow<'_>], all: &[UsageRow<'_>]) -> Option<String> {
    let mut receipts: HashMap<CellKey<'_>, Vec<&str>> = HashMap::new();
    for row in all {
        receipts.entry(cell_key(row)).or_default().push(row.receipt);
    }
    let mut rows: Vec<&UsageRow<'_>> = usage.iter().collect();
    rows.sort_by_key(|row| cell_key(row));
    let mut found = Examples::default();
    for row in rows {
        for receipt in receipts.get(&cell_key(row)).into_iter().flatten() {
            found.add(|| {
                let period = Period { start: day_of(row.start), end: day_of(row.end) };
                format!("{} of {} in {period} by receipt {receipt}", row.measure, row.code)
            });
        }
    }
    found.breach("another delivery in force tells the same cells")
}

/// The first examples of a breach, and how many there are.
#[derive(Default)]
struct Examples {
    first: Vec<String>,
    count: usize,
}

impl Examples {
    fn add(&mut self, text: impl FnOnce() -> String) {
        if self.count < MAX_EXAMPLES {
            self.first.push(text());
        }
        self.count += 1;
    }

    /// The breach in words, if there is any.
    fn breach(&self, what: &str) -> Option<String> {
        let more = match self.count.saturating_sub(MAX_EXAMPLES) {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        (self.count > 0).then(|| format!("{what}: {}{more}", self.first.join("; ")))
    }
}
