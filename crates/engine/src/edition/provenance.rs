//! Which sources delivered what, and which counts of inhabitants there are. Both are found once for an edition, and
//! looked through for every answer.

use std::collections::BTreeSet;

use arrow::array::RecordBatch;
use chrono::{Datelike, NaiveDate};
use utbredt_answer::{AgeBand, Denominator};
use utbredt_model::{Granularity, Period, oslo};

use super::open::OpenEdition;
use super::rows::rows;
use crate::error::EngineError;
use crate::planning::plan_query;

/// What one source delivered of one measure, or of one solution's rollout.
#[derive(Debug)]
struct Delivered {
    table: &'static str,
    solution_id: String,
    measure_id: String,
    source_id: String,
    /// The first day its rows are about.
    first: NaiveDate,
    /// Of use, the first day after the newest row of a period that ended by the edition's day, for each length of periods.
    newest_ends: Vec<(Granularity, NaiveDate)>,
}

/// The sources and the counts of inhabitants of an edition.
#[derive(Debug)]
pub(crate) struct Provenance {
    delivered: Vec<Delivered>,
    counts: Vec<Denominator>,
}

/// What of an edition an answer is about.
#[derive(Debug)]
pub(crate) struct Extent<'a> {
    /// The tables it reads.
    pub(crate) tables: &'a BTreeSet<String>,
    /// The solution, when it is about one.
    pub(crate) solution: Option<&'a str>,
    /// The measure, when it is about one.
    pub(crate) measure: Option<&'a str>,
    /// The source, when it is about one.
    pub(crate) source: Option<&'a str>,
    /// The first day it is not about.
    pub(crate) end: NaiveDate,
}

/// The tables whose rows came in deliveries: what is delivered of each, from which day on. `NEWEST_ENDS` stands for
/// [`newest_ends`].
const DELIVERED: [(&str, &str); 3] = [
    (
        "usage",
        "SELECT usage.solution_id, usage.measure_id, receipts.source_id, min(usage.period_start) AS first,
            NEWEST_ENDS
        FROM usage LEFT JOIN receipts ON receipts.receipt_id = usage.receipt_id
        GROUP BY usage.solution_id, usage.measure_id, receipts.source_id",
    ),
    (
        "rollout_events",
        "SELECT events.solution_id, '' AS measure_id, receipts.source_id, min(events.valid_from) AS first
        FROM rollout_events AS events INNER JOIN receipts ON receipts.receipt_id = events.receipt_id
        GROUP BY events.solution_id, receipts.source_id",
    ),
    (
        "receipts",
        "SELECT '' AS solution_id, '' AS measure_id, receipts.source_id,
            CAST(min(receipts.received_at) AS DATE) AS first
        FROM receipts GROUP BY receipts.source_id",
    ),
];

const COUNTS: &str =
    "SELECT DISTINCT population.reference_date, population.age_from, population.age_to, population.vintage
    FROM population";

impl OpenEdition {
    /// The provenance, found once.
    pub(crate) async fn provenance(&self) -> Result<&Provenance, EngineError> {
        self.provenance.get_or_try_init(|| Provenance::read(self)).await
    }
}

impl Provenance {
    async fn read(edition: &OpenEdition) -> Result<Self, EngineError> {
        let context = edition.session_with_tables()?;
        let mut delivered = Vec::new();
        let ends = newest_ends(oslo::day(edition.edition.recorded_at));
        // What reads a damaged table is not answered, so that nobody needs to know who delivered its rows.
        for (table, text) in DELIVERED.iter().filter(|(table, _)| !edition.damaged.contains_key(table)) {
            let text = text.replace("NEWEST_ENDS", &ends);
            let batches = plan_query(&context, &text).await?.collect().await?;
            for row in rows(&batches) {
                delivered.extend(row.day("first").map(|first| {
                    Delivered {
                        table,
                        solution_id: row.text("solution_id"),
                        measure_id: row.text("measure_id"),
                        source_id: row.text("source_id"),
                        first,
                        newest_ends: Granularity::ALL
                            .into_iter()
                            .filter_map(|granularity| Some((granularity, row.day(granularity.as_str())?)))
                            .collect(),
                    }
                }));
            }
        }
        let batches: Vec<RecordBatch> = if edition.damaged.contains_key("population") {
            Vec::new()
        } else {
            plan_query(&context, COUNTS).await?.collect().await?
        };
        let mut counts: Vec<Denominator> = rows(&batches)
            .filter_map(|row| {
                Some(Denominator {
                    reference_date: row.day("reference_date")?,
                    age_from: u32::try_from(row.small("age_from")?).ok()?,
                    age_to: row.small("age_to").and_then(|age| u32::try_from(age).ok()),
                    vintage: row.text("vintage"),
                })
            })
            .collect();
        counts.sort();
        Ok(Self { delivered, counts })
    }

