//! The rollout of Digisos as shipped: the list, and what must be known to read it.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utbredt_model::{SourceId, Subject};

use crate::connectors::DigisosList;
use crate::{Delivery, Files, IngestError};

/// A statement about a municipality's absence from a list that must not be read as a withdrawal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The municipality.
    pub municipality_code: String,
    /// From this day.
    pub from: NaiveDate,
    /// What must be known.
    pub note: String,
}

impl Note {
    /// Whether it explains that a municipality is absent from a day on.
    pub(crate) fn explains(&self, subject: &Subject, from: NaiveDate) -> bool {
        matches!(subject, Subject::Municipality(code) if code.as_str() == self.municipality_code)
            && self.from == from
    }
}

/// Reads `rollout/digisos_notes.csv`: `municipality_code,from,to,note,source`.
#[must_use]
pub fn notes(bytes: &[u8]) -> Vec<Note> {
    let text = String::from_utf8_lossy(bytes);
    text.lines().skip(1).filter_map(note).collect()
}

fn note(line: &str) -> Option<Note> {
    let mut fields = line.splitn(4, ',');
    let (code, from) = (fields.next()?, fields.next()?.parse().ok()?);
    let note = fields.nth(1)?.trim_start_matches('"').split('"').next()?;
    Some(Note { municipality_code: code.to_owned(), from, note: note.to_owned() })
}

/// Below `datasets/`: what must be known to read an absence from the list right.
pub(crate) const NOTES: &str = "rollout/digisos_notes.csv";

/// Below `datasets/`: the list.
const EVENTS: &str = "rollout/digisos_events.csv";

/// Whose the list is.
pub(crate) fn source_id() -> Result<SourceId, IngestError> {
    Ok(SourceId::parse("nav-digisos-list")?)
}

/// The list below `datasets/rollout` as a delivery.
///
/// # Errors
/// [`IngestError`] when a file of it is not among those given.
pub fn digisos(files: &Files, received_at: DateTime<Utc>) -> Result<(DigisosList, Delivery), IngestError> {
    let delivery = Delivery {
        source_id: source_id()?,
        subject: "all".to_owned(),
        payload: file(files, EVENTS)?.into(),
        received_at,
        synthetic: false,
    };
    Ok((DigisosList { notes: notes(file(files, NOTES)?) }, delivery))
}

fn file<'f>(files: &'f Files, path: &str) -> Result<&'f [u8], IngestError> {
    let found = files.iter().find(|(name, _)| name == path).map(|(_, bytes)| bytes.as_slice());
    found.ok_or_else(|| IngestError::Invalid(format!("datasets/{path} is missing")))
}
