//! A dry run of a delivery: the same parsing, the same checks, the same comparison with what is active, and nothing
//! written.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::RecordBatch;
use utbredt_lake::Lake;
use utbredt_model::Rejection;
use utbredt_sources::delimited::Known;

use crate::audit_tables::Tables;
use crate::columns::{self, text};
use crate::commit::{Content, Submission, dry_run};
use crate::format::Format;
use crate::reference_data::{ReferenceData, of_tables};
use crate::{Delivery, Files, IngestError, Report, reference};

/// What would become of a delivery.
#[derive(Debug, Clone)]
pub struct DryRun {
    /// As it would be after the delivery; its edition is the one that stands now.
    pub report: Report,
    /// The rows of `usage` it would bring.
    pub usage: RecordBatch,
    /// The rows of `rollout_events` it would bring.
    pub rollout_events: RecordBatch,
    /// The rows it would not, with the reasons.
    pub rejections: Vec<Rejection>,
}

/// What a delivery is checked against.
#[derive(Debug)]
pub enum DryRunContext {
    /// A lake: its places, its measures, and what was delivered before.
    Lake(Lake),
    /// Reference tables that are in no lake: nothing was delivered before.
    Tables(Tables),
}

impl DryRunContext {
    /// The reference tables made of the files below `datasets/`, given by path.
    ///
    /// # Errors
    /// [`IngestError::Reference`] when a file is missing or wrong.
    pub fn of_files(files: &Files) -> Result<Self, IngestError> {
        Ok(Self::Tables(reference::load(files)?))
    }

    /// Shows what would become of a delivery.
    ///
    /// # Errors
    /// [`IngestError`] when the lake is not ready or cannot be read, or the contract is another source's.
    pub fn dry_run(&self, format: &dyn Format, delivery: &Delivery) -> Result<DryRun, IngestError> {
        let (lake, reference_data) = match self {
            Self::Lake(lake) => (Some(lake), ReferenceData::of_lake(lake, lake.latest()?.as_ref())?),
            Self::Tables(tables) => (None, ReferenceData::of_tables(tables)?),
        };
        let (report, conformed) =
            dry_run(lake, &reference_data, Submission::of(delivery, Content::Facts(format)))?;
        Ok(DryRun {
            report,
            usage: conformed.usage,
            rollout_events: conformed.events,
            rejections: conformed.rejections,
        })
    }

    /// The names a file may use for what is known.
    ///
    /// # Errors
    /// [`IngestError`] when a table cannot be read.
    pub fn known(&self) -> Result<Known, IngestError> {
        let solutions = self.table("solutions")?;
        let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for column in ["name_nb", "name_nn", "name_en"] {
            collect(&mut names, &solutions, ("solution_id", column))?;
        }
        let mut units = BTreeMap::new();
        collect(&mut units, &self.table("measures")?, ("measure_id", "unit"))?;
        let municipalities = self.table("municipalities")?;
        let codes = text(&municipalities, "municipality_code")?;
        Ok(Known {
            solutions: names,
            measures: units,
            municipalities: codes.into_iter().flatten().map(str::to_owned).collect(),
        })
    }

    fn table(&self, name: &'static str) -> Result<RecordBatch, IngestError> {
        match self {
            Self::Lake(lake) => columns::read(lake, lake.latest()?.as_ref(), name),
            Self::Tables(tables) => of_tables(tables, name),
        }
    }
}

/// Adds, for each key of a table, what another column has for it.
fn collect(
    into: &mut BTreeMap<String, BTreeSet<String>>,
    batch: &RecordBatch,
    (key, value): (&str, &str),
) -> Result<(), IngestError> {
    for (key, value) in text(batch, key)?.into_iter().zip(text(batch, value)?) {
        let values = into.entry(key.unwrap_or_default().to_owned()).or_default();
        values.insert(value.unwrap_or_default().to_owned());
    }
    Ok(())
}
