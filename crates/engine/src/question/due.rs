//! The period a question is about when it names none: the last one that is due (`queries/README.md`, "The default period").

use std::collections::BTreeSet;

use chrono::NaiveDate;
use utbredt_kpi::{Kpi, KpiRequest, ParamKind, ParamValue, RequestError};
use utbredt_model::{Granularity, Period, oslo};

use super::bind::bind;
use super::periods::periods_of;
use super::resolve::Bound;
use crate::edition::dimensions::{Dimensions, ExpectedDelivery};
use crate::edition::open::OpenEdition;
use crate::edition::provenance::Provenance;
use crate::error::EngineError;

/// The table of use: only a KPI that reads it is about what is delivered.
const USAGE: &str = "usage";

/// Where a question's periods come from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PeriodsOf<'a> {
    /// Several editions are asked about the same.
    Given(&'a [Period]),
    /// From the request, or the last that are due by what the edition holds.
    Request(&'a Provenance),
}

impl PeriodsOf<'_> {
    /// The periods shown.
    pub(super) fn shown(
        self,
        kpi: &Kpi,
        request: &KpiRequest,
        bound: &[Bound],
        (dimensions, day): (&Dimensions, NaiveDate),
    ) -> Result<Vec<Period>, RequestError> {
        match self {
            Self::Given(periods) => Ok(periods.to_vec()),
            Self::Request(provenance) => {
                Deadlines { dimensions, provenance, day }.periods_of(kpi, request, bound)
            }
        }
    }
}

/// The periods of a question to an edition, before its names are looked up. One whose names are wrong has the periods of
/// a question about nothing, and is refused later.
pub(crate) async fn periods(
    opened: &OpenEdition,
    kpi: &Kpi,
    request: &KpiRequest,
) -> Result<Vec<Period>, EngineError> {
    let (bound, _) = bind(kpi, request, &opened.dimensions).unwrap_or_default();
    let day = oslo::day(opened.edition.recorded_at);
    let periods = PeriodsOf::Request(opened.provenance().await?);
    Ok(periods.shown(kpi, request, &bound, (&opened.dimensions, day))?)
}

/// What decides which period is due.
#[derive(Debug, Clone, Copy)]
struct Deadlines<'a> {
    dimensions: &'a Dimensions,
    provenance: &'a Provenance,
    /// The edition's day.
    day: NaiveDate,
}

impl Deadlines<'_> {
    /// The periods asked for.
    fn periods_of(
        &self,
        kpi: &Kpi,
        request: &KpiRequest,
        bound: &[Bound],
    ) -> Result<Vec<Period>, RequestError> {
        let oldest = self.dimensions.divisions.0.first().copied();
        periods_of(kpi, request, oldest, |granularity| {
            let ended = granularity.floor(self.day);
            let due = self.last_due(kpi, bound, granularity).unwrap_or(ended);
            // Whoever asks from a later day on wants what there is since.
            if request.from.is_some_and(|from| from >= due) { ended } else { due }
        })
    }

    /// The first day after the last period that is due; none where nothing is known of what is asked about.
    fn last_due(&self, kpi: &Kpi, bound: &[Bound], granularity: Granularity) -> Option<NaiveDate> {
        if kpi.as_of_end || !kpi.tables.contains(USAGE) {
            return None;
        }
        let requested = |solution: &str, measure: &str| {
            bound.iter().any(|bound| bound.unanswered.is_none() && concerns(kpi, bound, solution, measure))
        };
        let expected: Vec<&ExpectedDelivery> = self
            .dimensions
            .expected_deliveries
            .iter()
            .filter(|delivery| requested(&delivery.solution_id, &delivery.measure_id))
            .collect();
        last_due(&expected, self.provenance.newest_end(granularity, requested), granularity, self.day)
    }
}

/// Whether one set of parameters is about a measure of a solution. A KPI that takes no measure is about all.
fn concerns(kpi: &Kpi, bound: &Bound, solution: &str, measure: &str) -> bool {
    let is_measure =
        |name: &str| kpi.params.iter().any(|param| param.kind == ParamKind::Measure && param.name == *name);
    let mut measures = bound.params.iter().filter(|(name, _)| is_measure(name)).peekable();
    bound.solution.as_deref().is_none_or(|required| required == solution)
        && (measures.peek().is_none()
            || measures.any(|(_, value)| matches!(value, ParamValue::Text(text) if text == measure)))
}

/// The first day after the last period that is due: of those in which a delivery is expected and the due days of all are
/// over on `day`, and those up to the newest row of a period that ended (until `newest_end`) for which none is declared.
fn last_due(
    expected: &[&ExpectedDelivery],
    newest_end: Option<NaiveDate>,
    granularity: Granularity,
    day: NaiveDate,
) -> Option<NaiveDate> {
    let ended = granularity.floor(day);
    let mut open = BTreeSet::new();
    let mut past = BTreeSet::new();
    for delivery in expected {
        let end = end_of(granularity, delivery.period_end);
        // On its due day a delivery is still to come.
        if delivery.due >= day {
            open.insert(end)
        } else {
            past.insert(end)
        };
    }
    let past = past.into_iter().rev().find(|end| *end <= ended && !open.contains(end));
    let newest = newest_end.map(|end| end_of(granularity, end));
    match past.max(newest.map(|end| before(&open, granularity, end))) {
        // All that is declared is still to come.
        None if !expected.is_empty() => Some(before(&open, granularity, ended)),
        last => last,
    }
}

