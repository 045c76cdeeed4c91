//! Where cells belong: the areas and periods that are rows of the answer, and the cells of each.

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type};
use utbredt_kpi::RollupKind;

use super::groups::Placed;
use super::periods::epoch_days;
use super::resolve::ResolvedQuery;
use crate::edition::areas::Area;
use crate::error::EngineError;

/// An area in a period: a row of the answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    /// The place of its period among those seen.
    pub(super) period: usize,
    /// The place of its area among the period's.
    pub(super) area: usize,
}

/// The groups that have cells, in the order of period and area, and the cells of each.
#[derive(Debug)]
pub(super) struct Groups {
    pub(super) all: Vec<Group>,
    pub(super) placed: Vec<Placed>,
}

impl Groups {
    /// Finds the group of every cell that the filter chooses.
    pub(super) fn place(query: &ResolvedQuery<'_>, cells: &RecordBatch) -> Result<Self, EngineError> {
        let starts = cast(cells.column(0), &DataType::Date32)?;
        let starts = starts.as_primitive::<Date32Type>();
        let keys = cast(cells.column(1), &DataType::Utf8)?;
        let keys = keys.as_string::<i32>();
        let days: Vec<i32> = query.scope.starts().into_iter().map(epoch_days).collect();
        let mut number_of: Vec<Vec<Option<usize>>> =
            query.areas.iter().map(|areas| vec![None; areas.areas.len()]).collect();
        let mut found: Vec<(usize, Group)> = Vec::with_capacity(cells.num_rows());
        for row in 0..cells.num_rows() {
            // A KPI's text is free to select other periods; their rows belong to no group.
            let Ok(period) = days.binary_search(&starts.value(row)) else { continue };
            for area in query.areas_of_row(period, keys.value(row)) {
                // Only marked here: numbers are given below, in the order of period and area.
                number_of[period][area] = Some(0);
                found.push((row, Group { period, area }));
            }
        }
        let mut all = Vec::new();
        for (period, areas) in number_of.iter_mut().enumerate() {
            for (area, number) in areas.iter_mut().enumerate().filter(|(_, number)| number.is_some()) {
                *number = Some(all.len());
                all.push(Group { period, area });
            }
        }
        let mut placed = Vec::with_capacity(found.len());
        for (row, group) in found {
            let number = number_of[group.period][group.area].unwrap_or_default();
            placed.push(Placed { row, group: number });
        }
        Ok(Self { all, placed })
    }
}

impl ResolvedQuery<'_> {
    /// The area of a group.
    pub(super) fn area_of(&self, group: &Group) -> &Area {
        &self.areas[group.period].areas[group.area]
    }

    /// Whether an area has municipalities that the filter chooses.
    pub(super) fn shows_area(&self, period: usize, area: usize) -> bool {
        let (areas, by) = (&self.areas[period], self.request.by);
        let code = areas.areas[area].code.as_str();
        self.chosen.as_ref().is_none_or(|chosen| {
            let mut members = areas.pairs().filter(|(_, of)| of.code == code);
            chosen.shows(by, code) && members.any(|(municipality, _)| chosen.holds(period, municipality))
        })
    }

    /// Whether the filter leaves out municipalities of an area.
    pub(super) fn is_cut(&self, period: usize, area: usize) -> bool {
        let areas = &self.areas[period];
        self.chosen.as_ref().is_some_and(|chosen| {
            let code = areas.areas[area].code.as_str();
            let mut members = areas.pairs().filter(|(_, of)| of.code == code);
            members.any(|(municipality, _)| !chosen.holds(period, municipality))
        })
    }

    /// The areas a row of cells is added to: those of its municipality, or the one it is about itself.
    fn areas_of_row(&self, period: usize, key: &str) -> Vec<usize> {
        let areas = &self.areas[period];
        if self.kpi.rollup.kind == RollupKind::Area {
            // A KPI that makes rows of areas has the area's code as its key, not a municipality's.
            return areas.areas.binary_search_by(|area| area.code.as_str().cmp(key)).into_iter().collect();
        }
        let places = areas.of(key);
        match &self.chosen {
            None => places.to_vec(),
            Some(chosen) if !chosen.holds(period, key) => Vec::new(),
            Some(chosen) => {
                let by = self.request.by;
                let shown = places.iter().filter(|place| chosen.shows(by, &areas.areas[**place].code));
                shown.copied().collect()
            }
        }
    }
}
