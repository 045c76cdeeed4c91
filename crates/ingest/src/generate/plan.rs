//! How large a generated nation is, and in which deliveries its numbers come.

use std::ops::Range;

use chrono::{Months, NaiveDate};
use utbredt_model::{Granularity, Period};

use crate::IngestError;

/// Solutions and months of scale 1.
const SOLUTIONS: f64 = 40.0;
const MONTHS: f64 = 60.0;

/// The scale from which numbers are daily: a month has about as many days.
const DAILY: f64 = 30.0;

/// The largest scale.
const LARGEST: f64 = 300.0;

/// Rows of a delivery when nobody says how many there are to be: those that a lake does not merge with others.
const ROWS: usize = 900_000;

/// The most rows of a delivery: it is in memory as a whole, as text and then as columns.
const MOST_ROWS: usize = 2_000_000;

/// The fewest deliveries when nobody says: one of them is corrected, and something is late.
const FEWEST: usize = 4;

/// Every delivery of this place, counted from 1, brings the one before it once more, corrected.
const AGAIN: usize = 4;

/// How much there is of everything.
#[derive(Debug, Clone)]
pub(super) struct Size {
    pub(super) solutions: usize,
    pub(super) periods: Vec<Period>,
}

impl Size {
    /// About 1.7 million rows times the scale: below 1 fewer solutions and months, from 30 on daily.
    pub(super) fn of_scale(scale: f64) -> Result<Self, IngestError> {
        if !(0.001..=LARGEST).contains(&scale) {
            return Err(IngestError::Invalid(format!(
                "there is no scale {scale}: 1 is 40 solutions in 60 months, 30 the same daily, {LARGEST} daily with ten \
                 times the solutions; choose one from 0.001 to {LARGEST}"
            )));
        }
        // Both by the root, so that the rows go with the scale.
        let part = scale.min(1.0).sqrt();
        let more = if scale < DAILY { scale.max(1.0) } else { scale / DAILY };
        let granularity = if scale < DAILY { Granularity::Month } else { Granularity::Day };
        let months = whole(MONTHS * part).max(2);
        Ok(Self::of(whole(SOLUTIONS * part * more).max(1), months, granularity))
    }

    /// Months around the turn of 2020, when most municipalities of that year merged. Sixty of them hold that of 2024 too,
    /// when some were split.
    pub(super) fn of(solutions: usize, months: usize, granularity: Granularity) -> Self {
        let months = u32::try_from(months).unwrap_or(u32::MAX).min(1200);
        let turn = NaiveDate::from_ymd_opt(2020, 1, 1).unwrap_or_default();
        let from = turn - Months::new((months / 2).min(6));
        Self { solutions, periods: granularity.periods(from, from + Months::new(months)) }
    }

    /// The first day, and the first day after the last.
    pub(super) fn span(&self) -> (NaiveDate, NaiveDate) {
        let first = self.periods.first().map(|period| period.start);
        let last = self.periods.last().map(|period| period.end);
        (first.unwrap_or_default(), last.unwrap_or_default())
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "at most thousands, never negative"
)]
fn whole(number: f64) -> usize {
    number.round() as usize
}

/// One delivery of counts: a slice of the periods, for the first time or once more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Its periods, by their place.
    pub(super) periods: Range<usize>,
    /// Whether the next takes its place: some values are corrected there, and some rows come there only.
    pub(super) preliminary: bool,
    /// Whether it takes the place of the one before.
    pub(super) again: bool,
}

/// The deliveries, in order of time; `rows` is the most that there are of a period.
pub(super) fn parts(periods: usize, rows: usize, requested: Option<usize>) -> Result<Vec<Part>, IngestError> {
    let slices_of = |per_delivery: usize| periods.div_ceil((per_delivery / rows.max(1)).max(1));
    let deliveries =
        requested.unwrap_or_else(|| with_corrections(slices_of(ROWS).max(FEWEST - 1).min(periods)));
    let slices = deliveries - deliveries / AGAIN;
    let fewest = slices_of(MOST_ROWS);
    if deliveries > 0 && !(fewest..=periods).contains(&slices) {
        return Err(IngestError::Invalid(format!(
            "{deliveries} deliveries do not fit: choose from {} to {} (each is whole in memory, and has at least one of \
             the {periods} periods; every fourth is a correction), or 0 for the tables without numbers",
            with_corrections(fewest),
            with_corrections(periods),
        )));
    }
    let slice = |at: usize| at * periods / slices.max(1)..(at + 1) * periods / slices.max(1);
    let mut parts: Vec<Part> = Vec::with_capacity(deliveries);
    for at in 0..deliveries {
        let again = at % AGAIN == AGAIN - 1;
        let own = at - at / AGAIN - usize::from(again);
        let preliminary = (at + 1) % AGAIN == AGAIN - 1 && at + 1 < deliveries;
        parts.push(Part { periods: slice(own), preliminary, again });
    }
    Ok(parts)
}

/// How many deliveries have so many slices.
fn with_corrections(slices: usize) -> usize {
    slices + slices / (AGAIN - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_as_large_as_they_say() {
        for (scale, solutions, periods) in [
            (0.001, 1, 2),
            (0.02, 6, 8),
            (1.0, 40, 60),
            (10.0, 400, 60),
            (30.0, 40, 1827),
            (300.0, 400, 1827),
        ] {
            let size = Size::of_scale(scale).unwrap();
            assert_eq!((size.solutions, size.periods.len()), (solutions, periods), "{scale}");
        }
        for scale in [0.0, -1.0, 301.0, f64::NAN] {
            assert!(Size::of_scale(scale).unwrap_err().to_string().contains("choose one from"), "{scale}");
        }
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        assert_eq!(Size::of_scale(1.0).unwrap().span(), (day("2019-07-01"), day("2024-07-01")));
    }

    #[test]
    fn every_period_comes_once_and_every_fourth_delivery_corrects_the_one_before() {
        for (periods, deliveries) in [(60, 1), (60, 2), (60, 4), (60, 5), (60, 12), (60, 80), (8, 7)] {
            let parts = parts(periods, 1, Some(deliveries)).unwrap();
            assert_eq!(parts.len(), deliveries);
            let first: Vec<_> = parts.iter().filter(|part| !part.again).collect();
            let all: Vec<usize> = first.iter().flat_map(|part| part.periods.clone()).collect();
            assert_eq!(all, (0..periods).collect::<Vec<_>>(), "{deliveries}");
            for pair in parts.windows(2) {
                assert_eq!(pair[0].preliminary, pair[1].again);
                assert_eq!(pair[1].again, pair[0].periods == pair[1].periods);
            }
            assert!(!parts.last().unwrap().preliminary, "nothing comes after the last");
            assert_eq!(parts.iter().filter(|part| part.again).count(), deliveries / 4);
        }
        assert_eq!(parts(60, 1, Some(0)).unwrap(), []);
    }

    #[test]
    fn deliveries_are_few_and_fit_memory() {
        let deliveries = |periods, rows, requested| parts(periods, rows, requested).map(|parts| parts.len());
        assert_eq!(deliveries(60, 29_000, None).unwrap(), 4);
        assert_eq!(deliveries(1827, 29_000, None).unwrap(), 78);
        assert_eq!(deliveries(2, 700, None).unwrap(), 2);
        let error = deliveries(1827, 29_000, Some(1)).unwrap_err().to_string();
        assert!(error.contains("from 36 to 2436"), "{error}");
        assert!(deliveries(60, 29_000, Some(81)).is_err());
    }
}
