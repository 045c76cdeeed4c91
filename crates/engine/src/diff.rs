//! What changed a KPI between two editions, and by how much: the KPI is asked of the first edition, then of mixtures of
//! the two in which step by step one group of tables is exchanged, and last of the second edition. The differences of
//! answers that follow one another are the parts, so that they sum to the change whatever the KPI does.

mod cause;
mod decomposition;
mod facts;
mod receipts;
mod rows;
mod split;

use std::sync::Arc;

use chrono::NaiveDate;
use futures::future::BoxFuture;
use utbredt_answer::diff::{Cause, DiffAnswer, DiffMeta};
use utbredt_kpi::{AsOf, Catalogue, KpiRequest, RequestError};
use utbredt_lake::Edition;

use self::decomposition::Decomposition;
use self::receipts::Receipts;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::question::due::periods;
use crate::question::periods::last_day;

/// A question about two editions.
#[derive(Debug, Clone)]
pub struct DiffRequest {
    /// What is asked of both; its `as_of` does not count.
    pub request: KpiRequest,
    /// The older edition.
    pub before: AsOf,
    /// The newer one.
    pub after: AsOf,
    /// Whether rows that did not change are listed as well.
    pub all: bool,
    /// The query files as they were before, as [`Engine::open`] takes them; those in hand when absent.
    pub files_before: Option<Vec<(String, String)>>,
}

impl DiffRequest {
    /// What changed from one edition to another, by the definitions in hand.
    #[must_use]
    pub const fn new(request: KpiRequest, before: AsOf, after: AsOf) -> Self {
        Self { request, before, after, all: false, files_before: None }
    }
}

impl Engine {
    /// What changed a KPI between two editions, each change split by cause. Both editions are asked about
    /// the same periods: those asked for, or the KPI's own window before the newer edition.
    pub fn diff(&self, request: DiffRequest) -> BoxFuture<'static, Result<DiffAnswer, EngineError>> {
        let engine = self.clone();
        Box::pin(async move { engine.compare(request).await })
    }

    async fn compare(&self, request: DiffRequest) -> Result<DiffAnswer, EngineError> {
        let (before, after) = (self.edition_named(request.before)?, self.edition_named(request.after)?);
        if before.number > after.number {
            return Err(RequestError::invalid(
                "invalid_value",
                format!("edition {} was made after edition {}", before.number, after.number),
                "name the older edition first",
            )
            .into());
        }
        let catalogue_before = request.files_before.map(Catalogue::load).transpose();
        let catalogue_before = catalogue_before.map_err(EngineError::Catalogue)?;
        let kpi = self.catalogue().kpi(&request.request.kpi)?;
        // Checked before an edition is opened: a wrong parameter should not cost the reading of tables.
        kpi.bind_request(&request.request.params)?;
        let mut question = request.request;
        if kpi.one_solution().is_some_and(|param| is_list(question.params.get(&param.name))) {
            return Err(RequestError::invalid(
                "invalid_parameter",
                "a change is split by cause for one solution at a time",
                "name one solution",
            )
            .into());
        }
        let opened_before = self.open_to_read(Arc::clone(&before), &kpi.tables).await?;
        let opened_after = self.open_to_read(Arc::clone(&after), &kpi.tables).await?;
        let periods = periods(&opened_after, kpi, &question).await?;
        // Said outright, since the definition of before may have another granularity.
        question.granularity = Some(question.granularity.unwrap_or(kpi.granularity));
        let decomposition = Decomposition {
            engine: self,
            request: &question,
            periods: &periods,
            catalogue_before: catalogue_before.as_ref().unwrap_or_else(|| self.catalogue()),
            other_texts: catalogue_before.is_some(),
            receipts: Receipts::read(&self.lake, &opened_before, &opened_after).await?,
            before: opened_before,
            after: opened_after,
        };
        let snapshots = decomposition.snapshots().await?;
        let mut rows = rows::rows(&snapshots);
        let compared = rows.len();
        rows.retain(|row| request.all || row.changed());
        let batch = rows::batch(question.by, &rows, &snapshots)?;
        let corrections = decomposition.receipts.added.iter().filter(|(_, replaces)| **replaces);
        let corrections: Vec<String> = corrections.map(|(id, _)| id.clone()).collect();
        let meta = DiffMeta {
            kpi_id: kpi.id.clone(),
            title: kpi.title.clone(),
            unit: kpi.unit.to_string(),
            version_before: decomposition.catalogue_before.get(&kpi.id).ok().map(|kpi| kpi.version),
            version_after: kpi.version,
            before: before.number,
            recorded_before: before.recorded_at,
            after: after.number,
            recorded_after: after.recorded_at,
            from: periods.first().map_or_else(NaiveDate::default, |period| period.start),
            to: periods.last().map_or_else(NaiveDate::default, last_day),
            compared,
            rows: rows.len(),
            causes: Cause::ALL
                .map(|cause| (cause, rows.iter().filter(|row| row.causes.contains(&cause)).count()))
                .into(),
            tables: Cause::ALL.map(|cause| (cause, cause::changed(cause, &before, &after))).into(),
            superseded: decomposition.receipts.removed.iter().cloned().collect(),
            deliveries: decomposition.receipts.added.len() - corrections.len(),
            corrections,
            synthetic: snapshots.iter().any(|cells| cells.synthetic),
            request: question.clone(),
        };
        Ok(DiffAnswer { schema: batch.schema(), batches: vec![batch], meta })
    }

    /// An edition asked for by number that is not there is a wrong name, and its neighbour the nearest.
    fn edition_named(&self, as_of: AsOf) -> Result<Arc<Edition>, EngineError> {
        self.edition_of(as_of).map_err(|error| match (as_of, error) {
            (AsOf::Edition(number), EngineError::Request(RequestError::Invalid { hint, .. })) => {
                RequestError::Unknown {
                    kind: "edition",
                    name: number.to_string(),
                    nearest: Some(number.clamp(1, self.edition().number).to_string()),
                    hint,
                }
                .into()
            }
            (_, other) => other,
        })
    }
}

/// Whether a parameter names several solutions.
fn is_list(text: Option<&String>) -> bool {
    text.is_some_and(|text| text == "*" || text.contains(','))
}
