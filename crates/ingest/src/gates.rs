//! What holds a delivery back although every row of it could be believed alone. A gate that closes keeps the
//! last good delivery in force until somebody has looked.

use std::collections::BTreeSet;

use polars::prelude::{
    DataFrame, IntoLazy, JoinArgs, JoinType, LazyFrame, SortMultipleOptions, UnionArgs, col, concat, lit,
};
use utbredt_model::Period;

use crate::bridge::day_of;
use crate::conform::Conformed;
use crate::history::Live;
use crate::world::{World, cols};
use crate::{Delivery, IngestError, Source};

/// The greatest share of rows that may be refused.
const MOST_REFUSED: f64 = 0.2;

/// A total that grows or shrinks more than this from one period to the next is held.
const MOST_CHANGE: i64 = 10;

/// Totals below this may jump: that is how a rollout begins.
const SMALL_TOTAL: i64 = 1000;

/// The shortest period whose total is compared with the one before: days and weeks differ by nature.
const SHORTEST_COMPARED: i32 = 28;

/// At most this many examples of a breach are told.
const TOLD: usize = 3;

/// Every reason to hold a delivery: what the parser found, and what the gates find.
pub(crate) fn breaches(
    source: &Source,
    delivery: &Delivery,
    conformed: &Conformed,
    world: &World,
    near: &[&Live],
) -> Result<Vec<String>, IngestError> {
    let mut found = conformed.breaches.clone();
    found.extend(too_many_refused(conformed));
    let usage = &conformed.usage;
    if usage.height() == 0 {
        return Ok(found);
    }
    found.extend(beyond_everybody(usage, world)?);
    let own: Vec<&Live> =
        near.iter().copied().filter(|live| live.source_id == delivery.source_id.as_str()).collect();
    found.extend(leaps(usage, &own)?);
    if source.cumulative() {
        found.extend(falls(usage, &own)?);
    }
    found.extend(told_elsewhere(usage, near)?);
    Ok(found)
}

/// Rows refused, in part or whole. Totals are left out by agreement, and a row said twice alike is no loss.
pub(crate) fn refused_rows(conformed: &Conformed) -> usize {
    let harmless = |reason: &str| reason.starts_with("total row ") || reason.starts_with("duplicate of ");
    let refused = conformed.rejections.iter().filter(|r| !harmless(&r.reason));
    refused.map(|r| r.row).collect::<BTreeSet<u64>>().len()
}

fn too_many_refused(conformed: &Conformed) -> Option<String> {
    let refused = refused_rows(conformed);
    #[expect(clippy::cast_precision_loss, reason = "a share needs no more digits")]
    let share = refused as f64 / conformed.rows_in.max(1) as f64;
    (share > MOST_REFUSED).then(|| {
        let all = conformed.rows_in;
        format!("{refused} of {all} rows were refused, more than {:.0} %", MOST_REFUSED * 100.0)
    })
}

fn together(near: &[&Live]) -> Result<Option<LazyFrame>, IngestError> {
    let frames: Vec<_> = near.iter().map(|live| live.usage.clone().lazy()).collect();
    if frames.is_empty() { Ok(None) } else { Ok(Some(concat(frames, UnionArgs::default())?)) }
}

/// More active users than the target group has persons, by its newest count before the period.
fn beyond_everybody(usage: &DataFrame, world: &World) -> Result<Option<String>, IngestError> {
    let place = || cols(["solution_id", "municipality_code", "division_date"]);
    let counted = usage
        .clone()
        .lazy()
        .filter(col("measure_id").eq(lit("users_active")).and(col("value").is_not_null()))
        .join(world.eligible.clone().lazy(), place(), place(), JoinArgs::new(JoinType::Inner))
        .filter(col("reference_date").lt_eq(col("period_start")))
        .collect()?
        .lazy();
    let key =
        || cols(["solution_id", "municipality_code", "division_date", "period_start", "reference_date"]);
    let newest = counted
        .clone()
        .group_by(cols(["solution_id", "municipality_code", "division_date", "period_start"]))
        .agg([col("reference_date").max()]);
    let beyond = counted
        .join(newest, key(), key(), JoinArgs::new(JoinType::Inner))
        .filter(col("value").gt(col("persons")))
        .sort(["solution_id", "municipality_code", "period_start"], SortMultipleOptions::default())
        .collect()?;
    let (codes, days) = (beyond.column("municipality_code")?.str()?, beyond.column("reference_date")?.i32()?);
    let (values, persons) = (beyond.column("value")?.i64()?, beyond.column("persons")?.f64()?);
    let example = |at: usize| {
        let counted = day_of(days.get(at).unwrap_or_default());
        format!(
            "{} in {}, whose target group counted {:.0} on {counted}",
            values.get(at).unwrap_or_default(),
            codes.get(at).unwrap_or_default(),
            persons.get(at).unwrap_or_default(),
        )
    };
    Ok(told("more active users than there are persons", beyond.height(), example))
}