/// The first period end, from one backwards, of which nothing is still to be due.
fn before(open: &BTreeSet<NaiveDate>, granularity: Granularity, mut end: NaiveDate) -> NaiveDate {
    while let Some(last) = end.pred_opt().filter(|_| open.contains(&end)) {
        end = granularity.floor(last);
    }
    end
}

/// The first day after the period that holds the last day of a span.
fn end_of(granularity: Granularity, span_end: NaiveDate) -> NaiveDate {
    Period::holding(span_end.pred_opt().unwrap_or(span_end), granularity).end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// Months of 2026 owed and the days they are due.
    fn owed(of: &[(&str, &str)]) -> Vec<ExpectedDelivery> {
        let delivery = |(end, due): &(&str, &str)| ExpectedDelivery {
            solution_id: "post".into(),
            measure_id: "uses".into(),
            period_end: day(end),
            due: day(due),
        };
        of.iter().map(delivery).collect()
    }

    fn last(expected: &[ExpectedDelivery], newest: Option<&str>, granularity: &str, today: &str) -> String {
        let expected: Vec<&ExpectedDelivery> = expected.iter().collect();
        let granularity = Granularity::parse(granularity).unwrap();
        let end = last_due(&expected, newest.map(day), granularity, day(today));
        end.map_or_else(|| "-".to_owned(), |end| end.to_string())
    }

    #[test]
    fn the_last_period_due_is_the_one_whose_due_day_is_over() {
        let months = owed(&[
            ("2026-09-01", "2026-09-16"),
            ("2026-10-01", "2026-10-16"),
            ("2026-11-01", "2026-11-16"),
            ("2026-12-01", "2026-12-16"),
        ]);
        // October is due on 16 November. Rows that came early do not make it due, nor does their absence after it.
        for rows in [None, Some("2026-09-01"), Some("2026-11-01")] {
            assert_eq!(last(&months, rows, "month", "2026-11-16"), "2026-10-01", "{rows:?}");
            assert_eq!(last(&months, rows, "month", "2026-11-17"), "2026-11-01", "{rows:?}");
        }
        // The third quarter is due with its last month; the fourth has not ended although October is due.
        assert_eq!(last(&months, None, "quarter", "2026-10-16"), "2026-07-01");
        assert_eq!(last(&months, Some("2026-10-01"), "quarter", "2026-10-16"), "2026-07-01");
        assert_eq!(last(&months, None, "quarter", "2026-10-17"), "2026-10-01");
        assert_eq!(last(&months, None, "quarter", "2026-11-28"), "2026-10-01");
        assert_eq!(last(&months, None, "year", "2026-12-31"), "2026-01-01");
        assert_eq!(last(&months, None, "year", "2027-01-01"), "2027-01-01");
        // The week that holds 31 October ends on 1 November.
        assert_eq!(last(&months, None, "week", "2026-11-28"), "2026-11-02");
    }

    #[test]
    fn of_several_measures_the_last_to_be_due_decides() {
        let mut both = owed(&[("2026-10-01", "2026-10-05"), ("2026-11-01", "2026-11-05")]);
        both.extend(owed(&[("2026-10-01", "2026-10-20"), ("2026-11-01", "2026-11-20")]));
        assert_eq!(last(&both, None, "month", "2026-11-10"), "2026-10-01");
        assert_eq!(last(&both, None, "month", "2026-11-20"), "2026-10-01");
        assert_eq!(last(&both, None, "month", "2026-11-21"), "2026-11-01");
        // What is not owed any more holds nothing back.
        both.extend(owed(&[("2024-01-01", "2024-01-20")]));
        assert_eq!(last(&both, None, "month", "2026-11-21"), "2026-11-01");
    }

    #[test]
    fn where_no_day_is_declared_rows_and_the_calendar_decide() {
        assert_eq!(last(&[], None, "month", "2026-11-28"), "-");
        assert_eq!(last(&[], Some("2026-10-01"), "month", "2026-11-28"), "2026-10-01");
        assert_eq!(last(&[], Some("2026-10-01"), "quarter", "2026-11-28"), "2026-10-01");
        // The declaration stopped in spring, and the deliveries did not.
        let spring = owed(&[("2026-04-01", "2026-04-16")]);
        assert_eq!(last(&spring, Some("2026-10-01"), "month", "2026-11-28"), "2026-10-01");
        assert_eq!(last(&spring, Some("2026-03-01"), "month", "2026-11-28"), "2026-04-01");
    }
}
