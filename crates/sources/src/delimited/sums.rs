//! Rows that are added up where a contract says `sum_over`: a sum that lacks a part is too small a number, and is none.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use utbredt_model::{MeasureId, Observation, ObservedFact, Reason, ReasonCode, SolutionId, SumPart};

use super::adds_some;
use super::adds_up::{self, Added};
use super::contract::ValueRules;
use super::mapper::Key;
use super::part_breaches;
use super::parts::{MAX_NAMED, Part, Parts, Place, TotalWord, Why, as_written, totals};
use super::series::show;

/// What a part means that a sum has no row of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AbsentParts {
    /// It is not known, and the sum is left out.
    #[default]
    Missing,
    /// Nought: the source writes no rows of nought.
    Zero,
}

/// A part as a row has it.
#[derive(Debug, Clone, Copy)]
struct OfRow {
    row: u64,
    written: u64,
    value: Option<i64>,
}

/// The parts of the sums of a delivery.
#[derive(Debug)]
pub(super) struct Sums<'c> {
    /// The columns that are added over.
    columns: &'c [String],
    absent: AbsentParts,
    /// What parts there are, of each solution and measure.
    known: HashMap<(SolutionId, MeasureId), Parts>,
    /// Each part that was added, by the observation it was added to.
    added: HashMap<(usize, usize), OfRow>,
    /// Sums of which a part was refused, and its row.
    refused: Vec<(Key, u64)>,
    /// Sums with a row whose part is blank, and that row.
    blank: HashMap<Key, u64>,
    /// The first row that was refused before it was known which sum it is a part of.
    lost: Option<u64>,
    /// The first two rows of one sum whose parts differ in case or blanks only.
    alike: Option<(u64, u64)>,
}

impl<'c> Sums<'c> {
    /// What a contract adds up; `None` where it adds nothing.
    pub(super) fn new(rules: &'c ValueRules) -> Option<Self> {
        (!rules.sum_over.is_empty()).then(|| Self {
            columns: &rules.sum_over,
            absent: rules.absent_parts,
            known: HashMap::new(),
            added: HashMap::new(),
            refused: Vec::new(),
            blank: HashMap::new(),
            lost: None,
            alike: None,
        })
    }

    /// Every part that a row has, by solution and measure.
    pub(super) fn named(&self) -> impl Iterator<Item = SumPart> {
        self.known.iter().flat_map(|((solution_id, measure_id), parts)| {
            parts.all.iter().map(|(part, _)| SumPart {
                solution_id: solution_id.clone(),
                measure_id: measure_id.clone(),
                name: part.named(self.columns),
            })
        })
    }

    /// The place of a part among those of its measure. A part that is refused later has one too: it was seen.
    pub(super) fn place(&mut self, key: &Key, part: &Part, row: u64) -> Place {
        let (_, solution, measure, _) = key;
        let known = self.known.entry((solution.clone(), measure.clone())).or_default();
        known.place(part, row)
    }

    /// Notes a part; gives the row that has the same part already.
    pub(super) fn add(&mut self, at: usize, place: Place, row: u64, value: Option<i64>) -> Option<u64> {
        let own = OfRow { row, written: place.written, value };
        let OfRow { row: first, written, .. } = *self.added.entry((at, place.part)).or_insert(own);
        if first == row {
            return None;
        }
        if written != place.written {
            self.alike.get_or_insert((first, row));
        }
        Some(first)
    }

    /// Takes out a part that was noted and could not be added.
    pub(super) fn take_out(&mut self, at: usize, place: Place) {
        self.added.remove(&(at, place.part));
    }

    /// Notes a part that was refused.
    pub(super) fn refuse(&mut self, key: Key, row: u64) {
        self.refused.push((key, row));
    }

