//! A delivery tried before it is made: the same reading, the same gates, the same comparison with what stands, and
//! nothing written.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::RecordBatch;
use polars::prelude::DataFrame;
use utbredt_lake::Lake;
use utbredt_model::Rejection;
use utbredt_sources::delimited::Known;

use crate::books::Tables;
use crate::bridge::{self, table, to_batch};
use crate::deliver::weigh;
use crate::world::{World, of_tables};
use crate::{Delivery, IngestError, Report, Source, reference};

/// What would become of a delivery.
#[derive(Debug, Clone)]
pub struct Trial {
    /// As it would be after the delivery; its edition is the one that stands now.
    pub report: Report,
    /// The rows of `usage` it would bring.
    pub usage: RecordBatch,
    /// The rows of `rollout_events` it would bring.
    pub rollout_events: RecordBatch,
    /// The rows it would not, with the reasons.
    pub rejections: Vec<Rejection>,
}

/// What a delivery is held against.
#[derive(Debug)]
pub enum Yardstick {
    /// A lake: its places, its measures, and what was delivered before.
    Lake(Lake),
    /// Reference tables that are in no lake: nothing was delivered before.
    Tables(Tables),
}

impl Yardstick {
    /// The reference tables made of the files below `datasets/`, given by path.
    ///
    /// # Errors
    /// [`IngestError::Reference`] when a file is missing or wrong.
    pub fn of_files(files: &[(String, Vec<u8>)]) -> Result<Self, IngestError> {
        Ok(Self::Tables(reference::load(files)?))
    }

    /// Tries a delivery.
    ///
    /// # Errors
    /// [`IngestError`] when the lake is not ready or cannot be read, or the contract is another source's.
    pub fn try_delivery(&self, source: &Source, delivery: &Delivery) -> Result<Trial, IngestError> {
        let (lake, world) = match self {
            Self::Lake(lake) => (Some(lake), World::of_lake(lake, lake.latest()?.as_ref())?),
            Self::Tables(tables) => (None, World::of_tables(tables)?),
        };
        let (report, conformed) = weigh(lake, &world, source, delivery)?;
        Ok(Trial {
            report,
            usage: to_batch(table("usage")?, &conformed.usage)?,
            rollout_events: to_batch(table("rollout_events")?, &conformed.events)?,
            rejections: conformed.rejections,
        })
    }

    /// The names a file may use for what is known.
    ///
    /// # Errors
    /// [`IngestError`] when a table cannot be read.
    pub fn known(&self) -> Result<Known, IngestError> {
        let solutions = self.table("solutions")?;
        let text = |frame: &DataFrame, name: &str| -> Result<Vec<String>, IngestError> {
            Ok(frame.column(name)?.str()?.iter().map(|text| text.unwrap_or_default().to_owned()).collect())
        };
        let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for column in ["name_nb", "name_nn", "name_en"] {
            for (id, name) in text(&solutions, "solution_id")?.into_iter().zip(text(&solutions, column)?) {
                names.entry(id).or_default().insert(name);
            }
        }
        let measures = self.table("measures")?;
        let mut counted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (id, unit) in text(&measures, "measure_id")?.into_iter().zip(text(&measures, "unit")?) {
            counted.entry(id).or_default().insert(unit);
        }
        let municipalities = text(&self.table("municipalities")?, "municipality_code")?;
        Ok(Known {
            solutions: names,
            measures: counted,
            municipalities: municipalities.into_iter().collect(),
        })
    }

    fn table(&self, name: &'static str) -> Result<DataFrame, IngestError> {
        match self {
            Self::Lake(lake) => bridge::read(lake, lake.latest()?.as_ref(), name),
            Self::Tables(tables) => of_tables(tables, name),
        }
    }
}
