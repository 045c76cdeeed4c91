//! A question with all that decides its rows: its periods and parameters, the KPI's cells, their roll-up to areas.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use chrono::NaiveDate;
use datafusion::common::ParamValues;
use datafusion::prelude::{DataFrame, SessionContext};
use utbredt_kpi::{Catalogue, Kpi, ParamValue};
use utbredt_model::{Granularity, Period};

use crate::error::EngineError;
use crate::read::{internal, query, texts};
use crate::request::{Borders, KpiRequest};
use crate::rollup;
use crate::session::{self, Divisions, Tables};

/// A question with all that decides its rows but the tables.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) kpi: &'a Kpi,
    pub(crate) bound: Vec<(String, ParamValue)>,
    pub(crate) request: &'a KpiRequest,
    pub(crate) periods: &'a [Period],
    pub(crate) day: NaiveDate,
}

impl Asked<'_> {
    /// A session in which every relation the KPI reads is laid over the tables, and the periods it sees.
    pub(crate) async fn prepare(
        &self,
        tables: &Tables,
    ) -> Result<(SessionContext, Vec<Period>), EngineError> {
        self.check_borders(&tables.divisions)?;
        let context = tables.session()?;
        crate::names::check(&context, &self.bound).await?;
        let seen = looking_back(self.kpi, self.request, self.periods);
        let frame = session::Frame {
            divisions: &tables.divisions,
            periods: &seen,
            request: self.request,
            day: self.day,
            bound: &self.bound,
            first: self.periods.first().map_or(self.day, |period| period.start),
            year_ago: false,
        };
        session::prepare(&context, tables, self.catalogue, &frame, self.kpi).await?;
        Ok((context, seen))
    }

    /// Before the oldest division the lake knows no borders: an answer in them would have no row.
    fn check_borders(&self, divisions: &Divisions) -> Result<(), EngineError> {
        let Some(oldest) = divisions.0.first() else { return Ok(()) };
        let wanted = match self.request.borders {
            Borders::On(day) => Some(day),
            Borders::Now => None,
            // The last day of a period decides its borders.
            Borders::Then => self.periods.first().and_then(|period| period.end.pred_opt()),
        };
        match wanted.filter(|day| day < oldest) {
            None => Ok(()),
            Some(day) => Err(EngineError::Invalid {
                what: format!("the borders of {day} are not known"),
                hint: format!(
                    "the oldest that are known are those of {oldest}; ask for later periods, or in the borders of a later day"
                ),
            }),
        }
    }

    /// The rows, from a session prepared for them.
    pub(crate) async fn rows(
        &self,
        context: &SessionContext,
    ) -> Result<(SchemaRef, Vec<RecordBatch>), EngineError> {
        let first = self.periods.first().map_or(self.day, |period| period.start);
        let (schema, batches) = roll_up(context, self.kpi, self.bound.clone(), self.request, first).await?;
        if batches.iter().all(|batch| batch.num_rows() == 0) {
            check_filter(context, self.request).await?;
        }
        Ok((schema, batches))
    }
}

/// The KPI of that id.
pub(crate) fn kpi_of<'a>(catalogue: &'a Catalogue, id: &str) -> Result<&'a Kpi, EngineError> {
    catalogue.get(id).map_err(|e| EngineError::Unknown {
        kind: "kpi",
        name: id.to_owned(),
        nearest: e.nearest,
        hint: "`utbredt kpi list` names them all".into(),
    })
}

/// Its parameters with the values given.
pub(crate) fn bind(
    kpi: &Kpi,
    given: &BTreeMap<String, String>,
) -> Result<Vec<(String, ParamValue)>, EngineError> {
    kpi.bind(given).map_err(|e| EngineError::Invalid {
        what: e.to_string(),
        hint: format!("`utbredt kpi show {}` names its parameters", kpi.id),
    })
}

