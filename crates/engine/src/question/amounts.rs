//! How much of the shared relations is computed at once, and what is computed before anybody asks.

use utbredt_kpi::View;

use super::relations::{fits, has_solutions};
use super::scope::Scope;
use super::source::Source;
use crate::error::EngineError;

impl Source<'_> {
    /// Computes the relations that KPIs read for the usual window before a day.
    pub(crate) async fn warm(&self, day: chrono::NaiveDate) -> Result<(), EngineError> {
        let granularity = utbredt_model::Granularity::Month;
        let mut year_start = day;
        // One more than the usual window: what is not due yet moves it back by a month.
        for _ in 0..13 {
            year_start = granularity.floor(year_start).pred_opt().unwrap_or(year_start);
        }
        let periods = granularity.periods(granularity.floor(year_start), granularity.floor(day));
        let scope = Scope {
            borders: utbredt_kpi::Borders::Then,
            policy: utbredt_kpi::Policy::ExactOnly,
            day,
            periods: periods.into(),
            granularity: Some(granularity),
            year_ago: false,
        };
        // A relation over the limit is computed for one solution only, and which one is not known yet.
        if !self.fits_whole(&scope) {
            return Ok(());
        }
        for view in self.catalogue.views() {
            if view.kept && !view.timeless && self.catalogue.is_read_directly(&view.name) {
                self.relations(view, &scope, None).await?;
            }
        }
        Ok(())
    }

    /// Whether the relations of a scope are computed for all solutions at once.
    pub(crate) fn fits_whole(&self, scope: &Scope) -> bool {
        let limit = self.kept.relation_limit();
        fits(scope, self.municipalities(scope), self.edition.dimensions.measures.len(), limit)
    }

    /// How many municipalities there are on the day of a scope.
    fn municipalities(&self, scope: &Scope) -> usize {
        self.edition.dimensions.municipalities.iter().filter(|m| m.valid_on(scope.day)).count()
    }

    /// How many periods of a relation are computed by one query: a row depends on its own period alone, so the rest can wait, and
    /// one question takes no more memory for a long span than for a short one.
    pub(crate) fn periods_at_once(&self, view: &View, scope: &Scope, solution: Option<&str>) -> usize {
        let measures = self.edition.dimensions.measures.iter();
        let measures = measures.filter(|measure| solution.is_none_or(|own| measure.solution_id == own));
        let measures = if has_solutions(view) { measures.count() } else { 1 };
        (self.kept.rows_at_once / (self.municipalities(scope) * measures).max(1)).max(1)
    }
}
