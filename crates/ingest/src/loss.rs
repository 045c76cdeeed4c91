//! What a delivery would take out of force without reporting it again. A file that was cut, an export that holds another
//! month under the same name, a history that shrank: each reads like any delivery, and only what is not in it says so.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::RecordBatch;
use serde_json::{Value, json};
use utbredt_model::{CellState, Period};

use crate::IngestError;
use crate::columns::day_of;
use crate::facts::{EventRow, event_rows, usage_rows};

/// Periods, municipalities and cells that are listed, of each so many.
const MAX_LISTED: usize = 20;

/// What is named in a reason, which is a sentence.
const MAX_NAMED: usize = 3;

/// What would be lost, counted and by example.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Loss {
    /// Cells that are active now and not reported again: a measure of a municipality or organisation in a period, or a stage
    /// that a municipality entered on a day.
    pub cells: usize,
    /// Cells that the delivery takes the place of.
    pub of: usize,
    /// The periods of the lost cells, the earliest first; of stages the day they were entered.
    pub periods: Vec<String>,
    /// The municipalities of the lost cells, by code.
    pub municipalities: Vec<String>,
    /// The first of them: solution, measure, municipality and period; or solution, `stage`, municipality, the stage and the
    /// day.
    pub examples: Vec<String>,
}

impl Loss {
    /// The loss as a reason to hold the delivery, with the ways out.
    pub(crate) fn reason(&self, way_out: WayOut) -> String {
        let (cells, of) = (self.cells, self.of);
        let places = self.municipalities.len();
        let municipalities = if places == 1 { "municipality" } else { "municipalities" };
        let mut text = format!(
            "takes {cells} of {of} cells out of force without reporting them again, in {places} {municipalities}"
        );
        if let (Some(first), Some(last)) = (self.periods.first(), self.periods.last()) {
            text.push_str(&if first == last { format!(", {first}") } else { format!(", {first} to {last}") });
        }
        let named = self.examples.iter().take(MAX_NAMED).map(String::as_str).collect::<Vec<_>>();
        text.push_str(&format!(": {}", named.join("; ")));
        match cells.saturating_sub(named.len()) {
            0 => {}
            more => text.push_str(&format!("; and {more} more")),
        }
        text.push_str(match way_out {
            WayOut::Whole => ". A delivery that replaces its own span reports all of it: deliver it whole",
            WayOut::Subject => {
                ". A file about something else is delivered under its own subject (`--subject`); an export that \
                 replaces its own span only has `replaces = \"own_span\"` in its contract"
            }
            WayOut::SecondContract => {
                ". The same file is active as another contract reads it: a second contract, which reads other \
                 columns of it, delivers it under a subject of its own (`--subject`); a corrected one reads all that \
                 the one before it read"
            }
        });
        text.push_str("; what is right as it is, a person releases (`utbredt held release`)");
        text
    }

    /// The loss for whoever reads JSON, of long lists the first and how many there are.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let first = |texts: &[String]| texts.iter().take(MAX_LISTED).cloned().collect::<Vec<_>>();
        json!({
            "cells": self.cells,
            "of": self.of,
            "periods": first(&self.periods),
            "periods_count": self.periods.len(),
            "municipalities": first(&self.municipalities),
            "municipalities_count": self.municipalities.len(),
            "examples": self.examples,
        })
    }
}

/// What can be done about a loss, other than to release it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum WayOut {
    /// Another subject, or a span declared.
    Subject,
    /// The whole span: that it replaces its own is declared.
    Whole,
    /// Another subject for another contract on the same file.
    SecondContract,
}

/// What tells one reported cell from another. The division follows from the code and the period.
type Cell<'b> = (&'b str, &'b str, i32, i32, &'b str, Option<&'b str>);

/// The cells of some usage, in order, with what was reported of them.
fn reported(usage: &RecordBatch) -> Result<BTreeMap<Cell<'_>, &str>, IngestError> {
    let rows = usage_rows(usage)?.into_iter();
    let cells = rows
        .map(|row| ((row.solution, row.measure, row.start, row.end, row.code, row.organisation), row.state));
    Ok(cells.collect())
}