/// Totals ten times those of the period before, or a tenth.
fn leaps(usage: &DataFrame, own: &[&Live]) -> Result<Option<String>, IngestError> {
    let totals = |frame: LazyFrame, name: &str| {
        frame
            .group_by(cols(["solution_id", "measure_id", "period_start", "period_end"]))
            .agg([col("value").sum().alias(name)])
    };
    let Some(before) = together(own)? else { return Ok(None) };
    let now = totals(usage.clone().lazy(), "now")
        .filter((col("period_end") - col("period_start")).gt_eq(lit(SHORTEST_COMPARED)));
    let before = totals(before, "before").select([
        col("solution_id"),
        col("measure_id"),
        col("period_end").alias("period_start"),
        (col("period_end") - col("period_start")).alias("length"),
        col("before"),
    ]);
    let key = || cols(["solution_id", "measure_id", "period_start"]);
    let (grown, shrunk) = (
        col("now").gt(col("before") * lit(MOST_CHANGE)).and(col("now").gt_eq(lit(SMALL_TOTAL))),
        col("before").gt(col("now") * lit(MOST_CHANGE)).and(col("before").gt_eq(lit(SMALL_TOTAL))),
    );
    let leaps = now
        .join(before, key(), key(), JoinArgs::new(JoinType::Inner))
        .filter(
            col("length").gt_eq(lit(SHORTEST_COMPARED)).and(col("before").gt(lit(0))).and(grown.or(shrunk)),
        )
        .sort(["solution_id", "measure_id", "period_start"], SortMultipleOptions::default())
        .collect()?;
    let (solutions, measures) = (leaps.column("solution_id")?.str()?, leaps.column("measure_id")?.str()?);
    let (before, now) = (leaps.column("before")?.i64()?, leaps.column("now")?.i64()?);
    let example = |at: usize| {
        format!(
            "{} of {} goes from {} to {}",
            measures.get(at).unwrap_or_default(),
            solutions.get(at).unwrap_or_default(),
            before.get(at).unwrap_or_default(),
            now.get(at).unwrap_or_default(),
        )
    };
    Ok(told("a total changed more than tenfold from the period before", leaps.height(), example))
}

/// Numbers agreed never to fall that are lower than an earlier one, or higher than a later one.
fn falls(usage: &DataFrame, own: &[&Live]) -> Result<Option<String>, IngestError> {
    let Some(said) = together(own)? else { return Ok(None) };
    let key = || cols(["solution_id", "measure_id", "municipality_code"]);
    let said = said.select([
        col("solution_id"),
        col("measure_id"),
        col("municipality_code"),
        col("period_start").alias("other_start"),
        col("value").alias("other"),
    ]);
    let (start, other) = (|| col("period_start"), || col("other_start"));
    let fallen = usage
        .clone()
        .lazy()
        .join(said, key(), key(), JoinArgs::new(JoinType::Inner))
        .filter(
            (other().lt(start()).and(col("other").gt(col("value"))))
                .or(other().gt(start()).and(col("other").lt(col("value")))),
        )
        .sort(
            ["solution_id", "measure_id", "municipality_code", "other_start"],
            SortMultipleOptions::default(),
        )
        .collect()?;
    let (codes, others) = (fallen.column("municipality_code")?.str()?, fallen.column("other_start")?.i32()?);
    let (values, before) = (fallen.column("value")?.i64()?, fallen.column("other")?.i64()?);
    let example = |at: usize| {
        format!(
            "{} has {} where the period from {} has {}",
            codes.get(at).unwrap_or_default(),
            values.get(at).unwrap_or_default(),
            day_of(others.get(at).unwrap_or_default()),
            before.get(at).unwrap_or_default(),
        )
    };
    Ok(told("numbers agreed never to fall do", fallen.height(), example))
}

/// Cells that another delivery in force tells already: in force together they would be counted twice.
fn told_elsewhere(usage: &DataFrame, near: &[&Live]) -> Result<Option<String>, IngestError> {
    let Some(said) = together(near)? else { return Ok(None) };
    let keyed = |frame: LazyFrame| frame.with_column(col("organisation_number").fill_null(lit("")));
    let key = || {
        cols([
            "solution_id",
            "measure_id",
            "municipality_code",
            "division_date",
            "period_start",
            "period_end",
        ])
    };
    // One municipality may own several organisations that each tell their part.
    let with_organisation = || [key().as_slice(), &[col("organisation_number")]].concat();
    let twice = keyed(usage.clone().lazy())
        .join(keyed(said), with_organisation(), with_organisation(), JoinArgs::new(JoinType::Inner))
        .sort(
            ["solution_id", "measure_id", "municipality_code", "period_start"],
            SortMultipleOptions::default(),
        )
        .collect()?;
    let (codes, measures) = (twice.column("municipality_code")?.str()?, twice.column("measure_id")?.str()?);
    let receipts = twice.column("receipt_id_right")?.str()?;
    let (starts, ends) = (twice.column("period_start")?.i32()?, twice.column("period_end")?.i32()?);
    let example = |at: usize| {
        let day = |days: &polars::prelude::Int32Chunked| day_of(days.get(at).unwrap_or_default());
        let period = Period { start: day(starts), end: day(ends) };
        format!(
            "{} of {} in {period} by receipt {}",
            measures.get(at).unwrap_or_default(),
            codes.get(at).unwrap_or_default(),
            receipts.get(at).unwrap_or_default(),
        )
    };
    Ok(told("another delivery in force tells the same cells", twice.height(), example))
}

/// A breach with its first examples.
fn told(what: &str, count: usize, example: impl Fn(usize) -> String) -> Option<String> {
    let examples: Vec<_> = (0..count.min(TOLD)).map(example).collect();
    let more = if count > TOLD { format!("; and {} more", count - TOLD) } else { String::new() };
    (count > 0).then(|| format!("{what}: {}{more}", examples.join("; ")))
}
