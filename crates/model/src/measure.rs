//! Solutions and what is measured about them.

use serde::{Deserialize, Serialize};

use crate::{MeasureId, SolutionId};

/// A shared national solution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Solution {
    /// Its key.
    pub solution_id: SolutionId,
    /// Name in bokmål.
    pub name_nb: String,
    /// Name in nynorsk.
    pub name_nn: String,
    /// Name in English.
    pub name_en: String,
    /// The national owner.
    pub owner: String,
    /// The part of the municipality's work it serves.
    pub service_area: String,
}

/// How a measure behaves, which decides what may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeasureKind {
    /// Happens during a period: may be added over time.
    Flow,
    /// Stands at a moment: never added over time.
    Stock,
    /// A yes or no.
    Status,
    /// A ratio delivered without its parts (parts per million): never added at all.
    Share,
}

/// How a measure's values within one period become one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rollup {
    /// Added.
    Sum,
    /// The last one.
    Last,
    /// Their mean.
    Mean,
    /// Not at all.
    None,
}

/// Which end of its window a point's timestamp names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stamp {
    /// The window begins at the stamp.
    Start,
    /// The window ended at the stamp.
    End,
}

/// Who may see small numbers of a measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sensitivity {
    /// Facts about organisations; no persons behind.
    Open,
    /// Counts of persons; small cells are hidden from the public.
    SmallCell,
    /// For agreed readers only.
    Restricted,
}

/// Something counted about a solution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// Its key, unique within the solution.
    pub measure_id: MeasureId,
    /// The solution it belongs to.
    pub solution_id: SolutionId,
    /// What one of it is: `persons`, `messages`, `municipalities`.
    pub unit: String,
    /// Flow, stock, status or share.
    pub kind: MeasureKind,
    /// How it rolls up over time.
    pub rollup: Rollup,
    /// Which end of a window its stamps name.
    pub stamp: Stamp,
    /// Who may see small numbers.
    pub sensitivity: Sensitivity,
}