    /// The sources whose deliveries hold rows of an answer's extent.
    pub(crate) fn sources(&self, extent: &Extent<'_>) -> BTreeSet<String> {
        // Rows whose receipt the lake lacks are there, and nobody's.
        let known = self.delivered.iter().filter(|delivered| !delivered.source_id.is_empty());
        let inside = known.filter(|delivered| delivered.lies_in(extent));
        inside.map(|delivered| delivered.source_id.clone()).collect()
    }

    /// The first day after the newest use of a period that has ended, of the solutions and measures that are `requested`
    /// about. What is said of days to come is no use yet.
    pub(crate) fn newest_end(
        &self,
        granularity: Granularity,
        requested: impl Fn(&str, &str) -> bool,
    ) -> Option<NaiveDate> {
        let requested = self
            .delivered
            .iter()
            .filter(|delivered| requested(&delivered.solution_id, &delivered.measure_id));
        let ends = requested.flat_map(|delivered| &delivered.newest_ends);
        ends.filter(|(of, _)| *of == granularity).map(|(_, end)| *end).max()
    }

    /// The counts of the given ages that measure periods: of each period the newest on or before 1 January of its year.
    /// And the ages of which there is none.
    pub(crate) fn denominators(
        &self,
        ages: &BTreeSet<(u32, Option<u32>)>,
        periods: &[Period],
    ) -> (Vec<Denominator>, Vec<AgeBand>) {
        let years: BTreeSet<NaiveDate> = periods.iter().filter_map(year_start).collect();
        let mut found = BTreeSet::new();
        for year in years {
            for (age_from, age_to) in ages {
                let of_ages = || {
                    self.counts.iter().filter(|count| (count.age_from, count.age_to) == (*age_from, *age_to))
                };
                let newest = of_ages().map(|count| count.reference_date).filter(|day| *day <= year).max();
                let newest_counts = of_ages().filter(|count| Some(count.reference_date) == newest);
                found.extend(newest_counts.cloned());
            }
        }
        let band = |(age_from, age_to): &(u32, Option<u32>)| AgeBand { age_from: *age_from, age_to: *age_to };
        let is_of = |band: &AgeBand, count: &Denominator| {
            (count.age_from, count.age_to) == (band.age_from, band.age_to)
        };
        let uncounted = ages.iter().map(band).filter(|band| !found.iter().any(|count| is_of(band, count)));
        let uncounted = uncounted.collect();
        (found.into_iter().collect(), uncounted)
    }
}

impl Delivered {
    fn lies_in(&self, extent: &Extent<'_>) -> bool {
        extent.tables.contains(self.table)
            && self.first < extent.end
            && (self.solution_id.is_empty() || extent.solution.is_none_or(|id| id == self.solution_id))
            && (self.measure_id.is_empty() || extent.measure.is_none_or(|id| id == self.measure_id))
            && (self.table != "receipts" || extent.source.is_none_or(|id| id == self.source_id))
    }
}

/// A column for each length of periods, under its word: the first day after the newest row that lies before those under way
/// on `day`.
fn newest_ends(day: NaiveDate) -> String {
    let column = |granularity: Granularity| {
        let (word, begun) = (granularity.as_str(), granularity.floor(day));
        format!("max(CASE WHEN usage.period_end <= DATE '{begun}' THEN usage.period_end END) AS \"{word}\"")
    };
    Granularity::ALL.map(column).join(", ")
}

/// 1 January of the year that holds a period's last day.
fn year_start(period: &Period) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(period.end.pred_opt()?.year(), 1, 1)
}