/// What is in facts that leave and not in those that come; `None` when everything is reported again.
pub(crate) fn loss(
    leaving: (&RecordBatch, &RecordBatch),
    coming: (&RecordBatch, &RecordBatch),
) -> Result<Option<Loss>, IngestError> {
    let mut lost = Lost::default();
    lost.usage(leaving.0, coming.0)?;
    lost.events(leaving.1, coming.1)?;
    Ok(lost.finish())
}

/// What is lost, while it is counted.
#[derive(Default)]
pub(crate) struct Lost {
    loss: Loss,
    periods: BTreeSet<(i32, i32)>,
    municipalities: BTreeSet<String>,
}

impl Lost {
    fn add(&mut self, what: &str, code: &str, detail: &str, (start, end): (i32, i32)) {
        self.loss.cells += 1;
        self.periods.insert((start, end));
        self.municipalities.insert(code.to_owned());
        if self.loss.examples.len() < MAX_LISTED {
            self.loss.examples.push(format!("{what} {code}{detail} {}", period(start, end)));
        }
    }

    /// Cells of which nothing but their absence was known are no loss.
    pub(crate) fn usage(&mut self, leaving: &RecordBatch, coming: &RecordBatch) -> Result<(), IngestError> {
        // Most deliveries replace nothing, and the cells of a large one are many.
        if leaving.num_rows() == 0 {
            return Ok(());
        }
        let now = reported(coming)?;
        for (cell, state) in reported(leaving)? {
            if state == CellState::Missing.as_str() {
                continue;
            }
            self.loss.of += 1;
            if !now.contains_key(&cell) {
                let (solution, measure, start, end, code, organisation) = cell;
                let owner = organisation.map_or(String::new(), |number| format!(" {number}"));
                self.add(&format!("{solution} {measure}"), code, &owner, (start, end));
            }
        }
        Ok(())
    }

    /// A list that lacks one stage of a municipality changes who was live, just as one that lacks the municipality.
    pub(crate) fn events(&mut self, leaving: &RecordBatch, coming: &RecordBatch) -> Result<(), IngestError> {
        let (leaving, coming) = (event_rows(leaving)?, event_rows(coming)?);
        let (now, none) = (stages(&coming), Stages::new());
        for ((solution, code), before) in stages(&leaving) {
            self.loss.of += before.len();
            for (day, stage) in not_reported_again(&before, now.get(&(solution, code)).unwrap_or(&none)) {
                self.add(&format!("{solution} stage"), code, &format!(" {stage}"), (day, day + 1));
            }
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Option<Loss> {
        self.loss.periods = self.periods.into_iter().map(|(start, end)| period(start, end)).collect();
        self.loss.municipalities = self.municipalities.into_iter().collect();
        (self.loss.cells > 0).then_some(self.loss)
    }
}

/// The stages a municipality entered, each with its day.
type Stages<'b> = BTreeSet<(i32, &'b str)>;

/// By solution and municipality.
fn stages<'b>(events: &[EventRow<'b>]) -> BTreeMap<(&'b str, &'b str), Stages<'b>> {
    let mut stages: BTreeMap<_, Stages<'b>> = BTreeMap::new();
    for row in events {
        stages.entry((row.solution, row.code)).or_default().insert((row.valid_from, row.stage));
    }
    stages
}

/// The stages of one municipality that a list reported before and does not report now. A stage with another day, or a day with
/// another stage, is a correction; each stage reported now corrects one of those before at most.
fn not_reported_again<'b>(before: &Stages<'b>, now: &Stages<'b>) -> Vec<(i32, &'b str)> {
    let mut new: Stages<'b> = now.difference(before).copied().collect();
    let mut missing: Vec<_> = before.difference(now).copied().collect();
    missing.retain(|(_, stage)| !take(&mut new, |(_, other)| other == stage));
    missing.retain(|(day, _)| !take(&mut new, |(other, _)| other == day));
    missing
}

/// Takes out the first stage that fits; whether there was one.
fn take<'b>(stages: &mut Stages<'b>, fits: impl Fn(&(i32, &'b str)) -> bool) -> bool {
    let found = stages.iter().copied().find(fits);
    found.is_some_and(|found| stages.remove(&found))
}

fn period(start: i32, end: i32) -> String {
    Period { start: day_of(start), end: day_of(end) }.to_string()
}
