//! What holds a delivery back although every row of it could be believed alone. A check that fails keeps the
//! last good delivery active until somebody has looked.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow::array::RecordBatch;
use polars::prelude::{ChunkCompareIneq, DataFrame, DataFrameJoinOps, SortMultipleOptions};
use utbredt_model::{Period, ReasonCode};

use crate::columns::day_of;
use crate::conform::Conformed;
use crate::facts::{UsageRow, usage_rows};
use crate::format::Format;
use crate::frames::{inner_join, usage_frame};
use crate::history::ActiveFacts;
use crate::overlaps::overlaps;
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

/// A reason to hold a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Breach {
    /// What is wrong, and how to fix it.
    pub(crate) text: String,
    /// Whether it is a matter of opinion, which a person may decide. What would be counted twice is not.
    pub(crate) releasable: bool,
}

impl Breach {
    /// One that a person may decide on.
    pub(crate) fn doubt(text: String) -> Self {
        Self { text, releasable: true }
    }

    /// One that only another delivery or contract mends.
    pub(crate) fn error(text: String) -> Self {
        Self { text, releasable: false }
    }
}

/// Every reason to hold a delivery but what it takes out of force: what the parser found, and what the checks find.
pub(crate) fn breaches(
    format: &dyn Format,
    delivery: &Delivery,
    conformed: &Conformed,
    reference: &ReferenceData,
    near: &[ActiveFacts],
) -> Result<Vec<Breach>, IngestError> {
    let mut found: Vec<String> = conformed.breaches.clone();
    found.extend(too_many_rejected(conformed));
    if conformed.usage.num_rows() == 0 {
        return Ok(found.into_iter().map(Breach::doubt).collect());
    }
    let rows = usage_rows(&conformed.usage)?;
    found.extend(exceeds_population(&rows, reference)?);
    let of_source = near.iter().filter(|active| active.source_id == delivery.source_id.as_str());
    let own: Vec<&RecordBatch> = of_source.map(|active| &active.usage).collect();
    let all: Vec<&RecordBatch> = near.iter().map(|active| &active.usage).collect();
    let usage = usage_frame(&[&conformed.usage])?;
    found.extend(volume_jump(&usage, &usage_frame(&own)?)?);
    if format.is_cumulative() {
        found.extend(monotonicity(&rows, &own)?);
    }
    let mut breaches: Vec<Breach> = found.into_iter().map(Breach::doubt).collect();
    if format.is_cumulative() {
        breaches.extend(counters_that_would_be_added(&rows, reference).map(Breach::error));
    }
    breaches.extend(duplicate_facts(&usage, &usage_frame(&all)?)?.map(Breach::error));
    breaches.extend(overlaps(&rows, near, reference)?.into_iter().flatten().map(Breach::error));
    Ok(breaches)
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
    let left_out = conformed.rejections.iter().filter(|rejection| rejection.code == ReasonCode::Excluded);
    let left_out = left_out.map(|rejection| rejection.row).collect::<BTreeSet<u64>>().len();
    // Of the rows meant as numbers: totals and notes are none.
    let all = usize::try_from(conformed.rows_in).unwrap_or(usize::MAX).saturating_sub(left_out);
    #[expect(clippy::cast_precision_loss, reason = "a share needs no more digits")]
    let share = rejected as f64 / all.max(1) as f64;
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

/// By solution, measure and period, the sum of all municipalities as `value_sum`.
#[expect(deprecated, reason = "Polars moved sums of groups to its lazy engine, which is left out")]
fn totals(usage: &DataFrame) -> Result<DataFrame, IngestError> {
    let days = usage.column("period_end")?.i32()? - usage.column("period_start")?.i32()?;
    let compared = usage.filter(&days.gt_eq(SHORTEST_COMPARED))?;
    let groups = compared.group_by(["solution_id", "measure_id", "period_start", "period_end"])?;
    Ok(groups.select(["value"]).sum()?)
}

/// Totals ten times those of the period before, or a tenth.
fn volume_jump(usage: &DataFrame, own: &DataFrame) -> Result<Option<String>, IngestError> {
    let (period, before) =
        (["solution_id", "measure_id", "period_start"], ["solution_id", "measure_id", "period_end"]);
    let pairs = totals(usage)?.join(&totals(own)?, period, before, inner_join(), None)?;
    // Tenfold totals fit: no count exceeds 2^40, and a total adds one for each municipality or organisation.
    let (now, before) = (pairs.column("value_sum")?.i64()?, pairs.column("value_sum_right")?.i64()?);
    let grown = now.gt(&(before * MAX_CHANGE)) & now.gt_eq(SMALL_TOTAL);
    let shrunk = before.gt(&(now * MAX_CHANGE)) & before.gt_eq(SMALL_TOTAL);
    let jumps = pairs.filter(&(before.gt(0) & (grown | shrunk)))?;
    let order = ["solution_id", "measure_id", "period_start", "period_end", "period_start_right"];
    let jumps = jumps.sort(order, SortMultipleOptions::default())?;
    let (solutions, measures) = (jumps.column("solution_id")?.str()?, jumps.column("measure_id")?.str()?);
    let (now, before) = (jumps.column("value_sum")?.i64()?, jumps.column("value_sum_right")?.i64()?);
    let mut found = Examples::default();
    for row in 0..jumps.height() {
        found.add(|| {
            let [solution, measure] = [solutions, measures].map(|names| names.get(row).unwrap_or_default());
            let [before, now] = [before, now].map(|totals| totals.get(row).unwrap_or_default());
            format!("{measure} of {solution} goes from {before} to {now}")
        });
    }
    Ok(found.breach("a total changed more than tenfold from the period before"))
}

/// A series of one municipality: solution, measure and code.
type Series<'r> = (&'r str, &'r str, &'r str);

