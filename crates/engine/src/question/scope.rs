//! What a relation is computed for: periods, and the borders they are answered in.

use std::sync::Arc;

use chrono::NaiveDate;
use utbredt_kpi::{Borders, Policy};
use utbredt_model::{Granularity, Period};

use super::periods::{last_day, year_before};

/// Periods, and how facts are mapped into their borders.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Scope {
    pub(crate) borders: Borders,
    pub(crate) policy: Policy,
    /// The day of the edition, in whose borders `now` is.
    pub(crate) day: NaiveDate,
    pub(crate) periods: Arc<[Period]>,
    /// How long a period is; none when there is one for the whole span.
    pub(crate) granularity: Option<Granularity>,
    /// Whether facts are read one year before each period, and mapped to the borders of the period itself.
    pub(crate) year_ago: bool,
}

impl Scope {
    /// One period in name only: that of a relation which depends on the edition alone.
    pub(crate) fn timeless() -> Self {
        let day = NaiveDate::default();
        Self {
            borders: Borders::Then,
            policy: Policy::ExactOnly,
            day,
            periods: Arc::from([Period { start: day, end: day }]),
            granularity: None,
            year_ago: false,
        }
    }

    /// The day whose borders a period is answered in.
    pub(crate) fn on_day(&self, period: &Period) -> NaiveDate {
        match self.borders {
            Borders::Then => last_day(period),
            Borders::Now => self.day,
            Borders::On(day) => day,
        }
    }

    /// The period whose facts are read for `period`.
    pub(crate) fn facts_of(&self, period: &Period) -> Period {
        if self.year_ago { year_before(period) } else { *period }
    }

    /// The first days of the periods whose facts are read, as the relations have them.
    pub(crate) fn starts(&self) -> Vec<NaiveDate> {
        self.periods.iter().map(|period| self.facts_of(period).start).collect()
    }
}