    /// Notes a row whose part is blank, which leaves its sums out; gives the row's reason. Two of one sum contradict each
    /// other, as two rows of any part do.
    pub(super) fn refuse_blank(&mut self, keys: impl Iterator<Item = Key>, why: Reason, row: u64) -> Reason {
        let mut reason = why;
        for key in keys {
            if let Some(first) = self.blank.get(&key) {
                let text = format!("contradicts row {first}: {}", reason.text);
                reason = Reason::new(ReasonCode::Contradiction, text);
                break;
            }
            self.blank.insert(key.clone(), row);
            self.refused.push((key, row));
        }
        reason
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

    /// Why a sum is left out that has no row of a part which others have.
    pub(super) fn lacks(&self, key: &Key, at: usize) -> Option<Reason> {
        let (subject, solution, measure, period) = key;
        if self.absent == AbsentParts::Zero {
            return None;
        }
        let parts = self.known.get(&(solution.clone(), measure.clone()))?.all.iter().enumerate();
        let absent = parts.filter(|(place, _)| !self.added.contains_key(&(at, *place)));
        let named: Vec<String> = absent.take(MAX_NAMED).map(|(_, (part, _))| part.shown()).collect();
        if named.is_empty() {
            return None;
        }
        let text = format!(
            "left out: the sum of {} in {period} has no row of {}, which others have; deliver it, or declare \
             `absent_parts = \"zero\"` in [value] if the source writes no rows of nought",
            show(subject),
            named.join(", ")
        );
        Some(Reason::new(ReasonCode::PartMissing, text))
    }

    /// The rows that were added to some observations.
    pub(super) fn rows_of(&self, taken_back: impl Fn(usize) -> bool) -> impl Iterator<Item = (usize, u64)> {
        let added = self.added.iter().filter(move |((at, _), _)| taken_back(*at));
        added.map(|((at, _), part)| (*at, part.row))
    }

    /// The words of each column that add up the others, by their names or by the numbers of the observations.
    fn totals(&self, observations: &[Observation]) -> Vec<Vec<TotalWord>> {
        let measures: Vec<&Parts> = self.known.values().collect();
        let mut of_measures: HashMap<(&SolutionId, &MeasureId), Vec<Added<'_>>> = HashMap::new();
        for ((at, place), own) in &self.added {
            let Some(Observation { subject, fact, .. }) = observations.get(*at) else { continue };
            let ObservedFact::Usage { solution_id, measure_id, .. } = fact else { continue };
            let parts = self.known.get(&(solution_id.clone(), measure_id.clone()));
            let Some((part, _)) = parts.and_then(|parts| parts.all.get(*place)) else { continue };
            let added = Added { sum: *at, subject, part, value: own.value };
            of_measures.entry((solution_id, measure_id)).or_default().push(added);
        }
        let mut found = Vec::new();
        let (zero, mut steps) = (self.absent == AbsentParts::Zero, adds_some::MAX_STEPS);
        for column in 0..self.columns.len() {
            let mut words = totals(column, &measures);
            for added in of_measures.values() {
                let all = adds_up::words(column, added, zero).into_iter();
                words.extend(all.map(|(word, sums)| TotalWord { word, why: Why::AllOthers(sums) }));
                let some = adds_some::words(column, added, zero, &mut steps).into_iter();
                words.extend(
                    some.map(|own| TotalWord { word: own.word, why: Why::OfSome(own.parts, own.sums) }),
                );
            }
            // One reason for each word.
            words.sort();
            words.dedup_by(|next, first| next.word == first.word);
            found.push(words);
        }
        found
    }

    /// The words of a column, as they are written, that add up others, but for those that say so beside the names of all others.
    pub(super) fn totals_by_numbers(&self, column: usize, observations: &[Observation]) -> Vec<String> {
        let measures: Vec<&Parts> = self.known.values().collect();
        let found = self.totals(observations).into_iter().nth(column).unwrap_or_default();
        let by_numbers = found.into_iter().filter(|total| total.why != Why::Name);
        by_numbers.filter_map(|total| as_written(column, &measures, &total.word)).collect()
    }

    /// Why the delivery is held.
    pub(super) fn breaches(&self, observations: &[Observation]) -> Vec<String> {
        let measures: Vec<&Parts> = self.known.values().collect();
        let found = self.totals(observations);
        let columns = self.columns.iter().zip(&found).enumerate();
        let mut breaches: Vec<String> = columns
            .flat_map(|(at, (name, words))| part_breaches::breaches(at, name, &measures, words))
            .collect();
        // The row may be a part of any sum.
        breaches.extend(self.lost.map(|row| {
            format!("row {row} was refused, and the contract adds rows (`sum_over`): which sum lacks it is not known")
        }));
        breaches.extend(self.alike.map(|(first, second)| {
            format!(
                "rows {first} and {second} are the same part of one sum but for case or blanks (`{}`): write one part one \
                 way, and once",
                self.columns.join("`, `")
            )
        }));
        breaches
    }
}