pub(crate) fn load(files: Vec<(String, String)>) -> Result<Catalogue, EngineError> {
    Catalogue::load(files).map_err(|all| EngineError::Query {
        file: "queries".into(),
        why: all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    })
}

/// The periods asked for, or the KPI's window of complete periods before the edition's day.
pub(crate) fn periods(kpi: &Kpi, request: &KpiRequest, day: NaiveDate) -> Result<Vec<Period>, EngineError> {
    let granularity: Granularity = request.granularity.unwrap_or(kpi.granularity);
    let to = request.to.unwrap_or_else(|| granularity.floor(day));
    let from = request.from.unwrap_or_else(|| {
        let mut start = to;
        for _ in 0..kpi.window {
            start = granularity.floor(start.pred_opt().unwrap_or(start));
        }
        start
    });
    let periods = granularity.periods(from, to);
    if periods.is_empty() || periods.len() > 4000 {
        return Err(EngineError::Invalid {
            what: format!("from {from} to {to} is {} periods", periods.len()),
            hint: "`to` comes after `from`, and at most 4000 periods are answered at once".into(),
        });
    }
    Ok(periods)
}

/// The periods shown, and before them those the KPI compares with.
fn looking_back(kpi: &Kpi, request: &KpiRequest, periods: &[Period]) -> Vec<Period> {
    let granularity = request.granularity.unwrap_or(kpi.granularity);
    let mut seen = periods.to_vec();
    for _ in 0..kpi.lookback.periods() {
        let Some(before) = seen.first().and_then(|first| first.start.pred_opt()) else { break };
        seen.insert(0, Period::holding(before, granularity));
    }
    seen
}

/// A code that no row has is a wrong name, never an empty answer.
async fn check_filter(context: &SessionContext, request: &KpiRequest) -> Result<(), EngineError> {
    let Some((key, wanted)) = request.filter.iter().next() else { return Ok(()) };
    let text = format!("SELECT DISTINCT area_code FROM areas_{} ORDER BY area_code", request.by.as_str());
    let known = texts(context, &text).await?;
    let kind = request.by.as_str();
    Err(EngineError::Unknown {
        kind,
        name: wanted.clone(),
        nearest: crate::error::nearest(wanted, known.iter().map(String::as_str)),
        hint: format!("{key} is one of {} in these borders and periods", known.len()),
    })
}

/// The KPI's own text, planned and bound: a row for each municipality and period.
pub(crate) async fn cells(
    context: &SessionContext,
    kpi: &Kpi,
    bound: Vec<(String, ParamValue)>,
) -> Result<DataFrame, EngineError> {
    let wrong = |why: String| EngineError::Query { file: kpi.path.clone(), why };
    let cells = query(context, &kpi.sql).await.map_err(wrong)?;
    let values = bound.into_iter().map(|(name, value)| (name, session::scalar(&value))).collect::<Vec<_>>();
    let cells = if values.is_empty() {
        cells
    } else {
        cells.with_param_values(ParamValues::from(values)).map_err(|e| internal(&e))?
    };
    let columns: Vec<&str> = cells.schema().fields().iter().map(|f| f.name().as_str()).collect();
    if columns != kpi.expected_columns() {
        return Err(wrong(format!("it selects {columns:?} where {:?} is declared", kpi.expected_columns())));
    }
    Ok(cells)
}

async fn roll_up(
    context: &SessionContext,
    kpi: &Kpi,
    bound: Vec<(String, ParamValue)>,
    request: &KpiRequest,
    first: NaiveDate,
) -> Result<(SchemaRef, Vec<RecordBatch>), EngineError> {
    let cells = cells(context, kpi, bound).await?;
    context.register_table("cells", cells.into_view()).map_err(|e| internal(&e))?;
    let frame = query(context, &rollup::text(kpi, request, first)?).await.map_err(EngineError::Internal)?;
    let schema = Arc::new(frame.schema().as_arrow().clone());
    Ok((schema, frame.collect().await.map_err(|e| internal(&e))?))
}
