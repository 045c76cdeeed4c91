//! NAV's list of municipalities on Digisos, as files.

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utbredt_model::Parsed;
use utbredt_sources::digisos;

use super::{Registration, from_settings};
use crate::format::Format;
use crate::rollout::{self, Note};

pub(super) static REGISTRATION: Registration = Registration {
    name: "digisos",
    about: "NAV's list of municipalities on Digisos, as dated events.",
    connector: None,
    format: Some(from_settings::<DigisosList>),
    files: Some(|datasets| {
        let notes = datasets.iter().find(|(path, _)| path == rollout::NOTES).map(|(_, bytes)| bytes);
        let notes = notes.map(|bytes| rollout::notes(bytes)).unwrap_or_default();
        Ok((rollout::source_id()?, Arc::new(DigisosList { notes })))
    }),
};

/// The list, and what must be known to read an absence from it right.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DigisosList {
    /// Absences that are no withdrawal.
    pub notes: Vec<Note>,
}

impl Format for DigisosList {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn settings(&self) -> Result<Value, serde_json::Error> {
        serde_json::to_value(self)
    }

    fn parse(&self, bytes: &[u8], _received_at: DateTime<Utc>) -> Parsed {
        digisos::parse(bytes)
    }

    fn notes(&self) -> &[Note] {
        &self.notes
    }

    fn lines<'p>(&self, payload: &'p [u8]) -> Option<Cow<'p, str>> {
        Some(String::from_utf8_lossy(payload))
    }
}
