//! Rollout events: a source's list of who joined and left becomes facts on codes that existed.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::error::ArrowError;
use chrono::NaiveDate;
use utbredt_lake::Table;
use utbredt_model::territory::Territory;
use utbredt_model::{ObservedFact, Parsed, Rejection, Stage, Subject};

use crate::bridge::day_number;

/// A statement about a municipality's absence from a list that must not be read as a withdrawal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The municipality.
    pub municipality_code: String,
    /// From this day.
    pub from: NaiveDate,
    /// What must be known.
    pub note: String,
}

/// Reads `rollout/digisos_notes.csv`: `municipality_code,from,to,note,source`.
#[must_use]
pub fn notes(bytes: &[u8]) -> Vec<Note> {
    let text = String::from_utf8_lossy(bytes);
    let note = |line: &str| {
        let mut fields = line.splitn(4, ',');
        let (code, from) = (fields.next()?, fields.next()?.parse().ok()?);
        let note = fields.nth(1)?.trim_start_matches('"').split('"').next()?;
        Some(Note { municipality_code: code.to_owned(), from, note: note.to_owned() })
    };
    text.lines().skip(1).filter_map(note).collect()
}

/// The facts and the rows refused.
#[derive(Debug)]
pub struct Conformed {
    /// Rows of `rollout_events`.
    pub events: RecordBatch,
    /// Rows of `rejections`.
    pub rejections: RecordBatch,
    /// How many rows were refused.
    pub refused: usize,
}

/// The rows of a list without a lake around them, for worlds that hold nothing else; `deliver` is the way in.
/// Resolves each code to the newest division on or before its day in which it existed: a code still listed
/// after its municipality merged speaks about the old one. A code that never existed is refused.
///
/// # Errors
/// Only when the rows do not make a table, which would be our own mistake.
pub fn conform(
    parsed: &Parsed,
    territory: &Territory,
    notes: &[Note],
    receipt: &str,
) -> Result<Conformed, ArrowError> {
    let mut refused: Vec<Rejection> = parsed.rejections.clone();
    let mut rows = Vec::new();
    let mut known: BTreeMap<&str, Vec<NaiveDate>> = BTreeMap::new();
    for (place, division) in territory.divisions().iter().enumerate() {
        for code in territory.parts().iter().filter_map(|part| part.codes.get(place)) {
            known.entry(code.as_str()).or_default().push(division.date);
        }
    }
    for observation in &parsed.observations {
        let ObservedFact::Rollout { solution_id, stage, valid_from, known_at } = &observation.fact else {
            continue;
        };
        let Subject::Municipality(code) = &observation.subject else { continue };
        let Some(divisions) = known.get(code.as_str()) else {
            let reason = format!("municipality code {code} does not exist in any division since 2017");
            refused.push(Rejection::new(observation.row, reason, code.as_str()));
            continue;
        };
        let division = divisions.iter().rev().find(|d| *d <= valid_from).or(divisions.first());
        let note = notes.iter().find(|n| {
            *stage == Stage::Paused && n.municipality_code == code.as_str() && n.from == *valid_from
        });
        let stage = if note.is_some() { Stage::InProduction } else { *stage };
        let division = division.copied().unwrap_or(*valid_from);
        rows.push((solution_id.as_str(), code.as_str(), division, stage, *valid_from, *known_at, note));
    }
    let text = |of: &dyn Fn(usize) -> Option<String>| -> ArrayRef {
        Arc::new((0..rows.len()).map(of).collect::<StringArray>())
    };
    let days = |of: &dyn Fn(usize) -> NaiveDate| -> ArrayRef {
        Arc::new(Date32Array::from_iter_values((0..rows.len()).map(|i| day_number(of(i)))))
    };
    let known_at = rows.iter().map(|r| r.5.timestamp_micros());
    let table =
        Table::named("rollout_events").ok_or_else(|| ArrowError::SchemaError("rollout_events".into()))?;
    let events = RecordBatch::try_new(
        table.schema(),
        vec![
            text(&|i| Some(rows[i].0.to_owned())),
            text(&|i| Some(rows[i].1.to_owned())),
            days(&|i| rows[i].2),
            text(&|i| Some(rows[i].3.as_str().to_owned())),
            days(&|i| rows[i].4),
            Arc::new(Date32Array::from(vec![None::<i32>; rows.len()])),
            Arc::new(TimestampMicrosecondArray::from_iter_values(known_at).with_timezone("UTC")),
            text(&|_| None),
            text(&|i| rows[i].6.map(|n| n.note.clone())),
            Arc::new(BooleanArray::from(vec![false; rows.len()])),
            text(&|_| Some(receipt.to_owned())),
        ],
    )?;
    Ok(Conformed { events, rejections: rejections(receipt, &refused)?, refused: refused.len() })
}

fn rejections(receipt: &str, refused: &[Rejection]) -> Result<RecordBatch, ArrowError> {
    let table = Table::named("rejections").ok_or_else(|| ArrowError::SchemaError("rejections".into()))?;
    let rows = refused.iter().map(|r| i64::try_from(r.row).unwrap_or(i64::MAX));
    RecordBatch::try_new(
        table.schema(),
        vec![
            Arc::new(StringArray::from(vec![receipt; refused.len()])),
            Arc::new(Int64Array::from_iter_values(rows)),
            Arc::new(refused.iter().map(|r| Some(r.reason.clone())).collect::<StringArray>()),
            Arc::new(refused.iter().map(|r| Some(r.raw.clone())).collect::<StringArray>()),
        ],
    )
}

/// Rows of `municipality_parts`.
///
/// # Errors
/// Only when the rows do not make a table, which would be our own mistake.
pub fn municipality_parts(territory: &Territory) -> Result<RecordBatch, ArrowError> {
    let table = Table::named("municipality_parts").ok_or_else(|| ArrowError::SchemaError("parts".into()))?;
    let mut rows = Vec::new();
    for (place, division) in territory.divisions().iter().enumerate() {
        for part in territory.parts() {
            if let Some(code) = part.codes.get(place) {
                rows.push((code.as_str(), division.date, part.part_id.as_str(), part.persons));
            }
        }
    }
    RecordBatch::try_new(
        table.schema(),
        vec![
            Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.0))),
            Arc::new(Date32Array::from_iter_values(rows.iter().map(|r| day_number(r.1)))),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.2))),
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|r| r.3))),
        ],
    )
}
