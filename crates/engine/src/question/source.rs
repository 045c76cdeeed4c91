//! Where a text's relations come from: tables of the lake, periods and areas made here, views, and kept relations.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;
use utbredt_kpi::{By, Catalogue, Kpi, Lookback, View};
use utbredt_model::Period;

use super::inputs::{areas_of_question, areas_table, values};
use super::periods::{calendar_table, epoch_days, periods_table, sub_periods_table};
use super::relations::{FamilyKey, Relation, has_solutions};
use super::resolve::{Bound, ResolvedQuery, areas_of};
use super::scope::Scope;
use super::stored::StoredTable;
use crate::edition::open::OpenEdition;
use crate::error::EngineError;
use crate::kept::Kept;
use crate::planning::plan_query;

type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, EngineError>> + Send + 'a>>;

/// Where relations are computed: an edition, a catalogue, and what is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) edition: &'a OpenEdition,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) kept: &'a Kept,
}

/// What a text is planned under: its periods, its areas, its parameters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QueryScope<'a> {
    pub(crate) scope: &'a Scope,
    /// The one solution that tables and relations are restricted to.
    pub(crate) solution: Option<&'a str>,
    /// The question, where the text is a KPI's own or depends on one.
    pub(crate) question: Option<(&'a ResolvedQuery<'a>, &'a Bound)>,
}