/// Numbers agreed never to fall that are lower than an earlier one, or higher than a later one.
fn monotonicity(usage: &[UsageRow<'_>], own: &[&RecordBatch]) -> Result<Option<String>, IngestError> {
    // Not a join: a year of days against a year of days are 48 million pairs, of which none or few are kept.
    let mut others: HashMap<Series<'_>, Vec<(i32, i64)>> = HashMap::new();
    for batch in own {
        for row in usage_rows(batch)? {
            let known = others.entry((row.solution, row.measure, row.code)).or_default();
            known.extend(row.value.map(|value| (row.start, value)));
        }
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
    Ok(found.breach("numbers agreed never to fall do"))
}

/// A counter says how much there has been so far: its numbers are those of a moment. Added up over the periods of a year
/// they count January twelve times.
fn counters_that_would_be_added(usage: &[UsageRow<'_>], reference: &ReferenceData) -> Option<String> {
    let row = usage.iter().find(|row| !reference.is_level(row.solution, row.measure))?;
    Some(format!(
        "`cumulative = true` declares that the numbers count from the beginning, and the periods of {} of {} are added up: \
         deliver what each period adds, or use a measure whose last number is that of the period",
        row.measure, row.solution
    ))
}

/// What tells one cell from another: one municipality may own several organisations that each report their part.
const CELL: [&str; 7] = [
    "solution_id",
    "measure_id",
    "municipality_code",
    "period_start",
    "period_end",
    "division_date",
    "organisation_number",
];

/// Cells that another active delivery has already: active together they would be counted twice.
fn duplicate_facts(usage: &DataFrame, all: &DataFrame) -> Result<Option<String>, IngestError> {
    let twice = usage.join(all, CELL, CELL, inner_join(), None)?;
    let order = CELL.iter().chain(&["receipt_id_right"]);
    let twice = twice.sort(order, SortMultipleOptions::default())?;
    let (codes, measures) = (twice.column("municipality_code")?.str()?, twice.column("measure_id")?.str()?);
    let (starts, ends) = (twice.column("period_start")?.i32()?, twice.column("period_end")?.i32()?);
    let receipts = twice.column("receipt_id_right")?.str()?;
    let mut found = Examples::default();
    for row in 0..twice.height() {
        found.add(|| {
            let [start, end] = [starts, ends].map(|days| day_of(days.get(row).unwrap_or_default()));
            let texts = [measures, codes, receipts];
            let [measure, code, receipt] = texts.map(|texts| texts.get(row).unwrap_or_default());
            format!("{measure} of {code} in {} by receipt {receipt}", Period { start, end })
        });
    }
    let reason = found.breach("another active delivery has the same cells");
    Ok(reason.map(|reason| {
        format!(
            "{reason}. Deliver it under the source and subject of that one (`--subject`) to take its place; an export \
             that replaces its own span only has `replaces = \"own_span\"` in its contract"
        )
    }))
}

/// The first examples of a breach, and how many there are.
#[derive(Default)]
pub(crate) struct Examples {
    first: Vec<String>,
    count: usize,
}

impl Examples {
    pub(crate) fn add(&mut self, text: impl FnOnce() -> String) {
        if self.count < MAX_EXAMPLES {
            self.first.push(text());
        }
        self.count += 1;
    }

    /// The breach in words, if there is any.
    pub(crate) fn breach(&self, what: &str) -> Option<String> {
        let more = match self.count.saturating_sub(MAX_EXAMPLES) {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        (self.count > 0).then(|| format!("{what}: {}{more}", self.first.join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use polars::df;

    use super::*;

    #[test]
    fn a_total_without_numbers_is_zero() {
        let month = |start: i32, values: [Option<i64>; 2]| {
            df!(
                "solution_id" => ["svarut"; 2],
                "measure_id" => ["uses"; 2],
                "period_start" => [start; 2],
                "period_end" => [start + SHORTEST_COMPARED; 2],
                "value" => values,
            )
            .unwrap()
        };
        let (january, small) = (month(0, [Some(600), Some(400)]), month(0, [Some(999), None]));
        let february = month(SHORTEST_COMPARED, [None; 2]);
        let jump = volume_jump(&february, &january).unwrap().unwrap();
        assert!(jump.ends_with("period before: uses of svarut goes from 1000 to 0"), "{jump}");
        assert_eq!(volume_jump(&february, &small).unwrap(), None);
        assert_eq!(volume_jump(&month(SHORTEST_COMPARED + 1, [None; 2]), &january).unwrap(), None);
    }

    #[test]
    fn a_cell_is_the_same_without_an_organisation_too() {
        let cells = |organisations: [Option<&str>; 2], receipt: &str| {
            df!(
                "solution_id" => ["svarut"; 2],
                "measure_id" => ["uses"; 2],
                "municipality_code" => ["0301"; 2],
                "period_start" => [0; 2],
                "period_end" => [31; 2],
                "division_date" => [0; 2],
                "organisation_number" => organisations,
                "receipt_id" => [receipt; 2],
            )
            .unwrap()
        };
        let (old, new) = (cells([None, Some("1")], "old"), cells([None, Some("2")], "new"));
        let twice = duplicate_facts(&new, &old).unwrap().unwrap();
        assert_eq!(
            twice,
            "another active delivery has the same cells: uses of 0301 in 1970-01 by receipt old. Deliver it under the \
             source and subject of that one (`--subject`) to take its place; an export that replaces its own span only has \
             `replaces = \"own_span\"` in its contract"
        );
        assert_eq!(duplicate_facts(&new, &old.clear()).unwrap(), None);
    }
}
