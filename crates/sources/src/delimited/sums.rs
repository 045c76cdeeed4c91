//! Rows that are added up where a contract says `sum_over`: a sum that lacks a part is too small a number, and is none.

use std::collections::HashMap;

use utbredt_model::{Reason, ReasonCode};

use super::mapper::Key;
use super::series::show;

/// The parts of the sums of a delivery.
#[derive(Debug, Default)]
pub(super) struct Sums {
    /// The row of each part that was added, by the observation it was added to.
    parts: HashMap<(usize, u64), u64>,
    /// Sums of which a part was refused, and its row.
    refused: Vec<(Key, u64)>,
    /// The first row that was refused before it was known which sum it is a part of.
    lost: Option<u64>,
}

impl Sums {
    /// Notes a part; gives the row that has the same part already.
    pub(super) fn add(&mut self, at: usize, part: u64, row: u64) -> Option<u64> {
        let first = *self.parts.entry((at, part)).or_insert(row);
        (first != row).then_some(first)
    }

    /// Takes out a part that was noted and could not be added.
    pub(super) fn take_out(&mut self, at: usize, part: u64) {
        self.parts.remove(&(at, part));
    }

    /// Notes a part that was refused.
    pub(super) fn refuse(&mut self, key: Key, row: u64) {
        self.refused.push((key, row));
    }

    /// Notes a row that was refused as a whole, unless it is no part of a sum: a total, or of no municipality.
    pub(super) fn refuse_row(&mut self, row: u64, reason: &Reason) {
        let no_part =
            [ReasonCode::Excluded, ReasonCode::Placeholder, ReasonCode::InvalidCode, ReasonCode::InvalidId];
        if !no_part.contains(&reason.code) {
            self.lost.get_or_insert(row);
        }
    }

    /// The sums of which a part was refused, and why each is left out.
    pub(super) fn incomplete(&self) -> impl Iterator<Item = (&Key, Reason)> {
        self.refused.iter().map(|(key, row)| {
            let (subject, .., period) = key;
            let subject = show(subject);
            let text =
                format!("left out of the sum of {subject} in {period}: row {row}, a part of it, was refused");
            (key, Reason::new(ReasonCode::PartMissing, text))
        })
    }

    /// The rows that were added to some observations.
    pub(super) fn rows_of(&self, taken_back: impl Fn(usize) -> bool) -> impl Iterator<Item = (usize, u64)> {
        self.parts.iter().filter(move |((at, _), _)| taken_back(*at)).map(|((at, _), row)| (*at, *row))
    }

    /// Why the delivery is held: a row that was refused may be a part of any sum.
    pub(super) fn breach(&self) -> Option<String> {
        self.lost.map(|row| {
            format!("row {row} was refused, and the contract adds rows (`sum_over`): which sum lacks it is not known")
        })
    }
}