impl Source<'_> {
    /// Registers every relation named, and what those that are not kept are made of.
    pub(crate) async fn register_all(
        &self,
        context: &SessionContext,
        names: &BTreeSet<String>,
        frame: QueryScope<'_>,
    ) -> Result<(), EngineError> {
        for name in names {
            self.register(context, name, frame).await?;
        }
        Ok(())
    }

    /// Registers one relation under its name, when it is not yet known.
    fn register<'a>(
        &'a self,
        context: &'a SessionContext,
        name: &'a str,
        frame: QueryScope<'a>,
    ) -> Boxed<'a, ()> {
        Box::pin(async move {
            // Two views may read the same relation; registering it twice is an error.
            if context.table_exist(name)? {
                return Ok(());
            }
            let provider: Arc<dyn TableProvider> = match self.catalogue.view(name) {
                Some(view) if view.timeless => {
                    self.stored(view, QueryScope { scope: &Scope::timeless(), ..frame }).await?
                }
                Some(view) if view.kept && self.catalogue.is_read_directly(name) => {
                    self.stored(view, frame).await?
                }
                Some(view) => {
                    self.register_all(context, &view.reads, frame).await?;
                    self.plan_view(context, view, frame).await?
                }
                None => match self.made_here(context, name, frame)? {
                    Some(provider) => provider,
                    // An unknown name is the planner's to report, with the text it is in.
                    None => return Ok(()),
                },
            };
            context.register_table(name, provider)?;
            Ok(())
        })
    }

    /// The relations that are no views: periods, areas, tables of the lake.
    fn made_here(
        &self,
        context: &SessionContext,
        name: &str,
        frame: QueryScope<'_>,
    ) -> Result<Option<Arc<dyn TableProvider>>, EngineError> {
        let divisions = &self.edition.dimensions.divisions;
        let made = match name {
            "periods" => Some(periods_table(frame.scope, divisions)?),
            "calendar" => Some(calendar_table(frame.scope, divisions)?),
            "sub_periods" => Some(sub_periods_table(frame.scope)?),
            Kpi::AREAS => frame.question.map(|(query, _)| areas_of_question(query)).transpose()?,
            other => match other.strip_prefix("areas_").and_then(|by| by.parse::<By>().ok()) {
                Some(by) => {
                    let areas = areas_of(by, frame.scope, &self.edition.dimensions);
                    // No filter here: `areas_<kind>` are all areas of a kind, `areas` those of the question.
                    Some(areas_table(frame.scope, &areas, |_, _, _| true)?)
                }
                None => None,
            },
        };
        match made {
            Some(batch) => Ok(Some(Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?))),
            None => self.edition.table(context, name, frame.solution),
        }
    }

    /// A view's text with its parameters, its rows passed through a function when it names one.
    async fn plan_view(
        &self,
        context: &SessionContext,
        view: &View,
        frame: QueryScope<'_>,
    ) -> Result<Arc<dyn TableProvider>, EngineError> {
        let planned = plan_query(context, &view.sql).await;
        // The backtrace differs from build to build, and does not help whoever wrote the view.
        let mut rows = planned.map_err(|error| EngineError::of_query(&view.path, error.strip_backtrace()))?;
        if let Some((_, bound)) = frame.question.filter(|_| !view.params.is_empty()) {
            let used = bound.params.iter().filter(|(name, _)| view.params.contains(name));
            rows = rows.with_param_values(values(used))?;
        }
        let (Some(function), Some((query, _))) = (&view.table_function, frame.question) else {
            return Ok(rows.into_view());
        };
        // The rows are few, and a function over series needs all of them at once.
        let made = crate::forecast::apply(function, &rows.collect().await?, query)
            .map_err(|error| EngineError::of_query(&view.path, error.to_string()))?;
        Ok(Arc::new(MemTable::try_new(made.schema(), vec![vec![made]])?))
    }

    /// A kept relation, for the periods of a question.
    async fn stored(
        &self,
        view: &View,
        frame: QueryScope<'_>,
    ) -> Result<Arc<dyn TableProvider>, EngineError> {
        let mut parts: BTreeMap<Option<String>, Vec<RecordBatch>> = BTreeMap::new();
        let mut schema = None;
        for relation in self.relations(view, frame.scope, frame.solution).await? {
            for (solution, rows) in &relation.parts {
                parts.entry(solution.clone()).or_default().push(rows.clone());
            }
            schema.get_or_insert(Arc::clone(&relation.schema));
        }
        let schema = schema.unwrap_or_else(|| Arc::new(Schema::empty()));
        Ok(Arc::new(StoredTable::new(schema, parts)))
    }

    /// A view's rows of each period of a scope, kept or computed; those that are not kept are computed together.
    pub(crate) async fn relations(
        &self,
        view: &View,
        scope: &Scope,
        solution: Option<&str>,
    ) -> Result<Vec<Arc<Relation>>, EngineError> {
        let solution = solution.filter(|_| has_solutions(view));
        let family = FamilyKey {
            edition: self.edition.id,
            catalogue: self.catalogue.id(),
            view: view.name.clone(),
            // No periods: relations of other spans then share what they have in common.
            mapping: Scope { periods: Arc::default(), ..scope.clone() },
            solution: solution.map(str::to_owned),
        };
        let at_once = self.periods_at_once(view, scope, solution);
        let compute = |missing: Vec<Period>| async move {
            let mut relations = Vec::with_capacity(missing.len());
            for periods in missing.chunks(at_once) {
                let scope = Scope { periods: periods.into(), ..scope.clone() };
                relations.extend(self.compute(view, &scope, solution).await?);
            }
            Ok(relations)
        };
        self.kept.relations(&family, &scope.periods, compute).await
    }

    /// The rows of a view in each period of a scope, by one query.
    async fn compute(
        &self,
        view: &View,
        scope: &Scope,
        solution: Option<&str>,
    ) -> Result<Vec<Relation>, EngineError> {
        let started = Instant::now();
        let context = self.edition.session();
        // No question: what is kept must not depend on one.
        let frame = QueryScope { scope, solution, question: None };
        self.register_all(&context, &view.reads, frame).await?;
        let planned = plan_query(&context, &view.sql).await;
        let rows = planned.map_err(|error| EngineError::of_query(&view.path, error.strip_backtrace()))?;
        let schema = Arc::new(rows.schema().as_arrow().clone());
        let starts: Vec<i32> = scope.starts().into_iter().map(epoch_days).collect();
        let rows = rows.collect().await?;
        let relations = match view.timeless {
            true => vec![Relation::timeless(&schema, &rows)?],
            false => Relation::of_periods(&schema, &rows, &starts)?,
        };
        let (view, periods) = (view.name.as_str(), starts.len());
        let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(view, periods, solution, ms, "a shared relation was computed");
        Ok(relations)
    }

    /// Registers the views a KPI reads once more as they were a year before each period, in the period's own borders: a
    /// municipality is then compared with its own territory, whatever its code was. `periods.year_ago` leads to them.
    pub(crate) async fn register_year_ago(
        &self,
        context: &SessionContext,
        kpi: &Kpi,
        frame: QueryScope<'_>,
    ) -> Result<(), EngineError> {
        let scope = Scope { year_ago: true, ..frame.scope.clone() };
        let then = QueryScope { scope: &scope, ..frame };
        for name in &kpi.reads {
            let Some(view) = self.catalogue.view(name) else { continue };
            if !view.kept {
                let why = format!("the view `{name}` depends on the question and has no rows of a year ago");
                return Err(EngineError::of_query(&kpi.path, why));
            }
            let provider = self.stored(view, then).await?;
            context.register_table(format!("{name}{}", Lookback::YEAR_AGO), provider)?;
        }
        Ok(())
    }
}
