//! What a delivery would take out of force without reporting it again. A file that was cut, an export that holds another
//! month under the same name, a history that shrank: each reads like any delivery, and only what is not in it says so.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::RecordBatch;
use serde_json::{Value, json};
use utbredt_model::{CellState, Period};

use crate::IngestError;
use crate::columns::day_of;
use crate::facts::{event_rows, usage_rows};

/// Periods, municipalities and cells that are listed, of each so many.
const MAX_LISTED: usize = 20;

/// What is named in a reason, which is a sentence.
const MAX_NAMED: usize = 3;

/// What would be lost, counted and by example.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Loss {
    /// Cells that are active now and not reported again: a measure of a municipality or organisation in a period, or that a
    /// municipality is on a list of stages.
    pub cells: usize,
    /// Cells that the delivery takes the place of.
    pub of: usize,
    /// The periods of the lost cells, the earliest first.
    pub periods: Vec<String>,
    /// The municipalities of the lost cells, by code.
    pub municipalities: Vec<String>,
    /// The first of them: solution, measure or `stage`, municipality and period.
    pub examples: Vec<String>,
}

impl Loss {
    /// The loss as a reason to hold the delivery, with the ways out. One that replaces its own span has declared it.
    pub(crate) fn reason(&self, own_span: bool) -> String {
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
        text.push_str(if own_span {
            ". A delivery that replaces its own span reports all of it: deliver it whole"
        } else {
            ". A file about something else is delivered under its own subject (`--subject`); an export that \
             replaces its own span only has `replaces = \"own_span\"` in its contract"
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

/// What tells one reported cell from another. The division follows from the code and the period.
type Cell<'b> = (&'b str, &'b str, i32, i32, &'b str, Option<&'b str>);

/// The cells of some usage, in order, with what was reported of them.
fn reported(usage: &RecordBatch) -> Result<BTreeMap<Cell<'_>, &str>, IngestError> {
    let rows = usage_rows(usage)?.into_iter();
    let cells = rows
        .map(|row| ((row.solution, row.measure, row.start, row.end, row.code, row.organisation), row.state));
    Ok(cells.collect())
}

/// What is in facts that leave and not in those that come; `None` when everything is reported again. A cell of which
/// nothing but its absence was known is no loss.
pub(crate) fn loss(
    leaving: (&RecordBatch, &RecordBatch),
    coming: (&RecordBatch, &RecordBatch),
) -> Result<Option<Loss>, IngestError> {
    let (before, now) = (reported(leaving.0)?, reported(coming.0)?);
    let mut loss = Loss::default();
    let (mut periods, mut municipalities) = (BTreeSet::new(), BTreeSet::new());
    for (cell, state) in &before {
        if *state == CellState::Missing.as_str() {
            continue;
        }
        loss.of += 1;
        if now.contains_key(cell) {
            continue;
        }
        let (solution, measure, start, end, code, organisation) = *cell;
        periods.insert((start, end));
        municipalities.insert(code.to_owned());
        loss.cells += 1;
        if loss.examples.len() < MAX_LISTED {
            let owner = organisation.map_or(String::new(), |number| format!(" {number}"));
            loss.examples.push(format!("{solution} {measure} {code}{owner} {}", period(start, end)));
        }
    }
    let (events, events_now) = (event_rows(leaving.1)?, event_rows(coming.1)?);
    // A list says how things are: a municipality whose day or stage was corrected is still on it.
    let named: BTreeSet<_> = events_now.iter().map(|row| (row.solution, row.code)).collect();
    for (solution, code) in events.iter().map(|row| (row.solution, row.code)).collect::<BTreeSet<_>>() {
        loss.of += 1;
        if named.contains(&(solution, code)) {
            continue;
        }
        municipalities.insert(code.to_owned());
        loss.cells += 1;
        if loss.examples.len() < MAX_LISTED {
            loss.examples.push(format!("{solution} stage {code}"));
        }
    }
    loss.periods = periods.into_iter().map(|(start, end)| period(start, end)).collect();
    loss.municipalities = municipalities.into_iter().collect();
    Ok((loss.cells > 0).then_some(loss))
}

fn period(start: i32, end: i32) -> String {
    Period { start: day_of(start), end: day_of(end) }.to_string()
}
